"""The compiled library is found, left alone where that is asked for, and refused where it is not ours."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from monitor.features.compiled import library as module
from monitor.features.compiled.library import (
    FOLDER,
    LIBRARY,
    SOURCES,
    VARIABLE,
    address,
    library,
    source_digest,
    unused_reason,
    without_library,
)

needs_library = pytest.mark.skipif(library() is None, reason=f"the compiled front end is not used: {unused_reason()}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Look for the library in a copy of its folder, and forget it afterwards."""
    copy = tmp_path / "compiled"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "FOLDER", copy)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(module, "_found", module._found.__wrapped__)
    return copy


@needs_library
def test_it_is_used_where_it_was_built(folder: Path) -> None:
    """A library beside the sources that it was built from needs no reason."""
    assert library() is not None
    assert unused_reason() is None


@needs_library
def test_the_variable_leaves_it_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUSCULT_COMPILED=0 is enough, and is named."""
    monkeypatch.setenv(VARIABLE, "0")
    assert library() is None
    assert unused_reason() == "AUSCULT_COMPILED=0 is set"


def test_without_a_library_the_reason_is_the_compiler(folder: Path) -> None:
    """Where none was built, that is what is said."""
    (folder / LIBRARY).unlink(missing_ok=True)
    assert library() is None
    assert unused_reason() == "no C compiler built it when auscult was installed"


@needs_library
def test_a_library_of_other_sources_is_refused(folder: Path) -> None:
    """After the sources have changed, the old library is not used, and the reason says how to build it again."""
    with (folder / SOURCES / "lanes.h").open("a") as header:
        header.write("\n")
    assert library() is None
    assert "python hatch_build.py" in str(unused_reason())


def test_a_file_that_is_no_library_is_refused(folder: Path) -> None:
    """A truncated or foreign file is a reason, not an error."""
    (folder / LIBRARY).unlink(missing_ok=True)
    (folder / LIBRARY).write_bytes(b"no library")
    assert library() is None
    assert str(unused_reason()).startswith("it cannot be loaded (")


def test_without_library_is_for_a_while() -> None:
    """What is made inside uses NumPy, nested or not; afterwards all is as before."""
    before = library()
    with without_library():
        with without_library():
            assert library() is None
        assert library() is None
        assert unused_reason() == "it is switched off here"
    assert library() is before


def test_the_digest_is_that_of_the_sources_in_order(tmp_path: Path) -> None:
    """Headers and C files count, by name; other files do not."""
    (tmp_path / SOURCES).mkdir()
    for name in ("b.c", "a.h", "c.py"):
        (tmp_path / SOURCES / name).write_text(name)
    assert source_digest(tmp_path) == hashlib.sha256(b"a.hb.c").hexdigest()


def test_the_address_is_that_of_the_first_value() -> None:
    """A view begins where its first value is, also where it may not be written to; an empty one has one too."""
    array = np.arange(6, dtype=np.float32)
    assert address(array[2:]) == address(array) + 8 == array.ctypes.data + 8
    begin = address(array)
    array.flags.writeable = False
    assert address(array) == begin
    assert address(array[:0]) == begin


@needs_library
def test_the_sources_hold_no_undefined_behaviour(tmp_path: Path) -> None:
    """Built with the sanitizers of the compiler, every function runs through without a complaint."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    checked = tmp_path / LIBRARY
    flags = ["-g", "-O1", "-std=gnu11", "-fPIC", "-shared", "-w", "-fsanitize=address,undefined", "-static-libubsan"]
    define = f'-DSOURCE_DIGEST="{source_digest(FOLDER)}"'
    sources = [str(path) for path in sorted((FOLDER / SOURCES).glob("*.c"))]
    built = subprocess.run(
        ["gcc", *flags, define, *sources, "-o", str(checked), "-lm"], capture_output=True, text=True, check=False
    )
    found = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=False)
    if built.returncode or not Path(found.stdout.strip()).is_absolute():
        pytest.skip("gcc has no sanitizers here")
    environment = {"LD_PRELOAD": found.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0", "PATH": "/usr/bin:/bin"}
    program = Path(__file__).with_name("sanitized_run.py")
    root = str(FOLDER.parents[2])
    done = subprocess.run(
        [sys.executable, str(program), str(checked)],
        env={**environment, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "ran"), done.stderr
    assert "runtime error" not in done.stderr

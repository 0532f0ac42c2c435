"""Builds the optional compiled front end into the wheel; without a C compiler the wheel is pure Python and works alike.

``pip install .`` and ``python -m build`` run it. In a checkout, ``python hatch_build.py`` builds the library in place,
as an editable install does. ``CC`` names the compiler, and ``AUSCULT_COMPILED=0`` leaves the library out.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a program where hatchling is not installed
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
FOLDER = Path("monitor/features/compiled")
SOURCES = "source"
LIBRARY = "front_end.so"
VARIABLE = "AUSCULT_COMPILED"
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math", "-w")
SEVERAL_PROCESSORS = "-DSEVERAL_PROCESSORS"
"""Two versions of each function, one for newer processors; left out where the compiler or the system has no way to
choose between them."""
TIMEOUT_S = 300


def build(library: Path) -> str | None:
    """Build the library; return None, or why it could not be built, as a clause."""
    if os.environ.get(VARIABLE) == "0":
        return f"{VARIABLE}=0 is set"
    named = os.environ.get("CC")
    compiler = shlex.split(named) if named else next(([name] for name in COMPILERS if shutil.which(name)), None)
    if not compiler:
        return "there is no C compiler (cc, gcc or clang)"
    folder = ROOT / FOLDER / SOURCES
    sources = sorted(folder.glob("*.c"))
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.h"), *sources]):
        digest.update(path.read_bytes())
    command = [*compiler, *FLAGS, f'-DSOURCE_DIGEST="{digest.hexdigest()}"', *map(str, sources), "-lm"]
    failure = ""
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / LIBRARY
        for options in ([SEVERAL_PROCESSORS], []):
            failure = _run([*command, *options, "-o", str(built)])
            if not failure:
                # moved into place whole, so that a program that has the old one open keeps that
                waiting = library.with_suffix(".new")
                shutil.copyfile(built, waiting)
                waiting.replace(library)
                return None
    return f"{compiler[0]} cannot build it ({failure})"


def _run(command: list[str]) -> str:
    """Run a compiler; return an empty text, or the line that says what is wrong."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, cwd=ROOT)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if not done.returncode:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line), lines[0] if lines else f"status {done.returncode}")


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Puts the library into a wheel, or into the checkout of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; say in one line if the library is left out."""
        if version == "editable":
            _say(build(ROOT / FOLDER / LIBRARY))
            return
        self._scratch = tempfile.TemporaryDirectory()
        library = Path(self._scratch.name) / LIBRARY
        reason = build(library)
        _say(reason)
        if reason is None:
            build_data["force_include"][str(library)] = str(FOLDER / LIBRARY)
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was built apart."""
        if version != "editable":
            self._scratch.cleanup()


def _say(reason: str | None) -> None:
    """Say on standard error that the library is left out, and why."""
    if reason is not None:
        print(f"auscult: without the compiled front end, which is optional: {reason}", file=sys.stderr)


def _platform() -> str:
    """Return the tag of this system, of what was built here for here."""
    from packaging.tags import sys_tags

    return next(
        tag.platform for tag in sys_tags() if "manylinux" not in tag.platform and "musllinux" not in tag.platform
    )


if __name__ == "__main__":
    why_not = build(ROOT / FOLDER / LIBRARY)
    _say(why_not)
    print("built" if why_not is None else "not built", FOLDER / LIBRARY)
    sys.exit(why_not is not None)

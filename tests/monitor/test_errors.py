"""Errors that a user can see: one tree, one line each."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from monitor import errors
from monitor.errors import (
    AuscultError,
    MissingExtraError,
    RecordingError,
    cannot_be_read,
    missing_tensorflow,
    reason_of,
)

ERRORS = [name for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("name", ERRORS)
def test_one_tree(name: str) -> None:
    """Every error of ours is an AuscultError and has exit code 1; usage and interruption have their own."""
    kind = getattr(errors, name)
    assert issubclass(kind, AuscultError)
    assert kind("it failed", "do this").exit_code == {"EndedError": 130, "UsageError": 2}.get(name, 1)


@pytest.mark.parametrize("name", ERRORS)
def test_drawn_in_the_docstring(name: str) -> None:
    """The tree in the module's docstring shows every error."""
    assert name in (errors.__doc__ or "")


def test_the_line_is_the_message_and_the_next_step() -> None:
    """Both are attributes too."""
    error = AuscultError("a.wav: cannot be read", "check the file")
    assert str(error) == "a.wav: cannot be read; check the file"
    assert (error.message, error.next_step) == ("a.wav: cannot be read", "check the file")


def test_no_next_step_no_semicolon() -> None:
    """Where there is nothing to add, the line is the message alone."""
    assert str(AuscultError("it failed")) == "it failed"


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    """With the name that the package index knows."""
    assert str(MissingExtraError("auscult plot needs matplotlib", "plot")) == (
        "auscult plot needs matplotlib; pip install 'auscult-monitor[plot]'"
    )


def test_a_missing_tensorflow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where TensorFlow has a release for this Python."""
    monkeypatch.setattr(sys, "version_info", (3, 13, 1, "final", 0))
    assert str(missing_tensorflow("auscult train")) == (
        "auscult train needs TensorFlow; pip install 'auscult-monitor[train]'"
    )


def test_a_python_without_tensorflow_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says that there is no release yet, and which Python to use."""
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    assert str(missing_tensorflow("auscult train")) == (
        "auscult train needs TensorFlow, which has no release for Python 3.14 yet; use Python 3.11 to 3.13"
    )


def test_the_markers_of_the_extra_agree() -> None:
    """`pyproject.toml` asks for TensorFlow up to the same Python."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    requirements = [line for line in project["optional-dependencies"]["train"] if line.startswith("tensorflow")]
    newest = ".".join(map(str, (3, errors.NEWEST_PYTHON_OF_TENSORFLOW[1] + 1)))
    assert len(requirements) == 2
    assert all(f"python_version < '{newest}'" in line for line in requirements)


@pytest.mark.parametrize("is_blocked", [False, True])
def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, is_blocked: bool) -> None:
    """The error names who needs the package, and the extra that installs it; nothing is imported."""
    if is_blocked:
        monkeypatch.setitem(sys.modules, "auscult_absent", None)
    with pytest.raises(errors.MissingExtraError) as failure:
        errors.check_installed("auscult_absent", "--plots", "train")
    assert str(failure.value) == "--plots needs auscult_absent; pip install 'auscult-monitor[train]'"


def test_a_folder_or_a_file_in_the_others_place_is_named(tmp_path: Path) -> None:
    """Whichever way the system refuses it: on reading, on writing, on making folders."""
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "a" / "b"
    with pytest.raises(IsADirectoryError) as folder:
        tmp_path.read_bytes()
    with pytest.raises(NotADirectoryError) as reading:
        below.read_bytes()
    with pytest.raises((FileExistsError, NotADirectoryError)) as making:
        below.mkdir(parents=True)
    with pytest.raises(FileExistsError) as itself:
        (tmp_path / "file").mkdir(exist_ok=True)
    assert reason_of(folder.value, tmp_path) == "it is a folder"
    assert reason_of(reading.value, below) == f"{tmp_path / 'file'} is a file, not a folder"
    assert reason_of(making.value, below) == f"{tmp_path / 'file'} is a file, not a folder"
    assert reason_of(itself.value, tmp_path / "file") == "it is a file, not a folder"


def test_other_reasons_are_the_systems_words() -> None:
    """Without words, what the error says."""
    assert reason_of(OSError(5, "Input/output error"), Path("a")) == "Input/output error"
    assert reason_of(OSError("gone"), Path("a")) == "gone"


def test_permissions_are_named_where_they_are_the_reason() -> None:
    """Any other reason has the caller's next step, and the error is of the caller's kind."""
    refused = cannot_be_read(Path("a"), PermissionError(13, "Permission denied"), "name a file", AuscultError)
    broken = cannot_be_read(Path("a"), OSError(5, "Input/output error"), "name a file", RecordingError)
    assert str(refused) == "a cannot be read: Permission denied; check its permissions"
    assert str(broken) == "a cannot be read: Input/output error; name a file"
    assert isinstance(broken, RecordingError)

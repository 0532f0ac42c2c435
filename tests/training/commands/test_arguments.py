"""Arguments and checks that the commands of the training side share."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from monitor.errors import AuscultError
from training.commands.arguments import add_data, add_patients, check_minimum, check_writable, say_cautions
from training.data.recording import DataSet


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    """Return a parser with the shared arguments."""
    parser = argparse.ArgumentParser()
    add_data(parser)
    add_patients(parser)
    return parser


def test_data_and_patients(parser: argparse.ArgumentParser) -> None:
    """Several data sets are paths; unknown patients are refused by default."""
    options = parser.parse_args(["set_b", "circor"])
    assert options.data == [Path("set_b"), Path("circor")]
    assert options.patients == "auto"
    assert parser.parse_args(["set_b", "--patients", "none"]).patients == "none"


@pytest.mark.parametrize("words", [[], ["set_b", "--patients", "all"]])
def test_usage_errors(parser: argparse.ArgumentParser, words: list[str]) -> None:
    """No data set, or an unknown choice of patients, is a usage error."""
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(words)
    assert ended.value.code == 2


def test_minimum() -> None:
    """An option below its minimum is a usage error; one that was not given is not checked."""
    messages: list[str] = []
    options = argparse.Namespace(folds=1, steps=None, seed=0, usage_error=messages.append)
    check_minimum(options, folds=2, steps=1, seed=0)
    assert messages == ["--folds 1 must be 2 or more"]


def test_writable(tmp_path: Path) -> None:
    """Existing and new files and folders in a folder can be written."""
    (tmp_path / "file").touch()
    check_writable(tmp_path / "file", "--markdown", folder=False)
    check_writable(tmp_path / "new" / "file", "--markdown", folder=False)
    check_writable(tmp_path, "--plots", folder=True)
    check_writable(tmp_path / "new" / "folder", "--plots", folder=True)


@pytest.mark.parametrize(
    ("name", "folder", "reason"),
    [
        (".", False, "it is a folder"),
        ("file", True, "it is a file, not a folder"),
        ("file/below", True, "file is a file, not a folder"),
        ("file/below", False, "file is a file, not a folder"),
    ],
)
def test_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: bool, reason: str) -> None:
    """A folder in place of a file, a file in place of a folder, and a path below a file cannot be written."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(AuscultError, match=rf"cannot be written \({reason}\); choose another path with --out$"):
        check_writable(Path(name), "--out", folder=folder)


def test_cautions(capsys: pytest.CaptureFixture[str]) -> None:
    """What could make metrics too good is said on standard error."""
    say_cautions([DataSet("clinic", Path(), ()), DataSet("sessions", Path(), (), cautions=("one has no subject",))])
    assert capsys.readouterr() == ("", "auscult: one has no subject\n")

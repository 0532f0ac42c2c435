"""The guide to training on one's own recordings can be typed as it stands."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import COMMANDS, _parser, main

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "own-recordings.md").read_text(encoding="utf-8")
TINY = {"--folds": "2", "--steps": "1", "--made": "2"}


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def commands() -> list[list[str]]:
    """Return the words of every command line behind ``auscult``, also those within the text."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"`(auscult [a-z]+ [^`]*)`", re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL))
    return [shlex.split(line)[1:] for line in lines if line.startswith("auscult ")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the guide's own lines have made recordings and a table."""
    folder = tmp_path_factory.mktemp("reader")
    (code,) = blocks("python")
    (table,) = blocks("csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(code, "own-recordings.md", "exec"), {})
    (folder / "list.csv").write_text(table, encoding="utf-8")
    return folder


def test_the_snippet_makes_thirty_people(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Its recordings are understood as meant: three labels, ten patients each, two takes, ready to be trained on."""
    monkeypatch.chdir(made)
    assert main(["data", "recordings", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (held,) = told["sets"]
    counts = {label: (its["recordings"], its["patients"]) for label, its in held["labels"].items()}
    assert counts == dict.fromkeys(("normal", "murmur", "extrastole"), (20, 10))
    assert (held["recordings"], held["short"], held["unreadable"], told["duplicates"]) == (60, 0, {}, [])
    assert told["trainable"]


def test_the_table_is_understood(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The example of a manifest shows parts, noise and a label that is open, and is read that way."""
    monkeypatch.chdir(made)
    assert main(["data", "list.csv", "--json"]) == 0
    (held,) = json.loads(capsys.readouterr().out)["sets"]
    assert list(held["labels"]) == ["normal", "normal or extrastole", "murmur"]
    assert (held["recordings"], held["patients"], held["noisy"]) == (4, 3, 1)
    assert held["hours"] * 3600 == pytest.approx(8 + 6.5 + 6.5 + 8)


def test_what_the_guide_calls_the_lines(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The report has the lines that the guide explains, in the same words."""
    monkeypatch.chdir(made)
    source = "".join(
        path.read_text(encoding="utf-8") for path in Path(main.__code__.co_filename).parents[1].glob("training/**/*.py")
    )
    named = re.findall(r"^\| `([^`]*)` \|", GUIDE, re.MULTILINE)
    assert len(named) == 6
    for line in named:
        assert line in source or line.removeprefix("patients are told by ") in source
    main(["data", "recordings"])
    text = capsys.readouterr().out
    assert "patients are told by the file names" in text
    assert text.splitlines()[-1].startswith("ready: ")


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_line_parses(words: list[str]) -> None:
    """Every command that is shown exists, with the flags that are shown."""
    if words[0] not in COMMANDS:
        pytest.fail(f"no such command: {words[0]}")
    if len(words) > 2:  # in the text a command may be named without what it needs
        assert callable(_parser(words[0]).parse_args(words).run)


@pytest.mark.usefixtures("quick_figures")
def test_the_commands_run(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, tiny_network: Callable[..., Any]
) -> None:
    """The commands, in order and with the smallest numbers, go from files to a network that listens."""
    pytest.importorskip("tensorflow", reason="training needs the training extra")
    from training.fitting import heart_fit

    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)
    monkeypatch.chdir(made)
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("auscult ")]
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line)[1:]
        words = [TINY.get(before, word) for before, word in zip(["", *words], words, strict=False)]
        words += ["--speed", "max", "--json"] if words[0] == "replay" else []
        assert main(words) == 0, capsys.readouterr().err
    heard = capsys.readouterr().out.splitlines()
    assert any("60 recordings of 30 patients, each held out once" in line for line in heard)
    summary = json.loads(heard[-1])
    assert (summary["type"], summary["windows"]) == ("summary", 7)

"""The guide to training on own recordings: its code runs, its commands parse, it quotes the program correctly."""

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
TINY = {"--folds": "2", "--steps": "1", "--synthetic": "2"}


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def commands() -> list[list[str]]:
    """Return the arguments of every ``auscult`` command, also of those within the text."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"`(auscult [a-z]+ [^`]*)`", re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL))
    return [shlex.split(line)[1:] for line in lines if line.startswith("auscult ")]


@pytest.fixture(scope="module")
def reader_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the recordings and the table that the guide's code and example produce."""
    folder = tmp_path_factory.mktemp("reader")
    (code,) = blocks("python")
    (table,) = blocks("csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(code, "own-recordings.md", "exec"), {})
    (folder / "list.csv").write_text(table, encoding="utf-8")
    return folder


def test_the_snippet_synthesizes_thirty_people(
    reader_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Its recordings have three labels, ten patients each with two takes, and can be trained on."""
    monkeypatch.chdir(reader_folder)
    assert main(["data", "recordings", "--json"]) == 0
    inventory = json.loads(capsys.readouterr().out)
    (data_set,) = inventory["sets"]
    counts = {label: (count["recordings"], count["patients"]) for label, count in data_set["labels"].items()}
    assert counts == dict.fromkeys(("normal", "murmur", "extrastole"), (20, 10))
    assert (data_set["recordings"], data_set["short"], data_set["unreadable"], inventory["duplicates"]) == (
        60,
        0,
        {},
        [],
    )
    assert inventory["trainable"]


def test_the_table_is_read(reader_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The example of a manifest has parts, a noise flag and a partial label."""
    monkeypatch.chdir(reader_folder)
    assert main(["data", "list.csv", "--json"]) == 0
    (data_set,) = json.loads(capsys.readouterr().out)["sets"]
    assert list(data_set["labels"]) == ["normal", "normal or extrastole", "murmur"]
    assert (data_set["recordings"], data_set["patients"], data_set["noisy"]) == (4, 3, 1)
    assert data_set["hours"] * 3600 == pytest.approx(8 + 6.5 + 6.5 + 8)


def test_the_quoted_lines_exist(reader_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The report has the lines that the guide explains, word for word."""
    monkeypatch.chdir(reader_folder)
    source = "".join(
        path.read_text(encoding="utf-8") for path in Path(main.__code__.co_filename).parents[1].glob("training/**/*.py")
    )
    quoted = re.findall(r"^\| `([^`]*)` \|", GUIDE, re.MULTILINE)
    assert len(quoted) == 8
    for line in quoted:
        assert line in source or line.removeprefix("patients are identified ") in source
    main(["data", "recordings"])
    text = capsys.readouterr().out
    assert "patients are identified by the file names" in text
    assert text.splitlines()[-1].startswith("ready: ")


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_line_parses(words: list[str]) -> None:
    """Every command that is shown exists, with the flags that are shown."""
    if words[0] not in COMMANDS:
        pytest.fail(f"no such command: {words[0]}")
    if len(words) > 2:  # in the text a command may be named without what it needs
        assert callable(_parser(words[0]).parse_args(words).run)


def test_the_commands_run(
    reader_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, tiny_network: Callable[..., Any]
) -> None:
    """The commands run in order, with the smallest numbers, and end with a replay by the new network."""
    pytest.importorskip("tensorflow", reason="training needs the training extra")
    from training.fitting import heart_fit

    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)
    monkeypatch.chdir(reader_folder)
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("auscult ")]
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line)[1:]
        words = [TINY.get(before, word) for before, word in zip(["", *words], words, strict=False)]
        words += ["--speed", "max", "--json"] if words[0] == "replay" else []
        assert main(words) == 0, capsys.readouterr().err
    lines = capsys.readouterr().out.splitlines()
    assert any("60 recordings of 30 patients, each held out once" in line for line in lines)
    summary = json.loads(lines[-1])
    assert (summary["type"], summary["windows"]) == ("summary", 7)

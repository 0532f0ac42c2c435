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
from training.data.recording import LABELS

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
    root = Path(main.__code__.co_filename).parents[1]
    files = (path for package in ("monitor", "training") for path in root.glob(f"{package}/**/*.py"))
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    quoted = re.findall(r"^\| `([^`]*)`", GUIDE, re.MULTILINE)
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


def lines_of_commands(*, of_sessions: bool) -> list[str]:
    """Return the command lines of the last section, which is on sessions, or of those before it."""
    *_, last = blocks("sh")
    chosen = [block for block in blocks("sh") if (block == last) == of_sessions]
    return [line for block in chosen for line in block.splitlines() if line.startswith("auscult ")]


def shrunk(line: str) -> list[str]:
    """Return the arguments of a command line, with the smallest numbers and as fast as possible."""
    words = shlex.split(line)[1:]
    words = [TINY.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    return words + (["--speed", "max", "--json"] if words[0] == "replay" else [])


@pytest.fixture
def tiny_training(monkeypatch: pytest.MonkeyPatch, tiny_network: Callable[..., Any]) -> None:
    """Make trainings quick."""
    pytest.importorskip("tensorflow", reason="training needs the training extra")
    from training.fitting import heart_fit

    monkeypatch.setattr(heart_fit, "heart_network", tiny_network)


@pytest.mark.usefixtures("tiny_training")
def test_the_commands_run(reader_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The commands run in order, with the smallest numbers, and end with a replay by the new network."""
    monkeypatch.chdir(reader_folder)
    lines = lines_of_commands(of_sessions=False)
    assert len(lines) == 5
    for line in lines:
        assert main(shrunk(line)) == 0, capsys.readouterr().err
    lines = capsys.readouterr().out.splitlines()
    assert any("60 recordings of 30 patients, each held out once" in line for line in lines)
    summary = json.loads(lines[-1])
    assert (summary["type"], summary["windows"]) == ("summary", 7)


def keep_sessions(listen: list[str]) -> list[Path]:
    """Keep two people of each label as the guide's ``listen`` keeps sound, and label two stretches of each."""
    shown = listen.index("--subject") + 1
    subjects = [listen[shown], *(f"P-{number}" for number in range(5))]
    for number, subject in enumerate(subjects):
        label = LABELS[number % 3]
        words = [*listen[1:shown], subject, *listen[shown + 1 :], "--speed", "max", "--json"]
        assert main(["replay", f"recordings/{label}/p{number:02}_1.wav", *words]) == 0
        (folder,) = Path("sessions").glob(f"*_{subject}_*")
        with (folder / "events.jsonl").open("a", encoding="utf-8") as events:
            for start_s, end_s in ((0.5, 3.0), (3.0, 8.0)):
                line = {"type": "label", "start_s": start_s, "end_s": end_s, "label": label, "source": "manual"}
                events.write(json.dumps(line) + "\n")
    return sorted(Path("sessions").iterdir())


@pytest.mark.usefixtures("tiny_training")
def test_from_listening_to_a_network(reader_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Sessions that the product kept, labelled, are counted, trained on and judged by the new network.

    A replay stands for the device, and lines as the review writes them for its key.
    """
    monkeypatch.chdir(reader_folder)
    listen, review, *others = lines_of_commands(of_sessions=True)
    kept = keep_sessions(shrunk(listen))
    shown = shlex.split(review)[2]
    assert Path(shown).name.split("_")[2:] == ["P-017", "AV"]
    (first,) = (str(folder) for folder in kept if folder.name.endswith("P-017_AV"))
    capsys.readouterr()
    for line in others:
        assert main(shrunk(line.replace(shown, first))) == 0, capsys.readouterr().err
    lines = capsys.readouterr().out.splitlines()
    assert "  0.75 of 0.80 min have a label that is used" in lines
    assert any("12 recordings of 6 patients, each held out once" in line for line in lines)
    summary = json.loads(lines[-1])
    assert (summary["type"], summary["windows"]) == ("summary", 7)
    bundle = (Path("models/sessions/bundle.json")).read_text(encoding="utf-8")
    assert not re.search(r"P-\d", bundle + Path("models/sessions/CARD.md").read_text(encoding="utf-8"))
    assert json.loads(bundle)["training_data"][0]["set"] == "sessions"

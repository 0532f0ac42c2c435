"""Names that are not UTF-8, and names on an output that has no such letters: no traceback, and no run ends early."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.cli import main

INVALID = os.fsdecode(b"h\xe9rz\xff.wav")
POLISH = "s\u0142uch-\u5fc3.wav"

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are any bytes on Linux alone")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder: three recordings in a folder per label, one label and one name not UTF-8."""
    monkeypatch.chdir(tmp_path)
    waveform = np.random.default_rng(0).normal(0, 0.1, 8000)
    for label in ("normal", os.fsdecode(b"murmur\xe9")):
        for patient, name in enumerate((INVALID, POLISH, "plain.wav")):
            path = Path("set", label, f"p{patient}{label[0]}", name)
            path.parent.mkdir(parents=True)
            soundfile.write(os.fsencode(path), waveform, 4000)
    for name in (INVALID, POLISH):
        soundfile.write(os.fsencode(name), waveform, 4000)
    return tmp_path


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize(
    "words",
    [
        ["replay", "--plain", "--speed", "max", INVALID, POLISH],
        ["replay", "--json", "--speed", "max", INVALID, POLISH],
        ["replay", POLISH[1:]],
        ["data", "set"],
        ["data", "--json", "set"],
        ["config", "--json"],
        ["models", POLISH],
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_output_without_such_letters(words: list[str], encoding: str) -> None:
    """Every line is printed, with escapes; errors are one line."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "AUSCULT_DEVICE": POLISH}
    done = subprocess.run([sys.executable, "-m", "monitor", *words], env=environment, capture_output=True)
    err = done.stderr.decode(encoding)
    assert "Traceback" not in err
    missing = words[-1] in (POLISH[1:],) or words[0] == "models"
    assert done.returncode == (1 if missing else 0), err
    if missing:
        assert len(err.splitlines()) == 1
    elif "--json" in words:
        assert [json.loads(line) for line in done.stdout.splitlines()]


def test_a_folder_run_goes_on_over_odd_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every recording is counted, the one whose name is not UTF-8 too."""
    assert main(["data", "set", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["sets"][0]
    assert counts["labels"]["normal"]["recordings"] == 3
    assert counts["labels"]["murmur\udce9"]["recordings"] == 3
    assert not counts["unreadable"]


def test_every_recording_is_evaluated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tables as Markdown are UTF-8, in a file whose own name need not be."""
    markdown = Path(os.fsdecode(b"table\xff.md"))
    assert main(["evaluate", "heart-sounds", "set", "--repeats", "10", "--markdown", str(markdown)]) == 0
    assert "set: 3 recordings" in capsys.readouterr().out
    assert markdown.read_text(encoding="utf-8").startswith("# heart-sounds")


def test_a_table_and_a_figure_of_an_odd_name(folder: Path) -> None:
    """Both are written, where the extras are installed."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    pytest.importorskip("librosa", reason="features need the plot extra")
    figure = Path(os.fsdecode(b"x\xff.svg"))
    assert main(["plot", INVALID, "-o", str(figure), "--features", "f.csv"]) == 0
    assert r"h\udce9rz\udcff.wav" in Path("f.csv").read_text(encoding="utf-8")
    assert figure.stat().st_size

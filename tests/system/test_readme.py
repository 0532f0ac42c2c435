"""The README is right: its Python runs, its figures are those of the evidence. Its commands: test_command_blocks.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import soundfile

from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.study.report.figures import unmarked

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_runs(tmp_path, monkeypatch, capsys):
    """The Python example runs as it stands, on a synthetic heart."""
    waveform = phonocardiogram(7.0, HeartParameters(), np.random.default_rng(1)).waveform
    monkeypatch.chdir(tmp_path)
    soundfile.write("heart.wav", waveform, 4000)
    (code,) = blocks("python")
    exec(compile(code.replace("speed=1.0", "speed=None"), "README", "exec"), {"waveform": waveform})
    assert len(capsys.readouterr().out.splitlines()) == 1 + 5 + 1


def test_the_two_commands_are_shown():
    """The README has the command that shows the demo and the one that runs the tests."""
    text = "\n".join(blocks("sh"))
    assert "pip install . && auscult demo\n" in text
    assert "pip install -e '.[dev]' && pytest\n" in text


def test_no_figure_is_typed_by_hand():
    """A measured figure stands in a mark with its source (docs/make/make_evidence.py); a row's specificity is set."""
    typed = re.findall(r"(?<![\d.])0?\.\d{2,}", unmarked(README).replace("specificity of 0.90", ""))
    assert typed == []


def test_the_figures_are_means_over_seeds():
    """What the README quotes of the study is the mean over three seeds with its interval, not the best of them."""
    seeds = json.loads((ROOT / "docs" / "evidence" / "ours.json").read_text(encoding="utf-8"))["seeds"]
    assert "mean over three seeds" in README
    assert len(seeds) == 3
    quoted = re.findall(r"<!-- figure ours/(\S+)", README)
    assert {path.split("/")[0] for path in quoted} == {"headline", "tables"}
    for values in re.findall(r"<!-- figure ours/headline/[^>]* -->(.*?)<!-- end -->", README):
        assert re.fullmatch(r"0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", values)

"""A recording is judged once, with the events of `auscult replay --json --speed max`."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from monitor.archive.judged_file import judge_file, read_labels
from monitor.archive.spans import Span
from monitor.cli import main
from monitor.errors import AuscultError


@pytest.fixture
def heart_wav(tmp_path, heart_waveform):
    """Return a WAV of 10 s of a synthetic heart."""
    soundfile.write(tmp_path / "heart.wav", heart_waveform, 4000)
    return tmp_path / "heart.wav"


def test_the_events_are_those_of_replay(heart_wav, plain_bundle, capsys, monkeypatch):
    """All values but the latency, which differs between runs."""
    monkeypatch.setattr("monitor.commands.replay.command.load_bundle", lambda *_, **__: plain_bundle)
    timeline, remarks = judge_file(heart_wav, plain_bundle)
    assert main(["replay", str(heart_wav), "--json", "--speed", "max"]) == 0
    replayed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ours = [timeline.start, *timeline.windows, timeline.summary]
    for line in (*replayed, *ours):
        line.pop("latency_ms", None)
    assert len(ours) == 13
    assert ours == replayed
    assert remarks == []


def test_hop_and_channel(tmp_path, heart_waveform, plain_bundle):
    """The silent first channel at a hop of 1 s has no signal."""
    soundfile.write(tmp_path / "a.wav", np.stack([heart_waveform * 0, heart_waveform], axis=1), 4000)
    timeline, _ = judge_file(tmp_path / "a.wav", plain_bundle, channel=1, hop_s=1.0)
    assert len(timeline.windows) == 6
    assert timeline.spans[0].text == "no-signal"


def test_lost_samples(tmp_path, heart_waveform, plain_bundle):
    """Samples that are no number are a stretch of lost sound."""
    waveform = heart_waveform.copy()
    waveform[24_100:24_200] = np.nan
    soundfile.write(tmp_path / "a.wav", waveform, 4000, "FLOAT")
    timeline, _ = judge_file(tmp_path / "a.wav", plain_bundle)
    assert [span for span in timeline.spans if span.kind == "lost"] == [Span(6.0, 10.0, "lost", "lost sound")]


def test_a_damaged_file(tmp_path, heart_waveform, plain_bundle):
    """What comes before the damage is judged, and the damage is told."""
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.tile(heart_waveform, 3), 4000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    timeline, remarks = judge_file(path, plain_bundle)
    assert len(timeline.windows) > 5
    assert timeline.windows[-1]["end_s"] <= timeline.duration_s < 30
    assert len(remarks) == 1
    assert "cut.flac" in remarks[0]


def test_a_missing_file(tmp_path, plain_bundle):
    """One line."""
    with pytest.raises(AuscultError, match="no such file"):
        judge_file(tmp_path / "missing.wav", plain_bundle)


def test_the_marks_beside_it(heart_wav, plain_bundle):
    """A labels file beside the recording gives marks and labels, in order with the rest."""
    (heart_wav.parent / "heart.labels.txt").write_text("2.5\t2.5\tmark 1\n7\t99\tmurmur, loud\n")
    timeline, _ = judge_file(heart_wav, plain_bundle)
    assert Span(2.5, 2.5, "mark", "mark 1") in timeline.spans
    assert Span(7.0, 10.0, "label", "murmur, loud") in timeline.spans
    assert [span.start_s for span in timeline.spans] == sorted(span.start_s for span in timeline.spans)


@pytest.mark.parametrize("content", [b"one\t2\tx\n", b"3.0\n", b"\xff\xfe\n"])
def test_a_labels_file_that_is_none(tmp_path, content):
    """One line that names the file."""
    (tmp_path / "a.labels.txt").write_bytes(content)
    with pytest.raises(AuscultError, match=r"a\.labels\.txt"):
        read_labels(tmp_path / "a.labels.txt", 10.0)

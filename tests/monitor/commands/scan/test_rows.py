"""The row of a file: a summary line of replay and a few keys more, or an error."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from monitor.archive.recordings import find_recordings
from monitor.cli import main
from monitor.commands.scan.rows import failed_row, judge_recording


@pytest.fixture
def lines_of(plain_bundle):
    """Return a function that judges a file and returns its lines."""

    def judge(path, **options):
        (recording,) = find_recordings([str(path)]).recordings
        judged = judge_recording(
            recording, plain_bundle, **{"channel": None, "hop_s": None, "windows": False, **options}
        )
        assert judged.lines.endswith(b"\n")
        return [json.loads(line) for line in judged.lines.splitlines()], judged

    return judge


@pytest.fixture
def replayed(plain_bundle, capsys, monkeypatch):
    """Return a function that replays a file as fast as possible, and returns its lines without what beats tell."""
    monkeypatch.setattr("monitor.commands.replay.command.load_bundle", lambda *_, **__: plain_bundle)

    def replay(path, *options):
        main(["replay", str(path), "--json", "--speed", "max", *options])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        for values in (*lines, *(line["rolling"] for line in lines if "rolling" in line)):
            values.pop("murmur_timing", None)
        return lines

    return replay


@pytest.mark.parametrize("name", ["a.wav", "b.FLAC", "below/c.wav", "quiet.wav"])
def test_a_row_has_the_keys_and_values_of_a_summary(ward, lines_of, replayed, name):
    """All of them, in the same order, and then those of a scan."""
    (row,), judged = lines_of(ward / name)
    summary = replayed(ward / name)[-1]
    assert list(row.items())[: len(summary)] == list(summary.items())
    assert [key for key in row if key not in summary] == [
        "error",
        "duration_s",
        "sample_rate",
        "quality",
        "subject",
        "path",
        "bytes",
        "mtime_ns",
        "etag",
    ]
    assert (row["error"], row["sample_rate"], judged.failed) == (None, 4000, False)
    assert row["duration_s"] == judged.seconds == soundfile.info(ward / name).duration
    assert row["bytes"] == (ward / name).stat().st_size


def test_a_stereo_recording_with_lost_samples(tmp_path, heart_waveform, lines_of, replayed):
    """Channel and hop are those of replay, and so are the windows with a gap."""
    waveform = heart_waveform.copy()
    waveform[24_100:24_200] = np.nan
    soundfile.write(tmp_path / "a.wav", np.stack([waveform, waveform * 0], axis=1), 4000, "FLOAT")
    (*windows, row), _ = lines_of(tmp_path / "a.wav", channel=1, hop_s=1.0, windows=True)
    _, *events, summary = replayed(tmp_path / "a.wav", "--channel", "1", "--hop", "1")
    assert {**row, **summary} == row
    for event in events:
        event["latency_ms"], event["source"] = 0.0, str(tmp_path / "a.wav")
    assert windows == events
    assert {window["gap"] for window in windows} == {True, False}


def test_quality_is_the_mean_of_the_windows(ward, lines_of):
    """With every window there, it can be checked."""
    (*windows, row), _ = lines_of(ward / "a.wav", windows=True)
    mean = np.mean([window["quality"]["score"] for window in windows])
    assert row["quality"] == pytest.approx(mean, abs=1e-6)


def test_a_file_cut_short_has_a_verdict_and_an_error(tmp_path, heart_waveform, lines_of, replayed):
    """What is there is judged as replay does, and what is missing is told."""
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.tile(heart_waveform, 3), 4000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    (row,), judged = lines_of(path)
    summary = replayed(path)[-1]
    assert {**row, **summary} == row
    assert row["windows"] > 5
    assert judged.failed
    assert "cut.flac" in row["error"]


def test_a_file_that_cannot_be_read(ward, lines_of):
    """Every key is there, without a value; the error is the line that replay prints."""
    (row,), judged = lines_of(ward / "z.wav")
    assert judged.failed
    assert row["error"].startswith(f"{ward}/z.wav: ")
    assert (row["state"], row["label"], row["windows"], row["duration_s"], row["quality"]) == (
        None,
        None,
        0,
        None,
        None,
    )
    assert list(row) == list(lines_of(ward / "a.wav")[0][0])


def test_a_name_with_control_characters(make_recording):
    """The source is printable, as in replay; the path is the file's own."""
    row = json.loads(failed_row(make_recording("a\x1bb\udcff.wav"), "gone").lines)
    assert row["source"] == "a\\x1bb\\udcff.wav"
    assert row["path"] == "/data/a\x1bb\udcff.wav"

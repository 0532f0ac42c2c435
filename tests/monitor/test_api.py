"""The Python interface: `import monitor` and `monitor.judge`."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import monitor
from monitor.audio.sources.array import ArraySource
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.text.json_lines import summary_line, window_line

HEART = phonocardiogram(8.0, HeartParameters(), np.random.default_rng(5)).waveform


def test_judge_returns_windows_and_summary(plain_bundle):
    """A window every 0.5 s, and the label and confidence of the summary."""
    result = monitor.judge(HEART, 4000, plain_bundle)
    assert [window.index for window in result.windows] == list(range(7))
    assert result.label == result.summary.verdict.label
    verdict = result.summary.verdict
    assert (result.possible, result.loudness) == (verdict.possible, verdict.loudness)
    assert result.murmur_timing == verdict.murmur_timing
    assert result.confidence == max(result.summary.verdict.scores.values())
    assert result.acoustic_scores == pytest.approx(result.summary.verdict.scores)  # no share that is not heard
    assert list(result.acoustic_scores) == list(plain_bundle.labels)
    assert monitor.judge(np.zeros(20_000), 4000, plain_bundle).acoustic_scores is None


def test_a_result_says_what_it_is_in_a_line(plain_bundle):
    """In a prompt: the verdict, not a page of values; state and counts are at hand."""
    result = monitor.judge(HEART, 4000, plain_bundle)
    assert re.fullmatch(r"<Judged: \w+ [01]\.\d\d, (\d+ bpm, )?7 of 7 windows judged.*>", repr(result))
    assert (result.state, result.judged) == (result.summary.verdict.state, result.summary.judged) == ("verdict", 7)
    assert result.heart_rate_bpm == result.summary.heart_rate_bpm
    silent = monitor.judge(np.zeros(20_000), 4000, plain_bundle)
    assert (
        repr(silent) == "<Judged: no-signal, 0 of 1 windows judged, 1 withheld: no sound: the recording is silent here>"
    )


def test_a_result_has_the_keys_of_the_json_lines(plain_bundle):
    """Of the summary and of each window, with the same values, so that one program reads both."""
    result = monitor.judge(HEART, 4000, plain_bundle)
    assert json.loads(summary_line(result.summary)) == result.to_dict()
    assert [json.loads(window_line(window)) for window in result.windows] == [one.to_dict() for one in result.windows]


def test_the_windows_are_a_table_in_one_line(plain_bundle):
    """Each a row, and each value a column with a plain name."""
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    result = monitor.judge(HEART, 4000, plain_bundle)
    table = pandas.json_normalize([window.to_dict() for window in result.windows])
    assert len(table) == 7
    assert {"end_s", "label", "scores.murmur", "rolling.label", "quality.score", "heart_rate_bpm"} <= {*table.columns}
    assert table["scores.murmur"].tolist() == [window.to_dict()["scores"]["murmur"] for window in result.windows]


def test_a_result_shows_itself_in_a_notebook(plain_bundle):
    """With a picture of all of its sound; one that a program made itself, without the sound, is shown as a line."""
    result = monitor.judge(HEART, 4000, plain_bundle)
    assert result.peaks.shape == (2, 500)
    assert result.peaks.max() == pytest.approx(np.abs(HEART).max())
    assert result.duration_s == 8.0
    assert "<svg" in result._repr_html_()
    assert monitor.Judged(result.windows, result.summary)._repr_html_() is None


def test_channels_and_integers_are_accepted(plain_bundle):
    """A stereo int16 array gives the same label as the mono float it came from."""
    stereo = np.stack([HEART, HEART], axis=1)
    integers = (stereo * 32767).astype(np.int16)
    assert monitor.judge(integers, 4000, plain_bundle).label == monitor.judge(HEART, 4000, plain_bundle).label


@pytest.mark.parametrize("seconds", [2.0, 8.0])
def test_the_values_are_those_of_a_pipeline(plain_bundle, monkeypatch, seconds):
    """Every window and the summary equal those of a pipeline but for the latency, and no thread is started."""
    waveform, hop_s = HEART[: round(seconds * 4000)].copy(), 0.1
    waveform[5000:5200] = np.nan  # lost samples
    with monitor.Pipeline(ArraySource(waveform, 4000, speed=None), plain_bundle, hop_s=hop_s) as pipeline:
        windows, summary = list(pipeline.windows()), pipeline.summary()
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail(f"{thread.name} was started"))
    result = monitor.judge(waveform, 4000, plain_bundle, hop_s=hop_s)
    assert result.windows == tuple(dataclasses.replace(window, latency_ms=0.0) for window in windows)
    assert result.summary == summary


@pytest.mark.parametrize("sample_rate", [0, 999, 192_001])
def test_a_rate_out_of_range_is_refused(plain_bundle, sample_rate):
    """The caller's mistake is a ValueError that names the value."""
    with pytest.raises(ValueError, match="sample_rate"):
        monitor.judge(HEART, sample_rate, plain_bundle)


HEARTS = [phonocardiogram(12.0, HeartParameters(), np.random.default_rng(seed)).waveform for seed in range(4)]


def scores_of(windows) -> list[tuple]:
    """Return what each window was given."""
    return [(window.index, window.verdict, window.rolling) for window in windows]


def check_shared_bundle(bundle):
    """Assert that threads and interleaved pipelines on one bundle give what one thread gives."""
    expected = [scores_of(monitor.judge(heart, 4000, bundle, hop_s=0.1).windows) for heart in HEARTS]
    with ThreadPoolExecutor(len(HEARTS)) as pool:
        results = list(pool.map(lambda heart: monitor.judge(heart, 4000, bundle, hop_s=0.1), HEARTS))
    assert [scores_of(result.windows) for result in results] == expected
    first, second = (monitor.Pipeline(ArraySource(heart, 4000, speed=None), bundle, hop_s=0.1) for heart in HEARTS[:2])
    with first, second:
        pairs = list(zip(first.windows(), second.windows(), strict=True))
    assert [scores_of(windows) for windows in zip(*pairs, strict=True)] == expected[:2]


@pytest.mark.slow
def test_threads_and_interleaved_pipelines_share_the_default_bundle():
    """One bundle gives four threads, and two pipelines in turn, the very scores of one thread."""
    check_shared_bundle(monitor.load_bundle())


def test_threads_and_interleaved_pipelines_share_a_bundle(bundle_dir: Path):
    """The same for the bundle of the tests, whose labels change with the sound alone."""
    check_shared_bundle(monitor.load_bundle(bundle_dir))


def test_importing_starts_and_loads_nothing():
    """`import monitor` and `dir(monitor)` bring in neither NumPy nor a network, and start no thread."""
    code = (
        "import sys, threading, monitor; dir(monitor); "
        "heavy = {'numpy', 'soxr', 'soundfile', 'rich', 'ai_edge_litert', 'tensorflow'} & set(sys.modules); "
        "print(sorted(heavy), threading.active_count())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["[]", "1"]


def test_completion_shows_every_public_name():
    """In a notebook, where nothing was used yet, `dir` lists what `__all__` promises."""
    code = "import monitor; print(set(monitor.__all__) - set(dir(monitor)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"


def test_every_public_name_can_be_imported():
    """What `__all__` promises is there, and an unknown name is an AttributeError."""
    for name in monitor.__all__:
        assert getattr(monitor, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        _ = monitor.no_such_name

"""A recording analysed for a figure: the numbers of a replay, exact peaks, and damaged files."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import soundfile

from monitor.api import judge
from monitor.audio.sources.array import ArraySource
from monitor.audio.sources.file import RecordingSource
from monitor.cli import main
from monitor.commands.plot.offline_run import run_offline
from monitor.errors import RecordingError
from monitor.features.resample import resampled
from monitor.inference.bundle import load_bundle
from monitor.text.json_lines import summary_line, window_line


def without_latency(lines):
    """Return window lines without the latency, which depends on the clock."""
    return [{key: value for key, value in json.loads(line).items() if key != "latency_ms"} for line in lines]


def same_as_live(waveform, sample_rate, bundle, hop_s=None):
    """Return whether a waveform gives the windows and the summary that the threaded pipeline gives."""
    run = run_offline(ArraySource(waveform, sample_rate), bundle, hop_s)
    live = judge(waveform, sample_rate, bundle, hop_s=hop_s)
    windows = tuple(dataclasses.replace(window, latency_ms=0.0) for window in live.windows)
    return len(windows) > 0 and (run.windows, run.summary) == (windows, live.summary)


@pytest.mark.parametrize(("start_s", "hop_s"), [(0.0, None), (2.5, 0.25), (7.0, None)])
def test_the_numbers_are_those_of_a_replay(tmp_path, heart_waveform, capsys, start_s, hop_s):
    """Every window and the summary are the lines of `auscult replay --speed max --json`, of the shipped bundle."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, heart_waveform, 4000)
    hop = [] if hop_s is None else ["--hop", str(hop_s)]
    assert main(["replay", str(path), "--speed", "max", "--json", "--start", str(start_s), *hop]) == 0
    *lines, summary = capsys.readouterr().out.splitlines()
    windows = [line for line in lines if json.loads(line)["type"] == "window"]
    run = run_offline(RecordingSource(path, speed=None, start_s=start_s), load_bundle("heart-sounds"), hop_s)
    assert without_latency(map(window_line, run.windows)) == without_latency(windows)
    assert summary_line(run.summary) == summary
    assert run.windows


def test_the_numbers_at_another_rate_and_with_losses(plain_bundle, article_bundle, heart_waveform):
    """The same as those of the pipeline at 44.1 kHz, with lost samples, and with a bundle of the article's kind."""
    fast = resampled(heart_waveform, 4000, 44_100)
    lossy = heart_waveform.copy()
    lossy[9000:9100] = np.nan
    assert same_as_live(fast, 44_100, plain_bundle)
    assert same_as_live(lossy, 4000, plain_bundle, 0.25)
    assert same_as_live(heart_waveform[:8000], 4000, plain_bundle)
    assert same_as_live(heart_waveform, 4000, article_bundle, 2.5)


def test_real_recordings_give_the_numbers_of_the_pipeline(shared_data, plain_bundle):
    """A clip of set B, one of CirCor and one of set A."""
    for pattern in ("pascal/set_b/murmur__*.wav", "circor/**/*_MV.flac", "pascal/set_a/artifact__*.flac"):
        waveform, rate = soundfile.read(sorted(shared_data.glob(pattern))[0], dtype="float32")
        assert same_as_live(waveform, rate, plain_bundle)


def test_one_loud_sample_is_in_the_figure(run_array, signals):
    """In two minutes, a click of one sample is in its column, above and below zero."""
    waveform = signals.noise(480_000, level=0.01)
    waveform[300_000], waveform[400_000] = 0.9, -0.8
    run = run_array(waveform)
    assert len(run.high) == len(run.low) == len(run.lost) <= 4096
    assert run.column_s * len(run.high) >= run.duration_s == 120.0
    assert run.high[int(300_000 / 4000 / run.column_s)] == np.float32(0.9)
    assert run.low[int(400_000 / 4000 / run.column_s)] == np.float32(-0.8)


@pytest.mark.parametrize("seconds", [30, 300])
def test_the_arrays_do_not_grow_with_the_sound(run_array, signals, seconds):
    """Five minutes have no more columns than half a minute may have."""
    run = run_array(signals.noise(seconds * 4000), hop_s=5.0)
    assert len(run.high) <= 4096
    assert run.power_db.shape[1] <= 4096
    assert run.power_db.shape[1] * run.power_column_s == pytest.approx(seconds, abs=2 * run.power_column_s + 0.1)


@pytest.mark.parametrize("at_s", [0.5, 20.0, 59.0])
def test_a_burst_is_at_its_time_in_waveform_and_spectrogram(run_array, signals, at_s):
    """The loudest column of both, also after columns were merged."""
    waveform = signals.noise(60 * 11_025, level=1e-4)
    start = round(at_s * 11_025)
    waveform[start : start + 1100] += signals.tone(200.0, 1100, 11_025)
    run = run_array(waveform, 11_025, hop_s=5.0)
    assert int(run.high.argmax()) * run.column_s == pytest.approx(at_s + 0.05, abs=0.06)
    loudest = int(run.power_db[12].argmax())
    assert loudest * run.power_column_s == pytest.approx(at_s, abs=0.08)


def test_lost_samples_are_marked_at_their_time(run_array, heart_waveform):
    """The columns of the lost samples and no others; every window that spans them is a gap."""
    lossy = heart_waveform.copy()
    lossy[20_000:22_000] = np.inf
    run = run_array(lossy)
    marked = np.flatnonzero(run.lost) * run.column_s
    assert (marked.min(), marked.max()) == pytest.approx((5.0, 5.5), abs=2 * run.column_s)
    assert [window.gap for window in run.windows] == [window.end_s > 5.0 for window in run.windows]
    assert np.isfinite(run.high).all()


@pytest.mark.parametrize("sample_rate", [4000, 11_025])
def test_a_full_scale_tone_has_0_db_at_its_frequency(run_array, signals, sample_rate):
    """250 Hz is row 15, at 0 dB; far from it there is 80 dB less."""
    run = run_array(signals.tone(250.0, 6 * sample_rate, sample_rate, level=1.0), sample_rate)
    middle = run.power_db[:, 20:-20]
    assert run.bin_hz * (15 + 1) == 250.0
    assert middle.argmax(axis=0).tolist() == [15] * middle.shape[1]
    assert middle[15] == pytest.approx(0.0, abs=0.05)
    assert middle[40:].max() < -60.0
    assert run.power_db.shape[1] == (6000 - 64) // 25 + 1


def test_a_short_clip_shows_its_own_sound_only(run_array, heart_waveform):
    """2 s give one looped window, and 2 s of the figure."""
    run = run_array(heart_waveform[:8000])
    assert [window.short for window in run.windows] == [True]
    assert run.duration_s == 2.0
    assert run.power_db.shape[1] == (2000 - 64) // 25 + 1


def test_a_clip_shorter_than_a_frame_has_no_spectrogram(run_array, heart_waveform):
    """50 ms have samples, and no complete frame."""
    run = run_array(heart_waveform[:200])
    assert run.power_db.shape == (64, 0)
    assert len(run.windows) == 1


class TestWindowTaker:
    """The callback gets the samples of each window."""

    def test_samples_of_every_window(self, run_array, heart_waveform):
        """The samples of the sound, unchanged, for windows of any hop."""
        taken = []
        run = run_array(heart_waveform, hop_s=1.25, on_window=lambda window, sound: taken.append((window, sound)))
        assert [window for window, _ in taken] == list(run.windows)
        for window, sound in taken:
            start = round(window.start_s * 4000)
            assert np.array_equal(sound, heart_waveform[start : start + 20_000])

    def test_a_short_clip_is_looped(self, run_array, heart_waveform):
        """3 s, then the first 2 s again: the input of the network."""
        taken = []
        run_array(heart_waveform[:12_000], on_window=lambda window, sound: taken.append(sound))
        assert np.array_equal(taken[0], np.resize(heart_waveform[:12_000], 20_000))


class FailingSource(ArraySource):
    """A source that is damaged after some samples."""

    def __init__(self, waveform, whole_blocks):
        super().__init__(waveform, 4000)
        self._whole_blocks = whole_blocks

    def blocks(self, block_samples):
        """Yield some blocks, then fail."""
        for index, block in enumerate(super().blocks(block_samples)):
            if index == self._whole_blocks:
                raise RecordingError("scripted damage")
            yield block


def test_a_damaged_recording_keeps_the_windows_before_the_damage(plain_bundle, heart_waveform):
    """The result has the error that ended it."""
    run = run_offline(FailingSource(heart_waveform, 3), plain_bundle)
    assert isinstance(run.error, RecordingError)
    assert 5.0 < run.duration_s < 10.0
    assert len(run.windows) == int((run.duration_s - 5.0) / 0.5) + 1


def test_damage_at_the_start_is_an_error(plain_bundle, heart_waveform):
    """There is nothing to show."""
    with pytest.raises(RecordingError, match="scripted damage"):
        run_offline(FailingSource(heart_waveform, 0), plain_bundle)

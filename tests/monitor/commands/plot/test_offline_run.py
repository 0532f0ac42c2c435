"""A recording heard for a picture: the numbers of a replay, peaks that are true, damage that is borne."""

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
    """Return window lines without what depends on the clock."""
    return [{key: value for key, value in json.loads(line).items() if key != "latency_ms"} for line in lines]


def same_as_live(waveform, sample_rate, bundle, hop_s=None):
    """Return whether a waveform gives the windows and the summary that the threaded pipeline gives."""
    run_result = run_offline(ArraySource(waveform, sample_rate), bundle, hop_s)
    live = judge(waveform, sample_rate, bundle, hop_s=hop_s)
    windows = tuple(dataclasses.replace(window, latency_ms=0.0) for window in live.windows)
    return len(windows) > 0 and (run_result.windows, run_result.summary) == (windows, live.summary)


@pytest.mark.parametrize(("start_s", "hop_s"), [(0.0, None), (2.5, 0.25), (7.0, None)])
def test_the_numbers_are_those_of_a_replay(tmp_path, heart_waveform, capsys, start_s, hop_s):
    """Every window and the summary are the lines of `auscult replay --speed max --json`, of the shipped bundle."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, heart_waveform, 4000)
    hop = [] if hop_s is None else ["--hop", str(hop_s)]
    assert main(["replay", str(path), "--speed", "max", "--json", "--start", str(start_s), *hop]) == 0
    _, *windows, summary = capsys.readouterr().out.splitlines()
    run_result = run_offline(RecordingSource(path, speed=None, start_s=start_s), load_bundle("heart-sounds"), hop_s)
    assert without_latency(map(window_line, run_result.windows)) == without_latency(windows)
    assert summary_line(run_result.summary) == summary
    assert run_result.windows


def test_the_numbers_at_another_rate_and_with_losses(plain_bundle, article_bundle, heart_waveform):
    """They are the pipeline's at 44.1 kHz, with lost samples, and of a bundle of the article's kind."""
    fast = resampled(heart_waveform, 4000, 44_100)
    holed = heart_waveform.copy()
    holed[9000:9100] = np.nan
    assert same_as_live(fast, 44_100, plain_bundle)
    assert same_as_live(holed, 4000, plain_bundle, 0.25)
    assert same_as_live(heart_waveform[:8000], 4000, plain_bundle)
    assert same_as_live(heart_waveform, 4000, article_bundle, 2.5)


def test_real_recordings_give_the_numbers_of_the_pipeline(shared_data, plain_bundle):
    """A clip of set B, one of CirCor and one of set A."""
    for pattern in ("pascal/set_b/murmur__*.wav", "circor/**/*_MV.flac", "pascal/set_a/artifact__*.flac"):
        waveform, rate = soundfile.read(sorted(shared_data.glob(pattern))[0], dtype="float32")
        assert same_as_live(waveform, rate, plain_bundle)


def test_one_loud_sample_is_in_the_picture(hear_array, signals):
    """Of two minutes, a click of one sample and its column are kept, and both sides of the sound."""
    waveform = signals.noise(480_000, level=0.01)
    waveform[300_000], waveform[400_000] = 0.9, -0.8
    run_result = hear_array(waveform)
    assert len(run_result.high) == len(run_result.low) == len(run_result.lost) <= 4096
    assert run_result.column_s * len(run_result.high) >= run_result.duration_s == 120.0
    assert run_result.high[int(300_000 / 4000 / run_result.column_s)] == np.float32(0.9)
    assert run_result.low[int(400_000 / 4000 / run_result.column_s)] == np.float32(-0.8)


@pytest.mark.parametrize("seconds", [30, 300])
def test_what_is_kept_of_the_sound_does_not_grow(hear_array, signals, seconds):
    """Five minutes have no more columns than half a minute may have."""
    run_result = hear_array(signals.noise(seconds * 4000), hop_s=5.0)
    assert len(run_result.high) <= 4096
    assert run_result.power_db.shape[1] <= 4096
    assert run_result.power_db.shape[1] * run_result.power_column_s == pytest.approx(
        seconds, abs=2 * run_result.power_column_s + 0.1
    )


@pytest.mark.parametrize("at_s", [0.5, 20.0, 59.0])
def test_a_burst_stands_where_it_was_in_sound_and_spectrogram(hear_array, signals, at_s):
    """The loudest column of both is at its time, also after columns were joined."""
    waveform = signals.noise(60 * 11_025, level=1e-4)
    begin = round(at_s * 11_025)
    waveform[begin : begin + 1100] += signals.tone(200.0, 1100, 11_025)
    run_result = hear_array(waveform, 11_025, hop_s=5.0)
    assert int(run_result.high.argmax()) * run_result.column_s == pytest.approx(at_s + 0.05, abs=0.06)
    loudest = int(run_result.power_db[12].argmax())
    assert loudest * run_result.power_column_s == pytest.approx(at_s, abs=0.08)


def test_lost_samples_are_marked_where_they_were(hear_array, heart_waveform):
    """The columns of the lost samples and no others; every window that spans them is a gap."""
    holed = heart_waveform.copy()
    holed[20_000:22_000] = np.inf
    run_result = hear_array(holed)
    marked = np.flatnonzero(run_result.lost) * run_result.column_s
    assert (marked.min(), marked.max()) == pytest.approx((5.0, 5.5), abs=2 * run_result.column_s)
    assert [window.gap for window in run_result.windows] == [window.end_s > 5.0 for window in run_result.windows]
    assert np.isfinite(run_result.high).all()


@pytest.mark.parametrize("sample_rate", [4000, 11_025])
def test_a_full_scale_tone_stands_at_its_frequency_with_0_db(hear_array, signals, sample_rate):
    """250 Hz is row 15, at 0 dB; far from it there is 80 dB less."""
    run_result = hear_array(signals.tone(250.0, 6 * sample_rate, sample_rate, level=1.0), sample_rate)
    middle = run_result.power_db[:, 20:-20]
    assert run_result.bin_hz * (15 + 1) == 250.0
    assert middle.argmax(axis=0).tolist() == [15] * middle.shape[1]
    assert middle[15] == pytest.approx(0.0, abs=0.05)
    assert middle[40:].max() < -60.0
    assert run_result.power_db.shape[1] == (6000 - 64) // 25 + 1


def test_a_short_clip_shows_its_own_sound_only(hear_array, heart_waveform):
    """Two seconds give one looped window, and two seconds of picture."""
    run_result = hear_array(heart_waveform[:8000])
    assert [window.short for window in run_result.windows] == [True]
    assert run_result.duration_s == 2.0
    assert run_result.power_db.shape[1] == (2000 - 64) // 25 + 1


def test_a_clip_shorter_than_a_frame_has_no_spectrogram(hear_array, heart_waveform):
    """Fifty milliseconds are heard, and no frame is complete."""
    run_result = hear_array(heart_waveform[:200])
    assert run_result.power_db.shape == (64, 0)
    assert len(run_result.windows) == 1


class TestWindowTaker:
    """Whoever wants a window's samples gets them."""

    def test_samples_of_every_window(self, hear_array, heart_waveform):
        """The very samples of the sound, for windows of any hop."""
        taken = []
        run_result = hear_array(
            heart_waveform, hop_s=1.25, on_window=lambda window, sound: taken.append((window, sound))
        )
        assert [window for window, _ in taken] == list(run_result.windows)
        for window, sound in taken:
            begin = round(window.start_s * 4000)
            assert np.array_equal(sound, heart_waveform[begin : begin + 20_000])

    def test_a_short_clip_is_looped(self, hear_array, heart_waveform):
        """Three seconds, then the first two again: what was judged."""
        taken = []
        hear_array(heart_waveform[:12_000], on_window=lambda window, sound: taken.append(sound))
        assert np.array_equal(taken[0], np.resize(heart_waveform[:12_000], 20_000))


class BreakingSource(ArraySource):
    """A source that is damaged after some samples."""

    def __init__(self, waveform, whole_blocks):
        super().__init__(waveform, 4000)
        self._whole_blocks = whole_blocks

    def blocks(self, block_samples):
        """Yield some blocks, then fail."""
        for number, block in enumerate(super().blocks(block_samples)):
            if number == self._whole_blocks:
                raise RecordingError("scripted damage")
            yield block


def test_what_came_before_the_damage_is_there(plain_bundle, heart_waveform):
    """A recording that breaks keeps its windows up to there, and says why it ended."""
    run_result = run_offline(BreakingSource(heart_waveform, 3), plain_bundle)
    assert isinstance(run_result.error, RecordingError)
    assert 5.0 < run_result.duration_s < 10.0
    assert len(run_result.windows) == int((run_result.duration_s - 5.0) / 0.5) + 1


def test_nothing_before_the_damage_is_an_error(plain_bundle, heart_waveform):
    """A recording that breaks at once is an error."""
    with pytest.raises(RecordingError, match="scripted damage"):
        run_offline(BreakingSource(heart_waveform, 0), plain_bundle)

"""What the pictures are drawn from: peaks that survive, at their time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile

from monitor.archive.timeline import open_sound
from monitor.commands.report.excerpt import CLOSE_UP_S, close_up_span, read_excerpt, read_whole


@pytest.fixture
def sound_of(tmp_path):
    """Return a function that gives a waveform as a sound."""

    def make(waveform, rate=4000):
        soundfile.write(tmp_path / "a.wav", waveform, rate, "FLOAT")
        return open_sound(tmp_path / "a.wav")

    return make


@pytest.mark.parametrize("rate", [1000, 4000, 44_100])
def test_a_burst_is_at_its_time(sound_of, rate):
    """In waveform and spectrogram, whole and in a stretch, at any rate."""
    waveform = np.zeros(20 * rate, np.float32)
    at = round(12.5 * rate)
    burst = np.hanning(rate // 10) * np.sin(2 * np.pi * 100 * np.arange(rate // 10) / rate)
    waveform[at : at + len(burst)] = 0.5 * burst
    sound = sound_of(waveform, rate)
    for found in (read_whole(sound, [])[0], read_excerpt(sound, 8.0, 16.0)):
        loudest = found.start_s + (int(np.argmax(found.high)) + 0.5) * found.column_s
        assert loudest == pytest.approx(12.55, abs=0.03)
        column = int(np.argmax(found.power_db.max(axis=0)))
        assert found.power_start_s + (column + 0.5) * found.power_column_s == pytest.approx(12.55, abs=0.06)


def test_one_loud_sample_survives(sound_of):
    """In an excerpt of many thousand samples a column."""
    waveform = np.zeros(400_000, np.float32)
    waveform[123_456] = -0.75
    whole, beats = read_whole(sound_of(waveform), [])
    assert float(whole.low.min()) == -0.75
    assert len(whole.low) <= 2400
    assert beats == []


def test_an_excerpt_ends_with_its_sound(sound_of):
    """A stretch beyond the end is cut, and one behind it is empty."""
    sound = sound_of(np.ones(8000, np.float32))
    assert read_excerpt(sound, 1.0, 99.0).end_s == 2.0
    empty = read_excerpt(sound, 5.0, 9.0)
    assert (len(empty.low), empty.power_db.shape) == (0, (64, 0))


def test_the_close_up_is_the_best_window_of_the_label(timeline):
    """Among the windows with the label of the summary; of any label where there is none."""
    qualities = {3: 0.7, 8: 0.9, 11: 0.95}
    windows = tuple(
        {"start_s": index, "end_s": index + 5.0, "label": "murmur" if index != 11 else "normal"}
        | {"quality": {"score": qualities.get(index, 0.1)}}
        for index in range(40)
    )
    long = dataclasses.replace(timeline, num_samples=180_000, windows=windows)
    assert close_up_span(long) == (13.0 - CLOSE_UP_S, 13.0)
    assert close_up_span(dataclasses.replace(long, summary=None)) == (16.0 - CLOSE_UP_S, 16.0)
    assert close_up_span(dataclasses.replace(long, windows=())) == (0.0, CLOSE_UP_S)


def test_the_close_up_holds_no_lost_sound(timeline, window_maker):
    """A window of the best quality right behind a loss is not taken where there are whole seconds elsewhere."""
    windows = [window_maker(index) | {"quality": {"score": 0.8, "reason": None}} for index in range(60)]
    for index in range(20, 30):
        windows[index] = window_maker(index, "no-signal", gap=True) | {"quality": {"score": 0.0, "reason": None}}
    windows[30]["quality"]["score"] = 1.0  # from 15 to 20 s, and the close-up would begin at 12 s
    start_s, end_s = close_up_span(dataclasses.replace(timeline, num_samples=180_000, windows=tuple(windows)))
    assert not start_s < 19.5 <= end_s
    assert end_s - start_s == CLOSE_UP_S


def test_a_short_sound_has_no_close_up(timeline):
    """It is shown whole."""
    assert close_up_span(timeline) is None

"""Beats of windows: the same however a sound is cut, each once, none where sound was lost, withheld or looped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.quality import judge_quality
from monitor.audio.ring_buffer import Read
from monitor.inference.bundle import Bundle, load_bundle
from monitor.messages import HeartBeat, Quality
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(14.0, HeartParameters(), np.random.default_rng(4)).waveform[:54_400]  # ends with an S2


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Return the default bundle."""
    return load_bundle()


def windows_of(analyzer: Analyzer, waveform: NDArray[np.float32], cuts: list[int]) -> list[tuple[HeartBeat, ...]]:
    """Return the beats of each window, then those of the end."""
    beats = []
    for part in np.split(waveform, cuts):
        beats += [analyzer.judge(index).event.beats for index in analyzer.push(part)]
    beats += [analyzer.judge(index).event.beats for index in analyzer.finish()]
    return [*beats, analyzer.last_beats()]


def test_however_a_sound_is_cut_its_windows_have_the_same_beats(bundle: Bundle) -> None:
    """Also at another sample rate."""
    for rate, waveform in ((4000, HEART), (8000, np.repeat(HEART, 2))):
        size = rate // 10
        small = windows_of(Analyzer(bundle, rate), waveform, list(range(size, len(waveform), size)))
        large = windows_of(Analyzer(bundle, rate), waveform, list(range(rate * 2, len(waveform), rate * 2)))
        assert small == large
        assert sum(map(len, small)) >= 14


def test_each_beat_has_one_window(bundle: Bundle) -> None:
    """Ascending, without repeats, the last ones at the end."""
    beats = windows_of(Analyzer(bundle, 4000), HEART, list(range(2000, len(HEART), 2000)))
    moments = [beat.s1_s or beat.s2_s for window in beats for beat in window]
    assert moments == sorted(set(moments))
    assert beats[-1]


def test_no_beat_is_found_in_lost_samples_or_across_them(bundle: Bundle) -> None:
    """Three seconds are lost; behind them beats are found again, at their own time."""
    analyzer = Analyzer(bundle, 4000)
    waveform = HEART.copy()
    waveform[24_000:36_000] = 0.0
    beats: list[HeartBeat] = []
    for begin in range(0, len(waveform), 2000):
        lost = ((begin, begin + 2000),) if 24_000 <= begin < 36_000 else ()
        ready = analyzer.push_read(Read(begin, waveform[begin : begin + 2000], lost))
        beats += [beat for index in ready for beat in analyzer.judge(index).event.beats]
    analyzer.finish()
    beats += analyzer.last_beats()
    moments = [beat.s1_s for beat in beats if beat.s1_s is not None]
    assert not [at_s for at_s in moments if 6.1 < at_s < 8.9]
    behind = [at_s for at_s in moments if at_s > 9]
    onsets = phonocardiogram(14.0, HeartParameters(), np.random.default_rng(4)).beats.s1_samples / 4000 + 0.05
    assert len(behind) >= 3
    assert max(np.abs(onsets - at_s).min() for at_s in behind) < 0.06


def test_a_clip_that_is_looped_has_the_beats_of_the_clip(bundle: Bundle) -> None:
    """None beyond its end."""
    for rate, clip in ((4000, HEART[:14_000]), (8000, np.repeat(HEART, 2)[:28_000])):
        beats = [beat for window in windows_of(Analyzer(bundle, rate), clip, []) for beat in window]
        assert beats
        assert max(beat.s2_s or beat.s1_s or 0 for beat in beats) < 3.5


def test_silence_has_no_beats(bundle: Bundle) -> None:
    """Neither has noise that is withheld."""
    silence = windows_of(Analyzer(bundle, 4000), np.zeros(40_000, np.float32), list(range(2000, 40_000, 2000)))
    assert sum(map(len, silence)) == 0


def test_what_is_withheld_for_its_quality_has_no_beats(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its windows nor the end, although the heart sounds are found; before it, they are shown."""
    heard = windows_of(Analyzer(bundle, 4000), HEART, list(range(2000, len(HEART), 2000)))
    real, poor = judge_quality, Quality(0.0, "loud bumps", "poor-signal")
    counts = iter(range(100))

    def judge(*args: Any, **more: Any) -> Quality:
        return poor if next(counts) >= 10 else real(*args, **more)

    monkeypatch.setattr("monitor.analysis.analyzer.judge_quality", judge)
    blank = windows_of(Analyzer(bundle, 4000), HEART, list(range(2000, len(HEART), 2000)))
    assert blank[:10] == heard[:10]
    assert any(heard[10:-1])
    assert heard[-1]
    assert not any(blank[10:])


def test_analyzers_beside_each_other_find_what_each_finds_alone(bundle: Bundle) -> None:
    """They share an interpreter and nothing of the sound."""
    first = Analyzer(bundle, 4000)
    second = Analyzer(bundle, 4000, beside=first)
    found: list[list[HeartBeat]] = [[], []]
    for begin in range(0, len(HEART), 2000):
        for analyzer, beats, part in ((first, found[0], HEART), (second, found[1], HEART[::-1])):
            for index in analyzer.push(part[begin : begin + 2000].copy()):
                beats += analyzer.judge(index).event.beats
    alone = windows_of(Analyzer(bundle, 4000), HEART, list(range(2000, len(HEART), 2000)))
    assert found[0] == [beat for window in alone[:-1] for beat in window]

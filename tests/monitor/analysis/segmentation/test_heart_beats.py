"""Beats from heart sounds: pairs, lone sounds, durations between beats, blanks, and when each is handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from monitor.analysis.segmentation import heart_beats
from monitor.analysis.segmentation.heart_beats import HeartBeats
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation.segmenter import HeartSound
from monitor.messages import HeartBeat

SHOWN_FROM = 0.5
Sounds = list[HeartSound]


def s1(at_s: float, confidence: float = 0.9) -> HeartSound:
    """Return an S1 that is decided 0.4 s later."""
    return HeartSound(is_s1=True, at_s=at_s, confidence=confidence, heard_s=at_s + 0.4)


def s2(at_s: float, confidence: float = 0.8) -> HeartSound:
    """Return an S2, likewise."""
    return HeartSound(is_s1=False, at_s=at_s, confidence=confidence, heard_s=at_s + 0.4)


class Scripted:
    """A segmenter that finds what a test says: the next list with each push, up to the seconds pushed."""

    script: Sequence[HeartSound] = ()

    def __init__(self, model: object, beside: object) -> None:
        self.decided_s = self.start_s = 0.0
        self.num_samples = 0
        self.latest_bands = np.empty((0, 12), np.float32)
        self.restarted = 0

    def push(self, waveform: np.ndarray) -> Sounds:
        """Return the sounds that are decided in this stretch."""
        before, self.num_samples = self.num_samples / 4000, self.num_samples + len(waveform)
        self.decided_s = self.num_samples / 4000 - 0.4
        return [sound for sound in self.script if before < sound.heard_s <= self.num_samples / 4000]

    def finish(self) -> Sounds:
        """Return the sounds that are left."""
        return [sound for sound in self.script if sound.heard_s > self.num_samples / 4000]

    def restart(self) -> None:
        """Count."""
        self.restarted += 1

    def heard_s(self, at_s: float) -> float:
        """Return when a sound at a moment is decided."""
        return at_s + 0.4


@pytest.fixture
def beats_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[HeartBeat, ...]]:
    """Return the beats of a script of six seconds that is pushed in blocks."""
    monkeypatch.setattr(heart_beats, "CycleSegmenter", Scripted)

    class Model:
        shown_from = SHOWN_FROM

    def run(*script: HeartSound, block_s: float = 0.5, until_s: float = np.inf) -> tuple[HeartBeat, ...]:
        Scripted.script = list(script)
        beats = HeartBeats(Model())  # type: ignore[arg-type]
        for _ in range(round(6 / block_s)):
            beats.push(np.zeros(round(block_s * 4000), np.float32))
        beats.finish()
        return beats.until(until_s)

    return run


def places(beats: tuple[HeartBeat, ...]) -> list[tuple[float | None, float | None]]:
    """Return S1 and S2 of each beat."""
    return [(beat.s1_s, beat.s2_s) for beat in beats]


def test_two_beats_and_what_lies_between(beats_of: Callable[..., tuple[HeartBeat, ...]]) -> None:
    """Systole within a beat; diastole and rate from the beat before; the less sure sound says how sure."""
    first, second = beats_of(s1(1.0), s2(1.3), s1(1.8), s2(2.1, 0.95))
    assert (first.systole_ms, first.diastole_ms, first.rate_bpm) == (pytest.approx(300), None, None)
    assert second.diastole_ms == pytest.approx(500)
    assert second.rate_bpm == pytest.approx(75)
    assert (first.confidence, second.confidence) == (0.8, 0.9)


def test_a_sound_without_its_other_is_a_beat_of_its_own(beats_of: Callable[..., tuple[HeartBeat, ...]]) -> None:
    """An S1 with no S2 before the next S1, or within 0.7 s; an S2 with no S1."""
    assert places(beats_of(s2(0.9), s1(1.4), s1(2.2), s2(3.0), s1(4.0))) == [
        (None, 0.9),
        (1.4, None),
        (2.2, None),
        (None, 3.0),
        (4.0, None),
    ]


def test_what_is_not_sure_is_blank(beats_of: Callable[..., tuple[HeartBeat, ...]]) -> None:
    """It is passed over as if it had not been found, and no duration spans it."""
    beats = beats_of(s1(1.0), s2(1.3), s1(1.8, 0.3), s2(2.1), s1(2.6), s2(2.9, 0.4), s1(3.4))
    assert places(beats) == [(1.0, 1.3), (None, 2.1), (2.6, None), (3.4, None)]
    assert [beat.rate_bpm for beat in beats[:3]] == [None, None, None]
    assert beats[3].rate_bpm == pytest.approx(75)
    assert [beat.diastole_ms for beat in beats] == [None, None, None, None]


def test_a_pause_has_no_rate(beats_of: Callable[..., tuple[HeartBeat, ...]]) -> None:
    """Two S1 more than 2 s apart are not neighbours."""
    assert [beat.rate_bpm for beat in beats_of(s1(1.0), s2(1.3), s1(3.5), s2(3.8))] == [None, None]


@pytest.mark.parametrize("block_s", [0.1, 0.25, 2.0, 6.0])
def test_beats_do_not_depend_on_the_blocks(beats_of: Callable[..., tuple[HeartBeat, ...]], block_s: float) -> None:
    """Neither which there are nor up to which moment each is handed out."""
    script = [s1(0.5), s2(0.8), s1(1.3), s1(2.1), s2(2.4), s2(3.2), s1(4.0), s1(4.8), s2(5.1)]
    for until_s in (0.9, 1.2, 1.69, 1.71, 2.49, 2.51, 3.0, 4.0, 5.0, 5.3, 5.6):
        assert beats_of(*script, block_s=block_s, until_s=until_s) == beats_of(*script, until_s=until_s)


def test_each_beat_is_handed_out_once(beats_of: Callable[..., tuple[HeartBeat, ...]]) -> None:
    """With the first moment that its decision needed no more than."""
    assert places(beats_of(s1(1.0), s2(1.3), until_s=1.69)) == []
    assert places(beats_of(s1(1.0), s2(1.3), until_s=1.7)) == [(1.0, 1.3)]


def test_no_beat_spans_lost_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """An S1 before a loss and an S2 behind it are two."""
    monkeypatch.setattr(heart_beats, "CycleSegmenter", Scripted)
    Scripted.script = [s1(0.5, 1.0), s2(0.8, 1.0)]
    model = load_bundle().segmentation
    assert model is not None
    beats = HeartBeats(model)
    beats.push(np.zeros(4000, np.float32))
    beats.restart()
    beats.push(np.zeros(4000, np.float32))
    assert places(beats.until(9.0)) == [(0.5, None), (None, 0.8)]

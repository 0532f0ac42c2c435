"""Decoding: S1 and S2 of clear beats at every rate, through doubt, swaps and pauses; cut anyhow; nothing in noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.compiled.library import without_library
from monitor.inference.segmentation.cycle_decoder import CycleDecoder, DecodedSound

pytestmark = pytest.mark.usefixtures("front_end")

S1, SYSTOLE, S2, DIASTOLE = range(4)
UNSURE = 0.02


def beats(cycle: int, systole: int, count: int) -> NDArray[np.intp]:
    """Return the states of regular beats, durations in frames of 12.5 ms."""
    return np.tile(np.repeat([S1, SYSTOLE, S2, DIASTOLE], [9, systole - 9, 8, cycle - systole - 8]), count)


def said(states: NDArray[np.intp], sure: float = 0.94) -> NDArray[np.float32]:
    """Return probabilities that say the states."""
    other = (1 - sure) / 3
    return np.where(np.eye(4, dtype=bool)[states], sure, other).astype(np.float32)


def decode(probabilities: NDArray[np.float32], block: int = 20) -> list[DecodedSound]:
    """Return what is decoded from blocks."""
    decoder = CycleDecoder()
    blocks = [probabilities[first : first + block] for first in range(0, len(probabilities), block)]
    return [sound for one in blocks for sound in decoder.push(one)]


@pytest.mark.parametrize(("bpm", "systole"), [(31, 30), (45, 28), (72, 24), (130, 18), (200, 12), (220, 11)])
def test_every_sound_of_clear_beats_is_found(bpm: int, systole: int) -> None:
    """From slow to fast, each once, in the middle, S1 and S2 in turn."""
    cycle = round(60 / bpm * 80)
    found = decode(said(beats(cycle, systole, 12)))[2:]
    assert [sound.is_s1 for sound in found] == [True, False] * (len(found) // 2) + [True] * (len(found) % 2)
    assert 20 <= len(found) <= 22
    for sound in found:
        middle = 4.0 if sound.is_s1 else systole + 3.5
        assert abs((sound.frame - middle + cycle / 2) % cycle - cycle / 2) < 1.0


@given(st.lists(st.integers(0, 640), max_size=10))
def test_however_the_frames_are_cut_the_sounds_are_the_same(cuts: list[int]) -> None:
    """Streaming equals whole, also in doubt."""
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([0.4] * 4, 640).astype(np.float32) * 0.4 + said(beats(64, 24, 10)) * 0.6
    decoder = CycleDecoder()
    parts = [decoder.push(part) for part in np.split(probabilities, np.sort(cuts))]
    assert [sound for part in parts for sound in part] == CycleDecoder().push(probabilities)


def test_a_long_sound_is_remembered_only_in_part() -> None:
    """Memory stays bounded, and the last beat of ten minutes is found where it is."""
    with without_library():
        decoder, minute = CycleDecoder(), said(beats(64, 24, 75))
    for _ in range(10):
        found = decoder.push(minute)
    assert len(decoder._sums) < 600
    assert len(decoder._candidates) < 30
    assert [round(sound.frame) for sound in found[-2:]] == [10 * 75 * 64 - 60, 10 * 75 * 64 - 36]


def test_two_swapped_beats_are_put_right() -> None:
    """Where the network takes S1 for S2 for two beats, the durations around say otherwise."""
    states = beats(80, 24, 12)
    probabilities = said(states, 0.8)
    swapped = slice(6 * 80, 8 * 80)
    probabilities[swapped] = 0.45 * said(states, 0.8)[swapped] + 0.55 * said(states, 0.8)[swapped][:, [2, 3, 0, 1]]
    firsts = [round(sound.frame) for sound in decode(probabilities) if sound.is_s1 and sound.frame > 80]
    assert firsts == [80 * beat + 4 for beat in range(1, 12)]


def test_a_premature_beat_is_found() -> None:
    """A beat that comes early, with a pause behind it, keeps its place."""
    early = np.concatenate([beats(64, 24, 5), beats(40, 24, 1), beats(88, 24, 1), beats(64, 24, 4)])
    firsts = [round(sound.frame) for sound in decode(said(early)) if sound.is_s1]
    assert {4 + 5 * 64, 4 + 5 * 64 + 40, 4 + 5 * 64 + 128} <= set(firsts)


def test_nothing_is_found_in_silence_or_before_any_sound() -> None:
    """Diastole all along has no heart sound; no frames give none."""
    assert decode(said(np.full(400, DIASTOLE))) == []
    assert CycleDecoder().push(np.empty((0, 4), np.float32)) == []


def test_after_clear_nothing_of_the_sound_before_counts() -> None:
    """The same sound gives the same, whatever came before."""
    decoder = CycleDecoder()
    decoder.push(said(beats(30, 12, 9)))
    decoder.clear()
    assert decoder.push(said(beats(64, 24, 6))) == CycleDecoder().push(said(beats(64, 24, 6)))


def test_doubt_shows_in_probability_and_margin() -> None:
    """A network that is less sure gives lower values for the same sounds."""
    sure, unsure = (
        [sound for sound in decode(said(beats(64, 24, 8), level)) if sound.frame > 128] for level in (0.94, 0.6)
    )
    for one, other in zip(sure, unsure, strict=True):
        assert one.is_s1 == other.is_s1
        assert abs(one.frame - other.frame) < 1
        assert one.probability > other.probability
        assert one.margin > other.margin > 0

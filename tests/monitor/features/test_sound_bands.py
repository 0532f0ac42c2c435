"""Bands: each frame once and the same however the sound is cut, the right band for a tone, no offset, known times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.features.sound_bands import BAND_BINS, BANDS_RATE, NUM_BANDS, POWER_FLOOR, StreamingBands, frame_centre_s

pytestmark = pytest.mark.usefixtures("front_end")

QUIET = np.float32(1e-6)
SOUND = np.random.default_rng(0).standard_normal(9000).astype(np.float32)


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_however_a_sound_is_cut_the_frames_are_the_same_bit_for_bit(cuts: list[int]) -> None:
    """A stream gives what the whole sound gives."""
    stream = StreamingBands()
    parts = [stream.push(part) for part in np.split(SOUND, np.sort(cuts))]
    assert np.array_equal(np.concatenate(parts), StreamingBands().push(SOUND))
    assert stream.num_frames == (len(SOUND) - 256) // 50 + 1


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_quiet_sound_too(cuts: list[int]) -> None:
    """Where the floor follows the level, before and behind loud sound."""
    quiet = QUIET * SOUND
    sound = np.concatenate([quiet, SOUND[:300], np.zeros(42_000, np.float32), quiet])
    stream = StreamingBands()
    parts = [stream.push(part) for part in np.split(sound, np.sort(cuts))]
    assert np.array_equal(np.concatenate(parts), StreamingBands().push(sound))


def test_samples_wait_in_a_place_for_the_next_ones() -> None:
    """From the first frame on, for then each frame hop completes one."""
    stream = StreamingBands()
    for block, expected in ((SOUND[:200], None), (SOUND[200:207], 207), (SOUND[207:300], 250), (SOUND[300:310], 210)):
        stream.push(block)
        place = stream.place_for(2000)
        assert (None if place is None else place[1]) == expected
    assert place is not None
    assert len(place[0]) >= 2210
    assert np.array_equal(place[0][:210], SOUND[100:310])


def test_frames_that_were_computed_elsewhere_count() -> None:
    """Loud ones keep the floor where it is for ten seconds."""
    stream, quiet = StreamingBands(), (1e-6 * SOUND).astype(np.float32)
    before = stream.push(quiet).mean()
    stream.note_loud(40)
    assert stream.num_frames == (len(SOUND) - 256) // 50 + 41
    assert stream.push(quiet).mean() > before + 1


@pytest.mark.parametrize("gain_db", [-40, -80, -120])
def test_the_level_moves_all_bands_alike(gain_db: int) -> None:
    """Whatever the unit of a sound is, its frames differ by a constant, but for those in the floor."""
    gain = 10.0 ** (gain_db / 20)
    difference = StreamingBands().push((gain * SOUND).astype(np.float32)) - StreamingBands().push(SOUND)
    assert np.median(difference) == pytest.approx(2 * np.log(gain), abs=0.05)
    assert np.quantile(np.abs(difference - 2 * np.log(gain)), 0.95) < 0.5


def test_the_floor_of_ordinary_sound_stays() -> None:
    """A pause of ten seconds behind loud sound has it, and so has digital silence of any length."""
    floor = np.float32(np.log(POWER_FLOOR))
    silence = np.zeros(4000 * 30, np.float32)
    assert StreamingBands().push(silence) == pytest.approx(floor)
    bands = StreamingBands().push(np.concatenate([SOUND, np.full(40_000, 1e-9, np.float32)]))
    assert bands[-1] == pytest.approx(floor)


@pytest.mark.parametrize("band", range(NUM_BANDS))
def test_a_tone_is_loudest_in_its_band(band: int) -> None:
    """The bands are where they are said to be."""
    tone_hz = (BAND_BINS[band] + BAND_BINS[band + 1] - 1) / 2 * BANDS_RATE / 256
    tone = np.sin(2 * np.pi * tone_hz * np.arange(4000) / BANDS_RATE).astype(np.float32)
    assert StreamingBands().push(tone).mean(axis=0).argmax() == band


def test_an_offset_changes_nothing() -> None:
    """A converter's offset of a tenth of full scale stays below the bands."""
    quiet = 0.01 * SOUND
    difference = StreamingBands().push(quiet + np.float32(0.1)) - StreamingBands().push(quiet)
    assert np.abs(difference).max() < 1e-2


def test_a_click_is_loudest_in_the_frame_whose_middle_it_is() -> None:
    """The time of a frame is that of its sound."""
    sound = np.zeros(4000, np.float32)
    sound[2128] = 1.0
    loudest = int(StreamingBands().push(sound)[:, -1].argmax())
    assert frame_centre_s(loudest) == pytest.approx(2128 / BANDS_RATE)

"""The sounds: their bands, the shift of ``speaker``, and changes without a click."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.options import SOUNDS
from monitor.audio.playback.sounds import SHIFT_HZ, SoundFilter


def tone(hz, sample_rate, seconds=2.0):
    """Return a sine."""
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * sample_rate)) / sample_rate)


def level_db(waveform, hz, sample_rate):
    """Return the level of one frequency in the second half, relative to a full sine."""
    half = waveform[len(waveform) // 2 :]
    window = np.hanning(len(half))
    turn = np.exp(-2j * np.pi * hz * np.arange(len(half)) / sample_rate)
    return 20 * np.log10(abs((half * window) @ turn) / window.sum() * 2 + 1e-9)


@pytest.mark.parametrize("rate", [4000, 44_100])
@pytest.mark.parametrize(
    ("sound", "passes", "edges", "stops"),
    [
        ("bell", (50, 100), (20, 200), (5, 800)),
        ("diaphragm", (180, 280), (100, 500), (25, 1800)),
        ("extended", (50, 500), (20, 1000), (5,)),
    ],
)
def test_bands(sound, passes, edges, stops, rate):
    """A band passes within 0.3 dB, has its edges at -3 dB, and is 40 dB down two octaves outside."""
    for hz in passes:
        assert level_db(SoundFilter(rate, sound).push(tone(hz, rate)), hz, rate) == pytest.approx(0.0, abs=0.3)
    for hz in edges:
        assert level_db(SoundFilter(rate, sound).push(tone(hz, rate)), hz, rate) == pytest.approx(-3.0, abs=0.3)
    for hz in stops:
        assert level_db(SoundFilter(rate, sound).push(tone(hz, rate)), hz, rate) < -40


def test_wide_is_the_sound_as_it_is():
    """``wide`` changes nothing, bit for bit."""
    noise = np.random.default_rng(2).standard_normal(1000)
    assert np.array_equal(SoundFilter(4000, "wide").push(noise), noise)


@pytest.mark.parametrize("rate", [2000, 4000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [40, 60, 100, 200, 350])
def test_speaker_moves_every_frequency_up(rate, hz):
    """A tone comes out 200 Hz higher, as loud within 0.6 dB, and its mirror image is 40 dB down or more."""
    moved = SoundFilter(rate, "speaker").push(tone(hz, rate))
    assert level_db(moved, hz + SHIFT_HZ, rate) == pytest.approx(0.0, abs=0.6)
    if hz != SHIFT_HZ:
        assert level_db(moved, abs(SHIFT_HZ - hz), rate) < -39


def test_speaker_gives_nothing_that_a_small_loudspeaker_lacks(heart_waveform):
    """Of a heart sound, most of which lies below 150 Hz, less than 1 % of the energy stays below 150 Hz."""
    before = np.abs(np.fft.rfft(heart_waveform)) ** 2
    after = np.abs(np.fft.rfft(SoundFilter(4000, "speaker").push(heart_waveform))) ** 2
    low = np.fft.rfftfreq(len(heart_waveform), 1 / 4000) < 150
    assert before[low].sum() / before.sum() > 0.8
    assert after[low].sum() / after.sum() < 0.01


def test_a_low_rate_drops_what_does_not_fit():
    """At 1000 Hz an upper edge beyond the band is left out, and the moved sound does not fold over."""
    assert np.isfinite(SoundFilter(1000, "extended").push(tone(100, 1000))).all()
    moved = SoundFilter(1000, "speaker").push(tone(400, 1000))
    assert level_db(moved, 400, 1000) < -15  # 600 Hz would fold to 400 Hz


@pytest.mark.parametrize("before", SOUNDS)
@pytest.mark.parametrize("after", SOUNDS)
def test_no_click_at_a_change(before, after):
    """While the sound changes, no step is larger than the sounds' own, and no energy appears outside of them."""
    rate, hz = 4000, 150
    sound = SoundFilter(rate, before)
    first = sound.push(tone(hz, rate)[:rate])
    sound.choose(after)
    second = sound.push(tone(hz, rate)[rate:])
    step = np.abs(np.diff(np.concatenate((first[-200:], second[:400])))).max()
    own = max(np.abs(np.diff(SoundFilter(rate, name).push(tone(hz, rate))[rate:])).max() for name in (before, after))
    assert step <= 1.1 * own


def test_a_hard_change_would_be_heard():
    """Without the cross-fade the step is several times larger: the test above can fail."""
    rate = 4000
    bell, wide = SoundFilter(rate, "bell").push(tone(400, rate)), tone(400, rate) + 0.5
    hard = np.concatenate((bell[:rate], wide[rate:]))
    assert np.abs(np.diff(hard))[rate - 2 : rate + 1].max() > 3 * np.abs(np.diff(bell[rate:])).max()


def test_changes_in_quick_succession_end_at_the_last():
    """Of many choices during one cross-fade, the last is played in the end."""
    sound = SoundFilter(4000, "wide")
    parts = []
    for name in ("bell", "diaphragm", "speaker", "extended", "wide"):
        sound.choose(name)
        parts.append(sound.push(tone(100, 4000)[:40]))
    parts.append(sound.push(tone(100, 4000)))
    assert sum(map(len, parts)) == 5 * 40 + 8000
    assert np.allclose(parts[-1][4000:], tone(100, 4000)[4000:])


@pytest.mark.parametrize("sound", SOUNDS)
def test_blocks_of_any_size(sound):
    """However the sound is cut, a change of sound included, the result is that of the whole."""
    noise = np.random.default_rng(3).standard_normal(2000)

    def played(sizes):
        ear = SoundFilter(4000, "bell")
        ear.choose(sound)
        return np.concatenate([ear.push(part) for part in np.split(noise, np.cumsum(sizes)[:-1])])

    assert np.abs(played([2000]) - played([7] * 285 + [5])).max() < 1e-9


def test_unknown_sounds_are_refused():
    """The error lists those that there are."""
    with pytest.raises(ValueError, match="must be one of wide, bell"):
        SoundFilter(4000, "treble")
    with pytest.raises(ValueError, match="must be one of wide, bell"):
        SoundFilter(4000).choose("treble")
    with pytest.raises(ValueError, match="at least 1000 Hz"):
        SoundFilter(500)

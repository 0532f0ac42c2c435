"""The synthetic phonocardiogram agrees with its ground truth, and with real recordings."""

import dataclasses
import pathlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, HeartSound, Murmur
from monitor.synthesis.phonocardiogram import SHAPES, phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from monitor.synthesis.rhythm import Rhythm

RATE = 4000
SET_B = pathlib.Path(__file__).resolve().parents[4] / "shared" / "data" / "pascal" / "set_b"
QUIET = BackgroundNoise(noise_db=-70.0, hiss_db=-90.0, lungs_db=-90.0, whistle_db=-200.0)
STEADY = HeartParameters(background=QUIET, loudness_spread=0.0, breathing_loudness=0.0, band_hz=(20.0, 1900.0))


def synthesize(heart=STEADY, duration_s=10.0, seed=0, sample_rate=RATE):
    """Return a synthetic recording."""
    return phonocardiogram(duration_s, heart, np.random.default_rng(seed), sample_rate)


def loudness(sound, start_samples, end_samples):
    """Return the root mean square of the intervals, over all of them together."""
    parts = [
        sound.waveform[a:b]
        for a, b in zip(start_samples, end_samples, strict=True)
        if 0 <= a < b <= len(sound.waveform)
    ]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


def edge_hz(waveform, share=0.95):
    """Return the frequency below which a fraction of the power lies."""
    power = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)))) ** 2
    return np.fft.rfftfreq(len(waveform), 1 / RATE)[np.searchsorted(np.cumsum(power), share * power.sum())]


@given(
    st.integers(0, 100_000),
    st.sampled_from(["normal", "murmur", "extrastole"]),
    st.floats(0.3, 9.0),
    st.sampled_from([1000, 2000, 4000, 8000]),
)
@settings(max_examples=60, deadline=None)
def test_any_heart_gives_a_sound_in_range(seed, label, duration_s, sample_rate):
    """For any heart, length and rate: finite float32 within -1 to 1, of the given length."""
    rng = np.random.default_rng(seed)
    sound = phonocardiogram(duration_s, random_parameters(rng, label=label), rng, sample_rate)
    assert sound.waveform.shape == (round(duration_s * sample_rate),)
    assert sound.waveform.dtype == np.float32
    assert np.isfinite(sound.waveform).all()
    assert 0 < np.abs(sound.waveform).max() <= 1
    assert len(sound.beats.s1_samples) == len(sound.beats.s2_samples) == len(sound.beats.ectopic)


@pytest.mark.slow
@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_five_seconds_of_extrasystole_have_an_ectopic_beat(seed):
    """Every window with that label has an ectopic beat; no window of another label has."""
    rng = np.random.default_rng(seed)
    ectopic = phonocardiogram(5.0, random_parameters(rng, label="extrastole"), rng)
    normal = phonocardiogram(5.0, random_parameters(rng, label="normal"), rng)
    assert ectopic.beats.ectopic.any()
    assert not normal.beats.ectopic.any()


def test_the_same_state_gives_the_same_sound():
    """A sound depends on its parameters and the generator's state and nothing else."""
    heart = random_parameters(np.random.default_rng(1), label="murmur")
    assert np.array_equal(synthesize(heart, seed=2).waveform, synthesize(heart, seed=2).waveform)
    assert not np.array_equal(synthesize(heart, seed=2).waveform, synthesize(heart, seed=3).waveform)


def test_heart_sounds_begin_at_the_annotated_samples():
    """The first 80 ms from each onset are far louder than the 80 ms before it."""
    sound = synthesize()
    for onsets in (sound.beats.s1_samples, sound.beats.s2_samples[sound.beats.s2_samples > 0]):
        after = loudness(sound, onsets, onsets + 320)
        before = loudness(sound, onsets - 320, onsets)
        assert after > 5 * before


def test_every_beat_is_annotated():
    """Outside the annotated sounds there is only background noise."""
    sound = synthesize(duration_s=20.0)
    rest = sound.waveform.copy()
    for onset in np.concatenate((sound.beats.s1_samples, sound.beats.s2_samples)):
        rest[max(0, onset - 100) : onset + 900] = 0.0
    assert np.abs(rest[1600:]).max() < 0.05 * np.abs(sound.waveform).max()


def test_the_filter_is_causal():
    """Before an annotated onset there is only noise."""
    sound = synthesize(
        dataclasses.replace(STEADY, band_hz=(20.0, 600.0), rhythm=Rhythm(heart_rate_bpm=45.0)), duration_s=20.0
    )
    onsets = sound.beats.s1_samples
    assert loudness(sound, onsets - 40, onsets) < 2 * loudness(sound, onsets - 400, onsets - 360)
    assert loudness(sound, onsets, onsets + 40) > 10 * loudness(sound, onsets - 40, onsets)


def test_the_same_timbre_is_the_same_heart():
    """First sounds of the same timbre are more similar than those of different timbres."""
    first, same, other = (
        np.mean([sound.waveform[m : m + 400] for m in sound.beats.s1_samples[1:-1]], axis=0)
        for sound in (synthesize(dataclasses.replace(STEADY, timbre=t), seed=s) for t, s in ((1, 0), (1, 5), (2, 0)))
    )
    assert np.corrcoef(first, same)[0, 1] > 0.9
    assert np.corrcoef(first, other)[0, 1] < 0.8


@pytest.mark.parametrize("rate_bpm", [50.0, 90.0, 150.0])
def test_the_heart_rate(rate_bpm):
    """The number of first sounds in a minute is the rate."""
    sound = synthesize(dataclasses.replace(STEADY, rhythm=Rhythm(heart_rate_bpm=rate_bpm)), duration_s=60.0)
    assert len(sound.beats.s1_samples) == pytest.approx(rate_bpm, abs=3)


@pytest.mark.parametrize("level_db", [-12.0, 0.0, 6.0])
def test_the_second_sound_has_its_level(level_db):
    """Peaks of the second sound relative to the first follow the parameter."""
    tone = HeartSound(pitch_hz=55.0, duration_s=0.1, level_db=level_db)
    heart = dataclasses.replace(STEADY, s2=tone, split_s=(0.0, 0.0))
    ratios = []
    for seed in range(8):
        sound = synthesize(heart, seed=seed)
        first, second = (
            np.median([np.abs(sound.waveform[m : m + 480]).max() for m in onsets if 0 <= m < len(sound.waveform) - 480])
            for onsets in (sound.beats.s1_samples, sound.beats.s2_samples)
        )
        ratios.append(20 * np.log10(second / first))
    assert np.mean(ratios) == pytest.approx(level_db, abs=4.0)


def test_a_systolic_murmur_fills_systole_and_leaves_diastole_quiet():
    """It is loud between first and second sound, and not between second and first."""
    sound = synthesize(dataclasses.replace(STEADY, murmur=Murmur(level_db=-10.0)))
    s1, s2 = sound.beats.s1_samples[:-1], sound.beats.s2_samples[:-1]
    systole = loudness(sound, s1 + 600, s2 - 100)
    assert systole > 8 * loudness(sound, s2 + 700, sound.beats.s1_samples[1:] - 300)
    assert systole > 8 * loudness(synthesize(), s1 + 600, s2 - 100)


def test_a_diastolic_murmur_comes_after_the_second_sound():
    """An early diastolic murmur is loud after the second sound, and systole stays quiet."""
    murmur = Murmur(phase="diastolic", shape="decrescendo", interval=(0.05, 0.9), level_db=-10.0)
    sound = synthesize(dataclasses.replace(STEADY, murmur=murmur))
    s1, s2 = sound.beats.s1_samples[:-1], sound.beats.s2_samples[:-1]
    early, late = loudness(sound, s2 + 300, s2 + 700), loudness(sound, s2 + 1100, s2 + 1500)
    assert early > 2 * late
    assert early > 4 * loudness(sound, s1 + 700, s2 - 100)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_murmur_has_its_shape(shape):
    """The envelope of the sound correlates with the given shape."""
    murmur = Murmur(shape=shape, interval=(0.0, 1.0), level_db=-1.0, centre_hz=300.0)
    silent = HeartSound(pitch_hz=50.0, duration_s=0.1, level_db=-120.0)
    heart = dataclasses.replace(STEADY, s1=silent, s2=silent, murmur=murmur, rhythm=Rhythm(heart_rate_bpm=50.0))
    sound = synthesize(heart, duration_s=60.0)
    courses = [
        np.abs(sound.waveform[a:b])[np.linspace(0, b - a - 1, 1000).astype(int)].reshape(20, 50).mean(axis=1)
        for a, b in zip(sound.beats.s1_samples, sound.beats.s2_samples, strict=True)
        if b > 0
    ]
    expected = np.interp((np.arange(20) + 0.5) / 20, *SHAPES[shape])
    measured = np.mean([course for course in courses if course.max() < 1], axis=0)
    edge = slice(5, None)  # the first sound lies over the beginning
    assert np.corrcoef(measured[edge], expected[edge])[0, 1] > 0.8


def test_an_inaudible_second_sound_is_annotated_as_missing():
    """Where an ectopic beat has no audible second sound, the ground truth has -1."""
    heart = dataclasses.replace(STEADY, rhythm=Rhythm(kind="ectopic"), ectopic_s2=0.0)
    sound = synthesize(heart, duration_s=20.0)
    assert (sound.beats.s2_samples[sound.beats.ectopic] == -1).all()
    assert (sound.beats.s2_samples[~sound.beats.ectopic][:-1] > 0).all()


def test_an_ectopic_beat_has_its_loudness():
    """A first sound at half the loudness is about half as loud."""
    heart = dataclasses.replace(STEADY, rhythm=Rhythm(kind="ectopic"), ectopic_s1=0.5)
    sound = synthesize(heart, duration_s=60.0)
    s1, ectopic = sound.beats.s1_samples[:-1], sound.beats.ectopic[:-1]
    soft = loudness(sound, s1[ectopic], s1[ectopic] + 400)
    assert soft / loudness(sound, s1[~ectopic], s1[~ectopic] + 400) == pytest.approx(0.5, abs=0.1)


def test_third_and_fourth_sounds():
    """They come after the second and before the first sound, softer than either."""
    plain, extra = synthesize(), synthesize(dataclasses.replace(STEADY, s3_db=-12.0, s4_db=-12.0))
    for sound, factor in ((plain, 0.0), (extra, 3.0)):
        s1, s2 = sound.beats.s1_samples[1:-1], sound.beats.s2_samples[1:-1]
        floor = loudness(plain, plain.beats.s1_samples[1:-1] - 700, plain.beats.s1_samples[1:-1] - 600)
        assert loudness(sound, s2 + 720, s2 + 1000) >= factor * floor
        assert loudness(sound, s1 - 320, s1 - 100) >= factor * floor


def test_noise_has_its_level():
    """40 dB more noise makes the quiet parts 40 dB louder."""
    levels = []
    for noise_db in (-70.0, -30.0):
        sound = synthesize(dataclasses.replace(STEADY, background=dataclasses.replace(QUIET, noise_db=noise_db)))
        levels.append(loudness(sound, sound.beats.s1_samples[1:] - 600, sound.beats.s1_samples[1:] - 100))
    assert 20 * np.log10(levels[1] / levels[0]) == pytest.approx(40.0, abs=5.0)


def test_breath_sounds_follow_the_breathing():
    """Loud breath sounds at 15 breaths per minute come and go every four seconds."""
    lungs = dataclasses.replace(QUIET, lungs_db=-10.0)
    sound = synthesize(dataclasses.replace(STEADY, background=lungs), duration_s=40.0)
    power = (np.diff(sound.waveform) ** 2)[: 39 * RATE].reshape(-1, RATE // 4).mean(axis=1)
    power -= power.mean()
    spectrum = np.abs(np.fft.rfft(power))
    assert np.fft.rfftfreq(len(power), 0.25)[spectrum.argmax()] == pytest.approx(0.25, abs=0.03)


def test_hum_is_a_line_at_the_mains_frequency():
    """Hum is a line at 50 Hz or one of its harmonics, above the surrounding spectrum."""
    sound = synthesize(dataclasses.replace(STEADY, background=dataclasses.replace(QUIET, hum_db=-10.0)))
    power = np.abs(np.fft.rfft(sound.waveform[: 8 * RATE] * np.hanning(8 * RATE))) ** 2
    lines = [power[int(8 * hz) - 8 : int(8 * hz) + 9] for hz in (100, 150, 200, 250)]
    assert max(line[6:11].max() / np.median(line) for line in lines) > 100


def test_knocks_come_at_their_rate():
    """Without knocks the quiet parts are quiet; with two per second they are not."""
    quiet = synthesize(duration_s=30.0)
    knocking = synthesize(
        dataclasses.replace(STEADY, background=dataclasses.replace(QUIET, knocks_per_s=2.0, knocks_db=0.0)), 30.0
    )
    for sound, min_level in ((quiet, 0.0), (knocking, 0.02)):
        onsets = sound.beats.s1_samples[1:]
        gap = loudness(sound, onsets - 800, onsets - 100) / np.abs(sound.waveform).max()
        assert gap >= min_level
        assert gap < 0.01 or sound is knocking


def test_an_overdriven_recording_is_clipped():
    """A peak above 1 clips the loudest samples at 1; a peak below 1 is the peak."""
    loud = synthesize(dataclasses.replace(STEADY, peak=1.8)).waveform
    soft = synthesize(dataclasses.replace(STEADY, peak=0.3)).waveform
    assert np.count_nonzero(np.abs(loud) == 1.0) > 20
    assert np.abs(soft).max() == pytest.approx(0.3, rel=1e-5)


def test_the_device_limits_the_band():
    """A narrower device lowers the frequency below which nearly all power lies."""
    noisy = BackgroundNoise(noise_db=-90.0, hiss_db=-120.0, lungs_db=-5.0, whistle_db=-200.0)
    wide = synthesize(dataclasses.replace(STEADY, background=noisy, band_hz=(10.0, 1900.0))).waveform
    narrow = synthesize(dataclasses.replace(STEADY, background=noisy, band_hz=(10.0, 200.0))).waveform
    assert edge_hz(narrow) < 0.7 * edge_hz(wide)


def test_the_same_heart_keeps_its_times_at_another_rate():
    """The ground truth in seconds does not depend on the sample rate."""
    low, high = synthesize(sample_rate=2000), synthesize(sample_rate=44_100)
    assert low.beats.s1_samples / 2000 == pytest.approx(high.beats.s1_samples / 44_100, abs=1e-3)


def test_a_window_becomes_a_finite_input_image():
    """Synthetic sound is converted to an input image like any other."""
    rng = np.random.default_rng(0)
    image = input_image(phonocardiogram(5.0, random_parameters(rng), rng).waveform, HEART)
    assert image.shape == (64, 64, 3)
    assert np.isfinite(image).all()


@pytest.mark.parametrize(("duration_s", "sample_rate"), [(0.0, 4000), (-5.0, 4000), (5.0, 500), (4000.0, 4000)])
def test_arguments_out_of_range(duration_s, sample_rate):
    """A duration or rate out of range is a ValueError."""
    with pytest.raises(ValueError, match="must be from"):
        synthesize(duration_s=duration_s, sample_rate=sample_rate)


@pytest.mark.slow
def test_murmurs_have_higher_frequencies_than_normal_hearts():
    """As in real recordings, the median 95 % edge is under 260 Hz without and above 230 Hz with a murmur."""
    rng = np.random.default_rng(5)
    edges = {
        label: np.median(
            [edge_hz(phonocardiogram(5.0, random_parameters(rng, label=label), rng).waveform) for _ in range(60)]
        )
        for label in ("normal", "murmur")
    }
    assert 110 < edges["normal"] < 260
    assert edges["normal"] + 30 < edges["murmur"] < 480


def spectrum_levels(waveform):
    """Return the 10th and 99th percentile in dB of the short-time power in eight bands, relative to the loudest."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 256)[::100] * np.hanning(256)
    power = 10 * np.log10(np.abs(np.fft.rfft(frames)) ** 2 + 1e-12)
    power -= np.percentile(power[:, 2:8], 99)
    bands = np.stack([power[:, low : 2 * low].mean(axis=1) for low in (1, 2, 4, 8, 16, 32, 64)])
    return np.percentile(bands, (10, 99), axis=1)


@pytest.mark.skipif(not SET_B.is_dir(), reason="needs the PASCAL recordings, which are not part of the project")
@pytest.mark.parametrize("label", ["normal", "murmur", "extrastole"])
def test_synthetic_and_real_recordings_have_similar_spectra(label):
    """Median noise floor and peak agree with PASCAL set B within 7 dB in every octave."""
    soundfile = pytest.importorskip("soundfile")
    files = sorted(SET_B.glob(f"{label}_*.wav"))[::4]
    real = [wave for wave in (soundfile.read(path)[0] for path in files) if len(wave) > 8000 and wave.std() > 1e-5]
    rng = np.random.default_rng(6)
    sound = [phonocardiogram(5.0, random_parameters(rng, label=label), rng).waveform for _ in range(60)]
    levels = [np.median([spectrum_levels(wave) for wave in waves], axis=0) for waves in (real, sound)]
    assert np.abs(levels[0] - levels[1]).max() < 7.0

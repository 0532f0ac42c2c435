"""The made phonocardiogram sounds where its truth says, as real hearts do."""

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


def make(heart=STEADY, duration_s=10.0, seed=0, sample_rate=RATE):
    """Return a made recording."""
    return phonocardiogram(duration_s, heart, np.random.default_rng(seed), sample_rate)


def loudness(made, start_samples, end_samples):
    """Return the root mean square of the parts between samples, over all of them together."""
    parts = [
        made.waveform[a:b] for a, b in zip(start_samples, end_samples, strict=True) if 0 <= a < b <= len(made.waveform)
    ]
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


def edge_hz(waveform, share=0.95):
    """Return the frequency below which a share of the power lies."""
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
    """Whatever heart, length and rate: finite float32 within -1 to 1, as long as asked."""
    rng = np.random.default_rng(seed)
    made = phonocardiogram(duration_s, random_parameters(rng, label=label), rng, sample_rate)
    assert made.waveform.shape == (round(duration_s * sample_rate),)
    assert made.waveform.dtype == np.float32
    assert np.isfinite(made.waveform).all()
    assert 0 < np.abs(made.waveform).max() <= 1
    assert len(made.beats.s1_samples) == len(made.beats.s2_samples) == len(made.beats.ectopic)


@given(st.integers(0, 100_000))
@settings(max_examples=60, deadline=None)
def test_five_seconds_of_extrasystole_hold_an_early_beat(seed):
    """Every window made under that label has an early beat among its beats; no other label has."""
    rng = np.random.default_rng(seed)
    ectopic = phonocardiogram(5.0, random_parameters(rng, label="extrastole"), rng)
    normal = phonocardiogram(5.0, random_parameters(rng, label="normal"), rng)
    assert ectopic.beats.ectopic.any()
    assert not normal.beats.ectopic.any()


def test_the_same_state_gives_the_same_sound():
    """A sound depends on its settings and the generator's state and nothing else."""
    heart = random_parameters(np.random.default_rng(1), label="murmur")
    assert np.array_equal(make(heart, seed=2).waveform, make(heart, seed=2).waveform)
    assert not np.array_equal(make(heart, seed=2).waveform, make(heart, seed=3).waveform)


def test_heart_sounds_are_where_the_truth_says():
    """The first 80 ms from each mark are far louder than the 80 ms before it."""
    made = make()
    for marks in (made.beats.s1_samples, made.beats.s2_samples[made.beats.s2_samples > 0]):
        after = loudness(made, marks, marks + 320)
        before = loudness(made, marks - 320, marks)
        assert after > 5 * before


def test_no_beat_is_left_out_of_the_truth():
    """Outside the marked sounds nothing is heard but the surroundings."""
    made = make(duration_s=20.0)
    rest = made.waveform.copy()
    for mark in np.concatenate((made.beats.s1_samples, made.beats.s2_samples)):
        rest[max(0, mark - 100) : mark + 900] = 0.0
    assert np.abs(rest[1600:]).max() < 0.05 * np.abs(made.waveform).max()


def test_nothing_of_a_heart_sound_is_heard_before_it():
    """The device delays but never foretells: before the first mark there is only noise."""
    made = make(dataclasses.replace(STEADY, band_hz=(20.0, 600.0), rhythm=Rhythm(heart_rate_bpm=45.0)), duration_s=20.0)
    marks = made.beats.s1_samples
    assert loudness(made, marks - 40, marks) < 2 * loudness(made, marks - 400, marks - 360)
    assert loudness(made, marks, marks + 40) > 10 * loudness(made, marks - 40, marks)


def test_the_same_timbre_is_the_same_heart():
    """Two recordings of one timbre have more alike first sounds than two of different timbres."""
    first, same, other = (
        np.mean([made.waveform[m : m + 400] for m in made.beats.s1_samples[1:-1]], axis=0)
        for made in (make(dataclasses.replace(STEADY, timbre=t), seed=s) for t, s in ((1, 0), (1, 5), (2, 0)))
    )
    assert np.corrcoef(first, same)[0, 1] > 0.9
    assert np.corrcoef(first, other)[0, 1] < 0.8


@pytest.mark.parametrize("rate_bpm", [50.0, 90.0, 150.0])
def test_the_heart_rate_is_heard(rate_bpm):
    """The number of first sounds in a minute is the rate."""
    made = make(dataclasses.replace(STEADY, rhythm=Rhythm(heart_rate_bpm=rate_bpm)), duration_s=60.0)
    assert len(made.beats.s1_samples) == pytest.approx(rate_bpm, abs=3)


@pytest.mark.parametrize("level_db", [-12.0, 0.0, 6.0])
def test_the_second_sound_has_its_level(level_db):
    """Peaks of the second sound against the first follow the setting."""
    tone = HeartSound(pitch_hz=55.0, duration_s=0.1, level_db=level_db)
    heart = dataclasses.replace(STEADY, s2=tone, split_s=(0.0, 0.0))
    ratios = []
    for seed in range(8):
        made = make(heart, seed=seed)
        first, second = (
            np.median([np.abs(made.waveform[m : m + 480]).max() for m in marks if 0 <= m < len(made.waveform) - 480])
            for marks in (made.beats.s1_samples, made.beats.s2_samples)
        )
        ratios.append(20 * np.log10(second / first))
    assert np.mean(ratios) == pytest.approx(level_db, abs=4.0)


def test_a_systolic_murmur_fills_systole_and_leaves_diastole_quiet():
    """Between first and second sound it is loud, between second and first it is not."""
    made = make(dataclasses.replace(STEADY, murmur=Murmur(level_db=-10.0)))
    s1, s2 = made.beats.s1_samples[:-1], made.beats.s2_samples[:-1]
    systole = loudness(made, s1 + 600, s2 - 100)
    assert systole > 8 * loudness(made, s2 + 700, made.beats.s1_samples[1:] - 300)
    assert systole > 8 * loudness(make(), s1 + 600, s2 - 100)


def test_a_diastolic_murmur_comes_after_the_second_sound():
    """An early diastolic murmur is loud behind the second sound and systole stays quiet."""
    murmur = Murmur(phase="diastolic", shape="decrescendo", interval=(0.05, 0.9), level_db=-10.0)
    made = make(dataclasses.replace(STEADY, murmur=murmur))
    s1, s2 = made.beats.s1_samples[:-1], made.beats.s2_samples[:-1]
    ectopic, late = loudness(made, s2 + 300, s2 + 700), loudness(made, s2 + 1100, s2 + 1500)
    assert ectopic > 2 * late
    assert ectopic > 4 * loudness(made, s1 + 700, s2 - 100)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_murmur_has_its_shape(shape):
    """Where the drawn shape is high the murmur is loud: the two courses agree."""
    murmur = Murmur(shape=shape, interval=(0.0, 1.0), level_db=-1.0, centre_hz=300.0)
    silent = HeartSound(pitch_hz=50.0, duration_s=0.1, level_db=-120.0)
    heart = dataclasses.replace(STEADY, s1=silent, s2=silent, murmur=murmur, rhythm=Rhythm(heart_rate_bpm=50.0))
    made = make(heart, duration_s=60.0)
    courses = [
        np.abs(made.waveform[a:b])[np.linspace(0, b - a - 1, 1000).astype(int)].reshape(20, 50).mean(axis=1)
        for a, b in zip(made.beats.s1_samples, made.beats.s2_samples, strict=True)
        if b > 0
    ]
    drawn = np.interp((np.arange(20) + 0.5) / 20, *SHAPES[shape])
    heard = np.mean([course for course in courses if course.max() < 1], axis=0)
    edge = slice(5, None)  # the first sound lies over the beginning
    assert np.corrcoef(heard[edge], drawn[edge])[0, 1] > 0.8


def test_an_early_beat_without_a_second_sound_says_so():
    """Where the early beat has no second sound to hear, the truth has -1."""
    heart = dataclasses.replace(STEADY, rhythm=Rhythm(kind="ectopic"), ectopic_s2=0.0)
    made = make(heart, duration_s=20.0)
    assert (made.beats.s2_samples[made.beats.ectopic] == -1).all()
    assert (made.beats.s2_samples[~made.beats.ectopic][:-1] > 0).all()


def test_an_early_beat_is_as_loud_as_asked():
    """A first sound at half the loudness is about half as loud."""
    heart = dataclasses.replace(STEADY, rhythm=Rhythm(kind="ectopic"), ectopic_s1=0.5)
    made = make(heart, duration_s=60.0)
    s1, ectopic = made.beats.s1_samples[:-1], made.beats.ectopic[:-1]
    soft = loudness(made, s1[ectopic], s1[ectopic] + 400)
    assert soft / loudness(made, s1[~ectopic], s1[~ectopic] + 400) == pytest.approx(0.5, abs=0.1)


def test_third_and_fourth_sounds_are_heard_when_asked_for():
    """They lie behind the second and before the first sound, softer than either."""
    plain, extra = make(), make(dataclasses.replace(STEADY, s3_db=-12.0, s4_db=-12.0))
    for made, factor in ((plain, 0.0), (extra, 3.0)):
        s1, s2 = made.beats.s1_samples[1:-1], made.beats.s2_samples[1:-1]
        floor = loudness(plain, plain.beats.s1_samples[1:-1] - 700, plain.beats.s1_samples[1:-1] - 600)
        assert loudness(made, s2 + 720, s2 + 1000) >= factor * floor
        assert loudness(made, s1 - 320, s1 - 100) >= factor * floor


def test_noise_has_the_level_asked_for():
    """40 dB more noise makes the quiet parts 40 dB louder."""
    levels = []
    for noise_db in (-70.0, -30.0):
        made = make(dataclasses.replace(STEADY, background=dataclasses.replace(QUIET, noise_db=noise_db)))
        levels.append(loudness(made, made.beats.s1_samples[1:] - 600, made.beats.s1_samples[1:] - 100))
    assert 20 * np.log10(levels[1] / levels[0]) == pytest.approx(40.0, abs=5.0)


def test_lungs_swell_with_the_breath():
    """Loud lungs at 15 breaths a minute come and go four seconds apart."""
    lungs = dataclasses.replace(QUIET, lungs_db=-10.0)
    made = make(dataclasses.replace(STEADY, background=lungs), duration_s=40.0)
    power = (np.diff(made.waveform) ** 2)[: 39 * RATE].reshape(-1, RATE // 4).mean(axis=1)
    power -= power.mean()
    spectrum = np.abs(np.fft.rfft(power))
    assert np.fft.rfftfreq(len(power), 0.25)[spectrum.argmax()] == pytest.approx(0.25, abs=0.03)


def test_hum_is_a_line_at_the_mains():
    """Hum stands as a line at 50 Hz or one of its harmonics, above what is round it."""
    made = make(dataclasses.replace(STEADY, background=dataclasses.replace(QUIET, hum_db=-10.0)))
    power = np.abs(np.fft.rfft(made.waveform[: 8 * RATE] * np.hanning(8 * RATE))) ** 2
    lines = [power[int(8 * hz) - 8 : int(8 * hz) + 9] for hz in (100, 150, 200, 250)]
    assert max(line[6:11].max() / np.median(line) for line in lines) > 100


def test_bumps_come_at_their_rate():
    """Without bumps the quiet parts are quiet; with two a second they are not."""
    quiet = make(duration_s=30.0)
    bumpy = make(
        dataclasses.replace(STEADY, background=dataclasses.replace(QUIET, knocks_per_s=2.0, knocks_db=0.0)), 30.0
    )
    for made, least in ((quiet, 0.0), (bumpy, 0.02)):
        marks = made.beats.s1_samples[1:]
        gap = loudness(made, marks - 800, marks - 100) / np.abs(made.waveform).max()
        assert gap >= least
        assert gap < 0.01 or made is bumpy


def test_an_overdriven_recording_is_clipped():
    """A peak above 1 flattens the loudest samples at 1; below 1 it is the peak."""
    loud = make(dataclasses.replace(STEADY, peak=1.8)).waveform
    soft = make(dataclasses.replace(STEADY, peak=0.3)).waveform
    assert np.count_nonzero(np.abs(loud) == 1.0) > 20
    assert np.abs(soft).max() == pytest.approx(0.3, rel=1e-5)


def test_the_device_limits_the_band():
    """A narrower device lowers the frequency below which nearly all power lies."""
    noisy = BackgroundNoise(noise_db=-90.0, hiss_db=-120.0, lungs_db=-5.0, whistle_db=-200.0)
    wide = make(dataclasses.replace(STEADY, background=noisy, band_hz=(10.0, 1900.0))).waveform
    narrow = make(dataclasses.replace(STEADY, background=noisy, band_hz=(10.0, 200.0))).waveform
    assert edge_hz(narrow) < 0.7 * edge_hz(wide)


def test_the_same_heart_keeps_its_times_at_another_rate():
    """The truth in seconds does not depend on the sample rate."""
    low, high = make(sample_rate=2000), make(sample_rate=44_100)
    assert low.beats.s1_samples / 2000 == pytest.approx(high.beats.s1_samples / 44_100, abs=1e-3)


def test_a_window_becomes_a_finite_picture():
    """Made sound goes through the network's picture like any other."""
    rng = np.random.default_rng(0)
    picture = input_image(phonocardiogram(5.0, random_parameters(rng), rng).waveform, HEART)
    assert picture.shape == (64, 64, 3)
    assert np.isfinite(picture).all()


@pytest.mark.parametrize(("duration_s", "sample_rate"), [(0.0, 4000), (-5.0, 4000), (5.0, 500), (4000.0, 4000)])
def test_what_cannot_be_made_is_refused(duration_s, sample_rate):
    """A duration or rate out of range is the caller's mistake."""
    with pytest.raises(ValueError, match="must be from"):
        make(duration_s=duration_s, sample_rate=sample_rate)


def test_murmurs_reach_higher_than_normal_hearts():
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
    """Return the 10th and 99th percentile in dB of the short-time power in eight bands, against the loudest."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 256)[::100] * np.hanning(256)
    power = 10 * np.log10(np.abs(np.fft.rfft(frames)) ** 2 + 1e-12)
    power -= np.percentile(power[:, 2:8], 99)
    bands = np.stack([power[:, low : 2 * low].mean(axis=1) for low in (1, 2, 4, 8, 16, 32, 64)])
    return np.percentile(bands, (10, 99), axis=1)


@pytest.mark.skipif(not SET_B.is_dir(), reason="needs the PASCAL recordings, which are not part of the project")
@pytest.mark.parametrize("label", ["normal", "murmur", "extrastole"])
def test_made_and_real_recordings_have_alike_spectra(label):
    """Median noise floor and peak agree with PASCAL set B within 7 dB in every octave."""
    soundfile = pytest.importorskip("soundfile")
    files = sorted(SET_B.glob(f"{label}_*.wav"))[::4]
    real = [wave for wave in (soundfile.read(path)[0] for path in files) if len(wave) > 8000 and wave.std() > 1e-5]
    rng = np.random.default_rng(6)
    made = [phonocardiogram(5.0, random_parameters(rng, label=label), rng).waveform for _ in range(60)]
    levels = [np.median([spectrum_levels(wave) for wave in waves], axis=0) for waves in (real, made)]
    assert np.abs(levels[0] - levels[1]).max() < 7.0

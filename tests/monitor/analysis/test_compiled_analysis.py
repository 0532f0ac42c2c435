"""With the compiled front end a sound gets the verdicts that it gets with NumPy: labels, states, beats, rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer, JudgedWindow
from monitor.audio.sources.synthetic import SyntheticSource
from monitor.features.compiled.library import library, without_library
from monitor.inference.bundle import Bundle, load_bundle
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

IMAGE_TOLERANCE = 1e-3
"""Image units of 17 dB: what single precision leaves of the quietest bins, 80 dB below the loudest; most windows agree
within 1e-4 (docs/decisions/0023)."""
RESAMPLED_TOLERANCE = 0.05
"""The same where the decimator stands for soxr: as much as soxr from 48 kHz differs from soxr from 44.1 kHz, by its own
aliases, in bins 80 dB below the loudest (docs/decisions/0005)."""
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Load the default bundle."""
    return load_bundle()


def analysed(bundle: Bundle, sound: NDArray[np.float32], rate: int, block: int) -> tuple[list[JudgedWindow], tuple]:
    """Return the windows and the last beats of a sound that arrives in blocks."""
    analyzer = Analyzer(bundle, rate)
    windows = []
    for begin in range(0, len(sound), block):
        windows += [analyzer.judge(index) for index in analyzer.push(sound[begin : begin + block])]
    windows += [analyzer.judge(index) for index in analyzer.finish()]
    return windows, analyzer.last_beats()


def assert_same(found: JudgedWindow, expected: JudgedWindow, rate: int) -> None:
    """Compare what a person sees of a window."""
    assert found.tensor is not None
    assert expected.tensor is not None
    difference = np.abs(found.tensor - expected.tensor)
    assert difference.max() < (IMAGE_TOLERANCE if rate == 4000 else RESAMPLED_TOLERANCE)
    assert np.percentile(difference, 50) < 1e-4
    assert np.percentile(difference, 99) < (1e-4 if rate == 4000 else 1e-3)
    event, other = found.event, expected.event
    for name in ("verdict", "rolling"):
        assert getattr(event, name).state == getattr(other, name).state
        assert getattr(event, name).label == getattr(other, name).label
    assert (event.quality.state, event.quality.reason) == (other.quality.state, other.quality.reason)
    assert event.heart_rate_reason == other.heart_rate_reason
    assert (event.heart_rate_bpm or 0.0) == pytest.approx(other.heart_rate_bpm or 0.0, abs=0.01)
    assert event.ectopic.beat_times_s == pytest.approx(other.ectopic.beat_times_s, abs=1e-3)
    assert len(event.beats) == len(other.beats)
    for beat, same in zip(event.beats, other.beats, strict=True):
        assert (beat.s1_s or 0.0) == pytest.approx(same.s1_s or 0.0, abs=1e-3)
        assert (beat.s2_s or 0.0) == pytest.approx(same.s2_s or 0.0, abs=1e-3)


def compare(bundle: Bundle, sound: NDArray[np.float32], rate: int) -> int:
    """Compare every window of a sound with NumPy's; return their number."""
    found, last = analysed(bundle, sound, rate, rate // 2)
    with without_library():
        expected, expected_last = analysed(bundle, sound, rate, rate // 2)
    assert len(found) == len(expected)
    assert len(last) == len(expected_last)
    for one, other in zip(found, expected, strict=True):
        assert_same(one, other, rate)
    return len(found)


@pytest.mark.parametrize("rate", [4000, 44_100, 48_000])
def test_the_demo_is_judged_alike(bundle: Bundle, rate: int) -> None:
    """Every state and label that the demo goes through."""
    sound = SyntheticSource().waveform[: 80 * 4000]
    if rate != 4000:
        at = np.arange(30 * rate) / rate
        sound = np.interp(at, np.arange(len(sound)) / 4000, sound).astype(np.float32)
    assert compare(bundle, sound, rate) > 40


@pytest.mark.parametrize("seed", range(6))
def test_synthetic_hearts_are_judged_alike(bundle: Bundle, seed: int) -> None:
    """Normal, murmur and extrasystoles at random rates; one is a clip shorter than a window."""
    rng = np.random.default_rng(seed)
    parameters = random_parameters(rng, label=("normal", "murmur", "extrastole")[seed % 3])
    assert compare(bundle, phonocardiogram(3.0 if seed == 5 else 25.0, parameters, rng).waveform, 4000) >= 1


@pytest.mark.parametrize("seed", range(2))
def test_a_stream_is_the_whole_bit_for_bit(bundle: Bundle, seed: int) -> None:
    """In blocks of any size the images and the events are equal to the last bit."""
    rng = np.random.default_rng(seed)
    sound = phonocardiogram(20.0, random_parameters(rng, label="normal"), rng).waveform
    whole, last = analysed(bundle, sound, 4000, 8000)
    for block in (37 + 900 * seed, 2000):
        parts, parts_last = analysed(bundle, sound, 4000, block)
        assert parts_last == last
        for one, other in zip(parts, whole, strict=True):
            np.testing.assert_array_equal(one.tensor, other.tensor)
            assert one.event == other.event


@pytest.mark.parametrize("index", range(12))
def test_recordings_are_judged_alike(bundle: Bundle, index: int) -> None:
    """Recordings of patients, of every set that is there."""
    paths = sorted(path for path in DATA.rglob("*") if path.suffix in {".wav", ".flac"})
    if not paths:
        pytest.skip("no recordings are here")
    sound, rate = soundfile.read(paths[len(paths) * index // 12], dtype="float32", always_2d=True)
    assert compare(bundle, np.ascontiguousarray(sound[: 30 * rate].mean(axis=1)), rate) >= 1

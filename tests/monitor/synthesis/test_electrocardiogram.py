"""The synthetic electrocardiogram has its R peaks where it says."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.synthesis.electrocardiogram import EcgNoise, electrocardiogram

PEAKS = np.array([2000, 5400, 8800, 30_000])


def make(noise=None, **options):
    """Return 3 s at 4 kHz; the last peak lies outside."""
    return electrocardiogram(PEAKS, 12_000, 4000, np.random.default_rng(0), noise, **options)


def test_the_peaks():
    """Those inside are known, and each is the largest deflection of its beat."""
    ecg = make()
    assert (ecg.r_samples.tolist(), ecg.waveform.dtype, ecg.sample_rate) == ([2000, 5400, 8800], np.float32, 4000)
    for peak in ecg.r_samples:
        assert int(ecg.waveform[peak - 1200 : peak + 1200].argmax()) == 1200
    assert ecg.waveform.max() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_array_equal(make(inverted=True).waveform, -ecg.waveform)


def test_an_ectopic_beat():
    """It points the other way, and is wider."""
    ecg = make(ectopic=np.array([False, True, False, False]))
    assert ecg.waveform[5400] < -0.25
    wide, narrow = (np.abs(ecg.waveform[peak - 400 : peak + 400]) > 0.15 for peak in (5400, 2000))
    assert wide.sum() > 2 * narrow.sum()


@pytest.mark.parametrize(
    ("noise", "hz"), [(EcgNoise(wander=0.5, wander_hz=2.0), 2.0), (EcgNoise(hum=0.5, hum_hz=60.0), 60.0)]
)
def test_the_tones(noise, hz):
    """Wander and hum have their frequency and amplitude."""
    added = make(noise).waveform - make().waveform
    spectrum = np.abs(np.fft.rfft(added)) / len(added) * 2
    assert int(spectrum.argmax()) == round(hz * 3)
    assert spectrum.max() == pytest.approx(0.15, rel=0.01)


def test_muscle_and_motion():
    """Muscle noise has its root mean square, motion comes in steps that fade; a seed gives the same signal."""
    added = make(EcgNoise(muscle=0.2)).waveform - make().waveform
    assert np.sqrt(np.square(added).mean()) == pytest.approx(0.06, rel=0.15)
    moved = make(EcgNoise(motion_per_s=3.0)).waveform - make().waveform
    assert np.abs(np.diff(moved)).max() > 0.05
    np.testing.assert_array_equal(make(EcgNoise(motion_per_s=3.0)).waveform - make().waveform, moved)

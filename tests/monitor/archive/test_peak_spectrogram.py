"""The spectrogram of a whole recording: levels in decibels, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.archive.peak_spectrogram import COLUMNS, PeakSpectrogram
from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART


@pytest.mark.parametrize("spec", [HEART, ARTICLE])
def test_a_full_scale_tone_has_0_db(signals, spec):
    """At its own frequency, whatever the kind of the bundle."""
    spectrogram = PeakSpectrogram(4000, spec)
    spectrogram.push(signals.tone(250.0, 8000, level=1.0))
    spectrogram.push(np.zeros(0, np.float32), last=True)
    power_db = spectrogram.power_db()
    assert power_db.max() == pytest.approx(0.0, abs=0.1)
    assert np.argmax(power_db[:, 10]) == 15


def test_it_does_not_depend_on_the_blocks(signals):
    """One push and many give the same columns."""
    sound = signals.noise(20_000)
    whole, cut = PeakSpectrogram(4000, HEART), PeakSpectrogram(4000, HEART)
    whole.push(sound, last=True)
    for block in np.split(sound, [1, 999, 1000, 15_000]):
        cut.push(block)
    cut.push(np.zeros(0, np.float32), last=True)
    assert np.array_equal(whole.power_db(), cut.power_db())


def test_columns_stay_bounded(signals):
    """Three minutes have at most 4096 columns, and at least half of them."""
    spectrogram = PeakSpectrogram(4000, HEART)
    for _ in range(18):
        spectrogram.push(signals.noise(40_000))
    assert COLUMNS / 2 <= spectrogram.power_db().shape[1] <= COLUMNS

"""The waveform of any stretch: read at once where it is short, from the overview where it is long."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.archive.timeline import open_sound
from monitor.commands.review.sound_bins import SoundBins
from tests.monitor.commands.review.conftest import HEART, RATE


@pytest.fixture
def bins(folder):
    """Return the bins of the session's sound, closed after the test."""
    bins = SoundBins(open_sound(folder / "sound.flac"))
    yield bins
    bins.close()


def test_a_short_stretch_is_exact(bins):
    """Minimum and maximum of every part, also before the overview is read."""
    low, high = bins.between(10.0, 20.0, 100)
    parts = HEART[40_000:80_000].reshape(100, 400)
    np.testing.assert_allclose(low, parts.min(axis=1), atol=1e-6)
    np.testing.assert_allclose(high, parts.max(axis=1), atol=1e-6)


def test_beyond_the_end_nothing_is_known(bins):
    """NaN, not silence."""
    low, high = bins.between(85.0, 95.0, 100)
    assert np.isfinite(low[:50]).all()
    assert np.isnan(low[50:]).all()
    assert np.isnan(high[50:]).all()


def test_the_overview_comes_piece_by_piece(folder):
    """What is not read yet is not known; in the end it has the extremes of the whole."""
    now = iter(np.arange(0.0, 1000.0, 1.0))
    bins = SoundBins(open_sound(folder / "sound.flac"), clock=lambda: next(now))
    low, high = bins.between(0.0, 90.0, 90)
    assert np.isnan(low).all()
    bins.work(1.5)
    assert not bins.complete
    while not bins.complete:
        bins.work(1.5)
    low, high = bins.between(0.0, 90.0, 90)
    seconds = HEART.reshape(90, RATE)
    np.testing.assert_allclose(low, seconds.min(axis=1), atol=1e-6)
    np.testing.assert_allclose(high, seconds.max(axis=1), atol=1e-6)
    bins.work(1.0)
    bins.close()


def test_without_sound():
    """A session whose sound is gone has its verdicts."""
    bins = SoundBins(None)
    assert bins.complete
    assert np.isnan(bins.between(0.0, 5.0, 10)[0]).all()
    assert len(bins.samples(0, 100)) == 0


def test_a_file_that_vanishes_is_told(folder):
    """The screen stays, without the waveform."""
    bins = SoundBins(open_sound(folder / "sound.flac"))
    (folder / "sound.flac").unlink()
    assert np.isnan(bins.between(0.0, 5.0, 10)[0]).all()
    bins.work(0.1)
    assert "sound.flac" in bins.error
    assert bins.complete

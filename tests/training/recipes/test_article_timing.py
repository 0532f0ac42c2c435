"""The article's way is measured as the article went: a drawn picture, then `predict`."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features.article_image import ARTICLE, article_image
from monitor.features.resample import resampled

pytest.importorskip("tensorflow", reason="the article's way needs the training extra")
pytest.importorskip("matplotlib", reason="the article's way needs the training extra")

from training.recipes.article_timing import article_seconds, drawn_picture


@pytest.fixture(scope="module")
def window(heart_waveform):
    """Return one window of a made heart at the article's rate."""
    return resampled(heart_waveform, 4000, ARTICLE.sample_rate)[: ARTICLE.window_samples]


def test_the_picture_is_what_the_network_takes(window):
    """64x64x3 from 0 to 1, with dark and bright places."""
    picture = drawn_picture(window)
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.float32
    assert 0.0 <= picture.min() < 0.2
    assert 0.8 < picture.max() <= 1.0


def test_the_picture_is_the_one_that_we_draw_without_matplotlib(window):
    """Inside the frame that matplotlib leaves white, low frequencies are bright as in our own drawing."""
    drawn, ours = drawn_picture(window), article_image(window, ARTICLE)
    rows = drawn[12:52, 20:50].mean(axis=(1, 2))[::-1]  # row 0 of ours is the lowest frequency
    own = ours.mean(axis=(1, 2))
    assert rows[:4].mean() > rows[20:].mean()
    assert own[:4].mean() > own[20:].mean()


def test_no_figure_is_left_open(window):
    """Drawing a thousand windows would not keep a thousand figures."""
    from matplotlib import pyplot

    drawn_picture(window)
    assert pyplot.get_fignums() == []


def test_both_parts_are_timed(heart_waveform):
    """As many windows as asked for; picture and prediction together make up the whole."""
    times = article_seconds(heart_waveform, 4000, 3)
    assert {name: len(seconds) for name, seconds in times.items()} == {"picture": 3, "predict": 3, "both": 3}
    for picture, predict, both in zip(times["picture"], times["predict"], times["both"], strict=True):
        assert picture > 0.0
        assert predict > 0.0
        assert both == pytest.approx(picture + predict)


def test_too_short_a_sound_is_refused(heart_waveform):
    """There must be a whole window to draw."""
    with pytest.raises(ValueError, match="one window"):
        article_seconds(heart_waveform[:8000], 4000, 1)

"""The article's pipeline is timed as published: an image rendered by matplotlib, then `predict`."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.features.article_image import ARTICLE, article_image
from monitor.features.resample import resampled

pytest.importorskip("tensorflow", reason="the article's pipeline needs the training extra")
pytest.importorskip("matplotlib", reason="the article's pipeline needs the training extra")

from training.recipes.article_timing import article_seconds, render_image


@pytest.fixture(scope="module")
def window(heart_waveform):
    """Return one window of a synthetic heart at the article's rate."""
    return resampled(heart_waveform, 4000, ARTICLE.sample_rate)[: ARTICLE.window_samples]


def test_the_image(window):
    """64x64x3 from 0 to 1, with dark and bright pixels."""
    image = render_image(window)
    assert image.shape == (64, 64, 3)
    assert image.dtype == np.float32
    assert 0.0 <= image.min() < 0.2
    assert 0.8 < image.max() <= 1.0


def test_the_image_agrees_with_the_one_without_matplotlib(window):
    """Inside the white margin of the figure, low frequencies are bright in both."""
    rendered, ours = render_image(window), article_image(window, ARTICLE)
    rows = rendered[12:52, 20:50].mean(axis=(1, 2))[::-1]  # row 0 of ours is the lowest frequency
    own = ours.mean(axis=(1, 2))
    assert rows[:4].mean() > rows[20:].mean()
    assert own[:4].mean() > own[20:].mean()


def test_no_figure_is_left_open(window):
    """Rendering closes its figure."""
    from matplotlib import pyplot

    render_image(window)
    assert pyplot.get_fignums() == []


def test_both_parts_are_timed(heart_waveform):
    """As many windows as asked for; image and prediction sum to the whole."""
    times = article_seconds(heart_waveform, 4000, 3)
    assert {name: len(seconds) for name, seconds in times.items()} == {"picture": 3, "predict": 3, "both": 3}
    for image, predict, both in zip(times["picture"], times["predict"], times["both"], strict=True):
        assert image > 0.0
        assert predict > 0.0
        assert both == pytest.approx(image + predict)


def test_a_short_waveform_is_refused(heart_waveform):
    """There must be a whole window."""
    with pytest.raises(ValueError, match="one window"):
        article_seconds(heart_waveform[:8000], 4000, 1)

"""The article's image: what matplotlib plots, computed in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE, ArticleImage, article_image, specgram_decibels
from monitor.features.colormap import INFERNO
from monitor.features.resample import resampled

WINDOW = ARTICLE.window_samples


@pytest.fixture(scope="module")
def heart(heart_waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 10 s of a synthetic heart at the article's rate, with a little noise above 2 kHz."""
    noise = np.random.default_rng(5).standard_normal(10 * ARTICLE.sample_rate).astype(np.float32)
    return resampled(heart_waveform, 4000, ARTICLE.sample_rate) + np.float32(1e-4) * noise


def matplotlib_image(waveform: NDArray[np.float32]) -> Any:
    """Return the spectrum and the image that matplotlib's specgram makes with the article's settings."""
    figure = pytest.importorskip("matplotlib.figure", reason="the comparison needs matplotlib")
    axes = figure.Figure().add_subplot()
    spectrum, _, _, image = axes.specgram(
        waveform, NFFT=2048, noverlap=128, scale="dB", mode="default", sides="default", cmap="inferno"
    )
    return spectrum, image


def test_the_same_decibels_as_matplotlib(heart: NDArray[np.float32]) -> None:
    """Segments, taper and scaling are matplotlib's: every cell within a thousandth of a dB."""
    spectrum, image = matplotlib_image(heart[:WINDOW])
    ours = specgram_decibels(heart[:WINDOW], ARTICLE)
    np.testing.assert_allclose(ours, 10 * np.log10(spectrum), atol=1e-3)
    np.testing.assert_allclose(ours[::-1], image.get_array(), atol=1e-3)


def test_the_same_stretch_and_colours_as_matplotlib(heart: NDArray[np.float32]) -> None:
    """Quietest to loudest cell fill the colormap as in matplotlib, one step of 256 apart at most."""
    _, plotted = matplotlib_image(heart[:WINDOW])
    ours = specgram_decibels(heart[:WINDOW], ARTICLE)
    level = (ours - ours.min()) / (ours.max() - ours.min())
    coloured = INFERNO[np.minimum((level * 256).astype(int), 255)]
    theirs = plotted.to_rgba(plotted.get_array(), bytes=True)[::-1, :, :3]
    assert (
        np.abs(coloured.astype(int) - theirs.astype(int)).max() <= 5
    )  # neighbours in the colormap differ by 5 at most
    assert (coloured == theirs).all(axis=2).mean() > 0.99


def test_image(heart: NDArray[np.float32]) -> None:
    """64x64 colours from 0 to 1, each of them in the inferno colormap."""
    image = article_image(heart[:WINDOW], ARTICLE)
    assert image.shape == ARTICLE.shape
    assert image.dtype == np.float32
    table = {tuple(colour) for colour in INFERNO.tolist()}
    assert {tuple(colour) for colour in np.round(image * 255).astype(int).reshape(-1, 3).tolist()} <= table


def brightest_row(image: NDArray[np.float32]) -> int:
    """Return the brightest row of a image."""
    return int(image.sum(axis=2).mean(axis=1).argmax())


@pytest.mark.parametrize("hz", [100.0, 2000.0, 5000.0, 10_900.0])
def test_a_tone_lands_in_its_row(hz: float, signals: Any) -> None:
    """64 rows share 0 to 11025 Hz evenly, the lowest first."""
    waveform = signals.tone(hz, WINDOW, ARTICLE.sample_rate) + signals.noise(WINDOW, level=1e-4)
    assert abs(brightest_row(article_image(waveform, ARTICLE)) - int(hz / 11_025 * 64)) <= 1


def test_time_runs_to_the_right(signals: Any) -> None:
    """A sound in the second half is in the right half of the image."""
    waveform = signals.noise(WINDOW, level=1e-4)
    waveform[WINDOW // 2 :] += signals.noise(WINDOW - WINDOW // 2, seed=1)
    brightness = article_image(waveform, ARTICLE).sum(axis=(0, 2))
    assert brightness[34:].min() > brightness[:30].max()


@pytest.mark.parametrize("gain", [0.01, 10.0])
def test_gain_does_not_matter(gain: float, heart: NDArray[np.float32]) -> None:
    """The stretch from quietest to loudest makes it level-independent, up to a step of the colormap."""
    louder = article_image((heart[:WINDOW] * gain).astype(np.float32), ARTICLE)
    assert np.abs(louder - article_image(heart[:WINDOW], ARTICLE)).max() <= 5 / 255 + 1e-6


@pytest.mark.parametrize("level", [0.0, 1e-30, 0.5, -1.0])
def test_a_constant_gives_a_finite_image(level: float) -> None:
    """Silence and a stuck converter: finite colours, no NaN, no division by zero."""
    image = article_image(np.full(WINDOW, level, np.float32), ARTICLE)
    assert np.isfinite(image).all()


def test_silence_is_black(signals: Any) -> None:
    """Digital silence is the darkest colour everywhere."""
    image = article_image(signals.silence(WINDOW), ARTICLE)
    np.testing.assert_array_equal(image, np.broadcast_to(INFERNO[0] / np.float32(255), image.shape))


def test_padding_does_not_stretch_the_colours(heart: NDArray[np.float32]) -> None:
    """Zeros behind a short clip are black, and the clip keeps the colours of its own range."""
    waveform = heart[:WINDOW].copy()
    waveform[WINDOW // 2 :] = 0.0
    image = article_image(waveform, ARTICLE)
    assert image[:, 40:].max() < 0.02
    assert image[:, :28].max() > 0.9


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 3 * WINDOW), min_size=1, max_size=8))
def test_any_cutting_gives_the_same_images(heart: NDArray[np.float32], blocks: list[int]) -> None:
    """However the sound is cut, the newest complete window has, bit for bit, the image of its samples."""
    sound = np.tile(heart, 2)
    stream = ArticleImage(ARTICLE)
    pushed = compared = 0
    while pushed < len(sound):
        block = sound[pushed : pushed + blocks[0]]
        blocks = [*blocks[1:], max(blocks[0], WINDOW // 2)]
        assert stream.push(block) == 0
        pushed += len(block)
        assert stream.end_sample == pushed
        if pushed >= WINDOW:
            start = pushed - WINDOW
            expected = article_image(sound[start:pushed], ARTICLE)
            np.testing.assert_array_equal(stream.image(start), expected)
            compared += 1
    assert compared


@pytest.mark.parametrize(("pushed", "start"), [(0, 0), (WINDOW - 1, 0), (WINDOW, 1), (WINDOW, -1), (8 * WINDOW, 0)])
def test_refuses_a_window_that_is_not_there(pushed: int, start: int, signals: Any) -> None:
    """A window not complete, before the sound, or no longer held is refused."""
    stream = ArticleImage(ARTICLE)
    stream.push(signals.silence(pushed))
    with pytest.raises(ValueError, match=f"start_sample={start} must lie in a window that is complete and still held"):
        stream.image(start)


def test_refuses_less_than_a_frame(signals: Any) -> None:
    """A waveform too short for one segment is refused."""
    with pytest.raises(ValueError, match="waveform of 2047 samples must hold at least one frame of 2048"):
        article_image(signals.silence(2047), ARTICLE)

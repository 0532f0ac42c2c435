"""Image and frames are those of the same window, for both kinds of image and at any sample rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.features.article_image import ARTICLE, article_image
from monitor.features.extractor import FeatureExtractor
from monitor.features.resample import resampled
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram, input_image

BOTH = pytest.mark.parametrize("spec", [HEART, ARTICLE], ids=["heart", "article"])


def test_the_default_image_and_its_frames(signals: Any) -> None:
    """The image of a window is that of its samples alone, and the frames are those it was built from."""
    waveform = signals.noise(28_000)
    extractor = FeatureExtractor(HEART, 4000)
    extractor.push(waveform)
    np.testing.assert_array_equal(extractor.image(4000), input_image(waveform[4000:24_000], HEART))
    assert extractor.frames(4000).log_power.shape == (HEART.num_frames, 64)


def test_the_article_image_has_frames_beside_it(signals: Any) -> None:
    """The article's image at its own rate; the frames are the streaming spectrogram's, of the same seconds."""
    waveform = signals.noise(8000 * 7)
    extractor = FeatureExtractor(ARTICLE, 8000)
    extractor.push(waveform, last=True)
    start = 22_050 + 100  # 1.0045 s, off the grid of the frames, which begin at 1 s
    at_article_rate = resampled(waveform, 8000, 22_050)
    np.testing.assert_array_equal(
        extractor.image(start), article_image(at_article_rate[start : start + 110_250], ARTICLE)
    )
    spectrogram = StreamingSpectrogram(HEART)
    spectrogram.push(resampled(waveform, 8000, 4000, start_at_zero=True))
    np.testing.assert_array_equal(extractor.frames(start).envelope, spectrogram.window(4000).envelope)


@BOTH
def test_only_complete_windows(spec: SpectrogramSpec, signals: Any) -> None:
    """The end counts what every feature is complete for; a window beyond it is refused."""
    extractor = FeatureExtractor(spec, 44_100)
    sound = signals.noise(44_100 * 5)
    extractor.push(sound[:-1000])
    assert extractor.end_sample < spec.window_samples
    with pytest.raises(ValueError, match="must lie in a window that is complete and still held"):
        extractor.image(0)
    extractor.push(sound[-1000:], last=True)
    assert extractor.end_sample == spec.window_samples
    assert extractor.image(0).shape == spec.shape
    assert len(extractor.frames(0).envelope) == HEART.num_frames


@BOTH
def test_the_stopwatch_sees_both_stages(spec: SpectrogramSpec, signals: Any) -> None:
    """Each push ends the two stages once, in order."""
    stages: list[str] = []
    extractor = FeatureExtractor(spec, 8000, stages.append)
    extractor.push(signals.noise(800))
    extractor.push(signals.noise(800))
    assert stages == ["resample", "spectrogram"] * 2


def test_a_rate_out_of_range() -> None:
    """The resampler's bounds hold."""
    with pytest.raises(ValueError, match="input_rate=500 must be from 1000 to 192000 Hz"):
        FeatureExtractor(HEART, 500)


@pytest.mark.parametrize("spec", [HEART, ARTICLE])
@pytest.mark.parametrize("rate", [1000, 4000, 8000, 11_025, 22_050, 44_100, 48_000])
def test_samples_until_is_never_too_many(spec: SpectrogramSpec, rate: int, signals: Any) -> None:
    """Whoever pushes what is missing at least never pushes more than a few samples beyond a sample that is awaited."""
    extractor, waveform, done, pushes = FeatureExtractor(spec, rate), signals.noise(3 * rate), 0, 0
    few = max(1, rate // 1000)  # 1 ms, for what the least does not tell
    for awaited in range(spec.sample_rate // 2, 5 * spec.sample_rate // 2, spec.sample_rate // 2):
        while extractor.end_sample < awaited:
            count = extractor.samples_until(awaited)
            assert count >= 1
            complete = extractor.end_sample
            extractor.push(waveform[done : done + max(few, count)])
            done, pushes = done + max(few, count), pushes + 1
        assert complete < awaited <= extractor.end_sample <= awaited + 0.004 * spec.sample_rate + 2
    assert pushes < 4 * (0.25 if rate == 1000 else 0.08) * 1000 + 20


def test_samples_until_is_exact_at_the_same_rate() -> None:
    """Without a resampler nothing is late."""
    extractor = FeatureExtractor(HEART, HEART.sample_rate)
    extractor.push(np.zeros(1234, np.float32))
    assert extractor.samples_until(20_000) == 18_766


@pytest.mark.parametrize(("spec", "rate", "margin"), [(HEART, 4000, 0), (HEART, 44_100, 89), (ARTICLE, 4000, 8)])
def test_the_margin_is_the_resampler_s(spec: SpectrogramSpec, rate: int, margin: int) -> None:
    """Two milliseconds of the source where anything is resampled, nothing elsewhere."""
    assert FeatureExtractor(spec, rate).margin_samples == margin

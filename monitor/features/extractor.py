"""What a network and the quality gate see of a window: the input image and the frames, from one object.

:class:`FeatureExtractor` takes a sound in blocks at the source's own sample rate and gives image and frames of any
window that it still holds. The bundle's spectrogram settings choose the image. The frames are always those of the
streaming spectrogram, because heart rate and quality gate need them also beside the article's image.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.window import GateKernel, WindowKernel
from monitor.features.image import FrameWindow, HeldFrames
from monitor.features.resample import DELAY_VARIES_S, StreamingResampler
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import Scratch, StreamingSpectrogram

if TYPE_CHECKING:
    from monitor.features.article_image import ArticleImage

__all__ = ["FeatureExtractor", "Stopwatch", "no_stopwatch"]

Stopwatch: TypeAlias = Callable[[str], None]
"""Called with the name of a stage when that stage has ended; ``auscult bench`` passes one."""


def no_stopwatch(stage: str) -> None:
    """Take no time."""


class FeatureExtractor:
    """Images and frames of a sound that arrives in blocks of any size.

    Parameters
    ----------
    spec : SpectrogramSpec
    sample_rate : int
        Hz of the source, 1000 to 192000.
    stopwatch : callable
        Called at the end of the stages ``"resample"`` and ``"spectrogram"``.
    scratch : Scratch or None
        The scratch space of another extractor with the same spec, on the same thread; None for its own.

    Attributes
    ----------
    frame_hop_s : float
        Seconds between two frames.

    Raises
    ------
    ValueError
        If the sample rate is out of range.

    Notes
    -----
    Written by one thread. Holds the frames of two windows.

    Examples
    --------
    >>> extractor = FeatureExtractor(HEART, 8000)
    >>> extractor.push(np.zeros(40_000, np.float32), last=True)
    >>> extractor.image(0).shape, extractor.frames(0).envelope.shape
    ((64, 64, 3), (198,))
    """

    def __init__(
        self,
        spec: SpectrogramSpec,
        sample_rate: int,
        stopwatch: Stopwatch = no_stopwatch,
        scratch: Scratch | None = None,
    ) -> None:
        self._sample_rate = spec.sample_rate
        self._input_rate = sample_rate
        self._stopwatch = stopwatch
        self._article = _article_image(spec) if spec.kind == "article" else None
        self._spectrogram = StreamingSpectrogram(HEART if self._article else spec, scratch)
        self.frame_hop_s = self._spectrogram.spec.frame_hop_s
        to = self._spectrogram.spec
        self._resampler = StreamingResampler(sample_rate, to.sample_rate, start_at_zero=to.remove_dc)
        self._article_resampler = StreamingResampler(sample_rate, spec.sample_rate) if self._article else None
        self.latest_samples = np.zeros(0, np.float32)

    @property
    def end_sample(self) -> int:
        """Samples, at the rate of the spec, of which all features are complete."""
        if self._article is None:
            return self._spectrogram.end_sample
        end_s = self._spectrogram.end_sample / self._spectrogram.spec.sample_rate
        return min(self._article.end_sample, round(end_s * self._sample_rate))

    @property
    def scratch(self) -> Scratch:
        """The scratch space of the spectrogram."""
        return self._spectrogram.scratch

    def samples_until(self, end_sample: int) -> int:
        """Return how many samples of the source are missing at least until all features up to a sample are complete.

        Parameters
        ----------
        end_sample : int
            At the rate of the spec, beyond :attr:`end_sample`.

        Returns
        -------
        int
            1 or more; exact where nothing is resampled, else up to 2 ms too few: the resampler's delay varies by that.
        """
        missing = end_sample - self.end_sample
        if not self.margin_samples:
            return max(1, missing)
        missing -= math.ceil(DELAY_VARIES_S * self._sample_rate)
        return max(1, missing * self._input_rate // self._sample_rate)

    @property
    def margin_samples(self) -> int:
        """Samples of the source by which :meth:`samples_until` may be too few; 0 where nothing is resampled."""
        exact = self._sample_rate == self._input_rate == self._spectrogram.spec.sample_rate
        return 0 if exact else math.ceil(DELAY_VARIES_S * self._input_rate)

    def frames_in(self, seconds: float) -> int:
        """Return how many frames lie wholly inside the first ``seconds`` of a sound."""
        spec = self._spectrogram.spec
        return spec.frames_in(int(seconds * spec.sample_rate + 1e-6))

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> None:
        """Take the next samples of the source.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Any number of them; of a long push only the last two windows are held afterwards.
        last : bool
            Whether the sound ends here; nothing may be pushed afterwards.
        """
        samples = self.latest_samples = self._resampler.push(waveform, last=last)
        article_samples = self._article_resampler.push(waveform, last=last) if self._article_resampler else samples
        self._stopwatch("resample")
        self._spectrogram.push(samples)
        if self._article:
            self._article.push(article_samples)
        self._stopwatch("spectrogram")

    def window_kernel(self, gate: GateKernel | None) -> WindowKernel | None:
        """Return what computes image, rate and gate of such windows in one call; None where one is not compiled."""
        return None if self._article else self._spectrogram.window_kernel(gate)

    def frames(self, start_sample: int) -> HeldFrames:
        """Return the frames of the window that starts at ``start_sample``.

        Parameters
        ----------
        start_sample : int
            At the rate of the spec, a multiple of its frame hop. For the article, whose windows may start anywhere, the
            frames are those from the nearest frame boundary before it.

        Returns
        -------
        HeldFrames
            Views that stay valid until the next :meth:`push`.

        Raises
        ------
        ValueError
            If the window is off the frame grid, not complete yet, or no longer held.
        """
        if self._article is None:
            return self._spectrogram.window(start_sample)
        hop = self._spectrogram.frame_hop_samples
        start = round(start_sample / self._sample_rate * self._spectrogram.spec.sample_rate) // hop * hop
        return self._spectrogram.window(start)

    def image(self, start_sample: int, frames: FrameWindow | None = None) -> NDArray[np.float32]:
        """Return the input image of the window that starts at ``start_sample``.

        Parameters
        ----------
        start_sample : int
            As for :meth:`frames`.
        frames : FrameWindow or None
            Those of the same window, if the caller has them.

        Returns
        -------
        ndarray, shape (64, 64, 3), float32

        Raises
        ------
        ValueError
            As :meth:`frames`.
        """
        if self._article is None:
            return self._spectrogram.build(frames or self.frames(start_sample))
        return self._article.image(start_sample)


def _article_image(spec: SpectrogramSpec) -> ArticleImage:
    """Return what makes the article's image; imported only for a bundle that has it."""
    from monitor.features.article_image import ArticleImage

    return ArticleImage(spec)

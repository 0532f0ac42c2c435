"""What a network and the quality gate see of a window: the input image and the frames, from one object.

:class:`FeatureExtractor` takes a sound in blocks at the source's own sample rate and gives the features of any window
that it still holds. A bundle's spectrogram settings choose the image. The frames are the streaming spectrogram's in
both cases, for the article's image holds no envelope to find a heart rate in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.features.article_image import ArticleImage
from monitor.features.image import FrameWindow
from monitor.features.resample import StreamingResampler
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram

__all__ = ["FeatureExtractor", "Stopwatch", "WindowFeatures", "no_stopwatch"]

Stopwatch: TypeAlias = Callable[[str], None]
"""Called with the name of a stage when that stage has ended; ``auscult bench`` passes one."""


def no_stopwatch(stage: str) -> None:
    """Take no time."""


class WindowFeatures(NamedTuple):
    """The features of one window.

    Attributes
    ----------
    image : ndarray, shape (64, 64, 3), float32
        The network's input.
    frames : FrameWindow
        Views that stay valid until the next :meth:`FeatureExtractor.push`.
    """

    image: NDArray[np.float32]
    frames: FrameWindow


class FeatureExtractor:
    """Images and frames of a sound that arrives in blocks of any size.

    Parameters
    ----------
    spec : SpectrogramSpec
    sample_rate : int
        Hz of the source, 1000 to 192000.
    stopwatch : callable
        Called at the end of the stages ``"resample"`` and ``"spectrogram"``.

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
    >>> extractor.features(0).image.shape
    (64, 64, 3)
    """

    def __init__(self, spec: SpectrogramSpec, sample_rate: int, stopwatch: Stopwatch = no_stopwatch) -> None:
        self._sample_rate = spec.sample_rate
        self._stopwatch = stopwatch
        self._article = ArticleImage(spec) if spec.kind == "article" else None
        self._spectrogram = StreamingSpectrogram(HEART if self._article else spec)
        self.frame_hop_s = self._spectrogram.spec.frame_hop_s
        self._streams: list[StreamingSpectrogram | ArticleImage] = [self._spectrogram]
        if self._article:
            self._streams.append(self._article)
        self._resamplers = [StreamingResampler(sample_rate, stream.spec.sample_rate) for stream in self._streams]

    @property
    def end_sample(self) -> int:
        """Samples, at the rate of the spec, of which all features are complete."""
        end_s = min([stream.end_sample / stream.spec.sample_rate for stream in self._streams])
        return round(end_s * self._sample_rate)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> None:
        """Take the next samples of the source.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Any number of them; of a long push only the last two windows are held afterwards.
        last : bool
            Whether the sound ends here; nothing may be pushed afterwards.
        """
        resampled = [resampler.push(waveform, last=last) for resampler in self._resamplers]
        self._stopwatch("resample")
        for stream, samples in zip(self._streams, resampled, strict=True):
            stream.push(samples)
        self._stopwatch("spectrogram")

    def features(self, start_sample: int) -> WindowFeatures:
        """Return the features of the window that starts at ``start_sample``.

        Parameters
        ----------
        start_sample : int
            At the rate of the spec, a multiple of its frame hop. The frames beside an article's image are those of
            the nearest frame boundary before it.

        Raises
        ------
        ValueError
            If the window is off the frame grid, not complete yet, or no longer held.
        """
        if self._article is None:
            frames = self._spectrogram.window(start_sample)
            return WindowFeatures(self._spectrogram.build(frames), frames)
        hop = self._spectrogram.frame_hop_samples
        start = round(start_sample / self._sample_rate * self._spectrogram.spec.sample_rate) // hop * hop
        return WindowFeatures(self._article.image(start_sample), self._spectrogram.window(start))

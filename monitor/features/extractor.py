"""The door to both pictures: which front end a bundle's settings ask for."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.features.article_image import ArticleImage
from monitor.features.spec import SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram

__all__ = ["FeatureExtractor", "feature_extractor"]


class FeatureExtractor(Protocol):
    """Draws pictures of a sound that arrives in pieces; belongs to one thread."""

    @property
    def end_sample(self) -> int:
        """Samples pushed so far."""

    def push(self, waveform: NDArray[np.float32]) -> int:
        """Take the next samples, any number of them; return the frames computed."""

    def tensor(self, start_sample: int) -> NDArray[np.float32]:
        """Return the picture of the window that starts at ``start_sample``."""

    def clear(self) -> None:
        """Forget everything; the next sample pushed is sample 0."""


def feature_extractor(spec: SpectrogramSpec) -> FeatureExtractor:
    """Return a new front end for some settings."""
    return StreamingSpectrogram(spec) if spec.kind == "heart" else ArticleImage(spec)

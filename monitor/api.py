"""The Python door: the monitor from a program, in a few lines.

Nothing starts at import; :mod:`monitor` passes these names on when they are first used.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from monitor.audio.sources.array import ArraySource
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from monitor.messages import Summary, WindowEvent
from monitor.runtime.pipeline import Pipeline

__all__ = ["Judged", "judge"]


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """What was found in a whole sound.

    Attributes
    ----------
    windows : tuple of WindowEvent
    summary : Summary
    """

    windows: tuple[WindowEvent, ...]
    summary: Summary

    @property
    def label(self) -> str | None:
        """The label of the whole sound, or None where none can be given."""
        return self.summary.verdict.label

    @property
    def confidence(self) -> float | None:
        """The largest score of the whole sound, 0 to 1, or None where nothing could be judged."""
        return self.summary.verdict.confidence


def judge(
    waveform: ArrayLike, sample_rate: int, model: str | Path | Bundle = DEFAULT_BUNDLE, *, hop_s: float | None = None
) -> Judged:
    """Return what the monitor says of a sound that is already in memory.

    Parameters
    ----------
    waveform : array_like, shape (samples,) or (samples, channels)
        Any level; channels are averaged.
    sample_rate : int
        Hz, 1000 to 192000.
    model : str, Path or Bundle
        A bundle, its name, or its folder.
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.

    Raises
    ------
    ValueError
        If an argument is out of range.
    BundleError
        If the bundle cannot be trusted.
    """
    bundle = model if isinstance(model, Bundle) else load_bundle(model)
    source = ArraySource(np.asarray(waveform), sample_rate, speed=None)
    with Pipeline(source, bundle, hop_s=hop_s) as pipeline:
        windows = tuple(pipeline.windows())
        return Judged(windows, pipeline.summary())

"""The monitor as a function: classify a sound that is already in memory.

Nothing starts at import; :mod:`monitor` passes these names on when they are first used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from monitor.archive.offline import judge_offline
from monitor.audio.sources.array import ArraySource
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from monitor.messages import Summary, WindowEvent

__all__ = ["Judged", "judge"]


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """The result of :func:`judge`: every window and the summary of the whole sound.

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
        """The largest calibrated score of the whole sound, 0 to 1, or None where no window could be classified.

        The probability that the recording is annotated with this label; :attr:`acoustic_scores` say what is heard.
        """
        return self.summary.verdict.confidence

    @property
    def acoustic_scores(self) -> Mapping[str, float] | None:
        """The probability that each label is heard in the sound, as on the screen, or None as above."""
        return self.summary.verdict.acoustic_scores


def judge(
    waveform: ArrayLike, sample_rate: int, model: str | Path | Bundle = DEFAULT_BUNDLE, *, hop_s: float | None = None
) -> Judged:
    """Return the windows and the verdict of a sound in memory, as ``auscult replay`` would give them.

    Runs on the caller's thread and starts none; the latency of the windows is 0.

    Parameters
    ----------
    waveform : array_like, shape (samples,) or (samples, channels)
        Floats or integers of any level; channels are averaged. A clip shorter than a window is looped.
    sample_rate : int
        Hz, 1000 to 192000.
    model : str, Path or Bundle
        A bundle, its name, or its folder.
    hop_s : float or None
        Seconds from one window to the next; None for the bundle's own.

    Returns
    -------
    Judged

    Raises
    ------
    ValueError
        If an argument is out of range.
    BundleError
        If the bundle is missing, damaged, or fails its self-check, or its network gives NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> result = judge(np.zeros(5 * 4000), sample_rate=4000)
    >>> result.windows[0].verdict.state, result.label, result.confidence
    ('no-signal', None, None)
    """
    bundle = model if isinstance(model, Bundle) else load_bundle(model)
    source = ArraySource(np.asarray(waveform), sample_rate, speed=None)
    windows: list[WindowEvent] = []
    result = judge_offline(source, bundle, hop_s, on_window=windows.append)
    return Judged(tuple(windows), result.summary)

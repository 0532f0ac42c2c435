"""The monitor as a function: classify a sound that is already in memory.

Nothing starts at import; :mod:`monitor` passes these names on when they are first used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.archive.decimate import PeakDecimator
from monitor.archive.offline import judge_offline
from monitor.audio.sources.array import ArraySource
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from monitor.messages import LoudnessWord, State, Summary, WindowEvent

__all__ = ["Judged", "judge"]


COLUMNS = 640
"""Of the sound in the picture; a long sound has at least half of them."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Judged:
    """The result of :func:`judge`: every window and the summary of the whole sound.

    In a notebook it shows itself, with a small picture of the sound and its verdicts.

    Attributes
    ----------
    windows : tuple of WindowEvent
    summary : Summary
    labels : tuple of str
        All labels of the bundle.
    duration_s : float
        Length of the sound, seconds.
    peaks : ndarray, shape (2, columns), float32, or None
        The loudest sample of each of at most 640 columns of the sound, and of the negated sound; for the picture.
    """

    windows: tuple[WindowEvent, ...]
    summary: Summary
    labels: tuple[str, ...] = ()
    duration_s: float = 0.0
    peaks: NDArray[np.float32] | None = dataclasses.field(default=None, compare=False)

    @property
    def state(self) -> State:
        """``"verdict"`` where there is a label, else why not: see docs/formats/json-lines.md."""
        return self.summary.verdict.state

    @property
    def judged(self) -> int:
        """How many windows were good enough for a label or "uncertain"; ``summary.withheld`` says why the others."""
        return self.summary.judged

    @property
    def heart_rate_bpm(self) -> float | None:
        """Beats per minute, the median over the windows; None where too few had a rate."""
        return self.summary.heart_rate_bpm

    @property
    def label(self) -> str | None:
        """The label of the whole sound, or None where none can be given."""
        return self.summary.verdict.label

    @property
    def loudness(self) -> LoudnessWord | None:
        """How loud a murmur is, where one is given or possible; None otherwise, and where the bundle does not say."""
        return self.summary.verdict.loudness

    @property
    def murmur_timing(self) -> str | None:
        """Where in the cardiac cycle a murmur lies, such as ``"systolic"``; None where that is not sure."""
        return self.summary.verdict.murmur_timing

    @property
    def possible(self) -> str | None:
        """The label that is possible where the state is ``"uncertain"``; None otherwise."""
        return self.summary.verdict.possible

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

    def to_dict(self) -> dict[str, Any]:
        """Return the keys and values of the summary line of ``auscult replay --json``, docs/formats/json-lines.md."""
        return self.summary.to_dict()

    def __repr__(self) -> str:
        """Return the verdict in a line."""
        from monitor.commands.plot.result_card import verdict_words

        return f"<Judged: {verdict_words(self.summary)}>"

    def _repr_html_(self) -> str | None:
        """Return the verdict and a picture, for a notebook; None, which shows the line alone, without the sound."""
        from monitor.commands.plot.result_card import result_card

        if self.peaks is None or not self.peaks.shape[1] or self.duration_s <= 0.0:
            return None
        return result_card(self.summary, self.windows, self.labels, self.peaks, self.duration_s)


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
    >>> result
    <Judged: no-signal, 0 of 1 windows judged, 1 withheld: no sound: the recording is silent here>
    >>> result.state, result.label, result.confidence, result.to_dict()["judged"]
    ('no-signal', None, None, 0)
    """
    bundle = model if isinstance(model, Bundle) else load_bundle(model)
    source = ArraySource(np.asarray(waveform), sample_rate, speed=None)
    windows: list[WindowEvent] = []
    peaks = PeakDecimator(2, COLUMNS)
    result = judge_offline(
        source,
        bundle,
        hop_s,
        on_window=windows.append,
        on_read=lambda read: peaks.push(np.stack([read.waveform, -read.waveform])),
    )
    return Judged(tuple(windows), result.summary, bundle.labels, result.duration_s, peaks.columns)

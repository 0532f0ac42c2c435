"""What a recording and its marks report: frozen values.

Must not import anything but the standard library.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

__all__ = ["Mark", "RecordingStatus", "SiteChange"]


@dataclasses.dataclass(frozen=True, slots=True)
class RecordingStatus:
    """The progress of a recording.

    Attributes
    ----------
    path : Path
    written_s : float
        Seconds in the file, zeros for lost samples included.
    lost_samples : int
        Samples that the file lacks: those replaced by zeros, and those that could not be written so far.
    error : str or None
        What is wrong now and what helps; None while writing keeps up.
    labels : Path or None
        The labels file beside the recording; None while it holds no mark.
    marks : int
        Marks in that file.
    waiting_marks : tuple of float
        Marks that could not be written so far, seconds of the recording.
    marks_error : str or None
        Why they could not be written.
    """

    path: Path
    written_s: float
    lost_samples: int
    error: str | None
    labels: Path | None = None
    marks: int = 0
    waiting_marks: tuple[float, ...] = ()
    marks_error: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A moment that a person marked, and where it is kept.

    Attributes
    ----------
    number : int
        From 1.
    at_s : float
        Position in the sound: the newest sample at that moment, seconds from the first.
    path : Path or None
        The labels file beside the recording; None without a recording.
    recorded_s : float or None
        Position in the recording, seconds; None without one.
    error : str or None
        Why it is not in that file; None where it is, or without a recording.
    sample : int
        The sample of the sound that is marked, from 0.
    text : str or None
        What a person wrote to it, one line; None for a mark without a note.

    Examples
    --------
    >>> Mark(1, 12.5, Path("heart.labels.txt"), 12.5, sample=50_000).error is None
    True
    """

    number: int
    at_s: float
    path: Path | None = None
    recorded_s: float | None = None
    error: str | None = None
    sample: int = 0
    text: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SiteChange:
    """The moment from which another auscultation site is heard.

    Attributes
    ----------
    site : str
        One of :data:`monitor.labels.SITES`.
    at_s : float
        Position in the sound, seconds.
    sample : int
        The same in samples, from 0.
    """

    site: str
    at_s: float
    sample: int

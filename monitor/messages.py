"""The frozen values that cross threads and leave the program.

Everything here is immutable: the classifier thread creates it, any thread may read
it. Names follow the JSON lines of docs/formats/json-lines.md; :mod:`monitor.text.json_lines` writes
them. Must not import anything but NumPy's types and other frozen values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.recording import RecordingStatus

__all__ = [
    "NO_RHYTHM",
    "DeviceStatus",
    "EctopicBeat",
    "EctopicBeats",
    "Level",
    "Quality",
    "RecordingStatus",
    "Snapshot",
    "Start",
    "State",
    "Summary",
    "Verdict",
    "WindowEvent",
]

State = Literal["listening", "no-signal", "poor-signal", "uncertain", "verdict"]


@dataclasses.dataclass(frozen=True, slots=True)
class Quality:
    """The signal quality of a window.

    Attributes
    ----------
    score : float
        Signal quality index, 0 (unusable) to 1 (clean).
    reason : str or None
        What is wrong, in words that a person can act on.
    state : {"no-signal", "poor-signal"} or None
        Set when the window must not be given a label.
    """

    score: float
    reason: str | None = None
    state: Literal["no-signal", "poor-signal"] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """A state, and a label where the state is ``"verdict"``.

    Attributes
    ----------
    state : State
    label : str or None
        Only with the state ``"verdict"``.
    confidence : float or None
        The largest calibrated score, 0 to 1; None without scores.
    scores : mapping of label to float, or None
        Calibrated probabilities that sum to 1, in the bundle's order.

    Examples
    --------
    >>> verdict = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
    >>> verdict.label, verdict.scores["normal"]
    ('murmur', 0.1)
    >>> Verdict("poor-signal").label is None
    True
    """

    state: State
    label: str | None = None
    confidence: float | None = None
    scores: Mapping[str, float] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """What is known of a source when it is opened.

    Attributes
    ----------
    source : str
        File name, ``"-"`` or a device's name.
    sample_rate : int
        Hz, of the source.
    model, model_sha256 : str
        Bundle name and the digest of the network file.
    labels : tuple of str
    window_s, hop_s : float
    duration_s : float or None
        Length where it is known.
    speed : float or None
        Times real time; None for as fast as possible.
    kind : {"heart", "article"}
        Kind of the network's input image; see :class:`monitor.features.spec.SpectrogramSpec`.
    """

    source: str
    sample_rate: int
    model: str
    model_sha256: str
    labels: tuple[str, ...]
    window_s: float
    hop_s: float
    duration_s: float | None
    speed: float | None
    kind: str = "heart"


@dataclasses.dataclass(frozen=True, slots=True)
class EctopicBeat:
    """An ectopic beat: one that came early and was followed by a pause.

    Attributes
    ----------
    at_s : float
        Onset of S1, seconds of the source.
    coupling_ratio : float
        The interval before it divided by the local normal interval, below 0.88.
    pause_ratio : float
        The interval after it divided by the local normal interval, above 1.03.
    log_odds : float
        Natural log-odds that the beat is ectopic.
    """

    at_s: float
    coupling_ratio: float
    pause_ratio: float
    log_odds: float


@dataclasses.dataclass(frozen=True, slots=True)
class EctopicBeats:
    """What beat tracking found in the last 30 s.

    Attributes
    ----------
    tracked_s : float
        Seconds over which beats were tracked without a hole.
    num_intervals : int
        Intervals between those beats.
    beat_times_s : tuple of float
        Onsets of all beats, seconds of the source.
    detected : tuple of EctopicBeat
        Beats that are more likely ectopic than not.
    trackable : bool
        Whether the rhythm is regular enough to detect ectopic beats; else `evidence` is 0 and `detected` empty.
    evidence : float
        Natural log-likelihood ratio of "at least one ectopic beat" to "none": above 0 where one was detected, below
        where enough beats were regular.
    """

    tracked_s: float = 0.0
    num_intervals: int = 0
    beat_times_s: tuple[float, ...] = ()
    detected: tuple[EctopicBeat, ...] = ()
    trackable: bool = False
    evidence: float = 0.0


NO_RHYTHM = EctopicBeats()


@dataclasses.dataclass(frozen=True, slots=True)
class WindowEvent:
    """The result for one window.

    Attributes
    ----------
    index : int
        Index of the window on the hop grid, from 0; skipped windows leave holes.
    start_s, end_s : float
        Position in the source, seconds.
    verdict : Verdict
        Of this window alone.
    rolling : Verdict
        Of the last windows together.
    quality : Quality
    heart_rate_bpm : float or None
        Beats per minute; None when the window is not periodic enough.
    gap : bool
        Whether samples were lost inside the window; it is then given no label.
    short : bool
        Whether a clip shorter than the window was looped to fill it.
    latency_ms : float
        From the moment the window was complete to its result.
    heart_rate_confidence : float or None
        Probability that the rate is within 5 beats per minute, also where it is too small for a rate to be shown;
        None where the window is given no label.
    ectopic : EctopicBeats
        Ectopic beats of the last half minute.
    """

    index: int
    start_s: float
    end_s: float
    verdict: Verdict
    rolling: Verdict
    quality: Quality
    heart_rate_bpm: float | None
    gap: bool
    short: bool
    latency_ms: float
    heart_rate_confidence: float | None = None
    ectopic: EctopicBeats = NO_RHYTHM

    @property
    def judgement(self) -> Verdict:
        """The verdict under its earlier name, which programs may rely on."""
        return self.verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """The result for a whole source.

    Attributes
    ----------
    source : str
    windows : int
        Windows that were processed, those without a label included.
    skipped : int
        Windows that were never processed because the classifier was behind.
    overruns : int
        Times that the ring buffer overwrote unread samples.
    verdict : Verdict
        Of the whole recording; the scores are the mean over the judged windows. As on the screen, there is none where
        the rolling verdict was withheld most of the time; see :class:`monitor.analysis.verdict.Summarizer`.
    heart_rate_bpm : float or None
        Median over the windows that had one; None where too few had.
    judged : int
        Windows that were good enough for a label or "uncertain".
    withheld : mapping of str to int
        The other windows: how many for each reason, the most frequent first; a state where there is no reason.
    truncated : bool
        Whether sound is missing that the recording promises, or is damaged.
    undelivered : int
        Windows that were processed and never reached the program or the reader of its lines, because it did not read
        for so long that the queue was full.
    """

    source: str
    windows: int
    skipped: int
    overruns: int
    verdict: Verdict
    heart_rate_bpm: float | None
    judged: int = 0
    withheld: Mapping[str, int] = dataclasses.field(default_factory=dict)
    truncated: bool = False
    undelivered: int = 0

    @property
    def judgement(self) -> Verdict:
        """The verdict under its earlier name, which programs may rely on."""
        return self.verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """The input level over about the last tenth of a second.

    Attributes
    ----------
    rms_db, peak_db : float
        dB of full scale, -120 at the lowest.
    clipped : bool
        Whether samples reached full scale.
    """

    rms_db: float
    peak_db: float
    clipped: bool


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceStatus:
    """The status of a live input.

    Attributes
    ----------
    state : {"opening", "open", "lost", "closed"}
        Opened, but no samples yet; delivering samples; lost and being searched for; released.
    name, host_api : str
    channel : int
        The channel in use, from 1.
    sample_rate : int
        Hz, as requested.
    message : str or None
        Why no samples arrive, when none do.
    finding : str or None
        What is wrong with the signal, and what helps.
    measured_rate_hz : float or None
        Samples per second of the monotonic clock; None until enough was measured.
    drift : float or None
        Relative deviation of the measured rate from ``sample_rate``, where that is large enough to matter.
    overflows : int
        Blocks before which samples were discarded.
    reopened : int
        Times that the input was lost and came back.
    lost_s : float
        Seconds of sound lost since the first block.
    """

    state: Literal["opening", "open", "lost", "closed"]
    name: str
    host_api: str
    channel: int
    sample_rate: int
    message: str | None = None
    finding: str | None = None
    measured_rate_hz: float | None = None
    drift: float | None = None
    overflows: int = 0
    reopened: int = 0
    lost_s: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a dashboard shows, at one moment.

    Attributes
    ----------
    start : Start
    elapsed_s : float
        Position in the source.
    window : WindowEvent or None
        The newest window; None while the first one fills.
    tensor : ndarray, shape (64, 64, channels), float32, or None
        The network's input image of that window, read-only.
    history : tuple of str
        One entry per window, newest last: the rolling label, the rolling state where there is no label, or ``"gap"``.
    level : Level
    hop_p50_ms, hop_p95_ms : float or None
        Median and 95th percentile of the compute time per hop, from new samples to verdict.
    skipped, overruns, gaps, undelivered : int
    finished : bool
        Whether the source has ended and every window is done.
    overloaded : bool
        Whether the classifier cannot keep up: several of the last windows were skipped.
    device : DeviceStatus or None
        The status of a live input; None for every other source.
    recording : RecordingStatus or None
        The progress of a recording; None without one.
    envelope : ndarray, shape (frames,), float32, or None
        Log envelope of the newest window's heart sounds, read-only; see
        :class:`~monitor.analysis.analyzer.JudgedWindow`.
    note : str
        A short text of the command that plays the source, such as the scene of the demo.
    """

    start: Start
    elapsed_s: float
    window: WindowEvent | None
    tensor: NDArray[np.float32] | None
    history: tuple[str, ...]
    level: Level
    hop_p50_ms: float | None
    hop_p95_ms: float | None
    skipped: int
    overruns: int
    gaps: int
    finished: bool
    overloaded: bool = False
    device: DeviceStatus | None = None
    recording: RecordingStatus | None = None
    envelope: NDArray[np.float32] | None = None
    note: str = ""
    undelivered: int = 0

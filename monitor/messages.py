"""The frozen values that cross threads and leave the program.

Everything here is immutable: the classifier thread makes it, any thread may read
it. Names follow the JSON lines of docs/design.md; :mod:`monitor.text.json_lines` writes
them. Must not import anything but NumPy's types and other frozen values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NOTHING_FOLLOWED",
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
    """How fit a window is to be judged.

    Attributes
    ----------
    score : float
        0 (unusable) to 1 (clean).
    reason : str or None
        What a person can act on, when something is wrong.
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
    """

    state: State
    label: str | None = None
    confidence: float | None = None
    scores: Mapping[str, float] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """What opens the lines of one source.

    Attributes
    ----------
    source : str
        File name, "-" or a device's name.
    sample_rate : int
        Hz, of the source.
    model, model_sha256 : str
        Bundle name and the digest of its network.
    labels : tuple of str
    window_s, hop_s : float
    duration_s : float or None
        Length where it is known.
    speed : float or None
        Times real time; None for as fast as possible.
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


@dataclasses.dataclass(frozen=True, slots=True)
class RecordingStatus:
    """What a recording has come to.

    Attributes
    ----------
    path : Path
    written_s : float
        Seconds in the file, zeros for lost sound included.
    lost_samples : int
        Samples that the file lacks: those that stand as zeros, and those that could not be written so far.
    error : str or None
        What is wrong now, and what helps; None while the recording follows.
    """

    path: Path
    written_s: float
    lost_samples: int
    error: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class EctopicBeat:
    """A beat that came early.

    Attributes
    ----------
    at_s : float
        Where its first sound begins, seconds of the source.
    share : float
        Its interval as a share of the local normal one, below 0.88.
    pause : float
        The interval behind it as a share of the local normal one, above 1.03.
    log_odds : float
        Natural log-odds that it was one.
    """

    at_s: float
    share: float
    pause: float
    log_odds: float


@dataclasses.dataclass(frozen=True, slots=True)
class EctopicBeats:
    """The beats of the last 30 s.

    Attributes
    ----------
    covered_s : float
        Seconds over which beats were followed without a hole.
    num_intervals : int
        Intervals between them.
    beats_s : tuple of float
        Where they begin, seconds of the source.
    premature : tuple of EctopicBeat
        Those that came early, as far as that is likelier than not.
    followable : bool
        Whether the rhythm is plain enough to say anything; else `evidence` is 0 and `premature` empty.
    evidence : float
        Natural-log likelihood ratio: that a beat came early, against that none did. Above 0 where one was heard,
        below where enough beats were regular.
    """

    covered_s: float = 0.0
    num_intervals: int = 0
    beats_s: tuple[float, ...] = ()
    premature: tuple[EctopicBeat, ...] = ()
    followable: bool = False
    evidence: float = 0.0


NOTHING_FOLLOWED = EctopicBeats()


@dataclasses.dataclass(frozen=True, slots=True)
class WindowEvent:
    """One judged window.

    Attributes
    ----------
    index : int
        Number of the window on the hop grid, from 0; skipped windows leave holes.
    start_s, end_s : float
        Position in the source, seconds.
    verdict : Verdict
        Of this window alone.
    rolling : Verdict
        Of the last windows together.
    quality : Quality
    heart_rate_bpm : float or None
        Beats per minute; None when the window is not periodic enough.
    heart_rate_confidence : float or None
        Probability that the rate is within 5 beats per minute, also where it is too small for the rate to be told;
        None where the window is withheld.
    ectopic : EctopicBeats
        What the beats of the last half minute say of early ones.
    gap : bool
        Whether samples were lost inside the window; it is then withheld.
    short : bool
        Whether a clip shorter than the window was looped to fill it.
    latency_ms : float
        From the moment the window was complete to the moment it was judged.
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
    ectopic: EctopicBeats = NOTHING_FOLLOWED

    @property
    def judgement(self) -> Verdict:
        """The verdict under its earlier name, which programs may rely on."""
        return self.verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """What closes the lines of one source.

    Attributes
    ----------
    source : str
    windows : int
        Windows that were looked at, withheld ones included.
    skipped : int
        Windows never looked at because the classifier was behind.
    overruns : int
        Times that the ring overwrote samples nobody had read.
    verdict : Verdict
        Of the whole recording; its scores are the mean over the judged windows.
    heart_rate_bpm : float or None
        Median over the windows that had one.
    """

    source: str
    windows: int
    skipped: int
    overruns: int
    verdict: Verdict
    heart_rate_bpm: float | None

    @property
    def judgement(self) -> Verdict:
        """The verdict under its earlier name, which programs may rely on."""
        return self.verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """How loud the input was over the last tenth of a second or so.

    Attributes
    ----------
    rms_db, peak_db : float
        dB of full scale, -120 at the lowest.
    clipped : bool
        Whether samples stood at full scale.
    """

    rms_db: float
    peak_db: float
    clipped: bool


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceStatus:
    """How a live input is doing.

    Attributes
    ----------
    state : {"opening", "open", "lost", "closed"}
        Opened and nothing heard yet; heard; gone and looked for; let go of.
    name, host_api : str
    channel : int
        The channel heard, from 1.
    sample_rate : int
        Hz, as asked for.
    message : str or None
        Why there is no sound, where there is none.
    finding : str or None
        What is wrong with the sound that comes, and what helps.
    measured_rate_hz : float or None
        Samples in a second of the monotonic clock; None until it can be told.
    drift : float or None
        How far the measured rate is off, as a share of ``sample_rate``, where that is more than can be overlooked.
    overflows : int
        Blocks before which samples were thrown away.
    reopened : int
        Times that the input was lost and heard again.
    lost_s : float
        Seconds of sound that were never heard, since the first block.
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
    """All that a dashboard draws, at one moment.

    Attributes
    ----------
    start : Start
    elapsed_s : float
        Position in the source.
    window : WindowEvent or None
        The newest window; None while the first one fills.
    tensor : ndarray, shape (64, 64, channels), float32, or None
        The picture that the network saw, read-only.
    history : tuple of str
        One entry per window, newest last: the rolling label, the rolling state where there is no label, or ``"gap"``.
    level : Level
    hop_p50_ms, hop_p95_ms : float or None
        Time spent on a hop, from new samples to verdict.
    skipped, overruns, gaps : int
    finished : bool
        Whether the source has ended and everything is judged.
    overloaded : bool
        Whether the classifier cannot follow: several of the last windows were skipped.
    device : DeviceStatus or None
        How a live input is doing; None for every other source.
    recording : RecordingStatus or None
        What a recording beside the judging has come to; None without one.
    envelope : ndarray, shape (frames,), float32, or None
        Log envelope of the newest window's heart sounds, read-only; see :class:`~monitor.analysis.analyzer.JudgedWindow`.
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

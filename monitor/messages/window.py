"""The verdict on a window and on a whole source, and the keys that JSON lines and programs know them by.

Must not import anything but other frozen values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from monitor.labels import MURMUR
from monitor.messages.rounding import BPM_DIGITS, LATENCY_DIGITS, SCORE_DIGITS, TIME_DIGITS, rounded, rounded_scores
from monitor.messages.variability import HeartRateVariability

__all__ = [
    "NO_RHYTHM",
    "EctopicBeat",
    "EctopicBeats",
    "HeartBeat",
    "LoudnessWord",
    "Quality",
    "RPeak",
    "State",
    "Summary",
    "Verdict",
    "WindowEvent",
]

LoudnessWord = Literal["soft", "loud"]
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
        Calibrated probabilities of the label that a recording is annotated with; sum to 1, in the bundle's order.
    acoustic_scores : mapping of label to float, or None
        Probabilities of what is heard; see :meth:`monitor.inference.calibration.Calibration.acoustic_scores`.
    possible : str or None
        Only with the state ``"uncertain"``: the label that is possible, although its score is too low to be given.
    murmur_timing : {"systolic", "diastolic", "systolic and diastolic"} or None
        Where in the cardiac cycle the murmur lies; None where that is not sure, or no murmur is given or possible.
    loudness : {"soft", "loud"} or None
        Of a murmur that is given or possible; None without one, and with a bundle that does not say.

    Examples
    --------
    >>> verdict = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
    >>> verdict.label, verdict.scores["normal"], verdict.names_murmur
    ('murmur', 0.1, True)
    """

    state: State
    label: str | None = None
    confidence: float | None = None
    scores: Mapping[str, float] | None = None
    acoustic_scores: Mapping[str, float] | None = None
    possible: str | None = None
    murmur_timing: str | None = None
    loudness: LoudnessWord | None = None

    @property
    def names_murmur(self) -> bool:
        """Whether a murmur is given, or said to be possible."""
        return self.label == MURMUR or self.possible == MURMUR

    def to_dict(self) -> dict[str, Any]:
        """Return the keys and values of docs/formats/json-lines.md, rounded."""
        return {
            "state": self.state,
            "label": self.label,
            "loudness": self.loudness,
            "confidence": rounded(self.confidence, SCORE_DIGITS),
            "scores": None if self.scores is None else rounded_scores(self.scores),
            "acoustic_scores": None if self.acoustic_scores is None else rounded_scores(self.acoustic_scores),
            **({} if self.possible is None else {"possible": self.possible}),
            "murmur_timing": self.murmur_timing,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class EctopicBeat:
    """An ectopic beat: one that came early and was followed by a pause.

    Attributes
    ----------
    at_s : float
        Onset of S1, seconds of the source.
    coupling_ratio, pause_ratio : float
        The intervals before and after it, divided by the local normal one: below 0.88, and above 1.03.
    log_odds : float
        Natural log-odds of it.
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

    def to_dict(self) -> dict[str, Any] | None:
        """Return the keys and values of docs/formats/json-lines.md; None where the rhythm cannot be tracked."""
        if not self.trackable:
            return None
        return {
            "followed_s": rounded(self.tracked_s, TIME_DIGITS),
            "intervals": self.num_intervals,
            "at_s": [rounded(beat.at_s, TIME_DIGITS) for beat in self.detected],
        }


NO_RHYTHM = EctopicBeats()


@dataclasses.dataclass(frozen=True, slots=True)
class RPeak:
    """An R peak of the electrocardiogram beside the sound.

    Attributes
    ----------
    at_s : float
        Seconds of the source.
    sample : int
        Of the source, from 0.
    """

    at_s: float
    sample: int


@dataclasses.dataclass(frozen=True, slots=True)
class HeartBeat:
    """A beat: its first and second heart sound.

    Attributes
    ----------
    s1_s, s2_s : float or None
        The middle of S1 and of S2, seconds of the source; None for one that was not found, or is not sure.
    confidence : float
        Probability that each is right, within 60 ms; of the less sure one.
    systole_ms : float or None
        From S1 to S2.
    diastole_ms : float or None
        From the S2 of the beat before to S1.
    rate_bpm : float or None
        From the S1 of the beat before, beats per minute.
    """

    s1_s: float | None
    s2_s: float | None
    confidence: float
    systole_ms: float | None = None
    diastole_ms: float | None = None
    rate_bpm: float | None = None

    @property
    def sounds(self) -> tuple[tuple[float, str], ...]:
        """Its heart sounds, seconds of the source and name, ascending.

        Examples
        --------
        >>> HeartBeat(1.0, 1.3, 0.9).sounds, HeartBeat(None, 2.1, 0.8).sounds
        (((1.0, 'S1'), (1.3, 'S2')), ((2.1, 'S2'),))
        """
        named = (self.s1_s, "S1"), (self.s2_s, "S2")
        return tuple((at_s, name) for at_s, name in named if at_s is not None)


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
        Beats per minute, 30 to 240.
    gap : bool
        Whether samples were lost inside the window; it is then given no label.
    short : bool
        Whether a clip shorter than the window was looped to fill it.
    latency_ms : float
        From the moment the window was complete to its result.
    heart_rate_confidence : float or None
        Probability that the rate is within 5 beats per minute, also where no rate is shown; None without a label.
    ectopic : EctopicBeats
        Ectopic beats of the last half minute.
    heart_rate_reason : str or None
        Why a judged window has no rate, such as ``"faster than 240 bpm"``.
    r_peaks : tuple of RPeak
        Those found since the window before, ascending; empty without an electrocardiogram.
    beats : tuple of HeartBeat
        Those decided since the window before, ascending; empty where none is sure, and with a bundle that cannot find
        S1 and S2.
    loud : float or None
        Probability that a murmur, if there is one, is a loud one; None where the window was not judged, and with a
        bundle that does not say.
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
    heart_rate_reason: str | None = None
    r_peaks: tuple[RPeak, ...] = ()
    beats: tuple[HeartBeat, ...] = ()
    loud: float | None = None

    @property
    def judgement(self) -> Verdict:
        """The verdict under its earlier name, which programs may rely on."""
        return self.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return the keys and values of the line of a window, docs/formats/json-lines.md.

        Examples
        --------
        >>> silence = Verdict("no-signal")
        >>> window = WindowEvent(0, 0.0, 5.0, silence, silence, Quality(0.0), None, False, False, 1.9)
        >>> window.to_dict()["end_s"], window.to_dict()["rolling"]["state"]
        (5.0, 'no-signal')
        """
        return {
            "type": "window",
            "index": int(self.index),
            "start_s": rounded(self.start_s, TIME_DIGITS),
            "end_s": rounded(self.end_s, TIME_DIGITS),
            **self.verdict.to_dict(),
            "rolling": self.rolling.to_dict(),
            "quality": {"score": rounded(self.quality.score, SCORE_DIGITS), "reason": self.quality.reason},
            "heart_rate_bpm": rounded(self.heart_rate_bpm, BPM_DIGITS),
            "heart_rate_confidence": rounded(self.heart_rate_confidence, SCORE_DIGITS),
            "heart_rate_reason": self.heart_rate_reason,
            "early_beats": self.ectopic.to_dict(),
            "gap": bool(self.gap),
            "short": bool(self.short),
            "latency_ms": rounded(self.latency_ms, LATENCY_DIGITS),
        }


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
        Of the whole recording, with the mean scores of the judged windows; see
        :class:`monitor.analysis.verdict.Summarizer`.
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
    never_rolling : str or None
        The label of the mean scores, where the rolling verdict never showed it and the state is therefore "uncertain".
    r_peaks : tuple of RPeak
        Those found since the last window; empty without an electrocardiogram.
    beats : tuple of HeartBeat
        Those decided since the last window.
    variability : HeartRateVariability or None
        Of all beats; None where no two follow each other.
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
    never_rolling: str | None = None
    r_peaks: tuple[RPeak, ...] = ()
    beats: tuple[HeartBeat, ...] = ()
    variability: HeartRateVariability | None = None

    @property
    def judgement(self) -> Verdict:
        """The verdict under its earlier name, which programs may rely on."""
        return self.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return the keys and values of the summary line, docs/formats/json-lines.md.

        Examples
        --------
        >>> summary = Summary("a.wav", 41, 0, 0, Verdict("poor-signal"), None, withheld={"much noise": 41})
        >>> summary.to_dict()["state"], summary.to_dict()["withheld"]
        ('poor-signal', {'much noise': 41})
        """
        verdict = self.verdict.to_dict()
        return {
            "type": "summary",
            "source": self.source,
            "windows": int(self.windows),
            "skipped": int(self.skipped),
            "overruns": int(self.overruns),
            **{key: value for key, value in verdict.items() if key != "state"},
            "state": verdict["state"],
            "heart_rate_bpm": rounded(self.heart_rate_bpm, BPM_DIGITS),
            "heart_rate_variability": None if self.variability is None else self.variability.to_dict(),
            "judged": int(self.judged),
            "withheld": {reason: int(count) for reason, count in self.withheld.items()},
            "truncated": bool(self.truncated),
            "undelivered": int(self.undelivered),
        }

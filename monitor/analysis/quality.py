"""The signal quality of a window, and what a person can do about it.

Silence, drop-outs and clipping are detected in the raw sound (:mod:`monitor.audio.signal_statistics`). Whether the
rest sounds like a heart is decided by the bundle's gate (:mod:`monitor.inference.quality_gate`). A window is withheld
only if it is clearly not a heart sound; docs/decisions/0003 says how many windows of real hearts are.

Pure functions, safe on any thread; must not know about devices, files or networks.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from monitor.audio.signal_statistics import SignalStatistics
from monitor.features.heart_rate import SHOWN_FROM
from monitor.inference.quality_gate import DEFAULT_GATE, GateFeatures, QualityGate
from monitor.messages import Quality

__all__ = ["GAP_QUALITY", "LIVE", "RECORDING", "Origin", "judge_quality"]

FAINT_RMS = 1e-5
"""A third of a 16-bit step, less than dither. Fainter sound is judged only if it sounds like a heart, as a recording in
other units does; else it is the noise of a muted input."""

MAX_DEAD = 0.05
"""Fraction of a window without any change of value from which it is withheld: a hole in the rhythm sounds like an
extrasystole. Source: none of 13000 windows of PASCAL and CirCor hearts has any."""

DEAD_TAIL_S = 2.0
"""Seconds without any change at the end of a window from which there is no signal; no pause between beats is longer."""

CLIPPED_NOTICE = 0.01
MAX_CLIPPED = 0.25
"""Fraction of clipped samples from which there is a notice, and from which the window is withheld.
Source: the worst window of PASCAL set B has 0.10, of CirCor 0.11."""

MIN_CLIP_S = 0.5
"""Seconds; a shorter clip holds no whole beat."""
SURE_CLIP_S = 2.0
"""Seconds; in a shorter clip two beats must be heard, so that its heart rate can be shown. Source: docs/decisions/0012.
"""

MAX_SOUND_S = 0.65
MIN_SILENCE = 0.25
"""A recording without noise (synthetic, or behind a noise gate) is silent within every beat: no sound lasts longer than
from S1 to S2, and silence fills a quarter of it or more. A drop-out is a hole in sound that goes on.
Source: Q wave to S2 takes 546 - 2.1 bpm ms (Weissler, 1968): 0.48 s at 30 bpm; 0.65 s allow for bins at both ends."""


class Origin(Protocol):
    """What a source knows about advice; see :class:`monitor.audio.sources.base.Source`.

    Attributes
    ----------
    live : bool
        Whether a person can do something about the input.
    channels_cancel : bool
        Whether the channels cancel each other in their mean.
    """

    @property
    def live(self) -> bool:
        """Whether a person can do something about the input."""

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels cancel each other in their mean."""


class _Plain(NamedTuple):
    """A mono source."""

    live: bool
    channels_cancel: bool = False


LIVE: Final[Origin] = _Plain(live=True)
RECORDING: Final[Origin] = _Plain(live=False)


class Reasons(NamedTuple):
    """A sentence for each cause."""

    no_sound: str
    faint: str
    drops_out: str
    clipping: str
    noise: str
    no_heartbeat: str
    bumps: str
    unlike_a_heart: str
    noise_removed: str


LIVE_REASONS: Final = Reasons(
    no_sound="no sound: is the input muted or unplugged?",
    faint="no sound: is the input muted or unplugged?",
    drops_out="sound drops out: check the cable",
    clipping="clipping {fraction:.0%}: turn the input down",
    noise="much noise above 600 Hz: press the chest piece on, keep still",
    no_heartbeat="no heartbeat heard: place the chest piece on the chest",
    bumps="loud bumps: keep the chest piece and its cable still",
    unlike_a_heart="not like a heart: move the chest piece, keep quiet",
    noise_removed="no noise between the beats: turn noise suppression off",
)
RECORDING_REASONS: Final = Reasons(
    no_sound="no sound: the recording is silent here",
    faint="only faint noise: the recording holds no heartbeat here",
    drops_out="sound drops out: the recording has holes here",
    clipping="clipping {fraction:.0%}: it was recorded too loud",
    noise="much noise above 600 Hz: it was recorded with noise",
    no_heartbeat="no heartbeat heard in this part of the recording",
    bumps="loud bumps: the chest piece or its cable moved",
    unlike_a_heart="not like a heart: noise, or another sound",
    noise_removed="no noise between the beats: a filter or a coarse converter removed it",
)
CHANNELS_CANCEL: Final = "the channels cancel each other: choose one, --channel 1"
LOST: Final = "samples were lost: the computer, the program or the cable was held up"

GAP_QUALITY: Final = Quality(0.0, LOST, "poor-signal")
"""The quality of a window that spans lost samples."""

NOTICE_BELOW = 0.5
"""Score below which a reason is given although the window is judged."""


def judge_quality(
    features: GateFeatures,
    statistics: SignalStatistics,
    *,
    gate: QualityGate = DEFAULT_GATE,
    odds: float | None = None,
    clip_s: float | None = None,
    rate_confidence: float = 1.0,
    origin: Origin = RECORDING,
) -> Quality:
    """Return the signal quality of a window.

    Parameters
    ----------
    features : GateFeatures
        Of the window's frames, :func:`monitor.inference.quality_gate.gate_features`.
    statistics : SignalStatistics
        Of the raw sound of the same window.
    gate : QualityGate
        The bundle's.
    odds : float or None
        The network's natural log-odds of a heart; None if it has no output for that.
    clip_s : float or None
        Length in seconds of a clip that was looped to fill the window.
    rate_confidence : float
        0 to 1, of the heart rate of such a clip: fewer than two beats are no rhythm, and no heart for sure.
    origin : Origin
        The source: advice for a recording differs from advice for a live input.

    Returns
    -------
    Quality
        With the state ``"no-signal"`` or ``"poor-signal"`` if the window must not be given a label, and a reason if a
        person can do something.

    Examples
    --------
    >>> muted = SignalStatistics(rms=0.0, peak=0.0, clipped=0.0, dead=1.0, dead_tail_s=5.0)
    >>> judge_quality(DEFAULT_GATE.typical, muted).state
    'no-signal'
    """
    one_beat = clip_s is not None and clip_s < SURE_CLIP_S and rate_confidence < SHOWN_FROM
    quality = _quality(features, statistics, gate, odds, clip_s, one_beat, origin)
    if quality.state is not None and origin.channels_cancel:
        return Quality(quality.score, CHANNELS_CANCEL, quality.state)
    return quality


def _quality(
    features: GateFeatures,
    statistics: SignalStatistics,
    gate: QualityGate,
    odds: float | None,
    clip_s: float | None,
    one_beat: bool,
    origin: Origin,
) -> Quality:
    """Return the quality of a window whatever its channels."""
    reasons = LIVE_REASONS if origin.live else RECORDING_REASONS
    unusable = _unusable(statistics, clip_s, reasons)
    if unusable is not None:
        return unusable
    if one_beat:
        return Quality(0.0, f"clip of {clip_s:.2g} s: no two beats are heard in it", "poor-signal")
    score = gate.score(features, odds)
    if statistics.rms < FAINT_RMS and (score < gate.poor_below or origin.channels_cancel):
        return Quality(0.0, reasons.faint, "no-signal")
    if score < gate.poor_below:
        reason = _main_reason(gate, features, odds, reasons)
        if reason == reasons.unlike_a_heart and _silent_between_beats(statistics):
            reason = reasons.noise_removed
        return Quality(score, reason, "poor-signal")
    if statistics.dead > 0.0 and not _silent_between_beats(statistics):
        return Quality(score, reasons.drops_out)
    if statistics.clipped >= CLIPPED_NOTICE:
        return Quality(score, reasons.clipping.format(fraction=statistics.clipped))
    return Quality(score, _main_reason(gate, features, odds, reasons) if score < NOTICE_BELOW else None)


def _unusable(statistics: SignalStatistics, clip_s: float | None, reasons: Reasons) -> Quality | None:
    """Return the quality of a window whose raw sound cannot be judged, or None."""
    if clip_s is not None and clip_s < MIN_CLIP_S:
        return Quality(0.0, f"clip of {clip_s:.2g} s is too short to judge", "poor-signal")
    if statistics.rms <= 0.0 or statistics.dead_tail_s >= DEAD_TAIL_S:
        return Quality(0.0, reasons.no_sound, "no-signal")
    if statistics.dead >= MAX_DEAD and not _silent_between_beats(statistics):
        if statistics.rms < FAINT_RMS:
            return Quality(0.0, reasons.faint, "no-signal")
        return Quality(0.0, reasons.drops_out, "poor-signal")
    if statistics.clipped >= MAX_CLIPPED:
        return Quality(0.0, reasons.clipping.format(fraction=statistics.clipped), "poor-signal")
    return None


def _silent_between_beats(statistics: SignalStatistics) -> bool:
    """Return whether silent bins are those of a recording without noise, not drop-outs."""
    return (
        statistics.dead >= MIN_SILENCE
        and statistics.longest_sound_s <= MAX_SOUND_S
        and statistics.longest_silence_s < DEAD_TAIL_S
    )


def _main_reason(gate: QualityGate, features: GateFeatures, odds: float | None, reasons: Reasons) -> str:
    """Return the reason that lowers the score most."""
    (tilt, periodicity, swing, bumps), network = gate.contributions(features, odds)
    lowered = {
        reasons.noise: tilt,
        reasons.no_heartbeat: periodicity + swing,
        reasons.bumps: bumps,
        reasons.unlike_a_heart: network,
    }
    return min(lowered, key=lambda reason: lowered[reason])

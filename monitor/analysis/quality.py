"""The signal quality of a window, and what a person can do about it.

Silence, drop-outs and clipping are detected in the raw sound (:mod:`monitor.audio.signal_statistics`). Whether the
rest sounds like a heart is decided by the bundle's gate (:mod:`monitor.inference.quality_gate`). A window is withheld
only if it is clearly no heart; docs/decisions/0003 says how many windows of real hearts are.

Pure functions, safe on any thread; must not know about devices, files or networks.
"""

from __future__ import annotations

from typing import Final

from monitor.audio.signal_statistics import SignalStatistics
from monitor.inference.quality_gate import DEFAULT_GATE, GateFeatures, QualityGate
from monitor.messages import Quality

__all__ = ["GAP_QUALITY", "judge_quality"]

SILENT_RMS = 1e-5
"""A third of a 16-bit step: less than dither, and a hundredth of the quietest heart recording tried."""

MAX_DEAD = 0.05
"""Fraction of a window without any change of value from which it is withheld: a hole in the rhythm sounds like an
extrasystole. Source: none of 13000 windows of PASCAL and CirCor hearts has any."""

DEAD_TAIL_S = 2.0
"""Seconds without any change at the end of a window from which there is no signal."""

CLIPPED_NOTICE = 0.01
MAX_CLIPPED = 0.25
"""Fraction of clipped samples from which there is a notice, and from which the window is withheld.
Source: the worst window of PASCAL set B has 0.10, of CirCor 0.11."""

MIN_CLIP_S = 0.5
"""Seconds; a shorter clip holds no whole beat."""

NO_SOUND: Final = "no sound: is the input muted or unplugged?"
DROPS_OUT: Final = "sound drops out: check the cable"
CLIPPING: Final = "clipping {fraction:.0%}: turn the input down"
NOISE: Final = "much noise above 600 Hz: press the chest piece on, keep still"
NO_HEARTBEAT: Final = "no heartbeat heard: place the chest piece on the chest"
BUMPS: Final = "loud bumps: keep the chest piece and its cable still"
NOT_LIKE_A_HEART: Final = "not like a heart: move the chest piece, keep quiet"
LOST: Final = "samples were lost: the computer or the cable could not keep up"

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
    unusable = _unusable(statistics, clip_s)
    if unusable is not None:
        return unusable
    score = gate.score(features, odds)
    if score < gate.poor_below:
        return Quality(score, _main_reason(gate, features, odds), "poor-signal")
    if statistics.dead > 0.0:
        return Quality(score, DROPS_OUT)
    if statistics.clipped >= CLIPPED_NOTICE:
        return Quality(score, CLIPPING.format(fraction=statistics.clipped))
    return Quality(score, _main_reason(gate, features, odds) if score < NOTICE_BELOW else None)


def _unusable(statistics: SignalStatistics, clip_s: float | None) -> Quality | None:
    """Return the quality of a window whose raw sound cannot be judged, or None."""
    if clip_s is not None and clip_s < MIN_CLIP_S:
        return Quality(0.0, f"clip of {clip_s:.2g} s is too short to judge", "poor-signal")
    if statistics.rms < SILENT_RMS or statistics.dead_tail_s >= DEAD_TAIL_S:
        return Quality(0.0, NO_SOUND, "no-signal")
    if statistics.dead >= MAX_DEAD:
        return Quality(0.0, DROPS_OUT, "poor-signal")
    if statistics.clipped >= MAX_CLIPPED:
        return Quality(0.0, CLIPPING.format(fraction=statistics.clipped), "poor-signal")
    return None


def _main_reason(gate: QualityGate, features: GateFeatures, odds: float | None) -> str:
    """Return the reason that lowers the score most."""
    (tilt, periodicity, swing, bumps), network = gate.contributions(features, odds)
    reasons = {NOISE: tilt, NO_HEARTBEAT: periodicity + swing, BUMPS: bumps, NOT_LIKE_A_HEART: network}
    return min(reasons, key=lambda reason: reasons[reason])

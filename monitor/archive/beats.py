"""The beats of a recording that was judged: the rhythm tracker's, from its windows, or found again from its sound.

The lines of a session hold early beats only. The sound and the heart rates of its windows give the tracker what it had
while it ran, so it finds the same beats. A beat stands at one place of the cycle, mostly the first
heart sound (S1), but also the second, so a beat must not be called S1. Pure; one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.rhythm.tracker import BeatTracker
from monitor.analysis.rhythm.variability import variability_of
from monitor.analysis.verdict import JUDGED
from monitor.archive.timeline import Timeline
from monitor.archive.windows import heart_beat
from monitor.features.spec import HEART
from monitor.messages import HeartRateVariability, WindowEvent

__all__ = ["beat_times", "early_beats", "timeline_variability", "tracked_beats"]


def tracked_beats(envelope: NDArray[np.float32], windows: Sequence[dict[str, Any]]) -> list[float]:
    """Return where the beats are, seconds, ascending; none where the rhythm could not be tracked.

    Parameters
    ----------
    envelope : ndarray, shape (frames,), float32
        Of the whole sound, from :meth:`monitor.archive.peak_spectrogram.PeakSpectrogram.push`.
    windows : sequence of dict
        The ``window`` lines; those that are no whole window, or withheld, are passed over.
    """
    tracker = BeatTracker(HEART.frame_hop_s)
    beats: set[float] = set()
    for window in windows:
        start = round(window["start_s"] / HEART.frame_hop_s)
        frames = envelope[start : start + HEART.num_frames]
        if window["rolling"].get("state") == "listening":
            tracker.clear()
        if window["state"] not in JUDGED or window.get("short") or len(frames) < HEART.num_frames:
            tracker.lose(window["end_s"])
            continue
        found = tracker.push(frames, window["start_s"], window.get("heart_rate_bpm"))
        beats.update(found.beat_times_s if found.trackable else ())
    return sorted(beats)


def early_beats(windows: Sequence[dict[str, Any]]) -> list[float]:
    """Return where the ectopic (early) beats are that the lines tell, seconds, ascending.

    Examples
    --------
    >>> early_beats([{"early_beats": {"at_s": [3.5]}}, {"early_beats": {"at_s": [3.5, 9.0]}}, {"early_beats": None}])
    [3.5, 9.0]
    """
    return sorted({at_s for window in windows for at_s in (window.get("early_beats") or {}).get("at_s") or ()})


def timeline_variability(timeline: Timeline) -> HeartRateVariability | None:
    """Return the heart rate variability by the beats of a timeline, also without a summary; None where it has none."""
    return variability_of(map(heart_beat, timeline.beats), early_beats(timeline.windows))


def beat_times(windows: Sequence[WindowEvent]) -> tuple[list[float], list[float]]:
    """Return where the beats are, and where the early ones are, seconds, ascending; none where none could be tracked.

    Parameters
    ----------
    windows : sequence of WindowEvent
    """
    tracked = [window.ectopic for window in windows if window.ectopic.trackable]
    beats = {at_s for found in tracked for at_s in found.beat_times_s}
    early = {beat.at_s for found in tracked for beat in found.detected}
    return sorted(beats | early), sorted(early)

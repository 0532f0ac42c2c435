"""What was found at each site: a verdict with its score, how much was judged, and why the rest was not.

A recording heard at one site has the verdict of its summary. Where the site changed, or there is no summary because the
program was killed, each stretch has the last rolling verdict in it, as ``auscult sessions`` shows. An examination has
its own findings, a site each and one for the subject (:mod:`monitor.analysis.site_pooling`); nothing is pooled here.
Pure functions of what was kept, which may be damaged or made by somebody else.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from monitor.archive.timeline import Timeline
from monitor.messages import LoudnessWord, State, Verdict
from monitor.sessions.overview import covered_s

__all__ = ["Finding", "site_findings", "subject_finding"]

STATES: tuple[State, ...] = get_args(State)
LOUDNESS_WORDS: tuple[LoudnessWord, ...] = get_args(LoudnessWord)
JUDGED = ("verdict", "uncertain")
TOLERANCE_S = 1e-3
Line = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What was found in a stretch of sound at one site.

    Attributes
    ----------
    site : str or None
        None where it is not known.
    start_s, end_s : float
        Seconds of the sound.
    verdict : Verdict
    bpm : float or None
        Median heart rate.
    windows, judged : int
        Windows in it, and those good enough to be judged.
    judged_s : float
        Seconds inside at least one of these.
    withheld : dict of str to int
        The others: how many for each reason, the most frequent first.
    is_summary : bool
        Whether verdict and heart rate are those of the whole recording's summary.
    reason : str
        Why an examination has no verdict on the site, or less sound of it than was asked for; empty otherwise.
    """

    site: str | None
    start_s: float
    end_s: float
    verdict: Verdict
    bpm: float | None
    windows: int
    judged: int
    judged_s: float
    withheld: dict[str, int]
    is_summary: bool
    reason: str = ""

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.end_s - self.start_s


def site_findings(timeline: Timeline) -> tuple[Finding, ...]:
    """Return a finding for each stretch of one site, in the order in which they were heard; at least one.

    Of an examination there is one for each site that was asked for.
    """
    examined = _examined(timeline)
    if examined:
        return examined
    stretches = _stretches(timeline)
    summary = timeline.summary
    if summary is not None and len(stretches) == 1:
        site, start_s, end_s = stretches[0]
        found = _last_rolling(site, start_s, end_s, timeline.windows)
        return (
            dataclasses.replace(
                found, verdict=_verdict(summary), bpm=_number(summary.get("heart_rate_bpm")), is_summary=True
            ),
        )
    return tuple(_last_rolling(*stretch, timeline.windows) for stretch in stretches)


def subject_finding(timeline: Timeline) -> tuple[Verdict, str] | None:
    """Return what the sites of an examination say together, with the sentence about it; None where there was none."""
    found = None if timeline.examination is None else timeline.examination["finding"]
    text = None if found is None else _text(found.get("text"))
    return None if found is None or text is None else (_verdict(found), text)


def _examined(timeline: Timeline) -> tuple[Finding, ...]:
    """Return the findings of an examination; none where there was none."""
    found = []
    for row in (timeline.examination or {}).get("sites", ()):
        if not isinstance(row, dict):
            continue
        start_s, end_s = (_number(row.get(key)) or 0.0 for key in ("start_s", "end_s"))
        heard = _last_rolling(_text(row.get("site")), start_s, max(start_s, end_s), timeline.windows)
        judged_s, bpm = _number(row.get("judged_s")) or 0.0, _number(row.get("heart_rate_bpm"))
        reason = _text(row.get("reason")) or ""
        found.append(dataclasses.replace(heard, verdict=_verdict(row), judged_s=judged_s, bpm=bpm, reason=reason))
    return tuple(found)


def _stretches(timeline: Timeline) -> list[tuple[str | None, float, float]]:
    """Return site, start and end of each stretch; one without a length, because the site was corrected, is left out."""
    begin = [(0.0, timeline.text("site") or _text(timeline.start.get("site")))]
    begin += [(span.start_s, span.text) for span in timeline.spans if span.kind == "site"]
    judged_s = max((window["end_s"] for window in timeline.windows if not window.get("short")), default=0.0)
    length_s = max(timeline.duration_s, judged_s)  # more was judged than can be read of a damaged sound
    ends = [at_s for at_s, _ in begin[1:]] + [length_s]
    found: list[tuple[str | None, float, float]] = []
    for (start_s, site), end_s in zip(begin, ends, strict=True):
        first_s = found.pop()[1] if found and found[-1][0] == site else start_s
        if end_s > first_s or not length_s:
            found.append((site, first_s, end_s))
    return found


def _last_rolling(site: str | None, start_s: float, end_s: float, every: Sequence[Line]) -> Finding:
    """Return a finding from the windows that lie in a stretch."""
    windows = [dict(window) for window in every if _is_inside(window, start_s, end_s)]
    rates = [rate for window in windows if (rate := _number(window.get("heart_rate_bpm"))) is not None]
    judged = [window for window in windows if window["state"] in JUDGED]
    withheld = Counter(_reason(window) for window in windows if window["state"] not in JUDGED)
    return Finding(
        site=site,
        start_s=start_s,
        end_s=end_s,
        verdict=_verdict(windows[-1]["rolling"]) if windows else Verdict("listening"),
        bpm=statistics.median(rates) if rates else None,
        windows=len(windows),
        judged=len(judged),
        judged_s=min(end_s - start_s, covered_s(judged)),
        withheld=dict(withheld.most_common()),
        is_summary=False,
    )


def _is_inside(window: Line, start_s: float, end_s: float) -> bool:
    """Return whether a window lies in a stretch; the one of a looped clip reaches beyond its sound."""
    ends_inside = window["end_s"] <= end_s + TOLERANCE_S or bool(window.get("short"))
    return start_s - TOLERANCE_S <= window["start_s"] < end_s and ends_inside


def _reason(window: Line) -> str:
    """Return why a window was withheld; percentages, which differ between windows, are left out."""
    reason = "lost sound" if window["gap"] else str(window["quality"].get("reason") or window["state"])
    return " ".join(word for word in reason.split(" ") if not word.endswith("%"))


def _verdict(line: Line) -> Verdict:
    """Return the verdict in a line; one that is unknown is "listening"."""
    state = line.get("state")
    label = _text(line.get("label")) if state == "verdict" else None
    scores, acoustic_scores = _scores(line.get("scores")), _scores(line.get("acoustic_scores"))
    known: State = next((one for one in STATES if one == state), STATES[0])
    possible = _text(line.get("possible")) if state == "uncertain" else None
    timing, confidence = _text(line.get("murmur_timing")), _number(line.get("confidence"))
    loudness = next((word for word in LOUDNESS_WORDS if word == line.get("loudness")), None)
    return Verdict(known, label, confidence, scores, acoustic_scores, possible, timing, loudness)


def _scores(values: object) -> dict[str, float] | None:
    """Return the scores in a line, None where it has none."""
    if not isinstance(values, dict):
        return None
    numbers = {str(label): _number(value) for label, value in values.items()}
    return {label: value for label, value in numbers.items() if value is not None} or None


def _number(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _text(value: object) -> str | None:
    """Return a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None

"""Where an examination stands: which site is due, what counts there, and what has been found.

A clock-free core: time is the position in the sound. A site counts from the moment at which the chest piece arrived
there: only windows that begin after it, so no sound of the site before is in them. Main thread; must not draw or write.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections import Counter
from collections.abc import Sequence

from monitor.analysis.loudness import with_loudness
from monitor.analysis.rolling_verdict import TOLERANCE_S
from monitor.analysis.site_pooling import pooled_verdict
from monitor.analysis.verdict import JUDGED, MIN_RATED, with_timing
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import SiteResult, Verdict, WindowEvent

__all__ = ["NOT_REACHED", "Progress"]

NOT_REACHED = "not reached"


@dataclasses.dataclass(slots=True)
class Visit:
    """What was heard at a site since the chest piece arrived there.

    Attributes
    ----------
    start_s : float or None
        When it arrived; None while it is on its way.
    judged_s : float
        Seconds of sound inside at least one window that counts.
    reached_s : float
        End of the newest window that counts.
    verdicts : list of Verdict
        Of the windows that count.
    rates_bpm : list of float
        Heart rates of those that have one.
    louds : list of float
        Probabilities that a murmur is loud, of those that have one.
    timings : Counter
        Those that name a murmur, by where it lies.
    """

    start_s: float | None = None
    judged_s: float = 0.0
    reached_s: float = 0.0
    verdicts: list[Verdict] = dataclasses.field(default_factory=list)
    rates_bpm: list[float] = dataclasses.field(default_factory=list)
    louds: list[float] = dataclasses.field(default_factory=list)
    timings: Counter[str | None] = dataclasses.field(default_factory=Counter)

    def window(self, event: WindowEvent) -> None:
        """Count a window that was judged."""
        self.verdicts.append(event.verdict)
        if event.heart_rate_bpm is not None:
            self.rates_bpm.append(event.heart_rate_bpm)
        if event.loud is not None:
            self.louds.append(event.loud)
        if event.verdict.names_murmur:
            self.timings[event.verdict.murmur_timing] += 1
        self.judged_s += max(0.0, event.end_s - max(event.start_s, self.reached_s))
        self.reached_s = max(self.reached_s, event.end_s)

    def verdict(self, decision: DecisionThresholds) -> Verdict | None:
        """Return the verdict on the windows that count, with what they say of a murmur; None where none counts."""
        if not self.verdicts:
            return None
        loud = statistics.fmean(self.louds) if self.louds else None
        return with_timing(with_loudness(pooled_verdict(self.verdicts, decision), loud), self.timings)

    @property
    def heart_rate_bpm(self) -> float | None:
        """Median heart rate; None where too few windows have one, as for a recording."""
        enough = len(self.rates_bpm) >= max(1, MIN_RATED * len(self.verdicts))
        return statistics.median(self.rates_bpm) if enough else None


class Progress:
    """The course of an examination.

    Parameters
    ----------
    sites : sequence of str
        In the order in which they are examined, each once.
    good_s : float
        Seconds of judged sound to collect at each.
    decision : DecisionThresholds
        Of the bundle.

    Attributes
    ----------
    asked_s : float
        When the chest piece was asked to the site that is due, seconds of the sound.

    Raises
    ------
    ValueError
        If there is no site, one is named twice, or there is nothing to collect.

    Examples
    --------
    >>> progress = Progress(("AV", "MV"), 10.0, DecisionThresholds())
    >>> progress.arrive(0.0)
    >>> progress.leave(12.0, "skipped")
    >>> progress.site, progress.arrived
    ('MV', False)
    """

    def __init__(self, sites: Sequence[str], good_s: float, decision: DecisionThresholds) -> None:
        if not sites or len(set(sites)) < len(sites):
            raise ValueError(f"sites={sites!r} must name at least one site, and each once")
        if not good_s > 0:
            raise ValueError(f"good_s={good_s:g} must be above 0 seconds")
        self.sites, self.good_s, self._decision = tuple(sites), good_s, decision
        self._results: dict[str, SiteResult] = {}
        self._visit = Visit()
        self._site: str | None = self.sites[0]
        self.asked_s = 0.0

    @property
    def site(self) -> str | None:
        """The site that is due; None once all are done."""
        return self._site

    @property
    def arrived(self) -> bool:
        """Whether the chest piece is there, so that sound counts."""
        return self._visit.start_s is not None

    @property
    def judged_s(self) -> float:
        """Seconds collected at the site that is due."""
        return self._visit.judged_s

    @property
    def enough(self) -> bool:
        """Whether the site that is due has as much as was asked for."""
        return self._visit.judged_s >= self.good_s - TOLERANCE_S

    @property
    def done(self) -> dict[str, SiteResult]:
        """The results of the sites that were left, by site."""
        return dict(self._results)

    def arrive(self, at_s: float) -> None:
        """Count from a moment on, and nothing that was counted at this site before."""
        self._visit = Visit(start_s=at_s)

    def window(self, event: WindowEvent) -> None:
        """Take the next window; it counts where it was judged and begins after the chest piece arrived.

        A clip that was looped to fill a window does not count: it has less sound than it seems.
        """
        start_s = self._visit.start_s
        if start_s is None or self._site is None or self.enough or event.start_s < start_s - TOLERANCE_S:
            return
        if event.verdict.state in JUDGED and not event.short:
            self._visit.window(event)

    def leave(self, at_s: float, reason: str | None = None) -> None:
        """Keep the result of the site that is due, and go on to the next that has none.

        Parameters
        ----------
        at_s : float
            Now, seconds of the sound.
        reason : str or None
            Why it has less sound than was asked for.
        """
        if self._site is not None:
            self._results[self._site] = self._result(self._site, self._visit, at_s, reason)
            self._go_to(next((site for site in self.sites if site not in self._results), None), at_s)

    def back(self, at_s: float) -> None:
        """Go back to the site before, and forget its result; to the beginning of the first one."""
        index = len(self.sites) if self._site is None else self.sites.index(self._site)
        site = self.sites[max(0, index - 1)]
        self._results.pop(site, None)
        self._go_to(site, at_s)

    def results(self, at_s: float, reason: str = "ended") -> tuple[SiteResult, ...]:
        """Return the result of every site, as if the examination ended now."""
        found = dict(self._results)
        if self._site is not None:
            found[self._site] = self._result(self._site, self._visit, at_s, reason)
        return tuple(
            found.get(site) or SiteResult(site, None, 0.0, 0, None, None, None, NOT_REACHED) for site in self.sites
        )

    def _go_to(self, site: str | None, at_s: float) -> None:
        """Make a site due; the chest piece is on its way."""
        self._site, self._visit, self.asked_s = site, Visit(), at_s

    def _result(self, site: str, visit: Visit, at_s: float, reason: str | None) -> SiteResult:
        """Return what was found during a visit."""
        if visit.start_s is None:
            return SiteResult(site, None, 0.0, 0, None, None, None, reason or NOT_REACHED)
        if visit.judged_s < self.good_s - TOLERANCE_S:
            reason = f"{reason or 'ended'} after {visit.judged_s:.1f} of {self.good_s:g} s"
        return SiteResult(
            site=site,
            verdict=visit.verdict(self._decision),
            judged_s=visit.judged_s,
            windows=len(visit.verdicts),
            heart_rate_bpm=visit.heart_rate_bpm,
            start_s=visit.start_s,
            end_s=visit.reached_s if visit.verdicts else at_s,
            reason=reason,
        )

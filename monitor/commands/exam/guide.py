"""Guides an examination: brings the progress, the pipeline and the keys together, and says what happens.

Live, a site is left as soon as it has enough sound, and the next one counts once the chest piece was moved. Recordings
are each played to their end, or, in real time, until there is enough. Main thread; must not draw or write.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from monitor.analysis.site_pooling import finding
from monitor.audio.sources.site_recordings import SiteRecordings
from monitor.commands.exam.movement import MovementDetector
from monitor.commands.exam.progress import Progress
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import Examination, SiteChange, Snapshot, WindowEvent
from monitor.runtime.pipeline import Pipeline

__all__ = ["KEYS", "Guide", "Step"]

KEYS = (("q", "end"), ("s", "skip site"), ("b", "back"), ("r", "again"), ("Enter", "it is there"))
"""Keys and what they do, for a live input; recordings have no last one."""

ENTER = ("\n", "\r", " ")
SITE_KEYS = "1234"
"""Keys of other screens that change the site; here the guide does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """Something that happened.

    Attributes
    ----------
    kind : {"place", "arrived", "done", "left"}
        The chest piece is asked to a site; it arrived there; the site has enough sound; it was left with less.
    site : str
    at_s : float
        Seconds of the sound.
    change : SiteChange or None
        Of an arrival, where the site differs from the one heard before.
    """

    kind: Literal["place", "arrived", "done", "left"]
    site: str
    at_s: float
    change: SiteChange | None = None


class Guide:
    """Leads from site to site.

    Parameters
    ----------
    progress : Progress
    pipeline : Pipeline
    quit : callable
        Ends the program as if the source had ended.
    recordings : SiteRecordings or None
        The pipeline's source where it is one; None for a live input.
    """

    def __init__(
        self,
        progress: Progress,
        pipeline: Pipeline,
        quit: Callable[[], None],
        recordings: SiteRecordings | None = None,
    ) -> None:
        self.progress = progress
        self._pipeline, self._quit, self._recordings = pipeline, quit, recordings
        self._movement = MovementDetector()
        self._steps: list[Step] = []
        self._drained = self._left = False

    @property
    def live(self) -> bool:
        """Whether a person moves a chest piece."""
        return self._recordings is None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """Keys and what they do."""
        return KEYS if self._recordings is None else KEYS[:-1]

    @property
    def at_s(self) -> float:
        """The newest sample, seconds of the sound."""
        return self._pipeline.newest_sample / self._pipeline.start_message.sample_rate

    def begin(self) -> None:
        """Ask for the first site; live, the chest piece may be there already, so all that is usable counts."""
        self._ask()
        if self._recordings is None:
            self._arrive()

    def window(self, event: WindowEvent) -> None:
        """Take the next window."""
        self._movement.window(event)
        self.progress.window(event)

    def update(self, snapshot: Snapshot) -> list[Step]:
        """Go on where it is time to, and return what happened since the last call."""
        self._movement.level(snapshot.elapsed_s, snapshot.level.peak_db)
        if self._recordings is not None:
            self._follow(self._recordings)
        elif self.progress.site is not None and not self.progress.arrived and self._movement.moved:
            self._arrive()
        elif self.progress.enough:
            self._leave(None)
        steps, self._steps = self._steps, []
        return steps

    def key(self, key: str) -> bool:
        """Execute a key; return whether it is one of an examination."""
        if key == "s":
            self._leave("skipped")
        elif key == "b":
            self._restart(self.progress.back)
        elif key == "r":
            self._restart(lambda at_s: None)
        elif key in ENTER and self._recordings is None:
            if self.progress.site is not None and not self.progress.arrived:
                self._arrive()
        elif key not in (*ENTER, *SITE_KEYS):
            return False
        return True

    def examination(self, source: str, subject: str | None, decision: DecisionThresholds) -> Examination:
        """Return what was found, as if the examination ended now."""
        progress = self.progress
        results = progress.results(self.at_s)
        return Examination(
            source=source,
            subject=subject,
            good_s=progress.good_s,
            sites=results,
            finding=finding(results, decision),
            complete=progress.site is None,
        )

    def _ask(self) -> None:
        """Ask for the site that is due; with none, end."""
        site = self.progress.site
        if site is not None:
            self._movement.ask(self.at_s)
            self._steps.append(Step("place", site, self.at_s))
        elif self._recordings is None:
            self._quit()

    def _arrive(self) -> None:
        """Let the site that is due count from now on."""
        site = self.progress.site
        if site is None:
            return
        change = self._pipeline.change_site(site)
        at_s = self.at_s if change is None else change.at_s
        self.progress.arrive(at_s)
        self._movement.settle()
        self._steps.append(Step("arrived", site, at_s, change))

    def _leave(self, reason: str | None) -> None:
        """Leave the site that is due, and ask for the next."""
        site, at_s = self.progress.site, self.at_s
        if site is None:
            return
        self._steps.append(Step("done" if self.progress.enough else "left", site, at_s))
        self.progress.leave(at_s, reason)
        self._left = True
        if self._recordings is not None:
            self._recordings.leave()
        self._ask()

    def _restart(self, change: Callable[[float], None]) -> None:
        """Begin a site again: the one that is due, or the one that ``change`` makes due."""
        due = self.progress.site
        change(self.at_s)
        site = self.progress.site
        if site is None:
            return
        if self._recordings is not None:
            self._left = True
            self._recordings.leave()
            self._ask()
        elif site != due or not self.progress.arrived:
            self._ask()
        else:
            self.progress.arrive(self.at_s)
            self._steps.append(Step("place", site, self.at_s))

    def _follow(self, recordings: SiteRecordings) -> None:
        """Leave a site with enough sound or at the end of its recording; then play the next recording.

        The end is acted on one call after all sound was judged: the last results have arrived by then.
        """
        if self.progress.enough and not self._left:
            self._leave(None)
        drained, self._drained = self._drained, recordings.waiting and self._pipeline.caught_up
        if not (drained and self._drained):
            return
        if self.progress.arrived and not self._left:
            self._leave("the recording ends")
        self._left = self._drained = False
        recordings.play(self.progress.site)
        self._arrive()

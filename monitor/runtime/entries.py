"""What a person enters while a sound is heard: marks, notes and changes of the auscultation site.

Belongs to the thread that created the pipeline.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.labels import SITES
from monitor.messages import Mark, SiteChange

if TYPE_CHECKING:
    from monitor.audio.recorder.recorder import Recorder

__all__ = ["Entries"]

MAX_ENTRIES = 1000


class Entries:
    """Numbers the marks of a sound, and holds what was entered until it is taken.

    Parameters
    ----------
    sample_rate : int
        Hz.
    site : str or None
        The auscultation site at the beginning, one of :data:`monitor.labels.SITES`.

    Attributes
    ----------
    site : SiteChange or None
        The site that is heard now.
    take : callable
        Returns what was entered since its last call, the oldest first; the newest thousand are kept.

    Examples
    --------
    >>> entries = Entries(4000, None)
    >>> entries.mark(6000, "a  cough").text, entries.change_site("MV", 8000).at_s
    ('a cough', 2.0)
    >>> [type(entry).__name__ for entry in entries.take()]
    ['Mark', 'SiteChange']
    """

    def __init__(self, sample_rate: int, site: str | None) -> None:
        self._sample_rate = sample_rate
        self.site = None if site is None else SiteChange(site, 0.0, 0)
        self._num_marks = 0
        self._readers: list[collections.deque[Mark | SiteChange]] = []
        self.take = self.reader()

    def mark(
        self, sample: int, text: str | None = None, *, recorder: Recorder | None = None, session: Recorder | None = None
    ) -> Mark:
        """Mark a moment, in the labels file of the recording if there is one.

        Parameters
        ----------
        sample : int
            The moment.
        text : str or None
            A note to it; its white space is joined to one line.
        recorder, session : Recorder or None
            What writes the recording, and the sound of the session.
        """
        at_s = sample / self._sample_rate
        self._num_marks += 1
        text = " ".join(text.split()) or None if text is not None else None
        number, path, recorded_s, error = self._num_marks, None, None, None
        if recorder is not None:
            recorded_s = recorder.mark(sample, f"mark {number}" + (f": {text}" if text else ""))
            path, error = recorder.labels_path, recorder.status.marks_error
        elif session is not None:
            path, recorded_s = session.path.parent, at_s
        mark = Mark(number, at_s, path, recorded_s, error, sample=sample, text=text)
        self._keep(mark)
        return mark

    def change_site(self, site: str, sample: int) -> SiteChange | None:
        """Enter another site from a moment on; None where it is the same as before.

        Raises
        ------
        ValueError
            If there is no such site.
        """
        if site not in SITES:
            raise ValueError(f"site={site!r} must be one of {', '.join(SITES)}")
        if self.site is not None and self.site.site == site:
            return None
        self.site = SiteChange(site, sample / self._sample_rate, sample)
        self._keep(self.site)
        return self.site

    def _keep(self, entry: Mark | SiteChange) -> None:
        """Keep an entry for every reader."""
        for waiting in self._readers:
            waiting.append(entry)

    def reader(self) -> Callable[[], list[Mark | SiteChange]]:
        """Return one more function like :attr:`take`; each gives every entry once."""
        waiting: collections.deque[Mark | SiteChange] = collections.deque(maxlen=MAX_ENTRIES)
        self._readers.append(waiting)

        def take() -> list[Mark | SiteChange]:
            entries = list(waiting)
            waiting.clear()
            return entries

        return take

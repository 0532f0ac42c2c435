"""What a person has set in a recording: marks, notes and labels, and how they are kept.

A change counts at once on the screen and is written at once. What cannot be written waits, is tried again, and is told.
One thread. Where it is written is the business of the derived classes.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

from monitor.archive.spans import one_line
from monitor.errors import AuscultError
from monitor.log import get_logger

__all__ = ["Annotation", "Annotations"]

logger = get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Annotation:
    """A mark, a note or a label.

    Attributes
    ----------
    kind : {"mark", "note", "label"}
    start_s, end_s : float
        Seconds of the sound; equal for a mark and a note.
    text : str
        One line: ``"mark 3"``, a note's text, or a label.
    line : dict
        How a session keeps it; empty elsewhere.
    """

    kind: Literal["mark", "note", "label"]
    start_s: float
    end_s: float
    text: str
    line: dict[str, Any] = dataclasses.field(default_factory=dict, compare=False)


class Annotations(abc.ABC):
    """The annotations of one recording.

    Parameters
    ----------
    items : iterable of Annotation
        What was set before.
    read_only : str
        Why nothing can be changed; empty where it can.

    Attributes
    ----------
    error : str
        Why the last changes are not kept yet; empty where they are.
    """

    def __init__(self, items: Iterable[Annotation], read_only: str = "") -> None:
        self._items = sorted(items, key=_order)
        self.read_only, self.error = read_only, ""

    @property
    def items(self) -> tuple[Annotation, ...]:
        """All annotations as they count now, by time."""
        return tuple(self._items)

    @property
    @abc.abstractmethod
    def unsaved(self) -> tuple[str, ...]:
        """Lines that are not written yet."""

    @abc.abstractmethod
    def _created(self, kind: str, start_s: float, end_s: float, text: str) -> Annotation:
        """Return a new annotation, and note it for writing."""

    @abc.abstractmethod
    def _changed(self, item: Annotation, text: str) -> Annotation:
        """Return an annotation with another text, and note the change for writing."""

    @abc.abstractmethod
    def _removed(self, item: Annotation) -> None:
        """Note a removal for writing."""

    @abc.abstractmethod
    def _write(self) -> None:
        """Write what waits.

        Raises
        ------
        AuscultError
            If it cannot be written.
        """

    def mark(self, at_s: float, text: str = "") -> Annotation:
        """Set a mark, or a note where there is a text."""
        return self._add("note" if text else "mark", at_s, at_s, text)

    def label(self, start_s: float, end_s: float, text: str) -> Annotation:
        """Set a person's own label for a stretch."""
        return self._add("label", start_s, end_s, text)

    def change(self, item: Annotation, text: str) -> Annotation:
        """Give an annotation another text; a mark with a text is a note.

        Raises
        ------
        AuscultError
            If nothing can be changed.
        """
        self._check()
        index = self._items.index(item)
        changed = self._changed(item, one_line(text))
        self._items[index] = changed
        self.save()
        return changed

    def remove(self, item: Annotation) -> None:
        """Take an annotation back.

        Raises
        ------
        AuscultError
            If nothing can be changed.
        """
        self._check()
        self._items.remove(item)
        self._removed(item)
        self.save()

    def save(self) -> bool:
        """Write what waits; return whether all is kept. What failed is in :attr:`error`."""
        if not self.unsaved:
            return True
        try:
            self._write()
        except AuscultError as error:
            logger.info("changes are not kept yet: %s", error)
            self.error = error.message
            return False
        self.error = ""
        return True

    def nearest(self, at_s: float, within_s: float) -> Annotation | None:
        """Return the annotation nearest to a moment, a mark or note before a label around it; None where none is near.

        Parameters
        ----------
        at_s : float
        within_s : float
            Largest distance.
        """

        def rank(item: Annotation) -> tuple[float, float]:
            inside = item.kind == "label" and item.start_s <= at_s <= item.end_s
            distance = min(abs(at_s - item.start_s), abs(at_s - item.end_s))
            return (within_s if inside else distance, item.end_s - item.start_s)

        near = [item for item in self._items if rank(item)[0] <= within_s]
        return min(near, key=rank, default=None)

    def _add(self, kind: str, start_s: float, end_s: float, text: str) -> Annotation:
        """Set an annotation."""
        self._check()
        item = self._created(kind, start_s, end_s, one_line(text))
        self._items = sorted([*self._items, item], key=_order)
        self.save()
        return item

    def _check(self) -> None:
        """Refuse a change where nothing can be changed."""
        if self.read_only:
            raise AuscultError(self.read_only, "look, but change nothing")


def _order(item: Annotation) -> tuple[float, float]:
    """Return the place of an annotation in the list."""
    return (item.start_s, item.end_s)

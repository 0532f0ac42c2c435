"""The annotations of a session: lines added to its ``events.jsonl``, which keeps every earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from monitor.commands.review.annotations import Annotation, Annotations
from monitor.messages import Mark
from monitor.sessions.edits import apply_edits, delete_line, edit_line, label_line
from monitor.sessions.event_log import append_lines
from monitor.text.event_lines import utc_now
from monitor.text.json_lines import mark_line

__all__ = ["SessionAnnotations"]


class SessionAnnotations(Annotations):
    """The annotations of a session that has ended.

    Parameters
    ----------
    path : Path
        ``events.jsonl``.
    lines : iterable of dict
        Its ``mark``, ``note`` and ``label`` lines as they count.
    sample_rate : int
        Hz of the sound.
    read_only : str
        Why nothing can be changed; empty where it can.
    now : callable
        The wall clock, ISO 8601; a test passes its own.
    """

    def __init__(
        self,
        path: Path,
        lines: Iterable[dict[str, Any]],
        sample_rate: int,
        read_only: str = "",
        now: Callable[[], str] = utc_now,
    ) -> None:
        super().__init__(map(_annotation, lines), read_only)
        self._path, self._rate, self._now = path, sample_rate, now
        self._numbers = max((int(item.line.get("number") or 0) for item in self.items), default=0)
        self._waiting: list[str] = []

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Lines that are not written yet."""
        return tuple(self._waiting)

    def _created(self, kind: str, start_s: float, end_s: float, text: str) -> Annotation:
        """Return a new annotation."""
        if kind == "label":
            return self._append(label_line(start_s, end_s, text, self._now()))
        self._numbers += 1
        sample = round(start_s * self._rate)
        return self._append(
            mark_line(Mark(self._numbers, sample / self._rate, sample=sample, text=text or None), self._now())
        )

    def _append(self, text: str) -> Annotation:
        """Note a line for writing, and return what it sets."""
        self._waiting.append(text)
        return _annotation(_parsed(text))

    def _changed(self, item: Annotation, text: str) -> Annotation:
        """Return an annotation with another text."""
        edit = edit_line(item.line, {"label" if item.kind == "label" else "text": text}, self._now())
        self._waiting.append(edit)
        (line,) = apply_edits([item.line, _parsed(edit)])
        return _annotation(line)

    def _removed(self, item: Annotation) -> None:
        """Note a removal for writing."""
        self._waiting.append(delete_line(item.line, self._now()))

    def _write(self) -> None:
        """Append what waits."""
        append_lines(self._path, self._waiting)
        self._waiting.clear()


def _parsed(text: str) -> dict[str, Any]:
    """Return the object of a line."""
    import json

    line: dict[str, Any] = json.loads(text)
    return line


def _annotation(line: dict[str, Any]) -> Annotation:
    """Return what a line sets."""
    if line["type"] == "label":
        return Annotation("label", line["start_s"], line["end_s"], line["label"], line)
    text = line["text"] if line["type"] == "note" else f"mark {line['number']}"
    return Annotation(line["type"], line["at_s"], line["at_s"], text, line)

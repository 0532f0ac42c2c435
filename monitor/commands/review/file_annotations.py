"""The annotations of a recording: the labels file beside it, never the sound.

The file is written again as a whole and in one step. One that another program has changed meanwhile is left alone; one
that loses a line by an edit or a deletion is kept beside the new one, as ``heart.labels.txt.bak``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from monitor.archive.spans import Span
from monitor.atomic_write import write_atomic
from monitor.audio.recorder.labels_file import TIME_DIGITS
from monitor.commands.review.annotations import Annotation, Annotations
from monitor.errors import AuscultError, cannot_be_read, reason_of

__all__ = ["FileAnnotations"]

NUMBER = re.compile(r"mark (\d+)(?:$|:)")
MAX_COPIES = 100


class FileAnnotations(Annotations):
    """The annotations in a labels file.

    Parameters
    ----------
    path : Path
        The labels file; it need not exist.
    spans : iterable of Span
        What it holds, see :func:`monitor.archive.judged_file.read_labels`.
    """

    def __init__(self, path: Path, spans: Iterable[Span]) -> None:
        super().__init__(map(_annotation, spans))
        self._path = path
        self._known = _content(path)
        self._unsaved = False

    @property
    def unsaved(self) -> tuple[str, ...]:
        """All lines, where the file does not hold them."""
        return tuple(map(_line, self.items)) if self._unsaved else ()

    def save(self) -> bool:
        """Write the file; return whether all is kept."""
        if self._unsaved and not self.items and self._known is None:  # what was set is gone again
            self._unsaved, self.error = False, ""
        return super().save() if self.items else self._save_nothing()

    def _save_nothing(self) -> bool:
        """Write a file without a line, where the last one was removed."""
        if not self._unsaved:
            return True
        try:
            self._write()
        except AuscultError as error:
            self.error = error.message
            return False
        self.error = ""
        return True

    def _created(self, kind: str, start_s: float, end_s: float, text: str) -> Annotation:
        """Return a new annotation."""
        self._unsaved = True
        if kind == "mark":
            numbers = [int(match[1]) for item in self.items if (match := NUMBER.match(item.text))]
            return Annotation("mark", start_s, end_s, f"mark {max(numbers, default=0) + 1}")
        return Annotation("label" if kind == "label" else "note", start_s, end_s, text)

    def _changed(self, item: Annotation, text: str) -> Annotation:
        """Return an annotation with another text."""
        self._unsaved = True
        return Annotation("note" if item.kind == "mark" else item.kind, item.start_s, item.end_s, text)

    def _removed(self, item: Annotation) -> None:
        """Note a removal for writing."""
        self._unsaved = True

    def _write(self) -> None:
        """Write the file again."""
        if _content(self._path) != self._known:
            raise AuscultError(f"{self._path} was changed by another program and is not overwritten", "move it away")
        if not self._path.parent.is_dir():  # such as a stick that was pulled out: it is not made again
            raise AuscultError(f"{self._path} cannot be written: its folder is gone", "put it back")
        content = "".join(f"{_line(item)}\n" for item in self.items).encode()
        try:
            if self._known is not None and not set(self._known.splitlines()) <= set(content.splitlines()):
                self._keep_copy(self._known)
            write_atomic(self._path, content)
        except OSError as error:
            reason = reason_of(error, self._path)
            raise AuscultError(f"{self._path} cannot be written: {reason}", "check its folder") from error
        self._known, self._unsaved = content, False

    def _keep_copy(self, content: bytes) -> None:
        """Keep the file as it was, under a new name; one copy of the same content is enough."""
        for number in range(1, MAX_COPIES):
            path = self._path.with_name(f"{self._path.name}.bak{number if number > 1 else ''}")
            before = _content(path)
            if before == content:
                return
            if before is None:
                write_atomic(path, content)
                return
        raise AuscultError(f"there are {MAX_COPIES - 1} copies of {self._path} already", "move them away")


def _content(path: Path) -> bytes | None:
    """Return the content of a file; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_be_read(path, error, "move it away", AuscultError) from error


def _annotation(span: Span) -> Annotation:
    """Return what a line of the file sets."""
    if span.end_s > span.start_s:
        return Annotation("label", span.start_s, span.end_s, span.text)
    return Annotation("mark" if NUMBER.fullmatch(span.text) else "note", span.start_s, span.start_s, span.text)


def _line(item: Annotation) -> str:
    """Return the line of an annotation."""
    return f"{item.start_s:.{TIME_DIGITS}f}\t{item.end_s:.{TIME_DIGITS}f}\t{item.text}"

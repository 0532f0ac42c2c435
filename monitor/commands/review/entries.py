"""What a person is asked on the row of keys: a time, a note, a label, whether to delete.

Each entry takes keys until it is answered or left with Escape. Main thread; must not know about screens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.commands.review.annotations import Annotation, Annotations
from monitor.commands.review.navigation import parse_time
from monitor.dashboard.drawing.glyphs import clock
from monitor.dashboard.text_entry import TextEntry

__all__ = ["Entry", "delete_entry", "edit_entry", "goto_entry", "label_entry", "note_entry"]


class Entry:
    """A question and its answer.

    Parameters
    ----------
    question : str
    answer : callable
        Called with the text, where it is ended with Enter.
    text : str
        What stands there at first.
    choices : sequence of str
        Texts that a digit chooses, from 1, where nothing is typed yet.
    changes : bool
        Whether the answer changes what is kept.

    Attributes
    ----------
    done : bool

    Examples
    --------
    >>> heard = []
    >>> entry = Entry("label", heard.append, choices=("normal", "murmur"))
    >>> entry.prompt
    'label: 1 normal  2 murmur  or type: _'
    >>> entry.key("2")
    >>> heard, entry.done
    (['murmur'], True)
    """

    def __init__(
        self,
        question: str,
        answer: Callable[[str], object],
        *,
        text: str = "",
        choices: Sequence[str] = (),
        changes: bool = True,
    ) -> None:
        self._question, self._answer, self._choices, self.changes = question, answer, choices, changes
        self._text = TextEntry()
        self._text.text = text
        self._fresh = True
        self.done = False

    @property
    def prompt(self) -> str:
        """What the screen shows."""
        choices = "".join(f"{number} {choice}  " for number, choice in enumerate(self._choices, 1))
        return f"{self._question}: {choices + 'or type: ' if choices else ''}{self._text.text}_"

    def key(self, key: str) -> None:
        """Take a key, as :meth:`monitor.dashboard.keyboard.Keyboard.pressed` returns it.

        Raises
        ------
        AuscultError, ValueError
            What the answer raises; the entry is done then.
        """
        fresh, self._fresh = self._fresh, False
        if fresh and key.isdigit() and 1 <= int(key) <= len(self._choices):
            self.done = True
            self._answer(self._choices[int(key) - 1])
            return
        self._text.key(key)
        self.done = self._text.done
        if self._text.kept and self._text.text.strip():
            self._answer(self._text.text.strip())


class _Confirmation(Entry):
    """A question that ``y`` answers with yes and any other key with no."""

    @property
    def prompt(self) -> str:
        """What the screen shows."""
        return f"{self._question} y: yes, any other key: no"

    def key(self, key: str) -> None:
        """Take the answer."""
        self.done = True
        if key in ("y", "Y"):
            self._answer(key)


def goto_entry(move_to: Callable[[float], object]) -> Entry:
    """Return the question for a time."""
    return Entry("go to (seconds or m:ss)", lambda text: move_to(parse_time(text)), changes=False)


def note_entry(annotations: Annotations, at_s: float) -> Entry:
    """Return the question for a note at a moment."""
    return Entry(f"note at {clock(at_s)}", lambda text: annotations.mark(at_s, text))


def label_entry(annotations: Annotations, stretch: tuple[float, float], labels: Sequence[str]) -> Entry:
    """Return the question for a person's own label of a stretch."""
    start_s, end_s = stretch
    question = f"label {clock(start_s)}-{clock(end_s)}"
    return Entry(question, lambda text: annotations.label(start_s, end_s, text), choices=labels)


def edit_entry(annotations: Annotations, item: Annotation, labels: Sequence[str]) -> Entry:
    """Return the question for another text; a mark gets its first one and is a note then."""
    return Entry(
        f"{item.kind} at {clock(item.start_s)}",
        lambda text: annotations.change(item, text),
        text="" if item.kind in ("mark", "label") else item.text,
        choices=labels if item.kind == "label" else (),
    )


def delete_entry(annotations: Annotations, item: Annotation) -> Entry:
    """Return the question whether to delete an annotation."""
    return _Confirmation(f"delete {item.text!r} at {clock(item.start_s)}?", lambda _: annotations.remove(item))

"""The lines of a session as spans on the time axis of the sound: verdicts, what was withheld or lost, marks and notes.

Pure functions of the objects that docs/formats/json-lines.md describes; safe on any thread. Must not read files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from monitor.sessions.labels import labels
from monitor.text.shown import possible_of, possible_text

__all__ = ["INTERVAL_KINDS", "KINDS", "Kind", "Span", "caption", "find_spans", "one_line"]

Kind = Literal["verdict", "withheld", "lost", "label", "site", "ectopic", "r_peak", "mark", "note", "told"]
INTERVAL_KINDS: tuple[Kind, ...] = ("verdict", "withheld", "lost", "label")
"""The kinds that last; the others are moments."""
KINDS: tuple[Kind, ...] = (*INTERVAL_KINDS, "site", "ectopic", "r_peak", "mark", "note", "told")
EARLY_BEAT, R_PEAK = "early beat", "R"

JUDGED = {"verdict", "uncertain"}
NUMBER = (int, float)
Line = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A stretch or a moment of the sound.

    Attributes
    ----------
    start_s, end_s : float
        Seconds of the sound, from 0 to its duration; equal for a moment.
    kind : Kind
    text : str
        A label or state, a reason, or what a person wrote.
    possible : str or None
        Of an uncertain verdict: the label that is possible.
    """

    start_s: float
    end_s: float
    kind: Kind
    text: str
    possible: str | None = None

    @property
    def words(self) -> str:
        """The text, with the label that is possible.

        Examples
        --------
        >>> Span(0.0, 5.0, "verdict", "uncertain", possible="murmur").words
        'uncertain: possible murmur'
        """
        return self.text if self.possible is None else f"{self.text}: {possible_text(self.possible)}"


def one_line(text: str) -> str:
    r"""Return text without tabs, line breaks and other control characters, which most formats cannot hold.

    Examples
    --------
    >>> one_line("a\tb\r\n c\x14")
    'a b c'
    """
    spaced = "".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in text)
    return " ".join(spaced.split())


def caption(span: Span) -> str:
    """Return a span as one line of text, for formats that have one field for it.

    Examples
    --------
    >>> caption(Span(0.0, 5.0, "verdict", "murmur")), caption(Span(3.0, 3.0, "note", "coughs"))
    ('murmur', 'note: coughs')
    """
    text = one_line(span.words)
    return text if span.kind in ("verdict", "ectopic", "r_peak", "mark") else f"{span.kind}: {text}"


def find_spans(lines: Sequence[Line], duration_s: float) -> tuple[Span, ...]:
    """Return what the lines say of the sound, by start, end and kind.

    ``verdict`` is the rolling verdict, its label or, without one, its state; ``withheld`` are windows without a
    verdict of their own, with the reason. A window counts from the end of the window before it, so both lie one after
    the other, and what no window covers has neither. ``lost`` holds lost samples: it reaches from the last window
    before them that was whole to the first one behind, so it is longer than the loss by less than two hops.
    ``ectopic`` is the first heart sound of an early beat, which is final once a window names it.

    Parameters
    ----------
    lines : sequence of dict
        Readable ones, see :func:`monitor.sessions.readable.split_readable`.
    duration_s : float
        Of the sound; nothing lies behind it.

    Examples
    --------
    >>> find_spans([{"type": "mark", "at_s": 2.5, "number": 1}], 10.0)
    (Span(start_s=2.5, end_s=2.5, kind='mark', text='mark 1', possible=None),)
    """
    windows = [line for line in lines if line["type"] == "window"]
    spans = [*_runs(windows), *_lost(windows), *_early_beats(windows), *_written(lines)]
    inside = [
        dataclasses.replace(
            span, start_s=min(max(0.0, span.start_s), duration_s), end_s=min(max(0.0, span.end_s), duration_s)
        )
        for span in spans
    ]
    kept = [span for span in inside if span.end_s > span.start_s or span.kind not in INTERVAL_KINDS]
    return tuple(sorted(kept, key=lambda span: (span.start_s, span.end_s, KINDS.index(span.kind))))


def _runs(windows: Sequence[Line]) -> list[Span]:
    """Return the verdicts and what was withheld, neighbours of one text joined."""
    spans: list[Span] = []
    end_s = 0.0
    newest: dict[Kind, int] = {}
    for window in windows:
        start_s, end_s = max(end_s, window["start_s"]), max(end_s, window["end_s"])
        rolling = window["rolling"]
        found = [Span(start_s, end_s, "verdict", _verdict(rolling), possible_of(rolling))]
        if window["state"] not in JUDGED:
            found.append(Span(start_s, end_s, "withheld", _reason(window)))
        for span in found:
            kind = span.kind
            before = spans[newest[kind]] if kind in newest else None
            if before is not None and before.words == span.words and before.end_s == start_s:
                spans[newest[kind]] = dataclasses.replace(before, end_s=end_s)
            else:
                newest[kind] = len(spans)
                spans.append(span)
    return spans


def _verdict(rolling: Line) -> str:
    """Return the label of a verdict, or its state."""
    return str(rolling.get("label") or rolling.get("state"))


def _reason(window: Line) -> str:
    """Return why a window was withheld."""
    return "lost sound" if window["gap"] else str(window["quality"].get("reason") or window["state"])


def _lost(windows: Sequence[Line]) -> list[Span]:
    """Return the stretches that hold lost samples: between the last whole window and the next."""
    spans: list[Span] = []
    whole_end_s = 0.0
    first: Line | None = None
    last: Line | None = None
    for window in windows:
        if window["gap"]:
            first, last = first or window, window
            continue
        if first is not None and last is not None:
            spans.append(_between(whole_end_s, window["start_s"], first, last))
        first, last, whole_end_s = None, None, window["end_s"]
    if first is not None and last is not None:
        spans.append(_between(whole_end_s, last["end_s"], first, last))
    return spans


def _between(start_s: float, end_s: float, first: Line, last: Line) -> Span:
    """Return a stretch of lost sound, not beyond the windows that have it.

    Windows that were skipped leave no order between the two ends: then it is all that those windows cover.
    """
    start_s, end_s = max(start_s, first["start_s"]), min(end_s, last["end_s"])
    if start_s >= end_s:
        start_s, end_s = first["start_s"], last["end_s"]
    return Span(start_s, end_s, "lost", "lost sound")


def _early_beats(windows: Sequence[Line]) -> list[Span]:
    """Return the early beats, each once: a window names those of the half minute before its end."""
    named = [window["early_beats"] for window in windows if isinstance(window.get("early_beats"), dict)]
    times = {at_s for beats in named for at_s in beats.get("at_s") or () if isinstance(at_s, NUMBER)}
    return [Span(at_s, at_s, "ectopic", EARLY_BEAT) for at_s in sorted(times)]


def _written(lines: Sequence[Line]) -> list[Span]:
    """Return what a person set or was told."""
    spans = [Span(label.start_s, label.end_s, "label", label.label) for label in labels(lines)]
    for line in lines:
        kind = line["type"]
        if kind == "start" and isinstance(line.get("site"), str):
            spans.append(Span(0.0, 0.0, "site", line["site"]))
        elif kind == "r_peak":
            spans.append(Span(line["at_s"], line["at_s"], "r_peak", R_PEAK))
        elif kind in ("mark", "note", "site", "told"):
            text = f"mark {line['number']}" if kind == "mark" else line["site" if kind == "site" else "text"]
            spans.append(Span(line["at_s"], line["at_s"], kind, text))
    return spans

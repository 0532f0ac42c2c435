"""A TextGrid of Praat, in its long text form: a tier for each kind of span.

Interval tiers hold what lasts; they have no holes, so an empty interval stands where nothing is said. Point tiers hold
moments; two at the same time become one point.
Source: https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.archive.spans import INTERVAL_KINDS, KINDS, Span, one_line
from monitor.archive.timeline import Timeline

__all__ = ["textgrid"]

DIGITS = 6


def textgrid(timeline: Timeline) -> str:
    """Return the tiers ``verdict``, and of the other kinds those that have a span; labels that overlap get more."""
    end_s = timeline.duration_s
    tiers: list[str] = []
    for kind in KINDS:
        spans = [span for span in timeline.spans if span.kind == kind]
        if kind not in INTERVAL_KINDS:
            tiers += [_points(kind, spans, end_s)] if spans else []
            continue
        for number, layer in enumerate(_layers(spans), 1):
            if layer or kind == "verdict":
                tiers.append(_intervals(kind if number == 1 else f"{kind} {number}", layer, end_s))
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_time(end_s)}"]
    head += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    numbered = (f"    item [{number}]:\n{tier}" for number, tier in enumerate(tiers, 1))
    return "\n".join([*head, *numbered]) + "\n"


def _layers(spans: Iterable[Span]) -> list[list[Span]]:
    """Return spans in as few lists as it takes that none overlaps another of its list; at least one list."""
    layers: list[list[Span]] = [[]]
    for span in spans:
        if round(span.end_s, DIGITS) <= round(span.start_s, DIGITS):
            continue
        free = (layer for layer in layers if not layer or layer[-1].end_s <= span.start_s)
        layer = next(free, None)
        if layer is None:
            layers.append([span])
        else:
            layer.append(span)
    return layers


def _intervals(name: str, spans: Iterable[Span], end_s: float) -> str:
    """Return an interval tier."""
    filled: list[tuple[float, float, str]] = []
    position_s = 0.0
    for span in spans:
        if span.start_s > position_s:
            filled.append((position_s, span.start_s, ""))
        filled.append((span.start_s, span.end_s, span.words))
        position_s = span.end_s
    if position_s < end_s or not filled:
        filled.append((position_s, end_s, ""))
    items = [
        f"        intervals [{number}]:\n            xmin = {_time(low)}\n            xmax = {_time(high)}\n"
        f"            text = {_quoted(text)}"
        for number, (low, high, text) in enumerate(filled, 1)
    ]
    return _tier("IntervalTier", "intervals", name, items, end_s)


def _points(name: str, spans: Iterable[Span], end_s: float) -> str:
    """Return a point tier."""
    texts: dict[str, list[str]] = {}
    for span in spans:
        texts.setdefault(_time(span.start_s), []).append(span.text)
    items = [
        f"        points [{number}]:\n            number = {time}\n            mark = {_quoted(' / '.join(lines))}"
        for number, (time, lines) in enumerate(texts.items(), 1)
    ]
    return _tier("TextTier", "points", name, items, end_s)


def _tier(form: str, what: str, name: str, items: list[str], end_s: float) -> str:
    """Return a tier with its items."""
    head = [f'class = "{form}"', f"name = {_quoted(name)}", "xmin = 0", f"xmax = {_time(end_s)}"]
    head.append(f"{what}: size = {len(items)}")
    return "\n".join([*(f"        {line}" for line in head), *items])


def _time(seconds: float) -> str:
    """Return seconds, to the microsecond."""
    return f"{round(seconds, DIGITS):.{DIGITS}f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    """Return a string of Praat: in quotes, those within doubled."""
    return '"' + one_line(text).replace('"', '""') + '"'

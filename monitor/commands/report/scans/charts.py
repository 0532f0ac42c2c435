"""The pictures of a scan's page: histograms as SVG, in the colours of the labels. Pure; must not count recordings."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence

from monitor.archive.segment_styles import SegmentStyle
from monitor.output import printable

__all__ = ["Bins", "even_bins", "histogram", "length_bins"]

WIDTH, HEIGHT = 460, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 38
MAX_TICKS = 11
LENGTHS_S = (0, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


class Bins(tuple[float, ...]):
    """The edges of a histogram's bars, rising; the last bar has what is above too."""


def even_bins(low: float, high: float, step: float) -> Bins:
    """Return edges at equal distances.

    Examples
    --------
    >>> even_bins(0, 1, 0.25)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    count = round((high - low) / step)
    return Bins(low + (high - low) * index / count for index in range(count + 1))


def length_bins() -> Bins:
    """Return edges for lengths from seconds to an hour."""
    return Bins(map(float, LENGTHS_S))


def histogram(
    values: Mapping[str, Sequence[float]], edges: Bins, styles: Mapping[str, SegmentStyle], axis: str, name: str
) -> str:
    """Return a histogram, the bars of a bin stacked by label.

    Parameters
    ----------
    values : mapping of str to sequence of float
        By label or state.
    edges : Bins
    styles : mapping of str to SegmentStyle
        Its order is that of the stack, from below.
    axis, name : str
        What the numbers are, and what the picture is.

    Returns
    -------
    str
        An SVG that takes its letters' colour from the page; a bar's title has its counts.
    """
    keys = [key for key in styles if len(values.get(key, ()))]
    counts = {key: _counted(values[key], edges) for key in keys}
    totals = [sum(counts[key][index] for key in keys) for index in range(len(edges) - 1)]
    top = _round_up(max([*totals, 1]))
    step = (WIDTH - LEFT - RIGHT) / len(totals)
    parts = [_grid(top), _axis(edges, step, axis)]
    for index, total in enumerate(totals):
        if total:
            bars, base = [], 0
            for key in keys:
                if counts[key][index]:
                    bars.append(_bar(index, step, base, counts[key][index], top, styles[key].colour))
                base += counts[key][index]
            parts.append(f"<g><title>{_bin_title(edges, index, counts, keys)}</title>{''.join(bars)}</g>")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_escaped(name)}">{"".join(parts)}</svg>'


def _counted(values: Sequence[float], edges: Bins) -> list[int]:
    """Return how many values each bin has."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        counts[min(max(bisect.bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    return counts


def _round_up(count: int) -> int:
    """Return a round number that is no smaller.

    Examples
    --------
    >>> _round_up(1), _round_up(23), _round_up(9301)
    (1, 30, 10000)
    """
    power = 10 ** math.floor(math.log10(count))
    return int(next(factor * power for factor in (1, 2, 3, 4, 6, 8, 10) if factor * power >= count))


def _bar(index: int, step: float, base: int, count: int, top: int, colour: str) -> str:
    """Return one part of a bar."""
    scale = (HEIGHT - TOP - BOTTOM) / top
    height = max(count * scale, 0.6)  # a single recording among thousands is still seen
    y = HEIGHT - BOTTOM - base * scale - height
    return (
        f'<rect x="{LEFT + index * step + 0.5:.1f}" y="{y:.1f}" width="{step - 1:.1f}" '
        f'height="{height:.1f}" fill="{colour}"/>'
    )


def _grid(top: int) -> str:
    """Return the lines and numbers of the upright axis."""
    marks = sorted({0, top} | ({top // 2} if top % 2 == 0 else set()))
    lines = []
    for count in marks:
        y = HEIGHT - BOTTOM - count * (HEIGHT - TOP - BOTTOM) / top
        lines.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{count}</text>'
        )
    return "".join(lines)


def _axis(edges: Bins, step: float, axis: str) -> str:
    """Return the numbers and the name of the level axis."""
    every = math.ceil((len(edges) - 1) / MAX_TICKS)
    ticks = [
        f'<text x="{LEFT + index * step:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{edge:g}</text>'
        for index, edge in enumerate(edges)
        if index % every == 0
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    ticks.append(f'<text x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{_escaped(axis)}</text>')
    return "".join(ticks)


def _bin_title(edges: Bins, index: int, counts: Mapping[str, Sequence[int]], keys: Sequence[str]) -> str:
    """Return what a bar is, for a pointer that rests on it."""
    parts = [f"{counts[key][index]} {_escaped(key)}" for key in keys if counts[key][index]]
    return f"{edges[index]:g} to {edges[index + 1]:g}: {', '.join(parts)}"


def _escaped(text: str) -> str:
    """Return text for an attribute or the inside of an element."""
    pairs = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))
    text = printable(text)
    for letter, name in pairs:
        text = text.replace(letter, name)
    return text

"""Figures that hand-written pages quote, filled in from the JSON that they were measured into.

A page marks a figure with comments, which a reader of the page does not see::

    its calibration error is <!-- figure ours/headline/calibration_error -->0.043 (0.039 to 0.075)<!-- end -->

The path leads from the name of a study, or of a bundle, through the keys of its JSON; ``key=value`` chooses from a list
of objects. ``as .2f`` or ``as .0%`` behind the path gives a number its form. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.errors import DataError
from training.evaluation.bootstrap import Estimate
from training.reports.table import MISSING, cell_text, estimate_of

__all__ = ["figure_text", "filled", "unmarked"]

FIGURE = re.compile(
    r"(?P<open><!-- figure (?P<path>[^>]+?)(?: as (?P<form>\.\d[f%]))? -->)(?P<text>.*?)(?P<end><!-- end -->)",
    re.DOTALL,
)
MARKS = re.compile(r"<!-- (?:figure\b.*?|end) -->")
HINT = "correct the path in the comment, or measure it"


def filled(text: str, sources: Mapping[str, Any], name: str = "page") -> str:
    """Return a page with every marked figure as its source gives it.

    Parameters
    ----------
    text : str
        Markdown.
    sources : mapping of str to JSON values
        By the first part of a figure's path.
    name : str
        Of the page, for errors.

    Raises
    ------
    DataError
        If a path leads nowhere, or a mark is not closed.

    Examples
    --------
    >>> sources = {"ours": {"headline": {"murmur_auc": {"value": 0.9385, "low": 0.8867, "high": 0.9718}}}}
    >>> filled("AUC <!-- figure ours/headline/murmur_auc -->?<!-- end -->", sources)
    'AUC <!-- figure ours/headline/murmur_auc -->0.939 (0.887 to 0.972)<!-- end -->'
    """
    if len(MARKS.findall(text)) != 2 * len(FIGURE.findall(text)):
        raise DataError(f"{name}: a mark of a figure is not closed, or not opened", "end it with <!-- end -->")
    for match in FIGURE.finditer(text):
        if MARKS.search(match["text"]):
            raise DataError(f"{name}: a figure within a figure: {match['open']}", "end it with <!-- end -->")

    def replaced(match: re.Match[str]) -> str:
        try:
            return f"{match['open']}{figure_text(sources, match['path'], match['form'])}{match['end']}"
        except ValueError as error:
            raise DataError(f"{name}: {error}", HINT) from error

    return FIGURE.sub(replaced, text)


def figure_text(sources: Mapping[str, Any], path: str, form: str | None = None) -> str:
    """Return one figure as a page shows it.

    A metric has its interval; a list of numbers, such as one per seed, is its minimum and maximum.

    Parameters
    ----------
    sources : mapping of str to JSON values
    path : str
        Keys, separated by slashes.
    form : str or None
        ``".2f"`` or ``".0%"``; None for three decimals, or for a count as it is.

    Raises
    ------
    ValueError
        If the path leads nowhere, or to something that is no figure.

    Examples
    --------
    >>> figure_text({"ours": {"per_seed": {"accuracy": [0.8178, 0.8265]}}}, "ours/per_seed/accuracy")
    '0.818 to 0.827'
    >>> figure_text({"mine": {"curve": [{"threshold": 0.5, "error": 0.177}]}}, "mine/curve/threshold=0.5/error", ".0%")
    '18 %'
    """
    value: Any = sources
    for part in path.split("/"):
        value = _below(value, part, path)
    if isinstance(value, Mapping) and "value" in value:
        return _estimate_text(estimate_of(value), form)
    if isinstance(value, Sequence) and not isinstance(value, str):
        numbers = [number for number in value if isinstance(number, (int, float))]
        if numbers:
            return f"{min(numbers):.3f} to {max(numbers):.3f}"
    if value is None:
        return MISSING
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{path} is no figure")
    if form is not None:
        return _formatted(value, form)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _estimate_text(estimate: Estimate, form: str | None) -> str:
    """Return a metric with its interval."""
    if form is None or not (math.isfinite(estimate.value) and math.isfinite(estimate.low)):
        return cell_text(estimate)
    value, low, high = (_formatted(number, form) for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})"


def _formatted(value: float, form: str) -> str:
    """Return a number in one form."""
    return f"{value:{form}}".replace("%", " %")


def _below(value: Any, part: str, path: str) -> Any:
    """Return what one part of a path leads to."""
    if isinstance(value, Mapping) and part in value:
        return value[part]
    key, equals, wanted = part.partition("=")
    if equals and isinstance(value, Sequence):
        for entry in value:
            if isinstance(entry, Mapping) and str(entry.get(key)) == wanted:
                return entry
    raise ValueError(f"{path}: there is no {part}")


def unmarked(text: str) -> str:
    """Return a page without the figures that are marked, their marks, and its code blocks: what was typed by hand."""
    return FIGURE.sub("", re.sub(r"```.*?```", "", text, flags=re.DOTALL))

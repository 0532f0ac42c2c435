"""What ``bundle.json`` must hold, key by key: checked before any of it is used.

Ranges of what a network is fed with keep memory and time within bounds, whoever wrote the file. Pure functions, safe on
any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["check_settings", "not_told"]

MAX_LABELS = 16
MAX_TEXT = 1000
OPTIONAL_PARTS = {
    "segmentation": "S1 and S2",
    "loudness": "the loudness of a murmur",
    "murmur_timing": "the timing of a murmur",
}
"""Keys that a bundle of an earlier version has not, and what is not told without them."""


class Rule(NamedTuple):
    """What a value must be: a check, and the words for it."""

    passes: Callable[[Any], bool]
    words: str


def _number(low: float, high: float) -> Rule:
    """Return the rule of a number in a range."""
    return Rule(lambda value: _is_number(value, low, high), f"a number from {low:g} to {high:g}")


def _is_number(value: Any, low: float, high: float) -> bool:
    """Return whether a value is a number in a range; a truth value is none."""
    return type(value) in (int, float) and low <= value <= high


def _is_text(value: Any) -> bool:
    """Return whether a value is a text of a sensible length."""
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _are_labels(value: Any) -> bool:
    """Return whether a value is a list of labels."""
    return isinstance(value, list) and all(map(_is_text, value)) and 0 < len(value) == len(set(value)) <= MAX_LABELS


def _is_estimate(value: Any) -> bool:
    """Return whether a value is a metric with its interval, or one that is not defined."""
    return isinstance(value, dict) and all(
        key in value and (value[key] is None or _is_number(value[key], -1e6, 1e6)) for key in ("value", "low", "high")
    )


def _is_data_set(value: Any) -> bool:
    """Return whether a value describes a data set."""
    if not isinstance(value, dict):
        return False
    counts = (value.get("recordings"), value.get("patients"))
    return _is_text(value.get("set")) and all(type(count) is int and 0 <= count < 10**9 for count in counts)


OBJECT = Rule(lambda value: isinstance(value, dict), "an object")
LIST = Rule(lambda value: isinstance(value, list), "a list")
TEXT = Rule(_is_text, f"a text of 1 to {MAX_TEXT} characters")
ESTIMATE = Rule(_is_estimate, "an object of value, low and high")
COEFFICIENT = _number(-1e6, 1e6)

REQUIRED = (
    "name",
    "labels",
    "spectrogram",
    "calibration",
    "calibration.kind",
    "calibration.temperature",
    "calibration.bias",
    "decision",
)

RULES = {
    "name": TEXT,
    "labels": Rule(_are_labels, f"a list of 1 to {MAX_LABELS} different texts"),
    "spectrogram": OBJECT,
    "spectrogram.kind": TEXT,
    "spectrogram.sample_rate": Rule(
        lambda value: type(value) is int and 1000 <= value <= 48_000, "a whole number from 1000 to 48000"
    ),
    "spectrogram.window_s": _number(1.0, 30.0),
    "spectrogram.hop_s": _number(0.005, 30.0),
    "spectrogram.frame_s": _number(0.008, 1.0),
    "spectrogram.frame_hop_s": _number(0.005, 1.0),
    "spectrogram.remove_dc": Rule(lambda value: type(value) is bool, "true or false"),
    "calibration": OBJECT,
    "calibration.kind": TEXT,
    "calibration.temperature": _number(0.01, 100.0),
    "calibration.bias": LIST,
    "calibration.bias.*": _number(-100.0, 100.0),
    "calibration.given": LIST,
    "calibration.given.*": LIST,
    "calibration.given.*.*": _number(0.0, 1.0),
    "decision": OBJECT,
    "operating_point": OBJECT,
    "operating_point.label": TEXT,
    "operating_point.possible_from": _number(0.0, 1.0),
    "loudness": OBJECT,
    "loudness.weight": COEFFICIENT,
    "loudness.bias": COEFFICIENT,
    "murmur_timing": OBJECT,
    "murmur_timing.weights": OBJECT,
    "murmur_timing.weights.*": LIST,
    "murmur_timing.weights.*.*": COEFFICIENT,
    "murmur_timing.said_from": OBJECT,
    "murmur_timing.said_from.*": _number(0.0, 1.0),
    "gate": OBJECT,
    "gate.typical": OBJECT,
    "gate.typical.*": COEFFICIENT,
    "gate.weights": OBJECT,
    "gate.weights.*": COEFFICIENT,
    "gate.typical_odds": COEFFICIENT,
    "gate.odds_weight": COEFFICIENT,
    "gate.bias": COEFFICIENT,
    "gate.poor_below": _number(0.0, 1.0),
    "training_data": LIST,
    "training_data.*": Rule(_is_data_set, "an object of set, recordings and patients"),
    "metrics": OBJECT,
    "metrics.overall": OBJECT,
    "metrics.overall.*": ESTIMATE,
    "metrics.per_label": OBJECT,
    "metrics.per_label.*": OBJECT,
    "metrics.per_label.*.auc": ESTIMATE,
    "metrics.other_sets": OBJECT,
    "metrics.other_sets.*": OBJECT,
    "metrics.other_sets.*.*": ESTIMATE,
}
"""What a key must be where it is there; a star stands for every key or every item. An outer key comes first."""


def check_settings(settings: dict[str, Any]) -> None:
    """Check the content of ``bundle.json``.

    Raises
    ------
    ValueError
        If a key is missing or its value cannot be used; the message names the key.

    Examples
    --------
    >>> check_settings({"name": "mine", "labels": "normal"})
    Traceback (most recent call last):
    ValueError: labels must be a list of 1 to 16 different texts
    """
    for key, rule in RULES.items():
        values = list(_find(settings, key.split(".")))
        if not values and key in REQUIRED:
            raise ValueError(f"{key} is missing")
        for names, value in values:
            if not rule.passes(value):
                raise ValueError(f"{'.'.join(names)} must be {rule.words}")
    calibration, num_labels = settings["calibration"], len(settings["labels"])
    for key in ("bias", "given"):
        if len(calibration.get(key, ())) not in (0, num_labels):
            raise ValueError(f"calibration.{key} must have one item per label, or none")


def _find(value: Any, key: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yield what stands at a key, with the names that lead there."""
    if not key:
        yield [], value
        return
    first, *rest = key
    items: dict[Any, Any] = value if isinstance(value, dict) else dict(enumerate(value))
    for name in items if first == "*" else [first] * (first in items):
        for names, found in _find(items[name], rest):
            yield [ascii(name)[1:-1][:40] if isinstance(name, str) else str(name), *names], found


def not_told(settings: Mapping[str, Any]) -> list[str]:
    """Return what a bundle does not tell beside its labels, in words; nothing where it has all parts.

    The timing of a murmur needs S1 and S2.

    Examples
    --------
    >>> not_told({"segmentation": {}, "murmur_timing": {}})
    ['the loudness of a murmur']
    >>> not_told({"loudness": {}, "murmur_timing": {}})
    ['S1 and S2', 'the timing of a murmur']
    """
    missing = {key for key in OPTIONAL_PARTS if key not in settings}
    missing |= {"murmur_timing"} if "segmentation" in missing else set()
    return [words for key, words in OPTIONAL_PARTS.items() if key in missing]

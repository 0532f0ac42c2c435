"""When a score becomes a label: the decision thresholds of a bundle.

A network scores everything, also sounds that it cannot classify; :class:`DecisionThresholds` says which scores are
high enough for a label. Must not import anything of ours; safe on any thread.
"""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["DecisionThresholds"]


@dataclasses.dataclass(frozen=True, slots=True)
class DecisionThresholds:
    """Thresholds between the states of a verdict.

    Parameters
    ----------
    uncertain_below : float
        0 to 1. No label is given while the largest calibrated score is below this.
    rolling_s : float
        Seconds over which the rolling scores are pooled.
    switch_margin : float
        0 to 1. A label must lead the current rolling label by this much to replace it; where there is no current
        label, it must be this much above ``uncertain_below``.
    switch_s : float
        Seconds for which it must do so without interruption.
    hold_s : float
        Seconds that a rolling label is shown before another may replace it.
    withhold_after_s : float
        Seconds without a usable window after which the rolling label is replaced by ``"no-signal"`` or
        ``"poor-signal"``.
    change_lead : float
        Natural log of the ratio of another label's score to that of the current label, in one window, above which the
        window is evidence that the sound has changed.
    change_evidence : float
        What is above it, summed over seconds, from which the sound has changed and the scores before are no longer
        pooled; 0 never detects a change.
    possible : tuple of (str, float), or None
        A label and the score from which it is possible although it is not given; the normal label is then not given
        either. It is the operating point of a bundle, and no key of its ``decision``; None where the bundle has none.

    Raises
    ------
    ValueError
        If a value is not a number in range.

    Examples
    --------
    >>> DecisionThresholds(uncertain_below=0.6).hold_s
    3.0
    """

    uncertain_below: float = 0.5
    rolling_s: float = 10.0
    switch_margin: float = 0.08
    switch_s: float = 1.0
    hold_s: float = 3.0
    withhold_after_s: float = 1.0
    change_lead: float = 1.0
    change_evidence: float = 0.5
    possible: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        """Refuse thresholds that are not numbers in range."""
        _check("uncertain_below", self.uncertain_below, 0.0, 1.0)
        _check("rolling_s", self.rolling_s, 0.0, 600.0)
        _check("switch_margin", self.switch_margin, 0.0, 1.0)
        _check("switch_s", self.switch_s, 0.0, 600.0)
        _check("hold_s", self.hold_s, 0.0, 600.0)
        _check("withhold_after_s", self.withhold_after_s, 0.0, 600.0)
        _check("change_lead", self.change_lead, 0.0, 100.0)
        _check("change_evidence", self.change_evidence, 0.0, 100.0)
        if self.possible is not None:
            _check("possible", self.possible[1], 0.0, 1.0)

    def to_json(self) -> dict[str, Any]:
        """Return the thresholds as plain JSON values, without the operating point."""
        return {name: getattr(self, name) for name in _settings(type(self))}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DecisionThresholds:
        """Return the thresholds that :meth:`to_json` wrote; a missing one has the default.

        Raises
        ------
        ValueError
            If it is no object, a key is unknown or a value is refused.
        """
        if not isinstance(values, dict):
            raise ValueError(f"decision={values!r} must be an object of settings")
        unknown = sorted(set(values) - set(_settings(cls)))
        if unknown:
            raise ValueError(f"unknown decision settings: {', '.join(unknown)}")
        return cls(**values)


def _settings(thresholds: type[DecisionThresholds]) -> list[str]:
    """Return the names of what stands under ``decision`` in ``bundle.json``."""
    return [field.name for field in dataclasses.fields(thresholds) if field.name != "possible"]


def _check(name: str, value: object, low: float, high: float) -> None:
    """Refuse what is not a number from ``low`` to ``high``; NaN is refused too."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}={value!r} must be a number from {low:g} to {high:g}")

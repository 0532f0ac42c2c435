"""Many figures and their 95 % intervals from one set of draws: patients drawn whole, with replacement.

Pure; the same seed gives the same intervals.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNDEFINED", "Bootstrap", "Estimate"]


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval over patients."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return the figure as JSON values, rounded to 4 digits; what is no number is None."""
        return {key: round(value, 4) if np.isfinite(value) else None for key, value in dataclasses.asdict(self).items()}

    def __str__(self) -> str:
        """Return it as a person reads it: ``0.92 (0.88 to 0.95)``."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


UNDEFINED = Estimate(math.nan, math.nan, math.nan)
"""A figure that the recordings do not give."""

FEWEST_PATIENTS = 2
"""Of fewer there is nothing to draw, and so no interval."""


class Bootstrap:
    """Draws patients and takes the figures of each draw.

    Parameters
    ----------
    seed : int
    repeats : int
        Draws, 1 or more.

    Raises
    ------
    ValueError
        If ``repeats`` is below 1.
    """

    def __init__(self, seed: int = 0, repeats: int = 1000) -> None:
        if repeats < 1:
            raise ValueError(f"repeats={repeats} must be 1 or more")
        self.seed = seed
        self.repeats = repeats

    def figures(
        self, of: Callable[[NDArray[np.intp]], Mapping[str, float]], patients: Sequence[str]
    ) -> dict[str, Estimate]:
        """Return figures, each with its interval.

        Parameters
        ----------
        of : callable
            From row numbers to figures, always the same names; NaN where the rows do not give one. Such a draw
            is left out of that figure's interval.
        patients : sequence of str
            One entry per row, at least one.

        Returns
        -------
        dict of str to Figure
            2.5 and 97.5 percentiles; the bounds are NaN where there are fewer than two patients.
        """
        values = of(np.arange(len(patients)))
        draws: dict[str, list[float]] = {name: [] for name in values}
        for rows in self._draws(patients):
            for name, value in of(rows).items():
                draws[name].append(value)
        return {name: _figure(value, draws[name]) for name, value in values.items()}

    def _draws(self, patients: Sequence[str]) -> Iterator[NDArray[np.intp]]:
        """Yield the rows of every draw; a patient drawn twice has all its rows twice."""
        names, which = np.unique(np.asarray(patients), return_inverse=True)
        if len(names) < FEWEST_PATIENTS:
            return
        rows = np.arange(len(which))
        rng = np.random.default_rng(self.seed)
        for _ in range(self.repeats):
            times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
            yield np.repeat(rows, times[which])


def _figure(value: float, draws: Sequence[float]) -> Estimate:
    """Return a value with the percentiles of its draws."""
    finite = [draw for draw in draws if math.isfinite(draw)]
    if not math.isfinite(value) or not finite:
        return Estimate(value if math.isfinite(value) else math.nan, math.nan, math.nan)
    low, high = np.percentile(finite, (2.5, 97.5))
    return Estimate(value, float(low), float(high))

"""Many metrics and their 95 % intervals from one set of resamples: whole patients, drawn with replacement.

Pure; the same seed gives the same intervals.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNDEFINED", "Bootstrap", "Estimate", "Statistic", "mean_statistic"]

Statistic = Callable[[NDArray[np.intp]], Mapping[str, float]]
"""From row numbers to metrics, always the same names; NaN where the rows do not give one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval over patients.

    Examples
    --------
    >>> print(Estimate(0.923, 0.881, 0.95))
    0.923 (0.881 to 0.950)
    """

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return it as JSON values, rounded to 4 digits; None for what is not finite."""
        return {key: round(value, 4) if np.isfinite(value) else None for key, value in dataclasses.asdict(self).items()}

    def __str__(self) -> str:
        """Return it as text: ``0.920 (0.880 to 0.950)``."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


UNDEFINED = Estimate(math.nan, math.nan, math.nan)
"""An estimate that the recordings do not give."""

MIN_PATIENTS = 2
"""With fewer there is nothing to resample, and so no interval."""


class Bootstrap:
    """Resamples patients with replacement and takes the metrics of each resample.

    Source: the percentile bootstrap over clusters; Field and Welsh 2007, "Bootstrapping clustered data".

    Parameters
    ----------
    seed : int
    repeats : int
        Resamples, 1 or more.

    Raises
    ------
    ValueError
        If ``repeats`` is below 1.

    Examples
    --------
    >>> correct = np.array([1, 1, 0, 1])
    >>> accuracy = Bootstrap(0, 100).estimate(lambda rows: {"accuracy": correct[rows].mean()}, ["a", "a", "b", "c"])
    >>> print(accuracy["accuracy"])
    0.750 (0.000 to 1.000)
    """

    def __init__(self, seed: int = 0, repeats: int = 1000) -> None:
        if repeats < 1:
            raise ValueError(f"repeats={repeats} must be 1 or more")
        self.seed = seed
        self.repeats = repeats

    def estimate(self, statistic: Statistic, patients: Sequence[str]) -> dict[str, Estimate]:
        """Return metrics, each with its interval.

        Parameters
        ----------
        statistic : callable
            From row numbers to metrics. A resample in which a metric is NaN is left out of its interval.
        patients : sequence of str
            One entry per row.

        Returns
        -------
        dict of str to Estimate
            2.5 and 97.5 percentiles; the bounds are NaN where there are fewer than two patients.
        """
        values = statistic(np.arange(len(patients)))
        resampled: dict[str, list[float]] = {name: [] for name in values}
        for rows in self._resamples(patients):
            for name, value in statistic(rows).items():
                resampled[name].append(value)
        return {name: _with_interval(value, resampled[name]) for name, value in values.items()}

    def _resamples(self, patients: Sequence[str]) -> Iterator[NDArray[np.intp]]:
        """Yield the rows of every resample; a patient drawn twice has all its rows twice."""
        number_of = {name: number for number, name in enumerate(sorted(set(patients)))}
        if len(number_of) < MIN_PATIENTS:
            return
        patient_of = np.array([number_of[name] for name in patients], np.intp)  # NumPy strings lose a NUL at the end
        rows, count = np.arange(len(patient_of)), len(number_of)
        rng = np.random.default_rng(self.seed)
        for _ in range(self.repeats):
            times = np.bincount(rng.integers(count, size=count), minlength=count)  # (patients,)
            yield np.repeat(rows, times[patient_of])


def _with_interval(value: float, resampled: Sequence[float]) -> Estimate:
    """Return a value with the percentiles of its resamples."""
    finite = [of_resample for of_resample in resampled if math.isfinite(of_resample)]
    if not math.isfinite(value) or not finite:
        return Estimate(value if math.isfinite(value) else math.nan, math.nan, math.nan)
    low, high = np.percentile(finite, (2.5, 97.5))
    return Estimate(value, float(low), float(high))


def mean_statistic(statistics: Sequence[Statistic]) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """Return the function from rows to the means of several statistics with the same names; NaN where one is NaN."""

    def mean_of(rows: NDArray[np.intp]) -> dict[str, float]:
        values = [statistic(rows) for statistic in statistics]
        return {name: math.fsum(each[name] for each in values) / len(values) for name in values[0]}

    return mean_of

"""A figure with its interval: what everything that measures gives."""

from __future__ import annotations

import dataclasses

import numpy as np

__all__ = ["Figure"]


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
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

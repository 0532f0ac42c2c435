"""How sure a heart sound is, in C; what it rests on is in :mod:`monitor.inference.segmentation.confidence`."""

from __future__ import annotations

import ctypes

from monitor.features.compiled.library import library

__all__ = ["ConfidenceKernel", "confidence_kernel"]


class _Settings(ctypes.Structure):
    _fields_ = (
        ("weights", ctypes.c_double * 4),
        *((name, ctypes.c_double) for name in ("least", "most", "max_margin", "max_log_odds", "weight")),
    )


class ConfidenceKernel:
    """Tells how sure the heart sounds of one stream are.

    Parameters
    ----------
    opened : PyDLL
    weights : tuple of float
        Of probability, margin and the probability of those before, and the bias.
    limits : tuple of float
        Least and most of a probability, most of a margin, most of the log-odds.
    recent : tuple of float
        Weight of each heart sound in the mean probability of those before, and that mean at the beginning.

    Attributes
    ----------
    settings_at, recent_at : int
        Where its settings lie in memory, and the mean probability so far.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        weights: tuple[float, float, float, float],
        limits: tuple[float, float, float, float],
        recent: tuple[float, float],
    ) -> None:
        self._settings = _Settings(weights, *limits, recent[0])
        self._recent = ctypes.c_double(recent[1])
        self.settings_at, self.recent_at = ctypes.addressof(self._settings), ctypes.addressof(self._recent)
        self._run = opened.auscult_confidence

    def of(self, probability: float, margin: float) -> float:
        """Return how sure the next heart sound is, 0 to 1."""
        confidence: float = self._run(self.settings_at, self.recent_at, probability, margin)
        return confidence


def confidence_kernel(
    weights: tuple[float, float, float, float],
    limits: tuple[float, float, float, float],
    recent: tuple[float, float],
) -> ConfidenceKernel | None:
    """Return a kernel for one stream as :class:`ConfidenceKernel`; None where Python must do it."""
    opened = library()
    return None if opened is None else ConfidenceKernel(opened, weights, limits, recent)

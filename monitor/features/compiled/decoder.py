"""The decoder of the cardiac cycle, in C; what it does is in :mod:`monitor.inference.segmentation.cycle_decoder`."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["MAX_PUSH", "NUM_STATES", "SETTINGS", "DecoderKernel", "decoder_kernel"]

WHOLE = (
    *("decided_after", "rivals", "recalled", "smoothed", "half_sound", "centred", "min_apart", "max_systole"),
    *("max_diastole", "max_cycle", "min_cycle", "same_again", "kept_frames", "trimmed_at"),
)
FRACTIONS = (
    *("frames_per_s", "min_probability", "floor", "evidence", "max_unheard_cycles", "max_diastoles", "first_cycle_s"),
    *("first_systole_s", "min_cycle_s", "max_cycle_s", "min_systole_s", "max_systole_s", "min_diastole_s"),
    *("adaptation", "cycle_price", "max_cycle_price", "systole_price", "max_systole_price", "unheard_price"),
    "break_price",
)
SETTINGS = (*WHOLE, *FRACTIONS)
"""Names of the settings."""
MAX_PUSH = 128
"""Frames in one call."""
NUM_STATES = 4
CANDIDATE_NUMBERS, SOUND_NUMBERS = 7, 5
"""Numbers of 8 bytes in a candidate and in a heart sound."""


class _Settings(ctypes.Structure):
    _fields_ = (*((name, ctypes.c_int32) for name in WHOLE), *((name, ctypes.c_double) for name in FRACTIONS))


class _State(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int64) for name in ("first", "next", "last_s1", "last_s2")),
        *((name, ctypes.c_int32) for name in ("length", "num_candidates", "num_decided", "unused")),
        ("above_diastole", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in ("logs", "sums", "candidates")),
    )


class DecoderKernel:
    """Decodes one stream.

    Parameters
    ----------
    opened : PyDLL
    settings : mapping
        From each of :data:`SETTINGS` to its value.

    Attributes
    ----------
    settings_at, state_at, sounds_at : int
        Where its settings lie in memory, what it remembers of the stream, and :attr:`sounds`.
    sounds : ndarray, shape (most, 5), float64
        In the first rows, the heart sounds that the latest call decided; the last number is left to others.
    """

    def __init__(self, opened: ctypes.PyDLL, settings: Mapping[str, float]) -> None:
        self._settings = _Settings(**{name: settings[name] for name in SETTINGS})
        of = self._settings
        # peaks of one name are two frames apart at least, so two names have no more than there are frames
        most = of.max_cycle + of.rivals + of.smoothed + MAX_PUSH + 8
        self._logs, self._sums = np.zeros((2, of.trimmed_at + MAX_PUSH + 1, NUM_STATES))
        self._candidates = np.zeros((most, CANDIDATE_NUMBERS))
        # two heart sounds are min_apart frames apart at least
        self.sounds = np.zeros((MAX_PUSH // of.min_apart + 1, SOUND_NUMBERS))
        self._run = opened.auscult_decode
        self._state = _State()
        self.settings_at, self.state_at = ctypes.addressof(of), ctypes.addressof(self._state)
        self.sounds_at = address(self.sounds)
        self.clear()

    def clear(self) -> None:
        """Forget everything: another sound begins."""
        self._logs[0] = self._sums[0] = 0.0
        of, places = self._settings, map(address, (self._logs, self._sums, self._candidates))
        ctypes.pointer(self._state)[0] = _State(
            0, of.smoothed + 1, -of.same_again, -of.same_again, 1, 0, 0, 0, 0.0, *places
        )

    @property
    def next_frame(self) -> int:
        """The frame that is looked at next."""
        following: int = self._state.next
        return following

    def push(self, probabilities: NDArray[np.float32]) -> list[list[float]]:
        """Return name (1: S1), frame, probability and margin of each heart sound that the next frames decide.

        Parameters
        ----------
        probabilities : ndarray, shape (frames, 4), float32

        Raises
        ------
        ValueError
            If they have another shape.
        """
        if probabilities.ndim != 2 or probabilities.shape[1] != NUM_STATES:
            raise ValueError(f"probabilities.shape={probabilities.shape} must be (frames, {NUM_STATES})")
        values = np.ascontiguousarray(probabilities, np.float32)
        begin, decided = address(values), []
        for first in range(0, len(values), MAX_PUSH):
            at, count = begin + values.strides[0] * first, min(MAX_PUSH, len(values) - first)
            num_sounds = self._run(self.settings_at, self.state_at, at, count, self.sounds_at)
            if num_sounds:
                decided += self.sounds[:num_sounds, :-1].tolist()
        return decided


def decoder_kernel(settings: Mapping[str, float]) -> DecoderKernel | None:
    """Return a kernel for one stream as :class:`DecoderKernel`; None where Python must do it."""
    opened = library()
    return DecoderKernel(opened, settings) if opened is not None and _fits(settings) else None


def _fits(settings: Mapping[str, float]) -> bool:
    """Return whether what is kept of a stream suffices for these settings: C reads nothing before or behind it."""
    behind = settings["smoothed"] + 2 * settings["rivals"] + 1
    before = settings["max_cycle"] + behind + settings["smoothed"]
    edges = min(settings["half_sound"], settings["centred"], settings["rivals"], settings["smoothed"])
    return (
        edges >= 0
        and settings["min_apart"] > 0
        and 0 <= settings["decided_after"] <= behind
        and before <= settings["kept_frames"] < settings["trimmed_at"]
    )

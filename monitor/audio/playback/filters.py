"""Recursive filters for blocks of any size, exact and without delay of their own.

A cascade of second-order sections is turned into one linear system in state-space form, which NumPy applies to 64
samples at a time. Pure; belongs to one thread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BlockFilter", "Section", "butterworth"]

BLOCK = 64
"""Samples that are filtered at once; the result does not depend on it but for rounding."""


class Section(NamedTuple):
    """A second-order section: ``y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2]``."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


def butterworth(edge_hz: float, sample_rate: int, *, high_pass: bool, order: int = 4) -> tuple[Section, ...]:
    """Return the sections of a Butterworth filter, -3 dB at its edge.

    Parameters
    ----------
    edge_hz : float
        Hz, above 0 and below half the sample rate.
    sample_rate : int
        Hz.
    high_pass : bool
        Whether what is above the edge passes, else what is below.
    order : int
        Even; 6 dB per octave each.

    Raises
    ------
    ValueError
        If the edge or the order is out of range.

    Notes
    -----
    Source: bilinear transform of the analogue prototype with pre-warping, Oppenheim and Schafer, Discrete-Time Signal
    Processing, 7.1.

    Examples
    --------
    >>> [round(value, 3) for value in butterworth(1000, 4000, high_pass=False, order=2)[0]]
    [0.293, 0.586, 0.293, -0.0, 0.172]
    """
    if not 0 < edge_hz < sample_rate / 2:
        raise ValueError(f"edge_hz={edge_hz:g} must be above 0 and below half of sample_rate={sample_rate}")
    if order < 2 or order % 2:
        raise ValueError(f"order={order} must be even and at least 2")
    warped = math.tan(math.pi * edge_hz / sample_rate)
    sections = []
    for index in range(order // 2):
        damping = 2 * math.sin(math.pi * (2 * index + 1) / (2 * order))
        scale = 1 + damping * warped + warped**2
        a1, a2 = 2 * (warped**2 - 1) / scale, (1 - damping * warped + warped**2) / scale
        gain = (1.0 if high_pass else warped**2) / scale
        sections.append(Section(gain, -2 * gain if high_pass else 2 * gain, gain, a1, a2))
    return tuple(sections)


class BlockFilter:
    """A cascade of second-order sections that begins at rest.

    Parameters
    ----------
    sections : sequence of Section
        In order; none pass the sound through.

    Examples
    --------
    >>> average = BlockFilter([Section(0.5, 0.5, 0.0, 0.0, 0.0)])
    >>> average.push(np.array([1.0, 1.0])), average.push(np.array([0.0]))
    (array([0.5, 1. ]), array([0.5]))
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = tuple(sections)
        size = 2 * len(self._sections)
        self._state = np.zeros(size)
        identity = np.eye(size)
        # the system of the whole cascade, from its response to each state and to an input of 1
        responses = [self._step(identity[index], 0.0) for index in range(size)]
        transition = np.array([state for _, state in responses]).reshape(size, size).T
        observed = np.array([output for output, _ in responses])
        direct, driven = self._step(np.zeros(size), 1.0)
        powers = [identity]
        for _ in range(BLOCK):
            powers.append(transition @ powers[-1])
        self._powers = powers
        self._from_state = np.array([observed @ power for power in powers[:BLOCK]]).reshape(BLOCK, size)
        impulse = np.concatenate(([direct], self._from_state[:-1] @ driven))
        lag = np.arange(BLOCK)[:, None] - np.arange(BLOCK)
        self._from_input = np.where(lag >= 0, impulse[np.maximum(lag, 0)], 0.0)  # (output, input)
        self._to_state = np.array([power @ driven for power in powers[:BLOCK]]).reshape(BLOCK, size)[::-1]

    def push(self, waveform: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return as many filtered samples.

        Parameters
        ----------
        waveform : ndarray, shape (samples,)

        Returns
        -------
        ndarray, shape (samples,), float64
        """
        sound = np.asarray(waveform, np.float64)
        if not self._sections:
            return sound
        whole = len(sound) - len(sound) % BLOCK
        blocks = sound[:whole].reshape(-1, BLOCK)
        filtered = blocks @ self._from_input.T  # (blocks, 64)
        driven = blocks @ self._to_state  # (blocks, states)
        for index in range(len(blocks)):
            filtered[index] += self._from_state @ self._state
            self._state = self._powers[BLOCK] @ self._state + driven[index]
        rest = sound[whole:]
        if not len(rest):
            return filtered.ravel()
        count = len(rest)
        last = self._from_input[:count, :count] @ rest + self._from_state[:count] @ self._state
        self._state = self._powers[count] @ self._state + rest @ self._to_state[BLOCK - count :]
        return np.concatenate((filtered.ravel(), last))

    def _step(self, state: NDArray[np.float64], sample: float) -> tuple[float, NDArray[np.float64]]:
        """Return the output and the next state for one sample (transposed direct form II)."""
        following = np.zeros_like(state)
        for index, section in enumerate(self._sections):
            first, second = state[2 * index], state[2 * index + 1]
            output = section.b0 * sample + first
            following[2 * index] = section.b1 * sample - section.a1 * output + second
            following[2 * index + 1] = section.b2 * sample - section.a2 * output
            sample = float(output)
        return sample, following

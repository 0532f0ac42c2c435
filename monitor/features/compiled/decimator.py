"""Decimation in C: from a common sample rate to a lower one, with the response of soxr's variable-rate mode.

A polyphase FIR filter of linear phase, flat up to the new Nyquist frequency and short, for it may fall off slowly,
brings the sound to twice the output rate. A recursive half-band filter, elliptic, of two chains of allpass sections,
halves that, and is sharp. soxr ends in such a filter as well, and this one has its phase (docs/decisions/0005).
"""

from __future__ import annotations

import ctypes
import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address, library

__all__ = ["DecimationKernel", "decimation_kernel", "half_band_coefficients"]

LANES, CAPACITY = 8, 2048
"""As in C."""
CHAIN_DELAY = 7
"""Output samples by which the chains of allpass sections are late, which are left out."""
MAX_ROWS = 320
"""Most filters for the phases between two rates: those of 11.025 to 8 kHz."""
ATTENUATION_DB = 110.0
"""Of the FIR filter's stop band. Its pass band is as flat: within 3e-6."""
NUM_SECTIONS, TRANSITION = 15, 0.008
"""Allpass sections of the half-band filter, and the width of its transition as a part of its sample rate: at 8 kHz from
1968 to 2032 Hz. soxr's response is that of this filter within 1e-6 radians."""


def half_band_coefficients(count: int, transition: float) -> NDArray[np.float64]:
    """Return the coefficients of the allpass sections of an elliptic half-band filter, in rising order.

    The first, third and so on make one chain, the others the other.

    Parameters
    ----------
    count : int
        Number of sections.
    transition : float
        From the edge of the pass band to that of the stop band, as a part of the sample rate, below 0.5.

    Returns
    -------
    ndarray, shape (count,), float64
        Each from 0 to 1.

    Notes
    -----
    Source: R. A. Valenzuela, A. G. Constantinides, Digital signal processing schemes for efficient interpolation and
    decimation, IEE Proceedings G 130 (1983), 225-235: Jacobi's theta functions as sums of powers of the nome.
    """
    modulus = math.tan((1.0 - 2.0 * transition) * math.pi / 4.0) ** 2
    root = (1.0 - modulus**2) ** 0.25
    ratio = 0.5 * (1.0 - root) / (1.0 + root)
    nome = ratio + 2.0 * ratio**5 + 15.0 * ratio**9 + 150.0 * ratio**13
    angle = np.arange(1, count + 1)[:, None] * math.pi / (2 * count + 1)
    i = np.arange(20)
    above = (-1.0) ** i * nome ** (i * (i + 1.0)) * np.sin((2 * i + 1) * angle)
    below = (-1.0) ** i * nome ** (i * (1.0 * i)) * np.cos(2 * i * angle)
    place = (nome**0.25 * above.sum(axis=1) / (below.sum(axis=1) - 0.5)) ** 2
    root_of = np.sqrt((1.0 - place * modulus) * (1.0 - place / modulus)) / (1.0 + place)
    coefficients: NDArray[np.float64] = (1.0 - root_of) / (1.0 + root_of)
    return coefficients


class _Filters(NamedTuple):
    """The FIR filters of all phases between an input rate and twice an output rate."""

    taps: NDArray[np.float32]
    """Shape ``(rows, taps)``."""
    firsts: NDArray[np.int32]
    """Shape ``(rows,)``: the input sample of the first tap; the earliest may lie before the beginning."""
    period: int
    """Input samples after which the rows begin again."""


@functools.cache
def _filters(input_rate: int, output_rate: int) -> _Filters | None:
    """Return the filters, a windowed sinc (Kaiser) at each phase; None where they are too many or too long."""
    divisor = math.gcd(input_rate, 2 * output_rate)
    step, num_phases = input_rate // divisor, 2 * output_rate // divisor
    num_rows = math.lcm(num_phases, LANES)
    per_sample = step / num_phases  # input samples for each at twice the output rate
    # Kaiser's formulas for a response that falls from a fourth of twice the output rate to three fourths
    width = (ATTENUATION_DB - 7.95) / (2.285 * math.pi) * per_sample
    beta = 0.1102 * (ATTENUATION_DB - 8.7)
    num_taps = math.ceil((width + 1.0) / LANES) * LANES
    if num_rows > MAX_ROWS or num_taps + LANES * per_sample > CAPACITY / 2:
        return None
    # soxr puts the first sample half a period late, unless the rates differ by a power of two
    late = 0.0 if math.log2(input_rate / output_rate).is_integer() else 0.5
    centres = (np.arange(num_rows) + late) * per_sample
    firsts = np.ceil(centres - width / 2).astype(np.int32)
    distance = firsts[:, None] + np.arange(num_taps) - centres[:, None]
    window = np.i0(beta * np.sqrt(np.maximum(0.0, 1.0 - (2.0 * distance / width) ** 2)))
    taps = np.where(np.abs(distance) <= width / 2, window * np.sinc(distance / per_sample), 0.0)
    taps *= 0.5 / taps.sum(axis=1, keepdims=True)  # the two chains add up
    return _Filters(taps.astype(np.float32), firsts, num_rows // num_phases * step)


class _State(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_rows", "num_taps", "period", "row", "origin", "num_kept", "early")),
        ("are_alike", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in ("taps", "firsts")),
        ("kept", ctypes.c_float * CAPACITY),
        *((name, ctypes.c_float * (2 * LANES)) for name in ("coefficients", "inputs", "outputs")),
    )


class DecimationKernel:
    """Decimates a waveform that arrives in blocks; belongs to one thread.

    Parameters
    ----------
    opened : PyDLL
    filters : _Filters
        From the input rate to twice the output rate.

    Attributes
    ----------
    delay_samples : int
        Samples of input, after which all that came before them is in the output.
    """

    def __init__(self, opened: ctypes.PyDLL, filters: _Filters) -> None:
        self._filters = filters
        rows, taps = filters.taps.shape
        before = -int(filters.firsts[0])  # samples of silence
        are_alike = bool((filters.taps == filters.taps[0]).all())
        self._state = _State(rows, taps, filters.period, 0, before, before, CHAIN_DELAY, are_alike)
        self._state.taps, self._state.firsts = address(filters.taps), address(filters.firsts)
        sections = half_band_coefficients(NUM_SECTIONS, TRANSITION)
        for begin, chain in ((0, sections[1::2]), (LANES, sections[::2])):
            self._state.coefficients[begin : begin + len(chain)] = chain.tolist()
        self._at = ctypes.addressof(self._state)
        self._run = opened.auscult_decimate
        self._per_output = 2 * filters.period / rows
        self.delay_samples = taps + math.ceil((CHAIN_DELAY + LANES / 2) * self._per_output)

    def push(self, waveform: NDArray[np.float32], offset: float) -> NDArray[np.float32]:
        """Return the samples that the next ones, less an offset, complete.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
        offset : float
        """
        waveform = np.ascontiguousarray(waveform, np.float32)
        output = np.empty(int(len(waveform) / self._per_output) + LANES, np.float32)
        return output[: self._run(self._at, address(waveform), len(waveform), offset, address(output))]


def decimation_kernel(input_rate: int, output_rate: int) -> DecimationKernel | None:
    """Return a kernel between two rates; None where soxr must do it.

    Parameters
    ----------
    input_rate, output_rate : int
        Hz. Done in C where the input rate is at least twice the output rate and both have a large common divisor.
    """
    opened = library()
    if opened is None or input_rate < 2 * output_rate:
        return None
    filters = _filters(input_rate, output_rate)
    return None if filters is None else DecimationKernel(opened, filters)

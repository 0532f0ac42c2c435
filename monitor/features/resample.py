"""One sample rate to another, in pieces of any size, with a short and constant delay.

A stream of soxr in its variable-rate mode at a constant rate: its output is the same bit for bit however
the input is cut, passes 0 to 0.9 of the new half rate untouched, keeps aliases 105 dB down, and comes a
constant 30 to 63 ms after its input when brought down to 4 kHz (240 ms when brought up from 1 kHz). The
fixed-rate mode gathers input for long transforms instead, so samples come in bursts up to 345 ms late
(docs/decisions/0005). Belongs to one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

__all__ = ["StreamingResampler", "resampled"]


class StreamingResampler:
    """Brings a waveform that arrives in pieces to another rate.

    Parameters
    ----------
    input_rate, output_rate : int
        Hz, 1000 to 192000. Equal rates pass the samples through.

    Raises
    ------
    ValueError
        If a rate is out of range.
    """

    def __init__(self, input_rate: int, output_rate: int) -> None:
        for name, rate in (("input_rate", input_rate), ("output_rate", output_rate)):
            if not 1000 <= rate <= 192_000:
                raise ValueError(f"{name}={rate} must be from 1000 to 192000 Hz")
        self._rates = (input_rate, output_rate)
        self._taken = 0
        self._given = 0
        self._stream: Any = None
        if input_rate != output_rate:
            self._stream = soxr.ResampleStream(input_rate, output_rate, 1, dtype="float32", quality="HQ", vr=True)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Return the samples that these complete; with ``last``, all that are left.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
        last : bool
            Whether the sound ends here; nothing may be pushed afterwards.

        Returns
        -------
        ndarray, shape (samples,), float32
            All calls together give ``input samples * output_rate // input_rate``.
        """
        if self._stream is None:
            return waveform
        self._taken += len(waveform)
        if last:
            return self._rest(waveform)
        result: NDArray[np.float32] = self._stream.resample_chunk(waveform, last=False)
        self._given += len(result)
        return result

    def _rest(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return all that is left, to the exact length; soxr by itself may end one sample early."""
        input_rate, output_rate = self._rates
        beyond = np.zeros(2 * (input_rate // output_rate) + 4, np.float32)
        ending: NDArray[np.float32] = self._stream.resample_chunk(np.concatenate((waveform, beyond)), last=True)
        return ending[: self._taken * output_rate // input_rate - self._given]


def resampled(waveform: NDArray[np.float32], input_rate: int, output_rate: int) -> NDArray[np.float32]:
    """Return a whole waveform at another rate, exactly as :class:`StreamingResampler` gives it in pieces.

    Raises
    ------
    ValueError
        If a rate is out of range.
    """
    return StreamingResampler(input_rate, output_rate).push(waveform, last=True)

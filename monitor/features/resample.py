"""One sample rate to another, in blocks of any size, with a short and constant delay.

A stream of soxr in its variable-rate mode at a constant rate; or, from a common rate to half of it or less, the
decimator of the compiled front end where that was built, which has the same response within 0.003 dB and takes a third
to a tenth of the time. The output is the same bit for bit however the input is cut into blocks. It passes 0 to 0.9 of
the new Nyquist frequency unchanged and keeps aliases 105 dB down. Its delay is constant, 30 to 63 ms down to 4 kHz
(240 ms up from 1 kHz), and 3 to 4 ms of the decimator. soxr's fixed-rate mode buffers input for long transforms
instead, so samples come in bursts up to 345 ms late (docs/decisions/0005).

That delay is waiting; in the output itself sound stands almost where it was, but not exactly, for the filter's phase is
not linear. Down to 4 kHz a tone of up to 400 Hz is 0.40 to 0.48 ms late, one of 1000 Hz 0.54 ms and one of 1800 Hz
0.91 ms at most; its envelope (the group delay) at 1000 Hz 0.71 ms and at 1800 Hz, the edge of what passes, 3.4 ms.
Up to 4 kHz every tone is 0 to 0.13 ms early. Belongs to one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.decimator import decimation_kernel

__all__ = ["DELAY_VARIES_S", "StreamingResampler", "resampled"]

DELAY_VARIES_S = 0.002
"""Most seconds by which the delay of a stream varies from push to push."""


class StreamingResampler:
    """Resamples a waveform that arrives in blocks.

    Parameters
    ----------
    input_rate, output_rate : int
        Hz, 1000 to 192000. Equal rates pass the samples through.
    start_at_zero : bool
        Whether the first sample is subtracted from all, unless the rates are equal. Before its first sample a sound is
        0 to the filter, and an offset that begins there sounds like a knock.
    compiled : bool
        Whether the compiled front end may be used.

    Raises
    ------
    ValueError
        If a rate is out of range.

    Examples
    --------
    >>> resampler = StreamingResampler(8000, 4000)
    >>> blocks = [resampler.push(np.zeros(4000, np.float32), last=last) for last in (False, True)]
    >>> sum(len(block) for block in blocks)  # the first block lacks the delay, the last one has it
    4000
    """

    def __init__(
        self, input_rate: int, output_rate: int, *, start_at_zero: bool = False, compiled: bool = True
    ) -> None:
        for name, rate in (("input_rate", input_rate), ("output_rate", output_rate)):
            if not 1000 <= rate <= 192_000:
                raise ValueError(f"{name}={rate} must be from 1000 to 192000 Hz")
        self._rates = (input_rate, output_rate)
        self._offset: np.float32 | None = None if start_at_zero else np.float32(0.0)
        self._num_input = 0
        self._num_output = 0
        self._stream: Any = None
        self._kernel = decimation_kernel(input_rate, output_rate) if compiled else None
        if self._kernel is None and input_rate != output_rate:
            import soxr  # 4 ms of the start, which a sound at the rate of the network does not need

            self._stream = soxr.ResampleStream(input_rate, output_rate, 1, dtype="float32", quality="HQ", vr=True)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Return the output samples that these complete; with ``last``, all that are left.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
        last : bool
            Whether the sound ends here; nothing may be pushed afterwards.

        Returns
        -------
        ndarray, shape (samples,), float32
            All calls together give ``input samples * output_rate // input_rate`` samples.
        """
        if self._stream is None and self._kernel is None:
            return waveform
        if self._offset is None and len(waveform):
            self._offset = waveform[0]
        self._num_input += len(waveform)
        if last:
            return self._flush(waveform)
        result = self._more(waveform)
        self._num_output += len(result)
        return result

    def _more(self, waveform: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Return the output samples that these complete, the offset taken off."""
        if self._kernel is not None:
            return self._kernel.push(waveform, float(self._offset or 0.0))
        if self._offset:
            waveform = waveform - self._offset
        result: NDArray[np.float32] = self._stream.resample_chunk(waveform, last=last)
        return result

    def _flush(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return all that is left, to the exact length; soxr by itself may end one sample early."""
        input_rate, output_rate = self._rates
        silence = 2 * (input_rate // output_rate) + 4 if self._kernel is None else self._kernel.delay_samples
        padding = np.full(silence, self._offset or 0.0, np.float32)
        ending = self._more(np.concatenate((waveform, padding)), last=True)
        return ending[: self._num_input * output_rate // input_rate - self._num_output]


def resampled(
    waveform: NDArray[np.float32],
    input_rate: int,
    output_rate: int,
    *,
    start_at_zero: bool = False,
    compiled: bool = True,
) -> NDArray[np.float32]:
    """Return a whole waveform at another rate, bit for bit as :class:`StreamingResampler` gives it in blocks.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    input_rate, output_rate : int
        Hz, 1000 to 192000.
    start_at_zero, compiled : bool
        As for the class.

    Returns
    -------
    ndarray, shape (samples * output_rate // input_rate,), float32

    Raises
    ------
    ValueError
        If a rate is out of range.

    Examples
    --------
    >>> resampled(np.ones(44_100, np.float32), 44_100, 4000).shape
    (4000,)
    """
    stream = StreamingResampler(input_rate, output_rate, start_at_zero=start_at_zero, compiled=compiled)
    return stream.push(waveform, last=True)

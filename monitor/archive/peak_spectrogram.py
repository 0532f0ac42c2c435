"""The spectrogram of a whole recording in bounded memory: the loudest frame of each column. Must not draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.archive.decimate import PeakDecimator
from monitor.features.image import NUM_ROWS
from monitor.features.resample import StreamingResampler
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram

__all__ = ["PeakSpectrogram"]

COLUMNS = 4096
"""A long recording has at least half of them: more than a figure has pixels across."""


class PeakSpectrogram:
    """The STFT frames of the bundle from the first to the last, also where no window is complete.

    A bundle of the article's kind has no frames that windows share; then they are those of the default bundle,
    from which heart rate and quality are computed in any case.

    Parameters
    ----------
    sample_rate : int
        Hz of the sound, 1000 to 192000.
    spec : SpectrogramSpec
    """

    def __init__(self, sample_rate: int, spec: SpectrogramSpec) -> None:
        self.spec = spec if spec.kind == HEART.kind else HEART
        self.peaks = PeakDecimator(NUM_ROWS, COLUMNS)
        rate = self.spec.sample_rate
        self._resampler = StreamingResampler(sample_rate, rate, start_at_zero=self.spec.remove_dc)
        self._frames = StreamingSpectrogram(self.spec)

    def power_db(self) -> NDArray[np.float32]:
        """Return the columns in decibels; a full-scale tone, of which a Hann window passes a quarter, has 0."""
        full_scale_db = 20 * np.log10(self.spec.frame_samples / 4)
        return self.peaks.columns * np.float32(10 / np.log(10)) - np.float32(full_scale_db)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Add the next samples of the source; with ``last``, its end.

        Returns
        -------
        ndarray, shape (frames,), float32
            The rhythm envelope of the frames that they complete: natural log of the power from 20 to 200 Hz.
        """
        count = self._frames.push(self._resampler.push(waveform, last=last))
        latest = self._frames.latest(count)
        if count:
            self.peaks.push(latest.log_power.T)
        return latest.envelope.copy()

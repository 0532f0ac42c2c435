"""The log power of twelve frequency bands, 80 times a second: what the segmentation of the cardiac cycle hears.

Each frame is computed once, however the sound is cut into blocks, so a stream and a whole recording give the same
frames bit for bit. The bands begin above the two lowest bins of the spectrum, so an offset of a converter does not
reach them. Belongs to one thread.

A floor below the rounding of 16 bits is added to every power. Where nothing louder than -80 dB of full scale has been
in a band for ten seconds, the floor follows the level down, so sound that a converter or a unit made very small is
heard too; until then, and in digital silence, the floor stays.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address
from monitor.features.compiled.spectra import band_kernel

__all__ = ["BANDS_RATE", "BAND_BINS", "FRAME_HOP_S", "NUM_BANDS", "StreamingBands", "frame_centre_s"]

BANDS_RATE = 4000
"""Hz: the sample rate of the sound that frames are computed from."""
FRAME_SAMPLES = 256
"""64 ms under a Hann window, half of which counts."""
FRAME_HOP_SAMPLES = 50
FRAME_HOP_S = FRAME_HOP_SAMPLES / BANDS_RATE
"""Seconds between two frames: 0.0125."""
BAND_BINS = (2, 3, 4, 5, 6, 8, 10, 13, 17, 23, 31, 41, 55)
"""First bin of each band, and the end of the last: from 31 to 850 Hz, wider from the fifth band on."""
NUM_BANDS = len(BAND_BINS) - 1
POWER_FLOOR = 1e-11
"""Added to every power; below the rounding noise of 16 bits."""
LOUD = math.log(1e-8)
"""Log power in a band, from which a frame is loud enough for the fixed floor: 30 dB above it."""
HOLD_FRAMES = 800
"""Ten seconds without a loud frame, after which, and at the beginning, sound counts as quiet."""
BELOW_LEVEL = math.log(1000.0)
"""How far the floor of quiet sound lies below its largest log power: as POWER_FLOOR below LOUD."""
SILENT = math.log(1e-17)
"""Log power of what is no sound: below the rounding of 24 bits."""
LIFT = np.float32(2.0**16)
"""Quiet sound is multiplied by it, exactly, so that the fixed floor lies 96 dB lower."""
LIFT_LOG_POWER = np.float32(2.0 * math.log(LIFT))
MAX_FRAMES = 64
"""Frames that are computed in one step."""


def frame_centre_s(frame: int | NDArray[np.integer]) -> float | NDArray[np.float64]:
    """Return the middle of a frame, seconds from the start of the sound.

    Examples
    --------
    >>> frame_centre_s(0), frame_centre_s(80)
    (0.032, 1.032)
    """
    return (frame * FRAME_HOP_SAMPLES + FRAME_SAMPLES / 2) / BANDS_RATE


class StreamingBands:
    """Computes the bands of a sound that arrives in blocks.

    Attributes
    ----------
    num_frames : int
        Frames computed so far.
    kernel : BandKernel or None
        What computes them in C; None where NumPy does.

    Examples
    --------
    >>> bands = StreamingBands()
    >>> bands.push(np.zeros(2000, np.float32)).shape, bands.push(np.zeros(2000, np.float32)).shape
    ((35, 12), (40, 12))
    """

    def __init__(self) -> None:
        taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)
        self._taper = taper.astype(np.float32)
        self._weights = np.zeros((BAND_BINS[-1] - BAND_BINS[0], NUM_BANDS), np.float32)  # (bins, bands)
        for band, (begin, end) in enumerate(itertools.pairwise(BAND_BINS)):
            self._weights[begin - BAND_BINS[0] : end - BAND_BINS[0], band] = 1.0
        self.kernel = band_kernel(
            (self._taper / np.float32(FRAME_SAMPLES)).astype(np.float32),
            FRAME_HOP_SAMPLES,
            BAND_BINS,
            POWER_FLOOR,
            LOUD,
        )
        self._sound = np.empty(FRAME_SAMPLES, np.float32)  # begins with the samples that a later frame still needs
        self._waiting = 0
        self.num_frames = 0
        self._since_loud, self._level = HOLD_FRAMES, -math.inf

    def push(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the frames that the next samples complete.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            At :data:`BANDS_RATE`.

        Returns
        -------
        ndarray, shape (frames, 12), float32
            Natural log of the power.
        """
        end = self._waiting + len(waveform)
        if end > len(self._sound):
            self._make_room(end)
        sound = self._sound
        sound[self._waiting : end] = waveform
        count = max(0, (end - FRAME_SAMPLES) // FRAME_HOP_SAMPLES + 1)
        bands, all_loud = self._bands_of(sound, count)
        if not all_loud:
            self._lower_floor(sound, bands)
        elif count:
            self._since_loud = 0
        done = count * FRAME_HOP_SAMPLES
        sound[: end - done] = sound[done:end]
        self._waiting = end - done
        self.num_frames += count
        return bands

    def place_for(self, num_samples: int) -> tuple[NDArray[np.float32], int] | None:
        """Return where the samples lie that wait for the next ones, with space behind them, and how many they are.

        For who computes the next frames by :attr:`kernel` itself, always of so many samples, whole frame hops, and
        tells of them by :meth:`note_loud`. It is valid until the next :meth:`push` of another number.

        Returns
        -------
        tuple of ndarray and int, or None
            None where the samples that wait are too few for each frame hop to complete a frame.
        """
        if self._waiting < FRAME_SAMPLES - FRAME_HOP_SAMPLES:
            return None
        if self._waiting + num_samples > len(self._sound):
            self._make_room(self._waiting + num_samples)
        return self._sound, self._waiting

    def note_loud(self, count: int) -> None:
        """Count frames that were computed elsewhere, and were loud."""
        self.num_frames += count
        self._since_loud = 0

    def _make_room(self, num_samples: int) -> None:
        """Keep the samples that wait in a larger space, for so many."""
        larger = np.empty(num_samples, np.float32)
        larger[: self._waiting] = self._sound[: self._waiting]
        self._sound = larger

    def _bands_of(self, sound: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], bool]:
        """Return the first frames of a sound, above the fixed floor, and whether all of them are loud."""
        bands = np.empty((count, NUM_BANDS), np.float32)
        if self.kernel is not None:
            return bands, not count or self.kernel.compute(address(sound), count, address(bands)) == count
        for first in range(0, count, MAX_FRAMES):
            last = min(count, first + MAX_FRAMES)
            part = sound[first * FRAME_HOP_SAMPLES : (last - 1) * FRAME_HOP_SAMPLES + FRAME_SAMPLES]
            self._compute(part, bands[first:last])
        return bands, bool(_is_loud(bands).all())

    def _lower_floor(self, sound: NDArray[np.float32], bands: NDArray[np.float32]) -> None:
        """Write the frames of quiet sound again, above a floor that follows the largest power of it so far."""
        lifted: NDArray[np.float32] | None = None
        for index, is_loud in enumerate(_is_loud(bands).tolist()):
            self._since_loud = 0 if is_loud else self._since_loud + 1
            if self._since_loud <= HOLD_FRAMES:
                self._level = -math.inf
                continue
            if lifted is None:
                used = sound[: (len(bands) - 1) * FRAME_HOP_SAMPLES + FRAME_SAMPLES]
                lifted = self._bands_of(used * LIFT, len(bands))[0] - LIFT_LOG_POWER
            self._level = max(self._level, float(lifted[index].max()))
            if self._level > SILENT:
                np.logaddexp(lifted[index], np.float32(self._level - BELOW_LEVEL), out=bands[index])

    def _compute(self, sound: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Write the frames of a stretch of sound."""
        steps = (FRAME_HOP_SAMPLES * sound.itemsize, sound.itemsize)
        frames = np.lib.stride_tricks.as_strided(sound, (len(out), FRAME_SAMPLES), steps, writeable=False)
        spectrum = np.fft.rfft(frames * self._taper, norm="forward")[:, BAND_BINS[0] : BAND_BINS[-1]]
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)  # (frames, bins)
        # a row at a time, because a product of matrices may round a row otherwise in another company
        power = power.astype(np.float32, copy=False)  # NumPy 1 transforms in double precision
        np.add.reduceat(power, np.array(BAND_BINS[:-1]) - BAND_BINS[0], axis=1, out=out)
        out += np.float32(POWER_FLOOR)
        np.log(out, out=out)


def _is_loud(bands: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether each frame is loud enough for the fixed floor, shape (frames,)."""
    loud: NDArray[np.bool_] = bands.max(axis=1, initial=-math.inf) >= LOUD
    return loud

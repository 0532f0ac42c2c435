"""Sound to input image, frame by frame: every STFT frame is computed only once.

:class:`StreamingSpectrogram` takes a waveform in blocks of any size and builds the 64x64x3 image of any window whose
frames it still holds; :func:`input_image` does the same for one whole window, with the same code. However the sound is
cut into blocks, the images are the same bit for bit: each frame is computed by operations that treat each row
separately, never by a matrix product whose rounding could depend on the number of rows.

What the image shows, and why, is in :mod:`monitor.features.image`. One writing thread per object; must not
know about devices, files or networks. Where the compiled front end is installed, that computes the frames.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address
from monitor.features.compiled.spectra import HeldPlaces, frame_kernel
from monitor.features.compiled.window import GateKernel, WindowKernel, window_kernel
from monitor.features.heart_rate import compiled_rate
from monitor.features.image import ITEM_BYTES, NUM_ROWS, FrameWindow, HeldFrames, ImageBuilder
from monitor.features.spec import SpectrogramSpec

__all__ = ["Scratch", "StreamingSpectrogram", "input_image"]

FIRST_BIN = 1
"""The lowest bin of the image, 15.6 Hz: bin 0 is the offset of the converter. The taper spreads that into bin 1 too,
unless the mean of the frame is removed before."""
REAL_PARTS = slice(2 * FIRST_BIN, 2 * (FIRST_BIN + NUM_ROWS), 2)
IMAGINARY_PARTS = slice(2 * FIRST_BIN + 1, 2 * (FIRST_BIN + NUM_ROWS) + 1, 2)
"""Real and imaginary parts of the bins of the image, when these lie side by side."""

POWER_FLOOR = np.float32(1e-20)
"""Far below one 24-bit step; it only keeps the logarithm of digital silence finite."""

ENVELOPE_HZ = (20.0, 200.0)
LOW_HZ = (20.0, 150.0)
HIGH_HZ = 600.0
"""Bands of the rhythm envelope and of the heart sounds, and the lower edge of the band that is mostly noise.
Source: docs/decisions/0002, measured on PASCAL set A and B and on CirCor."""


class Scratch:
    """Space for intermediate results and constants: holds nothing of a sound between two calls.

    Sounds that one thread analyses in turn may share one: it is more than half of what a sound would need.

    Parameters
    ----------
    spec : SpectrogramSpec
        Settings of kind ``"heart"``.
    """

    def __init__(self, spec: SpectrogramSpec) -> None:
        size = spec.frame_samples
        self.spec = spec
        # times the size, since the transform divides by it: asked to, NumPy keeps single precision all the way
        self.taper = (np.hanning(size + 1)[:-1] * size).astype(np.float32)
        self.taper_share = (self.taper / self.taper.sum()).astype(np.float32)
        bin_hz = spec.sample_rate / size
        self.envelope_bins, self.low_bins = _bins(ENVELOPE_HZ, bin_hz), _bins(LOW_HZ, bin_hz)
        self.first_high_bin = math.ceil(HIGH_HZ / bin_hz)
        self.kernel = frame_kernel(
            (self.taper / size).astype(np.float32),
            self.taper_share if spec.remove_dc else None,
            spec.frame_hop_samples,
            (*self.envelope_bins, *self.low_bins, self.first_high_bin),
            (FIRST_BIN, NUM_ROWS),
            float(POWER_FLOOR),
        )
        frames = 0 if self.kernel else spec.num_frames
        self.tapered = np.empty((frames, size), np.float32)
        self.offset = np.empty_like(self.tapered) if spec.remove_dc else None
        self.builder = ImageBuilder(spec.num_frames)


class StreamingSpectrogram:
    """Frames and images of a sound that arrives in blocks.

    Parameters
    ----------
    spec : SpectrogramSpec
        Settings of kind ``"heart"``.
    scratch : Scratch or None
        That of another sound with the same settings, on the same thread; None for its own.

    Attributes
    ----------
    scratch : Scratch

    Raises
    ------
    ValueError
        If the scratch space is for other settings.

    Notes
    -----
    Written by one thread, the classifier's. Holds the frames of two windows.

    Examples
    --------
    >>> from monitor.features.spec import HEART
    >>> spectrogram = StreamingSpectrogram(HEART)
    >>> spectrogram.push(np.zeros(12_000, np.float32)), spectrogram.push(np.zeros(12_000, np.float32))
    (118, 120)
    >>> spectrogram.window(4000).log_power.shape, spectrogram.image(4000).shape
    ((198, 64), (64, 64, 3))
    """

    def __init__(self, spec: SpectrogramSpec, scratch: Scratch | None = None) -> None:
        if scratch is not None and scratch.spec != spec:
            raise ValueError(f"scratch.spec={scratch.spec} must be the settings of this sound, {spec}")
        self.spec = spec
        self.scratch = Scratch(spec) if scratch is None else scratch
        self.frame_hop_samples = spec.frame_hop_samples
        self._size = spec.frame_samples
        self._num_frames = spec.num_frames
        self._max_part = self._num_frames * self.frame_hop_samples
        self._sound = np.zeros(self._size + self._max_part, np.float32)
        self._envelope_parts, self._low_parts = _parts(self.scratch.envelope_bins), _parts(self.scratch.low_bins)
        self._high_parts = slice(2 * self.scratch.first_high_bin, None)
        self._capacity = 4 * self._num_frames
        self._rows = np.zeros((self._capacity, NUM_ROWS), np.float32)
        self._envelope, self._low, self._high = (np.zeros(self._capacity, np.float32) for _ in range(3))
        self._kernel = self.scratch.kernel
        self._sound_at = address(self._sound)
        self._held_at = HeldPlaces(self._rows, self._envelope, self._low, self._high)
        self._begin, self._end = 0, 0  # in the buffer, of the samples that a later frame needs
        self._first = 0  # index of the frame in slot 0, counted from the start of the sound
        self._used = 0  # slots in use

    @property
    def end_frame(self) -> int:
        """Index of the next frame to be computed, counted from the start of the sound."""
        return self._first + self._used

    @property
    def end_sample(self) -> int:
        """Samples pushed so far."""
        return (self._first + self._used) * self.frame_hop_samples + self._end - self._begin

    def push(self, waveform: NDArray[np.float32]) -> int:
        """Take the next samples and compute the frames that they complete.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            The samples that follow those pushed before, any number of them.

        Returns
        -------
        int
            Frames computed by this call.
        """
        if len(waveform) <= self._max_part:
            return self._push_part(waveform)
        # a long push goes through the buffers in parts
        parts = range(0, len(waveform), self._max_part)
        return sum(self._push_part(waveform[begin : begin + self._max_part]) for begin in parts)

    def _push_part(self, waveform: NDArray[np.float32]) -> int:
        """Take samples that the buffers have room for; return the frames computed."""
        end = self._end + len(waveform)
        self._sound[self._end : end] = waveform
        self._end = end
        count = (end - self._begin - self._size) // self.frame_hop_samples + 1
        if count <= 0:
            return 0
        if self._used + count > self._capacity:
            self._make_room()
        if self._kernel is not None:  # which moves what a later frame needs to the front
            self._kernel.compute(self._sound_at, end, count, self._held_at.at, self._used)
            self._end = end - count * self.frame_hop_samples
        else:
            self._compute(count)
        self._used += count
        return count

    def _compute(self, count: int) -> None:
        """Write ``count`` new frames behind those held, and move the samples that a later one needs to the front."""
        scratch = self.scratch
        # overlapping frames as a view of the sound
        steps = (ITEM_BYTES * self.frame_hop_samples, ITEM_BYTES)
        frames = np.ndarray((count, self._size), np.float32, self._sound, ITEM_BYTES * self._begin, steps)
        tapered = np.multiply(frames, scratch.taper, out=scratch.tapered[:count])  # (frames, samples)
        if scratch.offset is not None:  # the mean under the taper, so that no tone counts as an offset
            total = np.add.reduce(tapered, axis=1, keepdims=True)  # (frames, 1)
            np.subtract(tapered, np.multiply(total, scratch.taper_share, out=scratch.offset[:count]), out=tapered)
        spectrum = np.fft.rfft(tapered, norm="forward")  # (frames, bins)
        # real and imaginary parts side by side, then their squares: two for each bin
        parts = spectrum.view(spectrum.real.dtype)  # (frames, 2 * bins)
        np.multiply(parts, parts, out=parts)
        new = slice(self._used, self._used + count)
        log_power, heart = self._rows[new], self._envelope[new]
        np.add(parts[:, REAL_PARTS], parts[:, IMAGINARY_PARTS], out=log_power)
        np.add(log_power, POWER_FLOOR, out=log_power)
        np.log(log_power, out=log_power)
        np.add.reduce(parts[:, self._envelope_parts], axis=1, out=heart)
        np.add(heart, POWER_FLOOR, out=heart)
        np.log(heart, out=heart)
        np.add.reduce(parts[:, self._low_parts], axis=1, out=self._low[new])
        np.add.reduce(parts[:, self._high_parts], axis=1, out=self._high[new])
        self._begin += count * self.frame_hop_samples
        past = min(self._begin, self._end)  # the next frame may begin beyond the end
        self._sound[: self._end - past] = self._sound[past : self._end]
        self._begin -= past
        self._end -= past

    def _make_room(self) -> None:
        """Move the frames still needed to the front."""
        drop = self._used - 2 * self._num_frames
        for held in (self._rows, self._envelope, self._low, self._high):
            held[: self._used - drop] = held[drop : self._used].copy()
        self._first += drop
        self._used -= drop

    def window(self, start_sample: int) -> HeldFrames:
        """Return the frames of the window that starts at ``start_sample``.

        Parameters
        ----------
        start_sample : int
            Counted from the start of the sound, a multiple of the frame hop.

        Returns
        -------
        FrameWindow
            Views that stay valid until the next :meth:`push`.

        Raises
        ------
        ValueError
            If the window is off the frame grid, not complete yet, or no longer held.
        """
        if start_sample % self.frame_hop_samples:
            raise ValueError(f"start_sample={start_sample} must be a multiple of {self.frame_hop_samples}")
        slot = start_sample // self.frame_hop_samples - self._first
        if slot < 0 or slot + self._num_frames > self._used:
            raise ValueError(f"start_sample={start_sample} must lie in a window that is complete and still held")
        return self._held(slot, self._num_frames)

    def latest(self, count: int) -> HeldFrames:
        """Return the newest ``count`` frames, oldest first, as views valid until the next :meth:`push`.

        Raises
        ------
        ValueError
            If fewer are held.
        """
        if not 0 <= count <= self._used:
            raise ValueError(f"count={count} must be from 0 to the {self._used} frames held")
        return self._held(self._used - count, count)

    def _held(self, slot: int, count: int) -> HeldFrames:
        """Return ``count`` held frames from a slot on, as views."""
        held = slice(slot, slot + count)
        frames = HeldFrames(self._rows[held], self._envelope[held], self._low[held], self._high[held])
        frames.held, frames.slot = self._held_at, slot
        return frames

    def window_kernel(self, gate: GateKernel | None) -> WindowKernel | None:
        """Return what computes image, rate and gate of such windows in one call; None where one is not compiled."""
        rate = compiled_rate(self._num_frames, self.spec.frame_hop_s)
        return window_kernel(self.scratch.builder.kernel, rate, gate)

    def image(self, start_sample: int) -> NDArray[np.float32]:
        """Return the input image of the window that starts at ``start_sample``.

        Returns
        -------
        ndarray, shape (64, 64, 3), float32
            See :meth:`ImageBuilder.build`.

        Raises
        ------
        ValueError
            As :meth:`window`.
        """
        return self.build(self.window(start_sample))

    def build(self, frames: FrameWindow) -> NDArray[np.float32]:
        """Return the input image of a window's frames, as :meth:`image` does."""
        return self.scratch.builder.build(frames)


def input_image(waveform: NDArray[np.float32], spec: SpectrogramSpec) -> NDArray[np.float32]:
    """Return the input image of one whole window, by the streaming code.

    Parameters
    ----------
    waveform : ndarray, shape (spec.window_samples,), float32
    spec : SpectrogramSpec

    Returns
    -------
    ndarray, shape (64, 64, 3), float32
        See :meth:`ImageBuilder.build`.

    Raises
    ------
    ValueError
        If the waveform is not exactly one window.

    Examples
    --------
    >>> from monitor.features.spec import HEART
    >>> input_image(np.zeros(HEART.window_samples, np.float32), HEART).shape
    (64, 64, 3)
    """
    if waveform.shape != (spec.window_samples,):
        raise ValueError(f"waveform.shape={waveform.shape} must be ({spec.window_samples},), one window")
    stream = StreamingSpectrogram(spec)
    stream.push(waveform)
    return stream.image(0)


def _bins(band_hz: tuple[float, float], bin_hz: float) -> tuple[int, int]:
    """Return the first of the FFT bins whose centre lies in a band, and the end of them."""
    low, high = band_hz
    return math.ceil(low / bin_hz), math.floor(high / bin_hz) + 1


def _parts(bins: tuple[int, int]) -> slice:
    """Return the slice of the parts, two for each FFT bin, of some bins."""
    return slice(2 * bins[0], 2 * bins[1])

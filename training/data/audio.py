"""Recordings to frames: read, resample, loop short ones, compute the spectrogram.

Frames are computed once per recording by the monitor's own streaming spectrogram; a window is then a slice of them, so
a training image equals the image that the monitor would build.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.audio.sources.decoding.opening import open_recording
from monitor.errors import DataError, RecordingError
from monitor.features.image import FrameWindow
from monitor.features.resample import resampled
from monitor.features.spec import SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.output import say
from training.data.recording import Recording

__all__ = [
    "TRUNCATED",
    "Decoded",
    "Frames",
    "Sound",
    "compute_frames",
    "decode",
    "loop",
    "read_recording",
    "read_samples",
    "read_sound",
    "read_usable",
    "read_waveform",
    "sound_of",
]

T = TypeVar("T")

PHASES = 3
"""Starts within a frame hop from which a recording's frames are computed for training."""
TRUNCATED = "damaged or cut short, used as far as it decodes"


@dataclasses.dataclass(frozen=True, slots=True)
class Frames:
    """All frames of one sound.

    Attributes
    ----------
    log_power : ndarray, shape (frames, 64), float32
    bands : ndarray, shape (3, frames), float32
        Envelope, low and high power, as in :class:`monitor.features.image.FrameWindow`.
    order : ndarray of int, or None
        Indices of the frames that make up the sound, in order; None for all of them as they are.
    """

    log_power: NDArray[np.float32]
    bands: NDArray[np.float32]
    order: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        """Return the number of frames of the sound."""
        return len(self.log_power if self.order is None else self.order)

    def window(self, start: int, num_frames: int) -> FrameWindow:
        """Return the frames of the window that starts at frame ``start``."""
        window = slice(start, start + num_frames)
        if self.order is None:
            return FrameWindow(self.log_power[window], *self.bands[:, window])
        chosen = self.order[window]
        return FrameWindow(self.log_power[chosen], *self.bands[:, chosen])


@dataclasses.dataclass(frozen=True, slots=True)
class Sound:
    """One recording with its frames.

    Attributes
    ----------
    recording : Recording
    frames : Frames
        Of the recording; of a short one, looped, long enough to cut windows at any phase.
    num_samples : int
        Length before looping, at the sample rate of the spectrogram.
    ectopic : bool or None
        Whether every window of it holds an ectopic beat; None where the rhythm is not known.
    shifted : tuple of Frames
        Of the same sound, with frames that begin a part of a frame hop later: the monitor may start at any moment.
        Training draws among these and ``frames``; empty where there are none.
    """

    recording: Recording
    frames: Frames
    num_samples: int
    ectopic: bool | None = None
    shifted: tuple[Frames, ...] = ()

    def is_looped(self, spec: SpectrogramSpec) -> bool:
        """Return whether it is shorter than a window."""
        return self.num_samples < spec.window_samples

    def phases(self, spec: SpectrogramSpec) -> list[int]:
        """Return how many frames later its windows are scored too, 0 first: several for a looped sound, else only 0."""
        if not self.is_looped(spec):
            return [0]
        last = len(self.frames) - spec.num_frames
        return [0, *(frame for frame in spec.loop_phases(self.num_samples)[1:] if frame <= last)]

    def starts(self, spec: SpectrogramSpec, hop_s: float) -> list[int]:
        """Return the first frames of the windows that the monitor would score."""
        if self.is_looped(spec):
            return [0]
        hop = spec.hop_samples(hop_s)
        last = self.num_samples - spec.window_samples
        return [start // spec.frame_hop_samples for start in range(0, last + 1, hop)]


class Decoded(NamedTuple):
    """A recording, or a part of it, as it is in the file.

    Attributes
    ----------
    samples : ndarray, shape (samples, channels), float32
    sample_rate : int
        Hz.
    missing : str
        What is missing of the sound that the file promises, such as where it is cut short; empty if nothing.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    missing: str


def decode(path: Path, start_s: float = 0.0, end_s: float | None = None) -> Decoded:
    """Return a recording, or a part of it, as far as it decodes.

    Parameters
    ----------
    path : Path
    start_s, end_s : float
        Seconds into the file; an end of None, or beyond the file, is its end.

    Raises
    ------
    RecordingError
        If the file cannot be read, is empty, holds values that are not finite, has a rate out of range, or ends
        before the part begins.
    """
    try:
        with open_recording(str(path), str(path)) as sound:
            rate = sound.sample_rate
            start = round(start_s * rate)
            count = None if end_s is None else max(0, round(end_s * rate) - start)
            samples = _first(sound, start, count)
            missing = sound.missing if count is None or len(samples) < count else ""
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read as audio", "check the file, or leave it out") from error
    if start_s and not len(samples):
        raise RecordingError(f"{path}: ends before {start_s:g} s", "correct start_s, or leave it out")
    if not np.isfinite(samples).all():
        raise RecordingError(f"{path}: holds NaN or infinite values", "check the file, or leave it out")
    if not 1000 <= rate <= 192_000:
        raise RecordingError(f"{path}: has a rate of {rate} Hz, not 1000 to 192000", "leave it out")
    if not len(samples):
        raise RecordingError(f"{path}: holds no usable samples", "check the file, or leave it out")
    return Decoded(samples, rate, missing)


def read_samples(path: Path, start_s: float = 0.0, end_s: float | None = None) -> tuple[NDArray[np.float32], int]:
    """Return a recording, or a part of it, ``(samples, channels)``, and its sample rate in Hz; see :func:`decode`.

    Raises
    ------
    RecordingError
        As :func:`decode`.
    """
    samples, rate, _ = decode(path, start_s, end_s)
    return samples, rate


def _first(sound: OpenRecording, start: int, count: int | None) -> NDArray[np.float32]:
    """Return ``count`` samples from a sample on, fewer at the end; all of them for None.

    Of a recording that names its sound, that channel only.
    """
    blocks, left = [np.zeros((0, sound.channels), np.float32)], math.inf if count is None else count
    first = sound.sound_channel
    kept = slice(None) if first is None else slice(first - 1, first)
    blocks[0] = blocks[0][:, kept]
    for block in sound.blocks(start):
        blocks.append(block[: int(min(left, len(block))), kept].copy())
        left -= len(block)
        if left <= 0:
            break
    return np.concatenate(blocks)  # (samples, channels)


def read_waveform(
    path: Path, sample_rate: int, start_s: float = 0.0, end_s: float | None = None, *, start_at_zero: bool = False
) -> NDArray[np.float32]:
    """Return a recording, or a part of it, as mono at ``sample_rate``.

    Parameters
    ----------
    path : Path
    sample_rate : int
        Hz.
    start_s, end_s : float
        As :func:`read_samples`.
    start_at_zero : bool
        See :class:`monitor.features.resample.StreamingResampler`.

    Returns
    -------
    ndarray, shape (samples,), float32

    Raises
    ------
    RecordingError
        As :func:`decode`, or if no sample is left at the new rate.
    """
    return _resampled(path, decode(path, start_s, end_s), sample_rate, start_at_zero=start_at_zero)


def read_recording(recording: Recording, sample_rate: int, *, start_at_zero: bool = False) -> NDArray[np.float32]:
    """Return a recording as mono; where sound is missing, say so on standard error and return what is there.

    Parameters
    ----------
    recording : Recording
    sample_rate : int
        Hz.
    start_at_zero : bool
        See :class:`monitor.features.resample.StreamingResampler`.

    Returns
    -------
    ndarray, shape (samples,), float32

    Raises
    ------
    RecordingError
        As :func:`read_waveform`.
    """
    decoded = decode(recording.path, recording.start_s, recording.end_s)
    waveform = _resampled(recording.path, decoded, sample_rate, start_at_zero=start_at_zero)
    if decoded.missing:
        say(f"auscult: {TRUNCATED}: {recording}: {decoded.missing}")
    return waveform


def _resampled(path: Path, decoded: Decoded, sample_rate: int, *, start_at_zero: bool) -> NDArray[np.float32]:
    """Return the mean of the channels at a sample rate."""
    mean = decoded.samples.mean(axis=1)
    waveform = resampled(mean, decoded.sample_rate, sample_rate, start_at_zero=start_at_zero, compiled=False)
    if not len(waveform):
        raise RecordingError(f"{path}: holds no usable samples", "check the file, or leave it out")
    return waveform


def loop(waveform: NDArray[np.float32], num_samples: int) -> NDArray[np.float32]:
    """Return a waveform, repeated to ``num_samples`` where it is shorter.

    Examples
    --------
    >>> loop(np.array([1, 2, 3], np.float32), 5)
    array([1., 2., 3., 1., 2.], dtype=float32)
    """
    return np.resize(waveform, num_samples) if len(waveform) < num_samples else waveform


def compute_frames(waveform: NDArray[np.float32], spec: SpectrogramSpec) -> Frames:
    """Return all frames of a waveform, by the monitor's streaming spectrogram.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    spec : SpectrogramSpec

    Raises
    ------
    ValueError
        If the waveform is shorter than one frame.

    Examples
    --------
    >>> from monitor.features.spec import HEART
    >>> frames = compute_frames(np.zeros(HEART.window_samples, np.float32), HEART)
    >>> frames.log_power.shape, frames.bands.shape
    ((198, 64), (3, 198))
    """
    stream = StreamingSpectrogram(spec)
    rows, bands = [], []
    hop, size = spec.frame_hop_samples, spec.frame_samples
    step = spec.num_frames * hop
    if len(waveform) < size:
        raise ValueError(f"waveform of {len(waveform)} samples must hold at least one frame of {size}")
    for begin in range(0, len(waveform), step):
        first = stream.end_frame
        stream.push(waveform[begin : begin + step])
        new = stream.latest(stream.end_frame - first)
        rows.append(new.log_power.copy())
        bands.append(np.stack(new[1:]))
    return Frames(np.concatenate(rows), np.concatenate(bands, axis=1))  # (frames, 64), (3, frames)


def read_sound(recording: Recording, spec: SpectrogramSpec) -> Sound:
    """Return one recording with its frames, looped where it is shorter than a window.

    Raises
    ------
    RecordingError
        As :func:`read_waveform`.
    """
    return sound_of(recording, read_recording(recording, spec.sample_rate, start_at_zero=spec.remove_dc), spec)


def sound_of(recording: Recording, waveform: NDArray[np.float32], spec: SpectrogramSpec) -> Sound:
    """Return a waveform with its frames, looped where it is shorter than a window.

    Parameters
    ----------
    recording : Recording
    waveform : ndarray, shape (samples,), float32
        At the sample rate of the spectrogram.
    spec : SpectrogramSpec
    """
    looped = loop(waveform, 2 * spec.window_samples) if len(waveform) < spec.window_samples else waveform
    shifts = [round(spec.frame_hop_samples * part / PHASES) for part in range(1, PHASES)]
    shifted = tuple(compute_frames(looped[shift:], spec) for shift in shifts)
    return Sound(recording, compute_frames(looped, spec), len(waveform), shifted=shifted)


def read_usable(
    recordings: Sequence[Recording], read: Callable[[Recording], T], on_step: Callable[[float], None]
) -> tuple[list[Recording], list[T]]:
    """Return the recordings that can be read, and what was read; print a line to standard error for each other one.

    Parameters
    ----------
    recordings : sequence of Recording
    read : callable
        From a recording to a result; raises RecordingError.
    on_step : callable
        Called after each with NaN; see :class:`training.progress.Progress`.

    Raises
    ------
    DataError
        If a label has no recording left.
    """
    usable, results = [], []
    for recording in recordings:
        try:
            results.append(read(recording))
            usable.append(recording)
        except RecordingError as error:
            say(f"auscult: left out: {error.message}")
        on_step(math.nan)
    present = {label for recording in usable for label in recording.labels}
    missing = [label for recording in recordings for label in recording.labels if label not in present]
    if missing:
        raise DataError(f"no recording of {missing[0]} can be read", "see what auscult data says of the files")
    return usable, results

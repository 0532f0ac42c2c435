"""A recording through the monitor's own path: streamed, resampled, drawn and judged window by window.

What a window's scores are is what ``auscult replay`` gives: the same resampler, the same front end, the same grid
of windows, a clip shorter than a window looped to give exactly one. A recording is read in blocks, so memory does
not grow with its length. Runs on the caller's thread, with the engine of the bundle; needs no TensorFlow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.errors import RecordingError
from monitor.features.extractor import feature_extractor
from monitor.features.heart_rate import heart_rate
from monitor.features.resample import StreamingResampler
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import without_rhythm
from monitor.inference.quality_gate import gate_features
from training.data.recording import Recording

__all__ = ["ScoredRecording", "recording_outputs", "score_recording", "window_outputs"]

BLOCK_SAMPLES = 16_384
BLOCK_VALUES = 2**19
"""Most values in one read, however many channels there are."""


@dataclasses.dataclass(frozen=True, slots=True)
class ScoredRecording:
    """What a bundle says of a recording.

    Attributes
    ----------
    recording : Recording
    scores : tuple of float
        Calibrated, in the order of the bundle's labels: the mean over the windows.
    heart : float or None
        Mean probability that the sound is a heart at all; None where the network does not tell.
    num_withheld : int
        Windows that the monitor withholds, for they do not sound like a heart.
    num_windows : int
    duration_s : float
        Of the recording, before a short one is looped.
    """

    recording: Recording
    scores: tuple[float, ...]
    heart: float | None
    num_withheld: int
    num_windows: int
    duration_s: float


class _Forward(soundfile.SoundFile):  # type: ignore[misc, unused-ignore]  # soundfile has no types
    """A file read from start to end: a seek after every read would make MP3 depend on the size of the reads."""

    def seekable(self) -> bool:
        """Say no, whatever the file allows."""
        return False


def score_recording(recording: Recording, bundle: Bundle, hop_s: float) -> ScoredRecording:
    """Return what a bundle says of a recording.

    Parameters
    ----------
    recording : Recording
    bundle : Bundle
    hop_s : float
        Seconds between two windows, on the bundle's frame grid.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    RecordingError
        If the file cannot be read, is empty, holds values that are not finite, or has a rate out of range.
    """
    outputs, passing, duration_s = recording_outputs(recording, bundle, hop_s)
    num_labels = len(bundle.labels)
    scores = bundle.calibration.scores(outputs, num_labels).mean(axis=0)
    hearts = bundle.calibration.heart_probability(outputs, num_labels)
    return ScoredRecording(
        recording=recording,
        scores=tuple(scores.tolist()),
        heart=None if hearts is None else float(hearts.mean()),
        num_withheld=int((~passing).sum()),
        num_windows=len(outputs),
        duration_s=duration_s,
    )


def recording_outputs(
    recording: Recording, bundle: Bundle, hop_s: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    """Return the outputs for every window of a recording, whether the gate lets it pass, and the length in seconds.

    Parameters
    ----------
    recording : Recording
    bundle : Bundle
    hop_s : float

    Returns
    -------
    tuple of ndarray, shape (windows, outputs), float32, ndarray, shape (windows,), bool, and float

    Raises
    ------
    ValueError, RecordingError
        As :func:`score_recording`.
    """
    path = recording.path
    try:
        with _Forward(str(path)) as file:
            sample_rate, counter = _usable_rate(file, path), _Counter()
            blocks = counter.counted(_part(_blocks(file, path), recording, sample_rate))
            judged = list(window_outputs(blocks, sample_rate, bundle, hop_s))
    except (soundfile.SoundFileError, OSError, TypeError) as error:  # TypeError: a name that ends in .raw
        raise RecordingError(f"{path}: cannot be read as audio", "check the file, or leave it out") from error
    if not judged:
        raise RecordingError(f"{path}: holds no usable samples", "check the file, or leave it out")
    outputs, passing = np.array([its for its, _ in judged]), np.array([passes for _, passes in judged])
    if counter.samples < round(bundle.spec.window_s * sample_rate):  # looped
        outputs = without_rhythm(outputs, bundle.labels, bundle.calibration.kind)
    return outputs, passing, counter.samples / sample_rate


def window_outputs(
    blocks: Iterable[NDArray[np.float32]], sample_rate: int, bundle: Bundle, hop_s: float
) -> Iterator[tuple[NDArray[np.float32], bool]]:
    """Yield what the network puts out for window 0, 1, ... of a sound, as the monitor judges them.

    Parameters
    ----------
    blocks : iterable of ndarray, shape (samples,), float32
        Finite mono samples, in pieces of any size.
    sample_rate : int
        Hz.
    bundle : Bundle
    hop_s : float

    Yields
    ------
    tuple of ndarray, shape (outputs,), float32, and bool
        The outputs, and whether the bundle's gate lets the window pass; nothing when there is no sample.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle, or the rate is not from 1000 to 192000.
    """
    windows = _Windows(bundle, sample_rate, hop_s)
    largest = max(1, round(min(hop_s, 0.5) * sample_rate))  # the front end holds two windows, so a hop never outruns it
    heard, beginning = 0, [np.zeros(0, np.float32)]
    for block in blocks:
        for begin in range(0, len(block), largest):
            piece = block[begin : begin + largest]
            heard += len(piece)
            if not windows.count:
                beginning.append(piece.copy())
            yield from windows.push(piece)
    whole = -(-bundle.spec.window_samples * sample_rate // bundle.spec.sample_rate)
    if 0 < heard < whole:
        looped = np.resize(np.concatenate(beginning), whole + 1)
        yield from list(windows.push(looped[heard:], last=True))[:1]
    else:
        yield from windows.push(np.zeros(0, np.float32), last=True)


class _Windows:
    """The windows of a sound, judged as they become complete; ``count`` of them so far."""

    def __init__(self, bundle: Bundle, sample_rate: int, hop_s: float) -> None:
        self.count = 0
        self._bundle = bundle
        self._hop = bundle.spec.hop_samples(hop_s)
        self._window = bundle.spec.window_samples
        self._resampler = StreamingResampler(sample_rate, bundle.spec.sample_rate)
        self._pictures = feature_extractor(bundle.spec)

    def push(self, waveform: NDArray[np.float32], *, last: bool = False) -> Iterator[tuple[NDArray[np.float32], bool]]:
        """Take the next samples; yield the windows that they complete."""
        self._pictures.push(self._resampler.push(waveform, last=last))
        while (start := self.count * self._hop) + self._window <= self._pictures.end_sample:
            self.count += 1
            outputs = self._bundle.engine.outputs(self._pictures.tensor(start))
            yield outputs, self._passes(start, outputs)

    def _passes(self, start: int, outputs: NDArray[np.float32]) -> bool:
        """Return whether the gate lets a window pass; without frames of ours there is nothing to ask."""
        if not isinstance(self._pictures, StreamingSpectrogram):
            return True
        frames = self._pictures.window(start)
        features = gate_features(frames, heart_rate(frames.envelope, self._pictures.spec.frame_hop_s).periodicity)
        odds = self._bundle.calibration.of_one(outputs, len(self._bundle.labels))[1]
        return self._bundle.gate.score(features, odds) >= self._bundle.gate.poor_below


class _Counter:
    """Counts the samples that go by."""

    def __init__(self) -> None:
        self.samples = 0

    def counted(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks."""
        for block in blocks:
            self.samples += len(block)
            yield block


def _usable_rate(file: _Forward, path: Path) -> int:
    """Return the sample rate of a file, Hz."""
    rate = int(file.samplerate)
    if not 1000 <= rate <= 192_000:
        raise RecordingError(f"{path}: has a rate of {rate} Hz, not 1000 to 192000", "leave it out")
    return rate


def _blocks(file: _Forward, path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a file in mono blocks; the mean of its channels, as the monitor hears it."""
    samples = max(1, min(BLOCK_SAMPLES, BLOCK_VALUES // file.channels))
    buffer = np.empty((samples, file.channels), np.float32)
    while len(block := file.read(out=buffer)):
        mono = _mean_of_channels(block)
        if not np.isfinite(mono).all():
            raise RecordingError(f"{path}: holds values that are no numbers", "check the file, or leave it out")
        yield mono


def _part(
    blocks: Iterable[NDArray[np.float32]], recording: Recording, sample_rate: int
) -> Iterator[NDArray[np.float32]]:
    """Yield what belongs to the recording, where that is a part of its file."""
    start = round(recording.start_s * sample_rate)
    end = None if recording.end_s is None else round(recording.end_s * sample_rate)
    position = 0
    for block in blocks:
        part = block[max(0, start - position) : None if end is None else max(0, end - position)]
        position += len(block)
        if len(part):
            yield part
        if end is not None and position >= end:
            return


def _mean_of_channels(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of all channels, to the last bit what the monitor hears; NaN where they are no sound."""
    mono: NDArray[np.float32] = block[:, 0].copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for other in block.T[1:]:
            mono += other
        mono *= np.float32(1.0 / block.shape[1])
    return mono

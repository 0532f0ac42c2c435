"""Recordings scored window by window, by the path of the monitor.

The scores are those of ``auscult replay``, because both use :class:`monitor.inference.window_scorer.WindowScorer`. A
recording is read in blocks, so memory does not grow with the duration. Runs on the caller's thread, with the engine of
the bundle; needs no TensorFlow.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.errors import RecordingError
from monitor.inference.bundle import Bundle
from monitor.inference.window_scorer import WindowScorer
from training.data.recording import Recording

__all__ = ["ScoredRecording", "recording_outputs", "score_recording"]

BLOCK_SAMPLES = 16_384
BLOCK_VALUES = 2**19
"""Values in one read at most, for any number of channels."""


@dataclasses.dataclass(frozen=True, slots=True)
class ScoredRecording:
    """The scores that a bundle gives a recording.

    Attributes
    ----------
    recording : Recording
    scores : tuple of float
        Calibrated, in the order of the bundle's labels: the mean over the windows.
    heart : float or None
        Mean probability that the sound is a heart; None if the network has no output for non-cardiac sounds.
    num_withheld : int
        Windows that do not pass the quality gate; 0 for the article's bundle, which was published without one.
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


class _SequentialFile(soundfile.SoundFile):  # type: ignore[misc, unused-ignore]  # soundfile has no types
    """A file read from start to end: a seek after every read would make MP3 depend on the size of the reads."""

    def seekable(self) -> bool:
        """Return False, whatever the file allows."""
        return False


def score_recording(recording: Recording, bundle: Bundle, hop_s: float) -> ScoredRecording:
    """Return the scores that a bundle gives a recording.

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
    heart = bundle.calibration.heart_probability(outputs, num_labels)
    return ScoredRecording(
        recording=recording,
        scores=tuple(scores.tolist()),
        heart=None if heart is None else float(heart.mean()),
        num_withheld=int((~passing).sum()),
        num_windows=len(outputs),
        duration_s=duration_s,
    )


def recording_outputs(
    recording: Recording, bundle: Bundle, hop_s: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    """Return the outputs for every window of a recording, whether it passes the gate, and the duration in seconds.

    Parameters
    ----------
    recording : Recording
    bundle : Bundle
    hop_s : float

    Returns
    -------
    outputs : ndarray, shape (windows, outputs), float32
    passing : ndarray, shape (windows,), bool
    duration_s : float

    Raises
    ------
    ValueError, RecordingError
        As :func:`score_recording`.
    """
    path, is_article = recording.path, bundle.spec.kind == "article"
    try:
        with _SequentialFile(os.fsencode(path) if os.name == "posix" else str(path)) as file:
            sample_rate = _usable_rate(file, path)
            scorer = WindowScorer(bundle, sample_rate, hop_s)
            windows = scorer.score_blocks(_part(_blocks(file, path), recording, sample_rate))
            scored = [(window.outputs, is_article or window.passes_gate) for window in windows]
    except (soundfile.SoundFileError, OSError, TypeError) as error:  # TypeError: a name that ends in .raw
        raise RecordingError(f"{path}: cannot be read as audio", "check the file, or leave it out") from error
    if not scored:
        raise RecordingError(f"{path}: holds no usable samples", "check the file, or leave it out")
    outputs, passing = (np.array(column) for column in zip(*scored, strict=True))
    return outputs, passing, scorer.end_sample / sample_rate


def _usable_rate(file: _SequentialFile, path: Path) -> int:
    """Return the sample rate of a file, Hz."""
    rate = int(file.samplerate)
    if not 1000 <= rate <= 192_000:
        raise RecordingError(f"{path}: has a rate of {rate} Hz, not 1000 to 192000", "leave it out")
    return rate


def _blocks(file: _SequentialFile, path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a file in mono blocks: the mean of the channels, as in the monitor."""
    samples = max(1, min(BLOCK_SAMPLES, BLOCK_VALUES // file.channels))
    buffer = np.empty((samples, file.channels), np.float32)
    while len(block := file.read(out=buffer)):
        mono = _mean_of_channels(block)
        if not np.isfinite(mono).all():
            raise RecordingError(f"{path}: holds NaN or infinite values", "check the file, or leave it out")
        yield mono


def _part(
    blocks: Iterable[NDArray[np.float32]], recording: Recording, sample_rate: int
) -> Iterator[NDArray[np.float32]]:
    """Yield the blocks of a recording that is a part of a file."""
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
    """Return the mean of all channels, bit for bit as in the monitor; NaN if a value is not finite."""
    mono: NDArray[np.float32] = block[:, 0].copy()
    with np.errstate(over="ignore", invalid="ignore"):
        for other in block.T[1:]:
            mono += other
        mono *= np.float32(1.0 / block.shape[1])
    return mono

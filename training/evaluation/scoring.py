"""Recordings scored window by window, by the path of the monitor.

The scores are those of ``auscult replay``, because both use :class:`monitor.inference.window_scorer.WindowScorer`. A
recording is read in blocks, so memory does not grow with the duration. Runs on the caller's thread, with the engine of
the bundle; needs no TensorFlow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.audio.sources.decoding.opening import open_recording
from monitor.audio.sources.decoding.pcm import pick_channel
from monitor.errors import RecordingError
from monitor.inference.bundle import Bundle
from monitor.inference.window_scorer import WindowScorer
from training.data.recording import Recording

__all__ = ["RecordingOutputs", "ScoredRecording", "recording_outputs", "score_recording"]


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
    missing : str
        What is missing of the sound that the file promises; empty if nothing.
    """

    recording: Recording
    scores: tuple[float, ...]
    heart: float | None
    num_withheld: int
    num_windows: int
    duration_s: float
    missing: str = ""


class RecordingOutputs(NamedTuple):
    """The outputs of a bundle's network for every window of a recording.

    Attributes
    ----------
    outputs : ndarray, shape (windows, outputs), float32
    passing : ndarray, shape (windows,), bool
        Whether a window passes the quality gate.
    duration_s : float
    missing : str
        As in :class:`ScoredRecording`.
    """

    outputs: NDArray[np.float32]
    passing: NDArray[np.bool_]
    duration_s: float
    missing: str


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
    outputs, passing, duration_s, missing = recording_outputs(recording, bundle, hop_s)
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
        missing=missing,
    )


def recording_outputs(recording: Recording, bundle: Bundle, hop_s: float) -> RecordingOutputs:
    """Return the outputs for every window of a recording, as far as it decodes.

    Parameters
    ----------
    recording : Recording
    bundle : Bundle
    hop_s : float

    Raises
    ------
    ValueError, RecordingError
        As :func:`score_recording`.
    """
    path, is_article = recording.path, bundle.spec.kind == "article"
    try:
        with open_recording(str(path), str(path)) as sound:
            sample_rate = _usable_rate(sound, path)
            scorer = WindowScorer(bundle, sample_rate, hop_s)
            windows = scorer.score_blocks(_part(_blocks(sound, path), recording, sample_rate))
            scored = [(window.outputs, is_article or window.passes_gate) for window in windows]
            end_s, wanted_s = recording.start_s + scorer.end_sample / sample_rate, recording.end_s
            missing = sound.missing if wanted_s is None or end_s < wanted_s - 0.5 / sample_rate else ""
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read as audio", "check the file, or leave it out") from error
    if not scored:
        raise RecordingError(f"{path}: holds no usable samples", "check the file, or leave it out")
    outputs, passing = (np.array(column) for column in zip(*scored, strict=True))
    return RecordingOutputs(outputs, passing, scorer.end_sample / sample_rate, missing)


def _usable_rate(sound: OpenRecording, path: Path) -> int:
    """Return the sample rate of a file, Hz."""
    if not 1000 <= sound.sample_rate <= 192_000:
        raise RecordingError(f"{path}: has a rate of {sound.sample_rate} Hz, not 1000 to 192000", "leave it out")
    return sound.sample_rate


def _blocks(sound: OpenRecording, path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a file in mono blocks: the one channel that is the sound, or the mean of all, as in the monitor."""
    for block in sound.blocks():
        mono = pick_channel(block, sound.sound_channel)
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

"""Recordings whose heart sounds are annotated, as frames with a state each: what the segmentation learns from.

The state of a frame is the one in the middle of it: 1 S1, 2 systole, 3 S2, 4 diastole, 0 not annotated. CirCor has
annotations for recordings that the classifier cannot use (no murmur at this site of a child who has one, or not known):
the heart sounds of those count too.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.features.sound_bands import BANDS_RATE, FRAME_HOP_S, StreamingBands, frame_centre_s
from monitor.labels import NON_CARDIAC
from training.data.annotations import annotations_beside, read_annotations
from training.data.audio import read_recording
from training.data.recording import DataSet, Recording

__all__ = ["AnnotatedSound", "annotated_recordings", "annotated_sound", "read_annotated", "states_of"]

S1 = 1
SPEEDS = (0.75, 1.5)
"""Tempi of variants; the marks go with them."""
CLIPPED, CLIPPED_FROM = 0.2, (0.99, 0.9995)
"""Share of variants that are clipped, and the share of their samples that are not."""


@dataclasses.dataclass(frozen=True, slots=True)
class AnnotatedSound:
    """The frames of a sound, and the state of each.

    Attributes
    ----------
    recording : Recording
    bands : ndarray, shape (frames, 12), float32
        From :class:`monitor.features.sound_bands.StreamingBands`.
    states : ndarray, shape (frames,), int8
        0 to 4.
    annotations : ndarray, shape (annotations, 3), float64
        Start s, end s, state.
    variants : tuple of AnnotatedSound
        The same sound in other tempi and recorded too loud, for training alone.
    made : tuple of AnnotatedSound
        Stretches of it with a diastolic murmur that it does not have, for training alone.
    """

    recording: Recording
    bands: NDArray[np.float32]
    states: NDArray[np.int8]
    annotations: NDArray[np.float64]
    variants: tuple[AnnotatedSound, ...] = ()
    made: tuple[AnnotatedSound, ...] = ()

    @property
    def annotated_s(self) -> float:
        """Seconds with a state."""
        spans = self.annotations[self.annotations[:, 2] > 0]
        return float((spans[:, 1] - spans[:, 0]).sum())

    @property
    def duration_s(self) -> float:
        """Seconds of its frames."""
        return len(self.bands) * FRAME_HOP_S

    @property
    def is_noise(self) -> bool:
        """Whether it is of a non-cardiac sound."""
        return self.recording.label == NON_CARDIAC

    @property
    def rate_bpm(self) -> float:
        """Heart rate from the median interval of S1 in stretches without a gap; NaN with none."""
        onsets = np.flatnonzero((self.states[1:] == S1) & (self.states[:-1] != S1)) + 1
        unknown = np.cumsum(self.states == 0)
        intervals = np.diff(onsets)[np.diff(unknown[onsets]) == 0]
        return 60 / (FRAME_HOP_S * float(np.median(intervals))) if len(intervals) else math.nan


def annotated_recordings(sets: Iterable[DataSet]) -> list[Recording]:
    """Return the recordings of some data sets that have annotations beside them and a patient who is known.

    With them come those of non-cardiac sounds.

    Raises
    ------
    DataError
        If none is annotated.
    """
    found: dict[Path, Recording] = {}
    noise: dict[Path, Recording] = {}
    for data_set in sets:
        unlabelled = [Recording(one.path, (), one.patient, data_set.name) for one in data_set.dropped if one.patient]
        for recording in (*data_set.recordings, *unlabelled):
            if recording.label == NON_CARDIAC:
                noise.setdefault(recording.path.resolve(), recording)
            elif recording.patient and annotations_beside(recording) is not None:
                found.setdefault(recording.path.resolve(), recording)
    if not found:
        raise DataError(
            "no recording of a known patient has S1 and S2 annotated",
            "put a .tsv of start s, end s, state (1 S1, 2 systole, 3 S2, 4 diastole) beside each, as CirCor has them",
        )
    return sorted((found | noise).values(), key=lambda recording: str(recording.path))


def read_annotated(recording: Recording, variants: int = 0) -> AnnotatedSound:
    """Return the frames and states of an annotated recording, and of so many variants of it.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    path = annotations_beside(recording)
    annotations = np.empty((0, 3)) if path is None else read_annotations(path)
    return annotated_sound(recording, read_recording(recording, BANDS_RATE, start_at_zero=True), annotations, variants)


def annotated_sound(
    recording: Recording, waveform: NDArray[np.float32], annotations: NDArray[np.float64], variants: int = 0
) -> AnnotatedSound:
    """Return the frames and states of a sound, and of so many variants of it.

    Parameters
    ----------
    recording : Recording
    waveform : ndarray, shape (samples,), float32
        At 4000 Hz.
    annotations : ndarray, shape (annotations, 3), float64
    variants : int
        Each has a tempo and a clipping level of its own, which follow from the name of the recording.
    """
    bands = StreamingBands().push(waveform)
    states = states_of(annotations, len(bands))
    if not states.any():
        return AnnotatedSound(recording, bands, states, annotations)
    rng = np.random.default_rng(list(recording.path.name.encode()))
    others = tuple(_variant(recording, waveform, annotations, rng) for _ in range(variants))
    return AnnotatedSound(recording, bands, states, annotations, others)


def _variant(
    recording: Recording, waveform: NDArray[np.float32], annotations: NDArray[np.float64], rng: np.random.Generator
) -> AnnotatedSound:
    """Return a sound played slower or faster, so lower or higher, and clipped in some cases."""
    speed = float(np.exp(rng.uniform(*np.log(SPEEDS))))
    played = soxr.resample(waveform, BANDS_RATE * speed, BANDS_RATE, quality="MQ").astype(np.float32, copy=False)
    if rng.random() < CLIPPED and len(played):
        top = np.quantile(np.abs(played), rng.uniform(*CLIPPED_FROM))
        played = played.clip(-top, top)
    times = annotations / (speed, speed, 1.0)
    bands = StreamingBands().push(played)
    return AnnotatedSound(recording, bands, states_of(times, len(bands)), times)


def states_of(annotations: NDArray[np.float64], num_frames: int) -> NDArray[np.int8]:
    """Return the state in the middle of each frame.

    Parameters
    ----------
    annotations : ndarray, shape (annotations, 3)
    num_frames : int

    Examples
    --------
    >>> states_of(np.array([[0.0, 0.05, 1], [0.05, 1.0, 2]]), 5).tolist()
    [1, 1, 2, 2, 2]
    """
    centres = frame_centre_s(np.arange(num_frames))
    states = np.zeros(num_frames, np.int8)
    for start_s, end_s, state in annotations:
        first, last = np.searchsorted(centres, (start_s, end_s))
        states[first:last] = int(state)
    return states

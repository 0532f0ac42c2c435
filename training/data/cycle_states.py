"""Recordings whose heart sounds are annotated, as frames with a state each: what the segmentation learns from.

The state of a frame is the one in the middle of it: 1 S1, 2 systole, 3 S2, 4 diastole, 0 not annotated. CirCor has
annotations for recordings that the classifier cannot use (no murmur at this site of a child who has one, or not known):
the heart sounds of those count too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from monitor.features.sound_bands import BANDS_RATE, StreamingBands, frame_centre_s
from training.data.annotations import annotations_beside, read_annotations
from training.data.audio import read_recording
from training.data.recording import DataSet, Recording

__all__ = ["AnnotatedSound", "annotated_recordings", "read_annotated", "states_of"]


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
    """

    recording: Recording
    bands: NDArray[np.float32]
    states: NDArray[np.int8]
    annotations: NDArray[np.float64]

    @property
    def annotated_s(self) -> float:
        """Seconds with a state."""
        spans = self.annotations[self.annotations[:, 2] > 0]
        return float((spans[:, 1] - spans[:, 0]).sum())


def annotated_recordings(sets: Iterable[DataSet]) -> list[Recording]:
    """Return the recordings of some data sets that have annotations beside them and a patient who is known.

    Raises
    ------
    DataError
        If there is none.
    """
    found: dict[Path, Recording] = {}
    for data_set in sets:
        unlabelled = [Recording(one.path, (), one.patient, data_set.name) for one in data_set.dropped if one.patient]
        for recording in (*data_set.recordings, *unlabelled):
            if recording.patient and annotations_beside(recording) is not None:
                found.setdefault(recording.path.resolve(), recording)
    if not found:
        raise DataError(
            "no recording of a known patient has S1 and S2 annotated",
            "put a .tsv of start s, end s, state (1 S1, 2 systole, 3 S2, 4 diastole) beside each, as CirCor has them",
        )
    return sorted(found.values(), key=lambda recording: str(recording.path))


def read_annotated(recording: Recording) -> AnnotatedSound:
    """Return the frames and states of an annotated recording.

    Raises
    ------
    RecordingError
        If it cannot be read.
    """
    path = annotations_beside(recording)
    annotations = np.empty((0, 3)) if path is None else read_annotations(path)
    bands = StreamingBands().push(read_recording(recording, BANDS_RATE, start_at_zero=True))
    return AnnotatedSound(recording, bands, states_of(annotations, len(bands)), annotations)


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

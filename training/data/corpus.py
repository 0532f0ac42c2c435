"""The recordings of one training as a whole: what every fit, fold and study shares.

Pure; must not read files.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.labels import NON_CARDIAC
from training.data.audio import Sound
from training.data.discovery import labels_of
from training.data.folds import fully_labelled_sets
from training.data.recording import Recording

__all__ = ["Corpus"]


@dataclasses.dataclass(frozen=True)
class Corpus:
    """Recordings with their sounds, the labels that occur, and the data sets in which every label is known.

    Attributes
    ----------
    recordings : sequence of Recording
        Of hearts and of other sounds. Elsewhere a *row* is an index into them.
    sounds : sequence of Sound
        One per recording; empty where no audio is needed.
    labels : tuple of str
        Of hearts, in the order of a network's outputs.
    fully_labelled : set of str
        Names of the data sets that have recordings of every label; the others know a part, such as murmur or not.
    synthetic : sequence of Sound
        Synthetic sounds that every fit trains on besides.

    Examples
    --------
    >>> from pathlib import Path
    >>> recordings = [
    ...     Recording(Path(f"{label}.wav"), (label,), f"patient {label}", "clinic") for label in ("murmur", "normal")
    ... ]
    >>> corpus = Corpus.of([*recordings, Recording(Path("cough.wav"), ("not-heart",), "", "coughs")])
    >>> corpus.labels, corpus.fully_labelled
    (('normal', 'murmur'), {'clinic'})
    >>> corpus.outputs
    ('normal', 'murmur', 'not-heart')
    >>> corpus.heart_rows(fully_labelled=True)
    [0, 1]
    >>> corpus.ground_truth([0, 1])
    array([1, 0])
    """

    recordings: Sequence[Recording]
    sounds: Sequence[Sound]
    labels: tuple[str, ...]
    fully_labelled: set[str]
    synthetic: Sequence[Sound] = ()

    @classmethod
    def of(cls, recordings: Sequence[Recording], sounds: Sequence[Sound] = ()) -> Corpus:
        """Return the corpus of some recordings, with the labels and fully labelled sets that follow from them.

        Raises
        ------
        DataError
            If no set has recordings of every label.
        """
        labels = labels_of(recordings)
        return cls(recordings, sounds, labels, fully_labelled_sets(recordings, labels))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of a network's outputs: the labels, then the non-cardiac sound."""
        return (*self.labels, NON_CARDIAC)

    @property
    def grades_loudness(self) -> bool:
        """Whether it is known of any murmur how loud it is: a network then has an output for it after the others."""
        return any(recording.loud is not None for recording in self.recordings)

    def heart_rows(self, *, fully_labelled: bool) -> list[int]:
        """Return the rows of hearts in the fully labelled sets, or in the others."""
        return [
            row
            for row, recording in enumerate(self.recordings)
            if recording.label != NON_CARDIAC and (recording.source in self.fully_labelled) == fully_labelled
        ]

    def ground_truth(self, rows: Iterable[int]) -> NDArray[np.intp]:
        """Return the index of the label of each of some rows, ``(rows,)``.

        Raises
        ------
        ValueError
            If a recording has no certain label of a heart.
        """
        return np.array([self.labels.index(str(self.recordings[row].label)) for row in rows], np.intp)

    def patients(self, rows: Iterable[int]) -> list[str]:
        """Return the patient of each of some rows; empty where unknown."""
        return [self.recordings[row].patient for row in rows]

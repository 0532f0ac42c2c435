"""Calibrated scores of a study's held-out recordings and windows for all seeds, stored beside its metrics.

The metrics can be computed again from these alone, and two studies compared patient by patient. Stored are names of
files and of patients as the data sets give them, never a path. Pure NumPy, but for files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.atomic_write import write_atomic
from monitor.errors import DataError
from monitor.labels import EXTRASTOLE
from training.data.corpus import Corpus
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of

__all__ = ["StudyScores", "load_scores", "make_scores", "save_scores"]

Text = NDArray[np.str_]
JOINT = "|"
"""Between labels that a recording may have, and between kinds of a window."""
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class StudyScores:
    """Scores of held-out recordings, and of held-out windows with a known rhythm.

    Attributes
    ----------
    labels, fully_labelled : tuple of str
        Labels in the order of the scores; names of the sets in which all of them are known.
    names, sources, patients, may_be : ndarray of str, shape (recordings,)
        ``may_be`` holds the labels that a recording may have, joined.
    noisy : ndarray, shape (recordings,), int8
        1 noisy, 0 clean, -1 where the set does not say.
    scores : ndarray, shape (repeats, recordings, labels), float32
    audible : ndarray, shape (repeats, recordings), float32
        Score of an extrasystole without the share of inaudible ones, which differs from fold to fold; so only this
        ranks recordings of different folds. 0 for labels without an extrasystole.
    window_names, window_patients, window_kinds : ndarray of str, shape (windows,)
    window_scores : ndarray, shape (repeats, windows), float32
        Of an extrasystole.
    """

    labels: tuple[str, ...]
    fully_labelled: tuple[str, ...]
    names: Text
    sources: Text
    patients: Text
    may_be: Text
    noisy: NDArray[np.int8]
    scores: NDArray[np.float32]
    audible: NDArray[np.float32]
    window_names: Text
    window_patients: Text
    window_kinds: Text
    window_scores: NDArray[np.float32]

    @property
    def repeats(self) -> int:
        """Number of seeds."""
        return len(self.scores)

    def first(self, repeats: int) -> StudyScores:
        """Return the same with fewer seeds."""
        fewer = {name: getattr(self, name)[:repeats] for name in ("scores", "audible", "window_scores")}
        return dataclasses.replace(self, **fewer)

    def only(self, rows: NDArray[np.intp], windows: NDArray[np.intp]) -> StudyScores:
        """Return some of the recordings and windows."""
        changed: dict[str, Any] = {
            name: getattr(self, name)[rows] for name in ("names", "sources", "patients", "may_be", "noisy")
        }
        changed |= {name: getattr(self, name)[windows] for name in WINDOW_TEXTS}
        return dataclasses.replace(
            self,
            **changed,
            scores=self.scores[:, rows],
            audible=self.audible[:, rows],
            window_scores=self.window_scores[:, windows],
        )

    def of_set(self, source: str) -> NDArray[np.intp]:
        """Return the rows of a data set."""
        return np.flatnonzero(self.sources == source)

    def fully_labelled_rows(self) -> NDArray[np.intp]:
        """Return the rows of the fully labelled sets."""
        return np.flatnonzero(np.isin(self.sources, self.fully_labelled))

    def other_sets(self) -> list[str]:
        """Return the names of the partially labelled sets."""
        return sorted(set(self.sources.tolist()) - set(self.fully_labelled))

    def annotated(self, repeat: int) -> AnnotatedWindows:
        """Return the annotated windows with the scores of one seed."""
        kinds = [frozenset(filter(None, joined.split(JOINT))) for joined in self.window_kinds.tolist()]
        score = self.window_scores[repeat].astype(np.float64)
        return AnnotatedWindows(score, kinds, self.window_patients.tolist(), self.window_names.tolist())


WINDOW_TEXTS = ("window_names", "window_patients", "window_kinds")
TEXTS = ("names", "sources", "patients", "may_be", *WINDOW_TEXTS)
NUMBERS = ("noisy", "scores", "audible", "window_scores")
KEYS = {"audible": "shown"}
"""Keys of the file that differ from the names here; they stay, so that older files can be read."""


def make_scores(
    corpus: Corpus,
    rows: Sequence[int],
    scores: Sequence[NDArray[np.float64]],
    audible: Sequence[NDArray[np.float64]],
    annotated: Sequence[AnnotatedWindows],
) -> StudyScores:
    """Return the scores of some held-out recordings.

    Parameters
    ----------
    corpus : Corpus
    rows : sequence of int
        Of the recordings.
    scores : sequence of ndarray, each ``(rows, labels)``
        One per seed.
    audible : sequence of ndarray, each ``(rows, labels)``
        The same without the share of inaudible extrasystoles.
    annotated : sequence of AnnotatedWindows
        One per seed: the same windows.
    """
    first, recordings = annotated[0], [corpus.recordings[row] for row in rows]
    noisy = [-1 if recording.noisy is None else int(recording.noisy) for recording in recordings]
    return StudyScores(
        labels=corpus.labels,
        fully_labelled=tuple(sorted(corpus.fully_labelled)),
        names=_text([recording.path.name for recording in recordings]),
        sources=_text([recording.source for recording in recordings]),
        patients=_text(patients_of(recordings)),
        may_be=_text([JOINT.join(recording.labels) for recording in recordings]),
        noisy=np.array(noisy, np.int8),
        scores=np.stack(scores).astype(np.float32),  # (repeats, recordings, labels)
        audible=np.stack([_of_extrastole(of_seed, corpus.labels) for of_seed in audible]).astype(np.float32),
        window_names=_text([Path(name).name for name in first.recordings]),
        window_patients=_text(first.patients),
        window_kinds=_text([JOINT.join(sorted(kinds)) for kinds in first.kinds]),
        window_scores=np.stack([of_seed.score for of_seed in annotated]).astype(np.float32),  # (repeats, windows)
    )


def _of_extrastole(scores: NDArray[np.float64], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return the scores of an extrasystole ``(rows,)``, 0 for labels without one."""
    index = extrastole_index(labels)
    return np.zeros(len(scores)) if index is None else scores[:, index]


def extrastole_index(labels: Sequence[str]) -> int | None:
    """Return the index of the extrasystole among some labels, or None."""
    return list(labels).index(EXTRASTOLE) if EXTRASTOLE in labels else None


def save_scores(scores: StudyScores, path: Path) -> str:
    """Write scores, whole or not at all; return the file's SHA-256. The same scores give the same file."""
    arrays: dict[str, NDArray[Any]] = {KEYS.get(name, name): getattr(scores, name) for name in (*TEXTS, *NUMBERS)}
    facts = {"format": np.array(FORMAT), "labels": _text(scores.labels), "telling": _text(scores.fully_labelled)}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **facts, **arrays)
    write_atomic(path, content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def load_scores(path: Path) -> StudyScores:
    """Return what :func:`save_scores` wrote.

    Raises
    ------
    DataError
        If it cannot be read, or is of another format.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["format"]) != FORMAT:
                raise ValueError("another format")
            arrays = {name: stored[KEYS.get(name, name)] for name in (*TEXTS, *NUMBERS)}
            return StudyScores(tuple(stored["labels"].tolist()), tuple(stored["telling"].tolist()), **arrays)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read as the scores of a study", "run that study with --again") from error


def _text(values: Sequence[str]) -> Text:
    """Return an array of text, also of none."""
    return np.array(list(values), np.str_) if len(values) else np.empty(0, "U1")

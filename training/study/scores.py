"""Calibrated scores of a study's held-out recordings and windows, all seeds side by side; kept beside the figures.

The figures of a study can be made again from these alone, and two studies compared patient by patient. Held are
names of files and of patients as the data sets give them, never a path. Pure NumPy, but for files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError
from training.data.recording import EXTRASTOLE, Recording
from training.evaluation.ectopic import AnnotatedWindows
from training.evaluation.ground_truth import patients_of

__all__ = ["StudyScores", "load_scores", "make_scores", "save_scores"]

Text = NDArray[np.str_]
JOINT = "|"
"""Between labels that a recording may have, and between kinds of a window."""
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class StudyScores:
    """What networks said of recordings, and of windows whose rhythm is marked, that they had not heard.

    Attributes
    ----------
    labels, telling : tuple of str
        Labels in the order of the scores; names of the sets that tell all of them.
    names, sources, patients, may_be : ndarray of str, shape (recordings,)
        ``may_be`` holds the labels that a recording may have, joined.
    noisy : ndarray, shape (recordings,), int8
        1 noisy, 0 clean, -1 where the set does not say.
    scores : ndarray, shape (repeats, recordings, labels), float32
    shown : ndarray, shape (repeats, recordings), float32
        Score of an extrasystole without the share that is given the label though nothing shows it: that share is
        another one in each fold, so only this ranks recordings of different folds. 0 for labels without one.
    window_names, window_patients, window_kinds : ndarray of str, shape (windows,)
    window_scores : ndarray, shape (repeats, windows), float32
        Of an extrasystole.
    """

    labels: tuple[str, ...]
    telling: tuple[str, ...]
    names: Text
    sources: Text
    patients: Text
    may_be: Text
    noisy: NDArray[np.int8]
    scores: NDArray[np.float32]
    shown: NDArray[np.float32]
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
        fewer = {name: getattr(self, name)[:repeats] for name in ("scores", "shown", "window_scores")}
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
            shown=self.shown[:, rows],
            window_scores=self.window_scores[:, windows],
        )

    def of_set(self, source: str) -> NDArray[np.intp]:
        """Return the rows of a data set."""
        return np.flatnonzero(self.sources == source)

    def telling_rows(self) -> NDArray[np.intp]:
        """Return the rows of the sets that tell all labels."""
        return np.flatnonzero(np.isin(self.sources, self.telling))

    def other_sets(self) -> list[str]:
        """Return the names of the sets that tell a part."""
        return sorted(set(self.sources.tolist()) - set(self.telling))

    def marked(self, repeat: int) -> AnnotatedWindows:
        """Return the marked windows with the scores of one seed."""
        kinds = [frozenset(filter(None, its.split(JOINT))) for its in self.window_kinds.tolist()]
        score = self.window_scores[repeat].astype(np.float64)
        return AnnotatedWindows(score, kinds, self.window_patients.tolist(), self.window_names.tolist())


WINDOW_TEXTS = ("window_names", "window_patients", "window_kinds")
TEXTS = ("names", "sources", "patients", "may_be", *WINDOW_TEXTS)
NUMBERS = ("noisy", "scores", "shown", "window_scores")


def make_scores(
    recordings: Sequence[Recording],
    labels: tuple[str, ...],
    telling: set[str],
    scores: Sequence[NDArray[np.float64]],
    shown: Sequence[NDArray[np.float64]],
    marked: Sequence[AnnotatedWindows],
) -> StudyScores:
    """Return the scores of some held-out recordings.

    Parameters
    ----------
    recordings : sequence of Recording
    labels : tuple of str
    telling : set of str
    scores : sequence of ndarray, each ``(recordings, labels)``
        One per seed.
    shown : sequence of ndarray, each ``(recordings, labels)``
        The same without what is given unshown.
    marked : sequence of AnnotatedWindows
        One per seed: the same windows.
    """
    first = marked[0]
    noisy = [-1 if its.noisy is None else int(its.noisy) for its in recordings]
    return StudyScores(
        labels=labels,
        telling=tuple(sorted(telling)),
        names=_text([its.path.name for its in recordings]),
        sources=_text([its.source for its in recordings]),
        patients=_text(patients_of(recordings)),
        may_be=_text([JOINT.join(its.labels) for its in recordings]),
        noisy=np.array(noisy, np.int8),
        scores=np.stack(scores).astype(np.float32),
        shown=np.stack([_early(its, labels) for its in shown]).astype(np.float32),
        window_names=_text([Path(name).name for name in first.recordings]),
        window_patients=_text(first.patients),
        window_kinds=_text([JOINT.join(sorted(kinds)) for kinds in first.kinds]),
        window_scores=np.stack([its.score for its in marked]).astype(np.float32),
    )


def _early(scores: NDArray[np.float64], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return the scores of an extrasystole, 0 for labels without one."""
    place = extrastole_place(labels)
    return np.zeros(len(scores)) if place is None else scores[:, place]


def extrastole_place(labels: Sequence[str]) -> int | None:
    """Return where the score of an extrasystole stands, or None."""
    return list(labels).index(EXTRASTOLE) if EXTRASTOLE in labels else None


def save_scores(scores: StudyScores, path: Path) -> str:
    """Write scores, whole or not at all; return the file's SHA-256. The same scores give the same file."""
    arrays: dict[str, NDArray[Any]] = {name: getattr(scores, name) for name in (*TEXTS, *NUMBERS)}
    facts = {"format": np.array(FORMAT), "labels": _text(scores.labels), "telling": _text(scores.telling)}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **facts, **arrays)
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content.getvalue())
    os.replace(temporary, path)
    return hashlib.sha256(content.getvalue()).hexdigest()


def load_scores(path: Path) -> StudyScores:
    """Return what :func:`save_scores` wrote.

    Raises
    ------
    DataError
        If it cannot be read, or is of another format.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            if int(kept["format"]) != FORMAT:
                raise ValueError("another format")
            arrays = {name: kept[name] for name in (*TEXTS, *NUMBERS)}
            return StudyScores(tuple(kept["labels"].tolist()), tuple(kept["telling"].tolist()), **arrays)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read as the scores of a study", "run that study with --again") from error


def _text(values: Sequence[str]) -> Text:
    """Return an array of text, also of none."""
    return np.array(list(values), np.str_) if len(values) else np.empty(0, "U1")

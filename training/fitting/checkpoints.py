"""The folds that are done, kept in a folder while a training runs, so that ``--resume`` can go on from there.

``state.json`` says which training it is; ``fold-R-F.npz`` holds a fold's weights, its outputs and its course. A file
stands whole or not at all. Must not decide anything about a training.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import AuscultError, DataError
from training.data.recording import Recording
from training.fitting.cross_validation import FoldPlan, FoldRun
from training.fitting.trainer import TrainingHistory

__all__ = ["FoldCheckpoints", "checkpoint_folder", "data_digest"]

STATE = "state.json"
FORMAT = 1


def checkpoint_folder(out: Path) -> Path:
    """Return where the folds of a training are kept whose bundle goes to ``out``."""
    return out.parent / f"{out.name}.training"


def data_digest(recordings: Sequence[Recording]) -> str:
    """Return a digest of where the recordings lie, how large the files are, and what is known of them."""
    digest = hashlib.sha256()
    for its in recordings:
        marks = its.path.with_suffix(".tsv")
        sizes = [path.stat().st_size if path.is_file() else -1 for path in (its.path, marks)]
        known = (str(its.path.resolve()), sizes, its.labels, its.patient, its.source, its.noisy, its.start_s, its.end_s)
        digest.update(repr(known).encode())
    return digest.hexdigest()


class FoldCheckpoints:
    """The folder of one training.

    Parameters
    ----------
    folder : Path
        Made when the first fold is kept.
    facts : mapping
        What makes the training this one and no other, as JSON values; compared key by key.
    resume : bool
        Go on with what is there; otherwise it is cleared away.

    Raises
    ------
    DataError
        If the folder is something else, if there is nothing to go on with, or if that is another training.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any], *, resume: bool) -> None:
        self._folder = folder
        self._facts = json.loads(json.dumps({"format": FORMAT, **facts}))
        if folder.exists() and not (folder / STATE).is_file():
            raise DataError(f"{folder}: stands where the folds are kept, and is something else", "move it away")
        if resume:
            self._check()
        else:
            self.remove()

    @classmethod
    def at(cls, folder: Path) -> FoldCheckpoints:
        """Return the folds of a training as they lie there, whatever it was; to be read, never to be gone on with."""
        found = cls.__new__(cls)
        found._folder, found._facts = folder, {}
        return found

    def _check(self) -> None:
        """Refuse to go on with another training."""
        if not (self._folder / STATE).is_file():
            raise DataError(f"{self._folder}: there is no training to go on with", "leave out --resume")
        try:
            before = json.loads((self._folder / STATE).read_text(encoding="utf-8"))
            told = [_told(key, before.get(key), now) for key, now in self._facts.items() if before.get(key) != now]
        except (OSError, ValueError, AttributeError) as error:
            raise DataError(f"{self._folder / STATE}: cannot be read", "leave out --resume to begin anew") from error
        if told:
            raise DataError(
                f"{self._folder}: another training was begun there: {'; '.join(told)}",
                "repeat that one's command and data with --resume, or leave out --resume to begin anew",
            )

    def __len__(self) -> int:
        """Return the number of folds that are kept."""
        return len(list(self._folder.glob("fold-*.npz")))

    def load(self, plan: FoldPlan, new_network: Callable[[], Any]) -> FoldRun | None:
        """Return a fold that is kept, or None; one that cannot be read is as good as none."""
        try:
            content = io.BytesIO(self._path(plan.repeat, plan.fold).read_bytes())
            with np.load(content, allow_pickle=False) as file:
                held = dict(file)
            if not np.array_equal(held["held"], plan.held):
                return None
            network = new_network()
            network.set_weights([held[f"weight-{place}"] for place in range(len(network.get_weights()))])
            courses = _courses(bytes(held["courses"]))
            outputs = np.split(held["outputs"], np.cumsum(held["windows"])[:-1])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            return None
        return FoldRun(plan.repeat, plan.fold, network, plan.training, plan.held, held["watched"], courses, outputs)

    def save(self, run: FoldRun) -> None:
        """Keep a fold with its outputs.

        Raises
        ------
        ValueError
            If its outputs are not known.
        AuscultError
            If it cannot be written.
        """
        if run.outputs is None:
            raise ValueError("outputs=None must be a list: of a fold without outputs nothing can be kept")
        arrays: dict[str, NDArray[Any]] = {
            "held": run.held,
            "watched": run.watched,
            "outputs": np.concatenate(run.outputs),
            "windows": np.array([len(its) for its in run.outputs]),
            "courses": np.frombuffer(_text(run.courses), np.uint8),
        }
        arrays |= {f"weight-{place}": weight for place, weight in enumerate(run.network.get_weights())}
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(self._folder / STATE, json.dumps(self._facts, indent=2).encode())
            _write(self._path(run.repeat, run.fold), content.getvalue())
        except OSError as error:
            raise AuscultError(
                f"{self._folder}: cannot be written ({error.strerror})", "make room, then go on with --resume"
            ) from error

    def remove(self) -> None:
        """Clear away all that is kept."""
        if (self._folder / STATE).is_file():
            shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, repeat: int, fold: int) -> Path:
        """Return the file of a fold."""
        return self._folder / f"fold-{repeat + 1}-{fold + 1}.npz"


def _told(key: str, before: Any, now: Any) -> str:
    """Return in words how two trainings differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        differing = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
        return ", ".join(f"{name} {before.get(name)} there, {now.get(name)} here" for name in differing)
    if key == "data":
        return "other recordings, or the same changed"
    return f"{key} {before} there, {now} here"


def _text(courses: Mapping[str, TrainingHistory]) -> bytes:
    """Return courses as JSON."""
    plain = {stage: [its.loss, its.watched, its.kept, its.complete] for stage, its in courses.items()}
    return json.dumps(plain).encode()


def _courses(text: bytes) -> dict[str, TrainingHistory]:
    """Return the courses that :func:`_text` wrote."""
    return {
        stage: TrainingHistory(_points(loss), _points(watched), int(kept), bool(complete))
        for stage, (loss, watched, kept, complete) in json.loads(text).items()
    }


def _points(values: Sequence[Sequence[float]]) -> tuple[tuple[int, float], ...]:
    """Return the points of a curve."""
    return tuple((int(step), float(loss)) for step, loss in values)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    scratch = path.with_name(f".{path.name}")
    scratch.write_bytes(content)
    os.replace(scratch, path)

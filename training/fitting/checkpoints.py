"""Checkpoints of a training: the folds that are done, in a folder, so that ``--resume`` can continue from there.

``state.json`` identifies the training; ``fold-R-F.npz`` holds a fold's weights, outputs and training history, or
``fold-R-F.tflite`` the network of a fold alone. A file is complete or absent. Must not decide anything about a
training.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, DataError
from training.data.recording import Recording
from training.fitting.cross_validation import FoldPlan, FoldResult
from training.fitting.trainer import TrainingHistory

__all__ = ["FoldCheckpoints", "checkpoint_folder", "data_digest", "versions"]

STATE = "state.json"
FORMAT = 1
FOLD, NETWORK = ".npz", ".tflite"


def checkpoint_folder(out: Path) -> Path:
    """Return the folder for the checkpoints of a training whose bundle goes to ``out``."""
    return out.parent / f"{out.name}.training"


def data_digest(recordings: Sequence[Recording]) -> str:
    """Return a SHA-256 of the recordings: paths, file sizes, and what is known of each."""
    digest = hashlib.sha256()
    for recording in recordings:
        annotations = recording.path.with_suffix(".tsv")
        sizes = [path.stat().st_size if path.is_file() else -1 for path in (recording.path, annotations)]
        path, *known = dataclasses.astuple(recording)
        digest.update(repr((str(path.resolve()), sizes, *known)).encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of the packages that change results in the last digits."""
    return {name: metadata.version(name) for name in ("numpy", "keras", "soxr")}


class FoldCheckpoints:
    """The checkpoint folder of one training.

    Parameters
    ----------
    folder : Path
        Created with the first fold.
    facts : mapping
        What distinguishes the training from others, as JSON values; compared key by key.
    resume : bool
        Continue with what is there; otherwise it is removed.

    Raises
    ------
    DataError
        If the folder holds something else, or if there is no training to resume, or another one.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any], *, resume: bool) -> None:
        self._folder = folder
        self._facts = json.loads(json.dumps({"format": FORMAT, **facts}))
        if folder.exists() and not (folder / STATE).is_file():
            raise DataError(f"{folder}: is where checkpoints go, but holds something else", "move it away")
        if resume:
            self._check()
        else:
            self.remove()

    @classmethod
    def at(cls, folder: Path) -> FoldCheckpoints:
        """Return the checkpoints in a folder, of whatever training; to be read only."""
        checkpoints = cls.__new__(cls)
        checkpoints._folder, checkpoints._facts = folder, {}
        return checkpoints

    def _check(self) -> None:
        """Refuse to resume another training."""
        if not (self._folder / STATE).is_file():
            raise DataError(f"{self._folder}: there is no training to resume", "leave out --resume")
        try:
            stored = json.loads((self._folder / STATE).read_text(encoding="utf-8"))
            differences = [
                _difference(key, stored.get(key), now) for key, now in self._facts.items() if stored.get(key) != now
            ]
        except (OSError, ValueError, AttributeError) as error:
            raise DataError(f"{self._folder / STATE}: cannot be read", "leave out --resume to start over") from error
        if differences:
            raise DataError(
                f"{self._folder}: is of another training: {'; '.join(differences)}",
                "repeat that one's command and data with --resume, or leave out --resume to start over",
            )

    def __len__(self) -> int:
        """Return the number of stored folds."""
        return sum(len(list(self._folder.glob(f"fold-*{ending}"))) for ending in (FOLD, NETWORK))

    def load(self, plan: FoldPlan, new_network: Callable[[], Any]) -> FoldResult | None:
        """Return a stored fold; None if there is none, or it cannot be read, or is of other recordings."""
        try:
            content = io.BytesIO(self._path(plan.repeat, plan.fold, FOLD).read_bytes())
            with np.load(content, allow_pickle=False) as file:
                stored = dict(file)
            if not np.array_equal(stored["held"], plan.held_out):
                return None
            network = new_network()
            network.set_weights([stored[f"weight-{index}"] for index in range(len(network.get_weights()))])
            histories = _parse_histories(bytes(stored["courses"]))
            outputs = np.split(stored["outputs"], np.cumsum(stored["windows"])[:-1])
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            return None
        rows = plan.training, plan.held_out, stored["watched"]
        return FoldResult(plan.repeat, plan.fold, network, *rows, histories, outputs)

    def save(self, result: FoldResult) -> None:
        """Store a fold with its outputs.

        Raises
        ------
        AuscultError
            If it cannot be written.
        """
        arrays: dict[str, NDArray[Any]] = {
            "held": result.held_out,
            "watched": result.validation,
            "outputs": np.concatenate(result.outputs),
            "windows": np.array([len(outputs) for outputs in result.outputs]),
            "courses": np.frombuffer(_format_histories(result.histories), np.uint8),
        }
        arrays |= {f"weight-{index}": weight for index, weight in enumerate(result.network.get_weights())}
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        self._write(self._path(result.repeat, result.fold, FOLD), content.getvalue())

    def load_network(self, repeat: int, fold: int) -> bytes | None:
        """Return the network of a fold that :meth:`save_network` stored; None if there is none."""
        try:
            return self._path(repeat, fold, NETWORK).read_bytes()
        except OSError:
            return None

    def save_network(self, repeat: int, fold: int, content: bytes) -> None:
        """Store the network of a fold, where nothing else is needed to go on.

        Raises
        ------
        AuscultError
            If it cannot be written.
        """
        self._write(self._path(repeat, fold, NETWORK), content)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file, and before it what identifies the training."""
        try:
            write_atomic(self._folder / STATE, json.dumps(self._facts, indent=2, allow_nan=False))
            write_atomic(path, content)
        except OSError as error:
            raise AuscultError(
                f"{self._folder}: cannot be written ({error.strerror})", "make room, then continue with --resume"
            ) from error

    def remove(self) -> None:
        """Delete all checkpoints."""
        if (self._folder / STATE).is_file():
            shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, repeat: int, fold: int, ending: str) -> Path:
        """Return the file of a fold."""
        return self._folder / f"fold-{repeat + 1}-{fold + 1}{ending}"


def _difference(key: str, stored: Any, now: Any) -> str:
    """Return in words how two trainings differ in one fact."""
    if isinstance(stored, dict) and isinstance(now, dict):
        differing = [name for name in sorted(stored.keys() | now.keys()) if stored.get(name) != now.get(name)]
        return ", ".join(f"{name} {stored.get(name)} there, {now.get(name)} here" for name in differing)
    if key == "data":
        return "other recordings, or the same changed"
    return f"{key} {stored} there, {now} here"


def _format_histories(histories: Mapping[str, TrainingHistory]) -> bytes:
    """Return training histories as JSON."""
    return json.dumps({stage: dataclasses.astuple(history) for stage, history in histories.items()}).encode()


def _parse_histories(text: bytes) -> dict[str, TrainingHistory]:
    """Return the histories that :func:`_format_histories` wrote."""
    return {
        stage: TrainingHistory(_points(loss), _points(validation_loss), int(best_step), bool(complete))
        for stage, (loss, validation_loss, best_step, complete) in json.loads(text).items()
    }


def _points(values: Sequence[Sequence[float]]) -> tuple[tuple[int, float], ...]:
    """Return the points of a curve."""
    return tuple((int(step), float(loss)) for step, loss in values)

"""Checkpoints are complete, and are resumed only by the very same training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks need the training extra")

from monitor.errors import AuscultError, DataError
from training.data.recording import Recording
from training.fitting import checkpoints
from training.fitting.checkpoints import FoldCheckpoints, checkpoint_folder, data_digest
from training.fitting.cross_validation import FoldPlan, FoldResult
from training.fitting.trainer import TrainingHistory

FACTS = {"recipe": "heart", "options": {"seed": 0, "folds": 5}, "data": "abc"}
HISTORIES = {
    "pretrain": TrainingHistory(((25, 0.91234567890123), (40, 0.8)), (), 40, True),
    "finetune": TrainingHistory(((25, 0.7),), ((25, 0.6), (30, 0.65)), 25, True),
}


def rows(*indices: int) -> Any:
    """Return rows."""
    return np.array(indices, np.intp)


PLAN = FoldPlan(1, 2, 1, "repeat 2, fold 3 of 5", rows(0, 2), rows(1, 3, 4))


@pytest.fixture
def result(tiny_network: Callable[..., Any]) -> FoldResult:
    """Return a fold."""
    rng = np.random.default_rng(0)
    outputs = [rng.standard_normal((windows, 4)).astype(np.float32) for windows in (1, 3, 2)]
    return FoldResult(1, 2, tiny_network(), PLAN.training, PLAN.held_out, rows(2), HISTORIES, outputs)


def begin(folder: Path, *, resume: bool = False, **facts: Any) -> FoldCheckpoints:
    """Begin a training, or resume it."""
    return FoldCheckpoints(folder, FACTS | facts, resume=resume)


def test_reading_without_resuming(tmp_path: Path, result: FoldResult, tiny_network: Callable[..., Any]) -> None:
    """Checkpoints can be read without knowing their training, and stay."""
    begin(tmp_path / "mine.training").save(result)
    back = FoldCheckpoints.at(tmp_path / "mine.training").load(PLAN, tiny_network)
    assert back is not None
    assert [len(windows) for windows in back.outputs] == [1, 3, 2]
    assert len(begin(tmp_path / "mine.training", resume=True)) == 1


def test_a_fold_is_restored_bit_for_bit(tmp_path: Path, result: FoldResult, tiny_network: Callable[..., Any]) -> None:
    """Weights, outputs, histories and rows are what they were."""
    begin(tmp_path / "mine.training").save(result)
    again = begin(tmp_path / "mine.training", resume=True)
    assert len(again) == 1
    back = again.load(PLAN, tiny_network)
    assert back is not None
    for restored, stored in zip(back.network.get_weights(), result.network.get_weights(), strict=True):
        np.testing.assert_array_equal(restored, stored)
    for restored, stored in zip(back.outputs, result.outputs, strict=True):
        np.testing.assert_array_equal(restored, stored)
    assert back.histories == result.histories
    assert (back.validation.tolist(), back.held_out.tolist(), back.training.tolist()) == ([2], [1, 3, 4], [0, 2])


def test_other_folds(tmp_path: Path, result: FoldResult, tiny_network: Callable[..., Any]) -> None:
    """A fold that was not stored, or that has other recordings, is None."""
    stored = begin(tmp_path / "mine.training")
    assert (len(stored), stored.load(PLAN, tiny_network)) == (0, None)
    stored.save(result)
    assert stored.load(dataclasses.replace(PLAN, fold=0), tiny_network) is None
    assert stored.load(dataclasses.replace(PLAN, held_out=rows(1, 3)), tiny_network) is None


@pytest.mark.parametrize("content", [b"", b"half a fi", None])
def test_a_damaged_fold(
    tmp_path: Path, result: FoldResult, tiny_network: Callable[..., Any], content: bytes | None
) -> None:
    """A truncated file is None, so that the fold is run again."""
    stored = begin(tmp_path / "mine.training")
    stored.save(result)
    (file,) = (tmp_path / "mine.training").glob("*.npz")
    file.write_bytes(file.read_bytes()[:-200] if content is None else content)
    assert stored.load(PLAN, tiny_network) is None


def test_another_network(tmp_path: Path, result: FoldResult) -> None:
    """Weights that do not fit the network are None."""
    import keras

    stored = begin(tmp_path / "mine.training")
    stored.save(result)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert stored.load(PLAN, lambda: other) is None


def test_the_folder(tmp_path: Path, result: FoldResult) -> None:
    """The folder is created with the first fold, identifies the training, and is removed when asked."""
    folder = tmp_path / "deep" / "mine.training"
    stored = begin(folder)
    assert not folder.parent.exists()
    stored.save(result)
    assert sorted(path.name for path in folder.iterdir()) == ["fold-2-3.npz", "state.json"]
    assert json.loads((folder / "state.json").read_text(encoding="utf-8"))["options"] == {"seed": 0, "folds": 5}
    stored.remove()
    stored.remove()
    assert not folder.exists()


def test_starting_over(tmp_path: Path, result: FoldResult) -> None:
    """Without --resume, earlier checkpoints are removed."""
    begin(tmp_path / "mine.training").save(result)
    assert len(begin(tmp_path / "mine.training")) == 0
    assert not (tmp_path / "mine.training").exists()


@pytest.mark.parametrize(
    ("facts", "difference"),
    [
        ({"options": {"seed": 3, "folds": 5}}, "seed 0 there, 3 here"),
        ({"options": {"seed": 0, "folds": 5, "repeats": 2}}, "repeats None there, 2 here"),
        ({"recipe": "article"}, "recipe heart there, article here"),
        ({"data": "xyz"}, "other recordings, or the same changed"),
    ],
)
def test_another_training(tmp_path: Path, result: FoldResult, facts: dict[str, Any], difference: str) -> None:
    """The error names the difference and the next step; the checkpoints stay."""
    begin(tmp_path / "mine.training").save(result)
    with pytest.raises(DataError) as caught:
        begin(tmp_path / "mine.training", resume=True, **facts)
    assert difference in caught.value.message
    assert "or leave out --resume to start over" in caught.value.next_step
    assert len(begin(tmp_path / "mine.training", resume=True)) == 1


def test_nothing_to_resume(tmp_path: Path) -> None:
    """Resuming where nothing was begun is refused."""
    with pytest.raises(DataError, match="there is no training to resume; leave out --resume"):
        begin(tmp_path / "mine.training", resume=True)


def test_a_state_that_cannot_be_read(tmp_path: Path) -> None:
    """A damaged state file is an error."""
    (tmp_path / "mine.training").mkdir()
    (tmp_path / "mine.training" / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"state\.json: cannot be read; leave out --resume to start over"):
        begin(tmp_path / "mine.training", resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_another_folder_is_left_alone(tmp_path: Path, resume: bool) -> None:
    """A folder of that name that is not of a training is never touched."""
    (tmp_path / "mine.training").mkdir()
    (tmp_path / "mine.training" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(DataError, match="holds something else; move it away"):
        begin(tmp_path / "mine.training", resume=resume)
    assert (tmp_path / "mine.training" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_disk_that_is_full(tmp_path: Path, result: FoldResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that cannot be written is an error with the next step."""

    def full(path: Path, content: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_atomic", full)
    with pytest.raises(AuscultError, match=r"No space left on device\); make room, then continue with --resume"):
        begin(tmp_path / "mine.training").save(result)


def test_the_digest_of_the_data(tmp_path: Path) -> None:
    """It changes with a file's size, its annotations, a label or a patient, and with nothing else."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"1234")
    recording = Recording(path, ("normal",), "p", "set")
    before = data_digest([recording])
    assert data_digest([dataclasses.replace(recording)]) == before
    changed = [
        [dataclasses.replace(recording, labels=("murmur",))],
        [dataclasses.replace(recording, patient="q")],
        [dataclasses.replace(recording, end_s=2.0)],
        [recording, recording],
        [],
    ]
    digests = [data_digest(recordings) for recordings in changed]
    path.with_suffix(".tsv").write_bytes(b"annotations")
    digests.append(data_digest([recording]))
    path.write_bytes(b"12345")
    digests.append(data_digest([recording]))
    assert len({before, *digests}) == len(changed) + 3


def test_the_folder_is_beside_the_bundle() -> None:
    """Checkpoints of models/mine are in models/mine.training."""
    assert checkpoint_folder(Path("models/mine")) == Path("models/mine.training")

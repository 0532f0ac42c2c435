"""Folds that are done are kept whole, and only for the very same training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are kept with the training extra")

from monitor.errors import AuscultError, DataError
from training.data.recording import Recording
from training.fitting.checkpoints import FoldCheckpoints, checkpoint_folder, data_digest
from training.fitting.cross_validation import FoldPlan, FoldRun
from training.fitting.trainer import TrainingHistory

FACTS = {"recipe": "heart", "options": {"seed": 0, "folds": 5}, "data": "abc"}
COURSES = {
    "before": TrainingHistory(((25, 0.91234567890123), (40, 0.8)), (), 40, True),
    "with": TrainingHistory(((25, 0.7),), ((25, 0.6), (30, 0.65)), 25, True),
}


def rows(*numbers: int) -> Any:
    """Return row numbers."""
    return np.array(numbers, np.intp)


PLAN = FoldPlan(1, 2, 1, "repeat 2, fold 3 of 5", rows(0, 2), rows(1, 3, 4))


@pytest.fixture
def run(tiny_network: Callable[..., Any]) -> FoldRun:
    """Return a fold that was run."""
    rng = np.random.default_rng(0)
    outputs = [rng.standard_normal((windows, 4)).astype(np.float32) for windows in (1, 3, 2)]
    return FoldRun(1, 2, tiny_network(), PLAN.training, PLAN.held, rows(2), COURSES, outputs)


def begin(folder: Path, *, resume: bool = False, **facts: Any) -> FoldCheckpoints:
    """Begin a training, or go on with it."""
    return FoldCheckpoints(folder, FACTS | facts, resume=resume)


def test_folds_that_lie_there_can_be_read(tmp_path: Path, run: FoldRun, tiny_network: Callable[..., Any]) -> None:
    """Whoever measures with them need not know which training they are of, and clears nothing away."""
    begin(tmp_path / "mine.training").save(run)
    back = FoldCheckpoints.at(tmp_path / "mine.training").load(PLAN, tiny_network)
    assert back is not None
    assert [len(its) for its in back.outputs or []] == [1, 3, 2]
    assert len(begin(tmp_path / "mine.training", resume=True)) == 1


def test_a_fold_comes_back_to_the_last_bit(tmp_path: Path, run: FoldRun, tiny_network: Callable[..., Any]) -> None:
    """Weights, outputs, courses and rows are what they were."""
    begin(tmp_path / "mine.training").save(run)
    again = begin(tmp_path / "mine.training", resume=True)
    assert len(again) == 1
    back = again.load(PLAN, tiny_network)
    assert back is not None
    for ours, theirs in zip(back.network.get_weights(), run.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for mine, yours in zip(back.outputs or [], run.outputs or [], strict=True):
        np.testing.assert_array_equal(mine, yours)
    assert back.courses == run.courses
    assert (back.watched.tolist(), back.held.tolist(), back.training.tolist()) == ([2], [1, 3, 4], [0, 2])


def test_what_is_not_kept(tmp_path: Path, run: FoldRun, tiny_network: Callable[..., Any]) -> None:
    """A fold that was not run, or one of other recordings, is not there."""
    kept = begin(tmp_path / "mine.training")
    assert (len(kept), kept.load(PLAN, tiny_network)) == (0, None)
    kept.save(run)
    assert kept.load(dataclasses.replace(PLAN, fold=0), tiny_network) is None
    assert kept.load(dataclasses.replace(PLAN, held=rows(1, 3)), tiny_network) is None


@pytest.mark.parametrize("content", [b"", b"half a fi", None])
def test_a_damaged_fold_is_as_good_as_none(
    tmp_path: Path, run: FoldRun, tiny_network: Callable[..., Any], content: bytes | None
) -> None:
    """A file that was cut off is run again instead of trusted."""
    kept = begin(tmp_path / "mine.training")
    kept.save(run)
    (file,) = (tmp_path / "mine.training").glob("*.npz")
    file.write_bytes(file.read_bytes()[:-200] if content is None else content)
    assert kept.load(PLAN, tiny_network) is None


def test_another_network(tmp_path: Path, run: FoldRun) -> None:
    """Weights that do not fit the network are not put into it."""
    import keras

    kept = begin(tmp_path / "mine.training")
    kept.save(run)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert kept.load(PLAN, lambda: other) is None


def test_nothing_is_made_before_the_first_fold(tmp_path: Path, run: FoldRun) -> None:
    """The folder comes with the first fold, says which training it is, and goes when it is no longer needed."""
    folder = tmp_path / "deep" / "mine.training"
    kept = begin(folder)
    assert not folder.parent.exists()
    kept.save(run)
    assert sorted(path.name for path in folder.iterdir()) == ["fold-2-3.npz", "state.json"]
    assert json.loads((folder / "state.json").read_text(encoding="utf-8"))["options"] == {"seed": 0, "folds": 5}
    kept.remove()
    kept.remove()
    assert not folder.exists()


def test_anew_clears_away(tmp_path: Path, run: FoldRun) -> None:
    """Begun without --resume, what was kept is gone."""
    begin(tmp_path / "mine.training").save(run)
    assert len(begin(tmp_path / "mine.training")) == 0
    assert not (tmp_path / "mine.training").exists()


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"options": {"seed": 3, "folds": 5}}, "seed 0 there, 3 here"),
        ({"options": {"seed": 0, "folds": 5, "repeats": 2}}, "repeats None there, 2 here"),
        ({"recipe": "article"}, "recipe heart there, article here"),
        ({"data": "xyz"}, "other recordings, or the same changed"),
    ],
)
def test_another_training(tmp_path: Path, run: FoldRun, facts: dict[str, Any], told: str) -> None:
    """What differs is said, with what to do; what is kept stays."""
    begin(tmp_path / "mine.training").save(run)
    with pytest.raises(DataError) as caught:
        begin(tmp_path / "mine.training", resume=True, **facts)
    assert told in caught.value.message
    assert "or leave out --resume to begin anew" in caught.value.next_step
    assert len(begin(tmp_path / "mine.training", resume=True)) == 1


def test_nothing_to_go_on_with(tmp_path: Path) -> None:
    """Going on where nothing was begun is refused."""
    with pytest.raises(DataError, match="there is no training to go on with; leave out --resume"):
        begin(tmp_path / "mine.training", resume=True)


def test_a_state_that_cannot_be_read(tmp_path: Path) -> None:
    """A damaged state is told, not guessed at."""
    (tmp_path / "mine.training").mkdir()
    (tmp_path / "mine.training" / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"state\.json: cannot be read; leave out --resume to begin anew"):
        begin(tmp_path / "mine.training", resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_something_else_is_left_alone(tmp_path: Path, resume: bool) -> None:
    """A folder of that name that is no training's is never touched."""
    (tmp_path / "mine.training").mkdir()
    (tmp_path / "mine.training" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(DataError, match="is something else; move it away"):
        begin(tmp_path / "mine.training", resume=resume)
    assert (tmp_path / "mine.training" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_disk_that_is_full(tmp_path: Path, run: FoldRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold that cannot be written ends the training with one line."""

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(AuscultError, match=r"No space left on device\); make room, then go on with --resume"):
        begin(tmp_path / "mine.training").save(run)


def test_a_fold_without_outputs(tmp_path: Path, run: FoldRun) -> None:
    """Keeping a fold whose outputs are not known is the caller's mistake."""
    with pytest.raises(ValueError, match="outputs=None"):
        begin(tmp_path / "mine.training").save(dataclasses.replace(run, outputs=None))


def test_the_digest_of_the_data(tmp_path: Path) -> None:
    """It changes with a file's size, its marks, a label or a patient, and with nothing else."""
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
    digests = [data_digest(its) for its in changed]
    path.with_suffix(".tsv").write_bytes(b"marks")
    digests.append(data_digest([recording]))
    path.write_bytes(b"12345")
    digests.append(data_digest([recording]))
    assert len({before, *digests}) == len(changed) + 3


def test_the_folder_is_beside_the_bundle() -> None:
    """Folds of models/mine are kept in models/mine.training."""
    assert checkpoint_folder(Path("models/mine")) == Path("models/mine.training")

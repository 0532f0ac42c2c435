"""Folds: nobody is on two sides, of the inner split neither; a fold follows from the options and itself alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError
from monitor.features.spec import HEART
from training.data.audio import Frames, Sound
from training.data.recording import NON_CARDIAC, Recording
from training.examples.batches import SamplingGroup
from training.fitting import cross_validation, heart_fit
from training.fitting.cross_validation import FoldPlan, FoldRun, fold_plans, fold_runs, held_out_outputs, run_plans
from training.fitting.heart_fit import BEFORE, WITH
from training.fitting.options import HeartOptions
from training.fitting.trainer import TrainingHistory, outputs_of
from training.progress import SilentProgress

OPTIONS = HeartOptions(folds=3, repeats=2, synthetic_per_label=1, watched=0.25, pretrain_steps=4, steps=6)
BEAT = ((0.0, 0.1, 1), (0.1, 0.3, 2), (0.3, 0.4, 3), (0.4, 0.8, 4))
FRAMES = 480


def with_marks(path: Path) -> Path:
    """Write marks of 15 regular beats beside a recording that need not be there."""
    rows = [(0.8 * beat + start, 0.8 * beat + end, state) for beat in range(15) for start, end, state in BEAT]
    path.with_suffix(".tsv").write_text("".join(f"{a:.4f}\t{b:.4f}\t{s}\n" for a, b, s in rows), encoding="utf-8")
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    """Return a set that tells all, one that tells a part and has marks, sounds that are no heart, and strangers."""
    found = []
    for label in ("normal", "murmur", "extrastole"):
        for patient in range(9):
            owner = f"full/{label}{patient}"
            found += [Recording(Path(f"{owner}-{index}.wav"), (label,), owner, "full") for index in range(2)]
    for labels in (("murmur",), ("normal", "extrastole")):
        for patient in range(8):
            owner = f"part/{labels[0]}{patient}"
            paths = [with_marks(tmp_path / f"{labels[0]}{patient}-{index}.wav") for index in range(2)]
            found += [Recording(path, labels, owner, "part") for path in paths]
    found += [Recording(Path(f"noise{index}.wav"), (NON_CARDIAC,), f"noise{index}", "noise") for index in range(3)]
    return [*found, Recording(Path("stranger.wav"), ("normal",), "", "full")]


def sounds_of(recordings: Sequence[Recording]) -> list[Sound]:
    """Return a sound without content for each."""
    frames = Frames(np.zeros((FRAMES, 64), np.float32), np.zeros((3, FRAMES), np.float32))
    return [Sound(recording, frames, FRAMES * HEART.frame_hop_samples) for recording in recordings]


@dataclasses.dataclass
class Given:
    """What one fit was given: by the makers of batches, those of the watched patients apart."""

    shares: list[tuple[str, list[SamplingGroup]]] = dataclasses.field(default_factory=list)

    def sounds(self, kind: str) -> list[Sound]:
        """Return all sounds that were given for one purpose."""
        return [its for purpose, shares in self.shares if purpose == kind for share in shares for its in share.sounds]

    def patients(self, kind: str) -> set[str]:
        """Return the patients of those sounds who are somebody."""
        return {its.recording.patient for its in self.sounds(kind) if its.recording.label != NON_CARDIAC} - {""}

    def files(self, kind: str) -> set[Path]:
        """Return the files of those sounds, made ones left out."""
        hearts = [its.recording for its in self.sounds(kind) if its.recording.label != NON_CARDIAC]
        return {its.path for its in hearts if not its.patient.startswith("made sounds") and its.patient}


class Spy:
    """Stands in for the maker of batches and the fitting: remembers what each fit was given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.fits: list[Given] = []
        self.seeds: list[int] = []
        patch.setattr(heart_fit, "heart_network", self.network)
        patch.setattr(heart_fit, "BatchMaker", self.maker)
        patch.setattr(heart_fit, "Trainer", self.fitter)
        patch.setattr(heart_fit, "make_repeatable", self.seeds.append)

    def network(self, shape: object, outputs: object) -> int:
        """Begin a fit."""
        self.fits.append(Given())
        return len(self.fits)

    def maker(self, shares: list[SamplingGroup], outputs: object, spec: object, seed: int) -> Any:
        """Take what batches are made of; the only ones that are made at once are of the watched."""
        given = self.fits[-1]
        given.shares.append(("training", shares))
        self.seeds.append(seed)

        class Maker:
            def make(self, size: int) -> str:
                given.shares[-1] = ("watched", shares)
                return "watched batch"

        return Maker()

    def fitter(self, network: object, outputs: object, watched: object, stop: Callable[[], bool]) -> Any:
        """Return what fits nothing, and ends after as many steps as it was told."""
        complete = not stop()

        class Trainer:
            def run(self, batches: object, *, steps: int, **settings: object) -> TrainingHistory:
                return TrainingHistory(((steps, 1.0),), ((steps, 0.5),) if watched else (), steps, complete)

        return Trainer()


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Watch what every fit is given."""
    return Spy(monkeypatch)


def run_all(recordings: Sequence[Recording], options: HeartOptions = OPTIONS) -> list[FoldRun]:
    """Return all folds, run."""
    return list(fold_runs(recordings, sounds_of(recordings), options, SilentProgress()))


def people(recordings: Sequence[Recording], rows: Any) -> set[str]:
    """Return the patients of some rows who are somebody."""
    hearts = [recordings[row] for row in rows.tolist()]
    return {its.patient for its in hearts if its.label != NON_CARDIAC} - {""}


class TestSides:
    """Nobody is on two sides."""

    def test_no_patient_and_no_recording(self, spy: Spy, recordings: list[Recording]) -> None:
        """What trains, what is watched and what is held out share no patient and no file, spliced beats included."""
        runs = run_all(recordings)
        assert len(runs) == len(spy.fits) == 6
        for run, given in zip(runs, spy.fits, strict=True):
            trained, watched, held = given.patients("training"), given.patients("watched"), people(recordings, run.held)
            assert trained
            assert watched
            assert held
            assert not trained & watched
            assert not (trained | watched) & held
            files = {recordings[row].path for row in run.held.tolist()}
            assert not given.files("training") & given.files("watched")
            assert not (given.files("training") | given.files("watched")) & files

    def test_spliced_beats_are_looked_at(self, spy: Spy, recordings: list[Recording]) -> None:
        """The test above sees spliced beats on both sides of the inner split: they carry their recording's patient."""
        run_all(recordings)
        for kind in ("training", "watched"):
            sounds = [its.recording for given in spy.fits for its in given.sounds(kind)]
            assert {its.patient.partition("/")[0] for its in sounds if its.source == "spliced beats"} == {"part"}

    def test_a_run_says_who(self, spy: Spy, recordings: list[Recording]) -> None:
        """Its rows are all recordings, each on one side; the watched are among those that are not held out."""
        for run, given in zip(run_all(recordings), spy.fits, strict=True):
            assert sorted([*run.training, *run.held]) == list(range(len(recordings)))
            assert set(run.watched.tolist()) <= set(run.training.tolist())
            assert people(recordings, run.watched) >= given.patients("watched")
            heard = people(recordings, run.training) - people(recordings, run.watched)
            assert {its for its in given.patients("training") if "made" not in its} == heard

    def test_everybody_is_held_out_once_per_repeat(self, spy: Spy, recordings: list[Recording]) -> None:
        """Each known patient, and each sound that is no heart, in each repeat; the repeats deal them differently."""
        runs = run_all(recordings)
        known = [row for row, its in enumerate(recordings) if its.patient]
        for repeat in range(2):
            held = [row for run in runs if run.repeat == repeat for row in run.held.tolist()]
            assert sorted(held) == known
        assert runs[0].held.tolist() != runs[3].held.tolist()

    def test_strangers_and_noise_always_train(self, spy: Spy, recordings: list[Recording]) -> None:
        """A heart of nobody known is heard by every network; other sounds too, and the watched batch has none."""
        run_all(recordings)
        for given in spy.fits:
            assert any(not its.recording.patient for its in given.sounds("training"))
            assert any(its.recording.source == "noise" for its in given.sounds("training"))
            kinds = {its.recording.source for its in given.sounds("watched")}
            assert kinds == {"full", "part", "spliced beats"}

    def test_watching_nobody(self, spy: Spy, recordings: list[Recording]) -> None:
        """With a share of 0, everyone who is not held out is trained on."""
        runs = run_all(recordings, dataclasses.replace(OPTIONS, watched=0.0))
        assert all(not given.sounds("watched") for given in spy.fits)
        assert all(not len(run.watched) for run in runs)


class TestSeeds:
    """A fold follows from the options, its repeat and itself alone."""

    def test_no_two_fits_draw_alike(self, spy: Spy, recordings: list[Recording]) -> None:
        """Weights, watched pictures and both stages of every fold of every repeat have seeds of their own."""
        run_all(recordings)
        assert len(spy.seeds) == 6 * 4
        assert len(set(spy.seeds)) == len(spy.seeds)

    def test_a_repeat_is_what_its_seed_gives(self, spy: Spy, recordings: list[Recording]) -> None:
        """The second repeat with seed 0 is the first with seed 1: same folds, same watched, same seeds."""
        both = run_all(recordings)
        seeds = spy.seeds[len(spy.seeds) // 2 :]
        spy.seeds.clear()
        alone = run_all(recordings, dataclasses.replace(OPTIONS, seed=1, repeats=1))
        for ours, theirs in zip(both[3:], alone, strict=True):
            assert ours.held.tolist() == theirs.held.tolist()
            assert ours.watched.tolist() == theirs.watched.tolist()
        assert spy.seeds == seeds

    def test_plans(self, recordings: list[Recording]) -> None:
        """Every fold of every repeat, named as it is shown."""
        plans = fold_plans(recordings, {"full"}, folds=3, repeats=2, seed=5)
        assert [(its.repeat, its.seed) for its in plans] == [(0, 5)] * 3 + [(1, 6)] * 3
        assert [its.fold for its in plans] == [0, 1, 2, 0, 1, 2]
        assert plans[4].name == "repeat 2, fold 2 of 3"
        assert fold_plans(recordings, {"full"}, folds=3, repeats=1, seed=5)[2].name == "fold 3 of 3"

    def test_too_few_patients(self, recordings: list[Recording]) -> None:
        """A label with fewer patients than folds is refused."""
        with pytest.raises(DataError, match="has 9 patients, too few for 10 folds"):
            fold_plans(recordings, {"full"}, folds=10, repeats=1, seed=0)


def test_stages(spy: Spy, recordings: list[Recording]) -> None:
    """Each fit has both stages in their order."""
    (run, *_) = run_all(recordings)
    assert list(run.courses) == [BEFORE, WITH]
    assert [course.kept for course in run.courses.values()] == [4, 6]


class Kept:
    """Keeps folds in memory."""

    def __init__(self, runs: Sequence[FoldRun] = ()) -> None:
        self.runs = {(run.repeat, run.fold): run for run in runs}

    def load(self, plan: FoldPlan, new_network: Callable[[], Any]) -> FoldRun | None:
        """Return a fold that was kept."""
        return self.runs.get((plan.repeat, plan.fold))

    def save(self, run: FoldRun) -> None:
        """Keep a fold."""
        self.runs[run.repeat, run.fold] = run


def plan(number: int) -> FoldPlan:
    """Return a fold of nobody."""
    nobody = np.zeros(0, np.intp)
    return FoldPlan(0, number, 0, f"fold {number}", nobody, nobody)


def run_of(its: FoldPlan) -> FoldRun:
    """Return that fold, run."""
    return FoldRun(its.repeat, its.fold, f"network {its.fold}", its.training, its.held, its.held, {})


class TestKeeping:
    """Folds that are kept are not run again."""

    def test_only_the_others_are_run(self) -> None:
        """Kept folds come in their place; those that are run are kept in turn."""
        keeper, ran, skipped = Kept([run_of(plan(1))]), [], []

        def run_one(its: FoldPlan) -> FoldRun:
            ran.append(its.fold)
            return run_of(its)

        found = run_plans(
            [plan(number) for number in range(3)],
            run_one,
            new_network=lambda: None,
            keeper=keeper,
            skipped=lambda: skipped.append(1),
        )
        assert [run.network for run in found] == ["network 0", "network 1", "network 2"]
        assert (ran, len(skipped), sorted(keeper.runs)) == ([0, 2], 1, [(0, 0), (0, 1), (0, 2)])

    def test_an_end_by_hand(self) -> None:
        """A fold that is not complete ends it; it is neither given nor kept, and no later one is begun."""
        keeper, begun = Kept(), []

        def run_one(its: FoldPlan) -> FoldRun | None:
            begun.append(its.fold)
            return run_of(its) if its.fold == 0 else None

        plans = [plan(number) for number in range(3)]
        found = list(run_plans(plans, run_one, new_network=lambda: None, keeper=keeper, skipped=lambda: None))
        assert [run.fold for run in found] == [0]
        assert begun == [0, 1]
        assert list(keeper.runs) == [(0, 0)]

    def test_a_fit_that_is_ended(self, spy: Spy, recordings: list[Recording]) -> None:
        """Whoever wants an end in the first fit gets no fold."""
        options, sounds = dataclasses.replace(OPTIONS, repeats=1), sounds_of(recordings)
        material = cross_validation.material_of(recordings, options, SilentProgress())
        runs = cross_validation.fold_runs_of(
            material, recordings, sounds, options, SilentProgress(), keeper=Kept(), stop=lambda: True
        )
        assert list(runs) == []
        assert len(spy.fits) == 1


def test_held_out_outputs(tiny_network: Callable[..., Any]) -> None:
    """Each held-out recording has the outputs of its own windows, as the monitor cuts them, in the rows' order."""
    rng = np.random.default_rng(0)
    sounds = []
    for number, seconds in enumerate((3.0, 5.0, 9.2)):
        log_power = rng.standard_normal((400, 64)).astype(np.float32)
        bands = np.abs(rng.standard_normal((3, 400))).astype(np.float32)
        recording = Recording(Path(f"{number}.wav"), ("normal",), "p", "set")
        sounds.append(Sound(recording, Frames(log_power, bands), int(seconds * HEART.sample_rate)))
    network = tiny_network()
    rows = np.array([2, 0, 1], np.intp)
    run = FoldRun(0, 0, network, rows[:0], rows, rows[:0], {})
    found = held_out_outputs(run, sounds)
    assert [len(its) for its in found] == [5, 1, 1]
    painter = cross_validation.ImageBuilder(HEART.num_frames)
    start = sounds[2].starts(HEART, 1.0)[3]
    picture = painter.draw(sounds[2].frames.window(start, HEART.num_frames))
    np.testing.assert_allclose(found[0][3], outputs_of(network, picture[None])[0], atol=1e-5)
    known = dataclasses.replace(run, network=None, outputs=found)
    assert held_out_outputs(known, sounds) is found

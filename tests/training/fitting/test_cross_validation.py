"""Folds: no patient is on two sides, not even of the validation split; a fold follows from the options and itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError
from monitor.features.image import ImageBuilder
from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.examples.batches import SamplingGroup
from training.examples.diastolic import DIASTOLIC
from training.fitting import heart_fit
from training.fitting.cross_validation import (
    FoldPlan,
    FoldResult,
    fit_fold,
    fold_plans,
    run_folds,
    run_plans,
    sounds_outputs,
)
from training.fitting.heart_fit import with_synthetic_sounds
from training.fitting.options import HeartOptions
from training.fitting.recipe import HeartRecipe
from training.fitting.trainer import TrainingHistory, outputs_of
from training.progress import SilentProgress

OPTIONS = HeartOptions(folds=3, repeats=2, synthetic_per_label=1, validation_fraction=0.25, pretrain_steps=4, steps=6)
BEAT = ((0.0, 0.1, 1), (0.1, 0.3, 2), (0.3, 0.4, 3), (0.4, 0.8, 4))
FRAMES = 480


def annotated(path: Path) -> Path:
    """Write 12 s of noise as a recording, and annotations of 15 regular beats beside it."""
    noise = np.random.default_rng(0).normal(0.0, 0.01, 12 * HEART.sample_rate)
    soundfile.write(path, noise, HEART.sample_rate)
    rows = [(0.8 * beat + start, 0.8 * beat + end, state) for beat in range(15) for start, end, state in BEAT]
    path.with_suffix(".tsv").write_text("".join(f"{a:.4f}\t{b:.4f}\t{s}\n" for a, b, s in rows), encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Return a fully labelled set, a partially labelled and annotated one, noise, and a heart of unknown patient."""
    recordings = []
    for label in ("normal", "murmur", "extrastole"):
        for index in range(9):
            patient = f"full/{label}{index}"
            recordings += [Recording(Path(f"{patient}-{take}.wav"), (label,), patient, "full") for take in range(2)]
    for labels in (("murmur",), ("normal", "extrastole")):
        for index in range(8):
            patient = f"part/{labels[0]}{index}"
            paths = [annotated(tmp_path / f"{labels[0]}{index}-{take}.wav") for take in range(2)]
            recordings += [Recording(path, labels, patient, "part") for path in paths]
    recordings += [Recording(Path(f"noise{index}.wav"), (NON_CARDIAC,), f"noise{index}", "noise") for index in range(3)]
    recordings.append(Recording(Path("unknown.wav"), ("normal",), "", "full"))
    frames = Frames(np.zeros((FRAMES, 64), np.float32), np.zeros((3, FRAMES), np.float32))
    sounds = [Sound(recording, frames, FRAMES * HEART.frame_hop_samples) for recording in recordings]
    return with_synthetic_sounds(Corpus.of(recordings, sounds), OPTIONS, SilentProgress())


@dataclasses.dataclass
class FitInput:
    """The sampling groups of one fit, by purpose: training or validation."""

    groups: list[tuple[str, Sequence[SamplingGroup]]] = dataclasses.field(default_factory=list)

    def sounds(self, purpose: str) -> list[Sound]:
        """Return all sounds for one purpose."""
        return [sound for name, groups in self.groups if name == purpose for group in groups for sound in group.sounds]

    def patients(self, purpose: str) -> set[str]:
        """Return the known patients of those sounds."""
        hearts = [sound.recording for sound in self.sounds(purpose) if sound.recording.label != NON_CARDIAC]
        return {recording.patient for recording in hearts} - {""}

    def files(self, purpose: str) -> set[Path]:
        """Return the files of those sounds that are recordings of known patients."""
        recordings = [sound.recording for sound in self.sounds(purpose)]
        return {one.path for one in recordings if one.label != NON_CARDIAC and one.patient.startswith(("full", "part"))}


class Network(int):
    """The number of a fit, in place of its network; it has no weights."""

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Return none."""
        return []

    def set_weights(self, weights: list[NDArray[np.float32]]) -> None:
        """Take none."""
        assert not weights


class Spy:
    """Replaces batches, network and training: remembers what each fit was given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.fits: list[FitInput] = []
        self.seeds: list[int] = []
        self.recipe = HeartRecipe(batch_maker=self.batch_maker)
        patch.setattr(heart_fit, "heart_network", self.network)
        patch.setattr(heart_fit, "Trainer", self.trainer)
        patch.setattr(heart_fit, "make_repeatable", self.seeds.append)
        patch.setattr("training.fitting.cross_validation.sounds_outputs", lambda network, sounds, recipe: [])

    def network(self, shape: object, outputs: object, *, grades_loudness: bool) -> Network:
        """Begin a fit."""
        self.fits.append(FitInput())
        return Network(len(self.fits))

    def batch_maker(self, groups: Sequence[SamplingGroup], outputs: object, spec: object, seed: int) -> Any:
        """Remember the groups; only the batch of the validation patients is made at once."""
        fit = self.fits[-1]
        fit.groups.append(("training", groups))
        self.seeds.append(seed)

        class Maker:
            def make(self, size: int) -> str:
                fit.groups[-1] = ("validation", groups)
                return "validation batch"

        return Maker()

    def trainer(self, network: object, outputs: object, validation: object, stop: Callable[[], bool]) -> Any:
        """Return what trains nothing and ends after all its steps."""
        complete = not stop()

        class Trainer:
            def run(self, batches: object, *, steps: int, **settings: object) -> TrainingHistory:
                losses = ((steps, 0.5),) if validation else ()
                return TrainingHistory(((steps, 1.0),), losses, steps, complete)

        return Trainer()


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Remember what every fit is given."""
    return Spy(monkeypatch)


def run_all(spy: Spy, corpus: Corpus, options: HeartOptions = OPTIONS) -> list[FoldResult]:
    """Return all folds."""
    return list(run_folds(corpus, options, SilentProgress(), recipe=spy.recipe))


def known_patients(corpus: Corpus, rows: Any) -> set[str]:
    """Return the known patients of the hearts among some rows."""
    hearts = [row for row in rows.tolist() if corpus.recordings[row].label != NON_CARDIAC]
    return set(corpus.patients(hearts)) - {""}


class TestSides:
    """No patient is on two sides."""

    def test_no_patient_and_no_file(self, spy: Spy, corpus: Corpus) -> None:
        """Training, validation and held-out recordings share no patient and no file, spliced beats included."""
        results = run_all(spy, corpus)
        assert len(results) == len(spy.fits) == 6
        for result, fit in zip(results, spy.fits, strict=True):
            training, validation = fit.patients("training"), fit.patients("validation")
            held_out = known_patients(corpus, result.held_out)
            assert training
            assert validation
            assert held_out
            assert not training & validation
            assert not (training | validation) & held_out
            files = {corpus.recordings[row].path for row in result.held_out.tolist()}
            assert not fit.files("training") & fit.files("validation")
            assert not (fit.files("training") | fit.files("validation")) & files

    def test_spliced_beats_are_on_both_sides(self, spy: Spy, corpus: Corpus) -> None:
        """The test above covers spliced beats, since they carry the patient of their recording."""
        run_all(spy, corpus)
        for purpose in ("training", "validation"):
            recordings = [sound.recording for fit in spy.fits for sound in fit.sounds(purpose)]
            spliced = {one.patient.partition("/")[0] for one in recordings if one.source == "spliced beats"}
            assert spliced == {"part"}

    def test_rows(self, spy: Spy, corpus: Corpus) -> None:
        """A fold's rows are all recordings, each on one side; the validation rows are training rows."""
        for result, fit in zip(run_all(spy, corpus), spy.fits, strict=True):
            assert sorted([*result.training, *result.held_out]) == list(range(len(corpus.recordings)))
            assert set(result.validation.tolist()) <= set(result.training.tolist())
            assert known_patients(corpus, result.validation) >= fit.patients("validation")
            fitted = known_patients(corpus, result.training) - known_patients(corpus, result.validation)
            assert {one for one in fit.patients("training") if one.startswith(("full", "part"))} == fitted

    def test_everyone_is_held_out_once_per_repeat(self, spy: Spy, corpus: Corpus) -> None:
        """Each known patient and each non-cardiac sound is, and the repeats have different folds."""
        results = run_all(spy, corpus)
        known = [row for row, recording in enumerate(corpus.recordings) if recording.patient]
        for repeat in range(2):
            of_repeat = [result for result in results if result.repeat == repeat]
            assert sorted(row for result in of_repeat for row in result.held_out.tolist()) == known
        assert results[0].held_out.tolist() != results[3].held_out.tolist()

    def test_unknown_patients_and_noise_always_train(self, spy: Spy, corpus: Corpus) -> None:
        """Every fit trains on hearts of unknown patients and on noise; the validation batch has neither."""
        run_all(spy, corpus)
        for fit in spy.fits:
            assert any(not sound.recording.patient for sound in fit.sounds("training"))
            assert any(sound.recording.source == "noise" for sound in fit.sounds("training"))
            sources = {sound.recording.source for sound in fit.sounds("validation")}
            assert sources == {"full", "part", "spliced beats", DIASTOLIC}

    def test_without_validation(self, spy: Spy, corpus: Corpus) -> None:
        """With a fraction of 0, all who are not held out are trained on."""
        results = run_all(spy, corpus, dataclasses.replace(OPTIONS, validation_fraction=0.0))
        assert all(not fit.sounds("validation") for fit in spy.fits)
        assert all(not len(result.validation) for result in results)


class TestSeeds:
    """A fold follows from the options, its repeat and itself alone."""

    def test_no_two_fits_share_random_numbers(self, spy: Spy, corpus: Corpus) -> None:
        """Weights, validation images and both stages of every fold of every repeat have seeds of their own."""
        run_all(spy, corpus)
        assert len(spy.seeds) == 6 * 4
        assert len(set(spy.seeds)) == len(spy.seeds)

    def test_a_repeat_is_what_its_seed_gives(self, spy: Spy, corpus: Corpus) -> None:
        """The second repeat with seed 0 is the first with seed 1: same folds, same validation, same seeds."""
        both = run_all(spy, corpus)
        seeds = spy.seeds[len(spy.seeds) // 2 :]
        spy.seeds.clear()
        alone = run_all(spy, corpus, dataclasses.replace(OPTIONS, seed=1, repeats=1))
        for ours, theirs in zip(both[3:], alone, strict=True):
            assert ours.held_out.tolist() == theirs.held_out.tolist()
            assert ours.validation.tolist() == theirs.validation.tolist()
        assert spy.seeds == seeds

    def test_plans(self, corpus: Corpus) -> None:
        """Every fold of every repeat, with a name."""
        plans = fold_plans(corpus, folds=3, repeats=2, seed=5)
        assert [(plan.repeat, plan.seed) for plan in plans] == [(0, 5)] * 3 + [(1, 6)] * 3
        assert [plan.fold for plan in plans] == [0, 1, 2, 0, 1, 2]
        assert plans[4].name == "repeat 2, fold 2 of 3"
        assert fold_plans(corpus, folds=3, repeats=1, seed=5)[2].name == "fold 3 of 3"

    def test_too_few_patients(self, corpus: Corpus) -> None:
        """A label with fewer patients than folds is refused."""
        with pytest.raises(DataError, match="has 9 patients, too few for 10 folds"):
            fold_plans(corpus, folds=10, repeats=1, seed=0)


class MemoryCheckpoints:
    """Stores folds in memory."""

    def __init__(self, results: Sequence[FoldResult] = ()) -> None:
        self.results = {(result.repeat, result.fold): result for result in results}

    def load(self, plan: FoldPlan, new_network: Callable[[], Any]) -> FoldResult | None:
        """Return a stored fold."""
        return self.results.get((plan.repeat, plan.fold))

    def save(self, result: FoldResult) -> None:
        """Store a fold."""
        self.results[result.repeat, result.fold] = result


def empty_plan(fold: int) -> FoldPlan:
    """Return a fold without recordings."""
    none = np.zeros(0, np.intp)
    return FoldPlan(0, fold, 0, f"fold {fold}", none, none)


def result_of(plan: FoldPlan) -> FoldResult:
    """Return the result of a fold."""
    rows = plan.training, plan.held_out, plan.held_out
    return FoldResult(plan.repeat, plan.fold, f"network {plan.fold}", *rows, {}, [])


class TestCheckpoints:
    """Stored folds are not run again."""

    def test_only_the_others_are_run(self) -> None:
        """Stored folds come in their order; the others are run and stored in turn."""
        checkpoints, ran, skipped = MemoryCheckpoints([result_of(empty_plan(1))]), [], []

        def run_one(plan: FoldPlan) -> FoldResult:
            ran.append(plan.fold)
            return result_of(plan)

        results = run_plans(
            [empty_plan(fold) for fold in range(3)],
            run_one,
            new_network=lambda: None,
            checkpoints=checkpoints,
            on_skip=lambda: skipped.append(1),
        )
        assert [result.network for result in results] == ["network 0", "network 1", "network 2"]
        assert (ran, len(skipped), sorted(checkpoints.results)) == ([0, 2], 1, [(0, 0), (0, 1), (0, 2)])

    def test_an_incomplete_fold_ends_it(self) -> None:
        """An incomplete fold is neither yielded nor stored, and no later one is begun."""
        checkpoints, begun = MemoryCheckpoints(), []

        def run_one(plan: FoldPlan) -> FoldResult | None:
            begun.append(plan.fold)
            return result_of(plan) if plan.fold == 0 else None

        plans = [empty_plan(fold) for fold in range(3)]
        results = list(
            run_plans(plans, run_one, new_network=lambda: None, checkpoints=checkpoints, on_skip=lambda: None)
        )
        assert [result.fold for result in results] == [0]
        assert begun == [0, 1]
        assert list(checkpoints.results) == [(0, 0)]

    def test_a_fit_that_is_ended(self, spy: Spy, corpus: Corpus) -> None:
        """Ended in the first fit, there is no fold."""
        options, checkpoints = dataclasses.replace(OPTIONS, repeats=1), MemoryCheckpoints()
        results = run_folds(
            corpus, options, SilentProgress(), recipe=spy.recipe, checkpoints=checkpoints, stop=lambda: True
        )
        assert list(results) == []
        assert len(spy.fits) == 1
        assert not checkpoints.results


def test_a_single_fold(spy: Spy, corpus: Corpus) -> None:
    """A study fits one fold by itself: the same network and validation rows as within all folds."""
    plan = fold_plans(corpus, folds=3, repeats=2, seed=0)[1]
    fitted, validation = fit_fold(plan, corpus, OPTIONS, SilentProgress(), recipe=spy.recipe)
    seeds = list(spy.seeds)
    spy.seeds.clear()
    result = run_all(spy, corpus)[1]
    assert spy.seeds[4:8] == seeds
    assert validation.tolist() == result.validation.tolist()
    assert fitted.histories == result.histories


def random_sounds(*seconds: float) -> list[Sound]:
    """Return sounds of noise with different lengths."""
    rng, sounds = np.random.default_rng(0), []
    for index, duration_s in enumerate(seconds):
        log_power = rng.standard_normal((400, 64)).astype(np.float32)
        bands = np.abs(rng.standard_normal((3, 400))).astype(np.float32)
        recording = Recording(Path(f"{index}.wav"), ("normal",), "p", "set")
        sounds.append(Sound(recording, Frames(log_power, bands), int(duration_s * HEART.sample_rate)))
    return sounds


def test_sounds_outputs(tiny_network: Callable[..., Any]) -> None:
    """Each sound has the outputs of its own windows, as the monitor cuts them."""
    sounds, network = random_sounds(9.2, 3.0, 5.0), tiny_network()
    outputs = sounds_outputs(network, sounds)
    assert [len(windows) for windows in outputs] == [5, 1, 1]
    image = ImageBuilder(HEART.num_frames).build(
        sounds[0].frames.window(sounds[0].starts(HEART, 1.0)[3], HEART.num_frames)
    )
    np.testing.assert_allclose(outputs[0][3], outputs_of(network, image[None])[0], atol=1e-5)


def test_a_looped_sound_is_scored_at_each_phase(tiny_network: Callable[..., Any]) -> None:
    """Its only window has the mean of the outputs of its phases."""
    (sound,), network = random_sounds(3.0), tiny_network()
    build = ImageBuilder(HEART.num_frames).build
    images = np.array([build(sound.frames.window(phase, HEART.num_frames)) for phase in (0, 30, 60, 90)])
    each = outputs_of(network, images)
    assert np.ptp(each, axis=0).max() > 1e-4
    np.testing.assert_allclose(sounds_outputs(network, [sound])[0], [each.mean(axis=0)], atol=1e-5)


def test_sounds_outputs_with_changed_channels(tiny_network: Callable[..., Any]) -> None:
    """The network scores the images that its recipe trains on."""
    (sound,), network = random_sounds(5.0), tiny_network()
    no_channels = HeartRecipe(channels=((0, 0, 0), (0, 0, 0), (0, 0, 0)))
    (outputs,) = sounds_outputs(network, [sound], no_channels)
    np.testing.assert_allclose(outputs, outputs_of(network, np.zeros((1, 64, 64, 3), np.float32)), atol=1e-5)

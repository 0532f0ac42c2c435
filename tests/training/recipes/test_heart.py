"""The default recipe: no network is scored on patients that it was trained on, and the seed repeats it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError, EndedError, RecordingError
from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from monitor.process.interrupts import Interrupts
from training.calibration import gate_collector
from training.data.audio import Frames, Sound
from training.data.corpus import Corpus
from training.data.discovery import discover
from training.data.recording import Recording
from training.evaluation.cross_validated import measure
from training.evaluation.metrics import auc
from training.fitting import cross_validation, heart_fit
from training.fitting.heart_fit import FINETUNE, FittedNetwork
from training.fitting.recipe import HeartRecipe
from training.fitting.trainer import TrainingHistory
from training.progress import OnStep, SilentProgress
from training.recipes import heart
from training.recipes.heart import HeartOptions, TrainingResult, train_heart

LABELS = ("normal", "murmur", "extrastole")
SHORT = HeartOptions(folds=2, pretrain_steps=2, steps=2, batch_size=4, synthetic_per_label=2)


@pytest.fixture(scope="module")
def twice(made_folder: Path, tiny_network: Callable[..., Any], quick_figures_in_module: None) -> list[TrainingResult]:
    """Return the results of two trainings on the same synthetic recordings, with the same seed and a tiny network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heart_fit, "heart_network", tiny_network)
        return [train_heart(discover([made_folder]), SHORT, RecordedProgress()) for _ in range(2)]


class RecordedProgress(SilentProgress):
    """Progress that is recorded."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.notes: list[str] = []
        self.wholes: list[int] = []

    def stage(self, name: str, total: int) -> OnStep:
        """Begin a stage."""
        self.stages.append(f"{name} {total}")
        return super().stage(name, total)

    def whole(self, name: str, total: int) -> None:
        """Begin the whole."""
        self.wholes.append(total)

    def note(self, text: str) -> None:
        """Record a line."""
        self.notes.append(text)


def test_the_result(twice: list[TrainingResult]) -> None:
    """Labels, settings, one bias per label, thresholds, and metrics of every recording, held out once."""
    result = twice[0]
    assert (result.labels, result.spec) == (LABELS, HEART)
    assert len(result.calibration.bias) == 3
    assert 0.5 <= result.decision.uncertain_below <= 0.9
    assert result.gate_metrics is not None
    assert result.gate_metrics.windows["made hum"] == 6
    assert (result.evidence.num_recordings, result.evidence.num_patients) == (18, 18)
    assert result.evidence.confusion.sum(axis=1).tolist() == [6, 6, 6]
    assert result.network.output_shape == (None, 4)
    assert result.other_sets == {}


def test_the_seed_repeats_it(twice: list[TrainingResult]) -> None:
    """Two trainings with the same seed have the same weights, calibration and metrics, bit for bit."""
    first, second = twice
    for ours, theirs in zip(first.network.get_weights(), second.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert first.calibration == second.calibration
    assert (first.decision, first.gate) == (second.decision, second.gate)
    assert first.evidence.to_json() == second.evidence.to_json()


class Spy:
    """Replaces reading, fits and inference: remembers who each network was trained on and whom it scored."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.trained: list[list[Recording]] = []
        self.validated: list[list[Recording]] = []
        self.scored: list[list[Recording]] = []
        self.gate_only: list[tuple[int, Recording]] = []
        self.num_synthetic: list[int] = []
        self.settings: list[dict[str, Any]] = []
        self.ends_in: int | None = None
        self.int8_shift = 0.0
        self.interrupts = Interrupts()
        self.recipe = HeartRecipe(read=self.read)
        patch.setattr(heart, "fit_heart", self.fit)
        patch.setattr(cross_validation, "fit_heart", self.fit)
        patch.setattr(cross_validation, "sounds_outputs", self.outputs)
        patch.setattr(gate_collector, "sounds_outputs", self.outputs_for_gate)
        patch.setattr(heart, "int8_outputs", self.outputs_of_int8)

    def train(self, recordings: Sequence[Recording], options: HeartOptions, **how: Any) -> TrainingResult:
        """Return the result of a training that reads no files."""
        how = {"progress": RecordedProgress(), "recipe": self.recipe, **how}
        return train_heart(recordings, options, **how)

    def read(self, recording: Recording, spec: object) -> Sound:
        """Return a sound without content."""
        count = HEART.num_frames + 40
        frames = Frames(np.zeros((count, 64), np.float32), np.zeros((3, count), np.float32))
        return Sound(recording, frames, HEART.window_samples + HEART.sample_rate)

    def fit(
        self, corpus: Corpus, training: Iterable[int], validation: Iterable[int], *rest: object, **how: Any
    ) -> FittedNetwork:
        """Return the index of the network; later folds have later best steps and lower validation losses."""
        index = len(self.trained)
        self.trained.append([corpus.recordings[row] for row in training])
        self.validated.append([corpus.recordings[row] for row in validation])
        self.num_synthetic.append(len(corpus.synthetic))
        self.settings.append(how)
        self.interrupts.requested = self.interrupts.requested or index == self.ends_in
        best = 100 + 10 * index
        history = TrainingHistory(((best, 1.0),), ((best, 1.0 / (index + 1)),), best, index != self.ends_in)
        return FittedNetwork(index, {FINETUNE: history})

    def outputs(self, network: int, sounds: Sequence[Sound], recipe: HeartRecipe) -> list[NDArray[np.float32]]:
        """Return outputs that are mostly right."""
        assert network == len(self.scored)  # each fold is scored by its own network
        recordings = [sound.recording for sound in sounds]
        self.scored.append(recordings)
        return self.mostly_right(network, recordings)

    @staticmethod
    def mostly_right(network: int, recordings: Sequence[Recording]) -> list[NDArray[np.float32]]:
        """Return random outputs of a network, higher for the label of each recording, and one for a loud murmur."""
        rng = np.random.default_rng(network)
        result = []
        for recording in recordings:
            outputs = rng.standard_normal((2, 4)).astype(np.float32)
            outputs[:, (*LABELS, NON_CARDIAC).index(recording.labels[0])] += 1.5
            loud = np.full((2, 1), 1.0 if recording.loud else -1.0, np.float32)
            result.append(np.hstack([outputs, loud]))
        return result

    def outputs_of_int8(self, network: int, sounds: Sequence[Sound], recipe: object) -> list[NDArray[np.float32]]:
        """Return the outputs of the float network, with a murmur that is more probable by ``int8_shift``."""
        recordings = [sound.recording for sound in sounds]
        assert recordings == self.scored[-1]  # those that the float network has just scored
        shift = np.array([0.0, self.int8_shift, 0.0, 0.0, 0.0], np.float32)
        return [outputs + shift for outputs in self.mostly_right(network, recordings)]

    def outputs_for_gate(self, network: int, sounds: Sequence[Sound], recipe: object) -> list[NDArray[np.float32]]:
        """Return outputs for sounds for the gate alone; remember them."""
        self.gate_only += [(network, sound.recording) for sound in sounds]
        rng = np.random.default_rng(network)
        return [rng.standard_normal((len(sound.starts(HEART, 1.0)), 4)).astype(np.float32) for sound in sounds]


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch, quick_figures_in_module: None) -> Spy:
    """Remember who is trained on and who is scored."""
    return Spy(monkeypatch)


def recordings_of(source: str, *groups: tuple[tuple[str, ...], int], each: int = 2) -> list[Recording]:
    """Return ``each`` recordings of some patients for each set of labels."""
    found = []
    for labels, patients in groups:
        for patient in range(patients):
            owner = f"{source}/{'+'.join(labels)}{patient}"
            found += [Recording(Path(f"{owner}-{index}.wav"), labels, owner, source) for index in range(each)]
    return found


FULL = recordings_of("full", (("normal",), 9), (("murmur",), 6), (("extrastole",), 5))
PART = recordings_of("part", (("murmur",), 6), (("normal", "extrastole"), 6))
NOISE = recordings_of("noise", ((NON_CARDIAC,), 4), each=1)
OPTIONS = HeartOptions(folds=4, synthetic_per_label=1)


@pytest.mark.parametrize("recordings", [FULL, FULL + PART, FULL + PART + NOISE], ids=["one set", "two", "and noise"])
def test_no_patient_is_on_two_sides(spy: Spy, recordings: list[Recording]) -> None:
    """Every recording is scored once, by the one network that had no recording of its patient, of any set."""
    spy.train(recordings, OPTIONS)
    for trained, validated, scored in zip(spy.trained, spy.validated, spy.scored, strict=False):
        sides = [{recording.patient for recording in side} for side in (trained, validated, scored)]
        assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
        assert len(trained) + len(validated) + len(scored) == len(recordings)
    scored = [recording.path for fold in spy.scored for recording in fold]
    assert sorted(scored) == sorted(recording.path for recording in recordings)


def test_the_final_network_is_trained_on_everything(spy: Spy) -> None:
    """After the folds one more network is fitted, on every recording; it scores none."""
    result = spy.train(FULL + NOISE, OPTIONS)
    assert len(spy.trained) == OPTIONS.folds + 1
    assert len(spy.scored) == OPTIONS.folds
    assert spy.trained[-1] == FULL + NOISE
    assert result.network == OPTIONS.folds


def test_how_loud_a_murmur_is(spy: Spy) -> None:
    """It is measured on the sets that grade murmurs alone; a murmur without a grade does not count."""
    grades = [True, True, False, False, None, None] * 2  # two recordings of a patient have one grade
    graded = [dataclasses.replace(one, loud=loud) for one, loud in zip(PART[:12], grades, strict=True)]
    result = spy.train([*FULL, *graded, *PART[12:]], OPTIONS)
    assert result.loudness is not None
    counts = result.loudness.counts
    assert [counts[f"recordings_{grade}"] for grade in ("absent", "soft", "loud")] == [12, 4, 4]
    assert [counts[f"patients_{grade}"] for grade in ("absent", "soft", "loud")] == [6, 2, 2]
    assert result.loudness.metrics["auc_recordings"].value == 1.0


def test_no_loudness_without_grades(spy: Spy) -> None:
    """The bundle then says nothing of it."""
    assert spy.train(FULL + PART, OPTIONS).loudness is None


def test_every_fold_holds_out_every_label(spy: Spy) -> None:
    """Fully and partially labelled sets are each spread over the folds."""
    spy.train(FULL + PART, OPTIONS)
    for scored in spy.scored:
        assert {(recording.source, recording.labels) for recording in scored} == {
            ("full", ("normal",)),
            ("full", ("murmur",)),
            ("full", ("extrastole",)),
            ("part", ("murmur",)),
            ("part", ("normal", "extrastole")),
        }


def test_metrics_are_of_the_fully_labelled_set(spy: Spy) -> None:
    """They count the recordings of that set alone; the other set has its own."""
    result = spy.train(FULL + PART + NOISE, OPTIONS)
    assert (result.evidence.num_recordings, result.evidence.num_patients) == (40, 20)
    assert set(result.other_sets) == {"part"}
    assert list(result.other_sets["part"]) == ["murmur_auc"]
    area = result.other_sets["part"]["murmur_auc"]
    assert 0.5 < area.low <= area.value <= area.high <= 1.0


def test_the_int8_networks_are_evaluated_on_the_same_patients(spy: Spy) -> None:
    """With the calibration of the float networks: the same outputs give the same metrics, others their differences."""
    same = spy.train(FULL + PART, OPTIONS)
    assert same.int8 is not None
    assert same.int8.evidence.overall == same.evidence.overall
    assert same.int8.other_sets == same.other_sets
    assert (same.int8.labels_changed, same.int8.largest_difference) == (0, 0.0)


def test_int8_networks_that_differ(spy: Spy) -> None:
    """Changed labels are counted, and the largest difference of a recording's score is given."""
    spy.int8_shift = -4.0
    result = spy.train(FULL + PART, dataclasses.replace(OPTIONS, repeats=2))
    assert result.int8 is not None
    assert result.int8.evidence.num_repeats == 2
    assert 0 < result.int8.labels_changed <= 2 * len(FULL)
    assert 0.0 < result.int8.largest_difference <= 1.0
    sensitivities = [one.per_label["murmur"]["sensitivity"].value for one in (result.int8.evidence, result.evidence)]
    assert sensitivities[0] < sensitivities[1]


def test_extrasystoles_are_ranked_without_the_inaudible(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extrasystoles are compared with normals as in the study: by scores without the share that differs by fold."""
    given: dict[str, NDArray[np.float64]] = {}

    def keep(ground_truth: NDArray[np.intp], scores: NDArray[np.float64], *rest: Any, **how: Any) -> Any:
        if "audible" in how:  # of the float networks
            given.update(truth=ground_truth, scores=scores, audible=how["audible"])
        return measure(ground_truth, scores, *rest, **how)

    def inaudible(network: int, sounds: Sequence[Sound], recipe: HeartRecipe) -> list[NDArray[np.float32]]:
        outputs = spy.outputs(network, sounds, recipe)
        for sound, of_sound in zip(sounds, outputs, strict=True):
            if sound.recording.label == "extrastole":
                of_sound[:, [0, 2]] += 1.5, -3.0
        return outputs

    monkeypatch.setattr(heart, "measure", keep)
    monkeypatch.setattr(cross_validation, "sounds_outputs", inaudible)
    noisy = [
        dataclasses.replace(recording, noisy=recording.label != "extrastole" and index % 2 > 0)
        for index, recording in enumerate(FULL)
    ]
    result = spy.train(noisy, dataclasses.replace(OPTIONS, repeats=2))
    scores, audible = given["scores"][..., 2], given["audible"]
    assert audible.shape == scores.shape == (2, len(FULL))
    assert (audible <= scores + 1e-12).all()
    assert not np.allclose(audible, scores)  # a fold has a share, and it is left out
    clean = np.array([not one.noisy for one in noisy])
    among = (given["truth"] == 2) | ((given["truth"] == 0) & clean)
    areas = [auc(given["truth"][among] == 2, of_repeat[among]) for of_repeat in audible]
    assert result.evidence.apart["extrastole_against_clean_normals_auc"].value == pytest.approx(np.mean(areas))


def test_non_cardiac_sounds_in_the_same_set(spy: Spy) -> None:
    """They are trained on, and the metrics leave them out."""
    own = recordings_of("full", ((NON_CARDIAC,), 3), each=1)
    result = spy.train(FULL + own, OPTIONS)
    assert result.labels == LABELS
    assert result.evidence.num_recordings == len(FULL)
    assert all(recording in trained for trained in spy.trained for recording in own)


@pytest.mark.parametrize("per_label", [0, 3])
def test_synthetic_sounds(spy: Spy, per_label: int) -> None:
    """Every network is trained on as many of each label and of non-cardiac sound as asked for, or on none."""
    result = spy.train(FULL, HeartOptions(folds=4, synthetic_per_label=per_label))
    assert spy.num_synthetic == [4 * per_label] * 5
    assert np.isfinite(result.calibration.bias).all()


def test_labels_that_cannot_be_synthesized(spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other labels are trained on recordings alone; of synthetic sounds only the non-cardiac ones are used."""
    recordings = recordings_of("mine", (("clear",), 5), (("muffled",), 5))
    outputs = np.zeros((2, 3), np.float32)
    for module, name in ((cross_validation, "sounds_outputs"), (heart, "int8_outputs")):
        monkeypatch.setattr(module, name, lambda network, sounds, recipe: [outputs for _ in sounds])
    result = spy.train(recordings, OPTIONS)
    assert result.labels == ("clear", "muffled")
    assert spy.num_synthetic == [1] * 5


def test_stages_are_named(spy: Spy) -> None:
    """Reading and synthesis are shown with their counts."""
    progress = RecordedProgress()
    spy.train(FULL, OPTIONS, progress=progress)
    assert progress.stages == ["reading recordings 40", "synthesizing sounds 4"]


def test_recordings_for_the_gate_alone(spy: Spy) -> None:
    """No fit has them; each is scored by one fold's network, and the gate's metrics have their kinds."""
    more = [*recordings_of("phone", (("normal",), 3)), *recordings_of("phone", ((NON_CARDIAC,), 3))]
    result = spy.train(FULL + NOISE, OPTIONS, for_gate=more)
    assert not any(recording in more for fit in (*spy.trained, *spy.validated) for recording in fit)
    scored = [recording.path for _, recording in spy.gate_only if recording in more]
    assert sorted(scored) == sorted(recording.path for recording in more)
    for patient in {recording.patient for recording in more}:
        assert len({network for network, recording in spy.gate_only if recording.patient == patient}) == 1
    assert result.gate_metrics is not None
    assert {"full", "phone", "not", "made hum", "made mixtures"} <= set(result.gate_metrics.windows)
    assert result.gate.odds_weight != 0.0


def test_progress(spy: Spy) -> None:
    """The whole has the steps of all fits; after each fold the metrics so far are noted."""
    progress = RecordedProgress()
    spy.train(FULL, dataclasses.replace(OPTIONS, pretrain_steps=3, steps=7), progress=progress)
    assert progress.wholes == [50]
    assert [line.partition(":")[0] for line in progress.notes] == [f"fold {fold} of 4" for fold in range(1, 5)]
    assert "recordings so far (weights of step 130, validation loss 0.250)" in progress.notes[3]
    assert "on 40 recordings" in progress.notes[3]


class TestRepeats:
    """Cross-validation more than once."""

    def test_each_repeat_holds_everyone_out(self, spy: Spy) -> None:
        """Two repeats of four folds score everyone twice, and metrics count everyone once."""
        result = spy.train(FULL + PART, dataclasses.replace(OPTIONS, repeats=2))
        assert len(spy.scored) == 8
        scored = [recording.path for fold in spy.scored for recording in fold]
        assert sorted(scored) == sorted(recording.path for recording in FULL + PART for _ in range(2))
        assert (result.evidence.num_recordings, result.evidence.num_repeats) == (40, 2)
        assert result.evidence.confusion.sum() == 80
        assert result.other_sets["part"]["murmur_auc"].value > 0.5
        assert [history.name for history in result.histories][-2:] == ["2.4", "all recordings"]

    def test_the_final_fit_is_as_long_as_the_folds(self, spy: Spy) -> None:
        """It runs for the median of the folds' best steps, without validation patients."""
        spy.train(FULL, dataclasses.replace(OPTIONS, repeats=2))
        assert spy.settings[-1]["until"] == 135
        assert [how.get("until") for how in spy.settings[:-1]] == [None] * 8
        assert spy.validated[-1] == []
        assert len({(how["seed"], how["index"]) for how in spy.settings}) == 9


class TestEnding:
    """A person who ends a training gets what is done."""

    def train(self, spy: Spy, ends_in: int) -> TrainingResult:
        """Return the result of four folds, ended in one of the fits."""
        spy.ends_in = ends_in
        self.progress = RecordedProgress()
        return spy.train(FULL + PART, OPTIONS, progress=self.progress, interrupts=spy.interrupts)

    @pytest.mark.parametrize("ends_in", [1, 2, 3])
    def test_in_a_fold(self, spy: Spy, ends_in: int) -> None:
        """The metrics are of the folds done, the network is the one with the lowest validation loss."""
        result = self.train(spy, ends_in)
        done = [recording for fold in spy.scored for recording in fold if recording.source == "full"]
        assert len(spy.scored) == ends_in
        assert result.evidence.num_recordings == len(done)
        assert result.network == ends_in - 1
        assert result.ended.startswith(f"Ended by hand: {ends_in} of 4 folds were done.")
        assert len(result.histories) == ends_in
        assert self.progress.notes[-1].startswith("ending: the bundle is written with what is done")
        assert np.isfinite(result.calibration.bias).all()

    def test_in_the_final_fit(self, spy: Spy) -> None:
        """All metrics are there; the network is a fold's, since the final fit is incomplete."""
        result = self.train(spy, 4)
        assert result.evidence.num_recordings == 40
        assert result.network == 3
        assert "all 4 folds were done, but not the fit on all recordings" in result.ended

    def test_before_a_fold_is_complete(self, spy: Spy) -> None:
        """There is no result, and one line says so."""
        with pytest.raises(EndedError, match="ended before the first fold was complete: nothing is written"):
            self.train(spy, 0)
        assert not spy.scored

    def test_an_incomplete_repeat_does_not_count(self, spy: Spy) -> None:
        """Ended in the second repeat, the metrics are of the first."""
        spy.ends_in = 6
        options = dataclasses.replace(OPTIONS, repeats=2)
        result = spy.train(FULL, options, interrupts=spy.interrupts)
        assert (result.evidence.num_repeats, result.evidence.num_recordings) == (1, 40)
        assert result.ended.startswith("Ended by hand: 6 of 8 folds were done.")

    def test_a_complete_training_has_no_such_sentence(self, spy: Spy) -> None:
        """It is empty."""
        assert spy.train(FULL, OPTIONS).ended == ""


def test_held_out_scores_for_plots(spy: Spy) -> None:
    """They are of the first repeat, with the recordings and their numbers of windows."""
    result = spy.train(FULL + PART, dataclasses.replace(OPTIONS, repeats=2))
    assert result.held_out is not None
    assert [recording.source for recording in result.held_out.recordings] == ["full"] * 40
    assert result.held_out.scores.shape == (40, 3)
    np.testing.assert_allclose(result.held_out.scores.sum(axis=1), 1.0)
    assert result.held_out.num_windows == [2] * 40


def test_no_fully_labelled_set(spy: Spy) -> None:
    """Sets that each have only a part of the labels cannot be trained on alone."""
    recordings = recordings_of("a", (("normal",), 5)) + recordings_of("b", (("murmur",), 5))
    with pytest.raises(DataError, match=r"no data set has recordings of every label \(normal, murmur\); add one"):
        spy.train(recordings, OPTIONS)
    assert not spy.trained


def test_too_few_patients(spy: Spy) -> None:
    """A label with fewer patients than folds is refused before anything is read or fitted."""
    with pytest.raises(DataError, match="the label extrastole has 5 patients, too few for 6 folds"):
        spy.train(FULL, HeartOptions(folds=6))
    assert not spy.trained


def test_a_file_that_cannot_be_read(spy: Spy) -> None:
    """One bad file is left out of every fit and every metric."""

    def read(recording: Recording, spec: object) -> Sound:
        if recording == FULL[3]:
            raise RecordingError("it cannot be read")
        return spy.read(recording, spec)

    result = spy.train(FULL, OPTIONS, recipe=HeartRecipe(read=read))
    assert result.evidence.num_recordings == len(FULL) - 1
    assert FULL[3] not in result.recordings
    assert all(FULL[3] not in side for side in spy.trained + spy.scored)


def test_no_file_that_can_be_read(spy: Spy) -> None:
    """Where a label has no file left, the training ends before a network is fitted."""
    with pytest.raises(DataError, match="no recording of normal can be read"):
        train_heart(FULL, OPTIONS, RecordedProgress())
    assert not spy.trained


def test_recordings_of_unknown_patients(spy: Spy) -> None:
    """Every network is trained on them, and none scores them."""
    unknown = [Recording(Path(f"{label}.wav"), (label,), "", "full") for label in LABELS]
    result = spy.train(FULL + unknown, OPTIONS)
    assert result.evidence.num_recordings == len(FULL)
    assert all(recording in trained for trained in spy.trained for recording in unknown)
    assert not any(recording in scored for scored in spy.scored for recording in unknown)

"""The default recipe: nobody is judged by a network that heard him, and the seed repeats it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError, EndedError, RecordingError
from monitor.features.spec import HEART
from monitor.interrupts import Interrupts
from training.calibration import gate_collector
from training.data.audio import Frames, Sound
from training.data.discovery import discover
from training.data.recording import NON_CARDIAC, Recording
from training.fitting import cross_validation, heart_fit
from training.fitting.cross_validation import FoldRun
from training.fitting.trainer import TrainingHistory
from training.progress import SilentProgress, Tick
from training.recipes import heart
from training.recipes.heart import HeartOptions, TrainingResult, describe_recordings, train_heart

LABELS = ("normal", "murmur", "extrastole")
SHORT = HeartOptions(folds=2, pretrain_steps=2, steps=2, batch_size=4, synthetic_per_label=2)


@pytest.fixture(scope="module")
def twice(made_folder: Path, tiny_network: Callable[..., Any], quick_figures_in_module: None) -> list[TrainingResult]:
    """Return what two trainings of the same made recordings gave, with the same seed and a tiny network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heart_fit, "heart_network", tiny_network)
        return [train_heart(discover([made_folder]), SHORT, Quiet()) for _ in range(2)]


class Quiet(SilentProgress):
    """Progress that is shown nowhere, but remembered."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.notes: list[str] = []
        self.wholes: list[int] = []

    def stage(self, name: str, total: int) -> Tick:
        """Begin a stage."""
        self.stages.append(f"{name} {total}")
        return super().stage(name, total)

    def whole(self, name: str, total: int) -> None:
        """Begin the whole."""
        self.wholes.append(total)

    def note(self, text: str) -> None:
        """Remember a line."""
        self.notes.append(text)


def test_what_comes_out(twice: list[TrainingResult]) -> None:
    """Labels, settings, one bias per label, a threshold for hearts, and evidence of every recording held out once."""
    trained = twice[0]
    assert (trained.labels, trained.spec) == (LABELS, HEART)
    assert len(trained.calibration.bias) == 3
    assert 0.5 <= trained.decision.uncertain_below <= 0.9
    assert trained.gate_figures is not None
    assert trained.gate_figures.windows["made hum"] == 6
    assert (trained.evidence.num_recordings, trained.evidence.num_patients) == (18, 18)
    assert trained.evidence.confusion.sum(axis=1).tolist() == [6, 6, 6]
    assert trained.network.output_shape == (None, 4)
    assert trained.other_sets == {}


def test_the_seed_repeats_it(twice: list[TrainingResult]) -> None:
    """Trained twice from the same seed: the same weights, calibration and figures, to the last bit."""
    first, second = twice
    for ours, theirs in zip(first.network.get_weights(), second.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert first.calibration == second.calibration
    assert (first.decision, first.gate) == (second.decision, second.gate)
    assert first.evidence.to_json() == second.evidence.to_json()


def test_the_network_is_ours(made_folder: Path) -> None:
    """The recipe fits the network of monitor.inference.networks, with an output for no heart behind those of the labels."""
    sounds = [heart.read_sound(recording, HEART) for recording in discover([made_folder])[::6]]
    options = HeartOptions(pretrain_steps=0, steps=1, batch_size=2)
    material = heart_fit.Material(LABELS, {"clinic"}, [])
    fitted = heart_fit.fit_heart(sounds, [], material, options, seed=0, number=0, name="all", progress=Quiet())
    assert fitted.network.name == "heart_sounds"
    assert fitted.network.output_shape == (None, 4)
    assert (list(fitted.courses), fitted.kept, fitted.complete) == ([heart_fit.WITH], 1, True)


class Watched:
    """Stands in for fitting and judging: remembers who was heard by which network and whom it judged."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.heard: list[list[Recording]] = []
        self.looked_at: list[list[Recording]] = []
        self.judged: list[list[Recording]] = []
        self.alone: list[tuple[int, Recording]] = []
        self.made: list[int] = []
        self.settings: list[dict[str, Any]] = []
        self.ends_in: int | None = None
        self.interrupts = Interrupts()
        patch.setattr(heart, "read_sound", self.read)
        patch.setattr(heart, "fit_heart", self.fit)
        patch.setattr(cross_validation, "fit_heart", self.fit)
        patch.setattr(heart, "held_out_outputs", self.outputs)
        patch.setattr(gate_collector, "sounds_outputs", self.outputs_alone)

    def read(self, recording: Recording, spec: object) -> Sound:
        """Return a sound without content."""
        count = HEART.num_frames + 40
        frames = Frames(np.zeros((count, 64), np.float32), np.zeros((3, count), np.float32))
        return Sound(recording, frames, HEART.window_samples + HEART.sample_rate)

    def fit(
        self, sounds: Sequence[Sound], watched: Sequence[Sound], material: heart_fit.Material, *rest: object, **how: Any
    ) -> heart_fit.Fitted:
        """Return the number of the network; later folds keep later steps and are watched with less loss."""
        number = len(self.heard)
        self.heard.append([sound.recording for sound in sounds])
        self.looked_at.append([sound.recording for sound in watched])
        self.made.append(len(material.made))
        self.settings.append(how)
        self.interrupts.requested = self.interrupts.requested or number == self.ends_in
        kept = 100 + 10 * number
        course = TrainingHistory(((kept, 1.0),), ((kept, 1.0 / (number + 1)),), kept, number != self.ends_in)
        return heart_fit.Fitted(number, {heart_fit.WITH: course})

    def outputs(self, run: FoldRun, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
        """Return outputs that mostly say the truth."""
        assert run.network == len(self.judged)  # each fold is judged by its own network
        held = [sounds[row].recording for row in run.held.tolist()]
        self.judged.append(held)
        rng = np.random.default_rng(run.network)
        result = []
        for recording in held:
            outputs = rng.standard_normal((2, 4)).astype(np.float32)
            outputs[:, (*LABELS, NON_CARDIAC).index(recording.labels[0])] += 1.5
            result.append(outputs)
        return result

    def outputs_alone(self, network: int, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
        """Return outputs for sounds that teach the gate alone; remember them."""
        self.alone += [(network, sound.recording) for sound in sounds]
        rng = np.random.default_rng(network)
        return [rng.standard_normal((len(sound.starts(HEART, 1.0)), 4)).astype(np.float32) for sound in sounds]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, quick_figures_in_module: None) -> Watched:
    """Watch who is trained on and who is judged."""
    return Watched(monkeypatch)


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
def test_nobody_is_judged_by_a_network_that_heard_him(watched: Watched, recordings: list[Recording]) -> None:
    """Everybody is judged once, by the one network that heard no recording of that patient, of any set."""
    train_heart(recordings, OPTIONS, Quiet())
    for heard, looked_at, judged in zip(watched.heard, watched.looked_at, watched.judged, strict=False):
        sides = [{its.patient for its in side} for side in (heard, looked_at, judged)]
        assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
        assert len(heard) + len(looked_at) + len(judged) == len(recordings)
    judged = [its for fold in watched.judged for its in fold]
    assert sorted(its.path for its in judged) == sorted(its.path for its in recordings)


def test_the_network_that_is_shipped_hears_all(watched: Watched) -> None:
    """After the folds one more network is fitted, on every recording; it judges nobody."""
    trained = train_heart(FULL + NOISE, OPTIONS, Quiet())
    assert len(watched.heard) == OPTIONS.folds + 1
    assert len(watched.judged) == OPTIONS.folds
    assert watched.heard[-1] == FULL + NOISE
    assert trained.network == OPTIONS.folds


def test_every_fold_judges_every_label(watched: Watched) -> None:
    """Sets that tell all, and sets that tell a part, are each spread over the folds."""
    train_heart(FULL + PART, OPTIONS, Quiet())
    for judged in watched.judged:
        assert {(its.source, its.labels) for its in judged} == {
            ("full", ("normal",)),
            ("full", ("murmur",)),
            ("full", ("extrastole",)),
            ("part", ("murmur",)),
            ("part", ("normal", "extrastole")),
        }


def test_the_evidence_is_of_the_set_that_tells_all(watched: Watched) -> None:
    """The figures count the recordings of that set alone; the other set has its own."""
    trained = train_heart(FULL + PART + NOISE, OPTIONS, Quiet())
    assert (trained.evidence.num_recordings, trained.evidence.num_patients) == (40, 20)
    assert set(trained.other_sets) == {"part"}
    assert list(trained.other_sets["part"]) == ["murmur_auc"]
    figure = trained.other_sets["part"]["murmur_auc"]
    assert 0.5 < figure.low <= figure.value <= figure.high <= 1.0


def test_sounds_that_are_no_heart_in_the_same_folder(watched: Watched) -> None:
    """A set with its own sounds that are no heart is trained on them, and its figures leave them out."""
    own = recordings_of("full", ((NON_CARDIAC,), 3), each=1)
    trained = train_heart(FULL + own, OPTIONS, Quiet())
    assert trained.labels == LABELS
    assert trained.evidence.num_recordings == len(FULL)
    assert all(its in heard for heard in watched.heard for its in own)


@pytest.mark.parametrize("made", [0, 3])
def test_made_sounds(watched: Watched, made: int) -> None:
    """As many of each label and of no heart as asked for, in every network; none is no trouble either."""
    trained = train_heart(FULL, HeartOptions(folds=4, synthetic_per_label=made), Quiet())
    assert watched.made == [4 * made] * 5
    assert np.isfinite(trained.calibration.bias).all()


def test_labels_that_cannot_be_made(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels of one's own are trained on recordings alone; of made sounds only those that are no heart help."""
    recordings = recordings_of("mine", (("clear",), 5), (("muffled",), 5))
    monkeypatch.setattr(heart, "held_out_outputs", lambda run, sounds: [np.zeros((2, 3), np.float32) for _ in run.held])
    trained = train_heart(recordings, OPTIONS, Quiet())
    assert trained.labels == ("clear", "muffled")
    assert watched.made == [1] * 5


def test_stages_are_named(watched: Watched) -> None:
    """What is read and made is shown with its count."""
    quiet = Quiet()
    train_heart(FULL, OPTIONS, quiet)
    assert quiet.stages == ["reading recordings 40", "making sounds 4"]


def test_what_teaches_the_gate_alone(watched: Watched) -> None:
    """It reaches no fit; each is judged by one fold's network, made sounds too, and the gate's figures name it."""
    more = [*recordings_of("phone", (("normal",), 3)), *recordings_of("phone", ((NON_CARDIAC,), 3))]
    trained = train_heart(FULL + NOISE, OPTIONS, Quiet(), for_gate=more)
    assert not any(its in more for heard in (*watched.heard, *watched.looked_at) for its in heard)
    assert sorted(its.path for _, its in watched.alone if its in more) == sorted(its.path for its in more)
    for owner in {its.patient for its in more}:
        assert len({network for network, its in watched.alone if its.patient == owner}) == 1
    assert trained.gate_figures is not None
    assert {"full", "phone", "not", "made hum", "made mixtures"} <= set(trained.gate_figures.windows)
    assert trained.gate.odds_weight != 0.0


def test_the_whole_and_every_fold_are_told(watched: Watched) -> None:
    """The whole counts the steps of all fits; after each fold its figures so far are said."""
    quiet = Quiet()
    train_heart(FULL, dataclasses.replace(OPTIONS, pretrain_steps=3, steps=7), quiet)
    assert quiet.wholes == [50]
    assert [line.partition(":")[0] for line in quiet.notes] == [f"fold {fold} of 4" for fold in range(1, 5)]
    assert "recordings so far (weights of step 130 kept, watched loss 0.250)" in quiet.notes[3]
    assert "on 40 recordings" in quiet.notes[3]


class TestRepeats:
    """The patients dealt into folds more than once."""

    def test_each_repeat_holds_everybody_out(self, watched: Watched) -> None:
        """Two repeats of four folds judge everyone twice, and figures count everyone once."""
        trained = train_heart(FULL + PART, dataclasses.replace(OPTIONS, repeats=2), Quiet())
        assert len(watched.judged) == 8
        assert sorted(its.path for fold in watched.judged for its in fold) == sorted(
            its.path for its in FULL + PART for _ in range(2)
        )
        assert (trained.evidence.num_recordings, trained.evidence.num_repeats) == (40, 2)
        assert trained.evidence.confusion.sum() == 80
        assert trained.other_sets["part"]["murmur_auc"].value > 0.5
        assert [its.name for its in trained.courses][-2:] == ["2.4", "all recordings"]

    def test_the_last_fit_is_as_long_as_the_folds(self, watched: Watched) -> None:
        """It runs for the median of the steps that the folds kept, hears everyone, and watches nobody."""
        train_heart(FULL, dataclasses.replace(OPTIONS, repeats=2), Quiet())
        assert watched.settings[-1]["until"] == 135
        assert [how.get("until") for how in watched.settings[:-1]] == [None] * 8
        assert watched.looked_at[-1] == []
        assert len({(how["seed"], how["number"]) for how in watched.settings}) == 9


class TestEnding:
    """A person who wants an end gets what is done."""

    def train(self, watched: Watched, ends_in: int) -> TrainingResult:
        """Return a training of four folds that is ended in one of its fits."""
        watched.ends_in = ends_in
        self.quiet = Quiet()
        return train_heart(FULL + PART, OPTIONS, self.quiet, interrupts=watched.interrupts)

    @pytest.mark.parametrize("ends_in", [1, 2, 3])
    def test_in_a_fold(self, watched: Watched, ends_in: int) -> None:
        """The figures are of the folds done, the network is the one that its watched patients liked best."""
        trained = self.train(watched, ends_in)
        done = [its for fold in watched.judged for its in fold if its.source == "full"]
        assert len(watched.judged) == ends_in
        assert trained.evidence.num_recordings == len(done)
        assert trained.network == ends_in - 1
        assert trained.ended.startswith(f"Ended by hand: {ends_in} of 4 folds were done.")
        assert len(trained.courses) == ends_in
        assert self.quiet.notes[-1].startswith("ending: the bundle is written with what is done")
        assert np.isfinite(trained.calibration.bias).all()

    def test_in_the_last_fit(self, watched: Watched) -> None:
        """All figures are there; the network is a fold's, for the last was not fitted to its end."""
        trained = self.train(watched, 4)
        assert trained.evidence.num_recordings == 40
        assert trained.network == 3
        assert "all 4 folds were done, but not the fit on all recordings" in trained.ended

    def test_before_a_fold_is_complete(self, watched: Watched) -> None:
        """There is nothing to keep, and one line says so."""
        with pytest.raises(EndedError, match="ended before the first fold was complete: nothing is written"):
            self.train(watched, 0)
        assert not watched.judged

    def test_a_repeat_that_is_not_whole_does_not_count(self, watched: Watched) -> None:
        """Ended in the second repeat, the figures are of the first."""
        watched.ends_in = 6
        options = dataclasses.replace(OPTIONS, repeats=2)
        trained = train_heart(FULL, options, Quiet(), interrupts=watched.interrupts)
        assert (trained.evidence.num_repeats, trained.evidence.num_recordings) == (1, 40)
        assert trained.ended.startswith("Ended by hand: 6 of 8 folds were done.")

    def test_a_training_to_its_end_says_nothing(self, watched: Watched) -> None:
        """Nobody ended it."""
        assert train_heart(FULL, OPTIONS, Quiet()).ended == ""


def test_what_plots_are_drawn_of(watched: Watched) -> None:
    """The scores of the first repeat, with the recordings and how many windows each has."""
    trained = train_heart(FULL + PART, dataclasses.replace(OPTIONS, repeats=2), Quiet())
    assert trained.held_out is not None
    assert [its.source for its in trained.held_out.recordings] == ["full"] * 40
    assert trained.held_out.scores.shape == (40, 3)
    np.testing.assert_allclose(trained.held_out.scores.sum(axis=1), 1.0)
    assert trained.held_out.num_windows == [2] * 40


def test_no_set_tells_all(watched: Watched) -> None:
    """Sets of which each tells only a part of the labels cannot be trained on alone."""
    recordings = recordings_of("a", (("normal",), 5)) + recordings_of("b", (("murmur",), 5))
    with pytest.raises(DataError, match=r"no data set has recordings of every label \(normal, murmur\); add one"):
        train_heart(recordings, OPTIONS, Quiet())
    assert not watched.heard


def test_too_few_patients(watched: Watched) -> None:
    """A label with fewer patients than folds is refused before anything is read or fitted."""
    with pytest.raises(DataError, match="the label extrastole has 5 patients, too few for 6 folds"):
        train_heart(FULL, HeartOptions(folds=6), Quiet())
    assert not watched.heard


def test_a_file_that_cannot_be_read(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad file is left out: nobody hears it, and it is in no figure."""

    def read(recording: Recording, spec: object) -> Sound:
        if recording == FULL[3]:
            raise RecordingError("it cannot be read")
        return watched.read(recording, spec)

    monkeypatch.setattr(heart, "read_sound", read)
    trained = train_heart(FULL, OPTIONS, Quiet())
    assert trained.evidence.num_recordings == len(FULL) - 1
    assert FULL[3] not in trained.recordings
    assert all(FULL[3] not in people for people in watched.heard + watched.judged)


def test_no_file_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a label has no file left, the training ends before a network is fitted."""
    monkeypatch.setattr(cross_validation, "fit_heart", None)
    with pytest.raises(DataError, match="no recording of normal can be read"):
        train_heart(FULL, OPTIONS, Quiet())


def test_recordings_of_nobody_known(watched: Watched) -> None:
    """Recordings whose patient is not known are heard by every network and judged by none."""
    nameless = [Recording(Path(f"{label}.wav"), (label,), "", "full") for label in LABELS]
    trained = train_heart(FULL + nameless, OPTIONS, Quiet())
    assert trained.evidence.num_recordings == len(FULL)
    assert all(its in heard for heard in watched.heard for its in nameless)
    assert not any(its in judged for judged in watched.judged for its in nameless)


def test_describe_recordings() -> None:
    """Sets in the order given, each with recordings, patients and labels; a partial label names all it may be."""
    assert describe_recordings([*PART, *NOISE]) == [
        {"set": "part", "recordings": 24, "patients": 12, "labels": {"murmur": 12, "normal or extrastole": 12}},
        {"set": "noise", "recordings": 4, "patients": 4, "labels": {NON_CARDIAC: 4}},
    ]

"""The article's recipe: as published, but evaluated on held-out patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError, EndedError
from monitor.features.article_image import ARTICLE, article_image
from monitor.features.resample import resampled
from monitor.labels import NON_CARDIAC
from monitor.process.interrupts import Interrupts
from training.data.corpus import Corpus
from training.data.discovery import discover
from training.data.recording import Recording
from training.fitting.cross_validation import fold_plans
from training.fitting.trainer import TrainingHistory
from training.progress import OnStep, SilentProgress
from training.recipes import article
from training.recipes.article import ArticleOptions, fit_article, fold_seed, read_images, train_article
from training.recipes.result import TrainingResult

TWO = ArticleOptions(folds=2, epochs=2, batch_size=8)


class RecordedProgress(SilentProgress):
    """Progress that is recorded."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.losses: list[float] = []
        self.notes: list[str] = []

    def stage(self, name: str, total: int) -> OnStep:
        """Begin a stage."""
        self.stages.append(f"{name} {total}")
        return lambda loss, validation_loss=0.0, /: self.losses.append(loss)

    def note(self, text: str) -> None:
        """Record a line."""
        self.notes.append(text)


@pytest.fixture(scope="module")
def progress() -> RecordedProgress:
    """Return the progress of the training below."""
    return RecordedProgress()


@pytest.fixture(scope="module")
def trained(made_folder: Path, progress: RecordedProgress, quick_figures_in_module: None) -> TrainingResult:
    """Return what two epochs on synthetic recordings gave."""
    return train_article(discover([made_folder]), TWO, progress)


def test_the_result(trained: TrainingResult) -> None:
    """The article's network and settings, normalized sigmoids, and metrics of every recording, held out once."""
    assert trained.network.name == "article"
    assert trained.network.input_shape == (None, 64, 64, 3)
    assert trained.spec == ARTICLE
    assert trained.calibration.kind == "share"
    assert trained.labels == ("normal", "murmur", "extrastole")
    assert (trained.evidence.num_recordings, trained.evidence.num_patients) == (18, 18)
    assert trained.other_sets == {}


def test_progress(trained: TrainingResult, progress: RecordedProgress) -> None:
    """Images, each fold and the final fit are stages; every epoch gives its loss."""
    assert progress.stages == ["building images 18", "fold 1 of 2 2", "fold 2 of 2 2", "all recordings 2"]
    epochs = [loss for loss in progress.losses if not np.isnan(loss)]
    assert len(epochs) == 6
    assert all(0.0 < loss < 2.0 for loss in epochs)


def test_default_settings() -> None:
    """150 epochs in batches of 32."""
    assert (ArticleOptions().epochs, ArticleOptions().batch_size) == (150, 32)


def image_of(tmp_path: Path, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the recipe's image of a recording."""
    soundfile.write(tmp_path / "a.wav", waveform, 4000, subtype="FLOAT")
    return read_images([Recording(tmp_path / "a.wav", ("normal",), "p", "set")], RecordedProgress())[1][0]


@pytest.mark.parametrize("seconds", [2, 5, 8])
def test_cut_or_padded_to_five_seconds(tmp_path: Path, signals: Any, seconds: int) -> None:
    """A long clip is cut, a short one zero-padded, as in the article; it is not looped."""
    waveform = signals.noise(seconds * 4000)
    sound = resampled(waveform, 4000, ARTICLE.sample_rate)
    padded = np.concatenate((sound, np.zeros(ARTICLE.window_samples, np.float32)))[: ARTICLE.window_samples]
    np.testing.assert_array_equal(image_of(tmp_path, waveform), article_image(padded, ARTICLE))


class Spy:
    """Replaces images, fits and inference: remembers rows, seeds, and which network scored what."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.trained: list[list[int]] = []
        self.scored: list[list[int]] = []
        self.seeds: list[int] = []
        self.interrupts = Interrupts()
        self.ends_in: int | None = None
        patch.setattr(article, "read_images", self.read_images)
        patch.setattr(article, "fit_article", self.fit)
        patch.setattr(article, "outputs_of", self.outputs)

    def read_images(
        self, recordings: Sequence[Recording], progress: object
    ) -> tuple[Sequence[Recording], NDArray[np.intp]]:
        """Return the row of each recording in place of its image."""
        return recordings, np.arange(len(recordings))

    def fit(self, images: NDArray[np.intp], *rest: Any, seed: int, **how: Any) -> tuple[int, TrainingHistory]:
        """Remember what is trained on."""
        self.seeds.append(seed)
        complete = len(self.trained) != self.ends_in
        self.interrupts.requested = self.interrupts.requested or not complete
        self.trained.append(images.tolist())
        return len(self.trained), TrainingHistory(((150, 0.1),), (), 150, complete)

    def outputs(self, network: int, images: NDArray[np.intp]) -> NDArray[np.float32]:
        """Remember what is scored."""
        self.scored.append(images.tolist())
        return np.random.default_rng(network).random((len(images), 2)).astype(np.float32)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch, quick_figures: None) -> Spy:
    """Remember who is trained on and who is scored."""
    return Spy(monkeypatch)


def recordings_of(*groups: tuple[tuple[str, ...], int]) -> list[Recording]:
    """Return two recordings of some patients for each set of labels."""
    return [
        Recording(Path(f"{labels[0]}{patient}-{index}.wav"), labels, f"{labels[0]}{patient}", "set")
        for labels, patients in groups
        for patient in range(patients)
        for index in range(2)
    ]


TEN_PATIENTS = recordings_of((("normal",), 6), (("murmur",), 4))


def test_no_patient_is_on_both_sides(spy: Spy) -> None:
    """Every recording is scored once, by a network not trained on its patient; the final one is trained on all."""
    train_article(TEN_PATIENTS, ArticleOptions(folds=3), RecordedProgress())
    for trained, scored in zip(spy.trained, spy.scored, strict=False):
        assert not {TEN_PATIENTS[row].patient for row in trained} & {TEN_PATIENTS[row].patient for row in scored}
    assert sorted(row for fold in spy.scored for row in fold) == list(range(20))
    assert spy.trained[-1] == list(range(20))
    assert len(spy.trained) == 4


def test_repeats(spy: Spy) -> None:
    """Each repeat has other folds, with the next seed; metrics are means over the repeats."""
    result = train_article(TEN_PATIENTS, ArticleOptions(folds=2, repeats=3, seed=7), RecordedProgress())
    assert spy.seeds == [7000, 7001, 8000, 8001, 9000, 9001, 7]
    assert sorted(row for fold in spy.scored for row in fold) == sorted(3 * list(range(20)))
    assert (result.evidence.num_recordings, result.evidence.num_repeats) == (20, 3)
    assert len(result.histories) == 7


def test_the_folds_are_those_of_our_recipe() -> None:
    """On the same set and seed, both recipes hold out the same recordings, and each fold has a seed of its own."""
    ours = fold_plans(Corpus.of(TEN_PATIENTS), folds=3, repeats=2, seed=1)
    theirs = article._plans(article._corpus_of(TEN_PATIENTS), ArticleOptions(folds=3, repeats=2, seed=1))
    assert [plan.held_out.tolist() for plan in ours] == [plan.held_out.tolist() for plan in theirs]
    assert [fold_seed(plan) for plan in theirs] == [1000, 1001, 1002, 2000, 2001, 2002]


@pytest.mark.parametrize("ends_in", [1, 3])
def test_ended_by_hand(spy: Spy, ends_in: int) -> None:
    """Ended in a fold, or in the final fit, the result has the folds done and the network of one."""
    spy.ends_in = ends_in
    progress = RecordedProgress()
    result = train_article(TEN_PATIENTS, ArticleOptions(folds=3), progress, interrupts=spy.interrupts)
    assert result.network == 1
    assert result.ended.startswith("Ended by hand")
    assert len(result.histories) == len(spy.scored) == ends_in
    assert result.evidence.num_recordings == sum(map(len, spy.scored))
    assert progress.notes[-1].startswith("ending")


def test_ended_before_a_fold(spy: Spy) -> None:
    """Ended before a fold was complete, there is no result."""
    spy.ends_in = 0
    with pytest.raises(EndedError, match="nothing is written"):
        train_article(TEN_PATIENTS, TWO, RecordedProgress(), interrupts=spy.interrupts)


class TestFit:
    """The fit that the recipe and the study share."""

    IMAGES = np.random.default_rng(0).random((6, 64, 64, 3)).astype(np.float32)
    GROUND_TRUTH = np.array([0, 1, 0, 1, 0, 1], np.intp)

    def test_one_loss_per_epoch(self) -> None:
        """Each epoch calls on_step with its loss, which the history has too."""
        losses: list[float] = []
        network, history = fit_article(self.IMAGES, self.GROUND_TRUTH, 2, TWO, seed=1, on_step=losses.append)
        assert history.loss == tuple(enumerate(losses, start=1))
        assert (len(losses), history.best_step, history.complete) == (2, 2, True)
        assert network.output_shape == (None, 2)

    def test_it_ends_after_an_epoch(self) -> None:
        """Ended by a person, the epoch is finished and the history is not complete."""
        _, history = fit_article(
            self.IMAGES, self.GROUND_TRUTH, 2, TWO, seed=1, on_step=lambda loss: None, stop=lambda: True
        )
        assert (len(history.loss), history.complete) == (1, False)


def test_non_cardiac_sounds_are_left_out(spy: Spy) -> None:
    """The article had no such sounds."""
    result = train_article(
        [*TEN_PATIENTS, *recordings_of(((NON_CARDIAC,), 3))], ArticleOptions(folds=2), RecordedProgress()
    )
    assert len(spy.trained[-1]) == 20
    assert result.evidence.num_recordings == 20


def test_a_partial_label_is_refused() -> None:
    """The article's loss needs one certain label per recording."""
    recordings = recordings_of((("normal",), 4), (("murmur",), 4), (("normal", "extrastole"), 4))
    with pytest.raises(DataError, match="needs one certain label per recording; train it on PASCAL set B alone"):
        train_article(recordings, ArticleOptions(folds=2), RecordedProgress())


def test_too_few_patients() -> None:
    """A label with fewer patients than folds is refused before an image is built."""
    with pytest.raises(DataError, match="the label murmur has 2 patients, too few for 5 folds"):
        train_article(recordings_of((("normal",), 9), (("murmur",), 2)), ArticleOptions(), RecordedProgress())

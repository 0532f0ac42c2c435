"""The article's recipe: as it was, but measured on patients that the network never saw."""

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
from monitor.interrupts import Interrupts
from training.data.discovery import discover
from training.data.recording import NON_CARDIAC, Recording
from training.fitting.cross_validation import fold_plans
from training.fitting.trainer import TrainingHistory
from training.progress import SilentProgress, Tick
from training.recipes import article
from training.recipes.article import ArticleOptions, train_article
from training.recipes.result import TrainingResult

TWO = ArticleOptions(folds=2, epochs=2, batch_size=8)


class Quiet(SilentProgress):
    """Progress that is shown nowhere, but counts."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.losses: list[float] = []
        self.notes: list[str] = []

    def stage(self, name: str, total: int) -> Tick:
        """Begin a stage."""
        self.stages.append(f"{name} {total}")
        return lambda loss, watched=0.0, /: self.losses.append(loss)

    def note(self, text: str) -> None:
        """Remember a line."""
        self.notes.append(text)


@pytest.fixture(scope="module")
def quiet() -> Quiet:
    """Return the progress of the training below."""
    return Quiet()


@pytest.fixture(scope="module")
def trained(made_folder: Path, quiet: Quiet, quick_figures_in_module: None) -> TrainingResult:
    """Return what two epochs on made recordings gave."""
    return train_article(discover([made_folder]), TWO, quiet)


def test_what_comes_out(trained: TrainingResult) -> None:
    """The article's network, its settings, its sigmoids as shares, and figures of every recording held out once."""
    assert trained.network.name == "article"
    assert trained.network.input_shape == (None, 64, 64, 3)
    assert trained.spec == ARTICLE
    assert trained.calibration.kind == "share"
    assert trained.labels == ("normal", "murmur", "extrastole")
    assert (trained.evidence.num_recordings, trained.evidence.num_patients) == (18, 18)
    assert trained.other_sets == {}


def test_progress(trained: TrainingResult, quiet: Quiet) -> None:
    """Drawing, each fold and the last network are stages; every epoch gives its loss."""
    assert quiet.stages == ["drawing pictures 18", "fold 1 of 2 2", "fold 2 of 2 2", "all recordings 2"]
    epochs = [loss for loss in quiet.losses if not np.isnan(loss)]
    assert len(epochs) == 6
    assert all(0.0 < loss < 2.0 for loss in epochs)


def test_the_articles_own_settings() -> None:
    """150 epochs in batches of 32."""
    assert (ArticleOptions().epochs, ArticleOptions().batch_size) == (150, 32)


def picture_of_file(tmp_path: Path, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the picture that the recipe draws of a recording."""
    soundfile.write(tmp_path / "a.wav", waveform, 4000, subtype="FLOAT")
    return article._pictures([Recording(tmp_path / "a.wav", ("normal",), "p", "set")], Quiet())[1][0]


@pytest.mark.parametrize("seconds", [2, 5, 8])
def test_cut_or_padded_to_five_seconds(tmp_path: Path, signals: Any, seconds: int) -> None:
    """A long clip is cut, a short one padded with zeros, as the article did; it is not looped."""
    waveform = signals.noise(seconds * 4000)
    sound = resampled(waveform, 4000, ARTICLE.sample_rate)
    padded = np.concatenate((sound, np.zeros(ARTICLE.window_samples, np.float32)))[: ARTICLE.window_samples]
    np.testing.assert_array_equal(picture_of_file(tmp_path, waveform), article_image(padded, ARTICLE))


class Watched:
    """Stands in for drawing, fitting and judging."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.heard: list[list[int]] = []
        self.judged: list[list[int]] = []
        self.seeds: list[int] = []
        self.interrupts = Interrupts()
        self.ends_in: int | None = None
        patch.setattr(article, "_pictures", self.pictures)
        patch.setattr(article, "_fit", self.fit)
        patch.setattr(article, "outputs_of", self.outputs)

    def pictures(
        self, recordings: Sequence[Recording], progress: object
    ) -> tuple[Sequence[Recording], NDArray[np.intp]]:
        """Return the number of each recording in the place of its picture."""
        return recordings, np.arange(len(recordings))

    def fit(self, pictures: NDArray[np.intp], truth: NDArray[np.intp], *rest: Any) -> tuple[int, TrainingHistory]:
        """Remember what was heard."""
        self.seeds.append(rest[-2])
        complete = len(self.heard) != self.ends_in
        self.interrupts.requested = self.interrupts.requested or not complete
        self.heard.append(pictures.tolist())
        return len(self.heard), TrainingHistory(((150, 0.1),), (), 150, complete)

    def outputs(self, network: int, pictures: NDArray[np.intp]) -> NDArray[np.float32]:
        """Remember what was judged."""
        self.judged.append(pictures.tolist())
        return np.random.default_rng(network).random((len(pictures), 2)).astype(np.float32)


def recordings_of(*groups: tuple[tuple[str, ...], int]) -> list[Recording]:
    """Return two recordings of some patients for each set of labels."""
    return [
        Recording(Path(f"{labels[0]}{patient}-{index}.wav"), labels, f"{labels[0]}{patient}", "set")
        for labels, patients in groups
        for patient in range(patients)
        for index in range(2)
    ]


def test_nobody_is_judged_by_a_network_that_saw_him(monkeypatch: pytest.MonkeyPatch, quick_figures: None) -> None:
    """Every recording is judged once, by a network that saw nothing of that patient; the last network saw all."""
    watched = Watched(monkeypatch)
    recordings = recordings_of((("normal",), 6), (("murmur",), 4))
    train_article(recordings, ArticleOptions(folds=3), Quiet())
    for heard, judged in zip(watched.heard, watched.judged, strict=False):
        assert not {recordings[row].patient for row in heard} & {recordings[row].patient for row in judged}
    assert sorted(row for fold in watched.judged for row in fold) == list(range(20))
    assert watched.heard[-1] == list(range(20))
    assert len(watched.heard) == 4


def test_repeats(monkeypatch: pytest.MonkeyPatch, quick_figures: None) -> None:
    """Each repeat deals everybody anew with the next seed; figures are means over them."""
    watched = Watched(monkeypatch)
    recordings = recordings_of((("normal",), 6), (("murmur",), 4))
    trained = train_article(recordings, ArticleOptions(folds=2, repeats=3, seed=7), Quiet())
    assert watched.seeds == [7, 7, 8, 8, 9, 9, 7]
    assert sorted(row for fold in watched.judged for row in fold) == sorted(3 * list(range(20)))
    assert (trained.evidence.num_recordings, trained.evidence.num_repeats) == (20, 3)
    assert len(trained.courses) == 7


def test_the_folds_are_those_of_our_recipe() -> None:
    """On the same set and seed, both recipes hold out the same recordings together."""
    recordings = recordings_of((("normal",), 6), (("murmur",), 4))
    ours = fold_plans(recordings, {"set"}, folds=3, repeats=2, seed=1)
    theirs = article._plans(recordings, ArticleOptions(folds=3, repeats=2, seed=1))
    assert [its.held.tolist() for its in ours] == [its.held.tolist() for its in theirs]


@pytest.mark.parametrize("ends_in", [1, 3])
def test_an_end_by_hand(monkeypatch: pytest.MonkeyPatch, quick_figures: None, ends_in: int) -> None:
    """Ended in a fold, or in the last fit, the folds done are there and the network is one of theirs."""
    watched = Watched(monkeypatch)
    watched.ends_in = ends_in
    recordings = recordings_of((("normal",), 6), (("murmur",), 4))
    quiet = Quiet()
    trained = train_article(recordings, ArticleOptions(folds=3), quiet, interrupts=watched.interrupts)
    assert trained.network == 1
    assert trained.ended.startswith("Ended by hand")
    assert len(trained.courses) == len(watched.judged) == ends_in
    assert trained.evidence.num_recordings == sum(map(len, watched.judged))
    assert quiet.notes[-1].startswith("ending")


def test_an_end_before_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended before a fold was complete there is nothing to keep."""
    watched = Watched(monkeypatch)
    watched.ends_in = 0
    with pytest.raises(EndedError, match="nothing is written"):
        train_article(recordings_of((("normal",), 4), (("murmur",), 4)), TWO, Quiet(), interrupts=watched.interrupts)


def test_an_end_is_taken_after_an_epoch() -> None:
    """Whoever wants an end waits for one epoch, and the course says that it is not complete."""
    interrupts = Interrupts()
    interrupts.requested = True
    pictures, truth = np.zeros((4, 64, 64, 3), np.float32), np.array([0, 1, 0, 1], np.intp)
    _, course = article._fit(pictures, truth, 2, TWO, Quiet(), "fold", 0, interrupts)
    assert (len(course.loss), course.complete) == (1, False)


def test_sounds_that_are_no_heart_are_left_out(monkeypatch: pytest.MonkeyPatch, quick_figures: None) -> None:
    """The article knew no such sounds."""
    watched = Watched(monkeypatch)
    recordings = recordings_of((("normal",), 4), (("murmur",), 4), ((NON_CARDIAC,), 3))
    trained = train_article(recordings, ArticleOptions(folds=2), Quiet())
    assert len(watched.heard[-1]) == 16
    assert trained.evidence.num_recordings == 16


def test_a_partial_label_is_refused() -> None:
    """The article's loss needs one certain label per recording."""
    recordings = recordings_of((("normal",), 4), (("murmur",), 4), (("normal", "extrastole"), 4))
    with pytest.raises(DataError, match="needs one certain label per recording; train it on PASCAL set B alone"):
        train_article(recordings, ArticleOptions(folds=2), Quiet())


def test_too_few_patients() -> None:
    """A label with fewer patients than folds is refused before a picture is drawn."""
    with pytest.raises(DataError, match="the label murmur has 2 patients, too few for 5 folds"):
        train_article(recordings_of((("normal",), 9), (("murmur",), 2)), ArticleOptions(), Quiet())

"""A corpus: what follows from recordings as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.corpus import Corpus
from training.data.recording import Recording


def recording(labels: str, source: str, patient: str = "p") -> Recording:
    """Return a recording."""
    return Recording(Path(f"{source}-{labels}.wav"), tuple(labels.split("|")), patient, source)


RECORDINGS = [
    recording("murmur", "clinic", "a"),
    recording("normal", "clinic", "b"),
    recording(NON_CARDIAC, "clinic", "noise"),
    recording("murmur", "part", "c"),
    recording("normal|extrastole", "part", ""),
    recording("extrastole", "clinic", "d"),
]


def test_labels_and_fully_labelled_sets() -> None:
    """The labels of hearts in the order of the outputs, and the sets that have all of them."""
    corpus = Corpus.of(RECORDINGS)
    assert corpus.labels == ("normal", "murmur", "extrastole")
    assert corpus.outputs == ("normal", "murmur", "extrastole", NON_CARDIAC)
    assert corpus.fully_labelled == {"clinic"}
    assert (corpus.sounds, corpus.synthetic) == ((), ())


def test_rows_of_hearts() -> None:
    """Those of fully labelled sets and those of the others; never a non-cardiac sound."""
    corpus = Corpus.of(RECORDINGS)
    assert corpus.heart_rows(fully_labelled=True) == [0, 1, 5]
    assert corpus.heart_rows(fully_labelled=False) == [3, 4]


def test_columns_of_rows() -> None:
    """Label indices and patients in the order of the rows."""
    corpus = Corpus.of(RECORDINGS)
    assert corpus.ground_truth([5, 0, 1]).tolist() == [2, 1, 0]
    assert corpus.patients([4, 0]) == ["", "a"]


@pytest.mark.parametrize("row", [2, 4], ids=["non-cardiac", "partial"])
def test_no_ground_truth_without_a_certain_label(row: int) -> None:
    """A non-cardiac sound and a partial label have no index."""
    with pytest.raises(ValueError, match="not in tuple"):
        Corpus.of(RECORDINGS).ground_truth([row])


def test_no_fully_labelled_set() -> None:
    """Sets that each have a part of the labels are refused."""
    with pytest.raises(DataError, match="no data set has recordings of every label"):
        Corpus.of([recording("normal", "a"), recording("murmur", "b")])

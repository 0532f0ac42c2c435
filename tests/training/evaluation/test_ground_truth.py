"""Ground truth of scored recordings: certain labels, partial ones, and patients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.recording import Recording
from training.evaluation.ground_truth import (
    IS,
    IS_NOT,
    UNKNOWN,
    finding_label,
    labelled_scores,
    patients_of,
    select_recordings,
)
from training.evaluation.scoring import ScoredRecording

LABELS = ("normal", "murmur", "extrastole")
EVEN = (0.4, 0.3, 0.3)

MakeScored = Callable[..., ScoredRecording]


def recording(labels: str, name: str = "a.wav", patient: str = "p", source: str = "clinic") -> Recording:
    """Return a recording with the labels that it may have."""
    return Recording(Path(name), tuple(labels.split(" or ")), patient, source)


class TestSelection:
    """Recordings that a bundle can be evaluated on."""

    def test_known_labels_are_kept_and_others_counted(self) -> None:
        """A label that the bundle does not know is left out and counted; non-cardiac sounds stay."""
        given = [
            recording("normal", "a"),
            recording("stridor", "b"),
            recording("stridor", "c"),
            recording(NON_CARDIAC, "d"),
        ]
        kinds = select_recordings(given, LABELS)
        assert [one.path.name for one in kinds.usable] == ["a", "d"]
        assert kinds.left_out == {"stridor": 2}

    def test_a_partial_label_with_a_known_one_is_kept(self) -> None:
        """Normal or extrasystole is usable for a bundle of normal and murmur: it is no murmur."""
        kinds = select_recordings([recording("normal or extrastole", "a"), recording("x or y", "b")], LABELS[:2])
        assert [one.path.name for one in kinds.usable] == ["a"]
        assert kinds.left_out == {"x or y": 1}

    def test_a_file_counts_once(self) -> None:
        """The same file under two paths counts once."""
        given = [recording("normal", "a"), recording("normal", "./a"), recording("normal", "b")]
        assert len(select_recordings(given, LABELS).usable) == 2

    def test_parts_of_a_file_are_recordings_of_their_own(self) -> None:
        """Two parts of one long file are two recordings."""
        parts = [Recording(Path("a"), ("normal",), "p", "s", start_s=start, end_s=start + 5) for start in (0.0, 5.0)]
        assert len(select_recordings(parts, LABELS).usable) == 2

    def test_other_labels_are_an_error(self) -> None:
        """Where no label is known, the error names both label sets and the next step."""
        with pytest.raises(DataError) as caught:
            select_recordings([recording("cat", "a"), recording("dog", "b")], LABELS)
        line = str(caught.value)
        assert "cat, dog" in line
        assert "normal, murmur, extrastole" in line
        assert "name the folders after the bundle's labels" in line
        assert "\n" not in line


class TestLabelledScores:
    """Labels of recordings as arrays."""

    def test_certain_labels(self, make_scored: MakeScored) -> None:
        """A certain recording has its label and none of the others."""
        labelled = labelled_scores([make_scored("murmur", EVEN), make_scored("normal", EVEN)], LABELS)
        assert labelled.states.tolist() == [[IS_NOT, IS, IS_NOT], [IS, IS_NOT, IS_NOT]]
        assert labelled.ground_truth.tolist() == [1, 0]
        assert len(labelled) == 2

    def test_a_partially_labelled_set(self, make_scored: MakeScored) -> None:
        """With and without a murmur is ground truth for murmur alone, not for three classes."""
        scored = [
            make_scored("murmur", EVEN, "a", source="children"),
            make_scored("normal or extrastole", EVEN, "b", source="children"),
            make_scored("murmur", EVEN, "c", source="clinic"),
        ]
        labelled = labelled_scores(scored, LABELS)
        assert labelled.ground_truth.tolist() == [UNKNOWN, UNKNOWN, 1]
        assert labelled.states.tolist() == [[IS_NOT, IS, IS_NOT], [UNKNOWN, IS_NOT, UNKNOWN], [IS_NOT, IS, IS_NOT]]
        assert labelled.certain().patients == ["c"]

    def test_a_set_with_some_partial_labels(self, make_scored: MakeScored) -> None:
        """A set with certain recordings of two labels counts for several classes, without its partial ones."""
        scored = [make_scored(labels, EVEN) for labels in ("murmur", "normal", "normal or extrastole")]
        assert labelled_scores(scored, LABELS).ground_truth.tolist() == [1, 0, UNKNOWN]

    def test_a_set_of_one_label_counts(self, make_scored: MakeScored) -> None:
        """A set of normals alone counts for several classes."""
        assert labelled_scores([make_scored("normal", EVEN)] * 2, LABELS).ground_truth.tolist() == [0, 0]

    def test_no_recordings(self) -> None:
        """No recordings give empty arrays of the right shape."""
        labelled = labelled_scores([], LABELS)
        assert labelled.scores.shape == labelled.states.shape == (0, 3)
        assert labelled.by_patient().scores.shape == (0, 3)


class TestPatients:
    """Patients in place of recordings."""

    def test_scores_are_means(self, make_scored: MakeScored) -> None:
        """A patient's score is the mean over the recordings."""
        scored = [make_scored("normal", (0.8, 0.1, 0.1), "a"), make_scored("normal", (0.4, 0.5, 0.1), "a")]
        by_patient = labelled_scores(scored, LABELS).by_patient()
        np.testing.assert_allclose(by_patient.scores, [[0.6, 0.3, 0.1]])
        assert by_patient.patients == ["a"]

    def test_any_recording_gives_the_patient_its_label(self, make_scored: MakeScored) -> None:
        """One murmur makes a patient with a murmur, who is not normal, and may have other labels too."""
        scored = [make_scored(label, EVEN, "a") for label in ("normal", "murmur", "extrastole")]
        by_patient = labelled_scores(scored, LABELS).by_patient()
        assert by_patient.states.tolist() == [[IS_NOT, IS, IS]]
        assert by_patient.ground_truth.tolist() == [UNKNOWN]

    def test_a_patient_is_normal_if_all_recordings_are(self, make_scored: MakeScored) -> None:
        """All normal is normal, and certainly has none of the others."""
        by_patient = labelled_scores([make_scored("normal", EVEN, "a")] * 2, LABELS).by_patient()
        assert by_patient.states.tolist() == [[IS, IS_NOT, IS_NOT]]

    def test_unknown_labels_stay_unknown(self, make_scored: MakeScored) -> None:
        """A child without a murmur certainly has no murmur; the other labels are unknown."""
        scored = [make_scored("normal or extrastole", EVEN, "a"), make_scored("normal or extrastole", EVEN, "a")]
        assert labelled_scores(scored, LABELS).by_patient().states.tolist() == [[UNKNOWN, IS_NOT, UNKNOWN]]

    def test_unknown_patients_are_different(self) -> None:
        """Recordings of unknown patients are not one person's."""
        names = patients_of([recording("normal", patient=""), recording("normal"), recording("normal", patient="")])
        assert len(set(names)) == 3
        assert names[1] == "p"


@pytest.mark.parametrize(
    ("labels", "finding"),
    [(LABELS, "murmur"), (("normal", "click"), "click"), (("click", "normal"), "click"), (("normal",), "normal")],
)
def test_finding_label(labels: tuple[str, ...], finding: str) -> None:
    """Murmur, or else the first label that is not normal."""
    assert finding_label(labels) == finding

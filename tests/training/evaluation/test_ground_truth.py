"""What is true of judged recordings: certain labels, partial ones, and what a patient is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DataError
from training.data.recording import NON_CARDIAC, Recording
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


class TestSorting:
    """Which recordings a bundle can be measured on."""

    def test_known_labels_are_kept_and_others_counted(self) -> None:
        """A label that the bundle does not know is left out by name; sounds that are no heart stay."""
        given = [
            recording("normal", "a"),
            recording("stridor", "b"),
            recording("stridor", "c"),
            recording(NON_CARDIAC, "d"),
        ]
        kinds = select_recordings(given, LABELS)
        assert [its.path.name for its in kinds.usable] == ["a", "d"]
        assert kinds.left_out == {"stridor": 2}

    def test_a_partial_label_is_kept_if_it_tells_of_any(self) -> None:
        """A heart that is normal or has extrasystoles tells a bundle of normal and murmur that it is no murmur."""
        kinds = select_recordings([recording("normal or extrastole", "a"), recording("x or y", "b")], LABELS[:2])
        assert [its.path.name for its in kinds.usable] == ["a"]
        assert kinds.left_out == {"x or y": 1}

    def test_a_file_counts_once(self) -> None:
        """The same folder named twice does not count twice."""
        given = [recording("normal", "a"), recording("normal", "./a"), recording("normal", "b")]
        assert len(select_recordings(given, LABELS).usable) == 2

    def test_parts_of_a_file_are_recordings_of_their_own(self) -> None:
        """Two parts of one long file are two recordings."""
        parts = [Recording(Path("a"), ("normal",), "p", "s", start_s=start, end_s=start + 5) for start in (0.0, 5.0)]
        assert len(select_recordings(parts, LABELS).usable) == 2

    def test_wrong_labels_are_told(self) -> None:
        """Where nothing fits, one line names both label sets and the next step."""
        with pytest.raises(DataError) as caught:
            select_recordings([recording("cat", "a"), recording("dog", "b")], LABELS)
        line = str(caught.value)
        assert "cat, dog" in line
        assert "normal, murmur, extrastole" in line
        assert "name the folders after the bundle's labels" in line
        assert "\n" not in line


class TestHearts:
    """Labels of recordings as arrays."""

    def test_certain_labels(self, make_scored: MakeScored) -> None:
        """A certain recording has its label and none of the others."""
        hearts = labelled_scores([make_scored("murmur", EVEN), make_scored("normal", EVEN)], LABELS)
        assert hearts.states.tolist() == [[IS_NOT, IS, IS_NOT], [IS, IS_NOT, IS_NOT]]
        assert hearts.ground_truth.tolist() == [1, 0]
        assert len(hearts) == 2

    def test_a_set_that_tells_a_part(self, make_scored: MakeScored) -> None:
        """Children with and without a murmur tell of murmurs alone; their murmurs are no truth of three classes."""
        scored = [
            make_scored("murmur", EVEN, "a", source="children"),
            make_scored("normal or extrastole", EVEN, "b", source="children"),
            make_scored("murmur", EVEN, "c", source="clinic"),
        ]
        hearts = labelled_scores(scored, LABELS)
        assert hearts.ground_truth.tolist() == [UNKNOWN, UNKNOWN, 1]
        assert hearts.states.tolist() == [[IS_NOT, IS, IS_NOT], [UNKNOWN, IS_NOT, UNKNOWN], [IS_NOT, IS, IS_NOT]]
        assert hearts.certain().patients == ["c"]

    def test_a_few_partial_labels_do_not_spoil_a_set(self, make_scored: MakeScored) -> None:
        """A set with certain recordings of two labels tells of several classes; its partial ones are left out there."""
        scored = [make_scored(labels, EVEN) for labels in ("murmur", "normal", "normal or extrastole")]
        assert labelled_scores(scored, LABELS).ground_truth.tolist() == [1, 0, UNKNOWN]

    def test_a_set_of_one_label_counts(self, make_scored: MakeScored) -> None:
        """A folder of normals alone tells how often a normal is taken for one."""
        assert labelled_scores([make_scored("normal", EVEN)] * 2, LABELS).ground_truth.tolist() == [0, 0]

    def test_no_heart_at_all(self) -> None:
        """Nothing judged gives empty arrays of the right shape."""
        hearts = labelled_scores([], LABELS)
        assert hearts.scores.shape == hearts.states.shape == (0, 3)
        assert hearts.by_patient().scores.shape == (0, 3)


class TestPatients:
    """Patients instead of recordings."""

    def test_scores_are_means(self, make_scored: MakeScored) -> None:
        """A patient's score is the mean over the recordings."""
        scored = [make_scored("normal", (0.8, 0.1, 0.1), "a"), make_scored("normal", (0.4, 0.5, 0.1), "a")]
        people = labelled_scores(scored, LABELS).by_patient()
        np.testing.assert_allclose(people.scores, [[0.6, 0.3, 0.1]])
        assert people.patients == ["a"]

    def test_any_recording_makes_the_patient(self, make_scored: MakeScored) -> None:
        """One murmur makes a patient with a murmur, who is not normal, and may have other labels too."""
        scored = [make_scored(label, EVEN, "a") for label in ("normal", "murmur", "extrastole")]
        people = labelled_scores(scored, LABELS).by_patient()
        assert people.states.tolist() == [[IS_NOT, IS, IS]]
        assert people.ground_truth.tolist() == [UNKNOWN]

    def test_a_patient_is_normal_if_all_recordings_are(self, make_scored: MakeScored) -> None:
        """All normal is normal, and certainly has none of the others."""
        people = labelled_scores([make_scored("normal", EVEN, "a")] * 2, LABELS).by_patient()
        assert people.states.tolist() == [[IS, IS_NOT, IS_NOT]]

    def test_what_no_recording_tells_stays_untold(self, make_scored: MakeScored) -> None:
        """A child without a murmur: no murmur for certain, of the others nothing is known."""
        scored = [make_scored("normal or extrastole", EVEN, "a"), make_scored("normal or extrastole", EVEN, "a")]
        assert labelled_scores(scored, LABELS).by_patient().states.tolist() == [[UNKNOWN, IS_NOT, UNKNOWN]]

    def test_unknown_patients_are_each_another(self) -> None:
        """Recordings of nobody known are not taken for one person's."""
        names = patients_of([recording("normal", patient=""), recording("normal"), recording("normal", patient="")])
        assert len(set(names)) == 3
        assert names[1] == "p"


@pytest.mark.parametrize(
    ("labels", "finding"),
    [(LABELS, "murmur"), (("normal", "click"), "click"), (("click", "normal"), "click"), (("normal",), "normal")],
)
def test_the_finding(labels: tuple[str, ...], finding: str) -> None:
    """Murmur, or else the first label that is not normal."""
    assert finding_label(labels) == finding

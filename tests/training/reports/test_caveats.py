"""What a reader must know before the metrics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.cross_validated import measure
from training.evaluation.evaluation import Evaluation, EvaluationInfo, evaluate
from training.evaluation.scoring import ScoredRecording
from training.reports.caveats import no_better_note, notes_of, seen_note

EVEN = (0.4, 0.3, 0.3)

MakeScored = Callable[..., ScoredRecording]
MakeInfo = Callable[..., EvaluationInfo]


def notes(scored: list[ScoredRecording], info: EvaluationInfo) -> str:
    """Return the notes of an evaluation, line by line."""
    return "\n".join(notes_of(evaluate(scored, info, Bootstrap(0, 10))))


def test_no_caveat(evaluation: Evaluation) -> None:
    """Held-out recordings of known patients, all readable, need no note."""
    assert notes_of(evaluation) == []
    assert seen_note(evaluation) == ""


def test_seen_in_training_comes_first(seen_evaluation: Evaluation) -> None:
    """The first note says that the data are not held out, why, and where the held-out metrics are."""
    line = notes_of(seen_evaluation)[0]
    assert line == seen_note(seen_evaluation)
    assert line.startswith("NOT HELD OUT: plain was trained on a data set named clinic")
    assert line.endswith("CARD.md in its folder")  # a name alone is not found in whatever folder it is in


def test_partial_sets(make_scored: MakeScored, make_info: MakeInfo) -> None:
    """The number of recordings of partially labelled sets is said, and where they count."""
    scored = [make_scored("normal or extrastole", EVEN, f"p{index}") for index in range(30)]
    line = notes(scored, make_info(scored))
    assert line.startswith("30 of 30 recordings are of partially labelled sets")
    assert "not in accuracy" in line


def test_unknown_patients(make_scored: MakeScored, make_info: MakeInfo) -> None:
    """Intervals that count recordings as patients are too narrow."""
    scored = [make_scored("normal", EVEN, "") for _ in range(25)]
    assert notes(scored, make_info(scored)).startswith("25 recordings of unknown patients")


@pytest.mark.parametrize(
    ("count", "words"), [(1, "only 1 patient:"), (2, "only 2 patients:"), (19, "only 19 patients:")]
)
def test_few_patients(make_scored: MakeScored, make_info: MakeInfo, count: int, words: str) -> None:
    """A bootstrap over fewer than 20 patients has a note with their number."""
    scored = [make_scored("normal", EVEN, f"p{row}") for row in range(count)]
    assert notes(scored, make_info(scored)).startswith(words)


def test_what_was_left_out(make_scored: MakeScored, make_info: MakeInfo) -> None:
    """Labels that the bundle does not have are counted by name, unreadable files together."""
    scored = [make_scored("normal", EVEN, f"p{row}") for row in range(20)]
    info = make_info(scored, left_out={"extrahls": 19, "cat": 1}, unreadable=["a.wav: cannot be read"])
    lines = notes(scored, info).splitlines()
    assert lines == [
        "left out, since the bundle has no such label: 19 extrahls, 1 cat",
        "left out, since they cannot be read: 1 file",
    ]


def test_a_bundle_without_a_non_cardiac_output(make_scored: MakeScored, make_info: MakeInfo) -> None:
    """Non-cardiac sounds are counted and not scored."""
    scored = [make_scored("normal", EVEN, f"p{row}", heart=None) for row in range(20)]
    scored += [make_scored("not-heart", EVEN, "n", heart=None)]
    assert "1 non-cardiac sound not scored" in notes(scored, make_info(scored))


def note_of(said: list[int], truth: list[int]) -> str:
    """Return the note on a network that says these labels of 40 patients each."""
    scores = np.eye(3)[np.repeat(said, 40)]
    ground_truth = np.repeat(truth, 40)
    patients = [str(number) for number in range(len(ground_truth))]
    return no_better_note(measure(ground_truth, scores, ("normal", "murmur", "extrastole"), patients))


@pytest.mark.parametrize(("said", "one_label"), [([0, 0, 0], "0.333"), ([1, 1, 1], "0.333"), ([0, 2, 1], "0.333")])
def test_a_network_that_says_one_label_is_told(said: list[int], one_label: str) -> None:
    """Whichever label it is, and also one that mistakes as much as it gets right."""
    note = note_of(said, [0, 1, 2])
    assert note.startswith("NO BETTER THAN ONE LABEL: balanced accuracy 0.333")
    assert f"one label has {one_label}" in note


def test_the_most_frequent_label_is_no_knowledge() -> None:
    """An accuracy of three quarters is none where three quarters are normal; only labels that occur count."""
    note = note_of([0, 0, 0, 0], [0, 0, 0, 1])
    assert "balanced accuracy 0.500" in note
    assert "one label has 0.500" in note


def test_a_network_that_knows_has_no_such_note() -> None:
    """Nor has one where a single label occurs, of which nothing can be told."""
    assert note_of([0, 1, 2], [0, 1, 2]) == ""
    assert note_of([0, 1, 0], [0, 1, 2]) == ""
    assert note_of([0, 0], [0, 0]) == ""

"""What a reader must know before the figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import EvaluationInfo, Evaluation, evaluate
from training.evaluation.scoring import ScoredRecording
from training.reports.caveats import notes_of, seen_note

EVEN = (0.4, 0.3, 0.3)

Judge = Callable[..., ScoredRecording]
Maker = Callable[..., EvaluationInfo]


def notes(judged: list[ScoredRecording], facts: EvaluationInfo) -> str:
    """Return the notes of an evaluation, line by line."""
    return "\n".join(notes_of(evaluate(judged, facts, Bootstrap(0, 10))))


def test_nothing_to_say(evaluation: Evaluation) -> None:
    """Held-out recordings of known patients, all readable, need no note."""
    assert notes_of(evaluation) == []
    assert seen_note(evaluation) == ""


def test_seen_in_training_comes_first(seen_evaluation: Evaluation) -> None:
    """It says that the figures are not held out, why, and where the honest ones are."""
    line = notes_of(seen_evaluation)[0]
    assert line == seen_note(seen_evaluation)
    assert line.startswith("NOT HELD OUT: plain was trained on a data set named clinic")
    assert line.endswith("auscult models plain")


def test_partial_sets(judge: Judge, about_set: Maker) -> None:
    """How many recordings tell only some labels, and where they count."""
    judged = [judge("normal or extrastole", EVEN, f"p{number}") for number in range(30)]
    line = notes(judged, about_set(judged))
    assert line.startswith("30 of 30 recordings are of sets that tell only some labels")
    assert "not in accuracy" in line


def test_unknown_patients(judge: Judge, about_set: Maker) -> None:
    """Intervals that take recordings for patients are too narrow."""
    judged = [judge("normal", EVEN, "") for _ in range(25)]
    assert notes(judged, about_set(judged)).startswith("25 recordings have no patient")


@pytest.mark.parametrize(
    ("number", "words"), [(1, "only 1 patient:"), (2, "only 2 patients:"), (19, "only 19 patients:")]
)
def test_few_patients(judge: Judge, about_set: Maker, number: int, words: str) -> None:
    """A bootstrap over a handful of patients is told for what it is."""
    judged = [judge("normal", EVEN, f"p{row}") for row in range(number)]
    assert notes(judged, about_set(judged)).startswith(words)


def test_what_was_left_out(judge: Judge, about_set: Maker) -> None:
    """Unknown labels by name and number, unreadable files by number."""
    judged = [judge("normal", EVEN, f"p{row}") for row in range(20)]
    facts = about_set(judged, left_out={"extrahls": 19, "cat": 1}, unreadable=["a.wav: cannot be read"])
    lines = notes(judged, facts).splitlines()
    assert lines == [
        "left out, since the bundle has no such label: 19 extrahls, 1 cat",
        "left out, since they cannot be read: 1 file",
    ]


def test_a_bundle_that_does_not_tell_hearts(judge: Judge, about_set: Maker) -> None:
    """Other sounds were judged for nothing."""
    judged = [judge("normal", EVEN, f"p{row}", heart=None) for row in range(20)]
    judged += [judge("not-heart", EVEN, "n", heart=None)]
    assert "1 sounds that are no heart say nothing here" in notes(judged, about_set(judged))

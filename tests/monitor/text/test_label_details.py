"""What is said beside a label."""

from __future__ import annotations

import pytest

from monitor.messages import Verdict
from monitor.text.label_details import label_details, with_details


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        ("systolic", ["in systole"]),
        ("diastolic", ["in diastole"]),
        ("systolic and diastolic", ["in systole and diastole"]),
        (None, []),
        ("elsewhere", []),
    ],
)
def test_timing(timing: str | None, words: list[str]) -> None:
    """In words; nothing of what is not sure, or is no timing."""
    assert label_details(Verdict("verdict", "murmur", 0.9, murmur_timing=timing)) == words


def test_behind_a_text() -> None:
    """Separated by a comma; the text alone where there is nothing to say."""
    assert with_details("murmur 0.90", Verdict("verdict", "murmur", 0.9)) == "murmur 0.90"
    said = Verdict("uncertain", possible="murmur", murmur_timing="diastolic")
    assert with_details("possible murmur", said) == "possible murmur, in diastole"


def test_loudness_stands_first() -> None:
    """Before where the murmur lies; alone where that is not sure."""
    loud = Verdict("verdict", "murmur", 0.9, loudness="loud")
    assert label_details(loud) == ["loud"]
    both = Verdict("verdict", "murmur", 0.9, loudness="soft", murmur_timing="diastolic")
    assert with_details("murmur 0.90", both) == "murmur 0.90, soft, in diastole"

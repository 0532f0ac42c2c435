"""What a report says in words."""

from __future__ import annotations

from typing import get_args

import pytest

from monitor.commands.report.findings import Finding
from monitor.commands.report.words import (
    confidence_text,
    day_and_time,
    judged_sentence,
    score_text,
    site_title,
    size_text,
    verdict_reason,
    verdict_text,
    verdict_title,
    withheld_texts,
)
from monitor.messages import State, Verdict


def found(verdict):
    """Return a finding with this verdict."""
    return Finding("AV", 0.0, 9.0, verdict, None, 0, 0, 0.0, {}, False)


@pytest.mark.parametrize("state", sorted(set(get_args(State)) - {"verdict"}))
def test_every_state_without_a_label_has_words_and_a_reason(state):
    """And no confidence, which would look like one in a label."""
    verdict = Verdict(state, None, 0.8, {"a": 0.8, "b": 0.2})
    assert verdict_title(verdict)
    assert verdict_reason(found(verdict)).endswith(".")
    assert score_text(verdict) == confidence_text(verdict) == ""


def test_a_label_has_its_acoustic_score():
    """It is what the screen shows; the confidence stands apart from it; control characters are escaped."""
    verdict = Verdict("verdict", "murm\x1bur", 0.6, {"murm\x1bur": 0.6, "n": 0.4}, {"murm\x1bur": 0.875, "n": 0.125})
    assert verdict_title(verdict) == "Murm\\x1bur"
    assert score_text(verdict) == "0.88"
    assert confidence_text(verdict) == "0.60"
    assert verdict_text(verdict) == "Murm\\x1bur, score 0.88, confidence 0.60"
    assert verdict_reason(found(verdict)) == ""


def test_how_much_was_judged():
    """Seconds and windows; each reason with its count, one window in the singular."""
    finding = Finding("AV", 1.0, 11.0, Verdict("listening"), None, 4, 1, 5.0, {"too quiet": 2, "a\nb": 1}, True)
    assert judged_sentence(finding) == "5.0 of 10.0 s (1 of 4 windows)"
    assert withheld_texts(finding) == ["2 windows: too quiet", "1 window: a\\nb"]


def test_sites_have_their_names():
    """Four are known; any other text is shown as it is."""
    assert site_title("MV") == "MV (mitral valve area)"
    assert site_title("back\x1b") == "back\\x1b"


def test_times():
    """With the zone where there is one; what is no time is shown as it is."""
    assert day_and_time("2026-01-02T03:04:05") == "2026-01-02 03:04"
    assert day_and_time("yester\x1bday") == "yester\\x1bday"
    assert day_and_time(None) is None


@pytest.mark.parametrize(
    ("num_bytes", "text"), [(4_210_000, "4.2 MB"), (100_000, "0.1 MB"), (99_000, "99 kB"), (1, "1 kB")]
)
def test_a_small_file_has_a_size(num_bytes, text):
    """Below a tenth of a megabyte it is in kilobytes."""
    assert size_text(num_bytes) == text

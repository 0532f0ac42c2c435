"""How loud a murmur is: pooled as the scores are, and said only where a murmur is given or possible."""

from __future__ import annotations

import pytest

from monitor.analysis.loudness import RollingLoudness, with_loudness
from monitor.messages import Verdict

MURMUR = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})


def test_windows_of_the_last_seconds_count() -> None:
    """A window whose end lies rolling_s back counts, an older one does not."""
    rolling = RollingLoudness(2.0)
    assert rolling.push(1.0, 5.0) == 1.0
    assert rolling.push(0.0, 6.0) == 0.5
    assert rolling.push(0.0, 7.0) == pytest.approx(1 / 3)
    assert rolling.push(0.0, 7.5) == 0.0


def test_a_window_that_is_not_judged_adds_nothing() -> None:
    """The others stand while they are recent; then nothing is known."""
    rolling = RollingLoudness(2.0)
    assert rolling.push(None, 5.0) is None
    assert rolling.push(0.8, 6.0) == 0.8
    assert rolling.push(None, 8.0) == 0.8
    assert rolling.push(None, 8.5) is None


def test_another_site_begins_without_the_windows_before() -> None:
    """Nothing of the last site is left."""
    rolling = RollingLoudness(10.0)
    rolling.push(1.0, 5.0)
    rolling.clear()
    assert rolling.push(0.0, 6.0) == 0.0


@pytest.mark.parametrize(("loud", "word"), [(0.0, "soft"), (0.499, "soft"), (0.5, "loud"), (1.0, "loud"), (None, None)])
def test_the_word(loud: float | None, word: str | None) -> None:
    """Loud is what is no less probable than soft."""
    assert with_loudness(MURMUR, loud).loudness == word


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict("verdict", "normal", 0.9),
        Verdict("uncertain", None, 0.5),
        Verdict("uncertain", None, 0.5, possible="extrastole"),
        Verdict("poor-signal"),
    ],
)
def test_no_word_without_a_murmur(verdict: Verdict) -> None:
    """Whatever the probability says, the verdict is as it was."""
    assert with_loudness(verdict, 0.9) is verdict


def test_the_rest_of_the_verdict_stays() -> None:
    """Label, scores and state are untouched."""
    changed = with_loudness(MURMUR, 0.9)
    assert (changed.state, changed.label, changed.scores) == (MURMUR.state, MURMUR.label, MURMUR.scores)

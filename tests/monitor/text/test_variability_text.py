"""Heart rate variability in words."""

from __future__ import annotations

import pytest

from monitor.messages import HeartRateVariability
from monitor.text.variability_text import short_variability, variability_text

KNOWN = HeartRateVariability(412, 3, 330.2, 801.5, 41.2, 33.5, 0.125)


def test_without_successive_intervals_there_is_no_rmssd():
    """What is not known is left out."""
    assert variability_text(HeartRateVariability(40, 4, 310.0, 800.0, 41.2)) == (
        "SDNN 41 ms, mean RR 800 ms; 40 intervals over 310 s"
    )


def test_no_beats():
    """It says so in a report, and nothing on a line."""
    assert variability_text(None) == "not given: no beats that follow each other were found"
    assert short_variability(None, width=80) == ""


@pytest.mark.parametrize("width", range(70))
def test_it_has_room(width):
    """Whatever the width, nothing is cut in a word or a number: metrics are left out from the end, or the reason is."""
    known, unknown = (short_variability(found, width=width) for found in (KNOWN, HeartRateVariability(3, 0, 2.4)))
    assert max(len(known), len(unknown)) <= width
    whole = short_variability(KNOWN, width=200)
    assert whole.startswith(known)
    assert whole[len(known) : len(known) + 1] in ("", ",") or not known
    assert unknown in ("", "-", "not given: 3 intervals", "not given: only 3 intervals between normal beats")

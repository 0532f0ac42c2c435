"""An examination in words: what is known, what is not, and the JSON line that closes it."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from monitor.labels import SITES
from monitor.messages import Examination, Finding, SiteResult, Verdict
from monitor.text.examination_text import (
    PLACES,
    VALVES,
    examination_line,
    examination_rows,
    finding_text,
    place_text,
    site_row,
)

NORMAL = Verdict("verdict", "normal", 0.82, {"normal": 0.82, "murmur": 0.18}, {"normal": 0.9, "murmur": 0.1})
UNSURE = Verdict("uncertain", None, 0.55, {"normal": 0.55, "murmur": 0.45})
AV = SiteResult("AV", NORMAL, 10.0, 11, 78.2, 0.0, 10.0)
MV = SiteResult("MV", None, 2.5, 0, None, 12.0, 20.0, "skipped after 0.0 of 10 s")
FINDING = Finding(NORMAL, {"AV": "normal"}, ("MV",))
WHOLE = Examination("steth", "P-017", 10.0, (AV, MV), FINDING, complete=True)


def test_every_site_has_a_place_and_a_valve():
    """A person is told where each is."""
    assert set(PLACES) == set(VALVES) == set(SITES)
    assert all(place_text(site).startswith(f"{VALVES[site]} ({site}): ") for site in SITES)


@pytest.mark.parametrize(
    ("labels", "not_judged", "text"),
    [
        ({"AV": "normal", "PV": "normal"}, (), "normal, score 0.90: normal at both sites (AV, PV)"),
        ({"AV": "normal"}, (), "normal, score 0.90: normal at the only site (AV)"),
        ({"AV": "normal"}, ("PV", "MV"), "normal, score 0.90: normal at AV; PV and MV not judged"),
        (
            {"AV": "normal", "PV": "normal", "TV": "uncertain"},
            ("MV",),
            "normal, score 0.90: normal at 2 of 4 sites (AV, PV); uncertain at TV; MV not judged",
        ),
    ],
)
def test_a_normal_finding_says_what_it_does_not_know(labels, not_judged, text):
    """How many sites of how many, which are uncertain, which were not judged."""
    assert finding_text(Finding(NORMAL, labels, not_judged)) == text


def test_a_site_says_what_is_known_of_a_murmur():
    """How loud, when in the cycle, and what is possible where it is uncertain; before the reason."""
    loud = dataclasses.replace(NORMAL, label="murmur", loudness="loud", murmur_timing="systolic")
    assert site_row(dataclasses.replace(AV, verdict=loud, reason="ended")).endswith("78 bpm  loud, in systole, ended")
    unsure = dataclasses.replace(UNSURE, possible="murmur", loudness="soft")
    assert site_row(dataclasses.replace(AV, verdict=unsure)).endswith("78 bpm  possible murmur, soft")


def test_what_is_found_comes_first():
    """A murmur before the normal sites."""
    murmur = Verdict("verdict", "murmur", 0.7, {"normal": 0.3, "murmur": 0.7})
    text = finding_text(Finding(murmur, {"AV": "normal", "PV": "murmur", "TV": "murmur", "MV": "uncertain"}))
    assert text == "murmur, score 0.70: murmur at PV and TV; normal at AV; uncertain at MV"


def test_no_judged_site():
    """There is no finding, and it says why."""
    assert finding_text(Finding(None, {}, ("AV",))) == "none: no site gave enough usable sound"


def test_rows_end_with_the_finding_and_what_it_is_not():
    """A row per site, the finding of the subject, the disclaimer."""
    rows = examination_rows(WHOLE)
    assert rows[0] == "AV  aortic     normal      0.90   10.0 s judged   78 bpm"
    assert rows[1].startswith("MV  mitral     not judged")
    assert rows[1].endswith("skipped after 0.0 of 10 s")
    assert rows[2] == "finding of P-017: normal, score 0.90: normal at AV; MV not judged"
    assert rows[3] == "research use, not for diagnosis"


def test_an_examination_that_was_ended_says_so():
    """Without a subject nobody is named."""
    rows = examination_rows(dataclasses.replace(WHOLE, subject=None, complete=False))
    assert rows[-2].startswith("finding (ended before the last site): ")


def test_control_characters_do_not_reach_the_terminal():
    """A reason or a label from elsewhere is escaped."""
    assert "\x1b" not in site_row(dataclasses.replace(MV, reason="\x1b[2J"))
    assert "\x1b" not in finding_text(Finding(UNSURE, {"AV": "\x1b[2J"}))


def test_the_line():
    """Every key is there; what does not apply is null."""
    line = json.loads(examination_line(WHOLE))
    assert next(iter(line)) == "type"
    assert (line["type"], line["schema"], line["subject"], line["good_s"], line["complete"]) == (
        "examination", 1, "P-017", 10.0, True,
    )  # fmt: skip
    first, second = line["sites"]
    assert (first["site"], first["label"], first["judged_s"], first["heart_rate_bpm"]) == ("AV", "normal", 10.0, 78.2)
    assert first.keys() == second.keys()
    assert (second["state"], second["label"], second["scores"]) == ("not-judged", None, None)
    assert line["finding"]["labels"] == {"AV": "normal"}
    assert line["finding"]["not_judged"] == ["MV"]
    assert line["finding"]["text"] == finding_text(FINDING)


def test_a_number_that_is_not_finite_is_refused():
    """JSON has none."""
    with pytest.raises(ValueError, match="JSON"):
        examination_line(dataclasses.replace(WHOLE, good_s=math.nan))

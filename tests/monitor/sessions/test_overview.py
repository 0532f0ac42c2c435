"""One row for a session, and visits side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.messages import RecordingStatus
from monitor.sessions.overview import COLUMNS, is_marked, overview, row_values, visits
from monitor.sessions.reader import read_session
from monitor.sessions.session import Session
from tests.monitor.sessions.conftest import FACTS, STARTED, WHOLE

HEARD = RecordingStatus(Path("sound.flac"), 20.0, 0, None)


def window(start_s, state="verdict", bpm=None, rolling="normal"):
    """Return a window line with what a row needs."""
    return {
        "type": "window",
        "start_s": start_s,
        "end_s": start_s + 5.0,
        "state": state,
        "heart_rate_bpm": bpm,
        "rolling": {"label": rolling, "state": "verdict"},
        "quality": {"score": 0.9, "reason": None},
        "gap": False,
    }


def kept(parent, *lines, end=True, **facts):
    """Return a session with some lines."""
    import dataclasses

    session = Session(parent, dataclasses.replace(FACTS, **facts), now=lambda: STARTED, clock=lambda: 0.0)
    session.attach(lambda: HEARD)
    for line in lines:
        session.write(json.dumps(line))
    session.close()
    if not end:
        path = session.folder / "session.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "ended": None, "samples": None}))
    return read_session(session.folder)


def test_judged_sound_is_counted_once(tmp_path):
    """Windows overlap: their union counts, without those that were withheld."""
    lines = [window(0.0), window(0.5), window(1.0, "poor-signal"), window(8.0, "uncertain"), window(20.0, "no-signal")]
    assert overview(kept(tmp_path, *lines)).judged_s == 10.5


def test_the_summary_decides(tmp_path):
    """Verdict and rate are those of the last summary."""
    summary = {"type": "summary", "label": "murmur", "state": "verdict", "heart_rate_bpm": 71.4}
    row = overview(kept(tmp_path, window(0.0, bpm=90.0), summary))
    assert (row.verdict, row.bpm, row.state) == ("murmur", 71.4, "ended")


def test_the_finding_of_an_examination_comes_before_the_summary(tmp_path):
    """That is of the sound as a whole, moves included."""
    lines = [window(0.0), {"type": "summary", "label": None, "state": "poor-signal", "heart_rate_bpm": 71.0}]
    examined = {"type": "examination", "sites": [], "finding": {"label": "murmur", "state": "verdict"}}
    row = overview(kept(tmp_path, *lines, examined))
    assert (row.verdict, row.bpm) == ("murmur", 71.0)
    unsure = {"type": "examination", "sites": [], "finding": {"label": None, "state": "not-judged"}}
    assert overview(kept(tmp_path, *lines, unsure)).verdict == "not-judged"


def test_without_a_summary_the_last_windows_decide(tmp_path):
    """A killed program left no summary: the last rolling verdict and the median rate stand for it."""
    lines = [window(0.0, bpm=60.0), window(0.5, bpm=70.0), window(1.0, bpm=200.0, rolling="murmur"), window(1.5)]
    row = overview(kept(tmp_path, *lines[:3], end=False))
    assert (row.verdict, row.bpm, row.state) == ("murmur", 70.0, "killed")


def test_nothing_was_judged(tmp_path):
    """A session without a window has neither verdict nor rate."""
    row = overview(kept(tmp_path))
    assert (row.verdict, row.bpm, row.judged_s, row.marks, row.sites) == (None, None, 0.0, 0, ())


def test_sites_in_the_order_in_which_they_were_heard(tmp_path):
    """The first, and every change; one that is heard again is named once."""
    changes = [{"type": "site", "at_s": 1.0, "site": site} for site in ("MV", "AV", "TV")]
    assert overview(kept(tmp_path, *changes, site="AV")).sites == ("AV", "MV", "TV")


@pytest.mark.parametrize(("kind", "marked"), [("mark", True), ("note", True), ("label", True), ("told", False)])
def test_what_a_person_has_set_is_a_mark(tmp_path, kind, marked):
    """Marks, notes and labels count; what the program said does not."""
    session = kept(tmp_path, WHOLE[kind])
    assert (is_marked(session.events()), overview(session).marks) == (marked, int(marked))


def test_a_row_has_every_column(tmp_path):
    """The values are those of --json and --csv."""
    values = row_values(overview(kept(tmp_path, window(0.0), subject="P-1", site="AV")))
    assert tuple(values) == COLUMNS
    assert (values["subject"], values["site"], values["judged_min"]) == ("P-1", "AV", 0.08)


def test_visits_stand_side_by_side(tmp_path):
    """A row per site, a column per day; two sessions of a day share a cell."""
    summary = {"type": "summary", "label": "normal", "state": "verdict", "heart_rate_bpm": 70.0}
    rows = [overview(kept(tmp_path, summary, site=site)) for site in ("AV", "AV", "MV")]
    days, found = visits(rows)
    assert days == [STARTED.date()]
    assert found == {"AV": ["normal 70; normal 70"], "MV": ["normal 70"]}


@pytest.mark.parametrize(
    "damage",
    [
        {"type": "window", "state": "verdict"},
        {"type": "summary", "label": "murmur", "state": "verdict", "heart_rate_bpm": {}},
        {"type": "summary", "label": {"a": 1}, "state": "verdict"},
        {"type": "examination", "sites": [], "finding": [1]},
        {"type": "site", "at_s": 1.0, "site": ["AV"]},
        {"type": "edit", "target": {"number": 1}, "text": 3},
    ],
)
def test_a_damaged_line_harms_no_other(tmp_path, damage):
    """A row is what can be read, and can be written in every form."""
    row = overview(kept(tmp_path, window(0.0), WHOLE["mark"], damage))
    assert (row.judged_s, row.marks, row.sites) == (5.0, 1, ())
    assert json.loads(json.dumps(row_values(row), allow_nan=False))["bpm"] is None


def test_a_possible_murmur(tmp_path):
    """The verdict stays the state, for programs and filters; a person reads what is possible."""
    summary = {"type": "summary", "label": None, "state": "uncertain", "heart_rate_bpm": 71.4, "possible": "murmur"}
    row = overview(kept(tmp_path, window(0.0), summary))
    assert (row.verdict, row.possible, row.verdict_text) == ("uncertain", "murmur", "possible murmur")
    assert row_values(row)["possible"] == "murmur"
    assert visits([row])[1] == {"-": ["possible murmur 71"]}


def test_how_loud_and_when(tmp_path):
    """A murmur is listed with what is known of it, for a person in words and for programs as in the summary."""
    summary = {"type": "summary", "label": "murmur", "state": "verdict", "heart_rate_bpm": 71.4}
    row = overview(kept(tmp_path, window(0.0), {**summary, "loudness": "loud", "murmur_timing": "systolic"}))
    assert (row.verdict, row.verdict_text) == ("murmur", "murmur, loud, in systole")
    values = row_values(row)
    assert (values["verdict"], values["loudness"], values["murmur_timing"]) == ("murmur", "loud", "systolic")

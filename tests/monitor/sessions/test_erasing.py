"""Erasing sessions: all of it, only what is meant, never what runs or is marked."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import pytest

from monitor.errors import AuscultError
from monitor.messages import RecordingStatus
from monitor.sessions.erasing import Limit, erase, keep_within, parse_limit
from monitor.sessions.reader import find_sessions
from monitor.sessions.session import Session
from tests.monitor.sessions.conftest import FACTS, STARTED

HEARD = RecordingStatus(Path("sound.flac"), 20.0, 0, None)
DAY = datetime.timedelta(days=1)


def kept(parent, age_days, *types, size=0):
    """Return the name of a session of some age with lines of some types."""
    session = Session(parent, FACTS, now=lambda: STARTED - age_days * DAY, clock=lambda: 0.0)
    session.attach(lambda: HEARD)
    session.sound_path.write_bytes(bytes(size))
    for kind in types:
        session.write(json.dumps({"type": kind}))
    session.close()
    return session.folder.name


def names(parent):
    """Return what is left."""
    return [session.folder.name for session in find_sessions(parent)]


def test_all_of_a_session_is_erased(tmp_path):
    """Every file of its folder, also what was put there later; other sessions stay."""
    first, second = kept(tmp_path, 1), kept(tmp_path, 0)
    (tmp_path / first / "more").mkdir()
    (tmp_path / first / "more" / "report.html").write_text("a")
    erase(tmp_path / first)
    assert [path.name for path in tmp_path.iterdir()] == [second]


def test_what_is_no_session_is_never_erased(tmp_path):
    """A folder without a description stays."""
    (tmp_path / "letters").mkdir()
    with pytest.raises(AuscultError, match="no session"):
        erase(tmp_path / "letters")
    assert (tmp_path / "letters").is_dir()


def test_what_runs_is_never_erased(session):
    """Nor by a limit."""
    with pytest.raises(AuscultError, match="being written"):
        erase(session.folder)
    assert keep_within(session.folder.parent, Limit(days=1), STARTED + 100 * DAY) == []


def test_a_link_is_not_followed(tmp_path):
    """The folder that it points to must be named itself."""
    name = kept(tmp_path, 0)
    (tmp_path / "link").symlink_to(tmp_path / name)
    with pytest.raises(AuscultError, match="is a link"):
        erase(tmp_path / "link")


def test_a_limit_of_days(tmp_path):
    """Older ones go; one with a mark, a note or a label stays, and so does one from the future."""
    for age, kind in ((40, "told"), (39, "mark"), (38, "note"), (37, "label"), (29, "told"), (-5, "told")):
        kept(tmp_path, age, kind)
    before = names(tmp_path)
    erased = keep_within(tmp_path, Limit(days=30), STARTED)
    assert [folder.name for folder in erased] == before[:1]
    assert names(tmp_path) == before[1:]


def test_a_limit_of_size(tmp_path):
    """The oldest go until the rest fits; one with a mark counts and stays."""
    made = [kept(tmp_path, 9 - number, *(["mark"] if number == 0 else []), size=400_000) for number in range(4)]
    keep_within(tmp_path, Limit(size=1e6), STARTED)
    assert names(tmp_path) == [made[0], made[3]]


@pytest.mark.parametrize(
    ("text", "limit"),
    [("30 days", Limit(days=30)), ("1 day", Limit(days=1)), ("20 GB", Limit(size=2e10)), ("0.5GB", Limit(size=5e8))],
)
def test_limits(text, limit):
    """A number and a unit."""
    assert dataclasses.asdict(parse_limit(text)) == pytest.approx(dataclasses.asdict(limit))


@pytest.mark.parametrize("text", ["", "30", "days", "0 days", "-1 days", "30 weeks", "1e3 GB", "nan days"])
def test_what_is_no_limit(text):
    """It is refused: a limit that is misread would erase."""
    with pytest.raises(ValueError, match="keep="):
        parse_limit(text)

"""A session's folder: described from its first moment, complete at its end, never overwritten."""

from __future__ import annotations

import dataclasses
import datetime
import stat
import threading
from pathlib import Path

import pytest

from monitor.errors import AuscultError
from monitor.messages import RecordingStatus, SiteChange
from monitor.sessions import session as module
from monitor.sessions.session import Session
from tests.monitor.sessions.conftest import FACTS, STARTED

HEARD = RecordingStatus(Path("sound.flac"), 2.5, 8, None)


def test_it_is_valid_from_the_first_moment(session, check):
    """Before anything was heard there is a description without an end, and a file without lines."""
    values, events = check(session.folder)
    assert (values["ended"], values["samples"], events) == (None, None, [])
    assert session.folder.name == "2026-01-02_03-04-05"
    assert values["started"] == "2026-01-02T03:04:05+01:00"


def test_the_engine_is_kept(session, tmp_path, check):
    """A session says what ran the network."""
    assert check(session.folder)[0]["engine"] == "litert"
    with Session(tmp_path / "int8", dataclasses.replace(FACTS, engine="litert-int8"), now=lambda: STARTED) as kept:
        assert check(kept.folder)[0]["engine"] == "litert-int8"


def test_only_the_owner_may_look(session):
    """The folder is 0700, its files are 0600."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in session.folder.iterdir()}
    assert modes == {"session.json": 0o600, "events.jsonl": 0o600}
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700


def test_the_end_is_written(session, check):
    """Samples, losses and the end come with the last line; the file is still its owner's alone."""
    session.attach(lambda: HEARD)
    session.write('{"type":"told","at_s":0.0,"text":"a"}')
    session.close()
    values, events = check(session.folder)
    assert (values["samples"], values["lost_samples"], values["ended"]) == (10_000, 8, "2026-01-02T03:04:05+01:00")
    assert [line["text"] for line in events] == ["a"]
    assert stat.S_IMODE((session.folder / "session.json").stat().st_mode) == 0o600


def test_sites_and_losses_are_written_while_it_runs(session, check):
    """A program that is killed leaves them; the end keeps them."""
    session.attach(lambda: HEARD)
    session.change_site(SiteChange("PV", 1.2345, 4938))
    session.write('{"type":"told","at_s":0.0,"text":"a"}')
    for _ in range(200):
        values, _ = check(session.folder)
        if values["sites"]:
            break
        threading.Event().wait(0.02)
    assert (values["ended"], values["lost_samples"]) == (None, 8)
    assert values["sites"] == [{"site": "PV", "start_s": 1.234}]
    session.close()
    assert check(session.folder)[0]["sites"] == values["sites"]


@pytest.mark.parametrize(
    ("wall_s", "clock_s", "ended"),
    [(90.0, 90.0, "03:05:35"), (-3600.0, 90.0, "03:05:35"), (120.0, 90.0, "03:06:05")],
)
def test_the_end_never_precedes_the_start(tmp_path, wall_s, clock_s, ended):
    """A clock that was set back counts for nothing; time that the computer slept through counts."""
    walls, clocks = [0.0, wall_s], [0.0, clock_s]
    session = Session(
        tmp_path,
        FACTS,
        now=lambda: STARTED + datetime.timedelta(seconds=walls.pop(0)),
        clock=lambda: clocks.pop(0),
    )
    session.attach(lambda: HEARD)
    session.close()
    assert f'"ended": "2026-01-02T{ended}+01:00"' in (session.folder / "session.json").read_text()


def test_a_run_in_which_nothing_was_heard_leaves_no_folder(tmp_path):
    """A device that could not be opened is no session."""
    session = Session(tmp_path, FACTS)
    session.close()
    assert not session.kept
    assert list(tmp_path.iterdir()) == []


def test_what_another_program_has_put_there_stays(tmp_path):
    """Only our own files are removed."""
    session = Session(tmp_path, FACTS)
    (session.folder / "mine.txt").write_text("a")
    session.close()
    assert [path.name for path in session.folder.iterdir()] == ["mine.txt"]


def test_a_removed_folder_is_told_and_not_made_again(session):
    """The end says what happened; nothing is put where the folder was."""
    session.attach(lambda: HEARD)
    for path in session.folder.iterdir():
        path.unlink()
    session.folder.rmdir()
    session.close()
    assert not session.folder.exists()
    assert session.status is not None
    assert session.status.error is not None
    assert "moved or deleted" in session.status.error


def test_a_full_disk_at_the_end_leaves_the_description_of_before(session, check, monkeypatch):
    """What could not be written is told, and the session reads as one that was killed."""
    session.attach(lambda: HEARD)

    def full(path, content, *, private=False):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_atomic", full)
    session.close()
    values, _ = check(session.folder)
    assert values["ended"] is None
    assert session.status is not None
    assert str(session.status.error).startswith("its end could not be written: the disk is full")


def test_a_full_disk_at_the_beginning_leaves_no_folder(tmp_path, monkeypatch):
    """It is an error with a next step."""

    def full(path, content, *, private=False):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_atomic", full)
    with pytest.raises(AuscultError, match="the disk is full"):
        Session(tmp_path, FACTS)
    assert list(tmp_path.iterdir()) == []


def test_two_programs_have_a_folder_each(session):
    """The second of the same second gets a number, and neither disturbs the other."""
    other = Session(session.folder.parent, FACTS, now=lambda: STARTED)
    assert other.folder.name == f"{session.folder.name}_2"
    other.close()
    assert session.folder.is_dir()

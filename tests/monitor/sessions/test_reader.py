"""Reading a session, also one whose program was killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.errors import RecordingError
from monitor.messages import RecordingStatus
from monitor.sessions.reader import find_sessions, read_events, read_session

HEARD = RecordingStatus(Path("sound.flac"), 2.5, 8, None)


def test_it_reads_what_was_kept(session):
    """Times, counts and lines are those that were written."""
    session.attach(lambda: HEARD)
    session.write('{"type":"told","at_s":0.0,"text":"a"}')
    session.close()
    stored = read_session(session.folder)
    assert (stored.samples, stored.lost_samples, stored.sample_rate) == (10_000, 8, 4000)
    assert stored.ended == stored.started
    assert (stored.kind, stored.source, stored.labels) == ("listen", "steth", ("normal", "murmur"))
    assert [line["text"] for line in stored.events().of("told")] == ["a"]
    assert not stored.is_running


def test_a_session_that_runs_has_no_end(session):
    """It is told from one that was killed by the lock of its writer."""
    stored = read_session(session.folder)
    assert (stored.ended, stored.samples) == (None, None)
    assert stored.is_running


@pytest.mark.parametrize(
    ("text", "count", "damaged"),
    [
        ("", 0, 0),
        ('{"type":"a"}\n', 1, 0),
        ('{"type":"a"}\n{"type":"b"}\n{"ty', 2, 1),
        ('{"type":"a"}\n{"type":"b"}', 1, 1),
        ('{"type":"a"}\nnull\n[]\n{}\n\x00\x00\n{"type":"b"}\n', 2, 4),
    ],
)
def test_a_line_that_was_cut_off_is_left_out(tmp_path, text, count, damaged):
    """So is anything that is no line of ours; every other line is read, and what was left out is counted."""
    (tmp_path / "events.jsonl").write_text(text)
    events = read_events(tmp_path / "events.jsonl")
    assert (len(events.lines), events.damaged) == (count, damaged)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"type":"other"}', '{"type":"session"}', "\udcff"])
def test_what_is_no_session_is_an_error(tmp_path, text):
    """A damaged description is one line with a next step, never a traceback."""
    (tmp_path / "session.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RecordingError, match="damaged"):
        read_session(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sample_rate", 1e999),
        ("sample_rate", 0),
        ("samples", float("nan")),
        ("subject", {"name": "P-1"}),
        ("site", ["AV"]),
        ("sites", {"AV": 0}),
        ("lost_samples", None),
        ("started", 3),
    ],
)
def test_values_of_another_kind_are_damage(session, key, value):
    """They are told in one line, whichever command reads the session."""
    path = session.folder / "session.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "site": None, key: value}))
    with pytest.raises(RecordingError, match=r"session\.json is damaged: "):
        read_session(session.folder)


def test_what_is_nested_too_deeply_is_damage(session):
    """In a line it is counted; in the description it is told."""
    deep = "[" * 200_000
    (session.folder / "events.jsonl").write_text(f'{{"type":"a"}}\n{deep}\n')
    assert read_events(session.folder / "events.jsonl").damaged == 1
    (session.folder / "session.json").write_text(deep)
    with pytest.raises(RecordingError, match="nested too deeply"):
        read_session(session.folder)


def test_another_programs_source_is_passed_over(session):
    """An object is expected; without one, the kind and the name are those of a device."""
    path = session.folder / "session.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "source": "a.wav"}))
    assert read_session(session.folder).kind == "listen"


def test_a_folder_without_a_description_is_none(tmp_path):
    """The error names what is missing."""
    with pytest.raises(RecordingError, match="no session"):
        read_session(tmp_path)


def test_sessions_are_found_in_order(session, tmp_path):
    """The oldest first, wherever they were made; what is no session is left out."""
    parent = session.folder.parent
    values = json.loads((session.folder / "session.json").read_text())
    for name, started in (("later", "2026-01-02T02:04:06+00:00"), ("earlier", "2026-01-02T05:04:04+04:00")):
        (parent / name).mkdir()
        (parent / name / "session.json").write_text(json.dumps({**values, "started": started}))
    (parent / "broken").mkdir()
    (parent / "broken" / "session.json").write_text("{")
    (parent / "other").mkdir()
    assert [stored.folder.name for stored in find_sessions(parent)] == ["earlier", session.folder.name, "later"]
    assert [stored.folder for stored in find_sessions(session.folder)] == [session.folder]
    assert find_sessions(tmp_path / "nowhere") == []


@pytest.mark.parametrize("closed", ["", "locked"])
def test_a_folder_that_must_not_be_searched_is_told(session, monkeypatch, closed):
    """Nobody knows whether there are sessions in it, so it may not count as one without any."""
    parent = session.folder.parent
    (parent / "locked").mkdir()
    stat = Path.stat

    def refuse(path, **flags):
        if path.name == "session.json" and path.parent == parent / closed:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **flags)

    monkeypatch.setattr(Path, "stat", refuse)
    told = []
    found = find_sessions(parent, told.append)
    assert [stored.folder for stored in found] == ([session.folder] if closed else [])
    expected = f"{parent / closed} cannot be read: Permission denied; check its permissions"
    assert [str(error) for error in told] == [expected]


def test_a_session_of_another_program(tmp_path):
    """The keys that everybody may rely on are enough."""
    values = {"schema": 1, "started": "2026-01-02T03:04:05+01:00", "ended": None, "subject": "P7", "device": "steth"}
    values |= {"sites": [{"site": "MV", "start_s": 0}], "sample_rate": 4000, "model": "m", "model_sha256": "ab"}
    (tmp_path / "session.json").write_text(json.dumps(values | {"argv": [], "lost_samples": 3}))
    stored = read_session(tmp_path)
    assert (stored.subject, stored.site, stored.source, stored.kind) == ("P7", "MV", "steth", "listen")
    assert (stored.sample_rate, stored.samples, stored.lost_samples, stored.labels) == (4000, None, 3, ())

"""Lines of a session: written at once, kept while the disk refuses them, one writer at a time."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from monitor.errors import AuscultError
from monitor.sessions import event_log
from monitor.sessions.event_log import FULL, GONE, EventLog, append_lines, is_written


def refuse(monkeypatch, times):
    """Let the disk be full for some writes."""
    left, real = [times], event_log.append

    def append(file, data):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file, data)

    monkeypatch.setattr(event_log, "append", append)


class TestEventLog:
    """The thread that appends."""

    def test_every_line_in_order(self, tmp_path):
        """What was added before the stop is in the file, for its owner alone."""
        log = EventLog(tmp_path / "events.jsonl")
        log.start()
        for number in range(2500):
            log.add(f"{number}")
        log.stop()
        assert log.path.read_text().split() == [str(number) for number in range(2500)]
        assert (stat.S_IMODE(log.path.stat().st_mode), log.error, log.waiting) == (0o600, None, 0)

    def test_a_full_disk_loses_no_line(self, tmp_path, monkeypatch):
        """Lines wait, the error says so, and all are written once there is room."""
        refuse(monkeypatch, 1)
        log = EventLog(tmp_path / "events.jsonl")
        log.add("a")
        log.add("b")
        assert not log._write_waiting()
        assert (log.error, log.waiting) == (FULL, 2)
        assert log._write_waiting()
        assert log.error is None
        log.stop()
        assert log.path.read_text() == "a\nb\n"

    def test_a_disk_that_stays_full_is_told_at_the_end(self, tmp_path, monkeypatch):
        """The error stays, and the lines that wait are counted."""
        refuse(monkeypatch, 10**6)
        log = EventLog(tmp_path / "events.jsonl")
        log.start()
        log.add("a")
        log.stop()
        assert (log.error, log.waiting) == (FULL, 1)

    def test_only_windows_are_dropped(self, tmp_path, monkeypatch):
        """Where too many lines wait, the oldest windows go; a mark never."""
        monkeypatch.setattr(event_log, "MAX_WAITING", 3)
        monkeypatch.setattr(event_log, "MAX_BATCH", 1)
        log = EventLog(tmp_path / "events.jsonl")
        for line in ("start", "mark", "window", "window", "note"):
            log.add(f'{{"type":"{line}"}}')
        log.stop()
        assert log.lost == 2
        assert [line[9:13] for line in log._waiting] == ["star", "mark", "note"]

    def test_a_folder_that_is_gone_is_told(self, tmp_path):
        """Judging goes on; a folder that is put back has every line."""
        folder = tmp_path / "session"
        folder.mkdir()
        log = EventLog(folder / "events.jsonl")
        folder.rename(tmp_path / "moved")
        log.add("a")
        assert log._write_waiting()
        assert log.error == GONE
        (tmp_path / "moved").rename(folder)
        log.add("b")
        assert log._write_waiting()
        assert log.error is None
        log.stop()
        assert log.path.read_text() == "a\nb\n"

    def test_it_ends_with_the_finish(self, tmp_path):
        """What is to be written last is called on the thread, once."""
        calls = []
        log = EventLog(tmp_path / "events.jsonl", lambda: calls.append(log.path.read_text()))
        log.start()
        log.add("a")
        log.stop()
        log.stop()
        assert calls == ["a\n"]

    def test_it_never_takes_a_file_that_exists(self, tmp_path):
        """A session is never overwritten."""
        (tmp_path / "events.jsonl").write_text("a\n")
        with pytest.raises(AuscultError, match="not overwritten"):
            EventLog(tmp_path / "events.jsonl")


class TestLock:
    """One writer at a time, and a killed one leaves no lock behind."""

    def test_a_running_session_is_recognised(self, tmp_path):
        """The file is locked until the log has stopped."""
        log = EventLog(tmp_path / "events.jsonl")
        assert is_written(log.path)
        with pytest.raises(AuscultError, match="is being written by another program"):
            append_lines(log.path, ["a"])
        log.stop()
        assert not is_written(log.path)

    def test_no_file_is_not_written(self, tmp_path):
        """There is nothing to lock."""
        assert not is_written(tmp_path / "events.jsonl")


class TestAppendLines:
    """Adding lines later, such as a person's labels."""

    @pytest.mark.parametrize(("before", "after"), [("", ""), ("a\n", "a\n"), ("a\nhal", "a\n"), ("half", "")])
    def test_a_line_that_was_cut_off_is_removed(self, tmp_path, before, after):
        """What a killed program left of its last line would spoil the next one."""
        path = tmp_path / "events.jsonl"
        path.write_text(before)
        append_lines(path, ["b", "c"])
        assert path.read_text() == f"{after}b\nc\n"

    def test_where_there_is_no_session(self, tmp_path):
        """A missing file is an error with a next step."""
        with pytest.raises(AuscultError, match="cannot be written"):
            append_lines(tmp_path / "events.jsonl", ["a"])

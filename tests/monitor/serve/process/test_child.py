"""One process of the server: what it reports, and how it ends."""

from __future__ import annotations

import contextlib
import sys
import threading

import pytest

from monitor.serve.address import Address, listening_socket
from monitor.serve.process.child import HUNG, Child

pytestmark = pytest.mark.subprocess
REPORTS = "import sys\nsys.stdin.read()\nprint('{}', flush=True)"
ANSWERS = '{"started": true}\\n{"counts": {"clients": 0, "served": 3, "dropped": 1, "refused": 2}, "failed": null}'


@pytest.fixture
def child():
    """Return a function that starts a program in place of the server's; all end with the test."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listening_socket(Address("127.0.0.1", 0)))

        def start(code, reported=lambda: None):
            made = Child([sys.executable, "-c", code], listening, reported)
            stack.callback(made.stop)
            return made

        yield start


def test_what_it_reports_is_kept(child):
    """That it answers, and at the end what it counted; each report is told of, and their end."""
    told = []
    one = child(REPORTS.format(ANSWERS), lambda: told.append(one.over))
    assert not one.answers
    one.send(b"frame")
    one.stop()
    assert (one.answers, one.over, one.trouble) == (True, True, None)
    assert (one.counts.served, one.counts.dropped, one.counts.refused) == (3, 1, 2)
    assert told == [False, False, True]


def test_what_kept_it_from_starting_is_its_trouble(child):
    """In its own words."""
    one = child(REPORTS.format('{"failed": "no such socket"}'))
    one.stop()
    assert (one.answers, one.trouble) == (False, "no such socket")


def test_an_end_without_a_report_is_trouble(child):
    """And what is no report ends the reading."""
    for code in ("", "print('Traceback')"):
        one = child(code)
        one.stop()
        assert (one.over, one.trouble) == (True, "its process has ended")


def test_it_cannot_be_told_after_its_end(child):
    """That is an OSError for whoever tells it."""
    ended = threading.Event()
    one = child("", ended.set)
    assert ended.wait(10)
    with pytest.raises(OSError, match=r"closed|Broken|Bad"):
        for _ in range(100):
            one.send(bytes(2**16))


def test_one_that_reports_nothing_is_killed(child, monkeypatch):
    """At the start it is given more time; one that reports goes on."""
    monkeypatch.setattr("monitor.serve.process.child.ASK_S", 0.02)
    monkeypatch.setattr("monitor.serve.process.child.SILENT_AT_START", 10_000)
    ended = threading.Event()
    one = child("print('{\"started\": true}', flush=True)\nimport time\ntime.sleep(60)", ended.set)
    other = child("import time\ntime.sleep(60)")
    while not one.over:
        assert ended.wait(30)
        ended.clear()
    one.stop()
    assert one.trouble == HUNG
    assert not other.over
    monkeypatch.setattr("monitor.serve.process.child.SILENT_AT_START", 8)
    other._process.wait(30)
    other.stop()
    assert other.trouble == HUNG


def test_one_that_works_at_its_end_is_waited_for(child, monkeypatch):
    """As at a low priority on a computer that is busy: its processor time tells it from one that hangs."""
    monkeypatch.setattr("monitor.serve.process.child.END_S", 1.0)
    works = "import sys, time\nsys.stdin.read()\nwhile time.process_time() < 3.0: pass\n"
    one = child(f"{works}print('{ANSWERS}', flush=True)")
    one.stop()
    assert one.trouble is None
    assert one.counts.served == 3


def test_one_that_works_for_ever_is_ended(child, monkeypatch):
    """After the longest wait."""
    monkeypatch.setattr("monitor.serve.process.child.LONGEST_END_S", 1.0)
    one = child("while True: pass")
    one.stop()
    assert one.trouble == HUNG


def test_one_that_hangs_is_ended(child, monkeypatch):
    """After a time."""
    monkeypatch.setattr("monitor.serve.process.child.END_S", 0.1)
    one = child("import time\ntime.sleep(60)")
    one.stop()
    assert one.trouble == HUNG

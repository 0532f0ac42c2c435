"""Native code is silent on standard error while a device or a decoder is open; Python's own lines arrive."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from monitor.audio.sources.stderr import discard_native_stderr, suppress_native_stderr

PROGRAM = """
import os, sys
from monitor.audio.sources.stderr import suppress_native_stderr
before = sys.stderr
os.write(2, b"native before\\n")
try:
    with suppress_native_stderr():
        os.write(2, b"native inside\\n")
        print("ours inside", file=sys.stderr)
        {inside}
except KeyError:
    pass
os.write(2, b"native after\\n")
print("ours after", sys.stderr is before, file=sys.stderr)
"""


@pytest.mark.parametrize("inside", ["pass", "raise KeyError"])
def test_only_native_lines_are_discarded(inside):
    """Inside the block descriptor 2 goes nowhere while print still arrives; afterwards all is as before."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(inside=inside)], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == ["native before", "ours inside", "native after", "ours after True"]


def test_without_standard_error():
    """A program without standard error runs all the same."""
    code = "import sys\nsys.stderr = None\nfrom monitor.audio.sources.stderr import suppress_native_stderr\n"
    code += "with suppress_native_stderr():\n    print('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fine\n"


def test_a_replaced_standard_error_stays(capsys):
    """In a program that has replaced sys.stderr, printed lines still go there."""
    with suppress_native_stderr():
        print("caught", file=sys.stderr)
    assert capsys.readouterr().err == "caught\n"


def test_discarded_lines_are_logged_at_debug_level(caplog, capfd):
    """With logging at DEBUG each native line becomes a log record; the terminal gets none."""
    with caplog.at_level(logging.DEBUG, "monitor.audio.sources.stderr"), discard_native_stderr():
        os.write(2, b"ALSA lib: underrun\nsecond \xff\n")
    assert caplog.messages == ["native code wrote: ALSA lib: underrun", "native code wrote: second \ufffd"]
    assert capfd.readouterr().err == ""


def test_nothing_is_logged_at_the_default_level(caplog, capfd):
    """Without DEBUG the lines are gone."""
    with discard_native_stderr() as original:
        assert original is not None
        os.write(2, b"ALSA lib: underrun\n")
    assert (caplog.messages, capfd.readouterr().err) == ([], "")


def test_log_lines_reach_standard_error_while_native_lines_do_not():
    """With logging to standard error at DEBUG, ours come at once, native lines as log lines at the end."""
    code = """
import os
from monitor.audio.sources.stderr import suppress_native_stderr
from monitor.log import configure_logging, get_logger
configure_logging("DEBUG")
with suppress_native_stderr():
    os.write(2, b"underrun\\n")
    get_logger("monitor.x").info("ours")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    messages = [line.partition(": ")[2] for line in done.stderr.splitlines()]
    assert messages == ["ours", "native code wrote: underrun"]


def test_threads_that_overlap_in_any_order(capfd):
    """The first that ends does not restore it, the last one does: standard error is never lost for good."""
    first, second = discard_native_stderr(), discard_native_stderr()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    os.write(2, b"native\n")
    second.__exit__(None, None, None)
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"

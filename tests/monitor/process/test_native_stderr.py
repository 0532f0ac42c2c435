"""Native code is silent on standard error while a device or a decoder is open; all else arrives, crashes above all."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest

from monitor.process.native_stderr import CStream, Descriptor, Diversion, discard_native_stderr, find_redirection

NATIVE = '''
import ctypes, os, sys

def native(text):
    """Write to standard error as C code does."""
    name = {"linux": "stderr", "darwin": "__stderrp"}.get(sys.platform)
    if name is None:
        os.write(2, text.encode() + b"\\n")
        return
    libc = ctypes.CDLL(None)
    stream = ctypes.c_void_p.in_dll(libc, name)
    libc.fputs(text.encode() + b"\\n", stream)
    libc.fflush(stream)
'''
CHOICES = {
    "found": "",
    "descriptor": "import monitor.process.native_stderr as n\nn.diversion = n.Diversion(n.Descriptor())\n",
}
"""Code that chooses how: as on this system, or as on systems without the GNU C library."""

here: dict = {}
exec(NATIVE, here)
native = here["native"]


@pytest.fixture(params=list(CHOICES))
def program(request):
    """Return a function that runs code with the imports and :func:`native`; it returns what came on standard error."""

    def run(code, *options):
        code = f"{NATIVE}\nfrom monitor.process.native_stderr import *\n{CHOICES[request.param]}\n{code}"
        command = [sys.executable, *options, "-c", code]
        return subprocess.run(command, capture_output=True, text=True).stderr

    return run


@pytest.mark.subprocess
@pytest.mark.parametrize("inside", ["pass", "raise KeyError"])
def test_only_native_lines_are_discarded(program, inside):
    """Inside the block C code writes nowhere while print still arrives; afterwards all is as before."""
    code = f"""
before = sys.stderr
native("native before")
try:
    with suppress_native_stderr():
        native("native inside")
        print("ours inside", file=sys.stderr)
        {inside}
except KeyError:
    pass
native("native after")
print("ours after", sys.stderr is before, file=sys.stderr)
"""
    lines = ["native before", "ours inside", "native after", "ours after True"]
    assert program(code).splitlines() == lines


@pytest.mark.subprocess
@pytest.mark.parametrize("block", ["discard_native_stderr", "suppress_native_stderr"])
@pytest.mark.parametrize("crash", ["ctypes.string_at(0)", "os.abort()"])
@pytest.mark.parametrize("enabled", ["option", "call"])
def test_a_crash_inside_is_reported(program, block, crash, enabled):
    """The report of faulthandler, with the line that crashed, arrives while native lines do not."""
    code = f"""
{"import faulthandler; faulthandler.enable()" if enabled == "call" else ""}
def crash_here():
    {crash}
with {block}():
    native("native inside")
    crash_here()
"""
    printed = program(code, *(("-X", "faulthandler") if enabled == "option" else ()))
    assert "Fatal Python error: " in printed
    assert "in crash_here" in printed
    assert "native inside" not in printed


@pytest.mark.subprocess
def test_a_crash_afterwards_is_reported(program):
    """The report of faulthandler arrives after the block, too."""
    code = "with suppress_native_stderr():\n    pass\nos.abort()"
    assert "Fatal Python error: Aborted" in program(code, "-X", "faulthandler")


@pytest.mark.subprocess
def test_a_crash_while_a_network_is_loaded_is_reported():
    """LiteRT's notice is discarded while an interpreter is created, a crash in it is not."""
    code = """
import ctypes
import ai_edge_litert.interpreter as litert
from monitor.inference.engine import LiteRTEngine
litert.Interpreter = lambda **options: ctypes.string_at(0)
LiteRTEngine(b"")
"""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True)
    assert "Fatal Python error: Segmentation fault" in done.stderr


@pytest.mark.subprocess
def test_without_standard_error():
    """A program without standard error runs all the same, with either way."""
    for choice in CHOICES.values():
        code = "import sys\nsys.stderr = None\nfrom monitor.process.native_stderr import suppress_native_stderr\n"
        code += f"{choice}with suppress_native_stderr():\n    print('fine')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "fine\n"


@pytest.mark.subprocess
def test_log_lines_reach_standard_error_while_native_lines_do_not(program):
    """With logging to standard error at DEBUG, ours come at once, native lines as log lines at the end; twice."""
    code = """
from monitor.log import configure_logging, get_logger
configure_logging("DEBUG")
for number in (1, 2):
    with suppress_native_stderr():
        native(f"underrun {number}")
        get_logger("monitor.x").info("ours %d", number)
"""
    messages = [line.partition(": ")[2] for line in program(code).splitlines()]
    assert messages == ["ours 1", "native code wrote: underrun 1", "ours 2", "native code wrote: underrun 2"]


@pytest.mark.subprocess
def test_the_file_of_logged_lines_is_closed_at_the_end(program):
    """Python's own check for files that are left open finds none."""
    code = """
from monitor.log import configure_logging
configure_logging("DEBUG")
with suppress_native_stderr():
    native("underrun")
"""
    printed = program(code, "-W", "default::ResourceWarning")
    assert "native code wrote: underrun" in printed
    assert "ResourceWarning" not in printed


def test_a_replaced_standard_error_stays(capsys):
    """In a program that has replaced sys.stderr, printed lines still go there."""
    with discard_native_stderr():
        print("caught", file=sys.stderr)
    assert capsys.readouterr().err == "caught\n"


def test_discarded_lines_are_logged_at_debug_level(caplog, capfd):
    """With logging at DEBUG each native line becomes a log record; the terminal gets none."""
    with caplog.at_level(logging.DEBUG, "monitor.process.native_stderr"), discard_native_stderr():
        native("ALSA lib: underrun\nsecond")
    assert caplog.messages == ["native code wrote: ALSA lib: underrun", "native code wrote: second"]
    assert capfd.readouterr().err == ""


def test_nothing_is_logged_at_the_default_level(caplog, capfd):
    """Without DEBUG the lines are gone."""
    with discard_native_stderr():
        native("ALSA lib: underrun")
    assert (caplog.messages, capfd.readouterr().err) == ([], "")


class Recorded:
    """A redirection that records its calls."""

    def __init__(self):
        self.calls = []

    def begin(self, sink):
        """Record."""
        self.calls.append("begin")

    def end(self):
        """Record."""
        self.calls.append("end")


def test_the_first_begins_and_the_last_restores():
    """Blocks of several threads that overlap in any order are one redirection, so none restores too early."""
    recorded = Recorded()
    diversion = Diversion(recorded)
    both, left = threading.Event(), threading.Event()

    def other():
        with diversion:
            both.set()
            assert left.wait(timeout=10)

    thread = threading.Thread(target=other)
    with diversion:
        thread.start()
        assert both.wait(timeout=10)
    assert recorded.calls == ["begin"]
    left.set()
    thread.join(timeout=10)
    assert recorded.calls == ["begin", "end"]


@pytest.mark.parametrize("fault", [ValueError, AttributeError, OSError])
def test_another_c_library(monkeypatch, fault):
    """Where C's stderr cannot be exchanged, file descriptor 2 is redirected."""

    def fail(self):
        raise fault

    monkeypatch.setattr(CStream, "__init__", fail)
    assert isinstance(find_redirection(), Descriptor)


@pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library is that of Linux")
def test_descriptor_2_stays_with_the_gnu_c_library(capfd):
    """What another thread writes to descriptor 2 inside the block arrives."""
    with discard_native_stderr():
        os.write(2, b"from a thread\n")
    assert capfd.readouterr().err == "from a thread\n"

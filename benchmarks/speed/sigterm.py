"""How long the program takes to end after the first SIGTERM, in the states in which something could hold it.

    python benchmarks/speed/sigterm.py               # every case once
    python benchmarks/speed/sigterm.py --repeats 5 --only listen

starts ``auscult`` as a process of its own for each case: a reader of standard output that never reads, a standard input
that stays open, a device whose driver never returns from closing, a terminal that no one reads, a program that is still
loading. It sends SIGTERM once and measures the time to the end of the process. A line for each case goes to standard
error, one JSON object with the longest times to standard output. The exit code is 1 if one took longer than 2 s, or did
not end with 130. Linux and macOS.

The device is a stand-in with PortAudio's interface, so that no sound system is needed; everything else is the program.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

PROMISE_S, GIVE_UP_S = 2.0, 30.0
SAMPLE_RATE = 4000
INTERRUPTED = 130

PROGRAM = """
from monitor.cli import run_and_exit
run_and_exit()
"""

READY = """
import contextlib, os
from monitor.process.interrupts import Interrupts

deferred = Interrupts.deferred

@contextlib.contextmanager
def announced(interrupts):
    with deferred(interrupts):
        os.write(READY_FD, b"ready")
        yield

Interrupts.deferred = announced
"""
"""Says that the program has loaded and begun, however busy the machine is."""

DEVICE = """
import sys, threading, time
import numpy as np
import monitor.commands.listen as listen
from monitor.audio.sources.device.selection import DeviceInfo

class Stream:
    active = True
    def __init__(self, on_block):
        self.on_block, self.ended = on_block, threading.Event()
        self.thread = threading.Thread(target=self.run, name="auscult-stand-in")
        self.thread.start()
    def run(self):
        noise = np.random.default_rng(0).normal(0, 0.1, (200, 1)).astype(np.float32)
        while not self.ended.wait(0.05):
            self.on_block(noise, False)
    def close(self):
        self.ended.set()
        threading.Event().wait(HANGS_S)

class PortAudio:
    def devices(self):
        return [DeviceInfo(0, "stand-in", "none", 1, 4000, True)]
    def check(self, device, channels, sample_rate):
        pass
    def open(self, device, channels, sample_rate, latency_s, on_block):
        return Stream(on_block)
    def restart(self):
        pass

listen.PortAudio = PortAudio
"""


DISK = """
import threading
from monitor.audio.recorder.append_file import AppendFile

append = AppendFile.append

def append_twice(file, data, header, written=[]):
    if len(written) == 2:
        threading.Event().wait()
    written.append(append(file, data, header))

AppendFile.append = append_twice
"""
"""A disk that takes two writes and never answers again."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A state of the program.

    Attributes
    ----------
    name : str
    words : str
        The command line.
    output : {"read", "full", "terminal", "stopped terminal"}
        Standard output: read by us, a full pipe that no one reads, a terminal that is read, or one that is not.
    messages : {"read", "full"}
        Standard error.
    sound : bytes or None
        What comes on standard input, which stays open; None for the null device.
    after_s : float
        Seconds from the beginning of the run, or from the start of the program where it is loading, to the signal.
    hangs_s : float or None
        How long closing the stand-in for a device takes; None for no such device.
    disk_hangs : bool
        Whether the disk of the recording stops to answer.
    loading : bool
        Whether the signal comes before the run has begun, so that it may end the program as any other.
    """

    name: str
    words: str
    output: str = "read"
    messages: str = "read"
    sound: bytes | None = None
    after_s: float = 1.0
    hangs_s: float | None = None
    disk_hangs: bool = False
    loading: bool = False


SOUND = (np.random.default_rng(0).normal(0, 3000, 8 * SAMPLE_RATE)).astype("<i2").tobytes()

CASES = [
    Case("replay, real time", "replay clip.wav --json"),
    Case("replay, reader never reads", "replay clip.wav --json", output="full", after_s=6.0),
    Case("replay at full speed, reader never reads", "replay long.wav --json --speed max", output="full", after_s=3.0),
    Case("replay, both outputs never read", "replay clip.wav --json", output="full", messages="full", after_s=6.0),
    Case("replay --plain, reader never reads", "replay clip.wav --plain", output="full", after_s=6.0),
    Case("replay of many files, reader never reads", "replay clip.wav clip.wav none.wav --json", "full", after_s=3.0),
    Case("replay -, nothing comes", "replay - --json", sound=b"", after_s=3.0, loading=True),
    Case("replay -, input stays open", "replay - --raw s16le --json", sound=SOUND),
    Case("replay -, input open, reader never reads", "replay - --raw s16le --json", "full", sound=SOUND, after_s=6.0),
    Case("demo, dashboard", "demo", output="terminal", after_s=3.0),
    Case("demo, terminal is stopped", "demo", output="stopped terminal", after_s=4.0),
    Case("listen --json", "listen --json", hangs_s=0.0),
    Case("listen, device hangs on close", "listen --json", hangs_s=60.0),
    Case("listen, device takes 3 s to close", "listen --json", hangs_s=3.0),
    Case("listen --record, device hangs", "listen --json --record NEW.wav", hangs_s=60.0),
    Case("listen --record, device hangs, reader never reads", "listen --json --record NEW.flac", "full", hangs_s=60.0,
         after_s=6.0),
    Case("listen --record, dashboard, device hangs", "listen --record NEW.wav", "terminal", hangs_s=60.0, after_s=3.0),
    Case("listen --record, disk hangs", "listen --json --record NEW.wav", hangs_s=0.0, disk_hangs=True, after_s=3.0),
    Case("listen --record, reader never reads", "listen --json --record NEW.wav", "full", hangs_s=0.0, after_s=6.0),
    Case("loading: 0.02 s", "replay clip.wav --json", after_s=0.02, loading=True),
    Case("loading: 0.1 s", "replay clip.wav --json", after_s=0.1, loading=True),
    Case("loading: 0.2 s", "replay clip.wav --json", after_s=0.2, loading=True),
    Case("loading: 0.3 s", "replay clip.wav --json", after_s=0.3, loading=True),
    Case("loading: 0.5 s", "replay clip.wav --json", after_s=0.5, loading=True),
]  # fmt: skip


def main() -> int:
    """Measure every case, report, and return the exit code."""
    parser = argparse.ArgumentParser(description="Measure how long the program takes to end after SIGTERM.")
    parser.add_argument("--repeats", type=int, default=1, help="how often each case is measured (default: 1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases with this text in their name")
    options = parser.parse_args()
    longest: dict[str, float] = {}
    good = True
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        make_recordings()
        for case in (case for case in CASES if options.only in case.name):
            runs = [measure(case) for _ in range(options.repeats)]
            longest[case.name] = round(max(seconds for seconds, *_ in runs), 3)
            remarks = "; ".join(sorted({remark for *_, remark in runs if remark}))
            codes = sorted({code for _, code, _ in runs})
            expected = {INTERRUPTED, -signal.SIGTERM} if case.loading else {INTERRUPTED}
            good &= longest[case.name] <= PROMISE_S and set(codes) <= expected
            print(f"{longest[case.name]:7.2f} s  exit {codes}  {case.name}  {remarks}", file=sys.stderr)
    print(json.dumps({"longest_s": longest}))
    return 0 if good else 1


def make_recordings() -> None:
    """Write what is replayed: a minute and an hour of noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, 3600 * SAMPLE_RATE).astype(np.float32)
    soundfile.write("clip.wav", noise[: 60 * SAMPLE_RATE], SAMPLE_RATE)
    soundfile.write("long.wav", noise, SAMPLE_RATE)


def measure(case: Case) -> tuple[float, int, str]:
    """Return the seconds from SIGTERM to the end, the exit code, and what the recording contains."""
    for path in Path().glob("NEW*"):
        path.unlink()
    code = DEVICE.replace("HANGS_S", str(case.hangs_s)) if case.hangs_s is not None else ""
    code += (DISK if case.disk_hangs else "") + PROGRAM
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(opened(case.output))
        messages = stack.enter_context(opened(case.messages))
        ready, announces = os.pipe()
        stack.callback(os.close, ready)
        code = READY.replace("READY_FD", str(announces)) + code
        arguments = [sys.executable, "-c", code, *case.words.split()]
        stdin = subprocess.DEVNULL if case.sound is None else subprocess.PIPE
        program = subprocess.Popen(arguments, stdin=stdin, stdout=output, stderr=messages, pass_fds=(announces,))
        os.close(announces)
        stack.enter_context(program)  # closes its standard input, and waits
        stack.callback(program.kill)
        if case.sound and program.stdin:
            program.stdin.write(case.sound)
            program.stdin.flush()
        if not case.loading:
            os.read(ready, 5)
        threading.Event().wait(case.after_s)
        ended = program.poll()
        program.send_signal(signal.SIGTERM)
        since = time.monotonic()
        try:
            exit_code = program.wait(GIVE_UP_S)
        except subprocess.TimeoutExpired:
            return GIVE_UP_S, 999, "did not end"
        return time.monotonic() - since, exit_code, "had ended before" if ended is not None else recorded()


def recorded() -> str:
    """Return what the recording contains, if there is one."""
    path = next(Path().glob("NEW*"), None)
    return "" if path is None else f"{soundfile.info(str(path)).duration:.1f} s recorded"


@contextlib.contextmanager
def opened(kind: str) -> Iterator[int]:
    """Open an output; what is read is thrown away."""
    reading, writing = pty.openpty() if "terminal" in kind else os.pipe()
    if kind == "full":
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 512)
        os.set_blocking(writing, True)
    if kind in ("read", "terminal"):
        threading.Thread(target=_read, args=(reading,), daemon=True).start()
    try:
        yield writing
    finally:
        os.close(writing)
        if kind not in ("read", "terminal"):
            os.close(reading)


def _read(descriptor: int) -> None:
    """Read until the other end is closed."""
    with contextlib.suppress(OSError):
        while os.read(descriptor, 65536):
            pass
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())

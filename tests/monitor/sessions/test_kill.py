"""A session is valid whenever its program is killed, and has all but the last second."""

from __future__ import annotations

import concurrent.futures
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from monitor.sessions.reader import read_session

KILLS = 30
RATE = 4000
CHILD = """
import sys, threading
import numpy as np
from monitor.audio.recorder.recorder import Recorder
from monitor.audio.ring_buffer import RingBuffer
from monitor.sessions.session import Session
from pathlib import Path
from tests.monitor.sessions.conftest import FACTS

session = Session(Path(sys.argv[1]), FACTS)
ring = RingBuffer(30 * 4000)
recorder = Recorder(session.sound_path, ring, 4000, in_session=True)
session.attach(lambda: recorder.status)
recorder.start()
sound = np.random.default_rng(1).uniform(-0.5, 0.5, 100).astype(np.float32)
pause = threading.Event()
for number in range(4000):
    ring.push(sound)
    session.write('{"type":"told","at_s":%.6f,"text":"%s"}' % (number / 40, "x" * (number % 300)))
    print(number + 1, flush=True)
    pause.wait(0.025)
"""


def killed(parent: Path, seconds: float) -> int:
    """Let a program run, kill it after a while, and return how many blocks of sound it had taken in."""
    command = [sys.executable, "-c", CHILD, str(parent)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert child.stdout is not None
    with child:
        lines = [child.stdout.readline()]  # it has begun
        killer = concurrent.futures.ThreadPoolExecutor(1)
        with killer:
            waiting = killer.submit(child.wait)
            concurrent.futures.wait([waiting], timeout=seconds)
            child.send_signal(signal.SIGKILL)
            lines += child.stdout.readlines()
    return int([line for line in lines if line.endswith("\n")][-1])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9")
def test_thirty_programs_killed_at_random(tmp_path, check):
    """The description is valid, every line but the last is, and of sound and lines at most the last second is lost."""
    moments = random.Random(7)
    parents = [tmp_path / f"{number}" for number in range(KILLS)]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(killed, parents, [moments.uniform(0.0, 2.5) for _ in parents]))
    lost_s, lost_lines = [], []
    for parent, blocks in zip(parents, taken, strict=True):
        (folder,) = parent.iterdir()
        values, events = check(folder, killed=True)
        stored = read_session(folder)
        assert values["ended"] is None
        assert not stored.is_running
        samples = 0
        if stored.sound_path.stat().st_size:
            sound, rate = soundfile.read(stored.sound_path)
            samples = len(sound)
            assert rate == RATE
        lost_s.append((blocks * 100 - samples) / RATE)
        lost_lines.append(blocks - len(events))
    print(f"lost: sound up to {max(lost_s):.3f} s, lines up to {max(lost_lines)}")
    assert max(lost_s) <= 1.0
    assert max(lost_lines) <= 40  # a second of them

"""Recordings are handed out to processes, and handed out again where one dies."""

from __future__ import annotations

import collections
import sys
import threading

import pytest

from monitor.commands.scan.pool import Pool
from monitor.commands.scan.process import SpareWorker
from monitor.commands.scan.worker import WorkerSetup
from monitor.errors import AuscultError

pytestmark = pytest.mark.subprocess

WORKER = """
import json, os, signal, sys
def send(head, body=b""):
    sys.stdout.buffer.write(json.dumps({**head, "bytes": len(body)}).encode() + b"\\n" + body)
    sys.stdout.buffer.flush()
json.loads(sys.stdin.buffer.readline())["model_sha256"]
send({"ready": True})
for line in sys.stdin.buffer:
    name = json.loads(line)["source"]
    with open(os.path.join(FOLDER, name + ".log"), "ab") as log:
        log.write(b".")
    if name.startswith("deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("once") and os.path.getsize(os.path.join(FOLDER, name + ".log")) == 1:
        sys.stdout.buffer.write(b'{"seconds":1.0,"failed":false,"bytes":999}\\nhalf an answer')
        sys.stdout.buffer.flush()
        os._exit(3)
    if name.startswith("hangs"):
        sys.stdin.buffer.read()
        signal.pause()
    send({"seconds": 2.0, "failed": False}, name.encode())
"""


@pytest.fixture
def make_pool(tmp_path):
    """Return a function that makes a pool of scripted workers, which note in a folder what they were given."""

    def make(jobs, program=WORKER, spare=None):
        return Pool(WorkerSetup("plain", "0"), jobs, scripted(tmp_path, program), spare)

    return make


def scripted(folder, program):
    """Return the command of a scripted worker."""
    return [sys.executable, "-S", "-c", f"FOLDER = {str(folder)!r}\n{program}"]


def times_given(folder, name):
    """Return how often a recording was begun."""
    return (folder / f"{name}.log").stat().st_size


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_recording_is_answered_once(make_pool, make_recording, tmp_path, jobs):
    """Whatever the number of workers; no thread is left."""
    recordings = [make_recording(f"{index}.wav") for index in range(20)]
    with make_pool(jobs) as pool:
        answers = [answer for answer in pool.run(recordings) if answer is not None]
    assert sorted(index for index, _ in answers) == list(range(20))
    for index, judged in answers:
        assert judged == (f"{index}.wav".encode(), 2.0, False)
        assert times_given(tmp_path, f"{index}.wav") == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("auscult-scan")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_dead_worker_had_goes_to_others(make_pool, make_recording, tmp_path, jobs):
    """A recording at which a worker dies once is judged; one at which two die is an error; all others once."""
    names = ["a", "once", "b", "deadly", "c", "once again", "d"]
    recordings = [make_recording(name) for name in names]
    with make_pool(jobs) as pool:
        answers = dict(answer for answer in pool.run(recordings) if answer is not None)
    assert sorted(answers) == list(range(7))
    assert {names[index]: judged.failed for index, judged in answers.items()} == {
        name: name == "deadly" for name in names
    }
    assert b"ended twice without an answer (SIGKILL); try it alone" in answers[3].lines
    assert {name: times_given(tmp_path, name) for name in names} == collections.Counter(names) + collections.Counter(
        ["once", "deadly", "once again"]
    )


def test_the_last_recordings_wait_behind_no_other(make_pool, make_recording):
    """Where one worker hangs, the other does all that is left."""
    recordings = [make_recording(name) for name in ("hangs", "a", "b")]
    stopping, answers = threading.Event(), []
    with make_pool(2) as pool:
        for answer in pool.run(recordings, stopping.is_set):
            answers += [] if answer is None else [answer[0]]
            if len(answers) == 2:
                stopping.set()
    assert answers == [1, 2]


def test_to_stop_kills_the_workers(make_pool, make_recording):
    """Also one that does not answer; what was answered has been yielded."""
    recordings = [make_recording("a"), make_recording("hangs"), make_recording("b")]
    answers = []
    stopping = threading.Event()
    with make_pool(1) as pool:
        for answer in pool.run(recordings, stopping.is_set):
            if answer is not None:
                answers.append(answer)
            elif answers:
                stopping.set()
    assert [index for index, _ in answers] == [0]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("auscult-scan")]


def test_workers_that_cannot_start(make_pool, make_recording):
    """One line, whether they end at once, say why, or are no program."""
    with (
        make_pool(2, "raise SystemExit(4)") as pool,
        pytest.raises(AuscultError, match="end as soon as they are started"),
    ):
        list(pool.run([make_recording("a")]))
    refuse = """print('{"failed": "no bundle", "bytes": 0}')"""
    with make_pool(2, refuse) as pool, pytest.raises(AuscultError, match="no bundle"):
        list(pool.run([make_recording("a")]))
    with (
        Pool(WorkerSetup("plain", "0"), 1, ["/no/such/program"]) as pool,
        pytest.raises(AuscultError, match="no worker process can be started: No such file"),
    ):
        list(pool.run([make_recording("a")]))


def test_nothing_to_do(make_pool):
    """No process is started."""
    with make_pool(2, "raise SystemExit(4)") as pool:
        assert list(pool.run([])) == []


def test_a_spare_worker_is_the_first_one(make_pool, make_recording, tmp_path):
    """It gets its setup when it is taken, and others are started beside it."""
    note = "open(os.path.join(FOLDER, 'spare'), 'a').close()\n"
    with SpareWorker(scripted(tmp_path, f"import os\n{note}{WORKER}")) as spare:
        with make_pool(2, spare=spare) as pool:
            answers = [answer for answer in pool.run([make_recording("a"), make_recording("b")]) if answer is not None]
        assert spare.take() is None
    assert sorted(index for index, _ in answers) == [0, 1]
    assert (tmp_path / "spare").exists()


def test_a_spare_worker_that_has_died_is_replaced(make_pool, make_recording, tmp_path):
    """Its recordings go to another; one that could not be started is started by the pool."""
    for command in (scripted(tmp_path, "raise SystemExit(4)"), ["/no/such/program"]):
        with SpareWorker(command) as spare, make_pool(1, spare=spare) as pool:
            answers = [answer for answer in pool.run([make_recording("a")]) if answer is not None]
        assert [judged.failed for _, judged in answers] == [False]

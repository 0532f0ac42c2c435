"""A real local Dask cluster of worker processes: killed workers, a killed scheduler, other versions, other files."""

from __future__ import annotations

import collections
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("distributed", reason="a Dask cluster needs the extra dask")

from monitor.commands.scan import dask_pool
from monitor.commands.scan.dask_pool import DaskPool, batch_size
from monitor.commands.scan.dask_task import Order
from monitor.commands.scan.worker import WorkerSetup
from monitor.errors import AuscultError

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of Dask's threads, once they are killed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROOT = Path(__file__).resolve().parents[4]
ORDER = Order(WorkerSetup("plain", "0"), "0")
PATIENCE_S = 300
"""Only a test that hangs reaches it, however busy the machine is."""
SCAN = [sys.executable, "-m", "monitor", "scan"]
SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"]

GATE = """
import os, time
try:
    from monitor.commands.scan import dask_task
except ImportError:  # a process that is none of ours
    pass
else:
    judge = dask_task.judge_batch

    def judge_batch(recordings, order, parcel):
        folder = os.environ["GATE"]
        try:
            os.close(os.open(os.path.join(folder, "first"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            while os.path.exists(os.path.join(folder, "closed")):
                time.sleep(0.02)
        return judge(recordings, order, parcel)

    dask_task.judge_batch = judge_batch
"""
"""Lets the first task pass and holds all others, so that a scan cannot end before the test has done its harm."""


def test_the_size_of_a_task():
    """20 to 50 recordings, less where a slot would have nothing to do, and never none."""
    for number in (1, 7, 100, 5000, 10**7):
        for slots in (0, 1, 16, 1000):
            size = batch_size(number, slots)
            assert 1 <= size <= 50
            assert size >= 20 or size * max(1, slots) >= number


def test_every_recording_is_answered_once_whatever_dies(make_recording, monkeypatch, tmp_path):
    """Batches of a dead worker go to others; of those at which workers die again and again only one is an error."""
    folder = str(tmp_path)

    def judge(recordings, order, parcel):
        import json
        import os
        import signal

        judged = []
        for recording in json.loads(recordings):
            name = recording["source"]
            with open(os.path.join(folder, name), "ab") as log:
                log.write(b".")
            if name == "deadly" or (name == "once" and os.path.getsize(os.path.join(folder, name)) == 1):
                os.kill(os.getpid(), signal.SIGKILL)
            judged.append((name.encode(), 2.0, False))
        return {"judged": judged}

    monkeypatch.setattr(dask_pool, "judge_batch", judge)
    names = [*map(str, range(45)), "once", *map(str, range(46, 110)), "deadly", *map(str, range(111, 120))]
    recordings = [make_recording(name) for name in names]
    with DaskPool("local", 2, ORDER, {}) as pool:
        answers = [answer for answer in pool.run(recordings) if answer is not None]
    assert collections.Counter(index for index, _ in answers) == collections.Counter(range(120))
    assert {names[index] for index, judged in answers if judged.failed} == {"deadly"}
    assert all(judged.lines == names[index].encode() for index, judged in answers if not judged.failed)
    (killed,) = [judged.lines for _, judged in answers if judged.failed]
    assert b"deadly: the workers that judged it ended without an answer; try it alone" in killed


def test_a_fault_of_the_cluster_is_one_line(make_recording, monkeypatch):
    """What only another installation can mean is said with the next step; nothing is left running."""

    def judge(recordings, order, parcel):
        raise ModuleNotFoundError("No module named 'monitor'")

    monkeypatch.setattr(dask_pool, "judge_batch", judge)
    with (
        DaskPool("local", 1, ORDER, {}) as pool,
        pytest.raises(AuscultError, match=r"cannot run the scan \(ModuleNotFoundError: .*; install auscult \S+ and"),
    ):
        list(pool.run([make_recording("a")]))


def test_no_cluster_at_the_address(monkeypatch):
    """One line, for a port where nothing listens and for what is no address."""
    monkeypatch.setattr(dask_pool, "CONNECT_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(AuscultError, match=f"the Dask cluster at {address} does not answer"):
            DaskPool(address, 1, ORDER, {})


class Gate:
    """What holds the tasks of a scan in its workers.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder):
        self.folder = folder

    def close(self):
        """Let one more task pass, and hold those after it."""
        (self.folder / "first").unlink(missing_ok=True)
        (self.folder / "closed").touch()

    def open(self):
        """Let all pass."""
        (self.folder / "closed").unlink(missing_ok=True)


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """Return the gate of all processes that a test starts; it is open."""
    folder = tmp_path / "gate"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(GATE)
    monkeypatch.setenv("GATE", str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))
    held = Gate(folder)
    yield held
    held.open()


@pytest.fixture
def cluster(tmp_path, gate):
    """Return the address of a scheduler with two worker processes, and both processes; all end with the test."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    log = tmp_path / "scheduler.log"
    processes = []

    def start(command, output):
        processes.append(subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=tmp_path))

    try:
        with open(log, "wb") as output:
            start([*SCHEDULER, "--no-dashboard"], output)
        for _ in range(PATIENCE_S * 20):
            found = re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text())
            if found:
                break
            time.sleep(0.05)
        assert found, log.read_text()
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", found[1], "--nworkers", "2", "--nthreads", "1"]
        start([*worker, "--no-dashboard", "--local-directory", str(tmp_path)], subprocess.DEVNULL)
        yield found[1], *processes
    finally:
        for process in reversed(processes):
            for child in [*children_of(process.pid), process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            process.wait(timeout=PATIENCE_S)


def children_of(pid):
    """Return the processes that a process has started."""
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def archive(tmp_path, heart_waveform):
    """Return a folder with 100 recordings of different lengths."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for index in range(100):
        soundfile.write(folder / f"{index:03}.wav", np.tile(heart_waveform, 4)[: (index % 7 + 1) * 20_000], 4000)
    return folder


def run_scan(*arguments):
    """Run the command to its end."""
    return subprocess.run([*SCAN, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S)


def start_scan(*arguments):
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        [*SCAN, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_for_rows(process, path):
    """Wait until a journal has its first rows; the scan must not have ended."""
    for _ in range(PATIENCE_S * 50):
        if path.exists() and b'\n{"type":"summary"' in path.read_bytes():
            return
        assert process.poll() is None
        time.sleep(0.02)
    raise AssertionError("no row came")


def kill_a_worker(pid):
    """Kill one of the worker processes that a process has started; it must have both."""
    import psutil

    workers = [child for child in children_of(pid) if "spawn_main" in " ".join(psutil.Process(child).cmdline())]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_worker_and_a_killed_scheduler(cluster, archive, gate, tmp_path):
    """A scan with a worker killed is that of processes here, byte for byte; a lost cluster is one line, resumable."""
    address, scheduler, workers = cluster
    here, there, lost = (tmp_path / f"{name}.jsonl" for name in ("here", "there", "lost"))
    assert run_scan(archive, "-o", here, "--jobs", "2", "--windows").returncode == 0

    gate.close()
    scan = start_scan(archive, "-o", there, "--dask", address, "--windows")
    wait_for_rows(scan, there)
    kill_a_worker(workers.pid)
    gate.open()
    _, told = scan.communicate(timeout=PATIENCE_S)
    assert scan.returncode == 0, told
    assert there.read_bytes() == here.read_bytes()

    gate.close()
    scan = start_scan(archive, "-o", lost, "--dask", address, "--windows")
    wait_for_rows(scan, lost)
    scheduler.kill()
    _, told = scan.communicate(timeout=PATIENCE_S)
    assert scan.returncode == 1
    assert told.decode().splitlines()[-1] == (
        f"auscult: the Dask cluster at {address} is lost: its scheduler does not answer; "
        "what is done is kept; start the cluster, then the same command with --resume"
    )
    assert b"Traceback" not in told
    gate.open()
    assert run_scan(archive, "-o", lost, "--jobs", "2", "--windows", "--resume").returncode == 0
    assert lost.read_bytes() == here.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c(archive, gate, tmp_path):
    """As a terminal sends it, to all processes: exit code 130, no traceback, no process left, and it is resumed."""
    out, whole = tmp_path / "out.jsonl", tmp_path / "whole.jsonl"
    gate.close()
    scan = start_scan(archive, "-o", out, "--dask", "local", "--jobs", "2")
    wait_for_rows(scan, out)
    os.killpg(scan.pid, signal.SIGINT)
    _, told = scan.communicate(timeout=PATIENCE_S)
    assert scan.returncode == 130
    assert b"Traceback" not in told
    assert told.decode().splitlines()[-1].endswith("the same command with --resume goes on")
    gate.open()
    assert run_scan(archive, "-o", out, "--dask", "local", "--jobs", "2", "--resume").returncode == 0
    assert run_scan(archive, "-o", whole, "--jobs", "2").returncode == 0
    assert out.read_bytes() == whole.read_bytes()


def test_usage_errors(ward, tmp_path):
    """Processes of this machine do not go with another one's; the extra is named where it is missing."""
    done = run_scan(ward, "-o", tmp_path / "a.csv", "--dask", "tcp://host:1", "--jobs", "2")
    assert done.returncode == 2
    assert "--jobs is for processes of this machine, not with --dask tcp://host:1" in done.stderr
    program = "import sys; sys.modules['distributed'] = None; from monitor.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *SCAN[3:], str(ward), "-o", str(tmp_path / "a.csv"), "--dask", "local"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1
    assert done.stderr == "auscult: --dask needs distributed; pip install 'auscult-monitor[dask]'\n"
    assert not list(tmp_path.glob("a.csv*"))

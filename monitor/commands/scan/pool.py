"""The worker processes of a scan: recordings are handed out, and handed out again where a worker dies.

Each worker has two recordings at a time, so that it never waits for the next. A recording at which two workers have
died is given up, with an error; what else they had goes to others. The first worker can be started before it is known
what to judge: see :class:`~monitor.commands.scan.process.SpareWorker`. Thread ``auscult-scan-N`` reads the answers of
worker N; all else is on the caller's thread.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from monitor.archive.recordings import Recording
from monitor.commands.scan.judging import POLL_S, Judges, given_up
from monitor.commands.scan.process import SpareWorker, end_process, start_process, worker_program
from monitor.commands.scan.rows import Judged
from monitor.commands.scan.worker import WorkerSetup
from monitor.errors import AuscultError

__all__ = ["Pool"]

AHEAD = 2
"""Recordings that a worker has at a time."""
MAX_DEATHS = 2


class Pool(Judges):
    """Judges recordings in processes.

    Parameters
    ----------
    setup : WorkerSetup
    jobs : int
        How many processes.
    command : sequence of str or None
        What to start; None for the worker. A test passes its own.
    spare : SpareWorker or None
        The first of the processes, if it has been started already.
    """

    def __init__(
        self,
        setup: WorkerSetup,
        jobs: int,
        command: Sequence[str] | None = None,
        spare: SpareWorker | None = None,
    ) -> None:
        self._setup = setup
        self._command = worker_program() if command is None else command
        self._spare = spare
        self._jobs = jobs
        self._answers: queue.Queue[tuple[_Worker, dict[str, Any] | None, bytes]] = queue.Queue()
        self._workers: list[_Worker] = []
        self._num_started = 0
        self._deaths: collections.Counter[int] = collections.Counter()
        self._failed_starts = 0

    def run(
        self, recordings: Sequence[Recording], stopping: Callable[[], bool] = bool
    ) -> Iterator[tuple[int, Judged] | None]:
        """Judge them; an error where no worker can be started. See :meth:`Judges.run`."""
        waiting = collections.deque(range(len(recordings)))
        left = len(recordings)
        for _ in range(min(self._jobs, left)):
            self._start()
        while left and not stopping():
            self._hand_out(waiting, recordings)
            try:
                worker, head, body = self._answers.get(timeout=POLL_S)
            except queue.Empty:
                yield None
                continue
            if head is None:
                index = self._bury(worker, waiting)
                if index is not None:
                    left -= 1
                    yield index, given_up(recordings[index], _end_of(worker))
            elif "failed" not in head:
                worker.ready = True
            elif isinstance(head["failed"], str):
                raise AuscultError(head["failed"])
            else:
                left -= 1
                yield worker.pending.popleft(), Judged(body, head["seconds"], head["failed"])
        self.kill()

    def kill(self) -> None:
        """End all processes and their threads at once. Twice is safe."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _start(self) -> None:
        """Start one more worker."""
        self._num_started += 1
        try:
            process = (self._spare and self._spare.take()) or start_process(self._command)
        except OSError as error:
            reason = error.strerror or str(error)
            raise AuscultError(f"no worker process can be started: {reason}", "try again with --jobs 1") from error
        self._workers.append(_Worker(process, self._setup, self._num_started, self._answers))

    def _hand_out(self, waiting: collections.deque[int], recordings: Sequence[Recording]) -> None:
        """Give each worker what it has room for; none of the last ones waits behind another."""
        for room in range(AHEAD):
            for worker in self._workers:
                if len(waiting) > (len(self._workers) if room else 0) and len(worker.pending) == room:
                    worker.give(waiting[0], recordings[waiting[0]])
                    waiting.popleft()

    def _bury(self, worker: _Worker, waiting: collections.deque[int]) -> int | None:
        """Replace a worker that has ended; return the recording that is given up for it, or None."""
        worker.kill()
        self._workers.remove(worker)
        self._failed_starts = 0 if worker.ready else self._failed_starts + 1
        if self._failed_starts > MAX_DEATHS * self._jobs:
            raise AuscultError("the worker processes end as soon as they are started", "try again with --jobs 1")
        given_up = None
        pending = list(worker.pending)
        if worker.ready and pending:
            self._deaths[pending[0]] += 1
            if self._deaths[pending[0]] >= MAX_DEATHS:
                given_up = pending.pop(0)
        waiting.extendleft(reversed(pending))
        if waiting:
            self._start()
        return given_up


class _Worker:
    """A process, and the thread that reads its answers.

    Attributes
    ----------
    pending : deque of int
        Indices of the recordings that it has, the one it judges first.
    ready : bool
        Whether it has ever answered.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        setup: WorkerSetup,
        number: int,
        answers: queue.Queue[tuple[_Worker, dict[str, Any] | None, bytes]],
    ) -> None:
        self.pending: collections.deque[int] = collections.deque()
        self.ready = False
        self._answers = answers
        self._process = process
        self._send(dataclasses.asdict(setup))
        self._reader = threading.Thread(target=self._read, name=f"auscult-scan-{number}")
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """The process's exit code, once it has ended; negative for a signal."""
        return self._process.returncode

    def give(self, index: int, recording: Recording) -> None:
        """Hand out a recording."""
        self.pending.append(index)
        self._send(dataclasses.asdict(recording))

    def _send(self, values: dict[str, Any]) -> None:
        """Write a line to the process; one that has died meanwhile does not take it, which shows at its end."""
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError):
                stdin.write(json.dumps(values).encode() + b"\n")

    def kill(self) -> None:
        """End the process and the thread. Twice is safe."""
        end_process(self._process, self._reader)

    def _read(self) -> None:
        """Pass on the answers, then None; an answer that is cut off is none."""
        stdout = self._process.stdout
        if stdout is None:
            return
        with contextlib.suppress(OSError, ValueError), os.fdopen(os.dup(stdout.fileno()), "rb") as stream:
            for line in stream:
                head = json.loads(line)
                body = stream.read(head["bytes"])
                if len(body) < head["bytes"]:
                    break
                self._answers.put((self, head, body))
        self._answers.put((self, None, b""))


def _end_of(worker: _Worker) -> str:
    """Return how a worker ended, for the recording that is given up."""
    code = worker.exit_code
    how = f"exit code {code}"
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-code).name
    return f"the process that judged it ended twice without an answer ({how})"

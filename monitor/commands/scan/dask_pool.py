"""Recordings judged on a Dask cluster: batches go out as tasks, and Dask gives those of a dead worker to others.

The scan keeps the journal itself: a task's rows arrive whole, and a recording that Dask had judged twice arrives once.
A batch that killed its workers again and again is handed out one recording at a time, so that only the one that kills
becomes an error. Imports ``distributed``; all is on the caller's thread but Dask's own.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import importlib
import json
import logging
import math
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from monitor.archive.recordings import Recording
from monitor.commands.scan.dask_task import Order, judge_batch
from monitor.commands.scan.judging import POLL_S, Judges, given_up
from monitor.commands.scan.rows import Judged, failed_row
from monitor.errors import AuscultError, check_installed
from monitor.output import printable, say

__all__ = ["DaskPool", "batch_size"]

MIN_FILES, MAX_FILES = 20, 50
"""Recordings of a task."""
TASKS_PER_SLOT = 4
"""At least so many, as long as there are recordings for it: all slots then end at nearly the same time."""
MAX_TASKS = 1000
"""Tasks that are handed out at a time."""
CONNECT_S = 15
"""A scheduler on a machine that is busy judging may take several seconds to answer."""
END_S = 1.0
DEATHS_OF_A_LOCAL_TASK = 1
"""After more, a batch on a local cluster is taken apart, and a single recording is given up."""


IGNORE_CTRL_C = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"
"""What each worker process of a local cluster runs first: Ctrl+C is the scan's business."""


class DaskPool(Judges):
    """Judges recordings on a Dask cluster.

    Parameters
    ----------
    where : str
        ``local`` for a cluster of processes on this machine, otherwise the address of a scheduler.
    jobs : int
        Processes of a local cluster.
    order : Order
    parcel : mapping of str to bytes
        The files of the bundle.

    Raises
    ------
    AuscultError
        If there is no cluster at this address.
    MissingExtraError
        If ``distributed`` is not installed.
    """

    def __init__(self, where: str, jobs: int, order: Order, parcel: Mapping[str, bytes]) -> None:
        check_installed("distributed", "--dask", "dask")
        self._where, self._order, self._parcel = where, order, dict(parcel)
        self._name = "the local Dask cluster" if where == "local" else f"the Dask cluster at {printable(where)}"
        import dask

        self._distributed: Any = importlib.import_module("distributed")  # most of it has no types
        silent = not os.environ.get("AUSCULT_LOG")
        if silent:
            _silence()
        self._cluster: Any = None
        try:
            if where == "local":
                with dask.config.set({"distributed.scheduler.allowed-failures": DEATHS_OF_A_LOCAL_TASK}):
                    self._cluster = self._distributed.LocalCluster(
                        n_workers=jobs,
                        threads_per_worker=1,
                        memory_limit=0,
                        dashboard_address="127.0.0.1:0",
                        silence_logs=logging.CRITICAL,
                        preload=[IGNORE_CTRL_C],
                        env={"DASK_LOGGING__DISTRIBUTED": "critical"} if silent else {},
                    )
            self._client: Any = self._distributed.Client(
                self._cluster or where, timeout=CONNECT_S, set_as_default=False
            )
        except (OSError, ValueError, RuntimeError) as error:
            self._close_cluster()
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise AuscultError(
                f"{self._name} does not answer: {printable(reason)}", "check the address, as tcp://HOST:8786"
            ) from error
        self._tasks: dict[str, list[int]] = {}

    def run(
        self, recordings: Sequence[Recording], stopping: Callable[[], bool] = bool
    ) -> Iterator[tuple[int, Judged] | None]:
        """Judge them; see :meth:`Judges.run`.

        Raises
        ------
        AuscultError
            If the cluster is lost, or cannot judge: another version, bundle, or no such files.
        """
        slots = sum(self._client.nthreads().values())
        if not slots:
            say(f"{self._name} has no worker yet; the scan begins with the first")
        size = batch_size(len(recordings), slots)
        waiting = collections.deque(
            list(range(first, min(first + size, len(recordings)))) for first in range(0, len(recordings), size)
        )
        suspects: collections.deque[int] = collections.deque()
        parcel = self._client.submit(dict, self._parcel, pure=False)
        answers = self._distributed.as_completed(loop=self._client.loop, with_results=True, raise_errors=False)
        suspect = ""
        while (waiting or suspects or self._tasks) and not stopping():
            while waiting and len(self._tasks) < MAX_TASKS:
                self._submit(waiting.popleft(), recordings, parcel, answers)
            if suspects and suspect not in self._tasks:  # one at a time: none is blamed for another
                suspect = self._submit([suspects.popleft()], recordings, parcel, answers)
            if not answers.has_ready():
                self._check_connected()
                yield None
                with answers.thread_condition:
                    answers.thread_condition.wait(POLL_S)
            for future, answer in answers.next_batch(block=False):
                batch = self._tasks.pop(future.key)
                if future.status == "finished":
                    yield from zip(batch, self._judged(answer, recordings[batch[0]], len(batch)), strict=True)
                elif not self._was_killed(future, answer):
                    raise self._failure(answer)
                elif len(batch) > 1:
                    suspects.extend(batch)
                else:
                    yield batch[0], given_up(recordings[batch[0]], "the workers that judged it ended without an answer")

    def _submit(self, batch: list[int], recordings: Sequence[Recording], parcel: Any, answers: Any) -> str:
        """Hand out a batch as a task; return its key."""
        values = json.dumps([dataclasses.asdict(recordings[index]) for index in batch])
        future = self._client.submit(judge_batch, values, self._order.to_json(), parcel, pure=False)
        self._tasks[future.key] = batch
        answers.add(future)
        return str(future.key)

    def _judged(self, answer: dict[str, Any], first: Recording, number: int) -> list[Judged]:
        """Return the rows of a batch."""
        if "refused" in answer:
            raise AuscultError(
                f"a worker of {self._name} {answer['refused']}", "mend that there, then the same command with --resume"
            )
        if "unseen" in answer:
            if os.path.lexists(first.path):
                raise AuscultError(
                    f"{printable(first.source)}: {self._name} has a worker that does not see this file",
                    "put the recordings where all workers see them under the same path, or give an address (s3://...)",
                )
            return [failed_row(first, f"{printable(first.source)}: no such file")] * number
        return [Judged(*values) for values in answer["judged"]]

    def _was_killed(self, future: Any, answer: Any) -> bool:
        """Return whether the workers that had a task have died, one after another."""
        return future.status == "error" and isinstance(_exception(answer), self._distributed.KilledWorker)

    def _failure(self, answer: Any) -> AuscultError:
        """Return the error for a task that ended without an answer."""
        self._check_connected()
        error = _exception(answer)
        if error is None or isinstance(error, TimeoutError) or type(error).__name__.endswith("CancelledError"):
            return self._lost()
        reason = printable(" ".join(f"{type(error).__name__}: {error}".split())[:300])
        return AuscultError(
            f"{self._name} cannot run the scan ({reason})",
            f"install auscult {self._order.version} and the same Dask on its scheduler and workers, then --resume",
        )

    def _check_connected(self) -> None:
        """Raise the error of a lost cluster, if it is."""
        if self._client.status != "running":
            raise self._lost()

    def _lost(self) -> AuscultError:
        """Return the error for a cluster that is gone."""
        return AuscultError(
            f"{self._name} is lost: its scheduler does not answer",
            "what is done is kept; start the cluster, then the same command with --resume",
        )

    def kill(self) -> None:
        """Cancel all tasks, and end a cluster of ours. Twice is safe."""
        self._tasks.clear()
        self._kill_workers()
        with contextlib.suppress(Exception):
            self._client.close(timeout=END_S)
        self._close_cluster()

    def _kill_workers(self) -> None:
        """Kill the worker processes of a local cluster: to close them waits for the tasks that they have."""
        for nanny in self._cluster.workers.values() if self._cluster is not None else ():
            nanny.auto_restart = False
            with contextlib.suppress(OSError, TypeError):  # it has none at this moment
                os.kill(nanny.pid, signal.SIGKILL)

    def _close_cluster(self) -> None:
        """End the processes of a local cluster."""
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=END_S)
            self._cluster = None


def _silence() -> None:
    """Take Dask's own messages off the terminal: what matters of them is said as an error of the scan."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def batch_size(num_recordings: int, slots: int) -> int:
    """Return how many recordings a task has: 20 to 50, fewer where some slots would have none.

    Examples
    --------
    >>> [batch_size(number, 16) for number in (5, 200, 635, 2000, 100_000)]
    [1, 13, 20, 32, 50]
    """
    slots = max(1, slots)
    share = math.ceil(num_recordings / slots)
    return max(1, min(MAX_FILES, share, max(MIN_FILES, math.ceil(share / TASKS_PER_SLOT))))


def _exception(answer: Any) -> BaseException | None:
    """Return the exception that Dask gives for a task: by itself, or with its type and traceback."""
    if isinstance(answer, tuple) and len(answer) == 3:
        answer = answer[1]
    return answer if isinstance(answer, BaseException) else None

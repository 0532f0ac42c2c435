"""A worker process of a scan: recordings in on standard input, their lines out on standard output, one at a time.

It has its own engine and one thread, and ends when its input does, so also when the scan is killed. Ctrl+C is the
scan's business. What comes in is a JSON line with the setup, then one per recording; what goes out is a JSON line with
the number of bytes that follow it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from typing import BinaryIO

from monitor.archive.offline import with_one_engine
from monitor.archive.recordings import Recording
from monitor.commands.scan.rows import Judged, failed_row, judge_recording
from monitor.errors import AuscultError, BundleError
from monitor.inference.bundle import Bundle, load_bundle
from monitor.labels import DEFAULT_ENGINE
from monitor.log import configure_logging, get_logger
from monitor.output import printable

__all__ = ["WorkerSetup", "judged_by_worker", "main", "serve"]

logger = get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What every worker of a scan is told.

    Attributes
    ----------
    model : str
        Name or folder of the bundle.
    model_sha256 : str
        Digest of its network, as the scan found it.
    engine : str
    channel : int or None
    hop_s : float or None
    windows : bool
        See :func:`monitor.commands.scan.rows.judge_recording`.
    """

    model: str
    model_sha256: str
    engine: str = DEFAULT_ENGINE
    channel: int | None = None
    hop_s: float | None = None
    windows: bool = False


def main() -> int:
    """Run a worker: what it imports is there before its setup comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # whatever a library prints is no answer
    import monitor.audio.sources.decoding.opening  # noqa: F401  # what the first recording would wait for

    first = sys.stdin.buffer.readline()
    if not first.endswith(b"\n"):  # the scan ended before it knew what to judge
        return 0
    setup = WorkerSetup(**json.loads(first))
    try:
        if os.environ.get("AUSCULT_LOG"):
            configure_logging(os.environ["AUSCULT_LOG"])
        bundle = load_bundle(setup.model, engine=setup.engine)
        if bundle.model_sha256 != setup.model_sha256:
            raise BundleError(f"{setup.model}: the bundle has changed since the scan began", "begin again")
    except AuscultError as error:
        send(output, {"failed": str(error)}, b"")
        return 1
    send(output, {"ready": True}, b"")
    try:
        serve(sys.stdin.buffer, output, with_one_engine(bundle), setup)
    except BrokenPipeError:  # the scan has been killed
        return 1
    return 0


def serve(tasks: BinaryIO, output: BinaryIO, bundle: Bundle, setup: WorkerSetup) -> None:
    """Judge the recordings that come in, in order, until there are no more.

    Parameters
    ----------
    tasks : binary file
        A JSON line with the attributes of a :class:`Recording` each.
    output : binary file
    bundle : Bundle
    setup : WorkerSetup

    Raises
    ------
    OSError
        If no one takes the answers.
    """
    for line in tasks:
        judged = judged_by_worker(Recording(**json.loads(line)), bundle, setup)
        send(output, {"seconds": judged.seconds, "failed": judged.failed}, judged.lines)


def judged_by_worker(recording: Recording, bundle: Bundle, setup: WorkerSetup, place: str | None = None) -> Judged:
    """Return the lines of a recording; a fault of ours is an error of this one recording, and logged."""
    try:
        return judge_recording(
            recording, bundle, channel=setup.channel, hop_s=setup.hop_s, windows=setup.windows, place=place
        )
    except AuscultError as error:
        return failed_row(recording, f"{printable(recording.source)}: {error}")
    except Exception as error:  # the worker's top: the other recordings are judged all the same
        logger.warning("%s", recording.source, exc_info=True)
        reason = f"{type(error).__name__}: {printable(str(error))}"
        return failed_row(recording, f"{printable(recording.source)}: cannot be judged ({reason})")


def send(output: BinaryIO, head: dict[str, object], body: bytes) -> None:
    """Write an answer whole.

    Raises
    ------
    OSError
        If no one takes it.
    """
    data = memoryview(json.dumps({**head, "bytes": len(body)}).encode() + b"\n" + body)
    while data:
        data = data[output.write(data) or 0 :]


if __name__ == "__main__":
    sys.exit(main())

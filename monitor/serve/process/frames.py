"""What the monitor tells the process of the server, over its standard input: a setup, then a pulse at a time.

Frames are pickled: both ends are the same program, and no one else holds the pipe.
"""

from __future__ import annotations

import dataclasses
import pickle
import struct
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.messages import Snapshot, Start, WindowEvent
from monitor.serve.feed import FedLine

__all__ = ["Begin", "Pulse", "ServerSetup", "Sound", "frame", "read_frame"]

LENGTH = struct.Struct("<I")


@dataclasses.dataclass(frozen=True, slots=True)
class ServerSetup:
    """What the process is told first.

    Attributes
    ----------
    descriptor : int
        Of the listening socket, inherited; -1 where the system cannot do that.
    shared : bytes
        The listening socket, of Windows; empty elsewhere.
    loopback : bool
    token : str or None
        As of :class:`~monitor.serve.process.server.Server`.
    run : str
    share_subject : bool
    subject : str or None
        As of the :class:`~monitor.serve.feed.Feed` that is copied.
    several : bool
        Whether that is a :class:`~monitor.serve.feed.SeveralFeed`.
    """

    descriptor: int
    shared: bytes
    loopback: bool
    token: str | None
    run: str
    share_subject: bool
    subject: str | None
    several: bool


class Begin(NamedTuple):
    """A source begins: as of :meth:`monitor.serve.feed.Feed.begin`."""

    start: Start
    live: bool


class Sound(NamedTuple):
    """Sound of the source.

    Attributes
    ----------
    start_sample : int
        Absolute index.
    waveform : ndarray, shape (samples,), float32
        Zeros where it was lost.
    lost : tuple of (int, int)
        Intervals ``[start, end)`` of absolute indices, ascending.
    """

    start_sample: int
    waveform: NDArray[np.float32]
    lost: tuple[tuple[int, int], ...]


class PartPulse(NamedTuple):
    """What has happened to one part of a feed, see :attr:`monitor.serve.feed.Feed.parts`; None for nothing.

    Attributes
    ----------
    name, subject : str or None
        As of the part.
    begin : Begin or None
    snapshot : Snapshot or None
    sound : Sound or None
    """

    name: str | None
    subject: str | None
    begin: Begin | None
    snapshot: Snapshot | None
    sound: Sound | None


class Pulse(NamedTuple):
    """What has happened since the pulse before.

    Attributes
    ----------
    parts : tuple of PartPulse
        Those of which there is something new, a part that was added at least once.
    lines : tuple of FedLine
    judged : tuple of (WindowEvent, str or None)
        Results of windows, each with the name of its part.
    asks : bool
        Whether the process is to report that it lives.
    """

    parts: tuple[PartPulse, ...] = ()
    lines: tuple[FedLine, ...] = ()
    judged: tuple[tuple[WindowEvent, str | None], ...] = ()
    asks: bool = False


def frame(value: ServerSetup | Pulse) -> bytes:
    """Return the bytes of a frame."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def read_frame(stream: BinaryIO) -> Any:
    """Return the next frame of a buffered stream; None at its end, also in the middle of a frame."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    data = stream.read(size)
    return pickle.loads(data) if len(data) == size else None  # noqa: S301  # of the program that started this one

"""What the program and the process that owns the output device say to each other.

To the process go frames: a kind, a length, and bytes. From it come lines of JSON. Pure functions and frozen values.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.framing import READ_BYTES, ByteStream, framed, whole_frames
from monitor.audio.playback.options import SoundName

__all__ = [
    "GAP",
    "IDLE",
    "SETTINGS",
    "SOUND",
    "Frame",
    "FrameReader",
    "OutputReport",
    "OutputSetup",
    "frame",
    "report",
]

SOUND, GAP, IDLE, SETTINGS = b"s", b"g", b"i", b"c"
KINDS = (SOUND, GAP, IDLE, SETTINGS)
POSITION = struct.Struct("<qq")


class Frame(NamedTuple):
    """A frame that was read.

    Attributes
    ----------
    kind : bytes
        :data:`SOUND`, :data:`GAP`, :data:`IDLE` or :data:`SETTINGS`.
    start_sample, samples : int
        Of sound and gaps: where they are in the ring buffer.
    waveform : ndarray, shape (samples,), float32
        Of sound.
    settings : dict
        ``sound``, ``volume_db`` and ``on``.
    """

    kind: bytes
    start_sample: int = 0
    samples: int = 0
    waveform: NDArray[np.float32] = np.zeros(0, np.float32)
    settings: dict[str, Any] = {}  # noqa: RUF012  # never changed


@dataclasses.dataclass(frozen=True, slots=True)
class OutputSetup:
    """What the process is started with.

    Attributes
    ----------
    input_rate : int
        Hz, of the sound that it gets.
    device : str or None
        The output's name, a part of it or its index; None for the system's.
    sound : str
    speed : float
    latency_s, reserve_s : float
        Seconds that the device and the process may hold back.
    live : bool
        Whether what waits is delay, and shortened; of a recording every sample is played.
    """

    input_rate: int
    device: str | None = None
    sound: SoundName = "wide"
    speed: float = 1.0
    latency_s: float = 0.1
    reserve_s: float = 0.06
    live: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class OutputReport:
    """What the process last reported.

    Attributes
    ----------
    state : {"opening", "open", "failed"}
    device : str
        The output's name.
    message : str or None
        Why it failed.
    position : float or None
        A sample of the ring buffer, and
    at_s : float
        the monotonic time at which it reaches the ear.
    held_s : float
        Seconds that wait in the process and in the device.
    underruns, skipped_ms : int
    """

    state: Literal["opening", "open", "failed"]
    device: str = ""
    message: str | None = None
    position: float | None = None
    at_s: float = 0.0
    held_s: float = 0.0
    underruns: int = 0
    skipped_ms: int = 0


def frame(
    kind: bytes,
    start_sample: int = 0,
    samples: int = 0,
    waveform: NDArray[np.float32] | None = None,
    settings: dict[str, Any] | None = None,
) -> bytes:
    """Return a frame as bytes.

    Examples
    --------
    >>> len(frame(GAP, 12, 3))
    21
    """
    payload = b""
    if kind == SOUND and waveform is not None:
        payload = POSITION.pack(start_sample, len(waveform)) + waveform.astype("<f4").tobytes()
    elif kind == GAP:
        payload = POSITION.pack(start_sample, samples)
    elif kind == SETTINGS:
        payload = json.dumps(settings, allow_nan=False).encode()
    return framed(kind, payload)


class FrameReader:
    """Puts frames together from a stream that gives a few bytes at a time, or none yet.

    Parameters
    ----------
    stream : object
        Its ``read`` returns bytes, None where none have come yet, and nothing at the end.

    Attributes
    ----------
    ended : bool
        Whether the stream has ended. What is left of a frame then is dropped.

    Examples
    --------
    >>> import io
    >>> reader = FrameReader(io.BytesIO(frame(GAP, 12, 3) + frame(IDLE)))
    >>> [read[:3] for read in reader.available()], reader.ended
    ([(b'g', 12, 3), (b'i', 0, 0)], False)
    >>> reader.available(), reader.ended
    ([], True)
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._data = b""
        self.ended = False

    def available(self) -> list[Frame]:
        """Return the frames that have come, without waiting for more than the stream does.

        Raises
        ------
        ValueError
            If what came is no frame.
        """
        more = not self.ended
        while more and (part := self._stream.read(READ_BYTES)) is not None:
            self._data += part
            self.ended, more = not part, len(part) == READ_BYTES
        frames, self._data = whole_frames(self._data, KINDS)
        return [_parsed(kind, payload) for kind, payload in frames]


def _parsed(kind: bytes, payload: bytes) -> Frame:
    """Return the frame of a payload."""
    if kind == SETTINGS:
        return Frame(kind, settings=json.loads(payload))
    if kind == IDLE:
        return Frame(kind)
    start, samples = POSITION.unpack_from(payload)
    return Frame(kind, start, samples, np.frombuffer(payload, "<f4", offset=POSITION.size))


def report(line: bytes) -> OutputReport:
    """Return the report of a line.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> report(b'{"state": "open", "device": "Headphones"}').device
    'Headphones'
    """
    try:
        return OutputReport(**json.loads(line))
    except TypeError as error:
        raise ValueError(f"line={line!r} must be a report") from error

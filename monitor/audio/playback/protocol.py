"""What the program and the process that owns the output device say to each other.

To the process go frames: a kind, a length, and bytes. From it come lines of JSON. Pure functions and frozen values.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.playback.sounds import SoundName

__all__ = ["GAP", "IDLE", "SETTINGS", "SOUND", "Frame", "OutputReport", "OutputSetup", "frame", "read_frame", "report"]

SOUND, GAP, IDLE, SETTINGS = b"s", b"g", b"i", b"c"
HEADER = struct.Struct("<cI")
POSITION = struct.Struct("<qq")
MAX_BYTES = 2**24


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
    """

    input_rate: int
    device: str | None = None
    sound: SoundName = "wide"
    speed: float = 1.0
    latency_s: float = 0.1
    reserve_s: float = 0.06


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
    >>> import io
    >>> read_frame(io.BytesIO(frame(GAP, 12, 3)))[:3]
    (b'g', 12, 3)
    """
    payload = b""
    if kind == SOUND and waveform is not None:
        payload = POSITION.pack(start_sample, len(waveform)) + waveform.astype("<f4").tobytes()
    elif kind == GAP:
        payload = POSITION.pack(start_sample, samples)
    elif kind == SETTINGS:
        payload = json.dumps(settings, allow_nan=False).encode()
    return HEADER.pack(kind, len(payload)) + payload


def read_frame(stream: IO[bytes]) -> Frame | None:
    """Return the next frame, or None at the end of the stream.

    Raises
    ------
    ValueError
        If it is no frame.
    """
    head = _read(stream, HEADER.size)
    if len(head) < HEADER.size:
        return None
    kind, length = HEADER.unpack(head)
    if kind not in (SOUND, GAP, IDLE, SETTINGS) or length > MAX_BYTES:
        raise ValueError(f"kind={kind!r}, length={length} must be a frame")
    payload = _read(stream, length)
    if len(payload) < length:
        return None
    if kind == SETTINGS:
        return Frame(kind, settings=json.loads(payload))
    if kind == IDLE:
        return Frame(kind)
    start, samples = POSITION.unpack_from(payload)
    waveform = np.frombuffer(payload, "<f4", offset=POSITION.size).astype(np.float32)
    return Frame(kind, start, samples, waveform)


def _read(stream: IO[bytes], length: int) -> bytes:
    """Return so many bytes, fewer at the end of the stream only."""
    parts = b""
    while len(parts) < length and (part := stream.read(length - len(parts))):
        parts += part
    return parts


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

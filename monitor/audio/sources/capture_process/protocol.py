"""What the process that captures a device says to the program: frames of a kind, a length, and bytes.

Positions are those of the process's own ring buffer, from 0; times are of
:data:`monitor.audio.sources.device.elapsed_time.elapsed_s`, one clock for all processes. Pure functions and frozen
values.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.framing import READ_BYTES, ByteStream, framed, whole_frames
from monitor.audio.limits import LATENCY_S
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.messages import DeviceStatus

__all__ = [
    "FAILED",
    "LOST",
    "SOUND",
    "STATUS",
    "CaptureReport",
    "CaptureSetup",
    "Frame",
    "failed_frame",
    "lost_frame",
    "read_frames",
    "setup_from",
    "sound_frame",
    "status_frame",
]

SOUND, LOST, STATUS, FAILED = b"s", b"l", b"d", b"f"
KINDS = (SOUND, LOST, STATUS, FAILED)
POSITION = struct.Struct("<qqd")
"""Of sound and lost sound: the first sample, the number of samples, and when the last one came."""


@dataclasses.dataclass(frozen=True, slots=True)
class CaptureSetup:
    """What the process is started with.

    Attributes
    ----------
    device : DeviceInfo
        As it was listed; found again by its name.
    sample_rate : int
        Hz.
    channel : int
        From 1.
    latency_s : float
    once : bool
        Whether a device that is lost ends the process with an error.
    waiting : bool
        Whether to wait for a device that is not there, or does not open, instead of ending with an error.
    wanted : str or None
        What a person typed, for a device that was never listed yet: ``device`` has no more than its name then.
    """

    device: DeviceInfo
    sample_rate: int
    channel: int = 1
    latency_s: float = LATENCY_S
    once: bool = False
    waiting: bool = False
    wanted: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CaptureReport:
    """The state of the device, as the process sees it.

    Attributes
    ----------
    status : DeviceStatus
    latency_s : float
        Seconds from a sound at the input to its sample in the process, as the system states them.
    """

    status: DeviceStatus
    latency_s: float = 0.0


class Frame(NamedTuple):
    """A frame that was read.

    Attributes
    ----------
    kind : bytes
        :data:`SOUND`, :data:`LOST`, :data:`STATUS` or :data:`FAILED`.
    start_sample, samples : int
        Of sound and lost sound.
    time_s : float
        When the last of these samples came.
    waveform : ndarray, shape (samples,), float32
        Of sound.
    report : CaptureReport or None
        Of a status.
    failure : tuple of (str, str)
        Of a failure: what failed, and the next step.
    """

    kind: bytes
    start_sample: int = 0
    samples: int = 0
    time_s: float = 0.0
    waveform: NDArray[np.float32] = np.zeros(0, np.float32)
    report: CaptureReport | None = None
    failure: tuple[str, str] = ("", "")


def sound_frame(start_sample: int, waveform: NDArray[np.float32], time_s: float) -> bytes:
    """Return sound as bytes.

    Examples
    --------
    >>> len(sound_frame(0, np.zeros(10, np.float32), 1.5))
    69
    """
    samples = waveform.astype("<f4").tobytes()
    return framed(SOUND, POSITION.pack(start_sample, len(waveform), time_s) + samples)


def lost_frame(start_sample: int, samples: int, time_s: float) -> bytes:
    """Return lost sound as bytes."""
    return framed(LOST, POSITION.pack(start_sample, samples, time_s))


def status_frame(report: CaptureReport) -> bytes:
    """Return the state of the device as bytes."""
    return framed(STATUS, _json(dataclasses.asdict(report)))


def failed_frame(message: str, next_step: str = "") -> bytes:
    """Return why the process ends as bytes."""
    return framed(FAILED, _json({"failure": [message, next_step]}))


def setup_from(text: str) -> CaptureSetup:
    """Return the setup of the JSON text of its values.

    Examples
    --------
    >>> setup = CaptureSetup(DeviceInfo(3, "USB Audio", "ALSA", 1, 4000), 4000)
    >>> setup_from(json.dumps(dataclasses.asdict(setup))) == setup
    True
    """
    values = json.loads(text)
    device = DeviceInfo(**{**values.pop("device"), "rates": ()})
    return CaptureSetup(device, **values)


def read_frames(stream: ByteStream, data: bytes = b"") -> tuple[list[Frame], bytes, bool]:
    """Wait for some bytes, and return the frames that are whole with them, the bytes left over, and whether it ended.

    Parameters
    ----------
    stream : ByteStream
        One whose ``read`` waits for some bytes.
    data : bytes
        What was left over before.

    Raises
    ------
    ValueError
        If what came is no frame.

    Examples
    --------
    >>> import io
    >>> frames, rest, ended = read_frames(io.BytesIO(lost_frame(12, 3, 0.5)))
    >>> frames[0][:4], rest, ended
    ((b'l', 12, 3, 0.5), b'', False)
    """
    part = stream.read(READ_BYTES)
    frames, rest = whole_frames(data + (part or b""), KINDS)
    return [_parsed(kind, payload) for kind, payload in frames], rest, not part


def _json(values: dict[str, Any]) -> bytes:
    """Return values as bytes."""
    return json.dumps(values, allow_nan=False).encode()


def _parsed(kind: bytes, payload: bytes) -> Frame:
    """Return the frame of a payload; ValueError where it is none."""
    try:
        if kind in (SOUND, LOST):
            start, samples, time_s = POSITION.unpack_from(payload)
            return Frame(kind, start, samples, time_s, np.frombuffer(payload, "<f4", offset=POSITION.size))
        values = json.loads(payload)
        if kind == FAILED:
            message, next_step = values["failure"]
            return Frame(kind, failure=(message, next_step))
        status = DeviceStatus(**values.pop("status"))
        return Frame(kind, report=CaptureReport(status, **values))
    except (AttributeError, TypeError, KeyError, struct.error) as error:
        raise ValueError(f"a frame of kind {kind!r} cannot be read: {error}") from error

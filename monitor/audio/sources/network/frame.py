"""The frame header that a sender may put before its samples: ``docs/formats/network-sound.md``. Pure.

It numbers the samples, so that what was lost or sent twice is known and not only guessed by the clock.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Self

from monitor.audio.limits import MAX_RATE_HZ, MIN_RATE_HZ
from monitor.audio.sources.decoding.pcm import SAMPLE_BYTES

__all__ = [
    "ENCODINGS",
    "HEADER_BYTES",
    "MAGIC",
    "MAX_CHANNELS",
    "MAX_SOUND_BYTES",
    "FrameHeader",
    "MalformedError",
]

MAGIC = b"ausc"
VERSION = 1
LAYOUT = struct.Struct("<4sBBBBIIQ")
HEADER_BYTES = LAYOUT.size
CODES = {1: "u8", 2: "s16le", 3: "s24le", 4: "s32le", 5: "f32le"}
ENCODINGS = tuple(CODES.values())
MAX_CHANNELS = 32
MAX_SOUND_BYTES = 65_536
"""Of one frame, or of one message of a WebSocket: 8 s of 16 bit at 4000 Hz."""


class MalformedError(ValueError):
    """What came is no sound in the form that was agreed on.

    Parameters
    ----------
    message : str
        Why, for a line that begins with the sender.
    next_step : str
        What helps.
    """

    def __init__(self, message: str, next_step: str = "see docs/formats/network-sound.md") -> None:
        super().__init__(message)
        self.next_step = next_step


@dataclasses.dataclass(frozen=True, slots=True)
class FrameHeader:
    """What stands before the samples of a frame.

    Attributes
    ----------
    encoding : str
        One of `ENCODINGS`.
    channels, sample_rate : int
        Interleaved channels, 1 to 32; Hz.
    sound_bytes : int
        Bytes of samples that follow, at most `MAX_SOUND_BYTES`.
    first_sample : int
        How many samples of each channel the sender recorded before those of this frame.

    Examples
    --------
    >>> header = FrameHeader("s16le", channels=1, sample_rate=4000, sound_bytes=800, first_sample=4000)
    >>> len(header.packed()), FrameHeader.parse(header.packed()) == header
    (24, True)
    """

    encoding: str
    channels: int
    sample_rate: int
    sound_bytes: int
    first_sample: int

    def packed(self) -> bytes:
        """Return the bytes of the header."""
        code = next(code for code, encoding in CODES.items() if encoding == self.encoding)
        return LAYOUT.pack(
            MAGIC, VERSION, code, self.channels, 0, self.sample_rate, self.sound_bytes, self.first_sample
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the header in the first `HEADER_BYTES` bytes of ``data``.

        Raises
        ------
        MalformedError
            If there is none.
        """
        magic, version, code, channels, reserved, rate, sound_bytes, first = LAYOUT.unpack_from(data)
        if magic != MAGIC:
            raise MalformedError("a frame does not begin with 'ausc'")
        if version != VERSION or reserved != 0:
            raise MalformedError(f"a frame is of version {version}, and only {VERSION} is read")
        encoding = CODES.get(code)
        if encoding is None:
            raise MalformedError(f"a frame has the format {code}, and 1 to {len(CODES)} are read")
        if not 1 <= channels <= MAX_CHANNELS:
            raise MalformedError(f"a frame has {channels} channels, and 1 to {MAX_CHANNELS} are read")
        if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
            raise MalformedError(f"a frame states {rate} Hz, and {MIN_RATE_HZ} to {MAX_RATE_HZ} are read")
        if sound_bytes == 0:
            raise MalformedError("a frame holds no samples")
        if sound_bytes > MAX_SOUND_BYTES:
            raise MalformedError(f"a frame holds {sound_bytes} bytes of sound, and {MAX_SOUND_BYTES} are the most")
        if sound_bytes % (SAMPLE_BYTES[encoding] * channels):
            raise MalformedError(f"a frame of {sound_bytes} bytes ends within a sample")
        return cls(encoding, channels, rate, sound_bytes, first)

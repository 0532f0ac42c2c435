"""The samples of WFDB signals that share a file, frame by frame.

Reads as much as is asked for; used by one thread at a time.
Source: the WFDB Applications Guide, signal(5), https://physionet.org/physiotools/wag/signal-5.htm
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.checks import check_file
from monitor.audio.sources.decoding.decoder import Decoder
from monitor.audio.sources.decoding.medical.signals import scaled
from monitor.audio.sources.decoding.medical.wfdb_header import WfdbSignal
from monitor.errors import RecordingError

__all__ = ["FORMATS", "SampleFile", "supported_formats"]

Digits = NDArray[np.int32]


class _Stored(NamedTuple):
    """How numbers are stored: ``num_bytes`` hold ``num_samples``, each of ``bits``."""

    bits: int
    num_bytes: int
    num_samples: int
    digits: Callable[[bytes], Digits]


def _wide(kind: str, shift: int = 0) -> Callable[[bytes], Digits]:
    """Return a function from bytes to numbers of a numpy type, less ``shift``."""
    return lambda data: np.frombuffer(data, kind).astype(np.int32) - np.int32(shift)


def _three_bytes(data: bytes) -> Digits:
    """Return numbers of 24 bits."""
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return wide.view("<i4")[:, 0].astype(np.int32) >> 8


def _twelve_bits(data: bytes) -> Digits:
    """Return numbers of 12 bits, two in three bytes."""
    first, both, second = np.frombuffer(data, np.uint8).astype(np.int32).reshape(-1, 3).T
    pairs = np.stack((first | (both & 0x0F) << 8, second | (both & 0xF0) << 4), axis=1).ravel()
    return (pairs ^ 0x800) - 0x800


FORMATS = {
    16: _Stored(16, 2, 1, _wide("<i2")),
    24: _Stored(24, 3, 1, _three_bytes),
    32: _Stored(32, 4, 1, _wide("<i4")),
    61: _Stored(16, 2, 1, _wide(">i2")),
    80: _Stored(8, 1, 1, _wide("u1", 2**7)),
    160: _Stored(16, 2, 1, _wide("<u2", 2**15)),
    212: _Stored(12, 3, 2, _twelve_bits),
}
FLAC_BITS = {508: 8, 516: 16, 524: 24}
"""Bits of a sample, by format."""


def supported_formats() -> str:
    """Return the formats that are read, as text."""
    return ", ".join(map(str, sorted((*FORMATS, *FLAC_BITS))))


class SampleFile:
    """A file with the samples of some signals.

    Parameters
    ----------
    path : Path
    signals : sequence of WfdbSignal
        All that are stored in it, in their order.

    Attributes
    ----------
    num_frames : int
        That it holds.
    frame_samples : int
        Samples of all signals in a frame.

    Raises
    ------
    RecordingError
        If it cannot be read.
    OSError
        If the operating system cannot open it.
    """

    def __init__(self, path: Path, signals: Sequence[WfdbSignal]) -> None:
        self._path, first = path, signals[0]
        self.frame_samples = sum(signal.samples for signal in signals)
        self._zeros = np.repeat([signal.zero for signal in signals], [signal.samples for signal in signals])
        self._offset, self._format = first.offset, first.format
        self._decoder: Decoder | None = None
        check_file(path)
        if self._format in FLAC_BITS:
            self._decoder = self._open_flac(len(signals))
            self.num_frames = self._decoder.num_samples or 0
        elif self._format in FORMATS:
            stored = FORMATS[self._format]
            num_bytes = max(0, path.stat().st_size - self._offset)
            whole, rest = divmod(num_bytes, stored.num_bytes)
            last = 1 if self._format == 212 and rest == 2 else 0
            self.num_frames = (whole * stored.num_samples + last) // self.frame_samples
            self._file = path.open("rb")
        else:
            raise RecordingError(
                f"{path}: samples of WFDB format {self._format} cannot be read",
                f"convert the record to one of {supported_formats()}, with WFDB's xform",
            )

    def _open_flac(self, num_signals: int) -> Decoder:
        """Return the decoder of a FLAC."""
        decoder = Decoder(str(self._path), str(self._path))
        if decoder.channels != num_signals or self.frame_samples != num_signals or self._offset:
            decoder.close()
            raise RecordingError(
                f"{self._path}: has {decoder.channels} channels, not the {num_signals} signals of the WFDB header",
                "copy the record again",
            )
        return decoder

    @property
    def missing(self) -> str:
        """What is missing of the sound of a FLAC, once all was decoded."""
        return "" if self._decoder is None else self._decoder.missing

    @property
    def can_repeat(self) -> bool:
        """Whether any place can be read again and again."""
        return self._decoder is None or self._decoder.can_repeat

    def blocks(self, first_frame: int, num_frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield blocks of ``num_frames`` frames from one on, (frames, samples in one); the last may be shorter."""
        if self._decoder is not None:
            yield from _of_length(self._flac_blocks(first_frame, self._decoder), num_frames)
            return
        while len(block := self._read(first_frame, num_frames)):
            yield block
            first_frame += len(block)

    def _read(self, first_frame: int, num_frames: int) -> NDArray[np.float32]:
        """Return frames, fewer at the end."""
        num_frames = max(0, min(num_frames, self.num_frames - first_frame))
        stored, first = FORMATS[self._format], first_frame * self.frame_samples
        group, skipped = divmod(first, stored.num_samples)
        count = num_frames * self.frame_samples
        num_groups = -(-(skipped + count) // stored.num_samples)
        self._file.seek(self._offset + group * stored.num_bytes)
        data = self._file.read(num_groups * stored.num_bytes)
        complete = len(data) // stored.num_bytes * stored.num_samples + (
            1 if self._format == 212 and len(data) % stored.num_bytes == 2 else 0
        )
        data += bytes(-len(data) % stored.num_bytes)
        digits = stored.digits(data)[skipped : min(skipped + count, complete)]
        digits = digits[: len(digits) // self.frame_samples * self.frame_samples].reshape(-1, self.frame_samples)
        return self._floats(digits, stored.bits)

    def _floats(self, digits: Digits, bits: int) -> NDArray[np.float32]:
        """Return the sound of numbers; NaN for the lowest one, which stands for a sample that was not measured."""
        lowest = -(2 ** (bits - 1))
        values = scaled(digits, bits, 0) - (self._zeros * 2.0 ** (1 - bits)).astype(np.float32)
        return np.where(digits == lowest, np.float32(np.nan), values)

    def _flac_blocks(self, first_frame: int, decoder: Decoder) -> Iterator[NDArray[np.float32]]:
        """Yield the frames of a FLAC, in the blocks of its decoder."""
        bits = FLAC_BITS[self._format]
        for block in decoder.blocks(first_frame):
            yield self._floats(np.rint(block * np.float32(2.0 ** (bits - 1))).astype(np.int32), bits)

    def close(self) -> None:
        """Close the file. Twice is safe."""
        (self._decoder or self._file).close()


def _of_length(blocks: Iterator[NDArray[np.float32]], length: int) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of one length; the last may be shorter."""
    rest: NDArray[np.float32] | None = None
    for block in blocks:
        rest = block if rest is None else np.concatenate((rest, block))
        while len(rest) >= length:
            yield rest[:length]
            rest = rest[length:]
    if rest is not None and len(rest):
        yield rest

"""An EDF or BDF recording as sound: 16 or 24 bits, several signals, in records of equal duration.

Memory grows neither with the length nor with the size of a record. Used by one thread at a time.
Source: B. Kemp et al., EDF (1992) and EDF+ (2003), https://www.edfplus.info/specs; BioSemi, BDF.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.checks import bytes_missing
from monitor.audio.sources.decoding.medical.signals import MAX_SIGNALS, choose_channels
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.audio.sources.decoding.pcm import RawFormat
from monitor.errors import RecordingError

__all__ = ["EdfRecording"]

FIXED_BYTES, SIGNAL_BYTES = 256, 256
"""Of the header: for the recording, and for each signal."""
LABEL_BYTES, BEFORE_SAMPLES_BYTES, SAMPLES_BYTES = 16, 216, 8
"""Of each signal: its label, what comes before the number of its samples, and that number."""
ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
MAX_PIECE_SAMPLES = 16_384
MAX_PIECE_VALUES = 2**19
MAX_RECORD_SAMPLES = 2**31
NUMBER = re.compile(r"[+-]?\d{1,8}(?:\.\d{0,7})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
MIN_DURATION_S, MAX_DURATION_S = 1e-4, 1e7


@dataclasses.dataclass(frozen=True, slots=True)
class _Header:
    """What the header says.

    Attributes
    ----------
    sample_bytes : int
        2 for EDF, 3 for BDF.
    num_records : int
        -1 where the recorder did not know it.
    duration_s : float
        Of a record.
    labels : tuple of str
        Of the signals.
    samples : tuple of int
        Of each signal in a record.
    """

    sample_bytes: int
    num_records: int
    duration_s: float
    labels: tuple[str, ...]
    samples: tuple[int, ...]

    @property
    def num_bytes(self) -> int:
        """Size of the header."""
        return FIXED_BYTES + SIGNAL_BYTES * len(self.labels)

    @property
    def record_bytes(self) -> int:
        """Size of a record."""
        return self.sample_bytes * sum(self.samples)


def _read_header(file: BinaryIO) -> _Header:
    """Return the header; a ValueError says what is wrong with it, to follow "the header"."""
    fixed = file.read(FIXED_BYTES)
    kind = "BDF" if fixed[:1] == b"\xff" else "EDF"
    if len(fixed) < FIXED_BYTES:
        raise ValueError("is cut short")
    if fixed[192:197] == f"{kind}+D".encode():
        raise ValueError(f"says that the recording has gaps ({kind}+D); export it without them, as {kind}+C")
    num_signals = _whole(fixed[252:256], "number of signals")
    if not 1 <= num_signals <= MAX_SIGNALS:
        raise ValueError(f"states {num_signals} signals, not 1 to {MAX_SIGNALS}")
    fields = file.read(SIGNAL_BYTES * num_signals)
    if len(fields) < SIGNAL_BYTES * num_signals:
        raise ValueError("is cut short")
    at = BEFORE_SAMPLES_BYTES * num_signals
    counts = (fields[at + SAMPLES_BYTES * index :][:SAMPLES_BYTES] for index in range(num_signals))
    samples = tuple(_whole(count, "number of samples") for count in counts)
    if min(samples) < 0 or not 0 < sum(samples) < MAX_RECORD_SAMPLES:
        raise ValueError("states records without samples, or too many")
    labels = (fields[LABEL_BYTES * index :][:LABEL_BYTES] for index in range(num_signals))
    return _Header(
        sample_bytes=3 if kind == "BDF" else 2,
        num_records=_whole(fixed[236:244], "number of records"),
        duration_s=_number(fixed[244:252], "duration of a record"),
        labels=tuple(label.decode("ascii", "replace").strip() for label in labels),
        samples=samples,
    )


def _number(field: bytes, what: str) -> float:
    """Return the number in a field."""
    text = field.decode("ascii", "replace").strip(" \0")
    if not NUMBER.fullmatch(text):
        raise ValueError(f"states no {what}: {text!r}")
    return float(text)


def _whole(field: bytes, what: str) -> int:
    """Return the whole number in a field."""
    number = _number(field, what)
    if not number.is_integer():
        raise ValueError(f"states no whole {what}: {number:g}")
    return int(number)


class EdfRecording(OpenRecording):
    """An open EDF or BDF recording.

    Parameters
    ----------
    file : binary file
        Seekable.
    name : str
        Its name in error messages.
    closes : bool
        Whether closing the recording closes the file.

    Raises
    ------
    RecordingError
        If the header is damaged, the recording has gaps, or it holds no signal.
    """

    def __init__(self, file: BinaryIO, name: str, *, closes: bool) -> None:
        self._file, self._name, self._closes = file, name, closes
        file.seek(0)
        try:
            self._header = header = _read_header(file)
        except ValueError as error:
            raise RecordingError(f"{name}: the header {error}", "copy or export it again") from error
        counts = [
            0 if label in ANNOTATIONS else count for label, count in zip(header.labels, header.samples, strict=True)
        ]
        if not max(counts) or not MIN_DURATION_S <= header.duration_s <= MAX_DURATION_S:
            raise RecordingError(f"{name}: holds annotations only, no signal", "name a recording of sound")
        kept = [index for index, count in enumerate(counts) if count]
        choice = choose_channels([header.labels[index] for index in kept], [counts[index] for index in kept])
        self._signals = [kept[index] for index in choice.signals]
        self.channels, self.sound_channel = len(self._signals), choice.sound_channel
        self._samples = counts[self._signals[0]]  # of a channel in a record
        self.sample_rate = round(self._samples / header.duration_s)
        self._format = RawFormat(4000, 1, "s24le" if header.sample_bytes == 3 else "s16le")
        self._num_records = self._present_records()
        self.num_samples = self._num_records * self._samples

    def _present_records(self) -> int:
        """Return the complete records that the file holds; notes what is missing of those that it states."""
        header = self._header
        present = max(0, self._file.seek(0, io.SEEK_END) - header.num_bytes)
        stated = header.num_records * header.record_bytes
        self.missing = bytes_missing(stated, present) if header.num_records >= 0 else ""
        return present // header.record_bytes

    @property
    def can_repeat(self) -> bool:
        """True: any place is found by its number."""
        return True

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on, shape (samples, channels)."""
        longest = max(1, min(MAX_PIECE_SAMPLES, MAX_PIECE_VALUES // self.channels))
        first_record, begin = divmod(start_sample, self._samples)
        for record in range(first_record, self._num_records):
            while begin < self._samples:
                parts = self._read(record, begin, min(longest, self._samples - begin))
                length = min(map(len, parts))
                if not length:
                    position = record * self._samples + begin
                    self.missing = f"the file ends after {position / self.sample_rate:.1f} s"
                    return
                yield np.stack([part[:length] for part in parts], axis=1)
                begin += length
            begin = 0

    def _read(self, record: int, begin: int, count: int) -> list[NDArray[np.float32]]:
        """Return samples of each channel from one of a record on; fewer only where the file became shorter."""
        header, parts = self._header, []
        for signal in self._signals:
            offset = sum(header.samples[:signal]) + begin
            self._file.seek(header.num_bytes + record * header.record_bytes + offset * header.sample_bytes)
            parts.append(self._format.decode(self._file.read(count * header.sample_bytes))[:, 0])
        return parts

    def close(self) -> None:
        """Close the file, unless it was given open. Twice is safe."""
        if self._closes:
            self._file.close()

"""An EDF+ or BDF+ file: the sound in samples of 16 or 24 bits, and the spans as annotations.

One unit of a sample is 1/32768 (EDF) or 1/8388608 (BDF) of full scale, so what has 16 or 24 bits is kept exactly. The
last record is filled with zeros; where the sound ends before it, an annotation says so.
Source: https://www.edfplus.info/specs/edfplus.html, https://www.biosemi.com/faq/file_format.htm
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor._version import __version__
from monitor.archive.spans import INTERVAL_KINDS, caption, one_line
from monitor.archive.timeline import Sound, Timeline
from monitor.atomic_write import Content
from monitor.commands.export.sample_words import signal_blocks

__all__ = ["bdf_file", "edf_file"]

MAX_RECORD_BYTES = 61_440
"""What EDF recommends at most."""
RECORDS_PER_S = (1, 2, 4, 5, 8, 10, 20, 25, 50, 100)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between EDF and BDF."""

    version: bytes
    name: str
    annotations: str
    bits: int
    unit: str


EDF = _Kind(b"0       ", "EDF+C", "EDF Annotations", 16, "1/32768")
BDF = _Kind(b"\xffBIOSEMI", "BDF+C", "BDF Annotations", 24, "1/2^23")


def edf_file(timeline: Timeline, name: str) -> dict[str, Content]:
    """Return an EDF+ file.

    Raises
    ------
    AuscultError
        If the sound is gone.
    """
    return {".edf": _writer(timeline, EDF)}


def bdf_file(timeline: Timeline, name: str) -> dict[str, Content]:
    """Return a BDF+ file.

    Raises
    ------
    AuscultError
        If the sound is gone.
    """
    return {".bdf": _writer(timeline, BDF)}


def _writer(timeline: Timeline, kind: _Kind) -> Callable[[BinaryIO], None]:
    """Return a function that writes the file."""
    sound = timeline.needed_sound(kind.name[:3])
    per_s = _records_per_s(sound.sample_rate, kind.bits // 8)
    record_samples = sound.sample_rate // per_s
    num_records = -(-sound.num_samples // record_samples)
    signals = 1 if timeline.ecg is None else 2
    talks = _packed(_annotations(timeline, sound, num_records / per_s), num_records, per_s, kind.bits // 8)

    def write(file: BinaryIO) -> None:
        file.write(_header(timeline, kind, per_s, record_samples, num_records, len(talks[0]), signals))
        for samples, talk in zip(_records(timeline, sound, kind.bits, record_samples), talks, strict=True):
            words = samples.T.astype("<i4", order="C").view(np.uint8).reshape(-1, 4)  # (samples of each signal, bytes)
            file.write(words[:, : kind.bits // 8].tobytes() + talk)

    return write


def _records_per_s(sample_rate: int, sample_bytes: int) -> int:
    """Return how many records a second holds: a divisor of the rate, as few as keep a record small."""
    whole = [number for number in RECORDS_PER_S if sample_rate % number == 0]
    small = [number for number in whole if sample_rate // number * sample_bytes < MAX_RECORD_BYTES]
    return small[0] if small else whole[-1]


def _records(timeline: Timeline, sound: Sound, bits: int, record_samples: int) -> Iterator[NDArray[np.int32]]:
    """Yield the samples of each record, shape (record_samples, signals); the last is filled with zeros."""
    rest = np.zeros((0, 1 if timeline.ecg is None else 2), np.int32)
    for block in signal_blocks(timeline, sound, bits):
        rest = np.concatenate((rest, block))
        whole = len(rest) - len(rest) % record_samples
        yield from rest[:whole].reshape(-1, record_samples, rest.shape[1])
        rest = rest[whole:]
    if len(rest):
        yield np.pad(rest, ((0, record_samples - len(rest)), (0, 0)))


def _annotations(timeline: Timeline, sound: Sound, recorded_s: float) -> list[bytes]:
    """Return each span as an annotation, without the byte that ends it."""
    found = []
    for span in timeline.spans:
        text = f"verdict: {one_line(span.words)}" if span.kind == "verdict" else caption(span)
        duration = f"\x15{_seconds(span.end_s - span.start_s)}" if span.kind in INTERVAL_KINDS else ""
        found.append(f"+{_seconds(span.start_s)}{duration}\x14{text}\x14".encode())
    if recorded_s > sound.duration_s:
        found.append(f"+{_seconds(sound.duration_s)}\x14end of the sound\x14".encode())
    return found


def _packed(annotations: list[bytes], num_records: int, per_s: int, sample_bytes: int) -> list[bytes]:
    """Return the annotation bytes of every record, all of one length.

    Each begins with the time of its record. Annotations come in order, as many as fit; the length is the smallest step
    with which they all fit.
    """
    clocks = [f"+{_seconds(index / per_s)}\x14\x14\0".encode() for index in range(num_records)]
    step = 2 * sample_bytes * 8
    size = step
    while True:
        packed, waiting = [], list(reversed(annotations))
        for clock in clocks:
            talk = clock
            while waiting and len(talk) + len(waiting[-1]) < size:
                talk += waiting.pop() + b"\0"
            packed.append(talk.ljust(size, b"\0"))
        if not waiting and len(packed[0]) == len(packed[-1]) == size:
            return packed
        size += step


def _header(
    timeline: Timeline,
    kind: _Kind,
    per_s: int,
    record_samples: int,
    num_records: int,
    talk_bytes: int,
    signals: int,
) -> bytes:
    """Return the header: 256 bytes, and 256 for each of the signals, the annotations among them."""
    started = timeline.text("started")
    begin = datetime.datetime.fromisoformat(started) if started else None
    day = f"{begin:%d}-{MONTHS[begin.month - 1]}-{begin:%Y}" if begin else "X"
    fields = [
        (f"{_word(timeline.text('subject'))} X X X", 80),
        (f"Startdate {day} X X auscult_{__version__}", 80),
        (f"{begin:%d.%m.%y}" if begin else "01.01.85", 8),
        (f"{begin:%H.%M.%S}" if begin else "00.00.00", 8),
        (str(256 * (signals + 2)), 8),
        (kind.name, 44),
        (str(num_records), 8),
        (_seconds(1 / per_s), 8),
        (str(signals + 1), 4),
    ]
    low, high = -(2 ** (kind.bits - 1)), 2 ** (kind.bits - 1) - 1
    site = timeline.text("site")
    for sound, annotation, width in (
        (f"PCG {site}" if site else "PCG", kind.annotations, 16),
        ("", "", 80),  # transducer
        (kind.unit, "", 8),
        (str(low), "-1", 8),  # physical minimum and maximum
        (str(high), "1", 8),
        (str(low), str(low), 8),  # digital minimum and maximum
        (str(high), str(high), 8),
        ("", "", 80),  # filters
        (str(record_samples), str(talk_bytes // (kind.bits // 8)), 8),
        ("", "", 32),
    ):
        others = ["ECG" if sound.startswith("PCG") else sound] * (signals - 1)
        fields += [(text, width) for text in (sound, *others, annotation)]
    return kind.version + b"".join(_field(text, width) for text, width in fields)


def _field(text: str, width: int) -> bytes:
    """Return a field of the header: ASCII, filled with spaces."""
    return text.encode("ascii", "replace")[:width].ljust(width)


def _word(text: str | None) -> str:
    """Return a word without spaces; X where nothing is known."""
    return "_".join(text.split()) if text else "X"


def _seconds(seconds: float) -> str:
    """Return seconds to the microsecond, as short as possible."""
    return f"{seconds:.6f}".rstrip("0").rstrip(".")

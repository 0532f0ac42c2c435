"""A WFDB record of PhysioNet: a header, the sound as FLAC (format 524), and the spans as annotations.

A stretch has an annotation ``(`` where it begins and ``)`` where it ends, an early beat that of an unclassifiable beat
(``Q``), any other moment a note (``"``), each with its text.
Texts are UTF-8; what is longer than 255 bytes goes on in the next annotation at the same sample.
Source: the WFDB Applications Guide, header(5), signal(5) and annot(5),
https://physionet.org/physiotools/wag/header-5.htm
"""

from __future__ import annotations

import datetime
import re
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor._version import __version__
from monitor.archive.spans import INTERVAL_KINDS, Span, caption, one_line
from monitor.archive.timeline import Sound, Timeline
from monitor.atomic_write import Content
from monitor.commands.export.sample_words import signal_blocks
from monitor.errors import AuscultError
from monitor.output import printable

__all__ = ["ENDINGS", "QRS_ENDING", "record_name", "wfdb_record"]

ENDINGS = (".hea", ".flac", ".atr")
QRS_ENDING = ".qrs"
"""Annotations of a QRS detector, by WFDB's custom; written where there is an electrocardiogram."""
BITS = 24
SIGNAL_FORMAT = 524

NORMAL_BEAT, NOTE, ONSET, END, BEAT = 1, 22, 39, 40, 13
"""Annotation codes: a beat at an R peak, as detectors write it, a comment, both ends of a stretch, and an
unclassifiable beat. The codes of premature beats say
where a beat comes from, and the sound of an early beat does not."""
SKIP, NUM, AUX = 59, 60, 63
"""Codes of what belongs to an annotation: a long interval before it, its number, its text."""
FIRST_NOTE = 1
"""A note at sample 0 would describe the file, and be no annotation."""
MAX_INTERVAL = 1023
MAX_TEXT = 255
MAX_NUM = 127


def record_name(name: str) -> str:
    """Return a name that a record may have: letters, digits, underscores and hyphens.

    Examples
    --------
    >>> record_name("ward 3.heart")
    'ward_3_heart'
    """
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def wfdb_record(timeline: Timeline, name: str) -> dict[str, Content]:
    """Return header, sound and annotations.

    Raises
    ------
    AuscultError
        If the sound is gone, or the name is not one of a record.
    """
    sound = timeline.needed_sound("a WFDB record")
    if record_name(name) != name or not name:
        allowed = "letters, digits, _ and - only"
        raise AuscultError(f"{printable(name)!r} is no name of a WFDB record: {allowed}", f"use -o {record_name(name)}")
    peaks = [span for span in timeline.spans if span.kind == "r_peak"]
    files: dict[str, Content] = {
        ".hea": _header(timeline, sound, name),
        ".flac": lambda file: _write_flac(timeline, sound, file),
        ".atr": _annotations(_notes(timeline)),
    }
    if timeline.ecg is not None or peaks:
        files[QRS_ENDING] = _annotations(_beats(timeline, peaks))
    return files


def _samples(timeline: Timeline, sound: Sound) -> Iterator[NDArray[np.int32]]:
    """Yield the samples, shape (samples, signals); the least number, which says "not measured", is raised by one."""
    for block in signal_blocks(timeline, sound, BITS):
        yield np.maximum(block, 1 - 2 ** (BITS - 1))


def _header(timeline: Timeline, sound: Sound, name: str) -> str:
    """Return the header; the time of day only where the session has it."""
    names = ("PCG",) if timeline.ecg is None else ("PCG", "ECG")
    first, total = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    for index, block in enumerate(_samples(timeline, sound)):
        first = block[0] if index == 0 else first
        total += block.sum(axis=0, dtype=np.int64)
    checksums = (total + 2**15) % 2**16 - 2**15
    record = f"{name} {len(names)} {sound.sample_rate} {sound.num_samples}"
    started = timeline.text("started")
    if started is not None:
        record += f" {datetime.datetime.fromisoformat(started):%H:%M:%S %d/%m/%Y}"
    scale = f"{name}.flac {SIGNAL_FORMAT} {2 ** (BITS - 1)}(0)/NU {BITS} 0"
    signals = [
        f"{scale} {one} {checksum} 0 {signal}" for one, checksum, signal in zip(first, checksums, names, strict=True)
    ]
    comments = [f"# auscult {__version__}, model {timeline.start.get('model', 'unknown')}, research use"]
    comments += [f"# {key}: {timeline.text(key)}" for key in ("subject", "site") if timeline.text(key)]
    return "\n".join([record, *signals, *map(one_line, comments)]) + "\n"


def _write_flac(timeline: Timeline, sound: Sound, file: BinaryIO) -> None:
    """Write a channel for each signal, 24 bits."""
    import soundfile

    channels = 1 if timeline.ecg is None else 2
    with soundfile.SoundFile(file, "w", sound.sample_rate, channels, f"PCM_{BITS}", format="FLAC") as flac:
        for block in _samples(timeline, sound):
            flac.write(block << (32 - BITS))


def _annotations(notes: Iterable[tuple[int, int, str]]) -> bytes:
    """Return the annotations in order of time; those at one sample are numbered."""
    content = bytearray()
    position, number = 0, -1
    for sample, code, text in sorted(notes, key=lambda note: note[0]):
        number = min(number + 1, MAX_NUM) if content and sample == position else 0
        interval, position = sample - position, sample
        if interval > MAX_INTERVAL:
            content += struct.pack("<HHH", SKIP << 10, interval >> 16, interval & 0xFFFF)
            interval = 0
        content += struct.pack("<HH", code << 10 | interval, NUM << 10 | number)
        if data := text.encode():
            content += struct.pack("<H", AUX << 10 | len(data)) + data + b"\0" * (len(data) % 2)
    return bytes(content) + b"\0\0"


def _beats(timeline: Timeline, peaks: Iterable[Span]) -> Iterator[tuple[int, int, str]]:
    """Yield sample, code and an empty text of each R peak."""
    for peak in peaks:
        yield min(round(peak.start_s * timeline.sample_rate), timeline.num_samples - 1), NORMAL_BEAT, ""


def _notes(timeline: Timeline) -> Iterator[tuple[int, int, str]]:
    """Yield sample, code and text of each annotation; a text of more than 255 bytes in parts."""
    last = timeline.num_samples - 1
    for span in timeline.spans:
        if span.kind == "r_peak":
            continue
        text = f"verdict: {one_line(span.words)}" if span.kind == "verdict" else caption(span)
        start, end = (min(round(seconds * timeline.sample_rate), last) for seconds in (span.start_s, span.end_s))
        if span.kind in INTERVAL_KINDS:
            places = [(start, ONSET), (end, END)]
        else:
            places = [(start, BEAT)] if span.kind == "ectopic" else [(max(start, FIRST_NOTE), NOTE)]
        for sample, code in places:
            yield from ((sample, code, part) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts of at most 255 bytes of UTF-8."""
    part = ""
    for letter in text:
        if len((part + letter).encode()) > MAX_TEXT:
            yield part
            part = ""
        part += letter
    yield part

"""The header of a WFDB record (PhysioNet): which signals it has, in which files, and how they are stored.

Pure; safe on any thread. Strict: a line that is not as the format says is an error that names it.
Source: the WFDB Applications Guide, header(5), https://physionet.org/physiotools/wag/header-5.htm
"""

from __future__ import annotations

import dataclasses
import math
import re

from monitor.audio.sources.decoding.medical.signals import MAX_SIGNALS

__all__ = ["MAX_HEADER_BYTES", "WfdbHeader", "WfdbSignal", "parse_header"]

MAX_HEADER_BYTES = 2**18
MAX_FRAME_SAMPLES = 2**16
"""Samples of all signals together in one frame."""
DEFAULT_RATE_HZ = 250.0

FREQUENCY = r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
RECORD = re.compile(
    r"(?P<name>[\w-]+)(?:/(?P<segments>\d+))?[ \t]+(?P<signals>\d+)"
    rf"(?:[ \t]+(?P<rate>{FREQUENCY})(?:/\S*)?(?:[ \t]+(?P<frames>\d+)(?:[ \t].*)?)?)?[ \t]*",
    re.ASCII,
)
FORMAT = re.compile(r"(?P<format>\d{1,3})(?:x(?P<samples>\d{1,5}))?(?::\d+)?(?:\+(?P<offset>\d{1,15}))?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
ZERO_FIELD, DESCRIPTION_FIELD = 4, 8
"""Place of the converter's zero and of the description in a line."""


@dataclasses.dataclass(frozen=True, slots=True)
class WfdbSignal:
    """A signal.

    Attributes
    ----------
    file : str
        Name of the file in the folder of the header.
    format : int
        How its samples are stored.
    samples : int
        In one frame.
    offset : int
        The first byte of the samples in the file.
    zero : int
        What the converter gives in the middle of its range.
    description : str
    """

    file: str
    format: int
    samples: int
    offset: int
    zero: int
    description: str


@dataclasses.dataclass(frozen=True, slots=True)
class WfdbHeader:
    """A header.

    Attributes
    ----------
    frames_hz : float
        Frames in a second.
    num_frames : int or None
        None where it is not stated.
    signals : tuple of WfdbSignal
    """

    frames_hz: float
    num_frames: int | None
    signals: tuple[WfdbSignal, ...]


def parse_header(text: str) -> WfdbHeader:
    r"""Return a header.

    Raises
    ------
    ValueError
        If it is not one of signals in the same folder; the message says what is wrong, to follow "the header".

    Examples
    --------
    >>> parse_header("a01 1 4000 48000\na01.dat 16 1000 16 0 0 0 0 PCG\n").signals[0].description
    'PCG'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    match = RECORD.fullmatch(lines[0]) if lines else None
    if match is None:
        raise ValueError("does not begin with the line of a record")
    if match["segments"]:
        raise ValueError(f"joins {_shown(match['segments'])} segments; name the header of one of them")
    num_signals, rate = _integer(match["signals"]), float(match["rate"] or DEFAULT_RATE_HZ)
    if not 1 <= num_signals <= MAX_SIGNALS:
        raise ValueError(f"states {_shown(match['signals'])} signals, not 1 to {MAX_SIGNALS}")
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError("states no rate above 0")
    if len(lines) <= num_signals:
        raise ValueError(f"describes {len(lines) - 1} of {num_signals} signals")
    signals = tuple(_signal(line) for line in lines[1 : num_signals + 1])
    if sum(signal.samples for signal in signals) > MAX_FRAME_SAMPLES:
        raise ValueError(f"states frames of more than {MAX_FRAME_SAMPLES} samples")
    return WfdbHeader(rate, _integer(match["frames"] or "0") or None, signals)


def _signal(line: str) -> WfdbSignal:
    """Return the signal of a line."""
    fields = line.split(None, DESCRIPTION_FIELD)
    match = FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
    if match is None:
        raise ValueError(f"has a line that is no signal: {_shown(line)}")
    if fields[0] in (".", "..", "-", "~") or re.search(r"[/\\:\0]", fields[0]):
        raise ValueError(f"names no file in its own folder: {_shown(fields[0])}")
    samples = int(match["samples"] or 1)
    if samples < 1:
        raise ValueError(f"states a signal without samples: {_shown(line)}")
    zero = fields[ZERO_FIELD] if len(fields) > ZERO_FIELD else "0"
    return WfdbSignal(
        file=fields[0],
        format=int(match["format"]),
        samples=samples,
        offset=int(match["offset"] or 0),
        zero=int(zero) if INTEGER.fullmatch(zero) else 0,
        description=fields[DESCRIPTION_FIELD] if len(fields) > DESCRIPTION_FIELD else "",
    )


def _integer(digits: str) -> int:
    """Return a number; of more digits than any real one, the largest that counts."""
    return int(digits) if len(digits) < 16 else 10**15


def _shown(text: str) -> str:
    """Return the beginning of a text from a file."""
    return repr(text[:40])

"""Five seconds from the input, judged: level, clipping and hum, drop-outs, and the rate at which samples come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.signal_statistics import StreamingStatistics
from monitor.audio.sources.base import Source
from monitor.audio.sources.device.input_diagnosis import InputDiagnosis
from monitor.commands.setup.doctor.check import Check

__all__ = ["CAPTURE_S", "Captured", "capture", "check_dropouts", "check_rate", "check_signal", "gated"]

CAPTURE_S = 5.0
PATIENCE_S = 5.0
"""Longest wait for samples, beyond the time that they take."""
READ_S = 0.25

RATE_TOLERANCE = 0.05
"""Blocks come up to 0.1 s early or late (:mod:`monitor.audio.sources.device.clock_drift`), 4 % of 5 s at both ends."""

NOTHING_STEP = "unmute it, allow this program to use the microphone, or choose another: auscult devices"
LOST_STEP = "end other programs, use a USB socket of the computer itself, or allow more time: --latency 0.5"


class Captured(NamedTuple):
    """What came from an input.

    Attributes
    ----------
    waveform : ndarray, shape (samples,), float32
        Without the samples that were lost.
    sample_rate : int
        Hz, as asked for.
    lost : int
        Samples that were lost.
    timed_samples, timed_s : int, float
        Samples that came after the first block, and the seconds that they took.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    lost: int
    timed_samples: int
    timed_s: float


def capture(source: Source, duration_s: float = CAPTURE_S, clock: Callable[[], float] = time.monotonic) -> Captured:
    """Return some seconds from a source, or what came of them in time; the source is stopped.

    Raises
    ------
    DeviceError
        If it does not open, or fails.
    """
    wanted = round(duration_s * source.sample_rate)
    ring = RingBuffer(2 * wanted)
    cursor = ring.cursor()
    parts: list[NDArray[np.float32]] = []
    lost = first_end = 0
    first_s = last_s = math.nan
    source.start(ring)
    try:
        begin_s = clock()
        while cursor.next_sample < wanted and clock() - begin_s < duration_s + PATIENCE_S:
            read = cursor.read(wanted, READ_S)
            if source.error is not None:
                raise source.error
            if read is None:
                break
            if not len(read.waveform):
                continue
            last_s = clock()
            if not parts:
                first_s, first_end = last_s, read.end_sample
            missing = sum(end - start for start, end in read.lost)
            lost += missing
            parts.append(_without(read.waveform, read.start_sample, read.lost))
    finally:
        source.stop()
    waveform = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    timed = (cursor.next_sample - first_end, last_s - first_s) if parts else (0, 0.0)
    return Captured(waveform, source.sample_rate, lost, *timed)


def _without(
    waveform: NDArray[np.float32], start_sample: int, lost: tuple[tuple[int, int], ...]
) -> NDArray[np.float32]:
    """Return a waveform without the samples that were lost."""
    kept = np.ones(len(waveform), bool)
    for start, end in lost:
        kept[max(0, start - start_sample) : max(0, end - start_sample)] = False
    return waveform[kept]


def check_signal(captured: Captured, nothing_step: str = NOTHING_STEP) -> Check:
    """Return whether the level is usable, and neither clipping nor mains hum drowns the sound.

    Parameters
    ----------
    captured : Captured
    nothing_step : str
        What to do where nothing came.
    """
    if not len(captured.waveform):
        return Check("signal", "failed", "the input delivers nothing", nothing_step, {"samples": 0})
    statistics = StreamingStatistics(captured.sample_rate, CAPTURE_S)
    statistics.push(captured.waveform)
    window = statistics.window(0, len(captured.waveform))
    facts = {
        "rms_dbfs": _db(window.rms),
        "peak_dbfs": _db(window.peak),
        "clipped": round(float(window.clipped), 4),
        "constant": round(float(window.dead), 4),
    }
    diagnosis = InputDiagnosis(captured.sample_rate)
    diagnosis.push(captured.waveform)
    if diagnosis.finding is not None:
        finding, _, step = diagnosis.finding.partition(": ")
        return Check("signal", "failed", finding, step, {**facts, "finding": finding})
    finding = f"level {facts['rms_dbfs']} dBFS, peak {facts['peak_dbfs']} dBFS, {window.clipped:.1%} clipped, no hum"
    return Check("signal", "passed", finding, facts=facts)


def _db(amplitude: float) -> float | None:
    """Return an amplitude in dB of full scale; None for silence."""
    return round(20.0 * math.log10(amplitude), 1) if amplitude > 0.0 else None


def gated(captured: Captured) -> float | None:
    """Return the fraction of a sound, 0 to below 1, that is cut to a constant; None where there is no sound at all."""
    if not len(captured.waveform):
        return None
    statistics = StreamingStatistics(captured.sample_rate, CAPTURE_S)
    statistics.push(captured.waveform)
    dead = float(statistics.window(0, len(captured.waveform)).dead)
    return dead if dead < 1.0 else None


def check_dropouts(captured: Captured) -> Check:
    """Return whether sound was lost on its way."""
    lost_s = captured.lost / captured.sample_rate
    facts = {"lost_s": round(lost_s, 3)}
    if not len(captured.waveform):
        return Check("drop-outs", "skipped", "no sound was captured", facts=facts)
    if captured.lost:
        return Check("drop-outs", "failed", f"{lost_s:.2f} s of sound were lost", LOST_STEP, facts)
    seconds = len(captured.waveform) / captured.sample_rate
    return Check("drop-outs", "passed", f"none in {seconds:.1f} s", facts=facts)


def check_rate(captured: Captured) -> Check:
    """Return whether as many samples come a second as were asked for."""
    facts = {"asked_hz": captured.sample_rate, "measured_hz": None}
    if captured.lost or captured.timed_s <= 0.0:
        reason = "sound was lost" if captured.lost else "too little sound came"
        return Check("rate", "skipped", f"not measured, because {reason}", facts=facts)
    measured = captured.timed_samples / captured.timed_s
    facts["measured_hz"] = round(measured)
    finding = f"{measured:.0f} Hz measured, {captured.sample_rate} Hz asked for"
    if abs(measured / captured.sample_rate - 1.0) > RATE_TOLERANCE:
        return Check(
            "rate", "failed", f"{finding}: heart rates would be wrong by as much", "choose another --rate", facts
        )
    return Check("rate", "passed", f"{finding} (to within 5 %; auscult listen measures it better)", facts=facts)

"""R peaks of synthetic electrocardiograms: sensitivity and positive predictive value under noise, and their place.

Run it as ``python benchmarks/accuracy/r_peaks.py``. Each row is an hour of beats at 40, 72, 120 and 180 per minute,
regular and (up to 120) with ectopic beats, a third with the electrodes the other way round. A beat counts as found
where a peak lies within 150 ms, as ANSI/AAMI EC57 has it. The last lines are peaks where there is no
electrocardiogram, and the time that a minute of signal takes.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.electrocardiogram.r_peak_detector import RPeakDetector
from monitor.synthesis.electrocardiogram import EcgNoise, electrocardiogram
from monitor.synthesis.rhythm import Rhythm, RhythmKind, synthesize_beats

RATE = 4000
TOLERANCE_S = 0.15
MINUTES = 9
RHYTHMS: tuple[tuple[float, RhythmKind], ...] = (
    (40.0, "regular"), (40.0, "ectopic"), (72.0, "regular"), (72.0, "ectopic"), (120.0, "regular"), (120.0, "ectopic"),
    (180.0, "regular"),
)  # fmt: skip
NOISES = {
    "clean": EcgNoise(),
    "wander, 2 x the R peak at 0.3 Hz": EcgNoise(wander=2.0, wander_hz=0.3),
    "mains, 1 x the R peak at 50 Hz": EcgNoise(hum=1.0),
    "muscle, rms 0.2 of the R peak": EcgNoise(muscle=0.2),
    "muscle, rms 0.4 of the R peak": EcgNoise(muscle=0.4),
    "wander 1, mains 0.3, muscle 0.15": EcgNoise(wander=1.0, hum=0.3, muscle=0.15),
    "the same, and moved 6 x a minute": EcgNoise(wander=1.0, hum=0.3, muscle=0.15, motion_per_s=0.1),
}


def peaks_of(waveform: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the R peaks of a waveform that comes in blocks of 0.1 s."""
    detector, peaks = RPeakDetector(RATE), []
    for start in range(0, len(waveform), RATE // 10):
        peaks += detector.push(waveform[start : start + RATE // 10])
    return np.array(peaks + detector.finish(), np.int64)


def errors_s(reference: NDArray[np.int64], peaks: NDArray[np.int64]) -> list[float]:
    """Return the errors of the beats that were found; no peak stands for two beats."""
    free, errors = list(peaks), []
    for sample in reference:
        near = min(free, key=lambda peak: abs(peak - sample), default=None)
        if near is not None and abs(near - sample) <= TOLERANCE_S * RATE:
            free.remove(near)
            errors.append((near - sample) / RATE)
    return errors


def main() -> None:
    """Print a row for each kind of noise."""
    print(f"{'noise':36} {'beats':>7} {'sensitivity':>12} {'PPV':>8} {'median':>8} {'95 %':>8}")
    for name, noise in NOISES.items():
        beats = found = peaks = 0
        errors: list[float] = []
        for bpm, kind in RHYTHMS:
            for minute in range(MINUTES):
                rng = np.random.default_rng([minute, round(bpm)])
                made = synthesize_beats(60.0, 1.0, Rhythm(kind=kind, heart_rate_bpm=bpm), 0.0, 0.25, rng, RATE)
                ecg = electrocardiogram(
                    made.s1_samples, 60 * RATE, RATE, rng, noise, ectopic=made.ectopic, inverted=minute % 3 == 1
                )
                estimated = peaks_of(ecg.waveform)
                matched = errors_s(ecg.r_samples, estimated)
                beats, found, peaks = beats + len(ecg.r_samples), found + len(matched), peaks + len(estimated)
                errors += matched
        sizes = 1000.0 * np.abs(errors)
        places = f"{np.median(sizes):5.1f} ms {np.quantile(sizes, 0.95):5.1f} ms"
        print(f"{name:36} {beats:7} {found / beats:12.4f} {found / peaks:8.4f} {places}")
    noise_only = np.random.default_rng(0).standard_normal(60 * RATE).astype(np.float32) * np.float32(0.1)
    began_s = time.perf_counter()
    count = len(peaks_of(noise_only))
    print(f"white noise, no electrocardiogram: {count} peaks a minute")
    print(f"a minute of signal at {RATE} Hz: {1000.0 * (time.perf_counter() - began_s):.0f} ms")


if __name__ == "__main__":
    main()

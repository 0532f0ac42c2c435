"""Fit the constants of the quality gate again, and measure it.

    python benchmarks/constants/quality_gate.py ../shared/data

prints the constants of monitor.inference.quality_gate.DEFAULT_GATE, then the metrics of
docs/decisions/0003: the gate is fitted on one half of the patients (of the recordings,
where there are no patients) and measured on the other. NumPy only; takes about a minute.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.analysis.quality import FAINT_RMS, judge_quality
from monitor.audio.signal_statistics import SignalStatistics, StreamingStatistics
from monitor.features.heart_rate import heart_rate
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.quality_gate import GateFeatures, gate_features
from training.evaluation.metrics import auc

SHARES = {
    "B clean": 0.5, "B noisy": 0.5, "CirCor": 1.0, "A heart": 0.3,
    "A artifact": 1.0, "speech": 0.2, "lung": 0.2,
    "synthetic white": 0.1, "synthetic pink": 0.1, "synthetic brown": 0.1,
    "synthetic hum": 0.1, "synthetic handling": 0.2,
}  # fmt: skip
"""Weight of each set in the fit, however many windows it has. Hearts recorded by a phone have a small weight, so that
a phone alone is no sign of an artifact."""

HEARTS = ("B clean", "B noisy", "CirCor", "A heart")
LIMITED = {"B": ("B clean", "B noisy"), "CirCor": ("CirCor",)}
WITHHELD = 0.008
"""Fraction of the windows of either set in LIMITED that may be withheld in the fitted half."""

RIDGE = 1e-3
SET_B_NAME = re.compile(r"_(\d+)_\d{12,14}_?[A-Z]?_?\d*\.wav$")


class Row(NamedTuple):
    """One window: its set, its half, and the inputs of the gate."""

    source: str
    fitted: bool
    features: GateFeatures
    statistics: SignalStatistics


def in_fitted_half(group: str) -> bool:
    """Return whether a patient, or a recording without one, is in the fitted half; the other is measured."""
    return int(hashlib.md5(group.encode(), usedforsecurity=False).hexdigest(), 16) % 2 == 0


def circor_groups(data: Path) -> dict[str, str]:
    """Return the child of each patient number; a child recorded twice has two numbers."""
    groups = {}
    with (data / "circor" / "training_data.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            other = row["Additional ID"]
            numbers = [int(row["Patient ID"])] + ([int(float(other))] if other != "nan" else [])
            groups[row["Patient ID"]] = str(min(numbers))
    return groups


def recordings(data: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield set, group and file of every recording."""
    for path in sorted((data / "pascal" / "set_b").glob("*.wav")):
        match = SET_B_NAME.search(path.name)
        yield ("B noisy" if "noisy" in path.name else "B clean"), match[1] if match else path.name, path
    for path in sorted((data / "pascal" / "set_a").glob("*.flac")):
        yield ("A artifact" if path.name.startswith("artifact") else "A heart"), path.name, path
    for path in sorted((data / "not_heart").glob("*.flac")):
        yield path.name.split("_")[0], path.name, path
    groups = circor_groups(data)
    for path in sorted((data / "circor" / "training_data").glob("*.flac")):
        yield "CirCor", groups[path.name.split("_")[0]], path


def rows_of(source: str, group: str, waveform: NDArray[np.float32], rate: int) -> Iterator[Row]:
    """Yield the windows of one recording, every 0.5 s (CirCor 2.5 s), at most 20."""
    raw = waveform if len(waveform) >= HEART.window_s * rate else np.resize(waveform, round(HEART.window_s * rate))
    sound = resampled(raw, rate, HEART.sample_rate)
    hop = HEART.hop_samples(2.5 if source == "CirCor" else 0.5)
    starts = range(0, max(1, len(sound) - HEART.window_samples + 1), hop)
    picked = np.unique(np.linspace(0, len(starts) - 1, min(20, len(starts))).astype(int))
    for start in (starts[k] for k in picked):
        yield row_of(source, group, raw, rate, sound, start)


def row_of(source: str, group: str, raw: NDArray[np.float32], rate: int, sound: NDArray[np.float32], start: int) -> Row:
    """Return one window, as the monitor computes it."""
    stream = StreamingSpectrogram(HEART)
    stream.push(np.resize(sound[start : start + HEART.window_samples], HEART.window_samples))
    frames = stream.window(0)
    statistics = StreamingStatistics(rate, HEART.window_s)
    first = start * rate // HEART.sample_rate
    part = raw[first : first + round(HEART.window_s * rate)]
    statistics.push(part)
    rate = heart_rate(frames.envelope, HEART.frame_hop_s, log_power=frames.log_power)
    features = gate_features(frames, rate.periodicity)
    return Row(source, in_fitted_half(group), features, statistics.window(0, len(part)))


def synthetic_noise(kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return one window of non-cardiac noise, shape (window_samples,), float32."""
    size = HEART.window_samples
    hiss = 10 ** rng.uniform(-4, -2) * rng.standard_normal(size)
    if kind == "hum":
        seconds = np.arange(size) / HEART.sample_rate
        tones = [rng.uniform(0.1, 1) * np.sin(2 * np.pi * 50 * k * seconds + rng.uniform(0, 6)) for k in (1, 2, 3)]
        return (0.1 * sum(tones, hiss)).astype(np.float32)
    if kind == "handling":
        for _ in range(rng.integers(4, 25)):
            length = int(rng.integers(100, 3000))
            start = int(rng.integers(0, size - length))
            bump = coloured(length, rng.uniform(0, 2), rng) * np.hanning(length) * 10 ** rng.uniform(-2, 0)
            hiss[start : start + length] += 0.2 * bump
        return hiss.astype(np.float32)
    return (0.1 * coloured(size, {"white": 0, "pink": 1, "brown": 2}[kind], rng)).astype(np.float32)


def coloured(samples: int, slope: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise whose power falls with frequency to the power ``slope``, standard deviation 1."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum *= (np.arange(len(spectrum)) + 1.0) ** (-slope / 2)
    sound = np.fft.irfft(spectrum, samples)
    return sound / sound.std()


def all_rows(data: Path) -> Iterator[Row]:
    """Yield every window of every recording, and 60 of each synthetic noise."""
    for source, group, path in recordings(data):
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        yield from rows_of(source, group, sound.mean(axis=1), rate)
    rng = np.random.default_rng(1)
    for kind in ("white", "pink", "brown", "hum", "handling"):
        for index in range(60):
            sound = synthetic_noise(kind, rng)
            yield row_of(f"synthetic {kind}", f"{kind} {index}", sound, HEART.sample_rate, sound, 0)


def fit(rows: list[Row]) -> tuple[GateFeatures, GateFeatures, float, float]:
    """Return typical values, weights, bias and threshold, from the half of the rows to be fitted on.

    Silence and drop-outs are left out: the gate detects them from the raw samples alone.
    """
    used = [row for row in rows if row.fitted and row.statistics.rms > FAINT_RMS and row.statistics.dead == 0.0]
    values = np.array([row.features for row in used])
    sources = np.array([row.source for row in used])
    heart = np.isin(sources, HEARTS)
    limited = np.isin(sources, HEARTS[:3])
    weights = sum(
        np.where(sources == name, share / max(1, (sources == name).sum()), 0) for name, share in SHARES.items()
    )
    middle, spread = values[limited].mean(axis=0), values[limited].std(axis=0)
    solution = logistic((values - middle) / spread, heart.astype(float), np.asarray(weights))
    logits = (values - middle) / spread @ solution[:-1] + solution[-1]
    limit = min(np.quantile(logits[np.isin(sources, names)], WITHHELD) for names in LIMITED.values())
    return (
        GateFeatures(*middle),
        GateFeatures(*solution[:-1] / spread),
        float(solution[-1]),
        float(1 / (1 + np.exp(-limit))),
    )


def logistic(
    values: NDArray[np.float64], positive: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the coefficients, bias last, of a logistic model with a small ridge, by Newton's method."""
    design = np.c_[values, np.ones(len(values))]
    solution = np.zeros(design.shape[1])
    for _ in range(40):
        probability = 1 / (1 + np.exp(-design @ solution))
        slope = design.T @ (weights * (positive - probability)) - RIDGE * solution
        bend = (design.T * (weights * probability * (1 - probability))) @ design + RIDGE * np.eye(len(solution))
        solution += np.linalg.solve(bend, slope)
    return solution


def auc_between(above: NDArray[np.float64], below: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve of values that should be above against values that should be below."""
    return auc(np.arange(len(above) + len(below)) < len(above), np.concatenate((above, below)))


def report_gate(rows: list[Row]) -> None:
    """Print, for the half not fitted on and with the constants in use, what the gate does to each set."""
    measured = [row for row in rows if not row.fitted]
    results = [(row, judge_quality(row.features, row.statistics)) for row in measured]
    hearts = np.array([quality.score for row, quality in results if row.source in HEARTS[:3]])
    print(f"{'set':19s} windows  withheld  silent  reason given  AUC against hearts of B and CirCor")
    for name in SHARES:
        mine = [quality for row, quality in results if row.source == name]
        scores = np.array([quality.score for quality in mine])
        fractions = [
            sum(quality.state is not None for quality in mine) / len(mine),
            sum(quality.state == "no-signal" for quality in mine) / len(mine),
            sum(quality.reason is not None for quality in mine) / len(mine),
        ]
        area = auc_between(hearts, scores)
        print(f"{name:19s} {len(mine):7d}  {fractions[0]:8.4f}  {fractions[1]:6.3f}  {fractions[2]:11.3f}  {area:.3f}")
    clean, noisy = (np.array([q.score for row, q in results if row.source == name]) for name in ("B clean", "B noisy"))
    print(f"AUC of B clean against B noisy: {auc_between(clean, noisy):.3f}")


def main(data: Path) -> None:
    """Fit, print the constants, then measure with the constants in use."""
    rows = list(all_rows(data))
    typical, weights, bias, poor_below = fit(rows)
    for name, values in (("TYPICAL", typical), ("WEIGHTS", weights)):
        print(f"{name} = GateFeatures({', '.join(f'{value:.4g}' for value in values)})")
    print(f"BIAS = {bias:.4g}\nPOOR_BELOW = {poor_below:.3g}\n")
    report_gate(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit(
            "usage: python benchmarks/constants/quality_gate.py DATA, the folder with pascal, circor and not_heart"
        )
    main(Path(sys.argv[1]))

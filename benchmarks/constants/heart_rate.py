"""Fit the constants of the heart rate again, and measure it on windows whose rate is annotated.

    python benchmarks/constants/heart_rate.py ../shared/data

Every metric of the first table is cross-fitted: the recipe, the confidence and its threshold are chosen on one half of
the patients and measured on the other, and the other way round; 95 % intervals are by a bootstrap over patients. Then
come the constants as chosen on all patients, and what those in monitor/features/heart_rate.py do with synthetic hearts.
NumPy only; takes about a minute.
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray
from quality_gate import circor_groups, in_fitted_half, logistic

from monitor.features.heart_rate import BIAS, SHOWN_FROM, SLOPE, beat_interval, heart_rate
from monitor.features.heart_rate_tables import DEFAULT_PARAMETERS, HeartRateParameters, heart_rate_tables
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from monitor.synthesis.rhythm import Rhythm

RECIPES = [HeartRateParameters(*values) for values in itertools.product(
    (0.125, 0.175, 0.225), (0.775, 0.875, 0.975), (1.3,), (0.7, 0.75, 0.8), (0.2, 0.25, 0.3),
)]  # fmt: skip
"""Smoothing, drift, width of the prior, height of the first peak relative to the highest, reach. The prior is as wide
as synthetic hearts of 45 and 180 bpm allow: a narrower one loses either, and too few annotated windows
are so extreme."""

SHOWN = 0.89
"""Fraction of the fitted windows whose rate is above the threshold and shown."""

FEWEST_BEATS = 4
TIMED_HZ = 44_100
SYNTHETIC_BPM = (45, 50, 60, 75, 90, 105, 120, 135, 150, 160, 170, 180)
MAX_SYNTHETIC_BPM = 160
"""Random hearts beyond this rate are measured by beat_octave.py."""


class Window(NamedTuple):
    """One annotated window: set, patient (recording, where there is none), true mean rate, envelope, log power."""

    source: str
    group: str
    true_bpm: float
    envelope: NDArray[np.float32]
    log_power: NDArray[np.float32]


class CrossFitted(NamedTuple):
    """Results on the half that was not fitted on, one entry per window: rate, confidence, whether shown."""

    bpm: NDArray[np.float64]
    confidence: NDArray[np.float64]
    shown: NDArray[np.bool_]


def windows_of(
    source: str, group: str, sound: NDArray[np.float32], step_s: float, true_bpm: Callable[[float], float | None]
) -> Iterator[Window]:
    """Yield the windows of a sound at 4000 Hz, every ``step_s``, whose true rate is known."""
    stream = StreamingSpectrogram(HEART)
    for start in range(0, len(sound) - HEART.window_samples + 1, round(step_s * HEART.sample_rate)):
        stream.push(sound[stream.end_sample : start + HEART.window_samples])
        bpm = true_bpm(start / HEART.sample_rate)
        if bpm is not None:
            frames = stream.window(start)
            yield Window(source, group, bpm, frames.envelope.copy(), frames.log_power.copy())


def circor_windows(data: Path) -> Iterator[Window]:
    """Yield every CirCor window, 1.25 s apart, that is annotated from end to end and holds 4 S1."""
    groups = circor_groups(data)
    for path in sorted((data / "circor" / "training_data").glob("*.flac")):
        annotations = np.loadtxt(path.with_suffix(".tsv"), ndmin=2)
        sound, _ = soundfile.read(path, dtype="float32")
        group = groups[path.name.split("_")[0]]
        yield from windows_of(
            "CirCor", group, sound, 1.25, lambda begin_s, rows=annotations: circor_rate(rows, begin_s)
        )


def circor_rate(annotations: NDArray[np.float64], begin_s: float) -> float | None:
    """Return the mean rate of the annotated S1 of a window; None where not all of it is annotated."""
    end_s = begin_s + HEART.window_s
    annotated = annotations[annotations[:, 2] != 0]
    covered = np.clip(annotated[:, 1], begin_s, end_s) - np.clip(annotated[:, 0], begin_s, end_s)
    firsts = annotations[(annotations[:, 2] == 1) & (annotations[:, 0] >= begin_s) & (annotations[:, 0] < end_s), 0]
    if covered.sum() < HEART.window_s - 1e-6 or len(firsts) < FEWEST_BEATS:
        return None
    return float(60.0 / np.diff(firsts).mean())


def set_a_windows(data: Path) -> Iterator[Window]:
    """Yield every window of the timed recordings of set A, 0.5 s apart, that is annotated from end to end."""
    times: dict[str, list[float]] = {}
    with (data / "pascal" / "set_a_timing.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if row["sound"] == "S1":
                times.setdefault(row["fname"], []).append(int(row["location"]) / TIMED_HZ)
    for name, firsts in sorted(times.items()):
        raw, rate = soundfile.read((data / "pascal" / name).with_suffix(".flac"), dtype="float32", always_2d=True)
        sound = resampled(raw.mean(axis=1), rate, HEART.sample_rate)
        onsets = np.sort(firsts)
        yield from windows_of("set A", name, sound, 0.5, lambda begin_s, firsts=onsets: set_a_rate(firsts, begin_s))


def set_a_rate(firsts: NDArray[np.float64], begin_s: float) -> float | None:
    """Return the mean rate of the S1 of a window; None where one is missing at an end or between."""
    inside = firsts[(firsts >= begin_s) & (firsts < begin_s + HEART.window_s)]
    if len(inside) < FEWEST_BEATS:
        return None
    beats = np.diff(inside)
    usual = np.median(beats)
    ends = max(inside[0] - begin_s, begin_s + HEART.window_s - inside[-1])
    return None if ends > 1.2 * usual or beats.max() > 1.7 * usual else float(60.0 / beats.mean())


def measured(windows: list[Window], recipe: HeartRateParameters) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rate and periodicity of every window."""
    tables = heart_rate_tables(HEART.num_frames, HEART.frame_hop_s, recipe)
    beats = [beat_interval(window.envelope, tables, window.log_power) for window in windows]
    rates = np.array([0.0 if beat is None else 60.0 / beat.period_s for beat in beats])
    # where a rate and its half are as likely, neither is shown
    unclear = np.array([beat is None or beat.alternative_s is not None for beat in beats])
    periodicity = np.array([0.0 if beat is None else beat.periodicity for beat in beats])
    return rates, np.where(unclear, 0.0, periodicity)


def chosen(right: NDArray[np.bool_], periodicity: NDArray[np.float64]) -> float:
    """Return the objective of a recipe: accuracy in all windows, plus accuracy where the rate would be shown."""
    shown = periodicity >= np.quantile(periodicity, 1.0 - SHOWN)
    return float(right.mean() + right[shown].mean())


def cross_fitted(windows: list[Window], results: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> CrossFitted:
    """Return the results on each half of the patients with constants fitted on the other."""
    true = np.array([window.true_bpm for window in windows])
    first = np.array([in_fitted_half(window.group) for window in windows])
    cross_fit = CrossFitted(np.zeros(len(true)), np.zeros(len(true)), np.zeros(len(true), bool))
    for name, fitted in (("one half", first), ("the other", ~first)):
        best, slope, bias, limit = fit(true[fitted], [(bpm[fitted], period[fitted]) for bpm, period in results])
        bpm, periodicity = (values[~fitted] for values in results[best])
        cross_fit.bpm[~fitted] = bpm
        cross_fit.confidence[~fitted] = 1 / (1 + np.exp(-(slope * periodicity + bias)))
        cross_fit.shown[~fitted] = cross_fit.confidence[~fitted] >= limit
        print(f"chosen on {name}: {RECIPES[best]}, slope {slope:.2f}, bias {bias:.2f}, shown from {limit:.3f}")
    return cross_fit


def fit(
    true: NDArray[np.float64], results: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> tuple[int, float, float, float]:
    """Return the index of the best recipe, slope and bias of its confidence, and the threshold for it."""
    best = int(np.argmax([chosen(np.abs(bpm - true) <= 5, periodicity) for bpm, periodicity in results]))
    bpm, periodicity = results[best]
    right = (np.abs(bpm - true) <= 5).astype(float)
    slope, bias = logistic(periodicity[:, None], right, np.ones(len(right)))
    limit = 1 / (1 + np.exp(-(slope * np.quantile(periodicity, 1.0 - SHOWN) + bias)))
    return best, float(slope), float(bias), float(limit)


def accuracies(true: NDArray[np.float64], cross_fit: CrossFitted, part: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the fractions correct, correct where shown, shown, halved and doubled, of some windows."""
    bpm, shown = cross_fit.bpm[part], cross_fit.shown[part]
    right = np.abs(bpm - true[part]) <= 5
    ratio = bpm / true[part]
    halved, doubled = (np.mean(np.abs(ratio - factor) < 0.1 * factor) for factor in (0.5, 2.0))
    return np.array([right.mean(), right[shown].mean(), shown.mean(), halved, doubled])


def interval(
    true: NDArray[np.float64], cross_fit: CrossFitted, part: NDArray[np.intp], groups: NDArray[np.str_]
) -> str:
    """Return the 95 % intervals of the first three fractions, by a bootstrap over patients."""
    rng = np.random.default_rng(0)
    by_group = [part[groups[part] == group] for group in np.unique(groups[part])]
    resamples = [
        accuracies(
            true, cross_fit, np.concatenate([by_group[k] for k in rng.integers(0, len(by_group), len(by_group))])
        )[:3]
        for _ in range(1000)
    ]
    return "  ".join(f"{low:.3f}-{high:.3f}" for low, high in np.quantile(resamples, (0.025, 0.975), axis=0).T)


def report(windows: list[Window], cross_fit: CrossFitted) -> None:
    """Print how often the rate is within 5 beats per minute of the annotated one."""
    true = np.array([window.true_bpm for window in windows])
    groups = np.array([window.group for window in windows])
    circor = np.array([window.source == "CirCor" for window in windows])
    first = np.array([in_fitted_half(group) for group in groups])
    parts = {"all": circor | True, "CirCor": circor, "CirCor, one half": circor & first,
             "CirCor, other half": circor & ~first, "set A": ~circor}  # fmt: skip
    print(f"\n{'held out':18s} windows  within 5  where shown  shown  halved  doubled   intervals of the first three")
    for name, chosen_part in parts.items():
        part = np.flatnonzero(chosen_part)
        right, sure, shown, halved, doubled = accuracies(true, cross_fit, part)
        print(
            f"{name:18s} {len(part):7d}  {right:8.4f}  {sure:11.4f}  {shown:.3f}  {halved:6.4f}  {doubled:7.4f}"
            f"   {interval(true, cross_fit, part, groups)}"
        )
    report_confidence(np.abs(cross_fit.bpm - true) <= 5, cross_fit.confidence)


def report_confidence(right: NDArray[np.bool_], confidence: NDArray[np.float64]) -> None:
    """Print the mean confidence, and the accuracy, in five bins of equal count, and their mean gap."""
    order = np.argsort(confidence)
    print("\nconfidence, held out: mean   correct")
    for part in np.array_split(order, 5):
        print(f"{len(part):19d}   {confidence[part].mean():.3f}  {right[part].mean():.3f}")
    gaps = [abs(confidence[part].mean() - right[part].mean()) for part in np.array_split(order, 10)]
    print(f"expected calibration error, ten bins: {np.mean(gaps):.4f}")


def report_synthetic() -> None:
    """Print how many of 60 synthetic hearts of each rate are correct, and shown but wrong, by the constants in use."""
    rng = np.random.default_rng(5)
    print("\nof 60 synthetic     two tones a beat: right  shown wrong   random, with noise: right  shown wrong")
    for bpm in SYNTHETIC_BPM:
        columns = [counts([two_tones(bpm, rng) for _ in range(60)], [bpm] * 60)]
        if bpm <= MAX_SYNTHETIC_BPM:
            columns.append(counts(*zip(*[random_heart(bpm, rng) for _ in range(60)], strict=True)))
        print(f"{bpm:4d} bpm", *(f"{right:31d}  {wrong:11d}" for right, wrong in columns))


def counts(sounds: list[NDArray[np.float32]], true: list[float]) -> tuple[int, int]:
    """Return how many rates are within 5 beats per minute, and how many are shown that are not."""
    right = wrong = 0
    for sound, bpm in zip(sounds, true, strict=True):
        stream = StreamingSpectrogram(HEART)
        stream.push(sound)
        frames = stream.window(0)
        result = heart_rate(frames.envelope, HEART.frame_hop_s, shown_from=0.0, log_power=frames.log_power)
        close = result.bpm is not None and abs(result.bpm - bpm) <= 5
        right += close
        wrong += result.bpm is not None and result.confidence >= SHOWN_FROM and not close
    return right, wrong


def two_tones(bpm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a window with two tone bursts a beat, 2 % jitter, in some noise."""
    time_s = np.arange(HEART.window_samples) / HEART.sample_rate
    sound = rng.standard_normal(len(time_s)) * 10 ** -rng.uniform(1.5, 3)
    period_s = 60 / bpm
    systole_s = min(0.33, 0.4 * period_s) if bpm > 100 else 0.2 + 0.14 * period_s
    at_s = rng.uniform(-period_s, 0)
    while at_s < HEART.window_s:
        for delay_s, height, pitch_hz in ((0, 1, 45), (systole_s, rng.uniform(0.3, 1), 60)):
            burst = np.exp(-(((time_s - at_s - delay_s) / 0.03) ** 2))
            sound += height * burst * np.sin(2 * np.pi * pitch_hz * time_s)
        at_s += period_s * (1 + 0.02 * rng.standard_normal())
    return (0.1 * sound).astype(np.float32)


def random_heart(bpm: float, rng: np.random.Generator) -> tuple[NDArray[np.float32], float]:
    """Return a window of a synthetic phonocardiogram of about a rate, and the mean rate of its beats."""
    parameters = random_parameters(rng, label="murmur" if rng.random() < 0.5 else "normal", kind="regular")
    rhythm = Rhythm(heart_rate_bpm=bpm, jitter=parameters.rhythm.jitter)
    sound = phonocardiogram(HEART.window_s, dataclasses.replace(parameters, rhythm=rhythm), rng)
    return sound.waveform, float(60 * HEART.sample_rate / np.diff(sound.beats.s1_samples).mean())


def main(data: Path) -> None:
    """Measure the cross-fitted rates, print the constants fitted on all, then measure synthetic hearts."""
    windows = [*circor_windows(data), *set_a_windows(data)]
    results = [measured(windows, recipe) for recipe in RECIPES]
    report(windows, cross_fitted(windows, results))
    best, slope, bias, limit = fit(np.array([window.true_bpm for window in windows]), results)
    print(f"\nchosen on all: {RECIPES[best]}\nSLOPE, BIAS = {slope:.2f}, {bias:.2f}\nSHOWN_FROM = {limit:.3f}")
    print(f"in use: {DEFAULT_PARAMETERS}, {SLOPE}, {BIAS}, {SHOWN_FROM}")
    report_synthetic()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit("usage: python benchmarks/constants/heart_rate.py DATA, the folder with pascal and circor")
    main(Path(sys.argv[1]))

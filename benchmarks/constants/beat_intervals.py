"""Heart rate variability and heart rate from S1 to S1, against synthetic hearts and the annotated S1 of CirCor.

    python benchmarks/constants/beat_intervals.py DATA --networks FOLDER

Prints the tables as Markdown. Synthetic hearts of 60 s are heard by the default bundle, with every window judged, so
ectopic beats are left out as while listening. Recordings of CirCor are heard by the networks of FOLDER, those of
``benchmarks/accuracy/segmentation.py``: each by the one that was not trained on its child. There both sides are
measured on the same stretches, those that the annotations cover, by the same rules
(monitor/analysis/rhythm/variability.py); 95 % intervals are by a bootstrap over children. The last tables compare
the rate that is shown, from S1 where they are sure, with that of the envelope alone, as a scan has it; set A is another
device. Needs the training extra; about three minutes on an idle core.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import functools
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from heart_rate import circor_rate, set_a_rate
from numpy.typing import NDArray

from monitor.analysis.rhythm.variability import variability_of
from monitor.archive.offline import judge_offline
from monitor.audio.sources.array import ArraySource
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.messages import HeartBeat, HeartRateVariability, WindowEvent
from monitor.output import put
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from monitor.synthesis.rhythm import RhythmKind
from training.data.annotations import S1, annotations_beside, read_annotations
from training.data.audio import read_waveform
from training.data.cycle_states import annotated_recordings
from training.data.discovery import read_sets
from training.data.patient_split import patient_folds
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.segmentation import covered_spans
from training.fitting.cycle_fit import CycleOptions
from training.fitting.cycle_network import DELAY_FRAMES

RATE = 4000
SYNTHETIC_S = 60.0
HEARTS = 16
KINDS: tuple[RhythmKind, ...] = ("regular", "sinus-arrhythmia", "ectopic")
LEVELS_DB = (-40.0, -30.0, -22.0)
RIGHT_BPM = 5.0
SET_A_RATE = 44_100
WINDOW_S = 5.0
OCTAVE = 0.15
"""How far a rate may be from half or twice another to count as that, relative."""
SYNTHETIC_BPM = tuple(range(30, 241, 10))
SYNTHETIC_HEARTS = 6
Numbers = NDArray[np.float64]
TrueRate = Callable[[float], float | None]


class Pair(NamedTuple):
    """The variability by truth and as found."""

    patient: str
    true: HeartRateVariability | None
    found: HeartRateVariability | None


class Rate(NamedTuple):
    """The rate of a window: by annotations, of the envelope alone, and as shown; NaN where it is not given or known."""

    patient: str
    recording: str
    true: float
    envelope: float
    shown: float


def beats_of(s1_s: Sequence[float], spans: Sequence[tuple[float, float]]) -> list[HeartBeat]:
    """Return moments of S1 inside stretches as beats; the first of a stretch follows none."""
    beats = []
    for start_s, end_s in spans:
        before: float | None = None
        for at_s in s1_s:
            if start_s <= at_s <= end_s:
                beats.append(HeartBeat(at_s, None, 1.0, rate_bpm=None if before is None else 60 / (at_s - before)))
                before = at_s
    return beats


def inside(beats: Sequence[HeartBeat], spans: Sequence[tuple[float, float]]) -> list[HeartBeat]:
    """Return the beats whose interval lies in one stretch; the first of a stretch follows none."""
    kept = []
    for start_s, end_s in spans:
        first = True
        for beat in beats:
            if beat.s1_s is not None and start_s <= beat.s1_s <= end_s:
                kept.append(dataclasses.replace(beat, rate_bpm=None) if first else beat)
                first = False
    return kept


def heard(bundle: Bundle, waveform: NDArray[np.float32]) -> tuple[list[WindowEvent], HeartRateVariability | None]:
    """Return the windows of a sound with their beats, and the variability of its summary."""
    windows: list[WindowEvent] = []
    result = judge_offline(ArraySource(waveform, RATE), bundle, on_window=windows.append)
    if windows:
        windows[-1] = dataclasses.replace(windows[-1], beats=(*windows[-1].beats, *result.summary.beats))
    return windows, result.summary.variability


def synthetic_pairs(bundle: Bundle) -> dict[str, list[Pair]]:
    """Return truth and what was found of synthetic hearts, by rhythm and noise."""
    pairs: dict[str, list[Pair]] = {}
    for kind in KINDS:
        for level in LEVELS_DB:
            for index in range(HEARTS):
                rng = np.random.default_rng([15, KINDS.index(kind), round(-level), index])
                label = "extrastole" if kind == "ectopic" else "normal"
                parameters = random_parameters(rng, label=label, kind=kind)
                parameters = dataclasses.replace(
                    parameters,
                    rhythm=dataclasses.replace(parameters.rhythm, ectopic_gap_beats=(9, 14)),
                    background=dataclasses.replace(parameters.background, noise_db=level),
                )
                sound = phonocardiogram(SYNTHETIC_S, parameters, rng)
                ectopic = sound.beats.ectopic
                s1_s = sound.beats.s1_samples / RATE
                normal = [
                    HeartBeat(at_s, None, 1.0, rate_bpm=None if not n or early or ectopic[n - 1] else 60 / length)
                    for n, (at_s, early, length) in enumerate(
                        zip(s1_s.tolist(), ectopic.tolist(), np.diff(s1_s, prepend=0.0).tolist(), strict=True)
                    )
                ]
                kept = [60 / beat.rate_bpm for beat in normal if beat.rate_bpm is not None]
                found = heard(bundle, sound.waveform)[1]
                pairs.setdefault(f"{kind}, noise {level:g} dB", []).append(
                    Pair(f"{index}", _exact(kept, normal), found)
                )
    return pairs


def _exact(intervals: Sequence[float], beats: Sequence[HeartBeat]) -> HeartRateVariability:
    """Return the variability of all intervals between normal beats, with no other rule."""
    lengths = np.array(intervals)
    pairs = [
        (60 / after.rate_bpm) - (60 / before.rate_bpm)
        for before, after in itertools.pairwise(beats)
        if before.rate_bpm is not None and after.rate_bpm is not None
    ]
    differences = np.array(pairs)
    return HeartRateVariability(
        len(lengths),
        0,
        float(lengths.sum()),
        float(1000 * lengths.mean()),
        float(1000 * lengths.std(ddof=1)),
        float(1000 * np.sqrt((differences**2).mean())),
        float((np.abs(differences) > 0.05).mean()),
    )


def circor_pairs(circor: Path, networks: Path, bundle: Bundle) -> tuple[list[Pair], list[Rate]]:
    """Return truth and what was found of CirCor: the variability of each recording, the rate of each window."""
    recordings = annotated_recordings(read_sets([circor]))
    options = CycleOptions()
    folds = patient_folds([one.patient for one in recordings], [""] * len(recordings), options.folds, options.seed)
    model = bundle.segmentation
    if model is None:
        raise SystemExit("the bundle finds no heart sounds")
    by_fold = [
        dataclasses.replace(
            bundle,
            segmentation=dataclasses.replace(
                model, network=CycleNetwork((networks / f"fold-{fold}.tflite").read_bytes(), DELAY_FRAMES)
            ),
        )
        for fold in range(options.folds)
    ]
    pairs, rates = [], []
    for recording, fold in zip(recordings, folds.tolist(), strict=True):
        path = annotations_beside(recording)
        if path is None:
            continue
        annotations = read_annotations(path)
        spans = covered_spans(annotations)
        marks = annotations[annotations[:, 2] == S1]
        true_s = marks[:, :2].mean(axis=1).tolist()
        waveform = read_waveform(recording.path, RATE, start_at_zero=True)
        windows, _ = heard(by_fold[fold], waveform)
        beats = [beat for window in windows for beat in window.beats]
        early_s = [beat.at_s for window in windows for beat in window.ectopic.detected]
        true, found = variability_of(beats_of(true_s, spans), ()), variability_of(inside(beats, spans), early_s)
        pairs.append(Pair(recording.patient, true, found))
        known = functools.partial(circor_rate, annotations)
        rates += _rates(recording.patient, recording.path.stem, waveform, windows, by_fold[fold], known)
    return pairs, rates


def _rates(
    patient: str,
    recording: str,
    waveform: NDArray[np.float32],
    windows: Sequence[WindowEvent],
    bundle: Bundle,
    true_bpm: TrueRate,
) -> list[Rate]:
    """Return the rates of the windows of a recording, as shown and of the envelope alone."""
    rates = []
    alone, _ = heard(dataclasses.replace(bundle, segmentation=None), waveform)
    for window, without in zip(windows, alone, strict=True):
        if not window.short:
            three = (true_bpm(window.start_s), without.heart_rate_bpm, window.heart_rate_bpm)
            rates.append(Rate(patient, recording, *(np.nan if one is None else one for one in three)))
    return rates


def set_a_rates(data: Path, bundle: Bundle) -> list[Rate]:
    """Return the rates of the timed normals of set A, another device."""
    times: dict[str, list[float]] = {}
    with (data / "pascal" / "set_a_timing.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if row["sound"] == "S1":
                times.setdefault(Path(row["fname"]).stem, []).append(int(row["location"]) / SET_A_RATE)
    rates = []
    for name, onsets in sorted(times.items()):
        waveform = read_waveform(next((data / "pascal" / "set_a").glob(f"{name}.*")), RATE, start_at_zero=True)
        first = np.sort(onsets)
        windows = heard(bundle, waveform)[0]
        rates += _rates(name, name, waveform, windows, bundle, functools.partial(set_a_rate, first))
    return rates


def synthetic_rates(bundle: Bundle) -> list[Rate]:
    """Return the rates of hearts from 30 to 240 beats per minute."""
    rates = []
    for bpm in SYNTHETIC_BPM:
        for index in range(SYNTHETIC_HEARTS):
            rng = np.random.default_rng([16, bpm, index])
            parameters = random_parameters(rng, label="normal", kind="regular")
            rhythm = dataclasses.replace(parameters.rhythm, heart_rate_bpm=float(bpm))
            sound = phonocardiogram(15.0, dataclasses.replace(parameters, rhythm=rhythm), rng)
            s1_s = sound.beats.s1_samples / RATE
            windows = heard(bundle, sound.waveform)[0]
            name, known = f"{bpm} {index}", functools.partial(_mean_rate, s1_s)
            rates += _rates(name, name, sound.waveform, windows, bundle, known)
    return rates


def _mean_rate(s1_s: Numbers, begin_s: float) -> float | None:
    """Return the mean rate of the S1 inside a window; None of fewer than three."""
    marked = s1_s[(s1_s >= begin_s) & (s1_s <= begin_s + WINDOW_S)]
    return 60 / float(np.diff(marked).mean()) if len(marked) > 2 else None


def both(pairs: Sequence[Pair], name: str) -> tuple[Numbers, list[str]]:
    """Return a metric of those that have it on both sides ``(rows, 2)``, and their patients."""
    rows = [(pair.patient, getattr(pair.true, name, None), getattr(pair.found, name, None)) for pair in pairs]
    known = [(patient, true, found) for patient, true, found in rows if true is not None and found is not None]
    return np.array([(true, found) for _, true, found in known], float).reshape(-1, 2), [one[0] for one in known]


def errors(values: Numbers) -> Callable[[NDArray[np.intp]], dict[str, float]]:
    """Return the statistics of estimates against the truth."""

    def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
        error = values[rows, 1] - values[rows, 0]
        return {
            "median |error|": float(np.median(np.abs(error))),
            "mean error": float(error.mean()),
            "95 % within": float(np.percentile(np.abs(error), 95)),
        }

    return statistic


def text(estimate: Estimate) -> str:
    """Return an estimate with its interval."""
    return f"{estimate.value:.1f} ({estimate.low:.1f} to {estimate.high:.1f})"


def print_pairs(title: str, groups: dict[str, list[Pair]]) -> None:
    """Print the errors of some groups."""
    put(f"\n### {title}\n")
    put("| | given | metric, ms | true median | median error | mean error | 95 % of the errors within |")
    put("|---|---|---|---|---|---|---|")
    for name, pairs in groups.items():
        known = [pair for pair in pairs if pair.true is not None and pair.true.sdnn_ms is not None]
        given = sum(pair.found is not None and pair.found.sdnn_ms is not None for pair in known)
        for metric in ("mean_rr_ms", "sdnn_ms", "rmssd_ms"):
            values, patients = both(known, metric)
            if len(values) < 3:
                put(f"| {name} | {given} of {len(known)} | {metric.removesuffix('_ms')} | | | | |")
                continue
            found = Bootstrap().estimate(errors(values), patients)
            cells = [text(found[key]) for key in ("median |error|", "mean error", "95 % within")]
            put(
                f"| {name} | {given} of {len(known)} | {metric.removesuffix('_ms')} | {np.median(values[:, 0]):.0f} "
                f"| {' | '.join(cells)} |"
            )


def print_rates(title: str, every: Sequence[Rate]) -> None:
    """Print how often the rate of the envelope alone is given and right, and that which is shown."""
    rates = [rate for rate in every if np.isfinite(rate.true)]
    patients = [rate.patient for rate in rates]
    values = np.array([rate[2:] for rate in rates], float)
    error = np.abs(values[:, 1:] - values[:, :1])

    def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
        metrics: dict[str, float] = {}
        two = np.isfinite(error[rows]).all(axis=1)
        for index, name in enumerate(("envelope", "shown")):
            here = error[rows, index]
            given = np.isfinite(here)
            metrics[f"{name}: given"] = float(given.mean())
            metrics[f"{name}: right where given"] = float((here[given] <= RIGHT_BPM).mean())
            metrics[f"{name}: mean error where both are given, bpm"] = float(here[two].mean())
        return metrics

    put(f"\n### Rate, {title}: {len(rates)} windows of {len(set(patients))}, right within {RIGHT_BPM:g} bpm\n")
    put("| | |\n|---|---|")
    for name, estimate in Bootstrap().estimate(statistic, patients).items():
        put(f"| {name} | {estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f}) |")


def print_octaves(rates: Sequence[Rate]) -> None:
    """Print how many rates are about half, or twice, the true one, and the median of the child's other recordings.

    That is known of windows without annotations too.
    """
    of_child: dict[str, list[Rate]] = {}
    for rate in rates:
        of_child.setdefault(rate.patient, []).append(rate)
    others: dict[str, float] = {}
    for own in of_child.values():
        for name in {rate.recording for rate in own}:
            shown = [rate.shown for rate in own if rate.recording != name and np.isfinite(rate.shown)]
            others[name] = float(np.median(shown)) if shown else np.nan
    put("\n### Half and twice the rate, CirCor: windows\n")
    put("| against | | given | about half | about twice |\n|---|---|---|---|---|")
    for against, true in (
        ("the annotations", np.array([rate.true for rate in rates])),
        ("the child's other recordings", np.array([others[rate.recording] for rate in rates])),
    ):
        for name in ("envelope", "shown"):
            ratio = np.array([getattr(rate, name) for rate in rates]) / true
            half, twice = (int((np.abs(ratio / factor - 1) < OCTAVE).sum()) for factor in (0.5, 2.0))
            put(f"| {against} | {name} | {int(np.isfinite(ratio).sum())} | {half} | {twice} |")


def main(arguments: list[str]) -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with circor/")
    parser.add_argument("--networks", type=Path, required=True)
    parsed = parser.parse_args(arguments)
    bundle = load_bundle()
    print_pairs("Synthetic hearts of 60 s", synthetic_pairs(bundle))
    pairs, rates = circor_pairs(parsed.data / "circor", parsed.networks, bundle)
    print_pairs("CirCor, held-out children, the same stretches", {"all": pairs})
    print_rates("CirCor", rates)
    print_octaves(rates)
    print_rates("set A", set_a_rates(parsed.data, bundle))
    synthetic = synthetic_rates(bundle)
    for low, high in ((30, 60), (60, 140), (140, 241)):
        print_rates(f"synthetic, {low} to {high - 1} bpm", [rate for rate in synthetic if low <= rate.true < high])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

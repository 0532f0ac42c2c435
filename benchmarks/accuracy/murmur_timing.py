"""Where in the cycle a murmur lies: made diastolic murmurs and real ones of CirCor's children, held out by patient.

    python benchmarks/accuracy/murmur_timing.py CIRCOR --networks FOLDER [--bundle BUNDLE] [--evidence DIR]

FOLDER keeps the segmentation networks of the folds, from benchmarks/accuracy/segmentation.py: a patient's beats are
found by a network that never heard the patient, and told by a model that was fitted on others. Prints the figures and
writes them to DIR/murmur_timing.json; with --bundle the model of all patients goes into that bundle, with the figures.
Needs the training extra.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from monitor.analysis.segmentation.heart_beats import HeartBeats
from monitor.features.sound_bands import BANDS_RATE
from monitor.inference.bundle import find_bundle, read_settings
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.inference.segmentation.murmur_timing import (
    MIN_CYCLES,
    NUM_FEATURES,
    TIMINGS,
    TimingModel,
    timing_features,
)
from monitor.inference.segmentation.segmenter import CycleModel
from monitor.labels import DEFAULT_BUNDLE
from monitor.output import put
from training.calibration.murmur_timing import (
    MIN_RIGHT,
    TimedSpan,
    held_out,
    model_of_all,
    models_of_folds,
    timing_statistic,
)
from training.calibration.timing_over_time import TimedSequence, held_out_over_time, over_time_statistic
from training.data.audio import read_recording
from training.data.circor import murmur_timings
from training.data.cycle_states import annotated_recordings
from training.data.discovery import read_sets
from training.data.patient_split import patient_folds
from training.data.recording import Recording
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.metrics import auc
from training.examples.diastolic import AnnotatedHeart, annotated_hearts, made_hearts
from training.export.murmur_timing import add_murmur_timing
from training.fitting.cycle_fit import CycleOptions
from training.progress import TerminalProgress
from training.reports.murmur_timing import timing_blocks
from training.study.runner import write_json

ROOT = Path(__file__).resolve().parents[2]
SPANS_S = (5.0, 10.0)
"""What a window and the last seconds hear; the figures are those of the longer."""
SPAN_HOP_S = 5.0
HOP_S = 0.5
"""Between two windows: what is said over time is asked so often."""
DIASTOLIC_KINDS = ("moved", "regurgitation", "stenosis")
RATHER_DIASTOLIC = 1e-12


def folds_of_patients(recordings: Sequence[Recording], options: CycleOptions) -> dict[str, int]:
    """Return the fold of each patient, as benchmarks/accuracy/segmentation.py has them."""
    patients = [recording.patient for recording in recordings]
    folds = patient_folds(patients, [""] * len(patients), options.folds, options.seed)
    return dict(zip(patients, folds.tolist(), strict=True))


def models_for_beats(folder: Path, settings: dict[str, Any], num_folds: int) -> dict[int, CycleModel]:
    """Return the segmentation of each fold, with the confidence of a bundle."""
    values = settings["segmentation"]
    first, second, third, bias = values["confidence"]["weights"]
    return {
        fold: CycleModel(
            CycleNetwork((folder / f"fold-{fold}.tflite").read_bytes(), values["delay_frames"]),
            (first, second, third, bias),
            values["confidence"]["shown_from"],
        )
        for fold in range(num_folds)
    }


class Cycle(NamedTuple):
    """A cycle that is sure: when it is known, its S1, seconds, and how loud its parts are."""

    known_s: float
    at_s: float
    values: NDArray[np.float32]


def cycles_of(waveform: NDArray[np.float32], model: CycleModel) -> list[Cycle]:
    """Return the cycles of a sound that are sure, as they are known with the windows of the monitor."""
    beats, cycles = HeartBeats(model), []
    beats.push(waveform)
    beats.finish()
    for end_s in (*window_ends(len(waveform) / BANDS_RATE), math.inf):
        beats.until(end_s)
        cycles += [Cycle(end_s, at_s, values) for at_s, values in beats.latest_cycles]
    return cycles


def window_ends(duration_s: float) -> list[float]:
    """Return the ends of the windows of a sound."""
    return np.arange(SPANS_S[0], duration_s + HOP_S / 2, HOP_S).tolist()


def spans_of(cycles: Sequence[Cycle], duration_s: float, span_s: float) -> Iterator[NDArray[np.float64] | None]:
    """Yield what is heard in each few seconds of a sound; None where too few cycles are sure."""
    for start_s in np.arange(0.0, max(duration_s - span_s, 0.0) + SPAN_HOP_S / 2, SPAN_HOP_S):
        inside = [cycle.values for cycle in cycles if start_s <= cycle.at_s < start_s + span_s]
        yield timing_features(np.array(inside)) if len(inside) >= MIN_CYCLES else None


def sequence_of(cycles: Sequence[Cycle], duration_s: float) -> NDArray[np.float64]:
    """Return what is heard of the last seconds with each window, shape (windows, 32); NaN with too few cycles."""
    ends = window_ends(duration_s)
    features = np.full((len(ends), NUM_FEATURES), np.nan)
    for row, end_s in enumerate(ends):
        since_s = end_s - SPANS_S[-1]
        inside = [cycle.values for cycle in cycles if cycle.known_s <= end_s and cycle.at_s >= since_s]
        if len(inside) >= MIN_CYCLES:
            features[row] = timing_features(np.array(inside))
    return features


class Spans(NamedTuple):
    """Spans of one length.

    Attributes
    ----------
    heard : list of TimedSpan
        Those with enough cycles.
    all : Counter
        How many there are of each kind, with and without enough cycles.
    """

    heard: list[TimedSpan]
    all: Counter[str]


def made_spans(
    recordings: Sequence[Recording], folds: dict[str, int], models: dict[int, CycleModel], seed: int
) -> tuple[dict[float, Spans], list[TimedSequence]]:
    """Return what is heard of made murmurs, of systolic ones as they are, and of controls: spans by length, windows."""
    spans = {span_s: Spans([], Counter()) for span_s in SPANS_S}
    over_time = []
    with TerminalProgress(Console(stderr=True)) as progress:
        on_step = progress.stage("recordings", len(recordings))
        for index, heart in enumerate(annotated_hearts(recordings)):
            patient, fold = heart.recording.patient, folds[heart.recording.patient]
            made = [(one.kind, one.heart) for one in made_hearts(heart, (seed, index))]
            hearts: list[tuple[str, AnnotatedHeart]] = [*made, ("original", heart)] if made else []
            for kind, one in hearts:
                if one.timing is None:
                    continue
                cycles, duration_s = cycles_of(one.waveform, models[fold]), len(one.waveform) / BANDS_RATE
                timing = TIMINGS.index(one.timing)
                over_time.append(TimedSequence(patient, fold, timing, sequence_of(cycles, duration_s)))
                for span_s, (heard, number) in spans.items():
                    for features in spans_of(cycles, duration_s, span_s):
                        number[kind] += 1
                        if features is not None:
                            heard.append(TimedSpan(patient, fold, kind, timing, features))
            on_step(math.nan)
    return spans, over_time


def real_recordings(
    recordings: Sequence[Recording], folds: dict[str, int], models: dict[int, CycleModel]
) -> list[TimedSequence]:
    """Return what is heard, window by window, of each recording with a murmur whose timing the table gives."""
    heard = []
    for recording in recordings:
        timing = murmur_timings([recording]).get(recording.path)
        if timing is None:
            continue
        fold, waveform = folds[recording.patient], read_recording(recording, BANDS_RATE, start_at_zero=True)
        features = sequence_of(cycles_of(waveform, models[fold]), len(waveform) / BANDS_RATE)
        heard.append(TimedSequence(recording.patient, fold, TIMINGS.index(timing), features))
    return heard


def made_figures(every: Spans, models: dict[int, TimingModel], draws: int) -> dict[str, Any]:
    """Return the figures on made material, with intervals by patient."""
    spans = every.heard
    probability, said = held_out(spans, models)
    timing = np.array([span.timing for span in spans], np.intp)
    patients, kinds = [span.patient for span in spans], np.array([span.kind for span in spans])
    lead = np.log(probability[:, 1] + RATHER_DIASTOLIC) - np.log(probability[:, 0] + RATHER_DIASTOLIC)

    def of_kinds(rows: NDArray[np.intp]) -> dict[str, float]:
        metrics = {}
        for kind in DIASTOLIC_KINDS:
            chosen = rows[(timing[rows] == 0) | (kinds[rows] == kind)]
            metrics[f"auc_{kind}"] = auc(kinds[chosen] == kind, lead[chosen])
        chosen = rows[np.isin(kinds[rows], ("moved", "control"))]
        metrics["auc_moved_against_control"] = auc(kinds[chosen] == "moved", lead[chosen])
        return metrics

    bootstrap = Bootstrap(0, draws)
    estimates = bootstrap.estimate(timing_statistic(probability, said, timing), patients)
    estimates |= bootstrap.estimate(of_kinds, patients)
    return {
        "spans": len(spans),
        "patients": len(set(patients)),
        "kinds": dict(sorted(Counter(kinds.tolist()).items())),
        "kinds_with_unheard": dict(sorted(every.all.items())),
        **{name: estimate.to_json() for name, estimate in estimates.items()},
    }


def real_figures(
    sequences: Sequence[TimedSequence], models: dict[int, TimingModel], draws: int
) -> dict[str, dict[str, Any]]:
    """Return what is said of real murmurs of each timing: of windows, and of recordings by what is said most."""
    figures: dict[str, dict[str, Any]] = {}
    for kind, timing in enumerate(TIMINGS):
        own = [one for one in sequences if one.timing == kind and len(one.features)]
        if not own:
            continue
        said = held_out_over_time(own, models)
        counts = np.array([[(row == one).sum() for one in range(len(TIMINGS))] for row in said])
        most = [
            int(row.argmax()) if 2 * row.max() > len(one.features) else -1 for row, one in zip(counts, own, strict=True)
        ]
        statistic = over_time_statistic(said, np.full(len(own), kind), HOP_S)
        estimates = Bootstrap(0, draws).estimate(statistic, [one.patient for one in own])
        figures[timing] = {
            "recordings": len(own),
            "patients": len({one.patient for one in own}),
            "windows": int((said >= -1).sum()),
            **{name: estimate.to_json() for name, estimate in estimates.items()},
            "windows_said": {TIMINGS[one]: int(counts[:, one].sum()) for one in range(len(TIMINGS))},
            "recordings_said": {TIMINGS[one]: most.count(one) for one in range(len(TIMINGS))},
        }
    return figures


def over_time_figures(
    sequences: Sequence[TimedSequence], models: dict[str, dict[int, TimingModel]], draws: int
) -> dict[str, dict[str, Any]]:
    """Return how often what is said changes, and how often it is right, with one bar and with two."""
    timing = np.array([one.timing for one in sequences], np.intp)
    patients = [one.patient for one in sequences]
    figures: dict[str, dict[str, Any]] = {"hearts": {"count": len(sequences), "patients": len(set(patients))}}
    for name, of_folds in models.items():
        statistic = over_time_statistic(held_out_over_time(sequences, of_folds), timing, HOP_S)
        estimates = Bootstrap(0, draws).estimate(statistic, patients)
        figures[name] = {metric: estimate.to_json() for metric, estimate in estimates.items()}
    return figures


def main(arguments: list[str]) -> int:
    """Measure, print, and write the figures; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("circor", type=Path)
    parser.add_argument("--networks", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--evidence", type=Path, default=ROOT / "docs" / "evidence", metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="of the bootstrap (default: 1000)")
    parsed = parser.parse_args(arguments)
    options = CycleOptions()
    sets = read_sets([parsed.circor])
    recordings = [recording for one in sets for recording in one.recordings]
    folds = folds_of_patients(annotated_recordings(sets), options)
    recordings = [recording for recording in recordings if recording.patient in folds]
    settings = read_settings(find_bundle(parsed.bundle or DEFAULT_BUNDLE))
    beats = models_for_beats(parsed.networks, settings, options.folds)
    spans, sequences = made_spans(recordings, folds, beats, parsed.seed)
    every = [span for found in spans.values() for span in found.heard]
    models, whole = models_of_folds(every, sequences), model_of_all(every, sequences)
    real = real_recordings(recordings, folds, beats)
    systolic = [one for one in real if one.timing == 0]
    compared = {"one_bar": models_of_folds(every, sequences, two_bars=False), "two_bars": models}
    values = {
        "weights": {
            name: [round(x, 6) for x in row.tolist()] for name, row in zip(TIMINGS, whole.weights, strict=True)
        },
        "said_from": {name: round(least, 6) for name, least in zip(TIMINGS, whole.said_from, strict=True)},
        "stays_from": {name: round(least, 6) for name, least in zip(TIMINGS, whole.stays_from, strict=True)},
        "min_right": MIN_RIGHT,
        "made": made_figures(spans[SPANS_S[-1]], models, parsed.draws),
        "made_in_a_window": made_figures(spans[SPANS_S[0]], models, parsed.draws),
        "real": real_figures(real, models, parsed.draws),
        "over_time": {
            "made": over_time_figures(sequences, compared, parsed.draws),
            "real systolic": over_time_figures(systolic, compared, parsed.draws),
        },
        "command": f"python benchmarks/accuracy/murmur_timing.py {parsed.circor.name} --networks FOLDER",
    }
    put("\n\n".join(timing_blocks(values)))
    write_json({"type": "murmur_timing", "schema": 1, "timing": values}, parsed.evidence / "murmur_timing.json")
    if parsed.bundle is not None:
        add_murmur_timing(parsed.bundle, values)
        put(f"\nwrote {parsed.bundle / 'bundle.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

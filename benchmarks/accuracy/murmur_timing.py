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
from monitor.inference.segmentation.murmur_timing import MIN_CYCLES, TIMINGS, TimingModel, timing_features
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


Cycles = list[tuple[float, NDArray[np.float32]]]


def cycles_of(waveform: NDArray[np.float32], model: CycleModel) -> Cycles:
    """Return the cycles of a sound that are sure: S1 in seconds, and how loud their parts are."""
    beats = HeartBeats(model)
    beats.push(waveform)
    beats.finish()
    beats.until(math.inf)
    return beats.latest_cycles


def spans_of(cycles: Cycles, duration_s: float, span_s: float) -> Iterator[NDArray[np.float64] | None]:
    """Yield what is heard in each few seconds of a sound; None where too few cycles are sure."""
    for start_s in np.arange(0.0, max(duration_s - span_s, 0.0) + SPAN_HOP_S / 2, SPAN_HOP_S):
        inside = [values for at_s, values in cycles if start_s <= at_s < start_s + span_s]
        yield timing_features(np.array(inside)) if len(inside) >= MIN_CYCLES else None


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
) -> dict[float, Spans]:
    """Return spans of made murmurs, of systolic ones as they are, and of controls, by their length."""
    spans = {span_s: Spans([], Counter()) for span_s in SPANS_S}
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
                for span_s, (heard, number) in spans.items():
                    for features in spans_of(cycles, duration_s, span_s):
                        number[kind] += 1
                        if features is not None:
                            heard.append(TimedSpan(patient, fold, kind, TIMINGS.index(one.timing), features))
            on_step(math.nan)
    return spans


def real_spans(
    recordings: Sequence[Recording], folds: dict[str, int], models: dict[int, CycleModel]
) -> dict[str, list[TimedSpan]]:
    """Return the spans of each whole recording with a murmur whose timing the table gives."""
    spans = {}
    for recording in recordings:
        timing = murmur_timings([recording]).get(recording.path)
        if timing is None:
            continue
        fold, waveform = folds[recording.patient], read_recording(recording, BANDS_RATE, start_at_zero=True)
        cycles = cycles_of(waveform, models[fold])
        spans[recording.path.stem] = [
            TimedSpan(recording.patient, fold, "real", TIMINGS.index(timing), features)
            for features in spans_of(cycles, len(waveform) / BANDS_RATE, SPANS_S[-1])
            if features is not None
        ]
    return spans


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
    spans: dict[str, list[TimedSpan]], models: dict[int, TimingModel], draws: int
) -> dict[str, dict[str, Any]]:
    """Return what is said of real murmurs of each timing: of spans, and of recordings by what is said most."""
    figures: dict[str, dict[str, Any]] = {}
    for kind, timing in enumerate(TIMINGS):
        own = {name: rows for name, rows in spans.items() if rows and rows[0].timing == kind}
        flat = [span for rows in own.values() for span in rows]
        if not flat:
            continue
        _, said = held_out(flat, models)
        most = []
        for rows in own.values():
            words = Counter(held_out(rows, models)[1].tolist()).most_common(1)[0]
            most.append(words[0] if 2 * words[1] > len(rows) else -1)

        def statistic(rows: NDArray[np.intp], said: NDArray[np.intp] = said, kind: int = kind) -> dict[str, float]:
            told = said[rows][said[rows] >= 0]
            right = float((told == kind).mean()) if len(told) else math.nan
            return {"said": len(told) / len(rows), "right": right}

        estimates = Bootstrap(0, draws).estimate(statistic, [span.patient for span in flat])
        figures[timing] = {
            "recordings": len(own),
            "patients": len({span.patient for span in flat}),
            "spans": len(flat),
            **{name: estimate.to_json() for name, estimate in estimates.items()},
            "spans_said": {TIMINGS[one]: int((said == one).sum()) for one in range(len(TIMINGS))},
            "recordings_said": {TIMINGS[one]: most.count(one) for one in range(len(TIMINGS))},
        }
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
    spans = made_spans(recordings, folds, beats, parsed.seed)
    every = [span for found in spans.values() for span in found.heard]
    models, whole = models_of_folds(every), model_of_all(every)
    values = {
        "weights": {
            name: [round(x, 6) for x in row.tolist()] for name, row in zip(TIMINGS, whole.weights, strict=True)
        },
        "said_from": {name: round(least, 6) for name, least in zip(TIMINGS, whole.said_from, strict=True)},
        "min_right": MIN_RIGHT,
        "made": made_figures(spans[SPANS_S[-1]], models, parsed.draws),
        "made_in_a_window": made_figures(spans[SPANS_S[0]], models, parsed.draws),
        "real": real_figures(real_spans(recordings, folds, beats), models, parsed.draws),
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

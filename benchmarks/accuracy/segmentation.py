"""S1 and S2 against annotations: CirCor's children, held out by patient, and PASCAL set A, another device.

    python benchmarks/accuracy/segmentation.py CIRCOR --networks FOLDER [--set-a PASCAL] [--bundle BUNDLE]
        [--picture FILE]

Prints the tables as Markdown. FOLDER keeps the network of each fold (fold-0.tflite, ...) and the one of all patients
(all.tflite); those that are missing are trained first, 1 to 2 minutes each on an idle core, with the recipe of
``auscult train --segmentation``. Folds that are not there with --no-training do not count. With --bundle the network of
all patients, its confidence and the figures on held-out patients go into that bundle. Needs the training extra.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from monitor.features.sound_bands import BANDS_RATE
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.inference.segmentation.segmenter import CycleModel, CycleSegmenter
from monitor.output import put
from training.data.audio import read_waveform
from training.data.cycle_states import AnnotatedSound, annotated_recordings
from training.data.discovery import read_sets
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.segmentation import FAST_BPM, FoundSounds, covered_spans, estimate_segmentation, found_sounds
from training.fitting.cycle_fit import CycleOptions
from training.fitting.cycle_network import DELAY_FRAMES
from training.progress import TerminalProgress
from training.recipes.segmentation import ALL, SegmentationResult, assess, fit_fold, folds_of_sounds, read_sounds
from training.reports.segmentation import segmentation_table

SET_A_RATE = 44_100
HALF_SOUND_S = 0.05
DRAWN_S = 6.0
COLOURS = {True: "tab:blue", False: "tab:orange"}


def networks_of(
    folder: Path, sounds: Sequence[AnnotatedSound], folds: NDArray[np.intp], options: CycleOptions, *, train: bool
) -> dict[int, bytes]:
    """Return the network of each fold and of all patients; trained where it is missing, unless that is not wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    networks = {}
    for fold in (*range(options.folds), ALL):
        path = folder / ("all.tflite" if fold == ALL else f"fold-{fold}.tflite")
        if not path.is_file() and train:
            with TerminalProgress(Console(stderr=True)) as progress:
                path.write_bytes(fit_fold(sounds, folds, fold, options, progress))
        if path.is_file():
            networks[fold] = path.read_bytes()
    return networks


def set_a_rows(pascal: Path, result: SegmentationResult) -> list[FoundSounds]:
    """Return what the network of all patients finds in the timed recordings of set A."""
    times: dict[str, list[tuple[float, int]]] = defaultdict(list)
    with (pascal / "set_a_timing.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            times[Path(row["fname"]).stem].append((int(row["location"]) / SET_A_RATE, 1 if row["sound"] == "S1" else 3))
    first, second, third, bias = result.weights
    model = CycleModel(CycleNetwork(result.content, DELAY_FRAMES), (first, second, third, bias), 0.0)
    rows = []
    for name, marks in sorted(times.items()):
        path = next((pascal / "set_a").glob(f"{name}.*"))
        segmenter = CycleSegmenter(model)
        found = [*segmenter.push(read_waveform(path, BANDS_RATE, start_at_zero=True)), *segmenter.finish()]
        rows.append(found_sounds(name, _annotations(sorted(marks)), found))
    return rows


def _annotations(marks: list[tuple[float, int]]) -> NDArray[np.float64]:
    """Return marked moments as states: each heart sound around its mark, and what lies between two of them."""
    rows = []
    for (at_s, state), (next_s, _) in zip(marks, [*marks[1:], (np.inf, 0)], strict=True):
        rows.append((at_s - HALF_SOUND_S, at_s + HALF_SOUND_S, state))
        if np.isfinite(next_s) and next_s - at_s > 2 * HALF_SOUND_S:
            rows.append((at_s + HALF_SOUND_S, next_s - HALF_SOUND_S, state + 1))
    return np.array(rows, np.float64)


def print_table(title: str, rows: Sequence[FoundSounds], result: SegmentationResult) -> None:
    """Print the metrics of some recordings."""
    if not rows:
        return
    metrics = estimate_segmentation(rows, Bootstrap(), result.shown_from)
    put(f"\n### {title}\n")
    sounds, patients = sum(int(row.reference.sum()) for row in rows), len({row.patient for row in rows})
    put(
        f"{len(rows)} recordings of {patients} patients, {sum(row.covered_s for row in rows) / 60:.1f} min that count, "
    )
    put(f"{sounds} heart sounds; {sum(row.is_swapped for row in rows)} swapped throughout\n")
    values = {"metrics": {name: estimate.to_json() for name, estimate in metrics.items()}}
    put("\n".join(segmentation_table(values).markdown()))


def draw(path: Path, sounds: Sequence[AnnotatedSound], result: SegmentationResult, networks: Sequence[bytes]) -> None:
    """Draw ten held-out recordings, from the worst to the best at even ranks: found above, annotated below."""
    import matplotlib.pyplot as plt

    shares = [2 * row.matched.sum() / max(1, row.reference.sum() + row.estimated.sum()) for row in result.rows]
    annotated = [index for index in np.argsort(shares, kind="stable") if result.rows[index].covered_s > DRAWN_S / 2]
    chosen = [annotated[round(rank)] for rank in np.linspace(0, len(annotated) - 1, 10)]
    first, second, third, bias = result.weights
    figure, axes = plt.subplots(10, 1, figsize=(11, 15), constrained_layout=True)
    for axis, index in zip(axes, chosen, strict=True):
        sound = sounds[index]
        model = CycleModel(CycleNetwork(networks[index], DELAY_FRAMES), (first, second, third, bias), 0.0)
        segmenter = CycleSegmenter(model)
        waveform = read_waveform(sound.recording.path, BANDS_RATE, start_at_zero=True)
        found = [*segmenter.push(waveform), *segmenter.finish()]
        start_s = max(covered_spans(sound.annotations), key=lambda span: span[1] - span[0])[0]
        inside = waveform[round(start_s * BANDS_RATE) : round((start_s + DRAWN_S) * BANDS_RATE)]
        scale = np.percentile(np.abs(inside), 99.5)
        axis.plot(start_s + np.arange(len(inside)) / BANDS_RATE, inside / scale, color="0.45", linewidth=0.4)
        for begin_s, end_s, state in sound.annotations:
            if state in (1, 3):
                axis.axvspan(begin_s, end_s, 0, 0.12, color=COLOURS[state == 1], linewidth=0)
        for one in found:
            sure = one.confidence >= result.shown_from
            style = "-" if sure else ":"
            axis.axvline(
                one.at_s, 0.14, 0.98, color=COLOURS[one.is_s1], linestyle=style, linewidth=1.2 if sure else 0.9
            )
        axis.set(xlim=(start_s, start_s + DRAWN_S), ylim=(-1.6, 1.2), yticks=[])
        label = "murmur" if sound.recording.labels == ("murmur",) else "no murmur, or not known"
        axis.set_title(f"{sound.recording.path.stem}, {label}: F1 {shares[index]:.2f}", fontsize=9, loc="left")
    axes[-1].set_xlabel(
        "seconds; lines: found (blue S1, orange S2; dotted: not sure, so not shown); bars below: annotated"
    )
    figure.savefig(path, dpi=90)


def main(arguments: list[str]) -> int:
    """Train what is missing, print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("circor", type=Path)
    parser.add_argument("--networks", type=Path, required=True)
    parser.add_argument("--set-a", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--no-training", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args(arguments)
    options = dataclasses.replace(CycleOptions(), seed=parsed.seed)
    with TerminalProgress(Console(stderr=True)) as progress:
        sounds = read_sounds(annotated_recordings(read_sets([parsed.circor])), progress)
    folds = folds_of_sounds(sounds, options.folds, options.seed)
    networks = networks_of(parsed.networks, sounds, folds, options, train=not parsed.no_training)
    result = assess(networks, sounds, folds, options)
    put(f"folds: {', '.join(str(fold + 1) for fold in networks if fold != ALL)} of {options.folds}")
    held_out = [sound for sound, fold in zip(sounds, folds.tolist(), strict=True) if fold in networks]
    by_label: dict[str, list[FoundSounds]] = defaultdict(list)
    for sound, row in zip(held_out, result.rows, strict=True):
        by_label["a murmur" if sound.recording.labels == ("murmur",) else "no murmur, or not known"].append(row)
    print_table("CirCor, held-out children", result.rows, result)
    for label, rows in sorted(by_label.items()):
        print_table(f"CirCor, {label}", rows, result)
    print_table(
        f"CirCor, from {FAST_BPM:.0f} beats per minute", [r for r in result.rows if r.annotated_bpm >= FAST_BPM], result
    )
    put("\nLeast found, with the share swapped:")
    shares = [2 * row.matched.sum() / max(1, row.reference.sum() + row.estimated.sum()) for row in result.rows]
    for index in np.argsort(shares)[:12].tolist():
        row = result.rows[index]
        swapped = row.swapped.sum() / max(1, row.reference.sum())
        name = held_out[index].recording.path.stem
        put(f"  {name}: F1 {shares[index]:.2f}, swapped {swapped:.2f}, {row.annotated_bpm:.0f} bpm")
    if parsed.set_a is not None and ALL in networks:
        print_table(
            "PASCAL set A, timed normals (network of all CirCor patients)", set_a_rows(parsed.set_a, result), result
        )
    if parsed.picture is not None:
        heard = [networks[fold] for fold in folds.tolist() if fold in networks]
        draw(parsed.picture, held_out, result, heard)
    if parsed.bundle is not None:
        from training.export.segmentation import add_segmentation

        add_segmentation(
            parsed.bundle, result, f"auscult train circor --segmentation --out models/{parsed.bundle.name}"
        )
        put(f"\nwrote {parsed.bundle / 'segmentation.tflite'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

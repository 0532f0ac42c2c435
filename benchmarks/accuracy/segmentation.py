"""S1 and S2 against annotations: CirCor's children, held out by patient, and PASCAL set A, another device.

    python benchmarks/accuracy/segmentation.py CIRCOR [NOISE...] --networks FOLDER [--seeds 0 1 2] [--set-a PASCAL]
        [--bundle BUNDLE] [--picture FILE] [--json FILE]

Prints the tables as Markdown; every figure is the mean over the seeds, with its interval over patients. NOISE are
folders of non-cardiac sounds. FOLDER keeps the network of each fold of each seed (seed-0/fold-0.tflite, ...) and the
one of all patients of the first seed (seed-0/all.tflite); those that are missing are trained first, 2 to 3 minutes each
on an idle core, with the recipe of ``auscult train --segmentation``, so a run that was ended goes on where it was.
Folds that are not there with --no-training do not count. With --bundle the network of all patients, its confidence and
the figures on held-out patients go into that bundle. Needs the training extra.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from monitor.atomic_write import write_atomic
from monitor.features.sound_bands import BANDS_RATE
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.inference.segmentation.segmenter import CycleModel, CycleSegmenter, HeartSound
from monitor.output import put
from training.data.audio import read_waveform
from training.data.cycle_states import AnnotatedSound, annotated_recordings
from training.data.discovery import read_sets
from training.evaluation.bootstrap import Bootstrap, mean_statistic
from training.evaluation.segmentation import (
    FAST_BPM,
    FoundSounds,
    covered_spans,
    found_in_noise,
    found_sounds,
    segmentation_metrics,
)
from training.evaluation.segmentation_counts import counts_of
from training.fitting.cycle_fit import CycleOptions
from training.fitting.cycle_network import DELAY_FRAMES
from training.progress import TerminalProgress
from training.recipes.segmentation import (
    ALL,
    Repeat,
    SegmentationResult,
    assess,
    fit_fold,
    folds_of_sounds,
    read_sounds,
)
from training.reports.segmentation import segmentation_table

NOISE_S = 30
TELEPHONE_SEED = 5
EQ_HZ = np.array([1, 50, 100, 200, 400, 2000])
SET_A_RATE = 44_100
HALF_SOUND_S = 0.05
DRAWN_S = 6.0
COLOURS = {True: "tab:blue", False: "tab:orange"}


def repeat_of(
    folder: Path, sounds: Sequence[AnnotatedSound], options: CycleOptions, *, with_all: bool, train: bool
) -> Repeat:
    """Return the networks of the folds of a seed, and of all patients; trained where they are missing, if wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    folds = folds_of_sounds(sounds, options.folds, options.seed)
    networks = {}
    for fold in (*range(options.folds), *((ALL,) if with_all else ())):
        path = folder / ("all.tflite" if fold == ALL else f"fold-{fold}.tflite")
        if not path.is_file() and train:
            with TerminalProgress(Console(stderr=True)) as progress:
                write_atomic(path, fit_fold(sounds, folds, fold, options, progress))
        if path.is_file():
            networks[fold] = path.read_bytes()
    return Repeat(folds, networks)


def through_a_telephone(waveform: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a sound as another device might record it: 80 to 200 Hz cut below, 300 to 900 above, noise 3 to 15 dB."""
    hz, samples = np.fft.rfftfreq(len(waveform), 1 / BANDS_RATE), len(waveform)
    db = np.interp(np.log(hz + 1), np.log(EQ_HZ), rng.uniform(-8, 8, len(EQ_HZ)))
    db -= 10 * np.log10(1 + (rng.uniform(80, 200) / np.maximum(hz, 1)) ** 4)
    db -= 10 * np.log10(1 + (hz / rng.uniform(300, 900)) ** 4)
    heard = np.fft.irfft(np.fft.rfft(waveform) * 10 ** (db / 20), samples)
    colour = np.maximum(hz, 20) ** -rng.uniform(0, 1)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * colour, samples)
    noise *= np.sqrt(np.square(heard).mean() / np.square(noise).mean() * 10 ** (-rng.uniform(3, 15) / 10))
    return (heard + noise).astype(np.float32)


def telephone_rows(
    repeats: Sequence[Repeat], sounds: Sequence[AnnotatedSound], result: SegmentationResult
) -> list[list[FoundSounds]]:
    """Return what is found in held-out recordings through a telephone, by the networks that never heard them."""
    rng = np.random.default_rng(TELEPHONE_SEED)
    rows: list[list[FoundSounds]] = [[] for _ in repeats]
    models = [{fold: model_of(one, result) for fold, one in repeat.networks.items()} for repeat in repeats]
    for row, sound in enumerate(sounds):
        if sound.is_noise or not all(repeat.can_measure(row) for repeat in repeats):
            continue
        waveform = read_waveform(sound.recording.path, BANDS_RATE, start_at_zero=True)
        heard = through_a_telephone(waveform, rng)
        for repeat, of_folds, of_repeat in zip(repeats, models, rows, strict=True):
            found = all_found(of_folds[int(repeat.folds[row])], heard)
            of_repeat.append(found_sounds(sound.recording.patient, sound.annotations, found))
    return rows


def made_rows(
    repeats: Sequence[Repeat], sounds: Sequence[AnnotatedSound], result: SegmentationResult
) -> dict[str, list[list[FoundSounds]]]:
    """Return what is found in the hearts made from held-out recordings, by what was made."""
    found: dict[str, list[list[FoundSounds]]] = {}
    models = [{fold: model_of(one, result) for fold, one in repeat.networks.items()} for repeat in repeats]
    for row, sound in enumerate(sounds):
        for made in sound.made if all(repeat.can_measure(row) for repeat in repeats) else ():
            of_kind = found.setdefault(made.recording.source, [[] for _ in repeats])
            for repeat, of_folds, rows in zip(repeats, models, of_kind, strict=True):
                segmenter = CycleSegmenter(of_folds[int(repeat.folds[row])])
                heard = [*segmenter.push_bands(made.bands), *segmenter.finish()]
                rows.append(found_sounds(made.recording.patient, made.annotations, heard))
    return found


def set_a_annotations(pascal: Path) -> dict[str, NDArray[np.float64]]:
    """Return the marks of the timed recordings of set A as states, by name."""
    times: dict[str, list[tuple[float, int]]] = defaultdict(list)
    with (pascal / "set_a_timing.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            times[Path(row["fname"]).stem].append((int(row["location"]) / SET_A_RATE, 1 if row["sound"] == "S1" else 3))
    return {name: _annotations(sorted(marks)) for name, marks in sorted(times.items())}


def set_a_rows(pascal: Path, content: bytes, result: SegmentationResult) -> list[FoundSounds]:
    """Return what a network finds in the timed recordings of set A."""
    model = model_of(content, result)
    rows = []
    for name, marked in set_a_annotations(pascal).items():
        path = next((pascal / "set_a").glob(f"{name}.*"))
        found = all_found(model, read_waveform(path, BANDS_RATE, start_at_zero=True))
        rows.append(found_sounds(name, marked, found))
    return rows


def systole_is_shorter(annotations: NDArray[np.float64]) -> bool:
    """Return whether the marked systole is shorter than the marked diastole, as in a heart that is not fast."""
    systole, diastole = (np.median(np.diff(annotations[annotations[:, 2] == state, :2], axis=1)) for state in (2, 4))
    return bool(systole < diastole)


def _annotations(marks: list[tuple[float, int]]) -> NDArray[np.float64]:
    """Return marked moments as states: each heart sound around its mark, and what lies between two of them."""
    rows = []
    for (at_s, state), (next_s, _) in zip(marks, [*marks[1:], (np.inf, 0)], strict=True):
        rows.append((at_s - HALF_SOUND_S, at_s + HALF_SOUND_S, state))
        if np.isfinite(next_s) and next_s - at_s > 2 * HALF_SOUND_S:
            rows.append((at_s + HALF_SOUND_S, next_s - HALF_SOUND_S, state + 1))
    return np.array(rows, np.float64)


def model_of(content: bytes, result: SegmentationResult) -> CycleModel:
    """Return a network with the confidence that was fitted for all."""
    first, second, third, bias = result.weights
    return CycleModel(CycleNetwork(content, DELAY_FRAMES), (first, second, third, bias), result.shown_from)


def all_found(model: CycleModel, waveform: NDArray[np.float32]) -> list[HeartSound]:
    """Return the heart sounds of a whole sound."""
    segmenter = CycleSegmenter(model)
    return [*segmenter.push(waveform), *segmenter.finish()]


def noise_never_heard(pascal: Path | None) -> dict[str, list[NDArray[np.float32]]]:
    """Return sound without a heart that no network was trained on: white, pink and brown noise, set A's artifacts."""
    rng = np.random.default_rng(0)
    samples = NOISE_S * BANDS_RATE
    hz = np.fft.rfftfreq(samples, 1 / BANDS_RATE).clip(20)
    sounds = {
        f"{name} noise": [
            0.05 * one / one.std()
            for one in (
                np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) / hz**slope).astype(np.float32)
                for _ in range(10)
            )
        ]
        for name, slope in (("white", 0.0), ("pink", 0.5), ("brown", 1.0))
    }
    if pascal is not None:
        paths = sorted((pascal / "set_a").glob("artifact__*"))
        sounds["artifacts of set A"] = [read_waveform(path, BANDS_RATE, start_at_zero=True) for path in paths]
    return sounds


def print_noise(
    sounds: dict[str, list[NDArray[np.float32]]], networks: Sequence[bytes], result: SegmentationResult
) -> dict[str, dict[str, float]]:
    """Print in what share of the seconds of noise a heart sound counts as sure, and return it."""
    put("\n### Noise that no network was trained on: share of seconds with a heart sound that counts as sure\n")
    put("| noise | seconds | share |")
    put("|---|---|---|")
    models = [model_of(content, result) for content in networks]
    table = {}
    for name, waveforms in sounds.items():
        counts = [
            found_in_noise(len(waveform) / BANDS_RATE, all_found(model, waveform), result.shown_from)
            for model in models
            for waveform in waveforms
        ]
        shown, seconds = np.sum(counts, axis=0).tolist()
        table[name] = {"seconds": seconds // len(models), "shown": round(shown / seconds, 4)}
        put(f"| {name} | {seconds // len(models)} | {shown / seconds:.3f} |")
    return table


def print_table(title: str, repeats: Sequence[Sequence[FoundSounds]], result: SegmentationResult) -> dict[str, Any]:
    """Print the metrics of some recordings, the mean over the repeats, and return them."""
    rows = repeats[0]
    if not rows:
        return {}
    statistic = mean_statistic([segmentation_metrics(one, result.shown_from) for one in repeats])
    metrics = Bootstrap().estimate(statistic, [row.patient for row in rows])
    sounds, patients = sum(int(row.reference.sum()) for row in rows), len({row.patient for row in rows})
    swapped = ", ".join(str(sum(row.is_swapped for row in one)) for one in repeats)
    put(f"\n### {title}\n")
    put(f"{len(rows)} recordings of {patients} patients, {sum(row.covered_s for row in rows) / 60:.1f} min that count,")
    put(f"{sounds} heart sounds; swapped throughout: {swapped}\n")
    values = {name: estimate.to_json() for name, estimate in metrics.items()}
    put("\n".join(segmentation_table({"metrics": values}).markdown()))
    facts = {"recordings": len(rows), "patients": patients, "heart_sounds": sounds}
    return {**facts, "swapped_throughout": [sum(row.is_swapped for row in one) for one in repeats], "metrics": values}


def draw(path: Path, sounds: Sequence[AnnotatedSound], result: SegmentationResult, networks: Sequence[bytes]) -> None:
    """Draw ten held-out recordings, from the worst to the best at even ranks: found above, annotated below."""
    import matplotlib.pyplot as plt

    rows = result.rows[0]
    shares = [share_found(row) for row in rows]
    annotated = [index for index in np.argsort(shares, kind="stable") if rows[index].covered_s > DRAWN_S / 2]
    chosen = [annotated[round(rank)] for rank in np.linspace(0, len(annotated) - 1, 10)]
    figure, axes = plt.subplots(10, 1, figsize=(11, 15), constrained_layout=True)
    for axis, index in zip(axes, chosen, strict=True):
        sound = sounds[index]
        waveform = read_waveform(sound.recording.path, BANDS_RATE, start_at_zero=True)
        found = all_found(model_of(networks[index], result), waveform)
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


def share_found(row: FoundSounds) -> float:
    """Return the F1 of both heart sounds in a recording."""
    return float(2 * row.matched.sum() / max(1, row.reference.sum() + row.estimated.sum()))


def print_least_found(sounds: Sequence[AnnotatedSound], result: SegmentationResult) -> None:
    """Print the recordings with the lowest F1, mean over the repeats."""
    put("\nLeast found, mean over the seeds:")
    shares = np.mean([[share_found(row) for row in rows] for rows in result.rows], axis=0)
    for index in np.argsort(shares)[:12].tolist():
        swapped = np.mean([rows[index].swapped.sum() / max(1, rows[index].reference.sum()) for rows in result.rows])
        name, bpm = sounds[index].recording.path.stem, result.rows[0][index].annotated_bpm
        put(f"  {name}: F1 {shares[index]:.2f}, swapped {swapped:.2f}, {bpm:.0f} bpm")


def main(arguments: list[str]) -> int:
    """Train what is missing, print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--networks", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set-a", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-training", action="store_true")
    parsed = parser.parse_args(arguments)
    options = CycleOptions(seed=parsed.seeds[0], repeats=len(parsed.seeds))
    with TerminalProgress(Console(stderr=True)) as progress:
        sounds = read_sounds(annotated_recordings(read_sets(parsed.data)), progress, options.variants)
    repeats = [
        repeat_of(
            parsed.networks / f"seed-{seed}",
            sounds,
            dataclasses.replace(options, seed=seed),
            with_all=seed == options.seed,
            train=not parsed.no_training,
        )
        for seed in parsed.seeds
    ]
    result = assess(repeats, sounds, options)
    put(f"seeds: {', '.join(map(str, parsed.seeds))}; confidence {result.weights}, shown from {result.shown_from:.3f}")
    held_out = [
        sound
        for row, sound in enumerate(sounds)
        if not sound.is_noise and all(repeat.can_measure(row) for repeat in repeats)
    ]
    groups = {
        "CirCor, held-out children": lambda sound, row: True,
        "CirCor, a murmur": lambda sound, row: sound.recording.labels == ("murmur",),
        "CirCor, no murmur, or not known": lambda sound, row: sound.recording.labels != ("murmur",),
        f"CirCor, from {FAST_BPM:.0f} beats per minute": lambda sound, row: row.annotated_bpm >= FAST_BPM,
    }
    tables = {}
    for title, belongs in groups.items():
        chosen = [i for i, sound in enumerate(held_out) if belongs(sound, result.rows[0][i])]
        tables[title] = print_table(title, [[rows[i] for i in chosen] for rows in result.rows], result)
    if "noise" in result.metrics:
        share = result.metrics["noise"]
        put(f"\nNoise that was held out: {share} of its seconds have a heart sound that counts as sure")
    print_least_found(held_out, result)
    of_folds = [content for repeat in repeats for fold, content in repeat.networks.items() if fold != ALL]
    noises = print_noise(noise_never_heard(parsed.set_a), of_folds, result)
    for kind, of_kind in sorted(made_rows(repeats, sounds, result).items()):
        title = f"CirCor with a made diastolic murmur: {kind}"
        tables[title] = print_table(title, of_kind, result)
    title = "CirCor through a telephone's band, with noise"
    tables[title] = print_table(title, telephone_rows(repeats, sounds, result), result)
    if parsed.set_a is not None:
        title = "PASCAL set A, timed normals"
        of_set_a = [set_a_rows(parsed.set_a, one, result) for one in of_folds]
        tables[title] = print_table(title, of_set_a, result)
        usual = {name for name, one in set_a_annotations(parsed.set_a).items() if systole_is_shorter(one)}
        shorter = f"{title}, where the marked systole is shorter than the diastole"
        chosen_rows = [[row for row in rows if row.patient in usual] for rows in of_set_a]
        tables[shorter] = print_table(shorter, chosen_rows, result)
        shipped = f"{title}, network of all patients"
        tables[shipped] = print_table(shipped, [set_a_rows(parsed.set_a, result.content, result)], result)
    if parsed.json is not None:
        evidence = {
            "type": "segmentation",
            "command": f"python benchmarks/accuracy/segmentation.py {' '.join(path.name for path in parsed.data)}",
            "seeds": parsed.seeds,
            "groups": tables,
            "noise": noises,
        }
        write_atomic(parsed.json, json.dumps(evidence, allow_nan=False, indent=1) + "\n")
        counts = [counts_of(rows, result.shown_from) for rows in result.rows]
        folder = parsed.json.with_suffix("")
        folder.mkdir(exist_ok=True)
        np.savez_compressed(
            folder / "counts.npz", **{name: np.stack([one[name] for one in counts]) for name in counts[0]}
        )
    if parsed.picture is not None:
        folds, networks = repeats[0].folds.tolist(), repeats[0].networks
        pairs = zip(sounds, folds, strict=True)
        heard = [networks[fold] for sound, fold in pairs if fold in networks and not sound.is_noise]
        draw(parsed.picture, held_out, result, heard)
    if parsed.bundle is not None:
        from training.export.segmentation import add_segmentation

        add_segmentation(parsed.bundle, result, command(parsed))
        put(f"\nwrote {parsed.bundle / 'segmentation.tflite'}")
    return 0


def command(parsed: argparse.Namespace) -> str:
    """Return the command that trains the same bundle."""
    words = ["auscult", "train", *(path.name for path in parsed.data), "--segmentation", "--out"]
    words += [f"models/{parsed.bundle.name}", "--repeats", str(len(parsed.seeds))]
    return " ".join([*words, *(["--seed", str(parsed.seeds[0])] if parsed.seeds[0] else [])])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

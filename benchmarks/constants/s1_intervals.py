"""What the intervals from S1 to S1 add to the classifier's score of an ectopic beat, window by window.

    python benchmarks/constants/s1_intervals.py DATA --networks FOLDER [--scores FILE]

Prints tables as Markdown; docs/decisions/0008 has them. FOLDER holds the networks of
``benchmarks/accuracy/segmentation.py --seeds 0 1 2`` (seed-0/fold-0.tflite, ..., seed-0/all.tflite): each annotated
recording of CirCor is heard by those that were not trained on its child. FILE (docs/evidence/ours.npz) holds the scores
of the study's classifiers for the same windows, held out too. S1 are those that the decoder finds, or the path of
monitor/analysis/rhythm/beat_path.py through the peaks of the probability of S1. The evidence of a window is how early
the earliest S1 with a pause behind it is; weight and rule are chosen on the other patients. Beside CirCor stand sounds
in which an ectopic beat is certain, synthetic and spliced ones, with the scores of the default bundle, which knows
their kind and their patients; and the labels that recordings would get. Needs the training extra; a few minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from early_s1 import MAX_DEPTH, RULES, Choice, Numbers, decoded_s1, early_beats, path_s1
from ectopic_cases import HOP_FRAMES, KINDS, LEVELS_DB, moved_beat, synthesize
from numpy.typing import NDArray

from monitor.features.image import ImageBuilder
from monitor.features.sound_bands import StreamingBands
from monitor.features.spec import HEART
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.labels import EXTRASTOLE
from monitor.output import put
from training.data.annotations import RHYTHM_HOP_S, RHYTHM_WINDOW_S, read_annotations, rhythm_windows
from training.data.audio import Frames, compute_frames, read_sound, read_waveform
from training.data.cycle_states import annotated_recordings
from training.data.discovery import discover, read_sets
from training.data.folds import with_patients
from training.data.patient_split import patient_folds
from training.data.recording import Recording
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.metrics import Ranking, auc
from training.examples.beat_splicing import longest_run
from training.fitting.cycle_fit import CycleOptions
from training.fitting.cycle_network import DELAY_FRAMES
from training.study.scores import StudyScores, load_scores

SEEDS, PATIENT_FOLDS = 3, 5
HEARTS = 24
"""Synthetic hearts of each kind at each level of noise; those that ectopic_beats.py measures."""
INSIDE_S, NEAR_S = (1.2, 3.6), 0.5
"""Where in a window an ectopic beat lies with both of its intervals; nearer to an edge than that the window is left
out, up to so far beyond the edge."""
DRAWS = 500

LEASTS, CONFIDENCES, WEIGHTS = (-0.05, 0.05), (0.0, 0.4), (2.5, 5.0, 10.0, 20.0, 30.0)
"""Least evidence of a window; least confidence of an early beat and those beside it; log-odds per unit of evidence."""
LOSSES = (1.0, 0.02, 0.005)
"""What a choice may cost at most in AUC on synthetic and on spliced sounds."""
FIXED = Choice("early before a pause", 0.05, 0.0, 10.0)
"""The one whose interval and labels are printed whatever is chosen: no evidence against, a weight in the middle."""


class Heard(NamedTuple):
    """Windows of a sound in which ectopic beats are certain: early beats, starts, log-odds, and which have one."""

    beats: dict[str, Numbers]
    starts_s: Numbers
    log_odds: Numbers
    ectopic: NDArray[np.bool_]


class Outcome(NamedTuple):
    """What a choice gives: log-odds of the windows, AUC on all patients but a fold's, most it costs on made sounds."""

    odds: Numbers
    on_others: list[float]
    loss: float


class Listener:
    """Networks for S1 and S2, and the classifier of the default bundle."""

    def __init__(self, networks: Path, bundle: Bundle) -> None:
        if bundle.segmentation is None:
            raise SystemExit("the default bundle finds no heart sounds")
        self._networks, self._bundle, self._model = networks, bundle, bundle.segmentation
        self._opened: dict[str, CycleNetwork] = {}
        self._builder = ImageBuilder(HEART.num_frames)

    def beats(self, bands: NDArray[np.float32], name: str) -> dict[str, Numbers]:
        """Return the beats of a sound by both ways to find S1, heard by the network of a name (seed-0/fold-0)."""
        if name not in self._opened:
            content = (self._networks / f"{name}.tflite").read_bytes()
            self._opened[name] = CycleNetwork(content, DELAY_FRAMES)
        network = self._opened[name]
        network.clear()
        probabilities = np.concatenate((network.push(bands), network.finish()))
        decoded = decoded_s1(probabilities, self._model)
        return {"decoder": early_beats(decoded), "path": early_beats(path_s1(probabilities, decoded))}

    def windows(self, frames: Frames, beats: dict[str, Numbers], ectopic_s: Sequence[float]) -> Heard:
        """Return the windows of a sound, one a second, that have an ectopic beat with both intervals, or none."""
        starts = np.arange(0, len(frames) - HEART.num_frames + 1, 2 * HOP_FRAMES)
        after_s = np.array(ectopic_s)[None] - starts[:, None] * HEART.frame_hop_s
        inside = ((after_s >= INSIDE_S[0]) & (after_s <= INSIDE_S[1])).any(axis=1)
        used = inside | ~((after_s > -NEAR_S) & (after_s < RHYTHM_WINDOW_S + NEAR_S)).any(axis=1)
        images = (self._builder.build(frames.window(start, HEART.num_frames)) for start in starts[used].tolist())
        outputs = np.array([self._bundle.engine.outputs(image).copy() for image in images])
        labels = self._bundle.labels
        scores = self._bundle.calibration.scores(outputs, len(labels)) if len(outputs) else np.zeros((0, len(labels)))
        odds = log_odds(scores[:, labels.index(EXTRASTOLE)])
        return Heard(beats, starts[used] * HEART.frame_hop_s, odds, inside[used])


def log_odds(scores: Numbers) -> Numbers:
    """Return natural log-odds."""
    inside = np.clip(scores, 1e-4, 1 - 1e-4)
    return np.log(inside / (1 - inside))


def bands_of(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the frames of a waveform at 4000 Hz."""
    return StreamingBands().push(np.asarray(waveform, np.float32))


def synthetic(listener: Listener) -> list[Heard]:
    """Return the synthetic hearts of ectopic_beats.py."""
    heard = []
    for (kind, name), level, index in itertools.product(enumerate(KINDS), LEVELS_DB, range(HEARTS)):
        sound = synthesize(name, level, np.random.default_rng([8, 2, kind, round(-level), index]))
        ectopic_s = sound.beats.s1_samples[sound.beats.ectopic] / sound.sample_rate
        beats = listener.beats(bands_of(sound.waveform), "seed-0/all")
        heard.append(listener.windows(compute_frames(sound.waveform, HEART), beats, ectopic_s.tolist()))
    return heard


def spliced(listener: Listener, recordings: Sequence[Recording], folds: Mapping[str, int]) -> list[Heard]:
    """Return the spliced recordings of ectopic_beats.py, and their controls."""
    heard = []
    for row, recording in enumerate(recordings):
        if recording.path.name not in folds:
            continue
        sound = read_sound(recording, HEART)
        run = longest_run(read_annotations(recording.path.with_suffix(".tsv")), HEART.frame_hop_s)
        beats = [beat for beat in run if beat.end <= len(sound.frames)]
        bands = bands_of(read_waveform(recording.path, HEART.sample_rate))
        for ectopic in (True, False):
            moved = moved_beat(beats, len(sound.frames), np.random.default_rng([9, row]), ectopic=ectopic)
            if moved is not None:
                order, ectopic_s = moved
                twice = np.stack((2 * order, 2 * order + 1), axis=1).ravel()  # bands have two frames for one
                found = listener.beats(bands[twice[twice < len(bands)]], f"seed-0/fold-{folds[recording.path.name]}")
                frames = dataclasses.replace(sound.frames, order=order)
                heard.append(listener.windows(frames, found, ectopic_s))
    return heard


class CirCorWindows:
    """The annotated windows of CirCor with held-out scores, and the early beats of their recordings.

    Attributes
    ----------
    beats : dict
        By recording, seed and way to find S1.
    folds : dict of str to int
        Of the first seed, by recording.
    """

    def __init__(self, scores: StudyScores, recordings: Sequence[Recording], listener: Listener) -> None:
        self.scores, self.beats = scores, dict[tuple[str, int, str], Numbers]()
        self.folds: dict[str, int] = {}
        patients, options = [one.patient for one in recordings], CycleOptions()
        starts_of: dict[str, Numbers] = {}
        of_seeds = [patient_folds(patients, [""] * len(patients), options.folds, seed) for seed in range(SEEDS)]
        for row, recording in enumerate(recordings):
            name = recording.path.name
            waveform = read_waveform(recording.path, HEART.sample_rate, start_at_zero=True)
            annotations = read_annotations(recording.path.with_suffix(".tsv"))
            windows = rhythm_windows(annotations, len(waveform) / HEART.sample_rate)
            starts_of[name] = np.array([window.index for window in windows]) * RHYTHM_HOP_S
            self.folds[name] = int(of_seeds[0][row])
            for seed in range(SEEDS):
                found = listener.beats(bands_of(waveform), f"seed-{seed}/fold-{of_seeds[seed][row]}")
                self.beats |= {(name, seed, way): beats for way, beats in found.items()}
        self._rows = defaultdict[str, list[int]](list)
        for row, name in enumerate(scores.window_names.tolist()):
            self._rows[name].append(row)
        self._starts = {name: starts_of[name] for name in self._rows}
        kinds = [set(joined.split("|")) for joined in scores.window_kinds.tolist()]
        self.ectopic = np.array(["premature" in of_window for of_window in kinds])
        self.counts = {
            "regular": self.ectopic | np.array(["regular" in of_window for of_window in kinds]),
            "all": np.ones(len(kinds), np.bool_),
        }
        self.patients = scores.window_patients.tolist()
        self.patient_fold = np.array([zlib.crc32(patient.encode()) % PATIENT_FOLDS for patient in self.patients])

    def fused(self, way: str, choice: Choice) -> Numbers:
        """Return the log-odds of all windows with the evidence, ``(seeds, windows)``."""
        odds = log_odds(self.scores.window_scores.astype(np.float64))
        for seed, (name, rows) in itertools.product(range(SEEDS), self._rows.items()):
            odds[seed, rows] += choice.evidence(self.beats[name, seed, way], self._starts[name])
        return odds

    def areas(self, odds: Numbers, rows: NDArray[np.bool_]) -> list[float]:
        """Return the AUC against regular windows and against all others among some, the mean over the seeds."""
        return [
            float(np.mean([auc(self.ectopic[rows & counts], one[rows & counts]) for one in odds]))
            for counts in self.counts.values()
        ]

    def against(self, odds: Numbers) -> str:
        """Return both AUC with their gain over the classifier alone, intervals by patient, as cells of a table."""
        alone = [Ranking(self.ectopic, one) for one in self.scores.window_scores.astype(np.float64)]
        both = [Ranking(self.ectopic, one) for one in odds]

        def statistic(rows: NDArray[np.intp]) -> dict[str, float]:
            values = {}
            for name, counts in self.counts.items():
                chosen = rows[counts[rows]]
                values[name] = float(np.mean([one.auc(chosen) for one in both]))
                values[f"{name}, gain"] = values[name] - float(np.mean([one.auc(chosen) for one in alone]))
            return values

        return " | ".join(str(one) for one in Bootstrap(0, DRAWS).estimate(statistic, self.patients).values())

    def on_others(self, odds: Numbers) -> list[float]:
        """Return, for each fold of patients, the sum of both AUC on all other patients."""
        return [sum(self.areas(odds, self.patient_fold != fold)) for fold in range(PATIENT_FOLDS)]

    def chosen(self, of: Mapping[Choice, Outcome], limit: float) -> tuple[Counter[Choice], Numbers]:
        """Return the choices and log-odds where each fold has the choice that is best for the other patients."""
        allowed = [choice for choice, outcome in of.items() if outcome.loss <= limit]
        best = [max(allowed, key=lambda choice: of[choice].on_others[fold]) for fold in range(PATIENT_FOLDS)]
        odds = np.stack([of[choice].odds for choice in best])  # (folds, seeds, windows)
        return Counter(best), odds[self.patient_fold, :, np.arange(len(self.patients))].T


def made_areas(heard: Sequence[Heard], way: str, choice: Choice) -> float:
    """Return the AUC of windows with a certain ectopic beat against those of the others."""
    odds = np.concatenate([one.log_odds + choice.evidence(one.beats[way], one.starts_s) for one in heard])
    return auc(np.concatenate([one.ectopic for one in heard]), odds)


def print_labels(windows: CirCorWindows, set_b: Mapping[str, dict[str, Numbers]], way: str, choice: Choice) -> None:
    """Print how many recordings are labelled as an extrasystole by their scores, without and with the evidence."""
    scores, early = windows.scores, set(windows.scores.window_names[windows.ectopic].tolist())
    column, counts = scores.labels.index(EXTRASTOLE), defaultdict[str, Numbers](lambda: np.zeros(3))
    for row, name in enumerate(scores.names.tolist()):
        for seed in range(SEEDS):
            beats = set_b[name][way] if name in set_b else windows.beats.get((name, seed, way))
            if beats is None:
                continue
            depths = RULES[choice.rule](beats[:, 2], beats[:, 3])[beats[:, 4] >= choice.confidence]
            depth = np.clip(depths.max(initial=choice.least), choice.least, MAX_DEPTH) - max(0.0, choice.least)
            before = scores.scores[seed, row].astype(np.float64)
            odds = log_odds(before[column : column + 1])[0] + choice.weight * depth
            after = 1 / (1 + np.exp(-odds))
            rest = np.delete(before, column)
            labelled = after >= (rest * (1 - after) / max(1e-9, rest.sum())).max()
            group = f"set B, {scores.may_be[row]}" if name in set_b else "CirCor, none annotated"
            group = "CirCor, an ectopic beat annotated" if name in early else group
            counts[group] += (1, before.argmax() == column, labelled)
    for group, (total, without, with_evidence) in sorted(counts.items()):
        put(f"| {group} | {total / SEEDS:.0f} | {without / SEEDS:.1f} | {with_evidence / SEEDS:.1f} |")


def main(arguments: Sequence[str]) -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--networks", type=Path, required=True)
    parser.add_argument("--scores", type=Path, default=Path("docs/evidence/ours.npz"))
    parsed = parser.parse_args(arguments)
    listener = Listener(parsed.networks, load_bundle())
    annotated = annotated_recordings(read_sets([parsed.data / "circor"]))
    windows = CirCorWindows(load_scores(parsed.scores), annotated, listener)
    recordings = with_patients(
        discover([parsed.data / "pascal" / "set_b", parsed.data / "circor", parsed.data / "not_heart"]), "auto"
    )
    made = {"synthetic": synthetic(listener), "spliced": spliced(listener, recordings, windows.folds)}
    everyone = np.ones(len(windows.patients), np.bool_)
    choices = [Choice(*values) for values in itertools.product(RULES, LEASTS, CONFIDENCES, WEIGHTS)]
    alone = choices[0]._replace(weight=0.0)
    base = {kind: made_areas(heard, "decoder", alone) for kind, heard in made.items()}
    put("| S1 | rule, least evidence, least confidence, weight | regular | all | synthetic | spliced |")
    put("|---|---|---|---|---|---|")
    areas = windows.areas(windows.scores.window_scores.astype(np.float64), everyone)
    put(f"| none | | {areas[0]:.3f} | {areas[1]:.3f} | {base['synthetic']:.3f} | {base['spliced']:.3f} |")
    results: dict[str, dict[Choice, Outcome]] = {"decoder": {}, "path": {}}
    for (way, outcomes), choice in itertools.product(results.items(), choices):
        odds = windows.fused(way, choice)
        values = {kind: made_areas(heard, way, choice) for kind, heard in made.items()}
        loss = max(base[kind] - value for kind, value in values.items())
        outcomes[choice] = Outcome(odds, windows.on_others(odds), loss)
        regular, others = windows.areas(odds, everyone)
        cells = f"{regular:.3f} | {others:.3f} | {values['synthetic']:.3f} | {values['spliced']:.3f}"
        put(f"| {way} | {', '.join(map(str, choice))} | {cells} |")
    put("\n| S1 | may cost | chosen on the other patients | regular | gain | all | gain |")
    put("|---|---|---|---|---|---|---|")
    for way, outcomes in results.items():
        for limit in LOSSES:
            chosen, odds = windows.chosen(outcomes, limit)
            text = "; ".join(f"{count} times {', '.join(map(str, choice))}" for choice, count in chosen.items())
            put(f"| {way} | {limit} | {text} | {windows.against(odds)} |")
        put(f"| {way} | | fixed: {', '.join(map(str, FIXED))} | {windows.against(outcomes[FIXED].odds)} |")
    set_b = {
        one.path.name: listener.beats(bands_of(read_waveform(one.path, HEART.sample_rate)), "seed-0/all")
        for one in recordings
        if one.path.name not in windows.folds and one.label in ("normal", EXTRASTOLE)
        and not read_sound(one, HEART).is_looped(HEART)
    }  # fmt: skip
    for way, confidence in (("decoder", 0.0), ("decoder", 0.4), ("path", 0.0)):
        put(f"\n| S1 by {way}, least confidence {confidence:g} | recordings | labelled extrastole | with evidence |")
        put("|---|---|---|---|")
        print_labels(windows, set_b, way, FIXED._replace(confidence=confidence))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What the monitor says, on sounds that its network had not heard: false alarms, calibration, the same at every hop.

    auscult train set_b circor not_heart --gate set_a --keep-folds --out models/heart-sounds
    python benchmarks/accuracy/false_alarms.py set_b circor not_heart --kept models/heart-sounds.training

Every recording goes through the monitor's own analysis (resampler, gate, network, rolling verdict), with the network
of the fold that held it out and the settings of the bundle. The hour of made noise is judged by the bundle itself: its
sounds are made anew, with random numbers of their own. A false alarm is a rolling label that comes up where there is no
heart. Needs the training extra; about five minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.features.spec import HEART
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.engine import LiteRTEngine
from monitor.messages import WindowEvent
from monitor.synthesis.non_cardiac import GENERATORS as MAKERS
from monitor.synthesis.non_cardiac import random_non_cardiac
from training.data.audio import read_samples
from training.data.discovery import discover, labels_of
from training.data.folds import fully_labelled_sets, with_patients
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap
from training.export.bundle import convert
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.cross_validation import FoldPlan, fold_plans
from training.fitting.heart_fit import Material, new_network

SEED = 3600
NOISE_S = 3600.0
HOPS_S = (0.25, 0.5, 1.0)
LONG_S = 10.0
"""Recordings from here on are replayed at several hops."""


class Alarms(NamedTuple):
    """What came up without a heart: seconds heard, windows, those with a label, rolling labels, their time."""

    seconds: float
    windows: int
    labelled: int
    alarms: int
    alarm_s: float


def added(many: Iterable[Alarms]) -> Alarms:
    """Return the sum of several."""
    return Alarms(*(sum(column) for column in zip(*many, strict=True)))


def judged(bundle: Bundle, waveform: NDArray[np.float32], rate: int, hop_s: float = 0.5) -> list[WindowEvent]:
    """Return every window of a sound, as the monitor judges it."""
    analysis = Analyzer(bundle, rate, hop_s)
    step = analysis.most_samples
    events = []
    for begin in range(0, len(waveform), step):
        events += [analysis.judge(index).event for index in analysis.push(waveform[begin : begin + step])]
    return [*events, *(analysis.judge(index).event for index in analysis.finish())]


def sound_of(recording: Recording) -> tuple[NDArray[np.float32], int]:
    """Return a recording as the monitor hears it, and its rate."""
    samples, rate = read_samples(recording.path, recording.start_s, recording.end_s)
    return samples.mean(axis=1, dtype=np.float32), rate


def alarms_of(events: Sequence[WindowEvent], seconds: float, hop_s: float) -> Alarms:
    """Return the false alarms in the windows of a sound without a heart."""
    shown = [event.rolling.label is not None for event in events]
    onsets = sum(now and not before for before, now in zip([False, *shown], shown, strict=False))
    labelled = sum(event.verdict.label is not None for event in events)
    return Alarms(seconds, len(events), labelled, onsets, hop_s * sum(shown))


def made_noise() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield an hour of sounds that no heart makes, kind by kind, each as long."""
    makers: list[tuple[str, Callable[..., NDArray[np.float32]]]] = [
        (maker.__name__.replace("_", " "), maker) for maker in MAKERS
    ]
    makers.append(("mixtures", random_non_cardiac))
    rng = np.random.default_rng(SEED)
    pieces = 10
    for name, maker in makers:
        for _ in range(pieces):
            yield name, maker(NOISE_S / len(makers) / pieces, rng, HEART.sample_rate)


def fold_bundles(bundle: Bundle, recordings: Sequence[Recording], kept: Path) -> Iterator[tuple[Bundle, FoldPlan]]:
    """Yield the bundle with the network of each fold that is kept."""
    labels = labels_of(recordings)
    material = Material(labels, fully_labelled_sets(recordings, labels), [])
    keeper = FoldCheckpoints.at(kept)
    for plan in fold_plans(recordings, material.telling, folds=5, repeats=1, seed=0):
        run = keeper.load(plan, lambda: new_network(material))
        if run is None:
            raise SystemExit(f"{kept}: fold {plan.fold + 1} is not there, or is of other recordings")
        yield dataclasses.replace(bundle, engine=LiteRTEngine(convert(run.network))), plan


def print_alarms(title: str, found: dict[str, Alarms]) -> None:
    """Print false alarms by kind, and together."""
    print(f"\n{title}\n{'':18s} minutes  windows  labelled  alarms  per hour  seconds with a label")
    for name, its in {**found, "together": added(found.values())}.items():
        print(
            f"{name:18s} {its.seconds / 60:7.1f}  {its.windows:7d}  {its.labelled / max(1, its.windows):8.4f}"
            f"  {its.alarms:6d}  {3600 * its.alarms / its.seconds:8.1f}  {its.alarm_s:8.1f}"
        )


def print_calibration(rows: list[tuple[str, str, WindowEvent]], labels: Sequence[str]) -> None:
    """Print how far the confidence shown at the end of recordings is from how often the label is right."""
    told = [(patient, label, event.rolling) for patient, label, event in rows if event.rolling.scores is not None]
    truth = np.array([labels.index(label) for _, label, _ in told])
    scores = np.array([list(verdict.scores.values()) for _, _, verdict in told if verdict.scores])
    patients = [patient for patient, _, _ in told]
    given = np.array([verdict.label is not None for _, _, verdict in told])

    def of(which: NDArray[np.intp]) -> dict[str, float]:
        chosen = which[given[which]]
        right = scores[chosen].argmax(axis=1) == truth[chosen]
        return {
            "calibration error, all": metrics.calibration_error(truth[which], scores[which]),
            "calibration error, with a label": metrics.calibration_error(truth[chosen], scores[chosen]),
            "with a label": float(given[which].mean()),
            "of these wrong": float(1.0 - right.mean()),
        }

    print(f"\nset B, what the rolling verdict shows at the end of {len(told)} held-out recordings")
    for name, figure in Bootstrap().figures(of, patients).items():
        print(f"{name:34s} {figure}")


def print_hops(counts: Counter[tuple[float, bool]], changes: Counter[float]) -> None:
    """Print how often another hop shows the same at the same moment."""
    print("\nthe same rolling label or state at whole seconds as at a hop of 0.5 s; changes of what is shown")
    for hop_s in HOPS_S:
        same, other = counts[hop_s, True], counts[hop_s, False]
        print(f"hop {hop_s:4g} s  {same / max(1, same + other):.4f} of {same + other}  changes {changes[hop_s]}")


def shown_at_seconds(events: Sequence[WindowEvent]) -> dict[float, str]:
    """Return what is shown at whole seconds."""
    return {its.end_s: its.rolling.label or its.rolling.state for its in events if its.end_s == round(its.end_s)}


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", nargs="+", type=Path, help="the folders of the training, in the same order")
    parser.add_argument("--kept", type=Path, required=True, help="the folds that auscult train --keep-folds kept")
    parser.add_argument("--model", default="heart-sounds", help="the bundle whose settings count")
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.model)
    recordings = with_patients(discover(arguments.data), "auto")
    noise: dict[str, Alarms] = {}
    for name, waveform in made_noise():
        seconds = len(waveform) / HEART.sample_rate
        its = alarms_of(judged(bundle, waveform, HEART.sample_rate), seconds, 0.5)
        noise[name] = added([noise[name], its]) if name in noise else its
    print_alarms("an hour of made noise, judged by the bundle", noise)
    others: dict[str, Alarms] = {}
    ends: list[tuple[str, str, WindowEvent]] = []
    counts: Counter[tuple[float, bool]] = Counter()
    changes: Counter[float] = Counter()
    for of_fold, plan in fold_bundles(bundle, recordings, arguments.kept):
        for row in plan.held.tolist():
            recording = recordings[row]
            waveform, rate = sound_of(recording)
            seconds = len(waveform) / rate
            if recording.label == NON_CARDIAC:
                kind = recording.path.stem.partition("_")[0]
                its = alarms_of(judged(of_fold, waveform, rate), seconds, 0.5)
                others[kind] = added([others[kind], its]) if kind in others else its
                continue
            if recording.label in bundle.labels and recording.source.startswith("PASCAL"):
                ends.append((recording.patient, str(recording.label), judged(of_fold, waveform, rate)[-1]))
            if seconds >= LONG_S and row % 5 == 0:
                by_hop = {hop_s: judged(of_fold, waveform, rate, hop_s) for hop_s in HOPS_S}
                usual = shown_at_seconds(by_hop[0.5])
                for hop_s, events in by_hop.items():
                    shown = shown_at_seconds(events)
                    counts.update((hop_s, shown[at] == usual[at]) for at in shown.keys() & usual.keys())
                    said = [its.rolling.label or its.rolling.state for its in events]
                    changes[hop_s] += sum(a != b for a, b in itertools.pairwise(said))
    print_alarms("recordings without a heart, each judged by a network that had not heard its like", others)
    print_calibration(ends, bundle.labels)
    print_hops(counts, changes)


if __name__ == "__main__":
    main()

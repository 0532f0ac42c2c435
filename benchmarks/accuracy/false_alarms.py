"""Held-out verdicts of the monitor: false alarms, calibration, and agreement of different hops.

    auscult train set_b circor not_heart everyday --gate set_a --keep-folds --out models/heart-sounds
    python benchmarks/accuracy/false_alarms.py set_b circor not_heart everyday --checkpoints heart-sounds.training

Every recording goes through the monitor's own analysis (resampler, gate, network, rolling verdict), with the network
of the fold that held it out and the settings of the bundle. The hour of synthetic noise is scored by the bundle itself:
its sounds have random numbers of their own. A false alarm is a rolling label that begins in a non-cardiac sound. Needs
the training extra; about five minutes.
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
from monitor.labels import NON_CARDIAC
from monitor.messages import WindowEvent
from monitor.synthesis.non_cardiac import GENERATORS, random_non_cardiac
from training.data.audio import read_samples
from training.data.corpus import Corpus
from training.data.discovery import discover
from training.data.folds import with_patients
from training.data.recording import Recording
from training.evaluation import metrics
from training.evaluation.bootstrap import Bootstrap
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.conversion import convert
from training.fitting.cross_validation import fold_plans
from training.fitting.heart_fit import new_network

SEED = 3600
NOISE_S = 3600.0
PER_KIND = 10
"""Sounds of each kind in that time."""
HOPS_S = (0.25, 0.5, 1.0)
ASKED_PASSING = 0.99
LONG_S = 10.0
"""Recordings at least this long are replayed at several hops."""


class Alarms(NamedTuple):
    """False alarms: seconds without a heart, windows, those with a label, onsets of a rolling label, its seconds."""

    seconds: float
    windows: int
    labelled: int
    alarms: int
    alarm_s: float


def summed(alarms: Iterable[Alarms]) -> Alarms:
    """Return the sum of several."""
    return Alarms(*(sum(column) for column in zip(*alarms, strict=True)))


def events_of(bundle: Bundle, waveform: NDArray[np.float32], rate: int, hop_s: float = 0.5) -> list[WindowEvent]:
    """Return the monitor's event for every window of a sound."""
    analysis = Analyzer(bundle, rate, hop_s)
    step = analysis.max_samples
    events = []
    for begin in range(0, len(waveform), step):
        events += [analysis.judge(index).event for index in analysis.push(waveform[begin : begin + step])]
    return [*events, *(analysis.judge(index).event for index in analysis.finish())]


def waveform_of(recording: Recording) -> tuple[NDArray[np.float32], int]:
    """Return a recording as mono, and its sample rate."""
    samples, rate = read_samples(recording.path, recording.start_s, recording.end_s)
    return samples.mean(axis=1, dtype=np.float32), rate


def alarms_of(events: Sequence[WindowEvent], seconds: float, hop_s: float) -> Alarms:
    """Return the false alarms in the windows of a non-cardiac sound."""
    shown = [event.rolling.label is not None for event in events]
    onsets = sum(now and not before for before, now in zip([False, *shown], shown, strict=False))
    labelled = sum(event.verdict.label is not None for event in events)
    return Alarms(seconds, len(events), labelled, onsets, hop_s * sum(shown))


def synthetic_noise() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield an hour of non-cardiac sounds, kind by kind, each as long."""
    generators: list[tuple[str, Callable[..., NDArray[np.float32]]]] = [
        (generator.__name__.replace("_", " "), generator) for generator in GENERATORS
    ]
    generators.append(("mixtures", random_non_cardiac))
    rng = np.random.default_rng(SEED)
    for name, generator in generators:
        for _ in range(PER_KIND):
            yield name, generator(NOISE_S / len(generators) / PER_KIND, rng, HEART.sample_rate)


def fold_bundles(bundle: Bundle, recordings: Sequence[Recording], folder: Path) -> Iterator[tuple[Bundle, list[int]]]:
    """Yield the bundle with the network of each fold, and the rows that the fold held out."""
    corpus = Corpus.of(recordings)
    checkpoints = FoldCheckpoints.at(folder)
    for plan in fold_plans(corpus, folds=5, repeats=1, seed=0):
        result = checkpoints.load(plan, lambda: new_network(corpus))
        if result is None:
            raise SystemExit(f"{folder}: fold {plan.fold + 1} is not there, or is of other recordings")
        yield dataclasses.replace(bundle, engine=LiteRTEngine(convert(result.network))), plan.held_out.tolist()


def print_alarms(title: str, by_kind: dict[str, Alarms]) -> None:
    """Print false alarms by kind, and together."""
    print(f"\n{title}\n{'':18s} minutes  windows  labelled  alarms  per hour  seconds with a label")
    for name, alarms in {**by_kind, "together": summed(by_kind.values())}.items():
        print(
            f"{name:18s} {alarms.seconds / 60:7.1f}  {alarms.windows:7d}"
            f"  {alarms.labelled / max(1, alarms.windows):8.4f}"
            f"  {alarms.alarms:6d}  {3600 * alarms.alarms / alarms.seconds:8.1f}  {alarms.alarm_s:8.1f}"
        )


def gate_score(event: WindowEvent) -> float:
    """Return the quality of a window by which it passes the gate, 0 to 1; 0 where it was withheld."""
    return event.quality.score if event.quality.state is None else 0.0


def print_hearts(hearts: dict[str, list[float]]) -> None:
    """Print which share of the windows of held-out hearts the gate passes: those that are judged."""
    print("\nhearts, each scored by a network that was not trained on its patient: windows that pass the gate")
    for source, scores in hearts.items():
        print(f"{source:18s} {np.mean(np.array(scores) > 0.0):.4f} of {len(scores)}")


def print_strict(hearts: dict[str, list[float]], labelled: dict[str, list[float]]) -> None:
    """Print what a stricter gate would leave of the labels: that which passes the asked share of each data set.

    Parameters
    ----------
    hearts : dict
        From each data set to the gate's scores of its windows.
    labelled : dict
        From each kind of non-cardiac sound to the gate's scores of its windows, 0 for those without a label.
    """
    threshold = min(float(np.quantile(scores, 1.0 - ASKED_PASSING, method="lower")) for scores in hearts.values())
    print(
        f"\na gate that passes {ASKED_PASSING:.0%} of the windows of each data set of hearts: from {threshold:.3f} on"
    )
    for kind, scores in labelled.items():
        print(f"{kind:18s} {np.mean(np.array(scores) >= threshold):.4f} of {len(scores)} windows with a label")


def print_calibration(rows: list[tuple[str, str, WindowEvent]], labels: Sequence[str]) -> None:
    """Print the calibration error of the confidence that is shown at the end of recordings."""
    scored = [(patient, label, event.rolling) for patient, label, event in rows if event.rolling.scores is not None]
    ground_truth = np.array([labels.index(label) for _, label, _ in scored])
    scores = np.array([list(verdict.scores.values()) for _, _, verdict in scored if verdict.scores])
    patients = [patient for patient, _, _ in scored]
    given = np.array([verdict.label is not None for _, _, verdict in scored])

    def statistic(which: NDArray[np.intp]) -> dict[str, float]:
        chosen = which[given[which]]
        correct = scores[chosen].argmax(axis=1) == ground_truth[chosen]
        return {
            "calibration error, all": metrics.calibration_error(ground_truth[which], scores[which]),
            "calibration error, with a label": metrics.calibration_error(ground_truth[chosen], scores[chosen]),
            "with a label": float(given[which].mean()),
            "of these wrong": float(1.0 - correct.mean()),
        }

    print(f"\nset B, what the rolling verdict shows at the end of {len(scored)} held-out recordings")
    for name, estimate in Bootstrap().estimate(statistic, patients).items():
        print(f"{name:34s} {estimate}")


def print_hops(counts: Counter[tuple[float, bool]], changes: Counter[float]) -> None:
    """Print how often another hop shows the same at the same moment."""
    print("\nthe same rolling label or state at whole seconds as at a hop of 0.5 s; changes of what is shown")
    for hop_s in HOPS_S:
        same, other = counts[hop_s, True], counts[hop_s, False]
        print(f"hop {hop_s:4g} s  {same / max(1, same + other):.4f} of {same + other}  changes {changes[hop_s]}")


def shown_of(event: WindowEvent) -> str:
    """Return the label that is shown, or else the state."""
    return event.rolling.label or event.rolling.state


def count_hops(
    bundle: Bundle,
    waveform: NDArray[np.float32],
    rate: int,
    counts: Counter[tuple[float, bool]],
    changes: Counter[float],
) -> None:
    """Count at which whole seconds the hops agree with that of 0.5 s, and how often what is shown changes."""
    by_hop = {hop_s: events_of(bundle, waveform, rate, hop_s) for hop_s in HOPS_S}
    at_seconds = {
        hop_s: {event.end_s: shown_of(event) for event in events if event.end_s == round(event.end_s)}
        for hop_s, events in by_hop.items()
    }
    for hop_s, shown in at_seconds.items():
        counts.update((hop_s, shown[at] == at_seconds[0.5][at]) for at in shown.keys() & at_seconds[0.5].keys())
        changes[hop_s] += sum(shown_of(a) != shown_of(b) for a, b in itertools.pairwise(by_hop[hop_s]))


def noise_alarms(bundle: Bundle) -> dict[str, Alarms]:
    """Return the false alarms of a bundle in synthetic noise, by kind."""
    by_kind: dict[str, list[Alarms]] = {}
    for name, waveform in synthetic_noise():
        events = events_of(bundle, waveform, HEART.sample_rate)
        by_kind.setdefault(name, []).append(alarms_of(events, len(waveform) / HEART.sample_rate, 0.5))
    return {name: summed(alarms) for name, alarms in by_kind.items()}


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", nargs="+", type=Path, help="the folders of the training, in the same order")
    parser.add_argument(
        "--checkpoints",
        "--kept",
        type=Path,
        required=True,
        help="the folds that auscult train --keep-folds left (the old spelling --kept works too)",
    )
    parser.add_argument("--model", default="heart-sounds", help="the bundle whose settings count")
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.model)
    recordings = with_patients(discover(arguments.data), "auto")
    print_alarms("an hour of synthetic noise, scored by the bundle", noise_alarms(bundle))
    others: dict[str, list[Alarms]] = {}
    hearts: dict[str, list[float]] = {}
    labelled: dict[str, list[float]] = {}
    ends: list[tuple[str, str, WindowEvent]] = []
    counts: Counter[tuple[float, bool]] = Counter()
    changes: Counter[float] = Counter()
    for of_fold, rows in fold_bundles(bundle, recordings, arguments.checkpoints):
        for row in rows:
            recording = recordings[row]
            waveform, rate = waveform_of(recording)
            seconds = len(waveform) / rate
            if recording.label == NON_CARDIAC:
                kind, events = recording.path.stem.partition("_")[0], events_of(of_fold, waveform, rate)
                others.setdefault(kind, []).append(alarms_of(events, seconds, 0.5))
                passing = [gate_score(event) if event.verdict.label is not None else 0.0 for event in events]
                labelled.setdefault(kind, []).extend(passing)
                continue
            events = events_of(of_fold, waveform, rate)
            hearts.setdefault(recording.source, []).extend(map(gate_score, events))
            if recording.label in bundle.labels and recording.source.startswith("PASCAL"):
                ends.append((recording.patient, str(recording.label), events[-1]))
            if seconds >= LONG_S and row % 5 == 0:
                count_hops(of_fold, waveform, rate, counts, changes)
    by_kind = {kind: summed(alarms) for kind, alarms in others.items()}
    print_alarms("non-cardiac recordings, each scored by a network that was not trained on its group", by_kind)
    print_hearts(hearts)
    print_strict(hearts, labelled)
    print_calibration(ends, bundle.labels)
    print_hops(counts, changes)


if __name__ == "__main__":
    main()

"""Time from a change of sound to the right rolling label, against false changes: the curve, and the constants chosen.

    auscult train set_b circor not_heart --gate set_a --keep-folds --out models/heart-sounds
    python -m benchmarks.constants.time_to_change set_b circor not_heart --checkpoints models/heart-sounds.training

Run in the top folder. What is played through the monitor's analysis, each recording by the network of the fold that
held it out:

* every held-out recording as it is, and the non-cardiac sounds of false_alarms.py: nothing changes in them, so every
  change of the rolling label is false;
* pairs of them joined in the sound, at the same level: normal to murmur, murmur to normal, and two sites of one child
  with two seconds off the skin between them. Both recordings of a pair are of one fold and one half of the patients;
* the demo, and 19 realizations of it with other seeds, by the bundle itself.

A label is right where it is what the summary of that recording alone says, and the recording may have it; other
recordings are in no pair, and counted. The windows are judged once and stored in --work; then the rolling verdict
alone is run with every candidate. Constants are chosen on one half of the patients and reported on the other. About
ten minutes, two once the windows are stored. Needs the training extra.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.constants.judged_tracks import HALVES, Track, all_tracks
from monitor.analysis.rolling_verdict import RollingVerdict
from monitor.atomic_write import write_atomic
from monitor.inference.bundle import load_bundle
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import EctopicBeats, Quality

POOLS_S = (10.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.0)
MARGINS = (0.05, 0.08, 0.1)
LEADS = (0.5, 0.7, 1.0, 1.5, 2.0)
EVIDENCES = (0.3, 0.5, 0.7, 1.0, 2.0)
CHANGES = ("normal to murmur", "murmur to normal")
STATES = ("listening", "uncertain", "poor-signal", "no-signal")
ROUNDING = 1e-9

Candidate = tuple[str, DecisionThresholds, "Counts"]
"""The family, the constants, and what they do."""


def shown_in(track: Track, decision: DecisionThresholds, labels: Sequence[str]) -> list[tuple[float, str]]:
    """Return the end of every window, and the label or else the state that the rolling verdict shows."""
    rolling = RollingVerdict(decision)
    shown = []
    for end_s, values, state, evidence in track.windows:
        scores = None if values is None else dict(zip(labels, values, strict=True))
        verdict = rolling.push(scores, Quality(0.5, None, state), end_s, EctopicBeats(evidence=evidence))
        shown.append((end_s, verdict.label or verdict.state))
    return shown


@dataclasses.dataclass
class Counts:
    """What a candidate does.

    Attributes
    ----------
    delays : dict of str to list of float
        By kind of change; infinite where the right label never comes.
    hours, other_hours : float
        Of hearts in which nothing changes, and of non-cardiac sounds.
    changes, flips, alarms : int
        In hearts: changes between labels and ``uncertain``, and changes from one label to another, with or without
        ``uncertain`` between them; in other sounds: onsets of a label.
    """

    delays: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    hours: float = 0.0
    other_hours: float = 0.0
    changes: int = 0
    flips: int = 0
    wrong: int = 0
    alarms: int = 0

    def add(self, track: Track, shown: Sequence[tuple[float, str]]) -> None:
        """Count one track."""
        names = [name for _, name in shown]
        steps = list(itertools.pairwise(names))
        if track.kind == "heart":
            self.hours += track.seconds / 3600
            self.changes += sum(a != b and not {a, b} & {"poor-signal", "no-signal", "listening"} for a, b in steps)
            only = list(itertools.pairwise(name for name in names if name not in STATES))
            self.flips += sum(a != b for a, b in only)
            self.wrong += sum(a == track.right != b for a, b in only)
        elif track.kind in ("noise", "non-cardiac"):
            self.other_hours += track.seconds / 3600
            self.alarms += sum(a in STATES and b not in STATES for a, b in [("listening", names[0]), *steps])
        for start_s, end_s, before, now in track.changes:
            previous = [name for at_s, name in shown if at_s <= start_s]
            if start_s == end_s and (not previous or previous[-1] == now):
                continue  # it was wrong before
            kind = f"{track.kind}: {before} to {now}" if track.kind.startswith("demo") else track.kind
            after = [(at_s, name) for at_s, name in shown if at_s > end_s]
            if start_s != end_s:  # held through the time off the skin: not yet the new site
                after = list(itertools.dropwhile(lambda one: one[1] not in STATES, after)) or after
            delay = next((at_s - end_s for at_s, name in after if name == now), float("inf"))
            self.delays.setdefault(kind, []).append(delay)


def count(tracks: Iterable[Track], decision: DecisionThresholds, labels: Sequence[str]) -> list[Counts]:
    """Return what a candidate does: for all, for each half of the patients alone."""
    whole, *halves = (Counts() for _ in range(1 + HALVES))
    for track in tracks:
        shown = shown_in(track, decision, labels)
        for half, counts in enumerate((whole, *halves), -1):
            if half == -1 or track.half in (half, -1):
                counts.add(track, shown)
    return [whole, *halves]


def candidates(decision: DecisionThresholds) -> list[tuple[str, DecisionThresholds]]:
    """Return the candidates with the family of each: a shorter pool alone, and change detection."""
    plain = dataclasses.replace(decision, rolling_s=10.0, switch_margin=0.05, change_evidence=0.0)
    pools = itertools.product(POOLS_S, MARGINS)
    detectors = itertools.product(EVIDENCES, LEADS, MARGINS)
    return [
        ("before", plain),
        *(("pool", dataclasses.replace(plain, rolling_s=pool, switch_margin=margin)) for pool, margin in pools),
        *(
            ("detector", dataclasses.replace(plain, change_evidence=evidence, change_lead=lead, switch_margin=margin))
            for evidence, lead, margin in detectors
        ),
    ]


def real_delays(counts: Counts) -> list[float]:
    """Return the delays of the pairs in which one sound follows the other at once."""
    return [delay for kind in CHANGES for delay in counts.delays.get(kind, [])]


def rates(counts: Counts) -> tuple[float, ...]:
    """Return the false changes per hour of each kind, none of which may rise: see :class:`Counts`."""
    hours, other_hours = max(counts.hours, 1e-9), max(counts.other_hours, 1e-9)
    return counts.changes / hours, counts.flips / hours, counts.wrong / hours, counts.alarms / other_hours


def allowed(of: Sequence[Candidate]) -> set[int]:
    """Return the candidates with no more false changes of any kind than the first, which is what there was before."""
    limits = rates(of[0][2])
    return {
        index
        for index, (_, _, counts) in enumerate(of)
        if all(rate <= limit + ROUNDING for rate, limit in zip(rates(counts), limits, strict=True))
    }


def fastest(of: Sequence[Candidate], among: Iterable[int]) -> DecisionThresholds:
    """Return the candidate with the shortest median delay; of equals that with the fewest false changes."""
    return of[min(among, key=lambda index: (np.median(real_delays(of[index][2])), rates(of[index][2]), index))][1]


def title(decision: DecisionThresholds) -> str:
    """Return the constants that the candidates differ in."""
    if not decision.change_evidence:
        return f"pool {decision.rolling_s:g} s, margin {decision.switch_margin:g}"
    return f"evidence {decision.change_evidence:g}, lead {decision.change_lead:g}, margin {decision.switch_margin:g}"


def print_counts(name: str, counts: Counts) -> None:
    """Print what a candidate does, as a row."""
    delays, rate = real_delays(counts), rates(counts)
    print(
        f"{name:42s} {np.median(delays):5.2f} s  never {np.mean(np.isinf(delays)):.2f}"
        f"  changes {rate[0]:5.1f}  label to label {rate[1]:5.1f}  from right {rate[2]:4.1f}  alarms {rate[3]:4.1f}"
    )


def print_delays(counts: Counts) -> None:
    """Print the delays of every kind of change."""
    for kind, delays in sorted(counts.delays.items()):
        late = np.percentile(delays, 75, method="higher")
        print(
            f"  {kind:42s} {len(delays):4d}  median {np.median(delays):5.2f} s  three quarters within {late:5.2f} s"
            f"  never {np.mean(np.isinf(delays)):.2f}"
        )


def draw(path: Path, of: Sequence[Candidate], now: Counts) -> None:
    """Draw median delay against false changes per hour."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9.0, 3.6), sharex=True, layout="constrained")
    for axis, what, ylabel in (
        (axes[0], 0, "changes of label or uncertain, per hour"),
        (axes[1], 1, "label to label, per hour"),
    ):
        for family, marker, colour in (("pool", "s", "tab:orange"), ("detector", "o", "tab:blue")):
            of_family = [counts for name, _, counts in of if name == family]
            x = [np.median(real_delays(counts)) for counts in of_family]
            y = [rates(counts)[what] for counts in of_family]
            axis.plot(
                x,
                y,
                marker,
                color=colour,
                markersize=4,
                label={"pool": "shorter pool", "detector": "change detector"}[family],
            )
        axis.plot(np.median(real_delays(of[0][2])), rates(of[0][2])[what], "k^", label="before")
        axis.plot(np.median(real_delays(now)), rates(now)[what], "r*", markersize=12, label="the bundle's")
        axis.axhline(rates(of[0][2])[what], color="0.6", linewidth=0.8)
        axis.set_xlabel("median delay, s")
        axis.set_ylabel(ylabel)
        axis.set_xlim(left=3.0)
        axis.set_ylim(bottom=0.0)
    axes[1].legend(fontsize=8)
    write_atomic(path, lambda file: figure.savefig(file, format="png", dpi=110))
    plt.close(figure)


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", nargs="+", type=Path, help="the folders of the training, in the same order")
    parser.add_argument("--checkpoints", type=Path, required=True, help="the folds of auscult train --keep-folds")
    parser.add_argument("--model", default="heart-sounds", help="the bundle whose settings count")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/time_to_change"), help="where judged windows are stored"
    )
    parser.add_argument("--figure", type=Path, help="draw the curve here, a PNG")
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.model)
    tracks = all_tracks(bundle, arguments.data, arguments.checkpoints, arguments.work)
    done = [(family, one, count(tracks, one, bundle.labels)) for family, one in candidates(bundle.decision)]
    whole, *halves = ([(family, one, of[part]) for family, one, of in done] for part in range(1 + HALVES))
    for half, (here, there) in enumerate(zip(halves, reversed(halves), strict=True)):
        best = fastest(here, allowed(here))
        print(f"\nchosen on half {half + 1} of the patients: {title(best)}; on the other half")
        print_counts("before", there[0][2])
        print_counts(title(best), next(counts for _, one, counts in there if one == best))
    print(f"\nall patients; {whole[0][2].hours:.2f} hours of hearts, {whole[0][2].other_hours:.2f} of other sounds")
    hearts = [track for track in tracks if track.kind == "heart"]
    print(
        f"{sum(track.right is None for track in hearts)} of {len(hearts)} recordings are in no pair: "
        "their summary does not find their label"
    )
    for _, one, counts in whole:
        print_counts(title(one), counts)
    both = set.intersection(*map(allowed, halves))
    print(f"\nthe fastest that is allowed in both halves: {title(fastest(whole, both))}")
    now = count(tracks, bundle.decision, bundle.labels)[0]
    print_counts("the bundle's", now)
    for name, counts in (("before", whole[0][2]), ("the bundle's", now)):
        print(f"\n{name}: delays by kind of change")
        print_delays(counts)
    if arguments.figure:
        draw(arguments.figure, whole, now)


if __name__ == "__main__":
    main()

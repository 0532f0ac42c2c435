"""What is shown beside the verdicts on real recordings: acoustic scores against scores, and contradictions.

    python benchmarks/accuracy/acoustic_scores.py DATA/pascal/set_a DATA/pascal/set_b DATA/circor

Every WAV and FLAC file below each folder goes through the monitor at full speed with the bundle (``--model``). Printed
for each folder: the mean score and acoustic score of each label over all windows good enough for a label; how often a
label stands beside a larger score of another one, and how often "uncertain" beside an acoustic score from which a label
is given, with the largest of these. About a minute for each hour of sound; the networks of the bundle have heard the
recordings of their training.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import monitor
from monitor.analysis.verdict import JUDGED
from monitor.errors import RecordingError
from monitor.inference.bundle import Bundle
from monitor.messages import Summary, Verdict, WindowEvent
from monitor.text.shown import shown_score, shown_scores

KINDS = ("window", "rolling", "recording")


class Tally:
    """Counts over the verdicts of one kind.

    Attributes
    ----------
    verdicts : int
        With a label or "uncertain".
    behind : int
        Labels beside a larger acoustic score of another label.
    shown_behind : int
        The same of the scores that are shown.
    above : list of float
        Acoustic scores beside "uncertain" from which a label is given.
    """

    def __init__(self) -> None:
        self.verdicts = self.behind = self.shown_behind = 0
        self.above: list[float] = []

    def add(self, verdict: Verdict, thresholds: dict[str, float]) -> None:
        """Count a verdict."""
        acoustic, shown = verdict.acoustic_scores, shown_scores(verdict)
        if verdict.state not in JUDGED or acoustic is None or shown is None:
            return
        self.verdicts += 1
        if verdict.label is not None:
            self.behind += acoustic[verdict.label] < max(acoustic.values())
            self.shown_behind += shown[verdict.label] < max(shown.values())
        elif any(acoustic[label] >= threshold for label, threshold in thresholds.items()):
            self.above.append(shown_score(verdict) or 0.0)


def events_of(path: Path, bundle: Bundle) -> Iterator[WindowEvent | Summary]:
    """Yield the windows of a recording, then its summary."""
    with monitor.Pipeline(monitor.RecordingSource(path, speed=None), bundle) as pipeline:
        yield from pipeline.windows()
        yield pipeline.summary()


def measure(folder: Path, bundle: Bundle) -> None:
    """Print the figures of one folder."""
    tallies, thresholds = {kind: Tally() for kind in KINDS}, bundle.acoustic_thresholds
    sums = {label: [0.0, 0.0] for label in bundle.labels}
    recordings = 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac")):
        try:
            events = list(events_of(path, bundle))
        except RecordingError:
            continue
        recordings += 1
        for event in events:
            tallies["recording" if isinstance(event, Summary) else "window"].add(event.verdict, thresholds)
            if isinstance(event, Summary):
                continue
            tallies["rolling"].add(event.rolling, thresholds)
            scores, acoustic = event.verdict.scores, event.verdict.acoustic_scores
            if event.verdict.state in JUDGED and scores and acoustic:
                for label, total in sums.items():
                    total[0] += scores[label]
                    total[1] += acoustic[label]
    windows = max(1, tallies["window"].verdicts)
    means = ", ".join(f"{label} {one / windows:.3f} / {two / windows:.3f}" for label, (one, two) in sums.items())
    print(f"{folder}: {recordings} recordings; mean score / acoustic score: {means}")
    for kind, tally in tallies.items():
        top = f", at most {max(tally.above):.3f}" if tally.above else ""
        print(
            f"  {kind}: {tally.verdicts} verdicts; label behind another acoustic score {tally.behind}, as shown "
            f"{tally.shown_behind}; uncertain above a threshold {len(tally.above)}{top}"
        )


def main() -> None:
    """Measure each folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of recordings")
    parser.add_argument("--model", default="heart-sounds", help="the bundle")
    arguments = parser.parse_args()
    bundle = monitor.load_bundle(arguments.model)
    print("thresholds:", ", ".join(f"{label} {value:.3f}" for label, value in bundle.acoustic_thresholds.items()))
    for folder in arguments.folders:
        measure(folder, bundle)


if __name__ == "__main__":
    main()

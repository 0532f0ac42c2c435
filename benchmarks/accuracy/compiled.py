"""What the compiled front end changes: images, scores, labels, states, rates and beats of recordings, against NumPy.

    python benchmarks/accuracy/compiled.py DATA
    python benchmarks/accuracy/compiled.py DATA --recordings 200
    python benchmarks/accuracy/compiled.py DATA --recordings 2000 --rate 48000

takes recordings at random from a folder and judges each of them twice, on the path of ``auscult scan``; of each 40 s at
most, with ``--rate`` as if a sound card had sampled them at that rate. One JSON object on standard output: the largest
difference within an image, as percentiles over windows, in image units of 17 dB; the largest difference of a score; and
the number of windows, beats and rates that differ.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer, JudgedWindow
from monitor.features.compiled.library import library, unused_reason, without_library
from monitor.features.resample import resampled
from monitor.inference.bundle import Bundle, load_bundle
from monitor.messages import HeartBeat

MAX_S, SEED = 40, 0
SAME_RATE_BPM, SAME_S = 0.01, 1e-3


def judged(bundle: Bundle, sound: NDArray[np.float32], rate: int) -> tuple[list[JudgedWindow], tuple[HeartBeat, ...]]:
    """Return the windows of a sound, and the beats that are decided at its end."""
    analyzer = Analyzer(bundle, rate)
    windows: list[JudgedWindow] = []
    for begin in range(0, len(sound), analyzer.max_samples):
        windows += map(analyzer.judge, analyzer.push(sound[begin : begin + analyzer.max_samples]))
    windows += map(analyzer.judge, analyzer.finish())
    return windows, analyzer.last_beats()


def beats_differ(found: tuple[HeartBeat, ...], expected: tuple[HeartBeat, ...]) -> bool:
    """Return whether beats are not the same within a millisecond."""
    times = [[time_s for beat in beats for time_s in (beat.s1_s, beat.s2_s)] for beats in (found, expected)]
    if len(times[0]) != len(times[1]):
        return True
    pairs = zip(*times, strict=True)
    return any((a is None) != (b is None) or abs((a or 0.0) - (b or 0.0)) > SAME_S for a, b in pairs)


def differences(found: JudgedWindow, expected: JudgedWindow) -> dict[str, bool]:
    """Return what a person sees otherwise of a window."""
    event, other = found.event, expected.event
    rate, other_rate = event.heart_rate_bpm, other.heart_rate_bpm
    return {
        "verdicts": (event.verdict.state, event.verdict.label) != (other.verdict.state, other.verdict.label),
        "rolling_verdicts": (event.rolling.state, event.rolling.label) != (other.rolling.state, other.rolling.label),
        "qualities": (event.quality.state, event.quality.reason) != (other.quality.state, other.quality.reason),
        "rates": event.heart_rate_reason != other.heart_rate_reason
        or abs((rate or 0.0) - (other_rate or 0.0)) > SAME_RATE_BPM,
        "windows_with_other_beats": beats_differ(event.beats, other.beats),
        "windows_with_other_tracked_beats": len(event.ectopic.beat_times_s) != len(other.ectopic.beat_times_s),
    }


def score_difference(found: JudgedWindow, expected: JudgedWindow) -> float:
    """Return the largest difference of a score of a window."""
    ours, others = found.event.verdict.scores, expected.event.verdict.scores
    return max((abs(ours[label] - others[label]) for label in ours), default=0.0) if ours and others else 0.0


def main() -> int:
    """Compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA", help="a folder with recordings")
    parser.add_argument("--recordings", type=int, default=30, metavar="N", help="how many (default: 30)")
    parser.add_argument("--rate", type=int, metavar="HZ", help="resample them to this rate first")
    options = parser.parse_args()
    if library() is None:
        print(f"the compiled front end is not used: {unused_reason()}", file=sys.stderr)
        return 1
    paths = sorted(path for path in options.data.rglob("*") if path.suffix in {".wav", ".flac"})
    chosen = sorted(np.random.default_rng(SEED).permutation(len(paths))[: options.recordings])
    bundle = load_bundle()
    images: list[float] = []
    scores = 0.0
    counts: collections.Counter[str] = collections.Counter()
    for index in chosen:
        try:
            blocks, rate = soundfile.read(paths[index], dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            continue
        sound = np.ascontiguousarray(blocks[: MAX_S * rate].mean(axis=1))
        if not len(sound) or not np.isfinite(sound).all():
            continue
        if options.rate:
            sound, rate = resampled(sound, rate, options.rate, compiled=False), options.rate
        found, last = judged(bundle, sound, rate)
        with without_library():
            expected, expected_last = judged(bundle, sound, rate)
        counts["recordings"] += 1
        counts["last_beats"] += beats_differ(last, expected_last)
        for one, other in zip(found, expected, strict=True):
            counts["windows"] += 1
            counts["beats"] += len(other.event.beats)
            counts.update({name: int(differs) for name, differs in differences(one, other).items()})
            if one.tensor is not None and other.tensor is not None:
                images.append(float(np.abs(one.tensor - other.tensor).max()))
            scores = max(scores, score_difference(one, other))
    percentiles = dict(zip(("p50", "p90", "p99"), np.percentile(images, (50, 90, 99)).tolist(), strict=True))
    figures = {
        "recordings": counts.pop("recordings"),
        "windows": counts.pop("windows"),
        "beats": counts.pop("beats"),
        "image_difference": {
            **{name: float(f"{value:.2g}") for name, value in percentiles.items()},
            "max": max(images),
        },
        "score_difference": scores,
        "that_differ": dict(counts),
    }
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

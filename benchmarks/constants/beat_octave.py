"""Rates beyond the usual, and clips: where a heart rate is right, blank, half or wrong; fits what tells halves apart.

    python benchmarks/constants/beat_octave.py ../shared/data

Synthetic pulses, and synthetic hearts, from 25 to 260 bpm in steps of 5; recordings of CirCor played 1.25 to 1.8 times
as fast, so that their rate is that of a newborn; and clips of CirCor of 0.5 to 3 s, by how many annotated beats they
hold. The weights in monitor/features/beat_octave.py are fitted on the recordings, on one half of the patients for the
other. NumPy and the recordings only; about four minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from heart_rate import circor_rate, two_tones
from numpy.typing import NDArray
from quality_gate import circor_groups, in_fitted_half, logistic

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.verdict import JUDGED
from monitor.features import beat_octave
from monitor.features.heart_rate import HeartRate, heart_rate
from monitor.features.heart_rate_tables import heart_rate_tables
from monitor.features.image import FrameWindow
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.bundle import load_bundle
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.rhythm import Rhythm

Sound = Callable[[float, np.random.Generator], NDArray[np.float32]]

RATES_BPM = range(25, 265, 5)
PER_RATE = 20
TEMPOS = (1.25, 1.4, 1.6, 1.8)
FAST_BPM = (175.0, 250.0)
PER_RECORDING = 6
CLIPS_S = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
EVERY = 4
"""Of how many recordings one is cut into clips."""


class Case(NamedTuple):
    """A window whose rate is known: patient, rate, frames."""

    group: str
    bpm: float
    frames: FrameWindow


def frames_of(sound: NDArray[np.float32]) -> FrameWindow:
    """Return the frames of one window."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound)
    return FrameWindow(*(part.copy() for part in stream.window(0)))


def rate_of(frames: FrameWindow) -> HeartRate:
    """Return the heart rate of a window, as the monitor does."""
    return heart_rate(frames.envelope, HEART.frame_hop_s, log_power=frames.log_power)


def pulses(bpm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a window with one tone burst per beat, 1 % jitter, in some noise."""
    time_s = np.arange(HEART.window_samples) / HEART.sample_rate
    sound = rng.standard_normal(len(time_s)) * 10 ** -rng.uniform(1.5, 3)
    at_s = rng.uniform(-60 / bpm, 0)
    while at_s < HEART.window_s:
        sound += np.exp(-(((time_s - at_s) / 0.03) ** 2)) * np.sin(2 * np.pi * 50 * time_s)
        at_s += 60 / bpm * (1 + 0.01 * rng.standard_normal())
    return (0.1 * sound).astype(np.float32)


def synthetic_heart(bpm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a window of a synthetic phonocardiogram; rates out of its range are those of its ends."""
    rhythm = Rhythm(heart_rate_bpm=min(240.0, max(30.0, bpm)), jitter=0.01, respiratory=0.01, drift=0.0)
    return phonocardiogram(HEART.window_s, HeartParameters(rhythm=rhythm), rng).waveform


def report_synthetic() -> None:
    """Print, by rate, how many of PER_RATE windows are right, blank, half, or otherwise wrong."""
    print(f"of {PER_RATE}: right blank half other     pulses           two tones         synthetic hearts")
    rng = np.random.default_rng(0)
    for bpm in RATES_BPM:
        columns = []
        for sound in (pulses, two_tones, synthetic_heart):
            if sound is synthetic_heart and not 30 <= bpm <= 240:
                continue
            counts = [0, 0, 0, 0]
            for _ in range(PER_RATE):
                counts[outcome(rate_of(frames_of(sound(bpm, rng))).bpm, bpm)] += 1
            columns.append("{:3d} {:3d} {:3d} {:3d}".format(*counts))
        print(f"{bpm:4d} bpm               {'    '.join(columns)}")


def outcome(found: float | None, true: float) -> int:
    """Return 0 for right within 5 beats per minute, 1 for blank, 2 for half, 3 for another rate."""
    if found is None:
        return 1
    if abs(found - true) <= 5:
        return 0
    return 2 if abs(found / true - 0.5) < 0.05 else 3


def annotated(data: Path) -> tuple[list[Case], list[Case]]:
    """Return annotated windows of CirCor as they are, and played faster."""
    groups = circor_groups(data)
    usual, fast = [], []
    for path in sorted((data / "circor" / "training_data").glob("*.flac")):
        marks = np.loadtxt(path.with_suffix(".tsv"), ndmin=2)
        sound, _ = soundfile.read(path, dtype="float32")
        group, taken = groups[path.name.split("_")[0]], 0
        for start in range(0, len(sound) - HEART.window_samples + 1, 5000):
            bpm = circor_rate(marks, start / HEART.sample_rate)
            if bpm is None:
                continue
            usual.append(Case(group, bpm, frames_of(sound[start : start + HEART.window_samples])))
            for tempo in TEMPOS:
                part = sound[start : start + round(tempo * HEART.window_samples) + 100]
                if not FAST_BPM[0] <= tempo * bpm <= FAST_BPM[1] or taken >= PER_RECORDING:
                    continue
                faster = resampled(part, round(tempo * HEART.sample_rate), HEART.sample_rate)
                if len(faster) >= HEART.window_samples:
                    fast.append(Case(group, tempo * bpm, frames_of(faster[: HEART.window_samples])))
                    taken += 1
    return usual, fast


def report_annotated(title: str, cases: list[Case]) -> None:
    """Print how the rates of some windows come out."""
    found = [rate_of(case.frames) for case in cases]
    results = [outcome(rate.bpm, case.bpm) for rate, case in zip(found, cases, strict=True)]
    doubled = sum(
        rate.bpm is not None and abs(rate.bpm / case.bpm - 2) < 0.2 for rate, case in zip(found, cases, strict=True)
    )
    shares = [results.count(kind) / len(results) for kind in range(4)]
    either = sum("either" in (rate.reason or "") for rate in found)
    print(
        f"{title:16s} {len(cases):5d} windows: right {shares[0]:.4f}  blank {shares[1]:.4f} ({either} may be half)"
        f"  half {shares[2]:.4f}  other {shares[3]:.4f} ({doubled} double)"
    )


def features_of(case: Case, interval_s: float) -> tuple[float, float, float] | None:
    """Return the features for a known longer interval; None where the envelope alone decides."""
    tables = heart_rate_tables(HEART.num_frames, HEART.frame_hop_s)
    beats = np.zeros(tables.padded, np.float32)
    values = beats[: tables.length]
    tables.filtering.dot(case.frames.envelope, values)
    products = np.correlate(beats, values, "valid")
    heights = tables.weighting.dot(products) * np.array(tables.inverse_prior) / products[0]
    lag = 2 * interval_s / tables.spacing_s
    half, whole = (heights[max(0, round(at) - 1) : round(at) + 2].max() for at in (lag / 2, lag))
    if half < beat_octave.MIN_RATIO * max(whole, 0.05) or whole < 0.3 or 120 / interval_s <= beat_octave.MIN_FAST_BPM:
        return None
    timbre = case.frames.log_power[:, : beat_octave.NUM_BINS].copy()
    timbre -= timbre.mean(axis=0)
    timbre -= timbre.mean(axis=1, keepdims=True)
    frames = interval_s / HEART.frame_hop_s
    correlations = (beat_octave.timbre_correlation(timbre, at) for at in (frames / 2, frames))
    return (float(np.clip(half / max(whole, 0.05), -2, 2)), *correlations)  # type: ignore[return-value]


def report_fit(usual: list[Case], fast: list[Case]) -> None:
    """Print the weights fitted on all patients, and how often each half is told right by those of the other."""
    rows = [(features_of(case, 60 / case.bpm), 0.0, case.group) for case in usual]
    rows += [(features_of(case, 120 / case.bpm), 1.0, case.group) for case in fast]
    told = [(features, is_fast, in_fitted_half(group)) for features, is_fast, group in rows if features is not None]
    features = np.array([row[0] for row in told])
    is_fast = np.array([row[1] for row in told])
    first = np.array([row[2] for row in told])
    weights = np.where(is_fast == 1, (is_fast == 0).sum() / is_fast.sum(), 1.0)
    odds = np.zeros(len(is_fast))
    for fitted in (first, ~first):
        *slopes, bias = logistic(features[fitted], is_fast[fitted], weights[fitted])
        odds[~fitted] = features[~fitted] @ np.array(slopes) + bias
    alike = features[:, 1] / np.maximum(features[:, 2], beat_octave.MIN_CORRELATION) - beat_octave.ALIKE_FROM
    odds = np.minimum(odds, beat_octave.ALIKE_WEIGHT * alike)
    slow, quick = odds[is_fast == 0], odds[is_fast == 1]
    print(
        f"\nwhere the envelope does not tell: {len(slow)} windows at their rate, {len(quick)} at half of it; held out"
    )
    for name, values in (("at their rate", slow), ("at half of it", quick)):
        sure_slow, sure_fast = (values < beat_octave.SLOW_BELOW).mean(), (values >= beat_octave.FAST_FROM).mean()
        print(f"{name}: long {sure_slow:.3f}  undecided {1 - sure_slow - sure_fast:.3f}  short {sure_fast:.3f}")
    print(f"fitted on all: {np.round(logistic(features, is_fast, weights), 2)}")
    print(f"in use: {beat_octave.WEIGHTS}, {beat_octave.INTERCEPT}\n")


def report_clips(data: Path) -> None:
    """Print, by length, how many clips with fewer than two annotated beats, and with more, get a label and a rate."""
    bundle, rng = load_bundle(), np.random.default_rng(0)
    rows = []
    for path in sorted((data / "circor" / "training_data").glob("*.flac"))[::EVERY]:
        sound, _ = soundfile.read(path, dtype="float32")
        marks = np.loadtxt(path.with_suffix(".tsv"), ndmin=2)
        firsts = marks[marks[:, 2] == 1, 0]
        for seconds in CLIPS_S:
            if len(firsts) < 6:
                continue
            at_s = rng.uniform(firsts[0], max(firsts[0] + 0.01, firsts[-1] - seconds - 1))
            clip = sound[int(at_s * 4000) : int(at_s * 4000) + round(seconds * 4000)]
            near = firsts[(firsts > at_s - 2) & (firsts < at_s + seconds + 2)]
            beat_s = float(np.median(np.diff(near)))
            analyzer = Analyzer(bundle, 4000)
            analyzer.push(clip)
            (index,) = analyzer.finish()
            event = analyzer.judge(index).event
            rows.append((seconds, seconds < 2 * beat_s, event.verdict.state in JUDGED,
                         outcome(event.heart_rate_bpm, 60 / beat_s)))  # fmt: skip
    print("clips               fewer than two beats               two or more\n"
          "           judged, rate right, wrong, of         judged, rate right, wrong, of")  # fmt: skip
    for seconds in CLIPS_S:
        columns = []
        for few in (True, False):
            part = [row for row in rows if row[0] == seconds and row[1] == few]
            right, wrong = (sum(row[3] in kinds for row in part) for kinds in ((0,), (2, 3)))
            columns.append(f"{sum(row[2] for row in part):6d} {right:10d} {wrong:6d} {len(part):4d}")
        print(f"{seconds:5.2f} s  {'       '.join(columns)}")


def main(data: Path) -> None:
    """Measure all."""
    report_synthetic()
    usual, fast = annotated(data)
    report_fit(usual, fast)
    report_annotated("CirCor", usual)
    report_annotated("CirCor, faster", fast)
    print()
    report_clips(data)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit("usage: python benchmarks/constants/beat_octave.py DATA, the folder with pascal and circor")
    main(Path(sys.argv[1]))

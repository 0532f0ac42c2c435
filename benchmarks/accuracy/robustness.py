"""How a verdict changes when the same sound comes a little later, louder, from another converter, or through a codec.

    python benchmarks/accuracy/robustness.py ../shared/data/pascal/set_a ../shared/data/pascal/set_b

Each recording goes through the monitor's own analysis as it is and with each change. Counted are the windows whose
label or state differs from the window before the change, the recordings whose last rolling verdict has another label,
and the largest change of a score. Nothing is compared with the truth: studies of accuracy under changes are in
docs/EVIDENCE.md beside it. Changes that a listener cannot hear (a shift, an offset, a gain) should flip nothing.
"""

from __future__ import annotations

import argparse
import functools
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.audio.sources.decoding.decoder import Decoder
from monitor.features.resample import resampled
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from monitor.messages import WindowEvent
from training.study.runner import write_json

Waveform = NDArray[np.float32]
Change = Callable[[Waveform, int], tuple[Waveform, int]]

CODEC_RATE = 44_100
HUM_HZ = 50.0


def as_it_is(waveform: Waveform, rate: int) -> tuple[Waveform, int]:
    """Return the sound as it is."""
    return waveform, rate


def later(waveform: Waveform, rate: int, *, seconds: float) -> tuple[Waveform, int]:
    """Return the sound without its first moment: every window begins that much later."""
    return waveform[round(seconds * rate) :], rate


def offset(waveform: Waveform, rate: int, *, by: float) -> tuple[Waveform, int]:
    """Return the sound with a constant added, relative to full scale."""
    return waveform + np.float32(by), rate


def hum(waveform: Waveform, rate: int, *, db: float) -> tuple[Waveform, int]:
    """Return the sound with the hum of the mains, 50 Hz, so much above its own level."""
    level = float(np.sqrt(np.mean(np.square(waveform - waveform.mean())))) * 10 ** (db / 20)
    tone = np.sin(2 * np.pi * HUM_HZ * np.arange(len(waveform)) / rate)
    return waveform + (np.sqrt(2.0) * level * tone).astype(np.float32), rate


def louder(waveform: Waveform, rate: int, *, db: float) -> tuple[Waveform, int]:
    """Return the sound at another level, in floats, so that nothing is rounded."""
    return waveform * np.float32(10 ** (db / 20)), rate


def at_rate(waveform: Waveform, rate: int, *, hz: int) -> tuple[Waveform, int]:
    """Return the sound at another sample rate."""
    return resampled(waveform, rate, hz), hz


def rounded(waveform: Waveform, rate: int, *, bits: int) -> tuple[Waveform, int]:
    """Return the sound rounded to the steps of a converter."""
    steps = np.float32(2 ** (bits - 1) - 1)
    return (np.round(waveform * steps) / steps).astype(np.float32), rate


def coded(waveform: Waveform, rate: int, *, container: str, subtype: str) -> tuple[Waveform, int]:
    """Return the sound after a lossy codec, at 44.1 kHz."""
    file, studio = io.BytesIO(), resampled(waveform, rate, CODEC_RATE)
    with soundfile.SoundFile(file, "w", CODEC_RATE, 1, subtype, format=container) as encoder:
        for begin in range(0, len(studio), CODEC_RATE):  # libvorbis ends the program if it is given a minute at once
            encoder.write(studio[begin : begin + CODEC_RATE])
    file.seek(0)
    decoded, decoded_rate = soundfile.read(file, dtype="float32")
    return decoded, decoded_rate


CHANGES: dict[str, Change] = {
    **{f"{ms} ms later": functools.partial(later, seconds=ms / 1000) for ms in (5, 10, 20)},
    **{f"offset of {by:g}": functools.partial(offset, by=by) for by in (0.01, 0.1, 0.3)},
    "hum at -30 dB": functools.partial(hum, db=-30.0),
    **{f"{db:+d} dB": functools.partial(louder, db=db) for db in (20, -20, -40, -60)},
    **{f"at {hz} Hz": functools.partial(at_rate, hz=hz) for hz in (8000, 44_100, 48_000)},
    **{f"{bits} bit": functools.partial(rounded, bits=bits) for bits in (16, 12, 8)},
    "Ogg Vorbis": functools.partial(coded, container="OGG", subtype="VORBIS"),
    "MP3": functools.partial(coded, container="MP3", subtype="MPEG_LAYER_III"),
}


def events_of(bundle: Bundle, waveform: Waveform, rate: int) -> list[WindowEvent]:
    """Return the monitor's event for every window of a sound."""
    analysis = Analyzer(bundle, rate)
    step = analysis.max_samples
    events = []
    for begin in range(0, len(waveform), step):
        events += [analysis.judge(index).event for index in analysis.push(waveform[begin : begin + step])]
    return [*events, *(analysis.judge(index).event for index in analysis.finish())]


def compared(before: Sequence[WindowEvent], after: Sequence[WindowEvent]) -> tuple[int, int, bool, float]:
    """Return windows, flips of a window, whether the last rolling label flips, and the largest change of a score."""
    pairs = list(zip(before, after, strict=False))
    flips = sum(_shown(one) != _shown(other) for one, other in pairs)
    changes = [
        abs(one.verdict.scores[label] - other.verdict.scores[label])
        for one, other in pairs
        if one.verdict.scores and other.verdict.scores
        for label in one.verdict.scores
    ]
    last = bool(before) and bool(after) and before[-1].rolling.label != after[-1].rolling.label
    return len(pairs), flips, last, max(changes, default=0.0)


def _shown(event: WindowEvent) -> tuple[str, str | None]:
    """Return what the verdict on a window shows."""
    return event.verdict.state, event.verdict.label


def measure(bundle: Bundle, paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return the counts of each change over some recordings."""
    counts: dict[str, dict[str, Any]] = {
        name: {"windows": 0, "window_label_flips": 0, "recordings": 0, "final_label_flips": 0,
               "largest_score_change": 0.0, "flipped": []}
        for name in CHANGES
    }  # fmt: skip
    for number, path in enumerate(paths, 1):
        with Decoder(str(path), str(path)) as sound:
            waveform = np.concatenate([block.mean(axis=1, dtype=np.float32) for block in sound.blocks(0)])
            rate = sound.sample_rate
        before = events_of(bundle, waveform, rate)
        for name, change in CHANGES.items():
            windows, flips, last, largest = compared(before, events_of(bundle, *change(waveform, rate)))
            row = counts[name]
            row["windows"] += windows
            row["window_label_flips"] += flips
            row["recordings"] += 1
            row["final_label_flips"] += last
            row["largest_score_change"] = round(max(row["largest_score_change"], largest), 4)
            if last:
                row["flipped"].append(path.name)
        print(f"\r{number} of {len(paths)} recordings", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return counts


def main() -> None:
    """Measure, print a table, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of recordings")
    parser.add_argument("--model", default=DEFAULT_BUNDLE)
    parser.add_argument("--every", type=int, default=1, help="take every N-th recording of each folder")
    parser.add_argument("--out", type=Path, help="JSON of the counts")
    arguments = parser.parse_args()
    endings = {".wav", ".flac"}
    paths = []
    for folder in arguments.folders:
        paths += sorted(path for path in folder.iterdir() if path.suffix in endings)[:: arguments.every]
    bundle = load_bundle(arguments.model)
    counts = measure(bundle, paths)
    print(f"{'':18s} windows   flips  recordings  last label flips  largest change of a score")
    for name, row in counts.items():
        print(
            f"{name:18s} {row['windows']:7d} {row['window_label_flips']:7d} {row['recordings']:11d}"
            f" {row['final_label_flips']:17d} {row['largest_score_change']:26.3f}  {' '.join(row['flipped'][:3])}"
        )
    if arguments.out:
        folders = " ".join(folder.name for folder in arguments.folders)
        for row in counts.values():
            del row["flipped"]
        write_json(
            {
                "command": f"python benchmarks/accuracy/robustness.py {folders} --every {arguments.every}",
                "model_sha256": bundle.model_sha256,
                "perturbations": counts,
            },
            arguments.out,
        )


if __name__ == "__main__":
    main()

"""In what share of the seconds of a sound the monitor shows S1 or S2: with the quality gate, as a person sees it.

    python benchmarks/accuracy/ticks_in_noise.py FOLDER... [--only NAME] [--model BUNDLE]

Every sound of each folder goes through the monitor's own analysis with a bundle, then white noise. In a folder of
non-cardiac sounds each tick is a false one; in one of hearts they should be everywhere. The bundle may have been
trained on the sounds: benchmarks/accuracy/segmentation.py holds them out, but knows no gate.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.inference.bundle import Bundle, load_bundle
from monitor.output import put
from training.data.audio import read_waveform
from training.data.recording import audio_files

SAMPLE_RATE, HOP_SAMPLES = 4000, 2000
NOISE_SOUNDS, NOISE_S, NOISE_RMS = 10, 30, 0.05


def ticks_of(bundle: Bundle, waveform: NDArray[np.float32]) -> list[float]:
    """Return the times of the heart sounds that the monitor shows."""
    analysis = Analyzer(bundle, SAMPLE_RATE)
    beats = []
    for begin in range(0, len(waveform), HOP_SAMPLES):
        ready = analysis.push(waveform[begin : begin + HOP_SAMPLES])
        beats += [beat for index in ready for beat in analysis.judge(index).event.beats]
    beats += [beat for index in analysis.finish() for beat in analysis.judge(index).event.beats]
    return [at_s for beat in (*beats, *analysis.last_beats()) for at_s, _ in beat.sounds]


def print_row(name: str, bundle: Bundle, waveforms: Iterable[NDArray[np.float32]]) -> None:
    """Print the share of the whole seconds of some sounds that have a tick."""
    seconds = shown = ticks = 0
    for waveform in waveforms:
        whole, times = len(waveform) // SAMPLE_RATE, ticks_of(bundle, waveform)
        seconds += whole
        shown += len({int(at_s) for at_s in times if at_s < whole})
        ticks += len(times)
    put(f"| {name} | {seconds} | {ticks} | {shown / max(1, seconds):.3f} |")


def main(arguments: list[str]) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", default="", metavar="NAME", help="files whose names begin so")
    parser.add_argument("--model", default="heart-sounds")
    parsed = parser.parse_args(arguments)
    bundle = load_bundle(parsed.model)
    put("| sound | seconds | ticks | seconds with a tick |")
    put("|---|---|---|---|")
    for folder in parsed.folders:
        paths = [path for path in audio_files(folder) if path.name.startswith(parsed.only)]
        print_row(folder.name, bundle, (read_waveform(path, SAMPLE_RATE, start_at_zero=True) for path in paths))
    rngs = map(np.random.default_rng, range(NOISE_SOUNDS))
    sounds = ((NOISE_RMS * rng.standard_normal(NOISE_S * SAMPLE_RATE)).astype(np.float32) for rng in rngs)
    print_row("white noise", bundle, sounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

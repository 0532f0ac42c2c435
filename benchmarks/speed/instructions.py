"""What a hop costs a processor, in instructions, and what share of a core that is here and on one a quarter as fast.

    python benchmarks/speed/instructions.py
    python benchmarks/speed/instructions.py --engine litert-int8

needs ``perf`` or ``valgrind``; ``perf`` is used where this machine lets it count. It plays two synthetic recordings, of
10 s and 40 s at 4 kHz, through ``auscult replay --json --speed max``: the difference of the instructions over the
difference of the windows is a hop (0.5 s of sound: reading, spectrogram, network, verdict, JSON line), the rest is the
start. Then 20 s and 80 s are played at the speed of sound, and the difference of the processor times is the share of a
core, with all that waiting and waking costs. Instructions are those of x86-64 or aarch64, whichever runs this, and of
code chosen for this processor; NumPy and LiteRT choose other code on another.

A line for each run goes to standard error, one JSON object to standard output. Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

SAMPLE_RATE, SEED = 4000, 5
COUNTED_S, TIMED_S = (10, 40), (20, 80)
HOP_S = 0.5
SLOWER = 4
"""How many times slower the other core is."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def counter() -> tuple[list[str], str] | None:
    """Return the start of a command that counts instructions, and the pattern of its result; None without one."""
    if shutil.which("perf") is not None:
        perf = ["perf", "stat", "-x,", "-e", "instructions:u"]
        tried = subprocess.run([*perf, "true"], capture_output=True, text=True, check=False)
        if re.search(r"^\d+,", tried.stderr, re.MULTILINE):
            return perf, r"^(\d+),"
    if shutil.which("valgrind") is not None:
        grind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
        return grind, r"I\s+refs:\s+([\d,]+)"
    return None


def recording(folder: Path, seconds: int) -> Path:
    """Write a synthetic recording, and return its path."""
    path = folder / f"{seconds}.wav"
    if not path.exists():
        sound = phonocardiogram(float(seconds), HeartParameters(), np.random.default_rng(SEED)).waveform
        soundfile.write(path, sound, SAMPLE_RATE)
    return path


def replayed(path: Path, speed: str, engine: str, before: list[str]) -> tuple[int, str, float]:
    """Play a recording; return its windows, what the program before it wrote, and the processor time in seconds."""
    command = [*before, sys.executable, "-m", "monitor", "replay", str(path), "--json", "--engine", engine]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--speed", speed], capture_output=True, text=True, check=True, env={**os.environ, **ONE_THREAD}
    )
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    windows = done.stdout.count('"type":"window"')
    print(f"{path.name} at speed {speed}: {windows} windows, {seconds:.2f} s of processor time", file=sys.stderr)
    return windows, done.stderr, seconds


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="litert", help="what runs the network (default: litert)")
    options = parser.parse_args()
    found = counter()
    if found is None:
        print("neither perf nor valgrind can count here", file=sys.stderr)
        return 1
    before, pattern = found
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = []
        for seconds in COUNTED_S:
            windows, text, _ = replayed(recording(folder, seconds), "max", options.engine, before)
            counted = re.search(pattern, text, re.MULTILINE)
            if counted is None:
                print(f"{before[0]} gave no count: {text}", file=sys.stderr)
                return 1
            counts.append((windows, int(counted[1].replace(",", ""))))
        times = [replayed(recording(folder, seconds), "1", options.engine, []) for seconds in TIMED_S]
    (windows, first), (more_windows, second) = counts
    per_hop = (second - first) / (more_windows - windows)
    cpu_s = (times[1][2] - times[0][2]) / (times[1][0] - times[0][0])
    figures = {
        "machine": platform.machine(),
        "counted_by": before[0],
        "engine": options.engine,
        "instructions_per_hop": round(per_hop),
        "instructions_per_second_of_sound": round(per_hop / HOP_S),
        "instructions_of_the_start": round(first - windows * per_hop),
        "cpu_ms_per_hop": round(1000 * cpu_s, 2),
        "share_of_this_core": round(cpu_s / HOP_S, 4),
        "share_of_a_core_a_quarter_as_fast": round(SLOWER * cpu_s / HOP_S, 4),
    }
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

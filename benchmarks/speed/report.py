"""How long `auscult report` takes for ten minutes of sound, and how large the report is.

    python benchmarks/speed/report.py [FILE]

makes ten minutes of a synthetic heart with noise, or takes the first ten minutes of FILE (repeated where it is
shorter), keeps them as a session, and writes the page and the PDF of the session and of the recording, each by a
process of its own. Prints wall-clock seconds beside the load of the machine, and megabytes. On a busy machine the
seconds say little: measure again where the load is below 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.file import RecordingSource
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

SECONDS = 600
RATE = 4000
NOISE = 0.01
"""Standard deviation of the noise that is added: a clean heart would be smaller than any real one."""
TARGET_S, TARGET_MB = 5.0, 5.0


def made_sound() -> NDArray[np.float32]:
    """Return ten minutes of a synthetic heart with noise, at 4000 Hz."""
    rng = np.random.default_rng(0)
    heart = phonocardiogram(float(SECONDS), HeartParameters(), rng, RATE).waveform
    return (heart + rng.normal(0.0, NOISE, len(heart))).astype(np.float32)


def sound_of(path: str) -> tuple[NDArray[np.float32], int]:
    """Return ten minutes of a recording, and its rate."""
    source = RecordingSource(path, speed=None)
    waveform = np.concatenate(list(source.blocks(65_536)))
    return np.resize(waveform, SECONDS * source.sample_rate), source.sample_rate


def auscult(*arguments: object) -> float:
    """Run a command of ours; return its seconds."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "monitor", *map(str, arguments)], check=True, capture_output=True)
    return time.monotonic() - begun


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code."""
    waveform, rate = sound_of(arguments[0]) if arguments else (made_sound(), RATE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = folder / "ten.wav"
        soundfile.write(recording, waveform, rate, "PCM_16")
        auscult("replay", recording, "--speed", "max", "--plain", "--session", "--session-dir", folder / "sessions")
        session = next((folder / "sessions").iterdir())
        print(f"targets: under {TARGET_S:g} s and {TARGET_MB:g} MB\n")
        print(f"{'of':<10} {'form':<5} {'s':>6} {'MB':>6}   load")
        for source in (session, recording):
            for form in ("html", "pdf"):
                out = folder / f"{source.name}.{form}"
                load = os.getloadavg()[0]
                seconds = auscult("report", source, "-o", out)
                of = "session" if source is session else "recording"
                print(f"{of:<10} {form:<5} {seconds:6.2f} {out.stat().st_size / 1e6:6.2f}   {load:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

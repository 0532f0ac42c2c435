"""Latency from a sample of the stethoscope to the verdict on the screen, and the cost of drawing.

    python benchmarks/speed/sample_to_screen.py

plays a synthetic heart into a virtual stethoscope (see soak.py; Linux with PulseAudio) and measures two latencies:

* into the program: the sink is muted and unmuted; the time until PortAudio delivers the first changed sample is
  measured, including the start of the ``pactl`` that does it;
* to the screen: ``auscult listen`` runs on a pseudo-terminal, and its own health line is read at the end. That latency
  begins at the last sample of a window within its block, so the wait for the end of a block is counted in both, and
  their sum is an upper limit.

One JSON object goes to standard output: milliseconds, and the load of one core while listening and drawing.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import resource
import select
import struct
import subprocess
import sys
import termios
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from soak import virtual_stethoscope

RATE = 4000
LATENCY_S = 0.2
TOGGLES = 40
EVERY_S = 0.4
STEP_SAMPLES = 20
"""Samples whose peak shows whether the sink is muted: 5 ms, a period of the tone."""
SETTLED_S = 1.5
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SCREEN = re.compile(r"scr(?:een p50)? +(\d+)(?: p95 +|/ *)(\d+)")


def main() -> None:
    """Measure both latencies and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to listen (default: 60)")
    parser.add_argument("--size", default="80x24", help="columns x rows of the terminal (default: 80x24)")
    options = parser.parse_args()
    with virtual_stethoscope():
        into = into_the_program()
        results: dict[str, Any] = {
            "into_the_program_p50_ms": round(float(np.median(into)), 1),
            "into_the_program_p95_ms": round(float(np.percentile(into, 95)), 1),
            **to_the_screen(options.seconds, *map(int, options.size.split("x"))),
        }
    results["together_p95_at_most_ms"] = round(results["into_the_program_p95_ms"] + results["to_the_screen_p95_ms"], 1)
    print(json.dumps(results, allow_nan=False))


def into_the_program() -> NDArray[np.float64]:
    """Return the milliseconds from muting or unmuting the sink to the block that shows it."""
    import sounddevice  # after the server was started

    blocks: list[tuple[float, NDArray[np.float32]]] = []

    def callback(block: NDArray[np.float32], *_: object) -> None:
        blocks.append((time.monotonic(), block[:, 0].copy()))

    toggled = []
    raw = ("--raw", "--format=float32le", "--channels=1", f"--rate={RATE}", "--device=stethoscope")
    tone = subprocess.Popen(["pacat", "--playback", *raw], stdin=subprocess.PIPE)
    stream = {"samplerate": RATE, "channels": 1, "latency": LATENCY_S, "blocksize": 0, "dtype": "float32"}
    with sounddevice.InputStream(device="default", callback=callback, **stream):
        seconds = np.arange(round(RATE * (TOGGLES * (EVERY_S + 0.1) + 3 * SETTLED_S))) / RATE
        if tone.stdin is not None:
            os.set_blocking(tone.stdin.fileno(), False)
        sound = (0.5 * np.sin(2 * np.pi * 200.0 * seconds)).astype(np.float32).tobytes()
        sent = _send(tone, sound, 0, SETTLED_S)
        rng = np.random.default_rng(0)
        for _ in range(TOGGLES):
            toggled.append(time.monotonic())
            subprocess.run(["pactl", "set-sink-mute", "stethoscope", "toggle"], check=True)
            sent = _send(tone, sound, sent, EVERY_S * rng.uniform(0.8, 1.2))
    tone.kill()
    tone.wait()
    return 1000.0 * np.array(_delays(blocks, toggled))


def _send(tone: subprocess.Popen[bytes], sound: bytes, sent: int, seconds: float) -> int:
    """Feed the player for some seconds; return how many bytes of the sound were sent."""
    ends = time.monotonic() + seconds
    while tone.stdin is not None and (left := ends - time.monotonic()) > 0:
        if select.select([], [tone.stdin], [], left)[1] and sent < len(sound):
            sent += os.write(tone.stdin.fileno(), sound[sent : sent + 4096])
    return sent


def _delays(blocks: list[tuple[float, NDArray[np.float32]]], toggled: list[float]) -> list[float]:
    """Return the seconds from each toggle to the block with the next change from loud to silent or back."""
    changes = []
    before: bool | None = None
    for came, block in blocks:
        for start in range(0, len(block) - STEP_SAMPLES + 1, STEP_SAMPLES):
            loud = bool(np.abs(block[start : start + STEP_SAMPLES]).max() > 0.01)
            if before is not None and loud != before:
                changes.append(came)
            before = loud
    return [min(after) - at for at in toggled if (after := [came for came in changes if came >= at])]


def to_the_screen(seconds: float, columns: int, rows: int) -> dict[str, Any]:
    """Listen on a pseudo-terminal; return the values of its health line at the end, and the processor load."""
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    command = [sys.executable, "-m", "monitor", "listen", "--device", "default", "--rate", str(RATE)]
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    listening = subprocess.Popen(
        [*command, "--for", str(seconds)],
        stdin=terminal, stdout=terminal, stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(control, 65536)
        except OSError:  # the other end is closed
            break
    listening.wait()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    latencies = SCREEN.findall(ESCAPE.sub("", shown.decode(errors="replace")))
    if listening.returncode or not latencies:
        raise SystemExit(f"sample_to_screen: listen ended with {listening.returncode} and showed no latency")
    used_s = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    return {
        "to_the_screen_p50_ms": int(latencies[-1][0]),
        "to_the_screen_p95_ms": int(latencies[-1][1]),
        "bytes_per_second": round(len(shown) / seconds),
        "one_core_percent": round(100.0 * used_s / seconds, 2),
    }


if __name__ == "__main__":
    main()

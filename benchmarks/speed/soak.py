"""Soak test: listens for hours and checks that no sound is lost and memory does not grow.

    python benchmarks/speed/soak.py                  # two hours of a virtual stethoscope (Linux with PulseAudio)
    python benchmarks/speed/soak.py --minutes 600 --device "USB Audio" --record night.flac

listens through PortAudio and the whole pipeline, as ``auscult listen`` does, without a screen. A line every
five minutes goes to standard error; at the end one JSON object goes to standard output: windows classified and
skipped, overruns, gaps, overflows, reopened streams, lost seconds, the growth of memory after the first minute, and the
load of one core. The exit code is 1 if anything was lost, or memory grew by 2 MB or more.

The virtual stethoscope is a separate PulseAudio server with a null sink, into which a synthetic heart is played;
PortAudio records the monitor of the sink through ALSA. It needs the Debian packages pulseaudio, pulseaudio-utils,
libasound2-plugins and libportaudio2.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import choose
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.long_run import memory_in_use_mb
from monitor.errors import AuscultError
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.messages import Snapshot, Summary
from monitor.runtime.pipeline import Pipeline

FIRST_MINUTE_S = 60.0
REPORT_EVERY_S = 300.0
POLL_S = 1.0
MAX_GROWTH_MB = 2.0
START_TRIES = 50
ALSA = """
pcm.!default {{ type pulse server "{server}" device "stethoscope.monitor" }}
ctl.!default {{ type pulse server "{server}" }}
"""


def main() -> int:
    """Listen, report, and return the exit code."""
    options = _options()
    device = options.device
    with contextlib.ExitStack() as stack:
        if device is None:
            stack.enter_context(virtual_stethoscope())
            device = "default"
        results = soak(device, options)
    print(json.dumps(results, allow_nan=False))
    return 0 if clean(results) else 1


def _options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description="Listen for hours; report lost sound and the growth of memory.")
    parser.add_argument("--minutes", type=float, default=120.0, help="how long to listen (default: 120)")
    parser.add_argument("--device", help="a real input, as auscult listen takes it (default: a virtual stethoscope)")
    parser.add_argument("--rate", type=int, help="sample rate in Hz (default: 4000 virtual, a real device's own)")
    parser.add_argument("--model", default=DEFAULT_BUNDLE, help="model bundle")
    parser.add_argument("--record", type=Path, help="record into a new .wav or .flac file meanwhile")
    options = parser.parse_args()
    if options.rate is None and options.device is None:
        options.rate = SyntheticSource().sample_rate
    return options


def soak(device: str, options: argparse.Namespace) -> dict[str, Any]:
    """Listen for ``options.minutes``; return the results."""
    bundle = load_bundle(options.model)
    system = PortAudio()
    source = MicrophoneSource(choose(system.devices(), device), system, sample_rate=options.rate)
    seconds = 60.0 * options.minutes
    memory: list[float] = []
    began, used = time.monotonic(), time.process_time()
    next_report = REPORT_EVERY_S
    with source, Pipeline(source, bundle, record=options.record) as pipeline:
        pipeline.drain(0.0)
        pipeline.start()
        while pipeline.running and (elapsed := time.monotonic() - began) < seconds:
            pipeline.drain(POLL_S)
            if elapsed > FIRST_MINUTE_S:
                memory.append(memory_in_use_mb())
            if elapsed >= next_report:
                next_report += REPORT_EVERY_S
                _report(metrics(pipeline.snapshot(), pipeline.summary(), memory, elapsed, time.process_time() - used))
        snapshot, summary, elapsed = pipeline.snapshot(), pipeline.summary(), time.monotonic() - began
        results = metrics(snapshot, summary, memory, elapsed, time.process_time() - used)
        pipeline.stop()
        if (recording := pipeline.snapshot().recording) is not None:
            results |= {"recorded_s": recording.written_s, "recording_lost_samples": recording.lost_samples}
        pipeline.raise_errors()
    return results


def metrics(
    snapshot: Snapshot, summary: Summary, memory: list[float], elapsed_s: float, processor_s: float
) -> dict[str, Any]:
    """Return the metrics of a run as plain JSON values."""
    device = snapshot.device
    return {
        "listened_s": round(elapsed_s, 1),
        "heard_s": round(snapshot.elapsed_s, 1),
        "windows": summary.windows,
        "skipped": snapshot.skipped,
        "overruns": snapshot.overruns,
        "gaps": snapshot.gaps,
        "overflows": device.overflows if device else None,
        "reopened": device.reopened if device else None,
        "lost_s": round(device.lost_s, 3) if device else None,
        "hop_p95_ms": snapshot.hop_p95_ms,
        "memory_mb": round(memory[-1], 2) if memory else None,
        "memory_rise_mb": round(max(memory) - memory[0], 2) if memory else None,
        "one_core_percent": round(100.0 * processor_s / elapsed_s, 2),
    }


def clean(results: dict[str, Any]) -> bool:
    """Return whether nothing was lost and memory did not grow."""
    lost = ("skipped", "overruns", "gaps", "overflows", "reopened", "recording_lost_samples")
    grew = (results["memory_rise_mb"] or 0.0) >= MAX_GROWTH_MB
    return bool(results["windows"]) and not any(results.get(name) for name in lost) and not grew


def _report(results: dict[str, Any]) -> None:
    """Print a line of progress."""
    print("  ".join(f"{name} {value}" for name, value in results.items()), file=sys.stderr, flush=True)


@contextlib.contextmanager
def virtual_stethoscope() -> Iterator[None]:
    """Play a synthetic heart into a null sink that PortAudio's default input records; enter before loading PortAudio.

    Raises
    ------
    AuscultError
        If PulseAudio is missing or does not start.
    """
    if not all(map(shutil.which, ("pulseaudio", "pactl", "pacat"))):
        raise AuscultError(
            "a virtual stethoscope needs PulseAudio", "install pulseaudio and pulseaudio-utils, or --device"
        )
    with tempfile.TemporaryDirectory(prefix="auscult-soak-") as folder, contextlib.ExitStack() as stack:
        server = f"unix:{folder}/native"
        Path(folder, "asoundrc").write_text(ALSA.format(server=server), encoding="utf-8")
        Path(folder, "alsa.conf").write_text(f"</usr/share/alsa/alsa.conf>\n<{folder}/asoundrc>\n", encoding="utf-8")
        os.environ |= {"PULSE_SERVER": server, "ALSA_CONFIG_PATH": f"{folder}/alsa.conf"}
        demo = SyntheticSource()
        daemon = subprocess.Popen(
            _server(folder, demo.sample_rate), env={**os.environ, "HOME": folder, "XDG_RUNTIME_DIR": folder}
        )
        stack.callback(_end, daemon)
        _wait_for(daemon)
        raw = ("--raw", "--format=float32le", "--channels=1", f"--rate={demo.sample_rate}", "--device=stethoscope")
        player = subprocess.Popen(["pacat", "--playback", *raw], stdin=subprocess.PIPE)
        stack.callback(_end, player)
        feeder = threading.Thread(target=_feed, args=(player, demo.waveform.tobytes()), name="soak-feeder")
        feeder.start()
        stack.callback(feeder.join, 5.0)
        stack.callback(player.kill)
        yield


def _server(folder: str, sample_rate: int) -> list[str]:
    """Return the command of a PulseAudio server with one null sink."""
    sink = f"module-null-sink sink_name=stethoscope rate={sample_rate} channels=1"
    modules = (f"module-native-protocol-unix socket={folder}/native auth-anonymous=1", sink)
    plain = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error"]
    return [*plain, *(word for module in modules for word in ("-L", module))]


def _wait_for(daemon: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    for _ in range(START_TRIES):
        if daemon.poll() is not None:
            break
        if subprocess.run(["pactl", "info"], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise AuscultError("PulseAudio does not start", "listen to a real input with --device")


def _feed(player: subprocess.Popen[bytes], sound: bytes) -> None:
    """Play a sound in a loop until the player ends."""
    if player.stdin is None:
        return
    with contextlib.suppress(OSError, ValueError):
        while player.poll() is None:
            player.stdin.write(sound)


def _end(program: subprocess.Popen[bytes]) -> None:
    """Terminate a program."""
    program.terminate()
    try:
        program.wait(timeout=5.0)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait(timeout=5.0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AuscultError as error:
        sys.exit(f"soak: {error}")

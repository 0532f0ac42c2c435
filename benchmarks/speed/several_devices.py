"""Processor time of ``auscult listen`` with one device and with several, per second of sound.

    python benchmarks/speed/several_devices.py one two [--seconds 30] [--rate 4000]

The names are those of inputs that are there: real ones, or null sinks of a sound server. One device is captured in the
program's own process; several have a process each. Prints a JSON line for each number of devices: processor seconds of
the program and of its capture processes for each second of sound, the memory of both, windows skipped, samples lost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from typing import Any

import psutil

MB = 2**20
WARM_UP_S = 8.0
"""Seconds until every device is open and its first window judged."""


def measure(devices: list[str], seconds: float, rate: int) -> dict[str, Any]:
    """Return what listening to some devices costs."""
    named = [word for device in devices for word in ("--device", device)]
    command = [sys.executable, "-m", "monitor", "listen", *named, "--rate", str(rate), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
        lines: list[dict[str, Any]] = []

        def read() -> None:
            for line in listening.stdout or ():
                lines.append(json.loads(line))

        reader = threading.Thread(target=read)
        reader.start()
        pause = threading.Event()
        pause.wait(WARM_UP_S)
        program = psutil.Process(listening.pid)
        children = program.children()
        before, began_s = [spent(process) for process in (program, *children)], time.monotonic()
        pause.wait(seconds)
        after, passed_s = [spent(process) for process in (program, *children)], time.monotonic() - began_s
        memory = [process.memory_info().rss / MB for process in (program, *children)]
        listening.terminate()
        reader.join()
    each = [(end - begin) / passed_s for begin, end in zip(before, after, strict=True)]
    closed = [line for line in lines if line["type"] == "device" and line["state"] == "closed"]
    return {
        "devices": len(devices),
        "program_cpu": round(each[0], 4),
        "capture_cpu": [round(cpu, 4) for cpu in each[1:]],
        "cpu": round(sum(each), 4),
        "program_mb": round(memory[0], 1),
        "capture_mb": [round(mb, 1) for mb in memory[1:]],
        "skipped": sum(line["skipped"] for line in lines if line["type"] == "summary"),
        "lost_s": sum(line["lost_s"] for line in closed),
    }


def spent(process: psutil.Process) -> float:
    """Return the processor seconds of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    """Measure one device, two, and so on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("devices", nargs="+", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=4000)
    options = parser.parse_args()
    for count in range(1, len(options.devices) + 1):
        result = measure(options.devices[:count], options.seconds, options.rate)
        print(json.dumps(result, allow_nan=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

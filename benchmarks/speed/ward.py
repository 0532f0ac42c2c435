"""How many streams one core carries in a ward, and what each costs.

    python benchmarks/speed/ward.py                            # finds the number, on one core: about five minutes
    python benchmarks/speed/ward.py --streams 64 --minutes 30  # one long run of so many streams
    python benchmarks/speed/ward.py --rate 48000
    python benchmarks/speed/ward.py --own-core                 # on a busy computer: as if the core were free

The streams are virtual stethoscopes: each plays the demo in an endless loop from another place, at real time. The
program is pinned to one core, with the reader of the results on the same one. A number of streams passes where, after
the first seconds, 95 of 100 windows are judged within 5 ms of their last sample and none is skipped; it is doubled
until one fails and then halved down to a twentieth of itself. Each number gets three tries, because the computer may do
something else too: ``preempted`` counts how often another program took the core away.

With ``--own-core`` time is that of the processor: a clock that runs while this program does, and jumps where it would
sleep. What other programs take from the core is then no latency, and the run takes as long as its computing; what they
do to the caches still counts.

Prints one JSON object: ``streams``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``skipped`` and ``core_load`` (the share of the
core that it takes) at that number, ``mb_per_stream``, all trials, and the load of the computer before and after. A long
run prints its windows and the growth of memory after its first minute too; its exit code is 1 if a window was skipped
or memory grew by 2 MB or more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.long_run import memory_in_use_mb
from monitor.commands.bench.streams import CoreTime, VirtualStethoscope
from monitor.features.resample import resampled
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from monitor.runtime.ward.ward import Ward

MAX_P95_MS = 5.0
WARM_UP_S = 9.0
"""Until every stream has judged windows for some seconds: the first is complete after 5 s."""
FIRST_STREAMS = 50
MOST_STREAMS = 3200
TRIES = 3
FINENESS = 1.05
MEMORY_STREAMS = (20, 220)
MAX_GROWTH_MB = 2.0
REPORT_EVERY_S = 60.0
POLL_S = 0.5
STREAM_TURNS = 8
"""Turns of the scheduler between two visits of the reader, where both share one thread."""


def main() -> int:
    """Measure and print; return the exit code."""
    options = _options()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    bundle = load_bundle(options.model)
    demo = SyntheticSource()
    waveform = resampled(demo.waveform, demo.sample_rate, options.rate)
    load = {"load_before": os.getloadavg()[0]}
    results = long_run(bundle, waveform, options) if options.streams else search(bundle, waveform, options)
    print(
        json.dumps(
            {"rate": options.rate, "own_core": options.own_core, **results, **load, "load_after": os.getloadavg()[0]},
            allow_nan=False,
        )
    )
    return int(bool(options.streams) and (results["skipped"] > 0 or results["memory_growth_mb"] >= MAX_GROWTH_MB))


def _options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description="Streams that one core carries in a ward.")
    parser.add_argument("--model", default=DEFAULT_BUNDLE, help="model bundle")
    parser.add_argument("--rate", type=int, default=4000, help="sample rate of the streams in Hz (default: 4000)")
    parser.add_argument("--seconds", type=float, default=12.0, help="seconds measured in each trial (default: 12)")
    parser.add_argument(
        "--own-core", action="store_true", help="count the processor's time, not what others take of it"
    )
    parser.add_argument("--streams", type=int, default=0, help="one run of so many streams, instead of the search")
    parser.add_argument("--minutes", type=float, default=30.0, help="length of that run (default: 30)")
    return parser.parse_args()


def add_streams(ward: Ward, waveform: NDArray[np.float32], rate: int, count: int) -> None:
    """Add streams, each from another place of the waveform."""
    for number in range(len(ward.streams), len(ward.streams) + count):
        start = number * 7919 * rate // 1000 % len(waveform)
        ward.add(VirtualStethoscope(waveform, rate, start), f"stream {number}")


def trial(bundle: Bundle, waveform: NDArray[np.float32], streams: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return latencies, skipped windows and the load of so many streams."""
    core_time = CoreTime()
    own: dict[str, Any] = {"clock": core_time, "wakeup": core_time} if options.own_core else {}
    with Ward(bundle, **own) as ward:
        add_streams(ward, waveform, options.rate, streams)
        if options.own_core:
            ward.begin()
        else:
            ward.start()

        def collect(seconds: float) -> list[float]:
            return _collect_here(ward, core_time, seconds) if options.own_core else _collect(ward, seconds)

        collect(WARM_UP_S)
        ward.settle()
        skipped, used = _skipped(ward), time.process_time()
        preempted = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        latencies = collect(options.seconds)
        load = (time.process_time() - used) / options.seconds
        result: dict[str, Any] = {"streams": streams, "windows": len(latencies), "skipped": _skipped(ward) - skipped}
        preempted = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - preempted
        p50, p95, p99 = np.percentile(latencies or [np.inf], (50, 95, 99))
    result |= {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3), "p99_ms": round(float(p99), 3)}
    return {**result, "core_load": round(load, 3), "preempted": preempted}


def search(bundle: Bundle, waveform: NDArray[np.float32], options: argparse.Namespace) -> dict[str, Any]:
    """Return the largest number of streams that passes, with its figures, and all trials."""
    trials: list[dict[str, Any]] = []
    best: dict[str, Any] = {"streams": 0}
    memory = memory_per_stream(bundle, waveform, options)

    def passes(streams: int) -> bool:
        nonlocal best
        for _ in range(TRIES):
            result = trial(bundle, waveform, streams, options)
            trials.append(result)
            print(json.dumps(result), file=sys.stderr, flush=True)
            if result["p95_ms"] < MAX_P95_MS and not result["skipped"]:
                best = max(best, result, key=lambda one: one["streams"])
                return True
        return False

    low, high = 0, FIRST_STREAMS
    while high <= MOST_STREAMS and passes(high):
        low, high = high, 2 * high
    while low and high > low * FINENESS:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return {**best, "mb_per_stream": memory, "trials": trials}


def memory_per_stream(bundle: Bundle, waveform: NDArray[np.float32], options: argparse.Namespace) -> float:
    """Return by how many MB each further stream increases the memory in use, once all have judged windows."""
    few, many = MEMORY_STREAMS
    with Ward(bundle) as ward:
        add_streams(ward, waveform, options.rate, few)
        ward.start()
        _collect(ward, WARM_UP_S)
        before = memory_in_use_mb()
        add_streams(ward, waveform, options.rate, many - few)
        _collect(ward, WARM_UP_S + 6.0)
        return round((memory_in_use_mb() - before) / (many - few), 3)


def long_run(bundle: Bundle, waveform: NDArray[np.float32], options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one long run."""
    latencies = array("d")  # eight bytes each, so that the memory is the ward's
    memory: list[float] = []
    with Ward(bundle) as ward:
        add_streams(ward, waveform, options.rate, options.streams)
        ward.start()
        used, began = time.process_time(), time.monotonic()
        while (left := 60.0 * options.minutes - (time.monotonic() - began)) > 0:
            if len(memory) == 1:
                ward.settle()
            latencies.extend(_collect(ward, min(REPORT_EVERY_S, left)))
            memory.append(memory_in_use_mb())
            print(f"{time.monotonic() - began:7.0f} s  {len(latencies)} windows  {memory[-1]:.1f} MB", file=sys.stderr)
        load = (time.process_time() - used) / (time.monotonic() - began)
        skipped = _skipped(ward)
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(latencies, (50, 95, 99)))
    return {
        "streams": options.streams,
        "minutes": options.minutes,
        "windows": len(latencies),
        "skipped": skipped,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "max_ms": round(max(latencies), 3),
        "core_load": round(load, 3),
        "memory_mb": round(memory[-1], 1),
        "memory_growth_mb": round(memory[-1] - memory[0], 2),
    }


def _collect(ward: Ward, seconds: float) -> list[float]:
    """Return the latencies of the windows of so many seconds."""
    ends = time.monotonic() + seconds
    latencies = []
    while (left := ends - time.monotonic()) > 0:
        latencies += [window.latency_ms for _, window in ward.drain(min(left, POLL_S)) if window is not None]
    return latencies


def _collect_here(ward: Ward, clock: CoreTime, seconds: float) -> list[float]:
    """Return the latencies of the windows of so many seconds of the ward's clock, its scheduler on this thread."""
    ends = clock() + seconds
    latencies = []
    while clock() < ends:
        for _ in range(STREAM_TURNS):
            ward.turn()
        latencies += [window.latency_ms for _, window in ward.drain(0.0) if window is not None]
    return latencies


def _skipped(ward: Ward) -> int:
    """Return the windows skipped so far, of all streams."""
    return sum(stream.snapshot.skipped for stream in ward.streams)


if __name__ == "__main__":
    sys.exit(main())

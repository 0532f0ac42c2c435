"""Faults injected into a running ``auscult listen``: what was lost, and what was told.

One listener runs for the whole time on a virtual stethoscope that plays numbered samples, and records. At random times,
from a seed, its device is unplugged, the sound server dies, the program is stopped, its output is not read, the sound
pauses. In between, listeners of a few seconds end in other ways: killed, a full disk, a recording that is deleted or
moved. Every recording is compared with the numbers that were played.
"""

from __future__ import annotations

import dataclasses
import datetime
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from listener import Listener
from numbers_received import received
from sound_server import SAMPLE_RATE, Player, SoundServer, missing

__all__ = ["run_live"]

BETWEEN_S = (5.0, 9.0)
SETTLE_S = 3.0
FULL_DISK_BYTES = 64_000
"""Four seconds of sound."""
KEPT_S = 1.0
"""What ``kill -9`` may take from a recording, by our promise."""
REOPENED_S = 3.0
DRIFT_S = 0.7
"""Tolerance of the position against the clock: the times of two lines."""


@dataclasses.dataclass
class Live:
    """The state of a run."""

    server: SoundServer
    player: Player
    listener: Listener
    folder: Path
    rng: random.Random
    deadline: float
    injected: Counter[str] = dataclasses.field(default_factory=Counter)
    faults: list[str] = dataclasses.field(default_factory=list)
    figures: dict[str, float] = dataclasses.field(default_factory=dict)
    usage: list[tuple[float, dict[str, float]]] = dataclasses.field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Wait, and note the use of threads, files and memory every second."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            usage = self.listener.usage()
            if usage is not None:
                self.usage.append((time.monotonic(), usage))
            time.sleep(min(1.0, left))

    def add(self, name: str, value: float) -> None:
        """Add to a figure."""
        self.figures[name] = self.figures.get(name, 0.0) + value

    def largest(self, name: str, value: float) -> None:
        """Note the largest value of a figure."""
        self.figures[name] = max(self.figures.get(name, 0.0), value)

    def check(self, fact: bool, what: str) -> None:
        """Note a promise that was not kept."""
        if not fact:
            self.faults.append(what)


def run_live(seconds: float, seed: int) -> dict[str, Any]:
    """Listen for a time and return the figures as plain JSON values; a reason under ``skipped`` where it cannot run."""
    reason = missing()
    if reason is not None:
        return {"skipped": reason}
    with tempfile.TemporaryDirectory(prefix="auscult-reliability-") as name:
        folder = Path(name)
        server = SoundServer(folder)
        server.start()
        player = Player(server)
        player.start()
        listener = Listener(server.environment, folder / "whole.wav")
        live = Live(server, player, listener, folder, random.Random(seed), time.monotonic() + seconds)
        try:
            if not listener.is_open():
                return {"skipped": f"the stethoscope does not open: {listener.end(signal.SIGKILL)[1][-300:]}"}
            began = time.monotonic()
            live.wait(SETTLE_S)
            _inject(live)
            return _judged(live, time.monotonic() - began)
        finally:
            server.kill()
            player.stop()
            listener.end(signal.SIGKILL)


def _inject(live: Live) -> None:
    """Inject faults until the time is over, each kind in turn but in a random order."""
    kinds: list[tuple[str, Callable[[Live], None]]] = []
    while time.monotonic() < live.deadline and live.listener.process.poll() is None:
        if not kinds:
            kinds = live.rng.sample(list(FAULTS.items()), len(FAULTS))
        kind, inject = kinds.pop()
        inject(live)
        live.injected[kind] += 1
        live.wait(live.rng.uniform(*BETWEEN_S))


def _unplug(live: Live, away: Callable[[], None], back: Callable[[], None]) -> None:
    """Take the device away for some seconds; the loss is told at once, and so is its return."""
    listener, seen = live.listener, len(live.listener.lines)
    gone = time.monotonic()
    away()
    told = listener.wait_for(lambda line: line["type"] == "device" and line["state"] == "lost", 10.0, seen)
    live.check(told, "an unplugged device was not told within 10 s")
    if told:
        live.largest("seconds until an unplugged device is told, at most", time.monotonic() - gone)
    live.wait(live.rng.uniform(0.5, 4.0))
    seen = len(listener.lines)
    back()
    returned = time.monotonic()
    live.check(listener.is_open(20.0, seen), "the device was not opened again within 20 s of its return")
    live.largest("seconds until a returned device is open, at most", time.monotonic() - returned)
    live.add("seconds without a device", time.monotonic() - gone)


def _crash(live: Live) -> None:
    live.server.kill()


def _stop(live: Live) -> None:
    """Suspend the program."""
    seconds = live.rng.uniform(0.3, 6.0)
    live.listener.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    live.listener.process.send_signal(signal.SIGCONT)
    live.add("seconds suspended", seconds)


def _do_not_read(live: Live) -> None:
    """Let the output fill up: a reader that hangs."""
    live.listener.reading.clear()
    live.wait(live.rng.uniform(4.0, 9.0))
    live.listener.reading.set()


def _silence(live: Live) -> None:
    """Play nothing for a while: digital silence is sound, and no loss."""
    live.player.silence(silent=True)
    live.wait(live.rng.uniform(1.0, 3.0))
    live.player.silence(silent=False)


def _short(live: Live, name: str, max_file_bytes: int | None = None) -> Listener | None:
    """Return a second listener that has recorded for a few seconds."""
    listener = Listener(live.server.environment, live.folder / f"{name}.wav", max_file_bytes)
    if not listener.is_open():
        live.faults.append(f"{name}: the second listener does not open: {listener.end(signal.SIGKILL)[1][-200:]}")
        return None
    live.wait(live.rng.uniform(3.0, 5.0))
    return listener


def _kill(live: Live) -> None:
    """End a listener by ``kill -9``: the recording is whole up to the last second."""
    if (listener := _short(live, "killed")) is None:
        return
    heard_s = max((line["end_s"] for line in listener.of("window")), default=0.0)
    # the position now: when the device opened, and the time since
    opened = next(line for line in listener.of("device") if line["state"] == "open")
    now_s = opened["at_s"] + time.time() - _seconds(opened)
    listener.end(signal.SIGKILL)
    waveform, _ = soundfile.read(listener.record, dtype="float32")
    lost_s = now_s - len(waveform) / SAMPLE_RATE
    live.largest("seconds that kill -9 took from a recording, at most", lost_s)
    live.check(lost_s <= KEPT_S, f"kill -9 took {lost_s:.2f} s of the recording")
    live.check(len(waveform) / SAMPLE_RATE >= heard_s - KEPT_S, "a window was told whose sound is not in the recording")
    _check_numbers(live, "killed", waveform)
    listener.record.unlink()


def _full_disk(live: Live) -> None:
    """Give a recording no more room: told, the listening goes on, what was written can be read."""
    if (listener := _short(live, "full", FULL_DISK_BYTES)) is None:
        return
    told = listener.wait_for(lambda line: line["type"] == "recording" and line["error"] is not None, 10.0)
    live.check(told, "a full disk was not told within 10 s")
    code, errors = listener.end()
    recording = listener.of("recording")[-1]
    waveform, _ = soundfile.read(listener.record, dtype="float32")
    live.check(code not in (None, 0), f"a recording on a full disk ended with exit code {code}")
    live.check(len(waveform) == round(recording["written_s"] * SAMPLE_RATE), "written_s is not what the file holds")
    live.add("samples lost on a full disk", recording["lost_samples"])
    live.check(recording["lost_samples"] > 0 and "Traceback" not in errors, "the loss on a full disk was not counted")
    _check_numbers(live, "full", waveform)
    listener.record.unlink()


def _remove(live: Live) -> None:
    """Delete or move a recording while it is written: told at once, and not reported as recorded."""
    if (listener := _short(live, "removed")) is None:
        return
    if live.rng.random() < 0.5:
        listener.record.unlink()
    else:
        listener.record.rename(live.folder / "moved.wav")
    told = listener.wait_for(lambda line: line["type"] == "recording" and line["error"] is not None, 10.0)
    live.check(told, "a removed recording was not told within 10 s")
    code, _ = listener.end()
    recording = listener.of("recording")[-1]
    live.check(
        recording["error"] is not None and recording["written_s"] == 0.0, "a removed recording counts as recorded"
    )
    live.check(code is not None, "a listener whose recording was removed did not end")


def _end(live: Live) -> None:
    """End a listener by Ctrl+C or SIGTERM: the recording is whole, the last line is the summary."""
    if (listener := _short(live, "ended")) is None:
        return
    number = live.rng.choice([signal.SIGINT, signal.SIGTERM])
    code, errors = listener.end(number)
    live.check(code in (130, 143) and "Traceback" not in errors, f"{number.name} gave exit code {code}")
    live.check(listener.lines[-1]["type"] == "summary", f"after {number.name} the last line is no summary")
    waveform, _ = soundfile.read(listener.record, dtype="float32")
    written = listener.of("recording")[-1]["written_s"]
    live.check(len(waveform) == round(written * SAMPLE_RATE), "written_s is not what the file holds")
    _check_numbers(live, "ended", waveform)
    listener.record.unlink()


FAULTS: dict[str, Callable[[Live], None]] = {
    "unplugged": lambda live: _unplug(live, live.server.unplug, live.server.plug_in),
    "sound server killed": lambda live: _unplug(live, lambda: _crash(live), live.server.start),
    "suspended": _stop,
    "output not read": _do_not_read,
    "silence": _silence,
    "kill -9": _kill,
    "full disk": _full_disk,
    "recording removed": _remove,
    "Ctrl+C or SIGTERM": _end,
}


def _check_numbers(live: Live, name: str, waveform: Any) -> None:
    """Note sound in a recording that is not what was played."""
    found = received(waveform)
    live.add("samples recorded", found.samples)
    live.check(found.wrong == 0, f"{name}: {found.wrong} samples are not what was played")


def _judged(live: Live, elapsed_s: float) -> dict[str, Any]:
    """End the long listener; return what was lost against what was told."""
    listener = live.listener
    code, errors = listener.end()
    live.check(code == 130 and "Traceback" not in errors, f"the long listener ended with {code}: {errors[-300:]}")
    live.check(listener.broken_lines == 0, f"{listener.broken_lines} lines of JSON were broken")
    waveform, _ = soundfile.read(listener.record, dtype="float32")
    found = received(waveform)
    devices, recording = listener.of("device"), listener.of("recording")[-1]
    summary = listener.lines[-1]
    windows = listener.of("window")
    told = recording["lost_samples"]
    drift_s = listener.clock_drift_s()
    live.check(found.wrong == 0, f"{found.wrong} samples of the recording are not what was played")
    live.check(told <= found.zeros, "more samples were told as lost than the recording has zeros")
    live.check(len(waveform) == round(recording["written_s"] * SAMPLE_RATE), "written_s is not what the file holds")
    live.check(found.without_place == 0, f"{found.without_place} samples were lost without being told")
    live.check(
        drift_s is not None and abs(drift_s) <= DRIFT_S,
        f"the position is {drift_s and round(drift_s, 2)} s off the clock",
    )
    indices = [line["index"] for line in windows]
    unseen = indices[-1] + 1 - len(indices) if indices else 0
    live.check(unseen <= summary["skipped"], f"{unseen} windows are missing, {summary['skipped']} told as skipped")
    return {
        "seconds": round(elapsed_s, 1),
        "faults_injected": dict(sorted(live.injected.items())),
        "samples_heard": found.samples,
        "lost_between_numbers": found.lost,
        "lost_without_place": found.without_place,
        "lost_told": told,
        "device_lost_s": devices[-1]["lost_s"],
        "clock_drift_s": None if drift_s is None else round(drift_s, 3),
        "windows": len(windows),
        "windows_missing": unseen,
        "windows_told_skipped": summary["skipped"],
        "figures": {name: round(value, 3) for name, value in live.figures.items()},
        **_usage(live),
        "faults": live.faults,
    }


def _usage(live: Live) -> dict[str, Any]:
    """Return the use of threads, files and memory; slopes after the first minute, or the first third."""
    if len(live.usage) < 3:
        return {}
    times = np.array([at for at, _ in live.usage])
    times -= times[0]
    later = times >= min(60.0, times[-1] / 3)
    result: dict[str, Any] = {}
    for name in ("threads", "files", "memory_mb"):
        values = np.array([usage[name] for _, usage in live.usage])
        result[f"{name}_first_last_max"] = [round(float(value), 2) for value in (values[0], values[-1], values.max())]
        slope = np.polyfit(times[later] / 3600.0, values[later], 1)[0] if later.sum() > 2 else 0.0
        result[f"{name}_per_hour"] = round(float(slope), 3)
    return result


def _seconds(line: dict[str, Any]) -> float:
    """Return the time of day of a line, seconds since 1970."""
    return datetime.datetime.fromisoformat(line["time"]).timestamp()

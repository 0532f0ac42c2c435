"""Everything on at once: eight stethoscopes, every output, and faults while it runs.

    python -m benchmarks.reliability.everything_on ../shared/data/circor/training_data            # an hour
    python -m benchmarks.reliability.everything_on FOLDER --minutes 3 --json result.json

Eight virtual stethoscopes play recordings of the folder, and one ``auscult listen`` hears them with ``--serve``,
``--mqtt``, ``--webhook`` and ``--session``. Its page is open in Chromium, once silent and once with the sound; 50
clients follow it, of which five never read. Meanwhile, as parts of the whole: at .25 the last stethoscope is unplugged,
and put back at .30; at .40 the broker is stopped, and started again at .43; from .50 to .58 the webhook takes no
requests.

A line a minute goes to standard error, and one JSON object to standard output: of each device the lost samples,
windows judged, skipped and with a gap, and the latency; of all the latency from a complete window to its result, the
resident memory of the program and of its processes (captures, server) with the slope, what was dropped, reconnects, and
errors in the log and on the console of the page. The exit code is 1 where something was lost that no fault explains.
Needs what ``ward_lab.py`` names, and Chromium.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

from benchmarks.reliability.followers import Followers
from benchmarks.reliability.ward_lab import RATE_HZ, Broker, Receiver, Subscriber, Ward, free_port, sound_of
from tests.system.browsers import Chromium

MB = 2**20
PLACES = 8
CLIENTS, STUCK = 50, 5
RECORDINGS = 12
"""Of each stethoscope, one after the other, without end."""
PAGES = (("silent", ""), ("with sound", "?sound=1&device=bed%202"))
OPEN_S = 60.0
MEMORY_S = 10.0
WARM_UP_SHARE = 0.2
"""Of the run; until then the ring of the last ten minutes and the histories fill."""
REPORT_MINUTES = (10, 20, 30, 40, 50, 60)
UNPLUG, PLUG_IN, BROKER_OFF, BROKER_ON, HOOK_OFF, HOOK_ON = 0.25, 0.30, 0.40, 0.43, 0.50, 0.58


class Monitor:
    """The program, what it writes, and how much memory it takes."""

    def __init__(self, ward: Ward, folder: Path, ports: dict[str, int]) -> None:
        self.folder = folder
        tables = (
            f'[[devices]]\nname = "{name.replace("bed", "bed ")}"\ndevice = "{name}"\nrate = {RATE_HZ}\n'
            for name in ward.names
        )
        (folder / "config.toml").write_text("\n".join(tables), encoding="utf-8")
        command = [sys.executable, "-m", "monitor", "listen", "--json", "--session", "--session-dir", folder / "kept"]
        if ports:
            command += ["--serve", f"127.0.0.1:{ports['serve']}"]
            command += ["--mqtt", f"mqtt://127.0.0.1:{ports['mqtt']}?id=ward"]
            command += ["--webhook", f"http://127.0.0.1:{ports['webhook']}/"]
        environment = {
            **ward.environment,
            "AUSCULT_CONFIG": str(folder / "config.toml"),
            "AUSCULT_LOG": f"INFO:{folder / 'log.txt'}",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self._lines = (folder / "lines.jsonl").open("wb")
        self._told = (folder / "told.txt").open("wb")
        self.process = subprocess.Popen(list(map(str, command)), env=environment, stdout=self._lines, stderr=self._told)
        self._watched = psutil.Process(self.process.pid)
        self.memory: list[tuple[float, float, float]] = []  # minutes, MB of the program, MB of its processes
        self._began_s = time.monotonic()
        self._spent_before = 0.0
        self._read = 0

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines written since the last call."""
        with (self.folder / "lines.jsonl").open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def measure(self, minutes: float) -> None:
        """Note the memory."""
        with contextlib.suppress(psutil.Error):
            children = sum(child.memory_info().rss for child in self._watched.children(recursive=True))
            self.memory.append((minutes, self._watched.memory_info().rss / MB, children / MB))

    def spent_s(self) -> float:
        """Return the processor seconds of the program and its processes."""
        total = 0.0
        with contextlib.suppress(psutil.Error):
            for one in (self._watched, *self._watched.children(recursive=True)):
                total += sum(one.cpu_times()[:2])
        return total

    def end(self) -> tuple[int, float]:
        """Interrupt it; return its exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(timeout=10)
        self._lines.close()
        self._told.close()
        return code, time.monotonic() - began


class Tally:
    """What the JSON lines of each device say."""

    def __init__(self) -> None:
        self.latency: dict[str, list[float]] = collections.defaultdict(list)
        self.gaps: collections.Counter[str] = collections.Counter()
        self.devices: dict[str, dict[str, Any]] = {}
        self.states: dict[str, list[str]] = collections.defaultdict(list)
        self.summaries: dict[str, dict[str, Any]] = {}
        self.overloads: collections.Counter[str] = collections.Counter()
        self.labels: collections.Counter[str] = collections.Counter()

    def add(self, lines: list[dict[str, Any]]) -> None:
        """Count lines."""
        for line in lines:
            name = line["stream"]
            if line["type"] == "window":
                self.latency[name].append(line["latency_ms"])
                self.gaps[name] += line["gap"]
                self.labels[line["rolling"]["label"] or line["rolling"]["state"]] += 1
            elif line["type"] == "device":
                self.devices[name] = line
                if self.states[name][-1:] != [line["state"]]:
                    self.states[name].append(line["state"])
            elif line["type"] == "overload":
                self.overloads[name] += line["overloaded"]
            elif line["type"] == "summary":
                self.summaries[name] = line

    def of(self, name: str) -> dict[str, Any]:
        """Return the figures of a device."""
        device, summary = self.devices[name], self.summaries.get(name, {})
        return {
            "lost_samples": round(device["lost_s"] * RATE_HZ),
            "overflows": device["overflows"],
            "reopened": device["reopened"],
            "held_up": device["held_up"],
            "windows": len(self.latency[name]),
            "windows_with_a_gap": self.gaps[name],
            **{key: summary.get(key) for key in ("skipped", "overruns", "undelivered")},
            "overloads": self.overloads[name],
            "latency_ms": percentiles(self.latency[name]),
            "states": self.states[name],
        }


def percentiles(values: list[float]) -> dict[str, float] | None:
    """Return the median, the 95th and 99th percentile and the largest."""
    if not values:
        return None
    middle, high, higher = np.percentile(values, (50, 95, 99)).tolist()
    return {"p50": round(middle, 2), "p95": round(high, 2), "p99": round(higher, 2), "most": round(max(values), 2)}


class Health:
    """Asks ``/health`` once a second."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/health"
        self.statuses: collections.Counter[str] = collections.Counter()
        self.slowest_s = 0.0

    def ask(self) -> None:
        """Count an answer, with the devices that are down."""
        began = time.monotonic()
        try:
            with urllib.request.urlopen(self._address, timeout=10) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except OSError:
            self.statuses["no answer"] += 1
            return
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.statuses[f"{status} {', '.join(json.loads(body)['down'])}".strip()] += 1


def slope_per_hour(memory: list[tuple[float, float]]) -> float | None:
    """Return the slope of memory, MB an hour, after the warm-up."""
    last = memory[-1][0]
    warm = np.array([(minutes, size) for minutes, size in memory if minutes >= WARM_UP_SHARE * last])
    return None if len(warm) < 10 else round(float(np.polyfit(warm[:, 0] / 60, warm[:, 1], 1)[0]), 2)


class Run:
    """One run, from the first stethoscope to the figures."""

    def __init__(self, recordings: Path, minutes: float, folder: Path, *, bare: bool = False) -> None:
        self.minutes, self.folder, self.bare = minutes, folder, bare
        self.names = [f"bed{number}" for number in range(1, PLACES + 1)]
        self.ward, self.broker, self.receiver = Ward(folder, self.names), Broker(folder), Receiver()
        self.tally, self.loads = Tally(), []
        files = sorted([*recordings.rglob("*.flac"), *recordings.rglob("*.wav")])
        if len(files) < PLACES * RECORDINGS:
            raise OSError(f"{recordings} must hold {PLACES * RECORDINGS} recordings, there are {len(files)}")
        step = len(files) // PLACES
        self.sounds = {}
        for at, name in enumerate(self.names):
            self.sounds[name] = folder / f"{name}.raw"
            sound_of(files[at * step :][:RECORDINGS], 60 * minutes + 180).tofile(self.sounds[name])

    def run(self) -> dict[str, Any]:
        """Return the figures."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.ward.close)
            self.ward.start()
            for name in self.names:
                self.ward.play(name, self.sounds[name])
            stack.callback(self.broker.stop)
            self.broker.start()
            stack.callback(self.receiver.stop)
            self.receiver.start()
            self.subscriber = Subscriber(self.broker.port)
            stack.callback(self.subscriber.close)
            serve = free_port()
            ports = {"serve": serve, "mqtt": self.broker.port, "webhook": self.receiver.port}
            self.monitor = Monitor(self.ward, self.folder, {} if self.bare else ports)
            stack.callback(self.monitor.process.kill)
            self._wait_until_open()
            self.followers = None if self.bare else Followers(serve, CLIENTS, STUCK, "bed%203")
            if self.followers is not None:
                stack.callback(self.followers.close)
            self.pages = {}
            for name, query in () if self.bare else PAGES:
                (self.folder / name).mkdir()
                page = self.pages[name] = stack.enter_context(Chromium(self.folder / name))
                page.screen(1024, 768)
                page.visit(f"http://127.0.0.1:{serve}/{query}")
            self.health = Health(serve)
            self._go_on()
            return self._figures()

    def _wait_until_open(self) -> None:
        """Wait until every device has been judged."""
        end = time.monotonic() + OPEN_S
        while len(self.tally.latency) < PLACES:
            if time.monotonic() > end or self.monitor.process.poll() is not None:
                raise OSError(f"not every device is heard: {(self.folder / 'told.txt').read_text()}")
            time.sleep(0.2)
            self.tally.add(self.monitor.lines())

    def _faults(self) -> list[tuple[float, str, Callable[[], object]]]:
        """Return what happens when, as parts of the whole."""
        last = self.names[-1]
        return [
            (UNPLUG, "unplugged", lambda: self.ward.unplug(last)),
            (PLUG_IN, "plugged in", lambda: (self.ward.plug_in(last), self.ward.play(last, self.sounds[last]))),
            (BROKER_OFF, "broker stopped", self.broker.stop),
            (BROKER_ON, "broker started", self.broker.start),
            (HOOK_OFF, "webhook off", self.receiver.stop),
            (HOOK_ON, "webhook on", self.receiver.start),
        ]

    def _go_on(self) -> None:
        """Let time pass, with its faults."""
        faults, began = [] if self.bare else self._faults(), time.monotonic()
        self.began_spent_s, self.began_s = self.monitor.spent_s(), began
        measured = told = 0.0
        while (passed := time.monotonic() - began) < 60 * self.minutes and self.monitor.process.poll() is None:
            while faults and passed >= faults[0][0] * 60 * self.minutes:
                _, what, happen = faults.pop(0)
                print(f"{passed / 60:5.1f} min  {what}", file=sys.stderr, flush=True)
                happen()
            self.tally.add(self.monitor.lines())
            if not self.bare:
                self.health.ask()
            for page in self.pages.values():
                page.evaluate("1")  # takes what the page has logged meanwhile
            if passed >= measured:
                measured += MEMORY_S
                self.monitor.measure(passed / 60)
                self.loads.append(os.getloadavg()[0])
            if passed >= told:
                told += 60.0
                print(f"{passed / 60:5.1f} min  {self._progress()}", file=sys.stderr, flush=True)
            time.sleep(1.0)

    def _progress(self) -> str:
        """Return a line of progress."""
        every = [value for values in self.tally.latency.values() for value in values]
        lost = {name: line["lost_s"] for name, line in self.tally.devices.items() if line["lost_s"]}
        _, own, processes = self.monitor.memory[-1]
        figures = (
            f"windows {len(every)}  latency {percentiles(every)}  lost_s {lost}  memory {own:.1f} + {processes:.1f} MB"
        )
        errors = sum(len(page.errors) for page in self.pages.values())
        gaps = sum(self.tally.gaps.values())
        follow = {} if self.followers is None else self.followers.values()
        missing = follow.get("events_missing"), follow.get("connections_lost")
        return f"{figures}  gaps {gaps}  load {self.loads[-1]:.1f}  console {errors}  missing {missing}"

    def _figures(self) -> dict[str, Any]:
        """End the program, and return all figures."""
        passed_s = time.monotonic() - self.began_s
        core = 100 * (self.monitor.spent_s() - self.began_spent_s) / passed_s
        pages = {name: self._page(page) for name, page in self.pages.items()}
        followed, players = {} if self.followers is None else self.followers.values(), self.ward.playing
        code, ended_in_s = self.monitor.end()
        self.tally.add(self.monitor.lines())
        names = [name.replace("bed", "bed ") for name in self.names]
        every = [value for values in self.tally.latency.values() for value in values]
        told = (self.folder / "told.txt").read_text(encoding="utf-8").splitlines()
        log = (self.folder / "log.txt").read_text(encoding="utf-8").splitlines()
        return {
            "minutes": round(passed_s / 60, 2),
            "exit_code": code,
            "ended_in_s": round(ended_in_s, 2),
            "load": {"least": min(self.loads), "median": float(np.median(self.loads)), "most": max(self.loads)},
            "one_core_percent": round(core, 1),
            "devices": {name: self.tally.of(name) for name in names},
            "players_to_the_end": len(players),
            "latency_ms": percentiles(every),
            "rolling": dict(self.tally.labels),
            "memory": self._memory(),
            "clients": {**followed, "windows": len(every)},
            "health": {"answers": dict(self.health.statuses), "slowest_s": round(self.health.slowest_s, 2)},
            "pages": pages,
            "mqtt": {
                "events": sum(count for topic, count in self.subscriber.counts.items() if topic.endswith("/event")),
                "states": sum(count for topic, count in self.subscriber.counts.items() if topic.endswith("/state")),
                "availability": self.subscriber.availability,
            },
            "webhook": {"by_type": dict(self.receiver.kinds), "different": len(self.receiver.ids)},
            "sessions": [self._session(path) for path in sorted(self.folder.glob("kept/*"))],
            "told": [re.sub(str(self.folder), "FOLDER", line) for line in told],
            "log_warnings": [line for line in log if re.search(r"\b(WARNING|ERROR|CRITICAL)\b|Traceback", line)],
        }

    def _memory(self) -> dict[str, Any]:
        """Return the resident memory at some minutes, and its slope after the warm-up."""
        at = {}
        for minutes in (*REPORT_MINUTES, self.minutes):
            if minutes <= self.monitor.memory[-1][0] + 0.5:
                near = min(self.monitor.memory, key=lambda one: abs(one[0] - minutes))
                at[f"{minutes:g}"] = {"program_mb": round(near[1], 1), "processes_mb": round(near[2], 1)}
        program = [(minutes, own) for minutes, own, _ in self.monitor.memory]
        processes = [(minutes, size) for minutes, _, size in self.monitor.memory]
        return {
            "at_minute": at,
            "program_slope_mb_per_hour": slope_per_hour(program),
            "processes_slope_mb_per_hour": slope_per_hour(processes),
        }

    def _page(self, page: Chromium) -> dict[str, Any]:
        """Return what a page shows, and what it has logged."""
        state = page.evaluate(
            "({label: document.getElementById('label').textContent, link: document.getElementById('link').textContent,"
            " rows: document.querySelectorAll('#rows tr').length, device, head_s: head / RATE,"
            " heard_behind_s: heardTo() === null ? null : (head - heardTo()) / RATE,"
            " heap_mb: performance.memory ? performance.memory.usedJSHeapSize / 1048576 : null})"
        )
        return {**state, "console_errors": page.errors[:20], "requests": len(page.requests)}

    def _session(self, folder: Path) -> dict[str, Any]:
        """Return whether a session is whole."""
        described = json.loads((folder / "session.json").read_text(encoding="utf-8"))
        sound = soundfile.info(folder / "sound.flac")
        with (folder / "events.jsonl").open("rb") as events:
            windows = sum(b'"type":"window"' in line for line in events)
        return {
            "stream": described["source"]["stream"],
            "ended": described["ended"] is not None,
            "samples": described["samples"],
            "samples_of_the_file": sound.frames,
            "windows": windows,
        }


def main() -> int:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recordings", type=Path, help="a folder with recordings, searched to its bottom")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder for what the program wrote")
    parser.add_argument("--bare", action="store_true", help="without outputs and faults, to compare with")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if options.keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="auscult-everything-")))
        else:
            folder = options.keep.resolve()
            folder.mkdir()
        figures = Run(options.recordings, options.minutes, folder, bare=options.bare).run()
    text = json.dumps(figures, indent=1, allow_nan=False)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if is_clean(figures) else 1


def is_clean(figures: dict[str, Any]) -> bool:
    """Return whether nothing was lost but what was unplugged, and everything arrived."""
    undisturbed = list(figures["devices"].values())[:-1]
    lost = any(device[key] for device in undisturbed for key in ("lost_samples", "windows_with_a_gap"))
    skipped = any(device["skipped"] or device["undelivered"] for device in figures["devices"].values())
    clients = figures["clients"].get("events_missing") or figures["clients"].get("connections_lost")
    console = any(page["console_errors"] for page in figures["pages"].values())
    return not (lost or skipped or clients or console or figures["log_warnings"])


if __name__ == "__main__":
    sys.exit(main())

"""What hearing costs: processor time with and without session, recording and headphones; the latencies of both.

    python benchmarks/speed/hearing.py                    # a quarter of an hour, on a quiet machine
    python benchmarks/speed/hearing.py --rounds 1 --seconds 10

runs ``auscult listen`` on a virtual stethoscope (Linux with PulseAudio), with ``--json`` and
on the dashboard of a pseudo-terminal: alone, with ``--session``, and with ``--session``, ``--record`` and
``--monitor-device``, in turn, several rounds. One JSON object goes to standard output:

* ``one_core_percent``: user and system time of the program and of the process that owns the output, from the sixth
  second on, the median of the rounds; ``ratio``: the same, over listening alone in the same round;
* ``sound_library_percent``: the same of a program that only opens the input, or the output, with callbacks that do
  nothing: what PortAudio, ALSA's plug-in and PulseAudio's client library cost by themselves;
* ``judging_ms``: ``latency_ms`` of the windows, with and without;
* ``in_to_out_ms``: from the stethoscope to the headphones, the two channels of one recording, second by second;
* ``load``: the load average of the machine at the beginning and at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from monitor.audio.sources.synthetic import SyntheticSource

OUTPUT_RATE, INPUT_RATE = 48_000, 4000
WARM_S = 6.0
SEARCH_S = 0.5
"""Longest latency from input to output that is looked for."""
LOUD = 0.02
ALSA = """
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
pcm.stethoscope { type pulse device "steth-input" }
pcm.earphones { type pulse device "phones" }
"""
BARE = """
import sys, time, sounddevice
kind, device, rate, latency, block = sys.argv[1:]
opened = getattr(sounddevice, kind)(
    samplerate=int(rate), blocksize=int(block), device=device, channels=1, dtype="float32", latency=float(latency),
    callback=lambda *values: None,
)
opened.start()
time.sleep(3600)
"""
BARE_RUNS = {
    "input as listening alone": ("RawInputStream", "stethoscope", INPUT_RATE, 0.2, 0),
    "input while it is heard": ("RawInputStream", "stethoscope", INPUT_RATE, 0.04, 80),
    "output": ("RawOutputStream", "earphones", OUTPUT_RATE, 0.04, 960),
}


class SoundServer:
    """A sound server of our own: stethoscope and headphones are the two channels of one null sink.

    Parameters
    ----------
    folder : Path
        For its socket and settings.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "asoundrc").write_text(ALSA, encoding="utf-8")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AUSCULT", "PULSE", "XDG"))},
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{folder / 'native'}",
            "ALSA_CONFIG_PATH": str(folder / "asoundrc"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the server, and a heart that beats in the stethoscope."""
        protocol = f"--load=module-native-protocol-unix socket={self._folder / 'native'} auth-anonymous=1"
        plain = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error"]
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.started(["pulseaudio", *plain, protocol]))
            for _ in range(100):
                if subprocess.run(["pactl", "info"], env=self.environment, capture_output=True, check=False).returncode:
                    time.sleep(0.1)
            stereo = ("channels=2", "channel_map=front-left,front-right", "format=s16le", f"rate={OUTPUT_RATE}")
            self._load("module-null-sink", "sink_name=lab", *stereo)
            self._load("module-remap-sink", "sink_name=steth", "master=lab", *_side("left"))
            self._load("module-remap-source", "source_name=steth-input", "master=lab.monitor", *_side("left"))
            self._load("module-remap-sink", "sink_name=phones", "master=lab", *_side("right"))
            raw = ["--raw", "--format=float32le", "--channels=1", f"--rate={INPUT_RATE}", "--device=steth"]
            heart = stack.enter_context(self.started(["pacat", "--playback", *raw], stdin=subprocess.PIPE))
            feeder = threading.Thread(target=_feed, args=(heart,), name="hearing-feeder")
            feeder.start()
            stack.callback(feeder.join, 5.0)
            stack.callback(heart.kill)
            yield

    @contextlib.contextmanager
    def started(self, command: list[str], **files: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Start a program, and end it."""
        files = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **files}
        program = subprocess.Popen(command, env=self.environment, **files)
        try:
            yield program
        finally:
            program.terminate()
            try:
                program.wait(timeout=10.0)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait(timeout=10.0)

    def _load(self, *module: str) -> None:
        subprocess.run(["pactl", "load-module", *module], env=self.environment, stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=25.0, help="how long each run is measured (default: 25)")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of them run, in turn (default: 3)")
    parser.add_argument("--size", default="80x24", help="columns x rows of the dashboard (default: 80x24)")
    options = parser.parse_args()
    load = [round(os.getloadavg()[0], 2)]
    with tempfile.TemporaryDirectory(prefix="auscult-hearing-") as folder:
        server = SoundServer(Path(folder))
        with server.running():
            results = measured(server, Path(folder), options.seconds, options.rounds, options.size)
    print(json.dumps({**results, "load": [*load, round(os.getloadavg()[0], 2)]}, allow_nan=False, indent=1))


def measured(server: SoundServer, folder: Path, seconds: float, rounds: int, size: str) -> dict[str, Any]:
    """Return all results."""
    spent: dict[str, list[tuple[float, float]]] = {}
    bare: dict[str, list[float]] = {}
    judging: dict[str, list[float]] = {}
    in_to_out: list[float] = []
    for number in range(rounds):
        for name, values in BARE_RUNS.items():
            with server.started([sys.executable, "-c", BARE, *map(str, values)]) as program:
                bare.setdefault(name, []).append(sum(_percent(program.pid, seconds)))
        for view in ("json", "dashboard"):
            for name, arguments in _runs(folder, f"{number}-{view}").items():
                run = f"{view}: {name}"
                with _listening(server, arguments, view, size, folder / "lines") as pid:
                    recording = _recorded(server, folder / "lab.raw") if "--monitor-device" in arguments else None
                    spent.setdefault(run, []).append(_percent(pid, seconds))
                    if recording is not None:
                        in_to_out += _latencies_ms(recording())
                if view == "json":
                    judging.setdefault(name, []).extend(_judged_ms(folder / "lines"))
                print(f"{run}: {spent[run][-1]}", file=sys.stderr, flush=True)
    return {
        "one_core_percent": {run: _median([round(sum(parts), 2) for parts in all_]) for run, all_ in spent.items()},
        "of_which_output_percent": {run: _median([parts[1] for parts in all_]) for run, all_ in spent.items()},
        "ratio": {run: _ratios(spent, run) for run in spent},
        "sound_library_percent": {name: _median(values) for name, values in bare.items()},
        "judging_ms": {name: _percentiles(values) for name, values in judging.items()},
        "in_to_out_ms": _percentiles(in_to_out),
        "seconds": seconds,
        "rounds": rounds,
    }


def _runs(folder: Path, name: str) -> dict[str, list[str]]:
    """Return the arguments of each run."""
    session = ["--session", "--session-dir", str(folder / "sessions")]
    everything = [*session, "--record", str(folder / f"{name}.wav"), "--monitor-device", "earphones"]
    return {"alone": [], "session": session, "session, recording, headphones": everything}


@contextlib.contextmanager
def _listening(server: SoundServer, arguments: list[str], view: str, size: str, lines: Path) -> Iterator[int]:
    """Run ``auscult listen``; yield its process number."""
    command = [sys.executable, "-m", "monitor", "listen", "--device", "stethoscope", "--rate", str(INPUT_RATE)]
    if view == "json":
        with lines.open("wb") as file, server.started([*command, "--json", *arguments], stdout=file) as program:
            yield program.pid
        return
    control, terminal = pty.openpty()
    columns, rows = map(int, size.split("x"))
    subprocess.run(["stty", "cols", str(columns), "rows", str(rows)], stdin=terminal, check=True)
    reader = threading.Thread(target=_discard, args=(control,), name="hearing-terminal")
    ends = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
    with server.started([*command, *arguments], **ends) as program:
        os.close(terminal)
        reader.start()
        yield program.pid
    reader.join(timeout=10.0)
    os.close(control)


def _percent(pid: int, seconds: float) -> tuple[float, float]:
    """Return the processor time of a program, and of its child, in percent of one core."""
    time.sleep(WARM_S)
    before, began = _times(pid), time.monotonic()
    time.sleep(seconds)
    after, passed = _times(pid), time.monotonic() - began
    if set(before) != set(after) or len(after) > 2:
        raise SystemExit("hearing: the output's process was replaced, or others were started, in a run")
    spent = [round(100.0 * (after[number] - before[number]) / passed, 2) for number in sorted(after, key=pid.__ne__)]
    return spent[0], sum(spent[1:])


def _times(pid: int) -> dict[int, float]:
    """Return the seconds of processor time of a process and its children."""
    program = psutil.Process(pid)
    times = {each.pid: each.cpu_times() for each in (program, *program.children())}
    return {number: spent.user + spent.system for number, spent in times.items()}


def _recorded(server: SoundServer, path: Path) -> Any:
    """Record both channels; the result ends it and returns them, ``(samples, 2)``."""
    stack = contextlib.ExitStack()
    file = stack.enter_context(path.open("wb"))
    record = ["parec", "-d", "lab.monitor", "--format=s16le", f"--rate={OUTPUT_RATE}", "--channels=2"]
    stack.enter_context(server.started(record, stdout=file))

    def end() -> NDArray[np.float64]:
        stack.close()
        data = path.read_bytes()
        both: NDArray[np.float64] = np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2) / 2**15
        return both

    return end


def _latencies_ms(both: NDArray[np.float64]) -> list[float]:
    """Return how much later the right channel has what the left one has, for each second with a heart in it."""
    found = []
    search = round(SEARCH_S * OUTPUT_RATE)
    for start in range(round(WARM_S) * OUTPUT_RATE, len(both) - OUTPUT_RATE - search, OUTPUT_RATE):
        played, heard = both[start : start + OUTPUT_RATE, 0], both[start : start + OUTPUT_RATE + search, 1]
        if np.abs(played).max() > LOUD:
            size = 2 * len(heard)
            likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size)), size)[:search]
            found.append(1000.0 * int(likeness.argmax()) / OUTPUT_RATE)
    return found


def _judged_ms(lines: Path) -> list[float]:
    """Return the latencies of the windows, without those of the first seconds."""
    told = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    return [line["latency_ms"] for line in told if line["type"] == "window" and line["end_s"] > WARM_S]


def _ratios(spent: dict[str, list[tuple[float, float]]], run: str) -> dict[str, float]:
    """Return the ratio to listening alone in the same round: median, least, most."""
    alone = spent[f"{run.partition(':')[0]}: alone"]
    ratios = [round(sum(parts) / sum(base), 2) for parts, base in zip(spent[run], alone, strict=True)]
    return {"median": _median(ratios), "least": min(ratios), "most": max(ratios)}


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 2)


def _percentiles(values: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    if not values:
        raise SystemExit("hearing: nothing was heard or judged; were the runs long enough?")
    return {"p50": round(float(np.percentile(values, 50)), 2), "p95": round(float(np.percentile(values, 95)), 2)}


def _side(name: str) -> tuple[str, ...]:
    """Return the arguments that pick one channel of the null sink."""
    return "channels=1", "channel_map=mono", f"master_channel_map=front-{name}", "remix=no"


def _feed(heart: subprocess.Popen[bytes]) -> None:
    """Play the demo's heart in a loop until the player ends."""
    sound = SyntheticSource().waveform.astype("<f4").tobytes()
    with contextlib.suppress(OSError, ValueError):
        while heart.stdin is not None and heart.poll() is None:
            heart.stdin.write(sound)


def _discard(control: int) -> None:
    """Read what the terminal gets, until its other end is closed."""
    with contextlib.suppress(OSError):
        while os.read(control, 65536):
            pass


if __name__ == "__main__":
    main()

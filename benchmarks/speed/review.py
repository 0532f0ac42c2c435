"""How fast ``auscult review`` opens a session of an hour, and moves in it.

    python benchmarks/speed/review.py [--minutes 60] [--moves 200]

makes a session at 4 kHz (the demo, again and again, judged once; its windows are repeated on the time axis) in a
temporary folder, opens it as the command does, up to the first finished screen, and moves to moments all over it, at
every zoom: from the key to the finished screen of 120x40. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.sources.array import ArraySource
from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.review.command import open_session
from monitor.commands.review.controller import ReviewController
from monitor.commands.review.listening import Listening
from monitor.dashboard.drawing.render import render
from monitor.inference.bundle import load_bundle
from monitor.runtime.pipeline import Pipeline
from monitor.sessions.session import Facts, Session
from monitor.text.json_lines import start_line, window_line

RATE = 4000
SCREEN = (120, 40)
KEYS = ("left", "right", "pageup", "pagedown", "home", "end", "<", ">", ",", ".")
ZOOMS = 9


def make_session(parent: Path, minutes: float) -> Path:
    """Make a session of some minutes, and return its folder."""
    demo = SyntheticSource().waveform
    source = ArraySource(demo, RATE, name="demo")
    with Pipeline(source, load_bundle()) as pipeline:
        events = list(pipeline.windows())
        start = start_line(pipeline.start_message)
    facts = Facts("listen", "steth", RATE, "heart-sounds", "0" * 64, tuple(json.loads(start)["labels"]), 5.0, 0.5)
    session = Session(parent, facts)
    session.close()
    folder = session.folder
    folder.mkdir(exist_ok=True)
    samples = round(minutes * 60 * RATE)
    lines, passes = [start], -(-samples // len(demo))
    for number in range(passes):
        shift_s = number * len(demo) / RATE
        for event in events:
            line = json.loads(window_line(event))
            line["start_s"], line["end_s"] = line["start_s"] + shift_s, line["end_s"] + shift_s
            if line["end_s"] * RATE <= samples:
                lines.append(json.dumps(line, separators=(",", ":")))
        lines.append(
            json.dumps({"type": "note", "at_s": shift_s + 3.0, "sample": 0, "number": number + 1, "text": "x"})
        )
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    values = {**session._values(), "ended": "2026-01-02T04:04:05+01:00", "samples": samples}
    (folder / "session.json").write_text(json.dumps(values))
    soundfile.write(folder / "sound.flac", np.tile(demo, passes)[:samples], RATE, subtype="PCM_24")
    return folder


def screen(controller: ReviewController) -> str:
    """Return a finished screen."""
    snapshot, state = controller.compose()
    return render(snapshot, *SCREEN, state=state).text


def main(arguments: list[str]) -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--moves", type=int, default=200)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as parent:
        folder = make_session(Path(parent), options.minutes)
        size_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        began = time.perf_counter()
        timeline, remarks, annotations = open_session(folder)
        controller = ReviewController(timeline, annotations, Listening(timeline.sound, PlaybackOptions()))
        screen(controller)
        opened_s = time.perf_counter() - began
        overview_began = time.perf_counter()
        ticks = []
        while not controller.overview_complete:
            tick = time.perf_counter()
            controller.tick()
            ticks.append(time.perf_counter() - tick)
        overview_s = time.perf_counter() - overview_began
        chance = random.Random(5)
        moves_ms = []
        for _ in range(options.moves):
            controller.navigation.zoom(chance.randint(-ZOOMS, ZOOMS))
            if chance.random() < 0.5:
                keys = [chance.choice(KEYS)]
            else:
                keys = ["g", *f"{chance.uniform(0, timeline.duration_s):.2f}", "\n"]
            began = time.perf_counter()
            for key in keys:
                controller.key(key)
            screen(controller)
            moves_ms.append(1000.0 * (time.perf_counter() - began))
    result = {
        "minutes": options.minutes,
        "windows": len(timeline.windows),
        "remarks": remarks,
        "session_mb": round(size_mb, 1),
        "opened_s": round(opened_s, 3),
        "overview_s": round(overview_s, 3),
        "longest_tick_ms": round(1000.0 * max(ticks, default=0.0), 1),
        "moves": len(moves_ms),
        "move_p50_ms": round(statistics.median(moves_ms), 1),
        "move_p95_ms": round(sorted(moves_ms)[int(0.95 * len(moves_ms))], 1),
        "move_max_ms": round(max(moves_ms), 1),
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

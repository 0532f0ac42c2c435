"""The snapshots of the dashboard's tests, and the expected screens.

``python tests/monitor/dashboard/golden/make_golden.py`` regenerates the screens; review the difference
before committing it. A screen is stored as its characters (``.txt``), some also with the escape sequences
that a terminal receives (``.ansi``; ``cat`` shows them).
"""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
from rich.console import Console

from monitor.dashboard.drawing.canvas import FULL_STYLE, TerminalStyle
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.state import CycleDurations, DashboardState, LoggedEvent, RuntimeStats
from monitor.dashboard.terminal import Screen
from monitor.dashboard.trace import Trace
from monitor.messages import (
    DeviceStatus,
    EctopicBeat,
    EctopicBeats,
    Level,
    Quality,
    Snapshot,
    Start,
    Verdict,
    WindowEvent,
)

HERE = Path(__file__).parent
REASON = "rubbing noise above 600 Hz: hold the chestpiece still"


def image() -> np.ndarray:
    """Return an input image, shape (64, 64, 3): beats that fade towards high rows, and two horizontal lines."""
    rows, columns = np.mgrid[0:64, 0:64].astype(np.float32)  # exact arithmetic only: equal on every machine
    beats = np.maximum(0, 3 - np.abs(columns % 13 - 4)) - rows / 32
    lines = (np.maximum(0, 4 - np.abs(rows - 24)) + np.maximum(0, 4 - np.abs(rows - 56))) / 4
    return np.stack([beats, beats, lines * (columns > 8)], axis=-1).astype(np.float32)


def trace(first_bin: int = 520) -> Trace:
    """Return five seconds of triangular heart sounds, loud and soft in turn, and a stretch of lost samples."""
    bins = np.arange(first_bin, first_bin + 1000, dtype=np.float32)  # exact arithmetic only, as above
    beats = np.maximum(0, 1 - np.abs(bins % 160 - 40) / 16) + np.maximum(0, 1 - np.abs(bins % 160 - 104) / 12) / 2
    high = (beats / 4 + 1 / 64).astype(np.float32)
    sounds = [(beat * 0.8 + at, name) for beat in range(3, 10) for at, name in ((0.2, "S1"), (0.52, "S2"))]
    return Trace(first_bin, -high, high, ((3.1, 3.4),), tuple((at, name) for at, name in sounds if 2.6 < at < 7.6))


KEYS = (
    ("q", "quit"),
    ("?", "help"),
    ("space", "pause"),
    ("m", "mark"),
    ("s", "save"),
    ("d", "details"),
    ("←→", "seek 5 s"),
    ("+-", "gain"),
)
EVENTS = (
    LoggedEvent(2.0, "normal", "normal"),
    LoggedEvent(3.4, "sound was lost", "gap"),
    LoggedEvent(5.0, "murmur", "murmur"),
    LoggedEvent(6.2, "mark 1", "mark"),
)
RATES = tuple((5.0 * step, 70.0 + abs(step % 12 - 6)) for step in range(1, 40))
CYCLE = CycleDurations(320.4, 479.6, 9, 8)
LIVELY = DashboardState(trace(), EVENTS, RuntimeStats(2.6, 84.9, 11.6, 40.2), KEYS, rates=RATES, cycle=CYCLE)
STATES = {
    "empty": DashboardState(),
    "lively": LIVELY,
    "paused": dataclasses.replace(LIVELY, hold="paused", gain_db=6.0),
    "help": dataclasses.replace(LIVELY, help=1),
    "words": dataclasses.replace(LIVELY, help=2),
    "details": dataclasses.replace(LIVELY, details=True),
    "saved": dataclasses.replace(LIVELY, notice="saved the screen in a.svg and 30 s of sound in a.wav"),
}

START = Start(
    "murmur_156.wav",
    4000,
    "heart-sounds",
    "0" * 64,
    ("normal", "murmur", "extrastole"),
    5.0,
    0.5,
    30.0,
    1.0,
    acoustic_thresholds={"normal": 0.61, "murmur": 0.61, "extrastole": 0.5},
    finds_heart_sounds=True,
)
SURE = Verdict(
    "verdict",
    "murmur",
    0.85,
    {"normal": 0.05, "murmur": 0.85, "extrastole": 0.1},
    {"normal": 0.06, "murmur": 0.94, "extrastole": 0.0},
)
UNSURE = Verdict(
    "uncertain",
    None,
    0.45,
    {"normal": 0.45, "murmur": 0.43, "extrastole": 0.12},
    {"normal": 0.5, "murmur": 0.48, "extrastole": 0.02},
)
POOR = Verdict("poor-signal")
WINDOW = WindowEvent(5, 2.5, 7.5, SURE, SURE, Quality(0.93), 78.2, False, False, 1.9)
BEATS_S = tuple(at / 1000 for at in (0, 780, 1570, 2350, 3130, 3660, 4740, 5530, 6300, 7090))
TRACKED = EctopicBeats(7.1, 9, BEATS_S, (EctopicBeat(3.66, 0.67, 1.38, 3.0),), True, 3.0)
LISTENING = Snapshot(
    START, 3.2, None, None, (), Level(-31.0, -18.0, False), None, None, 0, 0, 0, False, note="normal rhythm"
)
MURMUR = Snapshot(
    START,
    7.6,
    WINDOW,
    image(),
    ("listening", "normal", "uncertain", "murmur", "murmur", "extrastole", "poor-signal", "no-signal", "murmur"),
    Level(-23.4, -9.0, False),
    1.9,
    2.4,
    0,
    0,
    0,
    False,
)
SCENES: dict[str, Snapshot] = {
    "listening": LISTENING,
    "murmur": MURMUR,
    "note": dataclasses.replace(MURMUR, note="systolic murmur"),
    "uncertain": dataclasses.replace(MURMUR, window=dataclasses.replace(WINDOW, verdict=UNSURE, rolling=UNSURE)),
    "poor": dataclasses.replace(
        MURMUR,
        window=dataclasses.replace(
            WINDOW, verdict=POOR, rolling=POOR, quality=Quality(0.1, REASON, "poor-signal"), heart_rate_bpm=None
        ),
        level=Level(-2.0, 0.0, True),
        skipped=3,
        overruns=1,
        gaps=12,
    ),
    "ended": dataclasses.replace(MURMUR, elapsed_s=30.0, finished=True),
    "lost": dataclasses.replace(
        MURMUR,
        start=dataclasses.replace(START, source="steth", duration_s=None),
        device=DeviceStatus("lost", "steth", "ALSA", 1, 4000, message="steth: no sound arrives: looking for it"),
        gaps=1,
    ),
    "tracked": dataclasses.replace(MURMUR, window=dataclasses.replace(WINDOW, ectopic=TRACKED)),
}

PLAIN = TerminalStyle(colour=False, gradient=False)
ASCII = TerminalStyle(colour=False, gradient=False, unicode=False)
TEXTS: dict[str, tuple[str, int, int, TerminalStyle, str]] = {
    "listening-80x24.txt": ("listening", 80, 24, FULL_STYLE, "empty"),
    "murmur-80x24.txt": ("note", 80, 24, FULL_STYLE, "empty"),
    "lively-60x16.txt": ("murmur", 60, 16, PLAIN, "lively"),
    "lively-80x24.txt": ("murmur", 80, 24, FULL_STYLE, "lively"),
    "lively-80x24-ascii.txt": ("murmur", 80, 24, ASCII, "lively"),
    "lively-120x40.txt": ("murmur", 120, 40, FULL_STYLE, "lively"),
    "lively-160x50.txt": ("murmur", 160, 50, FULL_STYLE, "lively"),
    "lively-200x60-no-colour.txt": ("murmur", 200, 60, PLAIN, "lively"),
    "paused-80x24.txt": ("murmur", 80, 24, FULL_STYLE, "paused"),
    "paused-40x12.txt": ("murmur", 40, 12, FULL_STYLE, "paused"),
    "help-80x24.txt": ("murmur", 80, 24, FULL_STYLE, "help"),
    "help-40x12.txt": ("murmur", 40, 12, FULL_STYLE, "help"),
    "words-80x24.txt": ("murmur", 80, 24, FULL_STYLE, "words"),
    "details-80x24.txt": ("poor", 80, 24, FULL_STYLE, "details"),
    "details-40x10.txt": ("murmur", 40, 10, FULL_STYLE, "details"),
    "saved-40x10.txt": ("murmur", 40, 10, FULL_STYLE, "saved"),
    "lost-80x24.txt": ("lost", 80, 24, FULL_STYLE, "lively"),
    "lost-40x10.txt": ("lost", 40, 10, FULL_STYLE, "empty"),
    "tracked-120x40.txt": ("tracked", 120, 40, FULL_STYLE, "lively"),
    "murmur-80x24-no-colour.txt": ("murmur", 80, 24, PLAIN, "empty"),
    "murmur-80x24-ascii.txt": ("murmur", 80, 24, ASCII, "empty"),
    "murmur-160x50-no-colour.txt": ("murmur", 160, 50, PLAIN, "empty"),
    "murmur-60x16-no-colour.txt": ("murmur", 60, 16, PLAIN, "empty"),
    "murmur-40x12.txt": ("murmur", 40, 12, FULL_STYLE, "empty"),
    "murmur-20x5.txt": ("murmur", 20, 5, FULL_STYLE, "empty"),
    "poor-80x24.txt": ("poor", 80, 24, FULL_STYLE, "empty"),
    "poor-160x50.txt": ("poor", 160, 50, FULL_STYLE, "empty"),
    "poor-20x5.txt": ("poor", 20, 5, FULL_STYLE, "empty"),
    "uncertain-80x24.txt": ("uncertain", 80, 24, FULL_STYLE, "empty"),
    "ended-80x24.txt": ("ended", 80, 24, FULL_STYLE, "empty"),
}
ANSI = {
    "murmur-80x24.ansi": ("murmur", 80, 24, "empty", "truecolor"),
    "poor-80x24.ansi": ("poor", 80, 24, "empty", "truecolor"),
    "lively-80x24.ansi": ("murmur", 80, 24, "lively", "truecolor"),
    "lively-80x24-16-colours.ansi": ("murmur", 80, 24, "lively", "standard"),
}


def text_screen(name: str) -> str:
    """Return the characters of one screen."""
    scene, width, height, style, state = TEXTS[name]
    return render(SCENES[scene], width, height, style, STATES[state]).text


def colour_screen(name: str) -> str:
    """Return one screen with its escape sequences, line by line, without cursor movements."""
    scene, width, height, state, colours = ANSI[name]
    console = Console(file=io.StringIO(), force_terminal=True, color_system=colours, no_color=False, _environ={})
    style = TerminalStyle(gradient=colours == "truecolor")
    canvas = render(SCENES[scene], width, height, style, STATES[state])
    return "".join(Screen(console).escapes(line) + "\n" for line in canvas.lines)


def screens() -> dict[str, str]:
    """Return every golden file by name."""
    return {**{name: text_screen(name) for name in TEXTS}, **{name: colour_screen(name) for name in ANSI}}


if __name__ == "__main__":
    for file_name, content in screens().items():
        (HERE / file_name).write_text(content, encoding="utf-8", newline="\n")

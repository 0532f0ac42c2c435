"""``auscult review SESSION|FILE``: look back on a session or a recording, on the dashboard.

A session is shown as it was judged; a recording is judged once, as fast as the network can, when it is opened.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

from monitor.archive.judged_file import judge_file, read_labels
from monitor.archive.session_timeline import session_timeline
from monitor.archive.timeline import Timeline
from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.recorder.labels_file import labels_path
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_hop_argument,
    add_model_argument,
    add_slow_argument,
    add_sound_arguments,
    add_start_argument,
    check_hop,
    playback,
)
from monitor.commands.options.display_options import add_display_arguments, display_options
from monitor.commands.progress_bar import ProgressBar, terminal_columns
from monitor.commands.review.annotations import Annotations
from monitor.commands.review.controller import ReviewController
from monitor.commands.review.file_annotations import FileAnnotations
from monitor.commands.review.listening import Listening
from monitor.commands.review.session_annotations import SessionAnnotations
from monitor.errors import AuscultError
from monitor.inference.bundle import load_bundle
from monitor.output import say
from monitor.process.interrupts import Interrupts
from monitor.process.native_stderr import suppress_native_stderr
from monitor.sessions.reader import read_session

__all__ = ["add_arguments", "open_session", "run"]

BUSY_S, IDLE_S = 0.02, 0.05
"""Seconds between two looks at the keyboard: while something moves, and while nothing does."""
RENEW_S = 1.0
"""Seconds after which a screen is drawn again in any case, and what could not be kept is tried again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("source", metavar="SESSION|FILE", help="folder of a session, or a recording")
    add_start_argument(parser)
    add_sound_arguments(parser, "play", "begin to play at once; without it, space plays")
    add_slow_argument(parser)
    add_model_argument(parser)
    add_hop_argument(parser)
    add_channel_argument(parser)
    add_display_arguments(parser)
    parser.set_defaults(usage_error=parser.error, speed=1.0)


def run(options: argparse.Namespace) -> int:
    """Show one source until the person quits."""
    _check_terminal()
    if options.start < 0:
        options.usage_error("--start must be 0 or more seconds")
    sound = playback(options, microphone=False) or PlaybackOptions()
    source = Path(options.source)
    with suppress_native_stderr():
        timeline, remarks, annotations = _opened(source, options)
        code = _show(timeline, annotations, Listening(timeline.sound, sound, options.slow or 1.0), options)
    for remark in remarks:
        say(f"auscult: {remark}")
    unsaved = annotations.unsaved
    if unsaved:
        say(f"auscult: not kept: {annotations.error}; what was set is:")
        for line in unsaved:
            say(line)
    return code or int(bool(unsaved or remarks))


def _check_terminal() -> None:
    """Refuse to run where there is no terminal to show a screen and to take keys."""
    from rich.console import Console

    from monitor.dashboard.terminal import Screen

    in_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if not in_terminal or not Screen.can_show(Console()):
        raise AuscultError(
            "review needs a terminal, with keys", "auscult export or auscult report writes what was kept into a file"
        )


def _opened(source: Path, options: argparse.Namespace) -> tuple[Timeline, list[str], Annotations]:
    """Return what is reviewed, what is missing in it, and what a person has set in it."""
    if source.is_dir():
        if options.channel is not None or options.hop is not None:
            options.usage_error("--channel and --hop need a recording: a session has been judged")
        return open_session(source)
    bundle = load_bundle(options.model)
    check_hop(options, bundle)
    bar = ProgressBar(sys.stdout, lambda: terminal_columns(sys.stdout))

    def show(fraction: float) -> None:
        bar.show(fraction, lambda: f"judging {source.name}")

    timeline, remarks = judge_file(source, bundle, channel=options.channel, hop_s=options.hop, progress=show)
    bar.clear()
    labels = labels_path(source)
    return timeline, remarks, FileAnnotations(labels, read_labels(labels, timeline.duration_s))


def open_session(folder: Path) -> tuple[Timeline, list[str], Annotations]:
    """Return a session, what is missing in it, and what a person has set in it; one that runs is read only."""
    session = read_session(folder)
    read_only = ""
    if session.is_running:
        read_only = "another program is writing this session: nothing can be changed here, and what comes is not shown"
    elif not os.access(session.events_path, os.W_OK):
        read_only = f"{session.events_path} cannot be written: nothing can be changed here"
    timeline, remarks = session_timeline(folder, trust_length=True)
    return timeline, remarks, SessionAnnotations(session.events_path, timeline.entries, timeline.sample_rate, read_only)


def _show(timeline: Timeline, annotations: Annotations, listening: Listening, options: argparse.Namespace) -> int:
    """Show the dashboard until the person quits; return the exit code."""
    from monitor.dashboard.keyboard import Keyboard
    from monitor.dashboard.terminal import Screen
    from monitor.views.view import pressed_keys

    rest = threading.Event()
    with Interrupts() as interrupts, interrupts.deferred():
        controller = ReviewController(timeline, annotations, listening, interrupts.quit)
        controller.navigation.move_to(options.start)
        if options.play:
            controller.key(" ")
        try:
            with Keyboard() as keyboard, Screen(options=display_options(options)) as screen:
                screen.ask(keyboard)
                renew_s, size = 0.0, None
                while not interrupts.requested:
                    keys = pressed_keys(screen, keyboard)
                    for key in keys:
                        controller.key(key, screen.canvas)
                    moved = controller.tick()
                    resized, size = size != screen.size, screen.size
                    if keys or moved or resized or time.monotonic() >= renew_s:
                        controller.save()
                        screen.show(*controller.compose())
                        renew_s = time.monotonic() + RENEW_S
                    if keys or resized:
                        screen.refresh()
                    rest.wait(BUSY_S if moved else IDLE_S)
        finally:
            listening.close()
            controller.close()
        return interrupts.exit_code

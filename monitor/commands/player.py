"""Playing a source from start to end, or a ward: the main-thread loops of ``replay``, ``demo`` and ``listen``."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.audio.sources.base import Source
from monitor.inference.bundle import Bundle
from monitor.messages import Snapshot
from monitor.process.interrupts import Interrupts
from monitor.process.service_manager import has_service_manager
from monitor.runtime.pipeline import HURRY_S, Pipeline
from monitor.views.view import View

if TYPE_CHECKING:
    from monitor.audio.playback.options import PlaybackOptions
    from monitor.runtime.ward.ward import Ward
    from monitor.serve.feed import Feed
    from monitor.sessions.session import Session
    from monitor.views.ward import WardView

__all__ = ["play", "play_together"]


def play(
    source: Source,
    bundle: Bundle,
    view: View,
    interrupts: Interrupts,
    *,
    hop_s: float | None = None,
    note: Callable[[float], str] = lambda elapsed_s: "",
    record: Path | None = None,
    session: Session | None = None,
    site: str | None = None,
    for_s: float = math.inf,
    playback: PlaybackOptions | None = None,
    stay: bool = False,
    feed: Feed | None = None,
) -> Snapshot:
    """Run a source through the pipeline, show it until it ends or is interrupted, and return its last state.

    Parameters
    ----------
    source : Source
        Closed at the end in every case.
    bundle : Bundle
    view : View
    interrupts : Interrupts
        At a signal the run ends with its summary, as if the source had ended there, and waits for no device or disk
        for longer than half a second.
    hop_s : float or None
        Seconds between two windows; None for the bundle's own.
    note : callable
        From seconds played to a short note for the dashboard.
    record : Path or None
        A new file to which the input is recorded unchanged.
    session : Session or None
        Keeps the run; closed at the end in every case.
    site : str or None
        The auscultation site at the beginning, one of :data:`monitor.labels.SITES`.
    for_s : float
        Seconds of sound after which to stop.
    playback : PlaybackOptions or None
        How to play the sound to the ear.
    stay : bool
        Whether a view that a person can leave stays at the end, until they do or ask for another pass
        (``view.again_s``).
    feed : Feed or None
        Takes what is shown, for other programs.

    Returns
    -------
    Snapshot

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    AuscultError
        If the source cannot be opened (then nothing was shown), fails later or lacks sound that it promises
        (then the windows before it and the summary were shown), or the recording cannot be written.
    """
    if feed is not None:
        from monitor.serve.feed_view import FeedView

        view = FeedView(view, feed)
    kept: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    sound = ecg = None
    if session is not None:
        from monitor.sessions.session_view import SessionView

        kept, sound, ecg = _closing(session, interrupts), session.sound_path, session.ecg_path
        view = SessionView(view, session)
    if has_service_manager():
        from monitor.views.service import ServiceView

        view = ServiceView.from_environment(view)
    with (
        source,
        kept,
        Pipeline(
            source,
            bundle,
            hop_s=hop_s,
            record=record,
            session_sound=sound,
            session_ecg=ecg,
            site=site,
            live_snapshot=view.live_snapshot or for_s < math.inf,  # which ends at a sample, not at a window
            playback=playback,
        ) as pipeline,
        interrupts.deferred(),
    ):
        pipeline.drain(0.0)
        pipeline.start()
        view.attach(pipeline, interrupts)
        view.begin(pipeline.start_message)
        running = True
        while running and not interrupts.requested:
            running = pipeline.running
            for event in pipeline.drain(view.wait_s if running else 0.0):
                view.window(event)
            pipeline.write_marks()
            snapshot = _snapshot(pipeline, note)
            view.snapshot(snapshot)
            running = running and snapshot.elapsed_s < for_s
        if interrupts.exit_code:
            pipeline.hurry()
        pipeline.stop()
        for event in pipeline.drain(0.0):
            view.window(event)
        snapshot = _snapshot(pipeline, note)
        view.snapshot(snapshot)
        view.end(pipeline.summary())
        if not interrupts.requested:
            pipeline.raise_errors()
            if stay:
                _stay(pipeline, view, interrupts, note)
            if source.shortfall is not None and not (stay and view.again_s is not None):
                raise source.shortfall
    return snapshot


def _stay(pipeline: Pipeline, view: View, interrupts: Interrupts, note: Callable[[float], str]) -> None:
    """Show the end until the person leaves, or asks to play it again."""
    rest = threading.Event()
    while view.stays and view.again_s is None and not interrupts.requested:
        rest.wait(view.wait_s)  # no window comes any more, and the keys are looked at when it is over
        pipeline.write_marks()
        view.snapshot(_snapshot(pipeline, note))


def play_together(
    ward: Ward,
    view: WardView,
    interrupts: Interrupts,
    *,
    each_turn: Callable[[Interrupts], None] = lambda interrupts: None,
) -> None:
    """Run a ward and show it until every stream has ended or it is interrupted.

    Parameters
    ----------
    ward : Ward
        With one stream at least; stopped at the end in every case. The errors of its streams are kept with them.
    view : WardView
    interrupts : Interrupts
        At a signal every stream ends with its summary, as if its source had ended there.
    each_turn : callable
        Called ten times a second, and once more before the end, with ``interrupts``.

    Raises
    ------
    Exception
        If the scheduler itself failed.
    """
    with ward, interrupts.deferred():
        view.begin(ward.streams, interrupts)
        ward.start()
        running, settled = True, False
        while running and not interrupts.requested:
            running = ward.running
            if not settled and ward.settled:
                settled = True
                ward.settle()
            _show(ward, view, view.wait_s if running else 0.0)
            view.update()
            each_turn(interrupts)
        each_turn(interrupts)
        ward.stop()
        _show(ward, view, 0.0)
        view.update()
        ward.raise_errors()


def _show(ward: Ward, view: WardView, timeout_s: float) -> None:
    """Show what is delivered."""
    for stream, event in ward.drain(timeout_s):
        if event is None:
            view.end(stream)
        else:
            view.window(stream, event)


@contextlib.contextmanager
def _closing(session: Session, interrupts: Interrupts) -> Iterator[None]:
    """Close a session at the end, and say what is wrong with it; after a signal without waiting long for the disk."""
    try:
        yield
    finally:
        session.close(**({"timeout_s": HURRY_S} if interrupts.exit_code else {}))


def _snapshot(pipeline: Pipeline, note: Callable[[float], str]) -> Snapshot:
    """Return the newest state, with its note."""
    snapshot = pipeline.snapshot()
    return dataclasses.replace(snapshot, note=note(snapshot.elapsed_s))

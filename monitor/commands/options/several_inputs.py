"""Several live inputs at once: ``auscult listen`` with more than one device.

A ward judges them, each in a process of its own; a view shows them, sessions and recordings keep them. Main thread
only.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.audio.sources.device.portaudio import PortAudio
from monitor.commands.options.device_tables import DeviceEntry, entry_settings, file_beside
from monitor.commands.options.display_options import display_options
from monitor.commands.options.elsewhere import is_elsewhere, report_troubles, source_elsewhere
from monitor.commands.options.feed_options import fed_together
from monitor.commands.options.inputs import InputOptions, input_latency_s, separate_input
from monitor.commands.options.lsl_options import announce_lsl, over_lsl
from monitor.commands.options.session_options import new_session, report_session
from monitor.commands.options.settings import Settings
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle
from monitor.messages import RecordingStatus
from monitor.output import say
from monitor.process.interrupts import Interrupts
from monitor.process.native_stderr import suppress_native_stderr
from monitor.process.service_manager import has_service_manager
from monitor.runtime.ward.live_stream import HURRY_S, LiveStream

if TYPE_CHECKING:
    from monitor.audio.playback.shared_ear import SharedEar
    from monitor.audio.sources.base import Source
    from monitor.runtime.ward.ward import Ward
    from monitor.serve.feed import Feed, SeveralFeed
    from monitor.sessions.session import Session
    from monitor.views.view import View
    from monitor.views.ward import WardView

__all__ = ["check_together", "listen_together", "report_recording"]

STUCK = "auscult: the sound driver does not release a device; ended without waiting for it"


def check_together(options: argparse.Namespace) -> None:
    """End with a usage error where an argument is for one device at a time."""
    single = {
        "--ecg-channel": options.ecg_channel is not None,
    }
    for name, given in single.items():
        if given:
            options.usage_error(f"{name} is for one device at a time: leave it out, or name one --device")


def listen_together(
    entries: Sequence[DeviceEntry], options: argparse.Namespace, chosen: Settings, bundle: Bundle
) -> int:
    """Listen to several inputs until Ctrl+C, SIGTERM or the end of ``--for``, and return the exit code.

    Raises
    ------
    AuscultError
        If an input cannot be used, or a file cannot be created; none is heard then.
    """
    from monitor.runtime.ward.ward import Ward

    with (
        suppress_native_stderr(),
        fed_together(options) as feed,
        Interrupts() as interrupts,
        Ward(bundle, hop_s=options.hop) as ward,
    ):
        several = SeveralInputs(ward, options, bundle, feed)
        try:
            system = PortAudio()
            for entry in entries:
                several.add(entry, system, chosen)
            code = several.listen(interrupts)
        finally:
            several.close(interrupts)
        if any(getattr(stream.source, "stuck", False) for stream in ward.streams):
            say(STUCK)
            os._exit(code)
        return code


class SeveralInputs:
    """The inputs of a ward with their recordings and sessions.

    Parameters
    ----------
    ward : Ward
    options : argparse.Namespace
        Of ``listen``.
    bundle : Bundle
    feed : SeveralFeed or None
        Takes what is shown, for other programs.
    """

    def __init__(
        self, ward: Ward, options: argparse.Namespace, bundle: Bundle, feed: SeveralFeed | None = None
    ) -> None:
        self._ward, self._options, self._bundle, self._feed = ward, options, bundle, feed
        self._lives: list[LiveStream] = []
        self._parts: dict[LiveStream, Feed] = {}
        self._sending = contextlib.ExitStack()
        self._ear: SharedEar | None = None
        self._sessions: dict[LiveStream, Session] = {}
        self._recorded: list[Path] = []
        self._waiting_marks = False
        self._closed = False

    def add(self, entry: DeviceEntry, system: PortAudio, chosen: Settings) -> None:
        """Add an input, not started, with its recording and its session.

        Raises
        ------
        AuscultError
            If it cannot be used, or a file cannot be created.
        """
        options = self._options
        source = self._source(entry, system, chosen)
        stream = self._ward.add(source, entry.name, site=entry.site)
        record = None if options.record is None else file_beside(options.record, stream.name, self._recorded)
        session = None
        if options.session:
            own = argparse.Namespace(**{**vars(options), "site": entry.site, "subject": entry.subject})
            session = new_session(own, source, self._bundle, "listen", entry.channel, stream=stream.name)
        try:
            sound = None if session is None else session.sound_path
            live = LiveStream(stream, record=record, session_sound=sound, site=entry.site)
        except BaseException:
            if session is not None:
                session.close()
            raise
        self._lives.append(live)
        if self._feed is not None:
            stream.served = True
            self._parts[live] = self._feed.add(stream.name, entry.subject or options.subject)
        if record is not None:
            self._recorded.append(record)
        if session is not None:
            self._sessions[live] = session

    def _source(self, entry: DeviceEntry, system: PortAudio, chosen: Settings) -> Source:
        """Return the source of an input: a sound device in a process of its own, or what comes from elsewhere."""
        options = self._options
        if is_elsewhere(entry.device):
            return source_elsewhere(entry_settings(entry, chosen), options)
        latency_s = input_latency_s(chosen, monitored=options.playback is not None)
        how = InputOptions(entry.channel, entry.rate, latency_s, once=options.once, waiting=options.wait_for_device)
        return separate_input(entry.device, how, system)

    def listen(self, interrupts: Interrupts) -> int:
        """Listen until the end, and return the exit code."""
        from monitor.commands.player import play_together
        from monitor.views.devices import DeviceTable, choose_devices_view

        options = self._options
        keep_going = options.record is not None or bool(options.session)
        announce_lsl(options, *(live.stream.name for live in self._lives))
        view = choose_devices_view(
            self._lives,
            self._kept,
            json=options.json,
            plain=options.plain,
            keep_going=keep_going,
            display=display_options(options),
            hear=self._hear if options.playback is not None else None,
        )
        if options.playback is not None:
            other = "; Tab looks into another one, which is heard then" if isinstance(view, DeviceTable) else ""
            say(f"auscult: {self._lives[0].stream.name} is heard{other}")
        for live in self._lives:
            live.start()
        try:
            play_together(self._ward, view, interrupts, each_turn=self._end_in_time)
        finally:
            view.close()
        self.close(interrupts)
        return interrupts.exit_code or self._code(view)

    def _hear(self, heard: LiveStream) -> None:
        """Play an input to the ear, in place of another one."""
        from monitor.audio.playback.shared_ear import SharedEar

        if self._ear is None:
            self._ear = SharedEar(self._options.playback)
        for live in self._lives:
            live.player = None
        heard.player = self._ear.hear(heard.ring, heard.source)

    def _kept(self, live: LiveStream, view: View) -> View:
        """Return a view that also sends what it shows, keeps it in the session of an input, and gives signs of life.

        A service manager has these from every input: one thread judges all of them, and stops for all.
        """
        device = live.source.device_status
        named = (live.stream.name, "" if device is None else device.host_api)
        view = self._sending.enter_context(over_lsl(view, live.source, self._options, named))
        if (part := self._parts.get(live)) is not None:
            from monitor.serve.feed_view import FeedView

            view = FeedView(view, part)
        if (session := self._sessions.get(live)) is not None:
            from monitor.sessions.session_view import SessionView

            view = SessionView(view, session)
        if has_service_manager():
            from monitor.views.service import ServiceView

            view = ServiceView.from_environment(view)
        return view

    def _end_in_time(self, interrupts: Interrupts) -> None:
        """End the inputs of which enough was heard; hurry once a signal has come."""
        for_s = math.inf if self._options.for_s is None else self._options.for_s
        for live in self._lives:
            if interrupts.exit_code:
                live.hurry()
            if not live.stream.removed and live.ring.end_sample >= for_s * live.source.sample_rate:
                live.source.begin_stop()
                self._ward.remove(live.stream)

    def _code(self, view: WardView) -> int:
        """Return the exit code of what went wrong."""
        errors = [stream.error for stream in self._ward.streams if stream.error is not None]
        codes = [error.exit_code if isinstance(error, AuscultError) else 1 for error in errors]
        return max([0, *codes]) or int(view.lost_lines > 0 or self._waiting_marks)

    def close(self, interrupts: Interrupts) -> None:
        """Stop the inputs, end recordings and sessions, and say where they are. Twice is safe."""
        if self._closed:
            return
        self._closed = True
        self._end_in_time(interrupts)
        self._ward.stop()
        for live in self._lives:
            live.stop()
        if self._ear is not None:
            self._ear.stop(hurry=bool(interrupts.exit_code))
        self._sending.close()
        limit = {"timeout_s": HURRY_S} if interrupts.exit_code else {}
        for session in self._sessions.values():
            session.close(**limit)
        for live in self._lives:
            report_session(self._sessions.get(live), interrupts)
            recording = live.snapshot().recording
            if recording is not None and (recording.written_s or recording.lost_samples):
                self._waiting_marks |= report_recording(recording, interrupts)
            report_troubles(live.source)


def report_recording(recording: RecordingStatus, interrupts: Interrupts) -> bool:
    """Say where a recording is, and its marks; return whether some of these could not be written."""
    lost = f", {recording.lost_samples} samples of it lost" if recording.lost_samples else ""
    why = f"; {recording.error}" if recording.error else ""
    say(f"recorded {recording.written_s:.1f} s{lost}: {recording.path}{why}", interrupts)
    if recording.labels is not None:
        say(f"marks saved: {recording.marks}: {recording.labels}")
    if recording.waiting_marks:
        times = ", ".join(f"{at_s:.3f}" for at_s in recording.waiting_marks)
        say(f"auscult: marks not saved ({recording.marks_error}), seconds of the recording: {times}")
    return bool(recording.waiting_marks)

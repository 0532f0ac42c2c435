"""Plays a ring buffer to the ear while it is classified.

The thread ``auscult-player`` reads the ring with a cursor that no one waits for, and passes the sound on to a process
that filters and plays it (:mod:`monitor.audio.playback.output_process`). An output that fails, is missing or is
unplugged is told by the status and looked for again, in a new process, with growing pauses; the classifier and the
recorder notice nothing of it.

A live input may hear a loudspeaker. It is played only to an output that was named or that calls itself headphones; any
other waits for :meth:`Player.toggle`.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from monitor.audio.playback.options import MAX_VOLUME_DB, SOUNDS, PlaybackOptions, SoundName
from monitor.audio.playback.output_process import OutputProcess
from monitor.audio.playback.protocol import GAP, IDLE, SETTINGS, SOUND, OutputReport, OutputSetup, frame
from monitor.audio.ring_buffer import Cursor, Read, RingBuffer
from monitor.audio.sources.base import Source
from monitor.audio.sources.device.selection import HEADPHONES
from monitor.log import get_logger
from monitor.messages import PlaybackStatus

__all__ = ["Player", "PlayerOutput"]

logger = get_logger(__name__)

READ_S = 0.1
"""Longest wait for sound before settings are looked at again."""
LATE_S, KEPT_S = 0.25, 0.02
"""Seconds: sound that waits for longer is left out but for the newest, since what is played belongs to now."""
RETRY_S = (1.0, 2.0, 4.0, 8.0)
"""Pauses between attempts to find an output again; the last repeats."""
OPEN_S = 4.0
"""Longest wait for an output, so that the beginning of a recording is heard."""
WORKS_S = 5.0
"""Seconds after which an output that was found again counts as working."""
STOP_S = 4.0
CONFIRM = "{device} may be a loudspeaker that the stethoscope hears: with headphones on, press a; or name the output"
RETRY = "{message}: looking for it"
MONITOR_LATENCY_S, PLAY_LATENCY_S = 0.04, 0.1
MONITOR_RESERVE_S, PLAY_RESERVE_S = 0.03, 0.06
MONITOR_STEP_S, PLAY_STEP_S = 0.02, 0.05
"""Seconds of sound that are passed on at a time, at least: each time costs a wake-up in two processes."""


class PlayerOutput(Protocol):
    """A process that plays; :class:`~monitor.audio.playback.output_process.OutputProcess` is one."""

    @property
    def report(self) -> OutputReport:
        """The newest report."""

    def send(self, data: bytes) -> None:
        """Write a frame."""

    def finish(self, timeout_s: float = ...) -> None:
        """Let it play what it has, and end it."""

    def kill(self) -> None:
        """End it at once."""


class Player:
    """Plays a ring buffer.

    Parameters
    ----------
    ring : RingBuffer
    source : Source
        Only its rate, speed, latency and state are read.
    options : PlaybackOptions
    launch : callable
        Starts an output.
    clock : callable
        Returns monotonic seconds, the same in all processes.

    Attributes
    ----------
    pace : float
        Samples of the ring buffer per second of time.

    Notes
    -----
    The thread writes everything but what the keys set, which one other thread sets.
    """

    def __init__(
        self,
        ring: RingBuffer,
        source: Source,
        options: PlaybackOptions,
        launch: Callable[[OutputSetup], PlayerOutput] = OutputProcess,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring, self._source, self._options, self._launch, self._clock = ring, source, options, launch, clock
        self._rate = source.sample_rate
        self.pace = self._rate * (source.speed or 1.0)
        self._step_samples = max(1, round((MONITOR_STEP_S if options.microphone else PLAY_STEP_S) * self.pace))
        self._on = True
        self._confirmed = options.device is not None or not options.microphone
        self._sound, self._volume_db = options.sound, min(MAX_VOLUME_DB, max(-MAX_VOLUME_DB, options.volume_db))
        self._sent: dict[str, object] = {}
        self._output: PlayerOutput | None = None
        self._failure: str | None = None
        self._attempts, self._next_attempt_s, self._launched_s = 0, 0.0, 0.0
        self._underruns = self._skipped_ms = 0  # of earlier outputs
        self._idle = True
        self._last_status: PlaybackStatus | None = None  # once it has stopped
        self._stopping, self._decided = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-player")

    def start(self) -> None:
        """Begin to play what comes from now on."""
        self._thread.start()

    def adopt(self, other: Player) -> None:
        """Take over what a person has set with the keys of another player; before :meth:`start`."""
        self._on, self._confirmed = other._on, other._confirmed
        self._sound, self._volume_db = other._sound, other._volume_db

    def wait(self, timeout_s: float = OPEN_S) -> None:
        """Wait until the output is open, or known not to open; after :meth:`start`."""
        self._decided.wait(timeout_s)

    def stop(self, *, hurry: bool = False) -> None:
        """Stop, after the last samples unless in a hurry. Twice is safe, and so is before the start."""
        self._stopping.set()
        if self._thread.ident is None:
            return
        output = self._output
        if hurry and output is not None:
            output.kill()
        self._thread.join(timeout=STOP_S)
        if self._thread.is_alive() and output is not None:  # it waits for a process that hangs
            output.kill()
            self._thread.join(timeout=STOP_S)

    def toggle(self) -> None:
        """Switch the sound on or off; the first time, confirm an output that may be a loudspeaker."""
        if self.status.state == "confirm":
            self._confirmed = self._on = True
        else:
            self._on = not self._on

    def change_volume(self, by_db: float) -> None:
        """Change the volume, within -40 to 40 dB."""
        self._volume_db = min(MAX_VOLUME_DB, max(-MAX_VOLUME_DB, self._volume_db + by_db))

    def choose(self, sound: SoundName) -> None:
        """Change to another sound.

        Raises
        ------
        ValueError
            If there is no such sound.
        """
        if sound not in SOUNDS:
            raise ValueError(f"sound={sound!r} must be one of {', '.join(SOUNDS)}")
        self._sound = sound

    def next_sound(self) -> None:
        """Change to the next of :data:`~monitor.audio.playback.options.SOUNDS`."""
        self.choose(SOUNDS[(SOUNDS.index(self._sound) + 1) % len(SOUNDS)])

    def heard_sample(self, now_s: float | None = None) -> float | None:
        """Return the sample of the ring buffer that reaches the ear now; None where nothing is heard.

        Parameters
        ----------
        now_s : float or None
            On the clock; None for now.
        """
        output = self._output
        heard = None if output is None else output.report
        if heard is None or heard.state != "open" or heard.position is None or not self._heard_at_all(heard):
            return None
        now_s = self._clock() if now_s is None else now_s
        return min(heard.position + (now_s - heard.at_s) * self.pace, float(self._ring.end_sample))

    @property
    def status(self) -> PlaybackStatus:
        """The state, frozen; cheap, from any thread."""
        if self._last_status is not None:
            return self._last_status
        output, failure = self._output, self._failure
        heard = OutputReport("opening") if output is None else output.report
        status = PlaybackStatus(
            "opening",
            device=heard.device,
            sound=self._sound,
            volume_db=self._volume_db,
            underruns=self._underruns + heard.underruns,
            skipped_ms=self._skipped_ms + heard.skipped_ms,
        )
        if failure is not None or heard.state == "failed":
            message = RETRY.format(message=failure or heard.message)
            return dataclasses.replace(status, state="failed", message=message)
        if heard.state == "opening":
            return status
        if not self._allowed(heard):
            return dataclasses.replace(status, state="confirm", message=CONFIRM.format(device=heard.device))
        if not self._on:
            return dataclasses.replace(status, state="off")
        return dataclasses.replace(status, state="playing", latency_ms=self._latency_ms())

    def _latency_ms(self) -> float | None:
        """Return how old the sound is that is heard now."""
        heard = self.heard_sample()
        if heard is None or self._is_silent():
            return None
        arrived_s = (self._ring.end_sample - heard) / self.pace + self._source.since_last_block_s
        return 1000.0 * (arrived_s + self._source.latency_s)

    def _is_silent(self) -> bool:
        """Return whether no sound is expected: the source is paused, or its device has gone."""
        device = self._source.device_status
        return self._source.paused or (device is not None and device.state != "open")

    def _allowed(self, heard: OutputReport) -> bool:
        """Return whether the output may be used."""
        return self._confirmed or bool(HEADPHONES.search(heard.device))

    def _heard_at_all(self, heard: OutputReport) -> bool:
        """Return whether the sound is on."""
        return self._on and self._allowed(heard)

    def _run(self) -> None:
        """Pass the sound on until stopped or the ring ends."""
        cursor = self._ring.cursor(follows=True)
        cursor.next_sample = self._ring.end_sample
        try:
            while not self._stopping.is_set() and self._pass_on(cursor):
                pass
        finally:
            self._decided.set()
            cursor.close()
            self._last_status = dataclasses.replace(self.status, latency_ms=None)
            output, self._output = self._output, None
            if output is not None:
                output.finish()

    def _pass_on(self, cursor: Cursor) -> bool:
        """Pass on what has come; False at the end of the ring."""
        self._keep_output()
        if self.status.state != "opening":
            self._decided.set()
        if cursor.behind > LATE_S * self.pace:
            cursor.next_sample = self._ring.end_sample - round(KEPT_S * self.pace)
        read = cursor.read(max(1, round(LATE_S * self.pace)), READ_S, self._step_samples)
        if read is None:
            return False
        read = self._without_lead(read, cursor)
        output = self._output
        if output is None or output.report.state != "open":
            return True  # no one hears it
        try:
            self._send_settings(output)
            self._send(output, read)
        except OSError:
            logger.debug("the output has gone", exc_info=True)
        return True

    def _without_lead(self, read: Read, cursor: Cursor) -> Read:
        """Return a read up to where the lead of a seek begins, and go on where it ends: it is judged, but not heard."""
        for first, end in self._source.jumps[-1:]:
            if read.start_sample < end and first < read.end_sample:
                cursor.next_sample = end
                if read.start_sample >= first:  # a gap all the same, so that the edges fade
                    return Read(end - 1, np.zeros(1, np.float32), ((end - 1, end),))
                kept = read.waveform[: first - read.start_sample]
                return dataclasses.replace(read, waveform=kept, lost=tuple(s for s in read.lost if s[1] <= first))
        return read

    def _send(self, output: PlayerOutput, read: Read) -> None:
        """Send sound and gaps; say once when no more comes."""
        if not len(read.waveform):
            if self._is_silent() and not self._idle:
                self._idle = True
                output.send(frame(IDLE))
            return
        self._idle = False
        position = read.start_sample
        for start, end in [*(span for span in read.lost if span[1] > position), (read.end_sample, read.end_sample)]:
            if start > position:
                part = read.waveform[position - read.start_sample : start - read.start_sample]
                output.send(frame(SOUND, position, waveform=part))
            if end > start:
                output.send(frame(GAP, max(start, position), end - max(start, position)))
            position = end

    def _send_settings(self, output: PlayerOutput) -> None:
        """Send sound and volume where they have changed."""
        settings: dict[str, object] = {
            "sound": self._sound,
            "volume_db": self._volume_db,
            "on": self._heard_at_all(output.report),
        }
        if settings != self._sent:
            output.send(frame(SETTINGS, settings=settings))
            self._sent = settings

    def _keep_output(self) -> None:
        """Start an output where there is none; give up one that has failed."""
        now_s = self._clock()
        output = self._output
        if output is not None and output.report.state == "failed":
            self._failure = output.report.message or "no output"
            self._underruns += output.report.underruns
            self._skipped_ms += output.report.skipped_ms
            self._output = None
            output.kill()
            output.finish()
            self._schedule(now_s)
            logger.info("the output failed: %s", self._failure)
        elif output is not None and output.report.state == "open":
            self._failure = None
            if now_s - self._launched_s > WORKS_S:
                self._attempts = 0
        elif output is None and now_s >= self._next_attempt_s:
            self._start_output(now_s)

    def _start_output(self, now_s: float) -> None:
        """Start an output."""
        microphone = self._options.microphone
        setup = OutputSetup(
            input_rate=self._rate,
            device=self._options.device,
            sound=self._sound,
            speed=min(1.0, self._source.speed or 1.0),
            latency_s=MONITOR_LATENCY_S if microphone else PLAY_LATENCY_S,
            reserve_s=MONITOR_RESERVE_S if microphone else PLAY_RESERVE_S,
            live=microphone,
        )
        self._sent, self._idle, self._launched_s = {}, True, now_s
        try:
            self._output = self._launch(setup)
        except OSError as error:
            self._failure = f"no process can be started for the output ({error.strerror or error})"
            self._schedule(now_s)

    def _schedule(self, now_s: float) -> None:
        """Plan the next attempt."""
        self._next_attempt_s = now_s + RETRY_S[min(self._attempts, len(RETRY_S) - 1)]
        self._attempts += 1

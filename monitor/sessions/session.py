"""A session while it runs: its folder, what describes it, and its lines.

``session.json`` is written when the session begins, with ``ended`` null, when the site changes or sound is lost, and
once more when it has ended; each time in one step, so whenever the program is killed there is a valid one.
:mod:`monitor.audio.recorder.recorder` writes the sound and :mod:`monitor.sessions.event_log` the lines; both files are
valid at any moment too.

Made, begun and closed by the main thread.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from monitor._version import __version__
from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError
from monitor.labels import DEFAULT_ENGINE
from monitor.log import get_logger
from monitor.messages import RecordingStatus, SiteChange
from monitor.sessions.command_words import without_secrets
from monitor.sessions.event_log import GONE, STOP_TIMEOUT_S, EventLog, reason, same_file
from monitor.sessions.names import ECG_FILE, EVENTS_FILE, SESSION_FILE, SOUND_FILE, folder_name, new_folder

__all__ = ["SCHEMA", "Facts", "Session", "session_text"]

logger = get_logger(__name__)

SCHEMA = 1
"""Version of the format; increased when a key changes its meaning or is removed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a session when it begins.

    Attributes
    ----------
    kind : {"listen", "exam", "replay", "demo"}
        The command.
    source : str
        Name of the device or the file.
    sample_rate : int
        Hz.
    model, model_sha256 : str
        Bundle name and the digest of the network that runs.
    labels : tuple of str
    window_s, hop_s : float
    host_api : str or None
        Of a device.
    channel : int or None
        The channel in use, from 1; None for the mean of all.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1.
    subject, site : str or None
    command : sequence of str
        The command line; secrets are removed.
    engine : str
        What runs the network, one of :data:`monitor.inference.engine.ENGINES`.
    stream : str or None
        What the source is called, where several are heard at once.
    """

    kind: Literal["listen", "exam", "replay", "demo"]
    source: str
    sample_rate: int
    model: str
    model_sha256: str
    labels: tuple[str, ...]
    window_s: float
    hop_s: float
    host_api: str | None = None
    channel: int | None = None
    ecg_channel: int | None = None
    subject: str | None = None
    site: str | None = None
    command: Sequence[str] = ()
    engine: str = DEFAULT_ENGINE
    stream: str | None = None


class Session:
    """Keeps a run in a folder of its own.

    Parameters
    ----------
    parent : Path
        Where sessions are kept; made where it is missing.
    facts : Facts
    now : callable
        The wall clock, with its zone; a test passes its own.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    folder : Path

    Raises
    ------
    AuscultError
        If the folder or a file in it cannot be made.
    """

    def __init__(
        self,
        parent: Path,
        facts: Facts,
        *,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now().astimezone(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._facts, self._now, self._clock = facts, now, clock
        self._started, self._started_s = now(), clock()
        self.folder = new_folder(parent, folder_name(self._started, facts.subject, facts.site))
        self._sound: Callable[[], RecordingStatus | None] = lambda: None
        self._final_error: str | None = None
        self._closed = self._discarded = False
        self._num_marks = 0
        self._sites = [] if facts.site is None else [{"site": facts.site, "start_s": 0.0}]
        self._described = ""
        path = self.folder / SESSION_FILE
        try:
            self._describe()
            self._log = EventLog(self.folder / EVENTS_FILE, self._finish, self._refresh)
        except OSError as error:
            self._remove()
            raise AuscultError(f"{path} cannot be written: {reason(error)}", "name another --session-dir") from error
        self._log.start()

    @property
    def sound_path(self) -> Path:
        """The sound file, to be recorded by the pipeline."""
        return self.folder / SOUND_FILE

    @property
    def ecg_path(self) -> Path | None:
        """The file of the electrocardiogram, to be recorded by the pipeline; None without one."""
        return None if self._facts.ecg_channel is None else self.folder / ECG_FILE

    def attach(self, sound: Callable[[], RecordingStatus | None]) -> None:
        """Take what gives the status of the sound, until the end."""
        self._sound = sound

    def write(self, line: str) -> None:
        """Add a line to the events; returns at once."""
        self._log.add(line)

    def count_mark(self) -> None:
        """Count a mark or a note, for the status."""
        self._num_marks += 1

    def change_site(self, change: SiteChange) -> None:
        """Keep a change of site."""
        self._sites = [*self._sites, {"site": change.site, "start_s": round(change.at_s, 3)}]

    @property
    def status(self) -> RecordingStatus | None:
        """The status of the sound, with what is wrong with the lines; None before the pipeline is attached."""
        sound = self._sound()
        if sound is None:
            return None
        error = sound.error or self._final_error or (f"events: {self._log.error}" if self._log.error else None)
        return dataclasses.replace(sound, error=error, marks=self._num_marks)

    def close(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Write the end, after the pipeline has stopped. Twice is safe.

        A session without a sample of sound leaves no folder.

        Parameters
        ----------
        timeout_s : float
            Longest wait for the disk.
        """
        if self._closed:
            return
        self._closed = True
        sound = self._sound()
        self._discarded = not self._num_marks and (sound is None or (not sound.written_s and not sound.lost_samples))
        self._log.stop(timeout_s)
        if self._discarded:
            self._remove()

    @property
    def kept(self) -> bool:
        """Whether there is a session, once it is closed."""
        return not self._discarded

    def _finish(self) -> None:
        """Write what is known at the end; on the thread of the lines, since the disk may not answer."""
        path, sound = self.folder / SESSION_FILE, self._sound()
        if self._discarded:
            return
        if not same_file(path, self._identity):
            self._final_error = GONE
            return
        elapsed = datetime.timedelta(seconds=self._clock() - self._started_s)
        ended = max(self._now(), self._started + elapsed)  # the clock may have been set back
        try:
            self._describe(ended, sound)
        except OSError as error:
            self._final_error = f"its end could not be written: {reason(error)}"

    def _refresh(self) -> None:
        """Write what has changed meanwhile; on the thread of the lines. A disk that refuses is asked again."""
        if not same_file(self.folder / SESSION_FILE, self._identity):
            return
        try:
            self._describe(sound=self._sound())
        except OSError as error:
            logger.debug("%s: %s; trying again", self.folder, error)

    def _describe(self, ended: datetime.datetime | None = None, sound: RecordingStatus | None = None) -> None:
        """Write ``session.json`` where it would change."""
        text, path = session_text(self._values(ended, sound)), self.folder / SESSION_FILE
        if text != self._described:
            write_atomic(path, text, private=True)
            self._identity, self._described = path.stat(), text

    def _values(self, ended: datetime.datetime | None = None, sound: RecordingStatus | None = None) -> dict[str, Any]:
        """Return the content of ``session.json``."""
        facts = self._facts
        return {
            "type": "session",
            "schema": SCHEMA,
            "version": __version__,
            "started": self._started.isoformat("T", "seconds"),
            "ended": None if ended is None else ended.isoformat("T", "seconds"),
            "subject": facts.subject,
            "site": facts.site,
            "sites": self._sites,
            "device": None if facts.host_api is None else facts.source,
            "source": {
                "kind": facts.kind,
                "name": facts.source,
                "host_api": facts.host_api,
                **({} if facts.stream is None else {"stream": facts.stream}),
                "channel": facts.channel,
                "ecg_channel": facts.ecg_channel,
            },
            "sample_rate": facts.sample_rate,
            "samples": None if ended is None else round((sound.written_s if sound else 0.0) * facts.sample_rate),
            "lost_samples": sound.lost_samples if sound else 0,
            "model": facts.model,
            "model_sha256": facts.model_sha256,
            "engine": facts.engine,
            "labels": list(facts.labels),
            "window_s": facts.window_s,
            "hop_s": facts.hop_s,
            "argv": without_secrets(facts.command),
            "files": {"sound": SOUND_FILE, "events": EVENTS_FILE, "ecg": ECG_FILE if facts.ecg_channel else None},
        }

    def _remove(self) -> None:
        """Remove the folder, if nothing but our files is in it."""
        for name in (SESSION_FILE, EVENTS_FILE):
            (self.folder / name).unlink(missing_ok=True)
        try:
            self.folder.rmdir()
        except OSError:  # somebody else has put something there, or it is gone
            self._discarded = not self.folder.exists()

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        self.close()


def session_text(values: dict[str, Any]) -> str:
    """Return the content of ``session.json`` as text."""
    return json.dumps(values, allow_nan=False, indent=1) + "\n"

"""What leaves a run for other programs: its JSON lines of the last ten minutes, and its newest state.

One thread publishes, the one that shows the run; any number of others follow, each at its own pace, and none is ever
waited for: a line is put into a ring and the followers are told. Whoever sends a run anywhere (the server here, or
another output) follows a feed. Must not know about networks.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from monitor.text.json_lines import json_line, with_stream

if TYPE_CHECKING:
    from monitor.audio.ring_buffer import RingBuffer
    from monitor.messages import Snapshot, Start, WindowEvent

__all__ = ["KEEP_S", "DeviceFeed", "FedLine", "Feed", "Playing", "SeveralFeed", "without_subject"]

KEEP_S = 600.0
"""Seconds of lines that are kept for a follower that comes back."""
MAX_LINES = 10_000
"""Lines that are kept at most of each source, for one that plays as fast as it is read: about 10 MB."""
WITHHELD = "told on the screen of the monitor"
"""In place of an error, which may name a path."""
NAMING_KEYS = ("path", "text", "subject", "note", "notes")
CONTEXT = ("start", "device", "overload", "window")
"""Lines of which a new follower gets the newest."""


@dataclasses.dataclass(frozen=True, slots=True)
class FedLine:
    """One line.

    Attributes
    ----------
    number : int
        From 1, one more for each line of the run.
    at : float
        When it was published, seconds of the monotonic clock.
    text : str
        One JSON object, plain ASCII, no line feed.
    stream : str or None
        Which of several devices it is of.
    """

    number: int
    at: float
    text: str
    stream: str | None = None

    @property
    def kind(self) -> str:
        """Its ``type``, such as ``"window"``."""
        return self.text[9 : self.text.index('"', 9)]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Playing:
    """The source that plays.

    Attributes
    ----------
    start : Start
    ring : RingBuffer
        Its sound; only its memory may be read, without a cursor, which could hold up a source.
    live : bool
        Whether its name is that of a device, and not of a file.
    number : int
        From 1, one more for each source of the run.
    """

    start: Start
    ring: RingBuffer
    live: bool
    number: int


class Judged(Protocol):
    """Counts the windows that are judged."""

    def __call__(self, event: WindowEvent, device: str | None = None, /) -> None:
        """Count one, of a device where there are several."""


class Feed:
    """The lines and the state of a run, for followers on other threads.

    Parameters
    ----------
    share_subject : bool
        Whether subject, notes, paths and names of files may leave; see :func:`without_subject`.
    subject : str or None
        Whose session it is.
    clock : callable
        Seconds of a monotonic clock; a test passes its own.

    Attributes
    ----------
    run : str
        Tells this run from another one, whose numbers are others.
    playing : Playing or None
        What plays; None before the first source.
    snapshot : Snapshot or None
        The newest state.
    notice : str
        What a person at the screen should know about those who follow; set on any thread.
    address : str
        Where it is served, without a token; empty where it is not.
    share_subject : bool
    subject : str or None
    name : str or None
        Of the device, where it is one of several.
    several : bool
        Whether it is fed by several devices; see :class:`SeveralFeed`.

    Notes
    -----
    Written by one thread; everything else may be called on any thread.

    Examples
    --------
    >>> feed = Feed()
    >>> feed.publish('{"type":"overload","at_s":9.5,"overloaded":true,"skipped":3}')
    >>> [line.text for line in feed.after(0)]
    ['{"type":"overload","at_s":9.5,"overloaded":true,"skipped":3}']
    >>> feed.after(feed.newest)
    []
    """

    name: str | None = None
    several = False

    def __init__(
        self,
        *,
        share_subject: bool = False,
        subject: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.share_subject, self.subject, self._clock = share_subject, subject, clock
        self.run = secrets.token_hex(4)
        self.playing: Playing | None = None
        self.snapshot: Snapshot | None = None
        self.notice = self.address = ""
        self._lock = threading.Lock()  # guards the two lines below, for a few microseconds
        self._lines: collections.deque[FedLine] = collections.deque(maxlen=MAX_LINES)
        self._newest = 0
        self._newest_of: dict[tuple[str | None, str], FedLine] = {}
        self._followers: tuple[Callable[[], None], ...] = ()
        self._judged: tuple[Judged, ...] = ()

    @property
    def parts(self) -> tuple[Feed, ...]:
        """What has a state of its own: this feed, or each device of several."""
        return (self,)

    def part(self, name: str | None) -> Feed | None:
        """Return the part of a name, the first one for None; None where there is no such part."""
        return next((part for part in self.parts if name in (None, part.name)), None)

    def begin(self, start: Start, ring: RingBuffer, *, live: bool) -> None:
        """Begin a source."""
        number = 1 if self.playing is None else self.playing.number + 1
        self.snapshot = None
        self.playing = Playing(start, ring, live, number)

    def publish(self, text: str) -> None:
        """Publish one JSON line, without what names a person unless that may leave."""
        self._keep(self._cleared(text), None, self._clock())

    def repeat(self, lines: Iterable[FedLine]) -> None:
        """Publish lines as another feed, of which this one is a copy, has them: with number, time and device."""
        for line in lines:
            if line.number != self._newest + 1:
                with self._lock:
                    self._lines.clear()  # those that are kept follow each other without a gap
                    self._newest = line.number - 1
            self._keep(line.text, line.stream, line.at)

    def _cleared(self, text: str) -> str:
        """Return a line as it may leave."""
        if self.share_subject:
            return text
        return without_subject(text, live=self.playing is not None and self.playing.live)

    def _keep(self, text: str, stream: str | None, at: float) -> None:
        """Put a line into the ring, and tell the followers."""
        with self._lock:
            self._newest += 1
            line = FedLine(self._newest, at, text, stream)
            self._lines.append(line)
            while self._lines[0].at < at - KEEP_S:
                self._lines.popleft()
            if line.kind == "start":
                for key in [key for key in self._newest_of if key[0] == stream]:
                    del self._newest_of[key]
            self._newest_of[stream, line.kind] = line
        for follower in self._followers:
            follower()

    def judged(self, event: WindowEvent) -> None:
        """Pass the result of a window on to those who count them."""
        for count in self._judged:
            count(event)

    def follow(self, told: Callable[[], None], judged: Judged | None = None) -> None:
        """Be told of every line from now on; before the run begins.

        Parameters
        ----------
        told : callable
            Called on the publishing thread after each line. It may only wake a thread of its own, which then reads
            :meth:`after`: what it does holds up the run.
        judged : callable or None
            Called on the same thread with the result of each window, and the name of its device where there are
            several; under the same rule.
        """
        self._followers = (*self._followers, told)
        if judged is not None:
            self._judged = (*self._judged, judged)

    @property
    def newest(self) -> int:
        """Number of the newest line; 0 before the first."""
        return self._newest

    def after(self, number: int, limit: int = MAX_LINES) -> list[FedLine]:
        """Return the lines that are kept with a larger number, ascending, at most ``limit``."""
        with self._lock:
            if not self._lines or number >= self._newest:
                return []
            first = max(0, number + 1 - self._lines[0].number)
            return [self._lines[index] for index in range(first, min(first + limit, len(self._lines)))]

    def since(self, seconds: float) -> int:
        """Return the number after which the lines of the last seconds come."""
        begin = self._clock() - seconds
        with self._lock:
            older = [line.number for line in self._lines if line.at < begin]
            return older[-1] if older else (self._lines[0].number - 1 if self._lines else 0)

    def context(self) -> list[FedLine]:
        """Return what a new follower needs to read the lines that come: the start of each source, what holds now."""
        with self._lock:
            kept = [line for (_, kind), line in self._newest_of.items() if kind in CONTEXT]
        return sorted(kept, key=lambda line: line.number)

    def line_id(self, number: int) -> str:
        """Return a number as an id that other runs do not have."""
        return f"{self.run}-{number}"

    def number_of(self, line_id: str) -> int | None:
        """Return the number of an id of this run; None for one of another run, or none at all."""
        run, _, digits = line_id.strip().partition("-")
        if run != self.run or not (digits.isascii() and digits.isdigit() and len(digits) < 16):
            return None
        return min(int(digits), self._newest)


class SeveralFeed(Feed):
    """The lines of several devices, each with the name of its device as ``stream``, and the state of each.

    Parameters
    ----------
    share_subject, clock
        As of :class:`Feed`.

    Examples
    --------
    >>> feed = SeveralFeed()
    >>> feed.add("bed 1").publish('{"type":"site","at_s":1.5,"sample":6000,"site":"MV"}')
    >>> feed.after(0)[0].text
    '{"type":"site","stream":"bed 1","at_s":1.5,"sample":6000,"site":"MV"}'
    """

    several = True

    def __init__(self, *, share_subject: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(share_subject=share_subject, clock=clock)
        self._parts: tuple[DeviceFeed, ...] = ()

    def add(self, name: str, subject: str | None = None) -> DeviceFeed:
        """Add a device, before it begins; return its feed."""
        part = DeviceFeed(self, name, subject)
        with self._lock:
            self._lines = collections.deque(self._lines, maxlen=MAX_LINES * (len(self._parts) + 1))
        self._parts = (*self._parts, part)
        return part

    @property
    def parts(self) -> tuple[Feed, ...]:
        """The devices, in the order of adding."""
        return self._parts

    def publish_of(self, part: DeviceFeed, text: str) -> None:
        """Publish a line of a device, as it may leave."""
        self._keep(with_stream(text, part.name), part.name, self._clock())

    def judged_of(self, part: DeviceFeed, event: WindowEvent) -> None:
        """Pass the result of a window of a device on to those who count them."""
        for count in self._judged:
            count(event, part.name)


class DeviceFeed(Feed):
    """One device of a :class:`SeveralFeed`, which makes it: a state of its own, and lines that go to the whole.

    Attributes
    ----------
    name : str
    """

    name: str

    def __init__(self, whole: SeveralFeed, name: str, subject: str | None) -> None:
        super().__init__(share_subject=whole.share_subject, subject=subject)
        self._whole, self.name, self.run = whole, name, whole.run

    @property
    def newest(self) -> int:
        """Number of the newest line of the whole."""
        return self._whole.newest

    @property
    def notice(self) -> str:
        """That of the whole."""
        return self._whole.notice

    @notice.setter
    def notice(self, text: str) -> None:
        """Nothing: the whole has one."""

    @property
    def address(self) -> str:
        """That of the whole."""
        return self._whole.address

    @address.setter
    def address(self, text: str) -> None:
        """Nothing: the whole has one."""

    def publish(self, text: str) -> None:
        """Publish one JSON line with the name of the device."""
        self._whole.publish_of(self, self._cleared(text))

    def judged(self, event: WindowEvent) -> None:
        """Pass the result of a window on to those who count them."""
        self._whole.judged_of(self, event)


def without_subject(text: str, *, live: bool) -> str:
    """Return a line without what may name a person: paths, names of files, notes and their like become null.

    Parameters
    ----------
    text : str
        One JSON object.
    live : bool
        Whether the source is an input, whose name is that of a device.

    Examples
    --------
    >>> without_subject('{"type":"note","at_s":1.5,"path":"/home/eva/P7","text":"Eva M."}', live=True)
    '{"type":"note","at_s":1.5,"path":null,"text":null}'
    """
    values: dict[str, Any] = json.loads(text)
    for key in NAMING_KEYS:
        if key in values:
            values[key] = None
    if values.get("error") is not None:
        values["error"] = WITHHELD
    if isinstance(values.get("labels"), str):  # the labels file of a recording
        values["labels"] = None
    if not live and "source" in values:
        values["source"] = None
    return json_line(values)

"""What is wrong with a running monitor, a sentence each, and the status of a live input in a few words.

Pure functions of a frozen snapshot, with the standard library alone; safe on any thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the types alone
    from monitor.messages import DeviceStatus, PlaybackStatus, Snapshot

__all__ = ["alerts", "first_alert", "health", "input_lost", "input_status", "playback_status"]

STATES = {"opening": "opening", "off": "off", "confirm": "waits: a", "failed": "no output"}
"""States of the playback in which nothing is heard, in a few words."""


LATE_MS = 1000.0
"""Milliseconds behind the sound from which a screen is late: twice the default hop."""


def input_lost(snapshot: Snapshot) -> bool:
    """Return whether the device is gone, so that nothing is heard whatever the last window sounded like."""
    return snapshot.device is not None and snapshot.device.state == "lost"


def health(snapshot: Snapshot, behind_ms: float | None = None) -> tuple[str, bool]:
    """Return in words whether the program keeps up and what was lost, and whether anything is wrong.

    Parameters
    ----------
    snapshot : Snapshot
    behind_ms : float or None
        From a window's last sample to its verdict on the screen, milliseconds; None where it is not known.

    Examples
    --------
    >>> from monitor.messages import Level, Snapshot, Start
    >>> start = Start("steth", 4000, "heart-sounds", "", ("normal",), 5.0, 0.5, None, 1.0)
    >>> snapshot = Snapshot(start, 1.0, None, None, (), Level(-30.0, -20.0, False), None, None, 0, 0, 0, False)
    >>> health(snapshot, 40.2)
    ('following, 40 ms behind; nothing lost', False)
    """
    late = behind_ms is not None and behind_ms >= LATE_MS and not snapshot.finished
    by = "" if behind_ms is None else f"{behind_ms / 1000:.1f} s" if late else f"{behind_ms:.0f} ms"
    behind = f", {by} behind" if by else ""
    if snapshot.finished:
        state = ""  # the header says that it has ended
    elif input_lost(snapshot):
        state = "no sound arrives"
    else:
        state = f"{'too slow' if snapshot.overloaded else 'following'}{behind}"
    counts = (
        (snapshot.gaps, "gap in the sound", "gaps in the sound"),
        (snapshot.overruns, "overrun", "overruns"),
        (snapshot.skipped, "window skipped", "windows skipped"),
        (snapshot.undelivered, "window not written", "windows not written"),
    )
    lost = ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
    wrong = bool(lost) or late or snapshot.overloaded or input_lost(snapshot)
    return "; ".join(filter(None, (state, lost or "nothing lost"))), wrong


def first_alert(snapshot: Snapshot, *, short: bool = False) -> str | None:
    """Return the most urgent alert, or None; a short one for a screen that has no room for the sentence."""
    return next(iter(alerts(snapshot, short=short).values()), None)


def alerts(snapshot: Snapshot, *, short: bool = False) -> dict[str, str]:
    """Return all alerts, the most urgent first.

    Parameters
    ----------
    snapshot : Snapshot
    short : bool
        Whether the sentences are those of a screen of 20 columns: without the name of the device and without advice.

    Returns
    -------
    dict of str to str
        From the kind of alert (``device``, ``input``, ``notice``, ``recording``, ``session``, ``marks``, ``playback``,
        ``overload``, ``rate``) to a sentence, which does not change while the alert lasts. A ``notice`` tells what is
        over already.
    """
    sentences = {} if snapshot.device is None else _device_alerts(snapshot.device, short=short)
    if snapshot.recording is not None and snapshot.recording.error is not None:
        sentences["recording"] = f"recording: {snapshot.recording.error}"
    if snapshot.session is not None and snapshot.session.error is not None:
        sentences["session"] = f"session: {snapshot.session.error}"
    if snapshot.recording is not None and snapshot.recording.marks_error is not None:
        sentences["marks"] = f"marks are not saved: {snapshot.recording.marks_error}"
    if snapshot.playback is not None and snapshot.playback.message is not None:
        sentences["playback"] = f"sound: {snapshot.playback.message}"
    if snapshot.overloaded:
        hop = f"{snapshot.start.hop_s:g} s"
        advice = "" if short else ": only the newest are classified; a longer --hop helps"
        sentences["overload"] = f"too slow for a window every {hop}{advice}"
    order = ("device", "input", "notice", "recording", "session", "marks", "playback", "overload", "rate")
    return {kind: sentences[kind] for kind in order if kind in sentences}


def _device_alerts(device: DeviceStatus, *, short: bool) -> dict[str, str]:
    """Return the alerts of a device."""
    sentences = {}
    if device.message is not None:
        sentences["device"] = device.message.removeprefix(f"{device.name}: ") if short else device.message
    if device.finding is not None:
        sentences["input"] = device.finding
    if device.notice is not None:
        sentences["notice"] = device.notice
    if device.drift is not None:
        clock = f"clock is {abs(device.drift):.1%} {'fast' if device.drift > 0 else 'slow'}"
        long = f"the device's {clock}, and so are heart rates: choose another --rate"
        sentences["rate"] = f"{clock}: another --rate helps" if short else long
    return sentences


def playback_status(playback: PlaybackStatus | None) -> str:
    """Return what is heard in a few words; empty where nothing was asked for.

    Examples
    --------
    >>> from monitor.messages import PlaybackStatus
    >>> playback_status(PlaybackStatus("playing", "Headphones", "bell", 3.0, 87.4, underruns=1))
    'ear bell +3 dB 87 ms  underruns 1'
    """
    if playback is None:
        return ""
    if playback.state != "playing":
        return f"ear {STATES[playback.state]}"
    latency = "" if playback.latency_ms is None else f" {playback.latency_ms:.0f} ms"
    underruns = f"  underruns {playback.underruns}" if playback.underruns else ""
    return f"ear {playback.sound} {playback.volume_db:+.0f} dB{latency}{underruns}"


def input_status(snapshot: Snapshot) -> str:
    """Return site, status of a live input and recordings in a few words; empty where there is none of them.

    Examples
    --------
    >>> from monitor.messages import DeviceStatus, Level, Snapshot, Start
    >>> start = Start("steth", 4000, "heart-sounds", "", ("normal",), 5.0, 0.5, None, 1.0)
    >>> device = DeviceStatus("open", "steth", "ALSA", 1, 4000, measured_rate_hz=3999.84, reopened=1)
    >>> level = Level(-30.0, -20.0, clipped=False)
    >>> input_status(Snapshot(start, 1.0, None, None, (), level, None, None, 0, 0, 0, False, device=device))
    '3999.8 Hz  reopened 1'
    """
    parts: list[str] = [] if snapshot.site is None else [f"site {snapshot.site.site}"]
    if (device := snapshot.device) is not None:
        if device.state != "open":
            parts.append(device.state)
        elif device.measured_rate_hz is not None:
            parts.append(f"{device.measured_rate_hz:.1f} Hz")
        counts = (("reopened", device.reopened), ("overflows", device.overflows), ("held up", device.held_up))
        parts += [f"{name} {count}" for name, count in counts if count]
    for name, recording in (("REC", snapshot.recording), ("SESSION", snapshot.session)):
        if recording is not None:
            minutes, seconds = divmod(int(recording.written_s), 60)
            parts.append(f"{name if recording.error is None else f'{name.lower()} waiting'} {minutes}:{seconds:02d}")
    return "  ".join(parts)

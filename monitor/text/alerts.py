"""What is wrong with a live monitor right now, in one sentence, and how it is doing in a few words.

Pure functions of a frozen snapshot, with the standard library alone; safe on any thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the types alone: the messages would bring NumPy with them
    from monitor.messages import DeviceStatus, Snapshot

__all__ = ["alarm", "alarms", "vital_signs"]


def alarm(snapshot: Snapshot) -> str | None:
    """Return what a person should see to first, or None when all is well."""
    return next(iter(alarms(snapshot).values()), None)


def alarms(snapshot: Snapshot) -> dict[str, str]:
    """Return everything that is wrong, the most urgent first.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    dict of str to str
        By the name of what is wrong (``device``, ``input``, ``recording``, ``overload``, ``rate``): a sentence. Its
        figures do not change while what is wrong stays the same.
    """
    found = {} if snapshot.device is None else _device_alarms(snapshot.device)
    if snapshot.recording is not None and snapshot.recording.error is not None:
        found["recording"] = f"recording: {snapshot.recording.error}"
    if snapshot.overloaded:
        hop = f"{snapshot.start.hop_s:g} s"
        found["overload"] = f"too slow for a window every {hop}: only the newest are judged; a longer --hop helps"
    order = ("device", "input", "recording", "overload", "rate")
    return {name: found[name] for name in order if name in found}


def _device_alarms(device: DeviceStatus) -> dict[str, str]:
    """Return what is wrong with the device."""
    found = {}
    if device.message is not None:
        found["device"] = device.message
    if device.finding is not None:
        found["input"] = device.finding
    if device.drift is not None:
        found["rate"] = (
            f"the device's clock is {abs(device.drift):.1%} {'fast' if device.drift > 0 else 'slow'}, and so are "
            "heart rates: choose another --rate"
        )
    return found


def vital_signs(snapshot: Snapshot) -> str:
    """Return how a live input is doing: ``3999.8 Hz  reopened 1  overflows 2  recorded 0:12``; empty without one."""
    parts: list[str] = []
    if (device := snapshot.device) is not None:
        if device.state != "open":
            parts.append(device.state)
        elif device.measured_rate_hz is not None:
            parts.append(f"{device.measured_rate_hz:.1f} Hz")
        parts += [f"{word} {count}" for word, count in _counts(device) if count]
    if (recording := snapshot.recording) is not None:
        minutes, seconds = divmod(int(recording.written_s), 60)
        parts.append(f"{'REC' if recording.error is None else 'rec waiting'} {minutes}:{seconds:02d}")
    return "  ".join(parts)


def _counts(device: DeviceStatus) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return what happened to the device, named."""
    return ("reopened", device.reopened), ("overflows", device.overflows)

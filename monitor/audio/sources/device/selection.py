"""Which sound inputs there are, what they look like, and which one was meant.

Pure functions of a list of devices that :mod:`monitor.audio.sources.device.portaudio` made; must not open anything. Numbers move when
something is plugged in, so a device is found again by its name. Safe on any thread.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Literal

from monitor.errors import DeviceError, NoSuchDeviceError

__all__ = ["DeviceInfo", "choose", "find_again"]

Kind = Literal["stethoscope", "virtual", "router"]

STETHOSCOPE = re.compile(
    r"stetho|steth\b|littmann|\beko\b|\bcore 500\b|\bduo ecg\b|thinklabs|stemoscope|mintti|auscult|phonocardi|cardio"
    r"|\bheart|ekuore|hd steth|jabes|riester|welch allyn|cliniclo?ud",
    re.IGNORECASE,
)
"""Words in the names of digital stethoscopes, and of the inputs that people name after theirs."""

VIRTUAL = re.compile(
    r"\bmonitor\b|loopback|virtual|blackhole|soundflower|stereo ?mix|wave out|what u hear|vb-audio|cable output"
    r"|voicemeeter|\bnull\b|dummy|snd_aloop|obs-|aggregate",
    re.IGNORECASE,
)
"""Words in the names of inputs that hear what the computer itself plays, or nothing."""

ROUTER = re.compile(
    r"^(default|sysdefault|pulse|pipewire|jack|dmix|dsnoop|system|microsoft sound mapper.*|primary sound capture.*)$",
    re.IGNORECASE,
)
"""Names that stand for whatever input the operating system has chosen."""

PLACE = re.compile(r"\s*\((?:plug)?hw:[^)]*\)|^\d+- | \(\d+- ")
"""The part of a name that tells where a device is plugged in: ``(hw:2,0)`` on Linux, ``2- `` on Windows."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound input.

    Attributes
    ----------
    index : int
        Its number until something is plugged in or out.
    name, host_api : str
        As the operating system calls them; together they tell devices apart.
    channels : int
        Most channels that can be heard at once.
    default_rate : int
        Hz, the rate that the device says is its own.
    default : bool
        Whether it is heard when nothing is asked for.
    rates : tuple of int
        Hz, the rates that were tried and taken; empty when none was tried.
    """

    index: int
    name: str
    host_api: str
    channels: int
    default_rate: int
    default: bool = False
    rates: tuple[int, ...] = ()

    @property
    def full_name(self) -> str:
        """Name and host API, as ``--device`` takes them."""
        return f"{self.name}, {self.host_api}"

    @property
    def kind(self) -> Kind | None:
        """What the name looks like; None where it tells nothing."""
        if VIRTUAL.search(self.name):
            return "virtual"
        if STETHOSCOPE.search(self.name):
            return "stethoscope"
        return "router" if ROUTER.match(self.name) else None

    @property
    def _lasting_name(self) -> tuple[str, str]:
        """What stays the same when the device is plugged in elsewhere."""
        return PLACE.sub(" ", self.name).strip(), self.host_api


def choose(devices: Sequence[DeviceInfo], wanted: str | int | None) -> DeviceInfo:
    """Return the one device that was meant.

    Parameters
    ----------
    devices : sequence of DeviceInfo
    wanted : str, int or None
        A number, a name, a part of name and host API that only one device has, or None for the default.

    Raises
    ------
    NoSuchDeviceError
        If there is none like that.
    DeviceError
        If there is more than one; the message names them.
    """
    if wanted is None:
        found = [device for device in devices if device.default]
        return _only(found, devices, "no input is the system's default", "")
    if isinstance(wanted, int) or wanted.strip().isdecimal():
        found = [device for device in devices if device.name == str(wanted)]
        found = found or [device for device in devices if device.index == int(wanted)]
        return _only(found, devices, f"no input has the number {wanted}", str(wanted))
    return _by_name(devices, wanted.strip())


def _by_name(devices: Sequence[DeviceInfo], wanted: str) -> DeviceInfo:
    """Return the device of a name: exact first, then the only one that contains it, whatever the case."""
    missing = f"no input is called {wanted!r}"
    small = wanted.casefold()
    exact = [device for device in devices if wanted in (device.name, device.full_name)]
    whole = [device for device in devices if small in (device.name.casefold(), device.full_name.casefold())]
    within = [device for device in devices if small in device.full_name.casefold()]
    return _only(exact or whole or within, devices, missing, wanted)


def find_again(devices: Sequence[DeviceInfo], before: DeviceInfo) -> DeviceInfo | None:
    """Return the device that was heard before, by name whatever its number; None while it cannot be told.

    Parameters
    ----------
    devices : sequence of DeviceInfo
        As they are now.
    before : DeviceInfo
        As it was then.

    Returns
    -------
    DeviceInfo or None
        The only one of its name and host API, else (several sticks of one make) the one that also has its number;
        the same with the name that lasts when it is plugged into another socket.
    """
    same = [device for device in devices if device.full_name == before.full_name]
    same = same or [device for device in devices if device._lasting_name == before._lasting_name]
    if len(same) > 1:
        same = [device for device in same if device.index == before.index]
    return same[0] if same else None


def _only(found: Sequence[DeviceInfo], devices: Sequence[DeviceInfo], missing: str, wanted: str) -> DeviceInfo:
    """Return the only one found, or say what there is."""
    if len(found) == 1:
        return found[0]
    if found:
        raise DeviceError(f"{wanted!r} could be {_listed(found)}", "name one of them in full, or by its number")
    if not devices:
        raise NoSuchDeviceError(
            f"{missing}, nor any other input", "plug the stethoscope in, or allow this program to hear a microphone"
        )
    raise NoSuchDeviceError(missing, f"choose one with --device: {_listed(devices)}")


def _listed(devices: Sequence[DeviceInfo]) -> str:
    """Return ``[1] USB Audio, ALSA | [4] pulse, ALSA``."""
    return " | ".join(f"[{device.index}] {device.full_name}" for device in devices)

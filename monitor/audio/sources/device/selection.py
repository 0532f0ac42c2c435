"""The sound inputs, what kind of device each name suggests, and which one the user meant.

Pure functions of a list of devices from :mod:`monitor.audio.sources.device.portaudio`; must not open anything. Indices
change when something is plugged in, so a device is found again by its name. Safe on any thread.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Literal

from monitor.errors import DeviceError, NoSuchDeviceError, did_you_mean

__all__ = ["STEPS", "DeviceInfo", "Direction", "choose", "find_again"]

Kind = Literal["stethoscope", "virtual", "router"]
Direction = Literal["input", "output"]

STETHOSCOPE = re.compile(
    r"stetho|steth\b|littmann|\beko\b|\bcore 500\b|\bduo ecg\b|thinklabs|stemoscope|mintti|auscult|phonocardi|cardio"
    r"|\bheart|ekuore|hd steth|jabes|riester|welch allyn|cliniclo?ud",
    re.IGNORECASE,
)
"""Words in the names of digital stethoscopes, and of inputs that users have named after theirs."""

VIRTUAL = re.compile(
    r"\bmonitor\b|loopback|virtual|blackhole|soundflower|stereo ?mix|wave out|what u hear|vb-audio|cable output"
    r"|voicemeeter|\bnull\b|dummy|snd_aloop|obs-|aggregate",
    re.IGNORECASE,
)
"""Words in the names of inputs that record what the computer itself plays, or nothing."""

ROUTER = re.compile(
    r"^(default|sysdefault|pulse|pipewire|jack|dmix|dsnoop|system|microsoft sound mapper.*|primary sound capture.*)$",
    re.IGNORECASE,
)
"""Names that stand for the input that the operating system has chosen."""

HEADPHONES = re.compile(
    r"head-?phone|head-?set|ear-?(phone|bud|piece)|air-?pods|\bbuds\b|kopfh|casque|auricular|cuffie", re.IGNORECASE
)
"""Words in the names of outputs that only the listener hears."""

WORD = re.compile(r"\w{4,}")
"""A part of a name that is long enough to be mistyped."""

PORT = re.compile(r"\s*\((?:plug)?hw:[^)]*\)|^\d+- | \(\d+- ")
"""The part of a name that depends on where a device is plugged in: ``(hw:2,0)`` on Linux, ``2- `` on Windows."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A sound input, or an output.

    Attributes
    ----------
    index : int
        PortAudio's index until something is plugged in or out.
    name, host_api : str
        From the operating system; together they identify a device.
    channels : int
        Maximum number of channels, of an input those that it records.
    default_rate : int
        Hz, the device's own rate.
    default : bool
        Whether it is used when no device is given.
    rates : tuple of int
        Hz, the supported rates; empty when none was tested.
    source : str or None
        Of a device of a sound server: the server's name for it.
    opened_by : int or None
        Of such a device: PortAudio's index of the device that leads to the server.
    """

    index: int
    name: str
    host_api: str
    channels: int
    default_rate: int
    default: bool = False
    rates: tuple[int, ...] = ()
    source: str | None = None
    opened_by: int | None = None

    @property
    def full_name(self) -> str:
        """Name and host API, as ``--device`` takes them."""
        return f"{self.name}, {self.host_api}"

    @property
    def kind(self) -> Kind | None:
        """What the name suggests; None where it suggests nothing."""
        if VIRTUAL.search(self.name):
            return "virtual"
        if STETHOSCOPE.search(self.name):
            return "stethoscope"
        return "router" if ROUTER.match(self.name) else None

    @property
    def headphones(self) -> bool:
        """Whether the name says that only the listener hears it."""
        return bool(HEADPHONES.search(self.name))

    @property
    def _lasting_name(self) -> tuple[str, str]:
        """Name without the port, and host API: unchanged when the device is plugged in elsewhere."""
        return PORT.sub(" ", self.name).strip(), self.host_api


def choose(devices: Sequence[DeviceInfo], wanted: str | int | None, *, direction: Direction = "input") -> DeviceInfo:
    """Return the one device that the user meant.

    Parameters
    ----------
    devices : sequence of DeviceInfo
    wanted : str, int or None
        An index, a name, a part of name and host API that only one device has, or None for the default.
    direction : {"input", "output"}
        What the devices are, for the errors.

    Raises
    ------
    NoSuchDeviceError
        If no device matches.
    DeviceError
        If more than one matches; the message names them.

    Examples
    --------
    >>> devices = [DeviceInfo(0, "Built-in Audio", "ALSA", 2, 48000, default=True),
    ...            DeviceInfo(3, "Littmann CORE (hw:2,0)", "ALSA", 1, 4000)]
    >>> choose(devices, "littmann").index, choose(devices, 3).kind, choose(devices, None).name
    (3, 'stethoscope', 'Built-in Audio')
    """
    if wanted is None:
        matches = [device for device in devices if device.default]
        return _only(matches, devices, f"no {direction} is the system's default", "", direction)
    if isinstance(wanted, int) or wanted.strip().isdecimal():
        matches = [device for device in devices if device.name == str(wanted)]
        matches = matches or [device for device in devices if device.index == int(str(wanted).strip())]
        return _only(matches, devices, f"no {direction} has the number {wanted}", str(wanted), direction)
    return _by_name(devices, wanted.strip(), direction)


def _by_name(devices: Sequence[DeviceInfo], wanted: str, direction: Direction) -> DeviceInfo:
    """Return the device of a name: an exact match first, then the only case-insensitive or partial match."""
    missing = f"no {direction} is called {wanted!r}"
    small = wanted.casefold()
    exact = [device for device in devices if wanted in (device.name, device.full_name, device.source)]
    whole = [device for device in devices if small in (device.name.casefold(), device.full_name.casefold())]
    within = [device for device in devices if small in device.full_name.casefold()]
    for matches in (exact, whole, within):
        if matches:  # the device itself, before the same one by way of a sound server
            direct = [device for device in matches if device.source is None]
            return _only(direct or matches, devices, missing, wanted, direction)
    return _only([], devices, missing, wanted, direction)


def find_again(devices: Sequence[DeviceInfo], before: DeviceInfo) -> DeviceInfo | None:
    """Return the device that was open before, by name whatever its index; None while it is missing or ambiguous.

    Parameters
    ----------
    devices : sequence of DeviceInfo
        The present ones.
    before : DeviceInfo
        The device as it was.

    Returns
    -------
    DeviceInfo or None
        The only one of its name and host API, else (several devices of one model) the one that also has its index;
        failing that, the same by the name without the port.
    """
    same = [device for device in devices if device.full_name == before.full_name]
    same = same or [device for device in devices if device._lasting_name == before._lasting_name]
    if len(same) > 1:
        same = [device for device in same if device.index == before.index]
    return same[0] if same else None


STEPS: dict[Direction, tuple[str, str]] = {
    "input": ("plug the stethoscope in, or allow this program to use the microphone", "choose one with --device"),
    "output": ("plug headphones in", "choose another output"),
}
"""What helps where there is no device, and where there are others."""


def _only(
    matches: Sequence[DeviceInfo], devices: Sequence[DeviceInfo], missing: str, wanted: str, direction: Direction
) -> DeviceInfo:
    """Return the only match, or raise with the devices that exist."""
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise DeviceError(f"{wanted!r} could be {_listed(matches)}", "name one of them in full, or by its number")
    if not devices:
        raise NoSuchDeviceError(f"{missing}: no {direction} is connected", STEPS[direction][0])
    names = [device.name for device in devices]
    question = did_you_mean(wanted, [*names, *WORD.findall(" ".join(names))])
    raise NoSuchDeviceError(missing, f"{question}{STEPS[direction][1]}: {_listed(devices)}")


def _listed(devices: Sequence[DeviceInfo]) -> str:
    """Return ``[1] USB Audio, ALSA | [4] pulse, ALSA``."""
    return " | ".join(f"[{device.index}] {device.full_name}" for device in devices)

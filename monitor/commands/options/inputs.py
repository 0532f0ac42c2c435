"""From the name of a sound device to its source.

Main thread only.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

from monitor.audio.limits import LATENCY_S
from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import DeviceInfo, choose
from monitor.commands.options.settings import DEFAULT, Settings
from monitor.errors import NoSuchDeviceError
from monitor.output import say
from monitor.process.service_manager import notify

if TYPE_CHECKING:
    from monitor.audio.sources.base import Source

__all__ = ["InputOptions", "find_device", "input_latency_s", "separate_input"]

MONITOR_LATENCY_S = 0.04
"""Input latency in seconds while somebody hears the input."""
RETRY_S = 1.0
"""Seconds between two searches for a device that is waited for."""


@dataclasses.dataclass(frozen=True, slots=True)
class InputOptions:
    """How an input is opened.

    Attributes
    ----------
    channel : int
        From 1.
    rate : int or None
        Hz; None for the input's own.
    latency_s : float
        Seconds to ask the system for.
    once : bool
        Whether a lost device is an error.
    waiting : bool
        Whether to wait for a device that is not connected.
    """

    channel: int = 1
    rate: int | None = None
    latency_s: float = LATENCY_S
    once: bool = False
    waiting: bool = False


def input_latency_s(chosen: Settings, *, monitored: bool) -> float:
    """Return the input latency to ask for: a short one where it is heard, unless one was chosen."""
    return MONITOR_LATENCY_S if monitored and chosen.latency.origin == DEFAULT else chosen.latency.value


def separate_input(wanted: str, options: InputOptions, system: PortAudio) -> Source:
    """Return a source for an input that nothing else in this process can disturb.

    Sound devices are captured by a process each. An input that needs no sound library
    (:mod:`monitor.commands.options.elsewhere`) runs in this process, with a thread of its own.

    Parameters
    ----------
    wanted : str
        As typed: the name of a device, a part of it, or its index.
    options : InputOptions
    system : PortAudio
        Lists and checks devices; opens none.

    Raises
    ------
    DeviceError
        If there is no such input, more than one, or not with this channel or rate.
    """
    from monitor.audio.sources.capture_process.source import CaptureProcessSource

    device: DeviceInfo | str = wanted
    try:  # where its rate is known, it is waited for by its process, and holds up no other
        device = find_device(system, wanted, waiting=options.waiting and options.rate is None)
    except NoSuchDeviceError:
        if not options.waiting:
            raise
    return CaptureProcessSource(
        device,
        system,
        channel=options.channel,
        sample_rate=options.rate,
        latency_s=options.latency_s,
        once=options.once,
        wait_for_device=options.waiting,
    )


def find_device(system: PortAudio, wanted: str | None, *, waiting: bool) -> DeviceInfo:
    """Return the device that was meant; with ``waiting``, as soon as it is connected.

    Raises
    ------
    DeviceError
        If there is no such device and none is waited for, or more than one.
    """
    announced = False
    pause = threading.Event()
    while True:
        try:
            return choose(system.devices(), wanted)
        except NoSuchDeviceError as error:
            if not waiting:
                raise
            if not announced:
                say(f"auscult: {error.message}: waiting for it")
                announced = True
        notify("READY=1", "STATUS=waiting for the device", "WATCHDOG=1")
        pause.wait(RETRY_S)
        system.restart()

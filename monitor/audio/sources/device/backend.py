"""What a live input needs of the library that opens devices: the contract of :mod:`monitor.audio.sources.device.portaudio`.

Kept apart so that a scripted library can stand in for it where a fault is wanted.
"""

from __future__ import annotations

from typing import Protocol

from monitor.audio.sources.device.portaudio import BlockCallback
from monitor.audio.sources.device.selection import DeviceInfo

__all__ = ["AudioBackend", "StreamLike"]


class StreamLike(Protocol):
    """An open input; :class:`monitor.audio.sources.device.portaudio.Stream` is one."""

    @property
    def active(self) -> bool:
        """Whether blocks may still come."""

    def close(self) -> None:
        """End the callbacks and let go of the device."""


class AudioBackend(Protocol):
    """What opens devices; :class:`monitor.audio.sources.device.portaudio.PortAudio` is one."""

    def devices(self) -> list[DeviceInfo]:
        """Return every input, as of the last start."""

    def check(self, device: DeviceInfo, channels: int, sample_rate: int) -> None:
        """Refuse channels or a rate that a device does not have."""

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, take: BlockCallback
    ) -> StreamLike:
        """Open an input and start it."""

    def restart(self) -> None:
        """See what is plugged in now."""

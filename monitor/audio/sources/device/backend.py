"""The interface of the library that opens devices, as a live input and an output need it.

:class:`~monitor.audio.sources.device.portaudio.PortAudio` implements it; tests put a scripted library in its place.
"""

from __future__ import annotations

from typing import Protocol

from monitor.audio.sources.device.portaudio import BlockCallback, PullCallback
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.errors import DeviceError

__all__ = ["AudioBackend", "OutputBackend", "StreamLike"]


class StreamLike(Protocol):
    """An open input or output; :class:`~monitor.audio.sources.device.portaudio.Stream` is one."""

    @property
    def active(self) -> bool:
        """Whether blocks may still come."""

    @property
    def latency_s(self) -> float:
        """Seconds that the library states for the way through it."""

    @property
    def failure(self) -> DeviceError | None:
        """Why it ended by itself, where that is known."""

    def close(self) -> None:
        """Stop the callbacks and release the device."""


class AudioBackend(Protocol):
    """Lists and opens devices; :class:`~monitor.audio.sources.device.portaudio.PortAudio` is one."""

    @property
    def notice(self) -> str | None:
        """What was refused or repaired in the last seconds, where that is known."""

    def devices(self) -> list[DeviceInfo]:
        """Return every input, as of the last start of the library."""

    def check(self, device: DeviceInfo, channels: int, sample_rate: int) -> None:
        """Refuse channels or a rate that a device does not have."""

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: BlockCallback
    ) -> StreamLike:
        """Open an input and start it."""

    def restart(self) -> None:
        """Restart the library, so that it sees what is plugged in now."""


class OutputBackend(Protocol):
    """Lists and opens outputs; :class:`~monitor.audio.sources.device.portaudio.PortAudio` is one."""

    def outputs(self) -> list[DeviceInfo]:
        """Return every output, as of the last start of the library."""

    def plays(self, device: DeviceInfo, sample_rate: int) -> bool:
        """Return whether an output supports a rate."""

    def open_output(self, device: DeviceInfo, sample_rate: int, latency_s: float, on_pull: PullCallback) -> StreamLike:
        """Open an output and start it."""

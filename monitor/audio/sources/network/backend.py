"""What every input of the network is to the watchdog: one device, with the channels and the rate of its address."""

from __future__ import annotations

from collections.abc import Callable

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.network.address import NetworkAddress, check_channels
from monitor.audio.sources.network.troubles import Troubles

__all__ = ["NetworkBackend"]


class NetworkBackend:
    """The one device of an address; the base of each kind of connection.

    Parameters
    ----------
    address : NetworkAddress
    clock : callable
        Returns seconds that only go up.

    Attributes
    ----------
    host_api : str
        The kind of connection, where a sound device has its host API.
    troubles : Troubles
        What was refused or repaired.
    """

    host_api = ""

    def __init__(self, address: NetworkAddress, clock: Callable[[], float]) -> None:
        self._address, self._clock = address, clock
        self.troubles = Troubles(address.name, clock)

    @property
    def device(self) -> DeviceInfo:
        """The input, as a device."""
        raw = self._address.raw
        return DeviceInfo(-1, self._address.name, self.host_api, raw.channels, raw.sample_rate)

    @property
    def notice(self) -> str | None:
        """What was refused or repaired in the last seconds."""
        return self.troubles.notice

    def devices(self) -> list[DeviceInfo]:
        """Return the input."""
        return [self.device]

    def check(self, device: DeviceInfo, channels: int, sample_rate: int) -> None:
        """Refuse a channel that is not sent.

        Raises
        ------
        DeviceError
            If so.
        """
        check_channels(device, channels)

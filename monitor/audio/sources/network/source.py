"""Sound from a network as a source: a device whose library is a connection.

States, reconnecting, gaps, measured rate and diagnosis are those of a device
(:mod:`monitor.audio.sources.device.watchdog`).
"""

from __future__ import annotations

from collections.abc import Callable

from monitor.audio.limits import LATENCY_S
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.audio.sources.network.address import NetworkAddress
from monitor.audio.sources.network.tcp import TcpBackend
from monitor.audio.sources.network.websocket import WebSocketBackend

__all__ = ["NetworkSource"]


class NetworkSource(MicrophoneSource):
    """Hears a sender on a network until it is stopped.

    Parameters
    ----------
    address : NetworkAddress
        ``tcp`` is listened on from now on, and waits for its sender in any case.
    channel : int or None
        The channel to record, from 1; None for the first.
    latency_s : float
        Seconds by which sound may come late without being looked for, above 0, at most 5.
    once : bool
        Whether to end with an error when the sender is lost, instead of hearing it again when it is back.
    wait_for_device : bool
        Whether to keep trying when a server cannot be connected to at first.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1; see :class:`~monitor.audio.sources.base.Source`.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    address : NetworkAddress
    backend : TcpBackend or WebSocketBackend

    Raises
    ------
    DeviceError
        If the address cannot be listened on, or has no such channel.
    MissingExtraError
        If a WebSocket needs a package that is not installed.
    """

    silent_s = 3.0
    """A wireless network repeats what was not received after up to two seconds."""
    platform = "network"

    def __init__(
        self,
        address: NetworkAddress,
        *,
        channel: int | None = None,
        latency_s: float = LATENCY_S,
        once: bool = False,
        wait_for_device: bool = False,
        ecg_channel: int | None = None,
        clock: Callable[[], float] = elapsed_s,
    ) -> None:
        listens = address.scheme == "tcp"
        self.address = address
        self.backend = TcpBackend(address, clock) if listens else WebSocketBackend(address, clock)
        try:
            super().__init__(
                self.backend.device,
                self.backend,
                channel=channel,
                latency_s=latency_s,
                once=once,
                wait_for_device=wait_for_device or listens,
                ecg_channel=ecg_channel,
                clock=clock,
            )
        except BaseException:
            self.backend.close()
            raise

    def stop(self) -> None:
        """Close the connection and wait for its threads. Twice is safe, and so is before the start."""
        super().stop()
        self.backend.close()

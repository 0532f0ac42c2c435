"""A live input as a source: a microphone, a line input, a digital stethoscope.

One channel at the device's own rate, without gain control. PortAudio's thread copies blocks into the ring
(:mod:`~monitor.audio.sources.device.capture`); a watchdog keeps the device open
(:mod:`~monitor.audio.sources.device.watchdog`). Readers of the ring do not know that the sound is live.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Self

from monitor.audio.limits import LATENCY_S, MAX_LATENCY_S, MAX_RATE_HZ, MIN_RATE_HZ
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.base import Source
from monitor.audio.sources.decoding.pcm import check_channel, check_ecg_channel
from monitor.audio.sources.device.backend import AudioBackend
from monitor.audio.sources.device.capture import Capture
from monitor.audio.sources.device.elapsed_time import elapsed_s
from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import DeviceInfo, choose
from monitor.audio.sources.device.watchdog import SILENT_S, Watchdog
from monitor.errors import DeviceError
from monitor.messages import DeviceStatus

__all__ = ["MicrophoneSource"]


class MicrophoneSource(Source):
    """Records a device until it is stopped.

    Parameters
    ----------
    device : DeviceInfo
        From :func:`monitor.audio.sources.device.selection.choose`.
    backend : AudioBackend
        Usually :class:`~monitor.audio.sources.device.portaudio.PortAudio`; for this source alone from now on.
    channel : int or None
        The channel to record, from 1; None for the first.
    sample_rate : int or None
        Hz, 1000 to 192000; None for the device's own.
    latency_s : float
        Seconds that the library may buffer, above 0, at most 5.
    once : bool
        Whether to end with an error when the device is lost, instead of reopening it when it is back.
    wait_for_device : bool
        Whether to keep trying when the device does not open at first.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1; see :class:`~monitor.audio.sources.base.Source`.
    clock : callable
        Returns monotonic seconds, with those during which the computer slept.

    Attributes
    ----------
    name : str
        The device's.
    speed : float
        1.
    silent_s : float
        Seconds without a block after which the device counts as lost.
    platform : str
        Whose settings the advice names; see :class:`~monitor.audio.sources.device.input_diagnosis.InputDiagnosis`.

    Raises
    ------
    ValueError
        If channel or latency are out of range.
    DeviceError
        If the device has no such channel or rate.
    """

    live = True
    silent_s = SILENT_S
    platform = sys.platform

    def __init__(
        self,
        device: DeviceInfo,
        backend: AudioBackend,
        *,
        channel: int | None = None,
        sample_rate: int | None = None,
        latency_s: float = LATENCY_S,
        once: bool = False,
        wait_for_device: bool = False,
        ecg_channel: int | None = None,
        clock: Callable[[], float] = elapsed_s,
    ) -> None:
        check_channel(channel)
        check_ecg_channel(channel or 1, ecg_channel)
        if not 0 < latency_s <= MAX_LATENCY_S:
            raise ValueError(f"latency_s={latency_s:g} must be above 0 and at most {MAX_LATENCY_S:g} s")
        self.name = device.name
        self.sample_rate = device.default_rate if sample_rate is None else sample_rate
        if not MIN_RATE_HZ <= self.sample_rate <= MAX_RATE_HZ:
            raise DeviceError(
                f"{self.name}: {self.sample_rate} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz",
                "choose a rate in between with --rate",
            )
        self._device, self._backend, self._channel = device, backend, channel or 1
        self._latency_s, self._once, self._wait_for_device, self._clock = latency_s, once, wait_for_device, clock
        self._watchdog: Watchdog | None = None
        self.ecg_channel = ecg_channel
        if ecg_channel is not None and ecg_channel > device.channels:
            raise DeviceError(
                f"{self.name}: has {device.channels} input channels, there is no channel {ecg_channel}",
                "choose another --ecg-channel, or another device: auscult devices",
            )
        backend.check(device, self._channel, self.sample_rate)

    @classmethod
    def named(cls, wanted: str | int | None = None, **options: Any) -> Self:
        """Return a source for the device that ``wanted`` means, with the parameters of the class.

        See :func:`monitor.audio.sources.device.selection.choose`.

        Raises
        ------
        DeviceError
            If there is no such device, more than one, or no PortAudio library.
        """
        backend = PortAudio()
        return cls(choose(backend.devices(), wanted), backend, **options)

    @property
    def device_status(self) -> DeviceStatus:
        """State of the device, frozen."""
        if self._watchdog is not None:
            return self._watchdog.status
        return DeviceStatus("opening", self.name, self._device.host_api, self._channel, self.sample_rate)

    @property
    def since_last_block_s(self) -> float:
        """Seconds since the newest block came."""
        return 0.0 if self._watchdog is None else self._watchdog.since_last_block_s

    @property
    def latency_s(self) -> float:
        """Seconds from a sound at the input to its sample in the ring buffer, as PortAudio states them."""
        return 0.0 if self._watchdog is None else self._watchdog.stream_latency_s

    def start(self, ring: RingBuffer) -> None:
        """Open the device; its blocks go into ``ring``.

        Raises
        ------
        DeviceError
            If it does not open.
        ValueError
            If it was started before.
        """
        if self._watchdog is not None:
            raise ValueError("start must be called once; create a new source to record the device again")
        self._watchdog = Watchdog(
            self._backend,
            self._device,
            Capture(ring, self.sample_rate, self._channel, self._clock, self._latency_s, self.ecg_channel),
            ring,
            channel=self._channel,
            sample_rate=self.sample_rate,
            latency_s=self._latency_s,
            once=self._once,
            wait_for_device=self._wait_for_device,
            clock=self._clock,
            channels=self.ecg_channel or 1,
            silent_s=self.silent_s,
            platform=self.platform,
        )
        self._watchdog.start()

    def stop(self) -> None:
        """Close the device and wait for its threads. Twice is safe, and so is before the start."""
        if self._watchdog is not None:
            self._watchdog.stop(self.stop_timeout_s)

    @property
    def stuck(self) -> bool:
        """Whether the driver did not release the device in time; the program cannot exit by itself then."""
        return self._watchdog is not None and self._watchdog.stuck

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the source early, or None."""
        return None if self._watchdog is None else self._watchdog.error

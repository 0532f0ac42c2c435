"""Streams of the lab streaming layer as devices: found by name, opened, read by a thread.

A backend as a device's watchdog uses it (:mod:`monitor.audio.sources.device.backend`).
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.device.portaudio import BlockCallback
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.lsl.library import load_pylsl
from monitor.audio.sources.network.address import check_channels
from monitor.errors import DeviceError, NoSuchDeviceError, did_you_mean
from monitor.log import get_logger

__all__ = ["LslBackend", "LslStream", "as_sound"]

logger = get_logger(__name__)

FIND_S = 1.0
"""Seconds for which streams on the network may answer."""
OPEN_S = 3.0
PULL_S = 0.05
KEPT_S = 30
"""Seconds of sound that are kept for a reader that is held up."""
TYPES: dict[int, type[np.generic]] = {1: np.float32, 2: np.float64, 4: np.int32, 5: np.int16, 6: np.int8, 7: np.int64}
"""By LSL's number of a channel format; others hold text."""


def as_sound(block: NDArray[Any]) -> NDArray[np.float32]:
    """Return samples as float32 of which 1 is full scale; integers by the range of their type.

    Examples
    --------
    >>> as_sound(np.array([[16384], [-32768]], np.int16))
    array([[ 0.5],
           [-1. ]], dtype=float32)
    """
    if np.issubdtype(block.dtype, np.integer):
        return (block / -float(np.iinfo(block.dtype).min)).astype(np.float32)
    with np.errstate(over="ignore"):
        return block.astype(np.float32)


class LslStream:
    """An inlet, and the thread that reads it.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
        Open.
    empty : ndarray, shape (samples, channels)
        Of the stream's own type; samples are pulled into it.
    on_block : callable
        Takes each block.
    name : str

    Attributes
    ----------
    active : bool
        Whether more may come.
    failure : DeviceError or None
        Why it ended by itself.
    """

    latency_s = PULL_S

    def __init__(self, inlet: Any, empty: NDArray[Any], on_block: BlockCallback, name: str) -> None:
        self._inlet, self._pulled, self._on_block, self._name = inlet, empty, on_block, name
        self.active = True
        self.failure: DeviceError | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="auscult-lsl")
        self._thread.start()

    def close(self) -> None:
        """End the thread and the inlet. Twice is safe."""
        self.active = False
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        """Pull until closed, or until the stream is gone."""
        try:
            while not self._closing.is_set():
                _, stamps = self._inlet.pull_chunk(PULL_S, len(self._pulled), self._pulled)
                if stamps:
                    self._on_block(as_sound(self._pulled[: len(stamps)]), False)
        except Exception as error:  # a thread's top: LostError, mostly
            logger.info("%s: reading ended", self._name, exc_info=True)
            self.failure = DeviceError(f"{self._name}: the stream has gone ({error})", "start its program again")
        self.active = False
        with contextlib.suppress(Exception):
            self._inlet.close_stream()


class LslBackend:
    """Finds streams by name or source id, and opens one.

    Parameters
    ----------
    wanted : str
        Its name, or its source id.

    Raises
    ------
    MissingExtraError
        If pylsl is not installed.
    AuscultError
        If liblsl is not.
    """

    notice: str | None = None

    def __init__(self, wanted: str) -> None:
        self._pylsl = load_pylsl("--device lsl:")
        self._wanted = wanted
        self._found: list[Any] = []

    def find(self) -> DeviceInfo:
        """Return the stream that is wanted.

        Raises
        ------
        NoSuchDeviceError
            If there is none of this name.
        DeviceError
            If there are several, or it is no sound.
        """
        devices = self.devices()
        if len(devices) == 1:
            return devices[0]
        if devices:
            ids = ", ".join(repr(info.source_id()) for info in self._found)
            raise DeviceError(
                f"lsl:{self._wanted} could be {len(devices)} streams", f"name one by its source id: lsl:ID of {ids}"
            )
        names = sorted({info.name() for info in self._pylsl.resolve_streams(FIND_S) if info.channel_format() in TYPES})
        step = (
            f"there are {', '.join(map(repr, names))}" if names else "start the program that sends it, on this network"
        )
        raise NoSuchDeviceError(
            f"lsl:{self._wanted}: there is no such stream", f"{did_you_mean(self._wanted, names)}{step}"
        )

    def devices(self) -> list[DeviceInfo]:
        """Return the streams of the wanted name or, where there are none, source id.

        Raises
        ------
        DeviceError
            If one of them has no steady rate.
        """
        streams = [info for info in self._pylsl.resolve_streams(FIND_S) if info.channel_format() in TYPES]
        named = [info for info in streams if info.name() == self._wanted]
        self._found = named or [info for info in streams if info.source_id() == self._wanted]
        return [self._device(index, info) for index, info in enumerate(self._found)]

    def _device(self, index: int, info: Any) -> DeviceInfo:
        """Return a stream as a device."""
        rate = info.nominal_srate()
        if rate <= 0:
            raise DeviceError(
                f"lsl:{self._wanted}: has no steady sample rate, so it is no sound", "name another stream"
            )
        return DeviceInfo(index, f"lsl:{self._wanted}", "LSL", info.channel_count(), round(rate))

    def check(self, device: DeviceInfo, channels: int, sample_rate: int) -> None:
        """Refuse a channel or a rate that the stream does not have.

        Raises
        ------
        DeviceError
            If so.
        """
        if channels > device.channels:
            check_channels(device, channels)
        if sample_rate != device.default_rate:
            raise DeviceError(f"{device.name}: has {device.default_rate} Hz, not {sample_rate}", "leave out --rate")

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: BlockCallback
    ) -> LslStream:
        """Open an inlet to a stream that was found last.

        Raises
        ------
        DeviceError
            If it does not answer, or has changed.
        """
        info = self._found[device.index]
        if (info.channel_count(), round(info.nominal_srate())) != (device.channels, sample_rate):
            raise DeviceError(f"{device.name}: has another rate or other channels now", "start auscult again")
        try:
            inlet = self._pylsl.StreamInlet(info, max_buflen=KEPT_S, recover=False)
            inlet.open_stream(OPEN_S)
        except Exception as error:  # pylsl's own errors, which have no common class
            raise DeviceError(f"{device.name}: cannot be opened ({error})", "start its program again") from error
        empty = np.zeros((sample_rate, device.channels), TYPES[info.channel_format()])
        return LslStream(inlet, empty, on_block, device.name)

    def restart(self) -> None:
        """Do nothing: :meth:`devices` looks again."""

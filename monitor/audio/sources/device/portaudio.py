"""PortAudio, by way of sounddevice; no other file imports sounddevice.

Lists devices, opens a stream, and restarts the library, which is the only way for it to see a device that was plugged
in later. Names and units are translated here, and every error becomes a :class:`~monitor.errors.DeviceError`.
Importing this module does not import sounddevice; creating a :class:`PortAudio` does. For one thread at a time, except
for the audio callback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.device.installation import install_command
from monitor.audio.sources.device.selection import DeviceInfo, Direction
from monitor.audio.sources.device.sound_server import PLUGIN, SERVER, chosen, server_devices
from monitor.errors import DeviceError
from monitor.log import get_logger

__all__ = ["RATES", "BlockCallback", "PortAudio", "PullCallback", "Stream"]

logger = get_logger(__name__)

RATES = (4000, 8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000)
"""Hz; the rates that are tried: those of stethoscopes, telephones and sound cards."""

BlockCallback = Callable[[NDArray[np.float32] | int, bool], None]
"""Takes a block ``(samples, channels)``, valid during the call only, or how many samples were lost where that is known;
and whether samples, no one knows how many, were lost right before it."""

PullCallback = Callable[[int, float, bool], NDArray[np.float32]]
"""Returns so many mono samples; given the seconds until the first of them sounds, and whether the device ran dry."""

SHORT_S = 0.1
"""Seconds; a shorter latency is divided into two blocks."""
OUTPUT_ADVICE = "plug it in, end the program that is using it, or choose another output"
MAX_STATED_S = 2.0
"""Seconds; a longer way to the output is no statement but a clock that does not run."""


class Stream:
    """An open input or output.

    Parameters
    ----------
    stream : sounddevice.InputStream or sounddevice.OutputStream
        Started.
    """

    failure: DeviceError | None = None

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def active(self) -> bool:
        """Whether the library still delivers blocks; False once the device has failed."""
        return bool(self._stream.active)

    @property
    def latency_s(self) -> float:
        """Seconds that the library states for the way through it."""
        return float(self._stream.latency)

    def close(self) -> None:
        """Stop the callbacks and release the device; returns when no callback runs. Twice is safe.

        May wait for as long as the driver does.
        """
        for end in (self._stream.abort, self._stream.close):
            try:
                end(ignore_errors=True)
            except Exception:  # a device that is gone cannot be closed any further
                logger.debug("closing a stream failed", exc_info=True)


class PortAudio:
    """The PortAudio library.

    Raises
    ------
    DeviceError
        If sounddevice or the PortAudio library is missing; with the command that installs it.
    """

    notice: str | None = None

    def __init__(self) -> None:
        try:
            import sounddevice
        except ImportError as error:
            raise DeviceError("live sound needs the package sounddevice", "pip install sounddevice") from error
        except OSError as error:  # how sounddevice reports a missing library
            raise DeviceError("the PortAudio library is not installed", install_command()) from error
        except Exception as error:  # PortAudioError, from a module that could not be imported
            raise DeviceError(f"PortAudio does not start ({error})", "check that a sound system is running") from error
        self._sounddevice: Any = sounddevice

    def devices(self) -> list[DeviceInfo]:
        """Return every input, as of the last start of the library, and those of a sound server by their own names.

        Raises
        ------
        DeviceError
            If the library cannot list them.
        """
        return self._listed("input")

    def outputs(self) -> list[DeviceInfo]:
        """Return every output, as of the last start of the library, and those of a sound server by their own names.

        Raises
        ------
        DeviceError
            If the library cannot list them.
        """
        return self._listed("output")

    def _listed(self, direction: Direction) -> list[DeviceInfo]:
        """Return every input, or every output, then those of a sound server."""
        try:
            apis = self._sounddevice.query_hostapis()
            devices = self._described(apis)
            default = int(self._sounddevice.default.device[direction == "output"])
        except self._sounddevice.PortAudioError as error:
            raise DeviceError(f"the devices cannot be listed ({_reason(error)})", "restart the sound system") from error
        listed = _devices(devices, apis, default, f"max_{direction}_channels")
        plugin = next((device for device in listed if (device.name, device.host_api) == (PLUGIN, "ALSA")), None)
        return listed if plugin is None else [*listed, *_devices_of_server(direction, plugin, listed)]

    def _described(self, apis: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return sounddevice's description of every device; it refuses them all where one name is not UTF-8."""
        try:
            devices: Sequence[Mapping[str, Any]] = self._sounddevice.query_devices()
        except UnicodeDecodeError:
            return [self._description(index) for index in sorted(index for api in apis for index in api["devices"])]
        return devices

    def _description(self, index: int) -> Mapping[str, Any]:
        """Return the description of one device; invalid bytes of its name become surrogates, as in file names."""
        try:
            description: Mapping[str, Any] = self._sounddevice.query_devices(index)
        except UnicodeDecodeError as error:
            info = self._sounddevice._lib.Pa_GetDeviceInfo(index)  # no public function is left for such a device
            return {
                "index": index,
                "name": error.object.decode("utf-8", "surrogateescape"),
                "hostapi": info.hostApi,
                "max_input_channels": info.maxInputChannels,
                "max_output_channels": info.maxOutputChannels,
                "default_samplerate": info.defaultSampleRate,
            }
        return description

    def tested_rates(self, device: DeviceInfo, rates: Sequence[int] = RATES) -> tuple[int, ...]:
        """Return the ``rates``, in Hz, that an input supports; the device is opened briefly."""
        return tuple(rate for rate in rates if self._refusal(device, 1, rate) is None)

    def played_rates(self, device: DeviceInfo, rates: Sequence[int] = RATES) -> tuple[int, ...]:
        """Return the ``rates``, in Hz, that an output supports; the device is opened briefly."""
        return tuple(rate for rate in rates if self.plays(device, rate))

    def check(self, device: DeviceInfo, channels: int, sample_rate: int) -> None:
        """Refuse channels or a rate that a device does not have.

        Raises
        ------
        DeviceError
            With what it does have.
        """
        if channels > device.channels:
            raise DeviceError(
                f"{device.name}: has {device.channels} input channels, there is no channel {channels}",
                f"choose --channel 1 to {device.channels}",
            )
        refusal = self._refusal(device, channels, sample_rate)
        if refusal is not None and "sample rate" in refusal.casefold():
            supported = self.tested_rates(device)
            advice = f"choose --rate {', '.join(map(str, supported))}" if supported else "choose another device"
            raise DeviceError(f"{device.name}: does not do {sample_rate} Hz", advice)
        if refusal is not None:
            logger.debug("%s: a check at %d Hz failed (%s); opening it may still work", device, sample_rate, refusal)

    def open(
        self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: BlockCallback
    ) -> Stream:
        """Open an input and start it.

        Parameters
        ----------
        device : DeviceInfo
            From the last :meth:`devices`.
        channels : int
            Number of channels to record, from the first on.
        sample_rate : int
            Hz.
        latency_s : float
            Seconds that the library may buffer, as a reserve against a late callback.
        on_block : callable
            Called on the library's own thread for every block, of any size.

        Raises
        ------
        DeviceError
            If the device cannot be opened or started.
        """
        stream = None
        try:
            with chosen("input", device.source):
                stream = self._sounddevice.InputStream(
                    samplerate=sample_rate,
                    blocksize=_block_samples(latency_s, sample_rate),
                    device=_number(device),
                    channels=channels,
                    dtype="float32",
                    latency=latency_s,
                    callback=_callback(on_block),
                )
                stream.start()
        except (self._sounddevice.PortAudioError, ValueError) as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            raise DeviceError(f"{device.name}: cannot be opened ({_reason(error)})", _advice(error)) from error
        logger.debug("%s: the latency of the stream is %.3f s", device.full_name, stream.latency)
        return Stream(stream)

    def plays(self, device: DeviceInfo, sample_rate: int) -> bool:
        """Return whether an output supports a rate, in Hz."""
        try:
            with chosen("output", device.source):
                self._sounddevice.check_output_settings(
                    device=_number(device), channels=min(2, device.channels), dtype="float32", samplerate=sample_rate
                )
        except (self._sounddevice.PortAudioError, ValueError):
            return False
        return True

    def open_output(self, device: DeviceInfo, sample_rate: int, latency_s: float, on_pull: PullCallback) -> Stream:
        """Open an output and start it; the sound goes to its first two channels.

        Parameters
        ----------
        device : DeviceInfo
            From the last :meth:`outputs`.
        sample_rate : int
            Hz.
        latency_s : float
            Seconds that the library may buffer.
        on_pull : callable
            Called on the library's own thread whenever the device needs samples.

        Raises
        ------
        DeviceError
            If the device cannot be opened or started.
        """
        stream = None
        try:
            with chosen("output", device.source):
                stream = self._sounddevice.OutputStream(
                    samplerate=sample_rate,
                    blocksize=_block_samples(latency_s, sample_rate),
                    device=_number(device),
                    channels=min(2, device.channels),
                    dtype="float32",
                    latency=latency_s,
                    callback=_output_callback(on_pull, latency_s),
                )
                stream.start()
        except (self._sounddevice.PortAudioError, ValueError) as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            reason = _reason(error)
            raise DeviceError(f"{device.name}: cannot be opened as output ({reason})", OUTPUT_ADVICE) from error
        logger.debug("%s: the latency of the output is %.3f s", device.full_name, stream.latency)
        return Stream(stream)

    def restart(self) -> None:
        """Restart the library, so that it sees what is plugged in now. No stream may be open.

        Raises
        ------
        DeviceError
            If it does not start.
        """
        library = self._sounddevice
        try:
            while library._initialized:  # as sounddevice itself does at exit; there is no public function for it
                library._terminate()
            library._initialize()
        except library.PortAudioError as error:
            raise DeviceError(f"PortAudio does not start ({_reason(error)})", "restart the sound system") from error

    def _refusal(self, device: DeviceInfo, channels: int, sample_rate: int) -> str | None:
        """Return why a device refuses channels and rate, or None when it supports them."""
        try:
            with chosen("input", device.source):
                self._sounddevice.check_input_settings(
                    device=_number(device), channels=channels, dtype="float32", samplerate=sample_rate
                )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            return _reason(error)
        return None


def _devices_of_server(direction: Direction, plugin: DeviceInfo, devices: Sequence[DeviceInfo]) -> list[DeviceInfo]:
    """Return the devices of the sound server that one of ALSA leads to, numbered after all others."""
    first = 1 + max(device.index for device in devices)
    return [
        DeviceInfo(
            index=index,
            name=" ".join(device.description.split()),
            host_api=SERVER,
            channels=device.channels,
            default_rate=device.sample_rate,
            source=device.name,
            opened_by=plugin.index,
        )
        for index, device in enumerate(server_devices(direction), first)
    ]


def _number(device: DeviceInfo) -> int:
    """Return the number by which the library opens a device."""
    return device.index if device.opened_by is None else device.opened_by


def _block_samples(latency_s: float, sample_rate: int, platform: str = sys.platform) -> int:
    """Return the samples of a block, 0 for the library's choice: a quarter of the latency with ALSA.

    A short latency would give a hundred blocks a second, each of which wakes several threads. Half of the latency is
    enough, since the reserve against a late callback is the other half.
    """
    return round(latency_s / 2 * sample_rate) if platform == "linux" and latency_s < SHORT_S else 0


def _callback(on_block: BlockCallback) -> Callable[..., None]:
    """Return a callback with sounddevice's signature."""

    def callback(block: NDArray[np.float32], samples: int, time: Any, status: Any) -> None:
        on_block(block, bool(status.input_overflow))

    return callback


def _output_callback(on_pull: PullCallback, asked_s: float) -> Callable[..., None]:
    """Return a callback with sounddevice's signature; a host without clocks of its own counts as late as was asked."""

    def callback(block: NDArray[np.float32], samples: int, time: Any, status: Any) -> None:
        latency_s = time.outputBufferDacTime - time.currentTime
        if not 0 < latency_s < MAX_STATED_S:
            latency_s = asked_s
        block[:] = on_pull(samples, latency_s, bool(status.output_underflow))[:, None]

    return callback


def _devices(
    devices: Sequence[Mapping[str, Any]], apis: Sequence[Mapping[str, Any]], default: int, channels: str
) -> list[DeviceInfo]:
    """Return those of sounddevice's devices that have channels of a direction."""
    return [
        DeviceInfo(
            index=int(device["index"]),
            name=" ".join(str(device["name"]).split()),
            host_api=str(apis[device["hostapi"]]["name"]),
            channels=int(device[channels]),
            default_rate=round(device["default_samplerate"]),
            default=int(device["index"]) == default,
        )
        for device in devices
        if device[channels] > 0
    ]


def _reason(error: BaseException) -> str:
    """Return the reason in a PortAudio error: the host API's message where there is one."""
    arguments: tuple[Any, ...] = error.args
    text = str(arguments[0]) if arguments else str(error)
    host = arguments[2] if len(arguments) > 2 else None
    if isinstance(host, tuple) and len(host) == 3 and host[2]:
        text = str(host[2])
    return " ".join(text.rpartition("Stream: ")[2].split())


def _advice(error: BaseException) -> str:
    """Return the next step for a device that does not open."""
    text = str(error).casefold()
    if "unavailable" in text or "busy" in text:
        return "end the program that is using it, or choose another with --device"
    if "sample rate" in text:
        return "choose another --rate; auscult devices lists those it takes"
    return "plug it in, check that the sound system is running, or choose another: auscult devices"

"""PCM bytes to float samples, and many channels to one.

The one place that defines how integers become floats (as in libsndfile, to the last bit),
how channels are selected, and which sample rates and channel counts are accepted. Functions are pure and
safe on any thread, a mixer belongs to one; must not open anything.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.limits import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ
from monitor.errors import RecordingError

__all__ = [
    "CANCELLED",
    "ENCODINGS",
    "ChannelMixer",
    "RawFormat",
    "channel_powers",
    "check_channel",
    "check_ecg_channel",
    "check_format",
    "pick_channel",
]

CANCELLED = 0.01
"""The channels cancel where the power of their mean is below this fraction of their mean power: correlation -0.98."""

SCALES = {"s16le": ("<i2", 2.0**-15), "s32le": ("<i4", 2.0**-31), "f32le": ("<f4", 1.0), "f64le": ("<f8", 1.0)}
SAMPLE_BYTES = {"u8": 1, "s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4, "f64le": 8}
ENCODINGS = tuple(SAMPLE_BYTES)


@dataclasses.dataclass(frozen=True, slots=True)
class RawFormat:
    """The format of samples without a header.

    Parameters
    ----------
    sample_rate : int
        Hz, 1000 to 192000.
    channels : int
        Interleaved channels, 1 to 1024.
    encoding : str
        One of `ENCODINGS`: signed (``s``) or unsigned (``u``) integers or floats (``f``), little-endian.

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> stereo = RawFormat(sample_rate=4000, channels=2, encoding="s16le")
    >>> stereo.frame_bytes, stereo.decode(bytes([0, 64, 0, 128]))
    (4, array([[ 0.5, -1. ]], dtype=float32))
    """

    sample_rate: int
    channels: int = 1
    encoding: str = "s16le"

    def __post_init__(self) -> None:
        """Check the values."""
        if not MIN_RATE_HZ <= self.sample_rate <= MAX_RATE_HZ:
            raise ValueError(f"sample_rate={self.sample_rate} must be from {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ValueError(f"channels={self.channels} must be from 1 to {MAX_CHANNELS}")
        if self.encoding not in SAMPLE_BYTES:
            raise ValueError(f"encoding={self.encoding!r} must be one of {', '.join(ENCODINGS)}")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return SAMPLE_BYTES[self.encoding] * self.channels

    def decode(self, data: bytes) -> NDArray[np.float32]:
        """Return the samples in ``data``; an incomplete sample at the end is dropped.

        Returns
        -------
        ndarray, shape (samples, channels), float32
            Integers are scaled to [-1, 1); floats are unchanged.
        """
        whole = data[: len(data) // self.frame_bytes * self.frame_bytes]
        return _floats(whole, self.encoding).reshape(-1, self.channels)  # (samples, channels)


def _floats(data: bytes, encoding: str) -> NDArray[np.float32]:
    """Return complete samples as float32."""
    if encoding == "u8":
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128.0)) * np.float32(2.0**-7)
    if encoding == "s24le":  # each becomes the upper three bytes of a 32-bit integer
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data, encoding = wide.tobytes(), "s32le"
    kind, scale = SCALES[encoding]
    with np.errstate(over="ignore", invalid="ignore"):  # a float64 beyond float32, or NaN: lost sound
        values = np.frombuffer(data, kind).astype(np.float32)
    return values if scale == 1.0 else values * np.float32(scale)


def pick_channel(block: NDArray[np.float32], channel: int | None) -> NDArray[np.float32]:
    """Return one channel, or the mean of all, as a new array.

    Parameters
    ----------
    block : ndarray, shape (samples, channels), float32
    channel : int or None
        From 1; None for the mean.

    Returns
    -------
    ndarray, shape (samples,), float32
        Each sample depends on its own row alone, so the result does not depend on how the sound is cut into blocks.
    """
    if channel is not None:
        return block[:, channel - 1].copy()
    mono: NDArray[np.float32] = block[:, 0].copy()
    if block.shape[1] == 1:
        return mono
    with np.errstate(over="ignore", invalid="ignore"):  # inf - inf becomes NaN: lost sound
        for other in block.T[1:]:
            mono += other
        mono *= np.float32(1.0 / block.shape[1])
    return mono


class ChannelMixer:
    """Picks one channel or averages all, as :func:`pick_channel`, and notes whether they cancel each other.

    Parameters
    ----------
    channel : int or None
        From 1; None for the mean.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1, which is no part of the mean; None without one.

    Notes
    -----
    Written by one thread, the source's; :attr:`cancels` may be read by any.

    Examples
    --------
    >>> mixer = ChannelMixer(None)
    >>> mixer.mix(np.array([[0.5, -0.5], [-0.25, 0.25]], np.float32)), mixer.cancels
    (array([0., 0.], dtype=float32), True)
    """

    def __init__(self, channel: int | None, ecg_channel: int | None = None) -> None:
        self._channel, self._ecg_channel = channel, ecg_channel
        self._mixed = self._apart = 0.0

    @property
    def cancels(self) -> bool:
        """Whether the channels mixed so far cancel each other."""
        return self._mixed < CANCELLED * self._apart

    def mix(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the next samples of one channel, ``(samples,)``, from those of all, ``(samples, channels)``.

        With an electrocardiogram, ``(samples, 2)``: the sound, and the electrocardiogram.
        """
        if self._ecg_channel is None:
            return self._mono(block)
        ecg = block[:, self._ecg_channel - 1]
        sounds = np.delete(block, self._ecg_channel - 1, axis=1) if self._channel is None else block
        return np.stack((self._mono(sounds), ecg), axis=1)

    def _mono(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one channel or the mean, ``(samples,)``."""
        mono = pick_channel(block, self._channel)
        if self._channel is None and block.shape[1] > 1 and len(block):
            mixed, apart = channel_powers(block, mono)
            if math.isfinite(apart):
                self._mixed += mixed * len(block)
                self._apart += apart * len(block)
        return mono


def channel_powers(block: NDArray[Any], mono: NDArray[Any]) -> tuple[float, float]:
    """Return the power of the mean of some channels and the mean of their powers, without constant offsets.

    Parameters
    ----------
    block : ndarray, shape (samples, channels)
        At least one sample.
    mono : ndarray, shape (samples,)
        The mean of the channels.

    Returns
    -------
    tuple of float
        NaN where a sample is not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.var(mono, dtype=np.float64)), float(np.mean(np.var(block, axis=0, dtype=np.float64)))


def check_channel(channel: int | None) -> None:
    """Refuse a channel number below 1.

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if channel is not None and channel < 1:
        raise ValueError(f"channel={channel} must be 1 or more; the first channel is 1")


def check_ecg_channel(channel: int | None, ecg_channel: int | None) -> None:
    """Refuse an electrocardiogram's channel number below 1, and that of the sound.

    Raises
    ------
    ValueError
        If it is one of these.
    """
    if ecg_channel is not None and not 1 <= ecg_channel != channel:
        raise ValueError(f"ecg_channel={ecg_channel} must be 1 or more, and not the channel of the sound")


def check_format(
    name: str, sample_rate: int, channels: int, channel: int | None, ecg_channel: int | None = None
) -> None:
    """Refuse a recording whose sample rate or channel count is out of range, or that lacks a channel.

    Raises
    ------
    RecordingError
        If so; one line that begins with ``name``.
    """
    if not MIN_RATE_HZ <= sample_rate <= MAX_RATE_HZ:
        raise RecordingError(
            f"{name}: sample rate of {sample_rate} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz",
            "convert it to a rate in between, such as 4000 Hz",
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise RecordingError(
            f"{name}: has {channels} channels according to its header", "the header is damaged: copy it again"
        )
    has, choice = ("1 channel", "1") if channels == 1 else (f"{channels} channels", f"1 to {channels}")
    if ecg_channel is not None and channels == 1:
        raise RecordingError(
            f"{name}: has 1 channel, so no electrocardiogram beside the sound", "leave out --ecg-channel"
        )
    for wanted, flag in ((channel, "--channel"), (ecg_channel, "--ecg-channel")):
        if wanted is not None and wanted > channels:
            raise RecordingError(f"{name}: has {has}, there is no channel {wanted}", f"choose {flag} {choice}")

"""Bytes of plain samples to floats, and many channels to one.

The one place that knows how whole numbers become floats (as libsndfile does it, to the
last bit), which channel is heard, and what rates and channel counts are taken. Pure;
safe on any thread; must not open anything.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from monitor.errors import RecordingError

__all__ = ["ENCODINGS", "RawFormat", "check_channel", "check_format", "pick_channel"]

MIN_RATE_HZ, MAX_RATE_HZ = 1000, 192_000
MAX_CHANNELS = 1024
"""As libsndfile."""

SCALES = {"s16le": ("<i2", 2.0**-15), "s32le": ("<i4", 2.0**-31), "f32le": ("<f4", 1.0), "f64le": ("<f8", 1.0)}
SAMPLE_BYTES = {"u8": 1, "s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4, "f64le": 8}
ENCODINGS = tuple(SAMPLE_BYTES)


@dataclasses.dataclass(frozen=True, slots=True)
class RawFormat:
    """How samples without a header are written.

    Parameters
    ----------
    sample_rate : int
        Hz, 1000 to 192000.
    channels : int
        Interleaved channels, 1 to 1024.
    encoding : str
        One of `ENCODINGS`; whole numbers (``s``, ``u``) or floats (``f``), little-endian.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    sample_rate: int
    channels: int = 1
    encoding: str = "s16le"

    def __post_init__(self) -> None:
        """Refuse a form that cannot be heard."""
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
        """Return the samples in ``data``; a part of a sample at its end is left out.

        Returns
        -------
        ndarray, shape (samples, channels), float32
            Whole numbers are scaled to [-1, 1); floats stay as they are.
        """
        whole = data[: len(data) // self.frame_bytes * self.frame_bytes]
        return _floats(whole, self.encoding).reshape(-1, self.channels)


def _floats(data: bytes, encoding: str) -> NDArray[np.float32]:
    """Return whole samples as float32."""
    if encoding == "u8":
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128.0)) * np.float32(2.0**-7)
    if encoding == "s24le":  # each becomes the upper three bytes of a 32-bit number
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data, encoding = wide.tobytes(), "s32le"
    kind, scale = SCALES[encoding]
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite: the ring's gap
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
        Each sample depends on its own row alone, so cutting the block changes nothing.
    """
    if channel is not None:
        return block[:, channel - 1].copy()
    mono: NDArray[np.float32] = block[:, 0].copy()
    if block.shape[1] == 1:
        return mono
    with np.errstate(over="ignore", invalid="ignore"):  # inf - inf is no sound: the ring's gap
        for other in block.T[1:]:
            mono += other
        mono *= np.float32(1.0 / block.shape[1])
    return mono


def check_channel(channel: int | None) -> None:
    """Refuse a channel number that no recording can have.

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if channel is not None and channel < 1:
        raise ValueError(f"channel={channel} must be 1 or more; the first channel is 1")


def check_format(name: str, sample_rate: int, channels: int, channel: int | None) -> None:
    """Refuse a recording whose rate is out of range or that lacks the channel asked for.

    Raises
    ------
    RecordingError
        In one line that begins with ``name``.
    """
    if not MIN_RATE_HZ <= sample_rate <= MAX_RATE_HZ:
        raise RecordingError(
            f"{name}: sample rate of {sample_rate} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz",
            "convert it to a rate in between, such as 4000 Hz",
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise RecordingError(f"{name}: says it has {channels} channels", "its header is damaged: copy it again")
    if channel is not None and channel > channels:
        has, choice = ("1 channel", "1") if channels == 1 else (f"{channels} channels", f"1 to {channels}")
        raise RecordingError(f"{name}: has {has}, there is no channel {channel}", f"choose --channel {choice}")

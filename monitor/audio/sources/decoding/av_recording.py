"""The sound of m4a, mp4, aac, webm, amr and wma files, decoded by PyAV (FFmpeg) as it is needed.

What a container says of the encoder's delay and padding is cut off, so the samples are those that were recorded. The
bytes of the file name the one demuxer that is used: playlists, whose names and addresses would be followed, are
refused. Used by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from monitor.audio.limits import MAX_CHANNELS
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.errors import RecordingError
from monitor.log import get_logger

__all__ = ["AvRecording", "refuse"]

logger = get_logger(__name__)

BLOCK_SAMPLES = 8192
"""Blocks are at least so long, but for the last: frames of a codec are short."""

MAX_PADDING_SAMPLES = 4096
"""What an encoder adds at most to fill its last frames: two of HE-AAC."""

SHORT_S = 0.1
"""A sound that ends earlier than this before its stated end is cut short; containers state times in milliseconds, and
count the delay of the encoder in."""

EXACT_LENGTH = "mov"
"""The container whose stated length is that of the sound, to the sample."""
LENGTH_GUESSED = ("aac", "amr")
"""Bare streams, whose length FFmpeg guesses from the size of the file."""


class AvRecording(OpenRecording):
    """An open recording that FFmpeg decodes: its first sound track.

    Parameters
    ----------
    file : binary file
        Seekable.
    name : str
        Its name in error messages.
    container : str
        FFmpeg's name of the container.
    closes : bool
        Whether closing the recording closes the file.

    Raises
    ------
    RecordingError
        If it holds no sound that can be decoded.
    """

    def __init__(self, file: BinaryIO, name: str, container: str, *, closes: bool) -> None:
        self._file, self._name, self._kind, self._closes = file, name, container, closes
        self._container: Any = None
        self._lost = 0
        self.missing = ""
        try:
            self._open()
        except av.error.FFmpegError as error:
            self._close_container()
            raise self._unreadable(error) from error
        except BaseException:
            self._close_container()
            raise

    def _open(self) -> None:
        """Open the container and decode the first frame, which alone tells the rate (HE-AAC states half of it)."""
        self._container = av.open(self._file, format=self._kind, io_open=refuse)
        if not self._container.streams.audio:
            raise RecordingError(f"{self._name}: holds no sound track", "name a recording of sound")
        self._stream = self._container.streams.audio[0]
        if self._stream.codec_context is None:  # a codec that FFmpeg does not know
            raise self._unreadable(None)
        self._stream.codec_context.thread_count = 1
        self._frames = self._decoded()
        self._first = next(self._frames, None)
        if self._first is None:
            raise self._unreadable(None)
        self.sample_rate, self.channels = int(self._first.sample_rate), int(self._first.layout.nb_channels)
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise self._unreadable(None)
        self.num_samples = self._stated_samples()

    def _stated_samples(self) -> int | None:
        """Return the length that the container states, in samples of the decoded sound."""
        if self._kind in LENGTH_GUESSED:
            return None
        if self._stream.duration and self._stream.time_base:
            return max(0, round(self._stream.duration * self._stream.time_base * self.sample_rate)) or None
        if self._container.duration and self._container.duration > 0:
            delay = min(0, self._container.start_time or 0)  # counted in the duration, and not heard
            return round((self._container.duration + delay) * self.sample_rate / av.time_base) or None
        return None

    def _decoded(self) -> Iterator[Any]:
        """Yield the frames; packets that cannot be decoded are counted."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                logger.info("%s: %s", self._name, error)
                self._lost += 1
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError as error:
                logger.info("%s: %s", self._name, error)
                self._lost += 1

    def _unreadable(self, error: Exception | None) -> RecordingError:
        """Return the error for a file without sound that can be decoded."""
        reason = f" ({getattr(error, 'strerror', None) or type(error).__name__})" if error is not None else ""
        return RecordingError(
            f"{self._name}: no sound of it can be decoded{reason}",
            "it may be cut short, damaged or protected: copy or record it again",
        )

    @property
    def can_repeat(self) -> bool:
        """False: seeking in compressed sound is not exact, so each place is decoded from the start."""
        return False

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on; call it once.

        Yields
        ------
        ndarray, shape (samples, channels), float32

        Notes
        -----
        What cannot be decoded is left out, and told by :attr:`missing`; the sound after it is heard.
        """
        position = 0
        for block in self._without_padding():
            begin = max(0, start_sample - position)
            position += len(block)
            if begin < len(block):
                yield block[begin:]
        stated = self.num_samples
        if stated is not None and position < stated - SHORT_S * self.sample_rate:
            self.missing = f"decoding stops after {self._seconds(position)} s of {self._seconds(stated)} s"
        elif self._lost and not self.missing:
            places = "1 place" if self._lost == 1 else f"{self._lost} places"
            self.missing = f"decoding fails at {places}, {self._seconds(position)} s are there"

    def _seconds(self, samples: int) -> str:
        """Return a number of samples in seconds."""
        return f"{samples / self.sample_rate:.1f}"

    def _without_padding(self) -> Iterator[NDArray[np.float32]]:
        """Yield blocks; what an encoder added behind the stated end is left out."""
        held: list[NDArray[np.float32]] = []
        num_held = position = 0
        for block in self._samples():
            held.append(block)
            num_held += len(block)
            if num_held >= BLOCK_SAMPLES + MAX_PADDING_SAMPLES:
                whole = np.concatenate(held)
                yield whole[:-MAX_PADDING_SAMPLES]
                position += num_held - MAX_PADDING_SAMPLES
                held, num_held = [whole[-MAX_PADDING_SAMPLES:]], MAX_PADDING_SAMPLES
        stated, end = self.num_samples, position + num_held
        if self._kind == EXACT_LENGTH and stated is not None and stated <= end <= stated + MAX_PADDING_SAMPLES:
            num_held = max(0, stated - position)
        if num_held:
            yield np.concatenate(held)[:num_held]

    def _samples(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of each frame."""
        first, self._first = self._first, None
        frames = self._frames if first is None else _then(first, self._frames)
        for frame in frames:
            if (frame.sample_rate, frame.layout.nb_channels) != (self.sample_rate, self.channels):
                self.missing = "another recording of another format follows, and is left out"
                return
            yield _floats(frame, self.channels)

    def close(self) -> None:
        """Close the file, unless it was given open. Twice is safe."""
        self._close_container()
        if self._closes:
            self._file.close()

    def _close_container(self) -> None:
        """Close what FFmpeg holds."""
        container, self._container = self._container, None
        if container is not None:
            container.close()


def _then(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    """Yield the first frame and the others."""
    yield first
    yield from others


def refuse(url: str, flags: int, options: dict[str, str]) -> BinaryIO:
    """Open no other file than the one that was given, whatever it names."""
    raise FileNotFoundError(url)


def _floats(frame: Any, channels: int) -> NDArray[np.float32]:
    """Return the samples of a frame, ``(samples, channels)``; integers as libsndfile scales them."""
    values: NDArray[Any] = frame.to_ndarray()
    values = values.T if frame.format.is_planar else values.reshape(-1, channels)
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - np.float32(128.0)) * np.float32(2.0**-7)
    if values.dtype.kind == "i":
        return (values * 2.0 ** (1 - 8 * values.dtype.itemsize)).astype(np.float32)
    return np.ascontiguousarray(values, np.float32)

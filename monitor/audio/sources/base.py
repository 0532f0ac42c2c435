"""The interface of every sound source.

A source writes mono float32 blocks into a ring buffer and does nothing else.
:class:`Source` is the lifecycle (start, stop, close; twice is safe).
:class:`monitor.audio.sources.paced.PacedSource` runs a thread that pushes the blocks of an iterator in real time;
recordings and synthetic sounds derive from it. A microphone derives from
:class:`Source` directly: its blocks come from a callback.
"""

from __future__ import annotations

import abc
from types import TracebackType
from typing import Self

from monitor.audio.ring_buffer import RingBuffer
from monitor.errors import RecordingError
from monitor.messages import DeviceStatus

__all__ = ["Source"]


class Source(abc.ABC):
    """Writes sound into a ring buffer.

    Attributes
    ----------
    name : str
        Shown to the user: file name, device name.
    sample_rate : int
        Hz.
    duration_s : float or None
        Length in seconds; None where unknown.
    speed : float or None
        Multiple of real time; None for as fast as the readers take it.
    shortfall : RecordingError or None
        What is missing of the sound that was promised, once that is known; what is there is played. Written by the
        source's thread.
    live : bool
        Whether the sound comes from an input that a person can do something about, not from a recording.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1: its blocks are ``(samples, 2)``, sound and electrocardiogram, for
        a :class:`monitor.audio.ecg_ring_buffer.EcgRingBuffer`. None without one.
    stop_timeout_s : float
        Longest time that :meth:`stop` waits for a device or a file that does not answer.
    lead_s : float
        Seconds of sound before the target of a seek that are delivered at once, so that there is a verdict where the
        sound goes on. Set before the start.
    jumps : tuple of (int, int)
        Of every seek, in the sound played: the sample after the jump, and the one where the lead ends and the sound
        goes on. Written by the source's thread, before the samples come.
    """

    name: str
    sample_rate: int
    duration_s: float | None = None
    speed: float | None = 1.0
    shortfall: RecordingError | None = None
    live: bool = False
    ecg_channel: int | None = None
    stop_timeout_s: float = 5.0
    lead_s: float = 0.0
    jumps: tuple[tuple[int, int], ...] = ()

    @property
    def channels_cancel(self) -> bool:
        """Whether the channels read so far cancel each other in their mean."""
        return False

    @property
    def can_pause(self) -> bool:
        """Whether :meth:`pause` has an effect: not for live inputs."""
        return False

    def pause(self, *, paused: bool) -> None:  # noqa: B027  # live inputs cannot
        """Pause the sound, or resume it; no effect unless :attr:`can_pause`."""

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return False

    @property
    def latency_s(self) -> float:
        """Seconds from a sound at a live input to its sample in the ring buffer, as the system states them."""
        return 0.0

    @property
    def can_seek(self) -> bool:
        """Whether :meth:`seek` has an effect."""
        return False

    def seek(self, position_s: float) -> None:  # noqa: B027  # most sources cannot
        """Continue from another position of the recording; :attr:`jumps` says where that is in the sound played."""

    def shift_s(self, elapsed_s: float) -> float:
        """Return the position in the recording minus ``elapsed_s``, the seconds played so far."""
        return 0.0

    @property
    def lossless(self) -> bool:
        """Whether the source waits for its readers instead of overwriting: no window is ever skipped."""
        return self.speed is None

    @property
    def device_status(self) -> DeviceStatus | None:
        """State of the input device, frozen; None for sources without a device."""
        return None

    @property
    def since_last_block_s(self) -> float:
        """Seconds since the newest block arrived; 0 where blocks are too small for that to matter."""
        return 0.0

    @abc.abstractmethod
    def start(self, ring: RingBuffer) -> None:
        """Begin to write into ``ring``; returns at once."""

    def begin_stop(self) -> None:  # noqa: B027  # most sources stop at once
        """Begin to stop, and wait for nothing: several sources then stop at the same time. Twice is safe."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop writing; returns when no more samples will come. Twice is safe."""

    @property
    @abc.abstractmethod
    def error(self) -> BaseException | None:
        """The exception that ended the source early, or None."""

    def close(self) -> None:
        """Release files and devices. Twice is safe."""
        self.stop()

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.close()

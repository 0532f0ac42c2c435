"""What every reader of recordings has in common: an open recording, whose sound comes as blocks from start to end.

Pure; used by one thread at a time.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["OpenRecording"]


class OpenRecording(abc.ABC):
    """An open recording; a context manager.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    num_samples : int or None
        Samples per channel that will come; None where the file does not state it.
    missing : str
        What is missing of the sound that the header promises; empty if nothing. Complete once all was decoded.
    sound_channel : int or None
        The channel that holds the sound, from 1, where the file says so; None where all of them do. It is the one to
        hear where no one chose another.
    """

    sample_rate: int
    channels: int
    num_samples: int | None
    missing: str
    sound_channel: int | None = None

    @abc.abstractmethod
    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on; call it once, or again where it :attr:`can_repeat`.

        Yields
        ------
        ndarray, shape (samples, channels), float32
            In [-1, 1] for integer formats; floats unchanged. NaN where the file says that nothing was measured.
            Valid until the next block.
        """

    @property
    @abc.abstractmethod
    def can_repeat(self) -> bool:
        """Whether any place can be read again and again."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the file. Twice is safe."""

    def __enter__(self) -> Self:
        """Return the recording itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

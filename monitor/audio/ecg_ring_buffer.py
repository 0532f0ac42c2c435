"""The ring buffer of a sound that has an electrocardiogram beside it: two rings on one sample clock.

The electrocardiogram is stored first, so whoever has read a sample of the sound finds that of the electrocardiogram.
"""

from __future__ import annotations

import threading
from typing import Any

from numpy.typing import NDArray

from monitor.audio.ring_buffer import RingBuffer

__all__ = ["EcgRingBuffer"]


class EcgRingBuffer(RingBuffer):
    """A ring buffer of the sound, with another one for the electrocardiogram.

    Parameters
    ----------
    capacity : int
        Number of samples stored, of each.

    Attributes
    ----------
    ecg : RingBuffer
        The electrocardiogram; sample for sample as long as the sound. Only read.

    Notes
    -----
    As for :class:`~monitor.audio.ring_buffer.RingBuffer`: one thread pushes, waits for room and closes.

    Examples
    --------
    >>> import numpy as np
    >>> ring = EcgRingBuffer(capacity=4)
    >>> ring.push(np.array([[0.5, -0.5], [0.25, -0.25]], np.float32))
    >>> ring.cursor().read(10, 0.0).waveform, ring.ecg.cursor().read(10, 0.0).waveform
    (array([0.5 , 0.25], dtype=float32), array([-0.5 , -0.25], dtype=float32))
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.ecg = RingBuffer(capacity)

    def push(self, block: NDArray[Any]) -> None:
        """Store the next samples of both; what is not finite is lost in its own ring alone.

        Parameters
        ----------
        block : ndarray, shape (samples, 2), float32
            Sound and electrocardiogram.

        Raises
        ------
        ValueError
            If the block has another shape or the ring is closed.
        """
        if block.ndim != 2 or block.shape[1] != 2:
            raise ValueError(f"block.shape={block.shape} must be (samples, 2), sound and electrocardiogram")
        self.ecg.push(block[:, 1])
        super().push(block[:, 0])

    def push_lost(self, samples: int) -> None:
        """Record that the next samples of both were lost upstream.

        Raises
        ------
        ValueError
            If ``samples`` is negative or the ring is closed.
        """
        self.ecg.push_lost(samples)
        super().push_lost(samples)

    def close(self) -> None:
        """Declare the end of both. Twice is safe."""
        self.ecg.close()
        super().close()

    def wait_for_room(self, samples: int, stopping: threading.Event) -> bool:
        """Wait until more samples would overwrite nothing that a reader of either has yet to read.

        Returns
        -------
        bool
            False when ``stopping`` was set.

        Raises
        ------
        ValueError
            If ``samples`` is more than the capacity.
        """
        return self.ecg.wait_for_room(samples, stopping) and super().wait_for_room(samples, stopping)

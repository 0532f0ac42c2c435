"""Maximum of every few values, in bounded memory: what the figure of a long recording is drawn from.

An hour at 44.1 kHz has a thousand times more samples than a figure has pixels. Drawing every hundredth would
lose the loud ones; the maximum of each column (and, of the negated sound, the minimum) keeps them. Must not know
about sound or figures; one writing thread per object.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PeakDecimator"]


class PeakDecimator:
    """Peak decimation of several tracks, in columns of more items as the tracks grow.

    The columns do not depend on how the items are cut into blocks.

    Parameters
    ----------
    tracks : int
        Values per item.
    capacity : int
        Maximum number of columns, even; once it is reached, every two become one, so a long track has at least half.

    Attributes
    ----------
    items_per_column : int
        A power of 2.
    items : int
        Pushed so far.

    Raises
    ------
    ValueError
        If ``tracks`` is not positive, or ``capacity`` not a positive even number.

    Examples
    --------
    >>> decimator = PeakDecimator(tracks=1, capacity=4)
    >>> decimator.push(np.array([[1, 2, 3, 4, 5, 6]], np.float32))
    >>> decimator.columns.tolist(), decimator.items_per_column
    ([[2.0, 4.0, 6.0]], 2)
    """

    def __init__(self, tracks: int, capacity: int) -> None:
        if tracks < 1:
            raise ValueError(f"tracks={tracks} must be at least 1")
        if capacity < 2 or capacity % 2:
            raise ValueError(f"capacity={capacity} must be an even number, at least 2")
        self.items_per_column = 1
        self.items = 0
        self._capacity = capacity
        self._peaks = np.full((tracks, capacity), -np.inf, np.float32)

    @property
    def columns(self) -> NDArray[np.float32]:
        """The peaks, shape (tracks, columns), a view; the last column may cover fewer items than the others."""
        return self._peaks[:, : -(-self.items // self.items_per_column)]

    def push(self, values: NDArray[np.float32]) -> None:
        """Add the next items.

        Parameters
        ----------
        values : ndarray, shape (tracks, items), float32
            Any number of items.
        """
        start = 0
        while start < values.shape[1]:
            room = self._capacity * self.items_per_column - self.items
            if room == 0:
                self._halve()
                continue
            part = values[:, start : start + room]
            self._add(part)
            start += part.shape[1]

    def _add(self, part: NDArray[np.float32]) -> None:
        """Add items for which there is room."""
        first, inside = divmod(self.items, self.items_per_column)
        starts = np.arange(-inside, part.shape[1], self.items_per_column)
        starts[0] = 0
        columns = self._peaks[:, first : first + len(starts)]
        np.maximum(columns, np.maximum.reduceat(part, starts, axis=1), out=columns)
        self.items += part.shape[1]

    def _halve(self) -> None:
        """Merge every two columns into one."""
        half = self._capacity // 2
        self._peaks[:, :half] = np.maximum(self._peaks[:, ::2], self._peaks[:, 1::2])
        self._peaks[:, half:] = -np.inf
        self.items_per_column *= 2

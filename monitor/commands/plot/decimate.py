"""The largest of every few values, in bounded memory: what a picture of a long recording is drawn from.

An hour at 44.1 kHz has a thousand times more samples than a picture has pixels. Drawing every hundredth would
lose the loud ones; the largest (and, of the negated sound, the smallest) of each stretch keeps them. Must not know
about sound or pictures; one writing thread per object.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Peaks"]


class Peaks:
    """The peaks of several tracks, in columns of ever more items as the tracks grow.

    However the items are cut into pushes, the columns are the same.

    Parameters
    ----------
    tracks : int
        Values of one item.
    capacity : int
        Most columns, an even number; once full, each two become one, so a long track has at least half of them.

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
    """

    def __init__(self, tracks: int, capacity: int) -> None:
        if tracks < 1:
            raise ValueError(f"tracks={tracks} must be at least 1")
        if capacity < 2 or capacity % 2:
            raise ValueError(f"capacity={capacity} must be an even number, at least 2")
        self.items_per_column = 1
        self.items = 0
        self._capacity = capacity
        self._held = np.full((tracks, capacity), -np.inf, np.float32)

    @property
    def columns(self) -> NDArray[np.float32]:
        """The peaks, shape (tracks, columns), a view; the last column may stand for fewer items than the others."""
        return self._held[:, : -(-self.items // self.items_per_column)]

    def push(self, values: NDArray[np.float32]) -> None:
        """Take the next items.

        Parameters
        ----------
        values : ndarray, shape (tracks, items), float32
            Any number of items.
        """
        begin = 0
        while begin < values.shape[1]:
            room = self._capacity * self.items_per_column - self.items
            if room == 0:
                self._halve()
                continue
            part = values[:, begin : begin + room]
            self._add(part)
            begin += part.shape[1]

    def _add(self, part: NDArray[np.float32]) -> None:
        """Take items for which there is room."""
        first, inside = divmod(self.items, self.items_per_column)
        starts = np.arange(-inside, part.shape[1], self.items_per_column)
        starts[0] = 0
        columns = self._held[:, first : first + len(starts)]
        np.maximum(columns, np.maximum.reduceat(part, starts, axis=1), out=columns)
        self.items += part.shape[1]

    def _halve(self) -> None:
        """Make one column of each two."""
        half = self._capacity // 2
        self._held[:, :half] = np.maximum(self._held[:, ::2], self._held[:, 1::2])
        self._held[:, half:] = -np.inf
        self.items_per_column *= 2

"""What judges the recordings of a scan: the form that processes of our own and a Dask cluster share.

All is on the caller's thread.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from monitor.archive.recordings import Recording
from monitor.commands.scan.rows import Judged, failed_row
from monitor.output import printable

__all__ = ["POLL_S", "Judges", "given_up"]

POLL_S = 0.1
"""Seconds between two looks at whether to stop."""


class Judges(abc.ABC):
    """Judges recordings elsewhere; a context manager that ends what still runs."""

    def __enter__(self) -> Self:
        """Return what judges."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what still runs; nothing that was yielded is lost by it."""
        self.kill()

    @abc.abstractmethod
    def run(
        self, recordings: Sequence[Recording], stopping: Callable[[], bool] = bool
    ) -> Iterator[tuple[int, Judged] | None]:
        """Yield the index and the lines of each recording as they come, and None when nothing came for a moment.

        Parameters
        ----------
        recordings : sequence of Recording
        stopping : callable
            Whether to stop: what still runs is then ended, and so is the iteration.

        Raises
        ------
        AuscultError
            If nothing can judge.
        """

    @abc.abstractmethod
    def kill(self) -> None:
        """End what still runs, at once. Twice is safe."""


def given_up(recording: Recording, how: str) -> Judged:
    """Return the row of a recording at which what judged it has died again and again.

    Parameters
    ----------
    recording : Recording
    how : str
        What died, in which way.
    """
    return failed_row(
        recording,
        f"{printable(recording.source)}: {how}; try it alone with auscult replay, it may need more memory",
    )

"""The pictures on the screen: which are due, what is sent for them, and what removes them again.

They are renewed at most four times a second, together, so that they agree in time, and less often where the terminal
takes long to take them in. Main thread; must not write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from monitor.dashboard.display.kitty import kitty, kitty_delete
from monitor.dashboard.display.raster import Paper, raster
from monitor.dashboard.display.sixel import sixel
from monitor.dashboard.drawing.canvas import Canvas, Picture
from monitor.dashboard.drawing.spectrogram import SpectrogramPicture

__all__ = ["PICTURE_S", "SLOW_S", "Painter"]

PICTURE_S = 0.25
"""Seconds from one renewal to the next."""
WRITING_SHARE = 0.25
"""Of the time, the most that may be spent on writing pictures."""
SLOW_S = 1.0
"""Seconds of writing from which the line is too slow for pictures."""

Place = tuple[int, int, int, int]


class Painter:
    """Turns the pictures of a canvas into escape sequences.

    Parameters
    ----------
    form : {"kitty", "sixel"}
        What the terminal shows.
    paper : Paper
    cell : callable
        Width and height of a cell in pixels, at this moment.
    largest : (int, int), or None
        The largest Sixel picture that the terminal shows, pixels; None where it does not say.

    Attributes
    ----------
    works : bool
        Whether pictures are still sent: no longer once the line has shown to be slow.

    Notes
    -----
    Used by the main thread only.
    """

    def __init__(
        self,
        form: Literal["kitty", "sixel"],
        paper: Paper,
        cell: Callable[[], tuple[int, int]],
        largest: tuple[int, int] | None = None,
    ) -> None:
        self._form, self._paper, self._cell, self._largest = form, paper, cell, largest
        self._shown: dict[Place, object] = {}
        self._due_s = float("-inf")
        self.works = True

    @property
    def places(self) -> frozenset[Place]:
        """Where there are pictures on the screen now."""
        return frozenset(self._shown)

    def choose(self, canvas: Canvas, now_s: float) -> tuple[Picture, ...]:
        """Return the pictures to be sent with a canvas: those that have changed, where a renewal is due.

        Parameters
        ----------
        canvas : Canvas
        now_s : float
            Monotonic seconds.
        """
        if not self.works or now_s < self._due_s:
            return ()
        return tuple(picture for picture in canvas.pictures if not self._is_shown(picture))

    def gone(self, canvas: Canvas) -> frozenset[Place]:
        """Return the places whose pictures a canvas does not have any more."""
        return self.places - ({picture.place for picture in canvas.pictures} if self.works else frozenset())

    def remove(self, places: frozenset[Place]) -> str:
        """Forget pictures; return what removes them, besides the text that is written over them."""
        numbers = [self._number(place) for place in places]
        for place in places:
            del self._shown[place]
        return "".join(map(kitty_delete, numbers)) if self._form == "kitty" else ""

    def paint(self, picture: Picture, now_s: float) -> str:
        """Return what draws a picture in its place, and remember it."""
        self._due_s = now_s + PICTURE_S
        self._shown[picture.place] = picture.content
        width, height = self._cell()
        columns, rows = picture.columns * width, picture.lines * height
        image, palette = raster(picture.content, columns, rows, self._paper)
        if self._form == "kitty":
            cells = picture.columns, picture.lines
            return _at(picture.row, picture.column) + kitty(image, palette, self._number(picture.place), cells)
        wide, high = self._tile(width, height)
        return "".join(
            _at(picture.row + top // height, picture.column + left // width)
            + sixel(image[top : top + high, left : left + wide], palette)
            for top in range(0, rows, high)
            for left in range(0, columns, wide)
        )

    def took(self, seconds: float, now_s: float) -> None:
        """Learn how long it took to write a picture, and wait the longer, or send no more."""
        self._due_s = max(self._due_s, now_s + seconds * (1 / WRITING_SHARE - 1))
        self.works = self.works and seconds < SLOW_S

    def _is_shown(self, picture: Picture) -> bool:
        """Return whether a picture is on the screen already."""
        shown, content = self._shown.get(picture.place), picture.content
        if isinstance(shown, SpectrogramPicture) and isinstance(content, SpectrogramPicture):
            return shown.tensor is content.tensor and shown.key == content.key
        return shown is content

    def _number(self, place: Place) -> int:
        """Return the number of the picture at a place: its row tells it apart from the others."""
        return place[0]

    def _tile(self, width: int, height: int) -> tuple[int, int]:
        """Return the largest part that is sent at once, whole cells of a terminal that limits pictures."""
        if self._largest is None:
            return 1 << 16, 1 << 16
        wide, high = self._largest
        return max(1, wide // width) * width, max(1, high // height) * height


def _at(row: int, column: int) -> str:
    """Return what moves the cursor to a cell."""
    return f"\x1b[{row + 1};{column + 1}H"

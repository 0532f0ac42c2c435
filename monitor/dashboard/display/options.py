"""What a person asks of the display.

A pure value, light to import; safe on any thread.
"""

from __future__ import annotations

import dataclasses

__all__ = ["AUTOMATIC", "GRAPHICS", "THEMES", "DisplayOptions"]

THEMES, GRAPHICS = ("auto", "dark", "light"), ("auto", "kitty", "sixel", "off")


@dataclasses.dataclass(frozen=True, slots=True)
class DisplayOptions:
    """What a person asks of the display.

    Attributes
    ----------
    ascii : bool
        Whether to draw with ASCII characters only.
    no_color : bool
        Whether to draw without colours.
    theme : str
        One of :data:`THEMES`: the background that colours are chosen for; ``"auto"`` asks the terminal.
    graphics : str
        One of :data:`GRAPHICS`: how pictures made of pixels are sent; ``"auto"`` asks the terminal.
    """

    ascii: bool = False
    no_color: bool = False
    theme: str = "auto"
    graphics: str = "auto"


AUTOMATIC = DisplayOptions()

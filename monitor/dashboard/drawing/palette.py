"""The colours, chosen to be told apart by a colour-blind person, and what stands for them among sixteen.

No colour is ever the only sign: labels and states have letters and words. Distances under simulated protanopia,
deuteranopia and tritanopia are held by a test.
"""

from __future__ import annotations

__all__ = [
    "AMBER",
    "BLUE",
    "GREEN",
    "GREY",
    "RED",
    "ROSE",
    "SIXTEEN",
    "TEAL",
    "VIOLET",
    "YELLOW",
]

GREEN, AMBER, VIOLET = "#1fc39a", "#f39c1f", "#b07cf0"
"""Of the labels; bluish green, orange and violet differ in lightness or in blue for every kind of eye."""
TEAL, ROSE = "#4fa3b5", "#d9798f"
YELLOW, BLUE, GREY, RED = "#f5efae", "#a9d3f5", "#6a6a6a", "#e0383e"

SIXTEEN = {
    GREEN: "cyan",
    AMBER: "yellow",
    VIOLET: "magenta",
    TEAL: "bright_cyan",
    ROSE: "bright_magenta",
    YELLOW: "bright_yellow",
    BLUE: "bright_blue",
    GREY: "white",
    RED: "bright_red",
}
"""What terminals of sixteen colours show: the nearest by arithmetic would make several of them one."""

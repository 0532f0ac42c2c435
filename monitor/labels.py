"""Labels that mean something to the code: the others are the data set's own."""

from __future__ import annotations

__all__ = ["EXTRASTOLE", "NON_CARDIAC", "NORMAL"]

NORMAL = "normal"

EXTRASTOLE = "extrastole"
"""An extrasystole, in the spelling of PASCAL set B."""

NON_CARDIAC = "not-heart"
"""Sounds that are no heart; trained as an output of its own, never shown as a label."""

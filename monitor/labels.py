"""Labels that the code itself refers to; all others come from the data sets."""

from __future__ import annotations

__all__ = ["EXTRASTOLE", "NON_CARDIAC", "NORMAL"]

NORMAL = "normal"

EXTRASTOLE = "extrastole"
"""Extrasystole, in the spelling of PASCAL set B."""

NON_CARDIAC = "not-heart"
"""Non-cardiac sounds: trained as an output of its own, never shown as a label."""

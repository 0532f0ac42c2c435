"""What is asked of the display where nothing is."""

from __future__ import annotations

from monitor.dashboard.display.options import AUTOMATIC, GRAPHICS, THEMES


def test_by_default_the_terminal_decides():
    """Theme and graphics are found out, and nothing is switched off."""
    assert (AUTOMATIC.theme, AUTOMATIC.graphics) == (THEMES[0], GRAPHICS[0]) == ("auto", "auto")
    assert not AUTOMATIC.ascii
    assert not AUTOMATIC.no_color

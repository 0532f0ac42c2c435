"""A line of text that a person types, key by key, while everything else goes on.

Main thread; must not know about screens.
"""

from __future__ import annotations

__all__ = ["MAX_TEXT", "TextEntry"]

MAX_TEXT = 200
"""Characters of a note."""


class TextEntry:
    """Collects one line.

    Attributes
    ----------
    text : str
        What was typed so far, at most 200 printable characters.
    done : bool
        Whether it was ended, with Enter or Escape.
    kept : bool
        Whether it was ended with Enter.

    Examples
    --------
    >>> entry = TextEntry()
    >>> for key in ("l", "o", "f", chr(127), "u", "d", chr(10)):
    ...     entry.key(key)
    >>> entry.text, entry.kept
    ('loud', True)
    """

    def __init__(self) -> None:
        self.text = ""
        self.done = self.kept = False

    def key(self, key: str) -> None:
        """Take a key, as :meth:`monitor.dashboard.keyboard.Keyboard.pressed` returns it; unknown ones do nothing."""
        if key in ("\n", "\r"):
            self.done = self.kept = True
        elif key == "escape":
            self.done = True
        elif key in ("\x7f", "\b"):
            self.text = self.text[:-1]
        elif key == "\x15":  # Ctrl+U
            self.text = ""
        elif len(key) == 1 and key.isprintable():
            self.text = (self.text + key)[:MAX_TEXT]

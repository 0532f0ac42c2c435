"""What the program prints: the one way from text to standard output and standard error.

Names of files, devices, bundles, labels and settings come from elsewhere and may hold anything. :func:`put` and
:func:`say` print no control character, so text from elsewhere can neither move the cursor, nor set a title or the
clipboard, nor turn the direction of a line. What is drawn with colours by rich passes :func:`printable` piece by piece.

Main thread, except :func:`printable` and :func:`say`; must not import anything of ours but the errors.
"""

from __future__ import annotations

import io
import sys

__all__ = ["accept_any_text", "printable", "printable_lines", "put", "say"]


def accept_any_text() -> None:
    """Let standard output and standard error take letters that their encoding does not have, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    r"""Return text on one line, safe for a terminal.

    Control characters, line breaks, bidirectional controls, other invisible characters and the surrogates that stand
    for invalid bytes are escaped as in a Python string; letters of any script stay.

    Examples
    --------
    >>> print(printable("a\nb\x1b[2J \u202egpj.wav"))
    a\nb\x1b[2J \u202egpj.wav
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def printable_lines(text: str) -> str:
    r"""Return text of several lines, safe for a terminal: :func:`printable`, but line feeds stay.

    Examples
    --------
    >>> printable_lines("# card\r\n\ta\x07")
    '# card\n    a\\x07'
    """
    return "\n".join(printable(line.removesuffix("\r").expandtabs(4)) for line in text.split("\n"))


def put(text: str) -> None:
    """Print one or several lines on standard output.

    Parameters
    ----------
    text : str
        Without the last line feed. JSON must be ASCII, which needs no further escape.
    """
    print(printable_lines(text), flush=True)


def say(text: str) -> None:
    """Print one line on standard error, whatever the text holds.

    Parameters
    ----------
    text : str
    """
    print(printable(text), file=sys.stderr, flush=True)

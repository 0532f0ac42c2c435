"""One letter for each label and each state, on the screen and on paper. Pure; the standard library alone."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["STATE_LETTERS", "label_letters"]

STATE_LETTERS = {"listening": ".", "no-signal": "_", "poor-signal": "x", "uncertain": "?", "gap": "-"}
"""The letters of the states; a label never gets one of them."""


def label_letters(labels: Sequence[str]) -> dict[str, str]:
    """Return one letter for each label and each state, all different.

    The first label is in lower case and the others in upper case, so that a change of label is
    visible without colour.

    Examples
    --------
    >>> letters = label_letters(("normal", "murmur", "extrastole"))
    >>> letters["normal"], letters["murmur"], letters["extrastole"]
    ('n', 'M', 'E')
    """
    letters = dict(STATE_LETTERS)
    for index, label in enumerate(labels):
        wanted = [*(label if index else label.lower()), *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"]
        signs = (sign.upper() if index else sign for sign in wanted if sign.isascii() and sign.isalnum())
        letters[label] = next((sign for sign in signs if sign not in letters.values()), "#")
    return letters

"""From what a terminal sends to keys: characters, names of the other keys, and nothing for what is no key.

Pure functions; safe on any thread.
"""

from __future__ import annotations

__all__ = ["is_late_answer", "parse_keys", "split_begun"]

SEQUENCES = {
    "\x1b[C": "right",
    "\x1bOC": "right",
    "\x1b[D": "left",
    "\x1bOD": "left",
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[1;2C": "shift-right",
    "\x1b[1;2D": "shift-left",
    "\x1b[5~": "pageup",
    "\x1b[6~": "pagedown",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "\x1b[3~": "delete",
}
"""Escape sequences of the keys that are no characters, in normal and in application mode. Source: ECMA-48; xterm
control sequences; ``man console_codes``."""
STRINGS = ("\x1b]", "\x1b_")
"""Beginnings of the control strings of a terminal: an answer that comes late is one, and holds no keys."""
ANSWERS = ("\x1b]11;", "\x1b_Gi")
"""Beginnings of what :mod:`monitor.dashboard.display.answers` asks for."""
MAX_ANSWER = 128


def parse_keys(text: str) -> list[str]:
    """Return the keys in a terminal's input; sequences of other keys are dropped.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Characters, names such as ``"left"`` and ``"pageup"`` (see ``SEQUENCES``) and, where nothing follows it,
        ``"escape"``.

    Examples
    --------
    >>> parse_keys("q" + chr(27) + "[C")
    ['q', 'right']
    """
    keys: list[str] = []
    while text:
        if text == "\x1b":
            return [*keys, "escape"]
        if text[0] != "\x1b":
            keys.append(text[0])
            text = text[1:]
            continue
        end = _sequence_end(text)
        if text[:end] in SEQUENCES:
            keys.append(SEQUENCES[text[:end]])
        text = text[end:]
    return keys


def split_begun(text: str) -> tuple[str, str]:
    """Return a terminal's input up to a last escape sequence that is not complete, and that sequence."""
    begin = text.rfind("\x1b")
    if begin > 0 and text[begin:] == "\x1b" and _open_string(text[:begin]) >= 0:
        begin = _open_string(text[:begin])  # the first half of the end of a string
    elif _open_string(text) >= 0:
        begin = _open_string(text)
    tail = text[begin:] if begin >= 0 else ""
    is_begun = tail in ("\x1b", "\x1bO") or (tail[:2] == "\x1b[" and not any("@" <= sign <= "~" for sign in tail[2:]))
    return (text[:begin], tail) if is_begun or _open_string(tail) >= 0 else (text, "")


def _open_string(text: str) -> int:
    """Return where a control string begins that has no end yet; -1 without one."""
    begin = max(text.rfind(start) for start in STRINGS)
    return -1 if begin < 0 or _string_end(text[begin:]) is not None else begin


def _string_end(text: str) -> int | None:
    """Return the length of the control string at the beginning of a text; None where it has no end yet."""
    ends = [text.find(end, 2) + len(end) for end in ("\x07", "\x1b\\") if text.find(end, 2) >= 0]
    return min(ends, default=None)


def is_late_answer(text: str) -> bool:
    """Return whether a text ends within an answer to a question of ours, however long its rest takes to come."""
    begin = _open_string(text)
    return begin >= 0 and text[begin:].startswith(ANSWERS) and len(text) - begin <= MAX_ANSWER


def _sequence_end(text: str) -> int:
    """Return the length of the escape sequence at the beginning of a text."""
    if text[:2] in STRINGS:
        return _string_end(text) or (len(text) if text.startswith(ANSWERS) else 2)
    if text[1:2] == "O":
        return 3
    if text[1:2] != "[":
        return 2
    finals = (index for index in range(2, len(text)) if "@" <= text[index] <= "~")
    return next(finals, len(text) - 1) + 1

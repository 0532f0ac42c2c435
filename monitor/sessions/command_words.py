"""The command line as a session keeps it: without what may be a secret.

Pure functions; safe on any thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["HIDDEN", "without_secrets", "without_secrets_in"]

HIDDEN = "***"
SECRET = re.compile(r"webhook|token|passw|secret|api-?key|auth|credential|private-?key", re.IGNORECASE)
"""What a flag or a variable is called whose value no one else should know."""
ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#\s]*@)?(?P<place>[^?#\s]*)(?P<rest>[?#]\S*)?")


def without_secrets(words: Sequence[str]) -> list[str]:
    """Return a command line in which passwords, tokens and the like are replaced.

    That is the value of every flag or assignment with such a name, and in addresses the user, the password and what
    follows a question mark. What is not given by such a name is not recognised.

    Examples
    --------
    >>> without_secrets(["auscult", "replay", "--token", "abc", "https://me:pw@host/a.wav?key=1"])
    ['auscult', 'replay', '--token', '***', 'https://***@host/a.wav?***']
    """
    shown: list[str] = []
    hide_next = False
    for word in words:
        name, equals, _ = word.partition("=")
        if hide_next and not word.startswith("-"):
            shown.append(HIDDEN)
        elif equals and SECRET.search(name) and "://" not in name:
            shown.append(f"{name}={HIDDEN}")
        else:
            shown.append(without_secrets_in(word))
        hide_next = word.startswith("-") and not equals and SECRET.search(word) is not None
    return shown


def without_secrets_in(text: str) -> str:
    """Return a text in which every address is without user, password and what follows a question mark.

    Examples
    --------
    >>> without_secrets_in("404, message='Not Found', url='https://me:pw@host/a.wav?key=1'")
    "404, message='Not Found', url='https://***@host/a.wav?***"
    """
    return ADDRESS.sub(_address, text)


def _address(match: re.Match[str]) -> str:
    """Return an address without user, password and parameters."""
    user = f"{HIDDEN}@" if "@" in match[0].partition("://")[2].partition("/")[0] else ""
    return match["scheme"] + user + match["place"] + (f"{match['rest'][0]}{HIDDEN}" if match["rest"] else "")

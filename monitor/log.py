"""Diagnostics for developers: the loggers ``monitor`` and ``training``, which ``AUSCULT_LOG`` makes visible.

Nothing imports :mod:`logging` until somebody asks for diagnostics, so a program that does not ask pays nothing
at start-up and prints nothing. What a user must know is an error or a message on the screen, never a log line.

Runs on any thread but the audio callback, which may not wait for a file.
"""

from __future__ import annotations

import sys
from typing import Literal

from monitor.errors import AuscultError

__all__ = ["VARIABLE", "configure_logging", "log"]

VARIABLE = "AUSCULT_LOG"
LOGGERS = ("monitor", "training")
LEVELS = ("DEBUG", "INFO", "WARNING")


def log(level: Literal["DEBUG", "INFO", "WARNING"], name: str, message: str, *args: object) -> None:
    """Pass a diagnostic on, if anybody reads diagnostics.

    Parameters
    ----------
    level : {"DEBUG", "INFO", "WARNING"}
    name : str
        ``__name__`` of the module.
    message : str
        With ``%s`` for each of ``args``.
    *args : object
    """
    logging = sys.modules.get("logging")
    if logging is None:  # no handler can have been added
        return
    top = logging.getLogger(name.partition(".")[0])
    if not top.handlers:
        top.addHandler(logging.NullHandler())  # or Python would print warnings by itself
    logging.getLogger(name).log(getattr(logging, level), message, *args)


def configure_logging(value: str) -> None:
    """Write diagnostics to standard error or to a file.

    Parameters
    ----------
    value : str
        As in ``AUSCULT_LOG``: ``LEVEL`` or ``LEVEL:FILE``, with DEBUG, INFO or WARNING as the level.

    Raises
    ------
    AuscultError
        If the value has another form, or the file cannot be opened.
    """
    import logging

    level, colon, file = value.partition(":")
    if level.upper() not in LEVELS or bool(colon) != bool(file):
        raise AuscultError(
            f"{VARIABLE}={value!r} cannot be used",
            f"it must be {', '.join(LEVELS)}, or one of them, a colon and a file",
        )
    try:
        handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    except OSError as error:
        raise AuscultError(f"{VARIABLE}: {file} cannot be written: {error.strerror}", "name another file") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level.upper())

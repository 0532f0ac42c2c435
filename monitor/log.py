"""Diagnostics for developers: the loggers ``monitor`` and ``training``, which ``AUSCULT_LOG`` makes visible.

A module calls :func:`get_logger` and writes as to any logger. :mod:`logging` itself, 10 ms of a start, is imported only
by those who read: until then there can be no handler, and messages are dropped. What a user must know is an
error or a message on the screen, never a log line.

Runs on any thread but the audio callback, which may not wait for a file.
"""

from __future__ import annotations

import sys
from typing import Literal

from monitor.errors import AuscultError, reason_of
from monitor.output import printable_lines

__all__ = ["LazyLogger", "configure_logging", "get_logger"]

VARIABLE = "AUSCULT_LOG"
LOGGERS = ("monitor", "training")
LEVELS = ("DEBUG", "INFO", "WARNING")


def get_logger(name: str) -> LazyLogger:
    """Return the logger of a module, given its ``__name__``."""
    return LazyLogger(name)


class LazyLogger:
    """A ``logging.Logger`` that is looked up when something is logged.

    Parameters
    ----------
    name : str
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def debug(self, message: str, *args: object, exc_info: bool = False) -> None:
        """Log what helps to follow the program step by step."""
        self._log("DEBUG", message, args, exc_info)

    def info(self, message: str, *args: object, exc_info: bool = False) -> None:
        """Log a fact about this run."""
        self._log("INFO", message, args, exc_info)

    def warning(self, message: str, *args: object, exc_info: bool = False) -> None:
        """Log what should not happen and was handled."""
        self._log("WARNING", message, args, exc_info)

    def _log(
        self, level: Literal["DEBUG", "INFO", "WARNING"], message: str, args: tuple[object, ...], exc_info: bool
    ) -> None:
        """Pass a message on, if anybody can read it."""
        logging = sys.modules.get("logging")
        if logging is None:
            return
        top = logging.getLogger(self.name.partition(".")[0])
        if not top.handlers:
            top.addHandler(logging.NullHandler())  # or Python would print warnings by itself
        logging.getLogger(self.name).log(getattr(logging, level), message, *args, exc_info=exc_info)


class _StandardError:
    """Standard error at the time of each write: it is replaced while native code must not write to it."""

    def write(self, text: str) -> None:
        """Write text."""
        sys.stderr.write(text)

    def flush(self) -> None:
        """Flush."""
        sys.stderr.flush()


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
    from pathlib import Path

    class PrintableFormatter(logging.Formatter):
        """No control character, whatever the names in a message hold."""

        def format(self, record: logging.LogRecord) -> str:
            return printable_lines(super().format(record))

    level, colon, file = value.partition(":")
    if level.upper() not in LEVELS or bool(colon) != bool(file):
        raise AuscultError(
            f"{VARIABLE}={value!r} cannot be used",
            f"it must be {', '.join(LEVELS)}, or one of them, a colon and a file",
        )
    try:
        handler: logging.Handler
        handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(_StandardError())
    except OSError as error:
        reason = reason_of(error, Path(file))
        raise AuscultError(f"{VARIABLE}: {file} cannot be written: {reason}", "name another file") from error
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level.upper())

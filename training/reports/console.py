"""A console of rich whose report is printed in one piece, by the writer of all output."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from monitor.output import put_styled

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["report_console"]


class _Report(io.StringIO):
    """Text in memory that rich lays out as it would for standard output."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Return whether standard output is a terminal."""
        return sys.stdout is not None and sys.stdout.isatty()


@contextlib.contextmanager
def report_console(**options: Any) -> Iterator[Console]:
    """Yield a console for a report on standard output; print it when the block is left without an error.

    Parameters
    ----------
    **options
        As of ``rich.console.Console``.

    Raises
    ------
    OutputError, BrokenPipeError
        If it cannot be written.
    """
    from rich.console import Console

    report = _Report()
    report.encoding = getattr(sys.stdout, "encoding", None) or report.encoding
    yield Console(file=report, **options)
    put_styled(report.getvalue().removesuffix("\n"))

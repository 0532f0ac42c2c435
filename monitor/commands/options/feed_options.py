"""The arguments of a run that other programs follow, which ``listen``, ``replay`` and ``demo`` share.

Nothing of it is imported unless it is asked for. Main thread, but for what a sender tells.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitor.commands.options.sender_options import add_sender_arguments, sent
from monitor.commands.options.serve_options import add_serve_arguments, served
from monitor.output import say

if TYPE_CHECKING:
    from monitor.serve.feed import Feed, SeveralFeed

__all__ = ["Teller", "add_feed_arguments", "fed", "fed_together"]

FOLLOWERS = ("serve", "mqtt", "webhook")
NEEDS = {
    "serve_token_file": ("serve",),
    "mqtt_password_file": ("mqtt",),
    "webhook_secret_file": ("webhook",),
    "ca_file": ("mqtt", "webhook"),
    "share_subject": FOLLOWERS,
}
"""Arguments, and those without which each is no use."""


def add_feed_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``--serve``, ``--mqtt`` and ``--webhook``, and ``--share-subject``."""
    add_serve_arguments(parser)
    add_sender_arguments(parser)
    parser.add_argument(
        "--share-subject", action="store_true", help="serve and send subject, notes, paths and names of files too"
    )


class Teller:
    """Tells what is wrong with those that follow a run: at once, or, while the dashboard has the screen, at its end.

    Parameters
    ----------
    feed : Feed
        Whose notice is the newest line, for the header of the dashboard.
    has_screen : bool
        Whether there is a dashboard, once the run has begun.
    """

    def __init__(self, feed: Feed, *, has_screen: bool) -> None:
        self._feed, self._has_screen = feed, has_screen
        self._held: list[str] = []
        self._troubles: dict[str, str] = {}
        self.holding = False

    def tell(self, title: str, text: str, *, over: bool = False) -> None:
        """Tell one line; see :class:`monitor.serve.senders.sender.Tell`."""
        line = f"{title}: {text}"
        others = {other: kept for other, kept in self._troubles.items() if other != title}
        self._troubles = others if over else {title: line, **others}  # the newest first, where there is little room
        self._feed.notice = "; ".join(self._troubles.values())
        if self.holding and self._has_screen:
            self._held.append(line)
        else:
            say(f"auscult: {line}")

    def release(self) -> None:
        """Tell what was held, now that the screen is restored."""
        self.holding = False
        for text in self._held:
            say(f"auscult: {text}")
        self._held.clear()


@contextlib.contextmanager
def fed(options: argparse.Namespace) -> Iterator[Feed | None]:
    """Yield what a run is to feed, served and sent until the block is left; None where no one follows it.

    Ends with a usage error where an argument cannot be used.

    Raises
    ------
    MissingExtraError
        If a package is not installed.
    """
    if not _followed(options):
        yield None
        return
    from monitor.serve.feed import Feed

    feed = Feed(share_subject=options.share_subject, subject=getattr(options, "subject", None))
    with _followers(options, feed):
        yield feed


@contextlib.contextmanager
def fed_together(options: argparse.Namespace) -> Iterator[SeveralFeed | None]:
    """Yield what several devices are to feed, which are added to it; as :func:`fed`."""
    if not _followed(options):
        yield None
        return
    from monitor.serve.feed import SeveralFeed

    feed = SeveralFeed(share_subject=options.share_subject)
    with _followers(options, feed):
        yield feed


def _followed(options: argparse.Namespace) -> bool:
    """Return whether anyone follows the run.

    Ends with a usage error where an argument is no use without another.
    """
    for name, others in NEEDS.items():
        if getattr(options, name) and all(getattr(options, other) is None for other in others):
            options.usage_error(f"--{name.replace('_', '-')} needs {' or '.join(f'--{other}' for other in others)}")
    return any(getattr(options, name) is not None for name in FOLLOWERS)


@contextlib.contextmanager
def _followers(options: argparse.Namespace, feed: Feed) -> Iterator[None]:
    """Serve and send a feed until the block is left."""
    teller = Teller(feed, has_screen=not (options.json or options.plain) and sys.stderr.isatty())
    with served(options, feed, teller.tell), sent(options, feed, teller.tell):
        teller.holding = True
        try:
            yield
        finally:
            teller.release()

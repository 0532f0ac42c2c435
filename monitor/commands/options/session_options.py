"""The arguments of a session, which ``listen``, ``exam``, ``replay`` and ``demo`` share, and how one is begun.

Main thread only.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from monitor.errors import AuscultError
from monitor.labels import SITES
from monitor.output import say
from monitor.sessions.names import check_subject

if TYPE_CHECKING:
    from monitor.audio.sources.base import Source
    from monitor.inference.bundle import Bundle
    from monitor.sessions.session import Session

__all__ = [
    "add_session_arguments",
    "check_session",
    "default_session_dir",
    "new_session",
    "report_session",
    "session_dir",
    "subject",
]


def add_session_arguments(
    parser: argparse.ArgumentParser, *, in_settings: bool = False, with_site: bool = True
) -> None:
    """Add ``--session``, ``--session-dir``, ``--site`` and ``--subject``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    in_settings : bool
        Whether the settings may ask for a session too, so that the command line can refuse it.
    with_site : bool
        Whether there is a ``--site``; an examination has several.
    """
    action = argparse.BooleanOptionalAction if in_settings else "store_true"
    parser.add_argument(
        "--session",
        action=action,
        default=None,
        help="keep the sound, the results and the marks in a folder of their own",
    )
    parser.add_argument(
        "--session-dir", type=Path, metavar="DIR", help="where sessions are kept (default: see auscult config)"
    )
    if with_site:
        parser.add_argument(
            "--site",
            choices=SITES,
            help="auscultation site at the beginning; the keys 1 to 4 change it (default: not known)",
        )
    else:
        parser.set_defaults(site=None)
    parser.add_argument("--subject", type=subject, metavar="CODE", help="whose session it is: a code, not a name")


def subject(text: str) -> str:
    """Return a subject's code.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        return check_subject(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} must be 1 to 64 letters, digits, _ or -") from error


def check_session(options: argparse.Namespace, *, wanted: bool) -> None:
    """End with a usage error where an argument of a session is given without one."""
    for name in ("session_dir", "subject"):
        if getattr(options, name) is not None and not wanted:
            options.usage_error(f"--{name.replace('_', '-')} needs --session")


def new_session(
    options: argparse.Namespace,
    source: Source,
    bundle: Bundle,
    kind: Literal["listen", "exam", "replay", "demo"],
    channel: int | None = None,
    *,
    stream: str | None = None,
) -> Session:
    """Begin a session.

    Parameters
    ----------
    options : argparse.Namespace
    source : Source
    bundle : Bundle
    kind : {"listen", "exam", "replay", "demo"}
        The command.
    channel : int or None
        The channel in use, from 1.
    stream : str or None
        What the source is called among several.

    Raises
    ------
    AuscultError
        If it cannot be kept there, or the config file cannot be used.
    """
    from monitor.sessions.session import Facts, Session

    device = source.device_status
    facts = Facts(
        kind=kind,
        source=source.name,
        sample_rate=source.sample_rate,
        model=bundle.name,
        model_sha256=bundle.model_sha256,
        engine=bundle.engine_name,
        labels=tuple(bundle.labels),
        window_s=float(bundle.spec.window_s),
        hop_s=float(bundle.spec.hop_s if options.hop is None else options.hop),
        host_api=None if device is None else device.host_api,
        channel=channel,
        ecg_channel=source.ecg_channel,
        subject=options.subject,
        site=options.site,
        command=options.command_line,
        stream=stream,
    )
    parent = session_dir(vars(options))
    _erase_old(parent)
    return Session(parent, facts)


def _erase_old(parent: Path) -> None:
    """Erase the oldest sessions where the settings ask for a limit, and say which; a failure ends nothing."""
    from monitor.commands.options.settings import settings

    limit = settings({}).keep.value
    if limit is None:
        return
    from monitor.sessions.erasing import keep_within, parse_limit

    try:
        for folder in keep_within(parent, parse_limit(limit), datetime.datetime.now().astimezone()):
            say(f"auscult: erased, beyond {limit}: {folder}")
    except AuscultError as error:
        say(f"auscult: {error}")


def report_session(session: Session | None, stopping: Callable[[], bool] | None = None) -> None:
    """Say where a session is, and what is wrong with it; nothing without one, or where nothing was heard."""
    status = None if session is None else session.status
    if session is None or status is None or not session.kept:
        return
    lost = f", {status.lost_samples} samples of it lost" if status.lost_samples else ""
    why = f"; {status.error}" if status.error else ""
    say(f"session of {status.written_s:.1f} s{lost}: {session.folder}{why}", stopping)


def session_dir(flags: Mapping[str, object]) -> Path:
    """Return where sessions are kept: as asked for, as the settings say, or in the user's data folder."""
    from monitor.commands.options.settings import settings  # imports the inputs: only when it is needed

    chosen = settings({"session_dir": flags.get("session_dir")}).session_dir.value
    return default_session_dir() if chosen is None else Path(chosen).expanduser()


def default_session_dir() -> Path:
    """Return where sessions are kept if nothing else is said."""
    import platformdirs  # only here: most runs keep no session

    return Path(platformdirs.user_data_dir("auscult", appauthor=False)) / "sessions"

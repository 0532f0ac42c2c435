"""``auscult export SESSION|FILE --to FORMAT``: what was heard and found, for another program.

Times are seconds of the sound itself. A session's events are used as they are; a recording is judged once.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from monitor.archive.judged_file import judge_file
from monitor.archive.session_timeline import session_timeline
from monitor.archive.timeline import Timeline
from monitor.atomic_write import Content, write_atomic
from monitor.commands.export.formats import FORMATS
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_engine_argument,
    add_hop_argument,
    add_model_argument,
    check_hop,
)
from monitor.errors import AuscultError, reason_of
from monitor.inference.bundle import load_bundle
from monitor.labels import DEFAULT_ENGINE
from monitor.output import say
from monitor.text.text_lines import counted

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("source", metavar="SESSION|FILE", help="folder of a session, or a recording")
    parser.add_argument(
        "--to", required=True, choices=tuple(FORMATS), metavar="FORMAT", help=f"one of {', '.join(FORMATS)}"
    )
    parser.add_argument("-o", "--out", metavar="OUT", help="file or folder (default: named as the source, here)")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    add_model_argument(parser)
    add_engine_argument(parser, default=None)
    add_hop_argument(parser)
    add_channel_argument(parser)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Export one source; what is missing in it is said, and is exit code 1 where it is damaged."""
    source, form = Path(options.source), FORMATS[options.to]
    name = source.resolve().name if source.is_dir() else source.stem
    paths = form.paths(options.out or ".", name)
    _check_free(paths, force=options.force)
    timeline, remarks = _timeline(source, options)
    files = form.render(timeline, next(iter(paths.values())).name.removesuffix(form.endings[0]))
    for path in paths.values():
        _check_kept(path, timeline)
    for ending, content in files.items():
        _write(paths[ending], content, force=options.force, private=bool(timeline.session))
    say(
        f"{paths[form.endings[0]]}: {counted(len(timeline.spans), 'entry', 'entries')} over {timeline.duration_s:.2f} s"
    )
    for remark in remarks:
        say(f"auscult: {remark}")
    return 1 if remarks else 0


def _timeline(source: Path, options: argparse.Namespace) -> tuple[Timeline, list[str]]:
    """Return the session or the recording, and what is missing in it."""
    if source.is_dir():
        if any(given is not None for given in (options.engine, options.hop, options.channel)):
            options.usage_error("--engine, --hop and --channel need a recording: a session has been judged")
        return session_timeline(source)
    bundle = load_bundle(options.model, engine=options.engine or DEFAULT_ENGINE)
    check_hop(options, bundle)
    return judge_file(source, bundle, channel=options.channel, hop_s=options.hop)


def _check_free(paths: dict[str, Path], *, force: bool) -> None:
    """Refuse, before the work, to replace what exists."""
    for path in paths.values():
        if path.is_dir():
            raise AuscultError(f"{path} is a folder", "name a file")
        if os.path.lexists(path) and not force:
            raise AuscultError(f"{path} exists and is not overwritten", "choose another name with -o, or add --force")


def _check_kept(path: Path, timeline: Timeline) -> None:
    """Refuse to replace what the export was read from."""
    if path.resolve() in {kept.resolve() for kept in timeline.inputs}:
        raise AuscultError(
            f"{path} belongs to what is exported and is not overwritten", "choose another folder with -o"
        )


def _write(path: Path, content: Content, *, force: bool, private: bool) -> None:
    """Write a file whole or not at all; from a session, for its owner alone: it may say whose heart it is."""
    _check_free({"": path}, force=force)  # another program may have written it meanwhile
    try:
        write_atomic(path, content, private=private)
    except OSError as error:
        reason = reason_of(error, path)
        raise AuscultError(f"{path} cannot be written: {reason}", "name another file or folder with -o") from error

"""``auscult report SESSION|FILE... -o report.html|report.pdf``, and ``--text``: what was heard and found, for people.

A session's events are used as they are; a recording is judged once; the table of a scan is a report of its own. Imports
matplotlib and jinja2 only where they are needed.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path

from monitor.archive.judged_file import judge_file
from monitor.archive.scans.rows import is_scan, read_scan
from monitor.archive.session_timeline import session_timeline
from monitor.commands.options.arguments import (
    add_channel_argument,
    add_hop_argument,
    add_model_argument,
    check_hop,
    finite_number,
)
from monitor.commands.report.card import model_card
from monitor.commands.report.contents import Chapter, chapter
from monitor.commands.report.drawings import Drawings, drawings
from monitor.commands.report.files import check_free, write_report
from monitor.commands.report.page import ChapterParts, page
from monitor.commands.report.paragraph import paragraphs
from monitor.commands.report.pdf import pdf
from monitor.commands.report.scans.written import PAGE_ENDINGS, scan_text, write_scan_page
from monitor.commands.report.sound import EmbeddedSound, embedded_sound
from monitor.commands.report.words import size_text
from monitor.errors import AuscultError, check_installed
from monitor.inference.bundle import load_bundle
from monitor.output import put, say
from monitor.text.text_lines import counted

__all__ = ["add_arguments", "run"]

FORMATS = {".html": ("jinja2", "matplotlib"), ".htm": ("jinja2", "matplotlib"), ".pdf": ("matplotlib",), ".txt": ()}
"""The packages that each ending needs."""
MAX_SOUND_MB = 16.0
"""About half an hour at 4 kHz: mail takes it, and a browser opens it at once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SESSION|FILE|TABLE",
        help="folders of sessions, or recordings: one report of all; or one table that auscult scan has written",
    )
    parser.add_argument("-o", "--out", metavar="OUT", help="the report: .html with a player, .pdf or .txt")
    parser.add_argument(
        "--text", action="store_true", help="a paragraph to paste into a record, on standard output or into -o"
    )
    parser.add_argument("--force", action="store_true", help="replace a report that exists")
    parser.add_argument(
        "--max-sound",
        type=finite_number,
        default=MAX_SOUND_MB,
        metavar="MB",
        help=f"leave out sound that takes more of the page (default: {MAX_SOUND_MB:g}; 0: none)",
    )
    add_model_argument(parser)
    add_hop_argument(parser)
    add_channel_argument(parser)
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Write one report; what is missing in a source is said, and is exit code 1 where it is damaged."""
    out = None if options.out is None else Path(options.out)
    if any(is_scan(Path(source)) for source in options.sources):
        return _report_scan(out, options)
    ending = _ending(out, options)
    if out is not None:
        check_free(out, force=options.force)
    chapters = _chapters(options)
    if out is None:
        put(paragraphs(chapters))
    else:
        _check_kept(out, chapters)
        content, words = _content(ending, chapters, options)
        write_report(out, content, force=options.force)
        say(f"{out}: {words}")
    remarks = [remark for one in chapters for remark in one.remarks]
    for remark in remarks:
        say(f"auscult: {remark}")
    return 1 if any(one.is_damaged for one in chapters) else 0


def _report_scan(out: Path | None, options: argparse.Namespace) -> int:
    """Write the report of a scan; the exit code is that of the scan."""
    if len(options.sources) > 1:
        options.usage_error("the table of a scan is reported by itself: name one table, and nothing else")
    if options.channel is not None or options.hop is not None:
        options.usage_error("--channel and --hop need a recording: a scan has been judged")
    source = Path(options.sources[0])
    if out is not None and not options.text and out.suffix.lower() == ".pdf":
        options.usage_error("a scan is reported as .html, which a browser prints into a PDF, or with --text")
    ending = _ending(out, options, pictures=False)
    if out is not None:
        check_free(out, force=options.force)
        if out.resolve() == source.resolve():
            raise AuscultError(f"{out} is what is reported and is not overwritten", "choose another name with -o")
    result = read_scan(source)
    if out is not None and ending in PAGE_ENDINGS:
        errors = write_scan_page(result, out, force=options.force)
    else:
        text, errors = scan_text(result)
        if out is None:
            put(text)
        else:
            write_report(out, f"{text}\n".encode("utf-8", "replace"), force=options.force)
    if result.remark:
        say(f"auscult: {result.remark}")
    return 1 if errors or result.remark else 0


def _ending(out: Path | None, options: argparse.Namespace, *, pictures: bool = True) -> str:
    """Return the form of the report; check, before the work, what it needs."""
    if options.max_sound < 0:
        options.usage_error("--max-sound must be 0 or more MB")
    if options.text:
        if out is not None and out.suffix.lower() in (".html", ".htm", ".pdf"):
            options.usage_error(f"--text is plain text, and -o {options.out!r} is not: leave one out, or name a .txt")
        return ".txt"
    if out is None:
        options.usage_error("name the report with -o report.html or -o report.pdf, or ask for --text")
    ending = "" if out is None else out.suffix.lower()
    if ending not in FORMATS:
        options.usage_error(f"-o {options.out!r} must end in {', '.join(FORMATS)}")
    for package in FORMATS[ending] if pictures else ("jinja2",):
        check_installed(package, f"auscult report -o *{ending}", "report")
    return ending


def _chapters(options: argparse.Namespace) -> list[Chapter]:
    """Return every source in the order given, a recording judged once."""
    sources = [Path(source) for source in options.sources]
    recordings = [source for source in sources if not source.is_dir()]
    if not recordings and (options.channel is not None or options.hop is not None):
        options.usage_error("--channel and --hop need a recording: a session has been judged")
    bundle = load_bundle(options.model) if recordings else None
    if bundle is not None:
        check_hop(options, bundle)
    found = []
    for source in sources:
        if source.is_dir() or bundle is None:
            timeline, remarks = session_timeline(source)
        else:
            timeline, remarks = judge_file(source, bundle, channel=options.channel, hop_s=options.hop)
        found.append(chapter(timeline, remarks))
    return found


def _content(ending: str, chapters: Sequence[Chapter], options: argparse.Namespace) -> tuple[bytes, str]:
    """Return the report, and what it is in a few words."""
    count = counted(len(chapters), "recording")
    made = datetime.datetime.now().astimezone()
    if ending == ".txt":
        return f"{paragraphs(chapters)}\n".encode(), f"{count}, as text"
    drawn = [drawings(one) for one in chapters]
    if ending == ".pdf":
        content = pdf(list(zip(chapters, drawn, strict=True)), made)
        return content, f"{count}, {size_text(len(content))}"
    sounds = _sounds(chapters, drawn, round(options.max_sound * 1e6))
    cards = [
        model_card(options.model if not one.timeline.session else one.model or "", one.model_sha256) for one in chapters
    ]
    parts = [ChapterParts(*four) for four in zip(chapters, drawn, sounds, cards, strict=True)]
    content = page(parts, made).encode("utf-8", "replace")
    embedded = sum(sound.num_bytes for sound in sounds if sound is not None and sound.uri)
    for sound in sounds:
        if sound is not None and not sound.uri:
            say(f"auscult: {sound.note}")
    of_it = f", of it {size_text(embedded)} of sound" if embedded else ""
    return content, f"{count}, {size_text(len(content))}{of_it}"


def _sounds(chapters: Sequence[Chapter], drawn: Sequence[Drawings], max_bytes: int) -> list[EmbeddedSound | None]:
    """Return the sound of each chapter, as long as there is room."""
    sounds: list[EmbeddedSound | None] = []
    for one, drawing in zip(chapters, drawn, strict=True):
        sound = one.timeline.sound
        embedded = None if sound is None else embedded_sound(sound, drawing.peak, max_bytes)
        max_bytes -= embedded.num_bytes if embedded is not None and embedded.uri else 0
        sounds.append(embedded)
    return sounds


def _check_kept(path: Path, chapters: Sequence[Chapter]) -> None:
    """Refuse to replace what the report was read from."""
    target = path.resolve()
    if any(target == kept.resolve() for one in chapters for kept in one.timeline.inputs):
        raise AuscultError(f"{path} belongs to what is reported and is not overwritten", "choose another name with -o")

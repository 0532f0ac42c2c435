"""Build the pages of the project as a site, with the reference of commands and of Python. Needs the extra ``docs``.

    python docs/make/make_site.py [FOLDER]

The site is FOLDER/index.html (build/site without FOLDER). Warnings are errors: a link that leads nowhere, a page that
no other leads to, a docstring that cannot be read. The Markdown pages are taken as they stand, so the links in them
work in both places; what a list of an index links to becomes its part of the table of contents.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from make_manual import arguments, commands

from monitor.cli import COMMANDS, EPILOG, whole_parser

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "models/*/CARD.md")
START = "docs/index.md"
REFERENCE = "docs/reference.md"
DECISIONS = "docs/decisions/README.md"
INDEXES = (START, "docs/readers/*.md", "docs/formats/README.md")
LIST = re.compile(r"^(?:-|\d+\.) .*$", re.MULTILINE)
LINK = re.compile(r"\]\(<?([^)>\s#]+)[^)]*\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FRONT = (
    '<!DOCTYPE html><meta charset="utf-8"><title>auscult</title>'
    '<meta http-equiv="refresh" content="0; url={0}"><a href="{0}">auscult</a>\n'
)

PYTHON = {
    "Judge a sound": ("judge", "Judged"),
    "Follow a sound": ("Pipeline", "Ward"),
    "Sources of sound": (
        *("Source", "ArraySource", "RecordingSource", "MicrophoneSource", "PipeSource", "RawFormat", "SyntheticSource"),
        "PacedSource",
    ),
    "Results": ("WindowEvent", "Snapshot", "Summary"),
    "Bundles": ("load_bundle", "Bundle"),
    "Errors": ("AuscultError",),
}
"""The public names of ``monitor`` in the order in which they are explained; one that is missing goes to the end."""
PYTHON_INTRODUCTION = (
    "Nothing is started or loaded when ``monitor`` is imported: each name is imported when it is first used. What is "
    "below :mod:`monitor` in other modules may change from one version to the next. Research use, not for diagnosis."
)
FURTHER = {"What results consist of": "monitor.messages", "Every error": "monitor.errors"}
"""Modules whose classes are explained behind the public names that use them."""


def pages() -> list[str]:
    """Return the Markdown pages of the project, by their place in it."""
    found = {path.relative_to(ROOT).as_posix() for place in PLACES for path in ROOT.glob(place)}
    return sorted(found)


def targets(page: str, text: str) -> Iterator[str]:
    """Yield the files that a page links to or shows, by their place in the project."""
    for link in LINK.findall(FENCE.sub("", text)):
        path = (ROOT / page).parent.joinpath(link).resolve()
        if "://" not in link and path.is_file() and path.is_relative_to(ROOT):
            yield path.relative_to(ROOT).as_posix()


def toctree(entries: list[str], caption: str = "", *, hidden: bool = True) -> str:
    """Return a part of the table of contents, or nothing."""
    if not entries:
        return ""
    options = [":hidden:"] if hidden else [":maxdepth: 1"]
    options += [f":caption: {caption}"] if caption else []
    lines = [f"/{entry.rsplit('.', 1)[0]}" for entry in entries]
    return "\n".join(["", "```{toctree}", *options, "", *lines, "```", ""])


def contents() -> dict[str, str]:
    """Return what is put behind each page of an index: what its lists link to and no page before it does."""
    indexes = [page for place in INDEXES for page in sorted(pages()) if Path(page).match(place)]
    decisions = [page for page in pages() if page.startswith("docs/decisions/") and page != DECISIONS]
    owned = {START, *decisions}
    found = {DECISIONS: toctree(decisions, hidden=False)}
    for index in indexes:
        parts = re.split(r"^## (.+)$", (ROOT / index).read_text(encoding="utf-8"), flags=re.MULTILINE)
        found[index] = ""
        for caption, part in zip(["", *parts[1::2]], parts[::2], strict=True):
            text = "\n".join(LIST.findall(part))
            entries = [
                page for page in dict.fromkeys(targets(index, text)) if page.endswith(".md") and page not in owned
            ]
            owned.update(entries)
            found[index] += toctree(entries, caption)
    return found


def command_reference() -> str:
    """Return the page of all commands, from their parsers."""
    lines = ["# Commands", "", EPILOG.replace("\n", "\n\n"), ""]
    for name, command in commands(whole_parser()).items():
        lines += [f"## auscult {name}", "", _plain(f"{COMMANDS[name][1].capitalize()}."), ""]
        for flags, value, help_text in arguments(command):
            names = ", ".join(f"`{flag}`" for flag in flags)
            lines += [" ".join(filter(None, (names, value and f"*{_plain(value)}*"))), f": {_plain(help_text)}", ""]
        if command.epilog:
            lines += ["```text", *command.epilog.splitlines(), "```", ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return text in which nothing is Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", text)


def python_reference() -> str:
    """Return the page of the public names of ``monitor``, from their docstrings."""
    import monitor

    named = [name for names in PYTHON.values() for name in names]
    rest = tuple(name for name in monitor.__all__ if name not in named)
    lines = ["Python", "======", "", ".. module:: monitor", "", PYTHON_INTRODUCTION, ""]
    for title, names in {**PYTHON, **({"More": rest} if rest else {})}.items():
        lines += [title, "-" * len(title), ""]
        for name in names:
            is_class = isinstance(getattr(monitor, name), type)
            lines += [
                f".. auto{'class' if is_class else 'function'}:: {name}",
                *(["   :members:"] if is_class else []),
                "",
            ]
    for title, module in FURTHER.items():
        lines += [title, "-" * len(title), ""]
        classes = {
            name: value for name, value in vars(importlib.import_module(module)).items() if isinstance(value, type)
        }
        shown = [name for name, value in classes.items() if name not in monitor.__all__ and not name.startswith("_")]
        for name in (name for name in shown if classes[name].__module__.startswith(module)):
            lines += [f".. autoclass:: {module}.{name}", "   :members:", ""]
    return "\n".join(lines)


def lay_out(folder: Path) -> None:
    """Write the sources of the site: the pages, what they show, and the reference, at their places in the project."""
    behind = contents()
    for page in pages():
        text = (ROOT / page).read_text(encoding="utf-8")
        _write(folder / page, text + behind.get(page, ""))
        for target in targets(page, text):
            if not target.endswith(".md"):
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / target, folder / target)
    _write(folder / "docs" / "reference" / "commands.md", command_reference())
    _write(folder / "docs" / "reference" / "python.rst", python_reference())
    with (folder / REFERENCE).open("a", encoding="utf-8") as reference:
        reference.write(toctree(["docs/reference/commands.md", "docs/reference/python.rst"], hidden=False))


def _write(path: Path, text: str) -> None:
    """Write a page, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main(words: list[str]) -> int:
    """Build the site; return the exit code."""
    if len(words) > 1 or any(word.startswith("-") for word in words):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        from sphinx.cmd.build import main as build
    except ImportError:
        print("make_site: Sphinx is not installed: pip install '.[docs]'", file=sys.stderr)
        return 1
    site = Path(words[0]) if words else ROOT / "build" / "site"
    with tempfile.TemporaryDirectory(prefix="auscult-site-") as folder:
        lay_out(Path(folder))
        code = build(
            [
                "-W",
                "--keep-going",
                "-n",
                "-q",
                "-c",
                str(ROOT / "docs" / "make"),
                "-d",
                f"{folder}/.doctrees",
                folder,
                str(site),
            ]
        )
    if code == 0:
        (site / "index.html").write_text(FRONT.format("docs/index.html"), encoding="utf-8")
        print(f"wrote {site / 'index.html'}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

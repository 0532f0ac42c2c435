"""``auscult data DATA...``: an inventory of recordings, before minutes are spent on training.

Needs no TensorFlow. The report goes to standard output; ``--json`` prints it as one object instead.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import DataError
from monitor.features.spec import HEART
from monitor.output import printable, put, report_console
from training.commands.arguments import add_data, add_patients
from training.data.audio import TRUNCATED
from training.data.discovery import read_sets
from training.data.duplicates import DuplicatePair
from training.data.inventory import Counts, Inventory, SetInventory, take_inventory
from training.data.left_out import Account, FileGroup, account_for
from training.data.recording import DataSet

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["add_arguments", "file_lines", "report_lines", "run", "set_lines"]

MAX_LISTED = 5
"""Files of a kind that are named; the rest are counted, and are all in the JSON."""

HEADINGS = ("count", "patients", "{time}", "Hz", "clipped", "short", "noisy")
UNITS = {"hours": 1, "minutes": 60}
"""In an hour; minutes where a data set has less than one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_data(parser)
    add_patients(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every file named")
    parser.add_argument("--verbose", action="store_true", help="name every file in the report, not the first few alone")


def run(options: argparse.Namespace) -> int:
    """Read every recording once and print the inventory."""
    from rich.console import Console

    from training.progress import TerminalProgress

    sets = _read_sets(options)
    with TerminalProgress(Console(stderr=True)) as progress:
        total = sum(len(data_set.recordings) + len(data_set.aside) for data_set in sets)
        on_step = progress.stage("reading recordings", total)
        inventory = take_inventory(sets, options.patients, on_step, paths=options.data)
    if options.json:
        put(json.dumps(inventory.to_json()))
    else:
        _print_report(inventory, options)
    if not inventory.usable:
        raise DataError("none of the recordings can be read", "name a folder with recordings that play")
    return 0


def _read_sets(options: argparse.Namespace) -> list[DataSet]:
    """Return the data sets; where there are none, say of every file why, before the error."""
    try:
        return read_sets(options.data)
    except DataError:
        folders = [path for path in options.data if path.is_dir()]
        if not options.json:
            for line in file_lines(account_for(folders, []), _limit(options)):
                put(printable(line))
        raise


def _limit(options: argparse.Namespace) -> int:
    """Return how many files of a kind are named."""
    return sys.maxsize if options.verbose else MAX_LISTED


def _print_report(inventory: Inventory, options: argparse.Namespace) -> None:
    """Print a table and its notes for each data set, then what concerns all of them."""
    with report_console(highlight=False, markup=False, soft_wrap=True) as console:
        _print_sets(inventory, options, console)


def _print_sets(inventory: Inventory, options: argparse.Namespace, console: Console) -> None:
    """Print each data set, then what concerns all of them."""
    for part in inventory.sets:
        console.print(printable(f"{part.data_set.name}: {part.data_set.path}"), style="bold")
        _print_table(part, console)
        for line in set_lines(part, _limit(options)):
            console.print(f"  {printable(line)}")
        console.print()
    for line in report_lines(inventory, options.data, options.patients, _limit(options)):
        console.print(printable(line))


def _print_table(part: SetInventory, console: Console) -> None:
    """Print the counts of one data set; labels that are not used for training are in brackets."""
    from rich import box
    from rich.table import Table

    table = Table("label", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_footer=False)
    unit = "hours" if part.whole.hours >= 1 else "minutes"
    for heading in HEADINGS:
        table.add_column(heading.format(time=unit), justify="right")
    for label, counts in part.labels.items():
        table.add_row(printable(label), *_cells(counts, unit))
    for label, counts in part.aside.items():
        table.add_row(f"({printable(label)})", *_cells(counts, unit), style="dim")
    if len(part.labels) + len(part.aside) != 1:
        table.add_section()
        table.add_row("total", *_cells(part.whole, unit))
    console.print(table)


def _cells(counts: Counts, unit: str) -> list[str]:
    """Return the cells of a row, in the order of the headings; ``unit`` is that of the time."""
    return [
        str(counts.recordings),
        str(counts.patients or "-"),
        f"{counts.hours * UNITS[unit]:.2f}",
        " ".join(map(str, counts.sample_rates)),
        f"{counts.clipped / counts.recordings:.0%}" if counts.recordings else "-",
        str(counts.short),
        "-" if counts.noisy is None else str(counts.noisy),
    ]


def set_lines(part: SetInventory, limit: int = MAX_LISTED) -> list[str]:
    """Return the notes on one data set, a line each; ``limit`` files of a kind are named."""
    lines = [*part.data_set.notes, *part.data_set.cautions]
    if part.aside:
        lines.append("in brackets: not used for training")
    if part.without_patient:
        lines.append(f"patient unknown: {part.without_patient} recordings")
    if part.several_labels:
        lines.append(f"patients with several labels (allowed): {_first(part.several_labels, limit)}")
    if part.silent:
        lines.append(f"silent ({len(part.silent)}): {_first(_relative(part, part.silent), limit)}")
    for reason, paths in part.dropped.items():
        lines.append(f"left out ({len(paths)}), {reason}: {_first(_relative(part, paths), limit)}")
    lines += _cut_lines(part, limit)
    return lines + _unreadable_lines(part, limit)


def _cut_lines(part: SetInventory, limit: int) -> list[str]:
    """Return a line for each of the first few recordings of which sound is missing, and how many more there are."""
    cut = [f"{TRUNCATED}: {_relative(part, [path])[0]}: {missing}" for path, missing in part.truncated.items()]
    return cut[:limit] + ([f"{TRUNCATED}: {len(cut) - limit} more"] if len(cut) > limit else [])


def _unreadable_lines(part: SetInventory, limit: int) -> list[str]:
    """Return a line for each of the first few files that cannot be read; the first of a form has its command."""
    lines, told = [], set()
    for path, reason in list(part.unreadable.items())[:limit]:
        form, command = part.foreign.get(path, ("", ""))
        step = f"; {command}" if form and form not in told else ""
        told.add(form)
        lines.append(f"cannot be used: {reason.replace(path, _relative(part, [path])[0])}{step}")
    more = len(part.unreadable) - limit
    return lines + ([f"cannot be used: {more} more"] if more > 0 else [])


def file_lines(files: Account, limit: int = MAX_LISTED) -> list[str]:
    """Return what became of the files that are no recording of a data set, a line for each reason."""
    lines = []
    for title, groups in (
        ("files that are left out", files.left_out),
        ("files read beside the recordings", files.read_beside),
    ):
        if groups:
            count = sum(len(group.files) for group in groups)
            lines.append(f"{title}: {count} of {files.num_files}")
            lines += [f"  {_group_line(group, limit)}" for group in groups]
    return lines


def _group_line(group: FileGroup, limit: int) -> str:
    """Return a reason with its count, the first few names and what can be done."""
    step = f"; {group.next_step}" if group.next_step else ""
    return f"{group.reason} ({len(group.files)}): {_first(group.files, limit)}{step}"


def report_lines(inventory: Inventory, paths: Sequence[Path], patients: str, limit: int = MAX_LISTED) -> list[str]:
    """Return the notes on all data sets together, a line each; the last is the next step.

    Parameters
    ----------
    inventory : Inventory
    paths : sequence of Path
        The data sets as they were typed.
    patients : str
        The value of ``--patients``.
    limit : int
        How many files of a kind are named.
    """
    lines = file_lines(inventory.files, limit) if inventory.files else []
    lines += [
        f"clipped: more than 1 % of the samples at full scale; short: below {HEART.window_s:g} s, looped to a window"
    ]
    leaks = [pair for pair in inventory.duplicates if pair.across_patients]
    others = [pair for pair in inventory.duplicates if not pair.across_patients]
    lines += _pair_lines("the same sound under two patients, so a split may leak", leaks, limit)
    lines += _pair_lines("the same sound twice", others, limit)
    if inventory.missing_labels:
        lines.append(f"labels of the default bundle without a recording: {', '.join(inventory.missing_labels)}")
    if inventory.obstacle is not None:
        return [*lines, f"cannot be trained on yet: {inventory.obstacle}"]
    chosen = [] if patients == "auto" else ["--patients", patients]
    command = shlex.join(["auscult", "train", *map(str, paths), *chosen, "--out", "models/mine"])
    return [*lines, f"ready: {command}"]


def _pair_lines(title: str, pairs: Sequence[DuplicatePair], limit: int) -> list[str]:
    """Return a line for each of the first few pairs, and how many more there are."""
    lines = [
        f"{title}: {pair.first} and {pair.second}" + (", with different labels" if pair.across_labels else "")
        for pair in pairs[:limit]
    ]
    return lines + ([f"{title}: {len(pairs) - limit} more pairs"] if len(pairs) > limit else [])


def _first(names: Sequence[str], limit: int) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")


def _relative(part: SetInventory, paths: Sequence[str]) -> list[str]:
    """Return paths relative to the data set's folder."""
    root = part.data_set.path
    folder = root if root.is_dir() else root.parent
    return [path.removeprefix(f"{folder}/") for path in paths]

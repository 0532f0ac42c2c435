"""``auscult data DATA...``: what there is to train on, before minutes are spent on it.

Needs no TensorFlow. The report goes to standard output; ``--json`` prints it as one object instead.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import DataError
from monitor.features.spec import HEART
from training.commands.train import add_patients
from training.data.discovery import read_sets
from training.data.duplicates import Pair
from training.data.inventory import Counts, Inventory, SetInventory, take_inventory

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["add_arguments", "report_lines", "run", "set_lines"]

MOST_LISTED = 5
"""Files of a kind that are named; the rest are counted, and are all in the JSON."""

HEADINGS = ("count", "patients", "hours", "Hz", "clipped", "short", "noisy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "data",
        nargs="+",
        type=Path,
        metavar="DATA",
        help="PASCAL, CirCor, a folder per label, a manifest.csv, or a folder that holds several of these",
    )
    add_patients(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every file named")


def run(options: argparse.Namespace) -> int:
    """Read everything once, and print what there is."""
    from rich.console import Console

    from training.progress import TerminalProgress

    sets = read_sets(options.data)
    with TerminalProgress(Console(stderr=True)) as progress:
        number = sum(len(its.recordings) + len(its.aside) for its in sets)
        inventory = take_inventory(sets, options.patients, progress.stage("reading recordings", number))
    if options.json:
        print(json.dumps(inventory.to_json(), ensure_ascii=False))
    else:
        _print_report(inventory, options)
    if not inventory.usable:
        raise DataError("none of the recordings can be read", "name a folder with recordings that play")
    return 0


def _print_report(inventory: Inventory, options: argparse.Namespace) -> None:
    """Print a table for each set, then what is worth knowing of all."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for held in inventory.sets:
        console.print(f"{held.data_set.name}: {held.data_set.place}", style="bold")
        _print_table(held, console)
        for line in set_lines(held):
            console.print(f"  {line}")
        console.print()
    for line in report_lines(inventory, options.data, options.patients):
        console.print(line)


def _print_table(held: SetInventory, console: Console) -> None:
    """Print the counts of one set."""
    from rich import box
    from rich.table import Table

    table = Table("label", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_footer=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for label, counts in held.labels.items():
        table.add_row(label, *_cells(counts))
    for label, counts in held.aside.items():
        table.add_row(f"({label})", *_cells(counts), style="dim")
    if len(held.labels) + len(held.aside) != 1:
        table.add_section()
        table.add_row("together", *_cells(held.whole))
    console.print(table)


def _cells(counts: Counts) -> list[str]:
    """Return the cells of a row, in the order of the headings."""
    return [
        str(counts.recordings),
        str(counts.patients or "-"),
        f"{counts.hours:.2f}",
        " ".join(map(str, counts.sample_rates)),
        f"{counts.clipped / counts.recordings:.0%}" if counts.recordings else "-",
        str(counts.short),
        "-" if counts.noisy is None else str(counts.noisy),
    ]


def set_lines(held: SetInventory) -> list[str]:
    """Return what there is to say of one set, a line each."""
    lines = list(held.data_set.notes)
    if held.aside:
        lines.append("in brackets: not trained on")
    if held.without_patient:
        lines.append(f"patient unknown: {held.without_patient} recordings")
    if held.several_labels:
        lines.append(f"patients in several labels (allowed): {_some(held.several_labels)}")
    if held.silent:
        lines.append(f"nothing sounds in {len(held.silent)}: {_some(_short(held, held.silent))}")
    for reason, paths in held.dropped.items():
        lines.append(f"dropped {len(paths)}, {reason}: {_some(_short(held, paths))}")
    for path, reason in list(held.unreadable.items())[:MOST_LISTED]:
        lines.append(f"cannot be used: {reason.replace(path, _short(held, [path])[0])}")
    if len(held.unreadable) > MOST_LISTED:
        lines.append(f"cannot be used: {len(held.unreadable) - MOST_LISTED} more")
    return lines


def report_lines(inventory: Inventory, paths: Sequence[Path], patients: str) -> list[str]:
    """Return what there is to say of all sets together, a line each; the last is the next step."""
    lines = [
        f"clipped: more than 1 % of the samples at full scale; short: below {HEART.window_s:g} s, looped to a window"
    ]
    leaking = [pair for pair in inventory.duplicates if pair.across_patients]
    others = [pair for pair in inventory.duplicates if not pair.across_patients]
    lines += _pair_lines("the same sound under two patients, so a split may leak", leaking)
    lines += _pair_lines("the same sound twice", others)
    if inventory.missing_labels:
        lines.append(f"labels of the default bundle without a certain recording: {', '.join(inventory.missing_labels)}")
    if inventory.obstacle is not None:
        return [*lines, f"not to be trained on as it is: {inventory.obstacle}"]
    chosen = [] if patients == "auto" else ["--patients", patients]
    command = shlex.join(["auscult", "train", *map(str, paths), *chosen, "--out", "models/mine"])
    return [*lines, f"ready: {command}"]


def _pair_lines(title: str, pairs: Sequence[Pair]) -> list[str]:
    """Return a line for each of some pairs, the first few."""
    lines = [
        f"{title}: {pair.first} and {pair.second}" + (", with different labels" if pair.across_labels else "")
        for pair in pairs[:MOST_LISTED]
    ]
    return lines + ([f"{title}: {len(pairs) - MOST_LISTED} more pairs"] if len(pairs) > MOST_LISTED else [])


def _some(names: Sequence[str]) -> str:
    """Return the first few of some names, and how many more there are."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _short(held: SetInventory, paths: Sequence[str]) -> list[str]:
    """Return paths without the set's own place before them."""
    place = held.data_set.place
    folder = place if place.is_dir() else place.parent
    return [path.removeprefix(f"{folder}/") for path in paths]

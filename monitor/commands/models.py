"""``auscult models``: the bundles that are installed, and their cards."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from monitor.errors import BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, list_bundles, load_bundle, read_settings

__all__ = ["add_arguments", "run"]

HEADLINES = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80")
"""Of all labels together; those that a bundle has are shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME|DIR", help="print this bundle's model card")
    parser.add_argument("--json", action="store_true", help="print bundle.json instead, of all or of the one named")


def run(options: argparse.Namespace) -> int:
    """List the bundles, or print a card."""
    if options.name is not None:
        bundle = load_bundle(options.name)
        print(json.dumps(bundle.settings, ensure_ascii=False) if options.json else bundle.card.rstrip())
        return 0
    return _list(as_json=options.json)


def _list(*, as_json: bool) -> int:
    """Print a paragraph per bundle; a damaged one gets its line and the exit code of the world."""
    code = 0
    for path in list_bundles():
        try:
            settings = read_settings(path)
        except BundleError as error:
            print(f"auscult: {error}", file=sys.stderr)
            code = error.exit_code
            continue
        print(json.dumps(settings, ensure_ascii=False) if as_json else _paragraph(settings, path))
    return code


def _paragraph(settings: dict[str, Any], path: Path) -> str:
    """Return what a person needs to choose a bundle."""
    default = (
        " (default)" if settings["name"] == DEFAULT_BUNDLE and path == find_bundle(DEFAULT_BUNDLE).resolve() else ""
    )
    sets = "; ".join(
        f"{data['set']}, {data['recordings']} recordings of {data['patients']}" for data in settings["training_data"]
    )
    overall = settings["metrics"]["overall"]
    names = [name for name in HEADLINES if name in overall]
    figures = [f"{name.replace('_', ' ')} {_figure(overall[name])}" for name in names]
    murmur = settings["metrics"]["per_label"].get("murmur")
    if murmur:
        figures.append(f"murmur AUC {_figure(murmur['auc'])}")
    for source, its in settings["metrics"].get("other_sets", {}).items():
        figures += [f"{source} {name.replace('_auc', ' AUC')} {_figure(figure)}" for name, figure in its.items()]
    lines = [
        f"{settings['name']}{default}",
        f"  labels    {', '.join(settings['labels'])}",
        f"  trained   {sets}",
        *(f"  {'' if number else 'held out':8}  {figure}" for number, figure in enumerate(figures)),
        f"  folder    {path}",
    ]
    return "\n".join(lines)


def _figure(figure: dict[str, float | None]) -> str:
    """Return a value with its interval; a dash where there is none."""
    if None in figure.values():
        return "-"
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"

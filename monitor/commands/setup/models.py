"""``auscult models``: the installed model bundles, their cards, and bundles on their way to and from other people."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from monitor.commands.setup.model_files import ACTIONS
from monitor.errors import BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, list_bundles, load_bundle, read_settings
from monitor.inference.bundle_files import SEGMENTATION
from monitor.inference.bundle_schema import not_told
from monitor.inference.engine import ENGINES, OPTIONAL_NETWORKS
from monitor.labels import metric_title, set_title
from monitor.output import printable, printable_lines, put, report_console, say
from monitor.text.model_card import readable_card

__all__ = ["add_arguments", "run"]

HEADLINES = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error", "accuracy_on_surest_80")
"""Metrics over all labels that are listed where a bundle has them."""

CARD_WIDTH = 120
"""Columns of a card; longer lines are hard to read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.usage = (
        "auscult models [NAME|DIR] [--json]\n"
        "       auscult models pack NAME|DIR [-o FILE] [--force]\n"
        "       auscult models install FILE [--as NAME] [--keras] [--force]\n"
        "       auscult models pull hf://OWNER/NAME[@REVISION] [--as NAME] [--keras] [--force]\n"
        "       auscult models push NAME|DIR hf://OWNER/NAME[@BRANCH] [--public]\n"
        "       auscult models export NAME|DIR --to onnx [-o FILE] [--force]"
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="NAME|DIR|pack|install|pull|push|export",
        help="print this bundle's model card; or what to do, and with which bundle, file or address of a model hub",
    )
    parser.add_argument("--json", action="store_true", help="print bundle.json, of all bundles or of the one named")
    parser.add_argument(
        "-o", dest="out", metavar="FILE", help="pack: the file (default: NAME.auscult); export: write only this file"
    )
    parser.add_argument("--as", dest="name", metavar="NAME", help="install, pull: the bundle's name from now on")
    parser.add_argument(
        "--keras",
        action="store_true",
        help="install, pull: with model.keras, to train it further (trusted: see SECURITY)",
    )
    parser.add_argument("--public", action="store_true", help="push: anyone may read a repository that is made")
    parser.add_argument("--to", choices=("onnx",), help="export: the format")
    parser.add_argument("--force", action="store_true", help="replace a file, or a bundle that was installed before")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """List the bundles, print a card, or do what the first word says."""
    word = options.words[0] if options.words else None
    if word in ACTIONS:
        return ACTIONS[word](options, options.words[1:])
    for flag in ("out", "name", "keras", "public", "to", "force"):
        if getattr(options, flag):
            options.usage_error(f"say what to do first: {', '.join(ACTIONS)}")
    if len(options.words) > 1:
        options.usage_error("name one bundle")
    if word is None:
        return _list(as_json=options.json)
    bundle = load_bundle(word)
    if options.json:
        put(json.dumps(bundle.settings, allow_nan=False))
    else:
        _show(readable_card(bundle.card))
    return 0


def _show(card: str) -> None:
    """Print a card: laid out on a terminal, and elsewhere as the Markdown that it is."""
    if sys.stdout is None or not sys.stdout.isatty():
        put(card)
        return
    from rich.markdown import Markdown

    with report_console() as console:
        # no hyperlinks: a card comes from elsewhere, and a link on a terminal does not show where it leads
        console.print(Markdown(printable_lines(card), hyperlinks=False), width=min(console.width, CARD_WIDTH))


def _list(*, as_json: bool) -> int:
    """Print a paragraph per bundle; a damaged one gets an error line and sets the exit code."""
    code = 0
    for path in list_bundles():
        try:
            settings = read_settings(path)
        except BundleError as error:
            say(f"auscult: {error}")
            code = error.exit_code
            continue
        put(json.dumps(settings, allow_nan=False) if as_json else _paragraph(settings, path))
    return code


def _paragraph(settings: dict[str, Any], path: Path) -> str:
    """Return what a person needs to choose a bundle."""
    is_default = path.name == DEFAULT_BUNDLE and path == find_bundle(DEFAULT_BUNDLE).resolve()
    sets = "; ".join(
        f"{set_title(data['set'])}, {data['recordings']} recordings of {data['patients']} patients"
        for data in settings.get("training_data", ())
    )
    every = settings.get("metrics", {})
    overall = every.get("overall", {})
    names = [name for name in HEADLINES if name in overall]
    metrics = [f"{metric_title(name)} {_estimate(overall[name])}" for name in names]
    murmur = every.get("per_label", {}).get("murmur")
    if murmur and "auc" in murmur:
        metrics.append(f"murmur AUC {_estimate(murmur['auc'])}")
    for source, values in every.get("other_sets", {}).items():
        metrics += [f"{set_title(source)} {metric_title(name)} {_estimate(value)}" for name, value in values.items()]
    lines = [
        f"{settings['name']}{' (default)' if is_default else ''}",
        f"  labels    {', '.join(settings['labels'])}",
        f"  engines   {_engines(settings)}",
        *([f"  lacks     {lacks}"] if (lacks := _lacks(settings)) else []),
        *([f"  not told  {', '.join(untold)}"] if (untold := not_told(settings)) else []),
        f"  trained   {sets}",
        *(f"  {'' if index else 'held out':8}  {metric}" for index, metric in enumerate(metrics)),
        f"  folder    {path}",
    ]
    return "\n".join(map(printable, lines))


def _engines(settings: dict[str, Any]) -> str:
    """Return the engines that the bundle has a network for, with the beginning of its digest."""
    digests = settings.get("sha256")
    digests = digests if isinstance(digests, dict) else {}
    return ", ".join(f"{engine} ({str(digests[file])[:8]})" for engine, file in ENGINES.items() if file in digests)


def _lacks(settings: dict[str, Any]) -> str:
    """Return the networks that the bundle need not have and has not, those that an engine runs first."""
    digests = settings.get("sha256")
    digests = digests if isinstance(digests, dict) else {}
    networks = {file: words for file, (words, _) in OPTIONAL_NETWORKS.items()} | {SEGMENTATION: "S1 and S2 network"}
    return ", ".join(words for file, words in networks.items() if file not in digests)


def _estimate(estimate: dict[str, float | None]) -> str:
    """Return a metric with its confidence interval; a dash where there is none."""
    if None in estimate.values():
        return "-"
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"

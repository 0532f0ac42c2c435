"""``auscult train DATA...``: from folders of recordings to a bundle that the monitor runs.

TensorFlow is imported only when the command runs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.engine import quiet_native_output
from models.errors import AuscultError, DataError, MissingExtraError
from training.datasets import Recording, discover
from training.folds import PATIENT_CHOICES, with_patients

if TYPE_CHECKING:
    from rich.console import Console

    from training.train import Trained

__all__ = ["add_arguments", "add_patients", "run"]

HEADINGS = ("sensitivity", "specificity", "precision", "AUC", "sens. at spec. .90")
"""Over the figures of a label, in the order of training.evidence."""

LIKELIHOOD = "The decision is the label with the largest calibrated score, with labels as common as in the recordings."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "data", nargs="+", type=Path, metavar="DATA", help="PASCAL, CirCor, a folder per label, or a manifest.csv"
    )
    add_patients(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="models/NAME", help="where the bundle goes")
    parser.add_argument(
        "--recipe", choices=("heart", "article"), default="heart", help="ours, or the article's baseline"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="repeats a training to the last digit on one machine"
    )
    parser.add_argument(
        "--folds", type=int, default=5, metavar="K", help="parts of the patients, each held out once (default: 5)"
    )
    parser.add_argument(
        "--steps", type=int, metavar="N", help="batches per network, or epochs of the article (default: 350, 150)"
    )
    parser.add_argument("--made", type=int, metavar="N", help="made sounds of each label (default: 600; 0 for none)")
    parser.set_defaults(usage_error=parser.error)


def add_patients(parser: argparse.ArgumentParser) -> None:
    """Add the choice of what becomes of recordings whose patient is not known."""
    parser.add_argument(
        "--patients",
        choices=PATIENT_CHOICES,
        default="auto",
        help="recordings whose patient nothing tells: auto refuses them (default); file takes every file for another "
        "person, right only if that is so; none trains on them and never holds them out, so no figure is of them",
    )


def run(options: argparse.Namespace) -> int:
    """Train, print the figures of held-out patients, write the bundle."""
    _check(options)
    recordings = with_patients(discover(options.data), options.patients)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet_native_output():
            import tensorflow  # looked for before minutes of work
    except ImportError as error:
        raise MissingExtraError("auscult train needs TensorFlow", "pip install 'auscult[train]'") from error
    tensorflow.get_logger().setLevel("ERROR")  # it warns of every new network that is asked for its outputs
    from rich.console import Console

    from training.progress import TerminalProgress

    with TerminalProgress(Console(stderr=True)) as progress:
        trained = _train(options, recordings, progress)
    _print_evidence(trained, Console())
    path = _write(options, trained)
    print(f"wrote {path}; hear it with: auscult replay FILE --model {path}", file=sys.stderr)
    return 0


def _check(options: argparse.Namespace) -> None:
    """End with a usage error for numbers out of range."""
    for name, low in (("folds", 2), ("steps", 1), ("made", 0), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < low:
            options.usage_error(f"--{name} {value} must be {low} or more")
    out = options.out.absolute()
    if out.exists() and not (out / "bundle.json").is_file():
        raise DataError(f"{options.out}: exists and is no bundle", "choose another name with --out models/NAME")
    standing = next(folder for folder in out.parents if folder.exists())
    if not (standing.is_dir() and os.access(standing, os.W_OK)):  # found out before minutes of work
        raise DataError(f"{options.out}: cannot be written there", "choose another place with --out")


def _train(options: argparse.Namespace, recordings: list[Recording], progress: Any) -> Trained:
    """Run the recipe."""
    if options.recipe == "article":
        from training.article_recipe import ArticleOptions, train_article

        epochs = options.steps or ArticleOptions().epochs
        return train_article(recordings, ArticleOptions(options.seed, options.folds, epochs), progress)
    from training.train import HeartOptions, train_heart

    defaults = HeartOptions()
    steps = options.steps or defaults.steps
    heart = HeartOptions(
        seed=options.seed,
        folds=options.folds,
        pretrain_steps=round(steps * defaults.pretrain_steps / defaults.steps),
        steps=steps,
        made_per_label=defaults.made_per_label if options.made is None else options.made,
    )
    return train_heart(recordings, heart, progress)


def _print_evidence(trained: Trained, console: Console) -> None:
    """Print what held-out patients say."""
    from rich.table import Table

    evidence = trained.evidence
    title = f"{evidence.num_recordings} recordings of {evidence.num_patients} patients, each held out once"
    table = Table("label", "count", *HEADINGS, title=title)
    for (label, figures), row in zip(evidence.per_label.items(), evidence.confusion, strict=True):
        cells = [f"{figure.value:.2f}\n[dim]{figure.low:.2f} to {figure.high:.2f}[/dim]" for figure in figures.values()]
        table.add_row(label, str(row.sum()), *cells)
    console.print(table)
    for name, figure in evidence.overall.items():
        console.print(f"{name.replace('_', ' ')}: {figure}", highlight=False)
    for source, figures in trained.other_sets.items():
        for name, figure in figures.items():
            console.print(f"{source}, held-out patients, {name.replace('_', ' ')}: {figure}", highlight=False)


def _write(options: argparse.Namespace, trained: Trained) -> Path:
    """Write the bundle with its card."""
    from training.card import write_card
    from training.export import write_bundle
    from training.train import HeartOptions, describe_recordings

    training_data = describe_recordings(trained.recordings)
    made = (
        0 if options.recipe == "article" else (HeartOptions().made_per_label if options.made is None else options.made)
    )
    words = ["auscult", "train", *(path.name for path in options.data), "--out", f"models/{options.out.name}"]
    words += ["--recipe", "article"] if options.recipe == "article" else []
    words += [word for name in ("seed", "folds", "steps", "made", "patients") for word in _given(options, name)]
    command = shlex.join(words)
    other_sets = {
        source: {n: f.to_json() for n, f in figures.items()} for source, figures in trained.other_sets.items()
    }
    facts = {
        "recipe": options.recipe,
        "command": command,
        "training_data": training_data,
        "made_sounds_per_label": made,
        "metrics": {**trained.evidence.to_json(), "decision": LIKELIHOOD, "other_sets": other_sets},
    }
    card = write_card(
        name=options.out.name,
        recipe=options.recipe,
        command=command,
        labels=trained.labels,
        training_data=training_data,
        made_per_label=made,
        evidence=trained.evidence,
        other_sets=trained.other_sets,
        decision=LIKELIHOOD,
    )
    try:
        return write_bundle(
            options.out,
            network=trained.network,
            labels=trained.labels,
            spec=trained.spec,
            calibration=trained.calibration,
            decision=trained.decision,
            facts=facts,
            card=card,
        )
    except OSError as error:
        raise AuscultError(
            f"{options.out}: cannot be written ({error.strerror})", "choose another place with --out"
        ) from error


def _given(options: argparse.Namespace, name: str) -> list[str]:
    """Return an option as it was typed, if it is not the default."""
    value = getattr(options, name)
    defaults = {"seed": 0, "folds": 5, "steps": None, "made": None, "patients": "auto"}
    return [] if value == defaults[name] else [f"--{name}", str(value)]

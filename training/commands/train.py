"""``auscult train DATA...``: from folders of recordings to a bundle that the monitor runs.

TensorFlow is imported only when the command runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import DataError, EndedError, MissingExtraError
from monitor.inference.engine import quiet_native_output
from training.data.discovery import discover, for_gate_alone
from training.data.folds import PATIENT_CHOICES, with_patients
from training.data.recording import NON_CARDIAC, Recording
from training.fitting.options import HeartOptions
from training.reports.training_summary import print_evidence

if TYPE_CHECKING:
    from monitor.interrupts import Interrupts
    from training.fitting.cross_validation import Keeper
    from training.progress import Progress
    from training.recipes.article import ArticleOptions
    from training.recipes.result import TrainingResult

__all__ = ["add_arguments", "add_patients", "run"]


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
        "--steps", type=int, metavar="N", help="batches per network, or epochs of the article (default: 320, 150)"
    )
    parser.add_argument("--made", type=int, metavar="N", help="made sounds of each label (default: 600; 0 for none)")
    parser.add_argument(
        "--repeats", type=int, default=1, metavar="R", help="deal the patients into folds R times (default: 1)"
    )
    parser.add_argument(
        "--watched",
        type=float,
        metavar="SHARE",
        help="share of each fit's patients that only tell when it is best (default: 0.1; 0 trains to the end on all)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the folds that an interrupted training has kept"
    )
    parser.add_argument(
        "--keep-folds", action="store_true", help="leave the folds' networks and outputs in models/NAME.training"
    )
    parser.add_argument(
        "--gate",
        nargs="+",
        type=Path,
        default=[],
        metavar="DATA",
        help="more hearts and other sounds that teach the quality gate and never the network, such as PASCAL's set_a",
    )
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
    for_gate = for_gate_alone(options.gate, recordings)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet_native_output():
            import tensorflow  # looked for before minutes of work
    except ImportError as error:
        raise MissingExtraError("auscult train needs TensorFlow", "train") from error
    tensorflow.get_logger().setLevel("ERROR")  # it warns of every new network that is asked for its outputs
    from rich.console import Console

    from monitor.interrupts import Interrupts
    from training.export.release import publish
    from training.fitting.checkpoints import FoldCheckpoints, checkpoint_folder, data_digest
    from training.progress import TerminalProgress

    recipe = _recipe(options)
    facts = {
        "recipe": options.recipe,
        "options": dataclasses.asdict(recipe),
        "data": data_digest([*recordings, *for_gate]),
    }
    _tell_of_several_labels(recordings)
    keeper = FoldCheckpoints(checkpoint_folder(options.out), {**facts, "versions": _versions()}, resume=options.resume)
    again = f"go on with: {_command(options, as_typed=True)} --resume"
    with Interrupts() as interrupts:
        with TerminalProgress(Console(stderr=True)) as progress:
            try:
                trained = _train(recipe, recordings, for_gate, progress, interrupts, keeper)
            except (EndedError, KeyboardInterrupt):
                if len(keeper):
                    folds = "1 fold is" if len(keeper) == 1 else f"{len(keeper)} folds are"
                    print(f"auscult: {folds} kept; {again}", file=sys.stderr)
                raise
        print_evidence(trained, Console())
        path = publish(
            options.out,
            trained,
            recipe=options.recipe,
            command=_command(options),
            synthetic_per_label=getattr(recipe, "synthetic_per_label", 0),
        )
    print(f"wrote {path}; hear it with: auscult replay FILE --model {path}", file=sys.stderr)
    if trained.ended:
        print(f"auscult: {again}", file=sys.stderr)
        return 130
    if not options.keep_folds:
        keeper.remove()
    return 0


def _tell_of_several_labels(recordings: Sequence[Recording]) -> None:
    """Say on standard error how many patients have recordings of several certain labels: names may be mixed up."""
    labels: dict[str, set[str]] = {}
    for recording in recordings:
        if recording.patient and recording.label not in (None, NON_CARDIAC):
            labels.setdefault(recording.patient, set()).add(str(recording.label))
    several = [patient for patient, its in labels.items() if len(its) > 1]
    if several:
        print(
            f"auscult: {len(several)} of {len(labels)} patients have recordings of several labels, such as "
            f"{several[0]}; all of a patient's stay on one side. Are these different people? Give them different names",
            file=sys.stderr,
        )


def _check(options: argparse.Namespace) -> None:
    """End with a usage error for numbers out of range."""
    if options.gate and options.recipe == "article":
        options.usage_error("--gate does not go with --recipe article, which cannot tell what is no heart")
    for name, low in (("folds", 2), ("repeats", 1), ("steps", 1), ("made", 0), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < low:
            options.usage_error(f"--{name} {value} must be {low} or more")
    if options.watched is not None and not 0 <= options.watched < 1:  # NaN fails too
        options.usage_error(f"--watched {options.watched} must be from 0 to below 1")
    out = options.out.absolute()
    if out.exists() and not (out / "bundle.json").is_file():
        raise DataError(f"{options.out}: exists and is no bundle", "choose another name with --out models/NAME")
    standing = next(folder for folder in out.parents if folder.exists())
    if not (standing.is_dir() and os.access(standing, os.W_OK)):  # found out before minutes of work
        raise DataError(f"{options.out}: cannot be written there", "choose another place with --out")


def _recipe(options: argparse.Namespace) -> HeartOptions | ArticleOptions:
    """Return the settings of the recipe."""
    if options.recipe == "article":
        from training.recipes.article import ArticleOptions

        epochs = options.steps or ArticleOptions().epochs
        return ArticleOptions(options.seed, options.folds, epochs, repeats=options.repeats)
    defaults = HeartOptions()
    steps = options.steps or defaults.steps
    return HeartOptions(
        seed=options.seed,
        folds=options.folds,
        pretrain_steps=round(steps * defaults.pretrain_steps / defaults.steps),
        steps=steps,
        synthetic_per_label=defaults.synthetic_per_label if options.made is None else options.made,
        repeats=options.repeats,
        watched=defaults.watched if options.watched is None else options.watched,
    )


def _train(
    recipe: HeartOptions | ArticleOptions,
    recordings: list[Recording],
    for_gate: list[Recording],
    progress: Progress,
    interrupts: Interrupts,
    keeper: Keeper,
) -> TrainingResult:
    """Run the recipe."""
    if isinstance(recipe, HeartOptions):
        from training.recipes.heart import train_heart

        return train_heart(recordings, recipe, progress, interrupts=interrupts, keeper=keeper, for_gate=for_gate)
    from training.recipes.article import train_article

    return train_article(recordings, recipe, progress, interrupts=interrupts, keeper=keeper)


def _versions() -> dict[str, str]:
    """Return the versions of what decides the last digits."""
    return {name: metadata.version(name) for name in ("numpy", "keras", "soxr")}


def _command(options: argparse.Namespace, *, as_typed: bool = False) -> str:
    """Return what to type to train it again: with the folders as they were typed, or with none of this machine's."""
    data, alone = ([str(path) if as_typed else path.name for path in paths] for paths in (options.data, options.gate))
    out = str(options.out) if as_typed else f"models/{options.out.name}"
    words = ["auscult", "train", *data, "--out", out, *(["--gate", *alone] if alone else [])]
    words += ["--recipe", "article"] if options.recipe == "article" else []
    words += [word for name in GIVEN for word in _given(options, name)]
    return shlex.join(words)


GIVEN = {"seed": 0, "folds": 5, "repeats": 1, "steps": None, "made": None, "watched": None, "patients": "auto"}
"""Options that belong to the command of a training, and their defaults."""


def _given(options: argparse.Namespace, name: str) -> list[str]:
    """Return an option as it was typed, if it is not the default."""
    value = getattr(options, name)
    return [] if value == GIVEN[name] else [f"--{name}", str(value)]

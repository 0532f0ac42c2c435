"""``auscult train DATA... --segmentation --out BUNDLE``: gives a bundle the network that finds S1 and S2.

TensorFlow is imported only when the command runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import shlex

from monitor.errors import DataError
from monitor.inference.bundle import load_bundle
from monitor.output import report_console, say
from training.commands.arguments import public_name, say_cautions
from training.data.cycle_states import annotated_recordings
from training.data.discovery import read_sets

__all__ = ["check_segmentation", "run_segmentation", "say_stored"]

OF_THE_CLASSIFIER = ("synthetic", "validation", "predictions")
"""Options that only the training of the classifier has."""
FOLDS = 5


def check_segmentation(options: argparse.Namespace) -> None:
    """End with an error for what does not go with ``--segmentation``, and for a bundle that does not load."""
    given = [name for name in OF_THE_CLASSIFIER if getattr(options, name) is not None]
    given += ["gate"] if options.gate else []
    given += ["recipe"] if options.recipe != "heart" else []
    if given:
        options.usage_error(f"--{given[0]} does not go with --segmentation, which leaves the classifier as it is")
    if not (options.out / "bundle.json").is_file():
        raise DataError(
            f"{options.out}: is no bundle, and --segmentation adds a network to one",
            "train it first, without --segmentation, or copy one: cp -r models/heart-sounds models/mine",
        )
    load_bundle(options.out)  # one that cannot be loaded is better known before the training than behind it


def run_segmentation(options: argparse.Namespace) -> int:
    """Train, print the metrics on held-out patients, add the network to the bundle."""
    from rich.console import Console

    from training.export.segmentation import add_segmentation
    from training.fitting.checkpoints import FoldCheckpoints, checkpoint_folder, data_digest, versions
    from training.fitting.cycle_fit import CycleOptions
    from training.progress import TerminalProgress
    from training.recipes.segmentation import train_segmentation
    from training.reports.segmentation import segmentation_table

    sets = read_sets(options.data)
    say_cautions(sets)
    recordings = annotated_recordings(sets)
    defaults = CycleOptions()
    recipe = CycleOptions(
        steps=options.steps or defaults.steps, folds=options.folds, repeats=options.repeats, seed=options.seed
    )
    facts = {"recipe": "segmentation", "options": dataclasses.asdict(recipe), "data": data_digest(recordings)}
    checkpoints = FoldCheckpoints(
        checkpoint_folder(options.out.with_name(f"{options.out.name}.segmentation")),
        {**facts, "versions": versions()},
        resume=options.resume,
    )
    with TerminalProgress(Console(stderr=True)) as progress:
        try:
            result = train_segmentation(recordings, recipe, progress, checkpoints)
        except KeyboardInterrupt:
            say_stored(len(checkpoints), f"continue with: {_command(options, as_typed=True)} --resume")
            raise
    add_segmentation(options.out, result, _command(options))
    with report_console() as console:
        console.print(segmentation_table(result.to_json()).terminal())
    if load_bundle(options.out).timing is not None:
        say(
            "auscult: where a murmur lies is still told by a model that was fitted to the beats of the network before; "
            "fit it again: python benchmarks/accuracy/murmur_timing.py --help"
        )
    say(f"wrote {options.out / 'segmentation.tflite'}; try it with: auscult replay FILE --json --model {options.out}")
    if not options.keep_folds:
        checkpoints.remove()
    return 0


def say_stored(num_folds: int, next_step: str) -> None:
    """Say of a training that is interrupted how many folds are stored, where there are any, and what goes on."""
    if num_folds:
        say(f"auscult: {'1 fold is' if num_folds == 1 else f'{num_folds} folds are'} complete; {next_step}")


def _command(options: argparse.Namespace, *, as_typed: bool = False) -> str:
    """Return the command that repeats the training, with paths as typed or with the names of the folders alone."""
    data = map(str, options.data) if as_typed else dict.fromkeys(map(public_name, options.data))
    words = ["auscult", "train", *data, "--segmentation"]
    words += ["--out", str(options.out) if as_typed else f"models/{options.out.name}"]
    words += ["--steps", str(options.steps)] if options.steps else []
    words += ["--folds", str(options.folds)] if options.folds != FOLDS else []
    words += ["--repeats", str(options.repeats)] if options.repeats > 1 else []
    return shlex.join([*words, *(["--seed", str(options.seed)] if options.seed else [])])

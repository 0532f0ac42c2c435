"""``auscult train DATA... --segmentation --out BUNDLE``: gives a bundle the network that finds S1 and S2.

TensorFlow is imported only when the command runs.
"""

from __future__ import annotations

import argparse
import shlex

from monitor.errors import DataError
from monitor.inference.bundle import load_bundle
from monitor.output import report_console, say
from training.commands.arguments import say_cautions
from training.data.cycle_states import annotated_recordings
from training.data.discovery import read_sets

__all__ = ["check_segmentation", "run_segmentation"]

OF_THE_CLASSIFIER = ("synthetic", "validation", "predictions")
"""Options that only the training of the classifier has."""
FOLDS = 5


def check_segmentation(options: argparse.Namespace) -> None:
    """End with an error for what does not go with ``--segmentation``, and for a bundle that does not load."""
    given = [name for name in OF_THE_CLASSIFIER if getattr(options, name) is not None]
    given += [name for name in ("gate", "resume") if getattr(options, name)]
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
    with TerminalProgress(Console(stderr=True)) as progress:
        result = train_segmentation(recordings, recipe, progress)
    add_segmentation(options.out, result, _command(options))
    with report_console() as console:
        console.print(segmentation_table(result.to_json()).terminal())
    if load_bundle(options.out).timing is not None:
        say(
            "auscult: where a murmur lies is still told by a model that was fitted to the beats of the network before; "
            "fit it again: python benchmarks/accuracy/murmur_timing.py --help"
        )
    say(f"wrote {options.out / 'segmentation.tflite'}; try it with: auscult replay FILE --json --model {options.out}")
    return 0


def _command(options: argparse.Namespace) -> str:
    """Return the command that repeats the training, with the names of the folders alone."""
    words = ["auscult", "train", *(path.name for path in options.data), "--segmentation"]
    words += ["--out", f"models/{options.out.name}"]
    words += ["--steps", str(options.steps)] if options.steps else []
    words += ["--folds", str(options.folds)] if options.folds != FOLDS else []
    words += ["--repeats", str(options.repeats)] if options.repeats > 1 else []
    return shlex.join([*words, *(["--seed", str(options.seed)] if options.seed else [])])

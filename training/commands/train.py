"""``auscult train DATA...``: from folders of recordings to a bundle that the monitor runs.

TensorFlow is imported only when the command runs.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.atomic_write import write_atomic
from monitor.errors import DataError, EndedError, missing_tensorflow, reason_of
from monitor.labels import NON_CARDIAC
from monitor.output import report_console, say
from monitor.process.native_stderr import discard_native_stderr
from training.commands.arguments import add_data, add_patients, check_minimum, check_writable, public_name, say_cautions
from training.commands.segmentation import check_segmentation, run_segmentation, say_stored
from training.data.discovery import gate_only_recordings, read_sets
from training.data.folds import with_patients
from training.data.recording import Recording
from training.fitting.compute_device import device_line, has_nvidia_gpu
from training.fitting.options import HeartOptions
from training.reports.caveats import no_better_note
from training.reports.predictions import predictions_csv
from training.reports.training_summary import print_summary

if TYPE_CHECKING:
    from monitor.process.interrupts import Interrupts
    from training.fitting.cross_validation import Checkpoints
    from training.progress import Progress
    from training.recipes.article import ArticleOptions
    from training.recipes.result import TrainingResult

__all__ = ["add_arguments", "run"]

RECIPES = ("heart", "article")
RECORDED = {
    "seed": 0,
    "folds": 5,
    "repeats": 1,
    "steps": None,
    "synthetic": None,
    "validation": None,
    "patients": "auto",
}
"""Options that a bundle records in the command that result it, and their defaults."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_data(parser)
    add_patients(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="models/NAME", help="where to write the bundle")
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        default="heart",
        help="heart: the recipe of the shipped bundle; article: the published baseline",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="makes a training reproducible bit for bit on one machine"
    )
    parser.add_argument(
        "--folds", type=int, default=5, metavar="K", help="folds of the cross-validation over patients (default: 5)"
    )
    parser.add_argument(
        "--steps", type=int, metavar="N", help="batches per network, or epochs of the article (default: 400, 150)"
    )
    parser.add_argument(
        "--synthetic", "--made", type=int, metavar="N", help="synthetic sounds of each label (default: 600; 0 for none)"
    )
    parser.add_argument(
        "--repeats", type=int, default=1, metavar="R", help="repeat the cross-validation with other folds (default: 1)"
    )
    parser.add_argument(
        "--validation",
        "--watched",
        type=float,
        metavar="SHARE",
        help="share of the training patients set aside for early stopping (default: 0.1; 0 trains on all, to the end)",
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="FILE",
        help="write the scores of each held-out recording to a .csv file, outside the bundle",
    )
    parser.add_argument("--resume", action="store_true", help="continue an interrupted training from its checkpoints")
    parser.add_argument(
        "--keep-folds", action="store_true", help="keep the checkpoints of the folds in models/NAME.training"
    )
    parser.add_argument(
        "--gate",
        nargs="+",
        type=Path,
        default=[],
        metavar="DATA",
        help="heart and other sounds for the quality gate alone, not for the network, such as PASCAL's set_a",
    )
    parser.add_argument(
        "--segmentation",
        action="store_true",
        help="train only the network that finds S1 and S2, from recordings with a .tsv of states beside them, and add "
        "it to the bundle at --out",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Train, print the metrics on held-out patients, write the bundle."""
    _check(options)
    if options.segmentation:
        check_segmentation(options)
        _load_tensorflow()
        return run_segmentation(options)
    sets = read_sets(options.data)
    recordings = with_patients([one for data_set in sets for one in data_set.recordings], options.patients)
    say_cautions(sets)
    gate_only = gate_only_recordings(options.gate, recordings)
    tensorflow = _load_tensorflow()
    from rich.console import Console

    from monitor.process.interrupts import Interrupts
    from training.export.release import publish
    from training.fitting.checkpoints import FoldCheckpoints, checkpoint_folder, data_digest, versions
    from training.progress import TerminalProgress

    recipe = _recipe(options)
    facts = {
        "recipe": options.recipe,
        "options": recipe.to_json(),
        "data": data_digest([*recordings, *gate_only]),
    }
    _warn_of_several_labels(recordings)
    checkpoints = FoldCheckpoints(
        checkpoint_folder(options.out), {**facts, "versions": versions()}, resume=options.resume
    )
    with discard_native_stderr():  # of a driver that is missing
        device = device_line(tensorflow, gpu=has_nvidia_gpu())
    say(device)
    next_step = f"continue with: {_command(options, as_typed=True)} --resume"
    with Interrupts() as interrupts:
        with TerminalProgress(Console(stderr=True)) as progress:
            try:
                result = _train(recipe, recordings, gate_only, progress, interrupts, checkpoints)
            except (EndedError, KeyboardInterrupt):
                say_stored(len(checkpoints), next_step)
                raise
        path = publish(
            options.out,
            result,
            recipe=options.recipe,
            command=_command(options),
            synthetic_per_label=getattr(recipe, "synthetic_per_label", 0),
        )
    with report_console() as console:
        print_summary(result, console)
    if note := no_better_note(result.evidence):
        say(f"auscult: {note}")
    _write_predictions(result, options.predictions)
    say(f"wrote {path}; try it with: auscult replay FILE --model {path}")
    if result.ended:
        say(f"auscult: {next_step}")
        return 130
    if not options.keep_folds:
        checkpoints.remove()
    return 0


def _write_predictions(result: TrainingResult, path: Path | None) -> None:
    """Write the table of held-out recordings, if it was asked for.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    if path is None:
        return
    if result.held_out is None:
        say(f"auscult: {path} is not written: no recording was held out")
        return
    try:
        content = predictions_csv(result.held_out, result.labels).encode("utf-8", "backslashreplace")
        write_atomic(path, content, private=True)
    except OSError as error:
        reason = reason_of(error, path)
        raise DataError(f"{path}: cannot be written ({reason})", "the bundle is; train again with --resume") from error
    say(f"wrote {path}: {len(result.held_out.recordings)} held-out recordings")


def _load_tensorflow() -> Any:
    """Return TensorFlow, imported before minutes of work without what it prints.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with discard_native_stderr():
            import tensorflow
    except ImportError as error:
        raise missing_tensorflow("auscult train") from error
    tensorflow.get_logger().setLevel("ERROR")  # it warns of every new network that is asked for its outputs
    return tensorflow


def _warn_of_several_labels(recordings: Sequence[Recording]) -> None:
    """Warn of patients with recordings of several known labels: two people may share a name."""
    labels: dict[str, set[str]] = {}
    for recording in recordings:
        if recording.patient and recording.label not in (None, NON_CARDIAC):
            labels.setdefault(recording.patient, set()).add(str(recording.label))
    several = [patient for patient, known in labels.items() if len(known) > 1]
    if several:
        say(
            f"auscult: {len(several)} of {len(labels)} patients have recordings of several labels, such as "
            f"{several[0]}; a patient's recordings stay in one fold. If they are several people, name them apart"
        )


def _check(options: argparse.Namespace) -> None:
    """End with a usage error for numbers out of range."""
    if options.gate and options.recipe == "article":
        options.usage_error(
            "--gate does not go with --recipe article, whose network has no output for non-cardiac sounds"
        )
    check_minimum(options, folds=2, repeats=1, steps=1, synthetic=0, seed=0)
    if options.validation is not None and not 0 <= options.validation < 1:  # NaN fails too
        options.usage_error(f"--validation {options.validation} must be from 0 to below 1")
    if options.out.exists() and not (options.out / "bundle.json").is_file():
        raise DataError(f"{options.out}: exists and is not a bundle", "choose another name with --out models/NAME")
    check_writable(options.out.parent, "--out", folder=True)
    if options.predictions is not None:
        if options.predictions.suffix.lower() != ".csv":
            options.usage_error(f"--predictions {options.predictions} must end in .csv")
        if options.predictions.resolve().is_relative_to(options.out.resolve()):
            options.usage_error(
                f"--predictions {options.predictions} lies in the bundle, which others get: name another"
            )
        check_writable(options.predictions, "--predictions", folder=False)


def _recipe(options: argparse.Namespace) -> HeartOptions | ArticleOptions:
    """Return the options of the recipe."""
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
        synthetic_per_label=defaults.synthetic_per_label if options.synthetic is None else options.synthetic,
        repeats=options.repeats,
        validation_fraction=defaults.validation_fraction if options.validation is None else options.validation,
    )


def _train(
    recipe: HeartOptions | ArticleOptions,
    recordings: list[Recording],
    gate_only: list[Recording],
    progress: Progress,
    interrupts: Interrupts,
    checkpoints: Checkpoints,
) -> TrainingResult:
    """Run the recipe."""
    if isinstance(recipe, HeartOptions):
        from training.recipes.heart import train_heart

        return train_heart(
            recordings, recipe, progress, interrupts=interrupts, checkpoints=checkpoints, for_gate=gate_only
        )
    from training.recipes.article import train_article

    return train_article(recordings, recipe, progress, interrupts=interrupts, checkpoints=checkpoints)


def _command(options: argparse.Namespace, *, as_typed: bool = False) -> str:
    """Return the command that repeats the training, with paths as typed or with the names of the folders alone."""
    data, gate = (
        [str(path) for path in paths] if as_typed else list(dict.fromkeys(map(public_name, paths)))
        for paths in (options.data, options.gate)
    )
    out = str(options.out) if as_typed else f"models/{options.out.name}"
    words = ["auscult", "train", *data, "--out", out, *(["--gate", *gate] if gate else [])]
    words += ["--recipe", "article"] if options.recipe == "article" else []
    words += [word for name in RECORDED for word in _recorded(options, name)]
    return shlex.join(words)


def _recorded(options: argparse.Namespace, name: str) -> list[str]:
    """Return an option as it is typed, if it does not have its default."""
    value = getattr(options, name)
    return [] if value == RECORDED[name] else [f"--{name}", str(value)]

"""The variants of a study, one after another: what ``benchmarks/accuracy/ablations.py`` does with its arguments."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import shutil
from collections.abc import Sequence

from rich.console import Console

from monitor.errors import DataError
from training.data.discovery import discover
from training.data.folds import with_patients
from training.fitting.options import HeartOptions
from training.progress import TerminalProgress
from training.study.comparison import COMPARISONS, compare_all
from training.study.runner import Study, write_json
from training.study.variants import VARIANTS, Variant

__all__ = ["command_of", "run_variants"]


def run_variants(arguments: argparse.Namespace, console: Console) -> int:
    """Run the variants asked for that are not there yet, then compare all with the recipe; return the exit code.

    Raises
    ------
    DataError
        If a variant is not known, or the recordings cannot be used.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns that many networks are many
    variants = _chosen(arguments.only)
    options = HeartOptions(seed=arguments.seed)
    if arguments.steps is not None:
        options = dataclasses.replace(options, steps=arguments.steps, pretrain_steps=arguments.steps)
    study = Study(arguments.out, arguments.work, options, arguments.repeats, arguments.draws)
    todo = [variant for variant in variants if arguments.again or not study.is_done(variant)]
    recordings = with_patients(discover(arguments.data), "auto") if todo else []
    with TerminalProgress(console) as progress:
        for variant in variants:
            if variant not in todo:
                progress.note(f"{variant.name}: is there already; --again runs it anew")
        for variant in todo:
            progress.note(f"{variant.name}: {variant.title}")
            if arguments.again:
                for kept in arguments.work.glob(f"{variant.name}-*"):
                    shutil.rmtree(kept, ignore_errors=True)
            path = study.run(variant, recordings, command_of(arguments, variant), progress)
            progress.note(f"wrote {path}")
        progress.note("comparing with the recipe")
        arguments.out.mkdir(parents=True, exist_ok=True)
        write_json(compare_all(arguments.out, arguments.draws, progress.note), arguments.out / COMPARISONS)
    return 0


def _chosen(only: str) -> Sequence[Variant]:
    """Return the variants of a comma-separated list, all for an empty one."""
    names = [name.strip() for name in only.split(",") if name.strip()] or list(VARIANTS)
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        raise DataError(f"no variant is named {unknown[0]!r}", f"choose of {', '.join(VARIANTS)}")
    return [VARIANTS[name] for name in dict.fromkeys(names)]


def command_of(arguments: argparse.Namespace, variant: Variant) -> str:
    """Return what a person types to run one variant so again, with the folders' names alone."""
    words = ["python benchmarks/accuracy/ablations.py", *(path.resolve().name for path in arguments.data)]
    words += ["--only", variant.name]
    for name in ("repeats", "steps"):
        if getattr(arguments, name) is not None:
            words += [f"--{name}", str(getattr(arguments, name))]
    for name, default in (("seed", 0), ("draws", 1000)):
        if getattr(arguments, name) != default:
            words += [f"--{name}", str(getattr(arguments, name))]
    return " ".join(words)

"""A study: variants of the recipe on the same folds and seeds, each saved as soon as it is done.

    NAME.json   figures with intervals, what was changed, options, command, processor time, counts
    NAME.npz    the calibrated scores that the figures are made of (training.study.scores)

Folds that are done are kept in a working folder until their variant is, so a study that was stopped goes on where it
was. Needs the training extra.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from monitor.errors import DataError
from monitor.features.spec import HEART
from training.data.audio import Sound, read_usable
from training.data.discovery import discover
from training.data.folds import with_patients
from training.data.recording import Recording
from training.examples.mixture import drawn_labels
from training.fitting import heart_fit
from training.fitting.cross_validation import FoldPlan, FoldRun, fold_plans, fold_runs_of, material_of
from training.fitting.heart_fit import Material
from training.fitting.options import HeartOptions
from training.progress import Progress, TerminalProgress
from training.study.figures import COMPARISONS, compare_all
from training.study.fold_outputs import (
    EPOCHS,
    FoldOutputs,
    Probe,
    article_fold,
    article_pictures,
    judged_fold,
    load_fold,
    save_fold,
)
from training.study.results import result_of
from training.study.scores import save_scores
from training.study.variants import VARIANTS, Variant

__all__ = ["Study", "command_of", "run_variants", "write_json"]


@dataclasses.dataclass(frozen=True)
class Study:
    """Where a study is done and how.

    Attributes
    ----------
    folder : Path
        Of the figures and scores.
    work : Path
        Of folds that are done while their variant is not.
    options : HeartOptions
        Of the recipe; a variant may change them.
    repeats : int or None
        Seeds of every variant; None for as many as the variant names.
    draws : int
        Of the bootstrap.
    """

    folder: Path
    work: Path
    options: HeartOptions
    repeats: int | None = None
    draws: int = 1000

    def is_done(self, variant: Variant) -> bool:
        """Return whether a variant's figures and scores are there."""
        return all((self.folder / f"{variant.name}{ending}").is_file() for ending in (".json", ".npz"))

    def run(self, variant: Variant, recordings: Sequence[Recording], command: str, progress: Progress) -> Path:
        """Run a variant, save it, and return the path of its figures.

        Raises
        ------
        DataError
            If no set tells all labels, or a label has too few patients for the folds.
        """
        began = time.time()
        options = variant.options(dataclasses.replace(self.options, repeats=self.repeats or variant.repeats))
        tick = progress.stage("reading recordings", len(recordings))
        recordings, sounds = read_usable(recordings, lambda its: variant.read(its, HEART), tick)
        material = material_of(recordings, options, progress)
        plans = fold_plans(
            recordings, material.telling, folds=options.folds, repeats=options.repeats, seed=options.seed
        )
        kept = self.work / f"{variant.name}-{_digest(variant, options, recordings)}"
        if kept.is_dir():
            progress.note(f"{variant.name}: goes on with {len(list(kept.glob('*.npz')))} folds kept in {kept}")
        with _substituted(variant):
            folds = list(_folds(variant, material, recordings, sounds, options, plans, kept, progress))
            mixture = variant.mix(sounds, material.made, material.telling, HEART, options.seed)
        result = result_of(
            variant,
            recordings,
            sounds,
            material.labels,
            material.telling,
            plans,
            folds,
            drawn_labels(mixture.after, material.labels),
            prior_exponent=options.prior_exponent,
            draws=self.draws,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = save_scores(result.scores, self.folder / f"{variant.name}.npz")
        facts = {
            "type": "evidence",
            "schema": 1,
            "name": variant.name,
            "title": variant.title,
            "changed": variant.changed,
            "command": command,
            "options": dataclasses.asdict(options) if variant.recipe == "heart" else _article_options(options),
            "seeds": [options.seed + repeat for repeat in range(options.repeats)],
            "cpu_minutes": round(sum(its.cpu_s for its in folds) / 60, 2),
            "minutes": round((time.time() - began) / 60, 2),
            "scores_sha256": digest,
        }
        path = self.folder / f"{variant.name}.json"
        write_json({**facts, **result.figures}, path)
        shutil.rmtree(kept, ignore_errors=True)
        return path


def _article_options(options: HeartOptions) -> dict[str, Any]:
    """Return the options that count for the article's recipe."""
    return {"seed": options.seed, "folds": options.folds, "epochs": _epochs(options)}


def _epochs(options: HeartOptions) -> int:
    """Return the epochs of the article's recipe: its own, or fewer where the study is a short one."""
    return min(EPOCHS, options.steps)


def _digest(variant: Variant, options: HeartOptions, recordings: Sequence[Recording]) -> str:
    """Return a few letters for what the kept folds depend on, but for the code."""
    known = [(its.path.name, its.labels, its.patient, its.source) for its in recordings]
    text = repr((variant.name, dataclasses.astuple(options), known))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextlib.contextmanager
def _substituted(variant: Variant) -> Iterator[None]:
    """Put a variant's mixture and batches in the place of the recipe's, which names them in one module."""
    before = {name: getattr(heart_fit, name) for name in ("mix", "BatchMaker")}
    try:
        for name, instead in {"mix": variant.mix, "BatchMaker": variant.batches}.items():
            setattr(heart_fit, name, instead)
        yield
    finally:
        for name, recipe in before.items():
            setattr(heart_fit, name, recipe)


def _folds(
    variant: Variant,
    material: Material,
    recordings: Sequence[Recording],
    sounds: Sequence[Sound],
    options: HeartOptions,
    plans: Sequence[FoldPlan],
    kept: Path,
    progress: Progress,
) -> Iterator[FoldOutputs]:
    """Yield the outputs of every fold, in the order of the plans; those that are kept are not run again."""
    if variant.recipe == "article":
        yield from _article_folds(material, recordings, options, plans, kept, progress)
        return
    probe = Probe.of(recordings, material.telling) if variant.probed else None
    keeper = _Keeper(kept)
    began = time.process_time()
    runs = fold_runs_of(material, recordings, sounds, options, progress, keeper=keeper)
    for plan, run in zip(plans, runs, strict=True):
        found = load_fold(_path(kept, plan))
        if found is None:
            outputs, disturbed = judged_fold(run.network, run.held, sounds, probe, variant.seen)
            found = FoldOutputs(run.held, outputs, disturbed, time.process_time() - began)
            save_fold(found, _path(kept, plan))
        began = time.process_time()
        yield found


def _article_folds(
    material: Material,
    recordings: Sequence[Recording],
    options: HeartOptions,
    plans: Sequence[FoldPlan],
    kept: Path,
    progress: Progress,
) -> Iterator[FoldOutputs]:
    """Yield the outputs of the article's recipe for every fold."""
    pictures = article_pictures(recordings, progress)
    for plan in plans:
        found = load_fold(_path(kept, plan))
        if found is None:
            found = article_fold(
                plan, recordings, pictures, material.labels, material.telling, progress, epochs=_epochs(options)
            )
            save_fold(found, _path(kept, plan))
        yield found


class _Keeper:
    """Says which folds need not be run again, since the study has kept what their networks put out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, plan: FoldPlan, *_: Any) -> FoldRun | None:
        """Return a fold without a network, if its outputs are kept; or None."""
        if not _path(self._folder, plan).is_file():
            return None
        nobody = np.empty(0, np.intp)
        return FoldRun(plan.repeat, plan.fold, None, plan.training, plan.held, nobody, {}, [])

    def save(self, run: FoldRun) -> None:
        """Do nothing: the study keeps more of a fold than this."""


def _path(kept: Path, plan: FoldPlan) -> Path:
    """Return the file of a fold."""
    return kept / f"fold-{plan.repeat}-{plan.fold}.npz"


def write_json(values: Mapping[str, Any], path: Path) -> None:
    """Write JSON, whole or not at all; the same values give the same file."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


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

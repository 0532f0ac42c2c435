"""A study: variants of the recipe on the same folds and seeds, each saved when it is done.

    NAME.json   metrics with intervals, what was changed, options, command, processor time, counts
    NAME.npz    the calibrated scores that the metrics follow from (training.study.scores)

Folds are stored in a working folder until their variant is done, so a study that was stopped can be resumed. Needs the
training extra.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from monitor.atomic_write import write_atomic
from monitor.errors import DataError
from monitor.features.spec import HEART
from training.data.audio import read_usable
from training.data.corpus import Corpus
from training.data.discovery import discover
from training.data.folds import with_patients
from training.data.recording import Recording
from training.examples.mixture import network_priors
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.cross_validation import FoldPlan, fit_fold, fold_plans
from training.fitting.heart_fit import new_network, with_synthetic_sounds
from training.fitting.options import HeartOptions
from training.progress import Progress, TerminalProgress
from training.recipes.article import ArticleOptions, read_images
from training.study.article import run_article_fold
from training.study.fold_outputs import FoldOutputs, PerturbedSets, load_fold, save_fold, score_fold
from training.study.headline import COMPARISONS, compare_all
from training.study.results import result_of
from training.study.scores import save_scores
from training.study.variants import OURS, VARIANTS, Variant

__all__ = ["Study", "command_of", "run_variants", "write_json"]


@dataclasses.dataclass(frozen=True)
class Study:
    """Where and how a study is run.

    Attributes
    ----------
    folder : Path
        For metrics and scores.
    work : Path
        For the folds of variants that are not done.
    options : HeartOptions
        Of the recipe; a variant may change them.
    repeats : int or None
        Seeds of every variant; None for as many as the variant names.
    resamples : int
        Of the bootstrap.
    trained : FoldCheckpoints or None
        Folds of a training of the recipe; its networks are scored, and only the other folds are fitted.
    """

    folder: Path
    work: Path
    options: HeartOptions
    repeats: int | None = None
    resamples: int = 1000
    trained: FoldCheckpoints | None = None

    def is_done(self, variant: Variant) -> bool:
        """Return whether a variant's metrics and scores are there."""
        return all((self.folder / f"{variant.name}{ending}").is_file() for ending in (".json", ".npz"))

    def run(self, variant: Variant, recordings: Sequence[Recording], command: str, progress: Progress) -> Path:
        """Run a variant, save it, and return the path of its metrics.

        Raises
        ------
        DataError
            If no set is fully labelled, or a label has too few patients for the folds.
        """
        began = time.time()
        options = variant.options(dataclasses.replace(self.options, repeats=self.repeats or variant.repeats))
        on_step = progress.stage("reading recordings", len(recordings))
        usable = read_usable(recordings, lambda recording: variant.recipe.read(recording, HEART), on_step)
        corpus = with_synthetic_sounds(Corpus.of(*usable), options, progress)
        plans = fold_plans(corpus, folds=options.folds, repeats=options.repeats, seed=options.seed)
        work = self.work / f"{variant.name}-{_digest(variant, options, corpus.recordings)}"
        if work.is_dir():
            progress.note(f"{variant.name}: continues with {len(list(work.glob('*.npz')))} folds stored in {work}")
        trained = self.trained if variant.name == OURS else None
        folds = list(_folds(variant, corpus, options, plans, work, progress, trained))
        mixture = variant.recipe.mix(corpus.sounds, corpus.synthetic, corpus.fully_labelled, HEART, options.seed)
        priors = network_priors(mixture, corpus.labels, options.finetuned_share)
        result = result_of(
            variant, corpus, plans, folds, priors, prior_exponent=options.prior_exponent, resamples=self.resamples
        )
        facts = {
            "type": "evidence",
            "schema": 1,
            "name": variant.name,
            "title": variant.title,
            "changed": variant.changed,
            "command": command,
            "options": _article_facts(options) if variant.is_article else options.to_json(),
            "seeds": [options.seed + repeat for repeat in range(options.repeats)],
            "cpu_minutes": round(sum(fold.cpu_s for fold in folds) / 60, 2),
            "minutes": round((time.time() - began) / 60, 2),
            "scores_sha256": save_scores(result.scores, self.folder / f"{variant.name}.npz"),
        }
        path = self.folder / f"{variant.name}.json"
        write_json({**facts, **result.metrics}, path)
        shutil.rmtree(work, ignore_errors=True)
        return path


def _article_options(options: HeartOptions) -> ArticleOptions:
    """Return the options of the article's recipe: its own epochs, or fewer where the study is a short one."""
    article = ArticleOptions(seed=options.seed, folds=options.folds, repeats=options.repeats)
    return dataclasses.replace(article, epochs=min(article.epochs, options.steps))


def _article_facts(options: HeartOptions) -> dict[str, int]:
    """Return the options of the article's recipe that an evidence file has."""
    article = _article_options(options)
    return {"seed": article.seed, "folds": article.folds, "epochs": article.epochs}


def _digest(variant: Variant, options: HeartOptions, recordings: Sequence[Recording]) -> str:
    """Return a short digest of what stored folds depend on, but for the code."""
    known = [(recording.path.name, recording.labels, recording.patient, recording.source) for recording in recordings]
    text = repr((variant.name, dataclasses.astuple(options), known))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _folds(
    variant: Variant,
    corpus: Corpus,
    options: HeartOptions,
    plans: Sequence[FoldPlan],
    work: Path,
    progress: Progress,
    trained: FoldCheckpoints | None,
) -> Iterator[FoldOutputs]:
    """Yield the outputs of every fold, in the order of the plans; stored ones are not run again."""
    is_article = variant.is_article
    if is_article:
        run_one = _article_run(corpus, options, progress)
    else:
        run_one = _heart_run(variant, corpus, options, progress, trained)
    for plan in plans:
        path = work / f"fold-{plan.repeat}-{plan.fold}.npz"
        outputs = load_fold(path)
        if outputs is None:
            outputs = run_one(plan)
            save_fold(outputs, path)
        yield outputs


Run = Callable[[FoldPlan], FoldOutputs]


def _heart_run(
    variant: Variant, corpus: Corpus, options: HeartOptions, progress: Progress, trained: FoldCheckpoints | None
) -> Run:
    """Return the function that runs a fold of a variant of our recipe."""
    recipe = variant.recipe
    perturbed = PerturbedSets.of(corpus.recordings, corpus.fully_labelled) if variant.is_perturbed else None

    def run_one(plan: FoldPlan) -> FoldOutputs:
        began = time.process_time()
        stored = None if trained is None else trained.load(plan, lambda: new_network(corpus))
        network = stored.network if stored else fit_fold(plan, corpus, options, progress, recipe=recipe)[0].network
        scored = score_fold(network, plan.held_out, corpus.sounds, perturbed, recipe)
        return FoldOutputs(plan.held_out, *scored, time.process_time() - began)

    return run_one


def _article_run(corpus: Corpus, options: HeartOptions, progress: Progress) -> Run:
    """Return the function that runs a fold of the article's recipe."""
    article = _article_options(options)
    _, images = read_images(corpus.recordings, progress)
    return lambda plan: run_article_fold(plan, corpus, images, article, progress)


def write_json(values: Mapping[str, Any], path: Path) -> None:
    """Write JSON, whole or not at all; the same values give the same file."""
    write_atomic(path, json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def run_variants(arguments: argparse.Namespace, console: Console) -> int:
    """Run the requested variants that are not done, then compare all with the recipe; return the exit code.

    Raises
    ------
    DataError
        If a variant is unknown, or the recordings cannot be used.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every further network
    variants = _chosen(arguments.only)
    options = HeartOptions(seed=arguments.seed)
    if arguments.steps is not None:
        options = dataclasses.replace(options, steps=arguments.steps, pretrain_steps=arguments.steps)
    trained = FoldCheckpoints.at(arguments.checkpoints) if arguments.checkpoints else None
    study = Study(arguments.out, arguments.work, options, arguments.repeats, arguments.draws, trained)
    todo = [variant for variant in variants if arguments.again or not study.is_done(variant)]
    recordings = with_patients(discover(arguments.data), "auto") if todo else []
    with TerminalProgress(console) as progress:
        for variant in variants:
            if variant not in todo:
                progress.note(f"{variant.name}: is done already; --again runs it once more")
        for variant in todo:
            progress.note(f"{variant.name}: {variant.title}")
            if arguments.again:
                for stored in arguments.work.glob(f"{variant.name}-*"):
                    shutil.rmtree(stored, ignore_errors=True)
            path = study.run(variant, recordings, command_of(arguments, variant), progress)
            progress.note(f"wrote {path}")
        progress.note("comparing with the recipe")
        write_json(compare_all(arguments.out, arguments.draws, progress.note), arguments.out / COMPARISONS)
    return 0


def _chosen(only: str) -> Sequence[Variant]:
    """Return the variants of a comma-separated list, all for an empty one."""
    names = [name.strip() for name in only.split(",") if name.strip()] or list(VARIANTS)
    unknown = [name for name in names if name not in VARIANTS]
    if unknown:
        raise DataError(f"no variant is named {unknown[0]!r}", f"choose from {', '.join(VARIANTS)}")
    return [VARIANTS[name] for name in dict.fromkeys(names)]


def command_of(arguments: argparse.Namespace, variant: Variant) -> str:
    """Return the command that repeats one variant, with the names of the folders alone."""
    words = ["python benchmarks/accuracy/ablations.py", *(path.resolve().name for path in arguments.data)]
    words += ["--only", variant.name]
    for name in ("repeats", "steps"):
        if getattr(arguments, name) is not None:
            words += [f"--{name}", str(getattr(arguments, name))]
    if arguments.checkpoints and variant.name == OURS:
        words += ["--checkpoints", arguments.checkpoints.name]
    for name, default in (("seed", 0), ("draws", 1000)):
        if getattr(arguments, name) != default:
            words += [f"--{name}", str(getattr(arguments, name))]
    return " ".join(words)

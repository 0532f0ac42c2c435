"""The result of a training as the files of a bundle: settings, card, training curves, plots.

Everything is written to a scratch folder first; :func:`training.export.bundle.write_bundle` moves it into place, whole
or not at all.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError, MissingExtraError, reason_of
from monitor.inference.bundle import load_bundle
from monitor.labels import set_title
from training.data.recording import count_by_set
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.evaluation import EvaluationInfo, evaluate
from training.evaluation.scoring import ScoredRecording
from training.export.bundle import sign, write_bundle
from training.recipes.result import HeldOutScores, Int8Metrics, TrainingResult
from training.reports.model_card import is_studied, write_card
from training.reports.plots import check_matplotlib, write_plots
from training.reports.training_curves import curves_json, write_curves

__all__ = ["publish", "rewrite_card"]

DECISION = (
    "The predicted label has the largest calibrated score, with the prevalence of labels in the recordings as prior."
)
PLOTS = "plots/"
CURVES = "training_curves"


def publish(out: Path, result: TrainingResult, *, recipe: str, command: str, synthetic_per_label: int) -> Path:
    """Write the bundle of a training with card, training curves and plots; return its folder.

    Parameters
    ----------
    out : Path
        Where the bundle goes; the last part is its name.
    result : TrainingResult
    recipe, command : str
        How it was trained, and what to type to train it again.
    synthetic_per_label : int
        Number of synthetic sounds of each label in the training data.

    Raises
    ------
    BundleError
        As :func:`training.export.bundle.write_bundle`.
    AuscultError
        If it cannot be written.
    """
    facts = {
        "recipe": recipe,
        "command": command,
        "training_data": count_by_set(result.recordings),
        "made_sounds_per_label": synthetic_per_label,
        "metrics": _metrics(result),
        **({} if result.operating_point is None else {"operating_point": result.operating_point.to_json()}),
        **({} if result.loudness is None else {"loudness": result.loudness.to_json()}),
    }
    try:
        with tempfile.TemporaryDirectory(prefix="auscult-") as scratch:
            extras = Path(scratch) / "extras"  # has the usual access mode, which the scratch folder has not
            extras.mkdir()
            plots = _extras(extras, out.name, result)
            return write_bundle(
                out,
                network=result.network,
                labels=result.labels,
                spec=result.spec,
                calibration=result.calibration,
                decision=result.decision,
                gate=result.gate,
                facts=facts,
                card=write_card({**_settings_of(result, out.name), **facts}, plots),
                extras=extras,
            )
    except OSError as error:
        reason = reason_of(error, out)
        raise AuscultError(f"{out}: cannot be written ({reason})", "choose another path with --out") from error


def _settings_of(result: TrainingResult, name: str) -> dict[str, Any]:
    """Return the part of ``bundle.json`` that the card reads and the facts lack."""
    return {
        "name": name,
        "labels": result.labels,
        "calibration": result.calibration.to_json(),
        "decision": result.decision.to_json(),
    }


def _metrics(result: TrainingResult) -> dict[str, Any]:
    """Return the metrics of ``bundle.json``."""
    metrics: dict[str, Any] = {
        **result.evidence.to_json(),
        "decision": DECISION,
        "other_sets": _other_sets(result.other_sets),
    }
    if result.selective_accuracy is not None:
        metrics["abstaining"] = result.selective_accuracy.to_json()
    if result.gate_metrics is not None:
        metrics["quality_gate"] = result.gate_metrics.to_json()
    if result.int8 is not None:
        metrics["int8"] = {"held_out": _int8_metrics(result.int8)}
    if result.ended:
        metrics["ended"] = result.ended
    return metrics


def _other_sets(other_sets: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Any]:
    """Return the metrics of the partially labelled sets as JSON values."""
    return {
        source: {name: estimate.to_json() for name, estimate in estimates.items()}
        for source, estimates in other_sets.items()
    }


def _int8_metrics(int8: Int8Metrics) -> dict[str, Any]:
    """Return the metrics of the int8 networks as JSON values."""
    evidence = int8.evidence.to_json()
    return {
        **{name: evidence[name] for name in ("overall", "per_label", "recordings", "patients", "repeats")},
        "other_sets": _other_sets(int8.other_sets),
        "labels_changed": int8.labels_changed,
        "largest_difference": int8.largest_difference,
    }


def rewrite_card(folder: Path, site_pooling: Mapping[str, Any] | None = None) -> None:
    """Write the card of a bundle again, in today's words, and record its digest in ``bundle.json``.

    Parameters
    ----------
    folder : Path
        Of a bundle; all other files stay as they are.
    site_pooling : mapping or None
        The figures of several sites together, for a bundle whose recipe and data sets they were measured with; None
        keeps those that it has.

    Raises
    ------
    BundleError
        If the bundle does not load, before or after.
    """
    settings = load_bundle(folder).settings
    sets = {set_title(row["set"]) for row in settings["training_data"]}
    if site_pooling is not None and is_studied(settings["recipe"], sets):
        settings = {**settings, "metrics": {**settings["metrics"], "site_pooling": dict(site_pooling)}}
    names = list(settings["sha256"])
    write_atomic(folder / "CARD.md", write_card(settings, [name for name in names if name.startswith(PLOTS)]))
    sign(folder, settings, names)
    load_bundle(folder)


def _extras(folder: Path, name: str, result: TrainingResult) -> list[str]:
    """Write training curves and, where matplotlib is installed, plots; return the plots' paths in the folder."""
    if result.histories:
        text = json.dumps(curves_json(result.histories), indent=1, allow_nan=False)
        (folder / f"{CURVES}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    try:
        check_matplotlib()
    except MissingExtraError:  # a bundle is complete without plots
        return []
    paths: list[Path] = []
    if result.held_out is not None:
        paths += _held_out_plots(folder / PLOTS, name, result, result.held_out)
    if result.histories:
        (folder / PLOTS).mkdir(exist_ok=True)
        paths.append(folder / PLOTS / f"{CURVES}.png")
        write_curves(result.histories, paths[-1], f"{name}: loss")
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _held_out_plots(folder: Path, name: str, result: TrainingResult, held_out: HeldOutScores) -> list[Path]:
    """Write the plots of an evaluation of held-out scores."""
    scored = [
        ScoredRecording(recording, tuple(scores), heart=None, num_withheld=0, num_windows=windows, duration_s=0.0)
        for recording, scores, windows in zip(
            held_out.recordings, held_out.scores.tolist(), held_out.num_windows, strict=True
        )
    ]
    bootstrap = Bootstrap()
    info = EvaluationInfo(
        model=name,
        model_sha256="",
        labels=result.labels,
        hop_s=1.0,
        seed=bootstrap.seed,
        repeats=bootstrap.repeats,
        data=[
            {**data, "set": f"held-out patients of {data['set']}", "seen_in_training": False}
            for data in count_by_set(held_out.recordings)
        ],
        left_out={},
        unreadable=[],
        num_unknown_patients=0,
    )
    return write_plots(evaluate(scored, info, bootstrap), folder)

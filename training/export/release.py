"""From what a training gives to the bundle's files: facts, card, curves, plots.

Everything is made in a scratch folder; :func:`training.export.bundle.write_bundle` puts it in place whole or not at all.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from monitor.errors import AuscultError, MissingExtraError
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import About, evaluate
from training.evaluation.scoring import ScoredRecording
from training.export.bundle import write_bundle
from training.recipes.result import HeldOutScores, TrainingResult, describe_recordings
from training.reports.model_card import write_card
from training.reports.plots import check_matplotlib, write_plots
from training.reports.training_curves import curves_json, write_curves

__all__ = ["publish"]

LIKELIHOOD = "The decision is the label with the largest calibrated score, with labels as common as in the recordings."
CURVES = "training_curves"


def publish(out: Path, trained: TrainingResult, *, recipe: str, command: str, synthetic_per_label: int) -> Path:
    """Write the bundle of a training with card, curves and plots; return its folder.

    Parameters
    ----------
    out : Path
    trained : TrainingResult
    recipe, command : str
        How it was trained, and what to type to train it again.
    synthetic_per_label : int

    Raises
    ------
    BundleError
        As :func:`training.export.bundle.write_bundle`.
    AuscultError
        If it cannot be written.
    """
    training_data = describe_recordings(trained.recordings)
    other_sets = {
        source: {name: figure.to_json() for name, figure in figures.items()}
        for source, figures in trained.other_sets.items()
    }
    metrics: dict[str, Any] = {**trained.evidence.to_json(), "decision": LIKELIHOOD, "other_sets": other_sets}
    if trained.abstaining is not None:
        metrics["abstaining"] = trained.abstaining.to_json()
    if trained.gate_figures is not None:
        metrics["quality_gate"] = trained.gate_figures.to_json()
    facts: dict[str, Any] = {
        "recipe": recipe,
        "command": command,
        "training_data": training_data,
        "made_sounds_per_label": synthetic_per_label,
        "metrics": {**metrics, **({"ended": trained.ended} if trained.ended else {})},
    }
    try:
        with tempfile.TemporaryDirectory(prefix="auscult-") as scratch:
            extras = Path(scratch) / "extras"  # a folder with the usual rights, which the scratch folder has not
            extras.mkdir()
            plots = _extras(extras, out.name, trained)
            card = write_card(
                name=out.name,
                recipe=recipe,
                command=command,
                labels=trained.labels,
                training_data=training_data,
                synthetic_per_label=synthetic_per_label,
                evidence=trained.evidence,
                other_sets=trained.other_sets,
                decision=LIKELIHOOD,
                ended=trained.ended,
                plots=plots,
                abstaining=trained.abstaining,
                gate_figures=trained.gate_figures,
            )
            return write_bundle(
                out,
                network=trained.network,
                labels=trained.labels,
                spec=trained.spec,
                calibration=trained.calibration,
                decision=trained.decision,
                gate=trained.gate,
                facts=facts,
                card=card,
                extras=extras,
            )
    except OSError as error:
        raise AuscultError(f"{out}: cannot be written ({error.strerror})", "choose another place with --out") from error


def _extras(folder: Path, name: str, trained: TrainingResult) -> list[str]:
    """Write curves and, where matplotlib is installed, plots; return the plots' paths in the folder."""
    if trained.courses:
        text = json.dumps(curves_json(trained.courses), indent=1)
        (folder / f"{CURVES}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    try:
        check_matplotlib()
    except MissingExtraError:  # a bundle is whole without pictures
        return []
    paths: list[Path] = []
    if trained.held_out is not None:
        paths += _held_out_plots(folder / "plots", name, trained, trained.held_out)
    if trained.courses:
        (folder / "plots").mkdir(exist_ok=True)
        paths.append(folder / "plots" / f"{CURVES}.png")
        write_curves(trained.courses, paths[-1], f"{name}: losses")
    return [path.relative_to(folder).as_posix() for path in paths]


def _held_out_plots(folder: Path, name: str, trained: TrainingResult, held_out: HeldOutScores) -> list[Path]:
    """Write the plots of an evaluation, of held-out scores."""
    judged = [
        ScoredRecording(recording, tuple(scores), heart=None, num_withheld=0, num_windows=windows, duration_s=0.0)
        for recording, scores, windows in zip(
            held_out.recordings, held_out.scores.tolist(), held_out.num_windows, strict=True
        )
    ]
    bootstrap = Bootstrap()
    facts = About(
        model=name,
        model_sha256="",
        labels=trained.labels,
        hop_s=1.0,
        seed=bootstrap.seed,
        repeats=bootstrap.repeats,
        data=_sets(held_out),
        left_out={},
        unreadable=[],
        num_unknown_patients=0,
    )
    return write_plots(evaluate(judged, facts, bootstrap), folder)


def _sets(held_out: HeldOutScores) -> list[dict[str, Any]]:
    """Return the sets that the scores are of, as an evaluation names them; none of their patients was heard."""
    described = describe_recordings(held_out.recordings)
    return [{**data, "set": f"held-out patients of {data['set']}", "seen_in_training": False} for data in described]

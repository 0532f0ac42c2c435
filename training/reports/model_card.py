"""The model card, generated from what a training measured: no figure in it is typed.

Sources: Mitchell et al. 2019, "Model Cards for Model Reporting"; TRIPOD+AI 2024 for what to say of data and limits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from training.calibration.abstention import SelectiveAccuracy
from training.calibration.gate import GateMetrics
from training.evaluation.bootstrap import Estimate
from training.evaluation.cross_validated import CrossValidatedMetrics

__all__ = ["CITATIONS", "write_card"]

CITATIONS = {
    "PASCAL set B": (
        "PASCAL CHSC 2011: Bentley, Nordehn, Coimbra, Mannor, "
        '"The PASCAL Classifying Heart Sounds Challenge 2011". Mirrors state CC0.'
    ),
    "CirCor DigiScope": (
        'CirCor DigiScope 2022: Oliveira et al., "The CirCor DigiScope Dataset: From Murmur Detection to Murmur '
        'Classification", IEEE J. Biomed. Health Inform. 2022. ODC-By 1.0.'
    ),
    "sounds that are no heart": (
        "HLS-CMDS lung sounds of a manikin (CC BY 4.0); Free Spoken Digit Dataset (CC BY-SA 4.0)."
    ),
}
"""Who recorded a set and under which licence, by the name that training.data.discovery gives it."""


def write_card(
    *,
    name: str,
    recipe: str,
    command: str,
    labels: Sequence[str],
    training_data: Sequence[Mapping[str, Any]],
    synthetic_per_label: int,
    evidence: CrossValidatedMetrics,
    other_sets: Mapping[str, Mapping[str, Estimate]],
    decision: str,
    ended: str = "",
    plots: Sequence[str] = (),
    abstaining: SelectiveAccuracy | None = None,
    gate_figures: GateMetrics | None = None,
) -> str:
    """Return the card of a bundle, Markdown.

    Parameters
    ----------
    name, recipe, command : str
        The bundle, how it was trained, and what to type to train it again.
    labels : sequence of str
    training_data : sequence of mapping
        As :func:`training.recipes.heart.describe_recordings` gives it.
    synthetic_per_label : int
        Made sounds of each label; 0 for none.
    evidence : CrossValidatedMetrics
    other_sets : mapping of set name to figures
    decision : str
        One sentence: the operating point of the figures.
    ended : str
        What was done when a person ended the training; empty where nobody did.
    plots : sequence of str
        Paths in the bundle.
    abstaining : SelectiveAccuracy or None
    gate_figures : GateMetrics or None
    """
    parts = [
        f"# {name}",
        "Research use, not for diagnosis. Not a medical device: it names sounds, not diseases.",
        f"Recipe `{recipe}`; labels {', '.join(labels)}. Made by `{command}`.",
        "## Trained on",
        _data_table(training_data),
        _made_sentence(synthetic_per_label),
        "## On held-out patients",
        ended,
        _how_measured(evidence, decision),
        _overall_table(evidence),
        _label_table(evidence),
        *_apart(evidence),
        f"Confusion (rows: truth; columns: decided{_summed(evidence)}):",
        _confusion_table(evidence, labels),
        *_other_sets(other_sets),
        *_abstaining(abstaining),
        *_gate(gate_figures),
        *_plots(plots, evidence),
        "## Limits",
        _limits(labels),
        "## Data, licences, citations",
        "\n".join(f"- {CITATIONS.get(str(data['set']), str(data['set']))}" for data in training_data),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _data_table(training_data: Sequence[Mapping[str, Any]]) -> str:
    """Return the sets with their counts."""
    lines = ["| set | recordings | patients | labels |", "|---|---|---|---|"]
    for data in training_data:
        counts = ", ".join(f"{number} {label}" for label, number in data["labels"].items())
        lines.append(f"| {data['set']} | {data['recordings']} | {data['patients']} | {counts} |")
    return "\n".join(lines)


def _made_sentence(synthetic_per_label: int) -> str:
    """Return what is said of made sounds."""
    if not synthetic_per_label:
        return "Recordings only; no made sounds."
    return (
        f"And {synthetic_per_label} made sounds of each label and of sounds that are no heart, from the generator behind "
        "`auscult demo` (other seeds than the demo's). The demo therefore shows that the pipeline works, not how good "
        "the network is."
    )


def _how_measured(evidence: CrossValidatedMetrics, decision: str) -> str:
    """Return what the figures are of."""
    repeated = (
        f"The patients were dealt into folds {evidence.num_repeats} times, and a figure is the mean over these "
        "repeats; in every draw of the bootstrap the same patients count in all of them. "
        if evidence.num_repeats > 1
        else ""
    )
    return (
        f"{evidence.num_recordings} recordings of {evidence.num_patients} patients, each judged by a network that "
        f"never heard that patient. A recording's score is the mean over its windows; a short clip is looped. "
        f"{repeated}{decision} "
        "In brackets: 95 % interval by bootstrap over patients."
    )


def _summed(evidence: CrossValidatedMetrics) -> str:
    """Return what is said of a confusion matrix of several repeats."""
    return f"; summed over {evidence.num_repeats} repeats" if evidence.num_repeats > 1 else ""


def _apart(evidence: CrossValidatedMetrics) -> list[str]:
    """Return the figures in which noise cannot stand for a label."""
    if not evidence.apart:
        return []
    lines = ["With the recordings' noise matched, as the data set tells it:", ""]
    lines += [f"- {name.replace('_', ' ')} {figure}" for name, figure in evidence.apart.items()]
    return ["\n".join(lines)]


def _plots(plots: Sequence[str], evidence: CrossValidatedMetrics) -> list[str]:
    """Return the pictures' list."""
    if not plots:
        return []
    of = "Of the first repeat: " if evidence.num_repeats > 1 else "Plots: "
    names = [plot.rpartition("/")[2].partition(".")[0].replace("_", " ") for plot in plots]
    return [of + ", ".join(f"[{name}]({plot})" for name, plot in zip(names, plots, strict=True)) + "."]


def _overall_table(evidence: CrossValidatedMetrics) -> str:
    """Return the overall figures."""
    names = list(evidence.overall)
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|" + "---|" * len(names)]
    lines.append("| " + " | ".join(str(evidence.overall[name]) for name in names) + " |")
    return "\n".join(lines)


def _label_table(evidence: CrossValidatedMetrics) -> str:
    """Return the figures of each label."""
    names = list(next(iter(evidence.per_label.values())))
    lines = ["| label | " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---|" + "---|" * len(names)]
    for label, figures in evidence.per_label.items():
        lines.append(f"| {label} | " + " | ".join(str(figures[name]) for name in names) + " |")
    return "\n".join(lines)


def _confusion_table(evidence: CrossValidatedMetrics, labels: Sequence[str]) -> str:
    """Return the confusion matrix."""
    lines = ["| | " + " | ".join(labels) + " |", "|---|" + "---|" * len(labels)]
    for label, row in zip(labels, evidence.confusion.tolist(), strict=True):
        lines.append(f"| {label} | " + " | ".join(str(number) for number in row) + " |")
    return "\n".join(lines)


def _other_sets(other_sets: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    """Return the figures on sets that tell only a part of the truth."""
    if not other_sets:
        return []
    lines = ["The same networks on held-out patients of the other sets, per recording:", ""]
    for source, figures in other_sets.items():
        lines += [f"- {source}: " + ", ".join(f"{name.replace('_', ' ')} {figure}" for name, figure in figures.items())]
    return ["\n".join(lines)]


def _abstaining(found: SelectiveAccuracy | None) -> list[str]:
    """Return what is said of giving no label."""
    if found is None:
        return []
    lines = ["| label given from | recordings with a label | of these, wrong |", "|---|---|---|"]
    lines += [
        f"| {at:.2f} | {coverage:.3f} | {'-' if math.isnan(error) else format(error, '.3f')} |"
        for at, coverage, error in found.curve
    ]
    return [
        "## When it says nothing",
        f"No label is given below a confidence of {found.threshold:.2f}: chosen so that at most "
        f"{found.stated_error:.3f} of the labels given are wrong. With each fold's threshold chosen on the other "
        f"patients, {found.coverage} of the recordings got a label, and {found.error} of these labels were wrong.",
        "\n".join(lines),
    ]


def _gate(found: GateMetrics | None) -> list[str]:
    """Return what the quality gate does."""
    if found is None:
        return []
    lines = ["| windows of | number | let pass | let pass where 95 % of clean hearts are |", "|---|---|---|---|"]
    lines += [
        f"| {kind} | {number} | {found.passing[kind]} | {found.passing_at_95[kind]} |"
        for kind, number in found.windows.items()
    ]
    return [
        "## The quality gate",
        "Before a window is given a label, a gate asks whether it is a heart at all: four features of the sound and "
        "the network's own word. Measured on sounds that neither the network nor the gate had heard, apart by "
        f"patient, by speaker, by the manikin's sound: hearts against all else, AUC {found.auc}.",
        "\n".join(lines),
    ]


def _limits(labels: Sequence[str]) -> str:
    """Return what the figures do not say."""
    limits = [
        "- Settings were compared on the same folds, so expect a little less elsewhere.",
        "- Few devices, few places: other stethoscopes, adults or children unlike those recorded may sound different.",
        "- A label holds for five seconds at one place on the chest. It is no finding about a person.",
    ]
    if "extrastole" in labels:
        limits.append(
            "- `extrastole` (the data set's spelling): PASCAL gives it to whole clips, and the extra beat need not "
            "fall into the window; no 5 s picture tried finds that label much better than by chance. The network "
            "learned the rhythm from made beats; read its label as a premature beat heard in this window."
        )
    return "\n".join(limits)

"""The model card of a bundle, written from its ``bundle.json``: no number on it is typed.

Sources: Mitchell et al. 2019, "Model Cards for Model Reporting"; TRIPOD+AI 2024 for what to say of data and limits. The
YAML head is that of the Hugging Face hub.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import NON_CARDIAC_SET_TITLE, metric_title, set_title
from monitor.output import printable
from training.data.label_folders import EVERYDAY_SET
from training.reports.loudness import loudness_blocks
from training.reports.murmur_timing import timing_blocks
from training.reports.segmentation import segmentation_blocks
from training.reports.site_pooling import pooling_blocks
from training.reports.table import (
    MISSING,
    Cell,
    Table,
    cell_text,
    estimate_of,
    label_counts,
    markdown_text,
)

__all__ = ["CITATIONS", "is_studied", "write_card"]

CITATIONS = {
    "PASCAL set B": (
        "PASCAL CHSC 2011: Bentley, Nordehn, Coimbra, Mannor, "
        '"The PASCAL Classifying Heart Sounds Challenge 2011". Mirrors state CC0.'
    ),
    "CirCor DigiScope": (
        'CirCor DigiScope 2022: Oliveira et al., "The CirCor DigiScope Dataset: From Murmur Detection to Murmur '
        'Classification", IEEE J. Biomed. Health Inform. 2022. ODC-By 1.0.'
    ),
    NON_CARDIAC_SET_TITLE: "HLS-CMDS lung sounds of a manikin (CC BY 4.0); Free Spoken Digit Dataset (CC BY-SA 4.0).",
    EVERYDAY_SET: 'ESC-10, part of it: Piczak, "ESC: Dataset for Environmental Sound Classification", 2015. CC BY 3.0.',
}
"""Who recorded a data set and under which licence."""

STUDIED_RECIPE, STUDIED_SETS = "heart", {"PASCAL set B", "CirCor DigiScope"}
"""Of the study in docs/EVIDENCE.md."""

TAGS = ("heart-sounds", "phonocardiogram", "auscultation", "heart-murmur", "tflite")
METRICS = ("accuracy", "precision", "recall", "roc_auc")
"""Those of the card that the Hugging Face hub has a name for; recall is sensitivity."""

LIMITS = (
    "Hyperparameters were compared on the same folds, so expect slightly lower values on new patients.",
    "Few devices and few auscultation sites: other stethoscopes, and adults or children unlike those recorded, may "
    "sound different.",
    "A label holds for five seconds at one site of the chest. It is no finding about a person.",
)
SCORES = (
    "The monitor gives two kinds of scores: `scores` and `confidence` in the JSON lines are the probability that an "
    "annotator of the data set gives the recording this label, which is what all figures below are measured on; "
    "`acoustic_scores`, which the screen, text lines and figures show, are the probability of what is heard in the "
    "window."
)
INT8 = (
    "`model-int8.tflite` is the same network with weights of 8 bits (dynamic range: activations are rounded image by "
    "image, no calibration data), for archives, wards and small machines: `--engine litert-int8`. The float network "
    "stays the default, and every figure above is the float network's. Scores differ slightly, so a window near a "
    "threshold may get another verdict; `engine` and `model_sha256` in every output say which network ran."
)
EXTRASTOLE_LIMIT = (
    "`extrastole` (the data set's spelling): PASCAL gives it to whole clips, and the extrasystole need not fall into "
    "the window; no spectrogram of 5 s that was tried finds that label much better than chance. The network learned "
    "the rhythm from synthetic heart sounds; read its label as an ectopic beat within this window."
)


def write_card(settings: Mapping[str, Any], plots: Sequence[str] = ()) -> str:
    """Return the card of a bundle: Markdown behind a YAML head.

    Parameters
    ----------
    settings : mapping
        The content of ``bundle.json``. Used are ``name``, ``labels``, ``recipe``, ``command``, ``training_data``,
        ``made_sounds_per_label``, ``metrics``, ``calibration`` and ``decision``, and ``operating_point`` where it is
        there.
    plots : sequence of str
        Paths of images in the bundle.
    """
    metrics, labels = settings["metrics"], settings["labels"]
    data = [{**row, "set": set_title(row["set"])} for row in settings["training_data"]]
    summed = f"; summed over {metrics['repeats']} repeats" if metrics["repeats"] > 1 else ""
    confusion = [(label, *row) for label, row in zip(labels, metrics["confusion"], strict=True)]
    parts = [
        _yaml_head([row["set"] for row in data]),
        f"# {markdown_text(settings['name'])}",
        "Research use, not for diagnosis. Not a medical device: it labels sounds, not diseases.",
        f"Recipe `{settings['recipe']}`; labels {markdown_text(', '.join(labels))}. "
        f"Trained with `{_code(settings['command'])}`.",
        _two_scores(settings),
        "## Training data",
        *_lines(Table(("data set", "recordings", "patients", "labels"), [_data_row(row) for row in data])),
        _synthetic(settings["made_sounds_per_label"]),
        "## Performance on held-out patients",
        metrics.get("ended", ""),
        _method(metrics),
        _own_figures(metrics["repeats"], settings["recipe"], {row["set"] for row in data}),
        *_lines(_metrics_table(metrics["overall"])),
        *_lines(_label_table(metrics["per_label"])),
        *_by_noise(metrics["apart"]),
        f"Confusion matrix (rows: true label; columns: predicted label{summed}):",
        *_lines(Table(("", *labels), confusion)),
        *_other_sets(metrics["other_sets"]),
        *_selective(metrics.get("abstaining")),
        *_possible(settings.get("operating_point")),
        *loudness_blocks(settings.get("loudness")),
        *_gate(metrics.get("quality_gate")),
        *_several_sites(metrics.get("site_pooling")),
        *_int8(metrics.get("int8")),
        *segmentation_blocks(settings.get("segmentation")),
        *timing_blocks(settings.get("murmur_timing")),
        _plots(plots, metrics["repeats"]),
        "## Limits",
        "\n".join(f"- {limit}" for limit in (*LIMITS, *([EXTRASTOLE_LIMIT] if "extrastole" in labels else []))),
        "## Data, licences, citations",
        "\n".join(f"- {CITATIONS.get(row['set']) or markdown_text(row['set'])}" for row in data),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def is_studied(recipe: str, sets: set[str]) -> bool:
    """Return whether the figures of docs/EVIDENCE.md are those of a bundle's recipe on its data sets."""
    return recipe == STUDIED_RECIPE and sets >= STUDIED_SETS


def _two_scores(settings: Mapping[str, Any]) -> str:
    """Return which scores are which, and from which acoustic score each label is given."""
    calibration = Calibration.from_json(settings["calibration"])
    decision = DecisionThresholds.from_json(settings["decision"])
    if calibration.inaudible is None:
        return f"{SCORES} With this bundle they are the same."
    column, share = calibration.inaudible
    thresholds = calibration.acoustic_thresholds(decision.uncertain_below, settings["labels"])
    label = settings["labels"][column]
    needed = ", ".join(f"{markdown_text(name)} {value:.2f}" for name, value in thresholds.items())
    return (
        f"{SCORES} They differ by the recordings that are labelled {markdown_text(label)} although nothing of it is "
        f"heard, a share of {share:.2f}: no score of {markdown_text(label)} is below {share:.2f}, and none of another "
        f"label above {1.0 - share:.2f}, but acoustic scores go from 0 to 1. A window is given a label from a score of "
        f"{decision.uncertain_below:.2f}, which is an acoustic score of: {needed}."
    )


def _yaml_head(sets: Sequence[str]) -> str:
    """Return what the Hugging Face hub reads; the licence only where all training data are public sets."""
    lists = {"tags": TAGS, "metrics": METRICS, "datasets": [json.dumps(name) for name in sets]}
    lines = ["license: mit"] if all(name in CITATIONS for name in sets) else []
    lines += ["library_name: keras", "pipeline_tag: audio-classification"]
    for key, values in lists.items():
        lines += [f"{key}:", *(f"- {value}" for value in values)]
    return "\n".join(["---", *lines, "---"])


def _lines(table: Table) -> list[str]:
    """Return a table as one block of Markdown; none where it has no row."""
    return ["\n".join(table.markdown())] if table.rows else []


def _code(text: str) -> str:
    """Return text for a code span, which a backtick would end."""
    return printable(text).replace("`", "'")


def _data_row(data: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Return the counts of a data set."""
    return data["set"], data["recordings"], data["patients"], label_counts(data["labels"])


def _synthetic(per_label: int) -> str:
    """Return what is said of synthetic sounds."""
    if not per_label:
        return "Recordings only; no synthetic sounds."
    return (
        f"And {per_label} synthetic sounds of each label and of non-cardiac sounds, from the generator behind "
        "`auscult demo` (other seeds than the demo's). The demo therefore shows that the pipeline works, not how well "
        "the network performs."
    )


def _method(metrics: Mapping[str, Any]) -> str:
    """Return how the metrics were measured."""
    repeated = (
        f"The patients were split into folds {metrics['repeats']} times, and a metric is the mean over these repeats; "
        "each bootstrap resample takes the same patients in all of them. "
        if metrics["repeats"] > 1
        else ""
    )
    return (
        f"{metrics['recordings']} recordings of {metrics['patients']} patients, each scored by a network that was not "
        "trained on that patient (cross-validation). A recording's score is the mean over its windows; a short clip is "
        f"looped. {repeated}{metrics['decision']} In brackets: 95 % confidence interval by bootstrap over patients."
    )


def _own_figures(repeats: int, recipe: str, sets: set[str]) -> str:
    """Return that the figures are those of this training and its seeds, and where means over several seeds are."""
    own = f"These are the figures of this one training, {'one seed' if repeats == 1 else f'{repeats} seeds'}: " + (
        "another seed forms other folds and starts from other weights, and its figures differ."
    )
    if is_studied(recipe, sets):
        return (
            f"{own} The means of this recipe over several seeds, with their intervals, are in docs/EVIDENCE.md of the "
            "project; where both give a metric, quote that mean."
        )
    return f"{own} `--repeats 3` measures the means over three seeds." if repeats == 1 else own


def _metrics_table(metrics: Mapping[str, Any]) -> Table:
    """Return the metrics of all labels together."""
    return Table(tuple(map(metric_title, metrics)), [[estimate_of(values) for values in metrics.values()]])


def _label_table(per_label: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the metrics of each label."""
    names = next(iter(per_label.values()))
    rows: list[tuple[Cell, ...]] = [
        (label, *map(estimate_of, metrics.values())) for label, metrics in per_label.items()
    ]
    return Table(("label", *map(metric_title, names)), rows)


def _named(name: str, values: Mapping[str, float | None]) -> str:
    """Return a metric with its name."""
    return f"{metric_title(name)} {cell_text(estimate_of(values))}"


def _by_noise(metrics: Mapping[str, Any]) -> list[str]:
    """Return the metrics in which noise cannot stand for a label."""
    if not metrics:
        return []
    lines = ["Among recordings of equal noise, clean or noisy according to the data set:", ""]
    return ["\n".join([*lines, *(f"- {_named(name, values)}" for name, values in metrics.items())])]


def _other_sets(other_sets: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the metrics on partially labelled data sets."""
    if not other_sets:
        return []
    lines = ["The same networks on held-out patients of the other data sets, per recording:", ""]
    for source, metrics in other_sets.items():
        lines.append(
            f"- {markdown_text(set_title(source))}: "
            + ", ".join(_named(name, values) for name, values in metrics.items())
        )
    return ["\n".join(lines)]


def _selective(selective: Mapping[str, Any] | None) -> list[str]:
    """Return the operating point at which the network abstains, and error rate by coverage."""
    if selective is None:
        return []
    rows = [
        (f"{point['threshold']:.2f}", f"{point['coverage']:.3f}", MISSING if error is None else f"{error:.3f}")
        for point in selective["curve"]
        for error in [point["error"]]
    ]
    coverage, error = (cell_text(estimate_of(selective[key])) for key in ("coverage", "error"))
    return [
        "## Operating point: when no label is given",
        f"No label is given below a confidence of {selective['threshold']:.2f}, chosen so that at most "
        f"{selective['stated_error']:.3f} of the given labels are wrong. With each fold's threshold chosen on the "
        f"patients of the other folds, {coverage} of the recordings got a label (coverage), and {error} of these "
        "labels were wrong (error rate).",
        *_lines(Table(("minimum confidence", "coverage", "error rate"), rows)),
    ]


def _possible(point: Mapping[str, Any] | None) -> list[str]:
    """Return from which score a label is possible, and what that finds."""
    if point is None:
        return []
    label = markdown_text(point["label"])
    rows: list[tuple[Cell, ...]] = [
        (set_title(name), *(estimate_of(row[key]) for key in ("labelled", "sensitivity", "specificity")))
        for name, row in point["sets"].items()
    ]
    return [
        f"## Operating point: possible {label}",
        f"From a score of {point['possible_from']:.2f} the monitor says `possible {label}` instead of normal or of "
        f"nothing, chosen on held-out recordings for a specificity of {point['specificity']:.2f}, the mean over the "
        "data sets. With each fold's threshold chosen on the patients of the other folds, per recording; `labelled` is "
        f"the share of the recordings with a {label} that get the label itself, `sensitivity` the share that gets the "
        "label or is called possible:",
        *_lines(Table(("data set", "labelled", "sensitivity", "specificity"), rows)),
    ]


def _gate(gate: Mapping[str, Any] | None) -> list[str]:
    """Return how the quality gate performs."""
    if gate is None:
        return []
    rows = [
        (
            f"synthetic {kind.removeprefix('made ')}" if kind.startswith("made ") else set_title(kind),
            row["windows"],
            estimate_of(row["passing"]),
            estimate_of(row["passing_where_95_of_clean_hearts_do"]),
        )
        for kind, row in gate["kinds"].items()
    ]
    header = ("windows of", "count", "pass rate", "pass rate at 95 % sensitivity for clean heart sounds")
    return [
        "## Quality gate",
        "Before a window gets a label, a gate decides whether it is a heart sound at all, from four acoustic features "
        "and the network's probability of a heart sound. Measured on sounds that neither the network nor the gate was "
        "trained on, separated by patient, speaker, recording of the manikin, source: heart sounds against non-cardiac "
        f"sounds, AUC {cell_text(estimate_of(gate['auc']))}.",
        *_lines(Table(header, rows)),
    ]


def _several_sites(pooling: Mapping[str, Any] | None) -> list[str]:
    """Return what several sites of a person say together."""
    if pooling is None:
        return []
    about = "The figures are of this recipe, not of this one training; see docs/decisions/0014 of the project."
    first, *rest = pooling_blocks(pooling)
    return ["## Several sites", f"{first} {about}", *rest]


def _int8(int8: Mapping[str, Any] | None) -> list[str]:
    """Return how the int8 network differs from the float one."""
    if int8 is None:
        return []
    parts = ["## The int8 network", INT8]
    if "held_out" in int8:
        held_out = int8["held_out"]
        parts += [
            "On held-out patients, the int8 conversions of the same networks, with the calibration of the float ones: "
            f"{held_out['labels_changed']} of {held_out['recordings'] * held_out['repeats']} recordings get another "
            f"label, and the largest difference of a recording's score is {held_out['largest_difference']:.3f}.",
            *_lines(_metrics_table(held_out["overall"])),
            *_lines(_label_table(held_out["per_label"])),
            *_other_sets(held_out["other_sets"]),
        ]
    else:
        parts.append(
            "It was converted after the training, whose networks of the folds are not stored: its metrics on held-out "
            "patients come with the next training."
        )
    if "compared" in int8:
        parts += [
            f"The shipped networks compared, a window every {int8['hop_s']:g} s; a verdict is a label or a state such "
            "as uncertain or poor-signal. Of a set marked * the networks were trained on: its AUCs compare the two "
            "networks and say nothing of other patients.",
            *_lines(_compared_table(int8["compared"])),
            _times(int8["times"]),
        ]
    return parts


def _compared_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a line for each data set on which both networks were run."""
    header = (
        *("set", "recordings", "of these another verdict", "another label"),
        *("windows", "of these another verdict", "another label", "gated otherwise"),
        *("largest difference of a score", "murmur AUC, float", "murmur AUC, int8"),
    )
    lines: list[tuple[Cell, ...]] = [
        (
            set_title(row["set"]) + ("*" if row["seen_in_training"] else ""),
            *(row[f"recordings{key}"] for key in ("", "_with_other_verdict", "_with_other_label")),
            *(row[f"windows{key}"] for key in ("", "_with_other_verdict", "_with_other_label", "_gated_otherwise")),
            f"{row['largest_difference']:.3f}",
            *(MISSING if row[key] is None else f"{row[key]:.4f}" for key in ("murmur_auc", "murmur_auc_int8")),
        )
        for row in rows
    ]
    return Table(header, lines)


def _times(times: Mapping[str, Any]) -> str:
    """Return what the int8 network costs."""
    return (
        f"One run takes {times['invoke_ratio']:.2f} of the float network's time, and a whole hop of the monitor "
        f"{times['int8_hop_to_float_invoke']:.2f} of it instead of {times['float_hop_to_float_invoke']:.2f} "
        f"(medians of {times['rounds']} rounds on {times['cpus']} shared processors, {times['machine']}, LiteRT "
        f"{times['ai_edge_litert_version']}; `auscult bench` measures it on yours)."
    )


def _plots(plots: Sequence[str], repeats: int) -> str:
    """Return links to the plots."""
    if not plots:
        return ""
    links = ", ".join(f"[{PurePosixPath(plot).stem.replace('_', ' ')}]({plot})" for plot in plots)
    return f"{'Plots of the first repeat' if repeats > 1 else 'Plots'}: {links}."

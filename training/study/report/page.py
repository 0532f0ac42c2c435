"""docs/EVIDENCE.md, generated from docs/evidence/*.json: no number on it is typed, and none is computed here.

The same files give the same text. Pure but for :func:`read_evidence` and :func:`read_sources`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.errors import DataError
from monitor.labels import set_title
from training.evaluation.baselines import MURMUR_DETECTORS
from training.reports.loudness import loudness_blocks
from training.reports.murmur_timing import timing_blocks
from training.reports.segmentation import group_blocks, segmentation_blocks
from training.reports.site_pooling import pooling_blocks
from training.reports.table import MISSING, Table
from training.study.headline import COMPARISONS
from training.study.report import checklists, comparison, tables
from training.study.variants import OURS, SHORT

__all__ = [
    "FLIPS",
    "MURMUR_TIMING",
    "OPERATING_POINT",
    "SEGMENTATION",
    "Studies",
    "evidence_text",
    "read_evidence",
    "read_sources",
]

Json = Mapping[str, Any]
Parts = list[list[str]]
"""Parts of the page, which an empty line separates; each is a list of lines."""

ARTICLE = "article"
PUBLISHED = "published"
"""Name of the source of figures that others published."""
FLIPS = "robustness.json"
OPERATING_POINT = "operating_point.json"
DIASTOLIC = "diastolic.json"
CALIBRATION = "calibration_error.json"
SEGMENTATION = "segmentation.json"
MURMUR_TIMING = "murmur_timing.json"
POOLING = Path("sites", "pooling.json")
"""In the folder of evidence: several sites of a person together."""
NOT_YET = (
    "Not measured yet: `python benchmarks/accuracy/ablations.py DATA...`, then `python docs/make/make_evidence.py`."
)

METHOD = (
    "Cross-validation: patients are split into 5 folds, stratified by label, before windows are cut and anything is "
    "augmented or spliced; each fold is scored by a network that was not trained on its patients. Some of the training "
    "patients are a validation set for early stopping. This is repeated with every seed, which reshuffles the "
    "patients. A recording's score is the mean over its windows, one each second; a short clip is looped and "
    "scored at four phases of the loop, whose outputs are averaged. Each fold's scores are calibrated on the other "
    "folds, assuming findings slightly more prevalent than in the recordings (prevalence to the power of 0.7), and the "
    "predicted label is the one with the largest score. A metric is the mean "
    "over the seeds, never that of averaged scores; in brackets its 95 % confidence interval by bootstrap over "
    "patients, each resampled with all clips and all seeds; a table of a subgroup resamples its own patients. `seeds`: "
    "minimum and maximum over the seeds. AUCs of an extrasystole under Targets and Rhythm rank by the network's "
    "evidence for an ectopic beat, without the share of recordings that carry the label with no audible ectopic beat, "
    "which each fold estimates from its training data; the table of each label ranks by the score with that share."
)
COMPARED = (
    "Each variant changes one thing, on the same folds and {seeds}, and is trained a third as long as the "
    "recipe, to save time; so is its reference. A difference is variant minus reference, the mean over the seeds, "
    "with its 95 % interval by resampling the same patients for both. More than a dozen metrics times as many variants "
    "are compared, without correction for multiple comparisons: an interval that barely excludes zero is not "
    "significant."
)
PERTURBED = (
    "Held-out recordings of set B, perturbed as in `training/study/perturbations.py`, scored by the networks that were "
    "not trained on their patients. Signal-to-noise ratio: mean power of the clip over that of the noise, both from 20 "
    "to 1000 Hz; the noise in the clip itself counts as signal. Withheld: windows that the network classifies as "
    "non-cardiac."
)
FLIPPED = (
    "Changes that a listener would not hear as another heart: the same recordings through the shipped bundle, before "
    "and after. Counted are windows and recordings that get another label, or one where there was none, or none where "
    "there was one; the last column is the largest change of any score of a window."
)
DIASTOLIC_TEXT = (
    "Recordings all but lack them (2 of the 116 children with a murmur), so they are made on the hearts of held-out "
    "children without a murmur, whose rates are those of children, and compared with the same hearts. `moved`: real "
    "systolic murmurs of held-out children, moved into diastole; `made`: by the maker of the training examples, with "
    "other random numbers; `added`: by a simpler one that training does not use, at fixed levels against S1. Whether "
    "murmurs of adults with valve disease are found follows from none of it. Measured by "
    "`benchmarks/accuracy/diastolic.py`."
)
CALIBRATION_TEXT = (
    "With as few recordings as set B has, the error in ten bins is not 0 where the scores are exactly right: labels "
    "that are drawn from the scores themselves have the error of the second and third row. Recordings of a patient are "
    "not independent, so the third row is the one to compare with."
)
UNREACHED = "Of the targets above, which were written down beforehand; in bold those that miss even what was required."
RHYTHM = (
    "The calibrated score of an extrasystole, without the share of inaudible ones. The label is given to whole clips, "
    "and to no noisy one; what a score gains against noisy normals over clean ones is not rhythm. S1 annotations are "
    "of held-out children, windows of 5 s every 0.5 s, intervals relative to the window's median; regular: all within "
    "10 %."
)


@dataclasses.dataclass(frozen=True)
class Studies:
    """The content of a folder of evidence.

    Attributes
    ----------
    by_name : mapping of str to mapping
        The JSON of each variant; the recipe first, then the article's, then the others by name.
    comparisons : mapping of str to mapping
        The differences of each variant from its reference.
    flips : mapping or None
        Labels that change under perturbations that should change none; None where they were not counted.
    pooling : mapping or None
        Several sites of a person together; None where they were not measured.
    point : mapping or None
        The operating point of a murmur, by data set and group; None where it was not measured.
    diastolic : mapping or None
        Murmur AUC of made diastolic murmurs; None where it was not measured.
    calibration : mapping or None
        The calibration error beside that of scores that are right; None where it was not measured.
    timing : mapping or None
        Where in the cycle a murmur lies; None where it was not measured.
    heart_sounds : mapping or None
        S1 and S2 by group, device and noise; None where they were not measured.
    """

    by_name: Mapping[str, Json]
    comparisons: Mapping[str, Json]
    flips: Json | None = None
    pooling: Json | None = None
    point: Json | None = None
    diastolic: Json | None = None
    calibration: Json | None = None
    timing: Json | None = None
    heart_sounds: Json | None = None

    def get(self, name: str) -> Json | None:
        """Return one variant, or None."""
        return self.by_name.get(name)


def read_evidence(folder: Path) -> Studies:
    """Return the content of a folder of evidence; nothing where there is none.

    Raises
    ------
    DataError
        If a file cannot be read, or the comparisons are of other scores than the metrics.
    """
    others = (COMPARISONS, FLIPS, OPERATING_POINT, DIASTOLIC, CALIBRATION, MURMUR_TIMING, SEGMENTATION)
    read = {path.stem: _read(path) for path in sorted(folder.glob("*.json")) if path.name not in others}
    ordered = sorted(read, key=lambda name: (name != OURS, name != ARTICLE, name))
    by_name = {name: read[name] for name in ordered}
    comparisons = _read(folder / COMPARISONS)["variants"] if (folder / COMPARISONS).is_file() else {}
    known = {name: row for name, row in comparisons.items() if name in by_name and row["against"] in by_name}
    for name, row in known.items():
        if row["scores_sha256"] != [by_name[side]["scores_sha256"] for side in (name, row["against"])]:
            raise DataError(
                f"{folder / COMPARISONS}: compares other scores of {name} than its metrics are computed from",
                "run benchmarks/accuracy/ablations.py once more, which compares them again",
            )
    flips, pooling, point, diastolic, calibration, timing, sounds = (
        _read(folder / name) if (folder / name).is_file() else None
        for name in (FLIPS, POOLING, OPERATING_POINT, DIASTOLIC, CALIBRATION, MURMUR_TIMING, SEGMENTATION)
    )
    for name, study in ((OPERATING_POINT, point), (CALIBRATION, calibration)):
        if study is not None and OURS in by_name and study["scores_sha256"] != by_name[OURS]["scores_sha256"]:
            raise DataError(
                f"{folder / name}: is of other scores than the metrics of {OURS}",
                f"run benchmarks/accuracy/{Path(name).stem}.py once more",
            )
    compared = {name: known[name] for name in ordered if name in known}
    lies = None if timing is None else timing.get("timing")
    return Studies(by_name, compared, flips, pooling, point, diastolic, calibration, lies, sounds)


def read_sources(studies: Studies, models: Path) -> dict[str, Json]:
    """Return what hand-written pages quote from: each study, each bundle's settings, and what was published, by name.

    Raises
    ------
    DataError
        If a bundle's settings cannot be read, or a bundle is called like a study.
    """
    bundles = {path.parent.name: _read(path) for path in sorted(models.glob("*/bundle.json"))}
    others = {**studies.by_name, PUBLISHED: {row["name"]: row for row in MURMUR_DETECTORS}}
    twice = sorted(bundles.keys() & others.keys())
    if twice:
        raise DataError(f"{models / twice[0]}: a study has the same name", "rename the bundle")
    return {**others, **bundles}


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON of a file."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as evidence", "run that variant with --again") from error
    return values


def evidence_text(studies: Studies, segmentation: Json | None = None, loudness: Json | None = None) -> str:
    """Return the whole of docs/EVIDENCE.md.

    Parameters
    ----------
    studies : Studies
    segmentation, loudness : mapping or None
        The keys of the shipped bundle's settings.
    """
    ours, article = studies.get(OURS), studies.get(ARTICLE)
    parts = [
        ["# Evidence: murmurs, extrasystoles and normal heart sounds from 5 s at one auscultation site"],
        [
            "Research use, not for diagnosis. Generated by `python docs/make/make_evidence.py` from "
            "`docs/evidence/*.json`; no measured number is typed."
        ],
        ["## The comparison that matters", "", comparison.ABOUT],
        comparison.comparison_table(ours, article).markdown(),
        comparison.published_notes(),
        ["## Targets", *([] if ours else ["", NOT_YET])],
        tables.target_table(ours, article).markdown(),
        ["Met: the value, not its interval, reaches `required` or `target`. " + _about_article(article)],
        ["## Method", "", METHOD],
        *_ablations(studies),
        *_robustness(ours),
        *_flips(studies.flips),
        *_rhythm(ours, article),
        *_operating_point(studies.point),
        *([block] for block in loudness_blocks(loudness)),
        *_diastolic(studies.diastolic),
        *_calibration(studies.calibration),
        *([block] for block in (*segmentation_blocks(segmentation), *group_blocks(studies.heart_sounds))),
        *([block] for block in timing_blocks(studies.timing)),
        *_several_sites(studies.pooling),
        *(_tables("Set B: ", ours["tables"]) if ours else []),
        *_other_sets(ours),
        ["## Data, licences, citations", "", *(f"- **{name}.** {text}" for name, text in checklists.DATA_STATEMENT)],
        tables.data_table(ours).markdown() if ours else [],
        [f"- {line}" for line in checklists.CITATIONS],
        ["## TRIPOD+AI", "", *_checklist(checklists.TRIPOD)],
        ["## STARD and its extension to AI", "", checklists.STARD_NOTE],
        _checklist(checklists.STARD),
        *_reproduce(studies),
        ["## Limits", "", *(f"- {line}" for line in checklists.LIMITS)],
        *_not_reached(ours),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _not_reached(ours: Json | None) -> Parts:
    """Return what the page ends with: targets that were written down beforehand, and missed."""
    lines = comparison.not_reached(ours)
    return [["## What is not reached", "", UNREACHED], lines] if lines else []


def _checklist(items: tuple[tuple[str, str, str], ...]) -> list[str]:
    """Return a reporting checklist."""
    return Table(("item", "asks for", "answered"), items).markdown()


def _about_article(article: Json | None) -> str:
    """Return what is said of the article's column."""
    if article is None:
        return f"`{MISSING}`: not measured."
    return f"{article['changed']} `{MISSING}`: not measured, or undefined for the labels."


def _ablations(studies: Studies) -> Parts:
    """Return the effect of each change."""
    comparisons = {name: row for name, row in studies.comparisons.items() if name not in (ARTICLE, SHORT)}
    if not comparisons:
        return [["## Ablations", "", NOT_YET]]
    lines = []
    for name, row in comparisons.items():
        study = studies.by_name[name]
        lines.append(f"- **{study['title']}.** {study['changed']} {tables.effect_sentence(row['differences'])}")
    table = tables.ablation_table(studies.by_name, comparisons)
    return [["## Ablations", "", COMPARED.format(seeds=_seeds_text(comparisons))], table.markdown(), lines]


def _seeds_text(comparisons: Json) -> str:
    """Return on which seeds variants and their reference are compared."""
    counts = sorted({row["seeds"] for row in comparisons.values()})
    return "the first seed" if counts == [1] else f"the first {' or '.join(map(str, counts))} seeds"


def _robustness(ours: Json | None) -> Parts:
    """Return the metrics under perturbations of the recordings."""
    title = "## Robustness: other devices, transmission and noise"
    if not ours or not ours["robustness"]:
        return [[title, "", NOT_YET]]
    return [[title, "", PERTURBED], tables.robustness_table(ours["robustness"]).markdown()]


def _flips(flips: Json | None) -> Parts:
    """Return how many labels change under perturbations that should change none; nothing where none were counted."""
    rows = tables.flips_table(flips).markdown() if flips else []
    text = " ".join([FLIPPED, *([flips["remark"]] if flips and "remark" in flips else [])])
    return [["## Robustness: labels that flip", "", text], rows] if rows else []


def _rhythm(ours: Json | None, article: Json | None) -> Parts:
    """Return the extrasystole score against both kinds of ground truth."""
    title = "## Rhythm: label and beat annotations as ground truth"
    if not ours or not ours["rhythm"]:
        return [[title, "", NOT_YET]]
    return [[title, "", RHYTHM], tables.rhythm_table(ours, article).markdown()]


def _operating_point(point: Json | None) -> Parts:
    """Return what is found at the operating point; nothing where it was not measured."""
    if point is None:
        return []
    text = (
        f"From a score of {point['point']['possible_from']:.2f} the monitor says `possible murmur` instead of normal "
        "or of nothing: chosen on held-out recordings for a specificity of "
        f"{point['point']['specificity']:.2f}, the mean over the data sets. Here each fold's threshold is chosen on "
        f"the patients of the other folds; per recording, seeds {', '.join(map(str, point['seeds']))}. `labelled`: "
        "murmurs that get the label itself; `sensitivity`: those that get it or are called possible. A grade is "
        "compared with all recordings without a murmur. Measured by "
        f"`{point['command']}`; why: decision 0018."
    )
    return [["## Operating point: possible murmur", "", text], tables.operating_point_table(point).markdown()]


def _diastolic(study: Json | None) -> Parts:
    """Return the AUC of made diastolic murmurs; nothing where it was not measured."""
    if study is None:
        return []
    return [["## Diastolic murmurs, made", "", DIASTOLIC_TEXT], tables.diastolic_table(study).markdown()]


def _calibration(study: Json | None) -> Parts:
    """Return how large a calibration error is where the scores are right; nothing where it was not measured."""
    if study is None:
        return []
    text = f"{CALIBRATION_TEXT} Measured by `{study['command']}`."
    return [["## Calibration error, and that of scores that are right", "", text], tables.error_table(study).markdown()]


def _several_sites(pooling: Json | None) -> Parts:
    """Return the figures of several sites together; nothing where they were not measured."""
    if pooling is None:
        return []
    command = "`python benchmarks/accuracy/silent_sites.py set_b circor not_heart everyday`"
    how = f"Trained by {command}, measured by `python benchmarks/constants/site_pooling.py`; why: decision 0014."
    first, *rest = pooling_blocks(pooling)
    return [["## Several sites of a person", "", f"{first} {how}"], *([block] for block in rest)]


def _tables(prefix: str, values: Json) -> Parts:
    """Return the tables of one data set."""
    return [
        [f"## {prefix}{table.title}", "", *table.markdown(), *(["", table.note] if table.note else [])]
        for table in tables.set_tables(values)
    ]


def _other_sets(ours: Json | None) -> Parts:
    """Return the tables of the partially labelled sets."""
    sets = ours["other_sets"] if ours else {}
    return [part for source, values in sets.items() for part in _tables(f"{set_title(source)}: ", values)]


def _reproduce(studies: Studies) -> Parts:
    """Return a command for everything."""
    title = "## How to reproduce"
    if not studies.by_name:
        return [[title, "", NOT_YET]]
    text = (
        "One command a row, with the folders of the recordings in place of their names; then "
        "`python docs/make/make_evidence.py`. Minutes are of processor time, on two cores."
    )
    rows = [
        (study["title"], f"`{study['command']}`", ", ".join(map(str, study["seeds"])), f"{study['cpu_minutes']:.0f}")
        for study in studies.by_name.values()
    ]
    return [[title, "", text], Table(("variant", "command", "seeds", "CPU minutes"), rows).markdown()]

"""docs/EVIDENCE.md: made from JSON alone, the same each time, and honest about what is not there."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import DataError
from training.study.report import checklists as items
from training.study.report.page import NOT_YET, evidence_text, read_evidence
from training.study.report.tables import TARGETS, ablation_table, figure_text, markdown, target_table, what_it_says

ROOT = Path(__file__).resolve().parents[4]
DOCS = ROOT / "docs"


def figure(value: float | None, half: float = 0.02) -> dict[str, float | None]:
    """Return a figure with an interval around it."""
    return {
        "value": value,
        "low": None if value is None else value - half,
        "high": None if value is None else value + half,
    }


def label_figures(value: float) -> dict[str, Any]:
    """Return the figures of one label."""
    names = ("sensitivity", "specificity", "precision", "auc", "sensitivity_at_specificity_0.90")
    return {"positives": 5, "negatives": 9, **{name: figure(value) for name in names}}


def tables(value: float) -> dict[str, Any]:
    """Return the tables of a set."""
    group = {"recordings": 7, "patients": 3, **figure_names(value), **label_figures(value)}
    challenge = (
        "total_precision",
        "heart_problem_sensitivity",
        "heart_problem_specificity",
        "youden",
        "discriminant_power",
    )
    return {
        "per_recording": {"normal": label_figures(value), "murmur": label_figures(value)},
        "confusion": {"labels": ["normal", "murmur"], "matrix": [[31, 2], [3, 17]]},
        "reliability": [{"low": 0.5, "high": 0.6, "count": 4, "confidence": 0.55, "accuracy": 0.5}],
        "coverage": [{"coverage": 0.8, "error": figure(0.125)}],
        "subgroups": {"signal": {"clean": group, "noisy": group}, "data set": {"only one": group}},
        "finding": "murmur",
        "challenge": {
            **{name: figure(value) for name in challenge},
            "published": [{"name": "J48", **dict.fromkeys(challenge, 0.5)}],
            "source": "the paper",
        },
    }


def figure_names(value: float) -> dict[str, Any]:
    """Return the figures of all labels."""
    return {"accuracy": figure(value), "balanced_accuracy": figure(value)}


def study(name: str, value: float) -> dict[str, Any]:
    """Return the JSON of a variant all of whose figures have one value."""
    counts = {"windows": 63, "recordings": 17, "patients": 14}
    definition = {
        "definition": "an early beat",
        **counts,
        "auc_against_regular": figure(value),
        "auc_against_all": figure(value),
    }
    described = {"set": "PASCAL set B", "recordings": 461, "patients": 165, "labels": {"normal": 320}}
    return {
        "name": name,
        "title": f"title of {name}",
        "changed": f"What {name} changed.",
        "command": f"python benchmarks/accuracy/ablations.py set_b --only {name}",
        "seeds": [0, 1],
        "cpu_minutes": 12.4,
        "scores_sha256": f"digest of {name}",
        "headline": {key: figure(value) for _, key, *_ in TARGETS},
        "per_seed": {key: [value - 0.01, value + 0.01] for _, key, *_ in TARGETS},
        "tables": tables(value),
        "other_sets": {"CirCor DigiScope": tables(value)},
        "rhythm": {
            "label": {"clean normals": {"positives": 46, "negatives": 200, "auc": figure(value)}},
            "marks": {"windows": 8144, "regular": {"windows": 5825}, "definitions": {"premature": definition}},
        },
        "robustness": {
            "8 bit": {"murmur_auc": figure(value), "accuracy": figure(value), "windows_withheld": figure(0.01)}
        },
        "data": [described],
        "held_out": [described],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the recipe, the article's and one change."""
    found = {name: study(name, value) for name, value in (("ours", 0.951), ("article", 0.771), ("no_rhythm", 0.931))}
    for name, its in found.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(its))
    variants = {
        name: {
            "against": "ours",
            "scores_sha256": [f"digest of {name}", "digest of ours"],
            "differences": {"murmur_auc": figure(-0.033), "accuracy": figure(0.001)},
        }
        for name in ("article", "no_rhythm")
    }
    (tmp_path / "comparisons.json").write_text(json.dumps({"variants": variants}))
    return tmp_path


def test_the_page_is_what_its_json_says() -> None:
    """docs/EVIDENCE.md is what docs/make/make_evidence.py writes from docs/evidence, to the letter."""
    page = (DOCS / "EVIDENCE.md").read_text(encoding="utf-8")
    assert page == evidence_text(read_evidence(DOCS / "evidence")), "run python docs/make/make_evidence.py"


def test_everything_is_on_the_page(folder: Path) -> None:
    """The targets, the change and its difference, disturbances, both truths, labels, subgroups, commands."""
    text = evidence_text(read_evidence(folder))
    expected = (
        "| murmur AUC | 0.771 | 0.951 | 0.931 to 0.971 | 0.941 to 0.961 | 0.935 | 0.96 | must |",
        "| title of no_rhythm | -0.033 (-0.053 to -0.013) | +0.001 (-0.019 to +0.021) |",
        "**title of no_rhythm.** What no_rhythm changed. It worsens murmur AUC by 0.033",
        "| 8 bit | 0.951 (0.931 to 0.971) |",
        "| label of the recording | 46 recordings | 200 clean normals | 0.951 (0.931 to 0.971) | 0.771",
        "63 windows of 17 recordings, 14 children | 5825 regular windows | 0.951",
        "| murmur | 5 / 9 | 0.951",
        "| noisy | 7 / 3 | 0.951",
        "| normal | 31 | 2 |",
        "| 80% | 0.125 (0.105 to 0.145) |",
        "| J48 | 0.50 |",
        "`python benchmarks/accuracy/ablations.py set_b --only ours` | 0, 1 | 12 |",
        "| PASCAL set B | 461 | 165 | 461 | 320 normal |",
        "Research use, not for diagnosis.",
        "ODC-By 1.0",
        "## TRIPOD+AI",
        "## STARD",
    )
    for part in expected:
        assert part in text, part
    assert NOT_YET not in text
    assert "by data set" not in text  # a table of one group says nothing
    assert not re.search(r"\b(nan|None)\b", text)


def test_nothing_measured_is_said(tmp_path: Path) -> None:
    """Without evidence the page stands, names what is missing, and holds no figure that could be taken for one."""
    for folder in (tmp_path, tmp_path / "absent"):
        text = evidence_text(read_evidence(folder))
        assert text.count(NOT_YET) == 5
        assert text.count("| not measured |") == len(TARGETS)


def test_the_same_each_time(folder: Path) -> None:
    """The order of files and of keys in them does not matter."""
    text = evidence_text(read_evidence(folder))
    for path in folder.glob("*.json"):
        values = json.loads(path.read_text())
        path.write_text(json.dumps(dict(reversed(values.items()))))
    assert evidence_text(read_evidence(folder)) == text


def test_every_table_is_whole(folder: Path) -> None:
    """Each row has as many cells as its heading."""
    lines = evidence_text(read_evidence(folder)).splitlines()
    for above, line in itertools.pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|"), line


def test_stale_comparisons_are_refused(folder: Path) -> None:
    """A difference from other scores than those of the figures is not shown."""
    values = json.loads((folder / "ours.json").read_text())
    (folder / "ours.json").write_text(json.dumps({**values, "scores_sha256": "another"}))
    with pytest.raises(DataError, match="once more"):
        read_evidence(folder)


def test_a_broken_file_is_told(folder: Path) -> None:
    """With its name and the next step."""
    (folder / "ours.json").write_text("{")
    with pytest.raises(DataError, match=r"ours\.json.*--again"):
        read_evidence(folder)


@pytest.mark.parametrize(("value", "met"), [(0.97, "aim"), (0.96, "aim"), (0.935, "must"), (0.9344, "**no**")])
def test_what_is_met(value: float, met: str) -> None:
    """By the value as it is shown."""
    assert target_table(study("ours", value), None)[1][-1] == met


@pytest.mark.parametrize(("value", "met"), [(0.01, "aim"), (0.03, "must"), (0.031, "**no**")])
def test_less_is_better_for_the_calibration_error(value: float, met: str) -> None:
    """There the aim is below the must."""
    rows = {row[0]: row for row in target_table(study("ours", value), None)}
    assert rows["calibration error"][-1] == met


def test_a_missing_figure_is_a_dash() -> None:
    """In the article's column and in ours."""
    ours = study("ours", 0.9)
    ours["headline"]["murmur_auc"] = figure(None)
    row = target_table(ours, None)[1]
    assert row[1:4] == ["-", "-", "-"]
    assert row[-1] == "not measured"
    assert figure_text(None) == "-"


def test_a_sentence_of_what_a_change_does() -> None:
    """Which figures move beyond their interval, and whether for better; a smaller calibration error is better."""
    moves = {"murmur_auc": figure(-0.03), "calibration_error": figure(-0.05, 0.01), "accuracy": figure(0.01)}
    assert what_it_says(moves) == (
        "It worsens murmur AUC by 0.030, and it betters calibration error by 0.050; the others' intervals hold zero."
    )
    assert "No figure moves" in what_it_says({"accuracy": figure(0.01)})
    unknown = copy.deepcopy(moves["accuracy"]) | {"low": None, "high": None}
    assert "No figure moves" in what_it_says({"accuracy": unknown})


def test_ablations_without_a_figure() -> None:
    """What was not measured is a dash, and a bar in a title does not break the table."""
    table = ablation_table({"x": {"title": "a | b"}}, {"x": {"differences": {}}})
    assert set(table[1][1:]) == {"-"}
    assert markdown(table)[2].startswith("| a \\| b | - |")
    assert markdown(table[:1]) == []


def test_words_hold_no_measured_figure() -> None:
    """What is written by hand says no number that a study could change; the thresholds asked for are the targets."""
    words = [*items.LIMITS, *(text for _, text in items.DATA_STATEMENT), *(row[2] for row in items.TRIPOD)]
    words += [row[2] for row in items.STARD]
    for text in words:
        assert not re.search(r"\b0?\.\d{2,}", text.replace("specificity 0.90", "").replace("docs/decisions/000", "")), (
            text
        )


def test_items_not_done_say_so() -> None:
    """Both lists name what was left undone, and every item has an answer."""
    for rows in (items.TRIPOD, items.STARD):
        assert any(items.NOT_DONE in answer for _, _, answer in rows)
        assert all(all(row) for row in rows)
    numbers = {number for first, *_ in items.TRIPOD for number in re.findall(r"\d+", first)}
    assert numbers == {str(number) for number in range(1, 28)}


def test_the_script(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Writes the page for a folder; tells usage and broken evidence by its exit code."""
    place = importlib.util.spec_from_file_location("make_evidence", DOCS / "make" / "make_evidence.py")
    assert place is not None
    assert place.loader is not None
    script = importlib.util.module_from_spec(place)
    place.loader.exec_module(script)
    page = tmp_path / "page.md"
    assert script.main([str(folder), str(page)]) == 0
    assert page.read_text() == evidence_text(read_evidence(folder))
    assert script.main(["--help"]) == 2
    (folder / "ours.json").write_text("")
    assert script.main([str(folder), str(page)]) == 1
    assert "ours.json" in capsys.readouterr().err

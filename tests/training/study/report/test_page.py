"""docs/EVIDENCE.md is generated from JSON alone, is the same each time, and names what is missing."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from monitor.errors import DataError
from training.study.report import checklists
from training.study.report.page import (
    CALIBRATION,
    DIASTOLIC,
    FLIPS,
    NOT_YET,
    OPERATING_POINT,
    evidence_text,
    read_evidence,
    read_sources,
)
from training.study.report.tables import TARGETS
from training.study.variants import VARIANTS

ROOT = Path(__file__).resolve().parents[4]
DOCS = ROOT / "docs"


def estimate(value: float, half: float = 0.02) -> dict[str, float]:
    """Return a metric with an interval around it."""
    return {"value": value, "low": value - half, "high": value + half}


def label_metrics(value: float) -> dict[str, Any]:
    """Return the metrics of one label."""
    names = ("sensitivity", "specificity", "precision", "auc", "sensitivity_at_specificity_0.90")
    return {"positives": 5, "negatives": 9, **{name: estimate(value) for name in names}}


def tables(value: float) -> dict[str, Any]:
    """Return the tables of a data set."""
    group = {"recordings": 7, "patients": 3, **multiclass_metrics(value), **label_metrics(value)}
    challenge = (
        "total_precision",
        "heart_problem_sensitivity",
        "heart_problem_specificity",
        "youden",
        "discriminant_power",
    )
    return {
        "per_recording": {"normal": label_metrics(value), "murmur": label_metrics(value)},
        "confusion": {"labels": ["normal", "murmur"], "matrix": [[31, 2], [3, 17]]},
        "reliability": [{"low": 0.5, "high": 0.6, "count": 4, "confidence": 0.55, "accuracy": 0.5}],
        "coverage": [{"coverage": 0.8, "error": estimate(0.125)}],
        "subgroups": {"signal": {"clean": group, "noisy": group}, "data set": {"only one": group}},
        "finding": "murmur",
        "challenge": {
            **{name: estimate(value) for name in challenge},
            "published": [{"name": "J48", **dict.fromkeys(challenge, 0.5)}],
            "source": "the paper",
        },
    }


def multiclass_metrics(value: float) -> dict[str, Any]:
    """Return the metrics of all labels together."""
    return {"accuracy": estimate(value), "balanced_accuracy": estimate(value)}


def study(name: str, value: float) -> dict[str, Any]:
    """Return the JSON of a variant all of whose metrics have one value."""
    counts = {"windows": 63, "recordings": 17, "patients": 14}
    definition = {
        "definition": "an ectopic beat",
        **counts,
        "auc_against_regular": estimate(value),
        "auc_against_all": estimate(value),
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
        "headline": {key: estimate(value) for _, key, *_ in TARGETS},
        "per_seed": {key: [value - 0.01, value + 0.01] for _, key, *_ in TARGETS},
        "tables": tables(value),
        "other_sets": {"CirCor DigiScope": tables(value)},
        "rhythm": {
            "label": {"clean normals": {"positives": 46, "negatives": 200, "auc": estimate(value)}},
            "marks": {"windows": 8144, "regular": {"windows": 5825}, "definitions": {"premature": definition}},
        },
        "robustness": {
            "8 bit": {"murmur_auc": estimate(value), "accuracy": estimate(value), "windows_withheld": estimate(0.01)}
        },
        "data": [described],
        "held_out": [described],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the recipe, the article's recipe and one variant."""
    for name, value in (("ours", 0.951), ("article", 0.771), ("no_rhythm", 0.931)):
        (tmp_path / f"{name}.json").write_text(json.dumps(study(name, value)))
    variants = {
        name: {
            "against": "ours",
            "seeds": 2,
            "scores_sha256": [f"digest of {name}", "digest of ours"],
            "differences": {"murmur_auc": estimate(-0.033), "accuracy": estimate(0.001)},
        }
        for name in ("article", "no_rhythm")
    }
    (tmp_path / "comparisons.json").write_text(json.dumps({"variants": variants}))
    return tmp_path


def test_the_committed_page_matches_its_json() -> None:
    """docs/EVIDENCE.md is exactly what docs/make/make_evidence.py writes from docs/evidence."""
    page = (DOCS / "EVIDENCE.md").read_text(encoding="utf-8")
    studies = read_evidence(DOCS / "evidence")
    shipped = read_sources(studies, ROOT / "models")["heart-sounds"]
    expected = evidence_text(studies, shipped["segmentation"], shipped["loudness"])
    assert page == expected, "run python docs/make/make_evidence.py"
    assert "## S1 and S2" in page
    assert "## S1 and S2" not in evidence_text(studies)


def test_the_committed_studies_are_described_as_their_variants() -> None:
    """Title and description in docs/evidence are those of training.study.variants, in the same words."""
    for name, study_json in read_evidence(DOCS / "evidence").by_name.items():
        variant = VARIANTS[name]
        assert (study_json["title"], study_json["changed"]) == (variant.title, variant.changed)


def test_everything_is_on_the_page(folder: Path) -> None:
    """Targets, ablations, perturbations, both kinds of ground truth, labels, subgroups and commands are shown."""
    text = evidence_text(read_evidence(folder))
    expected = (
        "| murmur AUC | 0.771 | 0.951 | 0.931 to 0.971 | 0.941 to 0.961 | 0.95 | 0.96 | required |",
        "on the same folds and the first 2 seeds, and is trained",
        "| title of no_rhythm | -0.033 (-0.053 to -0.013) | +0.001 (-0.019 to +0.021) |",
        "**title of no_rhythm.** What no_rhythm changed. It worsens murmur AUC by 0.033",
        "| 8 bit | 0.951 (0.931 to 0.971) |",
        "| label of the recording | 46 recordings | 200 clean normals | 0.951 (0.931 to 0.971) | 0.771",
        "63 windows of 17 recordings, 14 children | 5825 regular windows | 0.951",
        "| murmur | 5 / 9 | 0.951",
        "| noisy | 7 / 3 | 0.951",
        "| normal | 31 | 2 |",
        "| 80% | 0.125 (0.105 to 0.145) |",
        "| J48 | 1.37 |",
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


def test_without_evidence(tmp_path: Path) -> None:
    """Without evidence the page names what is missing, and no target has a value."""
    for folder in (tmp_path, tmp_path / "absent"):
        text = evidence_text(read_evidence(folder))
        assert text.count(NOT_YET) == 5
        assert text.count("| not measured |") == len(TARGETS)


def test_the_same_each_time(folder: Path) -> None:
    """The order of keys in the files does not matter."""
    text = evidence_text(read_evidence(folder))
    for path in folder.glob("*.json"):
        values = json.loads(path.read_text())
        path.write_text(json.dumps(dict(reversed(values.items()))))
    assert evidence_text(read_evidence(folder)) == text


def test_rows_are_as_long_as_the_header(folder: Path) -> None:
    """In every table each row has as many cells as the header."""
    lines = evidence_text(read_evidence(folder)).splitlines()
    for above, line in itertools.pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|"), line


def test_stale_comparisons_are_refused(folder: Path) -> None:
    """A difference that was computed from other scores than the metrics is not shown."""
    values = json.loads((folder / "ours.json").read_text())
    (folder / "ours.json").write_text(json.dumps({**values, "scores_sha256": "another"}))
    with pytest.raises(DataError, match="once more"):
        read_evidence(folder)


def test_a_broken_file_is_named(folder: Path) -> None:
    """A file that is no JSON raises an error with its name and the next step."""
    (folder / "ours.json").write_text("{")
    with pytest.raises(DataError, match=r"ours\.json.*--again"):
        read_evidence(folder)


def test_handwritten_text_holds_no_measured_number() -> None:
    """The text that is written by hand has no number that a study could change."""
    words = [
        *checklists.LIMITS,
        *(text for _, text in checklists.DATA_STATEMENT),
        *(row[2] for row in checklists.TRIPOD),
    ]
    words += [row[2] for row in checklists.STARD]
    for text in words:
        assert not re.search(r"\b0?\.\d{2,}", text.replace("specificity 0.90", "").replace("docs/decisions/000", "")), (
            text
        )


def test_every_checklist_item_is_answered() -> None:
    """Both checklists answer every item, and name those that are not done."""
    for rows in (checklists.TRIPOD, checklists.STARD):
        assert any(checklists.NOT_DONE in answer for _, _, answer in rows)
        assert all(all(row) for row in rows)
    numbers = {number for first, *_ in checklists.TRIPOD for number in re.findall(r"\d+", first)}
    assert numbers == {str(number) for number in range(1, 28)}


def test_flips_are_shown_where_they_were_counted(folder: Path) -> None:
    """robustness.json is no study; with it the page has a table of flipped labels, without it no such section."""
    before = evidence_text(read_evidence(folder))
    assert "flip" not in before
    row = {
        "windows": 1492,
        "window_label_flips": 3,
        "recordings": 461,
        "final_label_flips": 0,
        "largest_score_change": 0.0371,
    }
    (folder / FLIPS).write_text(json.dumps({"perturbations": {"shifted by 10 ms": row}}))
    studies = read_evidence(folder)
    assert "robustness" not in studies.by_name
    assert "| shifted by 10 ms | 1492 | 3 (0.20 %) | 461 | 0 (0.00 %) | 0.037 |" in evidence_text(studies)
    (folder / FLIPS).write_text(
        json.dumps({"remark": "Of another bundle.", "perturbations": {"shifted by 10 ms": row}})
    )
    assert "of any score of a window. Of another bundle." in evidence_text(read_evidence(folder))


def test_several_sites_are_shown_where_they_were_measured(folder: Path) -> None:
    """sites/pooling.json is no study either; without it there is no such section."""
    assert "Several sites" not in evidence_text(read_evidence(folder))
    (folder / "sites").mkdir()
    content = (DOCS / "evidence" / "sites" / "pooling.json").read_text(encoding="utf-8")
    (folder / "sites" / "pooling.json").write_text(content)
    studies = read_evidence(folder)
    assert set(studies.by_name) == {"ours", "article", "no_rhythm"}
    page = evidence_text(studies)
    assert "## Several sites of a person" in page
    assert f"| mean score (used) | {json.loads(content)['auc']['mean']['value']:.3f} (" in page


def test_the_operating_point_is_shown_where_it_was_measured(folder: Path) -> None:
    """operating_point.json is no study; it must be of the same scores as the recipe's metrics."""
    before = evidence_text(read_evidence(folder))
    assert "possible murmur" not in before
    row = {name: estimate(0.75) for name in ("labelled", "sensitivity", "specificity")}
    values = {
        "command": "python measure.py set_b circor",
        "seeds": [0, 1],
        "scores_sha256": "digest of ours",
        "point": {"possible_from": 0.34, "specificity": 0.95, "sets": {"PASCAL set B": row}},
        "groups": {"grade I": {"positives": 7, "negatives": 9, "auc": estimate(0.88), **row}},
    }
    (folder / OPERATING_POINT).write_text(json.dumps(values))
    page = evidence_text(read_evidence(folder))
    assert "From a score of 0.34 the monitor says `possible murmur`" in page
    assert "| PASCAL set B | - | - | - | 0.750 (0.730 to 0.770) |" in page
    assert "| CirCor, grade I | 7 | 9 | 0.880 (0.860 to 0.900) | 0.750" in page
    (folder / OPERATING_POINT).write_text(json.dumps({**values, "scores_sha256": "of others"}))
    with pytest.raises(DataError, match="is of other scores than the metrics of ours"):
        read_evidence(folder)


def test_made_murmurs_are_shown_beside_the_recipe_before(folder: Path) -> None:
    """diastolic.json is no study; a kind that was not measured before has a dash."""
    assert "Diastolic murmurs, made" not in evidence_text(read_evidence(folder))
    murmurs = {
        "moved": {"positives": 7, "auc": estimate(0.88)},
        "made stenosis": {"positives": 5, "auc": estimate(0.8)},
    }
    (folder / DIASTOLIC).write_text(json.dumps({"murmurs": murmurs, "before": {"moved": estimate(0.7)}}))
    page = evidence_text(read_evidence(folder))
    assert "| moved | 7 | 0.700 (0.680 to 0.720) | 0.880 (0.860 to 0.900) |" in page
    assert "| made stenosis | 5 | - | 0.800 (0.780 to 0.820) |" in page


def test_the_calibration_error_is_shown_beside_that_of_chance(folder: Path) -> None:
    """It must be of the same scores as the recipe's metrics."""
    values = {
        "command": "python measure.py",
        "scores_sha256": "digest of ours",
        "measured": estimate(0.05),
        "drawn": estimate(0.03),
        "drawn_below": 0.02,
        "drawn_by_patient": estimate(0.04),
        "by_patient_below": 0.005,
    }
    (folder / CALIBRATION).write_text(json.dumps(values))
    page = evidence_text(read_evidence(folder))
    assert "| measured, the mean of the seeds | 0.050 (0.030 to 0.070) | - |" in page
    assert "| labels drawn for each patient | 0.040 (0.020 to 0.060) | 0.005 |" in page
    (folder / CALIBRATION).write_text(json.dumps({**values, "scores_sha256": "of others"}))
    with pytest.raises(DataError, match="is of other scores than the metrics of ours"):
        read_evidence(folder)


def test_the_loudness_of_the_shipped_bundle_is_shown(folder: Path) -> None:
    """From the settings of the bundle, as on its card; nothing without them."""
    kinds = [f"{kind}_{grade}" for kind in ("recordings", "patients") for grade in ("absent", "soft", "loud")]
    loudness = {"counts": dict.fromkeys(kinds, 3), "metrics": {"auc_recordings": estimate(0.9)}}
    assert "How loud a murmur is" not in evidence_text(read_evidence(folder))
    page = evidence_text(read_evidence(folder), loudness=loudness)
    assert "| loud against soft murmurs, AUC, a recording | 0.900 (0.880 to 0.920) |" in page


def test_sources_of_figures(folder: Path, tmp_path: Path) -> None:
    """Pages quote studies, bundles and published figures by name; a bundle that is called like a study is refused."""
    models = tmp_path / "models"
    (models / "mine").mkdir(parents=True)
    (models / "mine" / "bundle.json").write_text('{"labels": ["a"]}')
    sources = read_sources(read_evidence(folder), models)
    assert sources.keys() == {"ours", "article", "no_rhythm", "mine", "published"}
    assert sources["published"]["Chorba 2021"]["sensitivity"] == 0.763
    assert sources["mine"] == {"labels": ["a"]}
    (models / "mine").rename(models / "ours")
    with pytest.raises(DataError, match="same name"):
        read_sources(read_evidence(folder), models)


@pytest.fixture
def script() -> ModuleType:
    """Return docs/make/make_evidence.py as a module."""
    place = importlib.util.spec_from_file_location("make_evidence", DOCS / "make" / "make_evidence.py")
    assert place is not None
    assert place.loader is not None
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_the_script(script: ModuleType, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The script writes the page of a folder; wrong usage exits with 2, broken evidence with 1."""
    page = tmp_path / "page.md"
    assert script.main([str(folder), str(page)]) == 0
    assert page.read_text() == evidence_text(read_evidence(folder))
    assert script.main(["--help"]) == 2
    (folder / "ours.json").write_text("")
    assert script.main([str(folder), str(page)]) == 1
    assert "ours.json" in capsys.readouterr().err


def test_a_check_writes_nothing(
    script: ModuleType, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check names a page that is missing or differs, with exit code 1, and leaves it as it is."""
    page = tmp_path / "page.md"
    assert script.main(["--check", str(folder), str(page)]) == 1
    assert not page.exists()
    script.main([str(folder), str(page)])
    assert script.main(["--check", str(folder), str(page)]) == 0
    page.write_text(page.read_text().replace("0.951", "0.961"))
    edited = page.read_text()
    assert script.main(["--check", str(folder), str(page)]) == 1
    assert page.read_text() == edited
    assert "page.md: does not say what its sources say" in capsys.readouterr().err


def test_quoting_pages_follow_their_sources(
    script: ModuleType, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures in README and docs change with the evidence by running the script; the text around them does not."""
    text = "AUC <!-- figure ours/headline/murmur_auc -->0.999<!-- end -->, at 0.9."
    for name in ("README.md", "benchmarks/README.md", "docs/decisions/0001.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "docs" / "evidence").mkdir()
    for path in folder.glob("*.json"):
        path.rename(tmp_path / "docs" / "evidence" / path.name)
    for name, place in {"ROOT": tmp_path, "DOCS": tmp_path / "docs", "PAGE": tmp_path / "docs" / "EVIDENCE.md"}.items():
        monkeypatch.setattr(script, name, place)
    assert script.main(["--check"]) == 1
    assert script.main([]) == 0
    expected = "AUC <!-- figure ours/headline/murmur_auc -->0.951 (0.931 to 0.971)<!-- end -->, at 0.9."
    assert (tmp_path / "README.md").read_text() == (tmp_path / "docs/decisions/0001.md").read_text() == expected
    assert (tmp_path / "docs" / "EVIDENCE.md").is_file()
    assert script.main(["--check"]) == 0


def test_the_committed_pages_quote_their_sources(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Every marked figure of README and docs, and docs/EVIDENCE.md, is what the JSON says."""
    assert script.main(["--check"]) == 0, f"run python docs/make/make_evidence.py\n{capsys.readouterr().err}"


def test_marks_do_not_begin_a_line(script: ModuleType) -> None:
    """A line that begins with a comment is an HTML block, in which Markdown is shown as it was typed."""
    for page in script.quoting_pages():
        assert not re.search(r"^\s*<!-- (figure|end)", page.read_text(encoding="utf-8"), re.MULTILINE), page

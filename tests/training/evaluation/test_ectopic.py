"""The extrasystole score against labels and against annotations of S1, in the tables of an evaluation."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.inference.bundle import load_bundle
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.annotations import REGULAR
from training.data.recording import Recording
from training.evaluation.annotated_windows import score_annotated_windows
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.ectopic import COLUMNS, AnnotatedWindows, contrasts, rhythm_json, rhythm_metrics, rhythm_rows
from training.evaluation.evaluation import evaluate
from training.evaluation.scoring import ScoredRecording, score_recording
from training.progress import SilentProgress
from training.reports.evaluation_json import to_json
from training.reports.evaluation_tables import evaluation_tables, to_markdown

LABELS = ("normal", "murmur", "extrastole")
MakeScored = Callable[..., ScoredRecording]


@pytest.fixture
def scored(make_scored: MakeScored) -> list[ScoredRecording]:
    """Return extrasystoles whose score is above that of clean normals half the time, of noisy normals always."""
    result = [make_scored("extrastole", (0.4, 0.2, 0.4), f"e{i}", noisy=False) for i in range(4)]
    for i in range(4):
        result.append(make_scored("normal", (0.3, 0.1, 0.6 if i % 2 else 0.2), f"c{i}", noisy=False))
        result.append(make_scored("normal", (0.6, 0.3, 0.1), f"n{i}", noisy=True))
    return [*result, make_scored("murmur", (0.0, 0.1, 0.9), "m", noisy=True)]


@pytest.fixture
def annotated() -> AnnotatedWindows:
    """Return windows of three children: two ectopic, two regular, one in between."""
    kinds = [
        frozenset({"premature"}),
        frozenset({REGULAR}),
        frozenset({"premature"}),
        frozenset({REGULAR}),
        frozenset(),
    ]
    return AnnotatedWindows(np.array([0.9, 0.1, 0.8, 0.2, 0.95]), kinds, ["a", "a", "b", "b", "c"], list("uuvvw"))


def test_label_contrasts_with_clean_and_noisy_normals(
    scored: list[ScoredRecording], annotated: AnnotatedWindows
) -> None:
    """The label is compared with clean and noisy normals apart; murmurs count in neither."""
    result = rhythm_metrics(scored, annotated, LABELS, Bootstrap(0, 20))
    assert result is not None
    areas = {name: (each.positives, each.negatives, each.auc.value) for name, each in result.label.items()}
    assert areas == {"clean normals": (4, 4, 0.5), "noisy normals": (4, 4, 1.0), "all normals": (4, 8, 0.75)}
    assert result.annotations["premature"].against_regular.value == 1.0
    assert result.annotations["premature"].against_all.value == pytest.approx(4 / 6)
    assert (result.windows["patients"], result.regular["windows"]) == (3, 2)


def test_no_metrics_without_an_extrasystole_label(scored: list[ScoredRecording], annotated: AnnotatedWindows) -> None:
    """A bundle of other labels has no rhythm metrics."""
    assert rhythm_metrics(scored, annotated, ("normal", "murmur"), Bootstrap(0, 5)) is None


def test_rows_and_json(scored: list[ScoredRecording], annotated: AnnotatedWindows) -> None:
    """A row for every comparison that has both sides; JSON has all of them, null for those without a value."""
    result = rhythm_metrics(scored, annotated, LABELS, Bootstrap(0, 20))
    assert result is not None
    rows = rhythm_rows(result)
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert [row[0] for row in rows] == ["label"] * 3 + ["annotations: premature"] * 2
    assert rows[3][1:3] == ("2 of 2 patients", "2 regular")
    plain = json.loads(json.dumps(rhythm_json(result), allow_nan=False))
    assert plain["marks"]["definitions"]["premature"]["auc_against_regular"]["value"] == 1.0
    assert plain["marks"]["definitions"]["short_interval"]["auc_against_all"]["value"] is None
    assert plain["marks"]["windows"] == 5


def test_rhythm_in_reports_of_an_evaluation(
    scored: list[ScoredRecording], annotated: AnnotatedWindows, make_info: Callable[..., Any]
) -> None:
    """As a table, in Markdown and under the key `rhythm`; null and no table without annotations."""
    with_annotations = evaluate(scored, make_info(scored), Bootstrap(0, 10), annotated)
    without = evaluate(scored, make_info(scored), Bootstrap(0, 10))
    assert "Rhythm" in [table.title for table in evaluation_tables(with_annotations)]
    assert "| annotations: premature | 2 of 2 patients | 2 regular | 1.000" in to_markdown(with_annotations)
    assert to_json(with_annotations)["rhythm"]["label"]["clean normals"]["positives"] == 4
    assert "Rhythm" not in [table.title for table in evaluation_tables(without)]
    assert to_json(without)["rhythm"] is None


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """Return a folder per label with annotations beside the normal one."""
    for label in LABELS:
        (tmp_path / "clinic" / label / label).mkdir(parents=True)
        rng = np.random.default_rng(1)
        waveform = phonocardiogram(12.0, random_parameters(rng, label=label), rng).waveform
        soundfile.write(tmp_path / "clinic" / label / label / "a.wav", waveform, 4000)
    onsets = [0.0, 0.8, 1.6, 2.1, 3.2, *(4.0 + 0.8 * beat for beat in range(11))]
    lines = [
        f"{start + 0.1 * state}\t{end if state == 3 else start + 0.1 * (state + 1)}\t{state + 1}"
        for start, end in itertools.pairwise(onsets)
        for state in range(4)
    ]
    (tmp_path / "clinic" / "normal" / "normal" / "a.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path / "clinic"


def test_marked_recordings_are_judged_window_by_window(clinic: Path, bundle_dir: Path) -> None:
    """Every half second, with the calibrated score of the same windows as the monitor's; others are not judged."""
    bundle = load_bundle(str(bundle_dir))
    recordings = [Recording(clinic / name / name / "a.wav", (name,), name, "clinic") for name in LABELS]
    result = score_annotated_windows(recordings, bundle, SilentProgress())
    assert result is not None
    assert len(result) == 15
    assert set(result.patients) == {"normal"}
    assert result.score.mean() == pytest.approx(score_recording(recordings[0], bundle, 0.5).scores[2])
    assert result.of_kind("premature").any()
    assert score_annotated_windows(recordings[1:], bundle, SilentProgress()) is None


def test_the_command_reports_rhythm(
    clinic: Path, bundle_dir: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`auscult evaluate` has the table on the terminal, in JSON and in Markdown, where there are annotations."""
    page = tmp_path / "page.md"
    command = ["evaluate", str(bundle_dir), str(clinic), "--repeats", "10"]
    assert main([*command, "--json", "--markdown", str(page)]) == 0
    assert json.loads(capsys.readouterr().out)["rhythm"]["marks"]["recordings"] == 1
    assert "## Rhythm" in page.read_text()
    assert main(command) == 0
    assert "annotations: premature" in capsys.readouterr().out
    shutil.move(clinic / "normal" / "normal" / "a.tsv", tmp_path / "a.tsv")
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rhythm"] is None


def test_areas_and_counts() -> None:
    """A score above that of regular windows, but not of all others, has AUC 1 and 0.5."""
    kinds = [frozenset({"premature"})] * 4 + [frozenset({REGULAR})] * 4 + [frozenset[str]()] * 4
    score = np.array([0.6, 0.7, 0.8, 0.9, 0.1, 0.2, 0.3, 0.4, 0.95, 0.96, 0.97, 0.98])
    people = [f"p{i % 4}" for i in range(12)]
    annotated = AnnotatedWindows(score, kinds, people, [f"{name}.flac" for name in people])
    result = contrasts(annotated, Bootstrap(0, 30))
    assert result["premature"].counts == {"windows": 4, "recordings": 4, "patients": 4}
    assert (result["premature"].against_regular.value, result["premature"].against_all.value) == (1.0, 0.5)
    assert (
        result["premature"].against_all.low == result["premature"].against_all.high == 0.5
    )  # each patient has all three
    assert np.isnan(result["short_interval"].against_all.value)
    assert annotated.counts(annotated.of_kind(REGULAR))["windows"] == 4


def test_no_windows_give_nan() -> None:
    """Without windows the AUC is NaN, and no error."""
    empty = AnnotatedWindows(np.empty(0), [], [], [])
    assert all(np.isnan(each.against_all.value) for each in contrasts(empty, Bootstrap(0, 10)).values())
    assert empty.counts() == {"windows": 0, "recordings": 0, "patients": 0}

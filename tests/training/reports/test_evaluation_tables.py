"""The tables of an evaluation, on a terminal and as Markdown."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import Evaluation, EvaluationInfo, evaluate
from training.evaluation.scoring import ScoredRecording
from training.reports.evaluation_tables import evaluation_tables, print_report, to_markdown

EVEN = (0.4, 0.3, 0.3)


def printed(shown: Evaluation, width: int = 80) -> str:
    """Return what a terminal of some width shows, without colours."""
    stream = io.StringIO()
    print_report(shown, Console(file=stream, width=width))
    return stream.getvalue()


def test_all_tables_are_there(evaluation: Evaluation) -> None:
    """Every table that has a row, in a fixed order."""
    assert [table.title for table in evaluation_tables(evaluation)] == [
        "Overall",
        "Each label, per recording",
        "Each label, per patient",
        "Confusion",
        "Subgroups by signal",
        "Subgroups by duration",
        "Subgroups by site",
        "Heart or non-cardiac",
        "Error rate by coverage",
        "Reliability",
        "Metrics of the PASCAL challenge",
    ]


def test_rows_are_as_long_as_the_header(evaluation: Evaluation) -> None:
    """Every row has a cell for each column."""
    for table in evaluation_tables(evaluation):
        assert all(len(row) == len(table.header) for row in table.rows), table.title


def test_markdown_has_values_and_intervals(evaluation: Evaluation) -> None:
    """A metric stands with its interval, as on the card; a NaN never shows."""
    text = to_markdown(evaluation)
    assert text.startswith("# plain (01234567) on clinic, coughs\n")
    assert "Research use, not for diagnosis." in text
    assert f"| accuracy | {evaluation.overall['accuracy']} | 0.667 |" in text
    assert f"| {evaluation.per_label['murmur'].metrics['auc']} |" in text
    assert "| J48 | 1.37 | 0.22 | 0.82 | 0.04 | 0.14 |" in text
    assert not re.search(r"\bnan\b", text)


def test_markdown_tables_are_well_formed(evaluation: Evaluation) -> None:
    """Each title is followed by a table all of whose rows have as many cells as its header."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", to_markdown(evaluation), re.MULTILINE)
    assert len(blocks) == len(evaluation_tables(evaluation))
    for block in blocks:
        assert len({line.count("|") for line in block.splitlines()}) == 1
        assert re.fullmatch(r"(\|-{3})+\|", block.splitlines()[1])


def test_nothing_is_cut_at_80_columns(evaluation: Evaluation, seen_evaluation: Evaluation) -> None:
    """Every line fits an 80-column terminal, and no value is truncated."""
    for shown in (evaluation, seen_evaluation):
        text = printed(shown)
        assert max(len(line) for line in text.splitlines()) <= 80
        assert "…" not in text
        for table in evaluation_tables(shown):
            assert table.title in text.splitlines() or f"{table.title} (not held out)" in text.splitlines()
    auc = evaluation.per_label["extrastole"].metrics["auc"]
    assert f"{auc.value:.3f}" in printed(evaluation)
    assert f"{auc.low:.2f}-{auc.high:.2f}" in printed(evaluation)


def test_a_set_seen_in_training_is_marked_on_every_table(evaluation: Evaluation, seen_evaluation: Evaluation) -> None:
    """The warning comes first, in bold in Markdown, and stands on each table of the terminal."""
    text = printed(seen_evaluation)
    assert "NOT HELD OUT" in text
    titles = len(evaluation_tables(seen_evaluation))
    assert text.count(" (not held out)\n") == titles
    assert "- **NOT HELD OUT" in to_markdown(seen_evaluation)
    assert "HELD OUT" not in to_markdown(evaluation).upper()


def test_an_undefined_metric_is_a_dash(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """An undefined metric is a dash, and a value without an interval stands alone."""
    scored = [make_scored("murmur", (0.1, 0.8, 0.1)), make_scored("normal", EVEN)]
    text = to_markdown(evaluate(scored, make_info(scored), Bootstrap(0, 10)))
    assert "| accuracy | 1.000 | 0.500 |" in text
    assert "| extrastole | 0 / 2 | - | 1.000 | - | - | - |" in text
    assert not re.search(r"\bnan\b", text)


def test_partially_labelled_sets_have_no_multi_class_table(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """A partially labelled set has the metrics of each label, and no table of several classes."""
    scored = [make_scored("normal or extrastole", EVEN, "a"), make_scored("murmur", EVEN, "b")]
    tables = {table.title: table for table in evaluation_tables(evaluate(scored, make_info(scored), Bootstrap(0, 10)))}
    assert "Overall" not in tables
    assert "Confusion" not in tables
    assert "Metrics of the PASCAL challenge" not in tables
    assert [row[0] for row in tables["Each label, per recording"].rows] == ["normal", "murmur", "extrastole"]


def test_non_cardiac_sounds_alone(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """Without a heart sound there is one table, with the one metric that is defined."""
    scored = [make_scored("not-heart", EVEN, f"n{row}", num_withheld=1) for row in range(3)]
    (only,) = evaluation_tables(evaluate(scored, make_info(scored), Bootstrap(0, 10)))
    assert only.title == "Heart or non-cardiac"
    assert [row[0] for row in only.rows] == ["non-cardiac windows withheld"]


def test_a_negative_interval_is_readable(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """An interval with a negative bound is not written with two minus signs in a row."""
    rng = np.random.default_rng(2)
    scored = []
    for index in range(60):
        label = ("normal", "murmur", "extrastole")[index % 3]
        scored.append(make_scored(label, tuple(rng.dirichlet((1, 1, 1)).tolist()), f"p{index}"))
    noise = evaluate(scored, make_info(scored), Bootstrap(0, 50))
    assert noise.challenge["discriminant_power"].low < 0
    assert "--" not in printed(noise)


@pytest.mark.parametrize("width", [40, 60, 120, 200])
def test_tables_fit_any_width(evaluation: Evaluation, width: int) -> None:
    """On narrow and on wide terminals no line is longer than the terminal is wide."""
    text = printed(evaluation, width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_names_are_not_read_as_markup(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """A data set whose name looks like markup is shown as it is."""
    scored = [make_scored("murmur", EVEN, "a", source="[red]x[/red]"), make_scored("normal", EVEN, "b", source="[/]y")]
    text = printed(evaluate(scored, make_info(scored), Bootstrap(0, 10)))
    assert "[red]x[/red]" in text
    assert "[/]y" in text


def test_labels_move_no_cursor(
    make_scored: Callable[..., ScoredRecording], make_info: Callable[..., EvaluationInfo]
) -> None:
    """Names of data sets are escaped on a terminal, and in Markdown open no tag."""
    scored = [make_scored("normal", (0.9, 0.1, 0.0), f"p{index}") for index in range(3)]
    shown = evaluate(scored, make_info(scored, seen="<b>\x1b[2J\u202e"), Bootstrap(0, 10))
    assert all(line.isprintable() for line in printed(shown).splitlines())
    text = to_markdown(shown)
    assert "<b>" not in text
    assert all(line.isprintable() for line in text.splitlines())

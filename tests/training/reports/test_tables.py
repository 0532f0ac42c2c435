"""An evaluation for people: tables on a terminal, and the same as Markdown."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from training.evaluation.bootstrap import Bootstrap
from training.evaluation.evaluation import About, Evaluation, evaluate
from training.evaluation.scoring import ScoredRecording
from training.reports.tables import print_report, sections, to_markdown

EVEN = (0.4, 0.3, 0.3)


def printed(found: Evaluation, width: int = 80) -> str:
    """Return what a terminal of some width shows, without colours."""
    stream = io.StringIO()
    print_report(found, Console(file=stream, width=width))
    return stream.getvalue()


def test_all_tables_are_there(evaluation: Evaluation) -> None:
    """Every table that the recordings give, in the order of what matters."""
    assert [section.title for section in sections(evaluation)] == [
        "Overall",
        "Each label, per recording",
        "Each label, per patient",
        "Confusion",
        "By signal",
        "By duration",
        "By site",
        "Heart or not",
        "Errors among the surest recordings",
        "Reliability",
        "The PASCAL challenge's own figures",
    ]


def test_tables_are_whole(evaluation: Evaluation) -> None:
    """Every row has a cell for each column."""
    for section in sections(evaluation):
        assert all(len(row) == len(section.columns) for row in section.rows), section.title


def test_markdown_has_the_figures(evaluation: Evaluation) -> None:
    """Value and interval, as the card writes them."""
    text = to_markdown(evaluation)
    assert text.startswith("# plain (01234567) on clinic, coughs\n")
    assert "Research use, not for diagnosis." in text
    assert f"| accuracy | {evaluation.overall['accuracy']} | 0.667 |" in text
    assert f"| {evaluation.per_label['murmur'].figures['auc']} |" in text
    assert "| J48 | 1.37 | 0.22 | 0.82 | 0.04 | 0.14 |" in text
    assert not re.search(r"\bnan\b", text)


def test_markdown_tables_are_well_formed(evaluation: Evaluation) -> None:
    """Under each heading a table, all of whose rows have as many cells as its head."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", to_markdown(evaluation), re.MULTILINE)
    assert len(blocks) == len(sections(evaluation))
    for block in blocks:
        assert len({line.count("|") for line in block.splitlines()}) == 1
        assert re.fullmatch(r"(\|-{3})+\|", block.splitlines()[1])


def test_nothing_is_cut_at_80_columns(evaluation: Evaluation, seen_evaluation: Evaluation) -> None:
    """Every line fits an 80-column terminal, and no figure is shortened."""
    for found in (evaluation, seen_evaluation):
        text = printed(found)
        assert max(len(line) for line in text.splitlines()) <= 80
        assert "…" not in text
        for section in sections(found):
            assert section.title in text.splitlines() or f"{section.title} (not held out)" in text.splitlines()
    auc = evaluation.per_label["extrastole"].figures["auc"]
    assert f"{auc.value:.3f}" in printed(evaluation)
    assert f"{auc.low:.2f}-{auc.high:.2f}" in printed(evaluation)


def test_what_is_not_held_out_says_so_on_every_table(evaluation: Evaluation, seen_evaluation: Evaluation) -> None:
    """The warning stands at the head, in bold in Markdown, and on each table of the terminal."""
    text = printed(seen_evaluation)
    assert "NOT HELD OUT" in text
    titles = len(sections(seen_evaluation))
    assert text.count(" (not held out)\n") == titles
    assert "- **NOT HELD OUT" in to_markdown(seen_evaluation)
    assert "HELD OUT" not in to_markdown(evaluation).upper()


def test_no_number_is_a_dash(judge: Callable[..., ScoredRecording], about_set: Callable[..., About]) -> None:
    """What the recordings do not give is a dash, and a value without an interval stands alone."""
    judged = [judge("murmur", (0.1, 0.8, 0.1)), judge("normal", EVEN)]
    text = to_markdown(evaluate(judged, about_set(judged), Bootstrap(0, 10)))
    assert "| accuracy | 1.000 | 0.500 |" in text
    assert "| extrastole | 0 / 2 | - | 1.000 | - | - | - |" in text
    assert not re.search(r"\bnan\b", text)


def test_labels_that_nothing_tells_of_are_left_out(
    judge: Callable[..., ScoredRecording], about_set: Callable[..., About]
) -> None:
    """Sets with partial labels show the figures of one label, and no table of several classes."""
    judged = [judge("normal or extrastole", EVEN, "a"), judge("murmur", EVEN, "b")]
    tables = {section.title: section for section in sections(evaluate(judged, about_set(judged), Bootstrap(0, 10)))}
    assert "Overall" not in tables
    assert "Confusion" not in tables
    assert "The PASCAL challenge's own figures" not in tables
    assert [row[0] for row in tables["Each label, per recording"].rows] == ["normal", "murmur", "extrastole"]


def test_sounds_that_are_no_heart_alone(judge: Callable[..., ScoredRecording], about_set: Callable[..., About]) -> None:
    """One table, with the one figure there is."""
    judged = [judge("not-heart", EVEN, f"n{row}", num_withheld=1) for row in range(3)]
    (only,) = sections(evaluate(judged, about_set(judged), Bootstrap(0, 10)))
    assert only.title == "Heart or not"
    assert [row[0] for row in only.rows] == ["windows of other sounds refused"]


def test_a_discriminant_power_below_zero_is_readable(
    judge: Callable[..., ScoredRecording], about_set: Callable[..., About]
) -> None:
    """An interval that begins below zero is not written with two minus signs in a row."""
    rng = np.random.default_rng(2)
    judged = []
    for number in range(60):
        label = ("normal", "murmur", "extrastole")[number % 3]
        judged.append(judge(label, tuple(rng.dirichlet((1, 1, 1)).tolist()), f"p{number}"))
    found = evaluate(judged, about_set(judged), Bootstrap(0, 50))
    assert found.challenge["discriminant_power"].low < 0
    assert "--" not in printed(found)


@pytest.mark.parametrize("width", [40, 60, 120, 200])
def test_any_width(evaluation: Evaluation, width: int) -> None:
    """Narrow and wide terminals get the tables without an error, and no line is longer than they are wide."""
    text = printed(evaluation, width)
    assert max(len(line) for line in text.splitlines()) <= width


def test_names_are_no_markup(judge: Callable[..., ScoredRecording], about_set: Callable[..., About]) -> None:
    """A data set whose name looks like markup is shown as it is."""
    judged = [judge("murmur", EVEN, "a", source="[red]x[/red]"), judge("normal", EVEN, "b", source="[/]y")]
    found = evaluate(judged, about_set(judged), Bootstrap(0, 10))
    text = printed(found)
    assert "[red]x[/red]" in text
    assert "[/]y" in text

"""The TextGrid of Praat, read back by praatio."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.archive.spans import Span
from monitor.commands.export.textgrid import textgrid


@pytest.fixture
def read_back(tmp_path):
    """Return a function that reads a timeline's TextGrid with praatio."""
    praatio = pytest.importorskip("praatio.textgrid", reason="praatio reads TextGrids back")

    def read(timeline):
        path = tmp_path / "a.TextGrid"
        path.write_text(textgrid(timeline), encoding="utf-8")
        return praatio.openTextgrid(
            str(path), includeEmptyIntervals=True, reportingMode="error", duplicateNamesMode="error"
        )

    return read


def test_it_reads_back(timeline, read_back):
    """Interval tiers without holes, a second tier for the label that overlaps, points for moments."""
    grid = read_back(timeline)
    assert grid.tierNames == ("verdict", "withheld", "lost", "label", "label 2", "site", "mark", "note", "told")
    assert (grid.minTimestamp, grid.maxTimestamp) == (0.0, 10.1)
    tiers = {name: [tuple(entry) for entry in grid.getTier(name).entries] for name in grid.tierNames}
    assert tiers["verdict"] == [(0.0, 6.0, "normal"), (6.0, 10.0, "murmur"), (10.0, 10.1, "")]
    assert tiers["label"] == [(0.0, 1.0, ""), (1.0, 2.5, "murmur"), (2.5, 10.1, "")]
    assert tiers["label 2"] == [(0.0, 2.0, ""), (2.0, 3.0, "breath"), (3.0, 10.1, "")]
    assert tiers["lost"] == [(0.0, 7.5, ""), (7.5, 10.0, "lost sound"), (10.0, 10.1, "")]
    assert tiers["withheld"][2] == (7.5, 10.0, "lost sound")
    assert tiers["mark"] == [(3.25, "mark 1")]
    (note,) = tiers["note"]
    assert note[1].replace('""', '"') == 'she said "cold", then coughed \u00e9\u5fc3'


def test_two_moments_at_one_time(timeline, read_back):
    """They become one point."""
    spans = (Span(1.0, 1.0, "mark", "mark 1"), Span(1.0, 1.0, "mark", "mark 2"))
    grid = read_back(dataclasses.replace(timeline, spans=spans))
    assert grid.tierNames == ("verdict", "mark")
    assert [tuple(entry) for entry in grid.getTier("mark").entries] == [(1.0, "mark 1 / mark 2")]
    assert [tuple(entry) for entry in grid.getTier("verdict").entries] == [(0.0, 10.1, "")]

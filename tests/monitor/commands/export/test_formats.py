"""Where the files of a format go."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from monitor.archive.spans import Span
from monitor.commands.export.formats import FORMATS, Format

SEVERAL = Format((".hea", ".flac", ".atr"), lambda timeline, name: {})


@pytest.mark.parametrize("out", ["new/heart.hea", "new/heart", "new/heart.HEA"])
def test_several_files_share_a_name(out):
    """The ending of the first may be left out."""
    assert SEVERAL.paths(out, "x") == {
        ".hea": Path("new/heart.hea"),
        ".flac": Path("new/heart.flac"),
        ".atr": Path("new/heart.atr"),
    }


def test_a_folder(tmp_path):
    """In a folder, one that exists or ends in a slash, the files are named after the source."""
    assert SEVERAL.paths(str(tmp_path), "x")[".atr"] == tmp_path / "x.atr"
    assert FORMATS["csv"].paths("new/", "x") == {".csv": Path("new/x.csv")}


def test_one_file_has_the_name_that_was_typed():
    """Whatever its ending."""
    assert FORMATS["audacity"].paths("labels.tsv", "x") == {".txt": Path("labels.tsv")}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_files_it_names(name, timeline):
    """No more and no fewer; R peaks only where there is an electrocardiogram."""
    if name not in ("circor", "tsv"):
        named = tuple(ending for ending in FORMATS[name].endings if ending != ".qrs")
        assert tuple(FORMATS[name].render(timeline, "heart")) == named


@pytest.mark.parametrize("name", ["audacity", "raven", "textgrid", "csv", "edf", "bdf", "wfdb"])
def test_a_possible_murmur_is_in_every_format_of_spans(name, timeline, write_content):
    """The state, and which label is possible."""
    spans = (Span(0.0, 6.0, "verdict", "uncertain", possible="murmur"),)
    paths = write_content(FORMATS[name].render(dataclasses.replace(timeline, spans=spans), "heart"), "heart")
    assert any(b"uncertain: possible murmur" in path.read_bytes() for path in paths.values())

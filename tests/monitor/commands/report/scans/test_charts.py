"""Histograms: every value is in a bar, and the bars are as high as what they count."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.archive.segment_styles import segment_styles
from monitor.commands.report.scans.charts import BOTTOM, HEIGHT, TOP, even_bins, histogram, length_bins

STYLES = segment_styles(("normal", "mur<mur"))


def drawn(values, edges):
    """Return the picture as a tree."""
    return ElementTree.fromstring(histogram(values, edges, STYLES, "beats & more", 'a "name"'))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_every_value_is_in_a_bar(values):
    """Those beyond the ends too; the titles count them."""
    titles = [title.text for title in drawn({"normal": values}, even_bins(30, 240, 10)).iter("title")]
    assert sum(int(title.split(": ")[1].split()[0]) for title in titles) == len(values)


def test_the_bars_are_stacked_and_to_scale():
    """Two and one of a scale to three, the first label below."""
    tree = drawn({"mur<mur": [1.0], "normal": [1.5, 1.9]}, length_bins())
    first, second = tree.iter("rect")
    full = HEIGHT - TOP - BOTTOM
    assert (first.get("fill"), second.get("fill")) == (STYLES["normal"].colour, STYLES["mur<mur"].colour)
    assert float(first.get("height")) == pytest.approx(full * 2 / 3, abs=0.1)
    assert float(second.get("height")) == pytest.approx(full / 3, abs=0.1)
    assert float(second.get("y")) == pytest.approx(TOP, abs=0.1)
    assert [title.text for title in tree.iter("title")] == ["0 to 2: 2 normal, 1 mur<mur"]


def test_a_single_one_among_thousands_is_seen():
    """Its bar is not thinner than half a point."""
    heights = [
        float(bar.get("height"))
        for bar in drawn({"normal": [35.0] * 9999 + [100.0]}, even_bins(30, 240, 10)).iter("rect")
    ]
    assert min(heights) >= 0.5


def test_text_from_elsewhere_is_no_markup():
    """Names of axes, pictures and labels."""
    tree = drawn({}, length_bins())
    assert tree.get("aria-label") == 'a "name"'
    assert [text.text for text in tree.iter("text")][-1] == "beats & more"

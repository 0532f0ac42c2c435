"""The pictures of a chapter as SVG elements."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import pytest

from monitor.commands.report.contents import Entry
from monitor.commands.report.drawings import drawings, svg_of
from monitor.commands.report.page import legend_text

matplotlib = pytest.importorskip("matplotlib", reason="the pictures need the extra report")


@pytest.fixture
def drawn(contents):
    """Return what the pictures are drawn from."""
    return drawings(contents)


def test_a_picture_is_one_element_of_its_own(contents, drawn):
    """Well-formed, without prologue, size or date; its identifiers and references have the prefix; it loads nothing."""
    svg = svg_of(contents, drawn, whole=True, prefix="w1")
    element = ElementTree.fromstring(svg)
    assert element.tag.endswith("svg")
    assert "width" not in element.attrib
    identifiers = re.findall(r'\bid="([^"]*)"', svg)
    assert identifiers
    assert all(one.startswith("w1-") for one in identifiers)
    assert len(set(identifiers)) == len(identifiers)
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= set(identifiers)
    assert all(one.startswith(("#w1-", "data:image/png")) for one in re.findall(r'href="([^"]*)"', svg))
    assert "<metadata" not in svg


def test_the_page_chooses_the_colours(contents, drawn):
    """Ink, faint lines and marks are variables."""
    svg = svg_of(contents, drawn, whole=True, prefix="w1")
    for variable in ("var(--ink)", "var(--faint)", "var(--mark)"):
        assert variable in svg
    assert "#1b3a4b" not in svg


def test_what_a_person_wrote_is_not_drawn(contents, drawn):
    """Notes and labels stand in the picture by number alone."""
    svg = svg_of(contents, drawn, whole=True, prefix="w1")
    assert "coughed" not in svg
    assert "breath" not in svg
    assert ">label 2<" in svg


def test_the_same_session_gives_the_same_picture(contents, drawn):
    """Bit for bit."""
    again = drawings(contents)
    assert svg_of(contents, drawn, whole=True, prefix="a") == svg_of(contents, again, whole=True, prefix="a")


def test_without_sound_verdict_and_rate_are_drawn(contents):
    """No spectrogram, and no image."""
    silent = dataclasses.replace(contents, timeline=dataclasses.replace(contents.timeline, sound=None))
    svg = svg_of(silent, drawings(silent), whole=True, prefix="w1")
    assert "<image" not in svg
    assert ">verdict<" in svg
    assert ">beats/min<" in svg


def test_a_name_that_is_a_formula_is_text(contents, drawn):
    """A dollar begins no formula, and a label from elsewhere is escaped."""
    spans = tuple(
        dataclasses.replace(span, text="$\\alpha$ <b>&") if span.kind == "verdict" else span
        for span in contents.timeline.spans
    )
    odd = dataclasses.replace(contents, timeline=dataclasses.replace(contents.timeline, spans=spans))
    svg = svg_of(odd, drawn, whole=True, prefix="w1")
    assert "<b>" not in svg
    assert "$\\alpha$ &lt;b&gt;&amp;" in svg


def test_the_peak_is_that_of_the_sound(contents, drawn):
    """The full-scale noise of the session."""
    assert drawn.peak == pytest.approx(1.0, abs=0.01)
    assert isinstance(drawn.marked.entries[0], Entry)


def test_s1_and_s2_of_the_session_are_ticked_by_name(contents):
    """In place of the beats of the rhythm tracker, and not as a person's annotation."""
    beats = tuple(
        {"type": "beat", "s1_s": 1.0 + n, "s2_s": 1.3 + n, "confidence": 0.9, "rate_bpm": 60.0} for n in range(6)
    )
    chapter = dataclasses.replace(contents, timeline=dataclasses.replace(contents.timeline, beats=beats))
    drawn = drawings(chapter)
    assert drawn.marked.sounds[:3] == ((1.0, "S1"), (1.3, "S2"), (2.0, "S1"))
    assert drawn.marked.beats == []
    assert drawn.marked.states == []
    assert legend_text(drawn).startswith("Ticks: S1, and shorter S2, that were found")
    svg = svg_of(chapter, drawn, whole=True, prefix="a")
    assert svg.count(">S1<") == svg.count(">S2<") == 6

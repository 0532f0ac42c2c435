"""The report as a PDF."""

from __future__ import annotations

import dataclasses
import datetime
import re

import pytest

from monitor.archive.spans import Span
from monitor.commands.report.contents import chapter
from monitor.commands.report.drawings import drawings
from monitor.commands.report.pdf import pdf

matplotlib = pytest.importorskip("matplotlib", reason="a PDF needs the extra report")

MADE = datetime.datetime(2026, 1, 2, 3, 4)


def pages(content):
    """Return how many pages a PDF has."""
    assert content.startswith(b"%PDF-")
    return len(re.findall(rb"/Type /Page\b(?!s)", content))


def words(chapters, monkeypatch):
    """Return the texts of each page."""
    from matplotlib.backends.backend_pdf import PdfPages

    found = []

    def keep(self, figure):
        texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
        assert all(text.get_position()[1] > 0.02 for text in figure.texts), "text below the page"
        found.append(" ".join(text.get_text() for text in texts))

    monkeypatch.setattr(PdfPages, "savefig", keep)
    pdf([(one, drawings(one)) for one in chapters], MADE)
    return found


def test_a_session_has_two_pages(contents, monkeypatch):
    """The first has the verdict and the pictures, the second what a person wrote, the facts and the limits."""
    assert pages(pdf([(contents, drawings(contents))], MADE)) == 2
    first, second = words([contents], monkeypatch)
    for text in (
        "Murmur, score 0.90, confidence 0.80",
        "70 beats/min",
        "7.0 of 10.1 s",
        "loud bumps",
        "not for diagnosis",
    ):
        assert text in first, text
    for text in ("coughed", "breath", "ab" * 32, "names no disease", "Made 2026-01-02 03:04", "not for diagnosis"):
        assert text in second, text


def test_many_long_notes_stay_two_pages(contents, monkeypatch):
    """What does not fit is counted."""
    spans = tuple(Span(0.1 * index, 0.1 * index, "note", "word " * 200) for index in range(90))
    full = chapter(dataclasses.replace(contents.timeline, spans=spans), ["damaged: " + "very " * 100] * 9)
    assert pages(pdf([(full, drawings(full))], MADE)) == 2
    assert re.search(r"and \d+ more$", words([full], monkeypatch)[1])


def test_several_begin_with_a_table(contents, crashed, monkeypatch):
    """A row for each site of each recording, then two pages each."""
    found = words([contents, chapter(crashed, [])], monkeypatch)
    assert len(found) == 5
    assert "2 recordings" in found[0]
    assert found[0].count("Heart rate") == 2


def test_letters_that_no_font_has_and_formulas(contents):
    """Any script, and a dollar that begins no formula; no warning."""
    spans = (Span(1.0, 1.0, "note", "$\\frac{ \u5fc3\u97f3 \U0001fac0 \u0645"),)
    odd = chapter(dataclasses.replace(contents.timeline, spans=spans), [])
    assert pages(pdf([(odd, drawings(odd))], MADE)) == 2


def test_without_sound(contents):
    """Two pages still."""
    silent = chapter(dataclasses.replace(contents.timeline, sound=None), ["gone"])
    assert pages(pdf([(silent, drawings(silent))], MADE)) == 2

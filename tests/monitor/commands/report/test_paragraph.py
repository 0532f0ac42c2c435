"""A paragraph for a record."""

from __future__ import annotations

import dataclasses

from monitor.commands.report.contents import chapter
from monitor.commands.report.paragraph import paragraphs


def test_a_session(contents):
    """Plain sentences, in one line: who, when, what, how much, how fast, by which model."""
    text = paragraphs([contents])
    assert "\n" not in text
    assert text == (
        "Heart sounds of subject P7, recorded 2026-01-02 03:04 (UTC+01:00), with steth, 10.1 s. "
        "AV (aortic valve area): Murmur, score 0.90, confidence 0.80. Judged: 7.0 of 10.1 s (5 of 11 windows); "
        "not judged: 5 windows: lost sound; 1 window: loud bumps: keep the chest piece and its cable still. "
        "Heart rate 70 beats per minute. "
        'Notes: at 0:03.2: she said "cold",\\tthen coughed \u00e9\u5fc3. '
        "Labelled by a person: 0:01.0 to 0:02.5: murmur; 0:02.0 to 0:03.0: breath. "
        f"Model heart-sounds (sha256 {'ab' * 32}), auscult 0.1.0. Research use, not for diagnosis."
    )


def test_what_was_not_found_is_said(timeline):
    """No verdict has its reason, and no heart rate is said."""
    summary = {"state": "uncertain", "label": None, "heart_rate_bpm": None}
    text = paragraphs([chapter(dataclasses.replace(timeline, summary=summary), [])])
    assert "Uncertain. No label was likely enough, or none lasted. Judged" in text
    assert "Heart rate not found." in text
    assert "confidence" not in text


def test_several_are_several_paragraphs(contents, crashed):
    """With an empty line between them."""
    first, second = paragraphs([contents, chapter(crashed, [])]).split("\n\n")
    assert first.startswith("Heart sounds of subject P7")
    assert second.startswith("Heart sounds of crashed")
    assert "The session has no end" in second


def test_heart_rate_variability(timeline):
    """With the number of intervals, or why it is not given; nothing without beats."""
    beats = tuple(
        {"type": "beat", "s1_s": 0.2 + 0.4 * n, "s2_s": None, "confidence": 0.9, "rate_bpm": 150.0 if n else None}
        for n in range(24)
    )
    text = paragraphs([chapter(dataclasses.replace(timeline, beats=beats), [])])
    assert "Heart rate variability: SDNN 0 ms, RMSSD 0 ms, pNN50 0 %, mean RR 400 ms; 23 intervals over 9 s" in text
    few = paragraphs([chapter(dataclasses.replace(timeline, beats=beats[:5]), [])])
    assert "Heart rate variability: not given: only 4 intervals between normal beats." in few


def test_a_site_that_is_not_named(contents):
    """Its sentence begins with a capital letter, as every other."""
    findings = tuple(dataclasses.replace(finding, site=None) for finding in contents.findings)
    assert ". Site not named: Murmur, score" in paragraphs([dataclasses.replace(contents, findings=findings)])

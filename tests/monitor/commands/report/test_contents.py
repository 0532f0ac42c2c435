"""What stands in a report, before it has a form."""

from __future__ import annotations

import dataclasses

from monitor.archive.spans import Span
from monitor.commands.report.contents import chapter


def test_a_session(contents):
    """Subject, site, time, device and model are facts; marks and notes are numbered, a person's labels are not."""
    facts = dict(contents.facts)
    assert contents.title == "P7, AV (aortic valve area), 2026-01-02 03:04 (UTC+01:00)"
    assert (facts["Subject"], facts["Device"], facts["Model sha256"]) == ("P7", "steth", "ab" * 32)
    assert facts["Duration"] == "10.1 s at 4000 Hz"
    assert "Source" not in facts  # the same as the device
    assert [(entry.number, entry.kind, entry.when) for entry in contents.entries] == [
        (0, "label", "0:01.0 to 0:02.5"),
        (0, "label", "0:02.0 to 0:03.0"),
        (1, "mark", "0:03.2"),
        (2, "note", "0:03.2"),
        (0, "told", "0:08.0"),
    ]
    assert contents.entries[2].text == ""
    assert contents.entries[3].text == 'she said "cold",\\tthen coughed \u00e9\u5fc3'
    assert (contents.remarks, contents.is_damaged) == ((), False)


def test_a_crash_is_said(crashed):
    """It has no end; that alone is no damage."""
    found = chapter(crashed, [])
    assert any("no end" in remark for remark in found.remarks)
    assert not found.is_damaged
    assert found.title == "crashed, AV (aortic valve area), 2026-01-02 03:04 (UTC+01:00)"


def test_what_is_missing_is_said(timeline):
    """Damage and a lost sound."""
    found = chapter(dataclasses.replace(timeline, sound=None), ["sound.flac: no\x1b such file"])
    assert found.remarks[0] == "sound.flac: no\\x1b such file"
    assert found.remarks[1].startswith("There is no sound")
    assert found.is_damaged


def test_a_recording_says_what_is_not_known(timeline):
    """A plain file has no time, no subject and no site; only the name of its folder is left out."""
    start = {"source": "/home/somebody/heart.wav", "model": "m", "model_sha256": "cd", "version": "9"}
    facts = dict(chapter(dataclasses.replace(timeline, session={}, start=start, spans=()), []).facts)
    assert facts["Recorded"] == "not stated in the recording"
    assert facts["Subject"] == "no code given"
    assert facts["Source"] == "heart.wav"
    assert facts["Judged by"] == "auscult 9"


def test_a_mark_with_a_text_keeps_it(timeline):
    """A labels file beside a recording may hold any text."""
    spans = (Span(1.0, 1.0, "mark", "mark 7"), Span(2.0, 2.0, "mark", "click?"))
    entries = chapter(dataclasses.replace(timeline, spans=spans), []).entries
    assert [(entry.number, entry.text) for entry in entries] == [(1, ""), (2, "click?")]

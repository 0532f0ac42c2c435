"""What a person enters: numbered, in order, each once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.runtime.entries import MAX_ENTRIES, Entries


@pytest.mark.parametrize(("text", "kept"), [(None, None), ("", None), (" \n ", None), (" a\t\ncough ", "a cough")])
def test_a_note_is_one_line(text, kept):
    """White space is joined; nothing but white space is a mark without a note."""
    assert Entries(4000, None).mark(4000, text).text == kept


def test_marks_are_numbered_and_taken_once():
    """With changes of site between them, in the order of entry."""
    entries = Entries(4000, "AV")
    entries.mark(4000)
    entries.change_site("PV", 6000)
    entries.mark(2000)
    first, site, second = entries.take()
    assert [(first.number, first.at_s), (site.site, site.at_s), (second.number, second.at_s)] == [
        (1, 1.0),
        ("PV", 1.5),
        (2, 0.5),
    ]
    assert entries.take() == []
    assert entries.mark(0).number == 3


def test_the_newest_are_kept():
    """A thousand wait at most."""
    entries = Entries(4000, None)
    for sample in range(MAX_ENTRIES + 5):
        entries.mark(sample)
    assert [entry.sample for entry in entries.take()] == list(range(5, MAX_ENTRIES + 5))


def test_the_same_site_is_no_change():
    """Nor is a site that does not exist one."""
    entries = Entries(4000, "AV")
    assert entries.change_site("AV", 10) is None
    with pytest.raises(ValueError, match="site='XV' must be one of AV"):
        entries.change_site("XV", 10)
    assert (entries.take(), entries.site.sample) == ([], 0)


def test_where_a_mark_is_kept():
    """In the labels file of the recording, else in the session's folder, else nowhere."""
    recorder = SimpleNamespace(
        mark=lambda sample, text: (sample - 4000) / 4000,
        labels_path=Path("a.labels.txt"),
        status=SimpleNamespace(marks_error="the disk is full"),
    )
    session = SimpleNamespace(path=Path("kept/sound.flac"))
    entries = Entries(4000, None)
    marks = [entries.mark(8000, recorder=recorder, session=session), entries.mark(8000, session=session)]
    marks.append(entries.mark(8000))
    assert [(mark.path, mark.recorded_s, mark.error) for mark in marks] == [
        (Path("a.labels.txt"), 1.0, "the disk is full"),
        (Path("kept"), 2.0, None),
        (None, None, None),
    ]


def test_every_reader_gets_every_entry_once():
    """A session takes them, and so does whoever sends the run elsewhere."""
    entries = Entries(4000, None)
    reader = entries.reader()
    mark = entries.mark(4000)
    assert entries.take() == reader() == [mark]
    assert entries.take() == reader() == []
    site = entries.change_site("AV", 8000)
    assert (reader(), entries.take()) == ([site], [site])

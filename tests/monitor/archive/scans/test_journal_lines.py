"""Reading a journal in any state."""

from __future__ import annotations

import json

import pytest

from monitor.archive.scans.journal_lines import head_of, last_rows, lines_of, unreadable_lines, whole_row


@pytest.fixture
def journal(tmp_path, make_row, make_recording):
    """Return a journal in which one file has two rows, one line is damaged, and the last is cut off."""
    rows = [
        make_row(make_recording("a.wav"), label="normal"),
        make_row(make_recording("b.wav")),
        make_row(make_recording("a.wav"), label="murmur"),
    ]
    lines = [json.dumps(values, separators=(",", ":")) for values in ({"type": "scan", "labels": ["normal"]}, *rows)]
    path = tmp_path / "out.jsonl"
    path.write_text("\n".join([*lines, '{"type":"summary",broken}', lines[-1][:50]]))
    return path


def test_the_last_row_of_each_file_counts(journal):
    """In the order of the lines; damaged lines and one that is cut off count for nothing."""
    assert [(row["source"], row["label"]) for row in last_rows(journal)] == [("b.wav", "murmur"), ("a.wav", "murmur")]


def test_lines_that_cannot_be_read_are_counted(journal):
    """A last line without its end is one of them, unless a scan is writing it."""
    assert (unreadable_lines(journal), unreadable_lines(journal, is_running=True)) == (2, 1)
    whole = b"".join(journal.read_bytes().splitlines(keepends=True)[:4])
    journal.write_bytes(whole + b'{"type":"window","path":"/a.wav"}\n')
    assert unreadable_lines(journal) == 0


def test_the_head_and_the_lines_of_a_type(journal, tmp_path):
    """What is no journal has no head."""
    assert head_of(journal) == {"type": "scan", "labels": ["normal"]}
    assert not list(lines_of(journal, "window"))
    for content in (b"", b"source,state\n", b'{"type":"summary"}\n', b'{"type":"scan"}', b"[" * 100_000):
        (tmp_path / "other").write_bytes(content)
        assert head_of(tmp_path / "other") is None
    assert head_of(tmp_path / "missing") is None


def test_a_whole_row():
    """It has a path and its line feed."""
    assert whole_row(b'{"type":"summary","path":"/a"}\n') == {"type": "summary", "path": "/a"}
    for line in (b'{"type":"summary","path":"/a"}', b'{"type":"summary","path":1}\n', b'{"type":"window"}\n'):
        assert whole_row(line) is None

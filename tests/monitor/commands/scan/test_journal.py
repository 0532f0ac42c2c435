"""The journal: whole rows only, the newest of each file, never mixed with those of other settings."""

from __future__ import annotations

import pytest

from monitor.archive.scans.journal_lines import head_of, lines_of
from monitor.commands.scan.journal import Journal
from monitor.errors import AuscultError

SETTINGS = {"model": "plain", "hop_s": 0.5, "labels": ["normal", "murmur"]}


@pytest.fixture
def three(make_recording):
    """Return three recordings."""
    return [make_recording(f"{letter}.wav") for letter in "abc"]


@pytest.fixture
def path(tmp_path, three, make_lines):
    """Return a journal with the windows and rows of the first two of three recordings."""
    journal = Journal(tmp_path / "out.jsonl", SETTINGS, resume=False)
    for recording in three[:2]:
        journal.add(recording, make_lines(recording, windows=2))
    journal.close()
    return tmp_path / "out.jsonl"


def sources(path, kind="summary"):
    """Return the source of each line of a type."""
    return [line["source"] for line in lines_of(path, kind)]


def test_to_go_on_with_it(path, three, make_lines):
    """What is there is known, and what is added comes behind it."""
    journal = Journal(path, SETTINGS, resume=True)
    assert [journal.has(recording) for recording in three] == [True, True, False]
    journal.add(three[2], make_lines(three[2]))
    assert journal.has(three[2])
    journal.close()
    assert sources(path) == ["a.wav", "b.wav", "c.wav"]


def test_every_possible_cut(path, three, make_lines):
    """Wherever a kill or a power cut ends the file, whole rows count, the rest is redone, nothing is doubled."""
    content = path.read_bytes()
    head, row_a, row_b = (content.index(b"\n") + 1, content.index(b'"windows":10'), content.rindex(b'"windows":10'))
    end_a = content.index(b"\n", row_a) + 1
    expected = content[:head] + make_lines(three[0], windows=2) + make_lines(three[1], windows=2)
    for cut in [*range(head, len(content), 97), end_a - 1, end_a, end_a + 1, row_b, len(content) - 1]:
        path.write_bytes(content[:cut])
        journal = Journal(path, SETTINGS, resume=True)
        for recording in three[:2]:
            done = journal.has(recording)
            assert done == (cut >= end_a if recording is three[0] else cut >= len(content))
            if not done:
                journal.add(recording, make_lines(recording, windows=2))
        journal.settle([recording.path for recording in three], {}.get)
        assert path.read_bytes() == expected


def test_a_file_that_has_changed_is_not_done(path, make_recording):
    """Another size, another time, or not there any more."""
    journal = Journal(path, SETTINGS, resume=True)
    assert not journal.has(make_recording("a.wav", num_bytes=11))
    assert not journal.has(make_recording("a.wav", mtime_ns=2))
    assert not journal.has(make_recording("a.wav", num_bytes=None))
    journal.close()


def test_a_file_that_could_not_be_read_is_tried_again(path, three, make_lines):
    """Its disk may be back; one that was judged up to its damage is done."""
    journal = Journal(path, SETTINGS, resume=True)
    journal.add(three[0], make_lines(three[0], error="no such file", state=None))
    journal.add(three[1], make_lines(three[1], error="cut short"))
    journal.close()
    journal = Journal(path, SETTINGS, resume=True)
    assert [journal.has(recording) for recording in three[:2]] == [False, True]
    journal.close()


def test_settled_it_is_in_order_and_has_the_newest_row_of_each_file(path, three, make_lines):
    """The files that are named, then others; subjects are added."""
    journal = Journal(path, SETTINGS, resume=True)
    journal.add(three[2], make_lines(three[2]))
    journal.add(three[1], make_lines(three[1], windows=1, label="normal"))
    others = journal.settle([three[2].path, "/data/never.wav", three[1].path], {three[2].path: "p7"}.get)
    assert others == 1
    assert sources(path) == ["c.wav", "b.wav", "a.wav"]
    assert sources(path, "window") == ["b.wav", "a.wav", "a.wav"]
    assert [row["subject"] for row in lines_of(path, "summary")] == ["p7", None, None]
    assert [row["label"] for row in lines_of(path, "summary")] == ["murmur", "normal", "murmur"]
    assert head_of(path)["model"] == "plain"


def test_a_damaged_line_costs_its_file_only(path, three, make_lines):
    """The rows around it stay, and its windows are no other file's."""
    journal = Journal(path, SETTINGS, resume=True)
    journal.add(three[2], make_lines(three[2], windows=1))
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[6] = b"\0" * (len(lines[6]) - 1) + b"\n"  # the row of b.wav
    path.write_bytes(b"".join(lines))
    journal = Journal(path, SETTINGS, resume=True)
    assert [journal.has(recording) for recording in three] == [True, False, True]
    journal.settle([recording.path for recording in three], {}.get)
    assert sources(path) == ["a.wav", "c.wav"]
    assert sources(path, "window") == ["a.wav", "a.wav", "c.wav"]


def test_other_settings_are_refused_by_name(path):
    """The setting, what it was, and what it is."""
    before = path.read_bytes()
    with pytest.raises(AuscultError, match=r"scanned with hop_s 0\.5, and this is 1\.0; use the same"):
        Journal(path, {**SETTINGS, "hop_s": 1.0}, resume=True)
    assert path.read_bytes() == before
    Journal(path, SETTINGS, resume=True).close()


def test_a_file_that_is_no_journal(tmp_path):
    """It is left as it is."""
    (tmp_path / "other.jsonl").write_text('{"type":"summary"}\n')
    with pytest.raises(AuscultError, match="is no scan"):
        Journal(tmp_path / "other.jsonl", SETTINGS, resume=True)
    assert (tmp_path / "other.jsonl").read_text() == '{"type":"summary"}\n'
    assert head_of(tmp_path / "other.jsonl") is None
    assert head_of(tmp_path / "missing.jsonl") is None


def test_two_scans_do_not_write_one_journal(path):
    """Neither to go on with it nor to replace it."""
    pytest.importorskip("fcntl")
    journal = Journal(path, SETTINGS, resume=True)
    for resume in (True, False):
        with pytest.raises(AuscultError, match="another scan is writing it"):
            Journal(path, SETTINGS, resume=resume)
    journal.close()
    assert sources(path) == ["a.wav", "b.wav"]


def test_a_full_disk_leaves_whole_rows(path, three, make_lines, monkeypatch):
    """What was written in part is taken back, and the same scan may go on."""
    before = path.read_bytes()
    journal = Journal(path, SETTINGS, resume=True)

    def refuse(file, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("monitor.commands.scan.journal.append", refuse)
        with pytest.raises(AuscultError, match=r"No space left on device; mend that, then add --resume"):
            journal.add(three[2], make_lines(three[2]))
    assert path.read_bytes() == before
    journal.add(three[2], make_lines(three[2]))
    journal.close()
    assert len(sources(path)) == 3


def test_a_folder_that_cannot_be_written(tmp_path):
    """One line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AuscultError, match=r"cannot be written: .* is a file, not a folder; name another file with -o"):
        Journal(tmp_path / "file" / "out.jsonl", SETTINGS, resume=False)

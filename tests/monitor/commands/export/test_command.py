"""`auscult export`: what it writes, and what it refuses."""

from __future__ import annotations

import os
import re

import pytest
import soundfile

from monitor.commands.export.formats import FORMATS


@pytest.fixture
def heart_wav(tmp_path, heart_waveform, monkeypatch, plain_bundle):
    """Return a WAV of 6 s of a synthetic heart, judged by a plain bundle."""
    monkeypatch.setattr("monitor.commands.export.command.load_bundle", lambda *_, **__: plain_bundle)
    soundfile.write(tmp_path / "heart.wav", heart_waveform[:24_000], 4000)
    return tmp_path / "heart.wav"


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"circor", "tsv"}))
def test_a_session_in_every_format(export, session_dir, name):
    """The files are in the current folder, named after the session; the session itself is untouched."""
    before = {path.name: path.read_bytes() for path in session_dir.iterdir()}
    code, err = export(session_dir, "--to", name)
    assert (code, err.count("\n")) == (0, 1), err
    written = sorted(os.listdir())
    assert written == sorted(f"{session_dir.name}{ending}" for ending in FORMATS[name].endings if ending != ".qrs")
    assert all(os.path.getsize(path) for path in written)
    assert before == {path.name: path.read_bytes() for path in session_dir.iterdir()}


@pytest.mark.skipif(os.name == "nt", reason="access modes of POSIX")
def test_only_the_owner_reads_what_a_session_gave(export, session_dir, heart_wav):
    """Files from a session are private, also in place of one that everybody reads; those from a recording are not."""
    mask = os.umask(0o022)
    try:
        for name in ("wfdb", "csv"):
            assert export(session_dir, "--to", name, "-o", "kept/")[0] == 0
        os.chmod(f"kept/{session_dir.name}.csv", 0o644)
        assert export(session_dir, "--to", "csv", "-o", "kept/", "--force")[0] == 0
        assert {os.stat(f"kept/{name}").st_mode & 0o777 for name in os.listdir("kept")} == {0o600}
        assert export(heart_wav, "--to", "csv")[0] == 0
        assert os.stat("heart.csv").st_mode & 0o777 == 0o644
    finally:
        os.umask(mask)


def test_a_recording(export, heart_wav):
    """It is judged first; one line says what was written."""
    code, err = export(heart_wav, "--to", "audacity", "-o", "new/labels.txt")
    assert code == 0
    assert err.startswith("new/labels.txt: ")
    assert re.fullmatch(r"new/labels\.txt: (1 entry|[02-9] entries) over 6\.00 s\n", err)
    with open("new/labels.txt") as file:
        assert file.readline().startswith("0.000000\t")


def test_a_crash_is_told_and_exported(export, anonymous_dir):
    """A line that is cut off is one line on standard error and exit code 1; the file is written."""
    with (anonymous_dir / "events.jsonl").open("a") as file:
        file.write('{"type":')
    code, err = export(anonymous_dir, "--to", "csv")
    assert code == 1
    assert err.splitlines()[1].endswith("events.jsonl: 1 line cannot be read and is left out")
    assert os.listdir() == ["crashed.csv"]


def test_nothing_is_overwritten_unasked(export, session_dir):
    """Not a file that exists; with --force it is."""
    with open("a.txt", "w") as file:
        file.write("mine")
    code, err = export(session_dir, "--to", "audacity", "-o", "a.txt")
    assert (code, err) == (
        1,
        "auscult: a.txt exists and is not overwritten; choose another name with -o, or add --force\n",
    )
    with open("a.txt") as file:
        assert file.read() == "mine"
    assert export(session_dir, "--to", "audacity", "-o", "a.txt", "--force")[0] == 0
    with open("a.txt") as file:
        assert file.read() != "mine"


@pytest.mark.parametrize("name", ["session.json", "events.jsonl", "sound.flac"])
def test_the_source_is_never_overwritten(export, session_dir, name):
    """Not even with --force, nor through a link."""
    os.symlink(session_dir / name, "link")
    before = (session_dir / name).read_bytes()
    for out in (session_dir / name, "link"):
        code, err = export(session_dir, "--to", "csv", "-o", out, "--force")
        assert code == 1
        assert "belongs to what is exported and is not overwritten" in err
    assert (session_dir / name).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.wav", "--to", "csv"], 1, "missing.wav: no such file"),
        (["missing.wav", "--to", "word"], 2, "invalid choice: 'word'"),
        (["missing.wav"], 2, "required: --to"),
        ([".", "--to", "csv"], 1, ". is no session: there is no session.json"),
        ([".", "--to", "csv", "--hop", "1"], 2, "a session has been judged"),
        ([".", "--to", "csv", "--engine", "litert-int8"], 2, "a session has been judged"),
        ([".", "--to", "csv", "-o", ".."], 1, ". is no session"),
    ],
)
def test_bad_input_is_one_line(export, heart_wav, arguments, code, message):
    """With its exit code."""
    found, err = export(*arguments)
    assert found == code
    assert message in err
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_written(export, session_dir):
    """A file in place of a folder is told in one line."""
    with open("file", "w"):
        pass
    code, err = export(session_dir, "--to", "csv", "-o", "file/a.csv")
    assert code == 1
    assert err.startswith("auscult: file/a.csv cannot be written: ")

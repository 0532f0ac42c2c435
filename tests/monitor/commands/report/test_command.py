"""`auscult report`: what it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
import soundfile

matplotlib = pytest.importorskip("matplotlib", reason="a report needs its extra")
pytest.importorskip("jinja2", reason="a report needs its extra")


@pytest.fixture
def heart_wav(tmp_path, heart_waveform, monkeypatch, plain_bundle):
    """Return a WAV of 6 s of a synthetic heart, judged by a plain bundle."""
    monkeypatch.setattr("monitor.commands.report.command.load_bundle", lambda *_: plain_bundle)
    soundfile.write(tmp_path / "heart.wav", heart_waveform[:24_000], 4000)
    return tmp_path / "heart.wav"


@pytest.mark.parametrize(
    ("name", "begin"), [("a.html", "<!DOCTYPE html>"), ("a.PDF", "%PDF"), ("a.txt", "Heart sounds")]
)
def test_a_session_in_every_form(report, session_dir, name, begin):
    """Only its owner may read it; one line says what it is; the session is untouched."""
    before = {path.name: path.read_bytes() for path in session_dir.iterdir()}
    code, out, err = report(session_dir, "-o", name)
    assert (code, out, err.count("\n")) == (0, "", 1), err
    assert err.startswith(f"{name}: 1 recording, ")
    assert Path(name).read_bytes().startswith(begin.encode())
    assert stat.S_IMODE(os.stat(name).st_mode) == 0o600
    assert os.listdir() == [name]
    assert before == {path.name: path.read_bytes() for path in session_dir.iterdir()}


def test_the_text_goes_to_standard_output(report, session_dir):
    """One paragraph and nothing else; with -o into a file."""
    code, out, err = report(session_dir, "--text")
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert out.startswith("Heart sounds of subject P7")
    assert report(session_dir, "--text", "-o", "note")[0] == 0
    assert Path("note").read_text() == out


def test_a_recording_is_judged(report, heart_wav):
    """Its name is the title; in a new folder."""
    code, _, err = report(heart_wav, "-o", "new/heart.html")
    assert code == 0, err
    assert "<title>Heart sounds: heart</title>" in Path("new/heart.html").read_text()


def test_sessions_and_recordings_make_one_report(report, session_dir, anonymous_dir, heart_wav):
    """In the order given."""
    code, out, _ = report(session_dir, heart_wav, anonymous_dir, "--text")
    assert code == 0
    assert [part[:24] for part in out.split("\n\n")] == [
        "Heart sounds of subject ",
        "Heart sounds of heart, r",
        "Heart sounds of crashed,",
    ]
    assert report(session_dir, heart_wav, anonymous_dir, "-o", "all.html")[0] == 0
    assert Path("all.html").read_text().count("<article ") == 3


@pytest.mark.parametrize("name", ["a.html", "a.pdf", "a.txt"])
def test_damage_is_told_and_reported(report, anonymous_dir, name):
    """A line that is cut off, and a sound that ends early: exit code 1, and the report says so."""
    with (anonymous_dir / "events.jsonl").open("a") as file:
        file.write('{"type":')
    sound = anonymous_dir / "sound.flac"
    sound.write_bytes(sound.read_bytes()[: sound.stat().st_size // 2])
    code, _, err = report(anonymous_dir, "-o", name)
    assert code == 1
    assert "1 line cannot be read and is left out" in err
    assert "damaged or cut short" in err
    assert "the program was killed" in err
    if name != "a.pdf":
        assert "damaged or cut short" in Path(name).read_text()


@pytest.mark.parametrize("name", ["a.html", "a.pdf"])
def test_without_its_sound_a_session_is_reported(report, session_dir, name):
    """The rest is there; exit code 1."""
    (session_dir / "sound.flac").unlink()
    code, _, err = report(session_dir, "-o", name)
    assert code == 1
    assert "There is no sound" in err
    assert "<audio" not in Path(name).read_text(errors="replace")


def test_sound_above_the_limit_is_left_out(report, session_dir):
    """It is said on the screen and in the page."""
    code, _, err = report(session_dir, "-o", "a.html", "--max-sound", "0.01")
    assert code == 0
    assert "auscult: The sound is left out: it takes more than 0.01 MB" in err
    page = Path("a.html").read_text()
    assert "<audio" not in page
    assert "The sound is left out" in page


def test_the_limit_is_for_all_together(report, session_dir, anonymous_dir):
    """The first has its sound, and the second has no room any more."""
    _, _, err = report(session_dir, anonymous_dir, "-o", "a.html", "--max-sound", "0.12")
    assert err.count("left out") == 1
    assert Path("a.html").read_text().count("<audio") == 1


def test_nothing_is_overwritten_unasked(report, session_dir):
    """Not a file that exists; with --force it is."""
    Path("a.html").write_text("mine")
    code, _, err = report(session_dir, "-o", "a.html")
    assert (code, err) == (
        1,
        "auscult: a.html exists and is not overwritten; choose another name with -o, or add --force\n",
    )
    assert Path("a.html").read_text() == "mine"
    Path("a.html").chmod(0o644)
    assert report(session_dir, "-o", "a.html", "--force")[0] == 0
    assert Path("a.html").read_text() != "mine"
    assert stat.S_IMODE(os.stat("a.html").st_mode) == 0o600


@pytest.mark.parametrize("name", ["session.json", "events.jsonl", "sound.flac"])
def test_the_source_is_never_overwritten(report, session_dir, name):
    """Not even with --force, through a link."""
    os.symlink(session_dir / name, "link.html")
    before = (session_dir / name).read_bytes()
    code, _, err = report(session_dir, "-o", "link.html", "--force")
    assert code == 1
    assert "belongs to what is reported and is not overwritten" in err
    assert (session_dir / name).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.wav", "--text"], 1, "missing.wav: no such file"),
        ([".", "--text"], 1, ". is no session: there is no session.json"),
        ([], 2, "required: SESSION|FILE"),
        (["heart.wav"], 2, "name the report with -o"),
        (["heart.wav", "-o", "a.docx"], 2, "must end in .html, .htm, .pdf, .txt"),
        (["heart.wav", "-o", "a"], 2, "must end in .html"),
        (["heart.wav", "--text", "-o", "a.html"], 2, "--text is plain text"),
        (["heart.wav", "-o", "a.html", "--max-sound", "-1"], 2, "--max-sound must be 0 or more"),
        (["heart.wav", "-o", "a.html", "--max-sound", "much"], 2, "must be a number"),
        ([".", "--text", "--hop", "1"], 2, "a session has been judged"),
        ([".", "-o", "..", "--text"], 1, ".. is a folder"),
    ],
)
def test_bad_input_is_one_line(report, heart_wav, arguments, code, message):
    """With its exit code."""
    found, out, err = report(*(str(heart_wav) if one == "heart.wav" else one for one in arguments))
    assert (found, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_written(report, session_dir):
    """A file in place of a folder is told in one line."""
    Path("file").touch()
    code, _, err = report(session_dir, "-o", "file/a.html")
    assert code == 1
    assert err.startswith("auscult: file/a.html cannot be written: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(("package", "name"), [("jinja2", "a.html"), ("matplotlib", "a.html"), ("matplotlib", "a.pdf")])
def test_a_missing_extra_is_one_line(report, session_dir, monkeypatch, package, name):
    """With the command that installs it; --text needs none."""
    monkeypatch.setitem(sys.modules, package, None)
    code, _, err = report(session_dir, "-o", name)
    assert (code, err.count("\n")) == (1, 1)
    assert f"needs {package}; pip install 'auscult-monitor[report]'" in err
    assert report(session_dir, "--text")[0] == 0


def test_a_device_name_with_quotes_and_escapes(report, session_dir):
    """Neither the terminal nor the page is touched by it."""
    path = session_dir / "session.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"device": 'My "best" <steth>\x1b]0;x\x07'}))
    code, out, _ = report(session_dir, "--text")
    assert code == 0
    assert 'My "best" <steth>\\x1b]0;x\\x07' in out
    assert report(session_dir, "-o", "a.html")[0] == 0
    assert "My &#34;best&#34; &lt;steth&gt;\\x1b]0;x\\x07" in Path("a.html").read_text()

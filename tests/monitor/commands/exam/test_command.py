"""`auscult exam` from the command line: on recordings with the real network, and on a scripted device."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.dashboard.keyboard import Keyboard
from monitor.sessions.overview import overview
from monitor.sessions.reader import find_sessions


def check_folder(folder):
    """Check a session's files against the published schema; return what is in them."""
    schemas = pytest.importorskip("jsonschema", reason="jsonschema checks the files of a session")
    schema = json.loads((Path(__file__).parents[4] / "docs/formats/session.schema.json").read_text(encoding="utf-8"))
    values = json.loads((folder / "session.json").read_text())
    lines = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    schemas.Draft202012Validator(schema).validate(values)
    for line in lines:
        schemas.Draft202012Validator({**schema["$defs"]["event"], "$defs": schema["$defs"]}).validate(line)
    return values, lines


@pytest.fixture
def exam(heart_files, library):
    """Return a function that examines sites by their recordings, as fast as possible."""

    def run(*arguments, sites=("AV", "PV", "TV"), files=None):
        named = [f"{site}={(files or heart_files)[site]}" for site in sites]
        return main(["exam", *arguments, "--from", *named, "--speed", "max"])

    return run


def test_json_lines(exam, json_lines):
    """Each site has a line, and the examination is the last one: a row per site, and a finding."""
    assert exam("--json", "--subject", "P-017", "--session") == 0
    lines = json_lines()
    assert [line["site"] for line in lines if line["type"] == "site"] == ["AV", "PV", "TV"]
    assert [line["type"] for line in lines[-2:]] == ["summary", "examination"]
    first, second, silent = lines[-1]["sites"]
    assert (first["label"], first["judged_s"], first["windows"], first["reason"]) == ("normal", 10.0, 11, None)
    assert second["start_s"] == 14.0
    assert (silent["state"], silent["judged_s"]) == ("not-judged", 0.0)
    finding = lines[-1]["finding"]
    assert (finding["label"], finding["not_judged"]) == ("normal", ["TV"])
    assert finding["text"].startswith("normal, score ")
    assert finding["text"].endswith("normal at 2 of 3 sites (AV, PV); TV not judged")
    assert (lines[-1]["subject"], lines[-1]["complete"]) == ("P-017", True)


def test_the_same_recordings_give_the_same_examination(exam, json_lines):
    """However fast they are read."""
    results = []
    for _ in range(2):
        exam("--json")
        results.append(json_lines()[-1])
    assert results[0] == results[1]


def test_plain_lines(exam, capsys):
    """Where the chest piece goes, how much is collected, a row per site, the finding, the disclaimer."""
    assert exam("--plain") == 0
    out = capsys.readouterr().out.splitlines()
    assert any("place the chest piece: aortic (AV): right of the breastbone" in line for line in out)
    assert any(line.endswith("AV: 5.0 of 10 s") for line in out)
    assert out[-2].startswith("finding: normal")
    assert out[-1] == "research use, not for diagnosis"
    assert [line.split()[0] for line in out[-5:-2]] == ["AV", "PV", "TV"]
    assert out[-3].endswith("the recording ends after 0.0 of 10 s")


def test_a_session_is_kept_when_asked_for(exam, tmp_path, capsys):
    """With the changes of site and the examination, and the rest of the program reads it."""
    assert exam("--plain", "--session-dir", str(tmp_path / "kept"), "--session", "--subject", "P-017") == 0
    (session,) = find_sessions(tmp_path / "kept")
    assert (session.kind, session.subject) == ("exam", "P-017")
    row = overview(session)
    assert (row.sites, row.verdict, row.state) == (("AV", "PV", "TV"), "normal", "ended")  # the finding's
    lines = session.events().lines
    assert lines[-1]["type"] == "examination"
    assert lines[-1]["sites"][0]["label"] == "normal"
    assert session.samples == 3 * 14 * 4000
    assert f": {session.folder}" in capsys.readouterr().err


def test_the_files_of_a_session_match_the_schema(exam, tmp_path):
    """Of the whole session, and of every line, the examination among them."""
    assert exam("--plain", "--session-dir", str(tmp_path / "kept"), "--session", "--subject", "P-017") == 0
    (folder,) = (tmp_path / "kept").iterdir()
    _, lines = check_folder(folder)
    assert lines[-1]["type"] == "examination"


def test_recordings_keep_no_session_unasked(exam, tmp_path, monkeypatch):
    """Not even where the settings keep every session: that is for a stethoscope."""
    monkeypatch.setenv("AUSCULT_SESSION", "true")
    monkeypatch.setenv("AUSCULT_SESSION_DIR", str(tmp_path / "kept"))
    assert exam("--plain") == 0
    assert find_sessions(tmp_path / "kept") == []


def test_the_order_of_the_sites(exam, json_lines):
    """`--sites` names it, in any case of letters."""
    assert exam("--json", "--sites", "pv,av", "--good", "5") == 0
    examination = json_lines()[-1]
    assert [site["site"] for site in examination["sites"]] == ["PV", "AV"]
    assert [site["judged_s"] for site in examination["sites"]] == [5.0, 5.0]


def test_a_missing_file_is_one_line(exam, heart_files, capsys):
    """Before anything is played."""
    assert exam("--json", files={**heart_files, "PV": Path("none.wav")}) == 1
    assert "none.wav" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sites", "AV,XX"], "must be some of AV,PV,TV,MV"),
        (["--sites", "AV,AV"], "each once"),
        (["--good", "0"], "--good must be above 0"),
        (["--speed", "max"], "--speed needs --from"),
        (["--from", "AV"], "SITE=FILE"),
        (["--from", "XX=a.wav"], "SITE=FILE"),
        (["--from", "AV=a.wav", "AV=b.wav"], "name each site once"),
        (["--from", "AV=a.wav", "--sites", "AV,MV"], "no recording of MV"),
        (["--from", "AV=a.wav", "--device", "3"], "--device is of a live input"),
        (["--from", "AV=a.wav", "--subject", "P-1"], "--subject needs --session"),
    ],
)
def test_usage(library, capsys, arguments, words):
    """One line, exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(["exam", *arguments])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.fixture
def keys(monkeypatch):
    """Return the keys to press on a terminal, one at a call."""
    pressed = []
    monkeypatch.setattr("monitor.commands.exam.command.free_keyboard", Keyboard)
    monkeypatch.setattr(Keyboard, "pressed", lambda keyboard: pressed.pop(0) if pressed else [])
    return pressed


def test_a_site_that_never_becomes_usable(library, keys, json_lines):
    """Noise is judged nowhere: both sites are skipped, and the examination has no finding."""
    keys += [[], [], ["s"], [], ["s"]]
    assert main(["exam", "--device", "steth", "--sites", "AV,PV", "--json"]) == 0
    examination = json_lines()[-1]
    assert [site["state"] for site in examination["sites"]] == ["not-judged"] * 2
    assert examination["sites"][0]["reason"].startswith("skipped after 0.0 of 10 s")
    assert (examination["finding"]["state"], examination["complete"]) == ("not-judged", True)
    assert library.opened == [("My Stethoscope", 1, 4000, 0.2)]


def test_q_ends_and_keeps_what_was_collected(library, keys, json_lines):
    """Exit code 0; sites that nobody reached say so."""
    keys += [[], ["q"]]
    assert main(["exam", "--device", "steth", "--json"]) == 0
    examination = json_lines()[-1]
    assert [site["reason"] for site in examination["sites"]][1:] == ["not reached"] * 3
    assert not examination["complete"]


def test_settings_are_those_of_listen(library, keys, tmp_path, monkeypatch):
    """`AUSCULT_*` counts: the session is kept without a word, and `--no-session` keeps none."""
    monkeypatch.setenv("AUSCULT_SESSION", "true")
    monkeypatch.setenv("AUSCULT_SESSION_DIR", str(tmp_path / "kept"))
    keys += [[], [], [], ["q"]]
    assert main(["exam", "--device", "steth", "--json", "--no-session"]) == 0
    assert find_sessions(tmp_path / "kept") == []
    keys += [[]] * 30 + [["q"]]
    assert main(["exam", "--device", "steth", "--json"]) == 0
    (session,) = find_sessions(tmp_path / "kept")
    assert session.kind == "exam"
    assert json.loads(session.events_path.read_text().splitlines()[-1])["type"] == "examination"

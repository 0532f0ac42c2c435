"""Nothing in an anonymised session says whose it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.errors import AuscultError
from monitor.messages import RecordingStatus
from monitor.sessions.anonymise import anonymise, without_tags
from monitor.sessions.reader import read_session
from monitor.sessions.session import Session
from tests.monitor.sessions.conftest import FACTS, STARTED

SOUND = np.random.default_rng(1).uniform(-0.5, 0.5, 20_000)
NAME = "JaneDoe"
LINES = [
    {"type": "start", "source": f"/home/{NAME}/{NAME}.wav", "site": None},
    {"type": "recording", "at_s": 0.0, "path": f"/data/2026_{NAME}/sound.flac", "labels": None},
    {"type": "recording", "at_s": 0.0, "path": f"/home/{NAME}.wav", "labels": f"/home/{NAME}.labels.txt"},
    {"type": "mark", "number": 1, "path": f"/data/2026_{NAME}", "sample": 8000},
    {"type": "note", "number": 2, "path": f"/data/2026_{NAME}", "text": f"{NAME} is calm"},
    {"type": "told", "at_s": 1.0, "text": f"/home/{NAME}/{NAME}.wav: the disk is full"},
    {"type": "label", "label": "murmur", "source": "manual"},
    {"type": "summary", "source": f"/home/{NAME}/{NAME}.wav"},
]


@pytest.fixture
def folder(tmp_path):
    """Return a session that names somebody wherever that is possible, tags of the sound included."""
    facts = dataclasses.replace(
        FACTS,
        kind="replay",
        source=f"/home/{NAME}/{NAME}.wav",
        subject=NAME,
        site="AV",
        command=("auscult", "replay", f"/home/{NAME}/{NAME}.wav", "--subject", NAME),
    )
    session = Session(tmp_path, facts, now=lambda: STARTED, clock=lambda: 0.0)
    session.attach(lambda: RecordingStatus(session.sound_path, 5.0, 0, None))
    for line in LINES:
        session.write(json.dumps(line))
    with soundfile.SoundFile(session.sound_path, "w", 4000, 1, "PCM_24", format="FLAC") as file:
        file.title = file.artist = NAME
        file.write(SOUND)
    session.close()
    return session.folder


def everything(parent: Path) -> bytes:
    """Return names and contents of all files."""
    return b"".join(
        str(path.relative_to(parent)).encode() + path.read_bytes() for path in parent.rglob("*") if path.is_file()
    )


def test_the_name_is_nowhere(folder, tmp_path):
    """Folder, description, lines, tags: the name was in all of them, and is in none."""
    assert everything(tmp_path).count(NAME.encode()) > 10
    after = anonymise(folder)
    assert NAME.encode() not in everything(tmp_path)
    assert after.name == "2026-01-02_03-04-05_AV"
    assert not folder.exists()


def test_what_was_found_stays(folder):
    """Sound, samples, marks, labels, site and times are as they were."""
    before = read_session(folder)
    after = read_session(anonymise(folder))
    assert (after.started, after.ended, after.samples, after.site) == (
        before.started, before.ended, before.samples, before.site,
    )  # fmt: skip
    assert [line["type"] for line in after.events().lines] == [line["type"] for line in LINES]
    assert after.events().of("mark")[0]["sample"] == 8000
    assert after.events().of("label")[0] == LINES[6]
    np.testing.assert_allclose(soundfile.read(after.sound_path)[0], SOUND, atol=2**-23)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in after.folder.iterdir() if path.name != "sound.flac")


def test_another_code_and_notes_that_were_read(folder):
    """The new code stands where the old one stood; texts stay where that is asked for."""
    after = read_session(anonymise(folder, subject="P-1", keep_notes=True))
    assert (after.subject, after.folder.name) == ("P-1", "2026-01-02_03-04-05_P-1_AV")
    assert after.events().of("note")[0]["text"] == f"{NAME} is calm"


EDITED = [
    {"type": "start", "source": f"AV=/home/{NAME}.wav, PV=/home/{NAME}_2.wav", "site": None},
    {"type": "label", "start_s": 1.0, "end_s": 2.0, "label": f"{NAME} breathes", "source": "manual"},
    {"type": "label", "start_s": 3.0, "end_s": 4.0, "label": "murmur", "source": "manual"},
    {"type": "edit", "target": {"type": "label", "start_s": 1.0, "label": f"{NAME} breathes"}, "label": f"{NAME} out"},
    {"type": "delete", "target": {"type": "label", "start_s": 1.0, "label": f"{NAME} out"}},
    {"type": "recording", "at_s": 0.0, "path": "sound.flac", "labels": None, "error": f"/data/{NAME} is full"},
    {"type": "told", "at_s": 1.0, "text": f"/mnt/{NAME}/other.wav: heard of {NAME}"},
    {"type": "examination", "source": f"AV=/home/{NAME}.wav", "subject": NAME, "sites": [], "finding": {}},
]


def test_an_examination_of_recordings_that_was_labelled(tmp_path):
    """Its files, its subject, a label in a person's own words and what changed it name nobody; the deletion counts."""
    facts = dataclasses.replace(FACTS, kind="exam", source=EDITED[0]["source"], subject=NAME)
    session = Session(tmp_path, facts, now=lambda: STARTED, clock=lambda: 0.0)
    session.attach(lambda: RecordingStatus(session.sound_path, 5.0, 0, None))
    for line in EDITED:
        session.write(json.dumps(line))
    session.close()
    after = read_session(anonymise(session.folder, subject="S1"))
    assert NAME.encode() not in everything(tmp_path)
    assert [line["type"] for line in after.events().lines] == [line["type"] for line in EDITED]
    assert [line["label"] for line in after.events().edited().of("label")] == ["murmur"]
    assert after.events().of("examination")[0]["subject"] == "S1"


def test_a_damaged_sound_is_told_before_a_note_is_gone(folder):
    """What cannot be anonymised as a whole keeps its lines."""
    (folder / "sound.flac").write_bytes(b"RIFF")
    before = (folder / "events.jsonl").read_bytes()
    with pytest.raises(AuscultError, match="is no FLAC"):
        anonymise(folder)
    assert (folder / "events.jsonl").read_bytes() == before


def test_twice_is_safe(folder):
    """Nothing changes the second time; a name that is taken gets a number."""
    once = anonymise(folder)
    before = everything(once)
    assert anonymise(once) == once
    assert everything(once) == before


def test_files_of_others_are_not_passed_over(folder):
    """A report may name anybody: it is named, and nothing is changed."""
    (folder / "report.html").write_text(NAME)
    before = everything(folder)
    with pytest.raises(AuscultError, match=r"holds other files: report\.html"):
        anonymise(folder)
    assert everything(folder) == before


def test_what_runs_is_left_alone(session):
    """The program that writes it would put the name back."""
    with pytest.raises(AuscultError, match="being written"):
        anonymise(session.folder)


@pytest.mark.parametrize("data", [b"RIFF", b"fLaC", b"fLaC\x00\x00\x00\x22" + bytes(34), b"fLaC\x04\x00\x00\x00"])
def test_what_is_no_flac_is_an_error(tmp_path, data):
    """It is not changed."""
    path = tmp_path / "sound.flac"
    path.write_bytes(data)
    with pytest.raises(AuscultError, match="move it away first"):
        without_tags(path)
    assert path.read_bytes() == data


def test_an_empty_sound_is_left(tmp_path):
    """Nothing was recorded."""
    path = tmp_path / "sound.flac"
    path.write_bytes(b"")
    without_tags(path)
    assert path.read_bytes() == b""

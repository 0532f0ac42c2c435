"""`auscult review`: where it runs and what it opens. Its screen is tested in tests/system/test_review.py."""

from __future__ import annotations

import pytest
import soundfile

from monitor.cli import main
from monitor.commands.review.command import open_session
from tests.monitor.commands.review.conftest import HEART, RATE


def test_without_a_terminal_it_says_what_to_use_instead(folder, capsys):
    """One line, exit code 1, and nothing is opened."""
    assert main(["review", str(folder)]) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "review needs a terminal" in err
    assert "auscult export" in err


def test_a_session_is_opened_as_it_is(folder):
    """With its verdicts, marks and notes; nothing is judged or written."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    timeline, remarks, annotations = open_session(folder)
    assert (timeline.duration_s, len(timeline.windows), remarks) == (90.0, 171, [])
    assert [item.text for item in annotations.items] == ["mark 1", "coughs"]
    assert annotations.read_only == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("kept", [len(HEART) // 2, 0])
def test_a_session_whose_sound_is_damaged(folder, kept):
    """Its verdicts are there; what is missing is said."""
    if kept:
        soundfile.write(folder / "sound.flac", HEART[:kept], RATE, subtype="PCM_24")
    else:
        (folder / "sound.flac").unlink()
    timeline, remarks, _ = open_session(folder)
    assert len(timeline.windows) == 171
    assert timeline.num_samples == (kept or round(90.0 * RATE))
    assert len(remarks) == (0 if kept else 1)

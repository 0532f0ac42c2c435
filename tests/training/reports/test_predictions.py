"""The table of held-out recordings."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training results come with the training extra")

from training.data.recording import Recording
from training.recipes.result import HeldOutScores
from training.reports.predictions import predictions_csv

LABELS = ("normal", "murmur")


def rows_of(*recordings: Recording) -> list[dict[str, str]]:
    """Return the rows of some recordings, of which the first is said to be a murmur and the others normal."""
    scores = np.array([[0.25, 0.75], *[[0.51236, 0.48764]] * (len(recordings) - 1)])
    held_out = HeldOutScores(list(recordings), scores, list(range(1, len(recordings) + 1)))
    return list(csv.DictReader(io.StringIO(predictions_csv(held_out, LABELS))))


def test_a_row_for_each_recording() -> None:
    """File, label, what was predicted, and every score."""
    first, second = rows_of(
        Recording(Path("/home/me/clinic/murmur/a, b.wav"), ("murmur",), "p1", "clinic"),
        Recording(Path("/home/me/clinic/murmur/c.wav"), ("murmur",), "p1", "clinic", start_s=2.0, end_s=7.5),
    )
    assert first == {
        "recording": "murmur/a, b.wav",
        "set": "clinic",
        "start_s": "",
        "end_s": "",
        "label": "murmur",
        "predicted": "murmur",
        "windows": "1",
        "score_normal": "0.2500",
        "score_murmur": "0.7500",
    }
    assert (second["start_s"], second["end_s"], second["predicted"]) == ("2", "7.5", "normal")
    assert second["score_normal"] == "0.5124"


def test_no_subject_of_a_session_is_named() -> None:
    """The name of a session's folder holds the subject, so sessions are numbered; parts of one have one number."""
    folders = [Path(f"/home/me/sessions/2026-01-02_03-04-05_P-{number}") for number in (17, 18)]
    recordings = [
        Recording(folders[0] / "sound.flac", ("normal",), "sessions/P-17", "sessions", start_s=0.0, end_s=4.0),
        Recording(folders[1] / "sound.flac", ("normal",), "sessions/P-18", "sessions", start_s=0.0, end_s=4.0),
        Recording(folders[0] / "sound.flac", ("normal",), "sessions/P-17", "sessions", start_s=5.0, end_s=9.0),
    ]
    rows = rows_of(*recordings)
    assert [row["recording"] for row in rows] == ["sessions/1", "sessions/2", "sessions/1"]
    assert not any("P-1" in value for row in rows for value in row.values())

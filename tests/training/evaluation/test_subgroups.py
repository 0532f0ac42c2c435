"""Recordings apart by noise, length, place and data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from training.data.discovery import discover
from training.data.recording import Recording
from training.evaluation.scoring import ScoredRecording
from training.evaluation.subgroups import site_of, subgroups

EVEN = (0.4, 0.3, 0.3)

MakeScored = Callable[..., ScoredRecording]


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("normal__103_1305031931979_B.wav", "B"),
        ("extrastole__127_1306764300147_C2.wav", "C"),
        ("murmur_noisymurmur_162_1307101835989_B_1.wav", "B"),
        ("36327_AV.flac", "AV"),
        ("50159_MV_1.flac", "MV"),
        ("85119_Phc.flac", "Phc"),
        ("p1_1.wav", None),
        ("heart.wav", None),
        ("visitAV.wav", None),
    ],
)
def test_site_from_the_file_name(name: str, site: str | None) -> None:
    """PASCAL's letters, with or without a number, and CirCor's valves."""
    assert site_of(Recording(Path(name), ("normal",), "p", "s")) == site


def test_a_site_that_is_known() -> None:
    """The site that a data set states goes before the file's name."""
    assert site_of(Recording(Path("sound_MV.flac"), ("normal",), "p", "s", site="AV")) == "AV"


def test_groups(make_scored: MakeScored) -> None:
    """Every recording is in one group of each dimension for which it is known."""
    scored = [
        make_scored("normal", EVEN, name="1_AV.wav", noisy=True, duration_s=4.999, source="x"),
        make_scored("normal", EVEN, name="1_MV.wav", noisy=False, duration_s=5.0, source="x"),
        make_scored("murmur", EVEN, name="other.wav", duration_s=10.0, source="y"),
        make_scored("murmur", EVEN, name="2_AV.wav", duration_s=10.001, source="y"),
    ]
    result = {
        name: {group: rows.tolist() for group, rows in groups.items()} for name, groups in subgroups(scored).items()
    }
    assert result == {
        "signal": {"clean": [1], "noisy": [0]},
        "duration": {"below 5 s": [0], "5 to 10 s": [1, 2], "above 10 s": [3]},
        "site": {"AV": [0, 3], "MV": [1]},
        "data set": {"x": [0, 1], "y": [2, 3]},
    }


def test_durations_are_sorted(make_scored: MakeScored) -> None:
    """Short before long, whatever the order of the recordings."""
    scored = [make_scored("normal", EVEN, duration_s=seconds) for seconds in (30.0, 2.0, 7.0)]
    assert list(subgroups(scored)["duration"]) == ["below 5 s", "5 to 10 s", "above 10 s"]


def test_unknown_dimensions_are_left_out(make_scored: MakeScored) -> None:
    """Without noise and site there are no such groups."""
    assert set(subgroups([make_scored("normal", EVEN)])) == {"duration", "data set"}
    assert subgroups([]) == {}


def test_sites_of_set_b_and_circor(shared_data: Path) -> None:
    """Every site is one of those that the data sets document."""
    set_b = [site_of(one) for one in discover([shared_data / "pascal" / "set_b"])]
    assert set(set_b) == {"A", "B", "C", "D", "E", "F"}
    circor = [site_of(one) for one in discover([shared_data / "circor"])]
    assert set(circor) <= {"AV", "PV", "TV", "MV", "Phc"}

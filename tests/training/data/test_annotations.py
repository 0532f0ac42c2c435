"""What marks of the first heart sound say of a window's rhythm, and how well a score finds it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.data.annotations import (
    ECTOPIC_KINDS,
    REGULAR,
    annotations_beside,
    read_annotations,
    rhythm_kinds,
    rhythm_windows,
)
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.ectopic import AnnotatedWindows, contrasts


def marks_of(onsets: list[float]) -> NDArray[np.float64]:
    """Return marks as CirCor writes them, from the onsets of S1; the last one ends the last beat."""
    rows = []
    for start, end in itertools.pairwise(onsets):
        edges = [start, *(start + share * (end - start) for share in (0.12, 0.4, 0.5)), end]
        rows += [(edges[state - 1], edges[state], state) for state in (1, 2, 3, 4)]
    return np.array(rows, float)


def beats(*intervals: float) -> list[float]:
    """Return onsets from 0 on."""
    return [0.0, *np.cumsum(intervals).tolist()]


@pytest.mark.parametrize(
    ("intervals", "kinds"),
    [
        ((1, 1, 1, 1, 1), {REGULAR}),
        ((1, 1.1, 0.9, 1, 1), {REGULAR}),
        ((1, 0.7, 1.3, 1, 1), {"premature", "premature_strict", "short_interval"}),
        ((1, 0.82, 1.18, 1, 1), {"premature"}),
        ((1, 0.7, 1.0, 1, 1), {"short_interval"}),
        ((1, 1, 1, 1, 0.7), {"short_interval"}),
        ((1, 1.3, 0.84, 1, 1), set()),
        ((1, 0.85, 1.2, 1, 1), set()),
        ((1, 0.84, 1.05, 1, 1), set()),
    ],
)
def test_the_definitions(intervals: tuple[float, ...], kinds: set[str]) -> None:
    """Early and then late, shorter than 0.8, all within a tenth; edges belong to neither kind of early."""
    assert rhythm_kinds(np.array(intervals, float)) == kinds


@given(st.lists(st.floats(0.3, 2.0), min_size=1, max_size=12), st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_only_ratios_count(intervals: list[float], tempo: float) -> None:
    """The same beats at another tempo are of the same kinds; none is regular and premature at once."""
    kinds = rhythm_kinds(np.array(intervals))
    assert not (REGULAR in kinds and kinds & set(ECTOPIC_KINDS))
    assert "premature_strict" not in kinds or {"premature", "short_interval"} <= kinds
    assert rhythm_kinds(np.array(intervals) * tempo) == kinds


def test_windows_begin_every_half_second() -> None:
    """Eight regular seconds hold seven windows, numbered from the beginning."""
    found = rhythm_windows(marks_of(beats(*[0.8] * 10)), 8.0)
    assert [its.index for its in found] == list(range(7))
    assert {its.kinds for its in found} == {frozenset({REGULAR})}


def test_only_windows_that_hold_the_early_beat_are_premature() -> None:
    """Windows that end before the pause behind it is over say nothing of it."""
    found = rhythm_windows(marks_of(beats(*[1.0] * 7, 0.6, 1.4, *[1.0] * 7)), 16.0)
    early = [its.index for its in found if "premature" in its.kinds]
    assert early == list(range(8, 15))  # from 4.0 s, which reaches to the end of the pause at 9.0 s, to 7.0 s
    assert all(REGULAR in its.kinds for its in found if its.index < 6 or its.index > 18)


def test_a_hole_leaves_out_the_windows_that_it_reaches_into() -> None:
    """State 0 for 0.3 s, or no line at all for as long; 0.2 s are no hole."""
    whole = marks_of(beats(*[0.5] * 24))
    for hole in (0.3, 0.2):
        kept = whole[(whole[:, 1] <= 6.0 + 1e-9) | (whole[:, 0] >= 6.0 + hole)]
        cut = np.vstack([kept, [(6.0, 6.0 + hole, 0)]])[np.argsort([*kept[:, 0], 6.0], kind="stable")]
        touching = {its.index for its in rhythm_windows(cut, 12.0)}
        longest = max(cut[cut[:, 0] >= 6.0 + hole][0, 0] - 6.0, hole)
        assert (touching == {0, 1, 2, 13, 14}) == (longest > 0.2)
        assert rhythm_windows(kept, 12.0) == rhythm_windows(cut, 12.0)


def test_unmarked_ends_are_holes() -> None:
    """Windows beyond the first or the last mark are left out."""
    marks = marks_of([2.0 + onset for onset in beats(*[0.5] * 16)])  # from 2 to 10 s
    assert [its.index for its in rhythm_windows(marks, 12.0)] == [4, 5, 6, 7, 8, 9, 10]


def test_too_little_says_nothing() -> None:
    """No marks, a recording shorter than a window, or fewer than three intervals."""
    assert rhythm_windows(np.empty((0, 3)), 20.0) == []
    assert rhythm_windows(marks_of(beats(*[0.8] * 5)), 4.0) == []
    assert rhythm_windows(marks_of(beats(*[2.4] * 4)), 9.6) == []


def test_marks_are_read_in_order(tmp_path: Path) -> None:
    """Whatever the order of the lines; another table, a hole in a column or no file gives no marks."""
    path = tmp_path / "a.tsv"
    path.write_text("0.5\t0.9\t2\n0.4\t0.5\t1\n")
    assert read_annotations(path).tolist() == [[0.4, 0.5, 1.0], [0.5, 0.9, 2.0]]
    for text in ("", "patient\tage\n1\t2\n", "0\t1\n", "0\t1\tnan\n"):
        path.write_text(text)
        assert read_annotations(path).shape == (0, 3)
    assert read_annotations(tmp_path / "none.tsv").shape == (0, 3)


def test_which_recordings_have_marks(tmp_path: Path) -> None:
    """Hearts with a table beside them; no part of a file, and no sound that is no heart."""
    (tmp_path / "a.tsv").write_text("0\t1\t1\n")
    heart = Recording(tmp_path / "a.flac", ("normal",), "p", "clinic")
    assert annotations_beside(heart) == tmp_path / "a.tsv"
    assert annotations_beside(Recording(tmp_path / "b.flac", ("normal",), "p", "clinic")) is None
    assert annotations_beside(Recording(tmp_path / "a.flac", ("normal",), "p", "clinic", start_s=1.0)) is None
    assert annotations_beside(Recording(tmp_path / "a.flac", (NON_CARDIAC,), "p", "clinic")) is None


def test_areas_and_counts() -> None:
    """A score that puts the premature above the regular, but not above the others, says so in both figures."""
    kinds = [frozenset({"premature"})] * 4 + [frozenset({REGULAR})] * 4 + [frozenset[str]()] * 4
    score = np.array([0.6, 0.7, 0.8, 0.9, 0.1, 0.2, 0.3, 0.4, 0.95, 0.96, 0.97, 0.98])
    people = [f"p{number % 4}" for number in range(12)]
    marked = AnnotatedWindows(score, kinds, people, [f"{name}.flac" for name in people])
    found = contrasts(marked, Bootstrap(0, 30))
    assert found["premature"].counts == {"windows": 4, "recordings": 4, "patients": 4}
    assert (found["premature"].against_regular.value, found["premature"].against_all.value) == (1.0, 0.5)
    assert found["premature"].against_all.low == found["premature"].against_all.high == 0.5  # each drawn has all three
    assert np.isnan(found["short_interval"].against_all.value)
    assert marked.counts(marked.of_kind(REGULAR))["windows"] == 4


def test_nothing_marked_gives_no_figure() -> None:
    """No window, no area, no error."""
    empty = AnnotatedWindows(np.empty(0), [], [], [])
    assert all(np.isnan(its.against_all.value) for its in contrasts(empty, Bootstrap(0, 10)).values())
    assert empty.counts() == {"windows": 0, "recordings": 0, "patients": 0}

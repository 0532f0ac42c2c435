"""The rhythm of windows from annotations of S1, and how well a score detects ectopic beats."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.labels import NON_CARDIAC
from training.data.annotations import (
    ECTOPIC_KINDS,
    REGULAR,
    annotations_beside,
    beat_runs,
    read_annotations,
    rhythm_kinds,
    rhythm_windows,
)
from training.data.recording import Recording


def annotations_of(onsets: list[float]) -> NDArray[np.float64]:
    """Return annotations as CirCor writes them, from the onsets of S1; the last one ends the last beat."""
    rows = []
    for start, end in itertools.pairwise(onsets):
        edges = [start, *(start + fraction * (end - start) for fraction in (0.12, 0.4, 0.5)), end]
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
def test_rhythm_kinds_by_hand(intervals: tuple[float, ...], kinds: set[str]) -> None:
    """Short and then long, shorter than 0.8, all within a tenth; the limits themselves are not ectopic."""
    assert rhythm_kinds(np.array(intervals, float)) == kinds


@given(st.lists(st.floats(0.3, 2.0), min_size=1, max_size=12), st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_only_ratios_count(intervals: list[float], rate: float) -> None:
    """The same beats at another rate are of the same kinds; none is regular and ectopic at once."""
    kinds = rhythm_kinds(np.array(intervals))
    assert not (REGULAR in kinds and kinds & set(ECTOPIC_KINDS))
    assert "premature_strict" not in kinds or {"premature", "short_interval"} <= kinds
    assert rhythm_kinds(np.array(intervals) * rate) == kinds


def test_windows_begin_every_half_second() -> None:
    """Eight regular seconds hold seven windows, numbered from the beginning."""
    result = rhythm_windows(annotations_of(beats(*[0.8] * 10)), 8.0)
    assert [window.index for window in result] == list(range(7))
    assert {window.kinds for window in result} == {frozenset({REGULAR})}


def test_only_windows_with_the_ectopic_beat_are_premature() -> None:
    """Windows that end before the pause behind it are not ectopic."""
    result = rhythm_windows(annotations_of(beats(*[1.0] * 7, 0.6, 1.4, *[1.0] * 7)), 16.0)
    ectopic = [window.index for window in result if "premature" in window.kinds]
    assert ectopic == list(range(8, 15))  # from 4.0 s, which reaches to the end of the pause at 9.0 s, to 7.0 s
    assert all(REGULAR in window.kinds for window in result if window.index < 6 or window.index > 18)


def test_windows_that_overlap_a_gap_are_left_out() -> None:
    """State 0 for 0.3 s, or no line at all, is a gap; 0.2 s is none."""
    wgap = annotations_of(beats(*[0.5] * 24))
    for gap in (0.3, 0.2):
        rest = wgap[(wgap[:, 1] <= 6.0 + 1e-9) | (wgap[:, 0] >= 6.0 + gap)]
        cut = np.vstack([rest, [(6.0, 6.0 + gap, 0)]])[np.argsort([*rest[:, 0], 6.0], kind="stable")]
        touching = {window.index for window in rhythm_windows(cut, 12.0)}
        longest = max(cut[cut[:, 0] >= 6.0 + gap][0, 0] - 6.0, gap)
        assert (touching == {0, 1, 2, 13, 14}) == (longest > 0.2)
        assert rhythm_windows(rest, 12.0) == rhythm_windows(cut, 12.0)


def test_unannotated_ends_are_gaps() -> None:
    """Windows beyond the first or the last annotation are left out."""
    annotations = annotations_of([2.0 + onset for onset in beats(*[0.5] * 16)])  # from 2 to 10 s
    assert [window.index for window in rhythm_windows(annotations, 12.0)] == [4, 5, 6, 7, 8, 9, 10]


def test_recordings_without_rhythm_windows() -> None:
    """No annotations, a recording shorter than a window, or fewer than three intervals."""
    assert rhythm_windows(np.empty((0, 3)), 20.0) == []
    assert rhythm_windows(annotations_of(beats(*[0.8] * 5)), 4.0) == []
    assert rhythm_windows(annotations_of(beats(*[2.4] * 4)), 9.6) == []


def test_annotations_are_sorted(tmp_path: Path) -> None:
    """Whatever the order of the lines; another table, a missing value or no file gives none."""
    path = tmp_path / "a.tsv"
    path.write_text("0.5\t0.9\t2\n0.4\t0.5\t1\n")
    assert read_annotations(path).tolist() == [[0.4, 0.5, 1.0], [0.5, 0.9, 2.0]]
    for text in ("", "patient\tage\n1\t2\n", "0\t1\n", "0\t1\tnan\n"):
        path.write_text(text)
        assert read_annotations(path).shape == (0, 3)
    assert read_annotations(tmp_path / "none.tsv").shape == (0, 3)


def test_recordings_with_annotations(tmp_path: Path) -> None:
    """Hearts with a file beside them; no part of a file, and no non-cardiac sound."""
    (tmp_path / "a.tsv").write_text("0\t1\t1\n")
    heart = Recording(tmp_path / "a.flac", ("normal",), "p", "clinic")
    assert annotations_beside(heart) == tmp_path / "a.tsv"
    assert annotations_beside(Recording(tmp_path / "b.flac", ("normal",), "p", "clinic")) is None
    assert annotations_beside(Recording(tmp_path / "a.flac", ("normal",), "p", "clinic", start_s=1.0)) is None
    assert annotations_beside(Recording(tmp_path / "a.flac", (NON_CARDIAC,), "p", "clinic")) is None


def test_runs_of_beats() -> None:
    """A run ends at a gap, and at a beat without its S2; the open last beat belongs to none."""
    first, second = annotations_of(beats(1, 1)), annotations_of(beats(0.5, 0.5, 0.5)) + np.array([3.0, 3.0, 0.0])
    runs = beat_runs(np.concatenate((first, second)), 0.02)
    assert [np.round(run[:, 0], 6).tolist() for run in runs] == [[0.0], [3.0, 3.5]]
    assert runs[0].tolist() == [[0.0, 0.12, 0.4, 0.5, 1.0]]
    without_s2 = np.delete(second, 2, axis=0)
    assert [run[:, 0].tolist() for run in beat_runs(without_s2, 0.02)] == [[3.5]]
    assert beat_runs(np.empty((0, 3)), 0.02) == []

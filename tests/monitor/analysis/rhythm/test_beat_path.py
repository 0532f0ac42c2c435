"""Beats are the likeliest path through peaks: neither faint peaks nor missing ones lead it astray."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.rhythm.beat_path import (
    EARLY_INTERVAL,
    FARTHEST,
    MOST_CLARITY,
    PRICES,
    STEPS,
    Beat,
    BeatPath,
    price,
)

FAR = 1e9


def beats_of(peaks: list[tuple[float, float]], interval: float = 30.0) -> list[Beat]:
    """Return the beats among (position, clarity), all of them settled at the end."""
    path = BeatPath(interval)
    for position, clarity in sorted(peaks):
        path.add(position, clarity)
    return path.settle(FAR)


def positions(peaks: list[tuple[float, float]], interval: float = 30.0) -> list[float]:
    """Return where the beats are."""
    return [beat.position for beat in beats_of(peaks, interval)]


REGULAR = [(30.0 * beat, 1.0) for beat in range(12)]


def test_regular_peaks_are_the_beats() -> None:
    """Every peak of a regular rhythm is a beat, and all but the first are joined to the one before."""
    beats = beats_of(REGULAR)
    assert [beat.position for beat in beats] == [place for place, _ in REGULAR]
    assert [beat.fuse_score for beat in beats] == [False] + [True] * 11


def test_second_sounds_are_passed_over() -> None:
    """Peaks of half the clarity a third of the way to the next beat are no beats."""
    assert positions(REGULAR + [(place + 11.0, 0.5) for place, _ in REGULAR]) == [place for place, _ in REGULAR]


def test_a_missed_beat_leaves_one_long_interval() -> None:
    """Where one beat is not heard, the ones round it are still joined."""
    beats = beats_of(REGULAR[:5] + REGULAR[6:])
    assert [beat.position for beat in beats] == [place for place, _ in REGULAR[:5] + REGULAR[6:]]
    assert all(beat.fuse_score for beat in beats[1:])


@settings(max_examples=60, deadline=None)
@given(st.floats(0.55, 0.8), st.floats(0.8, 1.2), st.floats(0.9, 1.0))
def test_an_early_beat_is_preferred_to_a_faint_peak_at_the_usual_place(
    share: float, clarity: float, both: float
) -> None:
    """An early beat with its pause is on the path, though a faint peak stands where a beat was due."""
    ectopic = 30.0 * (4 + share)
    after = [(30.0 * (2 * both + beat), 1.0) for beat in range(4, 11)]
    found = positions([*REGULAR[:5], (ectopic, clarity), (150.0, 0.35), *after])
    assert ectopic in found
    assert 150.0 not in found


def test_nothing_is_joined_across_a_long_silence() -> None:
    """A beat after more than two and a half intervals of silence follows none."""
    path = BeatPath(30.0)
    for place, clarity in REGULAR:
        path.add(place, clarity)
    path.settle(FAR)
    for place, clarity in REGULAR:
        path.add(place + 11 * 30.0 + (FARTHEST + 0.1) * 30.0, clarity)
    beats = path.settle(FAR)
    assert [beat.fuse_score for beat in beats] == [False] + [True] * 11


def test_what_is_settled_comes_once_and_in_order() -> None:
    """However often it is asked, each beat is returned once."""
    path, found = BeatPath(30.0), list[Beat]()
    for place, clarity in REGULAR:
        path.add(place, clarity)
        found += path.settle(place - 75.0)
    found += path.settle(FAR)
    assert [beat.position for beat in found] == [place for place, _ in REGULAR]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 600.0), st.floats(0.25, 2.0)), unique_by=lambda peak: peak[0]))
def test_any_peaks_give_beats_in_order_and_apart(peaks: list[tuple[float, float]]) -> None:
    """Whatever the peaks, the beats are some of them, in order, no nearer than the shortest interval."""
    beats = beats_of(peaks)
    places = [beat.position for beat in beats]
    assert set(places) <= {place for place, _ in peaks}
    gaps = [second - first for first, second in itertools.pairwise(places)]
    assert all(gap >= EARLY_INTERVAL[0] * 30.0 - 1e-9 for gap in gaps)
    assert all(beat.clarity <= MOST_CLARITY for beat in beats)


def test_many_peaks_are_not_kept() -> None:
    """An hour of peaks leaves no more than two hundred behind."""
    path = BeatPath(30.0)
    for number in range(15_000):
        path.add(10.0 * number, 0.5 + 0.5 * (number % 3 == 0))
        path.settle(10.0 * number - 75.0)
    assert len(path._peaks) <= 200


def test_nothing_is_settled_without_peaks() -> None:
    """No peak, no beat."""
    assert BeatPath(30.0).settle(FAR) == []


def test_peaks_beside_the_beats_are_learnt() -> None:
    """Clear second sounds raise what is usual beside the beats, silence lowers it."""
    loud, silent = BeatPath(30.0), BeatPath(30.0)
    for path, beside in ((loud, 0.9), (silent, 0.0)):
        for beat in range(20):
            path.add(30.0 * beat, 1.0)
            if beside:
                path.add(30.0 * beat + 12.0, beside)
            if beat:
                path.learn_beside(30.0 * (beat - 1), 30.0 * beat)
    assert loud.beside > 0.7
    assert silent.beside < 0.1


def test_the_clearest_between_two_places_is_found() -> None:
    """The ends themselves do not count."""
    path = BeatPath(30.0)
    for place, clarity in ((0.0, 1.2), (10.0, 0.4), (20.0, 0.6), (30.0, 1.1)):
        path.add(place, clarity)
    assert path.highest_between(0.0, 30.0) == pytest.approx(0.6)
    assert path.highest_between(21.0, 29.0) == 0.0


@given(st.floats(0.0, FARTHEST))
def test_the_usual_interval_is_the_cheapest(ratio: float) -> None:
    """No interval is cheaper than the usual one, and the table has every price that is asked for."""
    assert price(ratio) <= price(1.0) == 0.0
    middle = (int(ratio * STEPS) + 0.5) / STEPS
    assert PRICES[int(ratio * STEPS)] == pytest.approx(price(middle))

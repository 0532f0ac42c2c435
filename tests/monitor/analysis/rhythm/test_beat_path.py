"""Beats are the most likely path through peaks, in spite of faint and missing peaks."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis.rhythm.beat_path import (
    COUPLING_RATIO,
    FARTHEST,
    LOG_LIKELIHOODS,
    MAX_CLARITY,
    STEPS,
    Beat,
    BeatPath,
    interval_log_likelihood,
)
from monitor.features.compiled.library import without_library

pytestmark = pytest.mark.usefixtures("front_end")

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
    """Every peak of a regular rhythm is a beat, and all but the first follow the one before."""
    beats = beats_of(REGULAR)
    assert [beat.position for beat in beats] == [position for position, _ in REGULAR]
    assert [beat.follows_previous for beat in beats] == [False] + [True] * 11


def test_second_heart_sounds_are_no_beats() -> None:
    """Peaks of half the clarity a third of the way to the next beat are ignored."""
    assert positions(REGULAR + [(position + 11.0, 0.5) for position, _ in REGULAR]) == [
        position for position, _ in REGULAR
    ]


def test_a_missed_beat_leaves_one_long_interval() -> None:
    """The beat after a missed one still follows the beat before it."""
    beats = beats_of(REGULAR[:5] + REGULAR[6:])
    assert [beat.position for beat in beats] == [position for position, _ in REGULAR[:5] + REGULAR[6:]]
    assert all(beat.follows_previous for beat in beats[1:])


@settings(max_examples=60, deadline=None)
@given(st.floats(0.55, 0.8), st.floats(0.8, 1.2), st.floats(0.9, 1.0))
def test_an_ectopic_beat_is_preferred_to_a_faint_peak_at_the_usual_position(
    coupling: float, clarity: float, both: float
) -> None:
    """An ectopic beat with a pause is on the path, though there is a faint peak where the normal beat was due."""
    ectopic = 30.0 * (4 + coupling)
    after = [(30.0 * (2 * both + beat), 1.0) for beat in range(4, 11)]
    beats = positions([*REGULAR[:5], (ectopic, clarity), (150.0, 0.35), *after])
    assert ectopic in beats
    assert 150.0 not in beats


def test_no_beat_follows_a_long_silence() -> None:
    """A beat after more than two and a half intervals of silence follows none."""
    path = BeatPath(30.0)
    for position, clarity in REGULAR:
        path.add(position, clarity)
    path.settle(FAR)
    for position, clarity in REGULAR:
        path.add(position + 11 * 30.0 + (FARTHEST + 0.1) * 30.0, clarity)
    beats = path.settle(FAR)
    assert [beat.follows_previous for beat in beats] == [False] + [True] * 11


def test_each_beat_is_settled_once_and_in_order() -> None:
    """However often the path is asked, each beat is returned once."""
    path, beats = BeatPath(30.0), list[Beat]()
    for position, clarity in REGULAR:
        path.add(position, clarity)
        beats += path.settle(position - 75.0)
    beats += path.settle(FAR)
    assert [beat.position for beat in beats] == [position for position, _ in REGULAR]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 600.0), st.floats(0.25, 2.0)), unique_by=lambda peak: peak[0]))
def test_any_peaks_give_beats_in_order_and_apart(peaks: list[tuple[float, float]]) -> None:
    """The beats of any peaks are a subset, in order, no nearer than the shortest interval."""
    beats = beats_of(peaks)
    found = [beat.position for beat in beats]
    assert set(found) <= {position for position, _ in peaks}
    intervals = [second - first for first, second in itertools.pairwise(found)]
    assert all(interval >= COUPLING_RATIO[0] * 30.0 - 1e-9 for interval in intervals)
    assert all(beat.clarity <= MAX_CLARITY for beat in beats)


def test_old_peaks_are_dropped() -> None:
    """After an hour no more than two hundred peaks are stored."""
    with without_library():
        path = BeatPath(30.0)
    for index in range(15_000):
        path.add(10.0 * index, 0.5 + 0.5 * (index % 3 == 0))
        path.settle(10.0 * index - 75.0)
    assert len(path._peaks) <= 200


def test_final_beats_are_let_go_of() -> None:
    """After an hour the path behind the newest peak is short: a final beat holds none before it."""
    with without_library():
        path = BeatPath(30.0)
    for index in range(3000):
        path.add(30.0 * index, 1.0)
        path.settle(30.0 * index - 75.0)
    peak, length = path._peaks[-1], 0
    while peak is not None:
        peak, length = peak.previous, length + 1
    assert length <= 5


def test_nothing_is_settled_without_peaks() -> None:
    """No peak, no beat."""
    assert BeatPath(30.0).settle(FAR) == []


def test_the_background_is_learnt() -> None:
    """Clear second heart sounds raise the background, silence lowers it."""
    loud, silent = BeatPath(30.0), BeatPath(30.0)
    for path, clarity in ((loud, 0.9), (silent, 0.0)):
        for beat in range(20):
            path.add(30.0 * beat, 1.0)
            if clarity:
                path.add(30.0 * beat + 12.0, clarity)
            if beat:
                path.update_background(30.0 * (beat - 1), 30.0 * beat)
    assert loud.background > 0.7
    assert silent.background < 0.1


def test_the_clearest_peak_between_two_frames() -> None:
    """The ends themselves do not count."""
    path = BeatPath(30.0)
    for position, clarity in ((0.0, 1.2), (10.0, 0.4), (20.0, 0.6), (30.0, 1.1)):
        path.add(position, clarity)
    assert path.highest_between(0.0, 30.0) == pytest.approx(0.6)
    assert path.highest_between(21.0, 29.0) == 0.0


@given(st.floats(0.0, FARTHEST))
def test_the_usual_interval_is_the_most_likely(ratio: float) -> None:
    """No interval is more likely than the usual one, and the table holds every ratio that is looked up."""
    assert interval_log_likelihood(ratio) <= interval_log_likelihood(1.0) == 0.0
    middle = (int(ratio * STEPS) + 0.5) / STEPS
    assert LOG_LIKELIHOODS[int(ratio * STEPS)] == pytest.approx(interval_log_likelihood(middle))


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(1.08, -1.3 * math.log(2)), (0.84, -1.3 * math.log(5)), (1.59, -5.22), (1.61, -5.30 - 2.0), (2.0, -6.58 - 2.0)],
)
def test_interval_log_likelihood_by_hand(ratio: float, expected: float) -> None:
    """Half the Cauchy peak, to the power 1.3, at 8 % beside the usual interval; from 1.6 on a beat was missed."""
    assert interval_log_likelihood(ratio) == pytest.approx(expected, abs=0.01)


def test_the_background_moves_by_a_tenth() -> None:
    """From 0.4 a peak of 0.9 between two beats moves it to 0.45; peaks within three frames of a beat do not count."""
    path = BeatPath(30.0)
    assert path.background == pytest.approx(0.4)
    for position, clarity in ((0.0, 1.0), (2.9, 1.2), (12.0, 0.9), (27.1, 1.2), (30.0, 1.0)):
        path.add(position, clarity)
    path.update_background(0.0, 30.0)
    assert path.background == pytest.approx(0.45)


@pytest.mark.parametrize(("position", "counts"), [(3.1, True), (26.9, True), (2.9, False), (27.1, False)])
def test_what_lies_between_two_beats(position: float, counts: bool) -> None:
    """Three frames from each beat on."""
    path = BeatPath(30.0)
    for at, clarity in sorted([(0.0, 1.0), (position, 0.9), (30.0, 1.0)]):
        path.add(at, clarity)
    path.update_background(0.0, 30.0)
    assert path.background == pytest.approx(0.45 if counts else 0.36)


@pytest.mark.parametrize(("interval", "follows"), [(71.9, True), (72.1, False)])
def test_the_farthest_beat_that_another_follows(interval: float, follows: bool) -> None:
    """2.4 usual intervals; a beat that follows none is less likely than any within them."""
    beats = beats_of([*REGULAR, (330.0 + interval, 1.0)])
    assert beats[-1].position == 330.0 + interval
    assert beats[-1].follows_previous == follows


@pytest.mark.parametrize(("clarity", "found"), [(0.72, True), (0.68, False)])
def test_a_beat_must_be_clearer_than_the_threshold(clarity: float, found: bool) -> None:
    """With peaks of 0.4 beside the beats it is 0.7: a peak below it at the end of the path makes it less likely."""
    assert (150.0 in positions([(30.0 * beat, 1.0) for beat in range(5)] + [(150.0, clarity)])) == found


def test_the_threshold_is_half_way_between_the_background_and_a_beat() -> None:
    """With peaks of 0.9 beside the beats a clarity of 0.94 is not enough; without any, 0.56 is."""
    for background, clarity, found in ((0.9, 0.94, False), (0.9, 0.96, True), (0.0, 0.56, True), (0.0, 0.54, False)):
        path = BeatPath(30.0)
        path.background = background
        for beat in range(5):
            path.add(30.0 * beat, 1.2)
        path.add(150.0, clarity)
        assert (path.settle(FAR)[-1].position == 150.0) == found


def test_the_end_of_the_path_is_recent() -> None:
    """After clear beats, faint peaks for 1.6 intervals leave the end at the last clear one, and longer ones do not."""
    path = BeatPath(30.0)
    for beat in range(5):
        path.add(30.0 * beat, 1.0)
    path.add(120.0 + 47.0, 0.3)
    assert path.settle(FAR)[-1].position == 120.0
    path = BeatPath(30.0)
    for beat in range(5):
        path.add(30.0 * beat, 1.0)
    path.add(120.0 + 49.0, 0.3)
    assert path.settle(FAR)[-1].position == 169.0


def test_a_beat_at_the_limit_is_final() -> None:
    """Beats up to the frame itself are settled, later ones are not, and come the next time, following them."""
    path = BeatPath(30.0)
    for beat in range(6):
        path.add(30.0 * beat, 1.0)
    assert [beat.position for beat in path.settle(60.0)] == [0.0, 30.0, 60.0]
    rest = path.settle(FAR)
    assert [beat.position for beat in rest] == [90.0, 120.0, 150.0]
    assert all(beat.follows_previous for beat in rest)


@pytest.mark.parametrize(
    ("coupling", "both", "found"),
    [
        (0.46, 1.6, True),
        (0.44, 1.6, False),  # too early to be a beat
        (0.86, 2.0, True),
        (0.7, 1.65, True),
        (0.7, 2.05, True),
    ],
)
def test_intervals_of_an_ectopic_beat(coupling: float, both: float, found: bool) -> None:
    """Coupling from 0.45, both intervals together from 1.5, among regular beats, with no peak where a beat was due."""
    before = [(30.0 * beat, 1.0) for beat in range(6)]
    after = [(150.0 + 30.0 * (both + beat), 1.0) for beat in range(6)]
    assert (150.0 + 30.0 * coupling in positions([*before, (150.0 + 30.0 * coupling, 0.9), *after])) == found


def test_the_clearest_of_two_early_peaks_is_the_ectopic_beat() -> None:
    """Whichever comes first."""
    before = [(30.0 * beat, 1.0) for beat in range(6)]
    after = [(210.0 + 30.0 * beat, 1.0) for beat in range(6)]
    for first, second in ((0.8, 0.95), (0.95, 0.8)):
        found = positions([*before, (168.0, first), (173.0, second), *after])
        assert (168.0 in found, 173.0 in found) == (first > second, second > first)


@pytest.mark.parametrize(
    ("both", "due", "ectopic"), [(2.0, 0.5, True), (2.0, 0.6, False), (2.12, 0.55, True), (2.12, 0.65, False)]
)
def test_an_early_peak_against_one_where_the_beat_was_due(both: float, due: float, ectopic: bool) -> None:
    """An early peak of 0.9 costs 3 more than its clarity gives, or 4 where both intervals together are unusual."""
    before = [(30.0 * beat, 1.0) for beat in range(6)]
    after = [(150.0 + 30.0 * (both + beat), 1.0) for beat in range(6)]
    found = positions([*before, (171.0, 0.9), (180.0, due), *after])
    assert (171.0 in found, 180.0 in found) == (ectopic, not ectopic)

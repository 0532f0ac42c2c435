"""Which sound counts for which site, and what is kept of each."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.commands.exam.progress import NOT_REACHED, Progress
from monitor.messages import Verdict


@pytest.fixture
def progress(decision):
    """Return an examination of two sites, 10 s each."""
    return Progress(("AV", "MV"), 10.0, decision)


def test_ten_seconds_are_the_sound_inside_windows(progress, window):
    """Windows of 5 s every half second: eleven of them cover 10 s."""
    progress.arrive(0.0)
    for index in range(10):
        progress.window(window(index / 2))
    assert (progress.judged_s, progress.enough) == (9.5, False)
    progress.window(window(5.0))
    assert (progress.judged_s, progress.enough) == (10.0, True)


def test_withheld_windows_do_not_count(progress, window):
    """Only sound that was judged; what lies between two stretches of it is not."""
    progress.arrive(0.0)
    for start_s, state in ((0.0, "verdict"), (0.5, "poor-signal"), (6.0, "uncertain"), (6.5, "no-signal")):
        progress.window(window(start_s, state))
    assert progress.judged_s == 10.0


def test_a_looped_clip_does_not_count(progress, window):
    """Its 5 s are fewer seconds of sound, heard again."""
    progress.arrive(0.0)
    progress.window(dataclasses.replace(window(0.0), short=True))
    assert progress.judged_s == 0.0


def test_nothing_counts_before_the_chest_piece_arrived(progress, window):
    """Nor a window that began before."""
    progress.window(window(0.0))
    progress.arrive(3.0)
    progress.window(window(2.5))
    assert progress.judged_s == 0.0
    progress.window(window(3.0))
    assert progress.judged_s == 5.0


def test_the_result_of_a_site(progress, window):
    """Mean scores, judged seconds, median rate, and where it was heard."""
    progress.arrive(2.0)
    for index in range(11):
        progress.window(window(2.0 + index / 2, murmur=0.2 if index % 2 else 0.1, bpm=70.0 + index))
    progress.leave(13.0)
    result = progress.done["AV"]
    assert (result.verdict.label, result.verdict.confidence) == ("normal", pytest.approx((6 * 0.9 + 5 * 0.8) / 11))
    assert (result.judged_s, result.windows, result.heart_rate_bpm) == (10.0, 11, 75.0)
    assert (result.start_s, result.end_s, result.reason) == (2.0, 12.0, None)
    assert (progress.site, progress.arrived, progress.asked_s) == ("MV", False, 13.0)


def test_a_murmur_of_a_site_is_described(progress, window):
    """How loud it is, over the windows that count, and where it lies in most of those that name it."""
    progress.arrive(0.0)
    for index, (timing, loud) in enumerate([("systolic", 0.9), ("systolic", 0.8), (None, 0.1), ("diastolic", 0.1)]):
        event = window(index / 2, murmur=0.9)
        verdict = dataclasses.replace(event.verdict, murmur_timing=timing)
        progress.window(dataclasses.replace(event, verdict=verdict, loud=loud))
    heard = progress.results(7.0)[0].verdict
    assert (heard.label, heard.loudness, heard.murmur_timing) == ("murmur", "soft", None)  # 2 of 4 are not most
    event = window(2.0, murmur=0.9)
    verdict = dataclasses.replace(event.verdict, murmur_timing="systolic")
    progress.window(dataclasses.replace(event, verdict=verdict, loud=0.95))
    heard = progress.results(8.0)[0].verdict
    assert (heard.loudness, heard.murmur_timing) == ("loud", "systolic")
    assert progress.results(8.0)[1].verdict is None


def test_a_normal_site_has_no_murmur_to_describe(progress, window):
    """Whatever its windows would say of one."""
    progress.arrive(0.0)
    progress.window(dataclasses.replace(window(0.0, murmur=0.1), loud=0.9))
    heard = progress.results(5.0)[0].verdict
    assert (heard.label, heard.loudness, heard.murmur_timing) == ("normal", None, None)


def test_a_site_with_holes_is_judged(progress, window):
    """Stretches of usable sound add up, although the rolling verdict begins again after each hole."""
    progress.arrive(0.0)
    for start_s in (0.0, 20.0):
        event = window(start_s)
        progress.window(dataclasses.replace(event, rolling=Verdict("poor-signal")))
    progress.leave(26.0)
    result = progress.done["AV"]
    assert (result.verdict.label, result.judged_s, result.reason) == ("normal", 10.0, None)


def test_too_few_rates_give_none(progress, window):
    """One of five windows."""
    progress.arrive(0.0)
    for index in range(5):
        progress.window(window(index / 2, bpm=70.0 if index == 2 else None))
    assert progress.results(8.0)[0].heart_rate_bpm is None


def test_enough_is_enough(progress, window):
    """Windows beyond what was asked for change nothing, however late a site is left."""
    progress.arrive(0.0)
    for index in range(30):
        progress.window(window(index / 2, murmur=0.1 if index < 11 else 0.9))
    progress.leave(20.0)
    assert progress.done["AV"].windows == 11
    assert progress.done["AV"].verdict.label == "normal"


def test_a_site_that_is_skipped_is_not_judged(progress, window):
    """It says why, and how much there was."""
    progress.arrive(0.0)
    progress.window(window(0.0, "poor-signal"))
    progress.leave(8.0, "skipped")
    result = progress.done["AV"]
    assert (result.verdict, result.heart_rate_bpm, result.reason) == (None, None, "skipped after 0.0 of 10 s")
    assert (result.start_s, result.end_s) == (0.0, 8.0)


def test_a_site_with_less_sound_is_judged_on_that(progress, window):
    """And says so."""
    progress.arrive(0.0)
    progress.window(window(0.0))
    progress.leave(6.0, "skipped")
    assert progress.done["AV"].verdict.label == "normal"
    assert progress.done["AV"].reason == "skipped after 5.0 of 10 s"


def test_back_forgets_the_site_before(progress, window):
    """It is examined again, from nothing."""
    progress.arrive(0.0)
    progress.window(window(0.0))
    progress.leave(6.0)
    progress.back(7.0)
    assert (progress.site, progress.arrived, progress.judged_s, progress.done) == ("AV", False, 0.0, {})
    progress.back(8.0)  # there is none before the first
    assert progress.site == "AV"


def test_back_from_the_end(progress):
    """The last site again."""
    progress.leave(1.0, "skipped")
    progress.leave(2.0, "skipped")
    assert progress.site is None
    progress.back(3.0)
    assert progress.site == "MV"


def test_arriving_again_starts_from_nothing(progress, window):
    """What was collected is forgotten."""
    progress.arrive(0.0)
    progress.window(window(0.0))
    progress.arrive(6.0)
    assert progress.judged_s == 0.0


def test_the_results_of_an_examination_that_is_ended(progress, window):
    """What was collected is kept; a site that nobody reached is not judged."""
    progress.arrive(0.0)
    progress.window(window(0.0))
    first, second = progress.results(7.0)
    assert (first.site, first.verdict.label, first.reason) == ("AV", "normal", "ended after 5.0 of 10 s")
    assert (second.site, second.verdict, second.start_s, second.reason) == ("MV", None, None, NOT_REACHED)
    assert progress.site == "AV"  # asking changes nothing


@pytest.mark.parametrize(("sites", "good_s"), [((), 10.0), (("AV", "AV"), 10.0), (("AV",), 0.0)])
def test_what_cannot_be_examined_is_refused(sites, good_s, decision):
    """No site, one twice, or nothing to collect."""
    with pytest.raises(ValueError, match="must"):
        Progress(sites, good_s, decision)

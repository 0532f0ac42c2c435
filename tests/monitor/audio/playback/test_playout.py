"""The reserve before an output: underruns, the fades around them, and keeping up."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.playback.playout import MAX_RESERVE_S, Playout


def sine(start, samples, hz=50, sample_rate=1000):
    """Return a piece of a sine."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(start, start + samples) / sample_rate)).astype(np.float32)


def started(reserve_s=0.02, sample_rate=1000):
    """Return a reserve that plays."""
    playout = Playout(sample_rate, reserve_s)
    playout.push(sine(0, round(reserve_s * sample_rate)))
    return playout


def test_it_waits_until_the_reserve_is_full():
    """Silence comes until the reserve is full, and is no underrun."""
    playout = Playout(1000, 0.02)
    playout.push(sine(0, 10))
    assert not playout.pull(10).any()
    playout.push(sine(10, 10))
    assert playout.pull(10).any()
    assert (playout.underruns, playout.taken, playout.waiting) == (0, 10, 10)


def test_what_comes_in_time_leaves_unchanged():
    """After the first 5 ms every sample leaves once, in order, as long as half of the reserve is needed."""
    playout = started()
    out = [playout.pull(10)]
    for start in range(20, 2010, 10):
        playout.push(sine(start, 10))
        out.append(playout.pull(10))
    assert np.array_equal(np.concatenate(out)[5:], sine(0, 2000)[5:])
    assert (playout.underruns, playout.skipped) == (0, 0)


def test_an_underrun_is_counted_once_and_lengthens_the_reserve():
    """The sound fades out, silence follows until the reserve, 10 ms longer now, is full."""
    playout = started()
    first = np.concatenate((playout.pull(10), playout.pull(20)))
    assert playout.underruns == 1
    assert np.abs(np.diff(first[5:])).max() < 0.4
    assert not first[26:].any()
    assert not playout.pull(10).any()
    assert playout.underruns == 1
    assert playout.reserve_s == pytest.approx(0.03)
    playout.push(sine(0, 29))
    assert not playout.pull(10).any()
    playout.push(sine(29, 1))
    assert playout.pull(10).any()


def test_the_reserve_has_a_limit():
    """However many underruns, it is 0.2 s at most."""
    playout = started()
    for _ in range(50):
        playout.push(np.ones(300, np.float32))
        playout.pull(200)
        playout.pull(200)
    assert playout.reserve_s == MAX_RESERVE_S


def test_a_pause_is_no_underrun():
    """What waits is played to its end; the next sound begins with a full reserve again."""
    playout = started()
    playout.idle()
    assert playout.pull(10).any()
    assert playout.pull(20)[:10].any()
    assert playout.underruns == 0
    playout.push(sine(0, 5))
    assert not playout.pull(5).any()


def test_the_last_samples_are_played_even_below_the_reserve():
    """At the end a rest shorter than the reserve is played."""
    playout = Playout(1000, 0.02)
    playout.push(sine(0, 8))
    playout.idle()
    assert playout.pull(20).any()
    assert (playout.waiting, playout.underruns) == (0, 0)


def test_a_reserve_that_stays_too_long_is_shortened_without_a_click():
    """When the output is slower than the input, samples are left out by cross-fades; the delay stays bounded."""
    playout = started()
    out, start, longest = [], 20, 0
    for turn in range(1000):
        samples = 11 if turn % 10 == 0 else 10  # 1 % too many
        playout.push(sine(start, samples, hz=5))
        start += samples
        out.append(playout.pull(10))
        longest = max(longest, playout.waiting)
    assert playout.skipped > 50
    assert longest <= 45
    assert playout.taken + playout.waiting == start
    assert np.abs(np.diff(np.concatenate(out)[100:])).max() < 0.2  # 0.016 of the sine, and the fade's


def test_a_reserve_that_is_not_needed_is_given_up():
    """After a second in which blocks came evenly a third of the reserve is left, and nothing more is left out."""
    playout = started(reserve_s=0.03)
    for start in range(30, 3030, 10):
        playout.push(sine(start, 10))
        playout.pull(10)
    assert (playout.waiting, playout.skipped, playout.underruns) == (10, 20, 0)


def test_of_a_recording_nothing_is_left_out():
    """However even the blocks are, or late the output: every sample is played. Only seconds that wait are shortened."""
    playout = Playout(1000, reserve_s=0.02, live=False)
    sound = sine(0, 3500)
    playout.push(sound[:500])
    heard = [playout.pull(10)]
    for start in range(500, 3500, 10):
        playout.push(sound[start : start + 10])
        heard.append(playout.pull(10))
    assert playout.skipped == 0
    assert np.array_equal(np.concatenate(heard)[10:], sound[10:3010])
    playout.push(sine(0, 2500))
    playout.push(sine(0, 10))
    assert playout.waiting == 20


def test_a_burst_is_shortened_at_once():
    """What comes after a long hold-up does not delay the sound for seconds."""
    playout = started()
    playout.pull(10)
    for _ in range(20):
        playout.push(sine(0, 50))
    assert playout.waiting <= 5 * 20 + 50


@pytest.mark.parametrize("samples", [0, 1, 7])
def test_it_returns_as_many_as_were_asked(samples):
    """Whatever waits, the device gets its samples."""
    playout = started()
    for _ in range(10):
        assert len(playout.pull(samples)) == samples


def test_nothing_pushed_changes_nothing():
    """An empty block ends no pause."""
    playout = started()
    playout.idle()
    playout.push(np.zeros(0, np.float32))
    playout.pull(15)
    playout.pull(15)
    assert playout.underruns == 0

"""`auscult review` by ear: what comes out of the headphones is the session's sound at the cursor."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.features.resample import resampled
from tests.monitor.commands.review.conftest import HEART, folder
from tests.monitor.commands.review.conftest import RATE as SESSION_RATE
from tests.system.live.conftest import wait_until
from tests.system.live.lab import RATE, likeness
from tests.system.test_terminal import Terminal

__all__ = ["folder"]  # a fixture

SAME = 0.99
"""Correlation from which two stretches of sound are the same one."""
DRAWN = """
import sys, time
from monitor.cli import main
from monitor.dashboard.terminal import Screen

draw, show, told = Screen._draw, Screen.show, open(sys.argv.pop(1), "w")

def shown(self, *values):
    self._given_s = time.monotonic()
    return show(self, *values)

def drawn(self, canvas):
    draw(self, canvas)
    snapshot, state = self._waiting
    now_s = time.monotonic()
    values = now_s, state.timeline.at_s, *(state.timeline.selection or (-1.0, -1.0))
    print(*values, snapshot.playback and snapshot.playback.state, now_s - self._given_s, file=told, flush=True)

Screen._draw, Screen.show = drawn, shown
sys.exit(main())
"""
"""Runs the program; writes for every screen the clock, the cursor and the stretch, in seconds; the output's state; and
the seconds since it was given to be drawn."""


class Reviewing:
    """`auscult review` of a session on a terminal."""

    def __init__(self, lab, folder, *arguments):
        self._told = lab.folder / "drawn.txt"
        self._told.touch()
        words = (str(self._told), "review", str(folder), *arguments)
        self.program = Terminal(words, 120, 40, program=DRAWN, **lab.stethoscope.environment)
        self.program.read_until(b"not for diagnosis")

    def type(self, keys):
        """Press keys."""
        self.program.type(keys)

    def screens(self):
        """Return clock, cursor, and beginning and end of the stretch of each screen so far, (screens, 4)."""
        return np.array([line.split()[:4] for line in self._lines()], float)

    def cursors(self, from_s, to_s):
        """Return the cursor between two times, a tenth of a second apart, and how late a screen is at best.

        A computer that is busy elsewhere draws late, and no test can tell that from a cursor that is wrong. So each
        comes with the clock at which it was given to be drawn, (cursors, 2); what drawing takes is known from the
        screens that were not held up.
        """
        screens, late_s = self.screens(), np.array([float(line.split()[5]) for line in self._lines()])
        chosen = np.searchsorted(screens[:, 1], np.arange(from_s, to_s, 0.1))
        given = np.stack((screens[chosen, 0] - late_s[chosen], screens[chosen, 1]), axis=1)
        return given, float(np.percentile(late_s[chosen], 10))

    def until(self, cursor_s, timeout_s=30.0):
        """Wait until the cursor has reached a time while the sound plays."""
        wait_until(
            lambda: self.state() == "playing" and self.screens()[-1, 1] >= cursor_s,
            timeout_s,
            f"a cursor at {cursor_s:g} s",
        )

    def state(self):
        """Return the state of the output on the newest screen."""
        self.program._read()
        return [line.split()[4] for line in self._lines()][-1]

    def looped(self):
        """Return how often the cursor has gone back."""
        self.program._read()
        return int((np.diff(self.screens()[:, 1]) < -0.3).sum())  # less is what the cursor is put right by

    def quit(self):
        """Leave it; return the exit code."""
        self.type(b"q")
        return self.program.read_to_end()

    def _lines(self):
        """Return what was written, in whole lines."""
        return [line for line in self._told.read_text().splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def reviewing(lab, folder):
    """Return a function that starts a review."""
    started = []

    def start(*arguments):
        started.append(Reviewing(lab, folder, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.program.close()


@pytest.fixture(scope="module")
def session():
    """Return the session's sound at the rate of the headphones, in which a place is found to a fraction of a sample."""
    return resampled(HEART.astype(np.float32), SESSION_RATE, RATE).astype(np.float64)


def place_of(part, session, near_s):
    """Return where a part of what was heard is in the session, seconds, and the likeness.

    It is looked for within 2 s of ``near_s``, since the session repeats itself after 30 s.
    """
    first = max(0, round((near_s - 2.0) * RATE))
    found = likeness(session[first : first + 4 * RATE + len(part)], part)
    return (first + int(found.argmax())) / RATE, float(found.max())


def part_of(heard, begin_s, length_s=0.5):
    """Return a part of what was heard."""
    return heard[round(begin_s * RATE) : round((begin_s + length_s) * RATE)]


def test_what_is_heard_is_the_session_at_the_cursor(lab, reviewing, session, record_testsuite_property):
    """From the place gone to: the session, nothing left out; within 50 ms of the cursor at four of five moments."""
    recording = lab.record()
    review = reviewing("--play-device", "earphones")
    review.type(b"g33\r ")
    review.until(37.5)
    assert review.quit() == 0
    _, heard = recording.end()
    shown, late_s = review.cursors(34.0, 37.0)
    begins_s = shown[:, 0] - recording.began_s
    assert begins_s.min() > 0, (begins_s, recording.began_s, len(heard) / RATE)
    assert begins_s.max() + 0.5 < len(heard) / RATE, (begins_s, recording.began_s, len(heard) / RATE)
    places = [
        place_of(part_of(heard, begin_s), session, at_s) for begin_s, at_s in zip(begins_s, shown[:, 1], strict=True)
    ]
    places_s, likenesses = np.array(places).T
    offsets_ms = 1000 * (shown[:, 1] - places_s)
    told = f"{offsets_ms.min():.0f} to {offsets_ms.max():.0f} ms"
    record_testsuite_property("cursor_minus_heard", told)
    print(f"cursor minus heard: {told}; likeness {likenesses.min():.4f} or more")
    assert likenesses.min() > SAME
    assert np.percentile(np.abs(offsets_ms), 80) + 1000 * late_s < 50
    assert np.ptp(places_s - begins_s) < 0.002  # one stretch of sound, without a sample too many or too few
    began_s = np.flatnonzero(np.abs(heard) > 1e-3)[0] / RATE
    assert began_s + (places_s - begins_s)[0] == pytest.approx(33.0, abs=0.1)


def bursts(folder):
    """Put tones of 150 Hz into a session, from 60 s on one of 0.4 s in every second."""
    sound = np.zeros(90 * SESSION_RATE)
    times = np.arange(len(sound)) / SESSION_RATE
    sound[(times >= 60) & (times % 1.0 < 0.4)] = 0.5
    soundfile.write(folder / "sound.flac", sound * np.sin(2 * np.pi * 150 * times), SESSION_RATE, subtype="PCM_24")


def test_at_half_speed_the_pitch_stays(lab, reviewing, folder):
    """Tones of 150 Hz, 0.4 s long and 1 s apart, are still of 150 Hz, 0.8 s long and 2 s apart."""
    bursts(folder)
    recording = lab.record()
    review = reviewing("--play-device", "earphones")
    review.type(b"hg60.5\r ")
    review.until(64.0)
    assert review.quit() == 0
    _, heard = recording.end()
    envelope = np.convolve(heard**2, np.hanning(RATE // 20), "same")
    padded = np.concatenate(([False], envelope > envelope.max() / 4, [False]))
    edges = np.flatnonzero(np.diff(padded.astype(int))).reshape(-1, 2)  # (bursts, 2)
    starts, ends = edges[:3].T
    assert (ends - starts) / RATE == pytest.approx(0.8, abs=0.06)
    assert np.diff(starts) / RATE == pytest.approx(2.0, abs=0.02)
    for start in starts:
        middle = heard[start + RATE // 5 : start + 3 * RATE // 5]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * RATE))
        assert spectrum.argmax() / 8 == pytest.approx(150, abs=2)


def test_a_stretch_is_repeated_without_a_seam(lab, reviewing, session):
    """Each time from its first to its last sample; the next time begins within a millisecond."""
    recording = lab.record()
    review = reviewing("--play-device", "earphones")
    review.type(b"g40.2\r[g41.5\r]o")
    repeats(review, recording, session, 4)


def test_a_heart_cycle_is_repeated_without_a_seam(lab, reviewing, session):
    """`c` plays the cycle around the cursor again and again."""
    recording = lab.record()
    review = reviewing("--play-device", "earphones")
    review.type(b"g50\rc")
    start_s, end_s = repeats(review, recording, session, 5)
    assert start_s <= 50.0 < end_s
    assert 60 / (end_s - start_s) == pytest.approx(72, abs=10)


def repeats(review, recording, session, times):
    """Listen to a stretch that is repeated; check what is heard, and return its beginning and end, seconds."""
    wait_until(lambda: review.looped() >= times, 30, f"{times} repetitions")
    assert review.quit() == 0
    _, heard = recording.end()
    start_s, end_s = review.screens()[-1, 2:]
    stretch = part_of(session, start_s, end_s - start_s)
    period = len(stretch) + RATE // SESSION_RATE  # with the sample that marks the seam
    same = likeness(heard, stretch)
    close = np.flatnonzero(same > SAME)
    groups = np.split(close, np.flatnonzero(np.diff(close) > RATE // 20) + 1)
    begins = np.array([group[same[group].argmax()] for group in groups])
    print(f"a stretch of {len(stretch) / RATE:.4f} s begins again after {np.diff(begins) / RATE} s")
    seamless = np.abs(np.diff(begins) - period) <= RATE // 1000
    assert seamless.sum() >= 2  # a machine that is busy elsewhere may interrupt one of them
    return start_s, end_s


def test_an_output_that_is_unplugged_comes_back(lab, reviewing, session):
    """In mid-play: it is told, the cursor goes on, and the sound returns at the cursor."""
    lab.connect_wireless()
    review = reviewing("--play-device", "wireless")
    review.type(b"g33\r ")
    review.until(34.0)
    lab.wireless.unplug()
    wait_until(lambda: review.state() == "failed", 10, "a word of the loss")
    gone_s = review.screens()[-1, 1]
    lab.wireless.plug_in(RATE)
    recording = lab.record_wireless()
    wait_until(lambda: review.state() == "playing", 20, "the output's return")
    again_s = review.screens()[-1, 1]
    review.until(again_s + 3.0)
    assert review.quit() == 0
    assert b"looking for it" in review.program.seen
    (heard,) = recording.end()
    assert again_s > gone_s + 0.5
    offsets_s = []
    cursors, late_s = review.cursors(again_s + 1.5, again_s + 2.5)
    for clock_s, at_s in cursors:
        place_s, same = place_of(part_of(heard, clock_s - recording.began_s), session, at_s)
        assert same > SAME
        offsets_s.append(at_s - place_s)
    assert np.percentile(np.abs(offsets_s), 80) + late_s < 0.05, (offsets_s, late_s)

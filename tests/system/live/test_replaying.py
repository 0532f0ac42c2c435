"""`auscult replay --play` by ear: seeking, pausing, the end, and playing again."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile

from monitor.features.resample import resampled
from tests.monitor.sessions.conftest import check_folder
from tests.system.live.conftest import wait_until
from tests.system.live.lab import RATE, likeness
from tests.system.test_terminal import Terminal

FILE_RATE = 4000
PART_S = 0.2
SAME = 0.98
RIGHT = b"\x1b[C"


def noise(seconds):
    """Return noise up to 400 Hz: each place of it is found again."""
    white = np.random.default_rng(3).standard_normal(seconds * FILE_RATE)
    spectrum = np.fft.rfft(white)
    spectrum[400 * seconds :] = 0.0
    sound = np.fft.irfft(spectrum)
    return 0.5 * sound / np.abs(sound).max()


class Heard:
    """What came out of the headphones, in parts of a fifth of a second.

    Attributes
    ----------
    times_s, places_s : ndarray, shape (parts,)
        When a part was heard, and where in the file it is, of those that are one part of the file.
    mixed : int
        Parts with sound that are none: those at a jump, or at the edge of a pause.
    """

    def __init__(self, heard, played):
        sound = resampled(heard.astype(np.float32), RATE, FILE_RATE).astype(np.float64)
        size = round(PART_S * FILE_RATE)
        found, self.mixed = [], 0
        for start in range(0, len(sound) - size, size):
            part = sound[start : start + size]
            if np.abs(part).max() > 0.01:
                same = likeness(played, part)
                if same.max() > SAME:
                    found.append((start / FILE_RATE, same.argmax() / FILE_RATE))
                else:
                    self.mixed += 1
        self.times_s, self.places_s = np.array(found).T

    def runs(self):
        """Return the place at which the sound of each uninterrupted run begins and ends, (runs, 2)."""
        shifts = self.places_s - self.times_s
        breaks = np.flatnonzero(np.abs(np.diff(shifts)) > 0.01) + 1
        return np.array([(part[0], part[-1] + PART_S) for part in np.split(self.places_s, breaks)])


@pytest.fixture
def replaying(lab, tmp_path):
    """Return a function that replays so many seconds of noise on a terminal, with headphones; and the noise."""
    started = []

    def start(seconds, *arguments):
        played = noise(seconds)
        soundfile.write(tmp_path / "noise.wav", played, FILE_RATE, "PCM_16")
        words = ("replay", str(tmp_path / "noise.wav"), "--play-device", "earphones", *map(str, arguments))
        started.append(Terminal(words, 120, 40, **lab.stethoscope.environment))
        return started[-1], played

    yield start
    for one in started:
        one.close()


def test_what_leads_to_the_target_of_a_seek_is_not_heard(lab, replaying, tmp_path):
    """The sound goes on at the target at once; a session of the run is whole."""
    recording = lab.record()
    program, played = replaying(40, "--session", "--session-dir", tmp_path / "kept")
    program.read_until(b" 0:03.")
    program.type(RIGHT * 4)
    program.read_until(b" 0:26.")
    program.type(b"q")
    assert program.read_to_end() == 0
    _, sound = recording.end()
    heard = Heard(sound, played)
    print(heard.runs(), heard.mixed)
    (begin_s, left_s), (target_s, end_s) = heard.runs()
    assert begin_s < 0.3
    assert 2.5 < left_s < 4.5
    assert target_s - left_s == pytest.approx(20.0, abs=0.7)
    assert end_s > 25.5
    assert heard.mixed <= 3
    (folder,) = (tmp_path / "kept").iterdir()
    values, _ = check_folder(folder)
    kept, _ = soundfile.read(folder / "sound.flac")
    assert (values["samples"], values["lost_samples"]) == (len(kept), 1)  # the jump
    assert likeness(played, kept[:FILE_RATE])[0] > SAME
    assert likeness(played, kept[-FILE_RATE:]).argmax() / FILE_RATE == pytest.approx(end_s - 1.0, abs=0.6)


def test_a_pause_loses_no_sound(lab, replaying):
    """It is silent, and goes on where it was."""
    recording = lab.record()
    program, played = replaying(14)
    program.read_until(b" 0:05.")
    program.type(b" ")
    program.read_until(b"PAUSED")
    threading.Event().wait(1.5)  # by the clock: what is recorded comes in pieces of up to a second
    program.type(b" ")
    program.read_until(b" 0:08.")
    program.type(b"q")
    program.read_to_end()
    _, sound = recording.end()
    heard = Heard(sound, played)
    print(heard.runs(), heard.mixed)
    (begin_s, held_s), (again_s, end_s) = heard.runs()
    assert begin_s < 0.3
    assert again_s - held_s == pytest.approx(0.0, abs=2 * PART_S)
    assert end_s > 7.5


def test_it_is_heard_to_its_end_and_again(lab, replaying):
    """At the end the dashboard stays, in silence; space plays it again from its beginning, with sound."""
    recording = lab.record()
    program, played = replaying(6)
    program.read_until(b"ended")
    seen = len(program.seen)
    program.type(b" ")
    wait_until(lambda: program._read() and b"ended" in program.seen[seen:], 30, "the end of the second pass")
    program.type(b"q")
    assert program.read_to_end() == 0
    _, sound = recording.end()
    heard = Heard(sound, played)
    print(heard.runs(), heard.mixed)
    assert len(heard.runs()) == 2
    assert (heard.runs()[:, 0] < 0.3).all()
    assert (heard.runs()[:, 1] > 5.7).all()

"""The loop of replay and demo: everything is shown in order, and every end closes the source."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.errors import RecordingError
from monitor.interrupts import Interrupts
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(9.0, HeartParameters(), np.random.default_rng(5)).waveform


class NotingView:
    """Notes what it was shown."""

    wait_s = 0.1

    def __init__(self, interrupts=None, after=None):
        self.shown = []
        self.notes = set()
        self._interrupts = interrupts
        self._after = after

    def attach(self, pipeline, interrupts):
        """Nothing to look at."""

    def begin(self, start, kind):
        """Note the start."""
        self.shown.append(("start", start.source, kind))

    def window(self, event):
        """Note a window, and interrupt after the scripted one."""
        self.shown.append(("window", event.index))
        if event.index == self._after:
            self._interrupts.requested = True

    def snapshot(self, snapshot, note):
        """Note the note."""
        self.notes.add(note)

    def end(self, summary):
        """Note the summary."""
        self.shown.append(("summary", summary.windows))

    def close(self):
        """Nothing to close."""


def test_start_windows_summary_in_order(plain_bundle):
    """A view sees one start, every window in order, one summary."""
    view = NotingView()
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000, name="made"), plain_bundle, view, interrupts)
    assert view.shown == [("start", "made", "heart"), *(("window", k) for k in range(9)), ("summary", 9)]


def test_the_note_follows_the_time_played(plain_bundle):
    """The demo's words for the scene come from the seconds played."""
    view = NotingView()
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, view, interrupts, note=lambda s: "late" if s >= 9 else "early")
    assert "late" in view.notes


def test_an_interrupt_sums_up_what_was_heard(plain_bundle):
    """After a signal no more windows are judged than were under way, and the summary counts all that were shown."""
    with Interrupts() as interrupts:
        view = NotingView(interrupts, after=1)
        play(ArraySource(HEART, 4000, speed=64.0), plain_bundle, view, interrupts)
    windows = [entry for entry in view.shown if entry[0] == "window"]
    assert view.shown[-1] == ("summary", len(windows))


def test_a_source_that_breaks_off_is_summed_up_before_the_error(plain_bundle, monkeypatch):
    """What was recorded is not lost: windows and summary come first, then the error."""

    def blocks(block_samples):
        yield HEART[:24_000]
        raise RecordingError("heart.flac: broke off", "copy it again")

    source = ArraySource(HEART, 4000)
    monkeypatch.setattr(source, "blocks", blocks)
    view = NotingView()
    with Interrupts() as interrupts, pytest.raises(RecordingError, match="broke off"):
        play(source, plain_bundle, view, interrupts)
    assert view.shown[-1] == ("summary", 3)


def test_a_number_of_seconds_is_played(plain_bundle):
    """`for_s` ends a source that would go on, without an error, as soon as that much was heard."""
    view = NotingView()
    with Interrupts() as interrupts:
        source = ArraySource(np.tile(HEART, 50), 4000, speed=16.0)
        play(source, plain_bundle, view, interrupts, for_s=6.0)
        assert not interrupts.requested
    windows = [index for kind, index, *_ in view.shown if kind == "window"]
    assert windows[:3] == [0, 1, 2]
    assert len(windows) < 50
    assert view.shown[-1][0] == "summary"


def test_a_source_that_cannot_be_opened_shows_nothing(plain_bundle, monkeypatch):
    """The error comes before the first line, and no thread is left."""

    def start(ring):
        raise RecordingError("steth: cannot be opened", "plug it in")

    source = ArraySource(HEART, 4000)
    monkeypatch.setattr(source, "start", start)
    view = NotingView()
    with Interrupts() as interrupts, pytest.raises(RecordingError, match="cannot be opened"):
        play(source, plain_bundle, view, interrupts)
    assert view.shown == []


def test_what_is_played_is_recorded(plain_bundle, tmp_path):
    """`record` keeps the sound as it is, to its last sample."""
    path = tmp_path / "heard.wav"
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, NotingView(), interrupts, record=path)
    recorded, sample_rate = soundfile.read(path, dtype="float32")
    assert sample_rate == 4000
    assert np.array_equal(recorded, HEART)

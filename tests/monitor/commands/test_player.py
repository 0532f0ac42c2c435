"""The loop of replay, demo and listen: a view gets everything in order, and every end closes the source."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.errors import RecordingError
from monitor.process.interrupts import Interrupts
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(9.0, HeartParameters(), np.random.default_rng(5)).waveform


class RecordingView:
    """Records what it is given."""

    wait_s = 0.01
    live_snapshot = False
    stays = True
    again_s = None

    def __init__(self, interrupts=None, after=None):
        self.shown = []
        self.notes = set()
        self._interrupts = interrupts
        self._after = after

    def attach(self, pipeline, interrupts):
        """Needs nothing of them."""

    def begin(self, start):
        """Record the start."""
        self.shown.append(("start", start.source, start.kind))

    def window(self, event):
        """Record a window, and interrupt after the scripted one."""
        self.shown.append(("window", event.index))
        if event.index == self._after:
            self._interrupts.requested = True

    def snapshot(self, snapshot):
        """Record the note."""
        self.notes.add(snapshot.note)

    def end(self, summary):
        """Record the summary."""
        self.shown.append(("summary", summary.windows))

    def close(self):
        """Nothing to close."""


def test_start_windows_summary_in_order(plain_bundle):
    """A view sees one start, every window in order, one summary."""
    view = RecordingView()
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000, name="synthetic"), plain_bundle, view, interrupts)
    assert view.shown == [("start", "synthetic", "heart"), *(("window", k) for k in range(9)), ("summary", 9)]


def test_the_note_follows_the_time_played(plain_bundle):
    """The demo shows the name of the scene by the seconds played."""
    view = RecordingView()
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, view, interrupts, note=lambda s: "late" if s >= 9 else "early")
    assert "late" in view.notes


def test_an_interrupt_ends_with_a_summary(plain_bundle):
    """It counts all windows that were shown, and nothing is shown after it."""
    with Interrupts() as interrupts:
        view = RecordingView(interrupts, after=1)
        play(ArraySource(HEART, 4000, speed=64.0), plain_bundle, view, interrupts)
    windows = [entry for entry in view.shown if entry[0] == "window"]
    assert view.shown[-1] == ("summary", len(windows))


def test_a_source_that_fails_is_summarised_before_the_error(plain_bundle, monkeypatch):
    """Windows and summary of what came before are shown first, then the error is raised."""

    def blocks(block_samples):
        yield HEART[:24_000]
        raise RecordingError("heart.flac: broke off", "copy it again")

    source = ArraySource(HEART, 4000)
    monkeypatch.setattr(source, "blocks", blocks)
    view = RecordingView()
    with Interrupts() as interrupts, pytest.raises(RecordingError, match="broke off"):
        play(source, plain_bundle, view, interrupts)
    assert view.shown[-1] == ("summary", 3)


def test_for_s_limits_the_seconds_played(plain_bundle):
    """A source that would go on ends without an error."""
    view = RecordingView()
    with Interrupts() as interrupts:
        source = ArraySource(np.tile(HEART, 50), 4000, speed=16.0)
        play(source, plain_bundle, view, interrupts, for_s=6.0)
        assert not interrupts.requested
    windows = [index for kind, index, *_ in view.shown if kind == "window"]
    assert windows[:3] == [0, 1, 2]
    assert len(windows) < 50
    assert view.shown[-1][0] == "summary"


def test_a_source_that_cannot_be_opened_shows_nothing(plain_bundle, monkeypatch):
    """The error is raised before the first line, and no thread is left."""

    def start(ring):
        raise RecordingError("steth: cannot be opened", "plug it in")

    source = ArraySource(HEART, 4000)
    monkeypatch.setattr(source, "start", start)
    view = RecordingView()
    with Interrupts() as interrupts, pytest.raises(RecordingError, match="cannot be opened"):
        play(source, plain_bundle, view, interrupts)
    assert view.shown == []


def test_the_input_is_recorded(plain_bundle, tmp_path):
    """`record` writes the samples unchanged, to the last one."""
    path = tmp_path / "input.wav"
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, RecordingView(), interrupts, record=path)
    recorded, sample_rate = soundfile.read(path, dtype="float32")
    assert sample_rate == 4000
    assert np.array_equal(recorded, HEART)


class StayingView(RecordingView):
    """Leaves, or plays again, after some screens of the end."""

    def __init__(self, interrupts=None, screens=3, again_s=None):
        super().__init__(interrupts)
        self._left, self._target_s = screens, again_s

    def snapshot(self, snapshot):
        """Count the screens after the summary."""
        super().snapshot(snapshot)
        if self.shown[-1][0] != "summary":
            return
        self._left -= 1
        if not self._left:
            self.again_s = self._target_s
            self._interrupts.requested = self._target_s is None


class TestTheEnd:
    """A view that a person leaves stays at the end."""

    @pytest.mark.parametrize("again_s", [None, 2.0])
    def test_it_is_shown_until_the_person_leaves_or_goes_back(self, plain_bundle, again_s):
        """The summary comes before, and nothing after it."""
        with Interrupts() as interrupts:
            view = StayingView(interrupts, again_s=again_s)
            snapshot = play(ArraySource(HEART, 4000), plain_bundle, view, interrupts, stay=True)
        assert view._left == 0
        assert view.shown[-1] == ("summary", 9)
        assert snapshot.finished

    def test_a_view_without_keys_does_not_stay(self, plain_bundle):
        """Nobody could leave it."""
        with Interrupts() as interrupts:
            view = StayingView(interrupts)
            view.stays = False
            play(ArraySource(HEART, 4000), plain_bundle, view, interrupts, stay=True)
        assert view._left == 3

    def test_what_is_missing_is_an_error_once_the_person_leaves(self, plain_bundle):
        """A truncated file is played to its end, which stays; going back is no reason for the error yet."""
        source = ArraySource(HEART, 4000)
        source.shortfall = RecordingError("half of it is missing")
        with Interrupts() as interrupts, pytest.raises(RecordingError, match="half of it"):
            play(source, plain_bundle, StayingView(interrupts), interrupts, stay=True)
        source = ArraySource(HEART, 4000)
        source.shortfall = RecordingError("half of it is missing")
        with Interrupts() as interrupts:
            play(source, plain_bundle, StayingView(interrupts, again_s=2.0), interrupts, stay=True)

"""What the keys do, and what stands beside the snapshot."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.dashboard.controller import DashboardController
from monitor.dashboard.drawing.render import render
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(9.0, HeartParameters(), np.random.default_rng(5)).waveform
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)


class Played:
    """A desk of a live source that a test plays, block by block."""

    def __init__(self, source, bundle, folder):
        self.source = source
        self.pipeline = Pipeline(source, bundle)
        self.quits = 0
        self.desk = DashboardController(self.pipeline, self.quit, folder=folder, now=lambda: NOW)
        self.pipeline.drain(0.0)
        self.pipeline.start()

    def quit(self):
        """Count the wish to end."""
        self.quits += 1

    def hear(self, waveform, until=None):
        """Push sound and wait until a window of that number was judged."""
        for start in range(0, len(waveform), 1000):
            self.source.ring.push(waveform[start : start + 1000])
        while until is not None:
            for event in self.pipeline.drain(5.0):
                self.desk.window(event)
                if event.index == until:
                    return

    def texts(self):
        """Return what happened."""
        return [entry.text for entry in self.desk.events.entries]


@pytest.fixture
def live(scripted_source, plain_bundle, tmp_path):
    """Return a live input on a desk."""
    played = Played(scripted_source, plain_bundle, tmp_path)
    yield played
    played.pipeline.close()


@pytest.fixture
def demo(plain_bundle, tmp_path):
    """Return a demo on a desk, not yet started."""
    with Pipeline(SyntheticSource(), plain_bundle) as pipeline:
        yield DashboardController(pipeline, folder=tmp_path, now=lambda: NOW)


def test_the_trace_ends_where_the_snapshot_does(live):
    """The trace is the sound up to the position of the clock."""
    live.hear(HEART[:24_000], until=2)
    snapshot, display = live.desk.scene(live.pipeline.snapshot())
    assert snapshot is not None
    end = display.trace.first_bin + len(display.trace.high)
    assert end == int(snapshot.elapsed_s / 0.005)
    assert display.trace.peak == pytest.approx(float(np.abs(HEART[:24_000]).max()), rel=0.2)


def test_heart_sounds_are_ticked_only_where_a_rate_was_heard(live):
    """A heart has its ticks, inside the newest window; noise has none."""
    live.hear(HEART[:24_000], until=2)
    snapshot, display = live.desk.scene(live.pipeline.snapshot())
    assert snapshot.window.heart_rate_bpm is not None
    assert len(display.trace.sounds_s) > 5
    assert all(snapshot.window.start_s < at < snapshot.window.end_s for at in display.trace.sounds_s)
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, 24_000).astype(np.float32)
    live.hear(noise, until=14)
    snapshot, display = live.desk.scene(live.pipeline.snapshot())
    assert snapshot.window.heart_rate_bpm is None
    assert display.trace.sounds_s == ()


def test_the_way_to_the_screen_is_counted_once_for_a_window(live):
    """Samples that came between a window's end and its frame; the same frame again changes nothing."""
    live.hear(HEART[:20_400], until=0)
    snapshot, _ = live.desk.scene(live.pipeline.snapshot())
    live.desk.drawn(snapshot)
    live.hear(np.zeros(400, np.float32))
    live.desk.drawn(snapshot)
    vitals = live.desk.scene(snapshot)[1].vitals
    assert vitals.screen_p50_ms == vitals.screen_p95_ms == pytest.approx(100.0)


def test_the_way_to_the_screen_begins_in_the_block(live, monkeypatch):
    """The time since the newest block came is part of the way."""
    monkeypatch.setattr(type(live.pipeline.source), "since_heard_s", 0.04, raising=False)
    live.hear(HEART[:20_400], until=0)
    snapshot, _ = live.desk.scene(live.pipeline.snapshot())
    live.desk.drawn(snapshot)
    vitals = live.desk.scene(snapshot)[1].vitals
    assert vitals.screen_p50_ms == pytest.approx(140.0)


class TestKeys:
    """One by one."""

    def test_q_quits(self, live):
        """The program is asked to end, once for each press, under the help too."""
        live.desk.key("q")
        live.desk.key("?")
        live.desk.key("q")
        assert live.quits == 2

    def test_the_help_is_left_by_any_key(self, live):
        """That key does nothing else."""
        snapshot = live.pipeline.snapshot()
        live.desk.key("?")
        assert live.desk.scene(snapshot)[1].help
        live.desk.key("m")
        assert not live.desk.scene(snapshot)[1].help
        assert live.texts() == []

    def test_unknown_keys_do_nothing(self, live):
        """Nothing changes but for the keys that are named."""
        before = live.desk.scene(live.pipeline.snapshot())[1]
        for key in ("x", "Q", "é", "\n", "7"):
            live.desk.key(key)
        after = live.desk.scene(live.pipeline.snapshot())[1]
        assert (before.gain_db, before.held, before.events) == (after.gain_db, after.held, after.events)

    def test_gain_has_its_limits(self, live):
        """3 dB a press, 30 dB at the most."""
        live.desk.key("+")
        live.desk.key("=")
        assert live.desk.scene(live.pipeline.snapshot())[1].gain_db == 6.0
        for _ in range(50):
            live.desk.key("-")
        assert live.desk.scene(live.pipeline.snapshot())[1].gain_db == -30.0

    def test_a_mark_has_the_position(self, live):
        """Where the sound is when the key is pressed."""
        live.hear(HEART[:24_000], until=2)
        live.desk.scene(live.pipeline.snapshot())
        live.desk.key("m")
        mark = live.desk.events.entries[-1]
        assert (mark.text, mark.kind) == ("mark 1", "mark")
        assert mark.at_s == pytest.approx(6.0)

    def test_a_live_picture_freezes_while_judging_goes_on(self, live):
        """The frozen snapshot stays, events and news of the device do not; the key again shows the present."""
        live.hear(HEART[:24_000], until=2)
        live.desk.scene(live.pipeline.snapshot())
        live.desk.key(" ")
        frozen, display = live.desk.scene(live.pipeline.snapshot())
        assert display.held == "frozen"
        live.hear(HEART[24_000:32_000], until=6)
        live.desk.scene(live.pipeline.snapshot())
        live.desk.key("m")
        shown, display = live.desk.scene(live.pipeline.snapshot())
        assert shown.elapsed_s == frozen.elapsed_s
        assert shown.window is frozen.window
        assert display.events[-1].at_s == pytest.approx(8.0)
        live.desk.key(" ")
        shown, display = live.desk.scene(live.pipeline.snapshot())
        assert (shown.elapsed_s, display.held) == (8.0, "")

    def test_a_recording_is_started_and_stopped(self, live, tmp_path):
        """What is heard between the two presses stands in a new file, and where is said."""
        live.hear(HEART[:8000])
        live.desk.key("r")
        live.hear(HEART[8000:20_000], until=0)
        live.desk.key("r")
        path = tmp_path / "auscult-20260102-030405.wav"
        sound, rate = soundfile.read(path, dtype="float32")
        assert rate == 4000
        np.testing.assert_array_equal(sound, HEART[8000:20_000])
        assert live.texts()[-1] == f"3 s in {path}"
        assert live.pipeline.snapshot().recording is None

    def test_what_cannot_be_recorded_is_said(self, live, tmp_path):
        """A folder that is gone is an event, not the end."""
        live.desk._folder = tmp_path / "gone"
        live.desk.key("r")
        live.desk.key("s")
        assert all("no folder" in text for text in live.texts())
        assert len(live.texts()) == 2

    def test_saving_keeps_picture_and_sound(self, live, tmp_path):
        """Both in new files, and where is said; the second time under other names."""
        live.hear(HEART[:24_000], until=2)
        snapshot, display = live.desk.scene(live.pipeline.snapshot())
        for _ in range(2):
            live.desk.key("s", render(snapshot, 80, 24, display=display))
        names = sorted(path.name for path in tmp_path.iterdir())
        stem = "auscult-20260102-030405"
        assert names == [f"{stem}-2.svg", f"{stem}-2.wav", f"{stem}.svg", f"{stem}.wav"]
        sound, _ = soundfile.read(tmp_path / f"{stem}.wav", dtype="float32")
        np.testing.assert_array_equal(sound, HEART[:24_000])
        assert f"saved 6 s in {tmp_path / stem}.wav" in live.texts()


class TestWhatKeysAreNamed:
    """The line of keys."""

    def test_a_live_input_freezes_and_records(self, live):
        """It cannot be sent elsewhere."""
        named = dict(live.desk.scene(live.pipeline.snapshot(), has_keys=True)[1].keys)
        assert named["space"] == "freeze"
        assert "r" in named
        assert "←→" not in named
        live.desk.key("left")
        assert live.texts() == []

    def test_a_recording_pauses_and_seeks(self, demo):
        """It is recorded already."""
        named = dict(demo.keys)
        assert named["space"] == "pause"
        assert "←→" in named
        assert "r" not in named
        demo.key("r")
        demo.key(" ")
        assert dict(demo.keys)["space"] == "go on"
        assert demo.events.entries == ()

    def test_without_a_keyboard_none_are_named(self, live):
        """Who has no keys is not told of them."""
        assert live.desk.scene(live.pipeline.snapshot())[1].keys == ()


def test_seeking_adds_up_and_stays_inside(demo):
    """Quick presses go on from each other, and no further than the ends."""
    for key in ("right", "right", "left", "left", "left"):
        demo.key(key)
    assert [entry.text for entry in demo.events.entries] == [
        f"jump to {text}" for text in ("0:05.0", "0:10.0", "0:05.0", "0:00.0", "0:00.0")
    ]
    for _ in range(30):
        demo.key("right")
    assert demo.events.entries[-1].text == "jump to 1:56.0"

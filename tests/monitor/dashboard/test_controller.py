"""What the keys do, and what is shown besides the snapshot."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.file import RecordingSource
from monitor.audio.sources.synthetic import SyntheticSource
from monitor.dashboard.controller import NOTICE_S, R_PEAKS, DashboardController
from monitor.dashboard.drawing.render import render
from monitor.inference.bundle import load_bundle
from monitor.messages import PlaybackStatus, RPeak
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(9.0, HeartParameters(), np.random.default_rng(5)).waveform
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)


class Played:
    """A controller of a live source that a test feeds block by block."""

    def __init__(self, source, bundle, folder):
        self.source = source
        self.pipeline = Pipeline(source, bundle)
        self.quits = 0
        self.controller = DashboardController(self.pipeline, self.quit, folder=folder, now=lambda: NOW)
        self.pipeline.drain(0.0)
        self.pipeline.start()

    def quit(self):
        """Count the calls."""
        self.quits += 1

    def push(self, waveform, until=None):
        """Push samples and wait for the window with an index."""
        for start in range(0, len(waveform), 1000):
            self.source.ring.push(waveform[start : start + 1000])
        while until is not None:
            for event in self.pipeline.drain(5.0):
                self.controller.window(event)
                if event.index == until:
                    return

    def texts(self):
        """Return the texts of the event log."""
        return [entry.text for entry in self.controller.events.entries]


@pytest.fixture
def live(scripted_source, plain_bundle, tmp_path):
    """Return a live input with a controller."""
    played = Played(scripted_source, plain_bundle, tmp_path)
    yield played
    played.pipeline.close()


@pytest.fixture
def demo(plain_bundle, tmp_path):
    """Return the controller of a demo that has not started."""
    with Pipeline(SyntheticSource(), plain_bundle) as pipeline:
        yield DashboardController(pipeline, folder=tmp_path, now=lambda: NOW)


def test_the_trace_ends_at_the_position_of_the_snapshot(live):
    """The trace is the sound up to the position shown."""
    live.push(HEART[:24_000], until=2)
    snapshot, state = live.controller.compose(live.pipeline.snapshot())
    assert snapshot is not None
    end = state.trace.first_bin + len(state.trace.high)
    assert end == int(snapshot.elapsed_s / 0.005)
    assert state.trace.peak == pytest.approx(float(np.abs(HEART[:24_000]).max()), rel=0.2)


def test_beats_have_one_tick_each_only_while_they_are_followed(live):
    """A heart of 75 beats per minute has a tick every 0.8 s up to the newest beat; noise has none."""
    heart = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5)).waveform
    live.push(heart[:20_000], until=0)
    for index in range(1, 31):
        live.push(heart[18_000 + 2000 * index : 20_000 + 2000 * index], until=index)
    snapshot, state = live.controller.compose(live.pipeline.snapshot())
    bpm = snapshot.window.heart_rate_bpm
    assert bpm is not None
    times = np.array([at_s for at_s, _ in state.trace.ticks])
    assert len(times) > 8
    np.testing.assert_allclose(np.diff(times), 60 / bpm, atol=0.15)
    assert snapshot.window.end_s - 60 / bpm - 0.2 < times[-1] < snapshot.window.end_s
    assert {name for _, name in state.trace.ticks} == {None}
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, 24_000).astype(np.float32)
    live.push(noise, until=42)
    snapshot, state = live.controller.compose(live.pipeline.snapshot())
    assert snapshot.window.heart_rate_bpm is None
    assert state.trace.ticks == ()


def test_with_a_bundle_that_finds_them_s1_and_s2_are_ticked_by_name(scripted_source, tmp_path):
    """Each S1 and S2 of a synthetic heart is within 0.1 s of where it was made; systole has its duration."""
    heart = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5))
    played = Played(scripted_source, load_bundle(), tmp_path)
    try:
        played.push(heart.waveform[:20_000], until=0)
        for index in range(1, 31):
            played.push(heart.waveform[18_000 + 2000 * index : 20_000 + 2000 * index], until=index)
        state = played.controller.compose(played.pipeline.snapshot())[1]
    finally:
        played.pipeline.close()
    for name, samples in (("S1", heart.beats.s1_samples), ("S2", heart.beats.s2_samples)):
        ticked = np.array([at_s for at_s, named in state.trace.ticks if named == name])
        made = samples[(samples > 24_000) & (samples < 76_000)] / 4000 + 0.05
        assert np.abs(made[:, None] - ticked[None, :]).min(axis=1).max() < 0.1
    assert {name for _, name in state.trace.ticks} == {"S1", "S2"}
    made_ms = np.median(heart.beats.s2_samples - heart.beats.s1_samples) / 4
    assert state.cycle.systole_ms == pytest.approx(made_ms, abs=40)
    assert state.cycle.num_systoles > 15


def test_the_display_latency_is_measured_once_per_window(live):
    """It is the time between a window's end and its drawing; drawing it again changes nothing."""
    live.push(HEART[:20_400], until=0)
    snapshot, _ = live.controller.compose(live.pipeline.snapshot())
    live.controller.drawn(snapshot)
    live.push(np.zeros(400, np.float32))
    live.controller.drawn(snapshot)
    stats = live.controller.compose(snapshot)[1].stats
    assert stats.display_p50_ms == stats.display_p95_ms == pytest.approx(100.0)


def test_the_display_latency_begins_in_the_block(live, monkeypatch):
    """The time since the newest block is part of the latency."""
    monkeypatch.setattr(type(live.pipeline.source), "since_last_block_s", 0.04, raising=False)
    live.push(HEART[:20_400], until=0)
    snapshot, _ = live.controller.compose(live.pipeline.snapshot())
    live.controller.drawn(snapshot)
    stats = live.controller.compose(snapshot)[1].stats
    assert stats.display_p50_ms == pytest.approx(140.0)


class TestKeys:
    """What each key does."""

    def test_q_quits(self, live):
        """Each press quits, also on the help page."""
        live.controller.key("q")
        live.controller.key("?")
        live.controller.key("q")
        assert live.quits == 2

    def test_any_other_key_closes_the_help(self, live):
        """``?`` turns its page; another key has no other effect."""
        snapshot = live.pipeline.snapshot()
        live.controller.key("?")
        assert live.controller.compose(snapshot)[1].help == 1
        live.controller.key("?")
        assert live.controller.compose(snapshot)[1].help == 2
        live.controller.key("m")
        assert not live.controller.compose(snapshot)[1].help
        assert live.texts() == []

    def test_unknown_keys_do_nothing(self, live):
        """Unknown keys change nothing."""
        before = live.controller.compose(live.pipeline.snapshot())[1]
        for key in ("x", "Q", "é", "\n", "7"):
            live.controller.key(key)
        after = live.controller.compose(live.pipeline.snapshot())[1]
        assert (before.gain_db, before.hold, before.events) == (after.gain_db, after.hold, after.events)

    def test_gain_has_its_limits(self, live):
        """Steps of 3 dB, within 30 dB."""
        live.controller.key("+")
        live.controller.key("=")
        assert live.controller.compose(live.pipeline.snapshot())[1].gain_db == 6.0
        for _ in range(50):
            live.controller.key("-")
        assert live.controller.compose(live.pipeline.snapshot())[1].gain_db == -30.0

    def test_a_mark_has_the_position(self, live):
        """A mark is logged at the position of the sound."""
        live.push(HEART[:24_000], until=2)
        live.controller.compose(live.pipeline.snapshot())
        live.controller.key("m")
        mark = live.controller.events.entries[-1]
        assert (mark.text, mark.kind) == ("mark 1, only on this screen", "mark")
        assert mark.at_s == pytest.approx(6.0)

    def test_a_mark_while_recording_is_in_the_labels_file(self, live, tmp_path):
        """The event says where; the time is that of the recording, which began later."""
        live.push(HEART[:24_000], until=2)
        live.controller.key("r")
        live.push(HEART[:1000])
        live.controller.key("m")
        assert live.texts()[-1] == "mark 1 at 0.2 s -> auscult-20260102-030405.labels.txt"
        assert live.controller.events.entries[-1].at_s == 6.25
        (tmp_path / "auscult-20260102-030405.labels.txt").unlink()
        (tmp_path / "auscult-20260102-030405.labels.txt").write_text("of somebody else")
        live.controller.key("m")
        live.controller.key("r")
        assert live.texts()[-1].startswith("1 marks are not saved: another file")

    def test_a_live_screen_freezes_while_the_analysis_continues(self, live):
        """The frozen snapshot stays while events are updated; the same key shows the newest snapshot again."""
        live.push(HEART[:24_000], until=2)
        live.controller.compose(live.pipeline.snapshot())
        live.controller.key(" ")
        frozen, state = live.controller.compose(live.pipeline.snapshot())
        assert state.hold == "frozen"
        live.push(HEART[24_000:32_000], until=6)
        live.controller.compose(live.pipeline.snapshot())
        live.controller.key("m")
        shown, state = live.controller.compose(live.pipeline.snapshot())
        assert shown.elapsed_s == frozen.elapsed_s
        assert shown.window is frozen.window
        assert state.events[-1].at_s == pytest.approx(8.0)
        live.controller.key(" ")
        shown, state = live.controller.compose(live.pipeline.snapshot())
        assert (shown.elapsed_s, state.hold) == (8.0, "")

    def test_a_recording_is_started_and_stopped(self, live, tmp_path):
        """The sound between the two presses is in a new file, whose path is logged."""
        live.push(HEART[:8000])
        live.controller.key("r")
        live.push(HEART[8000:20_000], until=0)
        live.controller.key("r")
        path = tmp_path / "auscult-20260102-030405.wav"
        sound, rate = soundfile.read(path, dtype="float32")
        assert rate == 4000
        np.testing.assert_array_equal(sound, HEART[8000:20_000])
        assert live.texts()[-1] == f"recorded 3 s in {path.name}"
        assert live.controller.written == {path: f"recorded 3 s in {path}"}
        assert live.pipeline.snapshot().recording is None

    def test_recording_says_that_it_records(self, live):
        """At once, in place of an alert, and in the row of keys for as long as it lasts."""
        live.controller.key("r")
        state = live.controller.compose(live.pipeline.snapshot(), has_keys=True)[1]
        assert state.notice == "recording into auscult-20260102-030405.wav; r stops it"
        assert dict(state.keys)["r"] == "stop recording"
        live.controller.key("r")
        state = live.controller.compose(live.pipeline.snapshot(), has_keys=True)[1]
        assert dict(state.keys)["r"] == "record"

    def test_details_are_shown_and_closed_again(self, live):
        """``d`` does both; the sound goes on."""
        shown = []
        for _ in range(2):
            live.controller.key("d")
            shown.append(live.controller.compose(live.pipeline.snapshot())[1].details)
        assert shown == [True, False]

    def test_a_failed_recording_is_logged(self, live, tmp_path):
        """A missing folder is logged and does not end the program."""
        live.controller._folder = tmp_path / "missing"
        live.controller.key("r")
        live.controller.key("s")
        assert all("no folder" in text for text in live.texts())
        assert len(live.texts()) == 2

    def test_saving_writes_screenshot_and_sound(self, live, tmp_path):
        """Both are in new files, whose paths are logged; the second time under other names."""
        live.push(HEART[:24_000], until=2)
        snapshot, state = live.controller.compose(live.pipeline.snapshot())
        for _ in range(2):
            live.controller.key("s", render(snapshot, 80, 24, state=state))
        names = sorted(path.name for path in tmp_path.iterdir())
        stem = "auscult-20260102-030405"
        assert names == [f"{stem}-2.svg", f"{stem}-2.wav", f"{stem}.svg", f"{stem}.wav"]
        sound, _ = soundfile.read(tmp_path / f"{stem}.wav", dtype="float32")
        np.testing.assert_array_equal(sound, HEART[:24_000])
        assert f"saved 6 s of sound in {stem}.wav" in live.texts()
        assert list(live.controller.written.values())[:2] == [
            f"saved the screen in {tmp_path / stem}.svg", f"saved 6 s of sound in {tmp_path / stem}.wav",
        ]  # fmt: skip

    @pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 24), (200, 60)])
    def test_what_was_saved_is_said_at_every_size(self, live, size):
        """For some seconds."""
        live.push(HEART[:24_000], until=2)
        live.controller._clock = lambda: 100.0
        snapshot, state = live.controller.compose(live.pipeline.snapshot())
        live.controller.key("s", render(snapshot, *size, state=state))
        snapshot, state = live.controller.compose(live.pipeline.snapshot())
        text = " ".join(render(snapshot, *size, state=state).text.split())
        short = "saved the screen and 6 s of sound"
        assert (f"{short} in auscult-20260102-030405.svg and .wav" if size[0] >= 40 else short) in text
        live.controller._clock = lambda: 100.0 + NOTICE_S
        assert live.controller.compose(live.pipeline.snapshot())[1].notice == ""


class TestAvailableKeys:
    """The row of keys."""

    def test_a_live_input_freezes_and_records(self, live):
        """It has no seek."""
        available = dict(live.controller.compose(live.pipeline.snapshot(), has_keys=True)[1].keys)
        assert available["space"] == "freeze"
        assert "r" in available
        assert "←→" not in available
        live.controller.key("left")
        assert live.texts() == []

    def test_a_recording_pauses_and_seeks(self, demo):
        """It needs no recording."""
        available = dict(demo.keys)
        assert available["space"] == "pause"
        assert "←→" in available
        assert "r" not in available
        demo.key("r")
        demo.key(" ")
        assert dict(demo.keys)["space"] == "resume"
        assert demo.events.entries == ()

    def test_without_a_keyboard_there_are_none(self, live):
        """The row of keys is empty."""
        assert live.controller.compose(live.pipeline.snapshot())[1].keys == ()


def test_seeking_adds_up_and_stays_inside(demo):
    """Quick presses accumulate, within the duration of the source."""
    for key in ("right", "right", "left", "left", "left"):
        demo.key(key)
    assert [entry.text for entry in demo.events.entries] == [
        f"jump to {text}" for text in ("0:05.0", "0:10.0", "0:05.0", "0:00.0", "0:00.0")
    ]
    for _ in range(30):
        demo.key("right")
    assert demo.events.entries[-1].text == "jump to 1:56.0"


class TestTheEnd:
    """A recording that has ended can be played again from any place."""

    @pytest.fixture
    def ended(self, plain_bundle, tmp_path):
        """Return the pipeline of a recording that has ended, and its controller."""
        path = tmp_path / "heart.wav"
        soundfile.write(path, HEART, 4000)
        with Pipeline(RecordingSource(path, speed=None), plain_bundle) as pipeline:
            controller = DashboardController(pipeline)
            list(pipeline.windows())
            controller.compose(pipeline.snapshot())
            yield pipeline, controller

    @pytest.mark.parametrize(("keys", "again_s"), [(["left"], 4.0), (["left", "left", "right"], 5.0), ([" "], 0.0)])
    def test_arrows_go_back_and_space_to_the_beginning(self, ended, keys, again_s):
        """Quick presses accumulate; the row of keys says so."""
        _, controller = ended
        assert dict(controller.keys)["space"] == "again"
        assert controller.again_s is None
        for key in keys:
            controller.key(key)
        assert controller.again_s == again_s

    def test_the_next_pass_keeps_the_events_and_the_gain(self, ended):
        """What was seen of a recording stays on the screen."""
        pipeline, before = ended
        for key in ("m", "+", " "):
            before.key(key)
        after = DashboardController(pipeline, before=before)
        assert [entry.text for entry in after.events.entries] == ["mark 1, only on this screen", "again from 0:00.0"]
        assert after.compose(pipeline.snapshot())[1].gain_db == 3.0


class TestNotes:
    """`n` takes a line of text to the moment at which it was pressed."""

    def type(self, live, text):
        """Type letters."""
        for sign in text:
            live.controller.key(sign)

    def test_a_note_is_a_mark_with_a_text(self, live):
        """Its moment is that of the key `n`, not of Enter; sound and judging go on while it is typed."""
        live.push(HEART[:4000])
        self.type(live, "nloud q")
        live.push(HEART[4000:8000])
        assert live.controller.compose(live.pipeline.snapshot())[1].prompt == "note at 0:01.0: loud q_"
        self.type(live, "\n")
        (note,) = live.pipeline.take_entries()
        assert (note.number, note.sample, note.text) == (1, 4000, "loud q")
        assert live.texts() == ['mark 1 "loud q", only on this screen']
        assert (live.quits, live.controller.compose(live.pipeline.snapshot())[1].prompt) == (0, "")

    def test_escape_keeps_nothing(self, live):
        """There is no mark, and keys do what they did before."""
        self.type(live, "nabc")
        live.controller.key("escape")
        live.controller.key("q")
        assert (live.pipeline.take_entries(), live.quits) == ([], 1)

    def test_a_note_without_text_is_a_mark(self, live):
        """Enter at once marks the moment."""
        self.type(live, "n\n")
        (mark,) = live.pipeline.take_entries()
        assert mark.text is None

    @pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 16), (30, 6)])
    def test_what_is_typed_is_shown(self, live, width, height):
        """On every screen, the end of a long line."""
        self.type(live, "n" + "x" * 100 + "end")
        snapshot, state = live.controller.compose(live.pipeline.snapshot(), has_keys=True)
        canvas = render(snapshot, width, height, state=state)
        assert any("xend_" in "".join(segment.text for segment in line) for line in canvas.lines)


class TestSite:
    """The keys 1 to 4 change the site."""

    def test_each_key_is_a_site(self, live):
        """A site that is heard already is no change."""
        for key in "11234":
            live.controller.key(key)
        assert [entry.site for entry in live.pipeline.take_entries()] == ["AV", "PV", "TV", "MV"]
        assert live.texts() == ["site AV", "site PV", "site TV", "site MV"]
        assert live.pipeline.snapshot().site.site == "MV"


class ScriptedPlayer:
    """A player whose position and state the test sets."""

    pace = 4000.0

    def __init__(self):
        self.heard, self.calls = None, []
        self.status = PlaybackStatus("playing", "Headphones")

    def heard_sample(self):
        """Return what the test set."""
        return self.heard

    def toggle(self):
        """Note the call."""
        self.calls.append("toggle")

    def next_sound(self):
        """Note the call."""
        self.calls.append("next sound")

    def change_volume(self, by_db):
        """Note the call."""
        self.calls.append(by_db)

    def stop(self, *, hurry=False):
        """Nothing runs."""


@pytest.fixture
def heard(live):
    """Return a live input that is heard."""
    live.pipeline.player = ScriptedPlayer()
    return live


def test_the_trace_shows_what_is_heard(heard):
    """The trace ends where the ear is in the middle of the time for which it stays, 15 ms for the terminal later."""
    heard.push(HEART[:24_000], until=2)
    heard.pipeline.player.heard = 20_000.0
    _, state = heard.controller.compose(heard.pipeline.snapshot())
    end_s = (state.trace.first_bin + len(state.trace.high)) * 0.005
    assert end_s == pytest.approx(5.04, abs=0.006)
    heard.pipeline.player.heard = 23_990.0
    _, state = heard.controller.compose(heard.pipeline.snapshot())
    assert (state.trace.first_bin + len(state.trace.high)) * 0.005 == pytest.approx(6.0, abs=0.006)


def test_the_keys_of_the_playback(heard):
    """`a` switches, `f` changes the sound, `v` and `V` the volume by 3 dB."""
    for key in "afvV":
        heard.controller.key(key)
    assert heard.pipeline.player.calls == ["toggle", "next sound", -3.0, 3.0]
    assert ("a", "sound off") in heard.controller.keys
    heard.pipeline.player.status = PlaybackStatus("confirm", "default")
    assert ("a", "sound on") in heard.controller.keys


def test_without_playback_there_are_no_such_keys(live):
    """The keys do nothing and are not offered."""
    for key in "afvV":
        live.controller.key(key)
    assert not {"a", "f", "vV"} & {key for key, _ in live.controller.keys}


def test_r_peaks_are_drawn_on_the_electrocardiogram(live):
    """Those of all windows, the newest ones of a long run."""
    live.controller._ecg_tracer = live.controller._tracer
    live.push(HEART[:24_000])
    (event, *_) = live.pipeline.drain(5.0)
    for second in range(100):
        live.controller.window(dataclasses.replace(event, r_peaks=(RPeak(float(second), 4000 * second),)))
    _, state = live.controller.compose(live.pipeline.snapshot())
    assert state.ecg.ticks == tuple((float(at_s), None) for at_s in range(100 - R_PEAKS, 100))

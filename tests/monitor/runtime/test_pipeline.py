"""Source, ring buffer and classifier together: order, skipped windows, errors, and a clean end."""

from __future__ import annotations

import dataclasses
import threading

import numpy as np
import pytest
import soundfile

from monitor.analysis.analyzer import Analyzer
from monitor.audio.playback.options import PlaybackOptions
from monitor.audio.playback.player import Player
from monitor.audio.playback.protocol import OutputReport
from monitor.audio.recorder.recorder import Recorder
from monitor.audio.sources.array import ArraySource
from monitor.audio.sources.synthetic import SyntheticSource
from monitor.audio.wakeup import Wakeup
from monitor.errors import BundleError, RecordingError
from monitor.messages import Mark, SiteChange
from monitor.runtime.config import MonitorConfig
from monitor.runtime.pipeline import HURRY_S, Pipeline
from monitor.runtime.worker import Worker
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5)).waveform


def offline(bundle, waveform=HEART):
    """Return the events of the synchronous core for a whole waveform."""
    analysis = Analyzer(bundle, 4000)
    events = []
    for start in range(0, len(waveform), 2000):
        events += [analysis.judge(i).event for i in analysis.push(waveform[start : start + 2000])]
    return events + [analysis.judge(i).event for i in analysis.finish()]


def without_latency(events):
    """Return events with the latency, which depends on the clock, set to 0."""
    return [dataclasses.replace(event, latency_ms=0.0) for event in events]


@pytest.fixture
def wait_until():
    """Return a function that polls for a condition, with a timeout."""

    def wait(condition, timeout_s=10.0):
        pause = threading.Event()
        for _ in range(int(timeout_s / 0.005)):
            if condition():
                return
            pause.wait(0.005)
        pytest.fail("the condition did not come about")

    return wait


@pytest.mark.parametrize("speed", [None, 64.0])
def test_live_equals_offline(plain_bundle, speed):
    """At any speed the threads give the same results as the synchronous core."""
    with Pipeline(ArraySource(HEART, 4000, speed=speed), plain_bundle) as pipeline:
        live = list(pipeline.windows())
    assert without_latency(live) == offline(plain_bundle)


def test_the_summary_is_of_all_windows(plain_bundle):
    """The scores are the mean over the windows, which are counted."""
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
        events = list(pipeline.windows())
        summary = pipeline.summary()
    assert (summary.windows, summary.skipped, summary.overruns) == (31, 0, 0)
    for label in plain_bundle.labels:
        mean = np.mean([event.verdict.scores[label] for event in events])
        assert summary.verdict.scores[label] == pytest.approx(mean)


def test_a_slow_classifier_skips_to_the_newest_window(bundle_maker, plain_engine, scripted_source, wait_until):
    """While one window is classified five more become complete: only the newest is classified, the others skipped."""
    plain_engine.before = threading.Event()
    pipeline = Pipeline(scripted_source, bundle_maker(engine=plain_engine))
    with pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART[:20_000])
        assert plain_engine.entered.wait(timeout=10)
        scripted_source.ring.push(HEART[20_000:30_000])
        plain_engine.before.set()
        wait_until(lambda: pipeline.snapshot().elapsed_s == 7.5)
        scripted_source.stop()
        indices = [window.index for window in windows]
        summary = pipeline.summary()
    assert indices[-1] == 5
    assert summary.skipped + summary.windows == 6
    assert summary.skipped >= 3


def test_a_lossless_source_is_never_skipped(bundle_maker, plain_engine):
    """At full speed the source waits: every window is classified, however slow the iteration."""
    config = MonitorConfig(queue_windows=1)
    with Pipeline(ArraySource(HEART, 4000), bundle_maker(engine=plain_engine), config=config) as pipeline:
        indices = [window.index for window in pipeline.windows()]
    assert indices == list(range(31))
    assert pipeline.summary().undelivered == 0


def test_an_overrun_is_counted_and_its_windows_have_no_label(bundle_maker, plain_engine, scripted_source, wait_until):
    """When the classifier falls behind by more than the ring buffer, positions stay right and windows are gaps."""
    plain_engine.before = threading.Event()
    config = MonitorConfig(ring_s=6.0)
    with Pipeline(scripted_source, bundle_maker(engine=plain_engine), config=config) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART[:20_000])
        assert plain_engine.entered.wait(timeout=10)
        for start in range(20_000, 80_000, 4000):
            scripted_source.ring.push(HEART[start : start + 4000])
        plain_engine.before.set()
        wait_until(lambda: pipeline.snapshot().elapsed_s == 20.0)
        scripted_source.stop()
        events = list(windows)
        summary = pipeline.summary()
    assert summary.overruns == 1
    assert all(event.gap for event in events if event.start_s < 14.0 and event.end_s > 14.0)
    assert all(event.verdict.scores is None for event in events if event.gap)


def test_an_error_of_the_classifier_is_raised_on_the_main_thread(bundle_maker, plain_engine, caplog):
    """The windows before are yielded, then the error is raised; it is logged as well."""
    plain_engine.fails_at = 3
    with Pipeline(ArraySource(HEART, 4000), bundle_maker(engine=plain_engine)) as pipeline:
        windows = pipeline.windows()
        indices = []
        with caplog.at_level("WARNING"), pytest.raises(RuntimeError, match="scripted failure"):
            indices.extend(window.index for window in windows)
    assert indices == [0, 1, 2]
    assert caplog.messages == ["the classifier stopped with an error"]
    assert pipeline.summary().windows == 3


def test_an_error_of_the_source_is_raised_after_its_windows(plain_bundle, scripted_source):
    """The error of a source is raised after everything before was classified."""
    scripted_source.failure = RecordingError("heart.wav: broke off", "copy it again")
    indices = []
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        windows = pipeline.windows()
        scripted_source.ring.push(HEART[:24_000])
        scripted_source.stop()
        with pytest.raises(RecordingError, match="broke off"):
            for window in windows:
                indices.append(window.index)
    assert indices[-1] == 2


def test_stopping_early_keeps_the_results(plain_bundle, scripted_source, wait_until):
    """Stop ends both threads; twice is safe; the summary stays available."""
    pipeline = Pipeline(scripted_source, plain_bundle)
    pipeline.start()
    pipeline.start()
    scripted_source.ring.push(HEART[:22_000])
    wait_until(lambda: pipeline.snapshot().elapsed_s == 5.5)
    pipeline.stop()
    pipeline.stop()
    pipeline.close()
    assert not pipeline.running
    assert pipeline.summary().windows >= 1


def test_a_pipeline_that_was_never_started_can_be_closed(plain_bundle):
    """Closing without starting leaves no thread."""
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
        assert pipeline.snapshot().window is None
        assert not pipeline.running


def test_the_snapshot_is_complete(plain_bundle):
    """After the end it has the last window, the input image (read-only), the history and the counters."""
    with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
        before = pipeline.snapshot()
        last = list(pipeline.windows())[-1]
        snapshot = pipeline.snapshot()
    assert (before.finished, before.window, before.history) == (False, None, ())
    assert snapshot.finished
    assert snapshot.elapsed_s == 20.0
    assert snapshot.window == last
    assert len(snapshot.history) == 31
    assert not snapshot.tensor.flags.writeable
    assert snapshot.hop_p50_ms > 0.0
    assert snapshot.level.rms_db < 0.0


def test_a_live_program_that_iterates_slowly_gets_the_newest(bundle_maker, scripted_source, wait_until):
    """The queue is bounded: the oldest windows are dropped and counted, the newest stay."""
    config = MonitorConfig(queue_windows=2, ring_s=60.0, patience_s=60.0)
    with Pipeline(scripted_source, bundle_maker(), config=config) as pipeline:
        windows = pipeline.windows()
        for start in range(0, len(HEART), 2000):
            scripted_source.ring.push(HEART[start : start + 2000])
        wait_until(lambda: pipeline.snapshot().elapsed_s == 20.0)
        wait_until(lambda: len(pipeline.snapshot().history) == 31)
        scripted_source.stop()
        assert [window.index for window in windows] == [29, 30]
        summary = pipeline.summary()
    assert (summary.windows, summary.undelivered, summary.skipped) == (31, 29, 0)
    assert pipeline.snapshot().undelivered == 29


def test_windows_left_over_by_a_program_that_stops_are_counted(plain_bundle):
    """At full speed nothing is dropped while the program runs; what it leaves behind when it stops is counted."""
    config = MonitorConfig(queue_windows=3)
    with Pipeline(ArraySource(HEART, 4000), plain_bundle, config=config) as pipeline:
        assert next(pipeline.windows()).index == 0
        pipeline.stop()
        left = len(pipeline.drain(0.0))
        summary = pipeline.summary()
    assert summary.windows == 1 + left + summary.undelivered
    assert left <= 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_network_that_gives_no_number_is_an_error(plain_bundle, value):
    """Windows before it are delivered; then NaN or infinity is an error of the bundle, and no window has a label."""
    expected = offline(plain_bundle)[:4]
    plain_bundle.engine.not_finite, plain_bundle.engine.calls, plain_bundle.engine.not_finite_at = value, 0, 4
    events = []
    with (
        Pipeline(ArraySource(HEART, 4000, speed=None), plain_bundle) as pipeline,
        pytest.raises(BundleError, match=r"plain: the network's outputs .* must be finite; use another bundle"),
    ):
        for event in pipeline.windows():
            events.append(event)  # the list must have what came before the error
    assert without_latency(events) == expected


def test_an_invalid_hop_raises(plain_bundle):
    """A hop off the frame grid raises before any thread starts."""
    with pytest.raises(ValueError, match="hop_s"):
        Pipeline(ArraySource(HEART, 4000), plain_bundle, hop_s=0.33)


def test_a_recording_started_later_has_the_sound_from_then_on(plain_bundle, scripted_source, tmp_path):
    """Earlier sound is not recorded; one recording at a time, several in sequence."""
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        with pytest.raises(ValueError, match="while the pipeline runs"):
            pipeline.record(tmp_path / "too-soon.wav")
        pipeline.start()
        scripted_source.ring.push(HEART[:4000])
        pipeline.record(tmp_path / "a.wav")
        with pytest.raises(ValueError, match="does not record"):
            pipeline.record(tmp_path / "b.wav")
        scripted_source.ring.push(HEART[4000:10_000])
        status = pipeline.stop_recording()
        assert pipeline.stop_recording() is None
        pipeline.record(tmp_path / "c.wav")
        scripted_source.ring.push(HEART[10_000:12_000])
    assert (status.written_s, status.lost_samples, status.error) == (1.5, 0, None)
    for name, sound in (("a.wav", HEART[4000:10_000]), ("c.wav", HEART[10_000:12_000])):
        np.testing.assert_array_equal(soundfile.read(tmp_path / name, dtype="float32")[0], sound)


def test_a_seek_withholds_nothing_and_has_a_verdict_at_once(plain_bundle):
    """Windows that span it are left out; those before its target are judged before the sound goes on."""
    source = SyntheticSource(speed=None)
    source.seek(40.0)
    with Pipeline(source, plain_bundle, hop_s=0.5) as pipeline:
        events = list(pipeline.windows())
        summary = pipeline.summary()
    assert not any(event.gap for event in events)
    assert "lost sound" not in summary.withheld
    lead_s = source.jumps[0][1] / 4000
    assert lead_s == pytest.approx(15.0, abs=0.001)
    assert [event.start_s for event in events[:3]] == [0.5, 1.0, 1.5]
    assert sum(event.end_s <= lead_s for event in events) == 20
    assert source.shift_s(lead_s) + lead_s == pytest.approx(40.0)
    assert events[0].rolling.state != "listening"


def push_windows(source, pipeline, waveform):
    """Push six seconds, a window at a time; return the windows."""
    windows = []
    for start, end in ((0, 20_000), (20_000, 22_000), (22_000, 24_000)):
        source.ring.push(waveform[start:end])
        windows += pipeline.drain(5.0)
    return windows


def test_the_state_of_a_seek_is_that_of_its_target(plain_bundle, scripted_source):
    """The lead is never shown as played, and no window of it is skipped, although it arrives at once."""
    heart = np.tile(HEART, 3)
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        pipeline.drain(0.0)
        pipeline.start()
        push_windows(scripted_source, pipeline, heart)
        first = 24_001
        scripted_source.jumps = ((first, first + 60_000),)
        scripted_source.ring.push_lost(1)
        scripted_source.ring.push(heart[:60_000])
        seen = []
        while not seen or seen[-1].end_s < 20.5:
            seen += pipeline.drain(5.0)
            assert not 6.1 < pipeline.snapshot().elapsed_s < first / 4000 + 14.9
        snapshot = pipeline.snapshot()
    assert not any(event.gap for event in seen)
    assert not any(event.start_s < first / 4000 < event.end_s for event in seen)
    assert (snapshot.gaps, snapshot.skipped, snapshot.overruns) == (0, 0, 0)


def test_near_the_beginning_there_is_no_verdict_yet(plain_bundle, scripted_source):
    """That of the place before is not shown at the new one."""
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        pipeline.drain(0.0)
        pipeline.start()
        assert len(push_windows(scripted_source, pipeline, HEART)) == 3
        scripted_source.jumps = ((24_001, 28_001),)
        scripted_source.ring.push_lost(1)
        scripted_source.ring.push(HEART[:4000])
        scripted_source.ring.close()
        while pipeline.running:
            pipeline.drain(0.1)
        assert pipeline.snapshot().window is None


class TestHurry:
    """A program that must end soon waits for no device, disk or file that does not answer."""

    def test_each_thread_gets_little_time(self, plain_bundle, scripted_source, tmp_path, monkeypatch):
        """Without it a slow disk and a slow device have their time."""
        waited = []
        for kind in ("Recorder", "Worker"):
            stop = {"Recorder": Recorder, "Worker": Worker}[kind].stop

            def limited(thread, timeout_s=None, stop=stop, kind=kind):
                waited.append((kind, timeout_s))
                stop(thread)

            monkeypatch.setattr({"Recorder": Recorder, "Worker": Worker}[kind], "stop", limited)
        with Pipeline(scripted_source, plain_bundle, record=tmp_path / "a.wav") as pipeline:
            pipeline.start()
            pipeline.stop()
            assert waited == [("Recorder", None), ("Worker", None)]
            assert scripted_source.stop_timeout_s > HURRY_S
            waited.clear()
            pipeline.hurry()
            pipeline.stop()
            assert waited == [("Recorder", HURRY_S), ("Worker", HURRY_S)]
            assert scripted_source.stop_timeout_s == HURRY_S

    def test_an_interrupt_hurries(self, plain_bundle, scripted_source):
        """The second signal waits for nothing either; other errors do."""
        for error, hurried in ((KeyboardInterrupt, True), (ValueError, False)):
            scripted_source.stop_timeout_s = 5.0
            with pytest.raises(error), Pipeline(scripted_source, plain_bundle):
                raise error
            assert (scripted_source.stop_timeout_s == HURRY_S) is hurried


class TestSession:
    """The sound of a session is recorded beside any other recording."""

    def test_both_are_recorded_and_one_is_stopped(self, plain_bundle, scripted_source, tmp_path):
        """Stopping the recording leaves the session alone; each has its own status."""
        sound = tmp_path / "sound.flac"
        with Pipeline(scripted_source, plain_bundle, record=tmp_path / "a.wav", session_sound=sound) as pipeline:
            pipeline.start()
            scripted_source.ring.push(HEART[:4000])
            assert pipeline.stop_recording().written_s == 1.0
            scripted_source.ring.push(HEART[4000:8000])
            pipeline.stop()
            assert pipeline.snapshot().recording is None
            assert pipeline.snapshot().session == pipeline.session_sound
        assert (soundfile.info(sound).frames, soundfile.info(tmp_path / "a.wav").frames) == (8000, 4000)

    def test_a_mark_is_kept_in_its_folder_and_handed_on_once(self, plain_bundle, scripted_source, tmp_path):
        """Without a recording the folder is where it is kept; the sample is that of the sound."""
        with Pipeline(scripted_source, plain_bundle, session_sound=tmp_path / "sound.flac") as pipeline:
            pipeline.start()
            scripted_source.ring.push(HEART[:4001])
            mark = pipeline.mark()
            assert (mark.path, mark.sample, mark.recorded_s) == (tmp_path, 4001, 4001 / 4000)
            assert [pipeline.take_entries(), pipeline.take_entries()] == [[mark], []]


class TestMarks:
    """A mark is the newest sample, wherever the classifier is."""

    def test_a_mark_is_the_newest_sample(self, plain_bundle, scripted_source, tmp_path):
        """Lost sound counts; numbers go on through two recordings, each of which has its own time and file."""
        with Pipeline(scripted_source, plain_bundle) as pipeline:
            pipeline.start()
            scripted_source.ring.push(HEART[:4001])
            assert pipeline.mark() == Mark(1, 4001 / 4000, sample=4001)
            for name, at_s in (("a", 1.0), ("b", 3.0)):
                pipeline.record(tmp_path / f"{name}.wav")
                scripted_source.ring.push_lost(3999)
                mark = pipeline.mark()
                assert mark.at_s == at_s + 1.0
                assert (mark.path, mark.recorded_s) == (tmp_path / f"{name}.labels.txt", 3999 / 4000)
                assert pipeline.stop_recording().marks == 1
                scripted_source.ring.push(HEART[:4001])
        texts = [(tmp_path / f"{name}.labels.txt").read_text().split("\t")[2] for name in "ab"]
        assert texts == ["mark 2\n", "mark 3\n"]

    def test_at_full_speed_it_is_the_newest_classified_sample(self, plain_bundle):
        """The ring is half a minute ahead of what was judged there."""
        with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
            windows = list(pipeline.windows())
            assert pipeline.mark().at_s == windows[-1].end_s == 20.0

    def test_marks_that_wait_are_tried_again(self, plain_bundle, scripted_source, tmp_path):
        """The mark says why it waits, and then it is in the file."""
        with Pipeline(scripted_source, plain_bundle, record=tmp_path / "a.wav") as pipeline:
            pipeline.start()
            pipeline.write_marks()
            (tmp_path / "a.labels.txt").mkdir()
            assert pipeline.mark().error == "another file has the name a.labels.txt"
            (tmp_path / "a.labels.txt").rmdir()
            pipeline.write_marks()
            assert pipeline.snapshot().recording.marks == 1


class TestSite:
    """The site is part of the start, of every snapshot and of the history."""

    def test_a_change_begins_again(self, plain_bundle, scripted_source, wait_until):
        """The history carries the new site while a window spans the change; an unknown site is refused."""
        with Pipeline(scripted_source, plain_bundle, site="AV") as pipeline:
            assert (pipeline.start_message.site, pipeline.snapshot().site) == ("AV", SiteChange("AV", 0.0, 0))
            pipeline.start()
            for count in range(1, 4):  # one window after the other, so that none is late
                scripted_source.ring.push(HEART[:20_000] if count == 1 else HEART[:2000])
                wait_until(lambda count=count: len(pipeline.snapshot().history) == count)
            assert pipeline.change_site("AV") is None
            change = pipeline.change_site("MV")
            assert change == pipeline.snapshot().site == SiteChange("MV", 6.0, 24_000)
            assert pipeline.take_entries() == [change]
            for count in range(4, 7):
                scripted_source.ring.push(HEART[:2000])
                wait_until(lambda count=count: len(pipeline.snapshot().history) == count)
            assert pipeline.snapshot().history[3:] == ("MV",) * 3
            with pytest.raises(ValueError, match="site='XX'"):
                pipeline.change_site("XX")

    def test_a_note_goes_into_the_labels_file(self, plain_bundle, scripted_source, tmp_path):
        """One line, whatever was typed, at the moment that is named."""
        with Pipeline(scripted_source, plain_bundle, record=tmp_path / "a.wav") as pipeline:
            pipeline.start()
            scripted_source.ring.push(HEART[:4000])
            note = pipeline.mark(" a\tb\nc ", sample=2000)
        assert (note.text, note.at_s) == ("a b c", 0.5)
        assert (tmp_path / "a.labels.txt").read_text() == "0.500000\t0.500000\tmark 1: a b c\n"


class DeafProcess:
    """An output process that takes everything and hears nothing; or hangs, or refuses."""

    def __init__(self, setup, behaviour="open"):
        state = "failed" if behaviour == "failed" else "open"
        self.report, self.behaviour = OutputReport(state, "Headphones", behaviour), behaviour
        self.released = threading.Event()
        self.num_bytes = 0

    def send(self, data):
        """Take a frame, refuse it, or wait until killed."""
        if self.behaviour == "broken":
            raise BrokenPipeError
        if self.behaviour == "hangs":
            self.released.wait(10)
            raise BrokenPipeError
        self.num_bytes += len(data)

    def finish(self, timeout_s=0.0):
        """End."""
        self.released.set()

    def kill(self):
        """End at once."""
        self.released.set()


@pytest.mark.parametrize("behaviour", ["open", "hangs", "broken", "failed", "not started"])
@pytest.mark.parametrize("sound", ["bell", "speaker"])
def test_verdicts_are_the_same_with_and_without_playback(plain_bundle, monkeypatch, tmp_path, behaviour, sound):
    """Whatever is heard, and whatever the output does, every window and every recorded sample stays, bit for bit."""
    processes = []

    def launch(setup):
        if behaviour == "not started":
            raise OSError(11, "Resource temporarily unavailable")
        processes.append(DeafProcess(setup, behaviour))
        return processes[-1]

    def player(ring, source, options):
        return Player(ring, source, options, launch)

    def run(name, playback):
        path = tmp_path / f"{name}.wav"
        with Pipeline(ArraySource(HEART, 4000), plain_bundle, record=path, playback=playback) as pipeline:
            windows = without_latency(list(pipeline.windows()))
            pipeline.hurry()
        return windows, soundfile.read(path, dtype="float32")[0]

    monkeypatch.setattr("monitor.runtime.pipeline._player", player)
    silent, heard = run("silent", None), run("heard", PlaybackOptions(sound=sound, volume_db=30.0))
    assert heard[0] == silent[0]
    assert len(heard[0]) > 20
    assert np.array_equal(heard[1], silent[1])
    if behaviour == "open":
        assert any(process.num_bytes > 1000 for process in processes)


def test_caught_up_means_that_every_result_has_arrived(plain_bundle, scripted_source, wait_until):
    """Once it says so, the next drain returns what is left of the windows so far; until new sound comes."""
    with Pipeline(scripted_source, plain_bundle) as pipeline:
        pipeline.drain(0.0)
        pipeline.start()
        assert pipeline.caught_up
        for start, end in ((0, 20_000), (20_000, 22_000), (22_000, 24_000)):
            scripted_source.ring.push(HEART[start:end])
            wait_until(lambda: pipeline.caught_up)
            assert [event.end_s for event in pipeline.drain(0.0)] == [end / 4000]


def test_not_caught_up_while_a_window_is_classified(bundle_maker, plain_engine, scripted_source, wait_until):
    """Although its samples have been read."""
    plain_engine.before = threading.Event()
    with Pipeline(scripted_source, bundle_maker(engine=plain_engine)) as pipeline:
        pipeline.start()
        scripted_source.ring.push(HEART[:20_000])
        assert plain_engine.entered.wait(10)
        assert not pipeline.caught_up
        plain_engine.before.set()
        wait_until(lambda: pipeline.caught_up)


TIME_OUT_S = 20.0
"""Every time-out in the tests of idle ends: far beyond what any of these runs takes."""


@pytest.fixture
def timed_out(monkeypatch):
    """Stretch the time-outs of all waits between threads; return those that were ended by nothing else."""
    ended_by_time = []

    def stretched(wait):
        def wait_longer(self, timeout=None):
            if timeout is None or timeout <= 0.0:
                return wait(self, timeout)
            woken = wait(self, max(timeout, TIME_OUT_S))
            if not woken:
                ended_by_time.append((threading.current_thread().name, timeout))
            return woken

        return wait_longer

    monkeypatch.setattr(threading.Condition, "wait", stretched(threading.Condition.wait))
    monkeypatch.setattr(Wakeup, "wait", stretched(Wakeup.wait))
    return ended_by_time


class TestNoWaitIsEndedByTime:
    """Whoever waits is woken by what it waits for, and by the end: no time-out ever has to end a wait."""

    @pytest.mark.parametrize("seconds", [2, 20])
    def test_at_the_end_of_a_recording(self, plain_bundle, timed_out, seconds):
        """Neither the reader nor a thread waits for more when the last window of a clip or a recording has come."""
        with Pipeline(ArraySource(HEART[: seconds * 4000], 4000), plain_bundle) as pipeline:
            assert len(list(pipeline.windows())) == max(1, 2 * seconds - 9)
        assert timed_out == []

    def test_at_the_end_of_a_recording_that_is_drained(self, plain_bundle, timed_out):
        """The same where the reader asks for all that has come."""
        with Pipeline(ArraySource(HEART, 4000), plain_bundle) as pipeline:
            windows = pipeline.drain(0.0)
            pipeline.start()
            while pipeline.running:
                windows += pipeline.drain(0.1)
            windows += pipeline.drain(0.1)
        assert len(windows) == 31
        assert timed_out == []

    def test_where_the_reader_stops_early(self, plain_bundle, timed_out):
        """A classifier that waits for room among its results is woken, and so is a source that waits for its ring."""
        config = MonitorConfig(queue_windows=2, ring_s=2.0)
        with Pipeline(ArraySource(HEART, 4000), plain_bundle, config=config) as pipeline:
            assert next(pipeline.windows()).index == 0
            while len(pipeline.snapshot().history) < 4:  # one taken, two in the queue, and one that waits
                assert pipeline.running
        assert pipeline.summary().undelivered > 0
        assert timed_out == []

    def test_where_a_live_source_is_silent(self, plain_bundle, scripted_source, timed_out):
        """A classifier that waits for sound is woken although the source keeps its ring open."""
        with Pipeline(scripted_source, plain_bundle) as pipeline:
            pipeline.start()
            pipeline._worker.stop()
            assert not pipeline.running
        assert timed_out == []

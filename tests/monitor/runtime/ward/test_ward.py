"""Many sounds on one thread: each as if it were alone, and none disturbs another."""

from __future__ import annotations

import dataclasses
import gc
import threading

import numpy as np
import pytest
import soundfile

from monitor.analysis.analyzer import Analyzer
from monitor.audio.sources.array import ArraySource
from monitor.audio.sources.file import RecordingSource
from monitor.audio.sources.paced import PacedSource
from monitor.audio.wakeup import Wakeup
from monitor.features.resample import resampled
from monitor.inference.bundle import load_bundle
from monitor.runtime.config import MonitorConfig
from monitor.runtime.pipeline import Pipeline
from monitor.runtime.ward.ward import Ward
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5)).waveform
PATIENT = MonitorConfig(patience_s=60.0, ring_s=60.0)


class BrokenSource(PacedSource):
    """Seven seconds of a heart, then an error."""

    name, sample_rate = "broken", 4000

    def blocks(self, block_samples):
        """Yield, then fail."""
        yield HEART[:28_000]
        raise RuntimeError("scripted failure")


class UnstartableSource(PacedSource):
    """Cannot be started, as a device that is gone."""

    name, sample_rate, may_wait = "gone", 4000, True

    def blocks(self, block_samples):
        """Yield nothing."""
        return iter(())

    def start(self, ring):
        """Fail."""
        raise RuntimeError("no such device")


def untimed(window):
    """Return a window without its latency, which depends on the clock."""
    return dataclasses.replace(window, latency_ms=0.0)


def alone(source, bundle):
    """Return the windows and the summary of a source in a pipeline of its own."""
    with Pipeline(source, bundle) as pipeline:
        return [untimed(window) for window in pipeline.windows()], pipeline.summary()


def together(sources, bundle, **options):
    """Return the streams of a ward, and the windows of each by its name, once all have ended."""
    windows = {}
    with Ward(bundle, **options) as ward:
        for source in sources:
            windows[ward.add(source).name] = []
        for stream, window in ward.windows():
            windows[stream.name].append(untimed(window))
        return ward.streams, windows


@pytest.fixture
def recordings(tmp_path):
    """Return recordings of several rates and forms: long, short, stereo, with a gap."""
    made = {}
    for rate in (2000, 4000, 8000, 44_100, 48_000):
        made[f"{rate}.wav"] = (resampled(HEART, 4000, rate), rate)
    made["short.flac"] = (HEART[:7000], 4000)
    made["stereo.flac"] = (np.stack((HEART, 0.5 * HEART), axis=1)[:44_000], 4000)
    gap = HEART.copy()
    gap[50_000:50_100] = np.nan
    made["gap.wav"] = (gap, 4000)
    for name, (sound, rate) in made.items():
        subtype = "FLOAT" if name == "gap.wav" else None
        soundfile.write(tmp_path / name, sound, rate, subtype=subtype)
    return [tmp_path / name for name in made]


@pytest.mark.parametrize("speed", [None, 64.0])
def test_every_stream_is_as_if_it_were_alone(recordings, speed):
    """With the trained network: windows, scores and summaries are equal to the last bit."""
    bundle = load_bundle()
    streams, windows = together([RecordingSource(path, speed=speed) for path in recordings], bundle, config=PATIENT)
    for path, stream in zip(recordings, streams, strict=True):
        expected, summary = alone(RecordingSource(path, speed=None), bundle)
        assert windows[stream.name] == expected, path
        assert stream.summary() == summary
        assert len(expected) == {"short.flac": 1, "stereo.flac": 13}.get(path.name, 31), path


def test_every_hop_is_as_if_it_were_alone(plain_bundle):
    """Another hop than the bundle's gives the windows of that hop."""
    sources = [ArraySource(HEART, 4000, name=name) for name in ("a", "b")]
    streams, windows = together(sources, plain_bundle, hop_s=0.25)
    assert [len(windows[stream.name]) for stream in streams] == [61, 61]
    assert windows["a"] == windows["b"]


def test_recordings_need_no_threads(plain_bundle):
    """Fifty paced sources run on the scheduler alone."""
    with Ward(plain_bundle) as ward:
        for _ in range(50):
            ward.add(ArraySource(HEART, 4000, speed=1.0))
        before = {thread.name for thread in threading.enumerate()}
        ward.start()
        assert {thread.name for thread in threading.enumerate()} - before == {"auscult-ward", "auscult-exit"}


def test_a_broken_source_disturbs_no_other(plain_bundle):
    """Its windows up to there are delivered, its error is kept, and the others are whole."""
    sources = [ArraySource(HEART, 4000, name="a"), BrokenSource(speed=None), ArraySource(HEART, 4000, name="b")]
    streams, windows = together(sources, plain_bundle)
    assert [str(stream.error) for stream in streams] == ["None", "scripted failure", "None"]
    assert [len(windows[stream.name]) for stream in streams] == [31, 5, 31]


def test_a_source_that_cannot_be_started_disturbs_no_other(plain_bundle):
    """Its stream ends with the error."""
    streams, windows = together([UnstartableSource(), ArraySource(HEART, 4000, name="a")], plain_bundle)
    assert str(streams[0].error) == "no such device"
    assert (len(windows["gone"]), len(windows["a"])) == (0, 31)


def test_a_failing_network_ends_one_stream(bundle_maker, plain_engine):
    """The stream whose window it was ends; the others go on."""
    plain_engine.fails_at = 20
    outputs = plain_engine.outputs

    def fail_once(tensor):
        try:
            return outputs(tensor)
        except RuntimeError:
            plain_engine.fails_at = -1
            raise

    plain_engine.outputs = fail_once
    streams, _ = together([ArraySource(HEART, 4000, name=name) for name in "abc"], bundle_maker(engine=plain_engine))
    assert sorted(str(stream.error) for stream in streams) == ["None", "None", "scripted failure"]


def test_all_streams_share_one_engine(bundle_maker, plain_engine):
    """One copy of the engine serves the whole ward."""
    copies = []
    plain_engine.copy = lambda: copies.append(1) or plain_engine
    together([ArraySource(HEART, 4000, name=name) for name in "abcdef"], bundle_maker(engine=plain_engine))
    assert len(copies) == 1


def test_names_are_unique(plain_bundle):
    """The same name twice gets a number."""
    streams, _ = together([ArraySource(HEART, 4000, name="a") for _ in range(3)], plain_bundle)
    assert [stream.name for stream in streams] == ["a", "a #2", "a #3"]


class TestLive:
    """Sources with a thread or a callback of their own."""

    def test_its_windows_are_judged_as_they_are_complete(self, plain_bundle, scripted_source):
        """A live source gives the windows of its sound, and a source that stays silent holds up nothing."""
        silent = type(scripted_source)()
        with Ward(plain_bundle, config=PATIENT) as ward:
            stream, _ = ward.add(scripted_source, "live"), ward.add(silent, "silent")
            ward.start()
            for start in range(0, 24_000, 40):
                scripted_source.ring.push(HEART[start : start + 40])
            windows = []
            while len(windows) < 3:
                windows += [window for _, window in ward.drain(10.0)]
            assert [window.index for window in windows] == [0, 1, 2]
            scripted_source.stop()
            assert ward.drain(10.0) == [(stream, None)]
            assert ward.running

    def test_its_error_is_kept(self, plain_bundle, scripted_source):
        """A device that fails ends its stream with the error."""
        with Ward(plain_bundle) as ward:
            stream = ward.add(scripted_source)
            ward.start()
            scripted_source.failure = RuntimeError("unplugged")
            scripted_source.stop()
            assert list(ward.windows()) == []
            assert str(stream.error) == "unplugged"

    def test_a_removed_stream_ends(self, plain_bundle, scripted_source):
        """The others go on; its end is delivered once."""
        with Ward(plain_bundle) as ward:
            stream = ward.add(scripted_source, "live")
            ward.start()
            ward.remove(stream)
            ward.remove(stream)
            assert ward.drain(10.0) == [(stream, None)]
            other = ward.add(ArraySource(HEART, 4000, name="later"))
            windows = list(ward.windows())
            assert {stream for stream, _ in windows} == {other}
            assert len(windows) == 31
            assert stream.error is None

    @pytest.mark.parametrize("end", ["remove", "stop"])
    def test_what_it_has_heard_is_judged_when_it_ends(self, plain_bundle, scripted_source, end):
        """A sound shorter than a window, also where the ward ends it or is stopped itself."""
        with Ward(plain_bundle, config=PATIENT) as ward:
            stream = ward.add(scripted_source, "live")
            ward.start()
            scripted_source.ring.push(HEART[:12_000])
            ward.remove(stream) if end == "remove" else ward.stop()
            delivered = []
            while not delivered or delivered[-1][1] is not None:
                delivered += ward.drain(10.0)
            assert [window.short for _, window in delivered if window is not None] == [True]
            assert stream.summary().windows == 1


class ScriptedTime(Wakeup):
    """A clock, and the scheduler's sleep, which moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.woken = False

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s

    def wait(self, timeout_s):
        """Sleep, unless somebody has called."""
        woken, self.woken = self.woken, False
        if not woken:
            self.now_s += timeout_s
        return woken

    def notify(self):
        """Call."""
        self.woken = True


class TestOnAScriptedClock:
    """The scheduler without its thread, turn by turn."""

    @pytest.fixture
    def time(self):
        """Return the clock."""
        return ScriptedTime()

    @pytest.fixture
    def ward_of(self, bundle_maker, time):
        """Return a function that makes a begun ward of sources, without a thread."""

        def make(sources, **options):
            ward = Ward(bundle_maker(), clock=time, wakeup=time, **options)
            for source in sources:
                ward.add(source)
            ward.begin()
            return ward

        return make

    @staticmethod
    def run(ward, until_s=60.0):
        """Turn until all streams have ended, or a time."""
        while ward._delivery.num_ended < len(ward.streams) and ward._clock() < until_s:
            ward.turn()

    def hearts(self, count, **options):
        """Return sources."""
        return [ArraySource(HEART, 4000, name=str(number), speed=1.0, **options) for number in range(count)]

    def test_they_begin_spread_over_a_hop(self, ward_of):
        """No two windows of equal sounds are complete at the same moment."""
        ward = ward_of(self.hearts(16))
        begins = sorted(stream.feed._begin_s for stream in ward.streams)
        assert begins[0] >= 0.0
        assert begins[-1] < 0.5
        assert min(np.diff(begins)) > 0.5 / 16 / 2.7

    def test_overload_is_shared_fairly(self, ward_of, time, monkeypatch):
        """With a network half as fast as needed, each stream has about half of its windows, each soon after its end."""
        judge = Analyzer.judge

        def slow(self, index):
            time.now_s += 0.1
            return judge(self, index)

        monkeypatch.setattr(Analyzer, "judge", slow)
        ward = ward_of(self.hearts(10))
        self.run(ward)
        summaries = [stream.summary() for stream in ward.streams]
        assert all(summary.windows + summary.skipped == 31 for summary in summaries)
        assert all(12 <= summary.windows <= 20 for summary in summaries)
        latencies = [window.latency_ms for _, window in ward.drain(0.0) if window is not None]
        assert max(latencies) < 1500.0
        assert any(stream.snapshot.overloaded for stream in ward.streams)

    def test_a_recording_at_full_speed_gives_way_to_live_sound(self, ward_of, time, monkeypatch):
        """With one source at full speed and others on the clock, those wait for one block of it at most."""
        judge = Analyzer.judge

        def slow(self, index):
            time.now_s += 0.01
            return judge(self, index)

        monkeypatch.setattr(Analyzer, "judge", slow)
        long = ArraySource(np.tile(HEART, 20), 4000, name="max")
        ward = ward_of([*self.hearts(3), long])
        self.run(ward)
        windows = [(stream.name, window) for stream, window in ward.drain(0.0) if window is not None]
        assert max(window.latency_ms for name, window in windows if name != "max") < 100.0
        assert sum(stream.summary().skipped for stream in ward.streams) == 0
        assert len([name for name, _ in windows if name == "max"]) == 791

    def test_a_paused_source_holds_up_nothing(self, ward_of, time):
        """Its schedule waits with it; the others end on time."""
        sources = self.hearts(2)
        sources[0].pause(paused=True)
        ward = ward_of(sources)
        self.run(ward, until_s=21.0)
        assert [stream.ended for stream in ward.streams] == [False, True]
        sources[0].pause(paused=False)
        self.run(ward)
        assert [stream.summary().skipped for stream in ward.streams] == [0, 0]
        assert time.now_s == pytest.approx(41.0, abs=0.6)

    def test_windows_that_are_not_taken_are_dropped_and_counted_but_no_end(self, ward_of):
        """The newest stay, for each stream what is missing is known, and every end is delivered."""
        ward = ward_of(
            [ArraySource(np.tile(HEART, 4), 4000, name=n, speed=1.0) for n in "ab"],
            config=MonitorConfig(queue_windows=10),
        )
        self.run(ward, until_s=120.0)
        delivered = ward.drain(0.0)
        ends = [stream.name for stream, window in delivered if window is None]
        assert sorted(ends) == ["a", "b"]
        windows = len(delivered) - 2
        assert windows + sum(stream.summary().undelivered for stream in ward.streams) == 2 * 151
        assert 100 < windows <= 128

    def test_a_full_queue_holds_a_lossless_source(self, ward_of):
        """It waits for the reader: nothing of it is dropped."""
        ward = ward_of([ArraySource(np.tile(HEART, 20), 4000, name="a")], config=MonitorConfig(queue_windows=64))
        windows = []
        for _ in range(2000):
            ward.turn()
            if len(ward._delivery.queue) > 40:
                windows += [window.index for _, window in ward.drain(0.0) if window is not None]
        windows += [window.index for _, window in ward.drain(0.0) if window is not None]
        assert windows == list(range(791))


def test_stopping_keeps_what_there_is(plain_bundle):
    """After a stop every stream has ended, with a summary of what was judged."""
    ward = Ward(plain_bundle)
    stream = ward.add(ArraySource(np.tile(HEART, 100), 4000))
    ward.start()
    assert ward.drain(10.0)
    ward.close()
    ward.close()
    assert stream.ended
    assert 0 < stream.summary().windows < 3991
    assert ward.drain(0.0)[-1] == (stream, None)
    assert not ward.running


def test_an_error_of_the_scheduler_is_raised(plain_bundle, monkeypatch):
    """A mistake of ours is not taken for an end."""
    monkeypatch.setattr(Ward, "_next", lambda self, now_s: 1 / 0)
    with Ward(plain_bundle) as ward, pytest.raises(ZeroDivisionError):
        ward.add(ArraySource(HEART, 4000))
        list(ward.windows())


def test_a_settled_ward_is_left_out_of_garbage_collection(plain_bundle):
    """What its streams hold is looked at no more, until it is stopped."""
    with Ward(plain_bundle) as ward:
        ward.add(ArraySource(HEART, 4000))
        assert not ward.settled
        list(ward.windows())
        assert ward.settled
        before = gc.get_freeze_count()
        ward.settle()
        assert gc.get_freeze_count() > before
    assert gc.get_freeze_count() == 0

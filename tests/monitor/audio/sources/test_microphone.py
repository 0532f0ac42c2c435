"""The live source: its threads start and end, errors are raised, and it plays through the pipeline."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from monitor.audio.ecg_ring_buffer import EcgRingBuffer
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.errors import DeviceError
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(8.0, HeartParameters(), np.random.default_rng(5)).waveform


def wait_until(condition, timeout_s=10.0):
    """Wait for a condition, with a timeout; polls an event and never sleeps by itself."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.005)):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("the condition did not come about")


def test_the_devices_own_rate_and_first_channel(backend, steth):
    """The defaults are the device's own rate and the first channel."""
    source = MicrophoneSource(steth, backend)
    assert (source.name, source.sample_rate, source.speed, source.duration_s) == ("steth", 1000, 1.0, None)
    assert not source.lossless
    assert MicrophoneSource(steth, backend, sample_rate=4000, channel=2).sample_rate == 4000
    assert backend.checked == [(steth, 1, 1000), (steth, 2, 4000)]


def test_the_time_since_the_newest_block(backend, steth):
    """It is 0 before the first block, then the time passed on the clock."""
    now = [100.0]
    source = MicrophoneSource(steth, backend, clock=lambda: now[0])
    assert source.since_last_block_s == 0.0
    with source:
        source.start(RingBuffer(4000))
        assert source.since_last_block_s == 0.0
        backend.streams[0].deliver()
        now[0] = 100.03
        assert source.since_last_block_s == pytest.approx(0.03)
        backend.streams[0].deliver()
        assert source.since_last_block_s == 0.0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"channel": 0}, ValueError),
        ({"latency_s": 0.0}, ValueError),
        ({"latency_s": 5.1}, ValueError),
        ({"latency_s": float("nan")}, ValueError),
        ({"sample_rate": 999}, DeviceError),
        ({"sample_rate": 192_001}, DeviceError),
    ],
)
def test_arguments_out_of_range(backend, steth, options, error):
    """They are refused before the device is opened."""
    with pytest.raises(error):
        MicrophoneSource(steth, backend, **options)
    assert backend.opened == []


def test_an_unsupported_rate_is_refused(backend, steth, monkeypatch):
    """The error of the library is raised when the source is created."""

    def refuse(device, channels, sample_rate):
        raise DeviceError("steth: does not do 4000 Hz", "choose --rate 44100")

    monkeypatch.setattr(backend, "check", refuse)
    with pytest.raises(DeviceError, match="choose --rate 44100"):
        MicrophoneSource(steth, backend, sample_rate=4000)


def test_it_closes_the_device_and_the_ring(backend, steth):
    """Stop ends the thread and closes stream and ring; twice is safe."""
    ring = RingBuffer(1000)
    source = MicrophoneSource(steth, backend)
    source.stop()
    source.start(ring)
    source.stop()
    source.close()
    assert backend.streams[0].closed
    assert ring.closed
    assert (source.error, source.stuck, source.device_status.state) == (None, False, "closed")


def test_it_starts_once(backend, steth):
    """Recording again needs a new source."""
    with MicrophoneSource(steth, backend) as source:
        source.start(RingBuffer(1000))
        with pytest.raises(ValueError, match="once"):
            source.start(RingBuffer(1000))


def test_a_device_that_does_not_open_leaves_no_thread(backend, steth, plain_bundle):
    """The pipeline raises, and all its threads end."""
    backend.failing = "steth: cannot be opened (busy)"
    pipeline = Pipeline(MicrophoneSource(steth, backend, sample_rate=4000), plain_bundle)
    with pipeline, pytest.raises(DeviceError, match="busy"):
        pipeline.start()


def test_a_stuck_driver_is_reported(backend, steth, monkeypatch):
    """Stop has a timeout, and reports that the program cannot end by itself."""
    released = threading.Event()
    source = MicrophoneSource(steth, backend)
    source.start(RingBuffer(1000))
    monkeypatch.setattr(backend.streams[0], "close", lambda: released.wait(timeout=30))
    source._watchdog.stop(timeout_s=0.01)
    assert source.stuck
    source.stop()
    assert source.stuck
    released.set()
    wait_until(lambda: not source.stuck)


def test_an_exception_of_the_callback_is_raised(backend, steth, plain_bundle):
    """An exception on the library's thread is raised where the program iterates."""
    with Pipeline(MicrophoneSource(steth, backend, sample_rate=4000), plain_bundle) as pipeline:
        windows = pipeline.windows()
        backend.streams[0].on_block(np.zeros((10, 0), np.float32), False)  # no such channel
        with pytest.raises(IndexError):
            list(windows)


def test_live_windows_are_those_of_the_waveform(backend, steth, plain_bundle):
    """Blocks of varying size give every window, and the snapshot has the device status."""
    sizes = np.random.default_rng(1).integers(1, 900, 200)
    with Pipeline(MicrophoneSource(steth, backend, sample_rate=4000), plain_bundle) as pipeline:
        pipeline.drain(0.0)
        pipeline.start()
        ends = np.minimum(np.cumsum(sizes), len(HEART))
        for start, end in zip(np.concatenate(([0], ends)), ends, strict=False):
            backend.streams[0].on_block(np.stack([HEART[start:end]] * 2, axis=1), False)
            wait_until(lambda end=end: pipeline.snapshot().elapsed_s == end / 4000)
        events = pipeline.drain(1.0)
        wait_until(lambda: pipeline.snapshot().device.state == "open")
    assert [event.index for event in events] == list(range(7))
    assert not any(event.gap for event in events)


def test_an_injected_overflow_withholds_the_windows_that_touch_it(backend, steth, plain_bundle):
    """Sound before and after a loss is not classified together; the counters have the loss."""
    with Pipeline(MicrophoneSource(steth, backend, sample_rate=4000), plain_bundle) as pipeline:
        pipeline.drain(0.0)
        pipeline.start()
        events = []
        for start in range(0, len(HEART), 1000):
            backend.streams[0].on_block(np.stack([HEART[start : start + 1000]] * 2, axis=1), start == 8000)
            wait_until(lambda start=start: pipeline.snapshot().elapsed_s >= (start + 1000) / 4000)
            events += pipeline.drain(0.0)
        wait_until(lambda: pipeline.snapshot().device.overflows == 1)
        snapshot = pipeline.snapshot()
    assert snapshot.gaps == 1
    assert events
    assert all(event.gap == (event.start_s < 2.01) for event in events if abs(event.start_s - 2.0) > 0.3)
    assert all(event.verdict.scores is None for event in events if event.gap)


def test_a_source_by_device_name(backend, steth, monkeypatch):
    """A program names a device and gets its source."""
    monkeypatch.setattr("monitor.audio.sources.microphone.PortAudio", lambda: backend)
    assert MicrophoneSource.named("ste", sample_rate=4000).sample_rate == 4000
    with pytest.raises(DeviceError, match="steth"):
        MicrophoneSource.named("other")


def test_an_electrocardiogram(backend, steth):
    """Enough channels are opened for it; one that the device does not have is refused with the next step."""
    source = MicrophoneSource(steth, backend, ecg_channel=2)
    ring = EcgRingBuffer(4000)
    with source:
        source.start(ring)
        assert backend.opened[0][1] == 2
        assert source.device_status.channel == 1
        backend.streams[0].deliver()
        assert ring.end_sample == ring.ecg.end_sample > 0
    with pytest.raises(DeviceError, match="there is no channel 9; choose another --ecg-channel, or another device"):
        MicrophoneSource(steth, backend, ecg_channel=9)
    with pytest.raises(ValueError, match="not the channel of the sound"):
        MicrophoneSource(steth, backend, ecg_channel=1)

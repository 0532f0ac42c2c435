"""A pipeline in an event loop: the windows are those of ``windows``, and every way out closes it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import numpy as np
import pytest

from monitor.audio.sources.array import ArraySource
from monitor.errors import RecordingError
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE = 4000
HEART = phonocardiogram(9.0, HeartParameters(), np.random.default_rng(5)).waveform


def without_latency(windows):
    """Return what each window was given."""
    return [(window.index, window.verdict, window.rolling, window.quality) for window in windows]


def test_the_windows_are_those_of_a_loop_without_events(plain_bundle):
    """All of them, in order; afterwards the summary is complete and the pipeline closed."""
    with Pipeline(ArraySource(HEART, RATE), plain_bundle) as pipeline:
        expected, summary = without_latency(pipeline.windows()), pipeline.summary()

    async def program():
        async with Pipeline(ArraySource(HEART, RATE), plain_bundle) as pipeline:
            found = [window async for window in pipeline.awindows()]
            assert pipeline.summary() == summary
        assert not pipeline.running
        return found

    assert without_latency(asyncio.run(program())) == expected


def test_breaking_off_closes_everything(plain_bundle):
    """After the second of many windows the program leaves, though the classifier waits for room."""

    async def program():
        source = ArraySource(np.tile(HEART, 40), RATE)
        async with Pipeline(source, plain_bundle, hop_s=0.1) as pipeline:
            async for window in pipeline.awindows():
                if window.index == 1:
                    break
            assert pipeline.running
        return pipeline

    assert not asyncio.run(program()).running


def test_a_cancelled_task_closes_everything(plain_bundle, scripted_source):
    """A task that waits for a live source ends at once when it is cancelled, and its pipeline is closed."""

    async def program():
        pipeline, waits = Pipeline(scripted_source, plain_bundle), asyncio.Event()

        async def listen():
            async with pipeline:
                async for _ in pipeline.awindows():
                    waits.set()

        task = asyncio.create_task(listen())
        while scripted_source.ring is None:
            await asyncio.sleep(0)
        scripted_source.ring.push(HEART[: 5 * RATE])
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return pipeline

    pipeline = asyncio.run(program())
    assert not pipeline.running
    assert scripted_source.ring.closed


def test_an_error_of_the_source_is_raised_after_its_windows(plain_bundle, scripted_source):
    """As by ``windows``."""

    async def program():
        windows = []
        with pytest.raises(RecordingError, match="cable"):
            async with Pipeline(scripted_source, plain_bundle) as pipeline:
                async for window in pipeline.awindows():
                    windows.append(window)
                    scripted_source.failure = RecordingError("the cable broke", "mend it")
                    scripted_source.ring.close()
        return windows

    def start(ring):
        scripted_source.ring = ring
        ring.push(HEART[: 5 * RATE])

    scripted_source.start = start
    assert [window.index for window in asyncio.run(program())] == [0]


def test_a_start_that_fails_is_raised(plain_bundle, scripted_source):
    """A device that does not open ends the iteration with its error, and nothing runs on."""

    def start(ring):
        raise RecordingError("no such device", "plug it in")

    async def program():
        async with Pipeline(scripted_source, plain_bundle) as pipeline:
            async for _ in pipeline.awindows():
                pytest.fail("no window can come")

    scripted_source.start = start
    with pytest.raises(RecordingError, match="no such device"):
        asyncio.run(program())


def test_asyncio_is_imported_by_programs_that_use_it_alone():
    """A pipeline that is read by ``for`` does not pay for it."""
    code = "import sys, monitor.runtime.pipeline; print('asyncio' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"

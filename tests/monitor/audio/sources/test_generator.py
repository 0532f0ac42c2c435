"""A generator of arrays is played as it comes, in any blocks; it is closed, and what it raises is raised."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import monitor
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.generator import GeneratorSource
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE = 4000
HEART = phonocardiogram(8.0, HeartParameters(), np.random.default_rng(5)).waveform


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8), st.integers(1, 5000))
def test_blocks_concatenate_to_the_arrays(lengths, block_samples):
    """No sample is lost, repeated or changed, however the generator cuts them; empty arrays are passed over."""
    waveform = np.arange(sum(lengths), dtype=np.float32) / 50_000
    arrays = np.split(waveform, np.cumsum(lengths)[:-1])
    blocks = list(GeneratorSource(iter(arrays), RATE).blocks(block_samples))
    assert np.array_equal(np.concatenate([*blocks, np.zeros(0, np.float32)]), waveform)
    assert all(1 <= len(block) <= block_samples for block in blocks)


def test_verdicts_are_those_of_the_array(plain_bundle):
    """Every window equals that of the same sound in one piece; stereo integers are mixed and scaled."""
    integers = (np.stack([HEART, HEART], axis=1) * 32767).astype(np.int16)
    expected = monitor.judge(integers, RATE, plain_bundle).windows
    source = GeneratorSource((integers[at : at + 333] for at in range(0, len(integers), 333)), RATE, live=True)
    with monitor.Pipeline(source, plain_bundle) as pipeline:
        windows = list(pipeline.windows())
    assert [window.verdict for window in windows] == [window.verdict for window in expected]


def test_what_it_raises_is_raised_to_the_reader(plain_bundle):
    """The windows before it come first."""

    def broken():
        yield HEART[: 5 * RATE]
        raise TimeoutError("timed out")

    windows = []
    with (
        pytest.raises(TimeoutError, match="timed out"),
        monitor.Pipeline(GeneratorSource(broken(), RATE), plain_bundle) as pipeline,
    ):
        windows.extend(pipeline.windows())
    with (
        pytest.raises(ValueError, match=r"waveform.shape=\(1, 2, 3\)"),
        monitor.Pipeline(GeneratorSource([np.ones((1, 2, 3))], RATE), plain_bundle) as pipeline,
    ):
        list(pipeline.windows())


def test_a_stop_closes_the_generator():
    """It takes effect at the next array, and what the generator holds is released, on the thread that it ran on."""
    closed_on, gives = [], threading.Event()

    def endless():
        try:
            while True:
                gives.set()
                yield np.zeros(10)
        finally:
            closed_on.append(threading.current_thread().name)

    source, ring = GeneratorSource(endless(), RATE), RingBuffer(1000)
    source.start(ring)
    assert gives.wait(30.0)
    source.close()
    assert closed_on == ["auscult-source"]
    assert source.error is None


def test_a_live_one_cannot_be_paused():
    """A simulation can."""
    assert not GeneratorSource([], RATE, live=True).can_pause
    assert GeneratorSource([], RATE).can_pause


def test_it_plays_once():
    """A generator cannot be begun again; a second reading says so."""
    source = GeneratorSource([[0.5]], RATE)
    assert [block.tolist() for block in source.blocks(10)] == [[0.5]]
    with pytest.raises(ValueError, match="has been played"):
        next(source.blocks(10))


@pytest.mark.parametrize(("rate", "words"), [(999, "1000 to 192000"), (4000.5, "whole number")])
def test_a_rate_out_of_range_is_refused(rate, words):
    """The caller's mistake is a ValueError that names the value."""
    with pytest.raises(ValueError, match=words):
        GeneratorSource([], rate)

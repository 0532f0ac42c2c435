"""How many streams one core carries: the search, the clock that counts the processor's time, and the streams."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.bench import streams
from monitor.commands.bench.streams import (
    FINENESS,
    CarriedStreams,
    CoreTime,
    Streams,
    VirtualStethoscope,
    largest_passing,
    measure_streams,
)


@given(st.integers(0, 5000), st.integers(1, 400))
def test_the_search_finds_the_largest(limit: int, first: int) -> None:
    """What it returns passes, and at most a seventh more fails; nothing beyond the most is tried."""
    asked: list[int] = []

    def passes(number: int) -> bool:
        asked.append(number)
        return number <= limit

    found = largest_passing(passes, first, 3200)
    assert max(asked) <= 3200
    assert len(asked) == len(set(asked))
    assert found <= limit
    if found:
        failed = [number for number in asked if number > limit]
        assert not failed or min(failed) <= max(found * FINENESS, found + 1)
    else:
        assert limit < max(1, first >> 6) * 2


@pytest.mark.parametrize(
    ("p95_ms", "skipped", "passes"), [(4.9, 0, True), (5.0, 0, False), (1.0, 1, False), (None, 0, False)]
)
def test_what_passes(p95_ms: float | None, skipped: int, passes: bool) -> None:
    """Less than 5 ms, and no window skipped."""
    assert Streams(10, p95_ms, skipped).passes is passes


def test_a_virtual_stethoscope_never_ends() -> None:
    """It plays the waveform from its place on, again and again, in blocks of views."""
    waveform = np.arange(10, dtype=np.float32)
    blocks = itertools.islice(VirtualStethoscope(waveform, 4000, 7).blocks(4), 4)
    assert np.concatenate(list(blocks)).tolist() == [7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_sleeping_takes_no_time() -> None:
    """The clock jumps by what would be slept, and is never behind the processor."""
    clock = CoreTime()
    before = clock()
    assert clock.wait(100.0) is False
    assert clock() >= before + 100.0


def test_streams_are_judged(plain_bundle, heart_waveform) -> None:
    """Every stream gives a window each half second, once it has a whole one; the number of streams is given."""
    with CarriedStreams(plain_bundle, heart_waveform, 4000) as carried:
        carried.add(3)
        assert carried.run(4.0) == Streams(3, None, 0)
        result = carried.run(3.0)
    assert (result.streams, result.skipped) == (3, 0)
    assert result.p95_ms is not None


def test_the_measurement_is_of_the_largest_that_passed(plain_bundle, heart_waveform, monkeypatch) -> None:
    """A number that fails is tried again, one that skips windows is not; the result is that of the best number."""
    tried: list[int] = []

    def run(carried: CarriedStreams, seconds: float) -> Streams:
        number = len(carried._ward.streams)
        if seconds == streams.MEASURED_S:
            tried.append(number)
        return Streams(number, 1.0 if number <= 5 else 9.0, int(number > 7))

    monkeypatch.setattr(CarriedStreams, "run", run)
    monkeypatch.setattr(streams, "FIRST", 4)
    monkeypatch.setattr(streams, "MANY", 21)
    notes: list[str] = []
    best, memory_mb = measure_streams(plain_bundle, heart_waveform, 4000, notes.append)
    assert best == Streams(5, 1.0, 0)
    assert tried == [4, 8, 6, 6, 5]
    assert len(notes) == len(tried)
    assert np.isfinite(memory_mb)

"""Windows on their way to the reader: batches, bounds, and ends that always arrive."""

from __future__ import annotations

import types

import pytest

from monitor.runtime.ward.delivery import BATCH_S, Delivery


@pytest.fixture
def stream():
    """Return what stands for a stream."""
    return types.SimpleNamespace(undelivered=0)


def taken(delivery):
    """Return everything in the queue, without the stream."""
    return [item[1] for item in iter(lambda: delivery.queue.take(0.0), None)]


def test_a_batch_waits_a_little(stream):
    """It is due 5 ms after its first window, and delivered in order."""
    delivery = Delivery(10)
    assert not delivery.is_due(99.0)
    delivery.add(stream, ["a"], 1.0)
    delivery.add(stream, ["b"], 1.004)
    assert (delivery.is_due(1.004), delivery.is_due(1.0 + BATCH_S)) == (False, True)
    assert taken(delivery) == []
    delivery.deliver()
    assert taken(delivery) == ["a", "b"]


def test_ends_are_never_dropped(stream):
    """Without room the oldest windows go, and are counted; the end stays."""
    delivery = Delivery(3)
    delivery.add(stream, ["a", "b", None, "c", "d", "e"], 0.0)
    delivery.deliver()
    assert sorted(map(str, taken(delivery))) == ["None", "d", "e"]
    assert (stream.undelivered, delivery.num_ended) == (3, 1)


def test_there_is_room_for_many_streams():
    """The queue grows with the ward; a lossless stream asks before it goes on."""
    delivery = Delivery(16)
    assert delivery.has_room
    delivery.make_room(100)
    assert delivery.queue.capacity == 6400
    delivery.make_room(0)
    delivery.add(None, ["a"], 0.0)
    assert not delivery.has_room

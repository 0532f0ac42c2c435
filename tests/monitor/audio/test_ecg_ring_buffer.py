"""Sound and electrocardiogram stay on one sample clock."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from monitor.audio.ecg_ring_buffer import EcgRingBuffer


@pytest.fixture
def ring():
    """Return rings of eight samples."""
    return EcgRingBuffer(8)


def test_both_have_every_sample(ring):
    """Blocks are divided, lost samples are lost in both, what is not finite in its own alone."""
    ring.push(np.array([[1.0, -1.0], [np.nan, -0.5]], np.float32))
    ring.push_lost(2)
    ring.push(np.array([[0.25, 0.75]], np.float32))
    sound, ecg = ring.cursor().read(10, 0.0), ring.ecg.cursor().read(10, 0.0)
    assert (sound.waveform.tolist(), sound.lost) == ([1.0, 0.0, 0.0, 0.0, 0.25], ((1, 4),))
    assert (ecg.waveform.tolist(), ecg.lost) == ([-1.0, -0.5, 0.0, 0.0, 0.75], ((2, 4),))
    ring.close()
    assert ring.closed
    assert ring.ecg.closed


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3)])
def test_other_shapes(ring, shape):
    """They are refused, and neither ring has a sample of them."""
    with pytest.raises(ValueError, match=r"must be \(samples, 2\), sound and electrocardiogram"):
        ring.push(np.zeros(shape, np.float32))
    assert ring.end_sample == ring.ecg.end_sample == 0


@pytest.mark.parametrize("slow", ["sound", "ecg"])
def test_a_source_waits_for_the_slower_reader(ring, slow):
    """There is room only where neither reader has samples to lose."""
    readers = {"sound": ring.cursor(), "ecg": ring.ecg.cursor()}
    ring.push(np.zeros((8, 2), np.float32))
    for name, reader in readers.items():
        reader.read(8 if name != slow else 1, 0.0)
    stopping = threading.Event()
    assert ring.wait_for_room(1, stopping)
    stopping.set()
    assert not ring.wait_for_room(2, stopping)

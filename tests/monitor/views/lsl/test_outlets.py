"""What is heard and judged, received by another process that speaks LSL."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import uuid

import numpy as np
import pytest

from monitor.audio.ring_buffer import Read, RingBuffer
from monitor.messages import Quality, Verdict, WindowEvent
from monitor.views.lsl.outlets import LslOutlets, stream_names, with_gaps, without_leads
from tests.monitor.audio.sources.network.conftest import eventually

pytestmark = pytest.mark.subprocess
VERDICT = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9})
WINDOW = WindowEvent(0, -4.5, 0.5, VERDICT, VERDICT, Quality(0.9), 72.0, False, False, 1.9)

RECEIVER = """
import json, sys, pylsl
found = {info.name(): info for info in pylsl.resolve_streams(2.0)}
sound, verdicts = (pylsl.StreamInlet(found[name]) for name in sys.argv[1:3])
sound.open_stream(10)
verdicts.open_stream(10)
print("open", flush=True)
samples, stamps = [], []
while len(samples) < 4000:
    more, times = sound.pull_chunk(timeout=0.2)
    samples += [None if value != value else value for (value,) in more]
    stamps += times
line, at = verdicts.pull_sample(timeout=10)
info = sound.info()
print(json.dumps({
    "samples": samples, "rate": info.nominal_srate(), "source_id": info.source_id(), "type": info.type(),
    "format": info.channel_format(), "line": line[0], "behind_s": stamps[-1] - at,
}), flush=True)
"""


def test_another_process_receives_sound_and_verdicts(pylsl):
    """Sample for sample, lost ones as NaN; the line of a window at the time of its end."""
    device = f"steth {uuid.uuid4()}"
    ring = RingBuffer(20_000)
    outlets = LslOutlets(device, "ALSA", 4000)
    try:
        words = [sys.executable, "-c", RECEIVER, *stream_names(device)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "open\n"
            outlets.start(ring)
            sound = np.arange(3900, dtype=np.float32) / 4096
            ring.push(sound[:2000])
            ring.push_lost(100)
            ring.push(sound[2000:])
            eventually(lambda: outlets._next == 4000)
            outlets.window(WINDOW)
            got = json.loads(process.communicate(timeout=60)[0])
    finally:
        outlets.close()
        outlets.close()
    assert got["samples"] == [*sound[:2000].tolist(), *[None] * 100, *sound[2000:].tolist()]
    assert (got["rate"], got["type"], got["format"]) == (4000.0, "Audio", 1)
    assert got["source_id"].endswith(f"/ALSA/{device}")
    assert json.loads(got["line"])["label"] == "murmur"
    assert got["behind_s"] == pytest.approx(0.5, abs=0.01)


def test_it_ends_with_the_sound(pylsl):
    """The thread ends when the ring is closed and read."""
    ring = RingBuffer(4000)
    outlets = LslOutlets(f"steth {uuid.uuid4()}", "ALSA", 4000)
    outlets.start(ring)
    ring.push(np.zeros(400, np.float32))
    ring.close()
    eventually(lambda: not outlets._thread.is_alive())
    assert outlets._next == 400
    outlets.close()


def test_what_was_overwritten_before_it_was_read():
    """The positions stay true: it is NaN."""
    read = Read(10, np.ones(2, np.float32), lost=((6, 10),), overrun=True)
    sound = with_gaps(read, 6)[:, 0]
    assert np.isnan(sound[:4]).all()
    assert sound[4:].tolist() == [1.0, 1.0]


def test_what_a_jump_brings_at_once_is_left_out(pylsl):
    """The sound between a jump and its target, and the windows that end there; the sound from the target on is sent."""
    ring = RingBuffer(20_000)
    outlets = LslOutlets(f"steth {uuid.uuid4()}", "ALSA", 4000)
    chunks, lines = [], []
    outlets._sound = type("Sound", (), {"push_chunk": lambda self, sound, at: chunks.append(sound[:, 0].tolist())})()
    outlets._verdicts = type("Verdicts", (), {"push_sample": lambda self, line, at: lines.append(line)})()
    outlets.start(ring, lambda: ((2001, 3000),))
    try:
        ring.push(np.ones(2000, np.float32))
        eventually(lambda: outlets._next == 2000)
        ring.push_lost(1)
        ring.push(np.full(999, 2.0, np.float32))
        ring.push(np.full(500, 3.0, np.float32))
        eventually(lambda: outlets._next == 3500)
        for end_s in (0.5, 0.7, 0.75, 0.8):
            outlets.window(dataclasses.replace(WINDOW, end_s=end_s))
    finally:
        outlets.close()
    sent = [value for chunk in chunks for value in chunk]
    assert sent[:2000] == [1.0] * 2000
    assert np.isnan(sent[2000])
    assert sent[2001:] == [3.0] * 500
    assert [json.loads(line)["end_s"] for (line,) in lines] == [0.5, 0.8]


def test_several_jumps():
    """Each is left out, also one that began before the sound."""
    sound = np.arange(10, dtype=np.float32)[:, None]
    assert without_leads(sound, 100, ((90, 102), (105, 107)))[:, 0].tolist() == [2, 3, 4, 7, 8, 9]

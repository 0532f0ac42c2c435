"""Streams of another process, as devices: found, opened, heard, lost."""

from __future__ import annotations

import contextlib
import inspect
import subprocess
import sys
import uuid

import numpy as np
import pytest

from monitor.audio.sources.device.backend import AudioBackend, StreamLike
from monitor.audio.sources.lsl.backend import LslBackend, LslStream, as_sound
from monitor.errors import DeviceError, NoSuchDeviceError
from tests.monitor.audio.sources.network.conftest import Taken, eventually

SENDER = """
import sys, numpy, pylsl
name, source, rate, form = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
outlet = pylsl.StreamOutlet(pylsl.StreamInfo(name, "Audio", 2, rate, form, source))
print("announced", flush=True)
ramp = numpy.stack((numpy.arange(2000), -numpy.arange(2000)), axis=1)
for line in sys.stdin:
    if not outlet.wait_for_consumers(20):
        sys.exit("nobody listens")
    scale = 1 if form == pylsl.cf_int16 else 32768
    kind = numpy.int16 if form == pylsl.cf_int16 else numpy.float32
    outlet.push_chunk(numpy.ascontiguousarray((ramp / scale).astype(kind)))
"""
RAMP = np.arange(2000) / 32768

pytestmark = pytest.mark.subprocess


@contextlib.contextmanager
def sender(name, *, source="here", rate=1000, form=1):
    """Run a process that announces a stream, and sends a ramp for every line it gets."""
    words = [sys.executable, "-c", SENDER, name, source, str(rate), str(form)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "announced\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def name(pylsl):
    """Return a name that no other stream has."""
    return f"steth {uuid.uuid4()}"


@pytest.mark.parametrize("method", ["devices", "check", "open", "restart"])
def test_it_is_a_backend(method):
    """It takes the arguments of every backend, and its stream those of every stream."""
    expected = list(inspect.signature(getattr(AudioBackend, method)).parameters)
    assert list(inspect.signature(getattr(LslBackend, method)).parameters) == expected
    assert list(inspect.signature(LslStream.close).parameters) == list(inspect.signature(StreamLike.close).parameters)


@pytest.mark.parametrize("form", [1, 5])
def test_the_samples_are_those_that_were_sent(name, form):
    """Floats as they are, integers by their full scale; and the loss is told when the process ends."""
    taken = Taken()
    with sender(name, form=form) as process:
        backend = LslBackend(name)
        device = backend.find()
        assert (device.name, device.host_api, device.channels, device.default_rate) == (f"lsl:{name}", "LSL", 2, 1000)
        stream = backend.open(device, 1, 1000, 0.2, taken)
        try:
            print("go", file=process.stdin, flush=True)
            np.testing.assert_array_equal(taken.wait_for(2000), RAMP.astype(np.float32))
            assert stream.active
            process.kill()
            process.wait()
            eventually(lambda: not stream.active)
        finally:
            stream.close()
    assert "has gone" in str(stream.failure)


def test_by_its_source_id(name):
    """Two of one name are told apart by it; the name alone is an error that lists both."""
    with sender(name, source=f"{name} A"), sender(name, source=f"{name} B"):
        with pytest.raises(DeviceError, match="could be 2 streams") as caught:
            LslBackend(name).find()
        assert f"{name} A" in caught.value.next_step
        assert LslBackend(f"{name} B").find().name == f"lsl:{name} B"


def test_what_cannot_be_heard(name):
    """Nobody of this name, with the names that there are; no steady sample rate; another channel or rate."""
    with sender(name, rate=0), pytest.raises(DeviceError, match="no steady sample rate"):
        LslBackend(name).find()
    with sender(name):
        with pytest.raises(NoSuchDeviceError, match="did you mean"):
            LslBackend(name[:-1]).find()
        backend = LslBackend(name)
        device = backend.find()
        with pytest.raises(DeviceError, match="no channel 3"):
            backend.check(device, 3, 1000)
        with pytest.raises(DeviceError, match="has 1000 Hz, not 4000"):
            backend.check(device, 1, 4000)


def test_integers_by_their_range():
    """Every type of LSL is full scale at its limit, floats are unchanged."""
    for kind in (np.int8, np.int16, np.int32, np.int64):
        assert as_sound(np.array([np.iinfo(kind).min], kind))[0] == -1.0
    assert as_sound(np.array([0.25], np.float64)).dtype == np.float32

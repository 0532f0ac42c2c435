"""The interface of the audio backend: PortAudio and the scripted library of the tests both implement it."""

from __future__ import annotations

import inspect

import pytest

from monitor.audio.sources.device.backend import AudioBackend, StreamLike
from monitor.audio.sources.device.portaudio import PortAudio, Stream


@pytest.fixture(params=["real", "scripted"])
def implementation(request, backend):
    """Return the classes of a backend and of its stream."""
    if request.param == "real":
        return PortAudio, Stream
    return type(backend), type(backend.open(backend.plugged[0], 1, 1000, 0.2, lambda *_: None))


@pytest.mark.parametrize("name", ["devices", "check", "open", "restart"])
def test_every_backend_takes_the_same_arguments(implementation, name):
    """Each method exists with the parameters of the interface, in the same order."""
    expected = inspect.signature(getattr(AudioBackend, name)).parameters
    assert list(inspect.signature(getattr(implementation[0], name)).parameters) == list(expected)


def test_every_stream_can_be_closed_without_arguments(implementation):
    """The stream has the interface's close."""
    expected = inspect.signature(StreamLike.close).parameters
    assert list(inspect.signature(implementation[1].close).parameters) == list(expected)

"""Standard input of the output's process, read without waiting."""

from __future__ import annotations

import io
import os
import sys
import threading

import pytest

from monitor.audio.playback.standard_input import ReadAhead, standard_input


@pytest.fixture
def pipe():
    """Return both ends of a pipe, as files."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", buffering=0) as writer:
        yield reader, writer


def until(read):
    """Return the first bytes, or the end, of a stream that may have none yet; bounded."""
    pause = threading.Event()
    for _ in range(1000):
        part = read(100)
        if part is not None:
            return part
        pause.wait(0.005)
    return pytest.fail("nothing came")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Windows block")
def test_a_pipe_gives_what_there_is(pipe, monkeypatch):
    """Nothing yet is None, then bytes, then the end."""
    reader, writer = pipe
    monkeypatch.setattr(sys, "stdin", reader)
    stream = standard_input()
    assert stream.read(100) is None
    writer.write(b"heart")
    assert stream.read(100) == b"heart"
    assert stream.read(100) is None
    writer.close()
    assert stream.read(100) == b""


def test_a_thread_reads_ahead(pipe):
    """The same where a pipe cannot be read without waiting."""
    reader, writer = pipe
    stream = ReadAhead(reader)
    assert stream.read(100) is None
    writer.write(b"heart")
    assert until(stream.read) == b"heart"
    assert stream.read(100) is None
    writer.close()
    assert until(stream.read) == b""


def test_on_windows_a_thread_reads_ahead(monkeypatch):
    """Standard input is read by the thread there."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"heart")))
    stream = standard_input()
    assert isinstance(stream, ReadAhead)
    assert until(stream.read) == b"heart"
    assert until(stream.read) == b""

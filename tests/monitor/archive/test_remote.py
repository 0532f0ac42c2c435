"""Recordings at addresses: in memory, and on a web server of the test."""

from __future__ import annotations

import collections
import functools
import http.server
import json
import os
import sys
import tempfile
import threading
import time

import pytest

pytest.importorskip("fsspec", reason="addresses need the extra remote")

import fsspec

from monitor.archive import remote
from monitor.archive.recordings import find_recordings
from monitor.archive.remote import list_remote, local_copy
from monitor.commands.scan.rows import judge_recording
from monitor.errors import AuscultError, MissingExtraError, RecordingError


@pytest.fixture
def store(ward):
    """Return the address of the ward in memory."""
    memory = fsspec.filesystem("memory")
    memory.put(str(ward), "/hospital", recursive=True)
    yield "memory://hospital"
    memory.rm("/hospital", recursive=True)


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Return a folder for temporary files that nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    remote._remove_left_over.cache_clear()
    yield folder
    remote._remove_left_over.cache_clear()


def test_a_folder_is_listed_as_one_here(store, ward):
    """The same names in the same order, hidden files left out, others counted; with sizes."""
    found, here = find_recordings([store]), find_recordings([str(ward)])
    assert [recording.source for recording in found.recordings] == [
        recording.source.replace(str(ward), store) for recording in here.recordings
    ]
    assert [recording.num_bytes for recording in found.recordings] == [
        recording.num_bytes for recording in here.recordings
    ]
    assert found.left_alone == here.left_alone


def test_rows_are_those_of_the_files(store, ward, plain_bundle, copies):
    """But for the name; a file that is no recording is a row that names the address; no copy stays."""
    for there, here in zip(find_recordings([store]).recordings, find_recordings([str(ward)]).recordings, strict=True):
        rows = [
            json.loads(judge_recording(recording, plain_bundle, channel=None, hop_s=None, windows=False).lines)
            for recording in (there, here)
        ]
        assert rows[0]["source"] == rows[0]["path"] == there.source
        same = [{**row, "source": "", "path": "", "mtime_ns": 0, "error": bool(row["error"])} for row in rows]
        assert same[0] == same[1]
    assert rows[0]["error"].startswith(f"{store}/z.wav: not a recording that can be read")
    assert os.listdir(copies) == []


def test_what_is_not_there(store):
    """A file by name, an empty folder, a protocol that is none."""
    for address, line in [
        (f"{store}/missing.wav", "missing.wav: no such file; check the name and the folder"),
        ("nonsense://a/b.wav", "nonsense://a/b.wav: cannot be read .Protocol not known: nonsense"),
    ]:
        with pytest.raises(RecordingError, match=line):
            find_recordings([address])
    assert len(find_recordings([store, f"{store}/missing.wav"]).recordings) == 6


def test_missing_packages(store, monkeypatch):
    """The extra is named, and so is what the protocol needs besides."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(AuscultError, match=r"s3:// needs a package that is not installed \(Install s3fs"):
        find_recordings(["s3://bucket/a.wav"])
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"memory:// needs fsspec; pip install '.*\[remote\]'"):
        find_recordings([store])


def test_a_copy_is_bounded_and_never_stays(store, copies, monkeypatch):
    """Not where the judging fails, nor where the file is too large or the disk full."""
    with pytest.raises(ZeroDivisionError), local_copy(f"{store}/a.wav") as path:
        assert path.endswith(".wav")
        assert os.path.getsize(path) == fsspec.filesystem("memory").info("/hospital/a.wav")["size"]
        raise ZeroDivisionError
    assert os.listdir(copies) == []
    monkeypatch.setattr(remote, "MAX_COPY_BYTES", 1000)
    with pytest.raises(RecordingError, match=r"a\.wav: larger than"), local_copy(f"{store}/a.wav"):
        pass
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: collections.namedtuple("Usage", "free")(10))
    with pytest.raises(RecordingError, match=r"a\.wav: no room for a copy in "), local_copy(f"{store}/a.wav"):
        pass
    assert os.listdir(copies) == []


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_copies_of_killed_processes_are_removed(store, copies):
    """Once they are old, and not one that a process still has open."""
    from monitor.sessions.event_log import lock

    names = ("auscult-copy-old.wav", "auscult-copy-new.wav", "auscult-copy-locked.wav", "mine.wav")
    for name in names:
        (copies / name).write_bytes(b"sound")
        if "new" not in name:
            os.utime(copies / name, (time.time() - 3600,) * 2)
    with open(copies / "auscult-copy-locked.wav", "r+b", 0) as file:
        assert lock(file)
        with local_copy(f"{store}/a.wav"):
            pass
    assert sorted(os.listdir(copies)) == sorted(names[1:])


class Web(http.server.SimpleHTTPRequestHandler):
    """Gives files of a folder; what needs a key is refused without it, and each file has a tag."""

    def send_head(self):
        """Answer a request."""
        path, _, key = self.path.partition("?")
        if path.startswith("/locked/") and key != "signature=s3cret":
            self.send_error(403)
            return None
        self.path = path.removeprefix("/locked")
        return super().send_head()

    def end_headers(self):
        """Add the tag."""
        self.send_header("ETag", f'"{os.path.basename(self.path)}-1"')
        super().end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server(ward):
    """Return the address of a web server that gives the ward."""
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Web, directory=str(ward)))
    thread = threading.Thread(target=web.serve_forever, name="auscult-test-web")
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    thread.join(timeout=10)
    web.server_close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_web_server(server, ward, plain_bundle, copies):
    """A folder by its list of links, with sizes and tags; a row is that of the file."""
    pytest.importorskip("aiohttp")
    found = find_recordings([f"{server}/"]).recordings
    assert [recording.source for recording in found] == [
        f"{server}/{name}" for name in ("a.wav", "b.FLAC", "below/c.wav", "quiet.wav", "z.wav")
    ]
    assert found[0].num_bytes == (ward / "a.wav").stat().st_size
    assert found[0].etag == "a.wav-1"
    rows = [
        json.loads(judge_recording(recording, plain_bundle, channel=None, hop_s=None, windows=False).lines)
        for recording in (found[0], *find_recordings([str(ward / "a.wav")]).recordings)
    ]
    assert rows[0]["etag"] == "a.wav-1"
    differ = {key for key in rows[0] if rows[0][key] != rows[1][key]}
    assert differ == {"source", "path", "mtime_ns", "etag"}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_no_secret_is_kept_or_said(server, plain_bundle, copies):
    """Not in the row of a file that was read, nor in the error of one that was refused."""
    pytest.importorskip("aiohttp")
    address = f"{server}/locked/a.wav?signature=s3cret"
    (recording,) = find_recordings([address]).recordings
    judged = judge_recording(recording, plain_bundle, channel=None, hop_s=None, windows=True)
    assert not judged.failed
    assert b"s3cret" not in judged.lines
    assert f"{server}/locked/a.wav?***".encode() in judged.lines
    assert "s3cret" not in repr(recording)
    wrong = address.replace("s3cret", "s4cret")
    with pytest.raises(RecordingError, match=r"a\.wav\?\*\*\*") as refused:
        find_recordings([wrong])
    assert "s4cret" not in str(refused.value)
    assert "cannot be read (403" in str(refused.value)
    with pytest.raises(RecordingError, match=r"127\.0\.0\.1:9/a\.wav\?\*\*\*: cannot be read \(Cannot connect"):
        find_recordings(["http://127.0.0.1:9/a.wav?signature=s3cret"])
    assert refused.value.__cause__ is None
    with pytest.raises(RecordingError, match="two addresses that differ only in what may be a secret"):
        find_recordings([address, wrong])


def test_users_and_passwords_are_hidden(monkeypatch):
    """Also those that a package puts into its error."""

    def refuse(address):
        raise OSError(f"cannot log in at {address}")

    monkeypatch.setattr(remote, "_file_system", refuse)
    (file,) = list_remote("ftp://me:pw@host/a.wav", collections.Counter())
    assert file.shown == "ftp://***@host/a.wav"
    assert file.error == (
        "ftp://***@host/a.wav: cannot be read (cannot log in at ftp://***@host/a.wav); "
        "check the address and the connection"
    )

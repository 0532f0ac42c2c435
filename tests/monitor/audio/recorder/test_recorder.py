"""The recorder writes the ring to a file, whatever the disk does, without affecting other threads."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.audio.recorder import recorder as recorder_module
from monitor.audio.recorder.append_file import AppendFile
from monitor.audio.recorder.recorder import Recorder
from monitor.audio.ring_buffer import RingBuffer
from monitor.errors import AuscultError

RATE = 4000
ROOT = Path(__file__).resolve().parents[4]


def recorded(path):
    """Return all samples of a recording."""
    return soundfile.read(path, dtype="float32")[0]


def ramp(start, end):
    """Samples whose value is their position, exact in 24 bits."""
    return (np.arange(start, end) / 2**20).astype(np.float32)


class Disk:
    """A disk that a test makes full, slow or unplugged."""

    def __init__(self, monkeypatch):
        self.error = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        real = AppendFile._write_at

        def write_at(file, position, data):
            self.entered.set()
            self.gate.wait(timeout=10)
            if self.error is not None:
                raise OSError(self.error, os.strerror(self.error))
            real(file, position, data)

        monkeypatch.setattr(AppendFile, "_write_at", write_at)


@pytest.fixture
def disk(monkeypatch):
    """Return a disk to script."""
    return Disk(monkeypatch)


@pytest.fixture(params=["wav", "flac"])
def path(request, tmp_path):
    """Return the path of the recording, in each format."""
    return tmp_path / f"heart.{request.param}"


def unthreaded(path, ring):
    """Return a recorder without a thread, whose steps a test calls itself."""
    recorder = Recorder(path, ring, RATE)
    recorder._cursor = ring.cursor()
    return recorder


steps = st.lists(
    st.one_of(
        st.tuples(st.just("sound"), st.integers(0, 400)),
        st.tuples(st.just("lost"), st.integers(0, 400)),
        st.tuples(st.just("write"), st.just(0)),
    ),
    max_size=30,
)


@given(steps=steps, ending=st.sampled_from(["wav", "flac"]), capacity=st.integers(200, 5000))
@settings(max_examples=60)
def test_any_blocks_and_gaps_give_the_same_file(tmp_path_factory, steps, ending, capacity):
    """The file has every sample at its position; lost or overwritten samples are zeros, and counted."""
    path = tmp_path_factory.mktemp("recorder") / f"a.{ending}"
    ring = RingBuffer(capacity)
    recorder = unthreaded(path, ring)
    expected, lost, written = np.zeros(0, np.float32), 0, 0
    for kind, count in [*steps, ("write", 0)]:
        end = len(expected)
        if kind == "sound":
            ring.push(ramp(end, end + count))
            expected = np.concatenate((expected, ramp(end, end + count)))
        elif kind == "lost":
            ring.push_lost(count)
            lost += count
            expected = np.concatenate((expected, np.full(count, np.nan, np.float32)))
        else:
            overwritten = expected[written : max(written, end - capacity)]
            lost += np.count_nonzero(~np.isnan(overwritten))
            overwritten[:] = np.nan
            recorder._write_waiting()
            written = end
            assert recorder.status.written_s == end / RATE
    recorder.stop()
    assert recorder.status.lost_samples == lost
    assert recorder.status.error is None
    if len(expected):
        np.testing.assert_array_equal(recorded(path), np.nan_to_num(expected))
    else:
        assert not path.exists()


def test_the_thread_records_from_the_first_sample_to_the_last(path, signals):
    """Everything pushed between start and stop is in the file, and the status has its length."""
    ring = RingBuffer(10 * RATE)
    recorder = Recorder(path, ring, RATE)
    ring.push(ramp(0, 100))
    recorder.start()
    for start in range(100, 9000, 89):
        ring.push(ramp(start, start + 89))
    ring.close()
    recorder.stop()
    np.testing.assert_array_equal(recorded(path), ramp(0, 9000))
    status = recorder.status
    assert (status.path, status.written_s, status.lost_samples, status.error) == (path, 9000 / RATE, 0, None)


def test_a_ring_that_ends_ends_the_recording(path):
    """When the source has ended, the file is complete without a stop."""
    ring = RingBuffer(RATE // 10)
    recorder = Recorder(path, ring, RATE)
    recorder.start()
    ring.push(ramp(0, 300))
    ring.close()
    recorder._thread.join(timeout=10)
    assert not recorder._thread.is_alive()
    np.testing.assert_array_equal(recorded(path), ramp(0, 300))
    recorder.stop()


def test_stop_while_the_source_still_runs_writes_the_ring(path):
    """Samples pushed before the stop are in the file even though the ring stays open."""
    ring = RingBuffer(10 * RATE)
    recorder = Recorder(path, ring, RATE)
    recorder.start()
    ring.push(ramp(0, 5000))
    recorder.stop()
    ring.push(ramp(5000, 6000))
    np.testing.assert_array_equal(recorded(path), ramp(0, 5000))


def test_a_wav_keeps_sound_beyond_full_scale(tmp_path):
    """The untouched input: not scaled, not clipped."""
    ring = RingBuffer(RATE)
    recorder = Recorder(tmp_path / "a.wav", ring, RATE)
    recorder.start()
    loud = np.array([3.5, -7.25, 1e-20, 0.1], np.float32)
    ring.push(loud)
    recorder.stop()
    np.testing.assert_array_equal(recorded(tmp_path / "a.wav"), loud)


def test_stopping_twice_and_before_the_start_is_safe(path):
    """No thread, no error, and no empty file that would block the next recording of this name."""
    recorder = Recorder(path, RingBuffer(100), RATE)
    assert path.exists()
    recorder.stop()
    recorder.stop()
    assert not path.exists()
    with pytest.raises(ValueError, match="start must be called once"):
        recorder.start()


def test_a_recording_without_a_sample_leaves_no_file(path):
    """A device that never delivered a sample leaves no file."""
    recorder = Recorder(path, RingBuffer(100), RATE)
    recorder.start()
    recorder.stop()
    recorder.stop()
    assert not path.exists()
    assert recorder.status.written_s == 0.0


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a file that is open")
@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_recording_that_is_removed_meanwhile_is_not_reported_as_recorded(path, how):
    """It is told at the next write and at the end, all samples count as lost, and a file that took the name is kept."""
    ring = RingBuffer(RATE)
    recorder = unthreaded(path, ring)
    ring.push(ramp(0, 500))
    recorder._write_waiting()
    assert (recorder.status.written_s, recorder.status.error) == (0.125, None)
    path.unlink() if how == "deleted" else path.rename(path.with_name("elsewhere"))
    if how == "replaced":
        path.write_text("not ours")
    recorder._write_waiting()
    for _ in ("at the next write", "at the end"):
        assert (recorder.status.written_s, recorder.status.lost_samples) == (0.0, 500)
        assert recorder.status.error == "the file was moved or deleted: put it back, or start another recording"
        recorder._finish()
    assert path.exists() is (how == "replaced")


@pytest.mark.skipif(os.name == "nt", reason="Windows does not move a file that is open")
def test_a_recording_that_is_put_back_is_whole(path):
    """Moved away and back, the file holds every sample."""
    ring = RingBuffer(RATE)
    recorder = unthreaded(path, ring)
    path.rename(path.with_name("elsewhere"))
    ring.push(ramp(0, 500))
    recorder._write_waiting()
    assert recorder.status.error is not None
    path.with_name("elsewhere").rename(path)
    recorder._finish()
    assert (recorder.status.written_s, recorder.status.lost_samples, recorder.status.error) == (0.125, 0, None)
    np.testing.assert_array_equal(recorded(path), ramp(0, 500))


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a file that is open")
def test_a_file_that_took_the_name_is_not_deleted(path):
    """A recording without samples deletes its own file only."""
    recorder = Recorder(path, RingBuffer(RATE), RATE)
    path.unlink()
    path.write_text("not ours")
    recorder.stop()
    assert path.read_text() == "not ours"


def test_starting_twice_is_refused(path):
    """A recorder writes one file once."""
    recorder = Recorder(path, RingBuffer(100), RATE)
    recorder.start()
    with pytest.raises(ValueError, match="start must be called once"):
        recorder.start()
    recorder.stop()


def test_a_writer_that_waits_for_room_is_released(path):
    """After the end the recorder's cursor no longer holds back the writer."""
    ring = RingBuffer(100)
    recorder = Recorder(path, ring, RATE)
    recorder.start()
    recorder.stop()
    ring.push(ramp(0, 80))
    assert ring.wait_for_room(100, threading.Event())


@pytest.mark.parametrize("name", ["heart.mp3", "heart", "heart.wav.bak", ".wav"])
def test_another_suffix_is_refused_at_once(tmp_path, name):
    """Before anything is recorded, with the next step, and without creating a file."""
    with pytest.raises(AuscultError, match=r"end it in \.wav or \.flac"):
        Recorder(tmp_path / name, RingBuffer(100), RATE)
    assert list(tmp_path.iterdir()) == []


def test_the_suffix_may_be_upper_case(tmp_path):
    """Windows programs write ``.WAV``."""
    Recorder(tmp_path / "A.WAV", RingBuffer(100), RATE).stop()
    Recorder(tmp_path / "A.Flac", RingBuffer(100), RATE).stop()


def test_an_earlier_recording_is_never_touched(path):
    """The second recording of the same name is refused; the first is as it was."""
    path.write_bytes(b"precious")
    with pytest.raises(AuscultError, match="not overwritten; choose another name"):
        Recorder(path, RingBuffer(100), RATE)
    assert path.read_bytes() == b"precious"


def test_a_disk_that_is_full_from_the_start(path, disk):
    """Creating the recorder fails and leaves no empty file."""
    disk.error = errno.ENOSPC
    with pytest.raises(AuscultError, match="the disk is full"):
        Recorder(path, RingBuffer(100), RATE)
    assert not path.exists()


def test_a_full_disk_is_reported_and_the_recording_continues_when_there_is_space(path, disk, caplog):
    """No sample that is still in the ring is lost, the error disappears, and both changes are logged."""
    caplog.set_level("INFO", "monitor")
    ring = RingBuffer(10 * RATE)
    recorder = unthreaded(path, ring)
    ring.push(ramp(0, 4000))
    recorder._write_waiting()
    disk.error = errno.ENOSPC
    for start in range(4000, 8000, 1000):
        ring.push(ramp(start, start + 1000))
        recorder._write_waiting()
    status = recorder.status
    assert (status.written_s, status.lost_samples) == (1.0, 0)
    assert status.error == recorder_module.DISK_FULL
    np.testing.assert_array_equal(recorded(path), ramp(0, 4000))
    disk.error = None
    recorder._write_waiting()
    assert recorder.status.error is None
    recorder.stop()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    np.testing.assert_array_equal(recorded(path), ramp(0, 8000))
    assert recorder.status.lost_samples == 0


def test_overwritten_samples_are_zeros_and_counted_at_once(path, disk):
    """After a long outage the time axis is right: sound, zeros of the right length, sound."""
    ring = RingBuffer(1000)
    recorder = unthreaded(path, ring)
    ring.push(ramp(0, 500))
    recorder._write_waiting()
    disk.error = errno.ENOSPC
    ring.push(ramp(500, 1000))
    recorder._write_waiting()
    for start in range(1000, 201_000, 500):
        ring.push(ramp(start, start + 500))
    assert recorder.status.lost_samples == 199_000
    disk.error = None
    recorder._write_waiting()
    recorder.stop()
    assert recorder.status.lost_samples == 199_000
    sound = recorded(path)
    np.testing.assert_array_equal(sound[:1000], ramp(0, 1000))
    np.testing.assert_array_equal(sound[1000:200_000], 0)
    assert len(sound) == 201_000


def test_a_disk_that_stays_full_leaves_a_valid_file_and_a_count(path, disk):
    """The written part is readable, the rest is counted and reported."""
    ring = RingBuffer(10 * RATE)
    recorder = unthreaded(path, ring)
    ring.push(ramp(0, 4000))
    recorder._write_waiting()
    disk.error = errno.ENOSPC
    ring.push(ramp(4000, 10_000))
    recorder._write_waiting()
    recorder._finish()
    assert recorder.status.lost_samples == 6000
    assert "the last 1.5 s could not be written" in recorder.status.error
    np.testing.assert_array_equal(recorded(path), ramp(0, 4000))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EFBIG, "start another recording"),
        (errno.EIO, "Input/output error"),
        (errno.ENODEV, "check that it is connected"),
    ],
)
def test_each_disk_error_has_a_sentence(path, disk, code, words):
    """The sentence has the problem and the remedy."""
    ring = RingBuffer(RATE)
    recorder = unthreaded(path, ring)
    disk.error = code
    ring.push(ramp(0, 100))
    recorder._write_waiting()
    assert words in recorder.status.error
    disk.error = None
    recorder.stop()


def test_a_slow_disk_blocks_no_other_thread(path, disk):
    """While a write hangs, the ring accepts sound, another reader reads it, and after 2 s the status says so."""
    ring = RingBuffer(RATE)
    other, now_s = ring.cursor(), [100.0]
    recorder = Recorder(path, ring, RATE, clock=lambda: now_s[0])
    disk.entered.clear()
    disk.gate.clear()
    recorder.start()
    ring.push(ramp(0, 100))
    assert disk.entered.wait(timeout=10)
    for start in range(100, 3100, 100):
        ring.push(ramp(start, start + 100))
        other.read(100, 0.0)
    assert other.next_sample == 3100 - 100
    assert recorder.status.error is None  # a burst, for all that the recorder knows
    now_s[0] += 3.0
    status = recorder.status
    assert "the disk is slow" in status.error
    assert status.lost_samples == 0
    disk.gate.set()
    recorder.stop()
    assert recorder.status.error is None
    np.testing.assert_array_equal(recorded(path), ramp(0, 3100))


def test_an_exception_of_the_recorder_is_reported(path, monkeypatch):
    """An exception on the recorder's thread ends the recording with a valid file; no other thread is affected."""
    ring = RingBuffer(RATE)
    recorder = Recorder(path, ring, RATE)

    def fails():
        raise RuntimeError("scripted")

    monkeypatch.setattr(recorder, "_write_waiting", fails)
    recorder.start()
    ring.push(ramp(0, 10))
    recorder.stop()
    assert "could not be written" in recorder.status.error
    assert recorder.status.lost_samples == 10


KILLED = """
import itertools, sys, threading, time
from pathlib import Path
import numpy as np
from monitor.audio.recorder.recorder import Recorder
from monitor.audio.ring_buffer import RingBuffer

ring = RingBuffer(120000)
Recorder(Path(sys.argv[1]), ring, 4000).start()
began = time.monotonic()
for block in itertools.count():
    threading.Event().wait(max(0.0, began + block * 0.01 - time.monotonic()))
    ring.push((np.arange(block * 40, block * 40 + 40) / 2**20).astype(np.float32))
    if block % 10 == 9:
        print(block * 40 + 40, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a signal")
def test_after_kill_9_less_than_a_second_is_lost(path):
    """A program killed while recording in real time leaves a readable file that lacks less than a second."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        pushed = 0
        while pushed < 2.2 * RATE:
            pushed = int(program.stdout.readline())
        program.send_signal(signal.SIGKILL)
        program.wait(timeout=10)
    sound = recorded(path)
    assert len(sound) > pushed - RATE
    np.testing.assert_array_equal(sound, ramp(0, len(sound)))


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder with 64 kB of space; skip where it cannot be mounted."""
    mount = shutil.which("mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root mounts a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("this system does not allow mounting a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize(("ending", "used"), [("wav", 28_000), ("flac", 45_000)])
def test_a_really_full_disk_and_space_again(small_disk, ending, used, signals):
    """On a full disk of 64 kB the recording stops, stays readable, and then continues without losing a sample."""
    path = small_disk / f"a.{ending}"
    filler = small_disk / "filler"
    filler.write_bytes(bytes(used))
    sound = (np.rint(signals.noise(10_000) * 2**23) / 2**23).astype(np.float32)
    ring = RingBuffer(20_000)
    recorder = unthreaded(path, ring)
    for start in range(0, 10_000, 1000):
        ring.push(sound[start : start + 1000])
        recorder._write_waiting()
        written = recorded(path)
        np.testing.assert_array_equal(written, sound[: len(written)])
    assert recorder.status.error == recorder_module.DISK_FULL
    assert len(recorded(path)) < 10_000
    filler.unlink()
    recorder._write_waiting()
    assert recorder.status.error is None
    recorder.stop()
    np.testing.assert_array_equal(recorded(path), sound)


def test_a_disk_that_never_answers_is_told(tmp_path, disk):
    """Stopping has a limit; the status then says how much may be missing, and nothing once the disk has answered."""
    ring = RingBuffer(capacity=40_000)
    recorder = Recorder(tmp_path / "a.wav", ring, RATE)
    recorder.start()
    disk.gate.clear()
    disk.entered.clear()
    ring.push(ramp(0, 6000))
    disk.entered.wait(timeout=10)
    ring.push(ramp(6000, 10_000))
    recorder.stop(timeout_s=0.0)
    assert recorder.status.error == "the disk does not answer: the last 2.5 s may be missing"
    disk.gate.set()
    recorder.stop()
    assert (recorder.status.error, recorder.status.written_s) == (None, 2.5)
    assert np.array_equal(recorded(tmp_path / "a.wav"), ramp(0, 10_000))


class TestMarks:
    """Marks lie in a labels file beside the recording, on the recording's own time axis."""

    def test_a_mark_names_its_sample_across_lost_sound(self, tmp_path):
        """Lost sound is zeros in the file, so the time of a mark behind it is that of its sample."""
        ring = RingBuffer(capacity=40_000)
        recorder = Recorder(tmp_path / "a.wav", ring, RATE)
        recorder.start()
        ring.push(ramp(0, 3000))
        ring.push_lost(5001)
        ring.push(ramp(8001, 12_000))
        assert recorder.mark(ring.end_sample - 1, "mark 1") == 11_999 / RATE
        recorder.stop()
        at_s = float((tmp_path / "a.labels.txt").read_text().split("\t")[0])
        assert recorded(tmp_path / "a.wav")[round(at_s * RATE)] == ramp(11_999, 12_000)[0]
        status = recorder.status
        assert (status.labels, status.marks) == (tmp_path / "a.labels.txt", 1)
        assert (status.waiting_marks, status.marks_error) == ((), None)

    def test_a_mark_counts_from_the_start_of_a_later_recording(self, tmp_path):
        """The sound before it is not in the file, and not in the time."""
        ring = RingBuffer(capacity=40_000)
        ring.push(ramp(0, 7000))
        recorder = Recorder(tmp_path / "a.wav", ring, RATE)
        recorder.start(from_now=True)
        ring.push(ramp(7000, 9000))
        assert recorder.mark(8000, "mark 1") == 0.25
        assert recorder.mark(6000, "mark 2") == 0.0
        recorder.stop()
        assert recorded(tmp_path / "a.wav")[1000] == ramp(8000, 8001)[0]

    def test_an_existing_labels_file_is_refused_before_a_recording_begins(self, tmp_path):
        """It stays as it is, and there is no recording."""
        (tmp_path / "a.labels.txt").write_text("old")
        with pytest.raises(AuscultError, match=r"a\.labels\.txt exists"):
            Recorder(tmp_path / "a.flac", RingBuffer(100), RATE)
        assert [path.name for path in tmp_path.iterdir()] == ["a.labels.txt"]
        assert (tmp_path / "a.labels.txt").read_text() == "old"

    def test_marks_that_cannot_be_written_disturb_no_sound(self, tmp_path):
        """They wait; the status has them, and the recording has no error."""
        ring = RingBuffer(capacity=40_000)
        recorder = Recorder(tmp_path / "a.wav", ring, RATE)
        recorder.start()
        (tmp_path / "a.labels.txt").mkdir()
        ring.push(ramp(0, 2000))
        recorder.mark(1000, "mark 1")
        status = recorder.status
        assert (status.waiting_marks, status.labels, status.error) == ((0.25,), None, None)
        assert status.marks_error == "another file has the name a.labels.txt"
        (tmp_path / "a.labels.txt").rmdir()
        recorder.write_marks()
        recorder.stop()
        assert (recorder.status.marks, recorder.status.marks_error) == (1, None)
        assert len(recorded(tmp_path / "a.wav")) == 2000

    def test_the_end_tries_once_more(self, tmp_path):
        """A mark that waited is written when the recording stops."""
        ring = RingBuffer(capacity=40_000)
        recorder = Recorder(tmp_path / "a.wav", ring, RATE)
        recorder.start()
        ring.push(ramp(0, 2000))
        (tmp_path / "a.labels.txt").mkdir()
        recorder.mark(1000, "mark 1")
        (tmp_path / "a.labels.txt").rmdir()
        recorder.stop()
        assert (tmp_path / "a.labels.txt").read_text() == "0.250000\t0.250000\tmark 1\n"


def test_the_sound_of_a_session_is_private_and_has_no_labels_file(tmp_path):
    """Its marks are kept elsewhere; a mark still has its position."""
    ring = RingBuffer(capacity=8000)
    recorder = Recorder(tmp_path / "sound.flac", ring, 4000, in_session=True)
    recorder.start()
    ring.push(np.zeros(4000, np.float32))
    assert recorder.mark(2000, "mark 1") == 0.5
    recorder.write_marks()
    recorder.stop()
    assert recorder.labels_path is None
    assert [path.name for path in tmp_path.iterdir()] == ["sound.flac"]
    assert (recorder.status.written_s, recorder.status.marks) == (1.0, 0)
    if os.name == "posix":
        assert recorder.path.stat().st_mode & 0o777 == 0o600

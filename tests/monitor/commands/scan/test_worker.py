"""A worker: recordings in, their lines out."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from monitor.archive.recordings import find_recordings
from monitor.commands.scan.rows import judge_recording
from monitor.commands.scan.worker import WorkerSetup, send, serve
from monitor.inference.bundle import load_bundle


def answers_in(data):
    """Return heads and bodies of the answers in some bytes."""
    stream, answers = io.BytesIO(data), []
    for line in stream:
        head = json.loads(line)
        answers.append((head, stream.read(head["bytes"])))
    return answers


def served(recordings, bundle):
    """Return the answers to some recordings."""
    tasks = "".join(f"{json.dumps(dataclasses.asdict(recording))}\n" for recording in recordings)
    output = io.BytesIO()
    serve(io.BytesIO(tasks.encode()), output, bundle, WorkerSetup("plain", "0"))
    return answers_in(output.getvalue())


def test_the_lines_of_each_recording(ward, plain_bundle):
    """In the order in which they came in."""
    recordings = find_recordings([str(ward)]).recordings
    answers = served(recordings, plain_bundle)
    for recording, (head, body) in zip(recordings, answers, strict=True):
        judged = judge_recording(recording, plain_bundle, channel=None, hop_s=None, windows=False)
        assert body == judged.lines
        assert head == {"seconds": judged.seconds, "failed": judged.failed, "bytes": len(body)}


@pytest.mark.parametrize("outputs", [None, [float("nan")] * 4])
def test_a_fault_of_ours_is_an_error_of_one_recording(ward, plain_bundle, outputs):
    """The network raises once, or gives no number once: the next recording is judged all the same."""
    engine = plain_bundle.engine
    sound = engine.outputs

    def fail_once(image):
        engine.outputs = sound
        if outputs is None:
            raise RuntimeError("scripted failure")
        return np.array(outputs, np.float32)

    engine.outputs = fail_once
    recordings = find_recordings([str(ward / "a.wav"), str(ward / "b.FLAC")]).recordings
    (head, body), (next_head, next_body) = served(recordings, plain_bundle)
    row = json.loads(body)
    assert (head["failed"], row["state"], row["windows"]) == (True, None, 0)
    assert row["error"].startswith(f"{ward}/a.wav: ")
    assert outputs is not None or "cannot be judged (RuntimeError: scripted failure)" in row["error"]
    assert not next_head["failed"]
    assert json.loads(next_body)["windows"] == 6


def test_an_answer_is_written_whole():
    """However little is taken at once."""

    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(bytes(data[:3]))

    output = Slow()
    send(output, {"failed": False}, b"body\n")
    assert answers_in(output.getvalue()) == [({"failed": False, "bytes": 5}, b"body\n")]


def test_a_worker_as_a_process(ward):
    """It says that it is ready, answers, and ends with its input; another bundle than the scan's is refused."""
    bundle = load_bundle()
    (recording,) = find_recordings([str(ward / "a.wav")]).recordings

    def run(setup):
        command = [sys.executable, "-m", "monitor.commands.scan.worker"]
        lines = "".join(f"{json.dumps(dataclasses.asdict(one))}\n" for one in (setup, recording))
        done = subprocess.run(command, input=lines.encode(), capture_output=True, timeout=60)
        return done.returncode, answers_in(done.stdout)

    code, (ready, answer) = run(WorkerSetup("heart-sounds", bundle.model_sha256))
    assert (code, ready) == (0, ({"ready": True, "bytes": 0}, b""))
    assert answer[1] == judge_recording(recording, bundle, channel=None, hop_s=None, windows=False).lines
    code, (failed,) = run(WorkerSetup("heart-sounds", "0" * 64))
    assert code == 1
    assert "the bundle has changed since the scan began" in failed[0]["failed"]


def test_a_worker_without_a_setup_ends():
    """The scan ended, or was killed, before it knew what to judge: no answer, and no error."""
    command = [sys.executable, "-m", "monitor.commands.scan.worker"]
    for text in (b"", b'{"model": "heart-so'):
        done = subprocess.run(command, input=text, capture_output=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

"""Processes are measured from their start, and one that fails is an error."""

from __future__ import annotations

import sys
import wave

import numpy as np
import pytest

from monitor.commands.bench import processes
from monitor.commands.bench.processes import first_window, run_seconds, write_clip
from monitor.errors import AuscultError


@pytest.fixture
def clip(tmp_path, heart_waveform):
    """Return a file of 6 s of a synthetic heart."""
    path = tmp_path / "clip.wav"
    write_clip(path, heart_waveform[:24_000], 4000)
    return path


def test_the_clip_is_the_waveform(tmp_path):
    """16-bit mono at its sample rate; values beyond full scale are clipped, not wrapped."""
    write_clip(tmp_path / "clip.wav", np.array([0.0, 0.5, -0.5, 2.0, -2.0], np.float32), 8000)
    with wave.open(str(tmp_path / "clip.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(file.readframes(5), "<i2")
    assert samples.tolist() == [0, 16383, -16383, 32767, -32767]


@pytest.mark.subprocess
def test_first_window_of_a_replay(bundle_dir, clip):
    """Each run gives a time, and the memory is that of a process with NumPy and LiteRT."""
    result = first_window(clip, bundle_dir, 2)
    assert len(result.seconds) == 2
    assert min(result.seconds) > 0.0
    if sys.platform == "win32":
        assert result.peak_memory_mb is None
    else:
        assert 20.0 < result.peak_memory_mb < 1000.0


@pytest.mark.subprocess
def test_a_process_from_start_to_end(tmp_path):
    """Help is timed as often as requested."""
    seconds = run_seconds(["--help"], tmp_path, 2)
    assert len(seconds) == 2
    assert min(seconds) > 0.0


@pytest.mark.subprocess
def test_a_replay_that_fails_is_an_error(tmp_path, clip):
    """A missing bundle ends the process with code 1, and the measurement with a line that names the command."""
    with pytest.raises(AuscultError, match="auscult replay: ended with code 1"):
        first_window(clip, tmp_path / "absent", 1)


@pytest.mark.subprocess
def test_a_process_that_fails_is_an_error(tmp_path):
    """A usage error in any other command, too."""
    with pytest.raises(AuscultError, match="auscult no-such-command: ended with code 2"):
        run_seconds(["no-such-command"], tmp_path, 1)


@pytest.mark.subprocess
def test_a_replay_without_a_window_is_an_error(bundle_dir, clip):
    """A process that succeeds without a window has not been measured."""
    with pytest.raises(AuscultError, match="printed no window"):
        processes._seconds_to_window(["models", str(bundle_dir), "--json"], clip.parent)


@pytest.mark.subprocess
def test_a_process_that_hangs_is_killed(monkeypatch, tmp_path):
    """After the timeout."""
    monkeypatch.setattr(processes, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(processes, "_auscult", lambda arguments: [sys.executable, "-c", "import time; time.sleep(600)"])
    with pytest.raises(AuscultError, match="ended with code"):
        run_seconds(["anything"], tmp_path, 1)

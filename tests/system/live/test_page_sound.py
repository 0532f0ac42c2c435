"""What a page plays, recorded from the sound server, beside what it shows at that moment."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile

from monitor.features.resample import resampled
from tests.system.browsers import CHROMIUM, FIREFOX, Chromium, Firefox, found_in
from tests.system.live.conftest import wait_until
from tests.system.live.lab import RATE, SINK, Recording, likeness

pytest.importorskip("uvicorn", reason="serving needs its extra")

SOUND_RATE, PART_S, AROUND_S = 4000, 0.4, 2.5
READINGS, BETWEEN_S = 30, 0.25
BROWSERS = [
    pytest.param(Chromium, marks=pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")),
    pytest.param(Firefox, marks=pytest.mark.skipif(FIREFOX is None, reason="needs Firefox")),
]


@contextlib.contextmanager
def replayed(path, folder):
    """Yield the address of a replay that is served."""
    with (folder / "told.txt").open("w") as told:
        command = [sys.executable, "-m", "monitor", "replay", str(path), "--json", "--serve", "127.0.0.1:0"]
        program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        try:
            yield found_in(folder / "told.txt", r"serving on (http://\S+)").group(1)
        finally:
            program.terminate()
            program.wait(timeout=20)


@pytest.mark.parametrize("browser_type", BROWSERS)
def test_the_picture_is_in_time_with_the_sound(browser_type, stethoscope, tmp_path, monkeypatch):
    """To within a tenth of a second, as the sound leaves the sound server: noise of changing loudness is recognised."""
    rng = np.random.default_rng(1)
    played = rng.normal(0, 0.05, 60 * SOUND_RATE) * np.repeat(rng.uniform(0.1, 1.0, 600), SOUND_RATE // 10)
    soundfile.write(tmp_path / "noise.wav", played, SOUND_RATE, "PCM_16")
    for name in ("PULSE_SERVER", "XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, stethoscope.environment[name])
    stethoscope.plug_in(RATE)
    recording = Recording(stethoscope.environment, f"{SINK}.monitor", 1)
    try:
        with browser_type(tmp_path) as browser, replayed(tmp_path / "noise.wav", tmp_path) as address:
            browser.visit(f"{address}?sound=1")
            browser.wait_for("ear && ear.state === 'running' && heardTo() !== null", timeout_s=60)
            wait_until(lambda: recording.length_s > 1, 20, "a second of what the sound server plays")
            pause, readings = threading.Event(), []
            for _ in range(READINGS):
                pause.wait(BETWEEN_S)
                shown_s = browser.evaluate("shownTo / RATE")
                readings.append((recording.length_s, shown_s))
        (sound,) = recording.end()
    finally:
        recording.end()
        stethoscope.unplug()
    late_s = lateness(resampled(sound.astype(np.float32), RATE, SOUND_RATE), played, readings)
    assert len(late_s) > READINGS / 2
    assert np.median(np.abs(late_s)) < 0.1


def lateness(sound, played, readings):
    """Return by how much the picture is ahead of the sound in each reading in which the sound is found, seconds.

    A reading is beside what is recorded until then, not beside a clock: a sound server that is held up records less.
    """
    late_s = []
    for recorded_s, shown_s in readings:
        at = round(recorded_s * SOUND_RATE)
        part = sound[at - round(PART_S * SOUND_RATE) : at]
        first = max(0, round((shown_s - AROUND_S) * SOUND_RATE))
        alike = likeness(played[first : first + round(2 * AROUND_S * SOUND_RATE)], part)
        place = int(np.argmax(alike))
        if alike[place] > 0.4:
            late_s.append(shown_s - (first + place + len(part)) / SOUND_RATE)
    return late_s

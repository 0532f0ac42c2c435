"""Windows, a pipeline to be guided, and files of a synthetic heart."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import Level, Quality, SiteChange, Snapshot, Start, Verdict, WindowEvent
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE = 4000
REASONS = {"no-signal": "no sound", "poor-signal": "loud bumps"}
START = Start("steth", RATE, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5, None, 1.0)


def make_window(start_s, state="verdict", murmur=0.1, bpm=70.0, *, gap=False):
    """Return a window of 5 s that begins at a moment."""
    scores = {"normal": 1.0 - murmur, "murmur": murmur}
    withheld = state in REASONS
    quality = Quality(0.1, REASONS[state], state) if withheld else Quality(0.9)
    verdict = Verdict(state) if withheld else Verdict(state, max(scores, key=scores.get), max(scores.values()), scores)
    return WindowEvent(
        index=round(start_s * 2),
        start_s=start_s,
        end_s=start_s + 5.0,
        verdict=verdict,
        rolling=verdict,
        quality=quality,
        heart_rate_bpm=None if withheld else bpm,
        gap=gap,
        short=False,
        latency_ms=1.0,
    )


def make_snapshot(at_s, peak_db=-20.0):
    """Return a snapshot at a moment."""
    level = Level(-30.0, peak_db, clipped=False)
    return Snapshot(START, at_s, None, None, (), level, 1.0, 1.0, 0, 0, 0, finished=False)


class GuidedPipeline:
    """What a guide sees of a pipeline: the newest sample, and the changes of site."""

    def __init__(self):
        self.start_message = START
        self.newest_sample = 0
        self.changes = []
        self.caught_up = False

    def change_site(self, site):
        """Note a change of site; None where it is the same."""
        if self.changes and self.changes[-1].site == site:
            return None
        self.changes.append(SiteChange(site, self.newest_sample / RATE, self.newest_sample))
        return self.changes[-1]


@pytest.fixture
def window():
    """Return :func:`make_window`."""
    return make_window


@pytest.fixture
def snapshot():
    """Return :func:`make_snapshot`."""
    return make_snapshot


@pytest.fixture
def guided():
    """Return a pipeline to be guided."""
    return GuidedPipeline()


@pytest.fixture
def decision():
    """Return the thresholds of the tests."""
    return DecisionThresholds(uncertain_below=0.58)


@pytest.fixture
def heart_files(tmp_path):
    """Return a recording of 14 s for each of three sites; that of TV is silent."""
    files = {}
    for seed, site in enumerate(("AV", "PV", "TV")):
        heart = phonocardiogram(14.0, HeartParameters(), np.random.default_rng(seed), RATE).waveform
        wave = np.zeros(14 * RATE) if site == "TV" else heart
        files[site] = tmp_path / f"{site}.wav"
        soundfile.write(files[site], wave, RATE)
    return files

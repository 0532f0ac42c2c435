"""A session that was kept, with the sound of a heart, and a person who looks at it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from monitor.audio.playback.options import PlaybackOptions
from monitor.commands.review.command import open_session
from monitor.commands.review.controller import ReviewController
from monitor.commands.review.listening import Listening
from monitor.messages import PlaybackStatus
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE = 4000
DURATION_S = 90.0
HEART = np.tile(phonocardiogram(30.0, HeartParameters(), np.random.default_rng(5)).waveform, 3)
MURMUR_FROM_S = 40.0
LABELS = ("normal", "murmur", "extrastole")


def window(index):
    """Return the line of a window: normal, a murmur from 40 s on, no heart rate from 80 s on."""
    end_s = index * 0.5 + 5.0
    label = "normal" if end_s <= MURMUR_FROM_S else "murmur"
    scores = {name: float(name == label) for name in LABELS}
    verdict = {"state": "verdict", "label": label, "confidence": 1.0, "scores": scores, "acoustic_scores": scores}
    return {
        "type": "window",
        "index": index,
        "start_s": index * 0.5,
        "end_s": end_s,
        **verdict,
        "rolling": verdict,
        "quality": {"score": 0.9, "reason": None},
        "heart_rate_bpm": 72.0 if end_s <= 80.0 else None,
        "heart_rate_confidence": 0.9,
        "heart_rate_reason": None,
        "early_beats": {"followed_s": 20.0, "intervals": 24, "at_s": []},
        "gap": False,
        "short": False,
        "latency_ms": 1.0,
    }


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a session of 90 s that has ended, with a mark at 10 s and a note at 20 s."""
    folder = tmp_path / "2026-01-02_03-04-05_P-017_AV"
    folder.mkdir()
    windows = [window(index) for index in range(round((DURATION_S - 5.0) / 0.5) + 1)]
    lines = [
        {"type": "start", "source": "steth", "sample_rate": RATE, "model": "plain", "model_sha256": "0" * 64}
        | {"labels": list(LABELS), "window_s": 5.0, "hop_s": 0.5, "site": "AV"},
        *windows,
        {"type": "mark", "at_s": 10.0, "sample": 40_000, "number": 1},
        {"type": "site", "at_s": 15.0, "sample": 60_000, "site": "PV"},
        {"type": "note", "at_s": 20.0, "sample": 80_000, "number": 2, "text": "coughs"},
    ]
    (folder / "events.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    values = {"type": "session", "schema": 1, "version": "0.1.0", "started": "2026-01-02T03:04:05+01:00"}
    values |= {"ended": "2026-01-02T03:05:35+01:00", "subject": "P-017", "site": "AV", "sample_rate": RATE}
    values |= {"sites": [], "device": "steth", "source": {"kind": "listen", "name": "steth"}, "samples": len(HEART)}
    values |= {"lost_samples": 0, "labels": list(LABELS)}
    (folder / "session.json").write_text(json.dumps(values))
    soundfile.write(folder / "sound.flac", HEART, RATE, subtype="PCM_24")
    return folder


class FakePlayer:
    """A player that hears nothing; the test says what its output does."""

    def __init__(self, ring, source, options):
        self.ring, self.source, self.options = ring, source, options
        self.state, self.calls, self.heard = "opening", [], None

    @property
    def status(self):
        """Return the scripted state."""
        return PlaybackStatus(self.state)

    def heard_sample(self):
        """Return the scripted sample."""
        return self.heard

    def start(self):
        """Record the call."""
        self.calls.append("start")

    def stop(self, *, hurry=False):
        """Record the call."""
        self.calls.append("stop")

    def toggle(self):
        """Record the call."""
        self.calls.append("toggle")

    def choose(self, sound):
        """Record the call."""
        self.calls.append(sound)

    def change_volume(self, by_db):
        """Record the call."""
        self.calls.append(by_db)


@pytest.fixture
def players():
    """Return the list of players that were launched."""
    return []


@pytest.fixture
def launch(players):
    """Return a function that launches fake players."""

    def launched(ring, source, options):
        players.append(FakePlayer(ring, source, options))
        return players[-1]

    return launched


class Review:
    """A review that a test drives with keys."""

    def __init__(self, folder, launch):
        self.timeline, self.remarks, self.annotations = open_session(folder)
        self.listening = Listening(self.timeline.sound, PlaybackOptions(), launch=launch)
        self.quits = 0
        self.controller = ReviewController(
            self.timeline, self.annotations, self.listening, self.quit, folder=folder.parent
        )
        self.events_path = folder / "events.jsonl"

    def quit(self):
        """Count the calls."""
        self.quits += 1

    def press(self, *keys):
        """Press keys; a text of several letters is typed, unless it is the name of a key."""
        for key in keys:
            self.controller.key(key)
        return self

    def type(self, text):
        """Type a text and Enter."""
        return self.press(*text, "\n")

    @property
    def at_s(self):
        """The cursor."""
        return self.controller.navigation.at_s

    @property
    def state(self):
        """What the dashboard shows besides the snapshot."""
        return self.controller.compose()[1]

    @property
    def snapshot(self):
        """What the dashboard shows of the sound."""
        return self.controller.compose()[0]

    def added(self):
        """Return the last lines of the events, those that were added."""
        return [json.loads(line) for line in self.events_path.read_text().splitlines()[175:]]


@pytest.fixture
def review(folder, launch):
    """Return a review of the session."""
    review = Review(folder, launch)
    yield review
    review.listening.close()
    review.controller.close()

"""A session folder with every kind of line."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from monitor.archive.session_timeline import session_timeline

RATE = 4000
DURATION_S = 10.1
REASON = "loud bumps: keep the chest piece and its cable still"
NOTE = 'she said "cold",\tthen coughed \u00e9\u5fc3'
STARTED = "2026-01-02T03:04:05+01:00"


def window_line(index, state="verdict", rolling="normal", *, gap=False, reason=None):
    """Return a window at a hop of 0.5 s; ``rolling`` is a label, or a state where that is none."""
    is_label = rolling in ("normal", "murmur")
    return {
        "type": "window",
        "index": index,
        "start_s": index * 0.5,
        "end_s": index * 0.5 + 5.0,
        "state": state,
        "label": "normal" if state == "verdict" else None,
        "confidence": 0.8,
        "rolling": {"state": "verdict" if is_label else rolling, "label": rolling if is_label else None},
        "quality": {"score": 0.5, "reason": reason},
        "heart_rate_bpm": 70.5,
        "heart_rate_confidence": 0.9,
        "gap": gap,
        "short": False,
    }


def session_lines():
    """Return a session of 10.1 s: normal, murmur from 6 s, withheld 7 to 7.5 s, lost sound around 8 s."""
    windows = [window_line(0), window_line(1), window_line(2), window_line(3, rolling="murmur")]
    windows += [window_line(4, rolling="murmur"), window_line(5, "poor-signal", "murmur", reason=REASON)]
    windows += [window_line(index, "no-signal", "murmur", gap=True) for index in range(6, 11)]
    return [
        {"type": "start", "schema": 1, "source": "steth", "sample_rate": RATE, "model": "heart-sounds"}
        | {"model_sha256": "ab" * 32, "version": "0.1.0", "labels": ["normal", "murmur"]},
        *windows[:3],
        {"type": "site", "at_s": 0.0, "sample": 0, "site": "AV"},
        {"type": "mark", "at_s": 3.25, "sample": 13_000, "number": 1},
        {"type": "note", "number": 2, "at_s": 3.25, "sample": 13_000, "text": NOTE},
        *windows[3:],
        {"type": "told", "at_s": 8.0, "text": "device lost"},
        {"type": "label", "start_s": 1.0, "end_s": 2.5, "label": "murmur", "source": "manual"},
        {"type": "label", "start_s": 2.0, "end_s": 3.0, "label": "breath", "source": "manual"},
        {"type": "summary", "source": "steth", "state": "verdict", "label": "murmur", "heart_rate_bpm": 70.5}
        | {"confidence": 0.8, "acoustic_scores": {"normal": 0.1, "murmur": 0.9}, "withheld": {REASON: 1}},
    ]


def write_session(folder, lines, *, subject="P7", ended=STARTED):
    """Write a session folder with 24-bit sound, and return it."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    sound = rng.integers(-(2**23), 2**23, round(DURATION_S * RATE), dtype=np.int32)
    soundfile.write(folder / "sound.flac", sound << 8, RATE, "PCM_24")
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    settings = {"type": "session", "schema": 1, "version": "0.1.0", "started": STARTED, "ended": ended}
    settings |= {"subject": subject, "site": "AV" if subject else None, "sample_rate": RATE, "samples": None}
    settings |= {"sites": [{"site": "AV", "start_s": 0.0}] if subject else [], "device": "steth"}
    settings |= {"source": {"kind": "listen", "name": "steth", "host_api": None, "channel": None}}
    settings |= {"model": "heart-sounds", "model_sha256": "ab" * 32, "labels": ["normal", "murmur"], "lost_samples": 0}
    settings |= {"files": {"sound": "sound.flac", "events": "events.jsonl"}}
    (folder / "session.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def session_writer():
    """Return a function that writes a session folder."""
    return write_session


@pytest.fixture
def lines():
    """Return the lines of the session."""
    return session_lines()


@pytest.fixture
def session_dir(tmp_path):
    """Return a session folder with every kind of line."""
    return write_session(tmp_path / "2026-01-02_03-04-05_P7_AV", session_lines())


@pytest.fixture
def anonymous_dir(tmp_path):
    """Return a session folder that ended in a crash, without a subject: no summary, no end."""
    return write_session(tmp_path / "crashed", session_lines()[:-1], subject=None, ended=None)


@pytest.fixture
def timeline(session_dir):
    """Return the session."""
    return session_timeline(session_dir)[0]


@pytest.fixture
def crashed(anonymous_dir):
    """Return the session that ended in a crash."""
    return session_timeline(anonymous_dir)[0]


@pytest.fixture
def window_maker():
    """Return a function that makes window lines."""
    return window_line

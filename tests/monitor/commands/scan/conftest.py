"""Recordings to scan, and the rows of a scan."""

from __future__ import annotations

import json

import pytest

from monitor.commands.scan.rows import dump


@pytest.fixture
def make_lines(make_row):
    """Return a function that makes the lines of a file as bytes, with or without windows."""

    def make(recording, windows=0, **changes):
        verdict = {"state": "verdict", "label": "normal", "confidence": 0.5, "scores": {"normal": 0.5, "murmur": 0.5}}
        verdict["acoustic_scores"] = verdict["scores"]
        verdict |= {"loudness": None, "murmur_timing": None}
        lines = [
            {
                "type": "window",
                "index": index,
                "start_s": index / 2,
                "end_s": index / 2 + 5,
                **verdict,
                "rolling": {**verdict, "label": "murmur", "loudness": "soft", "murmur_timing": "diastolic"},
                "quality": {"score": 0.5, "reason": "too loud"},
                "heart_rate_bpm": None,
                "heart_rate_confidence": None,
                "heart_rate_reason": None,
                "early_beats": {"followed_s": 5.0, "intervals": 6, "at_s": []},
                "gap": False,
                "short": False,
                "latency_ms": 0.0,
                "source": recording.source,
            }
            for index in range(windows)
        ]
        return "".join(f"{dump(line)}\n" for line in [*lines, make_row(recording, **changes)]).encode()

    return make


@pytest.fixture
def read_rows():
    """Return a function that reads the lines of a .jsonl behind its head."""

    def read(path):
        return [json.loads(line) for line in path.read_text().splitlines()[1:]]

    return read

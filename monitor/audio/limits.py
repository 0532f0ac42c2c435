"""The limits of what is heard, for whoever checks a number before anything is opened. Must not import anything."""

from __future__ import annotations

__all__ = ["LATENCY_S", "MAX_CHANNELS", "MAX_LATENCY_S", "MAX_RATE_HZ", "MAX_SPEED", "MIN_RATE_HZ", "MIN_SPEED"]

MIN_RATE_HZ, MAX_RATE_HZ = 1000, 192_000
MAX_CHANNELS = 1024
"""The limit of libsndfile."""
LATENCY_S = 0.2
"""Seconds that PortAudio may buffer: a reserve against a late callback, small against a window of 5 s."""
MAX_LATENCY_S = 5.0
MIN_SPEED, MAX_SPEED = 0.25, 64.0
"""Times real time."""

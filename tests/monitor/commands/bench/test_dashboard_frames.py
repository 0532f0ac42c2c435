"""Dashboard frames are drawn for the measurement as for a terminal."""

from __future__ import annotations

import pytest

from monitor.commands.bench import dashboard_frames as frames
from monitor.commands.bench.dashboard_frames import measure_frames


def test_frames_are_timed(plain_bundle, heart_waveform):
    """As many as asked for, and each took some time."""
    times = measure_frames(plain_bundle, heart_waveform, 4000, 3)
    assert len(times) == 3
    assert min(times) > 0.0


@pytest.mark.parametrize("fixture", ["plain_bundle", "article_bundle"])
def test_what_is_timed_is_drawn(fixture, request, heart_waveform, monkeypatch):
    """Every frame is due and written: the dashboard with the picture of this bundle, in full colour."""
    bundle = request.getfixturevalue(fixture)
    made = []
    screen_of = frames._screen

    def keep():
        made.append(screen_of())
        return made[-1]

    monkeypatch.setattr(frames, "_screen", keep)
    measure_frames(bundle, heart_waveform, 4000, 2)
    drawn = made[0].console.file.getvalue()
    assert "research use, not for diagnosis" in drawn
    assert drawn.count("\x1b[?2026h") == 2 + frames.WARM_UP_FRAMES
    assert "38;2;" in drawn
    assert "\x1b[?1049l" in drawn[-40:]

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
def test_what_is_timed_is_written(fixture, request, heart_waveform, monkeypatch):
    """Every frame is due and written: the dashboard with the spectrogram of this bundle, in true colour."""
    bundle = request.getfixturevalue(fixture)
    screen = frames._screen("off")
    monkeypatch.setattr(frames, "_screen", lambda graphics: screen)
    measure_frames(bundle, heart_waveform, 4000, 2)
    written = screen.console.file.getvalue()
    assert "research use, not for diagnosis" in written
    assert written.count("\x1b[?2026h") == 2 + frames.WARM_UP_FRAMES
    assert "38;2;" in written
    assert "\x1b[?1049l" in written[-40:]


def test_a_frame_in_pixels_has_its_picture(plain_bundle, heart_waveform, monkeypatch):
    """Every one, as Sixel, though each look at the clock is half a second later."""
    screen = frames._screen("sixel")
    monkeypatch.setattr(frames, "_screen", lambda graphics: screen)
    measure_frames(plain_bundle, heart_waveform, 4000, 2, "sixel")
    assert screen.console.file.getvalue().count("\x1bP0;1q") == 2 + frames.WARM_UP_FRAMES

"""What the dashboard shows at a moment: the verdict around it, without judging again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.archive.session_timeline import session_timeline
from monitor.commands.review.moments import Moments
from monitor.commands.review.sound_bins import SoundBins
from monitor.features.extractor import FeatureExtractor
from monitor.features.spec import HEART as SPEC
from tests.monitor.commands.review.conftest import HEART


@pytest.fixture
def timeline(folder):
    """Return the session."""
    return session_timeline(folder)[0]


@pytest.fixture
def moments(timeline):
    """Return its moments."""
    bins = SoundBins(timeline.sound)
    yield Moments(timeline, bins)
    bins.close()


def test_heart_sounds_of_a_stretch(timeline):
    """S1 and S2 of the beat lines inside, by name; one that is not sure is left out."""
    beats = ({"s1_s": 1.0, "s2_s": 1.3}, {"s1_s": 1.8, "s2_s": None}, {"s1_s": None, "s2_s": 2.9})
    lines = tuple({"type": "beat", "confidence": 0.9, **beat} for beat in beats)
    bins = SoundBins(timeline.sound)
    try:
        moments = Moments(dataclasses.replace(timeline, beats=lines), bins)
    finally:
        bins.close()
    assert moments.heart_sounds(0.0, 90.0) == ((1.0, "S1"), (1.3, "S2"), (1.8, "S1"), (2.9, "S2"))
    assert moments.heart_sounds(1.3, 2.9) == ((1.3, "S2"), (1.8, "S1"))


def test_without_beat_lines_there_are_no_heart_sounds(moments):
    """A session of a model that does not find them."""
    assert moments.heart_sounds(0.0, 90.0) == ()


@pytest.mark.parametrize(
    ("at_s", "end_s", "label"),
    [
        (0.0, 5.0, "normal"),
        (5.0, 5.0, "normal"),
        (39.9, 40.0, "normal"),
        (40.1, 40.5, "murmur"),
        (90.0, 90.0, "murmur"),
    ],
)
def test_the_verdict_of_a_moment_is_that_of_the_exports(moments, timeline, at_s, end_s, label):
    """The first window that ends at it or behind it, as its span says."""
    snapshot = moments.snapshot(at_s)
    assert (snapshot.window.end_s, snapshot.window.rolling.label) == (end_s, label)
    assert snapshot.elapsed_s == at_s
    assert snapshot.history[-1] == label
    spans = [s for s in timeline.spans if s.kind == "verdict" and s.start_s <= at_s <= s.end_s]
    assert label in {span.text for span in spans}


def test_the_picture_is_the_input_image_of_the_window(moments):
    """Bit for bit what the network saw, within 24 bits of the sound."""
    snapshot = moments.snapshot(12.0)
    extractor = FeatureExtractor(SPEC, 4000)
    start = round(snapshot.window.start_s * 4000)
    extractor.push(HEART[start : start + 20_000], last=True)
    np.testing.assert_allclose(snapshot.tensor, extractor.image(0), atol=1e-3)


def test_level_and_site(moments):
    """The level at the cursor, and the site that was heard there."""
    assert moments.snapshot(14.9).site.site == "AV"
    snapshot = moments.snapshot(15.0, speed=0.5, note="x")
    assert (snapshot.site.site, snapshot.start.speed, snapshot.note) == ("PV", 0.5, "x")
    assert -80 < moments.snapshot(30.0).level.rms_db < 0
    assert moments.snapshot(0.0).level.rms_db == -120.0


def test_a_heart_cycle_is_as_long_as_the_rate_says(moments):
    """It contains the moment, and runs from a heart sound on; without a rate there is none."""
    start_s, end_s = moments.cycle(20.0)
    assert start_s <= 20.0
    assert end_s - start_s == pytest.approx(60.0 / 72.0, rel=0.2)
    assert moments.cycle(85.0) is None


def test_nothing_was_judged(timeline):
    """A session that was killed in its first seconds."""
    bare = dataclasses.replace(timeline, windows=(), start={}, session={})
    snapshot = Moments(bare, SoundBins(None)).snapshot(3.0)
    assert snapshot.window is None
    assert snapshot.tensor is None
    assert Moments(bare, SoundBins(None)).cycle(3.0) is None


def test_a_heart_cycle_is_from_s1_to_s1_where_both_were_found(timeline):
    """Elsewhere it is that of the envelope; the beginning of a cycle belongs to it, its end does not."""
    beats = (
        {"type": "beat", "s1_s": 19.6, "s2_s": 19.9, "confidence": 0.9, "rate_bpm": None},
        {"type": "beat", "s1_s": 20.4, "s2_s": None, "confidence": 0.9, "rate_bpm": 75.0},
        {"type": "beat", "s1_s": None, "s2_s": 20.7, "confidence": 0.9, "rate_bpm": None},
    )
    found = Moments(dataclasses.replace(timeline, beats=beats), SoundBins(None))
    for at_s in (19.6001, 20.0, 20.3999):
        assert found.cycle(at_s) == pytest.approx((19.6, 20.4))
    assert found.cycle(20.5) != pytest.approx((19.6, 20.4))

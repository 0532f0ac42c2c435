"""What is said of a source when it is opened."""

from __future__ import annotations

import numpy as np

from monitor.audio.sources.array import ArraySource
from monitor.inference.bundle import load_bundle
from monitor.runtime.opening import start_message


def test_source_and_bundle_are_described(plain_bundle):
    """Every value comes from the source, the bundle, or the caller."""
    start = start_message(ArraySource(np.zeros(8000), 4000, name="a", speed=2.0), plain_bundle, 0.25, "PV")
    assert (start.source, start.sample_rate, start.duration_s, start.speed) == ("a", 4000, 2.0, 2.0)
    assert (start.model, start.labels, start.window_s, start.kind) == ("plain", plain_bundle.labels, 5.0, "heart")
    assert (start.hop_s, start.site) == (0.25, "PV")


def test_whether_s1_and_s2_are_found_is_said(plain_bundle):
    """The default bundle has a network for them; one without it cannot."""
    source = ArraySource(np.zeros(8000), 4000)
    assert start_message(source, load_bundle(), 0.5).finds_heart_sounds
    assert not start_message(source, plain_bundle, 0.5).finds_heart_sounds

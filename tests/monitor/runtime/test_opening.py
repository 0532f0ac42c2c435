"""What is said of a source when it is opened."""

from __future__ import annotations

import numpy as np

from monitor.audio.sources.array import ArraySource
from monitor.runtime.opening import start_message


def test_source_and_bundle_are_described(plain_bundle):
    """Every value comes from the source, the bundle, or the caller."""
    start = start_message(ArraySource(np.zeros(8000), 4000, name="a", speed=2.0), plain_bundle, 0.25, "PV")
    assert (start.source, start.sample_rate, start.duration_s, start.speed) == ("a", 4000, 2.0, 2.0)
    assert (start.model, start.labels, start.window_s, start.kind) == ("plain", plain_bundle.labels, 5.0, "heart")
    assert (start.hop_s, start.site) == (0.25, "PV")

"""How sure a heart sound is, in C as in Python, for any evidence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.features.compiled.confidence import confidence_kernel
from monitor.features.compiled.library import library, without_library
from monitor.inference.segmentation.confidence import Confidence
from monitor.inference.segmentation.cycle_decoder import DecodedSound

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")

NUMBERS = st.floats(-3.0, 3.0)
SOUNDS = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 500.0)), max_size=20)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), SOUNDS)
@settings(max_examples=100, deadline=None)
def test_the_confidence_is_that_of_python(weights: tuple[float, float, float, float], sounds: list) -> None:
    """Within the rounding of double precision, sound after sound."""
    compiled = Confidence(weights)
    with without_library():
        plain = Confidence(weights)
    for probability, margin in sounds:
        sound = DecodedSound(True, 0.0, probability, margin)
        assert compiled.of(sound) == pytest.approx(plain.of(sound), rel=1e-12)


def test_without_the_library_there_is_no_kernel() -> None:
    """Python does it then."""
    settings = (1.0, 1.0, 1.0, 0.0), (0.001, 0.999, 200.0, 50.0), (0.2, 0.5)
    assert confidence_kernel(*settings) is not None
    with without_library():
        assert confidence_kernel(*settings) is None

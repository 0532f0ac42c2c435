"""How sure a heart sound is: what it rests on, what it remembers, and that it stays a probability."""

from __future__ import annotations

import pytest

from monitor.inference.segmentation.confidence import Confidence, Evidence, confidence_of
from monitor.inference.segmentation.cycle_decoder import DecodedSound

pytestmark = pytest.mark.usefixtures("front_end")

DOUBTFUL, SURE = (DecodedSound(True, 0.0, probability, 2.0) for probability in (0.2, 0.9))


def test_evidence_remembers_the_sounds_before() -> None:
    """After unsure sounds the next one has less behind it."""
    after_doubt, after_certainty = Evidence(), Evidence()
    for _ in range(5):
        after_doubt.of(DOUBTFUL)
        after_certainty.of(SURE)
    assert after_doubt.of(SURE)[:2] == after_certainty.of(SURE)[:2]
    assert after_doubt.of(SURE)[2] < after_certainty.of(SURE)[2]


def test_a_stream_is_told_by_its_evidence() -> None:
    """Each sound by what speaks for it and for those before."""
    weights = (0.7, 0.4, 0.3, -1.0)
    evidence, stream = Evidence(), Confidence(weights)
    for sound in (DOUBTFUL, SURE, SURE, DOUBTFUL, SURE):
        assert stream.of(sound) == pytest.approx(confidence_of(weights, evidence.of(sound)), rel=1e-12)


@pytest.mark.parametrize("weight", [-1e9, 1e9])
def test_confidence_stays_a_probability(weight: float) -> None:
    """However extreme the evidence."""
    found = [Confidence((weight, 0.0, 0.0, 0.0)).of(sound) for sound in (DOUBTFUL, SURE)]
    assert 0.0 < min(found) < 1e-9
    assert 1.0 - 1e-9 < max(found) <= 1.0
    assert (found[0] < found[1]) == (weight > 0)

"""What the outputs of the network say of one window, compiled and in Python."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.inference.calibration import Calibration, Loudness
from monitor.inference.readout import Readout

pytestmark = pytest.mark.usefixtures("front_end")

LABELS = ("normal", "murmur", "extrastole")


@pytest.mark.parametrize("kind", ["softmax", "share"])
@pytest.mark.parametrize("loudness", [None, Loudness(2.0, -1.0)])
def test_it_reads_what_calibration_and_loudness_say(kind: str, loudness: Loudness | None) -> None:
    """Scores by label, odds of a heart and loudness, window by window."""
    calibration = Calibration(kind, 1.5, (0.2, -0.1, 0.0))
    readout = Readout(LABELS, calibration, loudness)
    for seed in range(5):
        outputs = np.random.default_rng(seed).standard_normal(5).astype(np.float32)
        scores, odds, loud = readout.read(outputs)
        expected, expected_odds = calibration.scores_and_odds(outputs, 3)
        assert tuple(scores) == LABELS
        assert list(scores.values()) == pytest.approx(expected, rel=1e-13)
        assert odds == (None if kind == "share" else pytest.approx(expected_odds, rel=1e-13))
        assert loud == (None if loudness is None else pytest.approx(loudness.probability(outputs, 3), rel=1e-13))


def test_a_network_without_an_output_for_other_sounds() -> None:
    """As many outputs as labels: scores without odds; one output more gives them."""
    readout = Readout(LABELS, Calibration())
    scores, odds, loud = readout.read(np.zeros(3, np.float32))
    assert scores == pytest.approx(dict.fromkeys(LABELS, 1 / 3))
    assert (odds, loud) == (None, None)
    assert readout.read(np.zeros(4, np.float32))[1] == pytest.approx(np.log(3.0))


def test_each_window_has_scores_of_its_own() -> None:
    """Those of an earlier window stay what they were."""
    readout = Readout(LABELS, Calibration(), Loudness(2.0, -1.0))
    first = readout.read(np.float32([1.0, 0.0, 0.0, 0.0, 1.0]))
    kept = (dict(first[0]), *first[1:])
    second = readout.read(np.float32([0.0, 1.0, 0.0, 2.0, -1.0]))
    assert first == kept
    assert second[0]["murmur"] == pytest.approx(first[0]["normal"])

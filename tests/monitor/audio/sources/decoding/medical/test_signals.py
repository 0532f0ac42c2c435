"""The sound among the signals of a medical recording."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.audio.sources.decoding.medical.signals import Choice, choose_channels, scaled


@pytest.mark.parametrize(
    ("names", "rates", "choice"),
    [
        (["PCG"], [1], Choice((0,), 1)),
        (["ECG", "PCG"], [1, 1], Choice((0, 1), 2)),
        (["ECG", "heart sound, apex", "Audio"], [1, 1, 1], Choice((0, 1, 2), 2)),
        (["ECG", "Phonocardiogram"], [1, 4], Choice((1,), 1)),
        (["", ""], [1, 1], Choice((0, 1), 1)),
        (["ECG", "?", "resp"], [1, 8, 8], Choice((1, 2), 1)),
        (["Heart_sounds", "other"], [1, 8], Choice((0,), 1)),
    ],
)
def test_the_sound_and_the_channels(names: list[str], rates: list[float], choice: Choice) -> None:
    """The first that is named a sound, else the first of the highest rate; the channels have its rate."""
    assert choose_channels(names, rates) == choice


@pytest.mark.parametrize("bits", [8, 12, 16, 24, 32])
def test_full_scale_is_that_of_the_stored_number(bits: int) -> None:
    """From -1 to just below 1."""
    digits = np.array([-(2 ** (bits - 1)), 0, 2 ** (bits - 2)], np.int32)
    np.testing.assert_array_equal(scaled(digits, bits), np.array([-1, 0, 0.5], np.float32))
    np.testing.assert_array_equal(scaled(digits[1:], bits, 2 ** (bits - 2)), np.array([-0.5, 0], np.float32))

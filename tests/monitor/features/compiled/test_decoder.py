"""The decoder in C gives the heart sounds of the one in Python, for any probabilities, however they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.compiled.decoder import SETTINGS, decoder_kernel
from monitor.features.compiled.library import library, without_library
from monitor.inference.segmentation import cycle_decoder
from monitor.inference.segmentation.cycle_decoder import CycleDecoder

pytestmark = pytest.mark.skipif(library() is None, reason="the compiled front end was not built")


def probabilities_of(seed: int, frames: int) -> NDArray[np.float32]:
    """Return probabilities of beats that are more or less clear, among others that mean nothing."""
    rng = np.random.default_rng(seed)
    states: list[int] = []
    while len(states) < frames:
        systole, diastole = rng.integers(8, 30), rng.integers(8, 90)
        states += [0] * 9 + [1] * int(systole) + [2] * 8 + [3] * int(diastole)
    said = np.eye(4)[np.array(states[:frames])]
    mixed = said + rng.uniform(0.02, 1.5) * rng.dirichlet((0.4,) * 4, frames)
    smooth = np.stack([np.convolve(column, np.ones(5) / 5, "same") for column in mixed.T], axis=1)
    return (smooth / smooth.sum(axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 1500), max_size=8))
@example(1236, [171])
def test_the_sounds_are_those_of_python(seed: int, cuts: list[int]) -> None:
    """The same sounds, their middles and margins within the rounding of double precision."""
    probabilities = probabilities_of(seed, 1500)
    compiled = CycleDecoder()
    with without_library():
        plain = CycleDecoder()
    for part in np.split(probabilities, np.sort(cuts)):
        found, expected = compiled.push(part), plain.push(part)
        assert [sound.is_s1 for sound in found] == [sound.is_s1 for sound in expected]
        np.testing.assert_allclose(
            [sound[1:] for sound in found], [sound[1:] for sound in expected], rtol=1e-9, atol=1e-9
        )
        assert compiled.decided_frames == plain.decided_frames
    compiled.clear()
    plain.clear()
    assert [sound.is_s1 for sound in compiled.push(probabilities)] == [
        sound.is_s1 for sound in plain.push(probabilities)
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 1500), max_size=20))
@example(1236, [171])
@example(1236, list(range(40, 1500, 40)))
def test_streaming_equals_whole_where_sounds_come_and_go(seed: int, cuts: list[int]) -> None:
    """What is kept of sounds long ago depends on the cuts; what is decided does not, in C and in Python."""
    probabilities = probabilities_of(seed, 1500)
    with without_library():
        decoders = CycleDecoder(), CycleDecoder()
    for pushed, whole in ((CycleDecoder(), CycleDecoder()), decoders):
        parts = [pushed.push(part) for part in np.split(probabilities, np.sort(cuts))]
        assert [sound for part in parts for sound in part] == whole.push(probabilities)


def test_the_tests_above_find_sounds() -> None:
    """Dozens of them."""
    assert len(CycleDecoder().push(probabilities_of(1, 1500))) > 20


def test_other_shapes_are_refused() -> None:
    """Nothing beyond the probabilities is read."""
    with pytest.raises(ValueError, match="must be"):
        CycleDecoder().push(np.zeros((20, 3), np.float32))


@pytest.mark.parametrize(
    "change",
    [{"decided_after": 10}, {"kept_frames": 150}, {"trimmed_at": 200}, {"centred": -1}, {"min_apart": 0}],
    ids=str,
)
def test_settings_that_its_memory_does_not_suffice_for_are_left_to_python(change: dict[str, int]) -> None:
    """C would read before or behind what is kept."""
    settings = {name: getattr(cycle_decoder, name.upper()) for name in SETTINGS}
    assert decoder_kernel(settings) is not None
    assert decoder_kernel({**settings, **change}) is None

"""The shipped network: chunk by chunk as the whole, as many frames out as in, its self-check, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.errors import BundleError
from monitor.features.compiled.library import without_library
from monitor.features.sound_bands import StreamingBands
from monitor.inference.bundle import load_bundle
from monitor.inference.segmentation import cycle_network as module
from monitor.inference.segmentation.cycle_layers import read_layers
from monitor.inference.segmentation.cycle_network import CHUNK_FRAMES, LEAD_FRAMES, CycleNetwork, check_bands

BANDS = (np.random.default_rng(0).standard_normal((173, 12)) * 2 - 12).astype(np.float32)


pytestmark = pytest.mark.usefixtures("front_end")


@pytest.fixture(scope="module")
def network(front_end: str) -> CycleNetwork:
    """Return the network of the default bundle."""
    segmentation = load_bundle().segmentation
    assert segmentation is not None
    return segmentation.network


def heard(network: CycleNetwork, cuts: list[int]) -> np.ndarray:
    """Return all probabilities of the bands in parts."""
    fresh = network.copy()
    return np.concatenate([*(fresh.push(part) for part in np.split(BANDS, cuts)), fresh.finish()])


@pytest.mark.parametrize("cuts", [[], [1, 2, 3], [20, 40, 60], [19, 41, 100, 100, 150], list(range(0, 173, 7))])
def test_however_the_frames_are_cut_the_probabilities_are_the_same(network: CycleNetwork, cuts: list[int]) -> None:
    """Bit for bit; one row for each frame, which sums to 1."""
    probabilities = heard(network, cuts)
    assert np.array_equal(probabilities, heard(network, [90]))
    assert probabilities.shape == (len(BANDS), 4)
    assert np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_what_half_a_second_of_sound_completes_is_heard_at_once(network: CycleNetwork) -> None:
    """After 0.5 s, 1 s, ... of sound no frame waits for the next hop."""
    fresh, bands = network.copy(), StreamingBands()
    for hops in range(1, 5):
        probabilities = fresh.push(bands.push(np.full(2000, 0.01, np.float32)))
        assert fresh.num_heard == bands.num_frames + LEAD_FRAMES == 40 * hops
        assert len(probabilities) == (40 if hops > 1 else 40 - LEAD_FRAMES - fresh.delay_frames)


def test_what_was_heard_elsewhere_counts(network: CycleNetwork) -> None:
    """A chunk at a time, from the chunk on behind which every frame has its probabilities."""
    fresh = network.copy()
    assert not fresh.hears_all
    fresh.push(BANDS[: CHUNK_FRAMES - LEAD_FRAMES])
    assert fresh.hears_all
    fresh.note_heard(BANDS[:CHUNK_FRAMES])
    assert fresh.num_heard == 2 * CHUNK_FRAMES
    assert fresh.hears_all
    fresh.push(BANDS[:1])
    assert not fresh.hears_all


def test_a_sound_shorter_than_a_chunk_has_its_probabilities_too(network: CycleNetwork) -> None:
    """Even a single frame; and nothing has none."""
    for count in (0, 1, 5, CHUNK_FRAMES):
        fresh = network.copy()
        assert len(fresh.push(BANDS[:count])) + len(fresh.finish()) == count


def test_two_sounds_share_an_interpreter_and_nothing_else(network: CycleNetwork) -> None:
    """Heard in turn, each is as if it were alone."""
    first = network.copy()
    second = network.copy(first)
    other = BANDS[::-1].copy()
    pairs = [(first.push(BANDS[i : i + 20]), second.push(other[i : i + 20])) for i in range(0, 160, 20)]
    assert np.array_equal(np.concatenate([one for one, _ in pairs]), network.copy().push(BANDS[:160]))
    assert np.array_equal(np.concatenate([two for _, two in pairs]), network.copy().push(other[:160]))


def test_louder_or_duller_by_a_constant_is_the_same(network: CycleNetwork) -> None:
    """Bands are measured against their own mean, so a gain and a colour change little."""
    colour = np.linspace(-3, 3, 12, dtype=np.float32)
    assert np.abs(network.copy().push(BANDS) - network.copy().push(BANDS + colour)).max() < 1e-3


def test_after_clear_the_sound_before_is_forgotten(network: CycleNetwork) -> None:
    """The same frames give the same."""
    fresh = network.copy()
    fresh.push(BANDS[::-1].copy())
    fresh.clear()
    assert np.array_equal(fresh.push(BANDS), network.copy().push(BANDS))


def test_the_check_is_of_a_beat(network: CycleNetwork) -> None:
    """Its input has two sounds a beat; its answer is four probabilities."""
    assert check_bands().shape == (80, 12)
    assert sum(network.check()) == pytest.approx(1.0, abs=1e-4)


def test_no_number_is_an_error(network: CycleNetwork) -> None:
    """NaN in gives NaN out, and that is said."""
    with pytest.raises(BundleError, match="NaN"):
        network.copy().push(np.full((CHUNK_FRAMES, 12), np.nan, np.float32))


def test_compiled_layers_give_what_litert_gives(front_end: str, network: CycleNetwork) -> None:
    """Within the rounding of single precision; nothing is compiled for NumPy alone."""
    assert (network.copy().kernel is not None) == (front_end == "compiled")
    with without_library():
        plain = network.copy()
    assert plain.kernel is None
    np.testing.assert_allclose(heard(network, [50]), heard(plain, [50]), rtol=0, atol=2e-6)


def test_layers_that_give_something_else_are_left_alone(network: CycleNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if only what is heard from far back differs; LiteRT runs the network then."""
    layers = read_layers(network._interpreter)
    assert layers is not None
    blocks = layers.blocks.copy()
    blocks[-1, :48] += 0.01  # what the last block hears of 128 moments ago
    monkeypatch.setattr(module, "read_layers", lambda _: layers._replace(blocks=blocks))
    other = CycleNetwork(network.content, network.delay_frames)
    assert other.kernel is None
    with without_library():
        plain = network.copy()
    assert np.array_equal(heard(other, [90]), heard(plain, [90]))


def test_another_file_is_refused() -> None:
    """One that is no network, and one that is another network."""
    with pytest.raises(BundleError, match="not one that LiteRT can run"):
        CycleNetwork(b"nothing", 14)
    classifier = (load_bundle().path / "model.tflite").read_bytes()
    with pytest.raises(BundleError, match="does not take frames of 12 bands and a memory"):
        CycleNetwork(classifier, 14)

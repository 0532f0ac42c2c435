"""The networks have the structure that recipes and model card describe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks need the training extra")

from monitor.features.spec import HEART
from monitor.inference.networks import ABNORMAL_WEIGHT, article_network, heart_network

OUTPUTS = ("normal", "murmur", "extrastole", "not-heart")


@pytest.fixture(scope="module")
def heart() -> Any:
    """Return the default network, untrained."""
    return heart_network(HEART.shape, OUTPUTS)


@pytest.fixture(scope="module")
def article() -> Any:
    """Return the article's network, untrained."""
    return article_network((64, 64, 3), 3)


def noise_image(seed: int) -> Any:
    """Return one image of noise, as a batch."""
    return np.random.default_rng(seed).standard_normal((1, 64, 64, 3)).astype(np.float32)


def test_logits(heart: Any) -> None:
    """The default network gives one logit per output, not a probability."""
    assert heart.output_shape == (None, 4)
    assert {heart.get_layer(name).activation.__name__ for name in ("texture_logits", "rhythm_logit")} == {"linear"}


def test_is_small(heart: Any) -> None:
    """Fewer than 160 thousand parameters, so that one image takes a fraction of a millisecond."""
    assert 10_000 < heart.count_params() < 160_000


@pytest.mark.parametrize("channels", [slice(0, 1), slice(1, 2), slice(2, 3)], ids=["mean", "maximum", "rhythm"])
def test_every_channel_matters(heart: Any, channels: slice) -> None:
    """A change in any one channel changes the logits."""
    before = noise_image(1)
    after = before.copy()
    after[..., channels] += noise_image(2)[..., channels]
    assert np.abs(np.asarray(heart(before)) - np.asarray(heart(after))).max() > 1e-4


def ectopic_odds(logits: Any) -> Any:
    """Return the log-odds of an extrasystole against the other hearts, with the weight of a murmur."""
    normal, murmur, ectopic = np.asarray(logits, float).T[:3]
    return ectopic - np.logaddexp(normal, murmur + np.log(ABNORMAL_WEIGHT))


def test_an_extrasystole_is_found_by_the_rhythm_alone(heart: Any) -> None:
    """Another spectrum does not change the odds of an extrasystole; another rhythm does."""
    before = noise_image(1)
    spectrum, rhythm = before.copy(), before.copy()
    spectrum[..., :2] += noise_image(2)[..., :2]
    rhythm[..., 2] += noise_image(2)[..., 2]
    assert ectopic_odds(heart(spectrum)) == pytest.approx(ectopic_odds(heart(before)), abs=1e-5)
    assert abs(ectopic_odds(heart(rhythm)) - ectopic_odds(heart(before))) > 1e-4


def test_rhythm_does_not_decide_whether_it_is_a_heart(heart: Any) -> None:
    """The odds of a non-cardiac sound come from the spectrum: another rhythm does not change them."""
    before = noise_image(1)
    rhythm = before.copy()
    rhythm[..., 2] += noise_image(2)[..., 2]
    logits = [np.asarray(heart(image))[0] for image in (before, rhythm)]
    odds = [float(row[3] - np.log(np.exp(row[:3]).sum())) for row in logits]
    assert odds[0] == pytest.approx(odds[1], abs=1e-5)


def test_labels_without_an_extrasystole() -> None:
    """Both paths then contribute to every logit."""
    network = heart_network(HEART.shape, ("sick", "well", "not-heart"))
    before, after = noise_image(1), noise_image(1)
    after[..., 2] += noise_image(2)[..., 2]
    assert network.output_shape == (None, 3)
    assert np.abs(np.asarray(network(before)) - np.asarray(network(after))).max() > 1e-4


def test_is_saved_and_loaded(heart: Any, tmp_path: Any) -> None:
    """A saved network, custom layers included, gives the same logits after loading."""
    import keras

    heart.save(tmp_path / "heart.keras")
    again = keras.models.load_model(tmp_path / "heart.keras")
    np.testing.assert_allclose(np.asarray(again(noise_image(4))), np.asarray(heart(noise_image(4))), atol=1e-6)


def test_inference_is_repeatable(heart: Any) -> None:
    """Dropout and batch statistics belong to training: run twice, an image gives the same logits."""
    np.testing.assert_array_equal(np.asarray(heart(noise_image(3))), np.asarray(heart(noise_image(3))))


def test_the_dropout_rate() -> None:
    """The rate is an argument; 0 switches dropout off."""
    network = heart_network(HEART.shape, ("sick", "well"), dropout=0.0)
    assert [layer.rate for layer in network.layers if type(layer).__name__ == "Dropout"] == [0.0, 0.0]


@pytest.mark.parametrize("outputs", [OUTPUTS, ("sick", "well", "not-heart")])
def test_one_logit_more_for_the_loudness(outputs: tuple[str, ...]) -> None:
    """It stands after the others, comes from the texture path, and changes none of them."""
    network = heart_network(HEART.shape, outputs, grades_loudness=True)
    assert network.output_shape == (None, len(outputs) + 1)
    image = noise_image(2)
    silenced = image.copy()
    silenced[..., 2] = 0.0
    before, after = np.asarray(network(image))[0], np.asarray(network(silenced))[0]
    assert before[-1] == after[-1]
    weights = network.get_layer("loudness_logit").get_weights()
    network.get_layer("loudness_logit").set_weights([2.0 * weights[0], weights[1]])
    changed = np.asarray(network(image))[0]
    np.testing.assert_array_equal(changed[:-1], before[:-1])
    assert changed[-1] == pytest.approx(2.0 * before[-1], rel=1e-4)


def test_the_articles_layers(article: Any) -> None:
    """Conv 32-32-64 with 3x3 filters and ReLU, each followed by max pooling; Dense 64; sigmoids."""
    kinds = [type(layer).__name__ for layer in article.layers[1:]]
    assert kinds == [*("Conv2D", "MaxPooling2D") * 3, "Flatten", "Dense", "Dense"]
    convolutions = [layer for layer in article.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [32, 32, 64]
    assert all(layer.kernel_size == (3, 3) and layer.activation.__name__ == "relu" for layer in convolutions)
    assert article.layers[-2].units == 64
    assert article.layers[-1].activation.__name__ == "sigmoid"


def test_the_articles_outputs(article: Any) -> None:
    """Each of the three outputs lies between 0 and 1."""
    outputs = np.asarray(article(noise_image(4)))
    assert outputs.shape == (1, 3)
    assert ((outputs > 0) & (outputs < 1)).all()

"""The networks have the shape that recipes and card say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="networks are made with the training extra")

from monitor.features.spec import HEART
from monitor.inference.networks import YIELDS, article_network, heart_network

OUTPUTS = ("normal", "murmur", "extrastole", "not-heart")


@pytest.fixture(scope="module")
def heart() -> Any:
    """Return our network, untrained."""
    return heart_network(HEART.shape, OUTPUTS)


@pytest.fixture(scope="module")
def article() -> Any:
    """Return the article's network, untrained."""
    return article_network((64, 64, 3), 3)


def picture(seed: int) -> Any:
    """Return one picture of noise, as a batch."""
    return np.random.default_rng(seed).standard_normal((1, 64, 64, 3)).astype(np.float32)


def test_logits(heart: Any) -> None:
    """Ours gives one logit per output: any real number, no probability."""
    assert heart.output_shape == (None, 4)
    assert {heart.get_layer(name).activation.__name__ for name in ("texture_logits", "rhythm_logit")} == {"linear"}


def test_is_small(heart: Any) -> None:
    """Fewer than 120 thousand parameters, so that one picture costs a fraction of a millisecond."""
    assert 10_000 < heart.count_params() < 120_000


@pytest.mark.parametrize("channels", [slice(0, 1), slice(1, 2), slice(2, 3)], ids=["mean", "maximum", "rhythm"])
def test_every_channel_is_heard(heart: Any, channels: slice) -> None:
    """A change in any one channel changes the logits."""
    before = picture(1)
    after = before.copy()
    after[..., channels] += picture(2)[..., channels]
    assert np.abs(np.asarray(heart(before)) - np.asarray(heart(after))).max() > 1e-4


def early_odds(logits: Any) -> Any:
    """Return the log odds of an extrasystole against the other hearts, a murmur counting less."""
    normal, murmur, ectopic = np.asarray(logits, float).T[:3]
    return ectopic - np.logaddexp(normal, murmur + np.log(YIELDS))


def test_an_early_beat_is_heard_in_the_rhythm_alone(heart: Any) -> None:
    """Whatever the spectrum looks like, the odds of an extrasystole stay; another rhythm moves them."""
    before = picture(1)
    colour, rhythm = before.copy(), before.copy()
    colour[..., :2] += picture(2)[..., :2]
    rhythm[..., 2] += picture(2)[..., 2]
    assert early_odds(heart(colour)) == pytest.approx(early_odds(heart(before)), abs=1e-5)
    assert abs(early_odds(heart(rhythm)) - early_odds(heart(before))) > 1e-4


def test_rhythm_does_not_decide_whether_it_is_a_heart(heart: Any) -> None:
    """The odds of no heart against all hearts come from the spectrum: an early beat does not move them."""
    before = picture(1)
    rhythm = before.copy()
    rhythm[..., 2] += picture(2)[..., 2]
    odds = [
        float(its[3] - np.log(np.exp(its[:3]).sum())) for its in (np.asarray(heart(p))[0] for p in (before, rhythm))
    ]
    assert odds[0] == pytest.approx(odds[1], abs=1e-5)


def test_labels_of_ones_own() -> None:
    """Without an extrasystole among the labels both paths speak for all of them."""
    network = heart_network(HEART.shape, ("sick", "well", "not-heart"))
    before, after = picture(1), picture(1)
    after[..., 2] += picture(2)[..., 2]
    assert network.output_shape == (None, 3)
    assert np.abs(np.asarray(network(before)) - np.asarray(network(after))).max() > 1e-4


def test_is_saved_and_loaded(heart: Any, tmp_path: Any) -> None:
    """The network survives its Keras file, its own layer included."""
    import keras

    heart.save(tmp_path / "heart.keras")
    again = keras.models.load_model(tmp_path / "heart.keras")
    np.testing.assert_allclose(np.asarray(again(picture(4))), np.asarray(heart(picture(4))), atol=1e-6)


def test_judging_is_repeatable(heart: Any) -> None:
    """Dropout and batch statistics belong to training: judged twice, a picture gives the same logits."""
    np.testing.assert_array_equal(np.asarray(heart(picture(3))), np.asarray(heart(picture(3))))


def test_dropout_can_be_left_out() -> None:
    """The share of features dropped while training is a setting."""
    network = heart_network(HEART.shape, ("sick", "well"), dropout=0.0)
    assert [layer.rate for layer in network.layers if type(layer).__name__ == "Dropout"] == [0.0, 0.0]


def test_the_articles_layers(article: Any) -> None:
    """Conv 32-32-64 with 3x3 filters and ReLU, each halved by its maximum; Dense 64; sigmoids."""
    kinds = [type(layer).__name__ for layer in article.layers[1:]]
    assert kinds == [*("Conv2D", "MaxPooling2D") * 3, "Flatten", "Dense", "Dense"]
    convolutions = [layer for layer in article.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [32, 32, 64]
    assert all(layer.kernel_size == (3, 3) and layer.activation.__name__ == "relu" for layer in convolutions)
    assert article.layers[-2].units == 64
    assert article.layers[-1].activation.__name__ == "sigmoid"


def test_the_articles_outputs(article: Any) -> None:
    """Each of the three outputs lies between 0 and 1."""
    outputs = np.asarray(article(picture(4)))
    assert outputs.shape == (1, 3)
    assert ((outputs > 0) & (outputs < 1)).all()

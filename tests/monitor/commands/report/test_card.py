"""The model card that belongs to what was judged."""

from __future__ import annotations

from monitor.commands.report.card import model_card
from monitor.inference.bundle import load_bundle


def test_the_card_of_the_same_network(bundle_dir):
    """By the digest of the network, without the head for model hubs."""
    digest = load_bundle(bundle_dir).model_sha256
    assert model_card(str(bundle_dir), digest).startswith("# lenient")
    assert "license: mit" not in model_card("heart-sounds", load_bundle("heart-sounds").model_sha256)


def test_no_card_of_another_network(bundle_dir):
    """Neither of another digest nor of a bundle that is not here: a card that does not belong would mislead."""
    assert model_card(str(bundle_dir), "0" * 64) is None
    assert model_card(str(bundle_dir), None) is None
    assert model_card("not-installed", "0" * 64) is None
    assert model_card("", "0" * 64) is None

"""Model cards for people."""

from __future__ import annotations

from monitor.text.model_card import readable_card


def test_the_head_for_model_hubs_is_left_out() -> None:
    """Only a head at the very beginning; rules inside the card stay."""
    assert readable_card("---\na: b\n---\n# card\n\n---\nc\n---\n") == "# card\n\n---\nc\n---"
    assert readable_card("# card\n") == "# card"

"""A bundle's model card, for people. Pure."""

from __future__ import annotations

import re

__all__ = ["readable_card"]


def readable_card(card: str) -> str:
    r"""Return a model card without its YAML head, which is for model hubs.

    Examples
    --------
    >>> readable_card("---\nlicense: mit\n---\n\n# heart-sounds\n")
    '# heart-sounds'
    """
    return re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL).strip()

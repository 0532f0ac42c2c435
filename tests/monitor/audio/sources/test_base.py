"""The interface of a source."""

from __future__ import annotations

import pytest

from monitor.audio.sources.base import Source


def test_the_interface_is_abstract():
    """A source needs at least start, stop and error."""
    with pytest.raises(TypeError):
        Source()

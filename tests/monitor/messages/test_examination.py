"""The values of an examination: frozen, and complete by default."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.messages import Examination, Finding, SiteResult


def test_they_are_frozen():
    """What an examination found cannot be changed afterwards."""
    result = SiteResult("AV", None, 0.0, 0, None, None, None, "skipped")
    found = Finding(None, {}, ("AV",))
    whole = Examination("steth", None, 10.0, (result,), found, complete=True)
    for value, name in ((result, "reason"), (found, "labels"), (whole, "sites")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)

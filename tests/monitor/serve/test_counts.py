"""The sentence at the end."""

from __future__ import annotations

from monitor.serve.counts import Counts


def test_nothing_is_said_where_all_went_well():
    """Clients that came and went are no news."""
    assert Counts(clients=0, served=7).sentence() is None


def test_who_was_dropped_and_refused():
    """In singular and plural."""
    assert Counts(served=1, dropped=1, refused=1).sentence() == (
        "served 1 client; 1 did not read fast enough and was dropped; 1 bad request refused"
    )
    assert "20 did not read fast enough and were dropped" in Counts(served=200, dropped=20).sentence()

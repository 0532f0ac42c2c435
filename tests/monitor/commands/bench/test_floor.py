"""The floor of a network: its operations at the peak of one core."""

from __future__ import annotations

import pytest

from monitor.commands.bench.floor import measure_floor
from monitor.inference.engine import LiteRTEngine


@pytest.fixture
def engine(bundle_dir) -> LiteRTEngine:
    """Return a network."""
    return LiteRTEngine((bundle_dir / "model.tflite").read_bytes())


def test_the_floor_follows_from_peak_and_operations(engine) -> None:
    """Its time is operations over peak, two for each multiplication."""
    floor = measure_floor(engine, 5)
    assert floor is not None
    assert floor.network_mflop == pytest.approx(2e-6 * engine.multiplications(), abs=1e-3)
    assert floor.floor_ms == pytest.approx(floor.network_mflop / floor.peak_gflops, rel=0.05, abs=1e-3)
    assert floor.invoke_to_floor > 0.0


def test_a_network_that_is_not_listed(engine, monkeypatch) -> None:
    """Where LiteRT does not say what it consists of, there is no floor."""
    monkeypatch.setattr(LiteRTEngine, "multiplications", lambda engine: 0)
    assert measure_floor(engine, 5) is None

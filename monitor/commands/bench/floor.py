"""The floor: how long the network's multiplications would take at the peak of one core.

The peak is that of a product of two matrices (GEMM), which a processor does better than anything else. It is
NumPy's: where LiteRT's kernels use wider instructions, the network may be below this floor. Products and bare runs of
the network take turns in one loop.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from monitor.commands.bench.percentiles import median
from monitor.inference.engine import LiteRTEngine

__all__ = ["Floor", "measure_floor"]

SIZE = 512
"""Rows and columns: large enough for the peak, small enough for the caches (3 MB)."""
WARM_UP = 5


class Floor(NamedTuple):
    """The floor of a network.

    Attributes
    ----------
    network_mflop : float
        Millions of multiplications and additions in one run.
    peak_gflops : float
        Thousands of millions of them in a second, of the fastest product.
    floor_ms : float
        The time of one run at that peak.
    invoke_to_floor : float
        The median of a bare run over the floor.
    """

    network_mflop: float
    peak_gflops: float
    floor_ms: float
    invoke_to_floor: float


def measure_floor(engine: LiteRTEngine, repeats: int) -> Floor | None:
    """Return the floor of a network; None where LiteRT does not say what it consists of.

    Parameters
    ----------
    engine : LiteRTEngine
    repeats : int
        Products, and bare runs, to measure.
    """
    multiplications = engine.multiplications()
    if not multiplications:
        return None
    copy, rng = engine.copy(), np.random.default_rng(0)
    copy.outputs(rng.standard_normal(copy.shape).astype(np.float32))
    left, right = (rng.standard_normal((SIZE, SIZE)).astype(np.float32) for _ in range(2))
    products: list[float] = []
    runs: list[float] = []
    for _ in range(repeats + WARM_UP):
        began = time.perf_counter()
        np.matmul(left, right)
        products.append(time.perf_counter() - began)
        copy.invoke()  # not counted: brings its weights back into the caches
        began = time.perf_counter()
        copy.invoke()
        runs.append(time.perf_counter() - began)
    peak = 2.0 * SIZE**3 / min(products[WARM_UP:])  # operations in a second
    floor_s = 2.0 * multiplications / peak
    return Floor(
        network_mflop=round(2e-6 * multiplications, 3),
        peak_gflops=round(peak / 1e9, 1),
        floor_ms=round(floor_s * 1000, 4),
        invoke_to_floor=round(median(runs[WARM_UP:]) / floor_s, 2),
    )

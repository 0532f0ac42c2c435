"""The measurements as a table, each beside its target, and the environment of the run. Pure text."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from monitor.labels import model_title

__all__ = ["TARGETS", "environment_facts", "report_text"]

PACKAGES = ("ai-edge-litert", "numpy", "soxr")

TARGETS = {
    "hop_to_invoke": ("whole hop / bare network", "x", "at most", 1.5),
    "int8_hop_to_invoke": ("int8 hop / float network", "x", "at most", 0.95),
    "article_to_hop": ("article's method / whole hop", "x", "at least", 300.0),
    "real_time_factor": ("faster than real time", "x", "at least", 500.0),
    "memory_growth_mb": ("memory growth, long run", "MB", "at most", 1.0),
    "first_window_s": ("start to first window", "s", "at most", 0.7),
    "peak_memory_mb": ("peak memory of a replay", "MB", "at most", 150.0),
    "help_s": ("auscult --help", "s", "at most", 0.25),
}
"""Key, name, unit, kind of bound, and target."""

NAMES = {"heart_rate": "heart rate", "dashboard_frame": "dashboard frame"}
REMARKS = {
    "resample": "only at other rates; here {rate} Hz",
    "dashboard_frame": "main thread, not part of a hop",
}


def environment_facts() -> dict[str, Any]:
    """Return the environment of the measurements: processors, Python and libraries."""
    versions = {f"{name.replace('-', '_')}_version": metadata.version(name) for name in PACKAGES}
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        **versions,
    }


def report_text(result: dict[str, Any]) -> str:
    """Return the table that ``auscult bench`` prints.

    Parameters
    ----------
    result : dict
        As :func:`monitor.commands.bench.command.measure` returns it.
    """
    return "\n".join([_headline(result), "", *_times(result), "", *_ratios(result)])


def _headline(result: dict[str, Any]) -> str:
    """Return the model, the hop, and the environment."""
    model = model_title(result["model"], result["engine"])
    return (
        f"{model}, a hop of {result['hop_s']:g} s at {result['sample_rate']} Hz, {result['hops']} hops\n"
        f"{result['cpus']} processors ({result['machine']}, {result['system']}), Python {result['python']}, "
        f"LiteRT {result['ai_edge_litert_version']}, NumPy {result['numpy_version']}"
    )


def _times(result: dict[str, Any]) -> list[str]:
    """Return a line for each time."""
    lines = [f"{'ms':<22}{'p50':>9}{'p95':>9}{'p99':>9}"]
    lines.append(_row("whole hop", {name: result[f"hop_{name}"] for name in ("p50_ms", "p95_ms", "p99_ms")}))
    for name, percentiles in result["stages"].items():
        remark = REMARKS.get(name, "").format(rate=44_100)
        lines.append(_row(f"  {NAMES.get(name, name)}", percentiles, remark))
    lines.append(_row("bare network", {name: result[f"invoke_{name}"] for name in ("p50_ms", "p95_ms", "p99_ms")}))
    if result["int8_hop_p50_ms"] is not None:
        lines.append(f"{'whole hop, int8':<22}{result['int8_hop_p50_ms']:>9.3f}")
        remark = f"{result['int8_invoke_to_invoke']:.2f} of the float network"
        lines.append(f"{'bare int8 network':<22}{result['int8_invoke_p50_ms']:>9.3f}{'':18}  {remark}")
    lines.append(f"{'whole hop, 44100 Hz':<22}{result['hop_44k_p50_ms']:>9.3f}")
    if result["article_ms"] is not None:
        parts = f"image {result['article_picture_ms']:.0f}, predict {result['article_predict_ms']:.0f}"
        name = "the article's method"
        lines.append(f"{name:<22}{result['article_ms']:>9.1f}{'':18}  {parts}")
    return lines


def _row(name: str, percentiles: dict[str, float], remark: str = "") -> str:
    """Return one line of times."""
    columns = "".join(f"{percentiles[key]:>9.3f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
    return f"{name:<22}{columns}  {remark}".rstrip()


def _ratios(result: dict[str, Any]) -> list[str]:
    """Return a line for each value that has a target."""
    return [_against_target(result[key], *TARGETS[key]) for key in TARGETS]


def _against_target(value: float | None, name: str, unit: str, bound: str, target: float) -> str:
    """Return a value beside its target."""
    if value is None:
        return f"{name:<28}{'not measured':>16}"
    met = value <= target if bound == "at most" else value >= target
    return f"{name:<28}{value:>10.2f} {unit:<5}{bound} {target:g} {unit}: {'met' if met else 'missed'}"

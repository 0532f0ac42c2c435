"""The measurements as a table, each beside its target, and the environment of the run. Pure text."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from monitor.commands.bench.targets import TARGETS, Target
from monitor.labels import model_title

__all__ = ["environment_facts", "report_text"]

PACKAGES = ("ai-edge-litert", "numpy", "soxr")

NAMES = {"heart_rate": "heart rate", "dashboard_frame": "dashboard frame", "dashboard_frame_sixel": "the same, Sixel"}
REMARKS = {
    "resample": "only at other rates; here {rate} Hz",
    "dashboard_frame": "main thread, not part of a hop",
    "dashboard_frame_sixel": "with the spectrogram in pixels",
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
    return "\n".join([_headline(result), "", *_times(result), "", *_figures(result), *_left_out(result)])


def _headline(result: dict[str, Any]) -> str:
    """Return the model, the hop, and the environment."""
    model = model_title(result["model"], result["engine"])
    front_end = "compiled front end" if result["compiled"] else f"NumPy front end: {result['compiled_reason']}"
    return (
        f"{model}, a hop of {result['hop_s']:g} s at {result['sample_rate']} Hz, {result['hops']} hops\n"
        f"{result['cpus']} processors ({result['machine']}, {result['system']}), Python {result['python']}, "
        f"LiteRT {result['ai_edge_litert_version']}, NumPy {result['numpy_version']}\n"
        f"{front_end}"
    )


def _times(result: dict[str, Any]) -> list[str]:
    """Return a line for each time."""
    lines = [f"{'ms':<22}{'p50':>9}{'p95':>9}{'p99':>9}"]
    lines.append(_row("whole hop", {name: result[f"hop_{name}"] for name in ("p50_ms", "p95_ms", "p99_ms")}))
    for name, percentiles in result["stages"].items():
        remark = REMARKS.get(name, "").format(rate=44_100)
        lines.append(_row(f"  {NAMES.get(name, name)}", percentiles, remark))
    lines.append(_row("bare network", {name: result[f"invoke_{name}"] for name in ("p50_ms", "p95_ms", "p99_ms")}))
    if result["compiled"]:
        remark = f"{result['numpy_hop_to_invoke']:.2f} of the network"
        lines.append(f"{'whole hop, NumPy alone':<22}{result['numpy_hop_p50_ms']:>9.3f}{'':18}  {remark}")
    if result["int8_hop_p50_ms"] is not None:
        lines.append(f"{'whole hop, int8':<22}{result['int8_hop_p50_ms']:>9.3f}")
        remark = f"{result['int8_invoke_to_invoke']:.2f} of the float network"
        lines.append(f"{'bare int8 network':<22}{result['int8_invoke_p50_ms']:>9.3f}{'':18}  {remark}")
    for rate, key in ((44_100, "hop_44k"), (48_000, "hop_48k")):
        remark = f"{result[f'{key}_to_invoke']:.2f} of the network"
        lines.append(f"{f'whole hop, {rate} Hz':<22}{result[f'{key}_p50_ms']:>9.3f}{'':18}  {remark}")
    if result["floor_ms"] is not None:
        remark = f"{result['network_mflop']:.1f} MFLOP at {result['peak_gflops']:.0f} GFLOP/s, the peak of this core"
        lines.append(f"{'floor of the network':<22}{result['floor_ms']:>9.3f}{'':18}  {remark}")
    if result["article_ms"] is not None:
        parts = f"image {result['article_picture_ms']:.0f}, predict {result['article_predict_ms']:.0f}"
        name = "the article's method"
        lines.append(f"{name:<22}{result['article_ms']:>9.1f}{'':18}  {parts}")
    return lines


def _row(name: str, percentiles: dict[str, float], remark: str = "") -> str:
    """Return one line of times."""
    columns = "".join(f"{percentiles[key]:>9.3f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
    return f"{name:<22}{columns}  {remark}".rstrip()


def _figures(result: dict[str, Any]) -> list[str]:
    """Return the table of the figures that have a target, and what stands beside them."""
    lines = [f"{'':<31}{'here':>9}{'must':>9}{'aim':>9}"]
    lines += [_against_target(result[key], target) for key, target in TARGETS.items()]
    cpu = [("archive, by the processor", "archive_cpu_x"), ("archive, int8, by the processor", "archive_int8_cpu_x")]
    lines += [f"{name:<31}{result[key]:>9.0f} x real time" for name, key in cpu if result[key] is not None]
    if result["invoke_to_floor"] is not None:
        lines.append(f"{'bare network / floor':<31}{result['invoke_to_floor']:>9.2f} x")
        lines.append(f"{'hop / floor':<31}{result['hop_to_floor']:>9.2f} x")
    return lines


def _against_target(value: float | None, target: Target) -> str:
    """Return a figure beside what it must reach and what it aims at."""
    bounds = "".join(f"{'' if bound is None else f'{bound:g}':>9}" for bound in (target.must, target.aim))
    if value is None:
        return f"{target.name:<31}{'-':>9}{bounds}  not measured"
    unit = f" ({target.unit})" if target.unit else ""
    return f"{target.name:<31}{value:>9.{target.decimals}f}{bounds}  {target.outcome(value)}{unit}"


def _left_out(result: dict[str, Any]) -> list[str]:
    """Return a line that says what was not measured because the run was to be quick."""
    return ["", f"left out by --quick: {', '.join(result['left_out'])}"] if result["left_out"] else []

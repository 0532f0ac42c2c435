"""``auscult bench``: latency of a hop, speed and memory of a replay, and the cost of the article's method."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.util
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.hop_latency import measure_hops, measure_runs, measure_stages
from monitor.commands.bench.long_run import long_run
from monitor.commands.bench.percentiles import LatencyPercentiles, median
from monitor.commands.bench.processes import first_window, run_seconds, write_clip
from monitor.commands.bench.report import environment_facts, report_text
from monitor.commands.options.arguments import add_engine_argument, add_model_argument, finite_number
from monitor.errors import DISTRIBUTION
from monitor.features.resample import resampled
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.engine import ENGINES, INT8_ENGINE, LiteRTEngine
from monitor.labels import DEFAULT_ENGINE
from monitor.output import put, say

__all__ = ["add_arguments", "measure", "run"]

OTHER_RATE = 44_100
"""Hz; the rate of most sound cards, at which a hop includes resampling."""
OTHER_RATE_S = 20.0
CLIP_S = 30.0

ARTICLE = "training.recipes.article_timing"
"""Imported by name and only with the training extra: the monitor does not depend on training."""
LONG_RUN_S, QUICK_LONG_RUN_S = 3600.0, 300.0


@dataclasses.dataclass(frozen=True, slots=True)
class Repeats:
    """How often each measurement is repeated.

    Attributes
    ----------
    hops, frames, processes, windows : int
        Hops (half as many for the stages and the other rate), dashboard frames, process starts, windows by the
        article's method.
    """

    hops: int = 800
    frames: int = 100
    processes: int = 5
    windows: int = 20


QUICK = Repeats(hops=100, frames=20, processes=1, windows=3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_model_argument(parser)
    add_engine_argument(parser)
    parser.add_argument(
        "--long-run",
        "--hour",
        type=finite_number,
        metavar="S",
        help=f"seconds of sound in the long run (default: {LONG_RUN_S:g}, with --quick {QUICK_LONG_RUN_S:g})",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repeats: seconds instead of a minute")
    parser.add_argument("--no-article", action="store_true", help="leave out the article's method")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    seconds = options.long_run
    if seconds is None:
        seconds = QUICK_LONG_RUN_S if options.quick else LONG_RUN_S
    if not 10 <= seconds <= 86_400:
        options.usage_error(f"--long-run {seconds:g} must be from 10 to 86400 seconds")
    bundle = load_bundle(options.model, engine=options.engine)
    repeats = QUICK if options.quick else Repeats()
    result = measure(bundle, repeats, long_run_s=seconds, article=not options.no_article)
    put(json.dumps(result, allow_nan=False) if options.json else report_text(result))
    return 0


def measure(bundle: Bundle, repeats: Repeats, *, long_run_s: float, article: bool) -> dict[str, Any]:
    """Return everything that ``auscult bench`` measures, as plain JSON values.

    Parameters
    ----------
    bundle : Bundle
    repeats : Repeats
    long_run_s : float
        Seconds of sound in the long run.
    article : bool
        Whether to measure the article's method, where the training extra is installed.
    """
    demo = SyntheticSource()
    result: dict[str, Any] = {
        "model": bundle.name,
        "model_sha256": bundle.model_sha256,
        "engine": bundle.engine_name,
        "sample_rate": demo.sample_rate,
        "hop_s": bundle.spec.hop_s,
        **environment_facts(),
    }
    result |= _hops(bundle, demo.waveform, demo.sample_rate, repeats)
    result |= _int8(bundle, demo.waveform, demo.sample_rate, repeats)
    result |= _long_run(bundle, demo.waveform, demo.sample_rate, long_run_s)
    result |= _processes(bundle, demo.waveform, demo.sample_rate, repeats)
    result |= _article(demo.waveform, demo.sample_rate, repeats, wanted=article)
    article_ms = result["article_ms"]
    result["article_to_hop"] = None if article_ms is None else round(article_ms / result["hop_p50_ms"], 1)
    return result


def _hops(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Measure hops at the demo's rate and at another, their stages, and the dashboard."""
    from monitor.commands.bench.dashboard_frames import measure_frames

    _note(f"{repeats.hops} hops and as many bare runs of the float network")
    compared = None if bundle.engine_name == DEFAULT_ENGINE else _engine(bundle, DEFAULT_ENGINE)
    hops, bare = map(LatencyPercentiles.of, measure_hops(bundle, waveform, sample_rate, repeats.hops, compared))
    _note(f"stages, {repeats.hops // 2} hops")
    stages = _percentiles(measure_stages(bundle, waveform, sample_rate, repeats.hops // 2))
    _note(f"the same at {OTHER_RATE} Hz, {repeats.hops // 2} hops")
    other = resampled(waveform[: round(OTHER_RATE_S * sample_rate)], sample_rate, OTHER_RATE)
    other_hops, other_bare = measure_hops(bundle, other, OTHER_RATE, repeats.hops // 2, compared)
    at_other_rate = _percentiles(measure_stages(bundle, other, OTHER_RATE, repeats.hops // 2))
    if bundle.spec.sample_rate == sample_rate:  # nothing is resampled: the cost is that of the other rate
        stages["resample"] = at_other_rate["resample"]
    _note(f"{repeats.frames} dashboard frames")
    stages["dashboard_frame"] = LatencyPercentiles.of(
        measure_frames(bundle, waveform, sample_rate, repeats.frames)
    ).to_json()
    return {
        "hops": repeats.hops,
        **{f"hop_{name}": value for name, value in hops.to_json().items()},
        **{f"invoke_{name}": value for name, value in bare.to_json().items()},
        "hop_to_invoke": round(hops.p50_ms / bare.p50_ms, 3),
        "hop_44k_p50_ms": round(median(other_hops) * 1000, 4),
        "hop_44k_to_invoke": round(median(other_hops) / median(other_bare), 3),
        "stages": stages,
        "stages_44k": at_other_rate,
    }


def _engine(bundle: Bundle, name: str) -> LiteRTEngine:
    """Return a LiteRT engine of a bundle, whichever the bundle was loaded with."""
    engine = (bundle if bundle.engine_name == name else load_bundle(bundle.path, engine=name)).engine
    if not isinstance(engine, LiteRTEngine):
        raise ValueError(f"engine {name!r} must be one of LiteRT's")
    return engine


def _int8(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Measure the int8 network against the float one, bare and in hops; nulls for a bundle without."""
    names = ("int8_hop_p50_ms", "int8_hop_to_invoke", "int8_invoke_p50_ms", "int8_invoke_to_invoke")
    if ENGINES[INT8_ENGINE] not in bundle.settings["sha256"]:
        return dict.fromkeys(names)
    _note(f"{repeats.hops} hops with the int8 network")
    int8, compared = load_bundle(bundle.path, engine=INT8_ENGINE), _engine(bundle, DEFAULT_ENGINE)
    hops, bare = (median(times) * 1000 for times in measure_hops(int8, waveform, sample_rate, repeats.hops, compared))
    runs = measure_runs([compared, _engine(int8, INT8_ENGINE)], repeats.hops)
    float_ms, int8_ms = (median(times) * 1000 for times in runs)
    values = (round(hops, 4), round(hops / bare, 3), round(int8_ms, 4), round(int8_ms / float_ms, 3))
    return dict(zip(names, values, strict=True))


def _percentiles(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return the percentiles of each stage."""
    return {name: LatencyPercentiles.of(seconds).to_json() for name, seconds in times.items()}


def _long_run(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, seconds: float) -> dict[str, Any]:
    """Measure a long run through the whole pipeline."""
    _note(f"{seconds:g} s of sound through the whole pipeline")
    result = long_run(bundle, waveform, sample_rate, seconds)
    growth = result.memory_growth_mb
    return {
        "long_run_s": seconds,
        "real_time_factor": round(result.real_time_factor, 1),
        "memory_growth_mb": None if growth is None else round(growth, 2),
    }


def _processes(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Measure processes from their start."""
    _note(f"auscult replay and auscult --help as processes, {repeats.processes} times")
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as scratch:
        clip = Path(scratch) / "clip.wav"
        write_clip(clip, waveform[: round(CLIP_S * sample_rate)], sample_rate)
        first = first_window(clip, bundle.path, repeats.processes, bundle.engine_name)
        help_s = median(run_seconds(["--help"], clip.parent, repeats.processes))
    peak = first.peak_memory_mb
    return {
        "first_window_s": round(median(first.seconds), 3),
        "peak_memory_mb": None if peak is None else round(peak, 1),
        "help_s": round(help_s, 3),
    }


def _article(waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats, *, wanted: bool) -> dict[str, Any]:
    """Measure the article's method, or return nulls."""
    unmeasured = {"article_ms": None, "article_picture_ms": None, "article_predict_ms": None}
    if not wanted:
        return unmeasured
    if any(importlib.util.find_spec(name) is None for name in ("tensorflow", "matplotlib")):
        _note(f"the article's method needs the training extra: pip install '{DISTRIBUTION}[train]'")
        return unmeasured
    _note(f"the article's method, {repeats.windows} windows")
    times = importlib.import_module(ARTICLE).article_seconds(waveform, sample_rate, repeats.windows)
    both, image, predict = (round(median(times[name]) * 1000, 2) for name in ("both", "picture", "predict"))
    return {"article_ms": both, "article_picture_ms": image, "article_predict_ms": predict}


def _note(text: str) -> None:
    """Print on standard error what is being measured."""
    say(f"bench: {text}")

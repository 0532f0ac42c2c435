"""``auscult bench``: what a hop costs on this machine, what a replay needs, and what the article's way costs."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.arguments import add_model_argument, finite_number
from monitor.commands.bench.hop_latency import measure_hops, measure_stages
from monitor.commands.bench.long_run import long_run
from monitor.commands.bench.percentiles import Figures, median
from monitor.commands.bench.processes import first_window, run_seconds, write_clip
from monitor.commands.bench.report import report_text, surroundings
from monitor.features.resample import resampled
from monitor.inference.bundle import Bundle, load_bundle

__all__ = ["add_arguments", "measure", "run"]

OTHER_RATE = 44_100
"""Hz; the rate of most sound cards, for which a hop needs the resampler too."""
OTHER_RATE_S = 20.0
CLIP_S = 30.0

ARTICLE = "training.recipes.article_timing"
"""Imported only with the training extra, by name: the monitor stands on nothing of training."""


@dataclasses.dataclass(frozen=True, slots=True)
class Effort:
    """How often each thing is measured.

    Attributes
    ----------
    hops, frames, programs, windows : int
        Hops (stages and the other rate get half of them), dashboard frames, program starts, windows the article's way.
    """

    hops: int = 800
    frames: int = 100
    programs: int = 5
    windows: int = 20


QUICK = Effort(hops=100, frames=20, programs=1, windows=3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_model_argument(parser)
    parser.add_argument(
        "--hour",
        type=finite_number,
        metavar="S",
        help="seconds of sound in the long run (default: 3600, with --quick 300)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repeats: some seconds instead of a minute")
    parser.add_argument("--no-article", action="store_true", help="leave out the article's way")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    seconds = options.hour if options.hour is not None else (300.0 if options.quick else 3600.0)
    if not 10 <= seconds <= 86_400:
        options.usage_error(f"--hour {seconds:g} must be from 10 to 86400 seconds")
    bundle = load_bundle(options.model)
    effort = QUICK if options.quick else Effort()
    result = measure(bundle, effort, long_run_s=seconds, article=not options.no_article)
    print(json.dumps(result, allow_nan=False) if options.json else report_text(result))
    return 0


def measure(bundle: Bundle, effort: Effort, *, long_run_s: float, article: bool) -> dict[str, Any]:
    """Return everything that ``auscult bench`` measures, as plain JSON values.

    Parameters
    ----------
    bundle : Bundle
    effort : Effort
    long_run_s : float
        Seconds of sound in the long run.
    article : bool
        Whether to measure the article's way, where the training extra is installed.
    """
    demo = SyntheticSource()
    result: dict[str, Any] = {
        "model": bundle.name,
        "model_sha256": bundle.model_sha256,
        "sample_rate": demo.sample_rate,
        "hop_s": bundle.spec.hop_s,
        **surroundings(),
    }
    result |= _hops(bundle, demo.waveform, demo.sample_rate, effort)
    result |= _long_run(bundle, demo.waveform, demo.sample_rate, long_run_s)
    result |= _programs(bundle, demo.waveform, demo.sample_rate, effort)
    result |= _article(demo.waveform, demo.sample_rate, effort, wanted=article)
    both = result["article_ms"]
    result["article_to_hop"] = None if both is None else round(both / result["hop_p50_ms"], 1)
    return result


def _hops(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, effort: Effort) -> dict[str, Any]:
    """Measure hops at the demo's rate and at another, their stages, and the dashboard."""
    from monitor.commands.bench.dashboard_frames import measure_frames

    _note(f"{effort.hops} hops and as many bare runs of the network")
    hops, bare = (Figures.of(times) for times in measure_hops(bundle, waveform, sample_rate, effort.hops))
    _note(f"stages, {effort.hops // 2} hops")
    stages = _figures(measure_stages(bundle, waveform, sample_rate, effort.hops // 2))
    _note(f"the same at {OTHER_RATE} Hz, {effort.hops // 2} hops")
    other = resampled(waveform[: round(OTHER_RATE_S * sample_rate)], sample_rate, OTHER_RATE)
    other_hops, other_bare = measure_hops(bundle, other, OTHER_RATE, effort.hops // 2)
    at_other_rate = _figures(measure_stages(bundle, other, OTHER_RATE, effort.hops // 2))
    if bundle.spec.sample_rate == sample_rate:  # nothing to resample: only the other rate tells what it costs
        stages["resample"] = at_other_rate["resample"]
    _note(f"{effort.frames} dashboard frames")
    stages["dashboard_frame"] = Figures.of(measure_frames(bundle, waveform, sample_rate, effort.frames)).to_json()
    return {
        "hops": effort.hops,
        **{f"hop_{name}": value for name, value in hops.to_json().items()},
        **{f"invoke_{name}": value for name, value in bare.to_json().items()},
        "hop_to_invoke": round(hops.p50_ms / bare.p50_ms, 3),
        "hop_44k_p50_ms": round(median(other_hops) * 1000, 4),
        "hop_44k_to_invoke": round(median(other_hops) / median(other_bare), 3),
        "stages": stages,
        "stages_44k": at_other_rate,
    }


def _figures(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return the percentiles of each stage."""
    return {name: Figures.of(seconds).to_json() for name, seconds in times.items()}


def _long_run(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, seconds: float) -> dict[str, Any]:
    """Measure a long run through the whole pipeline."""
    _note(f"{seconds:g} s of sound through the whole pipeline")
    found = long_run(bundle, waveform, sample_rate, seconds)
    growth = found.memory_growth_mb
    return {
        "long_run_s": seconds,
        "real_time_factor": round(found.real_time_factor, 1),
        "memory_growth_mb": None if growth is None else round(growth, 2),
    }


def _programs(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, effort: Effort) -> dict[str, Any]:
    """Measure programs from their start."""
    _note(f"auscult replay and auscult --help as programs, {effort.programs} times")
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as scratch:
        clip = Path(scratch) / "clip.wav"
        write_clip(clip, waveform[: round(CLIP_S * sample_rate)], sample_rate)
        first = first_window(clip, bundle.path, effort.programs)
        help_s = median(run_seconds(["--help"], clip.parent, effort.programs))
    peak = first.peak_memory_mb
    return {
        "first_window_s": round(median(first.seconds), 3),
        "peak_memory_mb": None if peak is None else round(peak, 1),
        "help_s": round(help_s, 3),
    }


def _article(waveform: NDArray[np.float32], sample_rate: int, effort: Effort, *, wanted: bool) -> dict[str, Any]:
    """Measure the article's way, or return nulls."""
    nothing = {"article_ms": None, "article_picture_ms": None, "article_predict_ms": None}
    if not wanted:
        return nothing
    if any(importlib.util.find_spec(name) is None for name in ("tensorflow", "matplotlib")):
        _note("the article's way needs the training extra: pip install 'auscult-monitor[train]'")
        return nothing
    _note(f"the article's way, {effort.windows} windows")
    times = importlib.import_module(ARTICLE).article_seconds(waveform, sample_rate, effort.windows)
    both, picture, predict = (round(median(times[name]) * 1000, 2) for name in ("both", "picture", "predict"))
    return {"article_ms": both, "article_picture_ms": picture, "article_predict_ms": predict}


def _note(text: str) -> None:
    """Say on standard error what is being measured."""
    print(f"bench: {text}", file=sys.stderr, flush=True)

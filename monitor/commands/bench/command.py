"""``auscult bench``: what a hop, an archive, a live stream and a start cost here, against what they must.

Against the bare network, the article's method, and the peak of this core.
"""

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
from monitor.commands.bench.archive_speed import CLIP_S, ArchiveSpeed, measure_archive
from monitor.commands.bench.floor import Floor, measure_floor
from monitor.commands.bench.hop_latency import measure_hops, measure_runs, measure_stages
from monitor.commands.bench.installed import installed_mb
from monitor.commands.bench.long_run import long_run
from monitor.commands.bench.percentiles import LatencyPercentiles, median
from monitor.commands.bench.processes import first_window, run_seconds, write_clip
from monitor.commands.bench.report import environment_facts, report_text
from monitor.commands.bench.streams import measure_streams
from monitor.commands.options.arguments import add_engine_argument, add_model_argument, finite_number
from monitor.errors import DISTRIBUTION
from monitor.features.compiled.library import library, unused_reason, without_library
from monitor.features.resample import resampled
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.engine import ENGINES, INT8_ENGINE, LiteRTEngine
from monitor.labels import DEFAULT_ENGINE
from monitor.output import put, say
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["add_arguments", "measure", "run"]

OTHER_RATES = {"44k": 44_100, "48k": 48_000}
"""Hz; the rates of most sound cards, at which a hop includes resampling."""
OTHER_RATE_S = 20.0
START_CLIP_S = 30.0

ARTICLE = "training.recipes.article_timing"
"""Imported by name and only with the training extra: the monitor does not depend on training."""
LONG_RUN_S, QUICK_LONG_RUN_S = 3600.0, 300.0


@dataclasses.dataclass(frozen=True, slots=True)
class Repeats:
    """How often each measurement is repeated.

    Attributes
    ----------
    hops, frames, processes, windows : int
        Hops (half as many for the stages and the other rates), dashboard frames, process starts, windows by the
        article's method.
    archive_files, archive_runs : int
        Recordings of the archive, and runs over it of each kind; 0 leaves it out. So many that the start of the
        processes, a third of a second each, counts no more than in a real archive.
    streams : bool
        Whether to search for the number of live streams.
    """

    hops: int = 800
    frames: int = 100
    processes: int = 5
    windows: int = 20
    archive_files: int = 480
    archive_runs: int = 2
    streams: bool = True

    @property
    def left_out(self) -> list[str]:
        """What is not measured."""
        archive = [] if self.archive_files else ["archive, and two processes against one"]
        return archive + ([] if self.streams else ["live streams, and the memory of each"])


QUICK = Repeats(hops=100, frames=20, processes=1, windows=3, archive_files=0, streams=False)


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
    parser.add_argument(
        "--quick",
        action="store_true",
        help="fewer repeats, and neither archive nor live streams: seconds instead of two minutes",
    )
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
    result |= _floor(bundle, repeats, result["hop_p50_ms"])
    result |= _long_run(bundle, demo.waveform, demo.sample_rate, long_run_s)
    result |= _processes(bundle, demo.waveform, demo.sample_rate, repeats)
    result |= _archive(bundle, demo.waveform, demo.sample_rate, repeats)
    result |= _streams(bundle, demo.waveform, demo.sample_rate, repeats)
    result |= {"installed_mb": _rounded(installed_mb(), 1), "left_out": repeats.left_out}
    result |= _article(demo.waveform, demo.sample_rate, repeats, wanted=article)
    article_ms = result["article_ms"]
    for key, hop_ms in (("article_to_hop", result["hop_p50_ms"]), ("article_to_int8_hop", result["int8_hop_p50_ms"])):
        result[key] = None if article_ms is None or hop_ms is None else round(article_ms / hop_ms, 1)
    return result


def _hops(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Measure hops at the demo's rate and at another, their stages, and the dashboard."""
    from monitor.commands.bench.dashboard_frames import measure_frames

    _note(f"{repeats.hops} hops and as many bare runs of the float network")
    compared = None if bundle.engine_name == DEFAULT_ENGINE else _engine(bundle, DEFAULT_ENGINE)
    hops, bare = map(LatencyPercentiles.of, measure_hops(bundle, waveform, sample_rate, repeats.hops, compared))
    plain = _without_library(bundle, waveform, sample_rate, repeats, compared)
    _note(f"stages, {repeats.hops // 2} hops")
    stages = _percentiles(measure_stages(bundle, waveform, sample_rate, repeats.hops // 2))
    at_other: dict[str, Any] = {}
    for name, rate in OTHER_RATES.items():
        _note(f"the same at {rate} Hz, {repeats.hops // 2} hops")
        other = resampled(waveform[: round(OTHER_RATE_S * sample_rate)], sample_rate, rate)
        times = [median(times) for times in measure_hops(bundle, other, rate, repeats.hops // 2, compared)]
        at_other |= {
            f"hop_{name}_p50_ms": round(times[0] * 1000, 4),
            f"hop_{name}_to_invoke": round(times[0] / times[1], 3),
        }
        at_other[f"stages_{name}"] = _percentiles(measure_stages(bundle, other, rate, repeats.hops // 2))
    if bundle.spec.sample_rate == sample_rate:  # nothing is resampled: the cost is that of the other rate
        stages["resample"] = at_other["stages_44k"]["resample"]
    _note(f"{repeats.frames} dashboard frames")
    stages["dashboard_frame"] = LatencyPercentiles.of(
        measure_frames(bundle, waveform, sample_rate, repeats.frames)
    ).to_json()
    stages["dashboard_frame_sixel"] = LatencyPercentiles.of(
        measure_frames(bundle, waveform, sample_rate, repeats.frames, "sixel")
    ).to_json()
    return {
        "hops": repeats.hops,
        **{f"hop_{name}": value for name, value in hops.to_json().items()},
        **{f"invoke_{name}": value for name, value in bare.to_json().items()},
        "hop_to_invoke": round(hops.p50_ms / bare.p50_ms, 3),
        **plain,
        "stages": stages,
        **at_other,
    }


def _without_library(
    bundle: Bundle,
    waveform: NDArray[np.float32],
    sample_rate: int,
    repeats: Repeats,
    compared: LiteRTEngine | None,
) -> dict[str, Any]:
    """Measure hops without the compiled front end, where that is used; say why where it is not."""
    reason = unused_reason()
    if library() is None:
        return {"compiled": False, "compiled_reason": reason, "numpy_hop_p50_ms": None, "numpy_hop_to_invoke": None}
    _note(f"{repeats.hops} hops without the compiled front end")
    with without_library():
        hop, bare = (median(times) for times in measure_hops(bundle, waveform, sample_rate, repeats.hops, compared))
    return {
        "compiled": True,
        "compiled_reason": None,
        "numpy_hop_p50_ms": round(hop * 1000, 4),
        "numpy_hop_to_invoke": round(hop / bare, 3),
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
    if not _has_int8(bundle):
        return dict.fromkeys(names)
    _note(f"{repeats.hops} hops with the int8 network")
    int8, compared = load_bundle(bundle.path, engine=INT8_ENGINE), _engine(bundle, DEFAULT_ENGINE)
    hops, bare = (median(times) * 1000 for times in measure_hops(int8, waveform, sample_rate, repeats.hops, compared))
    runs = measure_runs([compared, _engine(int8, INT8_ENGINE)], repeats.hops)
    float_ms, int8_ms = (median(times) * 1000 for times in runs)
    values = (round(hops, 4), round(hops / bare, 3), round(int8_ms, 4), round(int8_ms / float_ms, 3))
    return dict(zip(names, values, strict=True))


def _has_int8(bundle: Bundle) -> bool:
    """Return whether a bundle has an int8 network."""
    return ENGINES[INT8_ENGINE] in bundle.settings["sha256"]


def _floor(bundle: Bundle, repeats: Repeats, hop_ms: float) -> dict[str, Any]:
    """Measure the peak of this core, and how far the float network and a hop are from it; nulls if that is unknown."""
    _note("the peak of this core, by the product of two matrices")
    floor = measure_floor(_engine(bundle, DEFAULT_ENGINE), repeats.hops // 2)
    if floor is None:
        return dict.fromkeys((*Floor._fields, "hop_to_floor"))
    return {**floor._asdict(), "hop_to_floor": round(hop_ms / floor.floor_ms, 2)}


def _archive(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Measure how fast an archive is judged, or return nulls."""
    if not repeats.archive_files:
        return dict.fromkeys(field.name for field in dataclasses.fields(ArchiveSpeed))
    _note(f"auscult scan of {repeats.archive_files} recordings of {CLIP_S:g} s, {repeats.archive_runs} times each way")
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as scratch:
        files, runs = repeats.archive_files, repeats.archive_runs
        speed = measure_archive(
            bundle, waveform, sample_rate, Path(scratch), files=files, repeats=runs, int8=_has_int8(bundle)
        )
    return dataclasses.asdict(speed)


def _streams(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Search for the number of live streams, or return nulls."""
    if not repeats.streams:
        return dict.fromkeys(("streams_per_core", "streams_p95_ms", "stream_memory_mb"))
    _note("live streams on one core, found by search")
    most, memory_mb = measure_streams(bundle, waveform, sample_rate, _note)
    return {
        "streams_per_core": most.streams,
        "streams_p95_ms": most.p95_ms,
        "stream_memory_mb": round(memory_mb, 3),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    """Return a value with some digits, or None."""
    return None if value is None else round(value, digits)


def _percentiles(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return the percentiles of each stage."""
    return {name: LatencyPercentiles.of(seconds).to_json() for name, seconds in times.items()}


def _long_run(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, seconds: float) -> dict[str, Any]:
    """Measure a long run through the whole pipeline."""
    _note(f"{seconds:g} s of sound through the whole pipeline")
    result = long_run(bundle, waveform, sample_rate, seconds)
    return {
        "long_run_s": seconds,
        "real_time_factor": round(result.real_time_factor, 1),
        "memory_growth_mb": _rounded(result.memory_growth_mb, 2),
    }


def _processes(bundle: Bundle, waveform: NDArray[np.float32], sample_rate: int, repeats: Repeats) -> dict[str, Any]:
    """Measure processes from their start."""
    _note(f"auscult replay and auscult --help as processes, {repeats.processes} times")
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as scratch:
        clip = Path(scratch) / "clip.wav"
        write_clip(clip, waveform[: round(START_CLIP_S * sample_rate)], sample_rate)
        first = first_window(clip, bundle.path, repeats.processes, bundle.engine_name)
        help_s = median(run_seconds(["--help"], clip.parent, repeats.processes))
    return {
        "first_window_s": round(median(first.seconds), 3),
        "peak_memory_mb": _rounded(first.peak_memory_mb, 1),
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
    with discard_native_stderr():  # of TensorFlow and matplotlib
        times = importlib.import_module(ARTICLE).article_seconds(waveform, sample_rate, repeats.windows)
    both, image, predict = (round(median(times[name]) * 1000, 2) for name in ("both", "picture", "predict"))
    return {"article_ms": both, "article_picture_ms": image, "article_predict_ms": predict}


def _note(text: str) -> None:
    """Print on standard error what is being measured."""
    say(f"bench: {text}")

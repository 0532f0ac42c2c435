"""Hops and stages are timed as the monitor runs them."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from monitor.commands.bench import hop_latency
from monitor.commands.bench.hop_latency import STAGES, measure_hops, measure_runs, measure_stages
from monitor.inference.bundle import load_bundle


@pytest.fixture
def sound(heart_waveform):
    """Return 10 s of a heart at 4 kHz with a silence in it, so that not every window gets a verdict."""
    waveform = heart_waveform.copy()
    waveform[26_000:36_000] = 0.0
    return waveform


@pytest.mark.parametrize("maker", ["plain_bundle", "article_bundle"])
def test_the_stages_are_the_hop(maker, sound, request, monkeypatch):
    """Each stage ends as often as in the analyzer of that bundle; nothing of a hop is counted twice or left out."""
    ticks = itertools.count()
    monkeypatch.setattr(hop_latency, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    bundle = request.getfixturevalue(maker)
    times = measure_stages(bundle, sound, 4000, 4)
    parts = {**dict.fromkeys(STAGES, 1.0), **dict.fromkeys(("statistics", "spectrogram", "quality", "verdict"), 2.0)}
    parts["segmentation"] = 0.0 if bundle.segmentation is None else 1.0
    assert times == {name: [parts[name]] * 4 for name in STAGES}


def test_every_stage_is_timed(plain_bundle, sound):
    """Each stage has a time, of 0 or more, for every hop."""
    times = measure_stages(plain_bundle, sound, 4000, 5)
    assert tuple(times) == STAGES
    assert all(len(seconds) == 5 and min(seconds) >= 0.0 for seconds in times.values())


def test_hops_and_bare_runs_take_turns(bundle_dir, sound):
    """As many bare runs as hops are timed, each above 0."""
    hops, bare = measure_hops(load_bundle(bundle_dir), sound, 4000, 7)
    assert len(hops) == len(bare) == 7
    assert min(hops + bare) > 0.0


def test_hops_against_another_network(plain_bundle, bundle_dir, sound, monkeypatch):
    """A given engine runs bare instead of the hops' own, which may be any."""
    ticks = itertools.count()
    monkeypatch.setattr(hop_latency, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    hops, bare = measure_hops(plain_bundle, sound, 4000, 3, load_bundle(bundle_dir).engine)
    assert hops == bare == [1.0] * 3
    assert plain_bundle.engine.calls > 0


def test_bare_runs_take_turns(bundle_dir, monkeypatch):
    """Each network runs twice in its turn, of which the second run counts: a list of times for each."""
    order = []

    def invoke(self):
        order.append(len(self._content))

    monkeypatch.setattr(hop_latency.LiteRTEngine, "invoke", invoke)
    monkeypatch.setattr(hop_latency, "WARM_UP_HOPS", 1)
    engines = [load_bundle(bundle_dir, engine=name).engine for name in ("litert", "litert-int8")]
    times = measure_runs(engines, 2)
    assert [len(seconds) for seconds in times] == [2, 2]
    large, small = ((bundle_dir / name).stat().st_size for name in ("model.tflite", "model-int8.tflite"))
    assert order == [large, large, small, small] * 3


def test_another_engine_is_refused(plain_bundle, sound):
    """Only the LiteRT engine has a bare run to compare with."""
    with pytest.raises(ValueError, match="LiteRT"):
        measure_hops(plain_bundle, sound, 4000, 1)


def test_the_source_is_not_changed(plain_bundle, sound):
    """Measuring does not change the waveform."""
    before = sound.copy()
    measure_stages(plain_bundle, sound, 4000, 2)
    np.testing.assert_array_equal(sound, before)

"""What is timed as a hop, and as its stages, is what the monitor does."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.analysis.analyzer import Analyzer
from monitor.commands.bench.hop_latency import STAGES, _StagedHop, measure_hops, measure_stages
from monitor.commands.bench.percentiles import endless
from monitor.features.resample import resampled
from monitor.inference.bundle import load_bundle


@pytest.fixture
def sound(heart_waveform):
    """Return 10 s of a heart at 4 kHz with a silence in it, so that not every window gets a verdict."""
    waveform = heart_waveform.copy()
    waveform[26_000:36_000] = 0.0
    return waveform


def judgements_of_the_monitor(bundle, waveform, sample_rate, hops):
    """Return what the monitor's own analysis says, window by window."""
    analysis = Analyzer(bundle, sample_rate)
    blocks = endless(waveform, sample_rate // 2)
    return [analysis.judge(index).event.verdict for _ in range(hops) for index in analysis.push(next(blocks))]


def judgements_of_the_stages(bundle, waveform, sample_rate, hops):
    """Return what the timed stages say, window by window."""
    staged, found = _StagedHop(bundle, sample_rate), []
    blocks = endless(waveform, sample_rate // 2)
    for _ in range(hops):
        if staged.run(next(blocks)) is not None:
            found.append(staged.verdict)
    return found


@pytest.mark.parametrize("sample_rate", [4000, 44_100])
def test_the_stages_are_the_hop(plain_bundle, sound, sample_rate):
    """The stages one by one judge every window exactly as the analysis does, at any rate: nothing is left out."""
    waveform = resampled(sound, 4000, sample_rate)
    theirs = judgements_of_the_monitor(plain_bundle, waveform, sample_rate, 30)
    assert len(theirs) >= 19
    assert len({verdict.state for verdict in theirs}) > 1
    assert judgements_of_the_stages(plain_bundle, waveform, sample_rate, 30) == theirs


def test_the_stages_of_the_articles_picture(article_bundle, sound):
    """A bundle with another picture, which needs two resamplers, is timed as it runs."""
    theirs = judgements_of_the_monitor(article_bundle, sound, 4000, 14)
    assert theirs
    assert judgements_of_the_stages(article_bundle, sound, 4000, 14) == theirs


def test_every_stage_is_timed(plain_bundle, sound):
    """Each stage has as many times as hops were asked for, and none took less than nothing."""
    times = measure_stages(plain_bundle, sound, 4000, 5)
    assert tuple(times) == STAGES
    assert all(len(seconds) == 5 and min(seconds) >= 0.0 for seconds in times.values())


def test_nothing_is_timed_before_a_window_is_complete(plain_bundle, sound):
    """The first hops have no window to judge, so they have no stages."""
    staged = _StagedHop(plain_bundle, 4000)
    laps = [staged.run(block) for block, _ in zip(endless(sound, 2000), range(10), strict=False)]
    assert laps[:9] == [None] * 9
    assert len(laps[9]) == len(STAGES)


def test_hops_and_bare_runs_take_turns(bundle_dir, sound):
    """As many bare runs as hops are timed, and each took some time."""
    hops, bare = measure_hops(load_bundle(bundle_dir), sound, 4000, 7)
    assert len(hops) == len(bare) == 7
    assert min(hops + bare) > 0.0


def test_another_engine_is_refused(plain_bundle, sound):
    """The figure is against LiteRT; another engine has no bare run to compare with."""
    with pytest.raises(ValueError, match="LiteRT"):
        measure_hops(plain_bundle, sound, 4000, 1)


def test_the_source_is_not_changed(plain_bundle, sound):
    """Measuring leaves the waveform as it was."""
    before = sound.copy()
    measure_stages(plain_bundle, sound, 4000, 2)
    np.testing.assert_array_equal(sound, before)

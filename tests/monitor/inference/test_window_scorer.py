"""One path from samples to gated scores: the same bit for bit for any cutting of the sound into blocks."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE
from monitor.features.compiled.library import library
from monitor.features.extractor import FeatureExtractor
from monitor.features.heart_rate import HeartRate, heart_rate
from monitor.features.resample import resampled
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference import window_scorer
from monitor.inference.bundle import Bundle
from monitor.inference.quality_gate import gate_features
from monitor.inference.window_scorer import ScoredWindow, WindowScorer
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

BundleMaker = Callable[..., Bundle]


def heart(duration_s: float, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return a synthetic heart sound."""
    waveform = phonocardiogram(duration_s, HeartParameters(), np.random.default_rng(1)).waveform
    return resampled(waveform, 4000, sample_rate)


def blocks_of(waveform: NDArray[np.float32], sizes: Iterable[int]) -> list[NDArray[np.float32]]:
    """Return a waveform cut into blocks of these sizes; the last block takes what is left."""
    edges = [edge for edge in np.cumsum([0, *sizes]).tolist() if edge < len(waveform)]
    return [waveform[begin:end] for begin, end in pairwise([*edges, len(waveform)])]


def values_of(window: ScoredWindow) -> list[NDArray[np.float32]]:
    """Return all numbers of a window, copied."""
    return [
        window.image,
        *(frames.copy() for frames in window.frames),
        window.outputs,
        np.array(list(window.scores.values())),
        np.array(window.heart_rate[:3], dtype=np.float64),
        np.array(window.gate_features),
        np.array(window.heart_odds, dtype=np.float64),
    ]


@pytest.mark.parametrize(
    ("spec", "sample_rate", "duration_s"),
    [(HEART, 4000, 7.3), (HEART, 11_025, 6.7), (HEART, 8000, 2.9), (ARTICLE, 8000, 6.4), (ARTICLE, 4000, 3.1)],
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 20_000), min_size=1, max_size=12))
def test_any_cutting_gives_the_same_scores(
    bundle_maker: BundleMaker, spec: SpectrogramSpec, sample_rate: int, duration_s: float, sizes: list[int]
) -> None:
    """Image, frames, heart rate, outputs, scores and gate features, for both kinds of image, looped or not."""
    bundle, waveform = bundle_maker(spec), heart(duration_s, sample_rate)
    whole = [values_of(window) for window in WindowScorer(bundle, sample_rate, 0.5).score_blocks([waveform])]
    scorer = WindowScorer(bundle, sample_rate, 0.5)
    cut = [values_of(window) for window in scorer.score_blocks(blocks_of(waveform, sizes))]
    assert len(cut) == len(whole) == max(0, int((duration_s - 5) / 0.5)) + 1
    for one, other in zip(cut, whole, strict=True):
        for part, expected in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, expected)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 8000), min_size=1, max_size=12))
def test_long_pushes_lose_no_window(bundle_maker: BundleMaker, sizes: list[int]) -> None:
    """Pushing up to the maximum at a time gives every window, and the same scores."""
    bundle, waveform = bundle_maker(), heart(9)
    scorer, scored = WindowScorer(bundle, 4000), []
    assert scorer.max_samples == 8000
    for block in blocks_of(waveform, [*sizes, *[8000] * 5]):
        scored += [scorer.score(index).scores for index in scorer.push(block)]
    scored += [scorer.score(index).scores for index in scorer.finish()]
    assert scored == [window.scores for window in WindowScorer(bundle, 4000).score_blocks([waveform])]
    assert len(scored) == scorer.num_windows == 9


def test_the_parts_of_a_window(plain_bundle: Bundle) -> None:
    """Each part is what its own function gives for the same samples."""
    waveform = heart(6)
    windows = list(WindowScorer(plain_bundle, 4000, 1.0).score_blocks([waveform]))
    assert len(windows) == 2
    spectrogram = StreamingSpectrogram(HEART)
    spectrogram.push(waveform)
    image, frames = spectrogram.image(4000), spectrogram.window(4000)
    window = windows[1]
    np.testing.assert_array_equal(window.image, image)
    assert window.heart_rate == heart_rate(frames.envelope, HEART.frame_hop_s)
    assert window.gate_features == gate_features(frames, window.heart_rate.periodicity)
    np.testing.assert_array_equal(window.outputs, plain_bundle.engine.outputs(image))
    assert window.scores == pytest.approx(plain_bundle.scores(image), abs=1e-12)
    assert window.heart_odds == pytest.approx(float(plain_bundle.calibration.heart_odds(window.outputs, 3)))


def test_windows_stand_on_the_hop_grid(plain_bundle: Bundle) -> None:
    """A window starts every hop; each index comes once, as soon as the window is complete."""
    scorer = WindowScorer(plain_bundle, 4000, 0.5)
    assert scorer.push(heart(5)[:19_999]) == []
    assert scorer.push(np.zeros(1, np.float32)) == [0]
    assert scorer.push(np.zeros(4000, np.float32)) == [1, 2]
    assert scorer.finish() == []
    assert [scorer.span_s(index) for index in range(3)] == [(0.0, 5.0), (0.5, 5.5), (1.0, 6.0)]


def test_a_short_clip_is_looped(plain_bundle: Bundle) -> None:
    """It gives one window of the clip repeated, in which no extrasystole can be found."""
    clip = heart(2.2)
    scorer = WindowScorer(plain_bundle, 4000, 0.5)
    (window,) = scorer.score_blocks([clip])
    looped = np.resize(clip, 20_001)
    np.testing.assert_array_equal(np.concatenate((clip, scorer.padding)), looped)
    assert scorer.looped_s == 2.2
    assert scorer.end_sample == len(clip)
    (whole,) = WindowScorer(plain_bundle, 4000, 0.5).score_blocks([looped])
    np.testing.assert_array_equal(window.image, whole.image)
    assert whole.scores["extrastole"] > 1e-6 > window.scores["extrastole"]


def test_a_short_clip_is_scored_at_four_phases(plain_bundle: Bundle) -> None:
    """Its outputs are the mean of those of windows that begin at each quarter of it; a sound of 5 s has one."""
    clip = heart(2.2)
    (window,) = WindowScorer(plain_bundle, 4000, 0.5).score_blocks([clip])
    extractor = FeatureExtractor(plain_bundle.spec, 4000)
    extractor.push(np.resize(clip, 30_000), last=True)
    images = [extractor.image(100 * frame) for frame in (0, 22, 44, 66)]
    np.testing.assert_array_equal(window.image, images[0])
    outputs = np.array([plain_bundle.engine.outputs(image) for image in images])
    assert np.ptp(outputs, axis=0).max() > 1e-3
    np.testing.assert_allclose(window.outputs[[0, 1, 3]], outputs.mean(axis=0)[[0, 1, 3]], atol=1e-6)
    (whole,) = WindowScorer(plain_bundle, 4000, 0.5).score_blocks([np.resize(clip, 20_000)])
    np.testing.assert_array_equal(whole.outputs, plain_bundle.engine.outputs(whole.image))


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.2])
def test_a_clip_of_fewer_frames_than_phases(plain_bundle: Bundle, seconds: float) -> None:
    """It has a phase for each frame that begins in it, at any rate."""
    for rate in (4000, 44_100):
        (window,) = WindowScorer(plain_bundle, rate).score_blocks([heart(1.0)[: max(1, round(seconds * rate))]])
        assert np.isfinite(window.outputs).all()


def test_a_reused_buffer(plain_bundle: Bundle) -> None:
    """A caller may overwrite a block once it is pushed, also before a window is complete."""
    clip, buffer = heart(1.0), np.empty(500, np.float32)
    scorer, other = (WindowScorer(plain_bundle, 4000) for _ in range(2))
    for begin in range(0, len(clip), 500):
        buffer[:] = clip[begin : begin + 500]
        scorer.push(buffer)
    buffer[:] = 0.0
    (expected,) = other.score_blocks([clip])
    (index,) = scorer.finish()
    assert scorer.score(index).scores == expected.scores


def test_no_sound_gives_no_window(plain_bundle: Bundle) -> None:
    """Neither no block nor an empty one is looped."""
    for blocks in ([], [np.zeros(0, np.float32)]):
        assert list(WindowScorer(plain_bundle, 4000).score_blocks(blocks)) == []


def test_the_gate(plain_bundle: Bundle) -> None:
    """A heart sound passes the default gate, white noise does not, and the network's odds can decide alone."""
    noise = 0.1 * np.random.default_rng(2).standard_normal(20_000).astype(np.float32)
    trusting = dataclasses.replace(
        plain_bundle, gate=dataclasses.replace(plain_bundle.gate, odds_weight=5.0, typical_odds=-6.0)
    )
    for bundle, sound, passes in (
        (plain_bundle, heart(5), True),
        (plain_bundle, noise, False),
        (trusting, noise, True),
    ):
        (window,) = WindowScorer(bundle, 4000).score_blocks([sound])
        assert window.passes_gate is passes


def test_the_stages_in_order(plain_bundle: Bundle) -> None:
    """A stopwatch is called with the name of each stage when that stage ends."""
    stages: list[str] = []
    scorer = WindowScorer(plain_bundle, 4000, stopwatch=stages.append)
    scorer.score(*scorer.push(heart(5)))
    assert stages == ["resample", "spectrogram", "heart_rate", "quality", "spectrogram", "network", "verdict"]


def test_a_stopwatch_changes_no_result(plain_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heart rate, gate and image computed one by one are those of one call, also where the timbre tells the rate."""
    asked = 0

    def counting(*arguments: Any, **more: Any) -> HeartRate:
        nonlocal asked
        asked += 1
        return heart_rate(*arguments, **more)

    monkeypatch.setattr(window_scorer, "heart_rate", counting)
    clicks = np.tile(np.concatenate((np.ones(100), np.zeros(1100))), 25)  # 200 a minute
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(clicks))
    sound = np.concatenate((np.zeros(24_000), clicks * noise, heart(8))).astype(np.float32)
    at_once = [values_of(window) for window in WindowScorer(plain_bundle, 4000).score_blocks([sound])]
    if library() is not None:
        assert 0 < asked < len(at_once)
    stages: list[str] = []
    timed = WindowScorer(plain_bundle, 4000, stopwatch=stages.append)
    for values, window in zip(at_once, timed.score_blocks([sound]), strict=True):
        for value, expected in zip(values, values_of(window), strict=True):
            np.testing.assert_array_equal(value, expected)
    assert stages.count("heart_rate") == len(at_once)


def test_memory_does_not_grow_with_the_length(plain_bundle: Bundle) -> None:
    """Five minutes take no more memory than a fraction of their sound."""
    block = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    tracemalloc.start()
    try:
        count = sum(1 for _ in WindowScorer(plain_bundle, 4000, 5.0).score_blocks(block for _ in range(75)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 60
    assert peak < 75 * block.nbytes / 2


@pytest.mark.parametrize(
    ("hop_s", "sample_rate", "read", "most"),
    [(0.5, 4000, 2000, 8000), (0.1, 4000, 400, 1600), (5.0, 44_100, 22_050, 88_200)],
)
def test_how_much_to_push(plain_bundle: Bundle, hop_s: float, sample_rate: int, read: int, most: int) -> None:
    """At most a hop and half a second where the result is waited for, else up to four hops and two seconds."""
    scorer = WindowScorer(plain_bundle, sample_rate, hop_s)
    assert (scorer.read_samples, scorer.max_samples) == (read, most)


@pytest.mark.parametrize("sample_rate", [4000, 8000, 11_025, 44_100])
@pytest.mark.parametrize("hop_s", [0.5, 0.1])
def test_no_window_is_complete_before_its_samples(plain_bundle: Bundle, sample_rate: int, hop_s: float) -> None:
    """Without the samples that are said to be missing no window is complete; with them it is within two frame hops."""
    scorer = WindowScorer(plain_bundle, sample_rate, hop_s)
    sound, waited = heart(8.0, sample_rate), 0
    while scorer.num_windows < 12 and scorer.end_sample + scorer.samples_to_window <= len(sound):
        missing, begin = scorer.samples_to_window, scorer.end_sample
        if missing > 1:
            assert scorer.push(sound[begin : begin + missing - 1]) == []
            begin, waited = scorer.end_sample, 0
        waited = 0 if scorer.push(sound[begin : begin + 1]) else waited + 1
        assert waited <= 2 * scorer.frame_hop_s * sample_rate
    assert scorer.num_windows >= 6


def test_a_window_that_is_not_complete(plain_bundle: Bundle) -> None:
    """It cannot be scored."""
    scorer = WindowScorer(plain_bundle, 4000)
    scorer.push(heart(4))
    with pytest.raises(ValueError, match="must lie in a window that is complete and still held"):
        scorer.score(0)


@pytest.mark.parametrize(
    ("sample_rate", "hop_s", "message"),
    [(500, 0.5, "input_rate=500 must be from 1000 to 192000"), (4000, 0.33, r"hop_s=0\.33 must be a multiple of")],
)
def test_settings_out_of_range(plain_bundle: Bundle, sample_rate: int, hop_s: float, message: str) -> None:
    """A rate or a hop that does not fit is refused at once."""
    with pytest.raises(ValueError, match=message):
        WindowScorer(plain_bundle, sample_rate, hop_s)

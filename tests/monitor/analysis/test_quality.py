"""Hearts pass at any loudness, other sounds are withheld, and the reason says what to do."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.analysis import quality
from monitor.analysis.quality import (
    GAP_QUALITY,
    LIVE,
    LIVE_REASONS,
    RECORDING,
    RECORDING_REASONS,
    Origin,
    judge_quality,
)
from monitor.audio.signal_statistics import SignalStatistics, StreamingStatistics
from monitor.features.heart_rate import heart_rate
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.quality_gate import DEFAULT_GATE, GateFeatures, gate_features
from monitor.messages import Quality

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
FINE = SignalStatistics(0.05, 0.5, 0.0, 0.0, 0.0)


def heart(bpm: float = 72.0, noise: float = 0.003, seed: int = 0) -> NDArray[np.float32]:
    """Return 5 s of two tone bursts per beat over pink noise, at 4000 Hz."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(HEART.window_samples) / HEART.sample_rate
    sound = noise * coloured(1.0, seed)
    for at_s in np.arange(rng.uniform(-0.5, 0.0), HEART.window_s, 60.0 / bpm):
        for delay_s, height, pitch_hz in ((0.0, 0.3, 45.0), (0.3, 0.2, 60.0)):
            burst = np.exp(-(((time_s - at_s - delay_s) / 0.03) ** 2))
            sound = sound + height * burst * np.sin(2 * np.pi * pitch_hz * (time_s - at_s))
    return sound.astype(np.float32)


def coloured(slope: float, seed: int = 0) -> NDArray[np.float32]:
    """Return 5 s of noise, white (slope 0), pink (1) or brown (2), standard deviation 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(HEART.window_samples))
    spectrum *= (np.arange(len(spectrum)) + 1.0) ** (-slope / 2)
    sound = np.fft.irfft(spectrum)
    return (sound / sound.std()).astype(np.float32)


def handling(seed: int) -> NDArray[np.float32]:
    """Return 5 s of broadband bursts of random position, length and loudness."""
    rng = np.random.default_rng(seed)
    sound = 1e-3 * rng.standard_normal(HEART.window_samples)
    for _ in range(15):
        length = int(rng.integers(200, 3000))
        start = int(rng.integers(0, HEART.window_samples - length))
        sound[start : start + length] += 0.2 * rng.uniform(0.2, 1) * np.hanning(length) * rng.standard_normal(length)
    return sound.astype(np.float32)


def quality_of(
    sound: NDArray[np.float32], rate: int = HEART.sample_rate, clip_s: float | None = None, origin: Origin = LIVE
) -> Quality:
    """Return the quality of one window of raw sound, as the monitor does."""
    statistics = StreamingStatistics(rate, HEART.window_s)
    statistics.push(sound)
    stream = StreamingSpectrogram(HEART)
    stream.push(np.resize(resampled(sound, rate, HEART.sample_rate), HEART.window_samples))
    frames = stream.window(0)
    periodicity = heart_rate(frames.envelope, HEART.frame_hop_s).periodicity
    return judge_quality(
        gate_features(frames, periodicity), statistics.window(0, len(sound)), clip_s=clip_s, origin=origin
    )


def with_statistics(**changes: float) -> Quality:
    """Return the quality of a fine heart whose raw sound had these statistics."""
    stream = StreamingSpectrogram(HEART)
    stream.push(heart())
    return judge_quality(gate_features(stream.window(0), 0.9), FINE._replace(**changes), origin=LIVE)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.floats(50.0, 140.0), st.floats(0.0003, 0.01), st.integers(0, 1000))
def test_a_heart_passes_without_a_reason(bpm: float, noise: float, seed: int) -> None:
    """Regular beats over a little noise have a high score, no state and no reason."""
    result = quality_of(heart(bpm, noise, seed))
    assert result.state is None
    assert result.reason is None
    assert result.score > 0.7


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_noise_is_withheld(slope: float, seed: int) -> None:
    """White, pink and brown noise, which remain when contact is lost, are no heart."""
    result = quality_of(0.1 * coloured(slope, seed))
    assert result.state == "poor-signal"
    assert result.reason == LIVE_REASONS.no_heartbeat


@pytest.mark.parametrize("pitch_hz", [50.0, 100.0, 440.0])
def test_a_hum_is_withheld(pitch_hz: float) -> None:
    """A steady tone in the frequency band of the heart has no beats."""
    time_s = np.arange(HEART.window_samples) / HEART.sample_rate
    sound = 0.2 * np.sin(2 * np.pi * pitch_hz * time_s) + 0.001 * coloured(0.0)
    assert quality_of(sound.astype(np.float32)).state == "poor-signal"


def test_handling_noise_is_withheld() -> None:
    """Of 20 windows of knocks and rubbing at least 18 are withheld, and bumps are the main reason."""
    results = [quality_of(handling(seed)) for seed in range(20)]
    assert sum(one.state == "poor-signal" for one in results) >= 18
    assert sum(one.reason == LIVE_REASONS.bumps for one in results) >= 10


def test_hiss_over_a_heart_is_withheld() -> None:
    """As noise above 600 Hz grows the score falls, until the window is withheld."""
    high = np.diff(coloured(0.0), prepend=np.float32(0)).astype(np.float32)
    scores = [quality_of(heart() + np.float32(level) * high).score for level in (0.0, 0.01, 0.1, 1.0)]
    assert scores == sorted(scores, reverse=True)
    assert quality_of(heart() + high).state == "poor-signal"


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([0.01, 0.1, 3.0, 10.0]), st.integers(0, 100), st.floats(0.001, 0.3))
def test_loudness_does_not_matter(gain: float, seed: int, noise: float) -> None:
    """At a hundredth or ten times the loudness score, reason and state are the same."""
    sound = heart(noise=noise, seed=seed)
    plain, scaled = quality_of(sound), quality_of(np.float32(gain) * sound)
    assert scaled.score == pytest.approx(plain.score, abs=1e-3)
    assert (scaled.reason, scaled.state) == (plain.reason, plain.state)


@pytest.mark.parametrize("rate", [1000, 2000, 8000, 44_100])
def test_the_sample_rate_does_not_matter(rate: int) -> None:
    """At any rate of the source a heart passes and noise does not."""
    noise = 0.1 * np.random.default_rng(1).standard_normal(5 * rate).astype(np.float32)
    assert quality_of(resampled(heart(), HEART.sample_rate, rate), rate).state is None
    assert quality_of(noise, rate).state == "poor-signal"


@pytest.mark.parametrize("level", [0.0, 0.25])
def test_silence_is_no_signal(level: float) -> None:
    """Zeros, or a constant, mean a muted or unplugged input."""
    result = quality_of(np.full(HEART.window_samples, level, np.float32))
    assert result == Quality(0.0, "no sound: is the input muted or unplugged?", "no-signal")


def test_noise_below_a_16_bit_step_is_no_signal() -> None:
    """Noise that a 16-bit recording could not hold is silence, at any offset."""
    assert quality_of(5e-6 * coloured(0.0) + np.float32(0.01)).state == "no-signal"


@pytest.mark.parametrize("gain", [1e-3, 1e-5, 1e-7])
def test_a_faint_heart_is_a_signal(gain: float) -> None:
    """A heart in other units, or with an amplitude far below a 16-bit step, passes."""
    result = quality_of(np.float32(gain) * heart())
    assert (result.state, result.reason) == (None, None)


def test_a_heart_without_noise_between_beats_is_no_drop_out() -> None:
    """Digital silence within every beat is that of a noise gate; holes in a sound that goes on are drop-outs."""
    gated = heart(noise=0.0)
    gated[np.abs(gated) < 1e-3] = 0.0
    assert quality_of(gated).reason is None
    assert quality_of(gated).state is None
    holes = heart()
    for start in range(1000, 20_000, 4000):
        holes[start : start + 1200] = 0.0
    assert quality_of(holes) == Quality(0.0, LIVE_REASONS.drops_out, "poor-signal")


def test_advice_for_a_recording_names_no_input() -> None:
    """Every sentence for a recording differs, and none asks to do something about a live input."""
    for live, recording in zip(LIVE_REASONS, RECORDING_REASONS, strict=True):
        assert live != recording
        assert not re.search("plug|turn|check|press|place|keep|move ", recording)
    assert len({*RECORDING_REASONS}) == len(RECORDING_REASONS)
    assert quality_of(0.1 * coloured(0.0), origin=RECORDING).reason == RECORDING_REASONS.no_heartbeat
    assert quality_of(5e-6 * coloured(0.0), origin=RECORDING).reason == RECORDING_REASONS.faint


class InvertedPair(NamedTuple):
    """A source whose channels cancel each other."""

    live: bool = False
    channels_cancel: bool = True


def test_channels_that_cancel_are_named() -> None:
    """What is left of them is no heart, however much it resembles one; a good window is judged."""
    for faint in (np.zeros(HEART.window_samples, np.float32), np.float32(1e-5) * heart()):
        left = quality_of(faint, origin=InvertedPair())
        assert (left.state, left.reason) == ("no-signal", "the channels cancel each other: choose one, --channel 1")
    assert quality_of(0.1 * coloured(0.0), origin=InvertedPair()).reason == quality.CHANNELS_CANCEL
    assert quality_of(heart(), origin=InvertedPair()) == quality_of(heart())


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"rms": 0.0}, "no-signal", LIVE_REASONS.no_sound),
        ({"rms": 9e-6}, None, None),
        ({"rms": 9e-6, "dead": 0.1}, "no-signal", LIVE_REASONS.faint),
        ({"dead": 0.4, "dead_tail_s": 2.0, "longest_sound_s": 0.4}, "no-signal", LIVE_REASONS.no_sound),
        ({"dead": 0.3, "dead_tail_s": 1.5}, "poor-signal", LIVE_REASONS.drops_out),
        ({"dead": 0.3, "longest_sound_s": 0.7}, "poor-signal", LIVE_REASONS.drops_out),
        ({"dead": 0.2, "longest_sound_s": 0.5}, "poor-signal", LIVE_REASONS.drops_out),
        ({"dead": 0.25, "longest_sound_s": 0.65}, None, None),
        ({"dead": 0.9, "longest_sound_s": 0.5, "longest_silence_s": 2.0}, "poor-signal", LIVE_REASONS.drops_out),
        ({"dead": 0.05}, "poor-signal", LIVE_REASONS.drops_out),
        ({"dead": 0.04}, None, LIVE_REASONS.drops_out),
        ({"clipped": 0.3}, "poor-signal", "clipping 30%: turn the input down"),
        ({"clipped": 0.05}, None, "clipping 5%: turn the input down"),
        ({"clipped": 0.005}, None, None),
    ],
)
def test_faults_of_the_raw_sound(changes: dict[str, float], state: str | None, reason: str | None) -> None:
    """Silence, drop-outs and clipping: a little gives a reason, much withholds the window."""
    result = with_statistics(**changes)
    assert (result.state, result.reason) == (state, reason)


def test_a_dead_input_is_reported_within_two_seconds() -> None:
    """A good window whose last 2 s are zeros has no signal."""
    sound = heart()
    sound[-8000:] = 0.0
    assert quality_of(sound).state == "no-signal"
    sound = heart()
    sound[-6000:] = 0.0
    assert quality_of(sound) == Quality(0.0, "sound drops out: check the cable", "poor-signal")


def test_heavy_clipping_is_withheld() -> None:
    """A heart far beyond full scale cannot be judged; the reason says what to turn down."""
    result = quality_of(np.clip(heart(noise=0.02) * 300, -1, 1))
    assert (result.state, result.reason) == ("poor-signal", "clipping 90%: turn the input down")


@pytest.mark.parametrize(("clip_s", "text"), [(0.3, "0.3"), (0.4999, "0.5"), (0.05, "0.05")])
def test_a_very_short_clip_is_not_judged(clip_s: float, text: str) -> None:
    """Less than half a second holds no beat, however good it sounds."""
    result = quality_of(heart(), clip_s=clip_s)
    assert (result.state, result.reason) == ("poor-signal", f"clip of {text} s is too short to judge")


GOOD = SignalStatistics(rms=0.1, peak=0.5, clipped=0.0, dead=0.0, dead_tail_s=0.0)


def judged(origin: Origin = RECORDING, features: GateFeatures = DEFAULT_GATE.typical, **changes: float) -> Quality:
    """Return the quality of a typical heart whose raw sound has these statistics."""
    return judge_quality(features, GOOD._replace(**changes), origin=origin)


def test_clipping_is_told_from_a_hundredth_and_withheld_from_a_quarter() -> None:
    """At the limits themselves; the notice keeps the gate's score, a withheld window has none."""
    typical = DEFAULT_GATE.score(DEFAULT_GATE.typical)
    assert judged(clipped=0.0099) == Quality(typical)
    assert judged(clipped=0.01) == Quality(typical, "clipping 1%: it was recorded too loud")
    assert judged(clipped=0.25) == Quality(0.0, "clipping 25%: it was recorded too loud", "poor-signal")


def test_faint_sound_that_drops_out_is_no_sound() -> None:
    """Below a third of a 16-bit step the drop-outs are those of a muted input; from there on they are drop-outs."""
    assert judged(rms=0.99e-5, dead=0.05) == Quality(0.0, RECORDING_REASONS.faint, "no-signal")
    assert judged(rms=1e-5, dead=0.05) == Quality(0.0, RECORDING_REASONS.drops_out, "poor-signal")


def test_a_doubtful_window_is_judged_with_a_reason() -> None:
    """Between the gate's threshold and one half the label stands beside what lowers the score."""
    doubtful = DEFAULT_GATE.typical._replace(periodicity=0.16)
    score = DEFAULT_GATE.score(doubtful)
    assert DEFAULT_GATE.poor_below < score < 0.5
    assert judged(features=doubtful) == Quality(score, RECORDING_REASONS.no_heartbeat)


def test_a_sound_whose_noise_was_removed_says_so() -> None:
    """Where the network hears no heart and the sound is silent between its beats, that is the reason."""
    gate = dataclasses.replace(DEFAULT_GATE, odds_weight=2.0)
    silent_between = GOOD._replace(dead=0.5, longest_sound_s=0.5, longest_silence_s=0.6)
    for statistics, reason in (
        (silent_between, RECORDING_REASONS.noise_removed),
        (GOOD, RECORDING_REASONS.unlike_a_heart),
    ):
        result = judge_quality(gate.typical, statistics, gate=gate, odds=-10.0)
        assert (result.state, result.reason) == ("poor-signal", reason)


def test_a_clip_in_which_no_two_beats_are_heard() -> None:
    """Shorter than 2 s it gets no label, and says why; a longer one is the gate's to judge."""
    statistics = SignalStatistics(rms=0.1, peak=0.5, clipped=0.0, dead=0.0, dead_tail_s=0.0)
    short, heard, longer = (
        judge_quality(DEFAULT_GATE.typical, statistics, clip_s=clip_s, rate_confidence=confidence)
        for clip_s, confidence in ((1.2, 0.9), (1.2, 0.95), (2.4, 0.5))
    )
    assert (short.state, short.reason) == ("poor-signal", "clip of 1.2 s: no two beats are heard in it")
    assert heard.state is None
    assert longer.state is None


@pytest.mark.parametrize("clip_s", [0.5, 2.0, None])
def test_a_short_clip_is_judged(clip_s: float | None) -> None:
    """From half a second on a looped clip is judged like a whole window."""
    assert quality_of(heart(), clip_s=clip_s) == quality_of(heart())


def test_the_quality_of_a_gap() -> None:
    """Windows with lost samples are withheld with a reason."""
    assert (GAP_QUALITY.state, GAP_QUALITY.score) == ("poor-signal", 0.0)
    assert GAP_QUALITY.reason == "samples were lost: the computer, the program or the cable was held up"


def test_the_odds_of_the_network_count() -> None:
    """Low odds withhold a good window, with the next step; high odds let a doubtful one pass."""
    stream = StreamingSpectrogram(HEART)
    stream.push(heart())
    gate = dataclasses.replace(DEFAULT_GATE, odds_weight=2.0, typical_odds=5.0, poor_below=0.5)
    fine = judge_quality(gate_features(stream.window(0), 0.9), FINE, gate=gate, odds=5.0)
    assert fine == judge_quality(gate_features(stream.window(0), 0.9), FINE, gate=gate)
    assert (fine.state, fine.reason) == (None, None)
    refused = judge_quality(gate_features(stream.window(0), 0.9), FINE, gate=gate, odds=-5.0, origin=LIVE)
    assert refused.state == "poor-signal"
    assert refused.reason == "not like a heart: move the chest piece, keep quiet"
    doubtful = [judge_quality(gate_features(stream.window(0), 0.2), FINE, gate=gate, odds=odds) for odds in (3.0, 6.0)]
    assert [one.state for one in doubtful] == ["poor-signal", None]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 30.0), st.floats(0.0, 1.0))
def test_features_and_score_stay_in_range(seed: int, spread: float, periodicity: float) -> None:
    """For any frames every feature is clipped, so that none decides alone."""
    rng = np.random.default_rng(seed)
    stream = StreamingSpectrogram(HEART)
    loudness = np.repeat(np.exp(spread * rng.standard_normal(100)), 200)
    stream.push((rng.standard_normal(HEART.window_samples) * loudness / loudness.max()).astype(np.float32))
    frames = stream.window(0)
    features = gate_features(frames, periodicity)
    assert -4.0 <= features.tilt <= 6.0
    assert features.periodicity == periodicity
    assert 0.0 <= features.swing <= 1.3
    assert 0.0 <= features.bumps <= 0.3 + 1e-6
    assert 0.0 <= judge_quality(features, FINE).score <= 1.0


def test_bumps_need_strong_high_frequencies() -> None:
    """A clean heart whose first sounds reach above 600 Hz is not taken for handling noise."""
    stream = StreamingSpectrogram(HEART)
    stream.push(heart(noise=0.0001))
    assert gate_features(stream.window(0), 0.9).bumps == 0.0


def test_the_signs_of_the_weights() -> None:
    """Tilt, periodicity and swing raise the score, bumps lower it."""
    weights = DEFAULT_GATE.weights
    assert min(weights.tilt, weights.periodicity, weights.swing) > 0.0 > weights.bumps


def qualities_of(paths: list[Path]) -> list[Quality]:
    """Return the quality of every window, 1 s apart, of some recordings; short ones are looped."""
    soundfile = pytest.importorskip("soundfile")
    results = []
    for path in paths:
        sound, rate = soundfile.read(path, dtype="float32")
        window = round(HEART.window_s * rate)
        sound = sound if len(sound) >= window else np.resize(sound, window)
        results += [quality_of(sound[at : at + window], rate) for at in range(0, len(sound) - window + 1, rate)]
    return results


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize(
    ("folder", "pattern", "step"),
    [("pascal/set_b", "normal__*", 3), ("pascal/set_b", "*noisy*", 2), ("circor/training_data", "*.flac", 13)],
)
def test_real_hearts_pass(folder: str, pattern: str, step: int) -> None:
    """Of the windows of clean and noisy hearts of adults and children at most 1 % are withheld."""
    paths = sorted((DATA / folder).glob(pattern))[::step]
    results = qualities_of(paths)
    assert len(results) > 60
    assert sum(one.state is not None for one in results) / len(results) <= 0.01


@pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not here")
def test_real_artifacts_are_withheld() -> None:
    """Of the windows of recordings without a heart at least three quarters are withheld."""
    results = qualities_of(sorted((DATA / "pascal" / "set_a").glob("artifact__*"))[::2])
    assert len(results) > 60
    assert sum(one.state is not None for one in results) / len(results) >= 0.75

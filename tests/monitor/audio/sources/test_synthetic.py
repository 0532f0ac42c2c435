"""The demo plays its scenes in order, without clicks, the same for any block size."""

import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.signal_statistics import StreamingStatistics
from monitor.audio.sources.synthetic import CROSSFADE_S, DEMO_SEED, PARTS, SyntheticSource
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.messages import State

RATE = 4000
SEEDS = pytest.mark.parametrize("seed", [DEMO_SEED, 0, 1, 7])


def scene_waveform(source, name):
    """Return the waveform of a scene."""
    scene = next(scene for scene in source.scenes if scene.name == name)
    return source.waveform[round(scene.start_s * RATE) : round(scene.end_s * RATE)]


def rms(waveform):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(waveform))))


def onsets_s(waveform):
    """Return the times of loud onsets: a rise of the 20 ms level, at least 0.15 s apart."""
    level = np.sqrt(np.convolve(waveform**2, np.ones(80) / 80, "same"))
    loud = np.flatnonzero(level > 0.3 * np.percentile(level, 99))
    return loud[np.concatenate(([True], np.diff(loud) > 0.15 * RATE))] / RATE


def test_attributes():
    """116 s at 4000 Hz, in real time by default."""
    demo = SyntheticSource()
    said = (demo.name, demo.sample_rate, demo.duration_s, demo.speed, demo.seed)
    assert said == ("demo", RATE, 116.0, 1.0, DEMO_SEED)
    assert SyntheticSource(speed=None).lossless


@given(st.integers(1, 500_000))
@settings(max_examples=25, deadline=None)
def test_blocks_concatenate_to_the_waveform(block_samples):
    """The samples are the same for any block size, from one to more than all."""
    block_samples = max(block_samples, 37)
    demo = SyntheticSource()
    assert np.array_equal(np.concatenate(list(demo.blocks(block_samples))), demo.waveform)


def test_the_waveform_is_synthesized_once():
    """Sources of the same seed share one array, which is read-only."""
    demo = SyntheticSource()
    assert demo.waveform is demo.waveform
    assert SyntheticSource().waveform is demo.waveform
    with pytest.raises(ValueError, match="read-only"):
        demo.waveform[0] = 1.0


def test_nothing_is_synthesized_before_it_is_needed(monkeypatch):
    """Creating a source synthesizes nothing."""
    monkeypatch.setattr("monitor.audio.sources.synthetic.phonocardiogram", None)
    source = SyntheticSource(seed=987_654)
    assert source.duration_s == 116.0
    with pytest.raises(TypeError):
        next(source.blocks(10))


@SEEDS
def test_the_waveform_is_sound(seed):
    """464000 finite float32 samples within -1 to 1, never clipped flat."""
    waveform = SyntheticSource(seed).waveform
    assert waveform.shape == (464_000,)
    assert waveform.dtype == np.float32
    assert np.isfinite(waveform).all()
    assert 0.3 < np.abs(waveform).max() <= 1
    assert np.count_nonzero(np.abs(waveform) == 1.0) < 10


def test_another_seed_is_another_realization():
    """Seeds change the sound, not the order of the scenes."""
    first, other = SyntheticSource(1), SyntheticSource(2)
    assert not np.array_equal(first.waveform, other.waveform)
    assert [scene.name for scene in first.scenes] == [scene.name for scene in other.scenes]


@SEEDS
def test_scenes_follow_each_other_from_start_to_end(seed):
    """They cover the demo without a gap, each about as long as specified, with its label and state."""
    scenes = SyntheticSource(seed).scenes
    assert scenes[0].start_s == 0
    assert scenes[-1].end_s == 116.0
    for before, after in itertools.pairwise(scenes):
        assert before.end_s == after.start_s
    assert [scene.label for scene in scenes] == ["normal", "murmur", "extrastole", None, "murmur", None, "normal"]
    for scene, part in zip(scenes, PARTS, strict=True):
        assert scene.end_s - scene.start_s == pytest.approx(part.duration_s, abs=4.0)
        assert (scene.name, scene.state) == (part.name, part.state)


def test_every_state_ends_a_scene():
    """All states but the initial one occur, and every label of the shipped bundle."""
    scenes = SyntheticSource().scenes
    assert {"listening", *(scene.state for scene in scenes)} == set(get_args(State))
    verdicts = [scene.label for scene in scenes if scene.state == "verdict"]
    assert set(verdicts) == set(load_bundle(DEFAULT_BUNDLE).labels)
    assert (verdicts[0], scenes[0].state) == (verdicts[-1], scenes[-1].state) == ("normal", "verdict")


def test_a_scene_has_a_label_where_a_heart_is_audible():
    """A verdict or an uncertain state has a label; lost contact and a muted input have none."""
    for scene in SyntheticSource().scenes:
        assert (scene.label is None) == (scene.state in ("no-signal", "poor-signal"))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_scene_is_long_enough_to_settle(part):
    """A label takes a window, the pooled seconds and a change of the verdict; other states a window and more."""
    bundle = load_bundle(DEFAULT_BUNDLE)
    least_s = bundle.spec.window_s + bundle.decision.withhold_after_s + bundle.decision.switch_s
    if part.label is not None and part is not PARTS[-1]:  # the last one has nothing to forget
        least_s += bundle.decision.rolling_s
    assert part.duration_s >= least_s


@SEEDS
def test_most_of_the_demo_is_a_heart_with_a_verdict(seed):
    """Most of the time goes to what the product is for."""
    named_s = sum(scene.end_s - scene.start_s for scene in SyntheticSource(seed).scenes if scene.state == "verdict")
    assert named_s > 0.55 * SyntheticSource(seed).duration_s


@SEEDS
def test_there_is_no_click_at_a_change_of_scene(seed):
    """Around each transition no step exceeds a twentieth of the demo's peak, or the steps of the noise itself."""
    demo = SyntheticSource(seed)
    limit = 0.05 * np.abs(demo.waveform).max()
    for before, scene in itertools.pairwise(demo.scenes):
        at = round(scene.start_s * RATE)
        end = at + round(CROSSFADE_S * RATE) + 40
        around = demo.waveform[at - 40 : end]
        usual = max(
            np.abs(np.diff(near)).max() for near in (demo.waveform[at - RATE : at - 40], demo.waveform[end:][:RATE])
        )
        noisy = "uncertain" in (before.state, scene.state)
        assert np.abs(np.diff(around)).max() < (max(limit, usual) if noisy else limit)


@SEEDS
@pytest.mark.parametrize("number", [1, 2], ids=["murmur", "extrasystoles"])
def test_a_transition_between_hearts_is_no_ectopic_beat(seed, number):
    """Across the transition the beats keep their distance."""
    demo = SyntheticSource(seed)
    at = demo.scenes[number].start_s
    around = demo.waveform[round((at - 3) * RATE) : round((at + 0.3) * RATE)]
    gaps = np.diff(onsets_s(around))
    whole = gaps[:-1] + gaps[1:]  # from each sound to the same sound of the next beat
    assert whole.min() > 0.85 * np.median(whole)


@SEEDS
def test_the_murmur_scene_has_a_murmur(seed):
    """The murmur raises the power from 150 to 500 Hz by at least a tenth of the whole."""
    demo = SyntheticSource(seed)
    shares = []
    for name in ("normal", "systolic murmur"):
        power = np.abs(np.fft.rfft(scene_waveform(demo, name)[:60_000])) ** 2
        hz = np.fft.rfftfreq(60_000, 1 / RATE)
        shares.append(power[(hz > 150) & (hz < 500)].sum() / power.sum())
    assert shares[1] > shares[0] + 0.1


@SEEDS
def test_only_the_extrasystole_scene_has_pauses(seed):
    """Compensatory pauses occur there, several times, and nowhere before."""
    demo = SyntheticSource(seed)
    pauses = {}
    for name in ("normal", "extrasystoles"):
        gaps = np.diff(onsets_s(scene_waveform(demo, name)))
        pauses[name] = np.count_nonzero(gaps > 0.65)  # a usual diastole lasts 0.48 s
    assert pauses["normal"] == 0
    assert 4 <= pauses["extrasystoles"] <= 6  # behind every fourth or fifth of 22 beats


@SEEDS
def test_contact_is_lost_and_regained(seed):
    """The middle of the lost-contact scene is far quieter than the sound before, and the end as loud again."""
    demo = SyntheticSource(seed)
    lost = scene_waveform(demo, "lost contact")
    quiet, heart = rms(lost[round(2.2 * RATE) : round(3.8 * RATE)]), rms(scene_waveform(demo, "normal"))
    assert quiet < 0.1 * heart
    assert rms(scene_waveform(demo, "normal again")) == pytest.approx(heart, rel=0.5)
    assert rms(lost[round(0.6 * RATE) : round(1.6 * RATE)]) > 0.5 * heart


@SEEDS
def test_a_muted_input_gives_nothing_but_zeros(seed):
    """From the end of the fade to the next scene every sample is exactly zero, and nowhere else for as long."""
    demo = SyntheticSource(seed)
    muted = scene_waveform(demo, "input muted")[round(CROSSFADE_S * RATE) :]
    assert len(muted) >= 8 * RATE
    assert not muted.any()
    for scene in demo.scenes:
        if scene.name == "input muted":
            continue
        statistics = StreamingStatistics(RATE, 5.0)
        statistics.push(scene_waveform(demo, scene.name)[round(CROSSFADE_S * RATE) :][: 5 * RATE])
        assert statistics.window(0, 5 * RATE).dead == 0.0


@SEEDS
def test_the_faint_murmur_hardly_stands_out(seed):
    """Between the heart sounds noise is far louder than in the other scenes; the heart is still the loudest."""
    demo = SyntheticSource(seed)
    quiet = {}
    for name in ("normal", "faint murmur in noise"):
        level = np.sqrt(np.convolve(scene_waveform(demo, name)[RATE:] ** 2, np.ones(80) / 80, "same"))
        quiet[name] = np.percentile(level, 30) / np.percentile(level, 99)
    assert 3 * quiet["normal"] < quiet["faint murmur in noise"] < 0.5


def test_it_plays_into_a_ring():
    """As fast as possible, it writes every sample and closes the ring."""
    ring = RingBuffer(40_000)
    cursor = ring.cursor()
    played = []
    with SyntheticSource(speed=None) as demo:
        demo.start(ring)
        while (read := cursor.read(10_000, timeout_s=10.0)) is not None:
            assert len(read.waveform), "the source must not stall"
            played.append(read.waveform)
    assert demo.error is None
    assert np.array_equal(np.concatenate(played), demo.waveform)


def test_a_negative_seed_is_refused():
    """Seeds are 0 or more."""
    with pytest.raises(ValueError, match=r"^seed=-1 must be"):
        SyntheticSource(seed=-1)


@pytest.mark.parametrize("place", [0, 5, 123_456, 464_000])
def test_the_demo_can_seek(place):
    """From any sample, the rest of the demo follows."""
    source = SyntheticSource()
    assert source.can_seek
    rest = np.concatenate([np.zeros(0, np.float32), *source.blocks_from(place, 4096)])
    np.testing.assert_array_equal(rest, source.waveform[place:])

"""The demo plays its scenes in order, without clicks, the same for any block size."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.ring import RingBuffer
from monitor.sources.synthetic import CROSSFADE_S, DEMO_SEED, PARTS, SyntheticSource

RATE = 4000
SEEDS = pytest.mark.parametrize("seed", [DEMO_SEED, 0, 1, 7])


def cut(source, name):
    """Return the waveform of a scene."""
    scene = next(scene for scene in source.scenes if scene.name == name)
    return source.waveform[round(scene.start_s * RATE) : round(scene.end_s * RATE)]


def rms(waveform):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(waveform))))


def onsets_s(waveform):
    """Return the times at which loud sounds begin: a rise of the 20 ms level, 0.15 s apart at least."""
    level = np.sqrt(np.convolve(waveform**2, np.ones(80) / 80, "same"))
    loud = np.flatnonzero(level > 0.3 * np.percentile(level, 99))
    return loud[np.concatenate(([True], np.diff(loud) > 0.15 * RATE))] / RATE


def test_a_demo_says_what_it_is():
    """75 s at 4000 Hz, at the speed of hearing unless asked otherwise."""
    demo = SyntheticSource()
    assert (demo.name, demo.sample_rate, demo.duration_s, demo.speed, demo.seed) == ("demo", RATE, 75.0, 1.0, DEMO_SEED)
    assert SyntheticSource(speed=None).lossless


@given(st.integers(1, 400_000))
@settings(max_examples=25, deadline=None)
def test_blocks_join_to_the_waveform_however_it_is_cut(block_samples):
    """The same samples for any block size, from one to more than all."""
    block_samples = max(block_samples, 37)
    demo = SyntheticSource()
    assert np.array_equal(np.concatenate(list(demo.blocks(block_samples))), demo.waveform)


def test_the_waveform_is_made_once():
    """A second look, and a second source of the same seed, share what was made, and none may write to it."""
    demo = SyntheticSource()
    assert demo.waveform is demo.waveform
    assert SyntheticSource().waveform is demo.waveform
    with pytest.raises(ValueError, match="read-only"):
        demo.waveform[0] = 1.0


def test_nothing_is_made_before_it_is_needed(monkeypatch):
    """Making a source makes no sound."""
    monkeypatch.setattr("monitor.sources.synthetic.phonocardiogram", None)
    source = SyntheticSource(seed=987_654)
    assert source.duration_s == 75.0
    with pytest.raises(TypeError):
        next(source.blocks(10))


@SEEDS
def test_the_waveform_is_sound(seed):
    """300000 finite float32 samples within -1 to 1, never clipped flat."""
    waveform = SyntheticSource(seed).waveform
    assert waveform.shape == (300_000,)
    assert waveform.dtype == np.float32
    assert np.isfinite(waveform).all()
    assert 0.3 < np.abs(waveform).max() <= 1
    assert np.count_nonzero(np.abs(waveform) == 1.0) < 10


def test_another_seed_is_another_performance():
    """Seeds change the sound, not the order of scenes."""
    first, other = SyntheticSource(1), SyntheticSource(2)
    assert not np.array_equal(first.waveform, other.waveform)
    assert [scene.name for scene in first.scenes] == [scene.name for scene in other.scenes]


@SEEDS
def test_scenes_follow_each_other_from_start_to_end(seed):
    """They cover the demo without a gap, each about as long as planned, with the labels planned."""
    scenes = SyntheticSource(seed).scenes
    assert scenes[0].start_s == 0
    assert scenes[-1].end_s == 75.0
    for before, after in itertools.pairwise(scenes):
        assert before.end_s == after.start_s
    assert [scene.label for scene in scenes] == ["normal", "murmur", "extrastole", None, "normal"]
    for scene, part in zip(scenes, PARTS, strict=True):
        assert scene.end_s - scene.start_s == pytest.approx(part.duration_s, abs=4.0)


@SEEDS
def test_there_is_no_click_at_a_change_of_scene(seed):
    """Round each change no step is larger than a twentieth of the demo's peak."""
    demo = SyntheticSource(seed)
    limit = 0.05 * np.abs(demo.waveform).max()
    for scene in demo.scenes[1:]:
        at = round(scene.start_s * RATE)
        around = demo.waveform[at - 40 : at + round(CROSSFADE_S * RATE) + 40]
        assert np.abs(np.diff(around)).max() < limit


@SEEDS
def test_the_change_from_scene_to_scene_is_no_early_beat(seed):
    """Across the change to the murmur the beats keep their distance."""
    demo = SyntheticSource(seed)
    at = demo.scenes[1].start_s
    around = demo.waveform[round((at - 3) * RATE) : round((at + 0.3) * RATE)]
    gaps = np.diff(onsets_s(around))
    whole = gaps[:-1] + gaps[1:]  # from each sound to the same sound of the next beat
    assert whole.min() > 0.85 * np.median(whole)


@SEEDS
def test_the_murmur_scene_is_loud_in_between(seed):
    """The murmur raises the share of power from 150 to 500 Hz by a tenth of the whole and more."""
    demo = SyntheticSource(seed)
    shares = []
    for name in ("normal", "systolic murmur"):
        power = np.abs(np.fft.rfft(cut(demo, name)[:60_000])) ** 2
        hz = np.fft.rfftfreq(60_000, 1 / RATE)
        shares.append(power[(hz > 150) & (hz < 500)].sum() / power.sum())
    assert shares[1] > shares[0] + 0.1


@SEEDS
def test_only_the_extrasystole_scene_has_pauses(seed):
    """Compensatory pauses stand out there, several times, and nowhere before."""
    demo = SyntheticSource(seed)
    pauses = {}
    for name in ("normal", "extrasystoles"):
        gaps = np.diff(onsets_s(cut(demo, name)))
        pauses[name] = np.count_nonzero(gaps > 0.65)  # a usual diastole lasts 0.48 s
    assert pauses["normal"] == 0
    assert 5 <= pauses["extrasystoles"] <= 8  # behind every third or fourth of 22 beats


@SEEDS
def test_contact_is_lost_and_regained(seed):
    """In the middle of the lost-contact scene it is far quieter than before, and afterwards as loud again."""
    demo = SyntheticSource(seed)
    lost = cut(demo, "lost contact")
    quiet, heart = rms(lost[round(2.2 * RATE) : round(3.8 * RATE)]), rms(cut(demo, "normal"))
    assert quiet < 0.1 * heart
    assert rms(cut(demo, "contact regained")) == pytest.approx(heart, rel=0.5)
    assert rms(lost[round(0.6 * RATE) : round(1.6 * RATE)]) > 0.5 * heart


def test_it_plays_into_a_ring():
    """At full speed it writes every sample and closes the ring."""
    ring = RingBuffer(40_000)
    cursor = ring.cursor()
    heard = []
    with SyntheticSource(speed=None) as demo:
        demo.start(ring)
        while (read := cursor.read(10_000, timeout_s=10.0)) is not None:
            assert len(read.waveform), "the source must not stall"
            heard.append(read.waveform)
    assert demo.error is None
    assert np.array_equal(np.concatenate(heard), demo.waveform)


def test_a_negative_seed_is_refused():
    """Seeds are 0 or more."""
    with pytest.raises(ValueError, match=r"^seed=-1 must be"):
        SyntheticSource(seed=-1)


@pytest.mark.parametrize("place", [0, 5, 123_456, 300_000])
def test_the_demo_goes_on_from_any_sample(place):
    """Sent elsewhere it plays the rest."""
    source = SyntheticSource()
    assert source.can_seek
    rest = np.concatenate([np.zeros(0, np.float32), *source.blocks_from(place, 4096)])
    np.testing.assert_array_equal(rest, source.waveform[place:])

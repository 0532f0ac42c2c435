"""The synchronous core: the same windows however the sound is cut, and lost samples are never judged."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.quality import GAP_QUALITY, RECORDING_REASONS
from monitor.analysis.rhythm.interval_rate import INTERVAL_RATE_CONFIDENCE
from monitor.analysis.rolling_verdict import RollingVerdict
from monitor.audio.ring_buffer import Read
from monitor.features.resample import resampled
from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from monitor.inference.bundle import load_bundle
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.rhythm import Rhythm


def heart(seconds: float, sample_rate: int = 4000, seed: int = 1) -> np.ndarray:
    """Return a synthetic heart."""
    waveform = phonocardiogram(seconds, HeartParameters(), np.random.default_rng(seed)).waveform
    return resampled(waveform, 4000, sample_rate)


def judge_all(analyzer: Analyzer, waveform: np.ndarray, cuts: list[int] | None = None) -> list:
    """Push a waveform in blocks and return the judged windows."""
    judged = []
    position = 0
    sizes = iter(cuts or [])
    while position < len(waveform):
        size = min(next(sizes, analyzer.max_samples), analyzer.max_samples)
        for index in analyzer.push(waveform[position : position + size]):
            judged.append(analyzer.judge(index))
        position += size
    return judged + [analyzer.judge(index) for index in analyzer.finish()]


def test_windows_stand_on_the_hop_grid(plain_bundle):
    """12 s give 15 windows, half a second apart, each five seconds long."""
    judged = judge_all(Analyzer(plain_bundle, 4000), heart(12))
    assert [(w.event.index, w.event.start_s, w.event.end_s) for w in judged] == [
        (k, k / 2, k / 2 + 5) for k in range(15)
    ]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 8000), min_size=1, max_size=60))
def test_any_cutting_gives_the_same_windows(bundle_maker, cuts):
    """Streaming equals offline: images bit for bit, events exactly."""
    waveform = heart(8)
    whole = judge_all(Analyzer(bundle_maker(), 4000), waveform)
    cut = judge_all(Analyzer(bundle_maker(), 4000), waveform, cuts)
    assert [w.event for w in cut] == [w.event for w in whole]
    assert all(np.array_equal(a.tensor, b.tensor) for a, b in zip(cut, whole, strict=True))


@pytest.mark.parametrize("sample_rate", [1000, 8000, 22_050, 44_100, 192_000])
def test_other_rates_give_the_image_of_the_resampled_sound(plain_bundle, sample_rate):
    """The input image is that of the same window of the resampled sound."""
    waveform = heart(6, sample_rate)
    judged = judge_all(Analyzer(plain_bundle, sample_rate), waveform)
    whole = resampled(waveform, sample_rate, HEART.sample_rate, start_at_zero=True)
    assert len(judged) == 3
    for k, window in enumerate(judged):
        assert np.array_equal(window.tensor, input_image(whole[k * 2000 : k * 2000 + 20_000], HEART))


def test_a_short_clip_is_looped_and_gives_one_window(plain_bundle):
    """A clip of 2.3 s gives the image of the clip repeated to 5 s, marked as short."""
    waveform = heart(2.3)
    judged = judge_all(Analyzer(plain_bundle, 4000), waveform)
    assert len(judged) == 1
    assert judged[0].event.short
    assert (judged[0].event.start_s, judged[0].event.end_s) == (0.0, 5.0)
    assert np.array_equal(judged[0].tensor, input_image(np.resize(waveform, 20_000), HEART))


def test_the_rhythm_of_a_loop_is_not_judged(bundle_maker, plain_engine, monkeypatch):
    """A loop has a score of 0 for an extrasystole, whatever the network says: the seams may be all that it found."""
    monkeypatch.setattr(plain_engine, "outputs", lambda image: np.array([0.0, 0.0, 9.0, -9.0], np.float32))
    bundle = bundle_maker(engine=plain_engine)
    short, whole = (judge_all(Analyzer(bundle, 4000), heart(seconds))[0].event for seconds in (3.0, 5.0))
    assert short.verdict.scores["extrastole"] < 1e-9
    assert whole.verdict.scores["extrastole"] > 0.9


@pytest.mark.parametrize("sample_rate", [1000, 11_025, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("seconds", [0.01, 0.8, 4.999])
def test_a_short_clip_of_any_rate_gives_one_window(plain_bundle, sample_rate, seconds):
    """Rounding of rates never gives no window or two."""
    waveform = heart(seconds + 1, sample_rate)[: max(1, round(seconds * sample_rate))]
    assert [w.event.short for w in judge_all(Analyzer(plain_bundle, sample_rate), waveform)] == [True]


def test_exactly_one_window_is_not_short(plain_bundle):
    """Exactly 5 s fill one window and are not looped."""
    judged = judge_all(Analyzer(plain_bundle, 4000), heart(5)[:20_000])
    assert [(w.event.index, w.event.short) for w in judged] == [(0, False)]


def test_no_sound_gives_no_window(plain_bundle):
    """Without samples there is nothing to judge."""
    analyzer = Analyzer(plain_bundle, 4000)
    assert analyzer.finish() == []


@pytest.mark.parametrize("hop_s", [0.025, 0.1, 1.0, 5.0])
def test_the_hop_can_be_chosen(plain_bundle, hop_s):
    """A sound of 7 s gives as many windows as hops fit into its last 2 s, and one."""
    judged = judge_all(Analyzer(plain_bundle, 4000, hop_s), heart(7))
    assert len(judged) == int(2 / hop_s + 1e-9) + 1
    assert judged[-1].event.start_s == pytest.approx((len(judged) - 1) * hop_s)


@pytest.mark.parametrize("hop_s", [0.0, -1.0, 5.1, 0.33])
def test_a_hop_off_the_grid_is_refused(plain_bundle, hop_s):
    """The message names the value and the rule."""
    with pytest.raises(ValueError, match="hop_s="):
        Analyzer(plain_bundle, 4000, hop_s)


def test_a_loss_withholds_every_window_that_overlaps_it(plain_bundle):
    """Lost samples from 6.0 to 6.1 s: windows that overlap them are withheld, the others are judged."""
    waveform = heart(14)
    analyzer = Analyzer(plain_bundle, 4000)
    judged = []
    for start in range(0, len(waveform), 2000):
        lost = ((24_000, 24_400),) if start == 24_000 else ()
        block = waveform[start : start + 2000].copy()
        if lost:
            block[:400] = 0.0
        judged += [analyzer.judge(index) for index in analyzer.push_read(Read(start, block, lost))]
    for window in judged:
        overlaps = window.event.start_s < 6.1 and window.event.end_s > 6.0
        assert window.event.gap == overlaps
        if overlaps:
            assert window.event.quality == GAP_QUALITY
            assert window.event.verdict.scores is None
            assert window.tensor is None
    assert [w.event.gap for w in judged].count(False) > 4
    assert analyzer.gaps == 1


def test_an_overrun_keeps_positions(plain_bundle):
    """Samples that were overwritten unread are counted in every later position."""
    waveform = heart(30)
    analyzer = Analyzer(plain_bundle, 4000)
    judged = [analyzer.judge(i) for s in range(0, 20_000, 2000) for i in analyzer.push(waveform[s : s + 2000])]
    read = Read(60_000, waveform[60_000:62_000], ((20_000, 60_000),), overrun=True)
    judged += [analyzer.judge(index) for index in analyzer.push_read(read)]
    for start in range(62_000, 100_000, 2000):
        judged += [analyzer.judge(index) for index in analyzer.push(waveform[start : start + 2000])]
    assert analyzer.end_sample == 100_000
    whole = [w for w in judged if not w.event.gap]
    assert [w.event.start_s for w in whole] == [0.0, *np.arange(15.0, 20.5, 0.5)]
    assert np.array_equal(whole[1].tensor, input_image(waveform[60_000:80_000], HEART))


def test_silence_is_no_signal(plain_bundle):
    """Digital silence gets no label and no scores."""
    event = judge_all(Analyzer(plain_bundle, 4000), np.zeros(20_000, np.float32))[0].event
    assert event.verdict.state == "no-signal"
    assert event.verdict.scores is None
    assert event.quality.reason == RECORDING_REASONS.no_sound


def test_what_the_network_classifies_as_non_cardiac_is_withheld(bundle_maker, plain_engine, monkeypatch):
    """With a high non-cardiac logit the label is withheld and the scores are kept."""
    gate = dataclasses.replace(DEFAULT_GATE, odds_weight=2.0)
    bundle = dataclasses.replace(bundle_maker(engine=plain_engine), gate=gate)
    monkeypatch.setattr(plain_engine, "outputs", lambda image: np.array([1.0, 0.0, 0.0, 9.0], np.float32))
    event = judge_all(Analyzer(bundle, 4000), heart(5)[:20_000])[0].event
    assert event.verdict.state == "poor-signal"
    assert event.verdict.label is None
    assert sum(event.verdict.scores.values()) == pytest.approx(1.0)


def test_the_article_bundle_runs_like_any_other(article_bundle):
    """A bundle of the article's image gives the same windows, with heart rate and quality."""
    judged = judge_all(Analyzer(article_bundle, 4000), heart(7))
    assert [w.event.index for w in judged] == [0, 1, 2, 3, 4]
    assert all(w.event.heart_rate_bpm is not None for w in judged)
    assert judged[0].tensor.shape == (64, 64, 3)


@pytest.mark.parametrize("gain", [0.01, 20.0])
def test_loudness_does_not_matter(plain_bundle, gain):
    """Turning the sound up or down changes no score by more than rounding."""
    waveform = heart(6)
    quiet = judge_all(Analyzer(plain_bundle, 4000), (waveform * gain).astype(np.float32))
    for one, other in zip(quiet, judge_all(Analyzer(plain_bundle, 4000), waveform), strict=True):
        assert one.event.verdict.label == other.event.verdict.label
        assert one.event.verdict.scores == pytest.approx(other.event.verdict.scores, abs=1e-4)


@pytest.mark.parametrize(
    ("hop_s", "sample_rate", "most"), [(0.5, 4000, 8000), (0.1, 4000, 1600), (5.0, 44_100, 88_200)]
)
def test_how_much_to_push(plain_bundle, hop_s, sample_rate, most):
    """Up to four hops may be pushed at once, and never more than two seconds, so that no window is lost."""
    analyzer = Analyzer(plain_bundle, sample_rate, hop_s)
    assert analyzer.max_samples == most
    assert analyzer.read_samples <= most


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=12))
def test_a_loss_that_was_read_in_blocks_is_one_gap(default_bundle, sizes):
    """A device that is away for a while is one gap, in however many reads; the next loss is another gap."""
    analyzer = Analyzer(default_bundle, 4000)
    silence = np.zeros(2000, np.float32)
    analyzer.push_read(Read(0, silence))
    position = 2000
    for size in sizes:
        analyzer.push_read(Read(position, silence[:size], ((position, position + size),)))
        position += size
    assert analyzer.gaps == 1
    analyzer.push_read(Read(position, silence))
    analyzer.push_read(Read(position + 2000, silence, ((position + 2100, position + 2101),)))
    assert analyzer.gaps == 2


def test_losses_behind_the_windows_are_forgotten(default_bundle):
    """However many losses a long session has, only those that a window may still overlap are remembered."""
    analyzer = Analyzer(default_bundle, 4000, hop_s=5.0)
    for start in range(0, 480_000, 4000):
        read = Read(start, np.zeros(4000, np.float32), ((start, start + 10),) if start % 8000 == 0 else ())
        assert all(analyzer.judge(index).event.gap for index in analyzer.push_read(read))
    assert analyzer.gaps == 60
    assert len(analyzer._lost) <= 6


def test_ectopic_beats_reach_the_rolling_verdict(plain_bundle):
    """The rolling verdicts are those on scores, quality and ectopic beats together."""
    rhythm = Rhythm("ectopic", 72.0, 0.005, 0.0, 0.0, ectopic_gap_beats=(4, 4), prematurity=(0.66, 0.68))
    waveform = phonocardiogram(25.0, HeartParameters(rhythm=rhythm), np.random.default_rng(4), 4000).waveform
    events = [window.event for window in judge_all(Analyzer(plain_bundle, 4000), waveform)]
    assert events[-1].ectopic.detected
    with_beats, without = RollingVerdict(plain_bundle.decision), RollingVerdict(plain_bundle.decision)
    for event in events:
        pushed = (event.verdict.scores, event.quality, event.end_s)
        assert dataclasses.replace(event.rolling, acoustic_scores=None) == with_beats.push(*pushed, event.ectopic)
        without.push(*pushed)
    assert events[-1].rolling.scores["extrastole"] > without.verdict.scores["extrastole"]


LABEL_NOISE = ((0.9, 0.0, 0.1), (0.0, 0.9, 0.1), (0.0, 0.0, 1.0))


def test_acoustic_scores_decide_nothing_and_have_no_floor(bundle_maker, plain_engine, monkeypatch):
    """Of a clear normal heart the acoustic score is 1, where the score is 0.9; of window and rolling verdict alike."""
    monkeypatch.setattr(plain_engine, "outputs", lambda image: np.array([30.0, 0.0, 0.0, -9.0], np.float32))
    plain = bundle_maker(engine=plain_engine)
    bundle = dataclasses.replace(plain, calibration=Calibration(given=LABEL_NOISE))
    events = [window.event for window in judge_all(Analyzer(bundle, 4000), heart(8))]
    assert len(events) == 7
    for event in events:
        for verdict in (event.verdict, event.rolling):
            assert (verdict.label, verdict.confidence) == ("normal", pytest.approx(0.9))
            assert verdict.acoustic_scores["normal"] == pytest.approx(1.0)
            assert verdict.acoustic_scores["extrastole"] == pytest.approx(0.0, abs=1e-9)


def test_without_a_share_acoustic_scores_are_the_scores(plain_bundle):
    """A bundle without a share that is not heard has one kind of score; a gap has none."""
    analyzer = Analyzer(plain_bundle, 4000)
    events = [window.event for window in judge_all(analyzer, heart(6))]
    assert all(one.acoustic_scores == one.scores for event in events for one in (event.verdict, event.rolling))
    ready = analyzer.push_read(Read(analyzer.end_sample, heart(2), ((analyzer.end_sample, analyzer.end_sample + 9),)))
    assert ready
    assert all(analyzer.judge(index).event.verdict.acoustic_scores is None for index in ready)


def test_early_beats_are_heard_as_the_rolling_verdict_scores_them(bundle_maker):
    """Evidence of the beats changes both kinds of scores alike: a label by the beats has the largest acoustic score."""
    rhythm = Rhythm("ectopic", 72.0, 0.005, 0.0, 0.0, ectopic_gap_beats=(4, 4), prematurity=(0.66, 0.68))
    waveform = phonocardiogram(25.0, HeartParameters(rhythm=rhythm), np.random.default_rng(4), 4000).waveform
    bundle = dataclasses.replace(bundle_maker(), calibration=Calibration(given=LABEL_NOISE))
    last = [window.event for window in judge_all(Analyzer(bundle, 4000), waveform)][-1]
    assert last.ectopic.detected
    assert last.rolling.acoustic_scores == bundle.calibration.acoustic_scores(last.rolling.scores)
    assert last.rolling.acoustic_scores["extrastole"] > last.verdict.acoustic_scores["extrastole"]


def test_a_withheld_window_has_no_heart_rate(bundle_maker, plain_engine, monkeypatch):
    """The same heart has a rate where it is judged, and none where the network classifies it as non-cardiac."""
    gate = dataclasses.replace(DEFAULT_GATE, odds_weight=2.0)
    bundle = dataclasses.replace(bundle_maker(engine=plain_engine), gate=gate)
    rates = {}
    for odds in (-9.0, 9.0):
        monkeypatch.setattr(plain_engine, "outputs", lambda image, odds=odds: np.array([1, 0, 0, odds], np.float32))
        event = judge_all(Analyzer(bundle, 4000), heart(5)[:20_000])[0].event
        rates[event.quality.state] = (event.heart_rate_bpm, event.heart_rate_confidence)
    assert rates["poor-signal"] == (None, None)
    assert rates[None][0] == pytest.approx(HeartParameters().rhythm.heart_rate_bpm, abs=5.0)
    assert rates[None][1] > 0.5


def test_a_clip_without_a_whole_beat_is_withheld(plain_bundle):
    """A clip of 0.4 s is looped, but not judged, however good the loop is."""
    event = judge_all(Analyzer(plain_bundle, 4000), heart(2)[3000:4600])[0].event
    assert event.short
    assert (event.quality.score, event.verdict.state) == (0.0, "poor-signal")


@pytest.mark.parametrize("seconds", [0.6, 0.8, 1.2])
def test_a_clip_of_fewer_than_two_beats_is_withheld(plain_bundle, seconds):
    """It has no heart rate and no label, though its loop repeats exactly."""
    event = judge_all(Analyzer(plain_bundle, 4000), heart(4)[2000 : 2000 + round(4000 * seconds)])[0].event
    assert event.short
    assert (event.verdict.state, event.heart_rate_bpm) == ("poor-signal", None)
    assert "no two beats" in event.quality.reason


@pytest.fixture(scope="module")
def default_bundle():
    """Return the default bundle, loaded once."""
    return load_bundle("heart-sounds")


def test_beats_are_forgotten_when_the_verdict_is_reset(plain_bundle):
    """Ectopic beats before a silence are not reported after it, even within half a minute."""
    rhythm = Rhythm("ectopic", 72.0, 0.005, 0.0, 0.0, ectopic_gap_beats=(4, 4), prematurity=(0.66, 0.68))
    ectopic = phonocardiogram(25.0, HeartParameters(rhythm=rhythm), np.random.default_rng(4), 4000).waveform
    silence = np.zeros(7 * 4000, np.float32)
    after = phonocardiogram(8.0, HeartParameters(), np.random.default_rng(5), 4000).waveform
    judged = judge_all(Analyzer(plain_bundle, 4000), np.concatenate((ectopic, silence, after)))
    events = [window.event for window in judged]
    before = [event for event in events if event.end_s <= 25.0]
    assert before[-1].ectopic.detected
    last = events[-1]
    assert last.quality.state is None
    assert last.end_s - before[-1].ectopic.detected[0].at_s < 30.0
    assert last.ectopic.detected == ()


class TestSite:
    """Another site is heard: the rolling verdict begins again with the first whole window of it."""

    def test_windows_that_span_the_change_count_for_neither(self, plain_bundle):
        """They keep their own verdict; the rolling one is "listening", and then that of the new site alone."""
        before, after = heart(8.0), heart(8.0, seed=2)
        analyzer = Analyzer(plain_bundle, 4000)
        judged = judge_all_but_finish(analyzer, before)
        analyzer.begin_anew(8.0)
        judged += judge_all_but_finish(analyzer, after)
        spanning = [window.event for window in judged if window.event.start_s < 8.0 < window.event.end_s]
        assert len(spanning) == 9
        assert {event.rolling.state for event in spanning} == {"listening"}
        assert all(event.verdict.scores is not None for event in spanning)
        alone = judge_all_but_finish(Analyzer(plain_bundle, 4000), after)
        again = [window.event for window in judged if window.event.start_s >= 8.0]
        for event, other in zip(again, alone, strict=True):
            assert event.rolling.state == other.event.rolling.state
            assert event.rolling.scores == pytest.approx(other.event.rolling.scores, abs=1e-3)

    def test_windows_of_the_old_site_that_come_late_are_its_own(self, plain_bundle):
        """A window that ended before the change is pooled as if there had been none."""
        sound = heart(8.0)
        changed, plain = Analyzer(plain_bundle, 4000), Analyzer(plain_bundle, 4000)
        changed.begin_anew(7.0)
        pairs = zip(judge_all_but_finish(changed, sound), judge_all_but_finish(plain, sound), strict=True)
        same = [one.event.rolling == other.event.rolling for one, other in pairs]
        assert same == [True] * 5 + [False] * 2  # windows end at 5.0, 5.5, ... 8.0

    def test_a_second_change_while_the_first_is_spanned(self, plain_bundle):
        """No window of two sites is ever pooled."""
        analyzer = Analyzer(plain_bundle, 4000)
        analyzer.begin_anew(4.0)
        analyzer.begin_anew(6.0)
        events = [window.event for window in judge_all_but_finish(analyzer, heart(12.0))]
        listening = [event.end_s for event in events if event.rolling.state == "listening"]
        assert listening == [5.0 + k / 2 for k in range(12)]


def judge_all_but_finish(analyzer: Analyzer, waveform: np.ndarray) -> list:
    """Push a waveform and return the windows that are complete."""
    judged = []
    for start in range(0, len(waveform), analyzer.read_samples):
        judged += [analyzer.judge(index) for index in analyzer.push(waveform[start : start + analyzer.read_samples])]
    return judged


@pytest.mark.parametrize("rate", [4000, 44_100])
def test_sounds_beside_each_other_are_as_if_alone(plain_bundle, rate):
    """Two sounds that share engine and scratch space, block by block in turn, give the windows of each alone."""
    sounds = [heart(8, rate, seed=seed) for seed in (1, 2)]
    expected = [judge_all(Analyzer(plain_bundle, rate), sound) for sound in sounds]
    first = Analyzer(plain_bundle, rate)
    analyzers = [first, Analyzer(plain_bundle, rate, beside=first)]
    judged = [[], []]
    for start in range(0, len(sounds[0]), rate // 3):
        for analyzer, sound, windows in zip(analyzers, sounds, judged, strict=True):
            windows += [analyzer.judge(index) for index in analyzer.push(sound[start : start + rate // 3])]
    for analyzer, windows, alone in zip(analyzers, judged, expected, strict=True):
        windows += [analyzer.judge(index) for index in analyzer.finish()]
        assert [window.event for window in windows] == [window.event for window in alone]
        assert all((a.tensor == b.tensor).all() for a, b in zip(windows, alone, strict=True))
    assert analyzers[1].engine is first.engine


def test_sounds_beside_each_other_need_one_bundle(bundle_maker):
    """An analyzer of another bundle has another engine: it is refused."""
    with pytest.raises(ValueError, match="same bundle"):
        Analyzer(bundle_maker(), 4000, beside=Analyzer(bundle_maker(), 4000))


def test_the_rate_is_that_from_s1_to_s1_where_sure():
    """It is the mean of the beats' intervals in the window; the beats' tracker still has the rate of the envelope."""
    bundle, waveform = load_bundle(), heart(20.0)
    with_s1 = judge_all(Analyzer(bundle, 4000), waveform)
    without = judge_all(Analyzer(dataclasses.replace(bundle, segmentation=None), 4000), waveform)
    rates, changed = [], 0
    for judged, envelope in zip(with_s1, without, strict=True):
        event = judged.event
        rates += [(beat.s1_s, 60 / beat.rate_bpm) for beat in event.beats if beat.s1_s and beat.rate_bpm]
        inside = [length for at_s, length in rates if at_s - length >= event.start_s and at_s <= event.end_s]
        if event.heart_rate_bpm != envelope.event.heart_rate_bpm:
            changed += 1
            assert event.heart_rate_bpm == pytest.approx(60 * len(inside) / sum(inside))
            assert event.heart_rate_confidence == INTERVAL_RATE_CONFIDENCE
            assert event.heart_rate_reason is None
        assert event.ectopic == envelope.event.ectopic
        assert event.verdict == envelope.event.verdict
    assert changed > len(with_s1) / 2

"""Beats of synthetic hearts are tracked across windows, the same at any hop; noise and gaps give no beats."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.analysis.rhythm.ectopic import MIN_LOG_ODDS
from monitor.analysis.rhythm.tracker import HORIZON_S, REGULAR_EVIDENCE, BeatTracker
from monitor.features.heart_rate import heart_rate
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.messages import NO_RHYTHM, EctopicBeats
from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, HeartSound
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.rhythm import Rhythm

Envelope = NDArray[np.float32]
SIZE, HOP_S = HEART.num_frames, HEART.frame_hop_s
QUIET = HeartParameters(
    rhythm=Rhythm(), s1=HeartSound(45.0, 0.12), s2=HeartSound(60.0, 0.09, level_db=-4.0), ectopic_s1=0.9, ectopic_s2=0.6
)


@functools.lru_cache(maxsize=64)
def heart(
    kind: str = "regular",
    bpm: float = 72.0,
    seed: int = 0,
    duration_s: float = 40.0,
    noise_db: float = -36.0,
    respiratory: float = 0.03,
    gap: int = 14,
) -> tuple[Envelope, NDArray[np.float64], NDArray[np.bool_]]:
    """Return a synthetic heart: the envelope, the onsets of S1 in seconds, and which beats are ectopic."""
    rhythm = Rhythm(
        kind=kind,  # type: ignore[arg-type]
        heart_rate_bpm=bpm, respiratory=respiratory, ectopic_gap_beats=(gap, gap), prematurity=(0.62, 0.72),
    )  # fmt: skip
    parameters = dataclasses.replace(QUIET, rhythm=rhythm, background=BackgroundNoise(noise_db=noise_db))
    sound = phonocardiogram(duration_s, parameters, np.random.default_rng(seed))
    return envelope_of(sound.waveform), sound.beats.s1_samples / sound.sample_rate, sound.beats.ectopic


def envelope_of(waveform: NDArray[np.float32]) -> Envelope:
    """Return the log-energy envelope of a whole sound."""
    stream = StreamingSpectrogram(HEART)
    parts = []
    for begin in range(0, len(waveform), HEART.window_samples):
        first = stream.end_frame
        stream.push(waveform[begin : begin + HEART.window_samples])
        parts.append(stream.latest(stream.end_frame - first).envelope.copy())
    return np.concatenate(parts)


def push(
    beats: BeatTracker, envelope: Envelope, *, hop: int = 20, first: int = 0, shift: int = 0
) -> list[EctopicBeats]:
    """Push every window from frame ``first`` on, ``shift`` frames later than it is; return all results."""
    results = []
    for start in range(first, len(envelope) - SIZE + 1, hop):
        window = envelope[start : start + SIZE]
        results.append(beats.push(window, (start + shift) * HOP_S, heart_rate(window, HOP_S).bpm))
    return results


def all_beats(results: list[EctopicBeats]) -> list[float]:
    """Return every beat that was ever reported, in seconds."""
    return sorted({at_s for result in results for at_s in result.beat_times_s})


def detected(results: list[EctopicBeats]) -> list[float]:
    """Return every ectopic beat that was ever detected, in seconds."""
    return sorted({beat.at_s for result in results for beat in result.detected})


@pytest.mark.parametrize("bpm", [52.0, 64.0, 78.0, 92.0, 104.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_beats_are_found_where_they_are(bpm: float, seed: int) -> None:
    """At least 97 % of the first heart sounds are found within 50 ms, and at least 97 % of the beats are such."""
    envelope, onsets, _ = heart(bpm=bpm, seed=seed)
    found = np.array(all_beats(push(BeatTracker(), envelope)))
    inside = onsets[(onsets > found[0] - 0.3) & (onsets < found[-1] + 0.3)]
    assert found[0] < 2.0
    assert found[-1] > 40.0 - 6.0
    assert np.mean(np.abs(found[:, None] - inside).min(axis=0) <= 0.05) >= 0.97
    assert np.mean(np.abs(found[:, None] - inside).min(axis=1) <= 0.05) >= 0.97


@pytest.mark.parametrize("bpm", [72.0, 90.0])
def test_a_beat_is_reported_when_it_is_final(bpm: float) -> None:
    """No beat is reported before two and a half intervals and the part of the template behind the onset have passed."""
    envelope, _, _ = heart(bpm=bpm, seed=1)
    results = push(BeatTracker(), envelope)
    ends_s = [(start + SIZE) * HOP_S for start in range(0, len(envelope) - SIZE + 1, 20)]
    ages_s = [
        end_s - result.beat_times_s[-1] for end_s, result in zip(ends_s, results, strict=True) if result.beat_times_s
    ]
    assert len(ages_s) > 50
    assert min(ages_s) * bpm / 60.0 > 2.9


def test_a_slow_heart_that_begins_late_loses_no_beat() -> None:
    """Silence counts from the window that was learnt from, not from the start of the session."""
    envelope, _, _ = heart(bpm=45.0, seed=2)
    early, late = (all_beats(push(BeatTracker(), envelope, shift=shift)) for shift in (0, 4000))
    assert late == pytest.approx([at_s + 4000 * HOP_S for at_s in early])


def test_rare_ectopic_beats_are_detected_across_windows() -> None:
    """Of ectopic beats further apart than a window, three in five are detected within 50 ms, and no other beat."""
    hits = total = 0
    for seed in range(6):
        for bpm in (64.0, 74.0):
            envelope, onsets, ectopic = heart("ectopic", bpm=bpm, seed=seed)
            results = push(BeatTracker(), envelope)
            found, true_s = detected(results), onsets[ectopic]
            assert all(np.abs(true_s - at_s).min() < 0.05 for at_s in found)
            assert max(result.evidence for result in results) > MIN_LOG_ODDS
            reachable = true_s[(true_s > 7.0) & (true_s < 34.0)]
            hits += sum(min(abs(at_s - other_s) for other_s in found) < 0.05 for at_s in reachable)
            total += len(reachable)
    assert total >= 20
    assert hits >= 0.6 * total


def test_the_parts_of_an_ectopic_beat() -> None:
    """Coupling and pause relative to the normal interval, and log-odds above the threshold."""
    envelope, onsets, ectopic = heart("ectopic", bpm=64.0, seed=0)
    (beat,) = [beat for beat in push(BeatTracker(), envelope)[-1].detected if beat.at_s < 25.0]
    index = int(np.abs(onsets - beat.at_s).argmin())
    intervals = np.diff(onsets)
    usual = np.median(intervals)
    assert ectopic[index]
    assert beat.coupling_ratio == pytest.approx(intervals[index - 1] / usual, abs=0.05)
    assert beat.pause_ratio == pytest.approx(intervals[index] / usual, abs=0.06)
    assert beat.log_odds > MIN_LOG_ODDS


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("first", [0, 40, 80, 120, 160])
def test_an_ectopic_beat_at_the_edge_of_a_window(first: int, seed: int) -> None:
    """Windows that hardly overlap give the result of windows every half second, wherever their edges are."""
    envelope, _, _ = heart("ectopic", bpm=64.0, seed=seed)
    stop = first + SIZE + 7 * 160
    usual, apart = BeatTracker(), BeatTracker()
    for start in range(first, stop - SIZE + 1, 20):
        usual.push(envelope[start : start + SIZE], start * HOP_S, 64.0)
    for start in range(first, stop - SIZE + 1, 160):
        apart.push(envelope[start : start + SIZE], start * HOP_S, 64.0)
    assert apart.result == usual.result
    assert apart.result.num_intervals > 20


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["regular", "ectopic", "sinus-arrhythmia"]), st.sampled_from([-40, -20]))
def test_the_hop_does_not_matter(seed: int, kind: str, noise_db: int) -> None:
    """At a hop of 0.25, 0.5 and 1 s the beats and the ectopic beats are the same bit for bit."""
    envelope, _, _ = heart(kind, seed=seed, duration_s=25.0, noise_db=float(noise_db))
    fine, usual, coarse = (push(BeatTracker(), envelope, hop=hop) for hop in (10, 20, 40))
    assert all_beats(fine) == all_beats(usual) == all_beats(coarse)
    assert fine[::4] == usual[::2] == coarse


def test_a_hop_that_divides_no_second_finds_the_same_beats() -> None:
    """At a hop of 0.3 s each frame is processed once too, and the beats are the same to within a frame."""
    envelope, _, _ = heart()
    usual, odd = (all_beats(push(BeatTracker(), envelope, hop=hop)) for hop in (20, 12))
    assert odd[: len(usual)] == pytest.approx(usual[: len(odd)], abs=HOP_S)
    assert min(np.diff(odd)) > 0.5


def test_positions_do_not_drift_late_in_a_long_session() -> None:
    """After a day the beats are where they would be at the start, later by that day."""
    envelope, _, _ = heart()
    day = 86_400 * 40
    early, late = push(BeatTracker(), envelope), push(BeatTracker(), envelope, shift=day)
    assert all_beats(late) == pytest.approx([at_s + 86_400 for at_s in all_beats(early)], abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["regular", "sinus-arrhythmia"])
def test_hearts_without_ectopic_beats(kind: str, seed: int) -> None:
    """None is detected among regular beats, nor among intervals that breathing changes by an eighth."""
    envelope, _, _ = heart(kind, bpm=88.0, seed=seed, respiratory=0.12 if kind == "sinus-arrhythmia" else 0.03)
    results = push(BeatTracker(), envelope)
    assert detected(results) == []
    assert results[-1].num_intervals > 20


def test_regular_beats_are_evidence_against() -> None:
    """Half a minute of regular beats is stronger evidence against an ectopic beat than ten seconds."""
    results = push(BeatTracker(), heart()[0])
    assert results[-1].trackable
    assert results[-1].evidence < results[20].evidence <= 0.0


def test_a_missed_beat_is_no_pause() -> None:
    """A beat that is silent leaves one long interval, and no ectopic beat."""
    envelope, onsets, _ = heart(bpm=70.0)
    faded = envelope.copy()
    floor = np.quantile(envelope, 0.1)
    for beat in (9, 18, 27, 36):
        silent = slice(int((onsets[beat] - 0.08) / HOP_S), int((onsets[beat + 1] - 0.15) / HOP_S))
        faded[silent] = np.minimum(faded[silent], floor)
    results = push(BeatTracker(), faded)
    assert detected(results) == []
    gaps = np.diff(all_beats(results))
    assert np.sum(gaps > 1.4 * np.median(gaps)) >= 3


@pytest.mark.parametrize("sound", ["silence", "white", "brown", "hum"])
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_non_cardiac_sounds(sound: str, seed: int) -> None:
    """Silence, noise and hum have no ectopic beats; a trackable rhythm is rare and does not last."""
    rng = np.random.default_rng(seed)
    white = 0.1 * rng.standard_normal(30 * 4000)
    sounds = {
        "silence": np.zeros(30 * 4000),
        "white": white,
        "brown": np.cumsum(white) / 100.0,
        "hum": 0.3 * np.sin(2 * np.pi * 50.0 * np.arange(30 * 4000) / 4000),
    }
    results = push(BeatTracker(), envelope_of(sounds[sound].astype(np.float32)))
    assert detected(results) == []
    assert results[-1].evidence == 0.0
    assert sum(result.trackable for result in results) < 0.2 * len(results)


def test_beats_without_a_heart_rate_are_not_trackable() -> None:
    """Without a heart rate in any window nothing is detected, however regular the beats."""
    envelope, _, _ = heart()
    beats = BeatTracker()
    for start in range(0, len(envelope) - SIZE + 1, 20):
        beats.push(envelope[start : start + SIZE], start * HOP_S, None)
    assert beats.result.num_intervals > 20
    assert not beats.result.trackable
    assert beats.result.evidence == 0.0


def test_random_intervals_are_no_evidence() -> None:
    """Sounds at random times may be beats, but give neither ectopic beats nor evidence for one."""
    rng = np.random.default_rng(3)
    envelope = np.full(1600, -12.0, np.float32) + 0.3 * rng.standard_normal(1600).astype(np.float32)
    for start in np.cumsum(rng.uniform(14.0, 70.0, 36)).astype(int):
        envelope[start : start + 4] += 6.0
    results = push(BeatTracker(), envelope)
    assert detected(results) == []
    assert max(result.evidence for result in results) <= 0.0


def test_no_interval_crosses_a_gap() -> None:
    """After a gap beats are searched for again; none lies in it and no interval crosses it."""
    envelope, _, _ = heart(duration_s=60.0)
    beats = BeatTracker()
    push(beats, envelope[:800])
    before = beats.result
    for end_s in np.arange(20.5, 30.0, 0.5):
        beats.lose(float(end_s))
    results = push(beats, envelope[: 50 * 40], first=25 * 40)
    found = all_beats(results)
    assert all(at_s < 20.0 or at_s >= 25.0 for at_s in found)
    assert results[-1].tracked_s < (20.0 - 5.0) + (50.0 - 25.0)
    assert results[-1].tracked_s > before.tracked_s
    assert max(np.diff([at_s for at_s in found if at_s > 24.0])) < 1.2
    assert all(len(result.beat_times_s) - result.num_intervals in (0, 1, 2) for result in results)
    crossing = [result for result in results if min(result.beat_times_s, default=99.0) < 20.0 < result.beat_times_s[-1]]
    assert crossing
    assert all(result.num_intervals < len(result.beat_times_s) - 1 for result in crossing[:3])


def test_withheld_windows_between_good_ones() -> None:
    """Withheld windows that good ones overlap on both sides leave no gap."""
    envelope, _, _ = heart()
    whole, some = BeatTracker(), BeatTracker()
    expected = all_beats(push(whole, envelope))
    results = []
    for start in range(0, len(envelope) - SIZE + 1, 20):
        window = envelope[start : start + SIZE]
        if 300 <= start < 440:
            results.append(some.lose(start * HOP_S + 5.0))
        else:
            results.append(some.push(window, start * HOP_S, heart_rate(window, HOP_S).bpm))
    assert all_beats(results) == pytest.approx(expected, abs=HOP_S)


def test_old_beats_are_forgotten() -> None:
    """Beats of more than half a minute ago are forgotten, with new sound and without."""
    beats = BeatTracker()
    results = push(beats, heart(duration_s=60.0)[0])
    assert results[-1].beat_times_s[0] >= 60.0 - HORIZON_S - 2.0
    assert results[-1].tracked_s <= HORIZON_S
    assert len(beats.lose(75.0).beat_times_s) < len(results[-1].beat_times_s)
    assert beats.lose(200.0) == NO_RHYTHM


def test_an_ectopic_beat_is_forgotten_after_half_a_minute() -> None:
    """So is the evidence for it."""
    beats = BeatTracker()
    results = push(beats, heart("ectopic", bpm=64.0, seed=0)[0])
    assert results[-1].detected
    assert results[-1].evidence > MIN_LOG_ODDS
    assert beats.lose(40.0 + HORIZON_S + 1.0).detected == ()
    assert beats.result.evidence <= 0.0


def test_clear() -> None:
    """A cleared tracker gives the results of a new one."""
    envelope, _, _ = heart()
    used = BeatTracker()
    push(used, heart(bpm=100.0)[0])
    used.clear()
    assert used.result == NO_RHYTHM
    assert push(used, envelope) == push(BeatTracker(), envelope)


def test_a_rewound_source() -> None:
    """A window before those already pushed starts a new stretch."""
    envelope, _, _ = heart()
    beats = BeatTracker()
    push(beats, envelope, shift=4000)
    again = push(beats, envelope)
    assert all_beats(again[-1:])[-1] == pytest.approx(all_beats(push(BeatTracker(), envelope)[-1:])[-1])


def test_the_same_window_twice_counts_once() -> None:
    """Pushing a window again changes nothing."""
    envelope, _, _ = heart()
    once, twice = BeatTracker(), BeatTracker()
    for start in range(0, len(envelope) - SIZE + 1, 20):
        window = envelope[start : start + SIZE]
        once.push(window, start * HOP_S, 72.0)
        twice.push(window, start * HOP_S, 72.0)
        assert twice.push(window, start * HOP_S, 72.0) == once.result


def test_the_level_does_not_matter() -> None:
    """A heart ten times as loud has the same beats."""
    envelope, _, _ = heart()
    louder = (envelope.astype(np.float64) + 2.0 * np.log(10.0)).astype(np.float32)
    quiet, loud = all_beats(push(BeatTracker(), envelope)), all_beats(push(BeatTracker(), louder))
    assert loud == pytest.approx(quiet, abs=1e-3)


def test_a_wrong_rate_is_corrected() -> None:
    """If the shown heart rate keeps differing from the tracked one, the template is learnt again."""
    envelope, _, _ = heart(bpm=60.0)
    beats = BeatTracker()
    beats._append(envelope[:SIZE])
    beats._learn_template(SIZE, SIZE, 20.0)
    assert beats._path.interval == 20.0
    beats.clear()
    push(beats, envelope)
    assert beats._path.interval == pytest.approx(1.0 / HOP_S, rel=0.05)
    gaps = np.diff(beats.result.beat_times_s)
    assert np.median(gaps) == pytest.approx(1.0, rel=0.05)


def beating(frames: int = 1600, interval: int = 32) -> Envelope:
    """Return an envelope that repeats exactly, each beat with a first and a softer second heart sound."""
    frame = np.arange(frames) % interval
    first, second = (
        height * np.exp(-(((frame - at) / 2.0) ** 2)) for at, height in ((8, 4.0), (8 + interval // 3, 2.5))
    )
    return (first + second).astype(np.float32)


def push_steps(beats: BeatTracker, envelope: Envelope, rates: list[float | None]) -> list[EctopicBeats]:
    """Push a window every second from the first on, with these heart rates; return the results."""
    return [beats.push(envelope[40 * k : 40 * k + SIZE], float(k), bpm) for k, bpm in enumerate(rates)]


def test_exact_beats_by_hand() -> None:
    """Every beat where it is, every interval counted once, and evidence in proportion to the time tracked."""
    results = push_steps(BeatTracker(), beating(), [75.0] * 30)
    result = results[-1]
    found = all_beats(results)
    assert found == pytest.approx([0.2 + 0.8 * k for k in range(len(found))], abs=0.01)
    assert all(one.num_intervals == max(0, len(one.beat_times_s) - 1) for one in results)
    assert result.tracked_s == pytest.approx(0.8 * result.num_intervals, abs=0.01)
    assert result.evidence == pytest.approx(REGULAR_EVIDENCE * result.tracked_s / HORIZON_S)
    assert 34.0 - 0.8 * 4.5 - 1.0 < result.beat_times_s[-1] < 34.0 - 0.8 * 2.5
    for one in results:
        assert one.trackable == (one.num_intervals >= 8)
        assert (one.evidence < 0.0) == one.trackable


def test_evidence_grows_for_half_a_minute() -> None:
    """After a minute it is that of half a minute."""
    results = push_steps(BeatTracker(), beating(2600), [75.0] * 58)
    assert results[-1].evidence == pytest.approx(REGULAR_EVIDENCE * results[-1].tracked_s / HORIZON_S)
    assert 26.0 < results[-1].tracked_s <= HORIZON_S
    assert results[-1].beat_times_s[0] >= 62.0 - HORIZON_S - 0.1


@pytest.mark.parametrize(("pattern", "trackable"), [([75.0, None, None], True), ([75.0, None, None, None], False)])
def test_a_quarter_of_the_steps_must_show_a_rate(pattern: list[float | None], trackable: bool) -> None:
    """One in three is enough, one in four is not."""
    assert push_steps(BeatTracker(), beating(), (pattern * 12)[:34])[-1].trackable == trackable


def test_rates_that_were_shown_count_for_eight_steps_more() -> None:
    """A rhythm stays trackable for so long without a rate, however long rates were shown before, and then is not."""
    results = push_steps(BeatTracker(), beating(2000), [75.0] * 25 + [None] * 12)
    assert [one.trackable for one in results[25:]] == [True] * 8 + [False] * 4


@pytest.mark.parametrize(("steps", "learnt"), [(2, False), (3, True)])
def test_three_steps_of_another_rate_restart_the_tracking(steps: int, learnt: bool) -> None:
    """Two of them, or a rate that is not a third apart, are put down to the window."""
    beats = BeatTracker()
    push_steps(beats, beating(), [75.0] * 10 + [150.0] * steps)
    assert (beats._path.interval < 24) == learnt
    beats = BeatTracker()
    push_steps(beats, beating(), [75.0] * 10 + [75.0 * 1.29] * 4)
    assert beats._path.interval == pytest.approx(32.0, abs=0.5)
    beats = BeatTracker()
    push_steps(beats, beating(), [75.0] * 10 + [150.0, 150.0, 75.0, 150.0, 150.0])
    assert beats._path.interval == pytest.approx(32.0, abs=0.5)


def test_silence_makes_it_search_again() -> None:
    """Four intervals and two steps after the last beat; then beats at another rate are found."""
    envelope = beating(2400)
    envelope[800:1200] = 0.0
    envelope[1200:] = beating(1200, 40)
    results = push_steps(BeatTracker(), envelope, [75.0] * 15 + [None] * 12 + [60.0] * 25)
    assert not [at_s for at_s in all_beats(results) if 20.9 < at_s < 29.0]
    late = [at_s for at_s in results[-1].beat_times_s if at_s > 35.0]
    assert np.diff(late) == pytest.approx(1.0, abs=0.05)
    assert len(late) > 12


def test_what_is_lost_changes_nothing_until_beats_are_old() -> None:
    """The result stays the same object for as long as no beat is older than half a minute."""
    beats = BeatTracker()
    result = push_steps(beats, beating(), [75.0] * 10)[-1]
    first_s = result.beat_times_s[0]
    assert beats.lose(first_s + HORIZON_S - 0.01) is result
    later = beats.lose(first_s + HORIZON_S + 0.01)
    assert later.beat_times_s == result.beat_times_s[1:]
    assert later.num_intervals == result.num_intervals - 1
    assert beats.result is later


def test_other_frame_rates() -> None:
    """With frames of 20 ms the same envelope has beats every 0.64 s."""
    beats, envelope = BeatTracker(0.02), beating()
    for k in range(25):
        beats.push(envelope[50 * k : 50 * k + 248], float(k), 93.75)
    assert np.diff(beats.result.beat_times_s) == pytest.approx(0.64, abs=0.01)


@pytest.mark.parametrize(("intervals", "trackable"), [((29, 35), True), ((28, 36), False)])
def test_a_rhythm_must_be_regular(intervals: tuple[int, int], trackable: bool) -> None:
    """Intervals that deviate by a tenth on average are regular enough for ectopic beats, by a seventh they are not."""
    onsets = np.cumsum([8, *intervals * 30])
    frames = np.arange(1600)[:, None]
    sounds = 4.0 * np.exp(-(((frames - onsets) / 2.0) ** 2)) + 2.5 * np.exp(-(((frames - onsets - 10) / 2.0) ** 2))
    result = push_steps(BeatTracker(), sounds.sum(axis=1).astype(np.float32), [75.0] * 30)[-1]
    assert result.num_intervals > 30
    assert result.trackable == trackable

"""Beats of made hearts are found and followed across windows, the same at any hop; what is not heard is not made up."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.analysis.rhythm.ectopic import PREMATURE_FROM
from monitor.analysis.rhythm.tracker import HORIZON_S, BeatTracker
from monitor.features.heart_rate import heart_rate
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.messages import NO_RHYTHM, EctopicBeats
from monitor.synthesis.parameters import HeartParameters, BackgroundNoise, HeartSound
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
    """Return a made heart: its envelope, the onsets of its first sounds in seconds, and which beats come early."""
    rhythm = Rhythm(
        kind=kind,  # type: ignore[arg-type]
        heart_rate_bpm=bpm, respiratory=respiratory, ectopic_gap_beats=(gap, gap), prematurity=(0.62, 0.72),
    )  # fmt: skip
    heard = dataclasses.replace(QUIET, rhythm=rhythm, background=BackgroundNoise(noise_db=noise_db))
    made = phonocardiogram(duration_s, heard, np.random.default_rng(seed))
    return envelope_of(made.waveform), made.beats.s1_samples / made.sample_rate, made.beats.ectopic


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
    """Push every window that starts from frame ``first`` on, ``shift`` frames later than it is; return all results."""
    results = []
    for start in range(first, len(envelope) - SIZE + 1, hop):
        window = envelope[start : start + SIZE]
        results.append(beats.push(window, (start + shift) * HOP_S, heart_rate(window, HOP_S).bpm))
    return results


def all_beats(results: list[EctopicBeats]) -> list[float]:
    """Return every beat that was ever reported, in seconds."""
    return sorted({at_s for result in results for at_s in result.beat_times_s})


def told(results: list[EctopicBeats]) -> list[float]:
    """Return every early beat that was ever told, in seconds."""
    return sorted({beat.at_s for result in results for beat in result.detected})


@pytest.mark.parametrize("bpm", [52.0, 64.0, 78.0, 92.0, 104.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_beats_are_found_where_they_are(bpm: float, seed: int) -> None:
    """At least 97 % of the first sounds of a quiet heart are found within 50 ms, and nothing else is."""
    envelope, onsets, _ = heart(bpm=bpm, seed=seed)
    found = np.array(all_beats(push(BeatTracker(), envelope)))
    inside = onsets[(onsets > found[0] - 0.3) & (onsets < found[-1] + 0.3)]
    assert found[0] < 2.0
    assert found[-1] > 40.0 - 6.0
    assert np.mean(np.abs(found[:, None] - inside).min(axis=0) <= 0.05) >= 0.97
    assert np.mean(np.abs(found[:, None] - inside).min(axis=1) <= 0.05) >= 0.97


def test_rare_early_beats_are_found_across_windows() -> None:
    """Of early beats further apart than a window is long, three in five are told, within 50 ms, and nothing else."""
    hits = total = 0
    for seed in range(6):
        for bpm in (64.0, 74.0):
            envelope, onsets, ectopic = heart("ectopic", bpm=bpm, seed=seed)
            results = push(BeatTracker(), envelope)
            found, truth = told(results), onsets[ectopic]
            assert all(np.abs(truth - at_s).min() < 0.05 for at_s in found)
            assert max(result.evidence for result in results) > PREMATURE_FROM
            reachable = truth[(truth > 7.0) & (truth < 34.0)]
            hits += sum(min(abs(at_s - its) for its in found) < 0.05 for at_s in reachable)
            total += len(reachable)
    assert total >= 20
    assert hits >= 0.6 * total


def test_an_early_beat_says_how_early_it_came() -> None:
    """Its share of the normal interval, the pause behind it, and odds above the least that is told."""
    envelope, onsets, ectopic = heart("ectopic", bpm=64.0, seed=0)
    (beat,) = [its for its in push(BeatTracker(), envelope)[-1].detected if its.at_s < 25.0]
    place = int(np.abs(onsets - beat.at_s).argmin())
    intervals = np.diff(onsets)
    usual = np.median(intervals)
    assert ectopic[place]
    assert beat.coupling_ratio == pytest.approx(intervals[place - 1] / usual, abs=0.05)
    assert beat.pause_ratio == pytest.approx(intervals[place] / usual, abs=0.06)
    assert beat.log_odds > PREMATURE_FROM


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("first", [0, 40, 80, 120, 160])
def test_an_early_beat_at_the_edges_of_windows_is_found(first: int, seed: int) -> None:
    """Windows that hardly overlap give what windows at every half second give, wherever their edges lie."""
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
    """At a hop of 0.25, 0.5 and 1 s the beats and the early beats are the same to the last bit."""
    envelope, _, _ = heart(kind, seed=seed, duration_s=25.0, noise_db=float(noise_db))
    fine, usual, coarse = (push(BeatTracker(), envelope, hop=hop) for hop in (10, 20, 40))
    assert all_beats(fine) == all_beats(usual) == all_beats(coarse)
    assert fine[::4] == usual[::2] == coarse


def test_a_hop_that_divides_no_second_finds_the_same_beats() -> None:
    """At a hop of 0.3 s each stretch is counted once too, and the beats are the same to within a frame."""
    envelope, _, _ = heart()
    usual, odd = (all_beats(push(BeatTracker(), envelope, hop=hop)) for hop in (20, 12))
    assert odd[: len(usual)] == pytest.approx(usual[: len(odd)], abs=HOP_S)
    assert min(np.diff(odd)) > 0.5


def test_positions_do_not_drift_late_in_a_long_session() -> None:
    """After a day the beats are where they would be at the start, later by that day."""
    envelope, _, _ = heart()
    day = 86_400 * 40
    ectopic, late = push(BeatTracker(), envelope), push(BeatTracker(), envelope, shift=day)
    assert all_beats(late) == pytest.approx([at_s + 86_400 for at_s in all_beats(ectopic)], abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["regular", "sinus-arrhythmia"])
def test_hearts_without_early_beats_have_none(kind: str, seed: int) -> None:
    """Regular beats, and those that breathing moves by an eighth, tell of no early one."""
    envelope, _, _ = heart(kind, bpm=88.0, seed=seed, respiratory=0.12 if kind == "sinus-arrhythmia" else 0.03)
    results = push(BeatTracker(), envelope)
    assert told(results) == []
    assert results[-1].num_intervals > 20


def test_regular_beats_are_evidence_against() -> None:
    """Half a minute of regular beats speaks against an early one, more than ten seconds do."""
    results = push(BeatTracker(), heart()[0])
    assert results[-1].trackable
    assert results[-1].evidence < results[20].evidence <= 0.0


def test_a_missed_beat_is_no_pause() -> None:
    """Where beats fall silent for one period, one interval is long and no beat early."""
    envelope, onsets, _ = heart(bpm=70.0)
    faded = envelope.copy()
    floor = np.quantile(envelope, 0.1)
    for beat in (9, 18, 27, 36):
        silent = slice(int((onsets[beat] - 0.08) / HOP_S), int((onsets[beat + 1] - 0.15) / HOP_S))
        faded[silent] = np.minimum(faded[silent], floor)
    results = push(BeatTracker(), faded)
    assert told(results) == []
    gaps = np.diff(all_beats(results))
    assert np.sum(gaps > 1.4 * np.median(gaps)) >= 3


@pytest.mark.parametrize("sound", ["silence", "white", "brown", "hum"])
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_what_is_no_heart_gives_nothing(sound: str, seed: int) -> None:
    """Silence, noise and hum have no early beats; a rhythm is seen in them hardly ever, and does not last."""
    rng = np.random.default_rng(seed)
    white = 0.1 * rng.standard_normal(30 * 4000)
    sounds = {
        "silence": np.zeros(30 * 4000),
        "white": white,
        "brown": np.cumsum(white) / 100.0,
        "hum": 0.3 * np.sin(2 * np.pi * 50.0 * np.arange(30 * 4000) / 4000),
    }
    results = push(BeatTracker(), envelope_of(sounds[sound].astype(np.float32)))
    assert told(results) == []
    assert results[-1].evidence == 0.0
    assert sum(result.trackable for result in results) < 0.2 * len(results)


def test_beats_alone_are_no_rhythm() -> None:
    """Where no window is sure of its rate nothing is said, however regular the beats."""
    envelope, _, _ = heart()
    beats = BeatTracker()
    for start in range(0, len(envelope) - SIZE + 1, 20):
        beats.push(envelope[start : start + SIZE], start * HOP_S, None)
    assert beats.result.num_intervals > 20
    assert not beats.result.trackable
    assert beats.result.evidence == 0.0


def test_scattered_beats_cannot_tell() -> None:
    """Sounds at random times are beats perhaps, but no rhythm: nothing is made up."""
    rng = np.random.default_rng(3)
    envelope = np.full(1600, -12.0, np.float32) + 0.3 * rng.standard_normal(1600).astype(np.float32)
    for place in np.cumsum(rng.uniform(14.0, 70.0, 36)).astype(int):
        envelope[place : place + 4] += 6.0
    results = push(BeatTracker(), envelope)
    assert told(results) == []
    assert max(result.evidence for result in results) <= 0.0


def test_intervals_never_span_what_was_not_heard() -> None:
    """Behind a gap beats are found anew, none lies in it and no interval crosses it."""
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
    crossing = [result for result in results if result.beat_times_s and result.beat_times_s[0] < 20.0 < result.beat_times_s[-1]]
    assert crossing
    assert all(result.num_intervals < len(result.beat_times_s) - 1 for result in crossing[:3])


def test_windows_withheld_in_between_lose_nothing() -> None:
    """Poor windows that good ones overlap on both sides leave no hole: all of that sound was heard."""
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


def test_beats_grow_old() -> None:
    """What is more than half a minute back is forgotten, by new sound and by time without any."""
    beats = BeatTracker()
    results = push(beats, heart(duration_s=60.0)[0])
    assert results[-1].beat_times_s[0] >= 60.0 - HORIZON_S - 2.0
    assert results[-1].tracked_s <= HORIZON_S
    assert len(beats.lose(75.0).beat_times_s) < len(results[-1].beat_times_s)
    assert beats.lose(200.0) == NO_RHYTHM


def test_an_early_beat_is_forgotten_after_half_a_minute() -> None:
    """Its evidence goes with it."""
    beats = BeatTracker()
    results = push(beats, heart("ectopic", bpm=64.0, seed=0)[0])
    assert results[-1].detected
    assert results[-1].evidence > PREMATURE_FROM
    assert beats.lose(40.0 + HORIZON_S + 1.0).detected == ()
    assert beats.result.evidence <= 0.0


def test_clear_forgets_all() -> None:
    """Afterwards it is as new, from any position."""
    envelope, _, _ = heart()
    used = BeatTracker()
    push(used, heart(bpm=100.0)[0])
    used.clear()
    assert used.result == NO_RHYTHM
    assert push(used, envelope) == push(BeatTracker(), envelope)


def test_a_source_that_goes_back_begins_anew() -> None:
    """A window before what was heard is a new stretch."""
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


def test_a_wrong_rate_at_first_is_put_right() -> None:
    """Where the rate that is shown stays another one, the shape of a beat is learnt anew."""
    envelope, _, _ = heart(bpm=60.0)
    beats = BeatTracker()
    beats._append(envelope[:SIZE])
    beats._learn_anew(SIZE, SIZE, 20.0)
    assert beats._path.interval == 20.0
    beats.clear()
    push(beats, envelope)
    assert beats._path.interval == pytest.approx(1.0 / HOP_S, rel=0.05)
    gaps = np.diff(beats.result.beat_times_s)
    assert np.median(gaps) == pytest.approx(1.0, rel=0.05)

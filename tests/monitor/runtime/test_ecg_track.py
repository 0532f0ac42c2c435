"""R peaks come with the windows, stand before S1, and do not depend on when they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.audio.ecg_ring_buffer import EcgRingBuffer
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.file import RecordingSource
from monitor.messages import RecordingStatus, RPeak, Summary, Verdict, WindowEvent
from monitor.messages.window import Quality
from monitor.runtime.ecg_track import EcgTrack
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.electrocardiogram import R_TO_S1_S, EcgNoise, electrocardiogram
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE = 4000
LISTENING = Verdict("listening")
SUMMARY = Summary("x", 0, 0, 0, LISTENING, None)


def window(end_s):
    """Return a window that ends somewhere."""
    return WindowEvent(0, end_s - 5.0, end_s, LISTENING, LISTENING, Quality(1.0), None, False, False, 1.0)


@pytest.fixture(scope="module")
def pair():
    """Return 20 s of a synthetic heart, with an electrocardiogram."""
    rng = np.random.default_rng(2)
    sound = phonocardiogram(20.0, HeartParameters(), rng)
    beats = sound.beats.s1_samples - round(R_TO_S1_S * RATE)
    ecg = electrocardiogram(beats, len(sound.waveform), RATE, rng, EcgNoise(wander=0.5, muscle=0.05))
    return sound, ecg


@pytest.fixture
def ring(pair):
    """Return a ring with all of it."""
    sound, ecg = pair
    ring = EcgRingBuffer(30 * RATE)
    ring.push(np.stack((sound.waveform, ecg.waveform), axis=1))
    return ring


def test_each_peak_comes_once_and_in_time(ring, pair):
    """A window has the peaks up to its end that no other had, the summary the rest, however often it is asked."""
    track = EcgTrack(ring, RATE)
    ends = np.arange(5.0, 18.0, 0.5)
    by_window = [track.with_r_peaks(window(end_s)).r_peaks for end_s in ends]
    rest = track.with_last_r_peaks(SUMMARY).r_peaks
    assert all(peak.at_s < end_s for peaks, end_s in zip(by_window, ends, strict=True) for peak in peaks)
    peaks = [peak for peaks in by_window for peak in peaks] + list(rest)
    reference = pair[1].r_samples
    assert len(peaks) == len(reference)
    assert np.abs([peak.sample for peak in peaks] - reference).max() < 0.005 * RATE
    assert [peak.at_s for peak in peaks] == [peak.sample / RATE for peak in peaks]
    assert rest
    assert track.with_last_r_peaks(SUMMARY).r_peaks == rest


def test_other_windows_give_the_same_peaks(ring, pair):
    """One window at the end brings what many brought."""
    track = EcgTrack(ring, RATE)
    few = [*track.with_r_peaks(window(20.0)).r_peaks, *track.with_last_r_peaks(SUMMARY).r_peaks]
    assert [peak.sample for peak in few] == sorted(peak.sample for peak in few)
    assert len(few) == len(pair[1].r_samples)


def test_a_gap_makes_no_peaks(pair):
    """Lost samples are zeros; behind them the search begins again, and its peaks stand where they are."""
    ecg = pair[1]
    ring = EcgRingBuffer(30 * RATE)
    both = np.stack((ecg.waveform, ecg.waveform + 0.4), axis=1)  # an offset: the zeros would be a step
    ring.push(both[: 8 * RATE])
    ring.push_lost(RATE)
    ring.push(both[9 * RATE :])
    samples = np.array([peak.sample for peak in EcgTrack(ring, RATE).with_last_r_peaks(SUMMARY).r_peaks])
    kept = (ecg.r_samples < 8 * RATE) | (ecg.r_samples >= 9 * RATE)
    assert np.abs(samples - ecg.r_samples[kept]).max() < 0.005 * RATE


def test_a_sound_without_one():
    """Nothing is changed."""
    track = EcgTrack(RingBuffer(100), RATE)
    track.start()
    track.stop()
    assert track.with_r_peaks(window(5.0)).r_peaks == track.with_last_r_peaks(SUMMARY).r_peaks == ()
    assert track.merged(None) is None


def test_what_is_wrong_with_its_file_is_told(ring, tmp_path):
    """The status of the sound says so, unless something is wrong with the sound itself."""
    path = tmp_path / "ecg.flac"
    track = EcgTrack(ring, RATE, path)
    status = RecordingStatus(tmp_path / "sound.flac", 1.0, 0, None)
    assert track.merged(status) == status
    path.unlink()
    track.start()
    ring.close()
    track.stop()
    merged = track.merged(status)
    assert merged is not None
    assert merged.error is not None
    assert merged.error.startswith("electrocardiogram: the file was moved or deleted")


def test_through_the_pipeline(pair, plain_bundle, tmp_path):
    """A file's second channel is kept sample for sample, and its peaks stand some 30 ms before the onset of S1."""
    sound, ecg = pair
    path = tmp_path / "pair.wav"
    soundfile.write(path, np.stack((sound.waveform, ecg.waveform), axis=1), RATE, "PCM_16")
    source = RecordingSource(path, speed=None, ecg_channel=2)
    with Pipeline(source, plain_bundle, session_sound=tmp_path / "s.flac", session_ecg=tmp_path / "e.flac") as pipeline:
        peaks: list[RPeak] = [peak for event in pipeline.windows() for peak in event.r_peaks]
        peaks += pipeline.summary().r_peaks
    first, second = (soundfile.read(tmp_path / name, dtype="int32")[0] for name in ("s.flac", "e.flac"))
    expected = soundfile.read(path, dtype="int32")[0]
    np.testing.assert_array_equal(first, expected[:, 0])
    np.testing.assert_array_equal(second, expected[:, 1])
    delays_s = (sound.beats.s1_samples - np.array([peak.sample for peak in peaks])) / RATE
    assert (np.abs(delays_s - R_TO_S1_S) < 0.005).all()
    assert pipeline.start_message.ecg_channel == 2

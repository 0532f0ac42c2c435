"""Beats found once more from the sound of what was judged."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile

from monitor.analysis.analyzer import Analyzer
from monitor.archive.beats import beat_times, early_beats, timeline_variability, tracked_beats
from monitor.archive.judged_file import judge_file
from monitor.archive.peak_spectrogram import PeakSpectrogram
from monitor.features.spec import HEART
from monitor.inference.bundle import load_bundle
from monitor.messages import EctopicBeat, EctopicBeats, Quality, Verdict, WindowEvent
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram


def envelope_of(waveform):
    """Return the rhythm envelope of a whole sound."""
    spectrogram = PeakSpectrogram(4000, HEART)
    parts = [spectrogram.push(block) for block in np.split(waveform, range(4000, len(waveform), 4000))]
    return np.concatenate([*parts, spectrogram.push(np.zeros(0, np.float32), last=True)])


@pytest.mark.slow
def test_they_are_the_beats_of_the_live_tracker(tmp_path):
    """The lines and the sound give the very beats that the analyzer had."""
    waveform = phonocardiogram(40.0, HeartParameters(), np.random.default_rng(7), 4000).waveform
    soundfile.write(tmp_path / "a.wav", waveform, 4000, "FLOAT")
    bundle = load_bundle()
    timeline, _ = judge_file(tmp_path / "a.wav", bundle)
    analyzer, live = Analyzer(bundle, 4000), set()
    for block in np.split(waveform, range(2000, len(waveform), 2000)):
        for index in analyzer.push(block):
            found = analyzer.judge(index).event.ectopic
            live.update(found.beat_times_s if found.trackable else ())
    assert len(live) > 25
    assert tracked_beats(envelope_of(waveform), timeline.windows) == sorted(live)


def test_noise_and_withheld_windows_have_none(signals):
    """A beat is shown only where the rhythm could be tracked."""
    envelope = envelope_of(signals.noise(80_000))
    base = {"rolling": {"state": "verdict"}, "heart_rate_bpm": None}
    judged = [base | {"start_s": at_s, "end_s": at_s + 5.0, "state": "verdict"} for at_s in np.arange(0, 15, 0.5)]
    assert tracked_beats(envelope, judged) == []
    assert tracked_beats(envelope, [window | {"state": "no-signal"} for window in judged]) == []
    assert tracked_beats(np.zeros(0, np.float32), judged) == []


def test_early_beats_are_those_of_the_lines():
    """Each once, in order; a window without them has none."""
    assert early_beats([{"early_beats": {"at_s": [9.0, 3.5]}}, {"early_beats": {"at_s": [9.0]}}, {}]) == [3.5, 9.0]


def test_beats_of_windows_are_joined_without_those_that_cannot_be_tracked():
    """Each beat once, however many windows have it; an early beat is a beat too."""
    early = EctopicBeat(1.5, 0.6, 1.3, 2.0)
    found = (
        EctopicBeats(beat_times_s=(1.0, 1.5), detected=(early,), trackable=True),
        EctopicBeats(beat_times_s=(1.5, 2.7), trackable=True),
        EctopicBeats(beat_times_s=(9.0,)),
    )
    verdict = Verdict("listening")
    windows = [
        WindowEvent(index, 0.0, 5.0, verdict, verdict, Quality(1.0), None, False, False, 0.0, ectopic=ectopic)
        for index, ectopic in enumerate(found)
    ]
    assert beat_times(windows) == ([1.0, 1.5, 2.7], [1.5])


def test_the_variability_of_a_timeline_is_that_of_its_summary(tmp_path):
    """Also without a summary: the beat lines give it again, but for what their digits leave out."""
    waveform = phonocardiogram(40.0, HeartParameters(), np.random.default_rng(3)).waveform
    path = tmp_path / "a.wav"
    soundfile.write(path, waveform, 4000)
    timeline, _ = judge_file(path, load_bundle())
    found = timeline_variability(dataclasses.replace(timeline, summary=None)).to_dict()
    told = timeline.summary["heart_rate_variability"]
    assert told["sdnn_ms"] is not None
    assert found == pytest.approx(told, abs=0.2)
    assert timeline_variability(dataclasses.replace(timeline, beats=())) is None

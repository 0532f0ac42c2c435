"""Where a murmur lies in the windows of a sound: said beside a murmur alone, the same however the sound is cut."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.verdict import Summarizer
from monitor.inference.bundle import Bundle, load_bundle
from monitor.inference.calibration import Calibration
from monitor.inference.segmentation.murmur_timing import NUM_FEATURES, TIMINGS, TimingModel
from monitor.labels import MURMUR
from monitor.messages import Quality, Verdict, WindowEvent
from monitor.synthesis.parameters import HeartParameters, Murmur
from monitor.synthesis.phonocardiogram import phonocardiogram

REGURGITATION = Murmur(phase="diastolic", shape="decrescendo", interval=(0.02, 0.8), centre_hz=300.0, level_db=-14.0)
EJECTION = Murmur(phase="systolic", centre_hz=250.0, level_db=-8.0)


def sound_of(murmur: Murmur | None, duration_s: float = 14.0) -> NDArray[np.float32]:
    """Return a synthetic heart."""
    return phonocardiogram(duration_s, HeartParameters(murmur=murmur), np.random.default_rng(4)).waveform


def bundle_that_hears(label: str, bundle: Bundle) -> Bundle:
    """Return a bundle that gives every window a label, and tells systole from diastole by their levels alone."""
    weights = np.zeros((len(TIMINGS), NUM_FEATURES + 1))
    weights[0, 0:12], weights[1, 12:30], weights[2, -1] = 1 / 4, 1 / 6, -9.0
    bias = tuple(60.0 if name == label else 0.0 for name in bundle.labels)
    calibration = Calibration("softmax", 1.0, bias)
    model = TimingModel(weights, (0.9, 0.9, 0.9), (0.9, 0.9, 0.9))
    return dataclasses.replace(bundle, calibration=calibration, timing=model)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Return the default bundle."""
    return load_bundle()


def events(bundle: Bundle, waveform: NDArray[np.float32], size: int = 2000) -> list[WindowEvent]:
    """Return the windows of a sound that arrives in blocks."""
    analyzer, found = Analyzer(bundle, 4000), []
    for begin in range(0, len(waveform), size):
        found += [analyzer.judge(index).event for index in analyzer.push(waveform[begin : begin + size])]
    return found + [analyzer.judge(index).event for index in analyzer.finish()]


@pytest.mark.parametrize(("murmur", "timing"), [(EJECTION, "systolic"), (REGURGITATION, "diastolic")])
def test_a_murmur_has_its_timing(bundle: Bundle, murmur: Murmur, timing: str) -> None:
    """In the window's own verdict, in the rolling one and in the summary."""
    summarizer = Summarizer()
    told = events(bundle_that_hears(MURMUR, bundle), sound_of(murmur))
    for event in told:
        summarizer.push(event)
    assert {event.rolling.murmur_timing for event in told} == {timing}
    assert {event.verdict.murmur_timing for event in told} == {timing}
    assert summarizer.summary("a.wav", bundle.decision).verdict.murmur_timing == timing


def test_nothing_is_said_without_a_murmur(bundle: Bundle) -> None:
    """Whatever lies between the heart sounds, a normal label has no timing."""
    told = events(bundle_that_hears("normal", bundle), sound_of(EJECTION))
    assert {event.rolling.label for event in told} == {"normal"}
    assert {event.rolling.murmur_timing for event in told} == {None}


def test_a_bundle_that_does_not_tell(bundle: Bundle) -> None:
    """An older bundle, and one that finds no beats, say nothing."""
    heard = bundle_that_hears(MURMUR, bundle)
    for lacking in (dataclasses.replace(heard, timing=None), dataclasses.replace(heard, segmentation=None)):
        told = events(lacking, sound_of(EJECTION, 6.0))
        assert {event.rolling.label for event in told} == {MURMUR}
        assert {event.rolling.murmur_timing for event in told} == {None}


def test_however_a_sound_is_cut(bundle: Bundle) -> None:
    """The same windows say the same."""
    heard, waveform = bundle_that_hears(MURMUR, bundle), sound_of(EJECTION)
    waveform[20_000:] = sound_of(REGURGITATION)[20_000:]
    small, large = (
        [(event.verdict.murmur_timing, event.rolling.murmur_timing) for event in events(heard, waveform, size)]
        for size in (400, 8000)
    )
    assert small == large
    assert len(set(small)) > 1


def test_another_site_begins_anew(bundle: Bundle) -> None:
    """Cycles of the site before do not count."""
    heard = bundle_that_hears(MURMUR, bundle)
    analyzer, said = Analyzer(heard, 4000), {}
    waveform = np.concatenate((sound_of(EJECTION, 10.0), sound_of(REGURGITATION, 10.0)))
    for begin in range(0, len(waveform), 2000):
        if begin == 40_000:
            analyzer.begin_anew(10.0)
        for index in analyzer.push(waveform[begin : begin + 2000]):
            event = analyzer.judge(index).event
            said[event.end_s] = event.rolling.murmur_timing
    assert said[10.0] == "systolic"
    assert {timing for end_s, timing in said.items() if 10.0 < end_s < 15.0} == {None}
    later = [timing for end_s, timing in said.items() if end_s >= 15.0]
    assert "systolic" not in later
    assert later[-1] == "diastolic"


def window_with(rolling: Verdict) -> WindowEvent:
    """Return a window with a rolling verdict."""
    own = Verdict("verdict", MURMUR, 0.9, {"normal": 0.1, MURMUR: 0.9})
    return WindowEvent(0, 0.0, 5.0, own, rolling, Quality(0.9), None, gap=False, short=False, latency_ms=0.0)


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        (["systolic", "systolic", None], "systolic"),
        (["systolic", "diastolic", None, None], None),
        (["systolic", "diastolic"], None),
        ([None, None], None),
    ],
)
def test_the_whole_recording(bundle: Bundle, said: list[str | None], whole: str | None) -> None:
    """What was said in more than half of the windows that named a murmur; windows without one do not count."""
    scores: dict[str, Any] = {"normal": 0.1, MURMUR: 0.9}
    summarizer = Summarizer()
    for timing in said:
        summarizer.push(window_with(Verdict("verdict", MURMUR, 0.9, scores, murmur_timing=timing)))
    for _ in range(len(said) - 1):
        summarizer.push(window_with(Verdict("uncertain", None, 0.5, {"normal": 0.5, MURMUR: 0.5})))
    assert summarizer.summary("a.wav", bundle.decision).verdict.murmur_timing == whole

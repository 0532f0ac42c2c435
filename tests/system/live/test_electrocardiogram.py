"""An electrocardiogram on the second channel of a live input stays on the sample clock of the sound."""

from __future__ import annotations

import numpy as np
import soundfile

from monitor.sessions.reader import find_sessions
from monitor.synthesis.electrocardiogram import R_TO_S1_S, EcgNoise, electrocardiogram
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE, HEART_S = 4000, 12


def test_both_channels_are_kept_and_the_r_peaks_found(stethoscope, find_in, tmp_path):
    """What was played is in both files at the same place, and the R peaks stand before the onsets of S1."""
    rng = np.random.default_rng(6)
    sound = phonocardiogram(HEART_S, HeartParameters(), rng)
    beats = sound.beats.s1_samples - round(R_TO_S1_S * RATE)
    ecg = electrocardiogram(beats, len(sound.waveform), RATE, rng, EcgNoise(wander=0.3, muscle=0.05))
    soundfile.write(tmp_path / "pair.wav", np.stack((sound.waveform, ecg.waveform), axis=1), RATE, "PCM_16")
    stethoscope.plug_in(RATE, channels=2)
    flags = ("--rate", RATE, "--channel", 1, "--ecg-channel", 2, "--session", "--session-dir", tmp_path / "kept")
    listening = stethoscope.listen(*flags)
    try:
        position_s = listening.until_window(5.0)["end_s"]
        assert stethoscope.play(tmp_path / "pair.wav").wait(timeout=40) == 0
        listening.until_window(position_s + HEART_S + 1.5)
        code, errors = listening.end()
    finally:
        stethoscope.unplug()
    assert code == 130, errors
    (session,) = find_sessions(tmp_path / "kept")
    heard, traced = (soundfile.read(path, dtype="float32")[0] for path in (session.sound_path, session.ecg_path))
    played = soundfile.read(tmp_path / "pair.wav", dtype="float32")[0]
    assert len(heard) == len(traced)
    start = find_in(heard[: len(traced)], played[RATE:, 0]) - RATE
    assert find_in(traced, played[RATE:, 1]) - RATE == start
    inside = sound.beats.s1_samples > 3 * RATE  # where silence turns into a signal, levels are learnt again
    peaks = np.array([line["sample"] for line in session.events().of("r_peak")]) - start
    delays_s = [(s1 - peaks[np.abs(peaks - s1).argmin()]) / RATE for s1 in sound.beats.s1_samples[inside]]
    assert np.abs(np.array(delays_s) - R_TO_S1_S).max() < 0.006

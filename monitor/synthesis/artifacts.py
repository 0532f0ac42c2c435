"""What goes wrong round a stethoscope: handling, lost contact, knocks, a loose plug.

Every maker returns ``(samples,)`` float32 with its largest magnitude at 1 unless it says otherwise, is
repeatable from the generator's state, and raises a plain ValueError for a duration or a rate out
of range. Safe on any thread; knows nothing of devices, files or networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.synthesis.noise import bell_curve, checked_num_samples, db_to_amplitude, frequencies, bandpass_gain, shaped_noise

__all__ = ["add_at", "clicks", "handling_noise", "knocks", "lost_contact", "room_noise", "rubbing", "normalize_peak"]


def handling_noise(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return rubs (broad bursts from 50 to 1500 Hz) and thumps of a chest piece that is being moved."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = _bursts(samples, sample_rate, rng, per_s=rng.uniform(1.5, 4.0))
    for _ in range(1 + rng.poisson(1.2 * duration_s)):
        add_at(
            out, rng.uniform(0.3, 1.5) * _thump(rng, sample_rate, rng.uniform(18.0, 90.0)), int(rng.integers(samples))
        )
    return normalize_peak(out)


def room_noise(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return what a chest piece hears in the air: a low hiss over a faint rumble."""
    samples = checked_num_samples(duration_s, sample_rate)
    grid = frequencies(samples, sample_rate)
    rumble = bell_curve(grid, rng.uniform(15.0, 60.0), 2.0) * np.float32(rng.uniform(1.0, 8.0))
    return normalize_peak(shaped_noise((0.3 + rumble) * bandpass_gain(grid, 12.0, rng.uniform(500.0, 1900.0)), samples, rng))


def lost_contact(
    waveform: NDArray[np.float32],
    start_sample: int,
    end_sample: int,
    rng: np.random.Generator,
    sample_rate: int = 4000,
    room_db: float = -42.0,
) -> NDArray[np.float32]:
    """Return a recording during a part of which the chest piece is off the skin.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        Left as it is.
    start_sample, end_sample : int
        The heart fades from here within 0.1 to 0.3 s, and is back here; an end behind the
        recording means that it does not come back.
    rng : numpy.random.Generator
    sample_rate : int
        Hz.
    room_db : float
        Peak of the room that is heard instead, against the peak of the recording.

    Returns
    -------
    ndarray, shape (samples,), float32

    Raises
    ------
    ValueError
        If the part does not begin inside the recording and end behind its beginning.
    """
    if not 0 <= start_sample < min(end_sample, len(waveform)):
        raise ValueError(
            f"start_sample={start_sample} must lie inside the recording and before end_sample={end_sample}"
        )
    off, back = (round(seconds * sample_rate) for seconds in rng.uniform(0.1, 0.3, 2))
    at = np.arange(len(waveform))
    away = np.clip((at - start_sample) / off, 0.0, 1.0) * np.clip((end_sample - at) / back, 0.0, 1.0)
    away = (0.5 - 0.5 * np.cos(np.pi * away)).astype(np.float32)  # no corner that could be heard as a click
    room = room_noise(len(waveform) / sample_rate, rng, sample_rate)
    level = np.float32(db_to_amplitude(room_db)) * np.abs(waveform).max()
    heard: NDArray[np.float32] = waveform * (1.0 - away) + level * away * room
    return heard


def knocks(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return single knocks at irregular times; some come in quick groups."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = room_noise(duration_s, rng, sample_rate) * np.float32(db_to_amplitude(rng.uniform(-60.0, -25.0)))
    at = rng.uniform(0.0, 0.5)
    while at < duration_s:
        add_at(out, rng.uniform(0.2, 1.0) * _thump(rng, sample_rate, rng.uniform(25.0, 500.0)), round(at * sample_rate))
        at += rng.exponential(0.7) + 0.05 if rng.random() < 0.8 else rng.uniform(0.06, 0.15)
    return normalize_peak(out[:samples])


def clicks(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return broad clicks of a loose plug: single samples and short crackles."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = 0.002 * rng.standard_normal(samples)
    count = 1 + rng.poisson(duration_s * rng.uniform(1.0, 30.0))
    out[rng.integers(0, samples, count)] += rng.uniform(-1.0, 1.0, count)
    return normalize_peak(out.astype(np.float32))


def rubbing(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return cloth or skin that keeps rubbing."""
    return normalize_peak(_bursts(checked_num_samples(duration_s, sample_rate), sample_rate, rng, per_s=rng.uniform(2.0, 6.0)))


def normalize_peak(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a sound with its largest magnitude at 1; silence stays."""
    scaled: NDArray[np.float32] = sound / np.float32(np.abs(sound).max() + 1e-12)
    return np.clip(scaled, -1.0, 1.0)


def add_at(out: NDArray[np.float32], sound: NDArray[np.floating], start: int) -> None:
    """Add a sound in place from a sample on; what lies outside is cut."""
    begin, end = max(0, start), min(len(out), start + len(sound))
    if begin < end:
        out[begin:end] += sound[begin - start : end - start].astype(np.float32)


def _thump(rng: np.random.Generator, sample_rate: int, pitch_hz: float) -> NDArray[np.float64]:
    """Return a damped blow of 0.2 s with its peak at about 1."""
    time_s = np.arange(round(0.2 * sample_rate)) / sample_rate
    blow = np.sin(2.0 * np.pi * pitch_hz * time_s * (1.0 - 0.8 * time_s)) * np.exp(-time_s / rng.uniform(0.008, 0.04))
    scrape = rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.004) * rng.uniform(0.0, 0.5)
    shaped: NDArray[np.float64] = (blow + scrape) * np.linspace(1.0, 0.0, len(time_s))
    return shaped


def _bursts(samples: int, sample_rate: int, rng: np.random.Generator, per_s: float) -> NDArray[np.float32]:
    """Return rough noise of 50 to 1500 Hz in bursts of 0.05 to 0.6 s."""
    grid = frequencies(samples, sample_rate)
    low_hz, high_hz = rng.uniform(50.0, 150.0), rng.uniform(400.0, 1500.0)
    noise = shaped_noise(bandpass_gain(grid, low_hz, high_hz), samples, rng)
    rough = 0.4 + np.abs(shaped_noise(bandpass_gain(grid, 1.0, rng.uniform(15.0, 60.0)), samples, rng))
    loud = np.zeros(samples, np.float32)
    for _ in range(1 + rng.poisson(per_s * samples / sample_rate)):
        length = round(rng.uniform(0.05, 0.6) * sample_rate)
        add_at(loud, rng.uniform(0.1, 1.0) * np.hanning(length), int(rng.integers(-length // 2, samples)))
    noise *= rough
    noise *= loud
    return noise

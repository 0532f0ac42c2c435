"""Recording artifacts of a stethoscope: handling, lost contact, knocks, a loose plug.

Every function returns ``(samples,)`` float32 with a peak of 1 unless it says otherwise, is reproducible from the state
of the generator, and raises a ValueError for a duration or a rate out of range. Safe on any thread; knows nothing of
devices, files or networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.synthesis.noise import (
    bandpass_gain,
    bell_curve,
    checked_num_samples,
    db_to_amplitude,
    frequencies,
    shaped_noise,
)

__all__ = ["add_at", "clicks", "handling_noise", "knocks", "lost_contact", "normalize_peak", "room_noise", "rubbing"]


def handling_noise(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return the noise of a moving chest piece: rubbing (broadband bursts of 50 to 1500 Hz) and thumps.

    Examples
    --------
    >>> handling_noise(0.5, np.random.default_rng(0)).shape
    (2000,)
    """
    samples = checked_num_samples(duration_s, sample_rate)
    out = _bursts(samples, sample_rate, rng, per_s=rng.uniform(1.5, 4.0))
    for _ in range(1 + rng.poisson(1.2 * duration_s)):
        add_at(
            out, rng.uniform(0.3, 1.5) * _thump(rng, sample_rate, rng.uniform(18.0, 90.0)), int(rng.integers(samples))
        )
    return normalize_peak(out)


def room_noise(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return the sound of a chest piece off the skin: a low hiss over a faint rumble."""
    samples = checked_num_samples(duration_s, sample_rate)
    grid = frequencies(samples, sample_rate)
    rumble = bell_curve(grid, rng.uniform(15.0, 60.0), 2.0) * np.float32(rng.uniform(1.0, 8.0))
    return normalize_peak(
        shaped_noise((0.3 + rumble) * bandpass_gain(grid, 12.0, rng.uniform(500.0, 1900.0)), samples, rng)
    )


def lost_contact(
    waveform: NDArray[np.float32],
    start_sample: int,
    end_sample: int,
    rng: np.random.Generator,
    sample_rate: int = 4000,
    room_db: float = -42.0,
) -> NDArray[np.float32]:
    """Return a recording in which the chest piece is off the skin for some time.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        Not modified.
    start_sample, end_sample : int
        The heart sound fades out within 0.1 to 0.3 s from the start, and is back at the end; an
        end after the recording means that it does not return.
    rng : numpy.random.Generator
    sample_rate : int
        Hz.
    room_db : float
        Peak of the room noise in between, relative to the peak of the recording.

    Returns
    -------
    ndarray, shape (samples,), float32

    Raises
    ------
    ValueError
        If ``start_sample`` is outside the recording or not before ``end_sample``.
    """
    if not 0 <= start_sample < min(end_sample, len(waveform)):
        raise ValueError(
            f"start_sample={start_sample} must lie inside the recording and before end_sample={end_sample}"
        )
    off, back = (round(seconds * sample_rate) for seconds in rng.uniform(0.1, 0.3, 2))
    at = np.arange(len(waveform))
    away = np.clip((at - start_sample) / off, 0.0, 1.0) * np.clip((end_sample - at) / back, 0.0, 1.0)
    away = (0.5 - 0.5 * np.cos(np.pi * away)).astype(np.float32)  # smooth, so that there is no click
    room = room_noise(len(waveform) / sample_rate, rng, sample_rate)
    level = np.float32(db_to_amplitude(room_db)) * np.abs(waveform).max()
    mixed: NDArray[np.float32] = waveform * (1.0 - away) + level * away * room
    return mixed


def knocks(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return single knocks at irregular times, some of them in quick succession."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = room_noise(duration_s, rng, sample_rate) * np.float32(db_to_amplitude(rng.uniform(-60.0, -25.0)))
    at = rng.uniform(0.0, 0.5)
    while at < duration_s:
        add_at(out, rng.uniform(0.2, 1.0) * _thump(rng, sample_rate, rng.uniform(25.0, 500.0)), round(at * sample_rate))
        at += rng.exponential(0.7) + 0.05 if rng.random() < 0.8 else rng.uniform(0.06, 0.15)
    return normalize_peak(out[:samples])


def clicks(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return the broadband clicks of a loose plug."""
    samples = checked_num_samples(duration_s, sample_rate)
    out = 0.002 * rng.standard_normal(samples)
    count = 1 + rng.poisson(duration_s * rng.uniform(1.0, 30.0))
    out[rng.integers(0, samples, count)] += rng.uniform(-1.0, 1.0, count)
    return normalize_peak(out.astype(np.float32))


def rubbing(duration_s: float, rng: np.random.Generator, sample_rate: int = 4000) -> NDArray[np.float32]:
    """Return the noise of cloth or skin that rubs repeatedly."""
    return normalize_peak(
        _bursts(checked_num_samples(duration_s, sample_rate), sample_rate, rng, per_s=rng.uniform(2.0, 6.0))
    )


def normalize_peak(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a sound scaled to a peak of 1; silence is unchanged."""
    scaled: NDArray[np.float32] = sound / np.float32(np.abs(sound).max() + 1e-12)
    return np.clip(scaled, -1.0, 1.0)


def add_at(out: NDArray[np.float32], sound: NDArray[np.floating], start: int) -> None:
    """Add a sound to ``out`` from a sample on, in place; samples outside are dropped."""
    begin, end = max(0, start), min(len(out), start + len(sound))
    if begin < end:
        out[begin:end] += sound[begin - start : end - start].astype(np.float32)


def _thump(rng: np.random.Generator, sample_rate: int, pitch_hz: float) -> NDArray[np.float64]:
    """Return a damped thump of 0.2 s with a peak of about 1."""
    time_s = np.arange(round(0.2 * sample_rate)) / sample_rate
    blow = np.sin(2.0 * np.pi * pitch_hz * time_s * (1.0 - 0.8 * time_s)) * np.exp(-time_s / rng.uniform(0.008, 0.04))
    scrape = rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.004) * rng.uniform(0.0, 0.5)
    shaped: NDArray[np.float64] = (blow + scrape) * np.linspace(1.0, 0.0, len(time_s))
    return shaped


def _bursts(samples: int, sample_rate: int, rng: np.random.Generator, per_s: float) -> NDArray[np.float32]:
    """Return amplitude-modulated noise of 50 to 1500 Hz in bursts of 0.05 to 0.6 s."""
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

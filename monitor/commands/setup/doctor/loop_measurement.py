"""What became of a known sound on its way through an output, a cable and an input. Pure.

The sound has a sweep before and one after what matters: where they come back tells delay and sample rate, and between
them every sample is compared with the one that was sent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.resample import resampled

__all__ = ["Loop", "Sent", "measured", "sent_sound"]

LEAD_S = 2.5
"""Silence first: a sound server that was idle may swallow up to two seconds of what it is given."""
SWEEP_S, SWEEP_HZ = 0.06, (60.0, 1500.0)
PAUSE_S = 0.5
TAIL_S = 1.0
PEAK = 0.5
FULL_SCALE = 32_768.0
"""The samples are multiples of its inverse, which a device of 16 bits or more can pass on unchanged."""
MIN_LIKENESS = 0.5
"""Of a sweep, correlation: below it, it has not come back. Noise as loud as the sweep leaves .7."""
TAPS = 32
"""Of the windowed sinc that reads between two samples; its error is below -80 dB up to 0.8 of the highest frequency."""
CHUNK = 16_384
FITS = 3


class Sent(NamedTuple):
    """A sound to be played.

    Attributes
    ----------
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    sweeps : tuple of int
        Where the two sweeps begin.
    heart : tuple of (int, int)
        Where the sound that matters begins and ends.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    sweeps: tuple[int, int]
    heart: tuple[int, int]


class Loop(NamedTuple):
    """What came back.

    Attributes
    ----------
    first_sample : float
        Of what was captured, where the first sweep begins.
    rate_error_ppm : float
        By how much more samples were captured than were played, in millionths.
    gain_db : float
        What was captured relative to what was played.
    peak : float
        Largest magnitude captured between the sweeps, 1 for full scale.
    exact : bool
        Whether every sample between the sweeps is the one that was played.
    snr_db : float
        Level of what was played, with the gain, over that of all that differs; infinite where nothing does.
    heart : ndarray, shape (samples,), float32
        The captured sound that matters.
    """

    first_sample: float
    rate_error_ppm: float
    gain_db: float
    peak: float
    exact: bool
    snr_db: float
    heart: NDArray[np.float32]


def sent_sound(heart: NDArray[np.float32], heart_rate_hz: int, sample_rate: int) -> Sent:
    """Return a sound to be played at a sample rate, around a heart.

    Parameters
    ----------
    heart : ndarray, shape (samples,), float32
    heart_rate_hz : int
        Its sample rate, Hz.
    sample_rate : int
        Of the device, Hz, 4000 or more.
    """
    core = resampled(heart, heart_rate_hz, sample_rate) if sample_rate != heart_rate_hz else heart
    core = core * (PEAK / max(float(np.abs(core).max(initial=0.0)), 1e-9))
    sweep = _sweep(sample_rate)
    pause, lead, tail = (np.zeros(round(s * sample_rate), np.float32) for s in (PAUSE_S, LEAD_S, TAIL_S))
    waveform = np.concatenate((lead, sweep, pause, core, pause, sweep, tail))
    waveform = np.rint(waveform * FULL_SCALE).astype(np.float32) / np.float32(FULL_SCALE)
    first = len(lead)
    heart_from = first + len(sweep) + len(pause)
    heart_to = heart_from + len(core)
    return Sent(waveform, sample_rate, (first, heart_to + len(pause)), (heart_from, heart_to))


def _sweep(sample_rate: int) -> NDArray[np.float32]:
    """Return a tone that rises, faded in and out."""
    time_s = np.arange(round(SWEEP_S * sample_rate)) / sample_rate
    low, high = SWEEP_HZ
    phase = 2.0 * np.pi * (low * time_s + (high - low) * time_s**2 / (2.0 * SWEEP_S))
    swept: NDArray[np.float32] = (PEAK * np.sin(phase) * np.hanning(len(time_s))).astype(np.float32)
    return swept


def measured(sent: Sent, captured: NDArray[np.float32]) -> Loop | None:
    """Return what came back of a sound; None where it did not.

    Parameters
    ----------
    sent : Sent
    captured : ndarray, shape (samples,), float32
        From before the sound was played until after it.
    """
    sweep = sent.waveform[sent.sweeps[0] : sent.sweeps[0] + round(SWEEP_S * sent.sample_rate)]
    places = _places(captured, sweep, sent.sweeps[1] - sent.sweeps[0], round(PAUSE_S / 2 * sent.sample_rate))
    if places is None:
        return None
    first, second = places
    pace = (second - first) / (sent.sweeps[1] - sent.sweeps[0])
    begin = first + (sent.heart[0] - sent.sweeps[0]) * pace
    end = begin + (sent.heart[1] - sent.heart[0]) * pace
    heart = captured[max(0, round(begin)) : round(end)]
    wanted = sent.waveform[sent.heart[0] : sent.heart[1]]
    exact = len(heart) == len(wanted) and np.array_equal(heart, wanted)
    if not exact:
        begin, pace = _fitted(captured, wanted, begin, pace)
    warped = heart if exact else _read_at(captured, begin + pace * np.arange(len(wanted), dtype=np.float64))
    gain = float(np.dot(warped, wanted) / np.dot(wanted, wanted))
    rest = warped - gain * wanted
    snr = math.inf if exact else _db(gain**2 * float(np.mean(wanted**2)), float(np.mean(rest**2)))
    return Loop(
        first_sample=begin - (sent.heart[0] - sent.sweeps[0]) * pace,
        rate_error_ppm=(pace - 1.0) * 1e6,
        gain_db=_db(gain**2, 1.0) if gain else -math.inf,
        peak=float(np.abs(heart).max(initial=0.0)),
        exact=exact,
        snr_db=snr,
        heart=heart,
    )


def _fitted(
    captured: NDArray[np.float32], wanted: NDArray[np.float32], begin: float, pace: float
) -> tuple[float, float]:
    """Return beginning and pace, of the samples of a sound, at which what was captured is most like it.

    Gauss-Newton steps from a beginning and a pace that are right to within a part of a sample.
    """
    index = np.arange(len(wanted), dtype=np.float64)
    for _ in range(FITS):
        warped = _read_at(captured, begin + index * pace)
        slope = np.gradient(warped)
        columns = np.stack((wanted, -slope, -slope * index / len(index)), axis=1)  # (samples, 3)
        _, shift, stretch = np.linalg.lstsq(columns, warped, rcond=None)[0].tolist()
        if not (abs(shift) < 1.0 and abs(stretch) < 1.0):  # another sound: no fit
            break
        begin, pace = begin + shift, pace + stretch / len(index)
    return begin, pace


def _places(
    captured: NDArray[np.float32], sweep: NDArray[np.float32], distance: int, tolerance: int
) -> tuple[float, float] | None:
    """Return where two sweeps begin that are about a distance apart; None where they are not there."""
    if len(captured) < distance + tolerance + len(sweep):
        return None
    likeness = np.abs(_likeness(captured, sweep))  # an input may turn the sound over
    pairs = likeness[:-distance] + likeness[distance:]
    about = int(np.argmax(pairs))
    found = []
    for place in (about, about + distance):
        begin = max(0, place - tolerance)
        peak = begin + int(np.argmax(likeness[begin : place + tolerance]))
        if likeness[peak] < MIN_LIKENESS:
            return None
        found.append(_summit(likeness, peak))
    return found[0], found[1]


def _likeness(sound: NDArray[np.float32], part: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the correlation of a part with every place of a sound, ``(places,)``, in [-1, 1]."""
    size = 1 << (len(sound) + len(part)).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(part, size))
    products = np.fft.irfft(spectrum, size)[: len(sound) - len(part) + 1]
    energies = np.concatenate(([0.0], np.cumsum(np.square(sound, dtype=np.float64))))
    energy = np.maximum(energies[len(part) :] - energies[: -len(part)], 1e-9)
    likeness: NDArray[np.float64] = products / np.sqrt(energy * float(np.sum(np.square(part, dtype=np.float64))))
    return likeness


def _summit(values: NDArray[np.float64], peak: int) -> float:
    """Return the place of a peak between the samples: the summit of a parabola through three of them."""
    if not 0 < peak < len(values) - 1:
        return float(peak)
    before, at, after = values[peak - 1 : peak + 2].tolist()
    bend = before - 2.0 * at + after
    shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return peak + shift if abs(shift) > 1e-3 else float(peak)


def _read_at(sound: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a sound read at places between its samples, ``(places,)``; zeros beyond its ends."""
    padded = np.pad(sound.astype(np.float64), TAPS)
    read = np.empty(len(places))
    offsets = np.arange(-TAPS // 2 + 1, TAPS // 2 + 1)
    for start in range(0, len(places), CHUNK):
        part = np.clip(places[start : start + CHUNK], -TAPS / 2, len(sound) + TAPS / 2 - 1)
        whole = np.floor(part).astype(np.int64)
        distance = (part - whole)[:, None] - offsets  # (places, taps)
        kernel = np.sinc(distance) * np.square(np.cos(np.pi * distance / (TAPS + 2)))
        read[start : start + CHUNK] = np.sum(padded[whole[:, None] + offsets + TAPS] * kernel, axis=1)
    return read


def _db(power: float, reference: float) -> float:
    """Return a ratio of powers in dB."""
    return 10.0 * math.log10(max(power, 1e-30) / max(reference, 1e-30))

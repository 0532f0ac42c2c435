"""A synthetic phonocardiogram: heart sound in which every beat is known.

The demo plays it, and training uses it for rhythms that no data set annotates. A few heart sounds are
synthesized once and placed at every beat, and noise is shaped in the frequency domain, so five
seconds at 4000 Hz take a few milliseconds. Pure NumPy; the same generator state gives the same
sound. Safe on any thread; knows nothing of devices, files or networks.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from monitor.synthesis.artifacts import add_at
from monitor.synthesis.noise import (
    bandpass_gain,
    bandpass_response,
    bell_curve,
    checked_num_samples,
    db_to_amplitude,
    equalize,
    frequencies,
    shaped_noise,
)
from monitor.synthesis.parameters import BackgroundNoise, HeartParameters, HeartSound, Murmur, MurmurShape
from monitor.synthesis.rhythm import Beats, synthesize_beats

__all__ = ["SyntheticSound", "phonocardiogram"]

MARGIN_S = 0.35
"""Synthesized beyond both ends and cut off: longer than a heart sound and than the wrap-around of the filters."""

MAX_DIASTOLE_S = 0.6
"""Longest part of diastole that a murmur is placed in: later there is no flow, however slow the heart."""

SILENT_DB = -100.0

PRESYSTOLIC_S = 0.14
"""Longest part of diastole that the atria contract in. Source: P waves begin 0.12 to 0.2 s before the QRS complex."""

SILENT_S2 = 0.02
"""An ectopic beat whose second sound is softer than this, as a factor, has no audible second sound."""

COLOUR_HZ = np.array([15.6, 31.2, 62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0])

SHAPES: dict[MurmurShape, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "plateau": ((0.0, 0.08, 0.5, 0.92, 1.0), (0.0, 0.9, 1.0, 0.9, 0.0)),
    "diamond": ((0.0, 0.25, 0.5, 0.75, 1.0), (0.0, 0.45, 1.0, 0.45, 0.0)),
    "decrescendo": ((0.0, 0.06, 0.3, 0.6, 1.0), (0.0, 1.0, 0.6, 0.25, 0.0)),
    "crescendo": ((0.0, 0.4, 0.75, 0.94, 1.0), (0.0, 0.25, 0.6, 1.0, 0.0)),
    "rumble": ((0.0, 0.2, 0.45, 0.7, 0.9, 1.0), (0.0, 1.0, 0.6, 0.35, 0.7, 0.0)),
}
"""Envelope of a murmur: positions and amplitudes of the corner points. Source: the figures in Leatham,
Auscultation of the Heart and Phonocardiography; the rumble rises again before the first sound."""


@dataclasses.dataclass(frozen=True, slots=True)
class SyntheticSound:
    """A synthetic recording and its ground truth.

    Attributes
    ----------
    waveform : ndarray, shape (samples,), float32
        From -1 to 1.
    sample_rate : int
        Hz.
    beats : Beats
        The beats whose first sound begins inside.
    parameters : HeartParameters
        The parameters of the synthesis.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    beats: Beats
    parameters: HeartParameters


def phonocardiogram(
    duration_s: float, parameters: HeartParameters, rng: np.random.Generator, sample_rate: int = 4000
) -> SyntheticSound:
    """Return a synthetic recording of a heart.

    Parameters
    ----------
    duration_s : float
        Up to 3600 s.
    parameters : HeartParameters
    rng : numpy.random.Generator
        The same state gives the same sound.
    sample_rate : int
        Hz, 1000 to 192000.

    Returns
    -------
    SyntheticSound

    Raises
    ------
    ValueError
        If the duration or the rate is out of range.

    Examples
    --------
    >>> sound = phonocardiogram(5.0, HeartParameters(), np.random.default_rng(0))
    >>> sound.waveform.shape, sound.sample_rate, sound.parameters.label
    ((20000,), 4000, 'normal')
    >>> len(sound.beats.s1_samples)  # 72 beats per minute
    6
    """
    samples = checked_num_samples(duration_s, sample_rate)
    margin = round(MARGIN_S * sample_rate)
    total = samples + 2 * margin
    phase = rng.uniform(0.0, 2.0 * np.pi)
    beats = synthesize_beats(
        samples / sample_rate,
        MARGIN_S + 0.9,
        parameters.rhythm,
        phase,
        parameters.breathing_bpm / 60.0,
        rng,
        sample_rate,
    )
    breathing = np.arange(-margin, total - margin, dtype=np.float32)
    breathing *= np.float32(2.0 * np.pi * parameters.breathing_bpm / (60.0 * sample_rate))
    breathing += np.float32(phase)
    synthesis = _Synthesis(parameters, beats, np.sin(breathing), margin, sample_rate, rng)
    waveform = synthesis.sound()[margin : margin + samples]
    waveform *= np.float32(parameters.peak / (np.abs(waveform).max() + 1e-9))
    ground_truth = beats.inside(samples)
    if parameters.ectopic_s2 < SILENT_S2:
        ground_truth.s2_samples[ground_truth.ectopic] = -1
    return SyntheticSound(np.clip(waveform, -1.0, 1.0), sample_rate, ground_truth, parameters)


class _Synthesis:
    """The components of one recording, before they are scaled.

    Notes
    -----
    Exists for one call. The steps share one random generator, so their order determines the sound.
    """

    def __init__(
        self,
        parameters: HeartParameters,
        beats: Beats,
        breath: NDArray[np.float32],
        margin: int,
        sample_rate: int,
        rng: np.random.Generator,
    ) -> None:
        self.parameters, self.beats, self.breath = parameters, beats, breath
        self.margin, self.sample_rate, self.rng = margin, sample_rate, rng
        self.timbre = rng if parameters.timbre is None else np.random.default_rng(parameters.timbre)
        self.grid = frequencies(len(breath), sample_rate)
        at = np.clip(beats.s1_samples + margin, 0, len(breath) - 1)
        self.beat_breath = breath[at]  # at each first sound, -1 to 1
        self.after_pause = np.concatenate(([False], beats.ectopic[:-1]))

    def sound(self) -> NDArray[np.float32]:
        """Return the recording with margins, not yet scaled."""
        heart = self._heart()
        if self.parameters.murmur is not None:
            heart += self._murmur(self.parameters.murmur)
        heart += self._lungs()
        heart = equalize(heart, self._device())
        noise = self._noise(self.parameters.background)
        noise *= np.abs(heart).max()
        heart += noise
        return heart

    def _heart(self) -> NDArray[np.float32]:
        """Return all heart sounds; the first sound has a peak of about 1."""
        s, beats, rng = self.parameters, self.beats, self.rng
        out = np.zeros(len(self.breath), np.float32)
        spread = s.loudness_spread * rng.standard_normal(len(beats.ectopic))
        loud = np.clip(1.0 - s.breathing_loudness * self.beat_breath + spread, 0.25, 2.0) * np.where(
            self.after_pause, 1.12, 1.0
        )
        first = loud * np.where(beats.ectopic, s.ectopic_s1, 1.0)
        second = loud * np.where(beats.ectopic, s.ectopic_s2, 1.0) * db_to_amplitude(s.s2.level_db)
        self._place(out, s.s1, beats.s1_samples, first)
        narrow, wide = s.split_s
        split = narrow + (wide - narrow) * 0.5 * (1.0 + self.beat_breath)
        pulmonary = beats.s2_samples + np.round(split * self.sample_rate).astype(np.int64)
        self._place(out, s.s2, beats.s2_samples, second)
        self._place(out, s.s2, pulmonary, second * rng.uniform(0.2, 0.6))
        soft = HeartSound(pitch_hz=rng.uniform(25.0, 45.0), duration_s=0.09, snap_db=-60.0)
        third, fourth = (rng.uniform((0.12, 0.08), (0.18, 0.14)) * self.sample_rate).astype(np.int64)
        self._place(out, soft, beats.s2_samples + third, loud * db_to_amplitude(s.s3_db))
        self._place(out, soft, beats.s1_samples - fourth, loud * db_to_amplitude(s.s4_db))
        if s.opening_snap_db > SILENT_DB:
            snap = HeartSound(pitch_hz=rng.uniform(60.0, 110.0), duration_s=0.05, snap_db=rng.uniform(0.0, 9.0))
            delay = round(s.opening_snap_s * self.sample_rate)
            self._place(out, snap, beats.s2_samples + delay, loud * db_to_amplitude(s.opening_snap_db))
        return out

    def _place(
        self, out: NDArray[np.float32], kind: HeartSound, at: NDArray[np.int64], loud: NDArray[np.float64]
    ) -> None:
        """Add a heart sound at every position, in place, each time slightly different."""
        if loud.max() < 1e-6:
            return
        components = _components(kind, self.sample_rate, self.timbre)
        weights = 1.0 + 0.2 * self.rng.standard_normal((len(at), len(components)))
        sounds = ((weights * loud[:, None]).astype(np.float32)) @ components  # (positions, samples)
        for start, sound in zip((at + self.margin).tolist(), sounds, strict=True):
            add_at(out, sound, start)

    def _murmur(self, murmur: Murmur) -> NDArray[np.float32]:
        """Return the murmur: shaped noise with an envelope in each cycle."""
        rate, beats = self.sample_rate, self.beats
        noise = shaped_noise(bell_curve(self.grid, murmur.centre_hz, murmur.width_octaves), len(self.breath), self.rng)
        if murmur.phase == "systolic":
            begin, end = beats.s1_samples, beats.s2_samples
        else:
            latest = beats.s2_samples[:-1] + round(MAX_DIASTOLE_S * rate)
            begin, end = beats.s2_samples[:-1], beats.s1_samples[1:]
            if murmur.presystolic_db <= SILENT_DB:
                end = np.minimum(end, latest)
        envelope = np.zeros(len(noise), np.float32)
        position, amplitude = map(np.array, SHAPES[murmur.shape])
        if murmur.shape == "diamond":
            position = np.interp(position, (0.0, 0.5, 1.0), (0.0, murmur.peak, 1.0))
        for first, last, level in zip(begin + self.margin, end + self.margin, self._flow(murmur), strict=False):
            start = round(first + murmur.interval[0] * (last - first))
            stop = round(first + murmur.interval[1] * (last - first))
            inside = slice(max(0, start), max(0, stop))
            fraction = (np.arange(inside.start, min(len(noise), inside.stop)) - start) / (stop - start)
            envelope[inside] = level * np.interp(fraction, position, amplitude)
            if murmur.presystolic_db > SILENT_DB:
                ratio = db_to_amplitude(murmur.presystolic_db - murmur.level_db)
                self._add_presystole(envelope, int(first), int(last), level * ratio)
        noise *= envelope
        return noise

    def _add_presystole(self, envelope: NDArray[np.float32], first: int, last: int, level: float) -> None:
        """Raise the envelope of a murmur towards the first sound that ends a diastole, in place."""
        begin = max(0, first, last - round(PRESYSTOLIC_S * self.sample_rate))
        rising = slice(begin, max(begin, min(len(envelope), last)))
        part = np.arange(rising.stop - rising.start, dtype=np.float32) / max(1, last - begin)
        envelope[rising] = np.maximum(envelope[rising], np.float32(level) * part)

    def _flow(self, murmur: Murmur) -> NDArray[np.float64]:
        """Return the amplitude of the murmur at each beat: less flow in an ectopic beat, more after the pause."""
        loud = np.where(self.beats.ectopic, 0.6, np.where(self.after_pause, 1.35, 1.0))
        loud *= self.rng.uniform(0.75, 1.25, len(loud)) * db_to_amplitude(murmur.level_db)
        loud *= 1.0 + self.rng.uniform(-0.3, 0.3) * self.beat_breath
        return loud

    def _lungs(self) -> NDArray[np.float32]:
        """Return the breath sounds: louder in inspiration than in expiration."""
        s = self.parameters.background
        inward, outward = db_to_amplitude(s.lungs_db), db_to_amplitude(s.lungs_db) * self.rng.uniform(0.1, 0.5)
        flow = self.breath * np.where(self.breath > 0, np.float32(inward), np.float32(-outward)) * np.abs(self.breath)
        noise = shaped_noise(bell_curve(self.grid, s.lungs_hz, 2.2), len(self.breath), self.rng)
        noise *= flow
        return noise

    def _device(self) -> NDArray[np.complex64]:
        """Return the frequency response of chest and stethoscope."""
        low_hz, high_hz = self.parameters.band_hz
        colour = np.interp(np.log2(self.grid), np.log2(COLOUR_HZ), np.array(self.parameters.colour_db))
        response = bandpass_response(self.grid, low_hz, high_hz)
        response *= np.exp2(colour.astype(np.float32) * np.float32(1.0 / 6.02))
        return response

    def _noise(self, s: BackgroundNoise) -> NDArray[np.float32]:
        """Return the background noise, relative to the peak of the heart sound."""
        fall = np.maximum(self.grid * np.float32(1.0 / 50.0), 0.6) ** np.float32(-s.noise_slope_db / 6.02)
        dark = fall * bandpass_gain(self.grid, 8.0, 1800.0)
        power = np.square(dark) * np.float32(db_to_amplitude(2.0 * s.noise_db) / np.square(dark).mean())
        power += np.float32(db_to_amplitude(2.0 * s.hiss_db))
        self._add_tones(power, s.hum_db, s.hum_hz * np.arange(1, 6))
        self._add_tones(power, s.whistle_db, self.rng.uniform(300.0, 1600.0, 3))
        noise = shaped_noise(np.sqrt(power), len(self.breath), self.rng, normalize=False)
        self._add_knocks(noise, s)
        return noise

    def _add_tones(self, power: NDArray[np.float32], level_db: float, pitches_hz: NDArray[np.floating]) -> None:
        """Add steady tones of random power, the strongest near ``level_db``, to a power spectrum in place."""
        weights = self.rng.uniform(0.05, 1.0, len(pitches_hz)) ** 4
        bins = np.round(pitches_hz / self.grid[1]).astype(np.int64)
        inside = bins < 0.9 * len(power)
        power[bins[inside]] += (weights[inside] * db_to_amplitude(2.0 * level_db) * len(power)).astype(np.float32)

    def _add_knocks(self, noise: NDArray[np.float32], s: BackgroundNoise) -> None:
        """Add knocks at irregular times, in place."""
        count = self.rng.poisson(s.knocks_per_s * len(noise) / self.sample_rate)
        if count == 0:
            return
        knock = HeartSound(pitch_hz=self.rng.uniform(30.0, 200.0), duration_s=self.rng.uniform(0.03, 0.12), snap_db=6.0)
        at = self.rng.integers(-self.margin, len(noise) - self.margin, count)
        self._place(noise, knock, at, db_to_amplitude(s.knocks_db) * self.rng.uniform(0.1, 1.0, count))


def _components(kind: HeartSound, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the components of a heart sound.

    Each is a vibration with attack, decay and a slight glide of the frequency; their sum has a
    peak of 1. Source: the damped, gliding components of Xu, Durand and Pibarot, IEEE Trans
    Biomed Eng 47:1328 (2000) and 48:277 (2001).

    Returns
    -------
    ndarray, shape (components, samples), float32
        Three for the body of the sound, two for the valves and two for the sharp onset.
    """
    length = max(2, round(1.25 * kind.duration_s * sample_rate))
    snap = 0.8 * db_to_amplitude(kind.snap_db)
    pitch = np.concatenate((rng.uniform(0.65, 1.4, 3), rng.uniform(1.5, 3.2, 2))) * kind.pitch_hz
    pitch = np.concatenate((pitch, rng.uniform(90.0, 600.0, 2)))
    delay = np.concatenate((rng.uniform(0.0, 0.02, 3), rng.uniform(0.002, 0.03, 2), rng.uniform(0.005, 0.028, 2)))
    attack = np.concatenate((rng.uniform(0.004, 0.015, 3), rng.uniform(0.002, 0.006, 2), rng.uniform(5e-5, 4e-4, 2)))
    delay -= delay.min()
    decay = kind.duration_s * np.concatenate((rng.uniform(0.12, 0.27, 3), rng.uniform(0.06, 0.16, 2)))
    decay = np.concatenate((decay, rng.uniform(0.4, 1.1, 2) / pitch[5:]))
    strength = np.concatenate((rng.uniform(0.5, 1.0, 3), rng.uniform(0.3, 1.0, 2), snap * rng.uniform(0.3, 1.0, 2)))
    angle = np.concatenate((rng.uniform(-0.5, 0.5, 5), rng.uniform(-np.pi, np.pi, 2)))
    glide = rng.uniform(-3.0, 3.0, 7)
    since = np.arange(length, dtype=np.float32) / np.float32(sample_rate) - _column(delay)
    np.maximum(since, 0.0, out=since)
    parts: NDArray[np.float32] = np.sin(
        _column(2.0 * np.pi * pitch) * since * (1.0 + _column(glide) * since) + _column(angle)
    )
    parts *= np.exp(since * _column(-1.0 / decay))
    parts *= _column(strength) * (1.0 - np.exp(since * _column(-1.0 / attack)))
    parts *= np.minimum(1.0, np.arange(length, 0, -1, dtype=np.float32) / np.float32(0.25 * length))
    parts /= np.abs(parts.sum(axis=0)).max() + np.float32(1e-9)
    return parts


def _column(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return one value per component, as a column."""
    return values.astype(np.float32)[:, None]

"""Synthetic heart sounds with known rhythm, and synthetic non-cardiac sounds, as training examples."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from monitor.features.spec import SpectrogramSpec
from monitor.labels import EXTRASTOLE, MURMUR, NON_CARDIAC
from monitor.synthesis.diastolic import random_diastolic
from monitor.synthesis.non_cardiac import random_non_cardiac
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from monitor.synthesis.rhythm import Rhythm
from training.data.audio import Sound, compute_frames
from training.data.recording import LABELS, Recording

__all__ = ["SYNTHETIC_LABELS", "synthesize_sounds"]

SYNTHETIC_LABELS = (*LABELS, NON_CARDIAC)
RARE_EVERY = 8
"""One in so many hearts without ectopic beats has a rate at which recordings are rare, so that a slow or a fast heart
is not taken for an irregular one."""
DIASTOLIC_EVERY = 2
"""One in so many murmurs is a diastolic one of an adult: recordings all but lack them."""
SLOW_BPM, FAST_BPM = (30.0, 45.0), (160.0, 220.0)
MAX_RESPIRATORY = 0.03

SYNTHETIC = "made sounds"
"""Source and patient prefix. Bootstrap resamples follow the order of such names, so a change would move intervals."""


def synthesize_sounds(label: str, count: int, seed: int, spec: SpectrogramSpec) -> list[Sound]:
    """Return synthetic sounds of one label, each one window long and from a generator of its own.

    Parameters
    ----------
    label : str
        One of SYNTHETIC_LABELS.
    count : int
    seed : int
    spec : SpectrogramSpec

    Raises
    ------
    ValueError
        If there is no generator for the label.
    """
    if label not in SYNTHETIC_LABELS:
        raise ValueError(f"label={label!r} must be one of {', '.join(SYNTHETIC_LABELS)}")
    kind = SYNTHETIC_LABELS.index(label)
    return [_synthesize(label, np.random.default_rng([seed, kind, index]), index, spec) for index in range(count)]


def _rare_rhythm(rhythm: Rhythm, rng: np.random.Generator) -> Rhythm:
    """Return a regular rhythm at a slow or a fast rate."""
    slowest, fastest = SLOW_BPM if rng.random() < 0.5 else FAST_BPM
    rate = float(np.exp(rng.uniform(np.log(slowest), np.log(fastest))))
    respiratory = min(rhythm.respiratory, MAX_RESPIRATORY)
    return dataclasses.replace(rhythm, kind="regular", heart_rate_bpm=rate, respiratory=respiratory)


def _synthesize(label: str, rng: np.random.Generator, index: int, spec: SpectrogramSpec) -> Sound:
    """Return one synthetic sound."""
    if label == NON_CARDIAC:
        waveform = random_non_cardiac(spec.window_s, rng, spec.sample_rate)
    else:
        diastolic = label == MURMUR and index % DIASTOLIC_EVERY == 1
        parameters = random_diastolic(rng) if diastolic else random_parameters(rng, label=label)
        if label != EXTRASTOLE and index % RARE_EVERY == 0:
            parameters = dataclasses.replace(parameters, rhythm=_rare_rhythm(parameters.rhythm, rng))
        waveform = phonocardiogram(spec.window_s, parameters, rng, spec.sample_rate).waveform
    recording = Recording(Path(f"{label}-{index}"), (label,), f"{SYNTHETIC}/{label}-{index}", SYNTHETIC)
    ectopic = None if label == NON_CARDIAC else label == EXTRASTOLE
    return Sound(recording, compute_frames(waveform, spec), spec.window_samples, ectopic)

"""Made heart sounds with known rhythm, and made sounds that are no heart, as training material."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monitor.features.spec import SpectrogramSpec
from monitor.synthesis.non_cardiac import random_not_heart
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_settings
from training.data.audio import Sound, frames_of
from training.data.recording import EXTRASTOLE, NOT_HEART, Recording

__all__ = ["MADE_LABELS", "make_sounds"]

MADE_LABELS = ("normal", "murmur", "extrastole", NOT_HEART)
MADE = "made sounds"


def make_sounds(label: str, count: int, seed: int, spec: SpectrogramSpec) -> list[Sound]:
    """Return made sounds of one label, each one window long and with a generator of its own.

    Parameters
    ----------
    label : str
        One of MADE_LABELS.
    count : int
    seed : int
    spec : SpectrogramSpec

    Raises
    ------
    ValueError
        If there is no generator for the label.
    """
    if label not in MADE_LABELS:
        raise ValueError(f"label={label!r} must be one of {', '.join(MADE_LABELS)}")
    kind = MADE_LABELS.index(label)
    return [_make(label, np.random.default_rng([seed, kind, index]), index, spec) for index in range(count)]


def _make(label: str, rng: np.random.Generator, index: int, spec: SpectrogramSpec) -> Sound:
    """Return one made sound."""
    if label == NOT_HEART:
        waveform = random_not_heart(spec.window_s, rng, spec.sample_rate)
    else:
        waveform = phonocardiogram(spec.window_s, random_settings(rng, label=label), rng, spec.sample_rate).waveform
    recording = Recording(Path(f"{label}-{index}"), (label,), f"{MADE}/{label}-{index}", MADE)
    premature = None if label == NOT_HEART else label == EXTRASTOLE
    return Sound(recording, frames_of(waveform, spec), spec.window_samples, premature)

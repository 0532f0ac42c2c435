"""Made heart sounds with known rhythm, and made sounds that are no heart, as training material."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monitor.features.spec import SpectrogramSpec
from monitor.synthesis.non_cardiac import random_non_cardiac
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters
from training.data.audio import Sound, frames_of
from training.data.recording import EXTRASTOLE, NON_CARDIAC, Recording

__all__ = ["MADE_LABELS", "synthesize_sounds"]

MADE_LABELS = ("normal", "murmur", "extrastole", NON_CARDIAC)
MADE = "made sounds"


def synthesize_sounds(label: str, count: int, seed: int, spec: SpectrogramSpec) -> list[Sound]:
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
    if label == NON_CARDIAC:
        waveform = random_non_cardiac(spec.window_s, rng, spec.sample_rate)
    else:
        waveform = phonocardiogram(spec.window_s, random_parameters(rng, label=label), rng, spec.sample_rate).waveform
    recording = Recording(Path(f"{label}-{index}"), (label,), f"{MADE}/{label}-{index}", MADE)
    premature = None if label == NON_CARDIAC else label == EXTRASTOLE
    return Sound(recording, frames_of(waveform, spec), spec.window_samples, premature)

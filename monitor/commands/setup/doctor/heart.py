"""A synthetic heart through the pipeline and the network of a bundle, as in a live run."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.array import ArraySource
from monitor.commands.setup.doctor.check import Check
from monitor.errors import BundleError
from monitor.inference.bundle import load_bundle
from monitor.labels import NORMAL
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import SyntheticSound, phonocardiogram

__all__ = ["check_heard", "check_heart", "heart_sound"]

HEART_S = 12.0
SEED = 72
MAX_ERROR_BPM = 3.0

MODEL_STEP = "install auscult again, or check the bundle: auscult models"
HEARD_STEP = "see the lines above: what comes back is not what was played"


def heart_sound() -> SyntheticSound:
    """Return twelve seconds of a healthy heart."""
    return phonocardiogram(HEART_S, HeartParameters(), np.random.default_rng(SEED))


def check_heart(model: str) -> Check:
    """Return whether a healthy synthetic heart is taken for one, at its own rate, faster than it beats.

    Parameters
    ----------
    model : str
        Name or folder of the bundle.
    """
    sound = heart_sound()
    return check_heard(sound.waveform, sound.sample_rate, model, "synthetic heart", MODEL_STEP)


def check_heard(
    waveform: NDArray[np.float32], sample_rate: int, model: str, name: str, step: str = HEARD_STEP
) -> Check:
    """Return whether the sound of :func:`heart_sound`, as it is after some way, is taken for a healthy heart.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
    sample_rate : int
        Hz.
    model : str
        Name or folder of the bundle.
    name : str
        Of the check.
    step : str
        What to do where it is taken for something else.
    """
    try:
        bundle = load_bundle(model)
    except BundleError as error:
        return Check(name, "failed", error.message, error.next_step)
    begin_s = time.perf_counter()
    with Pipeline(ArraySource(waveform, sample_rate, name="synthetic heart"), bundle) as pipeline:
        windows = list(pipeline.windows())
        summary = pipeline.summary()
    taken_s = time.perf_counter() - begin_s
    truth = HeartParameters().rhythm.heart_rate_bpm
    label, rate = summary.verdict.label, summary.heart_rate_bpm
    facts = {
        "windows": len(windows),
        "label": label,
        "true_bpm": round(truth, 1),
        "heart_rate_bpm": None if rate is None else round(rate, 1),
        "times_real_time": round(HEART_S / taken_s, 1),
        "network": bundle.model_sha256,
    }
    told = "no rate" if rate is None else f"{rate:.0f} bpm"
    finding = (
        f"{label or summary.verdict.state} at {told} (made as {NORMAL} at {truth:.0f} bpm), {len(windows)} windows"
    )
    if NORMAL not in bundle.labels:
        return Check(name, "skipped", f"{finding}; the bundle has no label {NORMAL}", facts=facts)
    if label != NORMAL or rate is None or abs(rate - truth) > MAX_ERROR_BPM:
        return Check(name, "failed", finding, step, facts)
    finding = f"{finding}, {HEART_S / taken_s:.0f} times as fast as it beats"
    if taken_s > HEART_S:
        return Check(name, "failed", finding, "end other programs, or use --engine litert-int8", facts)
    return Check(name, "passed", finding, facts=facts)

"""The heart sounds of a stream: samples in, S1 and S2 out as they are decided, each with how sure it is.

Bands, network and decoder in a row, each of which takes every part of the sound once. However the sound is cut into
blocks, the heart sounds are the same. Belongs to one thread.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.sound_bands import BANDS_RATE, FRAME_HOP_S, NUM_BANDS, StreamingBands, frame_centre_s
from monitor.inference.segmentation.cycle_decoder import LATEST_DECISION, CycleDecoder, DecodedSound
from monitor.inference.segmentation.cycle_network import LEAD_FRAMES, CycleNetwork

__all__ = ["CycleModel", "CycleSegmenter", "Evidence", "HeartSound", "read_segmentation"]

RECENT, FIRST_RECENT = 0.2, 0.5
"""Weight of each new heart sound in the mean probability of those before, and that mean at the beginning."""
MAX_MARGIN = 200.0
FIRST_CENTRE_S = float(frame_centre_s(0))
"""Middle of the first frame, seconds from the start of the sound."""
CHECK_TOLERANCE = 1e-4
MAX_LOG_ODDS = 50.0


class HeartSound(NamedTuple):
    """A heart sound that was found.

    Attributes
    ----------
    is_s1 : bool
        Whether it is S1; else S2.
    at_s : float
        Its middle, seconds of the sound.
    confidence : float
        Probability that it is right: within 60 ms of a heart sound of its name.
    heard_s : float
        Seconds of the sound that had to be heard to decide it.
    """

    is_s1: bool
    at_s: float
    confidence: float
    heard_s: float


@dataclasses.dataclass(frozen=True)
class CycleModel:
    """What a bundle holds for the segmentation.

    Attributes
    ----------
    network : CycleNetwork
        A segmenter takes a copy.
    weights : tuple of float
        From the three kinds of evidence, see :class:`Evidence`, and 1, to the natural log-odds that a heart sound is
        right.
    shown_from : float
        Confidence from which a heart sound is shown.
    """

    network: CycleNetwork
    weights: tuple[float, float, float, float]
    shown_from: float

    @classmethod
    def from_json(cls, content: bytes, values: Mapping[str, Any]) -> CycleModel:
        """Return the model of a bundle, checked.

        Parameters
        ----------
        content : bytes
            Of ``segmentation.tflite``.
        values : mapping
            ``segmentation`` of ``bundle.json``.

        Raises
        ------
        BundleError
            If LiteRT cannot run the network, or it does not give the probabilities that it was shipped with.
        KeyError, TypeError, ValueError
            If a setting is missing or cannot be used.
        """
        weights = tuple(float(weight) for weight in values["confidence"]["weights"])
        shown_from, delay = float(values["confidence"]["shown_from"]), int(values["delay_frames"])
        if len(weights) != 4 or not 0 <= shown_from <= 1 or not 0 <= delay <= 80:
            raise ValueError("segmentation.confidence or segmentation.delay_frames is out of range")
        model = cls(CycleNetwork(content, delay), weights, shown_from)
        expected = np.array(values["check"], np.float64)
        found = np.array(model.network.check())
        if expected.shape != found.shape or not np.abs(expected - found).max() <= CHECK_TOLERANCE:
            raise BundleError("it gives other probabilities than it was shipped with", "train it again")
        return model

    def confidence(self, evidence: tuple[float, float, float]) -> float:
        """Return the probability that a heart sound is right: within 60 ms of one of its name."""
        by_probability, by_margin, by_recent, bias = self.weights
        probability, margin, recent = evidence
        odds = by_probability * probability + by_margin * margin + by_recent * recent + bias
        return 1.0 / (1.0 + math.exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, odds))))


def read_segmentation(path: Path, content: bytes, values: Mapping[str, Any], next_step: str) -> CycleModel:
    """Return the model of the bundle at a path, as :meth:`CycleModel.from_json`.

    Raises
    ------
    BundleError
        If it cannot be used; the message names the bundle, and the next step is the one given.
    """
    try:
        return CycleModel.from_json(content, values)
    except BundleError as error:
        raise BundleError(f"{path}: segmentation.tflite: {error.message}", next_step) from error
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"bundle.json has a setting that cannot be used (segmentation: {error})"
        raise BundleError(f"{path}: {reason}", next_step) from error


class Evidence:
    """What speaks for each heart sound of a stream: its probability, its margin, the probability of those before."""

    def __init__(self) -> None:
        self._recent = FIRST_RECENT

    def of(self, sound: DecodedSound) -> tuple[float, float, float]:
        """Return what speaks for the next heart sound, on logarithmic scales."""
        recent = self._recent
        self._recent += RECENT * (sound.probability - recent)
        return _log_odds(sound.probability), math.log1p(min(sound.margin, MAX_MARGIN)), _log_odds(recent)


def _log_odds(probability: float) -> float:
    """Return the natural log-odds of a probability, within what a few thousand examples can tell."""
    inside = min(max(probability, 0.001), 0.999)
    return math.log(inside / (1.0 - inside))


class CycleSegmenter:
    """Finds the heart sounds of one sound.

    Parameters
    ----------
    model : CycleModel
    beside : CycleSegmenter or None
        Of another sound on the same thread, whose interpreter this one uses too; None for its own.

    Attributes
    ----------
    num_samples : int
        Samples pushed so far.
    latest_bands : ndarray, shape (frames, 12), float32
        What the last samples completed.
    """

    def __init__(self, model: CycleModel, beside: CycleSegmenter | None = None) -> None:
        self._model = model
        self._network: CycleNetwork = model.network.copy(None if beside is None else beside._network)
        self._decoder = CycleDecoder()
        self._frames_to_decision = LEAD_FRAMES + LATEST_DECISION + self._network.delay_frames
        self.num_samples = 0
        self.restart()

    def restart(self) -> None:
        """Begin again with the next sample: what comes does not continue what was."""
        self._start_s = self.num_samples / BANDS_RATE
        self._bands = StreamingBands()
        self.latest_bands = np.empty((0, NUM_BANDS), np.float32)
        self._network.clear()
        self._decoder.clear()
        self._evidence = Evidence()

    def push(self, waveform: NDArray[np.float32]) -> list[HeartSound]:
        """Return the heart sounds that the next samples decide, in the order of their decision.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            At 4000 Hz.
        """
        self.num_samples += len(waveform)
        self.latest_bands = self._bands.push(waveform)
        return self.push_bands(self.latest_bands)

    def push_bands(self, bands: NDArray[np.float32]) -> list[HeartSound]:
        """Return the heart sounds that the next frames decide, where they have been computed elsewhere."""
        return self._decode(self._network.push(bands))

    def finish(self) -> list[HeartSound]:
        """Return the heart sounds that are left at the end of the sound."""
        return self._decode(self._network.finish())

    @property
    def model(self) -> CycleModel:
        """What it segments with."""
        return self._model

    def _decode(self, probabilities: NDArray[np.float32]) -> list[HeartSound]:
        """Return the heart sounds that more probabilities decide."""
        return [self._with_confidence(sound) for sound in self._decoder.push(probabilities)]

    def _with_confidence(self, sound: DecodedSound) -> HeartSound:
        """Return a decoded sound as a message."""
        confidence = self._model.confidence(self._evidence.of(sound))
        at_s = self._start_s + FIRST_CENTRE_S + sound.frame * FRAME_HOP_S
        return HeartSound(sound.is_s1, at_s, confidence, self.heard_s(at_s))

    @property
    def start_s(self) -> float:
        """Seconds of the sound at which it began, or last began again."""
        return self._start_s

    @property
    def decided_s(self) -> float:
        """Seconds of the sound up to which heart sounds are decided."""
        return self._start_s + FIRST_CENTRE_S + self._decoder.decided_frames * FRAME_HOP_S

    def heard_s(self, at_s: float) -> float:
        """Return the seconds of the sound that must be heard to decide a heart sound at a moment.

        The network hears whole chunks, so it is up to a chunk more than the decision needs.
        """
        chunk_frames = self._network.chunk_frames
        frame = round((at_s - self._start_s - FIRST_CENTRE_S) / FRAME_HOP_S)
        last = frame + self._frames_to_decision
        chunk_end = (last // chunk_frames + 1) * chunk_frames - 1 - LEAD_FRAMES
        return self._start_s + 2 * FIRST_CENTRE_S + chunk_end * FRAME_HOP_S

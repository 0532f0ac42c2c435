"""The heart sounds of a stream: samples in, S1 and S2 out as they are decided, each with how sure it is.

Bands, network and decoder in a row, each of which takes every part of the sound once. However the sound is cut into
blocks, the heart sounds are the same. Belongs to one thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.compiled.chunk import ChunkKernel, chunk_kernel
from monitor.features.sound_bands import (
    BANDS_RATE,
    FRAME_HOP_S,
    FRAME_HOP_SAMPLES,
    NUM_BANDS,
    StreamingBands,
    frame_centre_s,
)
from monitor.inference.segmentation.confidence import Confidence, Weights, confidence_of
from monitor.inference.segmentation.cycle_decoder import LATEST_DECISION, CycleDecoder
from monitor.inference.segmentation.cycle_network import LEAD_FRAMES, CycleNetwork, not_finite

__all__ = ["CycleModel", "CycleSegmenter", "HeartSound", "read_segmentation"]

FIRST_CENTRE_S = float(frame_centre_s(0))
"""Middle of the first frame, seconds from the start of the sound."""
CHECK_TOLERANCE = 1e-4


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
        See :data:`~monitor.inference.segmentation.confidence.Weights`.
    shown_from : float
        Confidence from which a heart sound is shown.
    """

    network: CycleNetwork
    weights: Weights
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
        return confidence_of(self.weights, evidence)


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
        What the last samples completed; valid until the next :meth:`push`.
    """

    def __init__(self, model: CycleModel, beside: CycleSegmenter | None = None) -> None:
        self._model = model
        self._network: CycleNetwork = model.network.copy(None if beside is None else beside._network)
        self._decoder = CycleDecoder()
        self._chunk_frames = self._network.chunk_frames
        self._chunk_samples = self._chunk_frames * FRAME_HOP_SAMPLES
        self._frames_to_decision = LEAD_FRAMES + LATEST_DECISION + self._network.delay_frames
        self.num_samples = 0
        self.restart()

    def restart(self) -> None:
        """Begin again with the next sample: what comes does not continue what was."""
        self._start_s = self.num_samples / BANDS_RATE
        self._bands = StreamingBands()
        self._chunks: ChunkKernel | None = None
        self.latest_bands = np.empty((0, NUM_BANDS), np.float32)
        self._network.clear()
        self._decoder.clear()
        self._confidence = Confidence(self._model.weights)

    def push(self, waveform: NDArray[np.float32]) -> list[HeartSound]:
        """Return the heart sounds that the next samples decide, in the order of their decision.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            At 4000 Hz.
        """
        self.num_samples += len(waveform)
        if len(waveform) != self._chunk_samples:
            self._chunks = None
        elif (chunks := self._chunks or self._whole_chunks()) is not None:
            self._chunks = chunks
            decided = self._push_chunk(chunks, waveform)
            if decided is not None:
                return decided
        self.latest_bands = self._bands.push(waveform)
        return self._decode(self._network.push(self.latest_bands))

    def _whole_chunks(self) -> ChunkKernel | None:
        """Return what finds the heart sounds of the next chunks of sound in one call each.

        None where a part is not done in C, or where a chunk of sound does not complete a chunk of frames.
        """
        place = self._bands.place_for(self._chunk_samples) if self._network.hears_all else None
        if place is None:
            return None
        kernels = self._bands.kernel, self._network.kernel, self._decoder.kernel, self._confidence.kernel
        return chunk_kernel(*kernels, *place, self._chunk_samples)

    def _push_chunk(self, chunks: ChunkKernel, waveform: NDArray[np.float32]) -> list[HeartSound] | None:
        """Return the heart sounds that a chunk of sound decides; None where it is too quiet for one call."""
        try:
            decided = chunks.push(waveform)
        except FloatingPointError as error:
            raise not_finite() from error
        if decided is None:
            return None
        self.latest_bands = bands = chunks.latest_bands
        self._bands.note_loud(len(bands))
        self._network.note_heard(bands)
        return [self._heart_sound(name == 1.0, frame, confidence) for name, frame, _, _, confidence in decided]

    def push_bands(self, bands: NDArray[np.float32]) -> list[HeartSound]:
        """Return the heart sounds that the next frames decide, where they have been computed elsewhere."""
        self._chunks = None
        return self._decode(self._network.push(bands))

    def finish(self) -> list[HeartSound]:
        """Return the heart sounds that are left at the end of the sound."""
        self._chunks = None
        return self._decode(self._network.finish())

    @property
    def model(self) -> CycleModel:
        """What it segments with."""
        return self._model

    def _decode(self, probabilities: NDArray[np.float32]) -> list[HeartSound]:
        """Return the heart sounds that more probabilities decide."""
        return [
            self._heart_sound(sound.is_s1, sound.frame, self._confidence.of(sound))
            for sound in self._decoder.push(probabilities)
        ]

    def _heart_sound(self, is_s1: bool, frame: float, confidence: float) -> HeartSound:
        """Return what was found at a frame as a message."""
        at_s = self._start_s + FIRST_CENTRE_S + frame * FRAME_HOP_S
        return HeartSound(is_s1, at_s, confidence, self.heard_s(at_s))

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
        chunk_frames = self._chunk_frames
        frame = round((at_s - self._start_s - FIRST_CENTRE_S) / FRAME_HOP_S)
        last = frame + self._frames_to_decision
        chunk_end = (last // chunk_frames + 1) * chunk_frames - 1 - LEAD_FRAMES
        return self._start_s + 2 * FIRST_CENTRE_S + chunk_end * FRAME_HOP_S

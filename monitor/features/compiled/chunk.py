"""The heart sounds of a chunk of sound in one call of C, which then calls bands, layers, decoder and confidence itself.

A hop of a live sound is such a chunk. Several calls, with what Python does between them, take 11 µs more. What each of
the four does, and keeps of the sound, stays with its own kernel.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.confidence import ConfidenceKernel
from monitor.features.compiled.decoder import MAX_PUSH, NUM_STATES, DecoderKernel
from monitor.features.compiled.layers import LayersKernel
from monitor.features.compiled.library import address, library
from monitor.features.compiled.spectra import BandKernel

__all__ = ["ChunkKernel", "chunk_kernel"]

QUIET, NOT_FINITE = -1, -2
"""What C returns instead of a number of heart sounds."""


class _Path(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("num_waiting", "num_samples", "num_frames", "num_bands")),
        *((name, ctypes.c_void_p) for name in ("sound", "bands", "probabilities")),
        *((name, ctypes.c_void_p) for name in ("of_bands", "of_layers", "layers", "of_decoder", "decoder", "sounds")),
        *((name, ctypes.c_void_p) for name in ("of_confidence", "recent")),
    )


class ChunkKernel:
    """Finds the heart sounds of one stream, whose sound comes in whole chunks.

    Parameters
    ----------
    opened : PyDLL
    bands, layers, decoder, confidence
        The kernels of the stream.
    sound : ndarray, shape (waiting + samples or more,), float32
        Begins with the samples that wait for the next ones; must stay where it is.
    num_waiting, num_samples : int
        Samples that wait, and those of a chunk.

    Attributes
    ----------
    latest_bands : ndarray, shape (frames, bands), float32
        Of the latest chunk.
    """

    def __init__(
        self,
        opened: ctypes.PyDLL,
        bands: BandKernel,
        layers: LayersKernel,
        decoder: DecoderKernel,
        confidence: ConfidenceKernel,
        sound: NDArray[np.float32],
        num_waiting: int,
        num_samples: int,
    ) -> None:
        frames = layers.chunk_frames
        self.latest_bands = np.empty((frames, layers.num_bands), np.float32)
        self._incoming = sound[num_waiting : num_waiting + num_samples]
        self._sounds = decoder.sounds
        probabilities = np.empty((frames, NUM_STATES), np.float32)
        self._path = _Path(
            *(num_waiting, num_samples, frames, layers.num_bands),
            *map(address, (sound, self.latest_bands, probabilities)),
            *(bands.settings_at, layers.settings_at, layers.state_at),
            *(decoder.settings_at, decoder.state_at, decoder.sounds_at),
            *(confidence.settings_at, confidence.recent_at),
        )
        self._kept = (bands, layers, decoder, confidence, sound, probabilities)
        self._at = ctypes.addressof(self._path)
        self._run = opened.auscult_chunk

    def push(self, waveform: NDArray[np.float32]) -> list[list[float]] | None:
        """Return what the next chunk decides: name (1: S1), frame, probability, margin and confidence of each sound.

        Parameters
        ----------
        waveform : ndarray, shape (num_samples,)

        Returns
        -------
        list of list of float, or None
            None where a frame is not loud: nothing has then been done.

        Raises
        ------
        FloatingPointError
            If a probability is not finite.
        """
        self._incoming[:] = waveform
        found = self._run(self._at)
        if found > 0:
            decided: list[list[float]] = self._sounds[:found].tolist()
            return decided
        if found == NOT_FINITE:
            raise FloatingPointError("a probability is not finite")
        return [] if found != QUIET else None


def chunk_kernel(
    bands: BandKernel | None,
    layers: LayersKernel | None,
    decoder: DecoderKernel | None,
    confidence: ConfidenceKernel | None,
    sound: NDArray[np.float32],
    num_waiting: int,
    num_samples: int,
) -> ChunkKernel | None:
    """Return a kernel for whole chunks as :class:`ChunkKernel`; None where one of the four is not done in C."""
    opened = library()
    if opened is None or bands is None or layers is None or decoder is None or confidence is None:
        return None
    if layers.chunk_frames > MAX_PUSH:
        return None
    return ChunkKernel(opened, bands, layers, decoder, confidence, sound, num_waiting, num_samples)

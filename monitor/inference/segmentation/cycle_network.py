"""The network that segments the cardiac cycle: bands in, the probability of S1, systole, S2 and diastole out.

It hears a sound once and in order: what it still needs of the past is its memory, which goes in and out of every call.
It always hears :data:`CHUNK_FRAMES` frames at a time, counted from the start of the sound, so a stream and a whole
recording give the same probabilities bit for bit. The probabilities of a frame come when the network has heard
``delay_frames`` frames beyond it. Belongs to one thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.sound_bands import NUM_BANDS
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["CHUNK_FRAMES", "NUM_STATES", "CycleNetwork", "check_bands"]

CHUNK_FRAMES = 20
"""Frames that the network hears in one call: 0.25 s."""
NUM_STATES = 4
"""S1, systole, S2, diastole."""
MAX_MEMORY = 1 << 20
"""Numbers in the memory of a network, at most: 4 MB."""
CHECK_CHUNKS = 4


class CycleNetwork:
    """The network in LiteRT, on one thread, and its memory of one sound.

    Parameters
    ----------
    content : bytes
        A ``segmentation.tflite`` file.
    delay_frames : int
        Frames that it hears beyond the one it speaks of.
    beside : CycleNetwork or None
        A network of another sound on the same thread, whose interpreter this one uses too; None for its own.

    Attributes
    ----------
    num_heard : int
        Frames heard so far.

    Raises
    ------
    BundleError
        If LiteRT does not accept the file, or it is another network.
    """

    def __init__(self, content: bytes, delay_frames: int, beside: CycleNetwork | None = None) -> None:
        self.content, self.delay_frames = content, delay_frames
        self._interpreter: Any = _interpreter(content) if beside is None else beside._interpreter
        self._bands, self._memory_in = _tensors(self._interpreter.get_input_details(), NUM_BANDS)
        self._probabilities, self._memory_out = _tensors(self._interpreter.get_output_details(), NUM_STATES)
        details = {int(tensor["index"]): tensor for tensor in self._interpreter.get_input_details()}
        self._num_memory = int(details[self._memory_in]["shape"][0])
        self.clear()

    def clear(self) -> None:
        """Forget the sound: another one begins."""
        self._memory = np.zeros(self._num_memory, np.float32)
        self._waiting: list[NDArray[np.float32]] = []
        self._num_waiting = 0
        self.num_heard = 0

    def push(self, bands: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities that the next frames complete.

        Parameters
        ----------
        bands : ndarray, shape (frames, 12), float32
            From :class:`monitor.features.sound_bands.StreamingBands`.

        Returns
        -------
        ndarray, shape (frames, 4), float32
            All calls together give those of frame 0, 1, ...; each row sums to 1.

        Raises
        ------
        BundleError
            If the network gives NaN or infinity.
        """
        if len(bands):
            self._last = bands[-1:].copy()
        self._waiting.append(bands)
        self._num_waiting += len(bands)
        if self._num_waiting < CHUNK_FRAMES:
            return np.empty((0, NUM_STATES), np.float32)
        frames = np.concatenate(self._waiting)
        chunks = len(frames) // CHUNK_FRAMES
        heard = [self._hear(frames[i * CHUNK_FRAMES : (i + 1) * CHUNK_FRAMES]) for i in range(chunks)]
        self._waiting = [frames[chunks * CHUNK_FRAMES :].copy()]
        self._num_waiting = len(self._waiting[0])
        early = max(0, self.delay_frames - self.num_heard)  # they speak of frames before the first
        self.num_heard += chunks * CHUNK_FRAMES
        return np.concatenate(heard)[early:]

    def finish(self) -> NDArray[np.float32]:
        """Return the probabilities of the frames that are left; the sound ends as its last frame sounds."""
        if not self._num_waiting and not self.num_heard:
            return np.empty((0, NUM_STATES), np.float32)
        missing = self._num_waiting + self.delay_frames - max(0, self.delay_frames - self.num_heard)
        padded = -(-(self._num_waiting + self.delay_frames) // CHUNK_FRAMES) * CHUNK_FRAMES
        return self.push(np.repeat(self._last, padded - self._num_waiting, axis=0))[:missing]

    def _hear(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's output for one chunk, and keep its memory."""
        run = self._interpreter
        run.set_tensor(self._bands, frames)
        run.set_tensor(self._memory_in, self._memory)
        run.invoke()
        self._memory = run.get_tensor(self._memory_out)
        probabilities: NDArray[np.float32] = run.get_tensor(self._probabilities)
        if not np.isfinite(probabilities).all():
            raise BundleError("the network for S1 and S2 gives NaN or infinity", "use another bundle: auscult models")
        return probabilities

    def copy(self, beside: CycleNetwork | None = None) -> CycleNetwork:
        """Return the same network for another sound; beside one on the same thread it needs no interpreter."""
        return CycleNetwork(self.content, self.delay_frames, beside)

    def check(self) -> list[float]:
        """Return what the network says of a fixed input: the last four probabilities, as ``bundle.json`` has them."""
        return [round(float(value), 6) for value in self.copy().push(check_bands())[-1]]


def check_bands() -> NDArray[np.float32]:
    """Return the input of the self-check, ``(80, 12)``: a beat of 0.8 s, louder in some bands than in others."""
    frame = np.arange(CHECK_CHUNKS * CHUNK_FRAMES)[:, None]
    band = np.arange(NUM_BANDS)[None, :]
    s1 = np.exp(-(((frame % 64 - 12) / 3.0) ** 2)) * (6.0 - 0.3 * band)
    s2 = np.exp(-(((frame % 64 - 36) / 2.5) ** 2)) * (4.0 - 0.1 * band)
    return np.asarray(s1 + s2 - 12.0 - 0.4 * band, np.float32)


def _interpreter(content: bytes) -> Any:
    """Return LiteRT's interpreter of a network."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with discard_native_stderr():
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BundleError("the network for S1 and S2 is not one that LiteRT can run", "train it again") from error
    return interpreter


def _tensors(details: list[dict[str, Any]], columns: int) -> tuple[int, int]:
    """Return the indices of the frames and of the memory among a network's inputs or outputs."""
    frames = [int(one["index"]) for one in details if tuple(one["shape"]) == (CHUNK_FRAMES, columns)]
    memory = [int(one["index"]) for one in details if len(one["shape"]) == 1 and 0 < one["shape"][0] <= MAX_MEMORY]
    if len(details) != 2 or len(frames) != 1 or len(memory) != 1 or any(one["dtype"] != np.float32 for one in details):
        raise BundleError(f"the network for S1 and S2 has not {CHUNK_FRAMES} frames and a memory", "train it again")
    return frames[0], memory[0]

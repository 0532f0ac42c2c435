"""The network that segments the cardiac cycle: bands in, the probability of S1, systole, S2 and diastole out.

It hears a sound once and in order: what it still needs of the past is its memory, which goes in and out of every call.
It always hears the same number of frames in one call, :data:`CHUNK_FRAMES` with the networks that are trained today,
and the limits between its chunks depend on nothing but the start of the sound, so a stream and a whole recording give
the same probabilities bit for bit. They lie where half a second of sound ends: the frames that a hop of 0.5 s completes
are heard at once. The probabilities of a frame come when the network has heard ``delay_frames`` frames beyond it.
Belongs to one thread. LiteRT runs the network, or the compiled front end where that is installed and gives the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.compiled.layers import CycleLayers, LayersKernel, layers_kernel
from monitor.features.compiled.library import library
from monitor.features.sound_bands import NUM_BANDS
from monitor.inference.segmentation.cycle_layers import read_layers
from monitor.process.native_stderr import discard_native_stderr

__all__ = ["CHUNK_FRAMES", "LEAD_FRAMES", "NUM_STATES", "CycleNetwork", "check_bands", "not_finite"]

CHUNK_FRAMES = 40
"""Frames that a network hears in one call: 0.5 s, the hop between two windows. Older ones hear 20."""
LEAD_FRAMES = 5
"""Frames in front of the sound, all as its first: 0.5 s of sound complete 35 frames, and each further 0.5 s completes
40, so with them a chunk of 40 (or 20) frames ends where 0.5 s, 1 s, ... of sound end."""
NUM_STATES = 4
"""S1, systole, S2, diastole."""
MAX_MEMORY = 1 << 20
"""Numbers in the memory of a network, at most: 4 MB."""
CHECK_FRAMES = 80
SAME = 1e-5
"""Within this of LiteRT's, probabilities of the compiled layers are the same: both round in single precision."""


class CycleNetwork:
    """The network on one thread, and its memory of one sound.

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
    chunk_frames : int
        Frames that it hears in one call.
    num_heard : int
        Frames heard so far, with those in front of the sound.
    kernel : LayersKernel or None
        What runs the layers in C; None where LiteRT does.

    Raises
    ------
    BundleError
        If LiteRT does not accept the file, or it is another network.
    """

    def __init__(self, content: bytes, delay_frames: int, beside: CycleNetwork | None = None) -> None:
        self.content, self.delay_frames = content, delay_frames
        self._interpreter: Any = _interpreter(content) if beside is None else beside._interpreter
        heard, memory = _tensors(self._interpreter.get_input_details(), NUM_BANDS)
        said, memory_out = _tensors(self._interpreter.get_output_details(), NUM_STATES)
        self.chunk_frames, self._num_memory = int(heard["shape"][0]), int(memory["shape"][0])
        if (int(said["shape"][0]), int(memory_out["shape"][0])) != (self.chunk_frames, self._num_memory):
            raise _unfit()
        self._bands, self._memory_in = int(heard["index"]), int(memory["index"])
        self._probabilities, self._memory_out = int(said["index"]), int(memory_out["index"])
        self.kernel: LayersKernel | None = None  # LiteRT runs the network until its layers are known
        self.clear()
        self._layers: CycleLayers | None = self._same_layers() if beside is None else beside._layers
        self.kernel = layers_kernel(self._layers, self.chunk_frames)
        self.clear()

    def clear(self) -> None:
        """Forget the sound: another one begins."""
        if self.kernel is not None:
            self.kernel.clear()
        self._memory = np.zeros(self._num_memory if self.kernel is None else 0, np.float32)
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
            if not self._num_waiting and not self.num_heard:
                self._add(np.repeat(bands[:1], LEAD_FRAMES, axis=0))
            self._last = bands
            self._add(bands)
        size = self.chunk_frames
        if self._num_waiting < size:
            return np.empty((0, NUM_STATES), np.float32)
        frames = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
        chunks, rest = divmod(len(frames), size)
        if chunks == 1:
            probabilities = self._hear(frames[:size] if rest else frames)
        else:
            probabilities = np.concatenate([self._hear(frames[i * size : (i + 1) * size]) for i in range(chunks)])
        self._waiting = [frames[chunks * size :].copy()] if rest else []
        self._num_waiting = rest
        early = max(0, LEAD_FRAMES + self.delay_frames - self.num_heard)  # they speak of frames before the first
        self.num_heard += chunks * size
        return probabilities[early:] if early else probabilities

    @property
    def hears_all(self) -> bool:
        """Whether no frame waits, and each chunk from now on gives as many probabilities as it has frames."""
        return not self._num_waiting and self.num_heard >= LEAD_FRAMES + self.delay_frames

    def note_heard(self, bands: NDArray[np.float32]) -> None:
        """Count the frames of a chunk that was heard by :attr:`kernel` elsewhere."""
        self.num_heard += len(bands)
        self._last = bands

    def _add(self, bands: NDArray[np.float32]) -> None:
        """Take frames that are to be heard."""
        self._waiting.append(bands)
        self._num_waiting += len(bands)

    def finish(self) -> NDArray[np.float32]:
        """Return the probabilities of the frames that are left; the sound ends as its last frame sounds."""
        if not self._num_waiting and not self.num_heard:
            return np.empty((0, NUM_STATES), np.float32)
        missing = self._num_waiting + min(self.delay_frames, self.num_heard - LEAD_FRAMES)
        padded = -(-(self._num_waiting + self.delay_frames) // self.chunk_frames) * self.chunk_frames
        return self.push(np.repeat(self._last[-1:], padded - self._num_waiting, axis=0))[:missing]

    def _hear(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's output for one chunk, and keep its memory."""
        if self.kernel is not None:
            heard = self.kernel.hear(np.ascontiguousarray(frames, np.float32))
        else:
            heard = self._run(frames)
            heard = heard if np.isfinite(heard).all() else None
        if heard is None:
            raise not_finite()
        return heard

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output for one chunk by LiteRT, finite or not, and keep its memory."""
        run = self._interpreter
        run.set_tensor(self._bands, frames)
        run.set_tensor(self._memory_in, self._memory)
        run.invoke()
        self._memory = run.get_tensor(self._memory_out)
        probabilities: NDArray[np.float32] = run.get_tensor(self._probabilities)
        return probabilities

    def _same_layers(self) -> CycleLayers | None:
        """Return the layers that C can run, if they give what LiteRT gives for as long as the network hears back."""
        layers = None if library() is None else read_layers(self._interpreter)
        kernel = layers_kernel(layers, self.chunk_frames)
        if layers is None or kernel is None:
            return None
        size, count = self.chunk_frames * NUM_BANDS, -(-layers.frames_back // self.chunk_frames) + 1
        # a sweep far beyond its sample rate is noise enough, and importing NumPy's generators takes 3 ms
        noise = 2.8 * np.sin(0.7 * np.arange(count * size) ** 2) - 9.0
        for frames in noise.astype(np.float32).reshape(count, self.chunk_frames, NUM_BANDS):
            found, expected = kernel.hear(frames), self._run(frames)
            if found is None or not np.abs(found - expected).max() <= SAME:
                return None
        return layers

    def copy(self, beside: CycleNetwork | None = None) -> CycleNetwork:
        """Return the same network for another sound.

        It has an interpreter of its own, unless it is beside one on the same thread, or C runs the layers.
        """
        compiled = self._layers is not None and library() is not None
        return CycleNetwork(self.content, self.delay_frames, self if beside is None and compiled else beside)

    def check(self) -> list[float]:
        """Return what the network says of a fixed input: the last four probabilities, as ``bundle.json`` has them."""
        fresh, frames = self.copy(), check_bands()
        for begin in range(0, len(frames) - self.chunk_frames + 1, self.chunk_frames):
            probabilities = fresh._hear(frames[begin : begin + self.chunk_frames])
        return [round(float(value), 6) for value in probabilities[-1]]


def check_bands() -> NDArray[np.float32]:
    """Return the input of the self-check, ``(80, 12)``: a beat of 0.8 s, louder in some bands than in others."""
    frame = np.arange(CHECK_FRAMES)[:, None]
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


def _tensors(details: list[dict[str, Any]], columns: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the details of the frames and of the memory among a network's inputs or outputs."""
    shapes = [(one, tuple(int(size) for size in one["shape"])) for one in details]
    frames = [one for one, shape in shapes if len(shape) == 2 and shape[1] == columns and _is_chunk(shape[0])]
    memory = [one for one, shape in shapes if len(shape) == 1 and 0 < shape[0] <= MAX_MEMORY]
    if len(details) != 2 or len(frames) != 1 or len(memory) != 1 or any(one["dtype"] != np.float32 for one in details):
        raise _unfit()
    return frames[0], memory[0]


def _is_chunk(num_frames: int) -> bool:
    """Return whether so many frames can be heard in one call: the self-check is a whole number of calls."""
    return 0 < num_frames <= CHECK_FRAMES and CHECK_FRAMES % num_frames == 0


def not_finite() -> BundleError:
    """Return the error that says that a network gives no probabilities."""
    return BundleError("the network for S1 and S2 gives NaN or infinity", "use another bundle: auscult models")


def _unfit() -> BundleError:
    """Return the error that says that a file is another network."""
    return BundleError("the network for S1 and S2 does not take frames of 12 bands and a memory", "train it again")

"""Two outlets of the lab streaming layer: the sound of a run, and its verdicts.

A thread of its own reads the ring and follows it: it may miss sound, and nothing waits for it.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.audio.ring_buffer import Read, RingBuffer
from monitor.audio.sources.lsl.library import load_pylsl
from monitor.log import get_logger
from monitor.messages import WindowEvent
from monitor.text.json_lines import window_line

__all__ = ["LslOutlets", "stream_names", "with_gaps"]

logger = get_logger(__name__)

READ_S = 0.05
KEPT_S = 60
"""Seconds that are kept for a reader that is slow."""


class LslOutlets:
    """Announces the streams, and sends what is heard and judged.

    Parameters
    ----------
    device, host_api : str
        What is heard, such as a device and its host API; the source ids are made of them and the computer's name.
    sample_rate : int
        Hz.

    Raises
    ------
    MissingExtraError
        If pylsl is not installed.
    AuscultError
        If liblsl is not.
    """

    def __init__(self, device: str, host_api: str, sample_rate: int) -> None:
        self._pylsl = pylsl = load_pylsl("--lsl")
        self._rate = sample_rate
        name, verdicts_name = stream_names(device)
        source_id = f"auscult/{platform.node()}/{host_api}/{device}"
        sound = pylsl.StreamInfo(name, "Audio", 1, sample_rate, pylsl.cf_float32, source_id)
        verdicts = pylsl.StreamInfo(
            verdicts_name, "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, f"{source_id}/verdicts"
        )
        self._sound = pylsl.StreamOutlet(sound, 0, KEPT_S)
        self._verdicts = pylsl.StreamOutlet(verdicts, 0, KEPT_S)
        self._anchor: tuple[int, float] | None = None  # a sample, and LSL's time of it
        self._next = 0
        self._jumps: Callable[[], tuple[tuple[int, int], ...]] = tuple
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, ring: RingBuffer, jumps: Callable[[], tuple[tuple[int, int], ...]] = tuple) -> None:
        """Begin to send the sound of a ring.

        Parameters
        ----------
        ring : RingBuffer
        jumps : callable
            Returns those of the source, see :attr:`monitor.audio.sources.base.Source.jumps`: the sound between a jump
            and its target comes all at once, is none that is heard now, and is left out.
        """
        cursor = ring.cursor(follows=True)
        self._next, self._jumps = cursor.next_sample, jumps

        def run() -> None:
            try:
                while not self._stopping.is_set() and (read := cursor.read(self._rate, READ_S)) is not None:
                    if read.end_sample > self._next:
                        self._send(read)
            except Exception:  # a thread's top: nothing that is judged or recorded depends on it
                logger.warning("the sound is not sent over LSL any more", exc_info=True)
            finally:
                cursor.close()

        self._thread = threading.Thread(target=run, name="auscult-lsl-outlet")
        self._thread.start()

    def _send(self, read: Read) -> None:
        """Send sound; what was lost before and in it as NaN."""
        now_s = self._pylsl.local_clock()
        sound = without_leads(with_gaps(read, self._next), self._next, self._jumps())
        if len(sound):
            self._sound.push_chunk(sound, now_s)
        self._next = read.end_sample
        self._anchor = (read.end_sample, now_s)

    def window(self, event: WindowEvent) -> None:
        """Send the line of a window, with the time of its end; nothing of one whose end was left out."""
        end_sample, anchor = round(event.end_s * self._rate), self._anchor
        if any(first <= end_sample <= target for first, target in self._jumps()):
            return
        at_s = 0.0 if anchor is None else anchor[1] + event.end_s - anchor[0] / self._rate
        self._verdicts.push_sample([window_line(event)], at_s)

    def close(self) -> None:
        """End the thread and the streams. Twice is safe."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=2.0)
        self._sound = self._verdicts = None


def stream_names(device: str) -> tuple[str, str]:
    """Return the names of the two streams: the sound, the verdicts."""
    return f"auscult {device}", f"auscult {device} verdicts"


def with_gaps(read: Read, start_sample: int) -> NDArray[np.float32]:
    """Return the sound from a position on, ``(samples, 1)``, with NaN where it was lost.

    Examples
    --------
    >>> with_gaps(Read(4, np.array([0.5, 0.0, 0.25], np.float32), lost=((5, 6),)), 3)[:, 0]
    array([ nan, 0.5 ,  nan, 0.25], dtype=float32)
    """
    sound = np.full((read.end_sample - start_sample, 1), np.nan, np.float32)
    sound[read.start_sample - start_sample :, 0] = read.waveform
    for start, end in read.lost:
        sound[max(0, start - start_sample) : max(0, end - start_sample)] = np.nan
    return sound


def without_leads(
    sound: NDArray[np.float32], start_sample: int, jumps: tuple[tuple[int, int], ...]
) -> NDArray[np.float32]:
    """Return sound that begins at a sample, ``(samples, 1)``, without what lies between a jump and its target.

    Examples
    --------
    >>> without_leads(np.arange(6, dtype=np.float32)[:, None], 10, ((11, 14),))[:, 0]
    array([0., 4., 5.], dtype=float32)
    """
    kept = np.ones(len(sound), bool)
    for first, target in jumps:
        kept[max(0, first - start_sample) : max(0, target - start_sample)] = False
    return sound[kept]

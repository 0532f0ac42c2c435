"""A sound judged from start to end on the caller's thread: the one path of everything that does not play it.

The windows come from the :class:`~monitor.analysis.analyzer.Analyzer` of the live pipeline, and lost samples are found
as by the live ring, so every value but the latency is that of ``auscult replay --speed max``. No thread, no waiting; of
the sound only what the next window needs is held, so memory does not grow with its length. Must not draw or write.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.verdict import Summarizer
from monitor.audio.ring_buffer import Read
from monitor.audio.sample_store import split_invalid
from monitor.audio.sources.paced import PacedSource
from monitor.errors import AuscultError
from monitor.inference.bundle import Bundle
from monitor.inference.engine import Engine
from monitor.inference.segmentation.cycle_network import CycleNetwork
from monitor.messages import Start, Summary, WindowEvent
from monitor.runtime.opening import start_message

__all__ = ["OfflineResult", "judge_offline", "with_one_engine"]


@dataclasses.dataclass(frozen=True, slots=True)
class OfflineResult:
    """What is known of a sound once it has been judged; its windows were given one by one.

    Attributes
    ----------
    start : Start
    summary : Summary
    duration_s : float
        Seconds judged.
    error : AuscultError or None
        Why the sound ended early, or what it lacks; the summary is of what is there.
    """

    start: Start
    summary: Summary
    duration_s: float
    error: AuscultError | None


def judge_offline(
    source: PacedSource,
    bundle: Bundle,
    hop_s: float | None = None,
    *,
    on_window: Callable[[WindowEvent], object] | None = None,
    on_read: Callable[[Read], object] | None = None,
) -> OfflineResult:
    """Return the verdict on a source, read to its end or its damage as fast as possible.

    Parameters
    ----------
    source : PacedSource
        Not started; its speed is ignored.
    bundle : Bundle
    hop_s : float or None
        Seconds from one window to the next; None for the bundle's own.
    on_window : callable or None
        Called with each window, in order; its latency is 0, for nothing runs live.
    on_read : callable or None
        Called with the samples, in order, before the windows that they complete; what was lost in them is zero.

    Raises
    ------
    ValueError
        If the hop does not fit the bundle.
    BundleError
        If the network gives NaN or infinity.
    AuscultError
        If the source fails before its first sample.

    Examples
    --------
    >>> from monitor.audio.sources.array import ArraySource
    >>> from monitor.inference.bundle import load_bundle
    >>> silence = ArraySource(np.zeros(24_000, np.float32), sample_rate=4000)
    >>> result = judge_offline(silence, load_bundle(), on_window=lambda window: print(window.end_s))
    5.0
    5.5
    6.0
    >>> result.summary.verdict.state, result.duration_s
    ('no-signal', 6.0)
    """
    analysis = Analyzer(bundle, source.sample_rate, hop_s, source=source)
    summary = Summarizer()

    def judge(ready: list[int]) -> None:
        for index in ready:
            event = analysis.judge(index).event
            summary.push(event)
            if on_window is not None:
                on_window(event)

    reads = _Reads(source, analysis.max_samples)
    for read in reads:
        if on_read is not None:
            on_read(read)
        judge(analysis.push_read(read))
    if reads.error is not None and not analysis.end_sample:
        raise reads.error
    judge(analysis.finish())
    return OfflineResult(
        start=start_message(source, bundle, analysis.hop_s),
        summary=dataclasses.replace(
            summary.summary(source.name, bundle.decision, beats=analysis.last_beats()),
            truncated=source.shortfall is not None,
        ),
        duration_s=analysis.end_sample / source.sample_rate,
        error=reads.error or source.shortfall,
    )


class _Reads:
    """The samples of a source in reads, as a cursor of the live ring gives them.

    Attributes
    ----------
    error : AuscultError or None
        What ended the source early, once it has ended.
    """

    def __init__(self, source: PacedSource, max_samples: int) -> None:
        self._source = source
        self._max_samples = max_samples
        self.error: AuscultError | None = None

    def __iter__(self) -> Iterator[Read]:
        """Yield each block, without the samples that are no sound."""
        start = 0
        for block in self._blocks():
            waveform, lost = split_invalid(block)
            copy = np.array(waveform, np.float32)  # the next block may be decoded into the same memory
            yield Read(start, copy, tuple((start + first, start + last) for first, last in lost))
            start += len(copy)

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks of the source; keep the error that ends them, and no error of whoever takes them."""
        blocks = self._source.blocks(self._max_samples)
        with contextlib.closing(blocks) if isinstance(blocks, Generator) else contextlib.nullcontext():
            while True:
                try:
                    block = next(blocks, None)
                except AuscultError as failure:
                    self.error = failure
                    return
                if block is None:
                    return
                yield block


class _OneEngine:
    """An engine whose copies are itself.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's outputs for one input image."""
        return self._engine.outputs(image)

    def copy(self) -> Engine:
        """Return the same engine."""
        return self


class _OneNetwork(CycleNetwork):
    """A network for S1 and S2 whose copies use its interpreter."""

    def copy(self, beside: CycleNetwork | None = None) -> CycleNetwork:
        """Return the same network for another sound."""
        return super().copy(beside or self)


def with_one_engine(bundle: Bundle) -> Bundle:
    """Return a bundle that makes no engine for each sound: for one thread that judges many sounds, one by one.

    A copy of the engine takes 2 ms, as long as eight windows, and an interpreter for S1 and S2 as long as one.

    Parameters
    ----------
    bundle : Bundle
        May be used by other threads: only its engine belongs to the thread from now on.

    Examples
    --------
    >>> from monitor.inference.bundle import load_bundle
    >>> bundle = with_one_engine(load_bundle())
    >>> bundle.engine.copy() is bundle.engine
    True
    """
    segmentation = bundle.segmentation
    if segmentation is not None:
        network = _OneNetwork(segmentation.network.content, segmentation.network.delay_frames)
        segmentation = dataclasses.replace(segmentation, network=network)
    return dataclasses.replace(bundle, engine=_OneEngine(bundle.engine), segmentation=segmentation)

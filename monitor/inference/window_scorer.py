"""Samples to gated, calibrated scores, window by window: the one path that the monitor and the evaluation share.

:class:`WindowScorer` resamples a sound that arrives in blocks, extracts the features of each window on the hop grid,
runs the network, calibrates, and says whether the window passes the quality gate. A clip shorter than a window is
looped to fill one, and scored at several phases of the loop. However the sound is cut into blocks, the scores are the
same bit for bit. Raw-signal quality, beat tracking and the rolling verdict are in :mod:`monitor.analysis`. Belongs to
one thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.features.compiled.library import address
from monitor.features.compiled.spectra import HeldPlaces
from monitor.features.compiled.window import FLAT, FOUND, WindowKernel
from monitor.features.extractor import FeatureExtractor, Stopwatch, no_stopwatch
from monitor.features.heart_rate import NO_RHYTHM, HeartRate, clip_heart_rate, heart_rate, rate_of
from monitor.features.image import FrameWindow, HeldFrames
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import mask_extrasystole
from monitor.inference.engine import Engine
from monitor.inference.quality_gate import GateFeatures, QualityGate, compiled_gate, gate_features
from monitor.inference.readout import Readout

__all__ = ["ScoredWindow", "WindowScorer"]

MAX_READ_S = 0.5
"""Seconds to push at a time, at most, if the result is waited for."""
MAX_PUSH_HOPS = 4
"""Hops to push at a time, at most, if it is not: several hops cost less together, but their windows must be held."""


class ScoredWindow(NamedTuple):
    """The scores of one window, and what they were computed from.

    Attributes
    ----------
    image : ndarray, shape (64, 64, 3), float32
        The network's input.
    frames : FrameWindow
        Views that stay valid until the next samples are pushed.
    heart_rate : HeartRate
    outputs : ndarray, shape (outputs,), float32
        Of the network; see :class:`monitor.inference.calibration.Calibration`. Of a looped clip, the mean over its
        phases.
    scores : dict of str to float
        Calibrated probability of each label; they sum to 1.
    gate_features : GateFeatures
    heart_odds : float or None
        Natural log of the network's odds that the sound is a heart; None if it has no output for that.
    gate : QualityGate
    loud : float or None
        Probability that a murmur, if there is one, is a loud one; None with a bundle that does not say.
    """

    image: NDArray[np.float32]
    frames: FrameWindow
    heart_rate: HeartRate
    outputs: NDArray[np.float32]
    scores: dict[str, float]
    gate_features: GateFeatures
    heart_odds: float | None
    gate: QualityGate
    loud: float | None = None

    @property
    def passes_gate(self) -> bool:
        """Whether the window sounds enough like a heart to be given a label."""
        return self.gate.passes(self.gate_features, self.heart_odds)


class WindowScorer:
    """Scores the windows of one sound.

    Parameters
    ----------
    bundle : Bundle
        May be shared with other threads and sounds: this takes a copy of the engine.
    sample_rate : int
        Hz of the source, 1000 to 192000.
    hop_s : float or None
        Seconds between two windows, on the bundle's frame grid; None for the bundle's own.
    stopwatch : callable or None
        Called with ``"resample"``, ``"spectrogram"``, ``"heart_rate"``, ``"quality"``, ``"network"`` or ``"verdict"``
        whenever such a stage ends. It has heart rate, quality and image computed one by one, with the same results,
        where without it one call of the compiled front end computes all three.
    beside : WindowScorer or None
        A scorer of another sound, on the same thread, whose engine and scratch space this one uses too: a megabyte
        and a half less for each sound. None for its own.

    Attributes
    ----------
    hop_s, window_s : float
    engine : Engine
        Belongs to this scorer, and those beside it.
    end_sample : int
        Samples of the source pushed so far.
    num_windows : int
        Windows complete so far.
    padding : ndarray, shape (samples,), float32
        What :meth:`finish` appended to a clip shorter than a window; empty otherwise.

    Raises
    ------
    ValueError
        If the sample rate or the hop is out of range, or the scorer beside is one of another bundle.

    Examples
    --------
    >>> from monitor.inference.bundle import load_bundle
    >>> scorer = WindowScorer(load_bundle(), sample_rate=8000, hop_s=1.0)
    >>> silence = [np.zeros(8000, np.float32)] * 7  # seven blocks of 1 s: windows from 0, 1 and 2 s
    >>> [window.passes_gate for window in scorer.score_blocks(silence)]
    [False, False, False]
    """

    def __init__(
        self,
        bundle: Bundle,
        sample_rate: int,
        hop_s: float | None = None,
        stopwatch: Stopwatch | None = None,
        beside: WindowScorer | None = None,
    ) -> None:
        if beside is not None and beside._bundle is not bundle:
            raise ValueError(f"beside={beside} must score with the same bundle, {bundle.name}")
        self.hop_s = bundle.spec.hop_s if hop_s is None else hop_s
        self.window_s = bundle.spec.window_s
        self.end_sample = 0
        self.num_windows = 0
        self.padding: NDArray[np.float32] = np.zeros(0, np.float32)
        self._bundle: Bundle = bundle
        self._sample_rate = sample_rate
        self._hop, self._window = bundle.spec.hop_samples(self.hop_s), bundle.spec.window_samples
        self._stopwatch = stopwatch or no_stopwatch
        scratch = None if beside is None else beside._extractor.scratch
        self._extractor: FeatureExtractor = FeatureExtractor(bundle.spec, sample_rate, self._stopwatch, scratch)
        self.engine: Engine = bundle.engine.copy() if beside is None else beside.engine
        # a stopwatch times heart rate, gate and image one by one
        self._kernel: WindowKernel | None = None if stopwatch else self._window_kernel(beside)
        own = Readout(bundle.labels, bundle.calibration, bundle.loudness)
        self._readout: Readout = own if beside is None else beside._readout
        self._image_shape = bundle.spec.shape
        self._beginning: list[NDArray[np.float32]] = []
        self._clip = self.padding

    def _window_kernel(self, beside: WindowScorer | None) -> WindowKernel | None:
        """Return what computes heart rate, gate and image in one call, that of the scorer beside if there is one."""
        kernel = None if beside is None else beside._kernel
        return kernel or self._extractor.window_kernel(compiled_gate())

    @property
    def frame_hop_s(self) -> float:
        """Seconds between two frames."""
        return self._extractor.frame_hop_s

    @property
    def latest_samples(self) -> NDArray[np.float32]:
        """What the last push, or the end, gave at the rate of the spectrogram; without what was looped."""
        samples = self._extractor.latest_samples
        if not len(self.padding):
            return samples
        counts = (self.end_sample, self.end_sample + len(self.padding))
        sound, looped = (count * self._bundle.spec.sample_rate // self._sample_rate for count in counts)
        return samples[: max(0, len(samples) - (looped - sound))]

    @property
    def read_samples(self) -> int:
        """Samples of the source to push at a time if the result is waited for: at most one hop."""
        return max(1, round(min(self.hop_s, MAX_READ_S) * self._sample_rate))

    @property
    def max_samples(self) -> int:
        """Most samples to push at a time, so that every window that they complete can still be scored."""
        half_window = round(self.window_s / 2 * self._sample_rate)
        return max(self.read_samples, min(MAX_PUSH_HOPS * self.read_samples, half_window))

    @property
    def samples_to_window(self) -> int:
        """Samples of the source that are missing at least until the next window is complete; 1 or more."""
        return self._extractor.samples_until(self.num_windows * self._hop + self._window)

    @property
    def margin_samples(self) -> int:
        """Samples of the source by which :attr:`samples_to_window` may be too few; 0 where nothing is resampled."""
        return self._extractor.margin_samples

    @property
    def looped_s(self) -> float | None:
        """Seconds of a clip that was looped to fill a window; None where none was."""
        return self.end_sample / self._sample_rate if len(self.padding) else None

    def span_s(self, index: int) -> tuple[float, float]:
        """Return start and end of a window, seconds of the source."""
        start_s = index * self._hop / self._bundle.spec.sample_rate
        return start_s, start_s + self.window_s

    def push(self, waveform: NDArray[np.float32]) -> list[int]:
        """Take the next samples of the source.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite mono samples, at most :attr:`max_samples` of them.

        Returns
        -------
        list of int
            Indices of the windows that are now complete; score or skip them before the next push.
        """
        self.end_sample += len(waveform)
        if not self.num_windows:  # in case the sound ends before it fills a window
            self._beginning.append(waveform.copy())
        return self._feed(waveform, last=False)

    def finish(self) -> list[int]:
        """End the sound; a clip shorter than a window is looped and gives one window.

        Returns
        -------
        list of int
            Indices of the windows that are now complete.
        """
        spec = self._bundle.spec
        window = -(-spec.window_samples * self._sample_rate // spec.sample_rate)
        if not 0 < self.end_sample < window:
            return self._feed(self.padding, last=True)
        self._clip = np.concatenate(self._beginning)
        looped = np.resize(self._clip, window + 1)
        self.padding = looped[self.end_sample :]
        return self._feed(self.padding, last=True)[:1]

    def _feed(self, waveform: NDArray[np.float32], *, last: bool) -> list[int]:
        """Extract features; return the indices of the windows that are now complete."""
        extractor, first = self._extractor, self.num_windows
        extractor.push(waveform, last=last)
        end = (extractor.end_sample - self._window) // self._hop + 1
        if end <= first:
            return []
        if not first:
            self._beginning.clear()
        self.num_windows = end
        return list(range(first, end))

    def score(self, index: int) -> ScoredWindow:
        """Return the scores of a window that :meth:`push` or :meth:`finish` has just completed.

        Raises
        ------
        ValueError
            If the window is not complete, or its frames are no longer held.
        BundleError
            If the network gives NaN or infinity.
        """
        bundle, lap, start = self._bundle, self._stopwatch, index * self._hop
        frames = self._extractor.frames(start)
        if self._kernel is None or frames.held is None or len(self.padding):
            pulse, gate_input, image = self._features(start, frames)
        else:
            pulse, gate_input, image = self._features_at_once(self._kernel, frames, frames.held)
        outputs = bundle.outputs(image, self.engine)  # last, because the network replaces everything else in the caches
        lap("network")
        if len(self.padding):
            outputs = np.mean([outputs, *self._outputs_at_phases()], axis=0, dtype=np.float32)
            outputs = mask_extrasystole(outputs, bundle.labels, bundle.calibration.kind)
        scores, odds, loud = self._readout.read(outputs)
        lap("verdict")
        return ScoredWindow(image, frames, pulse, outputs, scores, gate_input, odds, bundle.gate, loud)

    def _outputs_at_phases(self) -> Iterator[NDArray[np.float32]]:
        """Yield the outputs of a looped clip for windows that begin later in it, as in training."""
        spec, bundle = self._bundle.spec, self._bundle
        extractor = FeatureExtractor(spec, self._sample_rate, scratch=self._extractor.scratch)
        extractor.push(np.resize(self._clip, len(self.padding) + 2 * self.end_sample), last=True)  # a clip more
        for frame in spec.loop_phases(self.end_sample * spec.sample_rate // self._sample_rate)[1:]:
            yield bundle.outputs(extractor.image(frame * spec.frame_hop_samples), self.engine)

    def _features(self, start: int, frames: HeldFrames) -> tuple[HeartRate, GateFeatures, NDArray[np.float32]]:
        """Return heart rate, features of the gate and image of the window that starts at a sample, one by one."""
        pulse = self._heart_rate(frames)
        self._stopwatch("heart_rate")
        features = gate_features(frames, pulse.periodicity)
        self._stopwatch("quality")
        image = self._extractor.image(start, frames)
        self._stopwatch("spectrogram")
        return pulse, features, image

    def _features_at_once(
        self, kernel: WindowKernel, frames: HeldFrames, held: HeldPlaces
    ) -> tuple[HeartRate, GateFeatures, NDArray[np.float32]]:
        """Return the same of a window, by one call of the compiled front end."""
        image = np.empty(self._image_shape, np.float32)
        found, (periodicity, lag, tilt, swing, bumps) = kernel.compute(held.at, frames.slot, address(image))
        if found == FOUND:
            pulse = rate_of(lag * kernel.spacing_s, periodicity)
        elif found == FLAT:
            pulse = NO_RHYTHM
        else:  # the timbre decides
            pulse = heart_rate(frames.envelope, self.frame_hop_s, log_power=frames.log_power)
        return pulse, GateFeatures(tilt, pulse.periodicity, swing, bumps), image

    def _heart_rate(self, frames: FrameWindow) -> HeartRate:
        """Return the heart rate of a window, or of the clip that was looped to fill it."""
        if not len(self.padding):
            return heart_rate(frames.envelope, self.frame_hop_s, log_power=frames.log_power)
        num_frames = self._extractor.frames_in(self.end_sample / self._sample_rate)
        return clip_heart_rate(frames, self.frame_hop_s, num_frames)

    def score_blocks(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[ScoredWindow]:
        """Yield the scored windows of a whole sound, in order; nothing where there is no sample.

        Parameters
        ----------
        blocks : iterable of ndarray, shape (samples,), float32
            Finite mono samples, of any size.
        """
        for block in blocks:
            for begin in range(0, len(block), self.max_samples):
                yield from map(self.score, self.push(block[begin : begin + self.max_samples]))
        yield from map(self.score, self.finish())

"""Runs every compiled function of a library, that the test of sanitizers built, on sounds of many kinds."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np

from monitor.analysis.rhythm.beat_path import BeatPath
from monitor.analysis.rhythm.beat_template import BeatTemplate
from monitor.analysis.segmentation.cycle_energies import CycleEnergies
from monitor.audio.signal_statistics import StreamingStatistics
from monitor.features.compiled import library as module
from monitor.features.compiled.chunk import chunk_kernel
from monitor.features.compiled.cycles import timing_kernel
from monitor.features.compiled.layers import CycleLayers, LayersKernel, layers_kernel
from monitor.features.compiled.scores import score_kernel
from monitor.features.heart_rate import heart_rate
from monitor.features.resample import StreamingResampler
from monitor.features.sound_bands import FRAME_HOP_SAMPLES, NUM_BANDS, StreamingBands
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram
from monitor.inference.quality_gate import compiled_gate, gate_features
from monitor.inference.segmentation.confidence import Confidence
from monitor.inference.segmentation.cycle_decoder import CycleDecoder, DecodedSound
from monitor.inference.segmentation.murmur_timing import MAX_CONFIDENCE, NUM_FEATURES, NUM_PAIRS, NUM_PARTS

SPECS = (HEART, SpectrogramSpec(window_s=2.0), SpectrogramSpec(sample_rate=8000), SpectrogramSpec(window_s=10.0))


def sounds(rng: np.random.Generator) -> list[np.ndarray]:
    """Return sounds that take every branch: silence, noise, constants, full scale, huge, beats."""
    beats = np.tile(np.concatenate((rng.standard_normal(400), np.zeros(2800))), 40)
    kinds = [np.zeros(50_000), rng.standard_normal(50_000) * 0.1, np.full(50_000, 0.5), np.full(50_000, 1.0)]
    kinds += [np.sign(rng.standard_normal(50_000)), rng.standard_normal(50_000) * 1e25, beats]
    return [kind.astype(np.float32) for kind in kinds]


def chunks_of_layers(rng: np.random.Generator) -> None:
    """Run layers of the smallest and of the largest sizes."""
    for bands, blocks, chunk_frames in ((1, 1, 8), (12, 7, 40), (12, 8, 128)):
        shapes = ((4 * bands, 48), (48,), (blocks, 144, 48), (blocks, 48), (48, 48), (48,), (48, 8), (8,))
        layers = CycleLayers(0.99, 0.5, *(rng.standard_normal(shape).astype(np.float32) / 9 for shape in shapes))
        kernel = layers_kernel(layers, chunk_frames)
        assert kernel is not None
        for _ in range(40):
            assert kernel.hear(rng.standard_normal((chunk_frames, bands)).astype(np.float32)) is not None
        if bands == NUM_BANDS:
            whole_chunks(rng, kernel)


def whole_chunks(rng: np.random.Generator, layers: LayersKernel) -> None:
    """Run all parts in one call: loud, quiet, and what is not finite."""
    samples = layers.chunk_frames * FRAME_HOP_SAMPLES
    bands, decoder, confidence = StreamingBands(), CycleDecoder(), Confidence((1.0, 1.0, 1.0, 0.0))
    bands.push(np.zeros(277, np.float32))
    place = bands.place_for(samples)
    assert place is not None
    kernel = chunk_kernel(bands.kernel, layers, decoder.kernel, confidence.kernel, *place, samples)
    assert kernel is not None
    for gain in (0.1,) * 40 + (1e-9, 1.0):
        assert (kernel.push(gain * rng.standard_normal(samples)) is None) == (gain < 0.1)
    confidence.of(DecodedSound(True, 0.0, 1.0, 1e9))
    with contextlib.suppress(FloatingPointError):
        kernel.push(np.full(samples, np.float32(1e30)) * rng.standard_normal(samples))


def main() -> None:
    """Run."""
    opened = module._open(Path(sys.argv[1]))
    module._found = lambda: module._Found(opened)
    rng = np.random.default_rng(0)
    for sound in sounds(rng):
        for spec in SPECS:
            stream = StreamingSpectrogram(spec)
            assert stream.scratch.kernel is not None
            begin = 0
            while begin < len(sound):
                size = int(rng.integers(1, 9000))
                stream.push(sound[begin : begin + size])
                begin += size
            frames = stream.latest(spec.num_frames)
            stream.build(frames)
            pulse = heart_rate(frames.envelope, spec.frame_hop_s, log_power=frames.log_power)
            gate_features(frames, pulse.periodicity)
            at_once = stream.window_kernel(compiled_gate())
            assert at_once is not None
            assert frames.held is not None
            image = np.empty(spec.shape, np.float32)
            at_once.compute(frames.held.at, frames.slot, module.address(image))
        for rate, to in ((8000, 4000), (11_025, 4000), (44_100, 4000), (48_000, 4000), (192_000, 8000), (88_200, 1000)):
            resampler = StreamingResampler(rate, to)
            for part in np.split(sound, np.sort(rng.integers(0, len(sound), 30))):
                resampler.push(part)
            resampler.push(sound[:0], last=True)
        bands, statistics, energies = StreamingBands(), StreamingStatistics(4000, 5.0), CycleEnergies()
        end_s = 0.0
        for part in np.split(sound, np.sort(rng.integers(0, len(sound), 30))):
            energies.push(bands.push(part))
            end_s += len(part) / 4000
            energies.measure(end_s - 1.1, end_s - 0.6, end_s - 0.2, 0.9)
            statistics.push(part)
            statistics.window(0, statistics.end_sample)
    chunks_of_layers(rng)
    loudness = (2.0, -1.0, 50.0)
    for num_labels, num_outputs, extra, loud in (
        (1, 1, 0, None),
        (3, 5, 3, None),
        (16, 17, 16, None),
        (16, 18, 0, loudness),
    ):
        given = np.eye(extra).tolist()
        scores = score_kernel(num_labels, num_outputs, 1.5, (0.1,) * extra, given, loud)
        assert scores is not None
        scores.read(rng.standard_normal(num_outputs).tolist())
    weights = rng.standard_normal((3, NUM_FEATURES + 1))
    for count in (1, 3, 64):
        kernel = timing_kernel(weights, NUM_PARTS, NUM_PAIRS, MAX_CONFIDENCE)
        assert kernel is not None
        kernel.odds(rng.standard_normal((count, NUM_FEATURES)).astype(np.float32))
    for interval in (8.0, 31.4, 80.0):
        template = BeatTemplate(rng.standard_normal(198), interval)
        for count in (len(template), len(template) + 1, 198):
            template.peaks(rng.standard_normal(count), -1.0)
        template.learn(rng.standard_normal(len(template)))
        path = BeatPath(interval)
        for end in range(0, 4000, 40):
            at = np.sort(rng.uniform(0.0, 40.0, rng.integers(0, 20)))
            path.extend(end, np.column_stack((at, rng.uniform(0.3, 1.3, len(at)))))
            path.highest_between(end - interval, end)
            if end > 1000:
                path.settle(end - 2.5 * interval)
    decoder = CycleDecoder()
    for size in (1, 20, 300, 3000, 20, 20, 900):
        decoder.push(rng.dirichlet((0.3,) * 4, size).astype(np.float32))
    print("ran")


if __name__ == "__main__":
    main()

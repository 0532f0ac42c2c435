"""How much time the streaming spectrogram saves by computing every STFT frame once.

    python benchmarks/speed/spectrogram.py

compares, on the same 5 s windows of the demo, the streaming spectrogram (0.5 s of new sound, then the input image),
the same image computed from the whole window, and, where librosa is installed, the mel spectrogram of librosa with the
same frames. Prints ms per hop, and the ratio to the streaming spectrogram.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.percentiles import LatencyPercentiles
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram, input_image

WARM_UP = 10


def methods(sound: NDArray[np.float32]) -> dict[str, Callable[[int], object]]:
    """Return functions from the end of a window, in samples, to its image; each must be called hop by hop."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[: HEART.window_samples - HEART.hop_samples(HEART.hop_s)])

    def streaming(end: int) -> object:
        stream.push(sound[end - HEART.hop_samples(HEART.hop_s) : end])
        return stream.image(end - HEART.window_samples)

    def whole_window(end: int) -> object:
        return input_image(sound[end - HEART.window_samples : end], HEART)

    functions: dict[str, Callable[[int], object]] = {"streaming": streaming, "whole window": whole_window}
    if importlib.util.find_spec("librosa"):
        import librosa

        def mel(end: int) -> object:
            window = sound[end - HEART.window_samples : end]
            return librosa.feature.melspectrogram(
                y=window,
                sr=HEART.sample_rate,
                n_fft=HEART.frame_samples,
                hop_length=HEART.frame_hop_samples,
                n_mels=64,
                center=False,
            )

        functions["librosa melspectrogram"] = mel
    return functions


def main() -> None:
    """Measure and print."""
    sound = SyntheticSource().waveform
    hop = HEART.hop_samples(HEART.hop_s)
    functions = methods(sound)
    times: dict[str, list[float]] = {name: [] for name in functions}
    for index, end in enumerate(range(HEART.window_samples, len(sound) + 1, hop)):
        for name, function in functions.items():
            start_s = time.perf_counter()
            function(end)
            seconds = time.perf_counter() - start_s
            if index >= WARM_UP:
                times[name].append(seconds)
    results = {name: LatencyPercentiles.of(seconds) for name, seconds in times.items()}
    print(f"{'ms per hop':<26}{'p50':>8}{'p95':>8}{'p99':>8}   times streaming")
    for name, result in results.items():
        ratio = result.p50_ms / results["streaming"].p50_ms
        print(f"{name:<26}{result.p50_ms:>8.3f}{result.p95_ms:>8.3f}{result.p99_ms:>8.3f}{ratio:>13.1f}")


if __name__ == "__main__":
    main()

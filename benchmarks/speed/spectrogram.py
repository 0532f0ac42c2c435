"""What it saves to compute every STFT frame once.

    python benchmarks/speed/spectrogram.py

takes turns, on the same 5 s windows of the demo, between the streaming spectrogram (the 0.5 s that are new, then
the picture), the same picture made anew from the whole window, and, where librosa is installed, its mel
spectrogram of the whole window with the same frames. Prints ms for each hop and how many times the first it is.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable

import numpy as np

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.percentiles import Figures
from monitor.features.spec import HEART
from monitor.features.spectrogram import StreamingSpectrogram, input_image

WARM_UP = 10


def ways(sound: np.ndarray) -> dict[str, Callable[[int], object]]:
    """Return the ways to the picture of the window that ends at a sample; each is called hop by hop."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[: HEART.window_samples - HEART.hop_samples(HEART.hop_s)])

    def streaming(end: int) -> object:
        stream.push(sound[end - HEART.hop_samples(HEART.hop_s) : end])
        return stream.tensor(end - HEART.window_samples)

    def anew(end: int) -> object:
        return input_image(sound[end - HEART.window_samples : end], HEART)

    found: dict[str, Callable[[int], object]] = {"streaming": streaming, "whole window anew": anew}
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

        found["librosa melspectrogram"] = mel
    return found


def main() -> None:
    """Measure and print."""
    sound = SyntheticSource().waveform
    hop = HEART.hop_samples(HEART.hop_s)
    chosen = ways(sound)
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for number, end in enumerate(range(HEART.window_samples, len(sound) + 1, hop)):
        for name, way in chosen.items():
            began = time.perf_counter()
            way(end)
            seconds = time.perf_counter() - began
            if number >= WARM_UP:
                times[name].append(seconds)
    figures = {name: Figures.of(seconds) for name, seconds in times.items()}
    print(f"{'ms for each hop':<26}{'p50':>8}{'p95':>8}{'p99':>8}   times streaming")
    for name, found in figures.items():
        ratio = found.p50_ms / figures["streaming"].p50_ms
        print(f"{name:<26}{found.p50_ms:>8.3f}{found.p95_ms:>8.3f}{found.p99_ms:>8.3f}{ratio:>13.1f}")


if __name__ == "__main__":
    main()

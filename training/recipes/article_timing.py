"""Time per window of the article's pipeline: an image rendered by matplotlib, then Keras ``predict``.

As in the article, but without a file on disk: ``plt.specgram`` of 5 s at 22050 Hz, saved as a PNG, read back as
64x64x3 in [0, 1], and ``model.predict`` on that one image. The network is not trained, since its weights do not change
the time. ``auscult bench`` calls this where the training extra is installed.

Source: "CNN Sound Recognition Code Along", 2021; docs/design.md.
"""

from __future__ import annotations

import io
import time
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.features.article_image import ARTICLE
from monitor.features.resample import resampled
from monitor.inference.networks import article_network

__all__ = ["article_seconds", "render_image"]

SIZE = 64
NUM_LABELS = 3
WARM_UP_WINDOWS = 2


def article_seconds(waveform: NDArray[np.float32], sample_rate: int, repeats: int) -> dict[str, list[float]]:
    """Return the seconds per window for ``picture`` (the image), ``predict``, and ``both``.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        At least one window of 5 s; consecutive windows are timed.
    sample_rate : int
        Hz.
    repeats : int

    Raises
    ------
    ValueError
        If the waveform is shorter than a window.
    """
    window = ARTICLE.window_samples
    sound = resampled(waveform, sample_rate, ARTICLE.sample_rate, compiled=False)
    if len(sound) < window:
        raise ValueError(f"waveform of {len(waveform)} samples must hold at least one window of {ARTICLE.window_s:g} s")
    starts = range(0, len(sound) - window + 1, window)
    network = article_network((SIZE, SIZE, 3), NUM_LABELS)
    times: dict[str, list[float]] = {"picture": [], "predict": [], "both": []}
    for index in range(repeats + WARM_UP_WINDOWS):
        start = starts[index % len(starts)]
        began = time.perf_counter()
        image = render_image(sound[start : start + window])
        rendered = time.perf_counter()
        network.predict(image[np.newaxis], verbose=0)
        ended = time.perf_counter()
        if index >= WARM_UP_WINDOWS:
            times["picture"].append(rendered - began)
            times["predict"].append(ended - rendered)
            times["both"].append(ended - began)
    return times


def render_image(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image of a window at 22050 Hz, ``(64, 64, 3)`` from 0 to 1, rendered by matplotlib."""
    plt = _pyplot()
    figure, axes = plt.subplots()
    try:
        axes.specgram(window, NFFT=2048, Fs=2, Fc=0, noverlap=128, cmap="inferno", mode="default", scale="dB")
        axes.axis("off")
        png = io.BytesIO()
        figure.savefig(png, format="png")
    finally:
        plt.close(figure)
    png.seek(0)
    pixels = keras.utils.img_to_array(keras.utils.load_img(png, target_size=(SIZE, SIZE)))  # (64, 64, 3)
    image: NDArray[np.float32] = np.asarray(pixels, np.float32) / np.float32(255.0)
    return image


def _pyplot() -> Any:
    """Return pyplot, drawing into memory."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot

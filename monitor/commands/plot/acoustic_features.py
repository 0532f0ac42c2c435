"""The article's acoustic features, one row per window or per file, as CSV.

Each value is what the article's loop computes of a clip: librosa's defaults at 22050 Hz, the mean over the clip's
frames. librosa is imported with the first window, never before; must not classify or draw.

Source: "CNN Sound Recognition Code Along" (2021); librosa.feature.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitor.errors import check_installed
from monitor.features.resample import resampled
from monitor.messages import WindowEvent

__all__ = ["FEATURES", "FeatureTable", "acoustic_features", "check_librosa"]

FEATURE_RATE = 22_050
"""Hz; librosa's default, and the article's."""
NUM_MFCC = 20
FEATURES = (
    "rms",
    "chroma_mean",
    "spectral_centroid_hz",
    "spectral_bandwidth_hz",
    "rolloff_hz",
    "zero_crossing_rate",
    *(f"mfcc_{index}" for index in range(1, NUM_MFCC + 1)),
)
"""Column names, in the article's order."""

WINDOW_COLUMNS = ("file", "index", "start_s", "end_s", "gap", "short")
FILE_COLUMNS = ("file", "windows")
DIGITS = 7
"""Significant digits that are written: single precision has no more."""


def check_librosa() -> None:
    """Check, before minutes of work, that the features can be computed.

    Raises
    ------
    MissingExtraError
        If librosa is not installed.
    """
    check_installed("librosa", "--features", "plot")


def acoustic_features(waveform: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Return the features of one clip.

    Parameters
    ----------
    waveform : ndarray, shape (samples,), float32
        In [-1, 1].
    sample_rate : int
        Hz, 1000 to 192000; resampled to 22050.

    Returns
    -------
    ndarray, shape (26,), float64
        In the order of :data:`FEATURES`: frequencies in Hz, the others in the units of librosa.
    """
    import librosa

    resampled_waveform = resampled(waveform, sample_rate, FEATURE_RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # silence has no tuning, which librosa estimates unasked
        magnitude = np.abs(librosa.stft(resampled_waveform))
        power = magnitude**2
        mel_db = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=FEATURE_RATE))
        tracks = [
            librosa.feature.rms(y=resampled_waveform),
            librosa.feature.chroma_stft(S=power, sr=FEATURE_RATE),
            librosa.feature.spectral_centroid(S=magnitude, sr=FEATURE_RATE),
            librosa.feature.spectral_bandwidth(S=magnitude, sr=FEATURE_RATE),
            librosa.feature.spectral_rolloff(S=magnitude, sr=FEATURE_RATE),
            librosa.feature.zero_crossing_rate(resampled_waveform),
            *librosa.feature.mfcc(S=mel_db, n_mfcc=NUM_MFCC, sr=FEATURE_RATE),
        ]
    return np.array([np.mean(track) for track in tracks], np.float64)


class FeatureTable:
    """A table of acoustic features, with rows of all files.

    Parameters
    ----------
    per : {"window", "file"}
        A row for each window, or for each file: the mean over its windows that do not overlap.

    Notes
    -----
    Written by one thread.
    """

    def __init__(self, per: Literal["window", "file"]) -> None:
        self._per = per
        self._rows: list[list[str]] = []
        self.begin_file("", FEATURE_RATE)

    @property
    def num_rows(self) -> int:
        """Rows so far, without the header."""
        return len(self._rows)

    def begin_file(self, name: str, sample_rate: int) -> None:
        """Set the file of the next windows, and its sample rate in Hz."""
        self._name, self._sample_rate = name, sample_rate
        self._sum = np.zeros(len(FEATURES))
        self._count = 0
        self._used_s = -math.inf

    def add_window(self, window: WindowEvent, waveform: NDArray[np.float32]) -> None:
        """Add a window and its samples; one that spans lost samples has no features."""
        if self._per == "window":
            values = None if window.gap else acoustic_features(waveform, self._sample_rate)
            times = (window.index, round(window.start_s, 6), round(window.end_s, 6))
            flags = (int(window.gap), int(window.short))
            self._rows.append([self._name, *map(str, (*times, *flags)), *_texts(values)])
        elif not window.gap and window.start_s >= self._used_s - 1e-9:
            self._sum += acoustic_features(waveform, self._sample_rate)
            self._count += 1
            self._used_s = window.end_s

    def end_file(self) -> None:
        """Complete the row of a file, where there is one per file."""
        if self._per == "file":
            values = self._sum / self._count if self._count else None
            self._rows.append([self._name, str(self._count), *_texts(values)])

    def csv(self) -> str:
        """Return the table as CSV: a header and the rows, with line feeds; a cell without a value is empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow((*(WINDOW_COLUMNS if self._per == "window" else FILE_COLUMNS), *FEATURES))
        writer.writerows([_plain_text(name), *values] for name, *values in self._rows)
        return out.getvalue()


def _plain_text(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def _texts(values: NDArray[np.float64] | None) -> list[str]:
    """Return the values as text."""
    return [""] * len(FEATURES) if values is None else [f"{value:.{DIGITS}g}" for value in values.tolist()]

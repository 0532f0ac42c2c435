"""Whether a live input hears anything at all, and what to do when it does not.

A muted input, a missing permission, a plug half in: the most frequent reason for a monitor that says
nothing. All are told from the last 1.5 s of raw sound, anew four times a second, so the first finding comes
within 2 s of the first block and goes as soon as the input recovers. Whether the sound is a *heart* is not
asked here but by :mod:`monitor.analysis.quality`.

Pure and incremental; one writing thread; must not know about devices.
"""

from __future__ import annotations

import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.audio.signal_statistics import StreamingStatistics

__all__ = ["InputDiagnosis"]

WINDOW_S = 1.5
"""Seconds behind a finding: a beat at the slowest heart, and resolution for a line of hum."""
LOOK_EVERY_S = 0.25
AGREEING_LOOKS = 2
"""Looks that must agree before a finding comes or goes, so that it does not flicker."""

MOMENTS = 8
TOO_QUIET_RMS = 3e-4
"""-70 dB of full scale, for the loudest eighth of the window.
Source: the quietest 1.5 s of PASCAL set B has 0.011, of CirCor 0.0029."""

OFFSET = 1e-3
"""A steady value from here on is an offset, below it a silence."""

CLIPPED = 0.25
"""Share of clipped samples; :mod:`monitor.analysis.quality` withholds a window from the same share on.
Source: the largest of 1.5 s of PASCAL set B and CirCor is 0.21; a heart turned up 100 times has 0.76 at the median."""

HUM_SHARE = 0.75
"""Share of the sound's power on the lines of the mains.
Source: the largest of 12600 windows of PASCAL set B and CirCor is 0.58, the next 0.35."""
MAINS_HZ = (50.0, 60.0)
LINE_HZ = 2.0
"""Half the width of a line: resolution, and what the mains strays."""
HUM_RATE = 2000
"""Hz, at least; sound is averaged down to about this before its lines are looked for."""

ZEROS: Final = {
    "darwin": "the input is digital silence: allow this terminal in System Settings > Privacy & Security > Microphone "
    "and start again, or unmute the device, or choose another: auscult devices",
    "win32": "the input is digital silence: allow desktop apps in Settings > Privacy & security > Microphone, "
    "or unmute the device, or choose another: auscult devices",
    "linux": "the input is digital silence: unmute it (alsamixer, pavucontrol), or choose a device "
    "that is not virtual: auscult devices",
}
OFFSET_ONLY: Final = "the input is a steady voltage without sound: plug the stethoscope in again, or try another socket"
TOO_QUIET: Final = {
    "darwin": "the input is far too quiet: raise its volume in System Settings > Sound > Input, or check the plug",
    "win32": "the input is far too quiet: raise its level in Settings > System > Sound > Input, or check the plug",
    "linux": "the input is far too quiet: raise its capture level (alsamixer F4, pavucontrol), or check the plug",
}
CLIPPING: Final = {
    "darwin": "the input clips all the time: lower its volume in System Settings > Sound > Input",
    "win32": "the input clips all the time: lower its level, and switch its boost off, in Settings > System > Sound",
    "linux": "the input clips all the time: lower its capture level and its boost (alsamixer F4, pavucontrol)",
}
HUM: Final = (
    "the input is mostly mains hum ({:.0f} Hz): check the plug and cable, keep away from power supplies, "
    "run the computer on battery"
)


class InputDiagnosis:
    """Tells why an input is of no use, while its sound arrives in pieces.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 1000.
    platform : str
        As ``sys.platform`` names the operating system whose settings are spoken of.

    Raises
    ------
    ValueError
        If the rate is out of range.

    Notes
    -----
    Written by one thread. However the sound is cut into blocks, what is found at a sample is the same.
    """

    def __init__(self, sample_rate: int, platform: str = sys.platform) -> None:
        self._platform = platform if platform in ZEROS else "linux"
        self._statistics = StreamingStatistics(sample_rate, WINDOW_S)
        self._sample_rate = sample_rate
        self._look_samples = round(LOOK_EVERY_S * sample_rate)
        self._window = np.zeros(round(WINDOW_S / LOOK_EVERY_S) * self._look_samples, np.float32)
        self.clear()

    def clear(self) -> None:
        """Forget everything: the next sample is the first of a new stream."""
        self._held = 0  # samples at the front of the window
        self._finding: str | None = None
        self._looks: tuple[str | None, ...] = ()

    @property
    def finding(self) -> str | None:
        """One sentence to act on, or None while the input is alive or not yet long enough heard."""
        return self._finding

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples of the raw input.

        Parameters
        ----------
        samples : ndarray, shape (samples,), float32
            Finite, any number of them. What is known to be lost is better left out.
        """
        while len(samples):
            count = min(len(samples), len(self._window) - self._held)
            self._window[self._held : self._held + count] = samples[:count]
            self._held += count
            samples = samples[count:]
            if self._held == len(self._window):
                self._look()
                self._window[: -self._look_samples] = self._window[self._look_samples :].copy()
                self._held -= self._look_samples

    def _look(self) -> None:
        """Renew the finding from a full window."""
        self._looks = (*self._looks[-AGREEING_LOOKS + 1 :], self._seen())
        if len(self._looks) == AGREEING_LOOKS and len(set(self._looks)) == 1:
            self._finding = self._looks[0]

    def _seen(self) -> str | None:
        """Return what this window alone says."""
        window = self._window.astype(np.float64)
        offset = float(window.mean())
        sound = window - offset
        if _loudest_moment(sound) < TOO_QUIET_RMS:
            if abs(offset) >= OFFSET:
                return OFFSET_ONLY
            return (TOO_QUIET if np.ptp(self._window) > 0 else ZEROS)[self._platform]
        if self._clipped() >= CLIPPED:
            return CLIPPING[self._platform]
        share, hz = max((_line_share(sound, self._sample_rate, hz), hz) for hz in MAINS_HZ)
        return HUM.format(hz) if share >= HUM_SHARE else None

    def _clipped(self) -> float:
        """Return the share of clipped samples, 0 to 1."""
        self._statistics.clear()
        self._statistics.push(self._window)
        return self._statistics.window(0, len(self._window)).clipped


def _loudest_moment(sound: NDArray[np.float64]) -> float:
    """Return the root mean square of the loudest eighth of a sound."""
    moments = sound[: len(sound) // MOMENTS * MOMENTS].reshape(MOMENTS, -1)
    return float(np.sqrt(np.square(moments).mean(axis=1).max()))


def _line_share(sound: NDArray[np.float64], sample_rate: int, mains_hz: float) -> float:
    """Return the share of a sound's power, 0 to 1, that lies on the mains frequency and its multiples.

    Parameters
    ----------
    sound : ndarray, shape (samples,), float64
        Without offset, and not silent.
    sample_rate, mains_hz : int, float
        Hz.
    """
    factor = max(1, sample_rate // HUM_RATE)
    low = sound[: len(sound) // factor * factor].reshape(-1, factor).mean(axis=1)
    power = np.square(np.abs(np.fft.rfft(low * np.hanning(len(low)))))
    frequency = np.fft.rfftfreq(len(low), factor / sample_rate)
    multiple = np.maximum(1.0, np.round(frequency / mains_hz))
    on_a_line = np.abs(frequency - multiple * mains_hz) <= LINE_HZ
    kept = min(1.0, float(np.square(low).mean() / np.square(sound).mean()))  # the rest was above, and averaged away
    return kept * float(power[on_a_line].sum() / power.sum())

"""Why a live input delivers no usable sound, and what to do about it.

A muted input, a missing permission or a half-inserted plug are the most frequent reasons for a monitor that shows
nothing. All are detected in the last 1.5 s of raw sound, four times a second, so the first finding comes within 2 s of
the first block and goes as soon as the input recovers. Whether the sound is a *heart* sound is decided by
:mod:`monitor.analysis.quality`.

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
"""Seconds of sound in one check: at least a beat of the slowest heart, and enough to resolve the lines of hum."""
CHECK_EVERY_S = 0.25
AGREEING_CHECKS = 2
"""Consecutive checks that must agree before a finding appears or disappears, so that it does not flicker."""

NUM_SECTIONS = 8
TOO_QUIET_RMS = 3e-4
"""-70 dBFS, for the loudest eighth of the window.
Source: the quietest 1.5 s of PASCAL set B has 0.011, of CirCor 0.0029."""

OFFSET = 1e-3
"""A constant value from here on is an offset, below it silence."""

CLIPPED = 0.25
"""Fraction of clipped samples; :mod:`monitor.analysis.quality` withholds a window from the same fraction on.
Source: the largest of 1.5 s of PASCAL set B and CirCor is 0.21; a heart amplified by 100 has 0.76 at the median."""

HUM_POWER = 0.75
"""Fraction of the sound's power at the mains frequency and its harmonics.
Source: the largest of 12600 windows of PASCAL set B and CirCor is 0.58, the next 0.35."""
MAINS_HZ = (50.0, 60.0)
LINE_HZ = 2.0
"""Half the width of a spectral line: the resolution, and the deviation of the mains frequency."""
HUM_RATE = 2000
"""Hz, at least; sound is averaged down to about this rate before its lines are measured."""

ZEROS: Final = {
    "darwin": "the input is digital silence: allow this terminal in System Settings > Privacy & Security > Microphone "
    "and start again, or unmute the device, or choose another: auscult devices",
    "win32": "the input is digital silence: allow desktop apps in Settings > Privacy & security > Microphone, "
    "or unmute the device, or choose another: auscult devices",
    "linux": "the input is digital silence: unmute it (alsamixer, pavucontrol), or choose a device "
    "that is not virtual: auscult devices",
    "network": "the input is digital silence: check how the sender's microphone is wired, and which channel it is on",
}
OFFSET_ONLY: Final = "the input is a steady voltage without sound: plug the stethoscope in again, or try another socket"
TOO_QUIET: Final = {
    "darwin": "the input is far too quiet: raise its volume in System Settings > Sound > Input, or check the plug",
    "win32": "the input is far too quiet: raise its level in Settings > System > Sound > Input, or check the plug",
    "linux": "the input is far too quiet: raise its capture level (alsamixer F4, pavucontrol), or check the plug",
    "network": "the input is far too quiet: let the sender shift its samples less to the right, or amplify",
}
CLIPPING: Final = {
    "darwin": "the input clips all the time: lower its volume in System Settings > Sound > Input",
    "win32": "the input clips all the time: lower its level, and switch its boost off, in Settings > System > Sound",
    "linux": "the input clips all the time: lower its capture level and its boost (alsamixer F4, pavucontrol)",
    "network": "the input clips all the time: let the sender amplify less, and check the format= of the address",
}
HUM: Final = (
    "the input is mostly mains hum ({:.0f} Hz): check the plug and cable, keep away from power supplies, "
    "run the computer on battery"
)


class InputDiagnosis:
    """Detects why an input is unusable, while its sound arrives in blocks.

    Parameters
    ----------
    sample_rate : int
        Hz, at least 1000.
    platform : str
        As ``sys.platform``: the operating system whose settings the advice names; ``"network"`` for a sender.

    Raises
    ------
    ValueError
        If the rate is out of range.

    Notes
    -----
    Written by one thread. The finding at a sample does not depend on how the sound is cut into blocks.

    Examples
    --------
    >>> diagnosis = InputDiagnosis(sample_rate=4000, platform="linux")
    >>> diagnosis.push(np.zeros(8000, np.float32))
    >>> diagnosis.finding.partition(",")[0]
    'the input is digital silence: unmute it (alsamixer'
    """

    def __init__(self, sample_rate: int, platform: str = sys.platform) -> None:
        self._platform = platform if platform in ZEROS else "linux"
        self._statistics = StreamingStatistics(sample_rate, WINDOW_S)
        self._sample_rate = sample_rate
        self._check_samples = round(CHECK_EVERY_S * sample_rate)
        self._window = np.zeros(round(WINDOW_S / CHECK_EVERY_S) * self._check_samples, np.float32)
        self.clear()

    def clear(self) -> None:
        """Reset: the next sample is the first of a new stream."""
        self._used = 0  # samples at the front of the window
        self._finding: str | None = None
        self._checks: tuple[str | None, ...] = ()

    @property
    def finding(self) -> str | None:
        """One sentence with advice; None while the input is usable, or too short to decide."""
        return self._finding

    def push(self, waveform: NDArray[np.float32]) -> None:
        """Add the next samples of the raw input.

        Parameters
        ----------
        waveform : ndarray, shape (samples,), float32
            Finite, any number of samples. Lost samples should be left out.
        """
        while len(waveform):
            count = min(len(waveform), len(self._window) - self._used)
            self._window[self._used : self._used + count] = waveform[:count]
            self._used += count
            waveform = waveform[count:]
            if self._used == len(self._window):
                self._update()
                self._window[: -self._check_samples] = self._window[self._check_samples :].copy()
                self._used -= self._check_samples

    def _update(self) -> None:
        """Update the finding from a full window."""
        self._checks = (*self._checks[-AGREEING_CHECKS + 1 :], self._diagnose())
        if len(self._checks) == AGREEING_CHECKS and len(set(self._checks)) == 1:
            self._finding = self._checks[0]

    def _diagnose(self) -> str | None:
        """Return the finding for this window alone."""
        window = self._window.astype(np.float64)
        offset = float(window.mean())
        sound = window - offset
        if _max_section_rms(sound) < TOO_QUIET_RMS:
            if abs(offset) >= OFFSET:
                return OFFSET_ONLY
            return (TOO_QUIET if np.ptp(self._window) > 0 else ZEROS)[self._platform]
        if self._clipped() >= CLIPPED:
            return CLIPPING[self._platform]
        power, hz = max((_hum_power(sound, self._sample_rate, hz), hz) for hz in MAINS_HZ)
        return HUM.format(hz) if power >= HUM_POWER else None

    def _clipped(self) -> float:
        """Return the fraction of clipped samples, 0 to 1."""
        self._statistics.clear()
        self._statistics.push(self._window)
        return self._statistics.window(0, len(self._window)).clipped


def _max_section_rms(sound: NDArray[np.float64]) -> float:
    """Return the root mean square of the loudest eighth of a sound."""
    sections = sound[: len(sound) // NUM_SECTIONS * NUM_SECTIONS].reshape(NUM_SECTIONS, -1)
    return float(np.sqrt(np.square(sections).mean(axis=1).max()))


def _hum_power(sound: NDArray[np.float64], sample_rate: int, mains_hz: float) -> float:
    """Return the fraction of a sound's power, 0 to 1, at the mains frequency and its harmonics.

    Parameters
    ----------
    sound : ndarray, shape (samples,), float64
        Without offset, and not silent.
    sample_rate, mains_hz : int, float
        Hz.
    """
    factor = max(1, sample_rate // HUM_RATE)
    low = sound[: len(sound) // factor * factor].reshape(-1, factor).mean(axis=1)  # (samples / factor,)
    power = np.square(np.abs(np.fft.rfft(low * np.hanning(len(low)))))  # (bins,)
    frequency = np.fft.rfftfreq(len(low), factor / sample_rate)
    multiple = np.maximum(1.0, np.round(frequency / mains_hz))
    on_a_line = np.abs(frequency - multiple * mains_hz) <= LINE_HZ
    remaining = min(1.0, float(np.square(low).mean() / np.square(sound).mean()))  # after averaging
    return remaining * float(power[on_a_line].sum() / power.sum())

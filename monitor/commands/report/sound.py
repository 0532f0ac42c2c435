"""The sound of a report: FLAC inside the page, which Chromium, Firefox and Safari play without a network.

16 bits, at most :data:`MAX_RATE`; quiet sound is raised, so that it is heard at a usual volume. The recording itself is
not touched.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import math

import numpy as np

from monitor.archive.timeline import Sound
from monitor.features.resample import StreamingResampler

__all__ = ["EmbeddedSound", "embedded_sound"]

MAX_RATE = 8000
"""Hz; sound of a higher rate is resampled to :data:`RATE`, which holds everything up to 1800 Hz."""
MIN_RATE = 3000
"""Hz; Chromium plays nothing of a lower rate."""
RATE = 4000
LOUDEST = 0.89
"""Peak of the sound after it was raised: -1 dB of full scale."""
MAX_GAIN = 10.0
"""20 dB: more would raise the noise of an empty recording to the level of a heart."""
BYTES_OF_BASE64 = 4 / 3


@dataclasses.dataclass(frozen=True, slots=True)
class EmbeddedSound:
    """Sound for a page.

    Attributes
    ----------
    uri : str
        A data URI; empty where the sound was left out.
    sample_rate : int
        Hz.
    num_bytes : int
        Of the URI, or where it was left out, more than it was allowed.
    note : str
        What it is, or why it is not there.
    """

    uri: str
    sample_rate: int
    num_bytes: int
    note: str


def embedded_sound(sound: Sound, peak: float, max_bytes: int) -> EmbeddedSound:
    """Return a sound as a data URI, or why it was left out.

    Parameters
    ----------
    sound : Sound
    peak : float
        Its largest sample, 0 or more.
    max_bytes : int
        Longest URI.

    Raises
    ------
    RecordingError
        If the file can no longer be read.
    """
    import soundfile

    rate = sound.sample_rate if MIN_RATE <= sound.sample_rate <= MAX_RATE else RATE
    gain = min(MAX_GAIN, max(1.0, LOUDEST / peak)) if peak > 0 else 1.0
    out = io.BytesIO()
    resampler = StreamingResampler(sound.sample_rate, rate, start_at_zero=True)
    with soundfile.SoundFile(out, "w", rate, 1, "PCM_16", format="FLAC", compression_level=1.0) as file:
        for block in sound.blocks():
            file.write(_whole_numbers(resampler.push(block), gain))
            if BYTES_OF_BASE64 * out.tell() > max_bytes:
                break
        else:
            file.write(_whole_numbers(resampler.push(np.zeros(0, np.float32), last=True), gain))
    size = round(BYTES_OF_BASE64 * len(out.getvalue()))
    if size > max_bytes:
        left_out = f"The sound is left out: it takes more than {max_bytes / 1e6:g} MB (--max-sound MB allows more)."
        return EmbeddedSound("", rate, size, left_out)
    uri = "data:audio/flac;base64," + base64.b64encode(out.getvalue()).decode("ascii")
    raised = f", raised by {20 * math.log10(gain):.0f} dB" if gain > 1.06 else ""
    note = f"FLAC, {rate} Hz, 16 bit{raised}: {len(uri) / 1e6:.1f} MB of this file"
    return EmbeddedSound(uri, rate, len(uri), note)


def _whole_numbers(waveform: np.ndarray, gain: float) -> np.ndarray:
    """Return samples as 16-bit numbers."""
    return np.clip(np.rint(waveform * (gain * 32_768)), -32_768, 32_767).astype(np.int16)

"""The sound of a report: FLAC inside the page, which Chromium, Firefox and Safari play without a network.

At most 4000 Hz and 16 bits, fewer where the sound is noise that needs them not; quiet sound is raised, so that it is
heard at a usual volume. The recording itself is not touched.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import math

import numpy as np
from numpy.typing import NDArray

from monitor.archive.timeline import Sound
from monitor.features.resample import StreamingResampler

__all__ = ["EmbeddedSound", "embedded_sound"]

RATE = 4000
"""Hz; sound of a higher rate, or of one that not every browser plays, gets it. It holds everything up to 1800 Hz."""
MIN_RATE = 3000
"""Hz; Chromium plays nothing of a lower rate."""
BITS, MIN_BITS = 16, 12
"""12 bits leave the error of rounding 72 dB below full scale."""
MAX_BYTES_PER_S = 6500
"""Of the URI: ten minutes are 3.9 MB, so that their page stays below 5 MB."""
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

    Noise that takes more than :data:`MAX_BYTES_PER_S` loses lower bits, at most four.

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
    rate = sound.sample_rate if MIN_RATE <= sound.sample_rate <= RATE else RATE
    gain = min(MAX_GAIN, max(1.0, LOUDEST / peak)) if peak > 0 else 1.0
    data, bits = _flac(sound, rate, gain, BITS, max_bytes), BITS
    excess_bits = 8 / rate * (len(data) / max(sound.duration_s, 1.0) - MAX_BYTES_PER_S / BYTES_OF_BASE64)
    if excess_bits > 0:
        bits = max(MIN_BITS, BITS - math.ceil(excess_bits))
        data = _flac(sound, rate, gain, bits, max_bytes)
    size = round(BYTES_OF_BASE64 * len(data))
    if size > max_bytes:
        left_out = f"The sound is left out: it takes more than {max_bytes / 1e6:g} MB (--max-sound MB allows more)."
        return EmbeddedSound("", rate, size, left_out)
    uri = "data:audio/flac;base64," + base64.b64encode(data).decode("ascii")
    raised = f", raised by {20 * math.log10(gain):.0f} dB" if gain > 1.06 else ""
    note = f"FLAC, {rate} Hz, {bits} bit{raised}: {len(uri) / 1e6:.1f} MB of this file"
    return EmbeddedSound(uri, rate, len(uri), note)


def _flac(sound: Sound, rate: int, gain: float, bits: int, max_bytes: int) -> bytes:
    """Return a sound as FLAC; it ends early once it is too long."""
    import soundfile

    out = io.BytesIO()
    resampler = StreamingResampler(sound.sample_rate, rate, start_at_zero=True)
    with soundfile.SoundFile(out, "w", rate, 1, "PCM_16", format="FLAC", compression_level=1.0) as file:
        for block in sound.blocks():
            file.write(_whole_numbers(resampler.push(block), gain, bits))
            if BYTES_OF_BASE64 * out.tell() > max_bytes:
                break
        else:
            file.write(_whole_numbers(resampler.push(np.zeros(0, np.float32), last=True), gain, bits))
    return out.getvalue()


def _whole_numbers(waveform: NDArray[np.float32], gain: float, bits: int) -> NDArray[np.int16]:
    """Return samples as 16-bit numbers of which only the upper bits are used."""
    step, largest = 2 ** (BITS - bits), 2 ** (bits - 1)
    rounded = np.clip(np.rint(waveform * np.float32(gain * largest)), -largest, largest - 1)
    numbers: NDArray[np.int16] = (rounded * step).astype(np.int16)
    return numbers

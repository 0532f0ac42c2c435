"""The sound of a DICOM audio waveform, read with pydicom.

Objects of audio only: an electrocardiogram is no sound. DICOM keeps a waveform in one piece, so the whole file is read,
up to a limit. Used by one thread at a time.
Source: DICOM PS3.3, C.10.9 Waveform Module; PS3.4, B.5 (storage classes).
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import UID

from monitor.audio.limits import MAX_CHANNELS
from monitor.audio.sources.decoding.checks import bytes_missing
from monitor.audio.sources.decoding.medical.signals import scaled
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.errors import RecordingError

__all__ = ["DicomWaveform"]

MAX_FILE_BYTES = 256 * 2**20
META_AT, META_GROUP = 132, 2
"""Where the elements that describe the file begin, and their group."""
AUDIO = ("1.2.840.10008.5.1.4.1.1.9.4.1", "1.2.840.10008.5.1.4.1.1.9.4.2")
"""Storage classes: basic voice audio waveform, general audio waveform."""
DEFLATED = "1.2.840.10008.1.2.1.99"
"""The transfer syntax that is inflated in one go, to whatever size."""
KINDS = {("SB", 8): "<i1", ("UB", 8): "<u1", ("SS", 16): "<i2", ("US", 16): "<u2", ("SL", 32): "<i4", ("UL", 32): "<u4"}
"""Numpy types by sample interpretation and bits."""
G711 = {"MB": "ULAW", "AB": "ALAW"}
"""Subtypes of soundfile by sample interpretation."""
BLOCK_SAMPLES = 16_384


class DicomWaveform(OpenRecording):
    """An open DICOM audio waveform: its first multiplex group.

    Parameters
    ----------
    file : binary file
        Seekable.
    name : str
        Its name in error messages.
    closes : bool
        Whether closing the recording closes the file.

    Raises
    ------
    RecordingError
        If it holds no sound, is too large or damaged.
    """

    def __init__(self, file: BinaryIO, name: str, *, closes: bool) -> None:
        self._file, self._name, self._closes = file, name, closes
        if file.seek(0, io.SEEK_END) > MAX_FILE_BYTES:
            raise self._error(f"more than {MAX_FILE_BYTES // 2**20} MiB in one DICOM file", "split it")
        file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of values that are not as the standard says
                self._take(self._read(file))
        except (RecordingError, MemoryError):
            raise
        except Exception as error:  # pydicom raises many kinds of errors for damaged files
            if isinstance(error, OSError) and error.errno is not None:  # of the disk
                raise
            raise self._damaged() from error

    def _read(self, file: BinaryIO) -> Any:
        """Return the group with the sound."""
        file.seek(META_AT)
        meta = pydicom.filereader.read_dataset(file, False, True, stop_when=lambda tag, *_: tag >> 16 != META_GROUP)
        kind, syntax = str(meta.get("MediaStorageSOPClassUID", "")), str(meta.get("TransferSyntaxUID", ""))
        if not kind:
            raise self._damaged()
        if kind not in AUDIO:
            raise self._error(f"a DICOM file without sound ({UID(kind).name[:60]})", "name one with an audio waveform")
        if syntax == DEFLATED:
            raise self._error("a deflated DICOM file", "export it without compression")
        file.seek(0)
        return pydicom.dcmread(file).WaveformSequence[0]

    def _take(self, group: Any) -> None:
        """Take the samples of a group."""
        self.channels, self.sample_rate = int(group.NumberOfWaveformChannels), round(float(group.SamplingFrequency))
        stated = int(group.NumberOfWaveformSamples)
        if not 1 <= self.channels <= MAX_CHANNELS or stated < 0:
            raise self._damaged()
        data, bits = bytes(group.WaveformData), int(group.WaveformBitsAllocated)
        frame_bytes = self.channels * bits // 8
        data = data[: stated * frame_bytes]  # what is behind is the padding to an even size
        self.missing = bytes_missing(stated * frame_bytes, len(data))
        whole = data[: len(data) // frame_bytes * frame_bytes]
        self._samples = self._floats(whole, str(group.WaveformSampleInterpretation), bits).reshape(-1, self.channels)
        self.num_samples = len(self._samples)

    def _floats(self, data: bytes, interpretation: str, bits: int) -> NDArray[np.float32]:
        """Return the samples in [-1, 1)."""
        if interpretation in G711 and bits == 8:
            return _g711(data, G711[interpretation])
        kind = KINDS.get((interpretation, bits))
        if kind is None:
            raise self._error(
                f"a DICOM waveform of {bits} bits, {interpretation!r}, is not read", "export it with 16 bits"
            )
        digits = np.frombuffer(data, kind)
        if kind[1] == "u":
            return scaled((digits.astype(np.int64) - 2 ** (bits - 1)).astype(np.int32), bits)
        return scaled(digits.astype(np.int32), bits)

    def _damaged(self) -> RecordingError:
        """Return the error for a file that is not as the standard says."""
        return self._error("a damaged DICOM file", "copy or export it again")

    def _error(self, what: str, next_step: str) -> RecordingError:
        """Return an error."""
        return RecordingError(f"{self._name}: {what}", next_step)

    @property
    def can_repeat(self) -> bool:
        """True: the samples are in memory."""
        return True

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on, shape (samples, channels)."""
        for begin in range(start_sample, len(self._samples), BLOCK_SAMPLES):
            yield self._samples[begin : begin + BLOCK_SAMPLES]

    def close(self) -> None:
        """Close the file, unless it was given open. Twice is safe."""
        if self._closes:
            self._file.close()


def _g711(data: bytes, subtype: str) -> NDArray[np.float32]:
    """Return companded telephone samples, by the table of libsndfile."""
    import soundfile

    every = io.BytesIO(bytes(range(256)))
    table, _ = soundfile.read(every, dtype="float32", format="RAW", subtype=subtype, channels=1, samplerate=8000)
    return np.asarray(table, np.float32)[np.frombuffer(data, np.uint8)]

"""Opens any recording with the reader of its form: the one door for files, pipes, scans and training.

The bytes decide which reader it is. Readers that need an optional package are imported only for their own files. Used
by one thread at a time.
"""

from __future__ import annotations

import contextlib
from typing import BinaryIO

from monitor.audio.sources.decoding.decoder import Decoder
from monitor.audio.sources.decoding.foreign import Form, form_of, form_of_file, missing_reader
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.errors import RecordingError

__all__ = ["open_recording"]


def open_recording(file: str | BinaryIO, name: str) -> OpenRecording:
    """Return an open recording.

    Parameters
    ----------
    file : str or binary file
        A path, or an open seekable file.
    name : str
        Its name in error messages.

    Raises
    ------
    RecordingError
        If it is no recording, or one that needs a package that is not installed; one line with the next step.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import io, numpy, soundfile
    >>> file = io.BytesIO()
    >>> soundfile.write(file, numpy.zeros(8), samplerate=4000, format="WAV")
    >>> with open_recording(file, "zeros") as sound:
    ...     sound.sample_rate, sound.channels, sound.num_samples
    (4000, 1, 8)
    """
    form = form_of_file(file) if isinstance(file, str) else form_of(file)
    if form is None:
        return Decoder(file, name)
    lacking = missing_reader(form, file if isinstance(file, str) else "FILE")
    if lacking is not None:
        raise RecordingError(f"{name}: {lacking[0]}", lacking[1])
    if form.reader == "wfdb":
        return _wfdb(file, name)
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(open(file, "rb")) if isinstance(file, str) else file
        stream.seek(0)
        recording = _of_stream(stream, name, form, closes=isinstance(file, str))
        stack.pop_all()
    return recording


def _wfdb(file: str | BinaryIO, name: str) -> OpenRecording:
    """Return an open WFDB record."""
    from monitor.audio.sources.decoding.medical.wfdb_record import WfdbRecord

    if not isinstance(file, str):
        raise RecordingError(
            f"{name}: a WFDB header, whose sound is in another file", "name it: auscult replay FILE.hea"
        )
    return WfdbRecord(file, name)


def _of_stream(stream: BinaryIO, name: str, form: Form, *, closes: bool) -> OpenRecording:
    """Return an open recording that is one file."""
    if form.reader == "edf":
        from monitor.audio.sources.decoding.medical.edf_recording import EdfRecording

        return EdfRecording(stream, name, closes=closes)
    if form.reader == "dicom":
        from monitor.audio.sources.decoding.medical.dicom_waveform import DicomWaveform

        return DicomWaveform(stream, name, closes=closes)
    from monitor.audio.sources.decoding.av_recording import AvRecording

    return AvRecording(stream, name, form.container, closes=closes)

"""A WFDB record of PhysioNet as sound: its header, and the files beside it that the header names.

Only regular files in the folder of the header are opened. Memory does not grow with the length. Used by one thread at
a time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.audio.sources.decoding.medical.signals import choose_channels
from monitor.audio.sources.decoding.medical.wfdb_header import MAX_HEADER_BYTES, WfdbHeader, parse_header
from monitor.audio.sources.decoding.medical.wfdb_samples import SampleFile
from monitor.audio.sources.decoding.open_recording import OpenRecording
from monitor.errors import RecordingError

__all__ = ["WfdbRecord"]

MAX_BLOCK_SAMPLES = 16_384
MAX_BLOCK_VALUES = 2**19
"""Largest block over all signals of a file."""


class WfdbRecord(OpenRecording):
    """An open record.

    Parameters
    ----------
    path : str
        Of the header, or of the samples with the header of the same name beside them.
    name : str
        Its name in error messages.

    Raises
    ------
    RecordingError
        If the header or a file that it names cannot be read.
    OSError
        If the operating system cannot read one of them.
    """

    def __init__(self, path: str, name: str) -> None:
        self._name, self.missing = name, ""
        header = self._read_header(Path(f"{os.path.splitext(path)[0]}.hea") if path.lower().endswith(".dat") else path)
        descriptions = [signal.description for signal in header.signals]
        choice = choose_channels(descriptions, [signal.samples for signal in header.signals])
        self.channels, self.sound_channel = len(choice.signals), choice.sound_channel
        self._samples = header.signals[choice.signals[0]].samples  # of a channel in one frame
        self._frames_hz, self.sample_rate = header.frames_hz, round(header.frames_hz * self._samples)
        self._files: list[tuple[SampleFile, list[int]]] = []  # with the first column of each channel
        with contextlib.ExitStack() as stack:
            self._open_files(Path(path).parent, header, set(choice.signals), stack)
            self._measure(header)
            self._stack = stack.pop_all()

    def _measure(self, header: WfdbHeader) -> None:
        """Set how long the sound is, and what is missing of what the header states."""
        frames = min(file.num_frames for file, _ in self._files)
        stated = header.num_frames
        self._num_frames = frames if stated is None else min(frames, stated)
        self.num_samples = self._num_frames * self._samples
        if stated is not None and frames < stated:
            self.missing = self._ends_after(frames, stated)
        elif stated is not None and frames > stated:
            seconds = (frames - stated) / self._frames_hz
            self.missing = f"{seconds:.1f} s behind the end that its header states are left out"

    def _ends_after(self, present: int, stated: int) -> str:
        """Return how much of the sound is there, in words; both in frames."""
        return f"the file ends after {present / self._frames_hz:.1f} s of {stated / self._frames_hz:.1f} s"

    def _read_header(self, path: str | Path) -> WfdbHeader:
        """Return the header."""
        with open(path, "rb") as file:
            data = file.read(MAX_HEADER_BYTES + 1)
        try:
            if len(data) > MAX_HEADER_BYTES:
                raise ValueError(f"is larger than {MAX_HEADER_BYTES // 1024} KiB")
            return parse_header(data.decode("utf-8", "replace"))
        except ValueError as error:
            raise RecordingError(f"{self._name}: the WFDB header {error}", "copy the record again") from error

    def _open_files(self, folder: Path, header: WfdbHeader, chosen: set[int], stack: contextlib.ExitStack) -> None:
        """Open the files that hold a channel."""
        for file_name, group in groupby(enumerate(header.signals), key=lambda item: item[1].file):
            members = list(group)
            if not chosen & {index for index, _ in members}:
                continue
            signals = [signal for _, signal in members]
            if len({(signal.format, signal.offset) for signal in signals}) > 1:
                raise RecordingError(f"{self._name}: {file_name} has several formats", "copy the record again")
            starts = np.cumsum([0, *(signal.samples for signal in signals)])
            columns = [int(start) for (index, _), start in zip(members, starts, strict=False) if index in chosen]
            file = SampleFile(folder / file_name, signals)
            stack.callback(file.close)
            self._files.append((file, columns))

    @property
    def can_repeat(self) -> bool:
        """Whether any place can be read again and again: no damage was met."""
        return all(file.can_repeat for file, _ in self._files)

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield the sound from ``start_sample`` on, shape (samples, channels)."""
        frame, skipped = divmod(start_sample, self._samples)
        widest = max(file.frame_samples for file, _ in self._files)
        length = max(1, min(MAX_BLOCK_SAMPLES // self._samples, MAX_BLOCK_VALUES // widest))
        streams = [file.blocks(frame, length) for file, _ in self._files]
        for parts in zip(*streams, strict=False):
            num_frames = min(*map(len, parts), self._num_frames - frame)
            if num_frames <= 0:
                break
            channels = [
                part[:num_frames, column : column + self._samples].reshape(-1)
                for part, (_, columns) in zip(parts, self._files, strict=True)
                for column in columns
            ]
            frame += num_frames
            yield np.stack(channels, axis=1)[skipped:]
            skipped = 0
        self.missing = self.missing or next((file.missing for file, _ in self._files if file.missing), "")
        if frame < self._num_frames and not self.missing:
            self.missing = self._ends_after(frame, self._num_frames)

    def close(self) -> None:
        """Close the files. Twice is safe."""
        self._stack.close()

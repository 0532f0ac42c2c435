"""Damaged recordings through the three readers: file, standard input, training.

Each input must be read or refused by an error of ours; the readers must give the same samples and say alike whether
something is missing; nothing that is not finite leaves the ring buffer; native code writes nothing to standard error.
Runs in a process with limits: see :mod:`watch`.
"""

from __future__ import annotations

import dataclasses
import io
import os
import random
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from mutations import Mutant, mutate
from numpy.typing import NDArray

from monitor.audio.recorder.flac_writer import FlacWriter
from monitor.audio.recorder.wav_writer import WavWriter
from monitor.audio.ring_buffer import RingBuffer
from monitor.audio.sources.decoding.pcm import pick_channel
from monitor.audio.sources.file import RecordingSource
from monitor.audio.sources.paced import PacedSource
from monitor.audio.sources.pipe import PipeSource
from monitor.errors import AuscultError, RecordingError
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.data.audio import read_samples

__all__ = ["Outcome", "examine", "mutants", "originals"]

SECONDS = 2.0
SAMPLE_RATE = 4000
MP3_RATE = 8000
"""The lowest of an MP3 and of Opus."""
BLOCK_SAMPLES = 4096
MAX_REAL_BYTES = 300_000
REAL_FILES = 24
TOLD_KINDS = ("cut", "hole", "cut in header")
"""Damage that takes sound away and leaves the promise of the header."""

FORMATS = {
    "wav-u8": ("WAV", "PCM_U8"),
    "wav-16": ("WAV", "PCM_16"),
    "wav-24": ("WAV", "PCM_24"),
    "wav-32": ("WAV", "PCM_32"),
    "wav-float": ("WAV", "FLOAT"),
    "wav-double": ("WAV", "DOUBLE"),
    "wav-ulaw": ("WAV", "ULAW"),
    "wav-adpcm": ("WAV", "IMA_ADPCM"),
    "wavex-24": ("WAVEX", "PCM_24"),
    "rf64-16": ("RF64", "PCM_16"),
    "w64-16": ("W64", "PCM_16"),
    "w64-float": ("W64", "FLOAT"),
    "aiff-16": ("AIFF", "PCM_16"),
    "aiff-24": ("AIFF", "PCM_24"),
    "au-16": ("AU", "PCM_16"),
    "caf-16": ("CAF", "PCM_16"),
    "caf-alac": ("CAF", "ALAC_16"),
    "flac-16": ("FLAC", "PCM_16"),
    "flac-24": ("FLAC", "PCM_24"),
    "ogg-vorbis": ("OGG", "VORBIS"),
    "ogg-opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "voc-16": ("VOC", "PCM_16"),
    "sph-16": ("NIST", "PCM_16"),
}
"""Format and subtype of libsndfile."""


@dataclasses.dataclass(frozen=True)
class Original:
    """A recording that can be read.

    Attributes
    ----------
    name : str
        Its format, and where it comes from.
    suffix : str
    content : bytes
    num_samples : int
        As the reader of files gives them.
    """

    name: str
    suffix: str
    content: bytes
    num_samples: int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the readers made of an input.

    Attributes
    ----------
    result : str
        ``read``, ``missing told`` or ``refused``.
    faults : tuple of str
        What should not have happened; empty if nothing.
    untold : bool
        Whether sound was lost without a word, where the damage left the header's promise as it was.
    """

    result: str
    faults: tuple[str, ...] = ()
    untold: bool = False


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one reader gave: the samples in mono, or the error, and whether something is missing."""

    waveform: NDArray[np.float32] | None
    error: str = ""
    missing: str = ""


def originals(folders: tuple[Path, ...] = ()) -> list[Original]:
    """Return a recording in every format that can be written here, and some of those in the folders."""
    made = dict(_written())
    real = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    wanted = [path for path in real if path.suffix.lower() in SUFFIXES and path.stat().st_size <= MAX_REAL_BYTES]
    step = max(1, len(wanted) // REAL_FILES)
    made |= {f"real-{path.suffix[1:].lower()}-{path.name}": path.read_bytes() for path in wanted[::step]}
    found = []
    with tempfile.TemporaryDirectory(prefix="auscult-reliability-") as folder:
        for name, content in made.items():
            suffix = Path(name).suffix or "." + name.split("-")[0].replace("wavex", "wav").replace("rf64", "wav")
            path = Path(folder, f"original{suffix}")
            path.write_bytes(content)
            reading = read_with(lambda path=path: RecordingSource(path, speed=None))
            if reading.waveform is not None and not reading.missing:
                found.append(Original(name, suffix, content, len(reading.waveform)))
    return found


SUFFIXES = {".wav", ".aiff", ".aif", ".aifc", ".au", ".caf", ".flac", ".ogg", ".mp3", ".w64", ".sph", ".voc"}


def _written() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of a synthetic heart in every format, mono and stereo."""
    rng = np.random.default_rng(7)
    mono = phonocardiogram(SECONDS, HeartParameters(), rng, SAMPLE_RATE).waveform
    for name, (kind, subtype) in FORMATS.items():
        rate = MP3_RATE if name in ("mp3", "ogg-opus") else SAMPLE_RATE
        for channels in (1, 2):
            if kind not in soundfile.available_formats() or not soundfile.check_format(kind, subtype):
                continue
            sound = mono if channels == 1 else np.stack([mono, 0.5 * mono[::-1]], axis=1)
            file = io.BytesIO()
            soundfile.write(file, sound, rate, subtype, format=kind)
            yield f"{name}-{channels}ch", file.getvalue()
    with tempfile.TemporaryDirectory(prefix="auscult-reliability-") as folder:
        for suffix, writer in (("wav", WavWriter), ("flac", FlacWriter)):
            path = Path(folder, f"own.{suffix}")
            sink = writer(io.FileIO(path, "w+"), SAMPLE_RATE)
            sink.write(mono)
            sink.close()
            yield f"{suffix}-recorder", path.read_bytes()


def mutants(found: list[Original], seed: int) -> tuple[Original, Mutant]:
    """Return the original and the damaged file of a seed."""
    rng = random.Random(seed)
    original, other = rng.choice(found), rng.choice(found)
    return original, mutate(original.content, other.content, rng)


def examine(original: Original, mutant: Mutant, folder: Path) -> Outcome:
    """Return what the three readers make of a damaged recording; ``folder`` holds its file meanwhile."""
    path = folder / f"input{original.suffix}"
    path.write_bytes(mutant.content)
    try:
        file = read_with(lambda: RecordingSource(path, speed=None))
        pipe = read_with(lambda: PipeSource(io.BytesIO(mutant.content), speed=None))
        trained = _in_training(path)
    finally:
        path.unlink()
    faults = [reading.error for reading in (file, pipe, trained) if reading.error.startswith("Traceback")]
    faults += _differences(file, pipe, "pipe")
    if bool(file.missing) != bool(pipe.missing) and file.waveform is not None and pipe.waveform is not None:
        faults.append(f"file says missing={file.missing!r}, pipe says missing={pipe.missing!r}")
    if file.waveform is None or np.isfinite(file.waveform).all():
        faults += _differences(file, trained, "training")
    elif trained.waveform is not None:
        faults.append("training reads values that are not finite")
    faults += [fault for reading in (file, pipe) for fault in _behind_the_ring(reading)]
    result = "refused" if file.waveform is None else "missing told" if file.missing else "read"
    few = file.waveform is not None and len(file.waveform) < original.num_samples
    return Outcome(result, tuple(faults), result == "read" and few and mutant.kind in TOLD_KINDS)


def read_with(make: Callable[[], PacedSource]) -> Reading:
    """Return what a source gives."""
    blocks: list[NDArray[np.float32]] = []
    try:
        with make() as source:
            blocks += [block.copy() for block in source.blocks(BLOCK_SAMPLES)]
        missing = "" if source.shortfall is None else source.shortfall.message
    except RecordingError as error:
        return Reading(None, _checked(error))
    except Exception:  # noqa: BLE001  # what is looked for
        return Reading(None, traceback.format_exc())
    return Reading(np.concatenate(blocks) if blocks else np.zeros(0, np.float32), "", missing)


def _checked(error: AuscultError) -> str:
    """Return the line of an error; one that is not one line with a next step counts as a traceback."""
    text = str(error)
    return text if error.next_step and "\n" not in text else f"Traceback: {text!r} is not one line with a next step"


def _in_training(path: Path) -> Reading:
    """Return what the reader of training gives."""
    try:
        samples, _ = read_samples(path)
    except RecordingError as error:
        return Reading(None, _checked(error))
    except Exception:  # noqa: BLE001  # what is looked for
        return Reading(None, traceback.format_exc())
    return Reading(pick_channel(samples, None))


def _differences(file: Reading, other: Reading, name: str) -> list[str]:
    """Return how another reader differs from that of files."""
    if file.waveform is None or other.waveform is None:
        if file.waveform is other.waveform:
            return []
        return [f"file: {_in_words(file)}; {name}: {_in_words(other)}"]
    if np.array_equal(file.waveform, other.waveform, equal_nan=True):
        return []
    return [f"file: {_in_words(file)}; {name}: {_in_words(other)}, of other values"]


def _in_words(reading: Reading) -> str:
    """Return a reading in a few words."""
    if reading.waveform is None:
        return reading.error.splitlines()[-1]
    return f"{len(reading.waveform)} samples" + (f" ({reading.missing})" if reading.missing else "")


def _behind_the_ring(reading: Reading) -> list[str]:
    """Return whether something that is not finite comes out of the ring buffer."""
    if reading.waveform is None or np.isfinite(reading.waveform).all():
        return []
    ring = RingBuffer(len(reading.waveform))
    cursor = ring.cursor()
    ring.push(reading.waveform)
    ring.close()
    lost = 0
    while (part := cursor.read(len(reading.waveform), 0.0)) is not None and len(part.waveform):
        lost += sum(end - begin for begin, end in part.lost)
        if not np.isfinite(part.waveform).all():
            return ["values that are not finite leave the ring buffer"]
    bad = int((~np.isfinite(reading.waveform)).sum())
    return [] if lost >= bad else [f"{bad} values that are not finite, {lost} samples reported as lost"]


def run_one(found: list[Original], seed: int, folder: Path) -> dict[str, Any]:
    """Return the outcome of a seed as plain JSON values; lines on standard error count as faults."""
    original, mutant = mutants(found, seed)
    before = os.fstat(2).st_size
    outcome = examine(original, mutant, folder)
    faults = list(outcome.faults)
    if os.fstat(2).st_size != before:
        faults.append("lines on standard error")
    return {
        "input": original.name,
        "kind": mutant.kind,
        "result": outcome.result,
        "untold": outcome.untold,
        "faults": faults,
    }

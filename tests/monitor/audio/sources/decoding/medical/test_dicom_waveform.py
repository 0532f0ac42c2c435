"""DICOM audio waveforms: every way of storing samples, and what is no sound."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.audio.sources.decoding.opening import open_recording
from monitor.errors import RecordingError

pydicom = pytest.importorskip("pydicom", reason="pydicom reads DICOM waveforms")
dicom_waveform = pytest.importorskip("monitor.audio.sources.decoding.medical.dicom_waveform")

GENERAL_AUDIO, ECG = "1.2.840.10008.5.1.4.1.1.9.4.2", "1.2.840.10008.5.1.4.1.1.9.1.1"
EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"


def written(
    data: bytes, *, interpretation: str = "SS", bits: int = 16, channels: int = 1, samples: int | None = None,
    kind: str = GENERAL_AUDIO, syntax: str = EXPLICIT,
) -> bytes:  # fmt: skip
    """Return a DICOM file with a waveform of these bytes."""
    group = pydicom.Dataset()
    group.NumberOfWaveformChannels, group.SamplingFrequency = channels, 4000
    group.NumberOfWaveformSamples = len(data) // (channels * bits // 8) if samples is None else samples
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = bits, interpretation
    group.add_new(0x54001010, "OB" if bits == 8 else "OW", data)
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, pydicom.uid.generate_uid(entropy_srcs=["a"])
    dataset.WaveformSequence = [group]
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def heard(data: bytes, start: int = 0) -> tuple[NDArray[np.float32], str]:
    """Return the samples, (samples, channels), and what is missing."""
    with open_recording(io.BytesIO(data), "a") as sound:
        assert (sound.sample_rate, sound.can_repeat, sound.sound_channel) == (4000, True, None)
        blocks = list(sound.blocks(start))
        return np.concatenate([np.zeros((0, sound.channels), np.float32), *blocks]), sound.missing


@pytest.mark.parametrize(
    ("interpretation", "bits", "kind", "zero"),
    [("SB", 8, "<i1", 0), ("UB", 8, "<u1", 2**7), ("SS", 16, "<i2", 0), ("US", 16, "<u2", 2**15),
     ("SL", 32, "<i4", 0), ("UL", 32, "<u4", 2**31)],
)  # fmt: skip
@pytest.mark.parametrize("start", [0, 3, 19_999])
def test_integers(interpretation: str, bits: int, kind: str, zero: int, start: int) -> None:
    """Two channels of each kind come to the last bit, from any start."""
    limits = np.iinfo(kind)
    numbers = np.random.default_rng(0).integers(limits.min, limits.max, (20_000, 2), endpoint=True)
    data = written(numbers.astype(kind).tobytes(), interpretation=interpretation, bits=bits, channels=2)
    samples, missing = heard(data, start)
    np.testing.assert_array_equal(samples, ((numbers[start:] - zero) * 2.0 ** (1 - bits)).astype(np.float32))
    assert missing == ""


@pytest.mark.parametrize(("interpretation", "subtype"), [("MB", "ULAW"), ("AB", "ALAW")])
def test_companded_samples(interpretation: str, subtype: str) -> None:
    """As libsndfile expands them."""
    file = io.BytesIO()
    sound = np.sin(np.arange(4000) / 9)
    soundfile.write(file, sound, 4000, format="RAW", subtype=subtype)
    samples, _ = heard(written(file.getvalue(), interpretation=interpretation, bits=8))
    np.testing.assert_allclose(samples[:, 0], sound, atol=0.03)


def test_the_padding_to_an_even_size_is_no_sample() -> None:
    """The number of samples decides."""
    assert heard(written(bytes(4), interpretation="SB", bits=8, samples=3))[0].shape == (3, 1)


def test_samples_that_are_missing() -> None:
    """What is there is heard, and the rest told."""
    samples, missing = heard(written(bytes(8000), samples=8000))
    assert (len(samples), missing) == (4000, "8000 of 16000 bytes of sound are missing")


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (written(bytes(8), kind=ECG), "a DICOM file without sound (12-lead ECG Waveform Storage); name one with an"),
        (written(bytes(8), syntax=DEFLATED), "a deflated DICOM file; export it without compression"),
        (written(bytes(8), interpretation="SS", bits=8), "a DICOM waveform of 8 bits, 'SS', is not read; export it"),
        (written(bytes(8), channels=9999, samples=1), "a damaged DICOM file; copy or export it again"),
        (bytes(128) + b"DICM" + b"\xff" * 99, "a damaged DICOM file; copy or export it again"),
    ],
    ids=["ecg", "deflated", "bits", "channels", "junk"],
)  # fmt: skip
def test_what_is_refused(data: bytes, wrong: str) -> None:
    """In one line with the next step."""
    with pytest.raises(RecordingError) as caught:
        heard(data)
    assert str(caught.value).startswith(f"a: {wrong}")


def test_the_largest_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read whole, so there is a limit."""
    monkeypatch.setattr(dicom_waveform, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(RecordingError, match=r"^a: more than 1 MiB in one DICOM file; split it"):
        heard(written(bytes(2**20)))


def test_any_damage_is_read_or_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """No other error than ours, and nothing is printed."""
    whole, refused = written(bytes(range(256)) * 4), []
    for seed in range(200):
        draw = random.Random(seed)
        data = bytearray(whole)
        for _ in range(draw.choice((1, 4, 20))):
            data[draw.randrange(132, len(data) - 900)] = draw.randrange(256)
        try:
            with open_recording(io.BytesIO(data[: draw.randrange(140, len(data) + 1)]), "a") as sound:
                assert sum(block.size for block in sound.blocks()) <= len(data)
        except RecordingError as error:
            refused.append(str(error))
    assert all(line.startswith("a: ") for line in refused)
    assert 20 < len(refused) < 200
    assert capfd.readouterr() == ("", "")

"""EDF+ and BDF+ files, read back by edfio."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest
import soundfile

from monitor.archive.spans import Span
from monitor.archive.timeline import open_sound
from monitor.commands.export.edf_file import bdf_file, edf_file
from monitor.commands.export.sample_words import integer_blocks
from monitor.errors import AuscultError


@pytest.fixture
def read_back(write_content):
    """Return a function that writes an EDF or BDF file, and reads it with edfio."""
    edfio = pytest.importorskip("edfio", reason="edfio reads EDF and BDF files back")

    def read(timeline, bits=16):
        render, ending = {16: (edf_file, ".edf"), 24: (bdf_file, ".bdf")}[bits]
        path = write_content(render(timeline, "heart"), "heart")[ending]
        return (edfio.read_edf if bits == 16 else edfio.read_bdf)(path)

    return read


@pytest.mark.parametrize("bits", [16, 24])
def test_the_sound(timeline, read_back, bits):
    """Every sample as a whole number, then zeros up to a whole record; an annotation is where the sound ends."""
    edf = read_back(timeline, bits)
    (signal,) = edf.signals
    expected = np.concatenate(list(integer_blocks(timeline.sound, bits)))
    assert (signal.sampling_frequency, signal.label) == (4000, "PCG AV")
    np.testing.assert_array_equal(signal.digital[:40_400], expected)
    np.testing.assert_array_equal(signal.data[:40_400], expected)
    assert len(signal.digital) == 44_000
    assert not signal.digital[40_400:].any()
    assert ("end of the sound", 10.1) in {(note.text, note.onset) for note in edf.annotations}
    assert signal.physical_dimension == {16: "1/32768", 24: "1/2^23"}[bits]


@pytest.mark.parametrize("bits", [16, 24])
def test_the_annotations(timeline, read_back, bits):
    """Every span with its times; a moment has no duration."""
    found = [(note.onset, note.duration, note.text) for note in read_back(timeline, bits).annotations]
    assert len(found) == len(timeline.spans) + 1
    assert (0.0, 6.0, "verdict: normal") in found
    assert (6.0, 4.0, "verdict: murmur") in found
    assert (7.5, 2.5, "lost: lost sound") in found
    assert (3.25, None, "mark 1") in found
    assert (3.25, None, 'note: she said "cold", then coughed \u00e9\u5fc3') in found
    assert (7.0, 0.5, "withheld: loud bumps: keep the chest piece and its cable still") in found


def test_subject_and_time(timeline, crashed, read_back):
    """They are those of the session; without a subject or a time the file names neither."""
    edf = read_back(timeline)
    assert edf.patient.code == "P7"
    assert (edf.startdate, edf.starttime) == (datetime.date(2026, 1, 2), datetime.time(3, 4, 5))
    edf = read_back(dataclasses.replace(crashed, session={}))
    assert edf.local_patient_identification == "X X X X"
    assert edf.local_recording_identification.startswith("Startdate X X X auscult_")
    assert edf.signals[0].label == "PCG"


@pytest.mark.parametrize("rate", [1000, 4000, 8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 4001])
@pytest.mark.parametrize("bits", [16, 24])
def test_every_rate(timeline, read_back, tmp_path, rate, bits):
    """Records hold whole samples and at most the recommended 61440 bytes, where the rate has a fitting divisor."""
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, round(1.3 * rate)).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, rate)
    sound = open_sound(tmp_path / "a.wav")
    edf = read_back(dataclasses.replace(timeline, sound=sound, sample_rate=rate, num_samples=len(samples)), bits)
    np.testing.assert_array_equal(edf.signals[0].digital[: len(samples)], samples.astype(np.int32) << (bits - 16))
    assert edf.data_record_duration * rate * bits / 8 < 61_440
    assert edf.signals[0].sampling_frequency == rate


def test_many_annotations_in_a_short_sound(timeline, read_back, tmp_path):
    """They all fit, in order, also a long one."""
    soundfile.write(tmp_path / "a.wav", np.full(2000, 0.5), 4000)
    spans = tuple(Span(index / 1000, index / 1000, "mark", f"mark {index}") for index in range(400))
    spans += (Span(0.4, 0.4, "note", "long " * 500),)
    edf = read_back(dataclasses.replace(timeline, sound=open_sound(tmp_path / "a.wav"), num_samples=2000, spans=spans))
    notes = edf.annotations
    assert [note.onset for note in notes] == [*(index / 1000 for index in range(400)), 0.4, 0.5]
    assert notes[-2].text == f"note: {'long ' * 499}long"


def test_a_whole_number_of_records_has_no_filling(timeline, read_back, tmp_path):
    """Nothing is said of an end then."""
    soundfile.write(tmp_path / "a.wav", np.full(8000, 0.5), 4000)
    edf = read_back(dataclasses.replace(timeline, sound=open_sound(tmp_path / "a.wav"), num_samples=8000, spans=()))
    assert len(edf.signals[0].digital) == 8000
    assert edf.annotations == ()


def test_the_sound_is_needed(timeline):
    """Without it there is no such file."""
    for render in (edf_file, bdf_file):
        with pytest.raises(AuscultError, match="its sound is gone"):
            render(dataclasses.replace(timeline, sound=None), "heart")


@pytest.mark.parametrize(("render", "ending", "bits"), [(edf_file, ".edf", 16), (bdf_file, ".bdf", 24)])
def test_an_electrocardiogram(timeline, tmp_path, write_content, render, ending, bits):
    """It is the second signal; what is missing at its end is zeros."""
    edfio = pytest.importorskip("edfio", reason="edfio reads the files back")
    ecg = np.random.default_rng(1).integers(-(2**15), 2**15, 40_000).astype(np.int32)
    soundfile.write(tmp_path / "ecg.flac", ecg << 16, 4000, "PCM_24")
    both = dataclasses.replace(timeline, ecg=open_sound(tmp_path / "ecg.flac"))
    path = write_content(render(both, "heart"), "heart")[ending]
    file = edfio.read_edf(path) if ending == ".edf" else edfio.read_bdf(path)
    assert [signal.label for signal in file.signals] == ["PCG AV", "ECG"]
    np.testing.assert_array_equal(file.signals[1].digital[:40_400], np.pad(ecg << (bits - 16), (0, 400)))
    assert len(file.annotations) == len(timeline.spans) + 1

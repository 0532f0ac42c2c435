"""The WFDB record, read back by wfdb."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest
import soundfile

from monitor.archive.spans import Span
from monitor.archive.timeline import open_sound
from monitor.commands.export.wfdb_record import record_name, wfdb_record
from monitor.errors import AuscultError

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # wfdb's own use of pandas


@pytest.fixture
def read_back(write_content):
    """Return a function that writes a record, and reads it and its annotations with wfdb."""
    wfdb = pytest.importorskip("wfdb", reason="wfdb reads records back")

    def read(timeline):
        path = write_content(wfdb_record(timeline, "heart"), "heart")[".hea"].with_suffix("")
        return wfdb.rdrecord(str(path), physical=False), wfdb.rdrecord(str(path)), wfdb.rdann(str(path), "atr")

    return read


def texts(annotation):
    """Return sample, symbol and text of every annotation; wfdb takes each byte of a text for a letter."""
    notes = [note.encode("latin-1").decode() for note in annotation.aux_note]
    return list(zip(annotation.sample.tolist(), annotation.symbol, notes, strict=True))


def test_the_sound(timeline, read_back):
    """Every sample as a whole number and as a fraction of full scale; the header's checksum is that of wfdb."""
    digital, physical, _ = read_back(timeline)
    expected, _ = soundfile.read(timeline.sound.path, dtype="int32")
    np.testing.assert_array_equal(digital.d_signal[:, 0], expected >> 8)
    np.testing.assert_array_equal(physical.p_signal[:, 0], (expected >> 8) / 2**23)
    assert digital.calc_checksum() == [digital.checksum[0] % 65_536]
    assert digital.init_value == [expected[0] >> 8]
    assert (digital.fmt, digital.fs, digital.sig_len, digital.n_sig) == (["524"], 4000, 40_400, 1)
    assert (digital.sig_name, digital.units) == (["PCG"], ["NU"])


def test_full_scale_is_measured(timeline, read_back, tmp_path):
    """The least number of 24 bits says "not measured" in WFDB: a clipped sample is one above it."""
    path = tmp_path / "clipped.wav"
    soundfile.write(path, np.array([-1.0, 0.0, 1.0] * 100), 4000, "PCM_16")
    digital, physical, _ = read_back(dataclasses.replace(timeline, sound=open_sound(path), num_samples=300, spans=()))
    assert digital.d_signal[0, 0] == 1 - 2**23
    assert np.isfinite(physical.p_signal).all()


def test_the_time_of_day_and_the_subject(timeline, crashed, read_back):
    """They are those of the session, and left out where it has none."""
    record = read_back(timeline)[0]
    assert record.base_datetime == datetime.datetime(2026, 1, 2, 3, 4, 5)
    assert {"subject: P7", "site: AV"} <= set(record.comments)
    record = read_back(dataclasses.replace(crashed, session={}))[0]
    assert record.base_datetime is None
    assert len(record.comments) == 1


def test_the_annotations(timeline, read_back):
    """Stretches have a beginning and an end, moments one; the last sample is the latest; those at one sample differ."""
    annotation = read_back(timeline)[2]
    found = texts(annotation)
    assert (0, "(", "verdict: normal") in found
    assert (24_000, ")", "verdict: normal") in found
    assert (24_000, "(", "verdict: murmur") in found
    assert (40_000, ")", "verdict: murmur") in found
    assert (30_000, "(", "lost: lost sound") in found
    assert (13_000, '"', "mark 1") in found
    assert (13_000, '"', 'note: she said "cold", then coughed \u00e9\u5fc3') in found
    assert (28_000, "(", "withheld: loud bumps: keep the chest piece and its cable still") in found
    lasting = sum(span.kind in ("verdict", "withheld", "lost", "label") for span in timeline.spans)
    assert len(found) == len(timeline.spans) + lasting
    assert (1, '"', "site: AV") in found  # a note at sample 0 would describe the file
    assert annotation.sample.tolist() == sorted(annotation.sample)
    assert len(set(zip(annotation.sample, annotation.num, strict=True))) == len(found)


@pytest.mark.parametrize("sample", [0, 1, 1023, 1024, 65_535, 65_536, 1_000_000])
def test_intervals_of_any_length(timeline, read_back, sample):
    """Short ones are in the annotation, long ones in two words of their own."""
    spans = (Span(sample / 4000, sample / 4000, "mark", "mark 1"),)
    long = dataclasses.replace(timeline, spans=spans, num_samples=2_000_000)
    assert texts(read_back(long)[2]) == [(max(sample, 1), '"', "mark 1")]


def test_a_long_text_goes_on(timeline, read_back):
    """In parts of at most 255 bytes, none of which cuts a letter."""
    text = "\u5fc3\u97f3 " * 100
    annotation = read_back(dataclasses.replace(timeline, spans=(Span(1.0, 1.0, "note", text),)))[2]
    assert "".join(note for _, _, note in texts(annotation)) == f"note: {text.strip()}"
    assert len(annotation.sample) == 3
    assert annotation.num.tolist() == [0, 1, 2]


def test_an_early_beat(timeline, read_back):
    """It is the annotation of a beat, also at sample 0, and not of one with a known origin."""
    spans = (Span(0.0, 0.0, "ectopic", "early beat"), Span(2.5, 2.5, "ectopic", "early beat"))
    found = texts(read_back(dataclasses.replace(timeline, spans=spans))[2])
    assert found == [(0, "Q", "early beat"), (10_000, "Q", "early beat")]


def test_no_annotations(timeline):
    """Without any, the file is its end mark alone."""
    content = wfdb_record(dataclasses.replace(timeline, spans=()), "heart")
    assert content[".atr"] == b"\0\0"


def test_a_mark_at_the_end(timeline, read_back):
    """It is at the last sample, which is the last that a record has."""
    spans = (Span(10.1, 10.1, "mark", "mark 1"),)
    assert texts(read_back(dataclasses.replace(timeline, spans=spans))[2]) == [(40_399, '"', "mark 1")]


def test_the_mean_of_the_channels(timeline, read_back, tmp_path):
    """What was judged is written: one channel."""
    stereo = np.array([[0.5, 0.25], [-0.5, 0.0]] * 500)
    soundfile.write(tmp_path / "a.wav", stereo, 8000, "PCM_16")
    changed = dataclasses.replace(timeline, sound=open_sound(tmp_path / "a.wav"), sample_rate=8000, num_samples=1000)
    assert read_back(changed)[1].p_signal[:2, 0].tolist() == [0.375, -0.25]


def test_names():
    """A record's name has letters, digits, underscores and hyphens; another is refused with one that works."""
    assert record_name("\u00fcbung 3.2") == "_bung_3_2"


def test_a_name_that_is_none(timeline):
    """One line."""
    with pytest.raises(AuscultError, match=r"'a b' is no name of a WFDB record: .*; use -o a_b"):
        wfdb_record(timeline, "a b")


def test_an_electrocardiogram(timeline, tmp_path, write_content):
    """It is the second signal, shorter ones end in zeros, and its R peaks are beats in a file of their own."""
    wfdb = pytest.importorskip("wfdb", reason="wfdb reads records back")
    ecg = np.random.default_rng(1).integers(-(2**23), 2**23, 40_000, dtype=np.int32)
    soundfile.write(tmp_path / "ecg.flac", ecg << 8, 4000, "PCM_24")
    spans = (Span(0.0, 0.0, "r_peak", "R"), Span(1.5, 1.5, "r_peak", "R"), Span(2.0, 2.0, "mark", "mark 1"))
    both = dataclasses.replace(timeline, ecg=open_sound(tmp_path / "ecg.flac"), spans=spans)
    path = str(write_content(wfdb_record(both, "heart"), "heart")[".hea"].with_suffix(""))
    record = wfdb.rdrecord(path, physical=False)
    sound, _ = soundfile.read(timeline.sound.path, dtype="int32")
    assert (record.sig_name, record.fmt, record.sig_len) == (["PCG", "ECG"], ["524", "524"], 40_400)
    np.testing.assert_array_equal(record.d_signal[:, 0], sound >> 8)
    np.testing.assert_array_equal(record.d_signal[:, 1], np.pad(ecg, (0, 400)))
    assert record.calc_checksum() == [checksum % 65_536 for checksum in record.checksum]
    assert texts(wfdb.rdann(path, "qrs")) == [(0, "N", ""), (6000, "N", "")]
    assert texts(wfdb.rdann(path, "atr")) == [(8000, '"', "mark 1")]

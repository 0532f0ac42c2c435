"""The article's features: the numbers of librosa, in a table that matches the windows."""

from __future__ import annotations

import csv
import io
import sys

import numpy as np
import pytest

pytest.importorskip("librosa", reason="the features need the plot extra")

import librosa

from monitor.commands.plot.acoustic_features import FEATURES, FeatureTable, acoustic_features, check_librosa
from monitor.errors import MissingExtraError
from monitor.features.resample import resampled


def rows_of(table):
    """Return a table's rows by column."""
    return list(csv.DictReader(io.StringIO(table.csv())))


def tabulated(run_array, waveform, per, **options):
    """Return the rows of one waveform."""
    table = FeatureTable(per)
    table.begin_file("a.wav", 4000)
    run_array(waveform, on_window=table.add_window, **options)
    table.end_file()
    return rows_of(table)


def test_the_numbers_are_those_of_the_article(heart_waveform):
    """Each is the mean of a function of librosa, called as in the article."""
    sound = resampled(heart_waveform[:20_000], 4000, 22_050)
    expected = [
        np.mean(librosa.feature.rms(y=sound)),
        np.mean(librosa.feature.chroma_stft(y=sound, sr=22_050)),
        np.mean(librosa.feature.spectral_centroid(y=sound, sr=22_050)),
        np.mean(librosa.feature.spectral_bandwidth(y=sound, sr=22_050)),
        np.mean(librosa.feature.spectral_rolloff(y=sound, sr=22_050)),
        np.mean(librosa.feature.zero_crossing_rate(sound)),
        *np.mean(librosa.feature.mfcc(y=sound, sr=22_050), axis=1),
    ]
    assert len(expected) == len(FEATURES) == 26
    assert acoustic_features(heart_waveform[:20_000], 4000) == pytest.approx(expected, rel=1e-4)


def test_a_tone_has_its_frequency(signals):
    """Centroid and roll-off of 300 Hz lie there, and it crosses zero 600 times a second."""
    features = dict(zip(FEATURES, acoustic_features(signals.tone(300.0, 20_000), 4000), strict=True))
    assert features["spectral_centroid_hz"] == pytest.approx(300.0, rel=0.05)
    assert features["rolloff_hz"] == pytest.approx(300.0, rel=0.05)
    assert features["zero_crossing_rate"] == pytest.approx(600 / 22_050, rel=0.02)
    assert features["rms"] == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_silence_has_finite_features_and_no_warning(signals):
    """A warning would fail the test."""
    assert np.isfinite(acoustic_features(signals.silence(20_000), 4000)).all()


def test_a_row_for_each_window(run_array, heart_waveform):
    """Index and times are those of the windows, and the values are of their samples."""
    rows = tabulated(run_array, heart_waveform, "window", hop_s=2.5)
    assert [(row["file"], row["index"], row["start_s"], row["end_s"]) for row in rows] == [
        *(("a.wav", "0", "0.0", "5.0"), ("a.wav", "1", "2.5", "7.5"), ("a.wav", "2", "5.0", "10.0")),
    ]
    values = [float(rows[1][name]) for name in FEATURES]
    assert values == pytest.approx(acoustic_features(heart_waveform[10_000:30_000], 4000), rel=1e-5)
    assert {(row["gap"], row["short"]) for row in rows} == {("0", "0")}


def test_a_row_for_each_file(run_array, heart_waveform):
    """The mean over the windows that lie end to end: of a hop of 2.5 s, the first and the third."""
    (row,) = tabulated(run_array, heart_waveform, "file", hop_s=2.5)
    parts = [acoustic_features(heart_waveform[begin : begin + 20_000], 4000) for begin in (0, 20_000)]
    assert (row["file"], row["windows"]) == ("a.wav", "2")
    assert [float(row[name]) for name in FEATURES] == pytest.approx(np.mean(parts, axis=0), rel=1e-5)


def test_a_window_with_lost_samples_has_no_features(run_array, heart_waveform):
    """Its row is flagged and empty; a file with no other window has an empty row."""
    lossy = heart_waveform.copy()
    lossy[24_000:24_100] = np.nan
    rows = tabulated(run_array, lossy, "window", hop_s=5.0)
    assert [(row["gap"], row["rms"] == "") for row in rows] == [("0", False), ("1", True)]
    (row,) = tabulated(run_array, lossy[20_000:], "file")
    assert (row["windows"], row["rms"], row["mfcc_20"]) == ("0", "", "")


def test_a_short_clip_is_marked(run_array, heart_waveform):
    """Its one window is looped, as for the network."""
    (row,) = tabulated(run_array, heart_waveform[:8000], "window")
    assert (row["short"], row["end_s"]) == ("1", "5.0")


def test_names_with_commas_survive(run_array, heart_waveform):
    """A file name is one cell, whatever it holds."""
    table = FeatureTable("file")
    table.begin_file('a, "b".wav', 4000)
    table.end_file()
    assert [row["file"] for row in rows_of(table)] == ['a, "b".wav']
    assert table.num_rows == 1


def test_without_librosa(monkeypatch):
    """One line names the extra to install."""
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingExtraError, match=r"--features needs librosa; pip install 'auscult-monitor\[plot\]'"):
        check_librosa()


@pytest.mark.parametrize("name", ["=1+1.wav", "+a.wav", "-a.wav", "@a.wav"])
def test_no_name_begins_a_formula(run_array, name):
    """A spreadsheet shows the cell as text; numbers stay as they are."""
    table = FeatureTable("file")
    table.begin_file(name, 4000)
    table.end_file()
    assert rows_of(table)[0]["file"] == f"'{name}"

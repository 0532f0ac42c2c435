"""Annotated recordings: found also where the classifier has no label; a state for the middle of each frame."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.errors import DataError
from monitor.features.sound_bands import frame_centre_s
from monitor.labels import NON_CARDIAC
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.data.circor import read_circor
from training.data.cycle_states import (
    AnnotatedSound,
    annotated_recordings,
    annotated_sound,
    read_annotated,
    states_of,
)
from training.data.recording import DataSet, Dropped, Recording

HEADER = "Patient ID,Additional ID,Murmur,Murmur locations"


@pytest.fixture
def circor(tmp_path: Path) -> Path:
    """Return a small CirCor: a murmur at one of two sites, a child without, one unknown; one without annotations."""
    rows = ["1,nan,Present,AV", "2,nan,Absent,nan", "3,nan,Unknown,nan"]
    (tmp_path / "training_data.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    folder = tmp_path / "training_data"
    folder.mkdir()
    for name in ("1_AV", "1_MV", "2_AV", "2_MV", "3_AV"):
        soundfile.write(folder / f"{name}.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 8000), 4000)
        if name != "2_MV":
            (folder / f"{name}.tsv").write_text("0\t0.5\t0\n0.5\t0.6\t1\n0.6\t0.8\t2\n0.8\t0.9\t3\n0.9\t1.5\t4\n")
    return tmp_path


def test_recordings_without_a_label_count_too(circor: Path) -> None:
    """No murmur at this site, and not known: their heart sounds are annotated, and their child is known."""
    data_set = read_circor(circor)
    assert data_set is not None
    found = annotated_recordings([data_set])
    assert [recording.path.stem for recording in found] == ["1_AV", "1_MV", "2_AV", "3_AV"]
    assert [recording.patient for recording in found] == ["circor/1", "circor/1", "circor/2", "circor/3"]


def test_the_states_are_those_in_the_middle_of_each_frame(circor: Path) -> None:
    """And 0 where nothing is annotated; the seconds that have a state are counted."""
    data_set = read_circor(circor)
    assert data_set is not None
    sound = read_annotated(annotated_recordings([data_set])[0])
    assert len(sound.states) == len(sound.bands) == (8000 - 256) // 50 + 1
    at = frame_centre_s(np.arange(len(sound.states)))
    for state, (start_s, end_s) in enumerate([(0.5, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.5)], 1):
        assert set(sound.states[(at > start_s + 1e-9) & (at < end_s - 1e-9)].tolist()) == {state}
    assert set(sound.states[(at < 0.5) | (at > 1.5)].tolist()) == {0}
    assert sound.annotated_s == pytest.approx(1.0)


def test_annotations_behind_the_end_change_nothing() -> None:
    """A file that is longer than its sound."""
    assert states_of(np.array([[0.0, 99.0, 2.0]]), 3).tolist() == [2, 2, 2]
    assert states_of(np.array([[5.0, 99.0, 2.0]]), 3).tolist() == [0, 0, 0]


def test_noise_comes_along(circor: Path) -> None:
    """Non-cardiac recordings, which have no annotations; by themselves they are not enough."""
    data_set = read_circor(circor)
    assert data_set is not None
    rain = Recording(circor / "rain.wav", (NON_CARDIAC,), "everyday/rain", "everyday sounds")
    noises = DataSet("everyday sounds", circor, (rain,))
    found = annotated_recordings([data_set, noises])
    assert found.count(rain) == 1
    assert len(found) == 5
    with pytest.raises(DataError, match="no recording of a known patient"):
        annotated_recordings([noises])
    sound = annotated_sound(rain, np.zeros(4000, np.float32), np.empty((0, 3)), variants=2)
    assert sound.is_noise
    assert sound.variants == ()


def test_variants_have_other_tempi_and_their_marks() -> None:
    """The rate of each is that of its marks; the same recording has the same variants."""
    heart = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(0))
    onsets = heart.beats.s1_samples / 4000
    marks = np.array(
        [
            row
            for onset, after in itertools.pairwise(onsets)
            for row in ((onset, onset + 0.1, 1), (onset + 0.1, onset + 0.3, 2), (onset + 0.3, after, 4))
        ]
    )
    recording = Recording(Path("heart.wav"), (), "a", "clinic")
    sound, again = (annotated_sound(recording, heart.waveform, marks, variants=4) for _ in range(2))
    assert len(sound.variants) == 4
    assert sound.rate_bpm == pytest.approx(72, rel=0.05)
    for variant, same in zip(sound.variants, again.variants, strict=True):
        speed = sound.annotations[-1, 1] / variant.annotations[-1, 1]
        assert 0.75 <= speed <= 1.5
        assert variant.rate_bpm == pytest.approx(sound.rate_bpm * speed, rel=0.03)
        assert variant.duration_s == pytest.approx(sound.duration_s / speed, abs=0.2)
        assert np.array_equal(variant.bands, same.bands)


def test_the_rate_is_that_of_stretches_without_a_gap() -> None:
    """An interval across frames without a state does not count; without any there is no rate."""
    beat = np.repeat([1, 2, 3, 4], [8, 16, 8, 48])
    states = np.concatenate([np.tile(beat, 3), np.zeros(200), np.tile(beat, 3)]).astype(np.int8)
    recording = Recording(Path("a.wav"), (), "a", "clinic")
    bands = np.zeros((len(states), 12), np.float32)
    assert AnnotatedSound(recording, bands, states, np.empty((0, 3))).rate_bpm == pytest.approx(60)
    assert np.isnan(AnnotatedSound(recording, bands, np.zeros_like(states), np.empty((0, 3))).rate_bpm)


def test_none_annotated_says_what_to_do(tmp_path: Path) -> None:
    """No file, no patient, or no recording at all."""
    known = Recording(tmp_path / "a.wav", ("normal",), "a", "clinic")
    dropped = Dropped(tmp_path / "b.wav", "no label")
    with pytest.raises(DataError, match="no recording of a known patient") as caught:
        annotated_recordings([DataSet("clinic", tmp_path, (known,), (), (dropped,))])
    assert "start s, end s, state" in str(caught.value.next_step)

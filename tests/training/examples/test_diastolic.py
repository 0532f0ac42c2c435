"""Diastolic murmurs made from annotated hearts: where the sound goes, what stays, and what a control keeps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.synthesis.noise import bandpass_gain, equalize, frequencies
from training.data.circor import CIRCOR
from training.data.recording import Recording
from training.examples.diastolic import (
    DIASTOLIC,
    AnnotatedHeart,
    annotated_diastolic,
    annotated_hearts,
    diastolic_sounds,
    made_hearts,
)

RATE = 4000
EDGES_S = (0.0, 0.1, 0.28, 0.38, 0.8)
"""Onsets of S1, systole, S2, diastole and the next S1 in a beat of 75 beats per minute."""
NUM_BEATS = 10
SYSTOLE, DIASTOLE = (0.11, 0.27), (0.4, 0.78)


def a_heart(murmur_s: tuple[float, float] | None, cycle_s: float = 0.8) -> AnnotatedHeart:
    """Return a heart of low tones as S1 and S2 over faint noise, with noise of 150 to 500 Hz in a part of each beat."""
    rng = np.random.default_rng(0)
    edges = np.array(EDGES_S) * np.array([1, 1, 1, 1, cycle_s / 0.8])
    beats = np.rint((np.arange(NUM_BEATS)[:, None] * cycle_s + edges) * RATE).astype(np.intp)
    samples = int(beats[-1, 4])
    waveform = 1e-4 * rng.standard_normal(samples)
    murmur = equalize(
        rng.standard_normal(samples).astype(np.float32), bandpass_gain(frequencies(samples, RATE), 150, 500)
    )
    tone = 0.5 * np.sin(2 * np.pi * 50 * np.arange(round(0.06 * RATE)) / RATE) * np.hanning(round(0.06 * RATE))
    for beat in beats:
        for onset in (beat[0], beat[2]):
            waveform[onset : onset + len(tone)] += tone
        if murmur_s is not None:
            part = slice(*(int(beat[0]) + round(edge * RATE) for edge in murmur_s))
            waveform[part] += 0.1 * murmur[part]
    labels = ("normal", "extrastole") if murmur_s is None else ("murmur",)
    recording = Recording(Path("7_AV.wav"), labels, "circor/7", CIRCOR)
    return AnnotatedHeart(recording, waveform.astype(np.float32), beats, None if murmur_s is None else "systolic")


def level_db(heart: AnnotatedHeart, part_s: tuple[float, float], band_hz: tuple[float, float] = (200, 450)) -> float:
    """Return the power of a part of all beats in a band."""
    gain = bandpass_gain(frequencies(len(heart.waveform), RATE), *band_hz, order=4)
    filtered = equalize(heart.waveform, gain)
    parts = [
        filtered[beat[0] + round(part_s[0] * RATE) : beat[0] + round(part_s[1] * RATE)] for beat in heart.beats[1:]
    ]
    return float(10 * np.log10(np.square(np.concatenate(parts)).mean() + 1e-20))


def only(heart: AnnotatedHeart, kind: str, seed: int = 0) -> AnnotatedHeart:
    """Return the heart of one kind that is made from another."""
    (made,) = [one for one in made_hearts(heart, (seed,)) if one.kind == kind]
    return made.heart


class TestSystolicMurmur:
    """A systolic murmur is moved, copied, or left where it is."""

    heart = a_heart(SYSTOLE)

    def test_moved(self) -> None:
        """Systole is quiet, diastole loud, and S1 and S2 are what they were."""
        moved = only(self.heart, "moved")
        assert moved.timing == "diastolic"
        assert level_db(moved, SYSTOLE) < level_db(self.heart, SYSTOLE) - 15
        assert level_db(moved, DIASTOLE) > level_db(self.heart, DIASTOLE) + 15
        for first in (0.0, 0.28):
            for beat in self.heart.beats:
                sound = slice(beat[0] + round(first * RATE), beat[0] + round((first + 0.06) * RATE))
                assert np.array_equal(moved.waveform[sound], self.heart.waveform[sound])

    def test_copied(self) -> None:
        """Loud in both."""
        copied = only(self.heart, "copied")
        assert copied.timing == "systolic and diastolic"
        assert level_db(copied, SYSTOLE) == pytest.approx(level_db(self.heart, SYSTOLE), abs=2)
        assert level_db(copied, DIASTOLE) > level_db(self.heart, DIASTOLE) + 15

    def test_control(self) -> None:
        """Cut and filled, and still systolic: the same levels from other samples."""
        control = only(self.heart, "control")
        assert control.timing == "systolic"
        assert level_db(control, SYSTOLE) == pytest.approx(level_db(self.heart, SYSTOLE), abs=2)
        assert level_db(control, DIASTOLE) == pytest.approx(level_db(self.heart, DIASTOLE), abs=2)
        for first, last in (SYSTOLE, DIASTOLE):
            middle = [slice(b[0] + round(first * RATE), b[0] + round(last * RATE)) for b in self.heart.beats]
            assert not any(np.array_equal(control.waveform[part], self.heart.waveform[part]) for part in middle)

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("kind", ["control", "moved", "copied"])
    def test_no_click(self, kind: str, seed: int) -> None:
        """No step between two samples is larger than in the heart itself."""
        made = only(self.heart, kind, seed)
        assert np.abs(np.diff(made.waveform)).max() <= np.abs(np.diff(self.heart.waveform)).max() * 1.05

    def test_a_diastole_shorter_than_systole(self) -> None:
        """What is taken from it is played to and fro, and the murmur is cut to it."""
        fast = a_heart(SYSTOLE, cycle_s=0.5)
        edges = fast.beats[:, 3].copy()
        moved = only(fast, "moved")
        assert len(moved.waveform) == len(fast.waveform)
        assert np.array_equal(moved.beats[:, 3], edges)
        assert level_db(moved, SYSTOLE) < level_db(fast, SYSTOLE) - 6


class TestSyntheticMurmur:
    """A synthetic murmur is added to a heart without one."""

    heart = a_heart(None)

    @pytest.mark.parametrize("seed", range(4))
    def test_regurgitation(self, seed: int) -> None:
        """High-pitched, from S2 on and fading; systole stays as it is."""
        made = only(self.heart, "regurgitation", seed)
        assert made.timing == "diastolic"
        early, late = level_db(made, (0.34, 0.44)), level_db(made, (0.68, 0.78))
        assert early > level_db(self.heart, (0.34, 0.44)) + 3
        assert early > late + 3
        assert level_db(made, (0.34, 0.44), (40, 90)) < early
        systole = slice(int(self.heart.beats[3, 1]), int(self.heart.beats[3, 2]))
        assert np.allclose(made.waveform[systole], self.heart.waveform[systole], atol=1e-6)

    @pytest.mark.parametrize("seed", range(4))
    def test_stenosis(self, seed: int) -> None:
        """Low-pitched, after a pause behind S2, and a louder S1."""
        made = only(self.heart, "stenosis", seed)
        middle, pause = (0.48, 0.55), (0.315, 0.335)
        assert level_db(made, middle, (40, 100)) > level_db(self.heart, middle, (40, 100)) + 3
        assert level_db(made, middle, (40, 100)) > level_db(made, middle, (250, 450)) + 6
        assert level_db(made, pause, (200, 450)) == pytest.approx(level_db(self.heart, pause, (200, 450)), abs=3)
        beat = self.heart.beats[4]
        peaks = [np.abs(one.waveform[beat[0] : beat[1]]).max() for one in (made, self.heart)]
        assert peaks[0] > 1.1 * peaks[1]

    def test_levels(self) -> None:
        """Between -30 and -8 dB against S1, and over all of the range."""
        made = [one for seed in range(60) for one in made_hearts(self.heart, (seed,), ("regurgitation",))]
        levels = [one.level_db for one in made if one.level_db is not None]
        assert len(levels) == 60
        assert -30 <= min(levels) < -26
        assert -12 < max(levels) <= -8

    def test_a_noisy_heart(self) -> None:
        """Where the noise hides the loudest murmur, nothing is added; the control is left."""
        time_s = np.arange(len(self.heart.waveform)) / RATE
        hum = np.sin(2 * np.pi * 60 * time_s) + np.sin(2 * np.pi * 260 * time_s)
        noisy = dataclasses.replace(self.heart, waveform=self.heart.waveform + hum.astype(np.float32))
        assert [one.kind for one in made_hearts(noisy, (0,))] == ["control"]

    def test_not_clipped(self) -> None:
        """A heart at full scale is made softer as a whole."""
        loud = dataclasses.replace(self.heart, waveform=self.heart.waveform / np.abs(self.heart.waveform).max())
        assert np.abs(only(loud, "stenosis").waveform).max() <= 1.0


def test_the_same_seed_gives_the_same() -> None:
    """And another seed something else; a choice of kinds does not change them."""
    heart = a_heart(None)
    first, again, other = (made_hearts(heart, (seed,)) for seed in (3, 3, 4))
    for one, two, three in zip(first, again, other, strict=True):
        assert np.array_equal(one.heart.waveform, two.heart.waveform)
        assert one.kind == "control" or not np.array_equal(one.heart.waveform, three.heart.waveform)
    (chosen,) = made_hearts(heart, (3,), ("stenosis",))
    assert np.array_equal(chosen.heart.waveform, first[2].heart.waveform)


def test_nothing_is_made_of_a_diastolic_murmur() -> None:
    """It is one already."""
    assert made_hearts(dataclasses.replace(a_heart(SYSTOLE), timing="diastolic"), (0,)) == []


@pytest.fixture
def circor(tmp_path: Path) -> list[Recording]:
    """Return a child with a systolic murmur, one without, and one of whose murmur the table says nothing."""
    folder = tmp_path / "training_data"
    folder.mkdir()
    (tmp_path / "training_data.csv").write_text(
        "Patient ID,Additional ID,Murmur,Murmur locations,Systolic murmur timing,Diastolic murmur timing\n"
        "1,nan,Present,AV,Holosystolic,nan\n2,nan,Absent,nan,nan,nan\n3,nan,Present,AV,nan,nan\n"
    )
    recordings = []
    for number, murmur in ((1, SYSTOLE), (2, None), (3, SYSTOLE)):
        heart = a_heart(murmur)
        path = folder / f"{number}_AV.wav"
        soundfile.write(path, np.concatenate((heart.waveform, np.zeros(RATE, np.float32))), RATE)
        lines = [
            f"{beat[state] / RATE:.5f}\t{beat[state + 1] / RATE:.5f}\t{state + 1}"
            for beat in heart.beats
            for state in range(4)
        ]
        end_s = heart.beats[-1, 4] / RATE
        path.with_suffix(".tsv").write_text("\n".join([*lines, f"{end_s:.5f}\t{end_s + 0.1:.5f}\t1"]) + "\n")
        recordings.append(Recording(path, heart.recording.labels, f"circor/{number}", CIRCOR))
    return recordings


def as_rows(beats: NDArray[np.intp]) -> list[list[int]]:
    """Return beats as lists."""
    return [[int(sample) for sample in beat] for beat in beats]


def test_hearts_are_read_by_their_annotations(circor: list[Recording]) -> None:
    """The annotated stretch, its beats and its timing; a murmur of unknown timing is passed over."""
    hearts = list(annotated_hearts(circor))
    assert [(heart.recording.patient, heart.timing) for heart in hearts] == [
        ("circor/1", "systolic"),
        ("circor/2", None),
    ]
    for heart in hearts:
        assert len(heart.waveform) == heart.beats[-1, 4] == round(0.8 * NUM_BEATS * RATE)
        assert as_rows(heart.beats)[1] == [3200, 3600, 4320, 4720, 6400]
    assert list(annotated_hearts(circor, min_s=20.0)) == []


def test_training_examples(circor: list[Recording]) -> None:
    """Murmurs and controls of the same patients, with frames that a window can be cut from."""
    sounds = diastolic_sounds(circor, HEART, seed=0)
    found = [(sound.recording.patient, sound.recording.labels) for sound in sounds]
    assert found == [("circor/1", ("murmur",))] * 3 + [
        ("circor/2", ("normal", "extrastole")),
        ("circor/2", ("murmur",)),
        ("circor/2", ("murmur",)),
    ]
    assert {sound.recording.source for sound in sounds} == {DIASTOLIC}
    assert all(len(sound.frames) >= HEART.num_frames and sound.shifted for sound in sounds)
    assert len(diastolic_sounds(circor, HEART, 0, ("moved",))) == 1


def test_made_hearts_for_the_segmentation(circor: list[Recording]) -> None:
    """With the states of the heart that each was made from; without controls, and from known timings alone."""
    made = annotated_diastolic(circor)
    one, two, three = (recording.path for recording in circor)
    assert (len(made[one]), len(made[two])) == (2, 2)
    assert three not in made
    assert [sound.recording.source for sound in made[one] + made[two]] == [
        "moved",
        "copied",
        "regurgitation",
        "stenosis",
    ]
    for path in (one, two):
        for sound in made[path]:
            assert sound.recording.path == path
            assert np.array_equal(np.unique(sound.states), [1, 2, 3, 4])
            assert sound.annotations[:4, 2].tolist() == [1, 2, 3, 4]
            assert sound.annotations[:4, 1] == pytest.approx(EDGES_S[1:], abs=1e-3)
            assert len(sound.annotations) == 4 * NUM_BEATS
    again = annotated_diastolic(circor[:1])
    assert np.array_equal(again[one][0].bands, made[one][0].bands)  # whatever stands beside it

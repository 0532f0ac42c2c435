"""Spliced beats: one beat moved in a real rhythm, and controls that keep it."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.image import FrameWindow
from monitor.features.spec import HEART
from training.data.audio import Frames, Sound, frames_of
from training.data.recording import NON_CARDIAC, Recording
from training.examples.beat_splicing import AnnotatedBeat, read_beats, splice_sounds

CYCLE, DIASTOLE = 32, 14
"""Frames of a beat, and where its diastole begins: 75 beats per minute."""


def marks(path: Path, starts_s: list[float], cycle_s: float = 0.8) -> Path:
    """Write the marks of beats as CirCor does, the last one open."""
    lines = []
    for start in starts_s:
        edges = start + np.array([0.0, 0.1, 0.28, 0.35, cycle_s])
        lines += [f"{edges[state]:.4f}\t{edges[state + 1]:.4f}\t{state + 1}" for state in range(4)]
    lines.append(f"{starts_s[-1] + cycle_s:.4f}\t{starts_s[-1] + cycle_s + 0.1:.4f}\t1")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def regular(count: int) -> list[float]:
    """Return the onsets of regular beats, 0.8 s apart."""
    return [0.4 + 0.8 * number for number in range(count)]


@pytest.fixture
def heart(tmp_path: Path, signals: Any) -> Sound:
    """Return 16 s of clicks at 0.8 s, with marks: a sound whose every beat is known."""
    marks(tmp_path / "1_AV.tsv", regular(18))
    waveform = signals.clicks(regular(19), 64_000)
    recording = Recording(tmp_path / "1_AV.wav", ("normal", "extrastole"), "circor/1", "CirCor DigiScope")
    return Sound(recording, frames_of(waveform, HEART), len(waveform))


def heard(sound: Sound) -> FrameWindow:
    """Return the frames of a window as they are heard."""
    return sound.frames.window(0, HEART.num_frames)


def intervals(sound: Sound) -> NDArray[np.intp]:
    """Return the frames between the clicks of a window."""
    envelope = heard(sound).envelope
    loud = envelope > envelope.max() - np.log(4.0)
    onsets = np.flatnonzero(loud & ~np.roll(loud, 1))
    return np.diff(onsets[onsets > 0])


class TestReadBeats:
    """Marks become beats in frames."""

    def test_regular(self, tmp_path: Path) -> None:
        """Every marked beat that is followed by another is read, with its diastole."""
        beats = read_beats(marks(tmp_path / "a.tsv", regular(5)), HEART.frame_hop_s)
        assert beats == [
            AnnotatedBeat(16 + CYCLE * n, 16 + CYCLE * n + DIASTOLE, 16 + CYCLE * (n + 1)) for n in range(5)
        ]

    def test_the_longest_run(self, tmp_path: Path) -> None:
        """Where marks have a hole, the longer side is read."""
        path = marks(tmp_path / "a.tsv", [*regular(2), *(10.0 + 0.8 * number for number in range(4))])
        beats = read_beats(path, HEART.frame_hop_s)
        assert [beat.start for beat in beats] == [400 + CYCLE * number for number in range(4)]

    def test_any_order(self, tmp_path: Path) -> None:
        """Lines are put in order of time first."""
        path = marks(tmp_path / "a.tsv", regular(5))
        ordered = read_beats(path, HEART.frame_hop_s)
        path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[::-1]), encoding="utf-8")
        assert read_beats(path, HEART.frame_hop_s) == ordered

    @pytest.mark.parametrize("text", ["", "\n", "0.1\t0.2\n", "start\tend\tstate\n0\t1\t1\n", "0\t1\n2\n", "\x00\x01"])
    def test_some_other_table(self, tmp_path: Path, text: str) -> None:
        """A table of the same name that holds no marks gives no beats, and stops nothing."""
        (tmp_path / "a.tsv").write_text(text, encoding="utf-8")
        assert read_beats(tmp_path / "a.tsv", HEART.frame_hop_s) == []

    def test_unmarked(self, tmp_path: Path) -> None:
        """Marks that say nothing (state 0) give no beats."""
        (tmp_path / "a.tsv").write_text("0\t3.5\t0\n3.5\t9\t0\n", encoding="utf-8")
        assert read_beats(tmp_path / "a.tsv", HEART.frame_hop_s) == []


def test_windows(heart: Sound) -> None:
    """Each sound gives early and control windows, one window long, that stay with their patient."""
    spliced = splice_sounds([heart], HEART, 0)
    assert {(sound.recording.label, sound.premature) for sound in spliced} == {("extrastole", True), ("normal", False)}
    for sound in spliced:
        assert sound.recording.patient == "circor/1"
        assert sound.recording.source == "spliced beats"
        assert len(sound.frames) == HEART.num_frames
        assert heard(sound).log_power.shape == (HEART.num_frames, 64)


def test_the_recording_is_not_copied(heart: Sound) -> None:
    """A window is a choice of the recording's own frames: however many are made, they are held once."""
    assert all(its.frames.log_power is heart.frames.log_power for its in splice_sounds([heart], HEART, 0))


def test_an_early_beat_is_early(heart: Sound) -> None:
    """In every early window, exactly one interval is 0.5 to 0.8 of the usual, and the pause behind it no shorter."""
    early = [its for seed in range(8) for its in splice_sounds([heart], HEART, seed) if its.recording.label != "normal"]
    assert len(early) >= 8
    for sound in early:
        found = intervals(sound)
        short = np.flatnonzero(found < 0.85 * CYCLE)
        assert len(short) == 1
        assert 0.45 * CYCLE <= found[short[0]] <= 0.85 * CYCLE
        rest = np.delete(found, short)
        assert (rest >= CYCLE - 2).all()
        assert (rest > CYCLE + 2).sum() <= 1


def test_a_control_keeps_the_rhythm(heart: Sound) -> None:
    """In every control window all intervals are the usual one, so that a splice alone says nothing."""
    kept = [its for seed in range(8) for its in splice_sounds([heart], HEART, seed) if its.recording.label == "normal"]
    assert len(kept) >= 8
    for sound in kept:
        assert np.abs(intervals(sound) - CYCLE).max() <= 2


def test_no_frame_is_invented(heart: Sound) -> None:
    """Every frame of a window is a frame of the recording: nothing is blended, so nothing clicks."""
    known = {row.tobytes() for row in heart.frames.log_power}
    for sound in splice_sounds([heart], HEART, 3):
        assert all(row.tobytes() in known for row in heard(sound).log_power)


def test_the_seed_repeats_it(heart: Sound) -> None:
    """The same seed gives the same windows; another gives others."""
    first, again, other = (splice_sounds([heart], HEART, seed) for seed in (1, 1, 2))
    for ours, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(heard(ours).log_power, heard(same).log_power)
    assert any(
        not np.array_equal(heard(ours).log_power, heard(its).log_power) for ours, its in zip(first, other, strict=False)
    )


def sound_like(heart: Sound, labels: tuple[str, ...], path: Path) -> Sound:
    """Return the same sound with other labels and marks."""
    return Sound(Recording(path, labels, "p", "set"), heart.frames, heart.num_samples)


def test_a_murmur_stays_one(heart: Sound) -> None:
    """A murmur with an early beat may have either label; its control is a murmur and nothing else."""
    spliced = splice_sounds([sound_like(heart, ("murmur",), heart.recording.path)], HEART, 0)
    assert {(its.recording.labels, its.premature) for its in spliced} == {
        (("murmur", "extrastole"), True),
        (("murmur",), False),
    }


def test_a_heart_that_may_be_a_murmur(heart: Sound) -> None:
    """What is not known of a recording stays unknown of its windows, but for the rhythm."""
    spliced = splice_sounds([sound_like(heart, ("normal", "murmur"), heart.recording.path)], HEART, 0)
    assert {its.recording.labels for its in spliced if its.premature} == {("murmur", "extrastole")}
    assert {its.recording.labels for its in spliced if not its.premature} == {("normal", "murmur")}


def test_what_is_left_alone(heart: Sound, tmp_path: Path) -> None:
    """A recording without marks, a part of one, whose marks are of the whole, and sounds that are no heart."""
    unmarked = sound_like(heart, ("normal",), tmp_path / "absent.wav")
    noise = sound_like(heart, (NON_CARDIAC,), heart.recording.path)
    part = dataclasses.replace(heart, recording=dataclasses.replace(heart.recording, start_s=2.0))
    assert splice_sounds([unmarked, noise, part], HEART, 0) == []


def test_an_irregular_heart_is_left_alone(heart: Sound, tmp_path: Path) -> None:
    """Where the beats are irregular by themselves, a moved beat would not be the only one."""
    starts = np.cumsum(np.where(np.arange(16) % 2, 0.6, 1.0)).tolist()
    lines = []
    for start, following in itertools.pairwise(starts):
        edges = [start, start + 0.1, start + 0.25, start + 0.35, following]
        lines += [f"{edges[state]}\t{edges[state + 1]}\t{state + 1}" for state in range(4)]
    (tmp_path / "b.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert splice_sounds([sound_like(heart, ("normal",), tmp_path / "b.wav")], HEART, 0) == []


def test_too_few_beats(heart: Sound, tmp_path: Path) -> None:
    """Marks of a few beats only leave no room for regular ones on both sides."""
    marks(tmp_path / "c.tsv", regular(6))
    assert splice_sounds([sound_like(heart, ("normal",), tmp_path / "c.wav")], HEART, 0) == []


def test_a_recording_shorter_than_its_marks(heart: Sound, tmp_path: Path) -> None:
    """Marks that reach beyond the recording, as of a slow heart cut short, never ask for frames that are not there."""
    marks(tmp_path / "d.tsv", [0.4 + 1.2 * number for number in range(12)], cycle_s=1.2)
    frames = Frames(heart.frames.log_power[:400], heart.frames.bands[:, :400])
    short = Sound(Recording(tmp_path / "d.wav", ("normal",), "p", "set"), frames, 40_000)
    made = [sound for seed in range(20) for sound in splice_sounds([short], HEART, seed)]
    assert made
    assert all(len(sound.frames) == HEART.num_frames for sound in made)


def test_the_real_marks(shared_data: Path) -> None:
    """On real marks: beats follow each other, S1 before diastole before the next S1, at a heart's rate."""
    paths = sorted((shared_data / "circor" / "training_data").glob("*.tsv"))[:40]
    runs = [read_beats(path, HEART.frame_hop_s) for path in paths]
    assert sum(len(run) >= 7 for run in runs) >= 30
    for run in runs:
        assert all(beat.start < beat.diastole < beat.end for beat in run)
        assert all(first.end == second.start for first, second in itertools.pairwise(run))
        assert all(10 <= beat.end - beat.start <= 80 for beat in run)

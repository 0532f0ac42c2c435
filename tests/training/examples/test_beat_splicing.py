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
from monitor.labels import NON_CARDIAC
from training.data.annotations import read_annotations
from training.data.audio import Frames, Sound, compute_frames
from training.data.recording import Recording
from training.examples.beat_splicing import AnnotatedBeat, longest_run, splice_sounds

CYCLE, DIASTOLE = 32, 14
"""Frames of a beat, and where its diastole begins: 75 beats per minute."""


def write_annotations(path: Path, starts_s: list[float], cycle_s: float = 0.8, diastole_s: float = 0.35) -> Path:
    """Write the annotations of beats as CirCor does, the last one open."""
    lines = []
    for start in starts_s:
        edges = start + np.array([0.0, 0.1, 0.28, diastole_s, cycle_s])
        lines += [f"{edges[state]:.4f}\t{edges[state + 1]:.4f}\t{state + 1}" for state in range(4)]
    lines.append(f"{starts_s[-1] + cycle_s:.4f}\t{starts_s[-1] + cycle_s + 0.1:.4f}\t1")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_of(path: Path) -> list[AnnotatedBeat]:
    """Return the longest run of beats that a file annotates."""
    return longest_run(read_annotations(path), HEART.frame_hop_s)


def regular(count: int) -> list[float]:
    """Return the onsets of regular beats, 0.8 s apart."""
    return [0.4 + 0.8 * index for index in range(count)]


@pytest.fixture
def heart(tmp_path: Path, signals: Any) -> Sound:
    """Return 16 s of clicks at 0.8 s, with annotations of every beat."""
    write_annotations(tmp_path / "1_AV.tsv", regular(18))
    waveform = signals.clicks(regular(19), 64_000)
    recording = Recording(tmp_path / "1_AV.wav", ("normal", "extrastole"), "circor/1", "CirCor DigiScope")
    return Sound(recording, compute_frames(waveform, HEART), len(waveform))


def frames_in_order(sound: Sound) -> FrameWindow:
    """Return the frames of a window in the order of the splice."""
    return sound.frames.window(0, HEART.num_frames)


def intervals(sound: Sound) -> NDArray[np.intp]:
    """Return the frames between the clicks of a window."""
    envelope = frames_in_order(sound).envelope
    loud = envelope > envelope.max() - np.log(4.0)
    onsets = np.flatnonzero(loud & ~np.roll(loud, 1))
    return np.diff(onsets[onsets > 0])


class TestLongestRun:
    """Annotations become beats in frames."""

    def test_regular(self, tmp_path: Path) -> None:
        """Every annotated beat that is followed by another is returned, with its diastole."""
        beats = run_of(write_annotations(tmp_path / "a.tsv", regular(5)))
        assert beats == [
            AnnotatedBeat(16 + CYCLE * n, 16 + CYCLE * n + DIASTOLE, 16 + CYCLE * (n + 1)) for n in range(5)
        ]

    def test_the_longest_run(self, tmp_path: Path) -> None:
        """Where annotations have a gap, the longer side is returned."""
        path = write_annotations(tmp_path / "a.tsv", [*regular(2), *(10.0 + 0.8 * index for index in range(4))])
        beats = run_of(path)
        assert [beat.start for beat in beats] == [400 + CYCLE * index for index in range(4)]

    def test_any_order(self, tmp_path: Path) -> None:
        """Lines are sorted by time first."""
        path = write_annotations(tmp_path / "a.tsv", regular(5))
        ordered = run_of(path)
        path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[::-1]), encoding="utf-8")
        assert run_of(path) == ordered

    @pytest.mark.parametrize("text", ["", "\n", "0.1\t0.2\n", "start\tend\tstate\n0\t1\t1\n", "0\t1\n2\n", "\x00\x01"])
    def test_another_table(self, tmp_path: Path, text: str) -> None:
        """A table of the same name without annotations gives no beats, and no error."""
        (tmp_path / "a.tsv").write_text(text, encoding="utf-8")
        assert run_of(tmp_path / "a.tsv") == []

    def test_unannotated(self, tmp_path: Path) -> None:
        """State 0 gives no beats."""
        (tmp_path / "a.tsv").write_text("0\t3.5\t0\n3.5\t9\t0\n", encoding="utf-8")
        assert run_of(tmp_path / "a.tsv") == []


def test_ectopic_and_control_windows(heart: Sound) -> None:
    """Each sound gives ectopic and control windows, one window long, that stay with their patient."""
    spliced = splice_sounds([heart], HEART, 0)
    assert {(sound.recording.label, sound.ectopic) for sound in spliced} == {("extrastole", True), ("normal", False)}
    for sound in spliced:
        assert sound.recording.patient == "circor/1"
        assert sound.recording.source == "spliced beats"
        assert len(sound.frames) == HEART.num_frames
        assert frames_in_order(sound).log_power.shape == (HEART.num_frames, 64)


def test_windows_share_the_frames_of_the_recording(heart: Sound) -> None:
    """A window indexes the frames of the recording: however many there are, frames are in memory once."""
    assert all(window.frames.log_power is heart.frames.log_power for window in splice_sounds([heart], HEART, 0))


def test_ectopic_windows_hold_one_short_interval(heart: Sound) -> None:
    """In every ectopic window, exactly one interval is 0.5 to 0.8 of the usual, and the pause behind it no shorter."""
    ectopic = [
        window
        for seed in range(8)
        for window in splice_sounds([heart], HEART, seed)
        if window.recording.label != "normal"
    ]
    assert len(ectopic) >= 8
    for sound in ectopic:
        rr_intervals = intervals(sound)
        short = np.flatnonzero(rr_intervals < 0.85 * CYCLE)
        assert len(short) == 1
        assert 0.45 * CYCLE <= rr_intervals[short[0]] <= 0.85 * CYCLE
        rest = np.delete(rr_intervals, short)
        assert (rest >= CYCLE - 2).all()
        assert (rest > CYCLE + 2).sum() <= 1


def test_controls_keep_the_rhythm(heart: Sound) -> None:
    """In every control window all intervals are the usual one, so that a splice alone gives nothing away."""
    controls = [
        window
        for seed in range(8)
        for window in splice_sounds([heart], HEART, seed)
        if window.recording.label == "normal"
    ]
    assert len(controls) >= 8
    for sound in controls:
        assert np.abs(intervals(sound) - CYCLE).max() <= 2


def test_a_short_diastole_is_shortened_by_what_it_has(heart: Sound) -> None:
    """With a diastole of 12 frames at most 8 are taken, so no beat is lost and none comes much too early."""
    write_annotations(heart.recording.path.with_suffix(".tsv"), regular(18), diastole_s=0.5)
    windows = [window for seed in range(8) for window in splice_sounds([heart], HEART, seed)]
    assert len(windows) >= 8
    for window in windows:
        assert intervals(window).min() >= CYCLE - (8 if window.ectopic else 0) - 2
        assert window.ectopic or intervals(window).max() <= CYCLE + 2


def test_every_frame_is_of_the_recording(heart: Sound) -> None:
    """Nothing is blended, so nothing clicks."""
    known = {row.tobytes() for row in heart.frames.log_power}
    for sound in splice_sounds([heart], HEART, 3):
        assert all(row.tobytes() in known for row in frames_in_order(sound).log_power)


def test_equal_seeds_give_equal_windows(heart: Sound) -> None:
    """The same seed gives the same windows; another gives others."""
    first, again, other = (splice_sounds([heart], HEART, seed) for seed in (1, 1, 2))
    for ours, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(frames_in_order(ours).log_power, frames_in_order(same).log_power)
    assert any(
        not np.array_equal(frames_in_order(ours).log_power, frames_in_order(window).log_power)
        for ours, window in zip(first, other, strict=False)
    )


def sound_like(heart: Sound, labels: tuple[str, ...], path: Path) -> Sound:
    """Return the same sound with other labels and annotations."""
    return Sound(Recording(path, labels, "p", "set"), heart.frames, heart.num_samples)


def test_labels_of_a_spliced_murmur(heart: Sound) -> None:
    """A murmur with an ectopic beat may have either label; its control is a murmur and nothing else."""
    spliced = splice_sounds([sound_like(heart, ("murmur",), heart.recording.path)], HEART, 0)
    assert {(window.recording.labels, window.ectopic) for window in spliced} == {
        (("murmur", "extrastole"), True),
        (("murmur",), False),
    }


def test_labels_of_a_partially_labelled_recording(heart: Sound) -> None:
    """What is not known of a recording stays unknown for its windows, but for the rhythm."""
    spliced = splice_sounds([sound_like(heart, ("normal", "murmur"), heart.recording.path)], HEART, 0)
    assert {window.recording.labels for window in spliced if window.ectopic} == {("murmur", "extrastole")}
    assert {window.recording.labels for window in spliced if not window.ectopic} == {("normal", "murmur")}


def test_recordings_that_are_not_spliced(heart: Sound, tmp_path: Path) -> None:
    """A recording without annotations, a part of one, whose annotations are of the whole, and non-cardiac sounds."""
    unannotated = sound_like(heart, ("normal",), tmp_path / "absent.wav")
    noise = sound_like(heart, (NON_CARDIAC,), heart.recording.path)
    part = dataclasses.replace(heart, recording=dataclasses.replace(heart.recording, start_s=2.0))
    assert splice_sounds([unannotated, noise, part], HEART, 0) == []


def test_irregular_recordings_are_not_spliced(heart: Sound, tmp_path: Path) -> None:
    """Where the beats are irregular by themselves, a moved beat would not be the only one."""
    starts = np.cumsum(np.where(np.arange(16) % 2, 0.6, 1.0)).tolist()
    lines = []
    for start, following in itertools.pairwise(starts):
        edges = [start, start + 0.1, start + 0.25, start + 0.35, following]
        lines += [f"{edges[state]}\t{edges[state + 1]}\t{state + 1}" for state in range(4)]
    (tmp_path / "b.tsv").write_text("\n".join(lines), encoding="utf-8")
    assert splice_sounds([sound_like(heart, ("normal",), tmp_path / "b.wav")], HEART, 0) == []


def test_few_beats_are_not_spliced(heart: Sound, tmp_path: Path) -> None:
    """A few beats leave no room for regular ones on both sides."""
    write_annotations(tmp_path / "c.tsv", regular(6))
    assert splice_sounds([sound_like(heart, ("normal",), tmp_path / "c.wav")], HEART, 0) == []


def test_a_recording_shorter_than_its_annotations(heart: Sound, tmp_path: Path) -> None:
    """Annotations that reach beyond the recording never index frames that do not exist."""
    write_annotations(tmp_path / "d.tsv", [0.4 + 1.2 * index for index in range(12)], cycle_s=1.2)
    frames = Frames(heart.frames.log_power[:400], heart.frames.bands[:, :400])
    short = Sound(Recording(tmp_path / "d.wav", ("normal",), "p", "set"), frames, 40_000)
    spliced = [sound for seed in range(20) for sound in splice_sounds([short], HEART, seed)]
    assert spliced
    assert all(len(sound.frames) == HEART.num_frames for sound in spliced)


def test_annotations_of_circor(shared_data: Path) -> None:
    """Beats follow each other, S1 before diastole before the next S1, at a heart's rate."""
    paths = sorted((shared_data / "circor" / "training_data").glob("*.tsv"))[:40]
    runs = [run_of(path) for path in paths]
    assert sum(len(run) >= 7 for run in runs) >= 30
    for run in runs:
        assert all(beat.start < beat.diastole < beat.end for beat in run)
        assert all(first.end == second.start for first, second in itertools.pairwise(run))
        assert all(10 <= beat.end - beat.start <= 80 for beat in run)

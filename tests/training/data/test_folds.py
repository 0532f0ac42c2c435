"""No patient is ever on both sides, and unknown patients are held out only if asked for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.folds import ALWAYS_TRAINING, PATIENT_CHOICES, folds_of, fully_labelled_sets, with_patients
from training.data.patient_split import patient_folds
from training.data.recording import Recording

LABELS = ("normal", "murmur")


def heart(label: str, patient: str, source: str = "set", name: str = "a.wav") -> Recording:
    """Return a recording; several labels are joined by a plus."""
    return Recording(Path("mine") / name, tuple(label.split("+")), patient, source)


NOISE = heart(NON_CARDIAC, "")


class TestPatients:
    """Hearts whose patient is not known."""

    @pytest.mark.parametrize("choice", PATIENT_CHOICES)
    def test_known_patients_stay(self, choice: str) -> None:
        """Known patients do not change; a non-cardiac sound needs no patient."""
        recordings = [heart("normal", "p1"), heart("murmur", "p2"), NOISE]
        assert with_patients(recordings, choice) == recordings

    def test_unknown_patients_are_refused(self) -> None:
        """The error counts them, names one, and lists every option."""
        with pytest.raises(DataError) as error:
            with_patients([heart("normal", ""), heart("murmur", ""), heart("murmur", "p1"), NOISE], "auto")
        assert error.value.message == "2 recordings have no patient, such as mine/a.wav"
        assert error.value.next_step == (
            "put each patient's into a sub-folder, or list them in a manifest.csv; or add --patients file if every "
            "file is another person, or --patients none to train on them and hold none of them out"
        )

    def test_the_error_for_one_recording(self) -> None:
        """One recording has, two have."""
        with pytest.raises(DataError, match=r"^1 recording has no patient"):
            with_patients([heart("normal", "")], "auto")

    def test_each_file_as_a_patient(self) -> None:
        """With ``file`` every file is another person, and the parts of one file are one; known patients stay."""
        first, second = heart("normal", "", name="x/1.wav"), heart("normal", "", name="y/1.wav")
        part = dataclasses.replace(first, start_s=5.0)
        named = with_patients([first, part, second, heart("murmur", "p1"), NOISE], "file")
        assert [recording.patient for recording in named] == ["set/x/1.wav", "set/x/1.wav", "set/y/1.wav", "p1", ""]

    def test_the_first_unknown_one_is_named(self) -> None:
        """Not a later one, nor one of a known patient."""
        known = heart("normal", "p1", name="0.wav")
        unknown = [heart("normal", "", name=f"{number}.wav") for number in (1, 2)]
        with pytest.raises(
            DataError, match=r"^2 recordings have no patient, such as mine/1\.wav; put each patient's into"
        ):
            with_patients([known, *unknown], "auto")

    def test_unknown_patients_are_kept(self) -> None:
        """With ``none`` they stay unknown."""
        assert with_patients([heart("normal", "")], "none")[0].patient == ""

    def test_another_choice(self) -> None:
        """Another choice is the caller's mistake."""
        with pytest.raises(ValueError, match="choice='all' must be one of auto, file, none"):
            with_patients([], "all")


class TestFullyLabelledSets:
    """Sets that have every label."""

    def test_a_set_with_every_label(self) -> None:
        """A set that lacks a label, or has a partial one, is not fully labelled."""
        recordings = [heart("normal", "p1"), heart("murmur", "p2"), heart("normal", "p3", "half")]
        recordings += [
            heart("normal", "q1", "open"),
            heart("murmur", "q2", "open"),
            heart("normal+murmur", "q3", "open"),
        ]
        assert fully_labelled_sets(recordings, LABELS) == {"set"}

    def test_no_set_is_an_error(self) -> None:
        """The error names the labels."""
        with pytest.raises(DataError, match=r"no data set has recordings of every label \(normal, murmur\); add one"):
            fully_labelled_sets([heart("normal", "p1"), heart("murmur", "p2", "other")], LABELS)

    def test_the_error_says_what_to_add(self) -> None:
        """Where every patient is known, nothing is said of patients."""
        with pytest.raises(DataError) as error:
            fully_labelled_sets([heart("normal", "p1"), NOISE], LABELS)
        assert error.value.message == "no data set has recordings of every label (normal, murmur)"
        assert error.value.next_step == "add one that has, such as PASCAL set B"

    def test_a_set_with_more_labels(self) -> None:
        """A set may have labels besides those asked for."""
        recordings = [heart("normal", "p1"), heart("murmur", "p2"), heart("extrastole", "p3")]
        assert fully_labelled_sets(recordings, LABELS) == {"set"}

    def test_unknown_patients_do_not_count(self) -> None:
        """Hearts that are never held out count in no metric, and the error says so."""
        recordings = [heart("normal", "p1"), heart("murmur", "")]
        with pytest.raises(DataError, match="from patients who are known"):
            fully_labelled_sets(recordings, LABELS)


@st.composite
def recording_lists(draw: st.DrawFn) -> list[Recording]:
    """Return recordings of two sets, with enough patients of each label and some more of any kind."""
    recordings = [heart(label, f"{label}{index}") for label in LABELS for index in range(4)]
    recordings += [heart("normal+murmur", f"part{index}", "part") for index in range(4)]
    patients = st.sampled_from(["", *(recording.patient for recording in recordings)])
    for _ in range(draw(st.integers(0, 20))):
        patient = draw(patients)
        label, source = draw(st.sampled_from([("normal", "set"), ("murmur", "set"), ("normal+murmur", "part")]))
        recordings.append(heart(label, patient, source))
    return [*draw(st.permutations(recordings)), NOISE]


@given(recordings=recording_lists(), num_folds=st.integers(2, 4), seed=st.integers(0, 99))
def test_no_patient_on_both_sides(recordings: list[Recording], num_folds: int, seed: int) -> None:
    """A patient has one fold, over all sets; unknown patients are never held out."""
    folds = folds_of(recordings, {"set"}, num_folds, seed)
    for patient in {recording.patient for recording in recordings} - {""}:
        of_patient = {
            int(fold) for fold, recording in zip(folds, recordings, strict=True) if recording.patient == patient
        }
        assert len(of_patient) == 1
        assert of_patient <= {ALWAYS_TRAINING, *range(num_folds)}
    for fold, recording in zip(folds, recordings, strict=True):
        assert fold != ALWAYS_TRAINING or recording.source != "set" or not recording.patient or recording is NOISE
    unknown = [fold for fold, recording in zip(folds, recordings, strict=True) if not recording.patient]
    assert set(unknown) == {ALWAYS_TRAINING}


def test_each_stratum_is_balanced() -> None:
    """Where no patient is in two sets, each is split as if it were alone."""
    first = [heart(label, f"{label}{index}") for label in LABELS for index in range(6)]
    second = [heart("normal+murmur", f"q{index}", "part") for index in range(6)]
    folds = folds_of([*second, NOISE, *first], {"set"}, 3, 5)
    alone = patient_folds([one.patient for one in first], [str(one.label) for one in first], 3, 5)
    np.testing.assert_array_equal(folds[7:], alone)
    assert folds[6] == ALWAYS_TRAINING
    assert sorted(folds[:6].tolist()) == [0, 0, 1, 1, 2, 2]


def test_rare_labels_of_a_partially_labelled_set() -> None:
    """They are trained on and not held out, with all other recordings of the same patients, and are no error."""
    whole = [heart(label, f"{label}{index}") for label in LABELS for index in range(3)]
    part = [heart("normal+murmur", f"q{index}", "part") for index in range(4)]
    rare = [heart("murmur", "q0", "part"), heart("murmur", "p9", "part")]
    folds = folds_of([*whole, *part, *rare], {"set"}, 3, 0)
    assert folds[[6, 10, 11]].tolist() == [ALWAYS_TRAINING] * 3
    assert sorted(folds[7:10].tolist()) == [0, 1, 2]


def test_non_cardiac_sounds_are_held_out_too() -> None:
    """They are split by themselves, by group, and change no heart's fold; too few groups are only trained on."""
    hearts = [heart(label, f"{label}{index}") for label in LABELS for index in range(6)]
    noises = [heart(NON_CARDIAC, f"noise {index // 2}", "noises") for index in range(10)]
    folds = folds_of([*noises, *hearts], {"set"}, 3, 5)
    np.testing.assert_array_equal(folds[10:], folds_of(hearts, {"set"}, 3, 5))
    np.testing.assert_array_equal(folds[:10:2], folds[1:10:2])
    assert set(folds[:10].tolist()) == {0, 1, 2}
    assert set(folds_of([*noises[:4], *hearts], {"set"}, 3, 5)[:4].tolist()) == {ALWAYS_TRAINING}


def test_too_few_patients() -> None:
    """One patient cannot be held out and trained on."""
    with pytest.raises(DataError, match="the label murmur has 1 patient, too few for 2 folds; add recordings of other"):
        folds_of([heart("normal", "p1"), heart("normal", "p2"), heart("murmur", "p3")], {"set"}, 2, 0)


def test_all_unknown() -> None:
    """Without known patients, nothing is held out."""
    assert folds_of([heart("normal", ""), NOISE], {"set"}, 3, 0).tolist() == [ALWAYS_TRAINING] * 2


def test_a_patient_of_two_strata_keeps_one_fold() -> None:
    """A patient of the fully labelled set who is also in another set is held out once, in the fold of the first."""
    whole = [heart(label, f"{label}{index}") for label in LABELS for index in range(4)]
    part = [heart("normal+murmur", one.patient, "part") for one in whole]
    folds = folds_of([*part, *whole], {"set"}, 4, 0)
    np.testing.assert_array_equal(folds[:8], folds[8:])
    np.testing.assert_array_equal(folds[8:], folds_of(whole, {"set"}, 4, 0))


@pytest.mark.parametrize(("count", "held_out"), [(2, False), (3, True)])
def test_labels_with_as_many_patients_as_folds_are_held_out(count: int, held_out: bool) -> None:
    """Three patients are enough for three folds, two are not, outside the fully labelled sets."""
    whole = [heart(label, f"{label}{index}") for label in LABELS for index in range(3)]
    part = [heart("normal+murmur", f"q{index}", "part") for index in range(count)]
    folds = folds_of([*whole, *part], {"set"}, 3, 0)[6:]
    assert sorted(folds.tolist()) == ([0, 1, 2] if held_out else [ALWAYS_TRAINING] * 2)


def test_the_seed_changes_the_folds() -> None:
    """Another seed, other folds."""
    whole = [heart(label, f"{label}{index}") for label in LABELS for index in range(12)]
    first, other = (folds_of(whole, {"set"}, 3, seed).tolist() for seed in (0, 1))
    assert first != other

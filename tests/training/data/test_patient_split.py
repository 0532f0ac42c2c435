"""Splits by patient: no patient is on both sides, and every fold has recordings of every label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.discovery import discover
from training.data.patient_split import patient_folds, split_validation
from training.data.recording import Recording

LABELS = ("normal", "murmur", "extrastole")


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[str], int]:
    """Return patients and labels of some recordings, and a number of folds that every label has patients for."""
    num_folds = draw(st.integers(2, 5))
    rows = draw(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(LABELS)), max_size=120))
    for i, label in enumerate(LABELS):  # enough patients of every label
        rows += [(100 * (i + 1) + index, label) for index in range(num_folds)]
    rows = draw(st.permutations(rows))
    return [f"p{patient}" for patient, _ in rows], [label for _, label in rows], num_folds


@given(tables(), st.integers(0, 100))
def test_no_patient_on_both_sides(table: tuple[list[str], list[str], int], seed: int) -> None:
    """Whatever the table, all recordings of a patient are in one fold, and every recording is in one."""
    patients, labels, num_folds = table
    folds = patient_folds(patients, labels, num_folds, seed)
    assert folds.shape == (len(patients),)
    assert set(folds.tolist()) == set(range(num_folds))
    of_patient = defaultdict(set)
    for patient, fold in zip(patients, folds.tolist(), strict=True):
        of_patient[patient].add(fold)
    assert all(len(folds_of) == 1 for folds_of in of_patient.values())


@given(st.lists(st.integers(1, 12), min_size=12, max_size=60), st.integers(2, 4), st.integers(0, 100))
def test_every_fold_has_every_label(sizes: list[int], num_folds: int, seed: int) -> None:
    """Where each patient has one label, as in nearly all of the data, no fold lacks a label."""
    patients = [f"p{i}" for i, size in enumerate(sizes) for _ in range(size)]
    labels = [LABELS[i % 3] for i, size in enumerate(sizes) for _ in range(size)]
    folds = patient_folds(patients, labels, num_folds, seed)
    for fold in range(num_folds):
        assert {label for label, of_row in zip(labels, folds, strict=True) if of_row == fold} == set(LABELS)


@given(tables(), st.integers(0, 100))
def test_equal_seeds_give_equal_folds(table: tuple[list[str], list[str], int], seed: int) -> None:
    """The same seed gives the same folds, in whatever order the recordings are listed."""
    patients, labels, num_folds = table
    folds = patient_folds(patients, labels, num_folds, seed)
    backwards = patient_folds(patients[::-1], labels[::-1], num_folds, seed)
    np.testing.assert_array_equal(folds, backwards[::-1])


def test_another_seed_gives_other_folds() -> None:
    """Patients with equally many recordings are assigned by the seed."""
    patients, labels = [f"p{i}" for i in range(40)], ["normal", "murmur"] * 20
    assert any(
        not np.array_equal(patient_folds(patients, labels, 5, 0), patient_folds(patients, labels, 5, seed))
        for seed in range(1, 5)
    )


def test_folds_are_balanced() -> None:
    """One patient in five has the rare label: each of 5 folds gets as many of them, and as many recordings."""
    patients = [f"p{i}" for i in range(100) for _ in range(2)]
    labels = ["murmur" if i % 5 == 0 else "normal" for i in range(100) for _ in range(2)]
    folds = patient_folds(patients, labels, 5, 0)
    for fold in range(5):
        counts = Counter(label for label, of_row in zip(labels, folds, strict=True) if of_row == fold)
        assert counts == {"normal": 32, "murmur": 8}


def test_folds_of_pascal_set_b(shared_data: Path) -> None:
    """Five folds, no patient in two of them, and every fold within a third of the mean count of a label."""
    recordings = discover([shared_data / "pascal" / "set_b"])
    patients, labels = [r.patient for r in recordings], [str(r.label) for r in recordings]
    folds = patient_folds(patients, labels, 5, 0)
    sides = [{patient for patient, of_row in zip(patients, folds, strict=True) if of_row == fold} for fold in range(5)]
    assert sum(map(len, sides)) == 165 == len(set().union(*sides))
    for fold in range(5):
        counts = Counter(label for label, of_row in zip(labels, folds, strict=True) if of_row == fold)
        for label, total in Counter(labels).items():
            assert abs(counts[label] - total / 5) <= total / 15


def test_too_few_patients() -> None:
    """The error names a label with fewer patients than folds, and the largest possible number of folds."""
    patients, labels = ["a", "b", "c", "d", "d", "e"], ["normal"] * 3 + ["murmur"] * 3
    with pytest.raises(DataError, match="the label murmur has 2 patients, too few for 3 folds") as caught:
        patient_folds(patients, labels, 3, 0)
    assert caught.value.next_step.endswith("--folds 2")


def test_too_few_patients_where_labels_do_not_count() -> None:
    """The folds of the segmentation have none: the error counts the patients alone."""
    with pytest.raises(DataError) as caught:
        patient_folds(["a", "b", "b"], [""] * 3, 3, 0)
    assert caught.value.message == "there are 2 patients, too few for 3 folds"


def test_one_patient_of_a_label() -> None:
    """With one patient of a label no split is possible, so the error offers no number of folds."""
    with pytest.raises(DataError, match="the label murmur has 1 patient, too few for 2 folds") as caught:
        patient_folds(["a", "b", "c"], ["normal", "normal", "murmur"], 2, 0)
    assert "--folds" not in caught.value.next_step


def test_refuses_lists_of_two_lengths() -> None:
    """One label per recording."""
    with pytest.raises(ValueError, match="labels of length 1 must match the 2 patients"):
        patient_folds(["a", "b"], ["normal"], 2, 0)


def test_patients_whose_names_differ_by_a_nul_are_two() -> None:
    """As NumPy strings 'a' and 'a' with a NUL after it would be one patient; each has a fold of its own."""
    patients = [name for name in ("a", "a\0", "a\0\0", "b") for _ in range(2)]
    folds = patient_folds(patients, ["normal"] * 8, 4, 0)
    assert sorted(folds.tolist()) == [0, 0, 1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(folds[0::2], folds[1::2])


@pytest.mark.parametrize("num_folds", [1, 0, -3])
def test_refuses_one_fold(num_folds: int) -> None:
    """With one fold nothing would be counts out."""
    with pytest.raises(ValueError, match=f"num_folds={num_folds} must be 2 or more"):
        patient_folds(["a", "b"], ["normal", "murmur"], num_folds, 0)


KINDS = (("normal",), ("murmur",), ("extrastole",), ("normal", "extrastole"), (NON_CARDIAC,))


def recordings_of(*kinds: tuple[tuple[str, ...], int], each: int = 2, source: str = "set") -> list[Recording]:
    """Return ``each`` recordings of some patients of each kind."""
    return [
        Recording(Path(f"{'+'.join(labels)}{patient}-{index}.wav"), labels, f"{'+'.join(labels)}{patient}", source)
        for labels, patients in kinds
        for patient in range(patients)
        for index in range(each)
    ]


def split(recordings: Sequence[Recording], fraction: float, seed: int = 0) -> tuple[list[int], list[int]]:
    """Return the rows to train on and for validation, of all."""
    training, validation = split_validation(recordings, np.arange(len(recordings)), fraction, seed)
    return training.tolist(), validation.tolist()


def patients(recordings: Sequence[Recording], rows: Sequence[int]) -> set[str]:
    """Return the patients of some rows."""
    return {recordings[row].patient for row in rows}


@st.composite
def any_recordings(draw: st.DrawFn) -> list[Recording]:
    """Return recordings of few patients with any labels, some of unknown patients."""
    count = draw(st.integers(1, 40))
    owners = draw(st.lists(st.sampled_from(["", "a", "b", "c", "d", "e"]), min_size=count, max_size=count))
    labels = draw(st.lists(st.sampled_from(KINDS), min_size=count, max_size=count))
    pairs = enumerate(zip(owners, labels, strict=True))
    return [Recording(Path(f"{row}.wav"), kind, owner, "set") for row, (owner, kind) in pairs]


@settings(max_examples=100, deadline=None)
@given(recordings=any_recordings(), fraction=st.floats(0, 0.99), seed=st.integers(0, 1000))
def test_no_patient_is_on_both_sides(recordings: list[Recording], fraction: float, seed: int) -> None:
    """Every row is on one side, no patient on both; unknown patients and non-cardiac sounds are trained on."""
    training, validation = split(recordings, fraction, seed)
    assert sorted(training + validation) == list(range(len(recordings)))
    assert training == sorted(training)
    assert validation == sorted(validation)
    assert not (patients(recordings, training) & patients(recordings, validation)) - {""}
    assert all(recordings[row].patient and recordings[row].label != NON_CARDIAC for row in validation)


def test_every_stratum_has_its_fraction() -> None:
    """Of 20 normal, 10 murmur and 30 partially labelled patients a tenth of each is for validation."""
    recordings = recordings_of((("normal",), 20), (("murmur",), 10), (("normal", "extrastole"), 30))
    _, validation = split(recordings, 0.1)
    labels_of = [recordings[row].labels for row in validation[::2]]
    assert [labels_of.count(labels) for labels in (("normal",), ("murmur",), ("normal", "extrastole"))] == [2, 1, 3]


def test_validation_patients_whose_names_differ_by_a_nul() -> None:
    """Half of two patients is one of them, whichever is drawn, with all of its recordings and none of the other's."""
    recordings = [Recording(Path(f"{row}.wav"), ("normal",), "a" if row < 3 else "a\0", "set") for row in range(6)]
    assert {tuple(split(recordings, 0.5, seed)[1]) for seed in range(20)} == {(0, 1, 2), (3, 4, 5)}


def test_few_patients_are_all_trained_on() -> None:
    """A tenth of four patients is rounded to none."""
    assert split(recordings_of((("normal",), 4)), 0.1)[1] == []


@pytest.mark.parametrize("fraction", [0.0, 0])
def test_no_validation_patients(fraction: float) -> None:
    """A fraction of 0 leaves no validation patients."""
    recordings = recordings_of((("normal",), 50))
    assert split(recordings, fraction) == (list(range(100)), [])


def test_sets_are_strata_of_their_own() -> None:
    """Murmurs of two sets are each split by the fraction."""
    recordings = recordings_of((("murmur",), 10)) + [
        Recording(Path(f"{row}.wav"), ("murmur",), f"other{row}", "other") for row in range(20)
    ]
    _, validation = split(recordings, 0.1)
    assert sorted(recordings[row].source for row in validation) == ["other", "other", "set", "set"]


def test_equal_seeds_give_equal_validation_patients() -> None:
    """The same seed gives the same patients; another seed gives others."""
    recordings = recordings_of((("normal",), 60))
    assert split(recordings, 0.2, 1) == split(recordings, 0.2, 1)
    assert split(recordings, 0.2, 1) != split(recordings, 0.2, 2)


def test_only_the_rows_of_the_fit() -> None:
    """Rows that are counts out are on neither side."""
    recordings = recordings_of((("normal",), 40))
    rows = np.arange(0, 60, dtype=np.intp)
    training, validation = split_validation(recordings, rows, 0.2, 0)
    assert sorted([*training, *validation]) == list(range(60))
    assert len(validation) == 12


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_fractions_out_of_range(fraction: float) -> None:
    """A fraction out of range is the caller's mistake."""
    with pytest.raises(ValueError, match="must be from 0 to below 1"):
        split(recordings_of((("normal",), 4)), fraction)


def test_patients_with_most_recordings_go_first() -> None:
    """Six recordings of one patient fill a fold; the six of others share the second."""
    patients = ["big"] * 6 + [f"p{index}" for index in range(6)]
    for seed in range(5):
        folds = patient_folds(patients, ["normal"] * 12, 2, seed)
        assert set(folds[:6].tolist()) == {0}
        assert set(folds[6:].tolist()) == {1}


def test_rare_labels_weigh_more_than_common_ones() -> None:
    """The second patient with a murmur goes to the fold without one, though its normal recordings crowd there."""
    patients = ["a"] * 6 + ["b"] * 5 + ["c"] * 4
    labels = ["normal"] * 6 + ["murmur"] * 3 + ["normal"] * 2 + ["murmur"] + ["normal"] * 3
    for seed in range(5):
        assert patient_folds(patients, labels, 2, seed).tolist() == [0] * 6 + [1] * 5 + [0] * 4


def test_nothing_to_split() -> None:
    """No rows are no rows on both sides."""
    training, validation = split_validation(recordings_of((("normal",), 4)), np.zeros(0, np.intp), 0.5, 0)
    assert (len(training), len(validation)) == (0, 0)


def test_as_many_patients_as_folds_are_enough() -> None:
    """Each is held out once."""
    assert sorted(patient_folds(["a", "b"], ["normal", "normal"], 2, 0).tolist()) == [0, 1]


@pytest.mark.parametrize(("fraction", "count"), [(0.24, 0), (0.25, 1), (0.74, 1), (0.75, 2)])
def test_half_a_patient_is_rounded_up(fraction: float, count: int) -> None:
    """A quarter of two patients is half a one: one of them."""
    assert len(split(recordings_of((("normal",), 2), each=1), fraction)[1]) == count


def test_the_messages() -> None:
    """What to do follows the label and its count, and the fraction is named."""
    with pytest.raises(DataError) as one:
        patient_folds(["a", "b", "c"], ["normal", "normal", "murmur"], 2, 0)
    assert one.value.message == "the label murmur has 1 patient, too few for 2 folds"
    assert one.value.next_step == "add recordings of other patients"
    with pytest.raises(DataError) as two:
        patient_folds(["a", "b", "c", "d", "e"], ["normal"] * 3 + ["murmur"] * 2, 3, 0)
    assert two.value.next_step == "add recordings of other patients, or train with --folds 2"
    with pytest.raises(ValueError, match=r"^fraction=1\.5 must be from 0 to below 1$"):
        split(recordings_of((("normal",), 4)), 1.5)

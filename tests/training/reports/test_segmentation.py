"""The section of a card on S1 and S2: its figures, on whom they were measured; nothing without a network."""

from __future__ import annotations

from typing import Any

from training.reports.segmentation import group_blocks, segmentation_blocks, segmentation_table

VALUES: dict[str, Any] = {
    "recipe": {"folds": 5},
    "training_data": [{"set": "CirCor DigiScope", "recordings": 635}],
    "patients": 189,
    "annotated_s": 600.0,
    "total_s": 1200.0,
    "heart_sounds": 2000,
    "swapped_throughout": 3,
    "held_out_folds": 4,
    "held_out_recordings": 500,
    "held_out_patients": 150,
    "command": "auscult train circor --segmentation --out models/mine",
    "metrics": {
        "f1_s1": {"value": 0.957, "low": 0.933, "high": 0.978},
        "error": {"value": None, "low": None, "high": None},
    },
}


def test_the_section_says_on_whom_and_how_often() -> None:
    """Recordings, patients, what the annotations cover, and each metric with its interval."""
    text = "\n".join(segmentation_blocks(VALUES))
    for part in (
        "## S1 and S2",
        "635 of CirCor DigiScope, with the heart sounds of 189 patients annotated",
        "cover 10 of 20 minutes (50%, 2000 heart sounds)",
        "500 recordings of 150 patients, 4 of 5 folds",
        "In 3 recordings S1 and S2 are swapped throughout",
        "| F1 of S1, within 60 ms | 0.957 (0.933 to 0.978) |",
        "| wrong among those that are shown | - |",
        "`auscult train circor --segmentation --out models/mine`",
    ):
        assert part in text


def test_sets_have_their_titles() -> None:
    """Those of today, also where the data have a former one."""
    sets = {"training_data": [{"set": "sounds that are no heart", "recordings": 29}]}
    assert "recordings, 29 of non-cardiac sounds, with" in "\n".join(segmentation_blocks(VALUES | sets))


def test_repeats_are_said() -> None:
    """How many there were, and how many recordings are swapped in each."""
    repeated = VALUES | {"recipe": {"folds": 5, "repeats": 3}, "swapped_throughout": [3, 2, 4]}
    text = "\n".join(segmentation_blocks(repeated))
    assert "never heard the patient, in each of 3 cross-validations, whose figures are averaged." in text
    assert "In 3, 2, 4 recordings S1 and S2 are swapped throughout" in text


def test_groups_and_noise_have_a_table_each() -> None:
    """Nothing where they were not measured."""
    value = {"value": 0.9, "low": 0.8, "high": 1.0}
    metrics = dict.fromkeys(("f1_s1", "f1_s2", "swapped", "shown", "error"), value)
    evidence = {
        "seeds": [0, 1],
        "groups": {"a telephone": {"recordings": 21, "metrics": metrics}},
        "noise": {"white noise": {"seconds": 300, "shown": 0.004}},
    }
    text = "\n".join(group_blocks(evidence))
    assert "mean of 2 seeds, in set A" in text
    assert "| a telephone | 21 | 0.900 (0.800 to 1.000) |" in text
    assert "| white noise | 300 | 0.004 |" in text
    assert group_blocks(None) == []


def test_a_bundle_without_it_has_no_section() -> None:
    """Its card is as before."""
    assert segmentation_blocks(None) == []


def test_a_metric_that_is_not_there_has_no_row() -> None:
    """The table has those that were measured."""
    assert len(segmentation_table(VALUES).rows) == 2

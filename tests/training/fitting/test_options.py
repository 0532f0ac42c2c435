"""Settings of the default recipe: their defaults, and their names in files."""

from __future__ import annotations

import json

from training.fitting.options import HeartOptions


def test_steps_without_early_stopping() -> None:
    """The steps of both stages are counted."""
    assert HeartOptions().total_steps == 2160


def test_names_in_files_stay() -> None:
    """Checkpoints and evidence files have the keys that they have always had, with plain JSON values."""
    facts = HeartOptions(seed=3, validation_fraction=0.2).to_json()
    assert list(facts) == [
        "seed",
        "folds",
        "pretrain_steps",
        "steps",
        "batch_size",
        "made_per_label",
        "prior_exponent",
        "repeats",
        "watched",
        "patience",
        "finetuned_share",
    ]
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["seed"], facts["watched"]) == (3, 0.2)

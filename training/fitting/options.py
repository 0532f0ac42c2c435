"""Settings of the default recipe."""

from __future__ import annotations

import dataclasses

__all__ = ["HeartOptions"]


@dataclasses.dataclass(frozen=True, slots=True)
class HeartOptions:
    """Settings of the default recipe.

    Attributes
    ----------
    seed : int
        Repeats a training to the last digit on one machine.
    folds : int
        Parts of the patients, each held out once.
    pretrain_steps, steps : int
        Batches before, and with, the set that tells all.
    batch_size : int
    synthetic_per_label : int
        Made sounds of each label; 0 trains on recordings alone.
    prior_exponent : float
        1: scores are probabilities where labels are as common as in the recordings; 0: where all but an extrasystole
        are equally common; between: part of the way on a logarithmic scale.
    repeats : int
        How often the patients are dealt into folds anew, each time with the next seed, 1 or more.
    watched : float
        Share of a fit's training patients that are never trained on, but tell when it is best; from 0 to below 1.
        0 trains to the end on all of them.
    patience : int
        Looks at the watched patients without improvement after which a fit ends, 1 or more.
    """

    seed: int = 0
    folds: int = 5
    pretrain_steps: int = 430
    steps: int = 320
    batch_size: int = 64
    synthetic_per_label: int = 600
    prior_exponent: float = 0.7
    repeats: int = 1
    watched: float = 0.1
    patience: int = 6

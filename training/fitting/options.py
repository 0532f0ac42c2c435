"""Settings of the default recipe. Imports nothing heavy: the command reads its defaults here."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["HeartOptions"]


@dataclasses.dataclass(frozen=True, slots=True)
class HeartOptions:
    """Settings of the default recipe.

    Attributes
    ----------
    seed : int
        Repeats a training bit for bit on one machine.
    folds : int
        Parts of the patients, each held out once.
    pretrain_steps, steps : int
        Batches of the first stage, on synthetic and partially labelled sounds, and of the second, on the fully labelled
        set too.
    batch_size : int
    synthetic_per_label : int
        Synthetic sounds of each label; 0 trains on recordings alone.
    prior_exponent : float
        Class prior in the calibration. 1: labels are as common as in the recordings; 0: all but an extrasystole are
        equally common; between: interpolated on a logarithmic scale.
    repeats : int
        Cross-validations, each with the next seed and so other folds, 1 or more.
    validation_fraction : float
        Share of a fit's training patients that are set aside for early stopping; from 0 to below 1. 0 trains on all
        of them, to the end.
    patience : int
        Evaluations on the validation patients without improvement after which a fit ends, 1 or more.
    finetuned_share : float
        Share of the weights after the second stage in the network, 0 to 1; the rest are those before it. Fine-tuning
        forgets other data sets, and the mean does not.

    Examples
    --------
    >>> options = HeartOptions(folds=2, steps=10)
    >>> options.pretrain_steps, options.steps, options.batch_size
    (1800, 10, 64)
    """

    seed: int = 0
    folds: int = 5
    pretrain_steps: int = 1800
    steps: int = 360
    batch_size: int = 64
    synthetic_per_label: int = 600
    prior_exponent: float = 0.7
    repeats: int = 1
    validation_fraction: float = 0.1
    patience: int = 6
    finetuned_share: float = 0.5

    @property
    def total_steps(self) -> int:
        """Steps of a fit without early stopping."""
        return self.pretrain_steps + self.steps

    def to_json(self) -> dict[str, Any]:
        """Return the settings by the names that checkpoints and evidence files have for them."""
        return {FILE_NAMES.get(name, name): value for name, value in dataclasses.asdict(self).items()}


FILE_NAMES = {"synthetic_per_label": "made_per_label", "validation_fraction": "watched"}
"""Keys of files that differ from the names here; they stay, so that older files can be read."""

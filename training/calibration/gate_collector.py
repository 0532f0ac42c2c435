"""Collects the windows that the quality gate is fitted on, fold by fold as the networks come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.inference.quality_gate import DEFAULT_GATE, QualityGate
from monitor.labels import NON_CARDIAC
from training.calibration.gate import GateMetrics, GateWindows, fit_gate, measure_gate
from training.calibration.gate_windows import GateSound, build_gate_windows, kinds_of
from training.data.audio import Sound
from training.data.corpus import Corpus
from training.fitting.cross_validation import EVALUATION_HOP_S, FoldResult, sounds_outputs
from training.fitting.recipe import HeartRecipe

__all__ = ["GateCollector"]


class GateCollector:
    """Collects windows of held-out recordings, and of sounds for the gate alone, and fits the gate to them.

    Belongs to the thread that trains.

    Parameters
    ----------
    corpus : Corpus
    gate_only : sequence of GateSound
        Sounds that no network is trained on; each is scored by the network of one fold.
    recipe : HeartRecipe
    folds : int
    """

    def __init__(self, corpus: Corpus, gate_only: Sequence[GateSound], recipe: HeartRecipe, folds: int) -> None:
        self._corpus, self._gate_only, self._recipe, self._folds = corpus, gate_only, recipe, folds
        self._kinds = kinds_of(corpus.recordings)
        self._parts: list[GateWindows] = []

    def add(self, result: FoldResult) -> None:
        """Take a fold with the outputs of its held-out recordings; only the first repeat counts."""
        if result.repeat:
            return
        for row, outputs in zip(result.held_out.tolist(), result.outputs, strict=True):
            recording = self._corpus.recordings[row]
            clean = recording.label != NON_CARDIAC and not recording.noisy
            sound, kind = self._corpus.sounds[row], self._kinds[row]
            self._take(sound, outputs, kind, recording.patient, result.fold, clean=clean)
        of_fold = [extra for extra in self._gate_only if extra.fold(self._folds) == result.fold]
        scored = sounds_outputs(result.network, [extra.sound for extra in of_fold], self._recipe)
        for extra, outputs in zip(of_fold, scored, strict=True):
            self._take(extra.sound, outputs, extra.kind, extra.group, result.fold, clean=False)

    def _take(
        self, sound: Sound, outputs: NDArray[np.float32], kind: str, group: str, fold: int, *, clean: bool
    ) -> None:
        """Store the windows of a sound."""
        num_labels = len(self._corpus.labels)
        windows = build_gate_windows(
            sound,
            outputs,
            kind=kind,
            group=group,
            clean=clean,
            fold=fold,
            num_labels=num_labels,
            hop_s=EVALUATION_HOP_S,
        )
        self._parts.append(windows)

    def result(self) -> tuple[QualityGate, GateMetrics | None]:
        """Return the gate fitted on all windows, and the metrics of gates fitted on the other folds.

        The default gate and no metrics where two folds do not each have hearts and other sounds.
        """
        if not self._parts:
            return DEFAULT_GATE, None
        windows = GateWindows.concatenated(self._parts)
        if len(np.unique(windows.folds[windows.hearts])) < 2 or len(np.unique(windows.folds[~windows.hearts])) < 2:
            return DEFAULT_GATE, None
        return fit_gate(windows), measure_gate(windows)

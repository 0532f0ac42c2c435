"""The quality gate of a training, gathered fold by fold as the networks come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.inference.quality_gate import DEFAULT_GATE, QualityGate
from training.calibration.gate import GateMetrics, GateWindows, fit_gate, measure_gate
from training.calibration.gate_windows import GateSound, kinds_of, windows_of
from training.data.audio import Sound
from training.data.recording import NON_CARDIAC
from training.fitting.cross_validation import EVALUATION_HOP_S, FoldRun, sounds_outputs

__all__ = ["GateCollector"]


class GateCollector:
    """Gathers windows of held-out recordings, and of sounds that teach the gate alone, and fits the gate to them.

    Parameters
    ----------
    sounds : sequence of Sound
        Of all recordings of the training.
    alone : sequence of GateSound
        That teach the gate alone; each is judged by the network of one fold.
    num_labels, folds : int
    """

    def __init__(self, sounds: Sequence[Sound], alone: Sequence[GateSound], num_labels: int, folds: int) -> None:
        self._sounds, self._alone = sounds, alone
        self._kinds = kinds_of([sound.recording for sound in sounds])
        self._num_labels, self._folds = num_labels, folds
        self._parts: list[GateWindows] = []

    def add(self, run: FoldRun, outputs: Sequence[NDArray[np.float32]]) -> None:
        """Take a fold with the outputs of its held-out recordings; only the first repeat counts."""
        if run.repeat:
            return
        for row, its in zip(run.held.tolist(), outputs, strict=True):
            sound = self._sounds[row]
            recording = sound.recording
            clean = recording.label != NON_CARDIAC and not recording.noisy
            self._take(sound, its, self._kinds[row], recording.patient, run.fold, clean=clean)
        mine = [its for its in self._alone if its.fold(self._folds) == run.fold]
        for one, found in zip(mine, sounds_outputs(run.network, [its.sound for its in mine]), strict=True):
            self._take(one.sound, found, one.kind, one.group, run.fold, clean=False)

    def _take(
        self, sound: Sound, outputs: NDArray[np.float32], kind: str, group: str, fold: int, *, clean: bool
    ) -> None:
        """Keep the windows of a sound."""
        windows = windows_of(
            sound,
            outputs,
            kind=kind,
            group=group,
            clean=clean,
            fold=fold,
            num_labels=self._num_labels,
            hop_s=EVALUATION_HOP_S,
        )
        self._parts.append(windows)

    def result(self) -> tuple[QualityGate, GateMetrics | None]:
        """Return the gate fitted on all windows, and the figures of gates fitted on the others' folds.

        The default gate and no figures where there are not both hearts and other sounds in two folds.
        """
        if not self._parts:
            return DEFAULT_GATE, None
        windows = GateWindows.joined(self._parts)
        if len(np.unique(windows.folds[windows.hearts])) < 2 or len(np.unique(windows.folds[~windows.hearts])) < 2:
            return DEFAULT_GATE, None
        return fit_gate(windows), measure_gate(windows)

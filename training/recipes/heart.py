"""The default recipe, top to bottom: recordings in, a calibrated network with honest figures out.

1. Folds by patient, before anything is cut or augmented; some patients of each fit are only watched.
2. For every fold of every repeat: fit on made sounds and on sets that tell only part of the truth, then go on
   with the set that tells all of it.
3. Fit once more on everything, for as long as the folds did well.
4. Calibrate on held-out outputs, each fold by the others; choose from how sure on a label is given, and fit the
   quality gate, in the same way; report; ship the network that saw everything.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import EndedError
from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration, without_rhythm
from monitor.inference.thresholds import DecisionThresholds
from monitor.interrupts import Interrupts
from training.calibration.abstention import measure_selective_accuracy
from training.calibration.gate_collector import GateCollector
from training.calibration.gate_windows import gate_sounds, made_gate_sounds
from training.calibration.scores import cross_calibrated, fit_calibration, recording_scores
from training.data.audio import Sound, read_sound, read_usable
from training.data.discovery import labels_of
from training.data.folds import fully_labelled_sets
from training.data.recording import NON_CARDIAC, Recording
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.cross_validated import area_figure, measure
from training.examples.mixture import drawn_labels, mix
from training.fitting.cross_validation import FoldRun, Keeper, fold_plans, fold_runs_of, held_out_outputs, material_of
from training.fitting.heart_fit import WITH, Material, fit_heart, planned_steps
from training.fitting.held_out import HeldOut
from training.fitting.options import HeartOptions
from training.fitting.trainer import TrainingHistory
from training.progress import Progress
from training.recipes.result import FoldHistory, HeldOutScores, TrainingResult, describe_recordings
from training.recipes.status import ENDING, ended_sentence, so_far

__all__ = ["HeartOptions", "TrainingResult", "describe_recordings", "train_heart"]

FINAL = "all recordings"


def train_heart(
    recordings: Sequence[Recording],
    options: HeartOptions,
    progress: Progress,
    *,
    interrupts: Interrupts | None = None,
    keeper: Keeper | None = None,
    for_gate: Sequence[Recording] = (),
) -> TrainingResult:
    """Return a network trained by the default recipe; files that cannot be read are left out.

    Parameters
    ----------
    recordings : sequence of Recording
    options : HeartOptions
    progress : Progress
    for_gate : sequence of Recording
        Hearts and other sounds that teach the quality gate, and never the network.
    interrupts : Interrupts or None
        Where the person's wish for an end is heard.
    keeper : Keeper or None
        Keeps the folds that are done.

    Raises
    ------
    DataError
        If no set tells all labels, a label has too few patients for the folds, or none of its files can be read.
    EndedError
        If the person ended it before a fold was complete.
    """
    interrupts = interrupts or Interrupts()
    labels = labels_of(recordings)
    _plan(recordings, fully_labelled_sets(recordings, labels), options)  # refused before minutes of reading
    recordings, sounds = _read(recordings, progress)
    material = material_of(recordings, options, progress)
    plans = _plan(recordings, material.telling, options)
    progress.whole("whole training", (len(plans) + 1) * planned_steps(options))
    alone = [
        *gate_sounds(_read(for_gate, progress)[1] if for_gate else []),
        *made_gate_sounds(options.synthetic_per_label, options.seed),
    ]
    gate = GateCollector(sounds, alone, len(labels), options.folds)
    training = _Training(recordings, sounds, material, options, gate)
    with interrupts.calmly():
        for run in fold_runs_of(material, recordings, sounds, options, progress, keeper=keeper, stop=interrupts):
            training.add(run)
            progress.note(f"{plans[training.held.num_done - 1].name}: {training.so_far()}")
        if not training.runs:
            raise EndedError("ended before the first fold was complete: nothing is written", "train again")
        network = training.final(progress, interrupts)
    if network is not None:
        return training.result(network, "")
    progress.note(ENDING)
    return training.result(None, ended_sentence(training.held.num_done, len(plans)))


def _plan(recordings: Sequence[Recording], telling: set[str], options: HeartOptions) -> list[Any]:
    """Return the folds, or refuse them."""
    return fold_plans(recordings, telling, folds=options.folds, repeats=options.repeats, seed=options.seed)


def _read(recordings: Sequence[Recording], progress: Progress) -> tuple[list[Recording], list[Sound]]:
    """Return the recordings that can be read, and their sounds."""
    tick = progress.stage("reading recordings", len(recordings))
    return read_usable(recordings, lambda recording: read_sound(recording, HEART), tick)


class _Training:
    """The folds of one training as they come, and what follows from them."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        sounds: Sequence[Sound],
        material: Material,
        options: HeartOptions,
        gate: GateCollector,
    ) -> None:
        self.runs: list[FoldRun] = []
        self.held = HeldOut(options.folds)
        self._recordings, self._sounds = recordings, sounds
        self._material, self._options, self._gate = material, options, gate
        self._drawn = drawn_labels(
            mix(sounds, material.made, material.telling, HEART, options.seed).after, material.labels
        )
        self._best: FoldRun | None = None
        self._final: dict[str, TrainingHistory] = {}

    def add(self, run: FoldRun) -> None:
        """Take a fold that is done; only the best network is kept in memory."""
        outputs = held_out_outputs(run, self._sounds)
        self.held.add(run, [*map(self._told, run.held.tolist(), outputs)])
        self._gate.add(run, outputs)
        if self._best is None or _watched_loss(run) < _watched_loss(self._best):
            self._best = run
        self.runs.append(dataclasses.replace(run, network=None, outputs=None))

    def _told(self, row: int, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs for a recording, without its rhythm where it is looped."""
        return without_rhythm(outputs, self._material.labels) if self._sounds[row].is_looped(HEART) else outputs

    def so_far(self) -> str:
        """Return the figures of the latest repeat, as far as it went."""
        repeat = self.runs[-1].repeat
        rows = self._primary([repeat])
        scores = self.held.scores(rows, [repeat], self._cross_calibrated)[0]
        return so_far(self._truth(rows), scores, self._material.labels, self.runs[-1].courses)

    def final(self, progress: Progress, interrupts: Interrupts) -> Any:
        """Return the network that is fitted on everything, or None where the person ended it before its end."""
        if interrupts() or self.held.num_done < self._options.folds * self._options.repeats:
            return None
        kept = [run.courses[WITH].kept for run in self.runs if WITH in run.courses]
        fitted = fit_heart(
            self._sounds,
            [],
            self._material,
            self._options,
            seed=self._options.seed,
            number=0,
            name=FINAL,
            progress=progress,
            until=max(1, round(statistics.median(kept))) if kept else None,
            stop=interrupts,
        )
        self._final = fitted.courses
        return fitted.network if fitted.complete else None

    def result(self, network: Any, ended: str) -> TrainingResult:
        """Return what the training gives; without a last network, the best of the folds'."""
        repeats = self.held.count()
        rows = self._primary(repeats)
        scores = self.held.scores(rows, repeats, self._cross_calibrated)
        pooled = [its for repeat in repeats for its in self.held.outputs(rows, repeat)]
        calibration = self._calibration(pooled, np.tile(self._truth(rows), len(repeats)))
        gate, gate_figures = self._gate.result()
        abstaining = measure_selective_accuracy(
            self._truth(rows), scores[0], self._folds(rows, repeats[0]), self._patients(rows), Bootstrap()
        )
        recordings = [self._recordings[row] for row in rows]
        labels = self._material.labels
        courses = [FoldHistory(f"{run.repeat + 1}.{run.fold + 1}", run.courses) for run in self.runs]
        return TrainingResult(
            network=self._best.network if network is None and self._best else network,
            labels=labels,
            spec=HEART,
            calibration=calibration,
            decision=DecisionThresholds(uncertain_below=abstaining.threshold),
            gate=gate,
            gate_figures=gate_figures,
            abstaining=abstaining,
            evidence=measure(
                self._truth(rows), scores, labels, self._patients(rows), noisy=[its.noisy for its in recordings]
            ),
            other_sets=self._other_sets(repeats, calibration),
            recordings=self._recordings,
            courses=[*courses, *([] if network is None else [FoldHistory(FINAL, self._final)])],
            held_out=HeldOutScores(recordings, scores[0], [len(its) for its in pooled[: len(rows)]]),
            ended=ended,
        )

    def _primary(self, repeats: Sequence[int]) -> list[int]:
        """Return the held-out rows of the sets that tell all."""
        return self.held.rows(self._hearts(tell_all=True), repeats)

    def _hearts(self, *, tell_all: bool) -> list[int]:
        """Return the rows of hearts, of the sets that tell all labels or of the others."""
        telling = self._material.telling
        rows = [row for row, its in enumerate(self._recordings) if (its.source in telling) == tell_all]
        return [row for row in rows if self._is_heart(row)]

    def _patients(self, rows: Sequence[int]) -> list[str]:
        """Return the patients of some rows."""
        return [self._recordings[row].patient for row in rows]

    def _folds(self, rows: Sequence[int], repeat: int) -> NDArray[np.intp]:
        """Return the folds of some rows in a repeat."""
        return np.array([self.held.fold_of[repeat][row] for row in rows], np.intp)

    def _is_heart(self, row: int) -> bool:
        """Return whether a recording is of a heart."""
        return self._recordings[row].label != NON_CARDIAC

    def _truth(self, rows: Sequence[int]) -> NDArray[np.intp]:
        """Return the numbers of the labels of some rows."""
        labels = self._material.labels
        return np.array([labels.index(str(self._recordings[row].label)) for row in rows], np.intp)

    def _calibration(self, outputs: list[NDArray[np.float32]], truth: NDArray[np.intp]) -> Calibration:
        """Return the calibration of some held-out recordings."""
        return fit_calibration(outputs, truth, self._material.labels, self._drawn, self._options.prior_exponent)

    def _cross_calibrated(
        self, outputs: list[NDArray[np.float32]], rows: NDArray[np.intp], folds: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return scores of one repeat, each fold calibrated by the others; a fold alone by itself."""
        truth, labels = self._truth(rows.tolist()), self._material.labels
        if len(set(folds.tolist())) > 1:
            return cross_calibrated(outputs, truth, labels, folds, self._drawn, self._options.prior_exponent)
        return recording_scores(outputs, self._calibration(outputs, truth), len(labels))

    def _other_sets(self, repeats: Sequence[int], calibration: Calibration) -> dict[str, dict[str, Estimate]]:
        """Return, for each set that tells a part, how well the label it is certain of is found in held-out patients."""
        found: dict[str, dict[str, Estimate]] = {}
        held = self.held.rows(self._hearts(tell_all=False), repeats)
        labels, num_labels = self._material.labels, len(self._material.labels)
        for source in sorted({self._recordings[row].source for row in held}):
            rows = [row for row in held if self._recordings[row].source == source]
            its = [self._recordings[row] for row in rows]
            scores = self.held.scores(rows, repeats, lambda those, *_: recording_scores(those, calibration, num_labels))
            for index, label in enumerate(labels):
                positive = np.array([each.label == label for each in its])
                excluded = np.array([label not in each.labels for each in its])
                if positive.any() and excluded.any() and (positive | excluded).all():
                    figure = area_figure(positive, scores[:, :, index], [each.patient for each in its])
                    found.setdefault(source, {})[f"{label}_auc"] = figure
        return found


def _watched_loss(run: FoldRun) -> float:
    """Return the loss on watched patients at the step that was kept; 0 where nobody was watched."""
    course = run.courses.get(WITH)
    losses = dict(course.watched) if course else {}
    return losses.get(course.kept, 0.0) if course else 0.0

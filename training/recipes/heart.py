"""The default recipe from top to bottom: recordings in, a calibrated network with cross-validated metrics out.

1. Split the patients into folds, before anything is cut or augmented; set some patients of each fit aside for
   validation.
2. For every fold of every repeat: pretrain on synthetic sounds and partially labelled sets, then fine-tune with the
   fully labelled sets too, and average the weights before and after.
3. Fit once more on everything, for the median of the folds' best steps.
4. Calibrate on held-out outputs, each fold by the others; choose the confidence below which no label is given and the
   score from which a murmur is possible, and fit the quality gate, in the same way; ship the network of step 3.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import EndedError
from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration, mask_extrasystole
from monitor.inference.thresholds import DecisionThresholds
from monitor.labels import EXTRASTOLE, MURMUR
from monitor.process.interrupts import Interrupts
from training.calibration.abstention import measure_selective_accuracy
from training.calibration.gate_collector import GateCollector
from training.calibration.gate_windows import gate_sounds, synthetic_gate_sounds
from training.calibration.loudness import ABSENT, LOUD, SOFT, GradedRecordings, LoudnessResult, measure_loudness
from training.calibration.operating_point import OperatingPoint, ScoredSet, measure_operating_point
from training.calibration.scores import cross_calibrated, fit_calibration, recording_scores
from training.data.audio import Sound, read_usable
from training.data.corpus import Corpus
from training.data.recording import Recording
from training.evaluation.bootstrap import Bootstrap, Estimate
from training.evaluation.cross_validated import auc_estimate, measure
from training.examples.mixture import network_priors
from training.fitting.conversion import int8_outputs
from training.fitting.cross_validation import Checkpoints, FoldPlan, FoldResult, fold_plans, run_folds
from training.fitting.heart_fit import FINETUNE, fit_heart, with_synthetic_sounds
from training.fitting.held_out import HeldOut
from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE, HeartRecipe
from training.fitting.trainer import TrainingHistory
from training.progress import Progress
from training.recipes.result import FoldHistory, HeldOutScores, Int8Metrics, TrainingResult
from training.recipes.status import ENDING, FINAL, ended_sentence, so_far

__all__ = ["HeartOptions", "TrainingResult", "train_heart"]

Outputs = NDArray[np.float32]


def train_heart(
    recordings: Sequence[Recording],
    options: HeartOptions,
    progress: Progress,
    *,
    recipe: HeartRecipe = HEART_RECIPE,
    interrupts: Interrupts | None = None,
    checkpoints: Checkpoints | None = None,
    for_gate: Sequence[Recording] = (),
) -> TrainingResult:
    """Return a network trained by the default recipe; files that cannot be read are left out.

    Parameters
    ----------
    recordings : sequence of Recording
    options : HeartOptions
    progress : Progress
    recipe : HeartRecipe
    interrupts : Interrupts or None
        By which a person ends the training.
    checkpoints : Checkpoints or None
        Stores the folds that are done.
    for_gate : sequence of Recording
        Hearts and other sounds for the quality gate alone; the network is never trained on them.

    Raises
    ------
    DataError
        If no set is fully labelled, a label has too few patients for the folds, or none of its files can be read.
    EndedError
        If the person ended it before a fold was complete.
    """
    interrupts = interrupts or Interrupts()
    _plans(Corpus.of(recordings), options)  # refused before minutes of reading
    corpus = with_synthetic_sounds(Corpus.of(*_read(recordings, recipe, progress)), options, progress)
    plans = _plans(corpus, options)
    progress.whole("whole training", (len(plans) + 1) * options.total_steps)
    gate_only = [
        *gate_sounds(_read(for_gate, recipe, progress)[1] if for_gate else []),
        *synthetic_gate_sounds(options.synthetic_per_label, options.seed),
    ]
    training = _Training(corpus, options, recipe, GateCollector(corpus, gate_only, recipe, options.folds))
    with interrupts.deferred():
        for result in run_folds(corpus, options, progress, recipe=recipe, checkpoints=checkpoints, stop=interrupts):
            training.add(result)
            progress.note(f"{plans[training.held_out.num_done - 1].name}: {training.so_far()}")
        if not training.results:
            raise EndedError("ended before the first fold was complete: nothing is written", "train again")
        network = training.final(progress, interrupts)
    if network is not None:
        return training.result(network, "")
    progress.note(ENDING)
    return training.result(None, ended_sentence(training.held_out.num_done, len(plans)))


def _plans(corpus: Corpus, options: HeartOptions) -> list[FoldPlan]:
    """Return the folds, or refuse them."""
    return fold_plans(corpus, folds=options.folds, repeats=options.repeats, seed=options.seed)


def _read(
    recordings: Sequence[Recording], recipe: HeartRecipe, progress: Progress
) -> tuple[list[Recording], list[Sound]]:
    """Return the recordings that can be read, and their sounds."""
    on_step = progress.stage("reading recordings", len(recordings))
    return read_usable(recordings, lambda recording: recipe.read(recording, HEART), on_step)


class _Training:
    """The folds of one training as they come, and what follows from them."""

    def __init__(self, corpus: Corpus, options: HeartOptions, recipe: HeartRecipe, gate: GateCollector) -> None:
        self.results: list[FoldResult] = []
        self.held_out, self._int8 = HeldOut(options.folds), HeldOut(options.folds)
        self._corpus, self._options, self._recipe, self._gate = corpus, options, recipe, gate
        mixture = recipe.mix(corpus.sounds, corpus.synthetic, corpus.fully_labelled, HEART, options.seed)
        self._priors = network_priors(mixture, corpus.labels, options.finetuned_share)
        self._best: FoldResult | None = None
        self._final: dict[str, TrainingHistory] = {}

    def add(self, result: FoldResult) -> None:
        """Take a fold that is done; only the best network stays in memory."""
        rows = result.held_out.tolist()
        int8 = int8_outputs(result.network, [self._corpus.sounds[row] for row in rows], self._recipe)
        for held_out, outputs in ((self.held_out, result.outputs), (self._int8, int8)):
            held_out.add(result, [*map(self._without_looped_rhythm, rows, outputs)])
        self._gate.add(result)
        if self._best is None or _validation_loss(result) < _validation_loss(self._best):
            self._best = result
        self.results.append(dataclasses.replace(result, network=None, outputs=[]))

    def _without_looped_rhythm(self, row: int, outputs: Outputs) -> Outputs:
        """Return the outputs for a recording, without the extrasystole where it is looped."""
        is_looped = self._corpus.sounds[row].is_looped(HEART)
        return mask_extrasystole(outputs, self._corpus.labels) if is_looped else outputs

    def so_far(self) -> str:
        """Return the metrics of the latest repeat, as far as it went."""
        latest = self.results[-1]
        rows = self._primary([latest.repeat])
        scores = self.held_out.scores(rows, [latest.repeat], self._cross_calibrated)[0]
        return so_far(self._corpus.ground_truth(rows), scores, self._corpus.labels, latest.histories)

    def final(self, progress: Progress, interrupts: Interrupts) -> Any:
        """Return the network that is fitted on everything, or None where the person ended it before its end."""
        if interrupts() or self.held_out.num_done < self._options.folds * self._options.repeats:
            return None
        best_steps = [result.histories[FINETUNE].best_step for result in self.results if FINETUNE in result.histories]
        fitted = fit_heart(
            self._corpus,
            range(len(self._corpus.recordings)),
            (),
            self._options,
            recipe=self._recipe,
            seed=self._options.seed,
            index=0,
            name=FINAL,
            progress=progress,
            until=max(1, round(statistics.median(best_steps))) if best_steps else None,
            stop=interrupts,
        )
        self._final = fitted.histories
        return fitted.network if fitted.complete else None

    def result(self, network: Any, ended: str) -> TrainingResult:
        """Return what the training gives; without a final network, the best of the folds'."""
        corpus, repeats = self._corpus, self.held_out.complete_repeats()
        rows = self._primary(repeats)
        ground_truth, patients = corpus.ground_truth(rows), corpus.patients(rows)
        scores = self.held_out.scores(rows, repeats, self._cross_calibrated)  # (repeats, rows, labels)
        pooled = [outputs for repeat in repeats for outputs in self.held_out.outputs(rows, repeat)]
        calibration = self._calibration(pooled, np.tile(ground_truth, len(repeats)))
        gate, gate_metrics = self._gate.result()
        selective = measure_selective_accuracy(
            ground_truth, scores[0], self.held_out.folds_at(rows, repeats[0]), patients, Bootstrap()
        )
        recordings = [corpus.recordings[row] for row in rows]
        final = [] if network is None else [FoldHistory(FINAL, self._final)]
        return TrainingResult(
            network=self._best.network if network is None and self._best else network,
            labels=corpus.labels,
            spec=HEART,
            calibration=calibration,
            decision=DecisionThresholds(uncertain_below=selective.threshold),
            operating_point=self._operating_point(rows, repeats, scores, calibration, selective.threshold),
            loudness=self._loudness(repeats, calibration),
            gate=gate,
            gate_metrics=gate_metrics,
            selective_accuracy=selective,
            evidence=measure(
                ground_truth,
                scores,
                corpus.labels,
                patients,
                noisy=[recording.noisy for recording in recordings],
                audible=self._audible(rows, repeats),
            ),
            other_sets=self._other_sets(self.held_out, repeats, calibration),
            int8=self._int8_metrics(rows, repeats, scores, calibration),
            recordings=corpus.recordings,
            histories=[*map(FoldHistory.of_fold, self.results), *final],
            held_out=HeldOutScores(recordings, scores[0], [len(outputs) for outputs in pooled[: len(rows)]]),
            ended=ended,
        )

    def _primary(self, repeats: Sequence[int]) -> list[int]:
        """Return the held-out rows of the fully labelled sets."""
        return self.held_out.rows(self._corpus.heart_rows(fully_labelled=True), repeats)

    def _calibration(self, outputs: list[Outputs], ground_truth: NDArray[np.intp]) -> Calibration:
        """Return the calibration of some held-out recordings."""
        return fit_calibration(outputs, ground_truth, self._corpus.labels, self._priors, self._options.prior_exponent)

    def _audible(self, rows: Sequence[int], repeats: Sequence[int]) -> NDArray[np.float64] | None:
        """Return the score of an extrasystole without the share of inaudible ones, ``(repeats, rows)``."""
        if EXTRASTOLE not in self._corpus.labels:
            return None
        scores = self.held_out.scores(rows, repeats, functools.partial(self._cross_calibrated, audible=True))
        return scores[..., self._corpus.labels.index(EXTRASTOLE)]

    def _operating_point(
        self,
        rows: Sequence[int],
        repeats: Sequence[int],
        scores: NDArray[np.float64],
        calibration: Calibration,
        labelled_from: float,
    ) -> OperatingPoint | None:
        """Return from which score a murmur is possible, by the fully labelled sets and those that know of murmurs."""
        corpus, labels = self._corpus, self._corpus.labels
        if MURMUR not in labels:
            return None
        index, others = labels.index(MURMUR), self.held_out.rows(corpus.heart_rows(fully_labelled=False), repeats)

        def calibrated(outputs: list[Outputs], *_: Any) -> NDArray[np.float64]:
            return recording_scores(outputs, calibration, len(labels))

        by_row = dict(zip(rows, scores[..., index].T, strict=True))  # (repeats,) each
        if others:
            by_row |= zip(others, self.held_out.scores(others, repeats, calibrated)[..., index].T, strict=True)
        by_source: dict[str, dict[int, NDArray[np.float64]]] = {}
        for row, of_row in by_row.items():
            by_source.setdefault(corpus.recordings[row].source, {})[row] = of_row
        sets = [self._scored_set(source, of_source, repeats) for source, of_source in by_source.items()]
        known = [one for one in sets if one is not None]
        return measure_operating_point(MURMUR, known, labelled_from, Bootstrap()) if known else None

    def _loudness(self, repeats: Sequence[int], calibration: Calibration) -> LoudnessResult | None:
        """Return how loud a murmur is, by the data sets that grade murmurs."""
        corpus, num_labels = self._corpus, len(self._corpus.labels)
        graded_sets = {recording.source for recording in corpus.recordings if recording.loud is not None}
        candidates = [
            row
            for row, recording in enumerate(corpus.recordings)
            if recording.source in graded_sets and (recording.loud is not None or MURMUR not in recording.labels)
        ]
        rows = self.held_out.rows(candidates, repeats)
        if not rows:
            return None
        known = [corpus.recordings[row].loud for row in rows]
        truth = np.array([ABSENT if loud is None else LOUD if loud else SOFT for loud in known], np.intp)

        def calibrated(outputs: list[Outputs], *_: Any) -> NDArray[np.float64]:
            return recording_scores(outputs, calibration, num_labels)

        def logits(outputs: list[Outputs], *_: Any) -> NDArray[np.float64]:
            return np.array([windows[:, num_labels + 1].mean() for windows in outputs], np.float64)

        graded = GradedRecordings(
            truth,
            self.held_out.scores(rows, repeats, calibrated)[..., corpus.labels.index(MURMUR)],
            self.held_out.scores(rows, repeats, logits),
            np.stack([self.held_out.folds_at(rows, repeat) for repeat in repeats]),
            corpus.patients(rows),
        )
        return measure_loudness(graded, Bootstrap())

    def _scored_set(
        self, source: str, by_row: Mapping[int, NDArray[np.float64]], repeats: Sequence[int]
    ) -> ScoredSet | None:
        """Return the recordings of a set with their murmur scores; None where it is not known who has one."""
        rows = list(by_row)
        recordings = [self._corpus.recordings[row] for row in rows]
        positive = np.array([one.label == MURMUR for one in recordings])
        excluded = np.array([MURMUR not in one.labels for one in recordings])
        if not (positive | excluded).all() or not excluded.any() or not positive.any():
            return None
        of_set = np.stack([*by_row.values()], axis=1)  # (repeats, recordings)
        folds = np.stack([self.held_out.folds_at(rows, repeat) for repeat in repeats])
        return ScoredSet(source, positive, of_set, folds, self._corpus.patients(rows))

    def _int8_metrics(
        self, rows: Sequence[int], repeats: Sequence[int], float_scores: NDArray[np.float64], calibration: Calibration
    ) -> Int8Metrics:
        """Return the metrics of the int8 networks, against the scores ``(repeats, rows, labels)`` of the float ones."""
        corpus, indices = self._corpus, np.asarray(rows, np.intp)
        scores = np.stack(
            [
                self._cross_calibrated(
                    self.held_out.outputs(rows, repeat),
                    indices,
                    self.held_out.folds_at(rows, repeat),
                    scored=self._int8.outputs(rows, repeat),
                )
                for repeat in repeats
            ]
        )
        return Int8Metrics(
            evidence=measure(corpus.ground_truth(rows), scores, corpus.labels, corpus.patients(rows)),
            other_sets=self._other_sets(self._int8, repeats, calibration),
            labels_changed=int((scores.argmax(axis=-1) != float_scores.argmax(axis=-1)).sum()),
            largest_difference=float(np.abs(scores - float_scores).max()),
        )

    def _cross_calibrated(
        self,
        outputs: list[Outputs],
        rows: NDArray[np.intp],
        folds: NDArray[np.intp],
        *,
        audible: bool = False,
        scored: list[Outputs] | None = None,
    ) -> NDArray[np.float64]:
        """Return scores of one repeat, each fold calibrated by the others; a single fold by itself."""
        ground_truth, labels = self._corpus.ground_truth(rows.tolist()), self._corpus.labels
        if len(set(folds.tolist())) > 1:
            fitted = ground_truth, labels, folds, self._priors, self._options.prior_exponent
            return cross_calibrated(outputs, *fitted, audible=audible, scored=scored)
        calibration = self._calibration(outputs, ground_truth)
        used = dataclasses.replace(calibration, given=()) if audible else calibration
        return recording_scores(scored or outputs, used, len(labels))

    def _other_sets(
        self, networks: HeldOut, repeats: Sequence[int], calibration: Calibration
    ) -> dict[str, dict[str, Estimate]]:
        """Return, for each partially labelled set, the AUC of each label that is known in all of its recordings."""
        estimates: dict[str, dict[str, Estimate]] = {}
        held_out = self.held_out.rows(self._corpus.heart_rows(fully_labelled=False), repeats)
        labels, num_labels = self._corpus.labels, len(self._corpus.labels)
        for source in sorted({self._corpus.recordings[row].source for row in held_out}):
            rows = [row for row in held_out if self._corpus.recordings[row].source == source]
            recordings = [self._corpus.recordings[row] for row in rows]
            scores = networks.scores(
                rows, repeats, lambda outputs, *_: recording_scores(outputs, calibration, num_labels)
            )
            for index, label in enumerate(labels):
                positive = np.array([recording.label == label for recording in recordings])
                excluded = np.array([label not in recording.labels for recording in recordings])
                if positive.any() and excluded.any() and (positive | excluded).all():
                    area = auc_estimate(positive, scores[:, :, index], self._corpus.patients(rows))
                    estimates.setdefault(source, {})[f"{label}_auc"] = area
        return estimates


def _validation_loss(result: FoldResult) -> float:
    """Return the validation loss at the best step; 0 without validation patients."""
    history = result.histories.get(FINETUNE)
    return dict(history.validation_loss).get(history.best_step, 0.0) if history else 0.0

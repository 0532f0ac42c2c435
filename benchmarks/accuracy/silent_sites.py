"""Scores of whole examinations of held-out children: also of the sites at which the murmur of a child is not heard.

    python benchmarks/accuracy/silent_sites.py set_b circor not_heart everyday --out docs/evidence/sites/scores.npz

A training, and so docs/evidence/ours.npz, leaves out the recordings of a child with a murmur at a site where none was
heard, since their label is not known. An examination has them. This trains the recipe on the same folds as the study,
never with these recordings, and scores every recording of a child by the network that was not trained on that child,
calibrated on the other folds. benchmarks/constants/site_pooling.py reads the result. About 15 minutes of processor time
for each seed; finished seeds are stored in --work and not run again. With --checkpoints the networks that ``auscult
train --keep-folds`` left are scored where they are of these folds (seed 0). Needs the training extra.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from monitor.atomic_write import write_atomic
from monitor.errors import AuscultError
from monitor.features.spec import HEART
from monitor.inference.calibration import mask_extrasystole
from monitor.labels import NON_CARDIAC
from training.data.annotations import RHYTHM_HOP_S
from training.data.audio import Sound, read_usable
from training.data.circor import CIRCOR, ELSEWHERE
from training.data.corpus import Corpus
from training.data.discovery import discover, read_sets
from training.data.folds import with_patients
from training.data.recording import Recording
from training.examples.mixture import network_priors
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.cross_validation import fit_fold, fold_plans
from training.fitting.heart_fit import new_network, with_synthetic_sounds
from training.fitting.options import HeartOptions
from training.fitting.recipe import HEART_RECIPE
from training.progress import Progress, TerminalProgress
from training.study.calibration import Repeat, fit_fold_calibrations, score_recordings
from training.study.fold_outputs import hop_of, score_fold

ROOT = Path(__file__).resolve().parents[2]
FORMAT = 1

Outputs = NDArray[np.float32]


def main(arguments: list[str]) -> int:
    """Score all recordings of the children, and write the scores; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="set B, CirCor, non-cardiac sounds")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="0 to N-1 (default: 3)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evidence" / "sites" / "scores.npz", metavar="FILE")
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="folds of a training with the same data")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "sites", metavar="DIR", help="for finished seeds")
    options = parser.parse_args(arguments)
    try:
        write(options, Console(stderr=True))
    except AuscultError as error:
        print(f"silent_sites: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def write(options: argparse.Namespace, console: Console) -> None:
    """Run the seeds that are not done, and write the scores of all."""
    recordings = with_patients(discover(options.data), "auto")
    silent = silent_recordings(options.data, recordings)
    heart = HeartOptions()
    with TerminalProgress(console) as progress:
        on_step = progress.stage("reading recordings", len(recordings) + len(silent))
        usable = read_usable(recordings, lambda recording: HEART_RECIPE.read(recording, HEART), on_step)
        corpus = with_synthetic_sounds(Corpus.of(*usable), heart, progress)
        sounds = [HEART_RECIPE.read(recording, HEART) for recording in silent]
        whole = dataclasses.replace(corpus, recordings=[*corpus.recordings, *silent], sounds=[*corpus.sounds, *sounds])
        rows = [row for row, recording in enumerate(whole.recordings) if recording.source == CIRCOR]
        trained = FoldCheckpoints.at(options.checkpoints) if options.checkpoints else None
        scores = [
            scores_of_seed(seed, corpus, whole, rows, heart, options.work, progress, trained)
            for seed in range(options.seeds)
        ]
    chosen = [whole.recordings[row] for row in rows]
    arrays = {
        "format": np.array(FORMAT),
        "labels": np.array(corpus.labels),
        "names": np.array([recording.path.stem for recording in chosen]),
        "patients": np.array([recording.patient for recording in chosen]),
        "heard": np.array([recording.labels == ("murmur",) for recording in chosen]),
        "scores": np.stack(scores).astype(np.float32),  # (seeds, recordings, labels)
    }
    write_atomic(options.out, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays))
    print(f"wrote {options.out}: {len(rows)} recordings, of them {len(silent)} at silent sites, {options.seeds} seeds")


def silent_recordings(data: list[Path], recordings: list[Recording]) -> list[Recording]:
    """Return the recordings of children with a murmur at a site where none was heard; their label is not used."""
    patient_of = {
        recording.path.stem.partition("_")[0]: recording.patient
        for recording in recordings
        if recording.source == CIRCOR
    }
    paths = [dropped.path for found in read_sets(data) for dropped in found.dropped if dropped.reason == ELSEWHERE]
    with_patient = [(path, patient_of.get(path.stem.partition("_")[0])) for path in sorted(paths)]
    return [Recording(path, ("normal",), patient, CIRCOR) for path, patient in with_patient if patient is not None]


def scores_of_seed(
    seed: int,
    corpus: Corpus,
    whole: Corpus,
    rows: list[int],
    heart: HeartOptions,
    work: Path,
    progress: Progress,
    trained: FoldCheckpoints | None,
) -> NDArray[np.float64]:
    """Return the scores of some rows of all recordings, ``(rows, labels)``, each by a network new to the child."""
    stored = work / f"seed-{seed}.npy"
    if stored.is_file():
        scores: NDArray[np.float64] = np.load(stored)
        return scores
    repeat = Repeat({}, {}, {}, {})
    for plan in fold_plans(corpus, folds=heart.folds, repeats=1, seed=seed):
        kept = None if trained is None else trained.load(plan, lambda: new_network(corpus))
        network = kept.network if kept else fit_fold(plan, corpus, heart, progress)[0].network
        patients = {corpus.recordings[row].patient for row in plan.held_out.tolist()}
        silent = range(len(corpus.recordings), len(whole.recordings))
        extra = [row for row in silent if whole.recordings[row].patient in patients]
        held_out = np.array([*plan.held_out.tolist(), *extra], np.intp)
        outputs, _ = score_fold(network, held_out, whole.sounds, None)
        for row, of_row in zip(held_out.tolist(), outputs, strict=True):
            if whole.recordings[row].label != NON_CARDIAC:
                repeat.fold_of[row] = plan.fold
                repeat.outputs[row] = every_second(whole.sounds[row], of_row, whole.labels)
    mixture = HEART_RECIPE.mix(corpus.sounds, corpus.synthetic, corpus.fully_labelled, HEART, heart.seed)
    priors = network_priors(mixture, corpus.labels, heart.finetuned_share)
    primary = sorted(set(repeat.outputs) & set(corpus.heart_rows(fully_labelled=True)))
    calibrations = fit_fold_calibrations(repeat, primary, corpus, priors, heart.prior_exponent)
    scored = score_recordings(repeat.outputs, rows, whole, repeat.fold_of, calibrations)
    scores = np.array([one.scores for one in scored])
    write_atomic(stored, lambda file: np.save(file, scores))
    return scores


def every_second(sound: Sound, outputs: Outputs, labels: tuple[str, ...]) -> Outputs:
    """Return the outputs of a window each second; without an extrasystole where the clip was looped."""
    outputs = outputs[::2] if hop_of(sound.recording) == RHYTHM_HOP_S else outputs
    return mask_extrasystole(outputs, labels) if sound.is_looped(HEART) else outputs


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Made diastolic murmurs on held-out patients' hearts, against the same hearts without: recordings all but lack them.

    auscult train set_b circor not_heart everyday --gate set_a --keep-folds --out models/heart-sounds
    python benchmarks/accuracy/diastolic.py set_b circor not_heart everyday --checkpoints heart-sounds.training

Each annotated heart without a murmur is judged as it is, cut as a control, and with a murmur in diastole, by the
network of the fold that held its patient out. Two makers: that of training (``made``), at levels that stand out from
the noise of the heart, and one that training does not use (``added``), simpler and with other spectra, at fixed levels
against S1. Systolic murmurs of other held-out children are moved into diastole (``moved``). Murmur AUC of recordings,
95 % intervals by patient. Needs the training extra; a minute a seed.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, read_settings
from monitor.inference.calibration import Calibration
from monitor.labels import MURMUR
from monitor.synthesis.noise import bell_curve, db_to_amplitude, frequencies, shaped_noise
from training.calibration.scores import recording_scores
from training.data.audio import Sound, sound_of
from training.data.corpus import Corpus
from training.data.discovery import discover
from training.data.folds import with_patients
from training.data.recording import Recording
from training.evaluation.cross_validated import auc_estimate
from training.examples.diastolic import AnnotatedHeart, annotated_hearts, made_hearts
from training.fitting.checkpoints import FoldCheckpoints
from training.fitting.cross_validation import fold_plans, sounds_outputs
from training.fitting.heart_fit import new_network
from training.study.runner import write_json

ROOT = Path(__file__).resolve().parents[2]
SEED = 7_700
LEVELS_DB = (-18.0, -12.0)
"""Largest root mean square of an added murmur, against the median peak of S1."""
CONTROL, PLAIN = "control", "as it is"
MIN_DIASTOLE_S = 0.05

Waveform = NDArray[np.float32]


def added(heart: AnnotatedHeart, kind: str, level_db: float, rng: np.random.Generator) -> Waveform:
    """Return a heart with a decrescendo around 220 Hz ("regurgitation") or a rumble around 55 Hz ("stenosis")."""
    rate, samples = HEART.sample_rate, len(heart.waveform)
    centre_hz, width = (220.0, 1.5) if kind == "regurgitation" else (55.0, 1.0)
    noise = shaped_noise(bell_curve(frequencies(samples, rate), centre_hz, width), samples, rng)
    peak = np.median([np.abs(heart.waveform[beat[0] : beat[1]]).max() for beat in heart.beats])
    envelope = np.zeros(samples, np.float32)
    for beat in heart.beats.tolist():
        begin, end = beat[3], min(samples, beat[4])
        if end - begin < MIN_DIASTOLE_S * rate:
            continue
        time_s = np.arange(end - begin) / rate
        if kind == "regurgitation":
            shape = np.interp(time_s * rate / (end - begin), (0.0, 0.06, 0.3, 0.6, 0.9), (0.0, 1.0, 0.6, 0.25, 0.0))
        else:
            shape = np.interp(time_s, (0.04, 0.09, 0.25, 0.5), (0.0, 1.0, 0.5, 0.3), left=0.0)
            shape = np.maximum(shape, np.clip(1.0 - ((end - begin) / rate - time_s) / 0.12, 0.0, 1.0))
        envelope[begin:end] = shape * rng.uniform(0.75, 1.25)
    return (heart.waveform + noise * envelope * np.float32(peak * db_to_amplitude(level_db))).astype(np.float32)


def variants(heart: AnnotatedHeart, index: int) -> Iterator[tuple[str, Waveform]]:
    """Yield what is made of one heart, by name; of a heart with a murmur only the moved one."""
    if heart.timing is not None:
        yield from ((one.kind, one.heart.waveform) for one in made_hearts(heart, (SEED, index), ("moved",)))
        return
    yield PLAIN, heart.waveform
    for one in made_hearts(heart, (SEED, index)):
        yield (one.kind if one.kind == CONTROL else f"made {one.kind}"), one.heart.waveform
    for kind in ("regurgitation", "stenosis"):
        for level_db in LEVELS_DB:
            rng = np.random.default_rng([SEED, index, round(-level_db)])
            yield f"added {kind} at {level_db:.0f} dB", added(heart, kind, level_db, rng)


def sounds(recordings: Sequence[Recording]) -> dict[str, list[tuple[str, Sound]]]:
    """Return what is made of the annotated hearts of each patient, with its name."""
    of_patient: dict[str, list[tuple[str, Sound]]] = defaultdict(list)
    for index, heart in enumerate(annotated_hearts(recordings)):
        for name, waveform in variants(heart, index):
            of_patient[heart.recording.patient].append((name, sound_of(heart.recording, waveform, HEART)))
    return of_patient


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path, help="the folders of the training, in the same order")
    parser.add_argument("--checkpoints", type=Path, required=True, help="what auscult train --keep-folds left")
    parser.add_argument("--seeds", type=int, default=1, help="repeats of the training that count (default: 1)")
    parser.add_argument("--model", default=DEFAULT_BUNDLE, help="the bundle whose calibration counts")
    parser.add_argument("--out", type=Path, help="JSON of the figures")
    arguments = parser.parse_args()
    recordings = with_patients(discover(arguments.data), "auto")
    corpus = Corpus.of(recordings)
    calibration = Calibration.from_json(read_settings(find_bundle(arguments.model))["calibration"])
    calibration = dataclasses.replace(calibration, given=())
    murmur = corpus.labels.index(MURMUR)
    checkpoints, made = FoldCheckpoints.at(arguments.checkpoints), sounds(recordings)
    scores: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    for plan in fold_plans(corpus, folds=5, repeats=arguments.seeds, seed=0):
        result = checkpoints.load(plan, lambda: new_network(corpus))
        if result is None:
            raise SystemExit(f"{arguments.checkpoints}: {plan.name} is not there, or is of other recordings")
        held_out = sorted({recordings[row].patient for row in plan.held_out.tolist()} & set(made))
        jobs = [(patient, number) for patient in held_out for number in range(len(made[patient]))]
        outputs = sounds_outputs(result.network, [made[patient][number][1] for patient, number in jobs])
        of_jobs = recording_scores(outputs, calibration, len(corpus.labels))[:, murmur]
        for (patient, number), score in zip(jobs, of_jobs.tolist(), strict=True):
            scores[made[patient][number][0]][patient, number].append(score)
    figures = {}
    for name, positives in scores.items():
        if name in (CONTROL, PLAIN):
            continue
        negatives = scores[PLAIN if name.startswith("added") else CONTROL]
        keys = [*positives, *negatives]
        values = np.array([*positives.values(), *negatives.values()]).T  # (seeds, recordings)
        flags = np.arange(len(keys)) < len(positives)
        figures[name] = auc_estimate(flags, values, [patient for patient, _ in keys])
        print(f"{name:32s} {figures[name]}  {len(positives)} against {len(negatives)}")
    if arguments.out:
        write_json(
            {
                "type": "diastolic",
                "schema": 1,
                "command": "python benchmarks/accuracy/diastolic.py set_b circor not_heart everyday"
                " --checkpoints heart-sounds.training",
                "seeds": list(range(arguments.seeds)),
                "murmurs": {
                    name: {"positives": len(scores[name]), "auc": estimate.to_json()}
                    for name, estimate in figures.items()
                },
            },
            arguments.out,
        )


if __name__ == "__main__":
    main()

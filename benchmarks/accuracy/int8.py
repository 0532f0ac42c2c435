"""The int8 network of a bundle against its float network: time, scores, labels and states on real recordings.

    python benchmarks/accuracy/int8.py ../shared/data/pascal/set_a ../shared/data/pascal/set_b ../shared/data/circor \
        --into models/heart-sounds

Each recording goes through the monitor's own analysis once with each network. Counted for each data set are the windows
and recordings whose label or state differs, the windows that pass the gate with one network only, the largest and the
median difference of a score; where recordings are labelled, the murmur AUC of both. Where a set was trained on, these
AUCs are of known patients: the two networks may be compared, their worth on other patients not. Times are of bare runs
that take turns, and of hops with bare runs of the float network between them. ``--into`` writes the figures into
``bundle.json`` and onto the card, converting the network again from ``model.keras``. About two minutes for the above.

    python benchmarks/accuracy/int8.py --into models/heart-sounds

Without data sets, the times alone are measured, and the other figures of the bundle stay: a hop changes with the code,
and the scores only with the network. Seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.analyzer import Analyzer
from monitor.analysis.verdict import Summarizer
from monitor.audio.sources.decoding.decoder import Decoder
from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.hop_latency import measure_hops, measure_runs
from monitor.commands.bench.report import environment_facts
from monitor.inference.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from monitor.inference.bundle_files import read_check, read_file
from monitor.inference.engine import ENGINES, INT8_ENGINE, LiteRTEngine
from monitor.labels import NON_CARDIAC
from monitor.messages import Summary, Verdict, WindowEvent
from training.data.discovery import read_sets
from training.data.recording import Recording
from training.evaluation.metrics import auc
from training.export.int8 import add_int8

MURMUR = "murmur"
ROUNDS = 9
"""Of the times; the median counts."""
HOPS = 300
TRIES, ROUNDING = 200, 1e-6


class Judged(NamedTuple):
    """What one network made of a recording."""

    windows: list[WindowEvent]
    summary: Summary


class Pair(NamedTuple):
    """A recording with the float network and with the int8 network."""

    recording: Recording
    one: Judged
    other: Judged


def judged(bundle: Bundle, recording: Recording) -> Judged:
    """Return the windows and the summary of a recording."""
    windows, summarizer = [], Summarizer()
    with Decoder(str(recording.path), str(recording.path)) as sound:
        analysis = Analyzer(bundle, sound.sample_rate)
        for block in sound.blocks():
            waveform = block.mean(axis=1, dtype=np.float32)
            for begin in range(0, len(waveform), analysis.max_samples):
                part = waveform[begin : begin + analysis.max_samples]
                windows += [analysis.judge(index).event for index in analysis.push(part)]
        windows += [analysis.judge(index).event for index in analysis.finish()]
    for event in windows:
        summarizer.push(event)
    return Judged(windows, summarizer.summary(recording.path.name, bundle.decision))


def shown(verdict: Verdict) -> tuple[str, str | None]:
    """Return what a verdict shows."""
    return verdict.state, verdict.label


def labels_differ(one: Verdict, other: Verdict) -> bool:
    """Return whether both verdicts have a label, and not the same."""
    return None not in (one.label, other.label) and one.label != other.label


def is_withheld(event: WindowEvent) -> bool:
    """Return whether a window is withheld."""
    return event.verdict.state == "poor-signal"


def mean_score(judged: Judged, label: str) -> float | None:
    """Return a recording's score: the mean over the windows that have one."""
    scores = [event.verdict.scores[label] for event in judged.windows if event.verdict.scores]
    return statistics.fmean(scores) if scores else None


def compared(pairs: Sequence[Pair], labels: Sequence[str]) -> dict[str, Any]:
    """Return the counts of one data set."""
    windows = [events for pair in pairs for events in zip(pair.one.windows, pair.other.windows, strict=True)]
    differences = [
        max(abs(one.verdict.scores[label] - other.verdict.scores[label]) for label in labels)
        for one, other in windows
        if one.verdict.scores and other.verdict.scores
    ]
    return {
        "recordings": len(pairs),
        "windows": len(windows),
        "windows_with_other_verdict": sum(shown(one.verdict) != shown(other.verdict) for one, other in windows),
        "windows_with_other_label": sum(labels_differ(one.verdict, other.verdict) for one, other in windows),
        "windows_gated_otherwise": sum(is_withheld(one) != is_withheld(other) for one, other in windows),
        "windows_with_other_rolling_verdict": sum(shown(one.rolling) != shown(other.rolling) for one, other in windows),
        "recordings_with_other_verdict": sum(
            shown(pair.one.summary.verdict) != shown(pair.other.summary.verdict) for pair in pairs
        ),
        "recordings_with_other_label": sum(
            labels_differ(pair.one.summary.verdict, pair.other.summary.verdict) for pair in pairs
        ),
        "largest_difference": round(max(differences, default=0.0), 5),
        "median_difference": round(statistics.median(differences), 5) if differences else 0.0,
        **murmur_aucs(pairs),
    }


def murmur_aucs(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """Return the murmur AUC of both networks, where some recordings have a murmur and others have none."""
    truth, scores = [], []
    for recording, one, other in pairs:
        both = mean_score(one, MURMUR), mean_score(other, MURMUR)
        is_certain = recording.label == MURMUR or MURMUR not in recording.labels
        if is_certain and recording.label != NON_CARDIAC and None not in both:
            truth.append(recording.label == MURMUR)
            scores.append(both)
    if len(set(truth)) < 2:
        return {"murmur_auc": None, "murmur_auc_int8": None, "murmur_auc_recordings": None}
    columns = np.array(scores).T
    areas = [round(float(auc(np.array(truth), column)), 5) for column in columns]
    return {"murmur_auc": areas[0], "murmur_auc_int8": areas[1], "murmur_auc_recordings": len(truth)}


def times(one: Bundle, other: Bundle) -> dict[str, Any]:
    """Return the ratios of times: bare runs, and hops against bare runs of the float network."""
    demo = SyntheticSource()
    float_engine, int8_engine = one.engine, other.engine
    if not (isinstance(float_engine, LiteRTEngine) and isinstance(int8_engine, LiteRTEngine)):
        raise TypeError("both must run in LiteRT")
    rounds = []
    for _ in range(ROUNDS):
        runs = [statistics.median(seconds) for seconds in measure_runs([float_engine, int8_engine], HOPS)]
        hops = [
            [*map(statistics.median, measure_hops(bundle, demo.waveform, demo.sample_rate, HOPS, float_engine))]
            for bundle in (one, other)
        ]
        rounds.append((runs[1] / runs[0], hops[0][0] / hops[0][1], hops[1][0] / hops[1][1]))
    invoke, float_hop, int8_hop = (round(statistics.median(column), 3) for column in zip(*rounds, strict=True))
    facts = environment_facts()
    return {
        "invoke_ratio": invoke,
        "float_hop_to_float_invoke": float_hop,
        "int8_hop_to_float_invoke": int8_hop,
        "rounds": ROUNDS,
        "machine": facts["machine"],
        "cpus": facts["cpus"],
        "ai_edge_litert_version": facts["ai_edge_litert_version"],
    }


def check_image(one: Bundle, other: Bundle) -> dict[str, float]:
    """Return by how much the scores of the check image differ: what the tolerance of the self-check must allow.

    Between the networks; between LiteRT's kernels for the int8 network; and where rounding errors of ROUNDING are added
    to the image, the largest of TRIES.
    """
    from ai_edge_litert.interpreter import OpResolverType

    image, _ = read_check(read_file(one.path, "check.npz"), one.spec.shape, len(one.labels))
    expected = scores_of(other, other.engine.outputs(image))
    content = read_file(other.path, ENGINES[INT8_ENGINE])
    kernels = [
        scores_of(other, run_with(resolver, content, image))
        for resolver in (OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    ]
    rng = np.random.default_rng(0)
    rounded = [
        scores_of(other, other.engine.outputs((image + rng.normal(0.0, ROUNDING, image.shape)).astype(np.float32)))
        for _ in range(TRIES)
    ]
    return {
        "float_network": largest(expected, [scores_of(one, one.engine.outputs(image))]),
        "other_kernels": largest(expected, kernels),
        "rounding": largest(expected, rounded),
    }


def scores_of(bundle: Bundle, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return calibrated scores ``(labels,)``."""
    return bundle.calibration.scores(outputs, len(bundle.labels))


def largest(expected: NDArray[np.float64], found: Sequence[NDArray[np.float64]]) -> float:
    """Return the largest difference, to two digits."""
    return float(f"{max(np.abs(scores - expected).max() for scores in found):.1e}")


def run_with(resolver: Any, content: bytes, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs of a network run by some of LiteRT's kernels."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[np.newaxis])
    interpreter.invoke()
    outputs: NDArray[np.float32] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].copy()
    return outputs


def measure(one: Bundle, other: Bundle, folders: Sequence[Path]) -> dict[str, Any]:
    """Return all figures."""
    seen = {str(data["set"]) for data in one.settings.get("training_data", ())}
    rows = []
    for data_set in read_sets(folders):
        recordings = [*data_set.recordings, *data_set.aside]
        pairs = []
        for number, recording in enumerate(recordings, 1):
            print(f"\r{data_set.name}: {number} of {len(recordings)}", end="", file=sys.stderr, flush=True)
            pairs.append(Pair(recording, judged(one, recording), judged(other, recording)))
        print(file=sys.stderr)
        counts = compared(pairs, one.labels)
        rows.append({"set": data_set.name, "seen_in_training": data_set.name in seen, **counts})
    figures = {"compared": rows, "hop_s": one.spec.hop_s, "check_image": check_image(one, other)}
    return {**figures, "times": times(one, other)}


def main() -> None:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folders", nargs="*", type=Path, help="data sets, as auscult train reads them; none: the times alone"
    )
    parser.add_argument("--model", default=DEFAULT_BUNDLE)
    parser.add_argument("--into", type=Path, help="bundle whose bundle.json and card get the figures")
    arguments = parser.parse_args()
    model = arguments.into or arguments.model
    one, other = load_bundle(model), load_bundle(model, engine=INT8_ENGINE)
    if not arguments.folders and "compared" not in one.settings["metrics"]["int8"]:
        parser.error(f"{model}: its scores were not compared yet; name the data sets")
    if arguments.folders:
        names = " ".join(folder.name for folder in arguments.folders)
        command = f"python benchmarks/accuracy/int8.py {names} --into {Path(model).name}"
        figures = {"command": command, **measure(one, other, arguments.folders)}
    else:
        figures = {"times": times(one, other)}
    print(json.dumps(figures, indent=1, allow_nan=False))
    if arguments.into:
        add_int8(arguments.into, figures)


if __name__ == "__main__":
    main()

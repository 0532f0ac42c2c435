"""Sounds that change, and sounds that do not, judged window by window by networks that never heard the patient.

For time_to_change.py. The windows are judged once and stored; the rolling verdict is run on them by whoever reads them.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.false_alarms import events_of, fold_bundles, synthetic_noise, waveform_of
from monitor.analysis.verdict import Summarizer
from monitor.atomic_write import write_atomic
from monitor.audio.sources.synthetic import DEMO_SEED, SyntheticSource
from monitor.features.spec import HEART
from monitor.inference.bundle import Bundle
from monitor.labels import NON_CARDIAC
from monitor.messages import WindowEvent
from monitor.synthesis.artifacts import lost_contact
from training.data.discovery import discover
from training.data.folds import with_patients
from training.data.recording import Recording

BEFORE_S, AFTER_S = 16.0, 16.0
"""Most seconds of a pair before and after the change: a settled verdict, and time for the next one."""
SHORTEST_S = 9.0
"""Of the recordings of a pair."""
OFF_SKIN_S = 2.0
FADE_S = 0.02
DEMOS = 20
HALVES = 2
SITES = "site to site"

Floats = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Track:
    """A sound that was judged window by window.

    Attributes
    ----------
    kind : str
        ``"heart"``, ``"non-cardiac"``, ``"noise"``, ``"demo"`` or the kind of the pair.
    half : int
        Of the patients; -1 where there is none.
    seconds : float
    right : str or None
        The label of the sound where nothing changes in it.
    changes : list of [float, float, str, str]
        Of the sound: when it begins, when it is over, the label until then, the label from then.
    windows : list of [float, list of float or None, str or None, float]
        End, scores, state of the quality, evidence of ectopic beats.
    """

    kind: str
    half: int
    seconds: float
    right: str | None
    changes: list[tuple[float, float, str, str]]
    windows: list[tuple[float, list[float] | None, str | None, float]]


def track_of(
    kind: str, half: int, events: Sequence[WindowEvent], seconds: float, right: str | None, changes: Sequence[Any] = ()
) -> Track:
    """Return what the rolling verdict was given."""
    windows = [
        (
            event.end_s,
            None if event.verdict.scores is None else list(event.verdict.scores.values()),
            event.quality.state,
            event.ectopic.evidence,
        )
        for event in events
    ]
    return Track(kind, half, seconds, right, list(changes), windows)


def half_of(recording: Recording) -> int:
    """Return the half that a patient belongs to."""
    return zlib.crc32(recording.patient.encode()) % HALVES


def joined(before: Floats, after: Floats, rate: int, off_skin_s: float, seed: int) -> tuple[Floats, float, float]:
    """Return two sounds as one, and when the change begins and ends.

    Each is scaled to the same root mean square; without time off the skin they are cross-faded. The change falls
    anywhere between two windows.
    """
    rng = np.random.default_rng(seed)
    before, after = before[-round((BEFORE_S - rng.uniform(0.0, 0.5)) * rate) :], after[: round(AFTER_S * rate)]
    before, after = (part / np.float32(10.0 * np.sqrt(np.mean(part**2)) + 1e-9) for part in (before, after))
    limit = max(1.0, float(np.abs(before).max()), float(np.abs(after).max()))
    if off_skin_s:
        away = np.zeros(round(off_skin_s * rate), np.float32)
        start, end = len(before), len(before) + len(away)
        whole = np.concatenate([before, away, after]) / np.float32(limit)
        return lost_contact(whole, start, end, rng, rate), start / rate, end / rate
    fade = round(FADE_S * rate)
    rise = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    middle = before[-fade:] * (1.0 - rise) + after[:fade] * rise
    whole = np.concatenate([before[:-fade], middle, after[fade:]]) / np.float32(limit)
    at_s = (len(before) - fade / 2) / rate
    return whole.astype(np.float32), at_s, at_s


def pairs_of(found: Sequence[tuple[Recording, str, float]]) -> Iterator[tuple[str, int, int]]:
    """Yield the kind of each pair, and the places of its recordings, in recordings whose label is found."""
    long = [place for place, (_, _, seconds) in enumerate(found) if seconds >= SHORTEST_S]
    for half in range(HALVES):
        here = [place for place in long if half_of(found[place][0]) == half]
        normal, murmur = ([place for place in here if found[place][1] == label] for label in ("normal", "murmur"))
        for one, other in zip(normal, itertools.cycle(murmur) if murmur else (), strict=False):
            if found[one][0].patient != found[other][0].patient:
                yield "normal to murmur", one, other
        for one, other in zip(murmur, itertools.cycle(normal) if normal else (), strict=False):
            if found[one][0].patient != found[other][0].patient:
                yield "murmur to normal", one, other
        by_patient: dict[str, list[int]] = {}
        for place in here:
            by_patient.setdefault(found[place][0].patient, []).append(place)
        for places in by_patient.values():
            yield from ((SITES, one, other) for one, other in itertools.pairwise(places))


def fold_tracks(bundle: Bundle, recordings: Sequence[Recording], rows: Sequence[int]) -> Iterator[Track]:
    """Yield the recordings that a fold held out, and their pairs."""
    found: list[tuple[Recording, str, float]] = []
    waveforms: list[tuple[Floats, int]] = []
    for row in rows:
        recording = recordings[row]
        waveform, rate = waveform_of(recording)
        seconds, events = len(waveform) / rate, events_of(bundle, waveform, rate)
        if recording.label == NON_CARDIAC:
            yield track_of("non-cardiac", half_of(recording), events, seconds, None)
            continue
        summarizer = Summarizer()
        for event in events:
            summarizer.push(event)
        label = summarizer.summary("", bundle.decision).verdict.label
        right = label if label in recording.labels else None
        yield track_of("heart", half_of(recording), events, seconds, right)
        if right is not None:
            found.append((recording, right, seconds))
            waveforms.append((waveform, rate))
    for kind, one, other in pairs_of(found):
        (before, rate), (after, other_rate) = waveforms[one], waveforms[other]
        for off_s in (OFF_SKIN_S,) if kind == SITES else (0.0, OFF_SKIN_S):
            if rate == other_rate:
                sound, start_s, end_s = joined(before, after, rate, off_s, one)
                change = start_s, end_s, found[one][1], found[other][1]
                events = events_of(bundle, sound, rate)
                name = f"{kind}, off the skin" if off_s else kind
                yield track_of(name, half_of(found[one][0]), events, len(sound) / rate, None, [change])


def demo_tracks(bundle: Bundle) -> Iterator[Track]:
    """Yield the demo and other realizations of it."""
    for seed in (DEMO_SEED, *range(DEMOS - 1)):
        demo = SyntheticSource(seed)
        events = events_of(bundle, demo.waveform, demo.sample_rate)
        changes = [
            (now.start_s, now.start_s, before.label or before.state, now.label)
            for before, now in itertools.pairwise(demo.scenes)
            if now.state == "verdict"
        ]
        yield track_of("demo" if seed == DEMO_SEED else "demos", -1, events, demo.duration_s, None, changes)


def all_tracks(bundle: Bundle, data: Sequence[Path], checkpoints: Path, work: Path) -> list[Track]:
    """Return the tracks of everything; what is in ``work`` is not judged again."""

    def stored(name: str, make: Iterable[Track]) -> list[Track]:
        path = work / f"{name}.json"
        if not path.is_file():
            text = json.dumps([dataclasses.asdict(track) for track in make])
            work.mkdir(parents=True, exist_ok=True)
            write_atomic(path, lambda file: file.write(text.encode()))
        return [Track(**track) for track in json.loads(path.read_text(encoding="utf-8"))]

    tracks = stored("demo", demo_tracks(bundle))
    noise = ((sound, events_of(bundle, sound, HEART.sample_rate)) for _, sound in synthetic_noise())
    tracks += stored("noise", (track_of("noise", -1, got, len(sound) / 4000, None) for sound, got in noise))
    recordings = with_patients(discover(data), "auto")
    for fold, (of_fold, rows) in enumerate(fold_bundles(bundle, recordings, checkpoints)):
        tracks += stored(f"fold-{fold}", fold_tracks(of_fold, recordings, rows))
    return tracks

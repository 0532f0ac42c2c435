"""Create the SVG screenshots of the dashboard for the README and the documentation.

    python docs/make/make_pictures.py docs

plays the demo once in real time through the real pipeline and network and takes screenshots at certain moments:
``dashboard.svg`` at 120x40, and one screenshot of each state at 80x24. ``examination.svg`` is ``auscult exam`` at its
second site, with synthetic hearts; ``review.svg`` is a review of the demo.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from monitor.archive.judged_file import judge_file
from monitor.audio.playback.player import PlaybackOptions
from monitor.audio.sources.site_recordings import SiteRecordings
from monitor.audio.sources.synthetic import HEART, MURMUR, Scene, SyntheticSource
from monitor.commands.exam.drawing import ExamState, draw_examination
from monitor.commands.exam.guide import KEYS, Guide
from monitor.commands.exam.progress import Progress
from monitor.commands.review.controller import ReviewController
from monitor.commands.review.file_annotations import FileAnnotations
from monitor.commands.review.listening import Listening
from monitor.dashboard.controller import DashboardController
from monitor.dashboard.drawing.canvas import FULL_STYLE, Canvas
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import svg_of
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.runtime.pipeline import Pipeline
from monitor.synthesis.phonocardiogram import phonocardiogram

SCREEN, SMALL_SCREEN = (120, 40), (80, 24)
LISTENING_S = 3.0
BEFORE_END_S = 3.0
"""Seconds before the end of a scene: the rolling verdict has settled, and the scene still plays."""
LARGE, LARGE_BEFORE_END_S = "murmur", 4.0
"""Which scene the large screenshot shows, and when."""
POLL_S = 0.1
EXAM_SCREEN, EXAM_GOOD_S, EXAM_JUDGED_S = (100, 26), 10.0, 6.5
"""Size, seconds to collect at a site, and how many of them the second one has in the screenshot."""
EXAM_SITES = (("AV", None), ("PV", MURMUR), ("TV", None), ("MV", None))
"""Sites and the murmurs of the synthetic heart that are heard there."""
REVIEW_KEYS = (
    "g4\n",
    "nquiet room\n",
    "g20\n",
    "[",
    "g33\n",
    "]",
    "l2",
    "g24\n",
    "nharsh, over the whole systole\n",
    "down",
    "down",
)
"""A person's note and label, then the cursor in the stretch and two steps of zoom."""


def moments(scenes: Sequence[Scene]) -> dict[str, tuple[float, tuple[int, int]]]:
    """Return, by the name of a screenshot, seconds of the demo and a size; ascending."""
    at = {"listening": (LISTENING_S, SMALL_SCREEN)}
    for scene in scenes:
        name = scene.label if scene.label and scene.state == "verdict" else scene.state
        if name == LARGE:
            at["dashboard"] = (scene.end_s - LARGE_BEFORE_END_S, SCREEN)
        at.setdefault(name, (scene.end_s - BEFORE_END_S, SMALL_SCREEN))
    return at


def demo_canvases() -> dict[str, Canvas]:
    """Return the screenshots of the demo by name."""
    source = SyntheticSource(speed=1.0)
    canvases: dict[str, Canvas] = {}
    with Pipeline(source, load_bundle(DEFAULT_BUNDLE)) as pipeline:
        controller = DashboardController(pipeline)
        pipeline.drain(0.0)
        pipeline.start()
        for name, (seconds, size) in moments(source.scenes).items():
            canvases[name] = _canvas_at(seconds, size, source, pipeline, controller)
    return canvases


def _canvas_at(
    seconds: float, size: tuple[int, int], source: SyntheticSource, pipeline: Pipeline, controller: DashboardController
) -> Canvas:
    """Return the dashboard at a position of the demo."""
    while True:
        for event in pipeline.drain(POLL_S):
            controller.window(event)
        snapshot, state = controller.compose(pipeline.snapshot(), has_keys=True)
        scene = next((scene for scene in source.scenes if snapshot.elapsed_s < scene.end_s), source.scenes[-1])
        snapshot = dataclasses.replace(snapshot, note=f"playing: {scene.name}")
        canvas = render(snapshot, *size, state=state)
        controller.drawn(snapshot)
        if snapshot.elapsed_s >= seconds or snapshot.finished:
            return canvas


def examination_canvas(folder: Path) -> Canvas:
    """Return the screenshot of an examination.

    Parameters
    ----------
    folder : Path
        Where the recordings of the sites are written.
    """
    rng = np.random.default_rng(1)
    paths = {site: folder / f"{site}.wav" for site, _ in EXAM_SITES}
    for site, murmur in EXAM_SITES:
        heart = phonocardiogram(20.0, dataclasses.replace(HEART, murmur=murmur), rng)
        soundfile.write(paths[site], heart.waveform, heart.sample_rate, "PCM_24")
    source, bundle = SiteRecordings(paths), load_bundle(DEFAULT_BUNDLE)
    progress = Progress(tuple(paths), EXAM_GOOD_S, bundle.decision)
    with Pipeline(source, bundle) as pipeline:
        controller, guide = DashboardController(pipeline), Guide(progress, pipeline, lambda: None, source)
        pipeline.drain(0.0)
        pipeline.start()
        guide.begin()
        while True:
            for event in pipeline.drain(POLL_S):
                guide.window(event)
            snapshot, state = controller.compose(pipeline.snapshot(), has_keys=True)
            guide.update(snapshot)
            if snapshot.finished or ("AV" in progress.done and progress.judged_s >= EXAM_JUDGED_S):
                break
        exam = ExamState(progress.sites, progress.done, progress.site, progress.arrived, progress.judged_s, EXAM_GOOD_S)
        start = dataclasses.replace(snapshot.start, source="My Stethoscope")
        keys = (*KEYS, ("m", "mark"), ("n", "note"))
        return draw_examination(
            dataclasses.replace(snapshot, start=start),
            exam,
            *EXAM_SCREEN,
            FULL_STYLE,
            dataclasses.replace(state, keys=keys),
        )


def review_canvas(folder: Path) -> Canvas:
    """Return the screenshot of a review: the demo as a recording in a folder, with a note and a label of a person."""
    source = SyntheticSource()
    path = folder / "demo.wav"
    soundfile.write(path, source.waveform, source.sample_rate, subtype="FLOAT")
    timeline, _ = judge_file(path, load_bundle(DEFAULT_BUNDLE))
    annotations = FileAnnotations(folder / "demo.labels.txt", ())
    controller = ReviewController(timeline, annotations, Listening(None, PlaybackOptions()))
    for keys in REVIEW_KEYS:
        for key in (keys,) if keys in ("down", "right") else keys:
            controller.key(key)
    while controller.tick():
        pass
    snapshot, state = controller.compose()
    controller.close()
    return render(snapshot, *SCREEN, state=state)


def main(arguments: list[str]) -> int:
    """Write the screenshots; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    with tempfile.TemporaryDirectory() as sounds:
        (folder / "review.svg").write_text(svg_of(review_canvas(Path(sounds))), encoding="utf-8")
    for name, canvas in demo_canvases().items():
        path = folder / ("dashboard.svg" if name == "dashboard" else f"states/{name}.svg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg_of(canvas), encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        (folder / "examination.svg").write_text(svg_of(examination_canvas(Path(scratch))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

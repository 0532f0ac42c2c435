"""Draws the dashboard as SVG files for the README and the documentation.

    python docs/make/make_pictures.py docs

plays the demo in real time, for as long as it lasts, through the real pipeline and network, and draws what the
dashboard shows at some moments: ``dashboard.svg`` at 120x40, and one picture of each state at 80x24.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from monitor.audio.sources.synthetic import Scene, SyntheticSource
from monitor.dashboard.controller import DashboardController
from monitor.dashboard.drawing.canvas import Canvas
from monitor.dashboard.drawing.render import render
from monitor.dashboard.drawing.svg import svg_of
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.runtime.pipeline import Pipeline

SCREEN, SMALL_SCREEN = (120, 40), (80, 24)
LISTENING_S = 3.0
BEFORE_END_S = 3.0
"""Seconds before the end of a scene: all is settled, and the scene still plays."""
LARGE, LARGE_BEFORE_END_S = "murmur", 4.0
"""What the large picture shows, and when."""
LOOK_S = 0.1


def moments(scenes: Sequence[Scene]) -> dict[str, tuple[float, tuple[int, int]]]:
    """Return, by the name of a picture, seconds of the demo and a size; ascending."""
    found = {"listening": (LISTENING_S, SMALL_SCREEN)}
    for scene in scenes:
        name = scene.label if scene.label and scene.state == "verdict" else scene.state
        if name == LARGE:
            found["dashboard"] = (scene.end_s - LARGE_BEFORE_END_S, SCREEN)
        found.setdefault(name, (scene.end_s - BEFORE_END_S, SMALL_SCREEN))
    return found


def demo_frames() -> dict[str, Canvas]:
    """Return what the dashboard shows at each moment of the demo, by name."""
    source = SyntheticSource(speed=1.0)
    frames: dict[str, Canvas] = {}
    with Pipeline(source, load_bundle(DEFAULT_BUNDLE)) as pipeline:
        desk = DashboardController(pipeline)
        pipeline.drain(0.0)
        pipeline.start()
        for name, (seconds, size) in moments(source.scenes).items():
            frames[name] = _frame_at(seconds, size, source, pipeline, desk)
    return frames


def _frame_at(
    seconds: float, size: tuple[int, int], source: SyntheticSource, pipeline: Pipeline, desk: DashboardController
) -> Canvas:
    """Return what the dashboard shows when the demo has come so far."""
    while True:
        for event in pipeline.drain(LOOK_S):
            desk.window(event)
        snapshot, display = desk.scene(pipeline.snapshot(), has_keys=True)
        scene = next((scene for scene in source.scenes if snapshot.elapsed_s < scene.end_s), source.scenes[-1])
        frame = render(snapshot, *size, note=f"playing: {scene.name}", display=display)
        desk.drawn(snapshot)
        if snapshot.elapsed_s >= seconds or snapshot.finished:
            return frame


def main(arguments: list[str]) -> int:
    """Write the pictures; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    for name, frame in demo_frames().items():
        path = folder / ("dashboard.svg" if name == "dashboard" else f"states/{name}.svg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg_of(frame), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

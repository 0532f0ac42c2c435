"""auscult's monitor: hear a heart, show what a trained network says of it, hop by hop.

    import monitor

    judged = monitor.judge(waveform, sample_rate=4000)
    print(judged.label, judged.confidence)

    source = monitor.RecordingSource("heart.wav", speed=1.0)
    with monitor.Pipeline(source, monitor.load_bundle()) as pipeline:
        for window in pipeline.windows():
            print(window.end_s, window.verdict.label, window.verdict.confidence)

Nothing is started or loaded at import: each name is looked up when it is first used. Research use,
not for diagnosis.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.api import Judged, judge
    from monitor.audio.sources.array import ArraySource
    from monitor.audio.sources.base import PacedSource, Source
    from monitor.audio.sources.file import RecordingSource
    from monitor.audio.sources.microphone import MicrophoneSource
    from monitor.audio.sources.pipe import PipeSource, RawFormat
    from monitor.audio.sources.synthetic import SyntheticSource
    from monitor.errors import AuscultError
    from monitor.inference.bundle import Bundle, load_bundle
    from monitor.messages import Snapshot, Summary, WindowEvent
    from monitor.runtime.pipeline import Pipeline

_WHERE = {
    "ArraySource": "monitor.audio.sources.array",
    "AuscultError": "monitor.errors",
    "Bundle": "monitor.inference.bundle",
    "Judged": "monitor.api",
    "MicrophoneSource": "monitor.audio.sources.microphone",
    "PacedSource": "monitor.audio.sources.base",
    "PipeSource": "monitor.audio.sources.pipe",
    "Pipeline": "monitor.runtime.pipeline",
    "RawFormat": "monitor.audio.sources.pipe",
    "RecordingSource": "monitor.audio.sources.file",
    "Snapshot": "monitor.messages",
    "Source": "monitor.audio.sources.base",
    "Summary": "monitor.messages",
    "SyntheticSource": "monitor.audio.sources.synthetic",
    "WindowEvent": "monitor.messages",
    "judge": "monitor.api",
    "load_bundle": "monitor.inference.bundle",
}

__all__ = [
    "ArraySource",
    "AuscultError",
    "Bundle",
    "Judged",
    "MicrophoneSource",
    "PacedSource",
    "PipeSource",
    "Pipeline",
    "RawFormat",
    "RecordingSource",
    "Snapshot",
    "Source",
    "Summary",
    "SyntheticSource",
    "WindowEvent",
    "judge",
    "load_bundle",
]


def __getattr__(name: str) -> Any:
    """Return a public name, importing the module that holds it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)

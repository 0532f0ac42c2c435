"""auscult's monitor: hear a heart, show what a trained network says of it, hop by hop.

    import monitor

    judged = monitor.judge(waveform, sample_rate=4000)
    print(judged.label, judged.confidence)

    source = monitor.RecordingSource("heart.wav", speed=1.0)
    with monitor.Pipeline(source, monitor.load_bundle()) as pipeline:
        for window in pipeline.windows():
            print(window.end_s, window.judgement.label, window.judgement.confidence)

Nothing is started or loaded at import: each name is looked up when it is first used. Research use,
not for diagnosis.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.bundle import Bundle, load_bundle
    from models.errors import AuscultError
    from monitor.door import Judged, judge
    from monitor.messages import Snapshot, Summary, WindowEvent
    from monitor.pipeline import Pipeline
    from monitor.sources.array import ArraySource
    from monitor.sources.base import PacedSource, Source
    from monitor.sources.microphone import MicrophoneSource
    from monitor.sources.pipe import PipeSource, RawFormat
    from monitor.sources.recording import RecordingSource
    from monitor.sources.synthetic import SyntheticSource

_WHERE = {
    "ArraySource": "monitor.sources.array",
    "AuscultError": "models.errors",
    "Bundle": "models.bundle",
    "Judged": "monitor.door",
    "MicrophoneSource": "monitor.sources.microphone",
    "PacedSource": "monitor.sources.base",
    "PipeSource": "monitor.sources.pipe",
    "Pipeline": "monitor.pipeline",
    "RawFormat": "monitor.sources.pipe",
    "RecordingSource": "monitor.sources.recording",
    "Snapshot": "monitor.messages",
    "Source": "monitor.sources.base",
    "Summary": "monitor.messages",
    "SyntheticSource": "monitor.sources.synthetic",
    "WindowEvent": "monitor.messages",
    "judge": "monitor.door",
    "load_bundle": "models.bundle",
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

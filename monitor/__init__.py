"""auscult's monitor: classify heart sounds with a trained network, window by window, live or from memory.

    import monitor

    result = monitor.judge(waveform, sample_rate=4000)
    print(result.label, result.confidence, result.acoustic_scores)

    source = monitor.RecordingSource("heart.wav", speed=1.0)
    with monitor.Pipeline(source, monitor.load_bundle()) as pipeline:
        for window in pipeline.windows():
            print(window.end_s, window.verdict.label, window.verdict.confidence)

In an event loop it is ``async with``, and ``async for window in pipeline.awindows()``.

Nothing is started or loaded at import: each name is imported when it is first used. Research use,
not for diagnosis.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.api import Judged, judge
    from monitor.audio.sources.array import ArraySource
    from monitor.audio.sources.base import Source
    from monitor.audio.sources.file import RecordingSource
    from monitor.audio.sources.generator import GeneratorSource
    from monitor.audio.sources.microphone import MicrophoneSource
    from monitor.audio.sources.paced import PacedSource
    from monitor.audio.sources.pipe import PipeSource, RawFormat
    from monitor.audio.sources.synthetic import SyntheticSource
    from monitor.errors import AuscultError
    from monitor.inference.bundle import Bundle, load_bundle
    from monitor.messages import Snapshot, Summary, WindowEvent
    from monitor.runtime.pipeline import Pipeline
    from monitor.runtime.ward.ward import Ward

_MODULES = {
    "ArraySource": "monitor.audio.sources.array",
    "AuscultError": "monitor.errors",
    "Bundle": "monitor.inference.bundle",
    "GeneratorSource": "monitor.audio.sources.generator",
    "Judged": "monitor.api",
    "MicrophoneSource": "monitor.audio.sources.microphone",
    "PacedSource": "monitor.audio.sources.paced",
    "PipeSource": "monitor.audio.sources.pipe",
    "Pipeline": "monitor.runtime.pipeline",
    "RawFormat": "monitor.audio.sources.pipe",
    "RecordingSource": "monitor.audio.sources.file",
    "Snapshot": "monitor.messages",
    "Source": "monitor.audio.sources.base",
    "Summary": "monitor.messages",
    "SyntheticSource": "monitor.audio.sources.synthetic",
    "Ward": "monitor.runtime.ward.ward",
    "WindowEvent": "monitor.messages",
    "judge": "monitor.api",
    "load_bundle": "monitor.inference.bundle",
}

__all__ = [
    "ArraySource",
    "AuscultError",
    "Bundle",
    "GeneratorSource",
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
    "Ward",
    "WindowEvent",
    "judge",
    "load_bundle",
]


def __dir__() -> list[str]:
    """Return the public names, so that completion shows them before they are imported."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def __getattr__(name: str) -> Any:
    """Return a public name from the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)

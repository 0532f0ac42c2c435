"""The frozen values that cross threads and leave the program.

Everything here is immutable: the classifier thread creates it, any thread may read it. Names follow the JSON lines of
docs/formats/json-lines.md.
"""

from monitor.messages.examination import Examination, Finding, SiteResult
from monitor.messages.playback import PlaybackStatus
from monitor.messages.recording import Mark, RecordingStatus, SiteChange
from monitor.messages.snapshot import Snapshot, Start
from monitor.messages.status import DeviceStatus, Level
from monitor.messages.variability import HeartRateVariability
from monitor.messages.window import (
    NO_RHYTHM,
    EctopicBeat,
    EctopicBeats,
    HeartBeat,
    LoudnessWord,
    Quality,
    RPeak,
    State,
    Summary,
    Verdict,
    WindowEvent,
)

__all__ = [
    "NO_RHYTHM",
    "DeviceStatus",
    "EctopicBeat",
    "EctopicBeats",
    "Examination",
    "Finding",
    "HeartBeat",
    "HeartRateVariability",
    "Level",
    "LoudnessWord",
    "Mark",
    "PlaybackStatus",
    "Quality",
    "RPeak",
    "RecordingStatus",
    "SiteChange",
    "SiteResult",
    "Snapshot",
    "Start",
    "State",
    "Summary",
    "Verdict",
    "WindowEvent",
]

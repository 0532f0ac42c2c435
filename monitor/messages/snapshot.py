"""What is known of a source when it is opened, and all that is shown of it at one moment.

Must not import anything but NumPy's types and other frozen values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from monitor.labels import DEFAULT_ENGINE, model_title
from monitor.messages.playback import PlaybackStatus
from monitor.messages.recording import RecordingStatus, SiteChange
from monitor.messages.status import DeviceStatus, Level
from monitor.messages.variability import HeartRateVariability
from monitor.messages.window import WindowEvent

if TYPE_CHECKING:  # for the types alone: results in memory and as lines need no NumPy
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Snapshot", "Start"]


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """What is known of a source when it is opened.

    Attributes
    ----------
    source : str
        File name, ``"-"`` or a device's name.
    sample_rate : int
        Hz, of the source.
    model, model_sha256 : str
        Bundle name and the digest of the network that runs.
    labels : tuple of str
    window_s, hop_s : float
    duration_s : float or None
        Length where it is known.
    speed : float or None
        Times real time; None for as fast as possible.
    kind : {"heart", "article"}
        Kind of the network's input image; see :class:`monitor.features.spec.SpectrogramSpec`.
    acoustic_thresholds : mapping of label to float
        The acoustic score from which each label is given; empty where they are not known.
    site : str or None
        The auscultation site at the beginning, one of :data:`monitor.labels.SITES`; None where it is not known.
    ecg_channel : int or None
        The channel with an electrocardiogram, from 1; None without one.
    engine : str
        What runs the network, one of :data:`monitor.inference.engine.ENGINES`.
    finds_heart_sounds : bool
        Whether S1 and S2 are found.
    """

    source: str
    sample_rate: int
    model: str
    model_sha256: str
    labels: tuple[str, ...]
    window_s: float
    hop_s: float
    duration_s: float | None
    speed: float | None
    kind: str = "heart"
    acoustic_thresholds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    site: str | None = None
    ecg_channel: int | None = None
    engine: str = DEFAULT_ENGINE
    finds_heart_sounds: bool = False

    @property
    def model_title(self) -> str:
        """The bundle's name as a person reads it, with the engine unless that is the default."""
        return model_title(self.model, self.engine)


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a dashboard shows, at one moment.

    Attributes
    ----------
    start : Start
    elapsed_s : float
        Position in the source.
    window : WindowEvent or None
        The newest window; None while the first one fills.
    tensor : ndarray, shape (64, 64, channels), float32, or None
        The network's input image of that window, read-only.
    history : tuple of str
        One entry per window, newest last: the rolling label, the rolling state where there is no label, or ``"gap"``;
        the new site while a window spans a change of site.
    level : Level
    hop_p50_ms, hop_p95_ms : float or None
        Median and 95th percentile of the compute time per hop, from new samples to verdict.
    skipped, overruns, gaps, undelivered : int
    finished : bool
        Whether the source has ended and every window is done.
    overloaded : bool
        Whether the classifier cannot keep up: several of the last windows were skipped.
    device : DeviceStatus or None
        The status of a live input; None for every other source.
    recording : RecordingStatus or None
        The progress of a recording; None without one.
    session : RecordingStatus or None
        The progress of the sound of a session; None without one.
    site : SiteChange or None
        The last change of site.
    envelope : ndarray, shape (frames,), float32, or None
        Log envelope of the newest window's heart sounds, read-only.
    note : str
        A short text of the command that plays the source, such as the scene of the demo.
    playback : PlaybackStatus or None
        The sound for the ear; None where it was not asked for.
    variability : HeartRateVariability or None
        Of the sound so far, without its last seconds; None where no beats were found.
    served : str
        The address at which the run is served; empty where it is not.
    """

    start: Start
    elapsed_s: float
    window: WindowEvent | None
    tensor: NDArray[np.float32] | None
    history: tuple[str, ...]
    level: Level
    hop_p50_ms: float | None
    hop_p95_ms: float | None
    skipped: int
    overruns: int
    gaps: int
    finished: bool
    overloaded: bool = False
    device: DeviceStatus | None = None
    recording: RecordingStatus | None = None
    envelope: NDArray[np.float32] | None = None
    note: str = ""
    undelivered: int = 0
    session: RecordingStatus | None = None
    site: SiteChange | None = None
    playback: PlaybackStatus | None = None
    variability: HeartRateVariability | None = None
    served: str = ""

"""A stream of the lab streaming layer as a source, with the states, gaps and measured rate of a device."""

from __future__ import annotations

from monitor.audio.sources.microphone import MicrophoneSource

__all__ = ["LslSource"]


class LslSource(MicrophoneSource):
    """Records a stream until it is stopped: :class:`~monitor.audio.sources.microphone.MicrophoneSource`, on a network.

    Its backend is a :class:`~monitor.audio.sources.lsl.backend.LslBackend`.
    """

    silent_s = 3.0
    platform = "network"

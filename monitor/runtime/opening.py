"""What is said of a source when it is opened."""

from __future__ import annotations

from monitor.audio.sources.base import Source
from monitor.inference.bundle import Bundle
from monitor.messages import Start

__all__ = ["start_message"]


def start_message(source: Source, bundle: Bundle, hop_s: float, site: str | None = None) -> Start:
    """Return what is known of a source and the bundle that judges it.

    Parameters
    ----------
    source : Source
    bundle : Bundle
    hop_s : float
        Seconds between two windows.
    site : str or None
        The auscultation site at the beginning.
    """
    return Start(
        source=source.name,
        sample_rate=source.sample_rate,
        model=bundle.name,
        model_sha256=bundle.model_sha256,
        engine=bundle.engine_name,
        labels=bundle.labels,
        window_s=bundle.spec.window_s,
        hop_s=hop_s,
        duration_s=source.duration_s,
        speed=source.speed,
        kind=bundle.spec.kind,
        acoustic_thresholds=bundle.acoustic_thresholds,
        site=site,
        ecg_channel=source.ecg_channel,
        finds_heart_sounds=bundle.finds_heart_sounds,
    )

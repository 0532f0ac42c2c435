"""The numbers of a run in the text format of Prometheus.

Windows are counted on the thread that shows the run; everything else is read when somebody asks.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from monitor._version import __version__
from monitor.messages import WindowEvent
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.state import Health, SeveralHealth

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics(Collector):
    """Counts windows, and reads the rest from the newest state.

    Parameters
    ----------
    feed : Feed
    health : Health or SeveralHealth
    counts : Counts

    Notes
    -----
    With several devices, what is of one of them has the label ``device``.
    """

    def __init__(self, feed: Feed, health: Health | SeveralHealth, counts: Counts) -> None:
        self._feed, self._health, self._counts = feed, health, counts
        self._labels = ("device",) if feed.several else ()
        self._registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside every counter says nothing here
        self._windows = Counter(
            "auscult_windows",
            "Windows judged, by their own state and label.",
            (*self._labels, "state", "label"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "auscult_window_latency_seconds",
            "From the moment a window was complete to its result.",
            self._labels,
            registry=self._registry,
            buckets=LATENCY_BUCKETS_S,
        )
        self._registry.register(self)
        self._sums: collections.defaultdict[str | None, _Sums] = collections.defaultdict(_Sums)

    def window(self, event: WindowEvent, device: str | None = None, /) -> None:
        """Count a window, of a device where there are several."""
        device_label = () if device is None else (device,)
        self._windows.labels(*device_label, event.verdict.state, event.verdict.label or "").inc()
        latency = self._latency.labels(*device_label) if device_label else self._latency
        latency.observe(event.latency_ms / 1000.0)

    def text(self) -> bytes:
        """Return all metrics."""
        return generate_latest(self._registry)

    def look(self) -> None:
        """Add what was lost and skipped since the last call, so that a counter never falls from source to source."""
        for part in self._feed.parts:
            self._sums[part.name].look(part)

    def collect(self) -> Iterable[Metric]:
        """Yield what is read from the newest state; see the base class."""
        self.look()
        labels = self._labels
        lost = CounterMetricFamily("auscult_lost_samples", "Samples that the input lost.", labels=labels)
        skipped = CounterMetricFamily("auscult_skipped_windows", "Windows never judged.", labels=labels)
        up = GaugeMetricFamily("auscult_device_up", "Whether the input delivers samples.", labels=labels)
        rate = GaugeMetricFamily("auscult_heart_rate_bpm", "Heart rate; absent while there is none.", labels=labels)
        for part in self._feed.parts:
            device = () if part.name is None else (part.name,)
            sums, snapshot = self._sums[part.name], part.snapshot
            lost.add_metric(device, sums.lost)
            skipped.add_metric(device, sums.skipped)
            up.add_metric(device, float(self._health.of(part).up))
            if snapshot is not None and snapshot.window is not None and snapshot.window.heart_rate_bpm is not None:
                rate.add_metric(device, snapshot.window.heart_rate_bpm)
        yield from (lost, skipped, up, rate)
        start = next((part.playing.start for part in self._feed.parts if part.playing is not None), None)
        info = GaugeMetricFamily(
            "auscult_build_info", "Version and model.", labels=("version", "model", "model_sha256")
        )
        model = ("", "") if start is None else (start.model, start.model_sha256)
        info.add_metric((__version__, *model), 1.0)
        yield info
        yield GaugeMetricFamily("auscult_serve_clients", "Followers of lines or sound.", float(self._counts.clients))
        yield CounterMetricFamily(
            "auscult_serve_dropped_clients",
            "Followers that did not read and were dropped.",
            float(self._counts.dropped),
        )
        yield CounterMetricFamily(
            "auscult_serve_refused", "Requests and frames that were refused.", float(self._counts.refused)
        )


class _Sums:
    """What one device has lost and skipped, over all its sources."""

    def __init__(self) -> None:
        self.lost = self.skipped = 0.0
        self._source = 0
        self._last_lost = self._last_skipped = 0.0

    def look(self, part: Feed) -> None:
        """Add what was lost and skipped since the last call."""
        snapshot, playing = part.snapshot, part.playing
        if snapshot is None or playing is None:
            return
        if playing.number != self._source:
            self._source, self._last_lost, self._last_skipped = playing.number, 0.0, 0.0
        device = snapshot.device
        lost = 0.0 if device is None else float(round(device.lost_s * snapshot.start.sample_rate))
        self.lost += max(0.0, lost - self._last_lost)
        self.skipped += max(0.0, snapshot.skipped - self._last_skipped)
        self._last_lost = max(lost, self._last_lost)
        self._last_skipped = max(float(snapshot.skipped), self._last_skipped)

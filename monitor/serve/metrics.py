"""The numbers of a run in the text format of Prometheus.

Windows are counted on the thread that shows the run; everything else is read when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from monitor._version import __version__
from monitor.messages import WindowEvent
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.state import Health

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics(Collector):
    """Counts windows, and reads the rest from the newest state.

    Parameters
    ----------
    feed : Feed
    health : Health
    counts : Counts
    """

    def __init__(self, feed: Feed, health: Health, counts: Counts) -> None:
        self._feed, self._health, self._counts = feed, health, counts
        self._registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a time beside every counter says nothing here
        self._windows = Counter(
            "auscult_windows",
            "Windows judged, by their own state and label.",
            ("state", "label"),
            registry=self._registry,
        )
        self._latency = Histogram(
            "auscult_window_latency_seconds",
            "From the moment a window was complete to its result.",
            registry=self._registry,
            buckets=LATENCY_BUCKETS_S,
        )
        self._registry.register(self)
        self._source = 0
        self._sums = {"lost": 0.0, "skipped": 0.0}
        self._last = {"lost": 0.0, "skipped": 0.0}

    def window(self, event: WindowEvent) -> None:
        """Count a window."""
        self._windows.labels(event.verdict.state, event.verdict.label or "").inc()
        self._latency.observe(event.latency_ms / 1000.0)

    def text(self) -> bytes:
        """Return all metrics."""
        return generate_latest(self._registry)

    def look(self) -> None:
        """Add what was lost and skipped since the last call, so that a counter never falls from source to source."""
        snapshot, playing = self._feed.snapshot, self._feed.playing
        if snapshot is None or playing is None:
            return
        if playing.number != self._source:
            self._source, self._last = playing.number, dict.fromkeys(self._last, 0.0)
        device = snapshot.device
        lost = 0.0 if device is None else round(device.lost_s * snapshot.start.sample_rate)
        for name, value in (("lost", lost), ("skipped", float(snapshot.skipped))):
            self._sums[name] += max(0.0, value - self._last[name])
            self._last[name] = max(value, self._last[name])

    def collect(self) -> Iterable[Metric]:
        """Yield what is read from the newest state; see the base class."""
        start = None if self._feed.playing is None else self._feed.playing.start
        self.look()
        yield CounterMetricFamily("auscult_lost_samples", "Samples that the input lost.", self._sums["lost"])
        yield CounterMetricFamily("auscult_skipped_windows", "Windows never judged.", self._sums["skipped"])
        yield GaugeMetricFamily("auscult_device_up", "Whether the input delivers samples.", float(self._health.up))
        snapshot = self._feed.snapshot
        rate = GaugeMetricFamily("auscult_heart_rate_bpm", "Heart rate; absent while there is none.")
        if snapshot is not None and snapshot.window is not None and snapshot.window.heart_rate_bpm is not None:
            rate.add_metric((), snapshot.window.heart_rate_bpm)
        yield rate
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

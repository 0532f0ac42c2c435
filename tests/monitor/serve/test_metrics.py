"""The metrics: their exact names, and counters that never fall."""

from __future__ import annotations

import dataclasses

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.messages import Verdict
from monitor.serve.counts import Counts
from monitor.serve.feed import Feed
from monitor.serve.metrics import Metrics
from monitor.serve.state import Health, health_of
from tests.monitor.serve.conftest import device, snapshot, window


def values(metrics):
    """Return name and labels of every sample, with its value, as a Prometheus reads them."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}


@pytest.fixture
def metrics(run, feed):
    """Return the metrics of a run."""
    health = Health(feed)
    health.look()
    return Metrics(feed, health, Counts(clients=2, dropped=1))


def test_the_names_are_those_that_are_promised(metrics):
    """Dashboards and alarms are built on them."""
    metrics.window(window())
    names = {name for name, *_ in values(metrics)}
    assert names == {
        "auscult_windows_total",
        "auscult_window_latency_seconds_bucket",
        "auscult_window_latency_seconds_count",
        "auscult_window_latency_seconds_sum",
        "auscult_lost_samples_total",
        "auscult_skipped_windows_total",
        "auscult_device_up",
        "auscult_heart_rate_bpm",
        "auscult_build_info",
        "auscult_serve_clients",
        "auscult_serve_dropped_clients_total",
        "auscult_serve_refused_total",
    }


def test_windows_are_counted_by_state_and_label(metrics):
    """And their latency in seconds."""
    metrics.window(dataclasses.replace(window(), verdict=Verdict("no-signal"), latency_ms=0.0))
    for _ in range(3):
        metrics.window(window(latency_ms=30.0))
    read = values(metrics)
    assert read["auscult_windows_total", "murmur", "verdict"] == 3
    assert read["auscult_windows_total", "", "no-signal"] == 1
    assert read["auscult_window_latency_seconds_sum",] == pytest.approx(0.09)
    assert read["auscult_window_latency_seconds_bucket", "0.02"] == 1
    assert read["auscult_window_latency_seconds_bucket", "0.05"] == 4


def test_the_state_is_read_when_it_is_asked_for(metrics, feed):
    """A rate that is not known is absent, not zero."""
    read = values(metrics)
    assert (read["auscult_device_up",], read["auscult_heart_rate_bpm",], read["auscult_serve_clients",]) == (1, 72, 2)
    feed.snapshot = snapshot(window=window(heart_rate_bpm=None), device=device("lost"))
    read = values(metrics)
    assert ("auscult_heart_rate_bpm",) not in read
    assert read["auscult_device_up",] == 0


def test_counters_go_on_from_source_to_source(metrics, run, feed):
    """A second source that begins at zero adds to the first."""
    for skipped, lost_s, begins in ((3, 0.5, False), (5, 0.5, False), (0, 0.0, True), (2, 0.25, False)):
        if begins:
            run.begin()
        feed.snapshot = snapshot(skipped=skipped, device=device(lost_s=lost_s))
        metrics.look()
    read = values(metrics)
    assert (read["auscult_skipped_windows_total",], read["auscult_lost_samples_total",]) == (7, 3000)


def test_before_the_first_source():
    """It can be asked at any time."""
    feed = Feed()
    read = values(Metrics(feed, Health(feed), Counts()))
    assert (read["auscult_device_up",], read["auscult_skipped_windows_total",]) == (0, 0)


def test_several_devices_have_a_label_each(several):
    """Whatever is of one of them; what is of the server has none."""
    feed, (first, second) = several
    health = health_of(feed)
    health.look()
    metrics = Metrics(feed, health, Counts())
    feed.follow(lambda: None, metrics.window)
    first.judge(0)
    second.judge(0, latency_ms=30.0)
    second.judge(1, latency_ms=30.0)
    second.feed.snapshot = snapshot(second.feed.playing.start, skipped=3, device=device("lost", lost_s=0.5))
    read = values(metrics)
    assert read["auscult_windows_total", "bed 1", "murmur", "verdict"] == 1
    assert read["auscult_windows_total", "bed 2", "murmur", "verdict"] == 2
    assert read["auscult_window_latency_seconds_sum", "bed 2"] == pytest.approx(0.06)
    assert (read["auscult_device_up", "bed 1"], read["auscult_device_up", "bed 2"]) == (1, 0)
    assert (read["auscult_lost_samples_total", "bed 1"], read["auscult_lost_samples_total", "bed 2"]) == (0, 2000)
    assert read["auscult_skipped_windows_total", "bed 2"] == 3
    assert read["auscult_heart_rate_bpm", "bed 1"] == 72
    assert read["auscult_serve_clients",] == 0

"""The table shows the measurements, their environment, and whether each meets its target."""

from __future__ import annotations

import pytest

from monitor.commands.bench.report import TARGETS, environment_facts, report_text

PERCENTILES = {"p50_ms": 0.5, "p95_ms": 0.75, "p99_ms": 1.25}


@pytest.fixture
def result():
    """Return measurements that meet every target."""
    return {
        "model": "heart-sounds",
        "engine": "litert",
        "sample_rate": 4000,
        "hop_s": 0.5,
        "hops": 800,
        **environment_facts(),
        **{f"{kind}_{name}": value for kind in ("hop", "invoke") for name, value in PERCENTILES.items()},
        "hop_to_invoke": 1.42,
        "int8_hop_p50_ms": 0.35,
        "int8_hop_to_invoke": 0.7,
        "int8_invoke_p50_ms": 0.25,
        "int8_invoke_to_invoke": 0.5,
        "hop_44k_p50_ms": 0.875,
        "stages": dict.fromkeys(("resample", "spectrogram", "heart_rate", "dashboard_frame"), PERCENTILES),
        "real_time_factor": 812.0,
        "memory_growth_mb": 0.0,
        "first_window_s": 0.31,
        "peak_memory_mb": 55.0,
        "help_s": 0.05,
        "article_ms": 230.0,
        "article_picture_ms": 150.0,
        "article_predict_ms": 80.0,
        "article_to_hop": 460.0,
    }


def line_with(text, start):
    """Return the one line that starts with a text."""
    (line,) = (line for line in text.splitlines() if line.strip().startswith(start))
    return line


def test_every_target_is_met(result):
    """Every value with a target is in the table, beside it."""
    text = report_text(result)
    for _, name, *_ in ((key, *target) for key, target in TARGETS.items()):
        assert line_with(text, name).endswith(": met")
    assert "LiteRT" in text
    assert line_with(text, "whole hop  ").split() == ["whole", "hop", "0.500", "0.750", "1.250"]
    assert "image 150, predict 80" in line_with(text, "the article's method")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hop_to_invoke", 1.51),
        ("int8_hop_to_invoke", 0.96),
        ("article_to_hop", 299.0),
        ("real_time_factor", 499.0),
        ("first_window_s", 0.8),
    ],
)
def test_a_missed_target_is_reported(result, key, value):
    """A value on the wrong side of its target is marked as missed, and the others are not."""
    text = report_text({**result, key: value})
    assert line_with(text, TARGETS[key][0]).endswith(": missed")
    assert text.count(": missed") == 1


def test_a_value_that_was_not_measured(result):
    """Without the training extra, or where the system does not report memory, the table says so."""
    text = report_text({**result, "article_ms": None, "article_to_hop": None, "peak_memory_mb": None})
    assert line_with(text, "article's method / whole hop").endswith("not measured")
    assert line_with(text, "peak memory").endswith("not measured")
    assert "the article's method  " not in text


def test_both_networks_are_in_the_table(result):
    """The int8 network stands beside the float one, and the headline names the engine of the hops."""
    text = report_text(result)
    assert text.startswith("heart-sounds, a hop")
    assert line_with(text, "bare int8 network").split()[:4] == ["bare", "int8", "network", "0.250"]
    assert line_with(text, "bare int8 network").endswith("0.50 of the float network")
    assert line_with(text, "whole hop, int8").endswith("0.350")
    assert report_text({**result, "engine": "litert-int8"}).startswith("heart-sounds (litert-int8), a hop")


def test_a_bundle_without_int8_network(result):
    """Its rows are left out, its ratio is not measured."""
    names = [name for name in result if name.startswith("int8_")]
    text = report_text({**result, **dict.fromkeys(names)})
    assert "int8 network" not in text
    assert line_with(text, "int8 hop / float network").endswith("not measured")


def test_resampling_is_measured_at_another_rate(result):
    """The rate of the demo needs no resampling, and the table names the other rate."""
    assert "44100 Hz" in line_with(report_text(result), "resample")
    assert "not part of a hop" in line_with(report_text(result), "dashboard frame")


def test_the_environment_is_reported():
    """Processors, Python and the libraries that times depend on."""
    facts = environment_facts()
    assert facts["cpus"] >= 1
    assert {"python", "system", "machine", "numpy_version", "soxr_version", "ai_edge_litert_version"} <= set(facts)

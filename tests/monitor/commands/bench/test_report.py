"""The table says what was measured, on what, and whether it meets its target."""

from __future__ import annotations

import pytest

from monitor.commands.bench.report import TARGETS, report_text, surroundings

FIGURES = {"p50_ms": 0.5, "p95_ms": 0.75, "p99_ms": 1.25}


@pytest.fixture
def result():
    """Return figures that meet every target."""
    return {
        "model": "heart-sounds",
        "sample_rate": 4000,
        "hop_s": 0.5,
        "hops": 800,
        **surroundings(),
        **{f"{what}_{name}": value for what in ("hop", "invoke") for name, value in FIGURES.items()},
        "hop_to_invoke": 1.42,
        "hop_44k_p50_ms": 0.875,
        "stages": dict.fromkeys(("resample", "spectrogram", "heart_rate", "dashboard_frame"), FIGURES),
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
    """Return the one line that starts with some words."""
    (line,) = (line for line in text.splitlines() if line.strip().startswith(start))
    return line


def test_all_is_there_and_met(result):
    """Every figure with a target stands in the table, beside it."""
    text = report_text(result)
    for _, name, *_ in ((key, *target) for key, target in TARGETS.items()):
        assert line_with(text, name).endswith(": met")
    assert "LiteRT" in text
    assert line_with(text, "whole hop  ").split() == ["whole", "hop", "0.500", "0.750", "1.250"]
    assert "picture 150, predict 80" in line_with(text, "the article's way")


@pytest.mark.parametrize(
    ("key", "value"),
    [("hop_to_invoke", 1.51), ("article_to_hop", 299.0), ("real_time_factor", 499.0), ("first_window_s", 0.8)],
)
def test_what_is_missed_is_said(result, key, value):
    """A figure on the wrong side of its target says so, and the others do not."""
    text = report_text({**result, key: value})
    assert line_with(text, TARGETS[key][0]).endswith(": missed")
    assert text.count(": missed") == 1


def test_what_was_not_measured(result):
    """Where there is no training extra, or the system does not tell memory, the table says so."""
    text = report_text({**result, "article_ms": None, "article_to_hop": None, "peak_memory_mb": None})
    assert line_with(text, "article's way / whole hop").endswith("not measured")
    assert line_with(text, "peak memory").endswith("not measured")
    assert "the article's way  " not in text


def test_the_resampler_is_measured_at_another_rate(result):
    """The demo's rate needs no resampling, and the table says where the figure is from."""
    assert "44100 Hz" in line_with(report_text(result), "resample")
    assert "not part of a hop" in line_with(report_text(result), "dashboard frame")


def test_surroundings_name_what_matters():
    """Processors, Python and the libraries that a figure depends on."""
    found = surroundings()
    assert found["cpus"] >= 1
    assert {"python", "system", "machine", "numpy_version", "soxr_version", "ai_edge_litert_version"} <= set(found)

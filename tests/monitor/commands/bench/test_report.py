"""The table shows the measurements, their environment, and whether each meets its target."""

from __future__ import annotations

import pytest

from monitor.commands.bench.report import environment_facts, report_text
from monitor.commands.bench.targets import TARGETS

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
        "hop_to_invoke": 1.3,
        "compiled": True,
        "compiled_reason": None,
        "numpy_hop_p50_ms": 0.625,
        "numpy_hop_to_invoke": 2.5,
        "int8_hop_p50_ms": 0.35,
        "int8_hop_to_invoke": 0.7,
        "int8_invoke_p50_ms": 0.25,
        "int8_invoke_to_invoke": 0.5,
        "hop_44k_p50_ms": 0.875,
        "hop_44k_to_invoke": 1.75,
        "hop_48k_p50_ms": 0.7,
        "hop_48k_to_invoke": 1.4,
        "network_mflop": 30.1,
        "peak_gflops": 127.0,
        "floor_ms": 0.237,
        "invoke_to_floor": 2.11,
        "hop_to_floor": 3.0,
        "archive_x": 1200.0,
        "archive_int8_x": 2600.0,
        "archive_cpu_x": 1300.0,
        "archive_int8_cpu_x": 2700.0,
        "archive_two_to_one": 1.9,
        "streams_per_core": 850,
        "streams_p95_ms": 3.2,
        "stream_memory_mb": 0.325,
        "installed_mb": 161.9,
        "left_out": [],
        "stages": dict.fromkeys(("resample", "spectrogram", "heart_rate", "dashboard_frame"), PERCENTILES),
        "real_time_factor": 812.0,
        "memory_growth_mb": 0.0,
        "first_window_s": 0.13,
        "peak_memory_mb": 55.0,
        "help_s": 0.05,
        "article_ms": 230.0,
        "article_picture_ms": 150.0,
        "article_predict_ms": 80.0,
        "article_to_hop": 460.0,
        "article_to_int8_hop": 600.0,
    }


def line_with(text, start):
    """Return the one line that starts with a text."""
    (line,) = (line for line in text.splitlines() if line.strip().startswith(start))
    return line


def test_every_target_is_met(result):
    """Every value with a target is in the table, beside it."""
    text = report_text(result)
    for target in TARGETS.values():
        assert " met" in line_with(text, f"{target.name}  ")
    assert ("missed" in text, "not measured" in text, "left out" in text) == (False, False, False)
    words = line_with(text, "live streams on one core").split()
    assert words[-5:] == ["850", "400", "800", "aim", "met"]
    assert line_with(text, "peak memory").split()[-4:] == ["55", "150", "met", "(MB)"]
    assert line_with(text, "archive, int8, by the processor").split()[-4] == "2700"
    assert line_with(text, "bare network / floor").split()[-2:] == ["2.11", "x"]
    assert "LiteRT" in text
    assert line_with(text, "whole hop  ").split() == ["whole", "hop", "0.500", "0.750", "1.250"]
    assert "image 150, predict 80" in line_with(text, "the article's method")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hop_to_invoke", 1.51),
        ("int8_hop_to_invoke", 0.96),
        ("article_to_hop", 279.0),
        ("streams_per_core", 399),
        ("real_time_factor", 499.0),
        ("first_window_s", 0.8),
    ],
)
def test_a_missed_target_is_reported(result, key, value):
    """A value on the wrong side of its target is marked as missed, and the others are not."""
    text = report_text({**result, key: value})
    assert " missed" in line_with(text, f"{TARGETS[key].name}  ")
    assert text.count("missed") == 1


def test_a_value_that_was_not_measured(result):
    """Without the training extra, or where the system does not report memory, the table says so."""
    text = report_text({**result, "article_ms": None, "article_to_hop": None, "peak_memory_mb": None})
    assert line_with(text, "article's method / hop").endswith("not measured")
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
    assert line_with(text, "int8 hop / bare float network").endswith("not measured")


def test_resampling_is_measured_at_another_rate(result):
    """The rate of the demo needs no resampling, and the table names the other rate."""
    assert "44100 Hz" in line_with(report_text(result), "resample")
    assert "not part of a hop" in line_with(report_text(result), "dashboard frame")


def test_the_environment_is_reported():
    """Processors, Python and the libraries that times depend on."""
    facts = environment_facts()
    assert facts["cpus"] >= 1
    assert {"python", "system", "machine", "numpy_version", "soxr_version", "ai_edge_litert_version"} <= set(facts)


def test_what_a_quick_run_leaves_out(result):
    """It is said at the end, and its figures are not measured."""
    names = ("archive_x", "archive_int8_x", "archive_cpu_x", "archive_int8_cpu_x", "archive_two_to_one")
    text = report_text({**result, **dict.fromkeys(names), "left_out": ["archive"]})
    assert text.splitlines()[-1] == "left out by --quick: archive"
    assert line_with(text, "archive, one process  ").endswith("not measured")
    assert "by the processor" not in text


def test_the_floor_may_be_unknown(result):
    """Where LiteRT does not list the operations of a network, the lines of the floor are left out."""
    names = ("network_mflop", "peak_gflops", "floor_ms", "invoke_to_floor", "hop_to_floor")
    assert "floor" not in report_text({**result, **dict.fromkeys(names)})


def test_the_compiled_front_end(result):
    """Whether it is used stands above the table, and the hop without it in it; else why it is not."""
    text = report_text(result)
    assert text.splitlines()[2] == "compiled front end"
    assert "whole hop, NumPy alone" in text
    result |= {"compiled": False, "compiled_reason": "no C compiler", "numpy_hop_p50_ms": None}
    text = report_text(result)
    assert text.splitlines()[2] == "NumPy front end: no C compiler"
    assert "NumPy alone" not in text

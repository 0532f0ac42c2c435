"""`auscult bench`: what it prints, its exit codes, and what it leaves out."""

from __future__ import annotations

import json
import shutil
import sys
import types
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.commands.bench import command
from monitor.commands.bench.command import Repeats
from monitor.commands.bench.streams import Streams
from monitor.inference.bundle import load_bundle

KEYS = {
    "hop_p50_ms", "hop_p95_ms", "hop_p99_ms", "invoke_p50_ms", "hop_to_invoke", "article_ms", "article_to_hop",
    "real_time_factor", "first_window_s", "peak_memory_mb", "stages", "engine", "int8_hop_p50_ms", "int8_hop_to_invoke",
    "int8_invoke_p50_ms", "int8_invoke_to_invoke", "hop_44k_p50_ms", "hop_48k_p50_ms", "hop_48k_to_invoke", "archive_x",
    "archive_int8_x", "archive_cpu_x", "archive_int8_cpu_x", "archive_two_to_one", "streams_per_core", "streams_p95_ms",
    "stream_memory_mb", "article_to_int8_hop", "installed_mb", "network_mflop", "peak_gflops", "floor_ms",
    "invoke_to_floor", "hop_to_floor", "left_out", "compiled", "compiled_reason", "numpy_hop_p50_ms",
    "numpy_hop_to_invoke",
}  # fmt: skip
"""Keys of the JSON object that other programs read."""


@pytest.fixture
def call(bundle_dir, capsys, monkeypatch):
    """Return a function that runs `auscult bench` with few repeats: exit code, standard output, standard error."""
    quick = {"archive_files": 0, "streams": False}
    monkeypatch.setattr(command, "QUICK", Repeats(hops=6, frames=2, processes=1, windows=2, **quick))

    def run(*arguments, model=bundle_dir):
        try:
            code = main(["bench", "--model", str(model), "--quick", "--long-run", "10", *arguments])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.subprocess
def test_one_json_object(call):
    """With --json standard output is exactly one object with the documented keys; progress goes to standard error."""
    code, out, err = call("--json", "--no-article")
    result = json.loads(out)
    assert code == 0
    assert len(out.splitlines()) == 1
    assert set(result) >= KEYS
    assert result["article_ms"] is result["article_to_hop"] is None
    assert all(line.startswith("bench: ") for line in err.splitlines())


@pytest.mark.subprocess
def test_the_numbers_are_consistent(call):
    """Percentiles are in order, ratios match the times, every stage has its percentiles."""
    result = json.loads(call("--json", "--no-article")[1])
    assert result["hop_p50_ms"] <= result["hop_p95_ms"] <= result["hop_p99_ms"]
    assert result["hop_to_invoke"] == pytest.approx(result["hop_p50_ms"] / result["invoke_p50_ms"], rel=0.02)
    assert {"resample", "spectrogram", "network", "verdict", "dashboard_frame", "dashboard_frame_sixel"} <= set(
        result["stages"]
    )
    for percentiles in result["stages"].values():
        assert set(percentiles) == {"p50_ms", "p95_ms", "p99_ms"}
    assert result["real_time_factor"] > 0
    assert result["first_window_s"] > 0


@pytest.mark.subprocess
def test_hops_with_the_int8_network(call, bundle_dir):
    """`--engine` chooses what the hops run; what runs bare stays the float network."""
    result = json.loads(call("--json", "--no-article", "--engine", "litert-int8")[1])
    assert (result["engine"], result["model_sha256"]) == (
        "litert-int8",
        load_bundle(bundle_dir, engine="litert-int8").model_sha256,
    )
    assert result["hop_to_invoke"] == pytest.approx(result["hop_p50_ms"] / result["invoke_p50_ms"], rel=0.02)
    assert min(result[name] for name in result if name.startswith("int8_")) > 0


@pytest.mark.subprocess
def test_resampling_is_timed_at_the_other_rate(call):
    """At the rate of the demo nothing is resampled, so the stage is that of the other rate."""
    result = json.loads(call("--json", "--no-article")[1])
    assert result["stages"]["resample"] == result["stages_44k"]["resample"]


@pytest.mark.subprocess
def test_a_table_is_the_default(call):
    """Without --json a table is printed that names the model."""
    code, out, _ = call("--no-article")
    assert code == 0
    assert out.startswith("lenient, a hop of 0.5 s at 4000 Hz")
    assert "hop / bare network" in out
    assert out.splitlines()[-1].startswith("left out by --quick: archive")


@pytest.mark.subprocess
def test_the_articles_method_is_measured_with_the_training_extra(call, monkeypatch):
    """Its times and its ratio to the hop are given."""
    fake = types.ModuleType("fake_article_bench")
    fake.article_seconds = lambda waveform, rate, repeats: {
        "picture": [0.15] * repeats, "predict": [0.05] * repeats, "both": [0.2] * repeats
    }  # fmt: skip
    monkeypatch.setitem(sys.modules, "fake_article_bench", fake)
    monkeypatch.setattr(command, "ARTICLE", "fake_article_bench")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    result = json.loads(call("--json")[1])
    assert (result["article_ms"], result["article_picture_ms"], result["article_predict_ms"]) == (200.0, 150.0, 50.0)
    assert result["article_to_hop"] == pytest.approx(200.0 / result["hop_p50_ms"], rel=0.01)


@pytest.mark.subprocess
def test_without_the_training_extra(call, monkeypatch):
    """The article's method is left out with a note, and its times are null."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, out, err = call("--json")
    assert code == 0
    assert json.loads(out)["article_ms"] is None
    assert "auscult-monitor[train]" in err


def test_a_damaged_bundle_is_one_line(call, bundle_dir, tmp_path):
    """It is not measured: exit code 1, nothing on standard output."""
    copy = tmp_path / "damaged"
    shutil.copytree(bundle_dir, copy)
    content = bytearray((copy / "model.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.tflite").write_bytes(content)
    code, out, err = call("--json", model=copy)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "model.tflite is damaged" in err


@pytest.mark.parametrize("seconds", ["5", "nan", "1e9", "-3"])
def test_a_long_run_out_of_range(call, seconds):
    """The long run takes at least two windows and at most a day; the older name of the flag still works."""
    for flag in ("--long-run", "--hour"):
        code, out, err = call(flag, seconds)
        assert (code, out) == (2, "")
        assert "--long-run" in err


@pytest.mark.subprocess
def test_archive_and_streams(call, monkeypatch):
    """A run that is not quick measures both, and leaves nothing out."""
    repeats = Repeats(hops=6, frames=2, processes=1, windows=2, archive_files=3, archive_runs=1)
    monkeypatch.setattr(command, "QUICK", repeats)
    monkeypatch.setattr(command, "measure_streams", lambda *given: (Streams(850, 3.2, 0), 0.3251))
    result = json.loads(call("--json", "--no-article")[1])
    assert (result["streams_per_core"], result["streams_p95_ms"], result["stream_memory_mb"]) == (850, 3.2, 0.325)
    assert result["archive_x"] > 1.0
    assert result["left_out"] == []


def test_the_keys_are_documented():
    """Every key that other programs read is described where they look for it."""
    page = Path(command.__file__).parents[3] / "docs" / "formats" / "bench-json.md"
    text = page.read_text(encoding="utf-8")
    assert [key for key in sorted(KEYS) if f"`{key}`" not in text] == []

"""`auscult bench` as it is typed: what it prints, what it returns, and what it leaves out."""

from __future__ import annotations

import json
import shutil
import sys
import types

import pytest

from monitor.cli import main
from monitor.commands.bench import command
from monitor.commands.bench.command import Effort

KEYS = {
    "hop_p50_ms", "hop_p95_ms", "hop_p99_ms", "invoke_p50_ms", "hop_to_invoke", "article_ms", "article_to_hop",
    "real_time_factor", "first_window_s", "peak_memory_mb", "stages",
}  # fmt: skip
"""The keys that docs/design.md names."""


@pytest.fixture
def call(bundle_dir, capsys, monkeypatch):
    """Return a call of `auscult bench` with very few repeats: exit code, standard output, standard error."""
    monkeypatch.setattr(command, "QUICK", Effort(hops=6, frames=2, programs=1, windows=2))

    def run(*arguments, model=bundle_dir):
        try:
            code = main(["bench", "--model", str(model), "--quick", "--hour", "10", *arguments])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_one_json_object(call):
    """With --json standard output is exactly one object with the promised keys; notes go to standard error."""
    code, out, err = call("--json", "--no-article")
    found = json.loads(out)
    assert code == 0
    assert len(out.splitlines()) == 1
    assert set(found) >= KEYS
    assert found["article_ms"] is found["article_to_hop"] is None
    assert all(line.startswith("bench: ") for line in err.splitlines())


def test_the_figures_hang_together(call):
    """Percentiles rise, ratios are those of the figures beside them, every stage has its percentiles."""
    found = json.loads(call("--json", "--no-article")[1])
    assert found["hop_p50_ms"] <= found["hop_p95_ms"] <= found["hop_p99_ms"]
    assert found["hop_to_invoke"] == pytest.approx(found["hop_p50_ms"] / found["invoke_p50_ms"], rel=0.02)
    assert {"resample", "spectrogram", "network", "verdict", "dashboard_frame"} <= set(found["stages"])
    for figures in found["stages"].values():
        assert set(figures) == {"p50_ms", "p95_ms", "p99_ms"}
    assert found["real_time_factor"] > 0
    assert found["first_window_s"] > 0


def test_the_resampler_is_timed_where_it_works(call):
    """At the demo's own rate nothing is resampled, so the stage is that of the other rate."""
    found = json.loads(call("--json", "--no-article")[1])
    assert found["stages"]["resample"] == found["stages_44k"]["resample"]


def test_a_table_to_read(call):
    """Without --json a person reads a table that names the model."""
    code, out, _ = call("--no-article")
    assert code == 0
    assert out.startswith("untrained, a hop of 0.5 s at 4000 Hz")
    assert "whole hop / bare network" in out


def test_the_articles_way_is_asked_for_by_name(call, monkeypatch):
    """With the training extra installed the article's way is measured, and its ratio to the hop is given."""
    fake = types.ModuleType("fake_article_bench")
    fake.article_seconds = lambda waveform, rate, repeats: {
        "picture": [0.15] * repeats, "predict": [0.05] * repeats, "both": [0.2] * repeats
    }  # fmt: skip
    monkeypatch.setitem(sys.modules, "fake_article_bench", fake)
    monkeypatch.setattr(command, "ARTICLE", "fake_article_bench")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    found = json.loads(call("--json")[1])
    assert (found["article_ms"], found["article_picture_ms"], found["article_predict_ms"]) == (200.0, 150.0, 50.0)
    assert found["article_to_hop"] == pytest.approx(200.0 / found["hop_p50_ms"], rel=0.01)


def test_without_the_training_extra(call, monkeypatch):
    """The article's way is left out with a note, and its figures are null."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, out, err = call("--json")
    assert code == 0
    assert json.loads(out)["article_ms"] is None
    assert "auscult-monitor[train]" in err


def test_a_damaged_bundle_is_one_line(call, bundle_dir, tmp_path):
    """A bundle that cannot be trusted is not measured: one line, exit code 1, nothing on standard output."""
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
    """The long run holds at least two windows and at most a day."""
    code, out, err = call("--hour", seconds)
    assert (code, out) == (2, "")
    assert "--hour" in err

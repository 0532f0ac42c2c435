"""`auscult demo` with the bundle that is shipped: what the dashboard says is what the network says."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from monitor.cli import main
from monitor.sources.synthetic import SyntheticSource


@pytest.fixture(scope="module")
def lines():
    """Run the demo once, as fast as possible, and return its JSON lines."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["demo", "--speed", "max", "--json"]) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("scene", SyntheticSource().scenes, ids=lambda scene: scene.name)
def test_every_scene_is_recognised_in_its_middle(lines, scene):
    """Of the windows that lie wholly inside a scene, most are given its label, or none where there is no heart."""
    inside = [w for w in lines if w["type"] == "window" and w["start_s"] >= scene.start_s and w["end_s"] <= scene.end_s]
    most, count = Counter(window["label"] for window in inside).most_common(1)[0]
    assert most == scene.label
    assert count > len(inside) / 2


def test_the_demo_lasts_about_75_seconds(lines):
    """Long enough for four scenes, short enough to watch."""
    assert lines[0]["duration_s"] == pytest.approx(75.0, abs=1.0)
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["skipped"] == 0


def test_another_seed_is_another_performance(capsys):
    """`--seed` makes another heart, and the same one each time."""
    outs = []
    for seed in ("3", "3", "4"):
        assert main(["demo", "--speed", "max", "--json", "--hop", "2.5", "--seed", seed]) == 0
        windows = [json.loads(line) for line in capsys.readouterr().out.splitlines()][1:-1]
        outs.append([window["scores"] for window in windows])
    assert outs[0] == outs[1]
    assert outs[0] != outs[2]

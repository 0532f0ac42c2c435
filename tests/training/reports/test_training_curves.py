"""Training curves as plain values and as a plot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="courses come with the training extra")

from training.fitting.trainer import TrainingHistory
from training.recipes.result import FoldHistory
from training.reports.training_curves import curves_json, write_curves

HISTORIES = [
    FoldHistory(
        "1.1",
        {
            "before": TrainingHistory(((25, 1.2), (30, 1.1)), (), 30, True),
            "with": TrainingHistory(((20, 0.7),), (), 20, True),
        },
    ),
    FoldHistory("all recordings", {"with": TrainingHistory(((25, 0.7), (50, 0.5)), ((25, 0.6), (50, 0.8)), 25, True)}),
]


def test_a_loss_that_is_no_number() -> None:
    """JSON has no NaN: a loss that is not finite is null."""
    fit = FoldHistory(
        "1.1", {"with": TrainingHistory(((25, float("nan")), (50, 0.5)), ((25, float("inf")),), 50, True)}
    )
    (stage,) = curves_json([fit])[0]["stages"]
    assert json.dumps(stage["training_loss"], allow_nan=False) == "[[25, null], [50, 0.5]]"
    assert stage["watched_loss"] == [[25, None]]


def test_plain_values() -> None:
    """Each fit has stages, with training loss, validation loss and best step."""
    values = curves_json(HISTORIES)
    assert json.loads(json.dumps(values)) == values
    assert [fit["fit"] for fit in values] == ["1.1", "all recordings"]
    assert [stage["name"] for stage in values[0]["stages"]] == ["before", "with"]
    assert values[1]["stages"][0] == {
        "name": "with",
        "training_loss": [[25, 0.7], [50, 0.5]],
        "watched_loss": [[25, 0.6], [50, 0.8]],
        "kept_step": 25,
    }


def test_a_plot(tmp_path: Path) -> None:
    """The plot is a PNG, and the same curves give the same file."""
    pytest.importorskip("matplotlib", reason="plots are drawn with the training extra")
    for name in ("a", "b"):
        write_curves(HISTORIES, tmp_path / f"{name}.png", "mine: $losses")
    content = (tmp_path / "a.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert content == (tmp_path / "b.png").read_bytes()
    write_curves(HISTORIES[:1], tmp_path / "c.png", "mine: $losses")
    assert content != (tmp_path / "c.png").read_bytes()


def test_stages_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second stage is plotted behind the first; the best step on validation patients is marked."""
    pytest.importorskip("matplotlib", reason="plots are drawn with the training extra")
    from matplotlib.axes import Axes

    plotted, best = [], []
    plot, scatter = Axes.plot, Axes.scatter
    monkeypatch.setattr(Axes, "plot", lambda self, x, y, **how: plotted.append(list(x)) or plot(self, x, y, **how))
    monkeypatch.setattr(Axes, "scatter", lambda self, x, y, **how: best.append((x, y)) or scatter(self, x, y, **how))
    write_curves(HISTORIES, tmp_path / "a.png", "mine")
    assert [25, 30] in plotted
    assert [50] in plotted  # 20 steps behind 30
    assert ([25], [0.6]) in best

"""Which variants are run, and the command that runs one of them again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

pytest.importorskip("tensorflow", reason="networks are trained with the training extra")

from monitor.errors import DataError
from training.study import run as run_module
from training.study.run import command_of, run_variants
from training.study.runner import Study
from training.study.variants import VARIANTS, Variant


def arguments(tmp_path: Path, **given: Any) -> argparse.Namespace:
    """Return the arguments of the script."""
    (tmp_path / "set_b").mkdir(exist_ok=True)
    usual = {"data": [tmp_path / "set_b"], "only": "", "repeats": None, "steps": None, "again": False, "seed": 0}
    return argparse.Namespace(
        **{**usual, "draws": 1000, "out": tmp_path / "evidence", "work": tmp_path / "work", **given}
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return what was run, instead of running it."""
    done: list[tuple[str, Any]] = []

    def run(study: Study, variant: Variant, recordings: Any, command: str, progress: Any) -> Path:
        done.append((variant.name, study))
        study.folder.mkdir(parents=True, exist_ok=True)
        for ending in (".json", ".npz"):
            (study.folder / f"{variant.name}{ending}").write_text("")
        return study.folder / f"{variant.name}.json"

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr(run_module, "discover", lambda paths: [])
    monkeypatch.setattr(run_module, "compare_all", lambda folder, draws, note: {"variants": {}})
    return done


def quiet() -> Console:
    """Return a console that nobody sees."""
    return Console(quiet=True)


def test_all_that_is_not_there(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Every variant once, in order; a second call runs none, and compares all the same."""
    assert run_variants(arguments(tmp_path), quiet()) == 0
    assert [name for name, _ in ran] == list(VARIANTS)
    (tmp_path / "evidence" / "comparisons.json").unlink()
    run_variants(arguments(tmp_path), quiet())
    assert len(ran) == len(VARIANTS)
    assert json.loads((tmp_path / "evidence" / "comparisons.json").read_text()) == {"variants": {}}


def test_only_some_and_again(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Those named; what is there only with `--again`, which forgets kept folds of that variant alone."""
    run_variants(arguments(tmp_path, only="ours, article"), quiet())
    assert [name for name, _ in ran] == ["ours", "article"]
    for name in ("ours-0123", "article-0123"):
        (tmp_path / "work" / name).mkdir(parents=True)
    run_variants(arguments(tmp_path, only="ours", again=True), quiet())
    assert [name for name, _ in ran] == ["ours", "article", "ours"]
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["article-0123"]


def test_a_short_study(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """`--steps` shortens both stages, `--repeats` and `--seed` say which seeds."""
    run_variants(arguments(tmp_path, only="ours", steps=10, repeats=2, seed=5), quiet())
    options = ran[0][1].options
    assert (options.steps, options.pretrain_steps, options.seed, ran[0][1].repeats) == (10, 10, 5, 2)


def test_an_unknown_variant(tmp_path: Path, ran: list[tuple[str, Any]]) -> None:
    """Is refused before anything is run, with those that there are."""
    with pytest.raises(DataError, match=r"'our'.*no_rhythm_channel"):
        run_variants(arguments(tmp_path, only="article,our"), quiet())
    assert ran == []


def test_the_command_names_no_place(tmp_path: Path) -> None:
    """The folders by their names, and what is not usual."""
    ours = VARIANTS["ours"]
    assert command_of(arguments(tmp_path), ours) == "python benchmarks/accuracy/ablations.py set_b --only ours"
    given = arguments(tmp_path, steps=10, repeats=2, seed=5, draws=50, again=True)
    assert command_of(given, ours).endswith("--only ours --repeats 2 --steps 10 --seed 5 --draws 50")
    assert str(tmp_path) not in command_of(given, ours)

"""Damaged recordings and bundles, a few of each; and whether what judges them would notice a fault."""

from __future__ import annotations

import argparse
import importlib
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "reliability"
NAMES = (
    "mutations",
    "recordings",
    "bundles",
    "sound_server",
    "numbers_received",
    "watch",
    "listener",
    "live_faults",
    "scripted_faults",
    "run",
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs need limits and pipes of POSIX")


@pytest.fixture(scope="module")
def programs() -> Iterator[SimpleNamespace]:
    """Return the modules of the folder by their names."""
    before = set(sys.modules)
    environment = dict(os.environ)
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES if name != "run"})
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if name in NAMES:
                del sys.modules[name]
        os.environ.clear()
        os.environ.update(environment)


@pytest.fixture(scope="module")
def originals(programs: SimpleNamespace) -> list[Any]:
    """Return the undamaged recordings."""
    found: list[Any] = programs.recordings.originals()
    return found


def test_a_seed_gives_the_same_damage_again(programs: SimpleNamespace) -> None:
    """Every kind of damage occurs, is repeatable, and says where it begins."""
    original, other = bytes(range(256)) * 20, b"other" * 50
    kinds = set()
    for seed in range(300):
        mutant = programs.mutations.mutate(original, other, random.Random(seed))
        assert mutant == programs.mutations.mutate(original, other, random.Random(seed))
        assert mutant.content[: mutant.first_byte] == original[: mutant.first_byte]
        kinds.add(mutant.kind)
    assert kinds == set(programs.mutations.KINDS)


@pytest.mark.slow
def test_every_format_is_among_the_originals(programs: SimpleNamespace, originals: list[Any]) -> None:
    """Mono and stereo of each, and what our own recorder writes; all of them whole."""
    names = {original.name for original in originals}
    assert {f"{name}-{channels}ch" for name in programs.recordings.FORMATS for channels in (1, 2)} <= names
    assert {"wav-recorder", "flac-recorder"} <= names
    assert all(original.num_samples >= 8000 for original in originals)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_damaged_recordings(
    programs: SimpleNamespace, originals: list[Any], tmp_path: Path, capfd: pytest.CaptureFixture[str], part: int
) -> None:
    """Of 600 damaged recordings each is read alike by file, pipe and training, or refused; what is cut off is told."""
    results = [programs.recordings.run_one(originals, seed, tmp_path) for seed in range(150 * part, 150 * (part + 1))]
    assert [(result["input"], result["faults"]) for result in results if result["faults"] or result["untold"]] == []
    assert {"read", "missing told", "refused"} == {result["result"] for result in results}
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_damaged_bundles(programs: SimpleNamespace, tmp_path: Path) -> None:
    """Of 60 bundles each is loaded and gives probabilities, or is refused in one line."""
    forger = programs.bundles.Forger(tmp_path / "bundle")
    results = [programs.bundles.run_one(forger, seed) for seed in range(60)]
    assert [result["faults"] for result in results if result["faults"]] == []
    assert {"loaded", "refused"} == {result["result"] for result in results}


@pytest.mark.slow
def test_a_reader_that_differs_is_a_fault(
    programs: SimpleNamespace, originals: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples that only one reader gives, and an exception that is none of ours, are noticed."""
    recordings, original = programs.recordings, originals[0]
    good = programs.mutations.Mutant(original.content, "none", len(original.content))
    assert recordings.examine(original, good, tmp_path).faults == ()
    monkeypatch.setattr(recordings, "read_samples", lambda path: (np.ones((5, 1), np.float32), 4000))
    assert any("training: 5 samples" in fault for fault in recordings.examine(original, good, tmp_path).faults)

    def fail(path: Path) -> Any:
        raise KeyError("oops")

    monkeypatch.setattr(recordings, "read_samples", fail)
    assert any("KeyError: 'oops'" in fault for fault in recordings.examine(original, good, tmp_path).faults)


@pytest.mark.slow
def test_a_cut_that_is_not_told_is_noticed(programs: SimpleNamespace, originals: list[Any], tmp_path: Path) -> None:
    """A whole shorter recording in place of a cut one is a loss without a word."""
    shorter = next(original for original in originals if original.name == "wav-16-1ch")
    longer = programs.recordings.Original("longer", ".wav", b"", shorter.num_samples + 1)
    cut = programs.mutations.Mutant(shorter.content, "cut", 0)
    assert programs.recordings.examine(longer, cut, tmp_path).untold
    assert not programs.recordings.examine(shorter, cut, tmp_path).untold


def numbers(programs: SimpleNamespace, first: int, count: int) -> np.ndarray[Any, Any]:
    """Return samples as a recorder writes them."""
    return np.frombuffer(programs.sound_server.numbered(first, count), "<i2").astype(np.float32) / np.float32(2**15)


@pytest.mark.parametrize("first", [0, 30_000, 65_000, 70_000])
def test_numbers_show_what_is_lost(programs: SimpleNamespace, first: int) -> None:
    """Lost sound with its place as zeros, lost sound without it, silence and a new start are told apart."""
    received = programs.numbers_received.received
    before, after = numbers(programs, first, 1000), numbers(programs, first + 1500, 1000)
    whole = numbers(programs, first, 2500)
    assert received(whole) == programs.numbers_received.Received(2500, 0, 0, 0, 0)
    zeros = np.zeros(500, np.float32)
    assert received(np.concatenate([before, zeros, after])) == programs.numbers_received.Received(2500, 500, 500, 0, 0)
    assert received(np.concatenate([before, zeros[:200], after])).without_place == 300
    assert received(np.concatenate([before, after])).without_place == 500
    assert received(np.concatenate([whole[:1000], zeros, whole[1000:]])).lost == 0
    start = numbers(programs, first + 1000 + programs.sound_server.NEW_START, 10)
    assert received(np.concatenate([before, start])).lost == 0


def test_sound_that_was_never_played_is_noticed(programs: SimpleNamespace) -> None:
    """A value between two numbers is damage."""
    sound = numbers(programs, 0, 100)
    sound[50] += np.float32(2**-17)
    assert programs.numbers_received.received(sound).wrong == 1


CRASHES = """
import os, sys, time
seed = int(sys.argv[1])
while True:
    if seed == 3:
        os._exit(1)
    print('{"seed": %d, "input": "a", "kind": "b", "result": "read", "untold": false, "faults": [], "seconds": 0.1, '
          '"number": 0, "memory_mb": 1.0}' % seed, flush=True)
    seed += 1
"""


@pytest.mark.subprocess
def test_a_crash_costs_one_input(programs: SimpleNamespace) -> None:
    """It is a fault with its seed, and the inputs behind it are tried."""
    found = programs.watch.run_inputs(["-c", CRASHES], 0, 60.0, max_inputs=8)
    assert found.tried == 8
    assert [fault["seed"] for fault in found.faults] == [3]
    assert found.results["read"] == 7


def test_durations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds, minutes and hours; anything else is refused."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    run = importlib.import_module("run")
    assert [run.duration_s(text) for text in ("90", "90s", "30m", "2h")] == [90, 90, 1800, 7200]
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number of seconds"):
        run.duration_s("soon")
    results = {
        "seed": 3,
        "recordings": {"tried": 5, "faults": [{"seed": 9, "input": "a", "kind": "b", "faults": ["oops"]}]},
    }
    text = run.table(results)
    assert "seed 3" in text
    assert "seed 9, a, b: oops" in text
    del sys.modules["run"]

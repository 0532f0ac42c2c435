"""The wheel: built from the repository, installed into an empty environment, run from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command, cwd=None, **options):
    """Run a program in an environment that does not know of this repository."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel."""
    out = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    assert built.returncode == 0, built.stderr
    return next(out.glob("auscult_monitor-*.whl"))


@pytest.fixture(scope="module")
def auscult(wheel, tmp_path_factory):
    """Install the wheel, and only what it asks for, into an empty environment; return its command."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", home, check=True)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    installed = run(programs / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    if "No matching distribution" in installed.stderr or "Temporary failure" in installed.stderr:
        pytest.skip("no package index can be reached to install what the wheel asks for")
    assert installed.returncode == 0, installed.stderr
    return programs / "auscult"


def test_the_wheel_carries_the_bundle_and_nothing_of_the_tests(wheel):
    """The default bundle travels inside; tests, docs and benchmarks stay out."""
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("model.tflite", "bundle.json", "check.npz", "model.keras", "CARD.md"):
        assert f"monitor/bundles/heart-sounds/{name}" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"monitor", "training"}
    assert "monitor/py.typed" in names


def test_the_demo_runs_from_an_empty_folder(auscult, tmp_path):
    """Installed from the wheel alone, `auscult demo` shows all that it is made to show."""
    done = run(auscult, "demo", "--speed", "max", "--plain", cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("normal", "murmur", "extrastole", "poor-signal", "uncertain", "no-signal"):
        assert f"  {word} " in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_bundle_is_listed(auscult, tmp_path):
    """`auscult models` and the card work from the wheel."""
    assert "heart-sounds (default)" in run(auscult, "models", cwd=tmp_path, check=True).stdout
    assert "not for diagnosis" in run(auscult, "models", "heart-sounds", cwd=tmp_path, check=True).stdout


def test_training_says_what_is_missing(auscult, tmp_path):
    """Without the training extra, `auscult train` says in one line how to get it."""
    for patient in range(3):
        for label in ("normal", "murmur"):
            folder = tmp_path / "data" / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{patient}_1.wav").touch()
    done = run(auscult, "train", "data", "--out", "models/mine", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "auscult-monitor[train]" in done.stderr

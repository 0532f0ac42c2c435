"""Installed copies: the wheel in an empty environment, and an editable install, run from folders of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
PROGRAM = """
import models
import monitor
import training

sound = monitor.SyntheticSource().waveform[:24_000]
result = monitor.judge(sound, sample_rate=4000)
print(models.NAME, training.NAME, result.label, len(result.windows))
"""


def run(*command, cwd=None, **options):
    """Run a program without the environment variables of this one."""
    ours = ("PYTHON", "VIRTUAL_ENV", "PIP_CONSTRAINT")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
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
    pip_install(home, "-c", ROOT / "constraints.txt", wheel)
    return home / SCRIPTS / "auscult"


def pip_install(home, *arguments):
    """Install into an environment; skip where nothing can be downloaded."""
    installed = run(home / SCRIPTS / "python", "-m", "pip", "install", "-q", *arguments)
    if "No matching distribution" in installed.stderr or "Temporary failure" in installed.stderr:
        pytest.skip("no package index can be reached to install what auscult needs")
    assert installed.returncode == 0, installed.stderr


@pytest.fixture(scope="module")
def editable_python(tmp_path_factory):
    """Install the checkout into an environment that finds its dependencies in this one; return its interpreter."""
    home = tmp_path_factory.mktemp("editable")
    run(sys.executable, "-m", "venv", "--without-pip", home, check=True)
    python = home / SCRIPTS / "python"
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", check=True).stdout.strip()
    (Path(packages) / "zz_dependencies.pth").write_text(sysconfig.get_path("purelib"))
    options = ("-q", "--ignore-installed", "--no-deps", "--no-build-isolation")
    installed = run(python, "-m", "pip", "install", *options, "-e", ROOT)
    assert installed.returncode == 0, installed.stderr
    return python


@pytest.fixture(params=["wheel", "editable"])
def python(request):
    """Return an interpreter that has auscult from the wheel, or from the checkout."""
    if request.param == "editable":
        return request.getfixturevalue("editable_python")
    return request.getfixturevalue("auscult").with_name("python")


def test_the_wheel_carries_the_bundle_and_nothing_of_the_tests(wheel):
    """The default bundle travels inside; tests, docs and benchmarks stay out."""
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "model.tflite",
        "model-int8.tflite",
        "segmentation.tflite",
        "bundle.json",
        "check.npz",
        "model.keras",
        "CARD.md",
    ):
        assert f"monitor/bundles/heart-sounds/{name}" in names
    apart = {name for name in names if ".dist-info" in name or ".data/" in name}
    assert {name.split("/")[0] for name in names if name not in apart} == {"monitor", "training"}
    assert [name.partition(".data/")[2] for name in apart if ".data/" in name] == ["data/share/man/man1/auscult.1"]
    assert {"monitor/py.typed", "monitor/commands/setup/completions/auscult.bash"} <= set(names)
    for name in ("page.html.jinja", "page.css", "page.js", "stretch.js"):
        assert f"monitor/commands/report/template/{name}" in names


LIBRARY = "monitor/features/compiled/front_end.so"


def test_the_compiled_front_end_is_in_a_wheel_of_its_platform(wheel, auscult, tmp_path):
    """Built with a compiler, the wheel holds the library and is tagged for this system; the program uses it."""
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler")
    assert LIBRARY in zipfile.ZipFile(wheel).namelist()
    assert "-py3-none-" in wheel.name
    assert not wheel.name.endswith("-any.whl")
    checks = run(auscult, "doctor", "--no-capture", "--json", cwd=tmp_path).stdout.splitlines()
    assert json.loads(checks[0])["compiled"] is True


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("CC", "no-such-compiler", "no-such-compiler cannot build it"),
        ("CC", "false", "false cannot build it (status 1)"),
        ("PATH", "", "there is no C compiler (cc, gcc or clang)"),
        ("AUSCULT_COMPILED", "0", "AUSCULT_COMPILED=0 is set"),
    ],
)
def test_a_compiler_is_optional(tmp_path, monkeypatch, variable, value, reason):
    """Without one, or with one that fails, the wheel is pure, and one line says why."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv(variable, value)
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    (pure,) = tmp_path.glob("auscult_monitor-*-py3-none-any.whl")
    assert LIBRARY not in zipfile.ZipFile(pure).namelist()
    said = [line for line in (built.stdout + built.stderr).splitlines() if "compiled front end" in line]
    assert len(said) == 1
    assert reason in said[0]


def test_the_sources_of_the_library_are_in_the_source_distribution(tmp_path):
    """So a wheel built from it has the library where there is a compiler."""
    options = ("--sdist", "--no-isolation", "--outdir", tmp_path)
    built = run(sys.executable, "-m", "build", *options, ROOT, cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    with tarfile.open(next(tmp_path.glob("auscult_monitor-*.tar.gz"))) as archive:
        names = archive.getnames()
    inside = {name.partition("/")[2] for name in names}
    folder = (ROOT / LIBRARY).with_name("source")
    sources = {path.relative_to(ROOT).as_posix() for path in folder.glob("*.[ch]")}
    assert len(sources) > 3
    assert inside >= {*sources, "hatch_build.py"}
    assert LIBRARY not in inside


def test_the_demo_runs_from_an_empty_folder(auscult, tmp_path):
    """Installed from the wheel alone, `auscult demo` shows every state and label."""
    done = run(auscult, "demo", "--speed", "max", "--plain", cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("normal", "murmur", "extrastole", "poor-signal", "uncertain", "no-signal"):
        assert f"  {word} " in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_bundle_is_listed(auscult, tmp_path):
    """`auscult models` and the card work from the wheel."""
    assert "heart-sounds (default)" in run(auscult, "models", cwd=tmp_path, check=True).stdout
    assert "not for diagnosis" in run(auscult, "models", "heart-sounds", cwd=tmp_path, check=True).stdout


def test_an_install_by_digests_classifies_a_recording(tmp_path, heart_waveform):
    """What requirements-runtime.txt lists, and nothing else, is enough; pip accepts only files with its digests."""
    home = tmp_path / "hashed"
    run(sys.executable, "-m", "venv", home, check=True)
    pip_install(home, "--require-hashes", "-r", ROOT / "requirements-runtime.txt")
    pip_install(home, "--no-deps", ROOT)
    soundfile.write(tmp_path / "heart.wav", heart_waveform, 4000)
    auscult = home / SCRIPTS / "auscult"
    done = run(auscult, "replay", "heart.wav", "--speed", "max", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["label"] == "normal"
    assert "heart-sounds (default)" in run(auscult, "models", cwd=tmp_path, check=True).stdout
    assert run(home / SCRIPTS / "python", "-m", "pip", "check").returncode == 0


def test_a_report_names_the_missing_extra_and_needs_none_as_text(auscult, tmp_path, heart_waveform):
    """Without jinja2, `auscult report -o a.html` says in one line how to install it; `--text` works."""
    soundfile.write(tmp_path / "heart.wav", heart_waveform, 4000)
    done = run(auscult, "report", "heart.wav", "-o", "a.html", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "auscult-monitor[report]" in done.stderr
    done = run(auscult, "report", "heart.wav", "--text", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Heart sounds of heart")


def test_training_names_the_missing_extra(auscult, tmp_path):
    """Without TensorFlow, `auscult train` says in one line how to install it."""
    for patient in range(3):
        for label in ("normal", "murmur"):
            folder = tmp_path / "data" / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{patient}_1.wav").touch()
    done = run(auscult, "train", "data", "--out", "models/mine", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "auscult-monitor[train]" in done.stderr


@pytest.mark.parametrize("layout", ["{}.py", "{}/__init__.py"])
def test_modules_of_a_program_may_be_called_models_and_training(python, tmp_path, layout):
    """A program with its own `models` and `training`, as files or packages, imports monitor and classifies a sound."""
    for name in ("models", "training"):
        path = tmp_path / layout.format(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"NAME = 'own {name}'\n")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = run(python, tmp_path / "program.py", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("own models own training normal 3\n", "")


def test_auscult_train_names_a_file_that_hides_its_package(python, tmp_path):
    """Where a `training.py` comes first on the path: one line, and the file is not run."""
    (tmp_path / "training.py").write_text("raise SystemExit('trained by mistake')\n")
    done = run(python, "-m", "monitor", "train", "data", "--out", "models/mine", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "training.py") in done.stderr

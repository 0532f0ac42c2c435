"""Shared fixtures, and the markers that divide the suite into a fast part and the rest.

``pytest -m fast -n 2`` runs the fast part: no TensorFlow, no process, no live sound, no long computation. Nobody has to
remember a marker: a test is marked by what its code and its fixtures use. What that misses is caught when the test
runs, because an unmarked test that starts a process or imports TensorFlow fails.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.bundle import DEFAULT_BUNDLE, digest_of_settings, text_of_settings
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is first imported
if "PYTEST_XDIST_WORKER" in os.environ:  # two workers that fill one cache of numba crash each other
    numba_cache = tempfile.mkdtemp(prefix="auscult-numba-")
    os.environ["NUMBA_CACHE_DIR"] = numba_cache
    atexit.register(shutil.rmtree, numba_cache, ignore_errors=True)

hypothesis.settings.register_profile("auscult", deadline=None)  # a busy machine is no failure
hypothesis.settings.register_profile("fast", deadline=None, max_examples=10)
hypothesis.settings.register_profile(
    "mutation",
    hypothesis.settings.get_profile("fast"),
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    database=None,
)  # a mutant is found by the first failing example; the smallest one is of no use
hypothesis.settings.load_profile("auscult")

LABELS = ("normal", "murmur", "extrastole")

SHIPPED = Path(__file__).resolve().parents[1] / "models" / DEFAULT_BUNDLE
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

THREAD_TIMEOUT_S = 5.0
"""How long a thread may take to end after its test; only a thread that never ends takes this long."""

SYSTEM = Path(__file__).parent / "system"
LIVE_TESTS = SYSTEM / "live"
"""What is paced by the clock: sound through a virtual sound card."""
FILE_NEEDS = re.compile(r"^(?:\w+ = )?pytest\.importorskip\([\"'](tensorflow|scipy|librosa|matplotlib)", re.MULTILINE)
USES = {
    "training": {"tensorflow", "keras", "tiny_network"},
    "slow": {"fhir", "librosa", "matplotlib", "scipy", "sklearn", "wfdb"},
    "recordings": {"shared_data"},
    "subprocess": {"subprocess", "multiprocessing", "pty", "fork", "forkpty"},
}
"""Names in the code of a test, or of a fixture or helper that it uses, which give the test a marker."""
SLOW_MARKERS = ("training", "subprocess", "live", "recordings", "slow")
SLOW_CALL_S = 5.0
"""A fast test above this duration is listed at the end of the run."""
PROCESS_EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
SYSTEM_PROGRAMS = {"ldconfig", "lscpu", "gcc", "cc", "ld", "objdump", "fc-list", "system_profiler", "uname"}
"""Programs that the standard library and matplotlib run once to find libraries and fonts."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; the fast run tries fewer examples and imports no TensorFlow, not even for collection."""
    config.addinivalue_line("markers", "fast: neither of the others; set automatically")
    config.addinivalue_line("markers", "training: imports TensorFlow; set automatically")
    config.addinivalue_line("markers", "subprocess: starts a process; set automatically")
    config.addinivalue_line("markers", "live: paced by the clock, so one at a time; set automatically")
    config.addinivalue_line("markers", "recordings: reads real recordings from outside the project; set automatically")
    config.addinivalue_line("markers", "slow: draws figures or computes for about a second")
    guard.no_tensorflow = is_fast_run(config)
    if is_fast_run(config) and not config.getoption("hypothesis_profile", None):
        hypothesis.settings.load_profile("fast")


def is_fast_run(config: pytest.Config) -> bool:
    """Return whether only the fast part was asked for."""
    return str(config.option.markexpr).strip() == "fast"


@functools.cache
def file_needs(path: Path) -> str | None:
    """Return the package, slow to import, without which a test file as a whole is skipped."""
    found = FILE_NEEDS.search(path.read_text(encoding="utf-8")) if path.suffix == ".py" else None
    return found and found[1]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files that import such a package out of the fast run: the import takes longer than most of the tests."""
    return True if is_fast_run(config) and file_needs(collection_path) else None


def names_in(code: CodeType) -> set[str]:
    """Return the names that compiled code uses, inner functions included, and what it skips without."""
    names = {*code.co_names}
    if "importorskip" in names:
        names |= {constant.partition(".")[0] for constant in code.co_consts if isinstance(constant, str)}
    return names.union(*(names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)))


@functools.cache
def names_used(function: Any) -> frozenset[str]:
    """Return the names that a function uses, directly or through helper functions and classes of its module."""
    names: set[str] = set()
    waiting: list[Any] = [function]
    known: set[Any] = set()
    while waiting:
        function = waiting.pop()
        if function in known:
            continue
        known.add(function)
        if isinstance(function, type):
            waiting += [member for member in vars(function).values() if isinstance(member, FunctionType)]
        elif isinstance(function, FunctionType):
            found = names_in(function.__code__)
            names |= found
            values = [function.__globals__.get(name) for name in found]
            waiting += [value for value in values if getattr(value, "__module__", None) == function.__module__]
            if any(isinstance(value, Path) and value.is_relative_to(SHARED.parent) for value in values):
                names.add("shared_data")
    return frozenset(names)


def markers_of(item: pytest.Function) -> set[str]:
    """Return the names of the slow markers that a test has, or gets from what it uses."""
    markers = {marker.name for marker in item.iter_markers() if marker.name in SLOW_MARKERS}
    if item.path.is_relative_to(LIVE_TESTS):
        markers.add("live")
    test = getattr(getattr(item.function, "hypothesis", None), "inner_test", item.function)
    fixtures = [definition.func for found in item._fixtureinfo.name2fixturedefs.values() for definition in found]
    names = {file_needs(item.path), *item.fixturenames}.union(*map(names_used, (test, *fixtures)))
    return markers | {marker for marker, uses in USES.items() if names & uses}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test by what it uses; what uses nothing slow is fast."""
    for item in items:
        markers = markers_of(item) if isinstance(item, pytest.Function) else set()
        for marker in markers or {"fast"}:
            item.add_marker(marker)


class Guard:
    """An audit hook that stops what a fast test must not do, and remembers it for the end of the test."""

    def __init__(self) -> None:
        self.no_tensorflow = False
        self.no_process = False
        self.offences: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise AssertionError where an event of the interpreter is a forbidden one."""
        if self.no_process and event in PROCESS_EVENTS:
            program = str(arguments[0] if arguments else "a copy of itself")
            if Path(program).name not in SYSTEM_PROGRAMS:
                self._refuse(f"it starts a process ({program}): mark it `subprocess`")
        imports = event == "import" and arguments[0].partition(".")[0] in ("tensorflow", "keras")
        if self.no_tensorflow and imports and arguments[0] not in sys.modules:  # a None there: "not installed"
            self._refuse("it imports TensorFlow: mark it `training`, or put importorskip at the top of its file")

    def _refuse(self, offence: str) -> None:
        self.offences.append(offence)
        raise AssertionError(f"this is in the fast part of the suite, but {offence}")


guard = Guard()
sys.addaudithook(guard)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Guard a test of the fast part, the fixtures of its module included."""
    before = guard.no_tensorflow
    guard.offences.clear()
    if item.get_closest_marker("fast") is not None:
        guard.no_process = guard.no_tensorflow = True
    try:
        return (yield)
    finally:
        guard.no_process, guard.no_tensorflow = False, before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Fail the test during which the guard refused something, whatever the test made of the exception."""
    result = yield
    assert not guard.offences, f"this is in the fast part of the suite, but {guard.offences[0]}"
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the tests of a fast run that took long, so that they get the marker `slow`."""
    reports = terminalreporter.getreports("passed") if is_fast_run(config) else []
    for report in reports:
        if report.duration > SLOW_CALL_S:
            terminalreporter.write_line(f"slow for the fast part: {report.nodeid}, {report.duration:.1f} s")


class Signals:
    """Test signals, ``(samples,)`` float32, at 4000 Hz unless another rate is given."""

    @staticmethod
    def silence(samples: int) -> NDArray[np.float32]:
        """Return digital silence."""
        return np.zeros(samples, np.float32)

    @staticmethod
    def noise(samples: int, seed: int = 0, level: float = 0.1) -> NDArray[np.float32]:
        """Return white noise with the root mean square ``level``."""
        return (level * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)

    @staticmethod
    def tone(hz: float, samples: int, sample_rate: int = HEART.sample_rate, level: float = 0.5) -> NDArray[np.float32]:
        """Return a sine with the amplitude ``level``."""
        return (level * np.sin(2 * np.pi * hz / sample_rate * np.arange(samples))).astype(np.float32)

    @staticmethod
    def clicks(times_s: Sequence[float], samples: int) -> NDArray[np.float32]:
        """Return bursts of 60 ms at 80 Hz, in faint noise."""
        waveform = Signals.noise(samples, level=1e-3)
        burst = Signals.tone(80.0, 240) * np.hanning(240).astype(np.float32)
        for start in (round(time_s * HEART.sample_rate) for time_s in times_s):
            waveform[start : start + len(burst)] += burst[: samples - start]
        return waveform


@pytest.fixture(scope="session")
def signals() -> type[Signals]:
    """Return the functions that synthesize silence, noise, tones and clicks."""
    return Signals


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, which never travel with the project; skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the recordings of ../shared/data are not here")
    return SHARED


@pytest.fixture(scope="session")
def heart_waveform() -> NDArray[np.float32]:
    """Return 10 s of a synthetic normal heart without noise at 4000 Hz; read-only."""
    waveform = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(7), HEART.sample_rate).waveform
    waveform.flags.writeable = False
    return waveform


@pytest.fixture(scope="session")
def bundle_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a valid bundle that always gives a label: the shipped one with other settings.

    Needs no TensorFlow. It names made-up training data and judges the quality of sounds by the default gate. A test
    that changes it changes a copy.
    """
    folder = Path(shutil.copytree(SHIPPED, tmp_path_factory.mktemp("bundles") / "lenient"))
    shutil.rmtree(folder / "plots")
    (folder / "training_curves.json").unlink()
    (folder / "CARD.md").write_text(
        "# lenient\n\nResearch use, not for diagnosis. For tests only.\n", encoding="utf-8", newline="\n"
    )
    settings = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    settings |= {"name": folder.name, **training_facts()}
    settings["decision"]["uncertain_below"] = 0.0
    settings["gate"] = DEFAULT_GATE.to_json()
    names = sorted(path.name for path in folder.iterdir() if path.name != "bundle.json")
    settings["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    settings["settings_sha256"] = digest_of_settings(settings)
    (folder / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
    return folder


@pytest.fixture(scope="session")
def tiny_network() -> Callable[..., Any]:
    """Return a function that builds small untrained Keras networks with the shapes of the real one."""
    pytest.importorskip("tensorflow", reason="a network needs the training extra")
    return make_tiny_network


def make_tiny_network(
    shape: tuple[int, int, int] = HEART.shape,
    outputs: Sequence[str] = (*LABELS, "not-heart"),
    *,
    grades_loudness: bool = False,
) -> Any:
    """Return one convolution and one dense layer, initialised from the random state of Keras."""
    import keras
    from keras import layers

    picture = keras.Input(shape, name="picture")
    tensor = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 5, strides=4, activation="relu")(picture))
    return keras.Model(picture, layers.Dense(len(outputs) + grades_loudness, name="logits")(tensor), name="tiny")


def training_facts() -> dict[str, Any]:
    """Return the part of ``bundle.json`` that a training writes, for nine made-up recordings."""
    from training.evaluation.cross_validated import measure

    truth = np.array([0, 1, 2] * 3, np.intp)
    scores = np.random.default_rng(0).dirichlet((1.0, 1.0, 1.0), len(truth))
    evidence = measure(truth, scores, LABELS, [f"made/{number}" for number in range(len(truth))])
    counts = dict.fromkeys(LABELS, 3)
    return {
        "recipe": "heart",
        "command": "auscult train recordings --out models/lenient",
        "training_data": [{"set": "made up", "recordings": 9, "patients": 9, "labels": counts}],
        "made_sounds_per_label": 0,
        "metrics": {**evidence.to_json(), "decision": "The label with the largest score.", "other_sets": {}},
    }


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail the test that leaves a thread of ours running."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread.name.startswith("auscult-") and thread not in before]
    for thread in left:
        thread.join(timeout=THREAD_TIMEOUT_S)
    running = [thread.name for thread in left if thread.is_alive()]
    assert not running, f"threads still running: {', '.join(running)}"

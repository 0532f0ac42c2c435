"""What tests share: recordings that may be absent, a made heart, a bundle, and the check that no thread is left."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.features.spec import HEART
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.inference.thresholds import DecisionThresholds
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is first imported

hypothesis.settings.register_profile("auscult", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("auscult")

LABELS = ("normal", "murmur", "extrastole")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

PATIENCE_S = 5.0
"""How long a thread may take to end after its test; only a thread that never ends takes this long."""


class Signals:
    """Made waveforms, ``(samples,)`` float32, at 4000 Hz unless another rate is given."""

    @staticmethod
    def silence(samples: int) -> NDArray[np.float32]:
        """Return digital silence."""
        return np.zeros(samples, np.float32)

    @staticmethod
    def noise(samples: int, seed: int = 0, level: float = 0.1) -> NDArray[np.float32]:
        """Return white noise of a root mean square."""
        return (level * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)

    @staticmethod
    def tone(hz: float, samples: int, sample_rate: int = HEART.sample_rate, level: float = 0.5) -> NDArray[np.float32]:
        """Return a tone of an amplitude."""
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
    """Return the maker of silence, noise, tones and clicks."""
    return Signals


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, which never travel with the project; skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the recordings of ../shared/data are not here")
    return SHARED


@pytest.fixture(scope="session")
def heart_waveform() -> NDArray[np.float32]:
    """Return 10 s of a made, normal, quiet heart at 4000 Hz; read-only."""
    waveform = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(7), HEART.sample_rate).waveform
    waveform.flags.writeable = False
    return waveform


@pytest.fixture(scope="session")
def bundle_dir(tmp_path_factory: pytest.TempPathFactory, tiny_network: Callable[..., Any]) -> Path:
    """Return the folder of a valid bundle whose network is tiny, was never trained and always gives a label.

    It passes every check of ``load_bundle``; what it says of a sound means nothing. Not to be changed: copy it.
    """
    import keras

    from training.export.bundle import write_bundle

    keras.utils.set_random_seed(3)
    return write_bundle(
        tmp_path_factory.mktemp("bundles") / "untrained",
        network=tiny_network(),
        labels=LABELS,
        spec=HEART,
        calibration=Calibration("softmax", 1.0, (0.1, 0.0, -0.1)),
        decision=DecisionThresholds(uncertain_below=0.0),
        gate=DEFAULT_GATE,
        facts=training_facts(),
        card="# untrained\n\nResearch use, not for diagnosis. Made for tests; what it says means nothing.\n",
    )


@pytest.fixture(scope="session")
def tiny_network() -> Callable[..., Any]:
    """Return a maker of untrained Keras networks of the right shape that cost next to nothing."""
    pytest.importorskip("tensorflow", reason="a network needs the training extra")
    return make_tiny_network


def make_tiny_network(
    shape: tuple[int, int, int] = HEART.shape, outputs: Sequence[str] = (*LABELS, "not-heart")
) -> Any:
    """Return one convolution and one layer, with weights of the next random numbers of Keras."""
    import keras
    from keras import layers

    picture = keras.Input(shape, name="picture")
    tensor = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 5, strides=4, activation="relu")(picture))
    return keras.Model(picture, layers.Dense(len(outputs), name="logits")(tensor), name="tiny")


def training_facts() -> dict[str, Any]:
    """Return the part of ``bundle.json`` that a training writes, for nine made-up recordings."""
    from training.evaluation.cross_validated import measure

    truth = np.array([0, 1, 2] * 3, np.intp)
    scores = np.random.default_rng(0).dirichlet((1.0, 1.0, 1.0), len(truth))
    evidence = measure(truth, scores, LABELS, [f"made/{number}" for number in range(len(truth))])
    counts = dict.fromkeys(LABELS, 3)
    return {
        "recipe": "heart",
        "command": "auscult train recordings --out models/untrained",
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
        thread.join(timeout=PATIENCE_S)
    running = [thread.name for thread in left if thread.is_alive()]
    assert not running, f"threads still running: {', '.join(running)}"

"""Shared fixtures: bundles with a fast engine instead of a network, and a live source that a test feeds itself."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.base import Source
from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds

LABELS = ("normal", "murmur", "extrastole")


class PlainEngine:
    """An engine whose logits are fixed weighted sums of the input image: any change of the image changes them."""

    def __init__(self) -> None:
        weights = np.random.default_rng(3).standard_normal((4, 64 * 64 * 3)) / 100
        self._weights = weights.astype(np.float32)
        self.before: threading.Event | None = None
        self.entered = threading.Event()
        self.fails_at = self.not_finite_at = -1
        self.not_finite = np.nan
        self.calls = 0

    def outputs(self, tensor: np.ndarray) -> np.ndarray:
        """Return four logits; waits or fails where the test scripted it."""
        if self.before is not None:
            self.entered.set()
            self.before.wait(timeout=10)
        if self.calls == self.fails_at:
            raise RuntimeError("scripted failure")
        self.calls += 1
        outputs = self._weights @ tensor.ravel()
        outputs[3] = -9.0  # certainly a heart
        if self.calls > self.not_finite_at >= 0:
            outputs[:3] = self.not_finite
        return outputs

    def copy(self) -> PlainEngine:
        """Return this engine, so that a test can script it."""
        return self


def make_bundle(spec: SpectrogramSpec = HEART, engine: PlainEngine | None = None) -> Bundle:
    """Return a bundle around a plain engine."""
    return Bundle(
        name="plain",
        path=Path("plain"),
        labels=LABELS,
        spec=spec,
        calibration=Calibration("softmax", 1.0, (0.0, 0.0, 0.0)),
        decision=DecisionThresholds(uncertain_below=0.0),
        settings={},
        model_sha256="0" * 64,
        engine=engine or PlainEngine(),
    )


@pytest.fixture
def plain_bundle() -> Bundle:
    """Return a bundle with the default input image."""
    return make_bundle()


@pytest.fixture
def article_bundle() -> Bundle:
    """Return a bundle with the article's input image."""
    return make_bundle(ARTICLE)


@pytest.fixture
def bundle_maker():  # type: ignore[no-untyped-def]
    """Return a function that builds bundles, for tests that script the engine."""
    return make_bundle


@pytest.fixture
def plain_engine() -> PlainEngine:
    """Return an engine to script."""
    return PlainEngine()


class ScriptedSource(Source):
    """A live source without a thread: the test pushes the samples itself."""

    def __init__(self, sample_rate: int = 4000) -> None:
        self.name = "scripted"
        self.sample_rate = sample_rate
        self.speed = 1.0
        self.ring = None
        self.failure: BaseException | None = None

    def start(self, ring) -> None:  # type: ignore[no-untyped-def]
        """Keep the ring for the test."""
        self.ring = ring

    def stop(self) -> None:
        """End the sound."""
        if self.ring is not None:
            self.ring.close()

    @property
    def error(self) -> BaseException | None:
        """The failure that the test set."""
        return self.failure


@pytest.fixture
def scripted_source() -> ScriptedSource:
    """Return a live source that plays what the test pushes."""
    return ScriptedSource()


@pytest.fixture
def quiet_loggers() -> Iterator[None]:
    """Take the handlers that a test adds to our loggers away again."""
    yield
    for name in ("monitor", "training"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.NOTSET)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()


@pytest.fixture
def ward(tmp_path, heart_waveform):
    """Return a folder with five recordings: one in a folder below, one too short for a window, one that is none."""
    folder = tmp_path / "ward"
    (folder / "below").mkdir(parents=True)
    soundfile.write(folder / "a.wav", heart_waveform, 4000)
    soundfile.write(folder / "b.FLAC", heart_waveform[:30_000], 4000, format="FLAC")
    soundfile.write(folder / "below" / "c.wav", heart_waveform[:8000], 4000)
    soundfile.write(folder / "quiet.wav", np.zeros(24_000, np.float32), 4000)
    (folder / "z.wav").write_bytes(b"no sound at all")
    (folder / "notes.txt").write_text("for a person")
    (folder / ".hidden.wav").write_text("")
    return folder


LSL_ON_LOOPBACK = """
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
AddressesOverride = {127.0.0.1}
TTLOverride = 0
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {127.0.0.1}
SessionID = auscult-tests
[log]
level = -3
"""


@pytest.fixture(scope="session")
def pylsl(tmp_path_factory):
    """Return the module pylsl, restricted to this computer; skip where it or liblsl is missing.

    liblsl reads the file that LSLAPICFG names once, when it is first used.
    """
    config = tmp_path_factory.mktemp("lsl") / "lsl.cfg"
    config.write_text(LSL_ON_LOOPBACK, encoding="utf-8")
    os.environ["LSLAPICFG"] = str(config)
    try:
        import pylsl as module
    except ImportError:
        pytest.skip("pylsl is not installed")
    except (RuntimeError, OSError) as error:
        pytest.skip(f"liblsl is not installed: {error}")
    return module

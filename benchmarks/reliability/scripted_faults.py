"""Faults of a device that a sound server hides: overflow, a driver that drops samples, NaN, a stream that gives up.

A scripted device delivers numbered samples in real time to the whole pipeline, which records them. For each kind of
fault the samples that were not delivered are counted, and those that were told as lost.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numbers_received import received
from numpy.typing import NDArray
from sound_server import SAMPLE_RATE, numbered

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.errors import DeviceError
from monitor.inference.bundle import load_bundle
from monitor.runtime.pipeline import Pipeline

__all__ = ["ScriptedDevice", "run_scripted"]

BLOCK_S = 0.05
BETWEEN_S = (1.5, 3.0)
TOLERANCE_S = 0.15
"""A loss that no number tells the program is measured by its clock, between two blocks."""
DEVICE = DeviceInfo(0, "scripted", "script", 1, SAMPLE_RATE, default=True)
KINDS = ("overflow", "samples dropped silently", "held up", "NaN", "infinity", "unplugged")
"""``held up`` delivers all samples, late: nothing is lost and nothing may be told."""
UNFLAGGED = "samples dropped silently"
UNFLAGGED_S, SETTLES_S = (1.0, 2.0), 3.0
"""The driver says nothing, as after SIGSTOP or suspend: told by the clock, if it is longer than the latency and a tenth
of a second, once blocks have come at their own pace for a while."""


class ScriptedDevice:
    """A device and the library that opens it; the samples are numbered by its own clock, delivered or not.

    Attributes
    ----------
    undelivered : int
        Samples that were not delivered between two that were.
    """

    def __init__(self) -> None:
        self.plugged, self.active = True, False
        self.undelivered = 0
        self._began = time.monotonic()
        self._next = 0  # number of the first sample that was neither delivered nor dropped
        self._delivers = False  # something was delivered
        self._on_block: Any = None
        self._mode, self._overflow = "play", False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reliability-device")
        self._thread.start()

    def devices(self) -> list[DeviceInfo]:
        """Return the device, while it is there."""
        return [DEVICE] if self.plugged else []

    def check(self, device: DeviceInfo, channels: int, sample_rate: int) -> None:
        """Accept everything."""

    def restart(self) -> None:
        """Do nothing."""

    def open(self, device: DeviceInfo, channels: int, sample_rate: int, latency_s: float, on_block: Any) -> Any:
        """Begin to deliver."""
        if not self.plugged:
            raise DeviceError("scripted: is not connected")
        self.active, self._on_block = True, on_block
        return self

    def close(self) -> None:
        """Deliver no more."""
        self._on_block, self.active = None, False

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout=5.0)

    def inject(self, kind: str, rng: random.Random) -> None:
        """Inject a fault; returns when it is over."""
        if kind == "unplugged":
            self.plugged = self.active = False
            time.sleep(rng.uniform(0.5, 3.0))
            self.plugged = True
            return
        self._overflow = kind == "overflow"
        self._mode = kind
        time.sleep(rng.uniform(*UNFLAGGED_S) if kind == UNFLAGGED else rng.uniform(0.1, 0.8))
        self._mode = "play"

    def _run(self) -> None:
        while not self._stopping.wait(BLOCK_S):
            now = int((time.monotonic() - self._began) * SAMPLE_RATE)
            on_block, mode = self._on_block, self._mode
            if on_block is None or not self.active or mode in ("overflow", "samples dropped silently"):
                self.undelivered += (now - self._next) * self._delivers
                self._next = now
            elif mode != "held up":
                self._deliver(now, mode, on_block)

    def _deliver(self, now: int, mode: str, on_block: Any) -> None:
        """Deliver what is due."""
        values = np.frombuffer(numbered(self._next, now - self._next), "<i2").astype(np.float32) / np.float32(2**15)
        if mode in ("NaN", "infinity"):
            values = np.full_like(values, float("nan" if mode == "NaN" else "-inf"))
            self.undelivered += len(values)
        overflow, self._overflow = self._overflow, False
        self._next, self._delivers = now, True
        on_block(values[:, None], overflow)


def run_scripted(seconds: float, seed: int) -> dict[str, Any]:
    """Listen to the scripted device for a time; return what was lost and what was told, by kind, as JSON values."""
    rng, deadline = random.Random(seed), time.monotonic() + seconds
    lost: Counter[str] = Counter()
    told: Counter[str] = Counter()
    injected: Counter[str] = Counter()
    faults: list[str] = []
    device = ScriptedDevice()
    with tempfile.TemporaryDirectory(prefix="auscult-reliability-") as folder:
        record = Path(folder, "scripted.wav")
        try:
            with Pipeline(MicrophoneSource(DEVICE, device), load_bundle(), record=record) as pipeline:
                pipeline.start()
                _wait(pipeline, 2.0)
                kinds: list[str] = []
                while time.monotonic() < deadline and pipeline.running:
                    kinds = kinds or rng.sample(KINDS, len(KINDS))
                    kind = kinds.pop()
                    before = device.undelivered, _told(pipeline)
                    device.inject(kind, rng)
                    slow = {"unplugged": 4.0, UNFLAGGED: SETTLES_S}
                    _wait(pipeline, slow.get(kind) or rng.uniform(*BETWEEN_S))
                    made, said = device.undelivered - before[0], _told(pipeline) - before[1]
                    injected[kind] += 1
                    lost[kind] += made
                    told[kind] += said
                    if abs(made - said) > TOLERANCE_S * SAMPLE_RATE:
                        faults.append(f"{kind}: {made} samples lost, {said} told")
                pipeline.stop()
                pipeline.raise_errors()
        finally:
            device.stop()
        waveform: NDArray[np.float32] = soundfile.read(record, dtype="float32")[0]
    found = received(waveform)
    if found.wrong:
        faults.append(f"{found.wrong} samples of the recording are not what the device gave")
    by_kind = {kind: f"{injected[kind]} times, {lost[kind]} samples lost, {told[kind]} told" for kind in KINDS}
    return {"recorded": found.samples, "by_fault": by_kind, "lost_without_place": found.without_place, "faults": faults}


def _wait(pipeline: Pipeline, seconds: float) -> None:
    """Let the pipeline run, and take its windows."""
    deadline = time.monotonic() + seconds
    while pipeline.running and (left := deadline - time.monotonic()) > 0:
        pipeline.drain(min(0.2, left))


def _told(pipeline: Pipeline) -> int:
    """Return the samples told as lost so far."""
    recording = pipeline.snapshot().recording
    return 0 if recording is None else recording.lost_samples

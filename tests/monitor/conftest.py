"""Shared fixtures: bundles with a fast engine instead of a network, and a live source that a test feeds itself."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import logging
import os
import re
import shutil
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from monitor.archive.recordings import Recording
from monitor.audio.sources.base import Source
from monitor.features.article_image import ARTICLE
from monitor.features.compiled.library import library, unused_reason, without_library
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.inference.bundle import (
    DEFAULT_BUNDLE,
    Bundle,
    digest_of_settings,
    find_bundle,
    read_settings,
    text_of_settings,
)
from monitor.inference.bundle_files import SEGMENTATION
from monitor.inference.calibration import Calibration
from monitor.inference.thresholds import DecisionThresholds

LABELS = ("normal", "murmur", "extrastole")


@pytest.fixture(scope="module", params=["numpy", "compiled"])
def front_end(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a module's tests with NumPy alone, and again with the compiled front end where that was built."""
    if request.param == "numpy":
        with without_library():
            yield request.param
        return
    if library() is None:
        pytest.skip(f"the compiled front end is not used: {unused_reason()}")
    yield request.param


@pytest.fixture
def older_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies the shipped bundle without some keys of its settings, as earlier versions were."""

    def copy(*without: str) -> Path:
        folder = Path(shutil.copytree(find_bundle(DEFAULT_BUNDLE), tmp_path / "older"))
        settings = {key: value for key, value in read_settings(folder).items() if key not in without}
        if "segmentation" in without:
            del settings["sha256"][SEGMENTATION]
            (folder / SEGMENTATION).unlink()
        settings |= {"name": "older", "settings_sha256": digest_of_settings(settings | {"name": "older"})}
        (folder / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
        return folder

    return copy


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


@pytest.fixture
def make_recording():
    """Return a function that makes a recording of a path."""

    def make(name, num_bytes=10, mtime_ns=1):
        return Recording(name, f"/data/{name}", num_bytes, mtime_ns)

    return make


@pytest.fixture
def make_row():
    """Return a function that makes a row, as a dict."""

    def make(recording, **changes):
        row = {
            "type": "summary",
            "source": recording.source,
            "windows": 10,
            "skipped": 0,
            "overruns": 0,
            "label": "murmur",
            "confidence": 0.75,
            "scores": {"normal": 0.25, "murmur": 0.75},
            "acoustic_scores": {"normal": 0.125, "murmur": 0.875},
            "loudness": "loud",
            "murmur_timing": "systolic",
            "state": "verdict",
            "heart_rate_bpm": 72.5,
            "heart_rate_variability": {
                "intervals": 64,
                "excluded": 2,
                "duration_s": 51.2,
                "short": True,
                "mean_rr_ms": 800.4,
                "sdnn_ms": 41.2,
                "rmssd_ms": 33.5,
                "pnn50": None,
            },
            "judged": 8,
            "withheld": {"too loud": 2},
            "truncated": False,
            "undelivered": 0,
            "error": None,
            "duration_s": 9.5,
            "sample_rate": 4000,
            "quality": 0.9,
            "subject": None,
            "path": recording.path,
            "bytes": recording.num_bytes,
            "mtime_ns": recording.mtime_ns,
        }
        return {**row, **changes}

    return make


class ModelHub(http.server.BaseHTTPRequestHandler):
    """Speaks what huggingface_hub asks a model hub for: repositories of small files, branches and commits."""

    def do_GET(self) -> None:
        """Give the commit of a revision, or a file of a commit."""
        info = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/?]+))?", self.path.partition("?")[0])
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^?]+)", self.path)
        hub: HubServer = self.server  # type: ignore[assignment]
        if info:
            commit = hub.commit(info[1], urllib.parse.unquote(info[2] or "main"))
            self._answer({"id": info[1], "sha": commit}, 404 if commit is None else 200)
        elif file:
            content = hub.files(file[1], file[2]).get(urllib.parse.unquote(file[3]))
            hub.asked.append(urllib.parse.unquote(file[3]))
            self._answer(b"no such file" if content is None else content, 404 if content is None else 200)
        else:
            self._answer({}, 404)

    def do_POST(self) -> None:
        """Make a repository, a branch or a commit."""
        hub: HubServer = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path = self.path.partition("?")[0]
        if self.headers.get("Authorization") != "Bearer secret":
            self._answer({"error": "no right to write"}, 401)
            return
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            hub.created.append(asked)
            hub.repositories.setdefault(name, {"main": hub.new_commit({})})
            self._answer({"url": f"{hub.address}/{name}"})
            return
        if path == "/api/validate-yaml":
            hub.cards.append(json.loads(body)["content"])
            self._answer({"errors": [], "warnings": []})
            return
        _, _, _, owner, name, what, branch = path.split("/")
        branches = hub.repositories[f"{owner}/{name}"]
        if what == "branch":
            branches.setdefault(branch, branches["main"])
            self._answer({})
        elif what == "preupload":
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for file in json.loads(body)["files"]
            ]
            self._answer({"files": files})
        else:
            lines = [json.loads(line) for line in body.splitlines()]
            added = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            branches[branch] = hub.new_commit(hub.commits[branches[branch]] | added)
            url = f"{hub.address}/{owner}/{name}/commit/{branches[branch]}"
            self._answer({"commitUrl": url, "commitOid": branches[branch]})

    def _answer(self, content: Any, status: int = 200) -> None:
        """Send bytes, or an object as JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound" if self.path.startswith("/api") else "EntryNotFound")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked has heard enough
            self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class HubServer(http.server.ThreadingHTTPServer):
    """A model hub in memory, on this computer: ``commits`` by their digest, branches by repository."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ModelHub)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.commits: dict[str, dict[str, bytes]] = {}
        self.repositories: dict[str, dict[str, str]] = {}
        self.created: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.cards: list[str] = []

    def new_commit(self, files: dict[str, bytes]) -> str:
        """Keep files as a commit; return its name."""
        name = hashlib.sha1(f"{len(self.commits)}".encode()).hexdigest()
        self.commits[name] = files
        return name

    def commit(self, repository: str, revision: str) -> str | None:
        """Return the commit that a revision of a repository is."""
        branches = self.repositories.get(repository, {})
        return revision if revision in self.commits and branches else branches.get(revision)

    def files(self, repository: str, revision: str) -> dict[str, bytes]:
        """Return the files of a revision."""
        return self.commits.get(self.commit(repository, revision) or "", {})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    """Return a model hub that huggingface_hub takes for its own, with a token that may write."""
    pytest.importorskip("huggingface_hub", reason="hubs need the extra hub")
    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    thread = threading.Thread(target=server.serve_forever, name="auscult-test-hub")
    thread.start()
    yield server
    from huggingface_hub.utils import close_session

    close_session()
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def own_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder of installed bundles for this test; it does not exist yet."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_data_dir", lambda name, **rest: str(tmp_path / "data" / name))
    return tmp_path / "data" / "auscult" / "models"


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

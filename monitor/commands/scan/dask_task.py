"""A task of a scan on a Dask cluster: a batch of recordings judged in a worker process of the cluster.

A worker process takes the bundle out of the parcel once, checks that it is the scan's, and keeps it; each of its
threads has an engine of its own, with one thread. What is sent is JSON and bytes, and a refusal is an answer, so
another version of this program on the worker is told apart from a fault. Must not import Dask.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor._version import __version__
from monitor.archive.offline import with_one_engine
from monitor.archive.recordings import Recording
from monitor.commands.scan.worker import WorkerSetup, judged_by_worker
from monitor.errors import AuscultError, BundleError
from monitor.inference.bundle import Bundle, digest_of_settings, load_bundle

__all__ = ["Order", "judge_batch", "pack"]

Parcel = Mapping[str, bytes]
"""The files of a bundle, by name."""

_lock = threading.Lock()
_bundles: dict[tuple[str, str], Bundle] = {}
_thread = threading.local()


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What every task of a scan is told.

    Attributes
    ----------
    setup : WorkerSetup
    settings_sha256 : str
        Digest of the bundle's settings, which hold the digests of all of its files.
    version : str
        Of this program, as the scan runs it.
    """

    setup: WorkerSetup
    settings_sha256: str
    version: str = __version__

    def to_json(self) -> str:
        """Return it as text, in which no class of this version is named."""
        return json.dumps(dataclasses.asdict(self))


def pack(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of a bundle, to be sent: a worker needs no folder in common with the scan.

    Raises
    ------
    BundleError
        If one cannot be read.
    """
    try:
        return {name: (bundle.path / name).read_bytes() for name in ("bundle.json", *bundle.settings["sha256"])}
    except OSError as error:
        raise BundleError(
            f"{bundle.path} cannot be read: {error.strerror or error}", "check the folder of the bundle"
        ) from error


def judge_batch(recordings: str, order: str, parcel: Parcel) -> dict[str, Any]:
    """Return the lines of some recordings, in order, or why none can be judged here.

    Parameters
    ----------
    recordings : str
        JSON list with the attributes of a :class:`Recording` each.
    order : str
        See :meth:`Order.to_json`.
    parcel : mapping of str to bytes
        See :func:`pack`.

    Returns
    -------
    dict
        ``{"judged": [(lines, seconds, failed), ...]}``; ``{"unseen": path}`` where none of the files is there; or
        ``{"refused": reason}``.
    """
    asked = json.loads(order)
    if asked["version"] != __version__:
        return {"refused": f"has auscult {__version__}, and the scan is of {asked['version']}"}
    setup = WorkerSetup(**asked["setup"])
    try:
        bundle = _own_bundle(parcel, setup, asked["settings_sha256"])
    except AuscultError as error:
        return {"refused": f"cannot use the bundle: {error}"}
    batch = [Recording(**values) for values in json.loads(recordings)]
    local = [recording.path for recording in batch if recording.address is None]
    if local and not any(map(os.path.lexists, local)):
        return {"unseen": local[0]}
    return {"judged": [tuple(judged_by_worker(recording, bundle, setup, recording.path)) for recording in batch]}


def _own_bundle(parcel: Parcel, setup: WorkerSetup, settings_sha256: str) -> Bundle:
    """Return the bundle with the engine of this thread."""
    key = (setup.engine, settings_sha256)
    with _lock:
        if key not in _bundles:
            _bundles[key] = _unpacked(parcel, setup, settings_sha256)
        bundle = _bundles[key]
    if getattr(_thread, "key", None) != key:
        own = dataclasses.replace(bundle, engine=bundle.engine.copy())
        _thread.key, _thread.bundle = key, with_one_engine(own)
    mine: Bundle = _thread.bundle
    return mine


def _unpacked(parcel: Parcel, setup: WorkerSetup, settings_sha256: str) -> Bundle:
    """Return the bundle of a parcel, checked as any other, and that it is the one that the scan means."""
    with tempfile.TemporaryDirectory(prefix="auscult-bundle-") as folder:
        for name, content in parcel.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        bundle = load_bundle(Path(folder), engine=setup.engine)
    if (bundle.model_sha256, digest_of_settings(bundle.settings)) != (setup.model_sha256, settings_sha256):
        raise BundleError(f"{setup.model}: it is not the bundle of the scan (its sha256 differs)", "begin again")
    return dataclasses.replace(bundle, path=Path(setup.model))

"""Damaged and forged bundles: refused in one line, or loaded; nothing else, within limits of memory and time.

A damaged bundle has damaged bytes and so wrong digests; a forged one has right digests over changed settings, arrays
or the head of the network. The rest of ``model.tflite`` is left alone: LiteRT's parser is native code, and what it
makes of any bytes is not promised (SECURITY.md). ``model.keras`` is never there. Runs in a process with limits: see
:mod:`watch`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from mutations import mutate

from monitor.errors import BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, digest_of_settings, find_bundle, load_bundle, text_of_settings

__all__ = ["Forger", "run_one"]

FILES = ("bundle.json", "check.npz", "model.tflite", "model-int8.tflite", "segmentation.tflite", "CARD.md")
ENGINES = ("litert", "litert-int8")
VALUES: list[Any] = [None, True, -1, 0, 1, 2, 3, 1e308, 10**40, "", "\0", "../x", "/dev/zero", [], [[]], {}, 0.5, 4000]
TFLITE_HEAD = b"TFL3"
"""Identifier of the format, in bytes 4 to 7."""


class Forger:
    """Makes bundles in a folder.

    Parameters
    ----------
    folder : Path
        Written over.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        bundle = find_bundle(DEFAULT_BUNDLE)
        self._good = {name: (bundle / name).read_bytes() for name in FILES}

    def make(self, seed: int) -> str:
        """Write the bundle of a seed; return what is wrong with it."""
        rng = random.Random(seed)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        files = dict(self._good)
        kind = rng.choice(
            ["damaged", "damaged", "missing", "forged settings", "forged settings", "forged arrays", "forged head"]
        )
        if kind == "damaged":
            name = rng.choice(FILES)
            files[name] = mutate(files[name], files[rng.choice(FILES)], rng).content
        elif kind == "missing":
            del files[rng.choice(FILES)]
        else:
            if kind == "forged arrays":
                files["check.npz"] = mutate(files["check.npz"], files["CARD.md"], rng).content
            elif kind == "forged head":  # any bytes but the format's identifier: refused before they are parsed
                head = rng.choice([b"", rng.randbytes(8), bytes(8), files["model.tflite"][:4] + b"TFL2"])
                files["model.tflite"] = head + (files["model.tflite"][8:] if len(head) == 8 else b"")
            files["bundle.json"] = self._settings(files, rng, change=kind == "forged settings")
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        return kind

    def _settings(self, files: dict[str, bytes], rng: random.Random, *, change: bool) -> bytes:
        """Return ``bundle.json`` with every digest right."""
        settings = json.loads(files["bundle.json"])
        if change:
            for _ in range(rng.randint(1, 3)):
                _change(settings, rng)
        if isinstance(settings.get("sha256"), dict):
            settings["sha256"] |= {
                name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "bundle.json"
            }
            keep = set(FILES)
            settings["sha256"] = {name: digest for name, digest in settings["sha256"].items() if name in keep}
        settings["settings_sha256"] = digest_of_settings(settings)
        return text_of_settings(settings).encode()


def _change(value: Any, rng: random.Random) -> None:
    """Replace or remove a value somewhere inside."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = rng.choice(keys)
    if isinstance(value[key], dict | list) and rng.random() < 0.8:
        _change(value[key], rng)
    elif rng.random() < 0.15:
        del value[key]
    else:
        value[key] = copy.deepcopy(rng.choice(VALUES))  # or a later change would be inside it, and in later seeds


def run_one(forger: Forger, seed: int) -> dict[str, Any]:
    """Return the outcome of a seed as plain JSON values."""
    kind = forger.make(seed)
    faults = []
    try:
        bundle = load_bundle(forger.folder, engine=ENGINES[seed % len(ENGINES)])
        scores = np.array(list(bundle.scores(np.zeros(bundle.spec.shape, np.float32)).values()))
        result = "loaded"
        if not np.isfinite(scores).all() or abs(scores.sum() - 1.0) > 1e-6:
            faults.append(f"scores {scores.tolist()}")
        if kind == "missing":
            faults.append("a bundle without a file was loaded")
    except BundleError as error:
        result = "refused"
        if "\n" in str(error) or not error.next_step:
            faults.append(f"{error!s} is not one line with a next step")
    except Exception:  # noqa: BLE001  # what is looked for
        import traceback

        result, faults = "refused", [traceback.format_exc()]
    return {"input": "bundle", "kind": kind, "result": result, "untold": False, "faults": faults}

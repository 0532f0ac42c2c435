"""Files of a bundle are read with nothing trusted, and nothing that they hold is a traceback."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.errors import BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, load_bundle, text_of_settings
from monitor.inference.bundle_files import MB, parse_json, read_check, read_file
from monitor.inference.window_scorer import WindowScorer

SHAPE = (64, 64, 3)


def archive(**members: bytes) -> bytes:
    """Return a zip archive of arrays as they are given, deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """Return an array as a file of NumPy's."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_header(shape: tuple[int, ...]) -> bytes:
    """Return the header of an array of any size, without its values."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


TENSOR, SCORES = npy(np.ones(SHAPE, np.float32)), npy(np.array([0.5, 0.5]))


def test_a_check_is_read() -> None:
    """What NumPy wrote is what is read, compressed or not."""
    tensor, scores = np.random.default_rng(0).random(SHAPE, np.float32), np.array([0.25, 0.75])
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, tensor=tensor, scores=scores)
        read = read_check(buffer.getvalue(), SHAPE, 2)
        np.testing.assert_array_equal(read[0], tensor)
        np.testing.assert_array_equal(read[1], scores)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TENSOR, "not a zip file"),
        (archive(tensor=TENSOR), "must hold tensor, scores and perhaps scores_int8"),
        (
            archive(tensor=TENSOR, scores=SCORES, more=SCORES),
            "must hold tensor, scores and perhaps scores_int8",
        ),
        (archive(tensor=npy_header((2**20, 2**20)), scores=SCORES), "tensor of check.npz must be an array"),
        (archive(tensor=npy_header(SHAPE), scores=SCORES), "tensor of check.npz must be an array"),
        (archive(tensor=TENSOR + bytes(64 * MB), scores=SCORES), "tensor of check.npz must be an array"),
        (archive(tensor=TENSOR, scores=npy(np.array(["a", "b"]))), "scores of check.npz must be an array"),
        (archive(tensor=TENSOR, scores=npy(np.array([0.5, 0.3, 0.2]))), "scores of check.npz must be an array"),
        (archive(tensor=b"", scores=SCORES), "tensor of check.npz must be an array"),
        (archive(tensor=b"(" * 9000, scores=SCORES), "tensor of check.npz must be an array"),
    ],
)
def test_a_check_that_is_refused(content: bytes, words: str) -> None:
    """Another file, other arrays, more than there should be: refused, and no more than was expected is inflated."""
    with pytest.raises(ValueError, match=words):
        read_check(content, SHAPE, 2)


def test_the_scores_of_each_network() -> None:
    """The int8 network has expected scores of its own; an older check lacks them."""
    int8 = npy(np.array([0.25, 0.75]))
    both = archive(tensor=TENSOR, scores=SCORES, scores_int8=int8)
    assert read_check(both, SHAPE, 2)[1].tolist() == [0.5, 0.5]
    assert read_check(both, SHAPE, 2, "scores_int8")[1].tolist() == [0.25, 0.75]
    with pytest.raises(ValueError, match="holds no scores_int8"):
        read_check(archive(tensor=TENSOR, scores=SCORES), SHAPE, 2, "scores_int8")


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", "[1e999]", '{"a": -Infinity}', "1" * 5000, ""])
def test_json_that_is_refused(text: str) -> None:
    """Deep nesting, numbers that are not finite, and numbers of thousands of digits are refused."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_json(text)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes and no device files")
def test_what_is_no_regular_file(tmp_path: Path) -> None:
    """A FIFO does not hang, and a device or folder is not read, also by way of a link."""
    os.mkfifo(tmp_path / "CARD.md")
    (tmp_path / "check.npz").symlink_to("/dev/zero")
    for name in ("CARD.md", "check.npz"):
        with pytest.raises(ValueError, match="is not a regular file"):
            read_file(tmp_path, name)
    (tmp_path / "model.tflite").mkdir()
    with pytest.raises((OSError, ValueError)):
        read_file(tmp_path, "model.tflite")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """A file above its limit is refused before it is read; one at the limit is read."""
    for extra, name in ((0, "CARD.md"), (1, "check.npz")):
        with (tmp_path / name).open("wb") as file:
            file.truncate(MB + extra)
    assert len(read_file(tmp_path, "CARD.md")) == MB
    with pytest.raises(ValueError, match="is larger than 1 MB"):
        read_file(tmp_path, "check.npz")


WRONG = [None, True, -1, 0, 2, 1e308, -1e-308, 10**400, "", "\0", "../../etc/passwd", "/dev/zero", [], [[]], {}]
WRONG += [{"a": 1}, [1, 2, 3], ["a", "a"], 0.01, 0.1, 1.0, 3.0, 30.0, 8000, 48_000, "article"]


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    """Return a copy of the default bundle without what is only for people."""
    for name in ("model.tflite", "check.npz", "segmentation.tflite", "CARD.md", "bundle.json"):
        shutil.copy(find_bundle(DEFAULT_BUNDLE) / name, tmp_path / name)
    return tmp_path


def write_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write ``bundle.json`` with every digest right, as a forger would."""
    names = ("model.tflite", "check.npz", "segmentation.tflite", "CARD.md")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    if "sha256" in settings:
        settings["sha256"] = digests if isinstance(settings["sha256"], dict) else settings["sha256"]
    others = {key: value for key, value in settings.items() if key != "settings_sha256"}
    settings["settings_sha256"] = hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()
    (folder / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")


def change_somewhere(value: Any, rng: random.Random) -> None:
    """Replace or remove one value somewhere inside an object or a list."""
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.8:
        change_somewhere(value[key], rng)
    elif rng.random() < 0.15:
        del value[key]
    else:
        value[key] = rng.choice(WRONG)


@pytest.mark.slow
def test_any_settings_load_or_are_refused_in_one_line(forged: Path) -> None:
    """Of 300 forged bundles each is refused by a one-line BundleError, or gives probabilities; nothing else happens."""
    settings = json.loads((forged / "bundle.json").read_text(encoding="utf-8"))
    noise = np.random.default_rng(0).standard_normal(24_000).astype(np.float32)
    loaded, refusals = 0, []
    for seed in range(300):
        rng, changed = random.Random(seed), json.loads(json.dumps(settings))
        change_somewhere(changed[rng.choice(["spectrogram", "calibration", "gate"])] if seed % 2 else changed, rng)
        write_settings(forged, changed)
        try:
            bundle = load_bundle(forged)
        except BundleError as error:
            refusals.append(str(error))
            continue
        loaded += 1
        for window in WindowScorer(bundle, 4000).score_blocks([noise]):
            assert sum(window.scores.values()) == pytest.approx(1.0)
    assert 30 < loaded < 250
    assert not any("\n" in line for line in refusals)


@pytest.mark.slow
def test_any_bytes_of_the_check_are_read_or_refused(forged: Path) -> None:
    """Of 2000 damaged archives each is refused by a ValueError, or read whole."""
    content = (forged / "check.npz").read_bytes()
    for seed in range(2000):
        rng, damaged = random.Random(seed), bytearray(content)
        for _ in range(rng.randint(1, 8)):
            edge = rng.choice([0, len(damaged) - 300])
            damaged[edge + rng.randrange(300)] = rng.randrange(256)
        try:
            tensor, scores = read_check(
                bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])]), SHAPE, 3
            )
        except ValueError:
            continue
        assert (tensor.shape, scores.shape) == (SHAPE, (3,))

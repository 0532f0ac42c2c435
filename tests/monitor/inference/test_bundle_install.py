"""A bundle from elsewhere is installed whole or not at all, after every check, and never in the place of another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import AuscultError, BundleError
from monitor.inference.bundle import DEFAULT_BUNDLE, digest_of_settings, find_bundle, load_bundle, text_of_settings
from monitor.inference.bundle_install import install_bundle

Reader = Callable[[str], bytes]


@pytest.fixture
def contents(bundle_dir: Path) -> dict[str, bytes]:
    """Return the files of a bundle, for a test to change."""
    return {path.name: path.read_bytes() for path in bundle_dir.iterdir()}


def reader(contents: dict[str, bytes], asked: list[str] | None = None) -> Reader:
    """Return a function that gives files, and remembers which it was asked for."""

    def read(name: str) -> bytes:
        if asked is not None:
            asked.append(name)
        return contents[name]

    return read


def sign_again(contents: dict[str, bytes], **changes: Any) -> None:
    """Change settings and update all digests, as a forger would."""
    settings = json.loads(contents["bundle.json"]) | changes
    settings["sha256"] = {
        name: hashlib.sha256(contents[name]).hexdigest() if name in contents else digest
        for name, digest in settings["sha256"].items()
    }
    settings["settings_sha256"] = digest_of_settings(settings)
    contents["bundle.json"] = text_of_settings(settings).encode()


def refusal(contents: dict[str, bytes], own_models: Path, **options: Any) -> str:
    """Return the line that refuses a bundle, of which nothing is left."""
    before = sorted(own_models.rglob("*"))
    with pytest.raises(BundleError) as caught:
        install_bundle(reader(contents), "somewhere", **options)
    line = str(caught.value)
    assert line.startswith("somewhere: ")
    assert line.isprintable()
    assert ".install-" not in line, "the scratch folder is no business of the reader"
    assert caught.value.next_step
    assert sorted(own_models.rglob("*")) == before
    return line


def test_without_the_keras_network(contents: dict[str, bytes], own_models: Path) -> None:
    """It is not even asked for; everything else is as it was, and the bundle loads by name and says what it lacks."""
    asked: list[str] = []
    installed = install_bundle(reader(contents, asked), "somewhere")
    assert installed == (own_models / "lenient", True)
    assert "model.keras" not in asked
    assert [path.name for path in own_models.iterdir()] == ["lenient"]
    bundle = load_bundle("lenient")
    assert bundle.path == installed.folder
    assert set(bundle.settings["sha256"]) == set(contents) - {"bundle.json", "model.keras"}
    for name in bundle.settings["sha256"]:
        assert (installed.folder / name).read_bytes() == contents[name]
    with pytest.raises(BundleError, match="has no Keras network; use the engine litert, or install or pull"):
        load_bundle("lenient", engine="keras")


def test_with_the_keras_network(contents: dict[str, bytes], own_models: Path) -> None:
    """Asked for, it is there, and bundle.json is the same text."""
    folder, without_keras = install_bundle(reader(contents), "somewhere", with_keras=True)
    assert not without_keras
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents
    assert own_models in folder.parents


def test_another_name(contents: dict[str, bytes], own_models: Path) -> None:
    """The folder and bundle.json have it, so every output does."""
    folder, _ = install_bundle(reader(contents), "somewhere", name="children")
    assert folder == own_models / "children"
    assert load_bundle("children").name == "children"


@pytest.mark.parametrize("name", [DEFAULT_BUNDLE, "Heart-Sounds"])
def test_the_default_bundle_is_never_hidden(contents: dict[str, bytes], own_models: Path, name: str) -> None:
    """Neither by the bundle's own name nor by one that is given, not even with --force."""
    sign_again(contents, name=name)
    line = refusal(contents, own_models, replace=True)
    assert line.endswith("is the name of a bundle that came with auscult, which stays; choose another name with --as")
    refusal(contents, own_models, name=name)
    assert own_models not in find_bundle(DEFAULT_BUNDLE).parents


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "nul"])
def test_a_name_that_leads_elsewhere(contents: dict[str, bytes], own_models: Path, name: str) -> None:
    """It is no folder among the bundles, and is refused."""
    assert "choose another name with --as" in refusal(contents, own_models, name=name)


def test_an_installed_one_stays_unless_asked(contents: dict[str, bytes], own_models: Path) -> None:
    """A bundle of the same name is replaced only when that is said, and then whole."""
    folder, _ = install_bundle(reader(contents), "somewhere", with_keras=True)
    assert "a bundle lenient is installed already; choose another name" in refusal(contents, own_models)
    install_bundle(reader(contents), "somewhere", replace=True)
    assert not (folder / "model.keras").exists()
    assert [path.name for path in own_models.iterdir()] == ["lenient"]


@pytest.mark.parametrize("name", ["CARD.md", "check.npz", "model-int8.tflite", "model.tflite"])
def test_a_damaged_file(contents: dict[str, bytes], own_models: Path, name: str) -> None:
    """The digest tells; whoever sent it is asked again."""
    contents[name] = contents[name][:-1] + b"?"
    assert refusal(contents, own_models).endswith(
        f"{name} is damaged (its digest does not match); ask for the bundle again"
    )


def test_networks_that_give_other_scores(contents: dict[str, bytes], own_models: Path) -> None:
    """A forger's digests are right: the self-check of each network tells."""
    forged = contents | {"model-int8.tflite": contents["model.tflite"]}
    sign_again(forged)
    assert "the self-check failed" in refusal(forged, own_models)
    forged = contents | {"model.tflite": contents["model-int8.tflite"]}
    sign_again(forged)
    assert "the self-check failed" in refusal(forged, own_models)


def test_files_that_are_none_of_a_bundle(contents: dict[str, bytes], own_models: Path) -> None:
    """They are not asked for, and nothing is written."""
    settings = json.loads(contents["bundle.json"])
    for name in ("../evil", "/etc/passwd", "run.py"):
        forged = dict(contents)
        sign_again(forged, sha256={**settings["sha256"], name: "0"})
        asked: list[str] = []
        with pytest.raises(BundleError, match="names files that are none of a bundle"):
            install_bundle(reader(forged, asked), "somewhere")
        assert asked == ["bundle.json"]


def test_no_files_named(contents: dict[str, bytes], own_models: Path) -> None:
    """A bundle.json without its list of files is refused."""
    settings = json.loads(contents["bundle.json"]) | {"sha256": ["model.tflite"]}
    settings["settings_sha256"] = digest_of_settings(settings)
    contents["bundle.json"] = text_of_settings(settings).encode()
    assert "none of a bundle" in refusal(contents, own_models)


def test_a_file_that_is_too_large(contents: dict[str, bytes], own_models: Path) -> None:
    """Whatever gives it, no more than the limit of its name is kept."""
    contents["CARD.md"] = bytes((1 << 20) + 1)
    assert "CARD.md is larger than the format allows" in refusal(contents, own_models)


def test_a_failure_while_it_moves(
    contents: dict[str, bytes], own_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, and the bundle that was there before is still there."""
    install_bundle(reader(contents), "somewhere", with_keras=True)
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(source).name == "bundle":
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(AuscultError, match="cannot be written"):
        install_bundle(reader(contents), "somewhere", replace=True)
    assert [path.name for path in own_models.iterdir()] == ["lenient"]
    assert (own_models / "lenient" / "model.keras").exists()


def test_a_folder_that_cannot_be_made(contents: dict[str, bytes], own_models: Path) -> None:
    """One line names it."""
    own_models.parent.parent.mkdir(parents=True)
    own_models.parent.write_text("no folder")
    with pytest.raises(AuscultError, match="cannot be written"):
        install_bundle(reader(contents), "somewhere")

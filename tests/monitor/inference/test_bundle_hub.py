"""Bundles go to a model hub and come back; what a hub gives is checked as every bundle from elsewhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import AuscultError, BundleError, MissingExtraError
from monitor.inference.bundle import load_bundle, read_settings
from monitor.inference.bundle_hub import HubAddress, parse_address, pull_bundle, push_bundle

HEARTS = HubAddress("clinic/hearts")


@pytest.mark.parametrize(
    "text", ["hf://a/b", "hf://clinic/hearts-2@v1.0", "hf://a.b/c_d@refs/pr/1", f"hf://a/b@{'0' * 40}"]
)
def test_addresses(text: str) -> None:
    """An owner, a name and perhaps a revision; the address is written as it was typed."""
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "clinic/hearts", "hf://hearts", "hf://a/b/c", "hf://a/b@", "hf:/a/b", "https://hub/a/b", "hf://a/b@x y"),
        *("hf://a/..", "hf://../b", "hf://a/b@../x", "hf://a/b@-x", "hf://a/b\n", "HF://a/b", f"hf://{'a' * 97}/b"),
    ],
)
def test_no_addresses(text: str) -> None:
    """Anything else is refused in one line."""
    with pytest.raises(ValueError, match="must be hf://owner/name") as caught:
        parse_address(text)
    assert str(caught.value).isprintable()


def test_there_and_back(hub: Any, bundle_dir: Path, own_models: Path) -> None:
    """Pushed and pulled, the bundle is the same but for model.keras, which is not even downloaded."""
    pushed = push_bundle(bundle_dir, HEARTS)
    files = hub.files("clinic/hearts", "main")
    names = {"bundle.json", *read_settings(bundle_dir)["sha256"]}
    assert files == {name: (bundle_dir / name).read_bytes() for name in names} | {"README.md": files["CARD.md"]}
    installed, pinned = pull_bundle(HEARTS)
    assert pinned == pushed == HubAddress("clinic/hearts", hub.commit("clinic/hearts", "main"))
    assert installed == (own_models / "lenient", True)
    assert set(hub.asked) == names - {"model.keras"}
    assert load_bundle("lenient").model_sha256 == load_bundle(bundle_dir).model_sha256


def test_everything(hub: Any, bundle_dir: Path, own_models: Path) -> None:
    """Asked for, model.keras comes too, and the name is the one that is given."""
    push_bundle(bundle_dir, HEARTS)
    (folder, without_keras), _ = pull_bundle(HEARTS, name="theirs", with_keras=True)
    assert not without_keras
    assert folder == own_models / "theirs"
    assert (folder / "model.keras").read_bytes() == (bundle_dir / "model.keras").read_bytes()


def test_a_revision(hub: Any, bundle_dir: Path, tmp_path: Path, own_models: Path) -> None:
    """A branch is made where there is none, and the default branch stays as it was; a commit can be pulled later."""
    first = push_bundle(bundle_dir, HEARTS)
    push_bundle(bundle_dir, HubAddress("clinic/hearts", "v2"))
    assert hub.commit("clinic/hearts", "main") == first.revision
    assert hub.commit("clinic/hearts", "v2") != first.revision
    assert pull_bundle(first)[1] == first
    assert pull_bundle(HubAddress("clinic/hearts", "v2"), replace=True)[1].revision == hub.commit("clinic/hearts", "v2")


def test_a_new_repository_is_private(hub: Any, bundle_dir: Path) -> None:
    """Unless it is to be public."""
    push_bundle(bundle_dir, HEARTS)
    push_bundle(bundle_dir, HubAddress("clinic/open"), public=True)
    assert [asked.get("visibility") for asked in hub.created] in (["private", "public"], ["private", None])


def test_the_head_of_the_card_is_one_for_a_hub(hub: Any) -> None:
    """The card of the default bundle goes to the hub with its head, and huggingface_hub reads it."""
    import huggingface_hub

    push_bundle(load_bundle().path, HEARTS)
    data = huggingface_hub.ModelCard(hub.cards[0]).data
    assert data.license == "mit"
    assert data.pipeline_tag == "audio-classification"
    assert "heart-sounds" in data.tags


def test_a_damaged_bundle_is_not_pushed(hub: Any, bundle_dir: Path, tmp_path: Path) -> None:
    """It is loaded before anything is sent."""
    copy = Path(shutil.copytree(bundle_dir, tmp_path / "copy"))
    (copy / "model.tflite").write_bytes(b"")
    with pytest.raises(BundleError, match=r"model\.tflite is damaged"):
        push_bundle(copy, HEARTS)
    assert hub.created == []


@pytest.mark.parametrize("name", ["CARD.md", "model.tflite"])
def test_a_file_that_was_changed_on_the_hub(hub: Any, bundle_dir: Path, own_models: Path, name: str) -> None:
    """Its digest tells, and nothing is installed."""
    push_bundle(bundle_dir, HEARTS)
    hub.files("clinic/hearts", "main")[name] += b"?"
    with pytest.raises(BundleError, match=rf"hf://clinic/hearts: {name} is damaged .*; ask for the bundle again"):
        pull_bundle(HEARTS)
    assert list(own_models.iterdir()) == []


def test_a_file_that_is_too_large(hub: Any, bundle_dir: Path, own_models: Path) -> None:
    """No more than the limit is read."""
    push_bundle(bundle_dir, HEARTS)
    hub.files("clinic/hearts", "main")["bundle.json"] = bytes(8 << 20)
    with pytest.raises(BundleError, match=r"bundle\.json is larger than the format allows"):
        pull_bundle(HEARTS)


def test_no_bundle(hub: Any, own_models: Path) -> None:
    """A repository without a bundle, none at all, and a revision that is not there: one line each."""
    hub.repositories["clinic/empty"] = {"main": hub.new_commit({"README.md": b""})}
    for address, words in (
        (HubAddress("clinic/empty"), "cannot read bundle.json of it"),
        (HubAddress("clinic/absent"), "cannot pull it"),
        (HubAddress("clinic/empty", "v9"), "cannot pull it"),
    ):
        with pytest.raises(AuscultError, match=words) as caught:
            pull_bundle(address)
        assert str(caught.value).startswith(f"{address}: ")
        assert str(caught.value).isprintable()
        assert "404" in str(caught.value) or "no such file" in str(caught.value)


def test_without_the_right_to_write(hub: Any, bundle_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub refuses, and the line says how to sign in."""
    monkeypatch.setenv("HF_TOKEN", "other")
    with pytest.raises(AuscultError, match=r"the hub answers 401.*hf auth login"):
        push_bundle(bundle_dir, HEARTS)


def test_a_hub_that_does_not_answer(hub: Any, own_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names the connection."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(AuscultError, match=r"hf://clinic/hearts: cannot pull it .*check the connection"):
        pull_bundle(HEARTS)


def test_without_the_extra(bundle_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names what to install."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"auscult models pull needs .*\[hub\]"):
        pull_bundle(HEARTS)
    with pytest.raises(MissingExtraError, match=r"auscult models push needs .*\[hub\]"):
        push_bundle(bundle_dir, HEARTS)

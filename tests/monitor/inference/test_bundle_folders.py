"""Bundles have their folders and sensible names, and take their place whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.errors import DISTRIBUTION
from monitor.inference import bundle as bundle_module
from monitor.inference.bundle import DEFAULT_BUNDLE
from monitor.inference.bundle_folders import bundles_folder, check_name, move_into_place, own_bundles


@pytest.mark.parametrize("name", ["a", "heart-sounds", "v1.2_x", "A" * 64, "console", "com"])
def test_names(name: str) -> None:
    """Letters, digits, dots, - and _ are a folder on every system."""
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "../a",
        "/a",
        "a ",
        "a.",
        "ä",
        "a\n",
        "A" * 65,
        "-x",
        "con",
        "LPT1.v2",
        "C:",
    ],
)
def test_no_names(name: str) -> None:
    """What leads elsewhere, is hidden, or is a device of Windows is refused in one line."""
    with pytest.raises(ValueError, match="must be 1 to 64 letters") as caught:
        check_name(name)
    assert str(caught.value).isprintable()


def test_the_folder_of_a_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is the folder that the system has for a program's data."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_data_dir", lambda name, **rest: str(tmp_path / name))
    assert own_bundles() == tmp_path / "auscult" / "models"


class TestMoveIntoPlace:
    """A folder takes the place of another in one step."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Return a folder beside an older one."""
        for name, text in (("scratch/new", "new"), ("place", "old")):
            (tmp_path / name).mkdir(parents=True)
            (tmp_path / name / "file").write_text(text)
        return tmp_path / "scratch" / "new"

    def test_the_old_one_is_replaced(self, folder: Path, tmp_path: Path) -> None:
        """Nothing of it is left."""
        move_into_place(folder, tmp_path / "place")
        assert (tmp_path / "place" / "file").read_text() == "new"
        assert list((tmp_path / "scratch").iterdir()) == []

    def test_the_old_one_is_put_back(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the new one cannot be moved."""
        real = os.replace

        def replace(source: Path, target: Path) -> None:
            if source == folder:
                raise OSError("scripted failure")
            real(source, target)

        monkeypatch.setattr(os, "replace", replace)
        with pytest.raises(OSError, match="scripted failure"):
            move_into_place(folder, tmp_path / "place")
        assert (tmp_path / "place" / "file").read_text() == "old"


class TestBundlesFolder:
    """The bundles of a checkout are those in ``models/``, those of an installation lie inside the package."""

    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        """Return the folder of a package ``monitor`` in an empty folder."""
        package = tmp_path / "monitor"
        package.mkdir()
        return package

    def test_a_checkout(self, package: Path) -> None:
        """Beside our own pyproject.toml it is ``models/``, also if the package has a copy: a copy may be stale."""
        (package.parent / "pyproject.toml").write_text(f'[project]\nname = "{DISTRIBUTION}"\n', encoding="utf-8")
        (package / "bundles").mkdir()
        assert bundles_folder(package) == package.parent / "models"

    def test_an_installation(self, package: Path) -> None:
        """Without a pyproject.toml it is the folder inside the package, also with a folder ``models`` beside it."""
        (package.parent / "models").mkdir()
        assert bundles_folder(package) == package / "bundles"

    @pytest.mark.parametrize(
        "content", [b"", b'[project]\nname = "other"\n', b'# auscult-monitor\nname = "auscult"', b"\xff\xfe\x00"]
    )
    def test_the_folder_of_another_project(self, package: Path, content: bytes) -> None:
        """Installed beside the pyproject.toml of another project, it is the folder inside the package."""
        (package.parent / "pyproject.toml").write_bytes(content)
        assert bundles_folder(package) == package / "bundles"

    def test_this_checkout(self) -> None:
        """The tests run on the bundles of the checkout or of the installed package, whichever this is."""
        assert (bundle_module.INSTALLED / DEFAULT_BUNDLE / "bundle.json").is_file()

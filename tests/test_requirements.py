"""What is installed: the file with hashes, the tested versions and the lower bounds belong together."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HASHED = (ROOT / "requirements-runtime.txt").read_text(encoding="utf-8")
PLATFORMS = tuple(
    {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", "sys_platform": system, "extra": ""}
    | {"platform_system": name, "platform_python_implementation": "CPython", "implementation_name": "cpython"}
    for minor in (11, 12, 13, 14)
    for system, name in (("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows"))
)


def read_hashed(text: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Return the requirement and the options of each entry, by canonical name."""
    entries = [line.split() for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    found = {}
    for words in entries:
        options = [word for word in words if word.startswith("-")]
        requirement = Requirement(" ".join(word for word in words if not word.startswith("-")))
        found[canonicalize_name(requirement.name)] = (requirement, options)
    return found


def read_constraints() -> dict[str, Version]:
    """Return the versions of constraints.txt by canonical name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def needed_names() -> set[str]:
    """Return what an install without extras needs on any supported platform, from the metadata of what is installed."""
    waiting = list(map(Requirement, PROJECT["dependencies"]))
    names: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in names or (marker and not any(marker.evaluate(platform) for platform in PLATFORMS)):
            continue
        names.add(name)
        try:
            waiting += map(Requirement, metadata.requires(name) or [])
        except metadata.PackageNotFoundError:  # needed on another platform only
            continue
    return names


def test_the_hashed_file_has_what_an_install_without_extras_needs() -> None:
    """Every dependency of the dependencies, on all platforms, and nothing else."""
    assert set(read_hashed(HASHED)) == needed_names()


def test_the_hashed_versions_are_the_tested_ones() -> None:
    """Each version is exact and that of constraints.txt."""
    tested = read_constraints()
    for name, (requirement, _) in read_hashed(HASHED).items():
        assert str(requirement.specifier) == f"=={tested[name]}"


def test_each_entry_has_digests_and_no_other_option() -> None:
    """SHA-256 digests alone, at least one each; no entry or comment names a package index."""
    for name, (_, options) in read_hashed(HASHED).items():
        assert options, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), name
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted", HASHED)


@pytest.mark.parametrize("extra", [None, *PROJECT["optional-dependencies"]])
def test_tested_versions_are_allowed(extra: str | None) -> None:
    """Each version of constraints.txt satisfies the bounds of pyproject.toml, and each dependency has a lower bound."""
    tested = read_constraints()
    for line in PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if name == canonicalize_name(PROJECT["name"]):
            continue
        assert any(bound.operator == ">=" for bound in requirement.specifier), line
        if name in tested:  # tensorflow stands in for tensorflow-cpu on other platforms
            assert requirement.specifier.contains(tested[name]), line


@pytest.mark.parametrize(("package", "unfit"), [("soxr", "1.0.0"), ("soundfile", "0.12.1")])
def test_versions_that_do_not_work_are_excluded(package: str, unfit: str) -> None:
    """Before 1.1 soxr has no stream of variable rate; soundfile 0.12 cannot tell how long a cut Ogg is."""
    requirement = next(line for line in map(Requirement, PROJECT["dependencies"]) if line.name == package)
    assert not requirement.specifier.contains(unfit)


def test_no_keras_with_a_known_way_out_of_its_safe_mode() -> None:
    """The extra `train` excludes versions that run code from a crafted .keras file: SECURITY.md lists them."""
    keras = next(Requirement(line) for line in PROJECT["optional-dependencies"]["train"] if line.startswith("keras"))
    for vulnerable in ("3.8.0", "3.10.0", "3.11.2", "3.12.0", "3.13.1", "3.14.0", "3.14.1", "3.15.0"):
        assert not keras.specifier.contains(vulnerable)

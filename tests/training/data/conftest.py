"""Fixtures for readers of data sets, which go by file names alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.monitor.archive.conftest import session_writer, window_maker  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def touch() -> Callable[..., Path]:
    """Return the function that makes empty files below a folder, and returns the folder."""

    def make(folder: Path, *names: str) -> Path:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        return folder

    return make

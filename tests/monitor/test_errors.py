"""Errors that a person meets: one tree, one line each."""

from __future__ import annotations

import pytest

from monitor import errors
from monitor.errors import AuscultError

ERRORS = [name for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("name", ERRORS)
def test_one_tree(name: str) -> None:
    """Every error of ours is an AuscultError and ends a command with exit code 1, or as an interrupted one."""
    kind = getattr(errors, name)
    assert issubclass(kind, AuscultError)
    assert kind("it failed", "do this").exit_code == (130 if name == "EndedError" else 1)


@pytest.mark.parametrize("name", ERRORS)
def test_drawn_in_the_docstring(name: str) -> None:
    """The tree in the module's docstring shows every error."""
    assert name in (errors.__doc__ or "")


def test_the_line_has_what_failed_and_what_to_do() -> None:
    """The message comes first, then the next step; both can be had alone."""
    error = AuscultError("a.wav: cannot be read", "check the file")
    assert str(error) == "a.wav: cannot be read; check the file"
    assert (error.message, error.next_step) == ("a.wav: cannot be read", "check the file")


def test_no_next_step_no_semicolon() -> None:
    """Where there is nothing to add, the line is the message alone."""
    assert str(AuscultError("it failed")) == "it failed"

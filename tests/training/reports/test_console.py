"""A report is laid out as for standard output, and printed in one piece."""

from __future__ import annotations

import io

import pytest

from training.reports.console import report_console


def test_a_report_is_printed_when_it_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing before, everything after; no colours where there is no terminal."""
    with report_console(width=20) as console:
        console.print("first", style="bold")
        assert capsys.readouterr().out == ""
        console.print("second")
    assert capsys.readouterr().out == "first\nsecond\n"


def test_an_error_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Half a report is none."""
    with pytest.raises(ZeroDivisionError), report_console() as console:
        console.print("first")
        raise ZeroDivisionError
    assert capsys.readouterr().out == ""


def test_rules_are_those_of_the_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output without box characters gets none."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    with report_console(width=20) as console:
        console.rule("x")
    assert b"-- x --" in stream.buffer.getvalue()  # type: ignore[attr-defined]

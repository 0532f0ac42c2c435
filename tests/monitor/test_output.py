"""Text from elsewhere never reaches a terminal raw."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.output import accept_any_text, printable, printable_lines, put, say

LINES = ["a\nb", "\u2028", "\r", "\t"]
ODD = [*LINES, "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x7f", "\u202egpj.wav", "\u2066", "\u200f", "\udcff", "\x00"]
"""Line breaks, CSI, OSC, C1 and bidirectional controls, an invalid byte."""


@pytest.mark.parametrize("text", ODD)
def test_control_characters_are_escaped(text: str) -> None:
    """What moves the cursor, sets a title or turns a line is shown as an escape, which ASCII can hold."""
    shown = printable(text)
    assert shown.isprintable()
    assert shown.isascii()
    assert "\\" in shown


@pytest.mark.parametrize("text", ["ward 3/heart sound \u00fc.wav", "\u5fc3\u97f3", "\u05dc\u05d1", "", "C:\\x1b"])
def test_ordinary_text_is_unchanged(text: str) -> None:
    """Spaces, backslashes and letters of any language are printed as they are."""
    assert printable(text) == text


@given(st.text())
def test_any_text_is_one_printable_line_and_stays_so(text: str) -> None:
    """Nothing unprintable is left, and a second call changes nothing."""
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


@given(st.text())
def test_of_several_lines_only_the_line_feeds_stay(text: str) -> None:
    """Each line is printable, and there are as many as before."""
    lines = printable_lines(text).split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines) == text.count("\n") + 1


@pytest.mark.parametrize("text", ODD)
def test_what_is_printed_is_printable(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output keeps line feeds; standard error gets one line."""
    put(f"card\n{text}")
    say(f"auscult: {text}")
    captured = capsys.readouterr()
    assert all(line.isprintable() for line in captured.out.removesuffix("\n").split("\n"))
    assert captured.err.removesuffix("\n").isprintable()


@pytest.mark.parametrize("text", ODD)
def test_json_is_printed_unchanged(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader gets the very text."""
    put(json.dumps({"name": text}))
    assert json.loads(capsys.readouterr().out)["name"] == text


def test_any_letter_is_printed_on_any_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that the encoding does not have is an escape, on both streams."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2)]
    monkeypatch.setattr("sys.stdout", streams[0])
    monkeypatch.setattr("sys.stderr", streams[1])
    accept_any_text()
    put("caf\u00e9 \u5fc3")
    say("caf\u00e9 \u5fc3")
    assert [stream.buffer.getvalue() for stream in streams] == [rb"caf\xe9 \u5fc3" + b"\n"] * 2  # type: ignore[attr-defined]

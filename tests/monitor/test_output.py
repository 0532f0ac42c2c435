"""Text from elsewhere never reaches a terminal raw."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import monitor.output as output
from monitor.errors import OutputError
from monitor.output import (
    accept_any_text,
    draw,
    ending,
    printable,
    printable_lines,
    put,
    report_console,
    say,
    watch_for_end,
)

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


@pytest.mark.skipif(os.name != "posix", reason="pipes can be polled on POSIX systems alone")
class TestAReaderThatDoesNotRead:
    """Once the program is to end, no output waits for long."""

    @pytest.fixture
    def blocked(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.TextIOWrapper]:
        """Return a stream into a full pipe; waiting takes no time."""
        monkeypatch.setattr(output, "POLL_S", 0.0)
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(writing, b"x" * 512)
        with os.fdopen(writing, "w", encoding="ascii") as stream:
            yield stream
            watch_for_end(bool)
        os.close(reading)

    def test_every_output_gives_up(self, blocked: io.TextIOWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
        """Standard output says so, standard error and the terminal have nobody to tell."""
        calls: list[bool] = []

        def requested() -> bool:
            calls.append(len(calls) > 2)
            return calls[-1]

        watch_for_end(requested)
        monkeypatch.setattr(sys, "stdout", blocked)
        with pytest.raises(OutputError, match="no program reads it"):
            put("line")
        assert len(calls) == 3 + output.GRACE_POLLS + 1
        assert ending()
        draw(blocked, "a screen")

    def test_the_time_is_for_all_outputs_together(self, blocked: io.TextIOWrapper) -> None:
        """The second line that nobody reads is not waited for at all; a new program begins with all the time."""
        calls: list[int] = []

        def requested() -> bool:
            calls.append(1)
            return True

        watch_for_end(requested)
        draw(blocked, "a")
        before = len(calls)
        draw(blocked, "b")
        assert len(calls) - before < before
        watch_for_end(requested)
        calls.clear()
        draw(blocked, "c")
        assert len(calls) == before

    def test_a_terminal_that_fails_is_an_error_while_the_program_runs(self) -> None:
        """One line says so, instead of a traceback."""
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as stream, pytest.raises(BrokenPipeError):
            draw(stream, "a screen")
        with open(os.devnull, encoding="ascii") as stream, pytest.raises(OutputError, match="the terminal cannot be"):
            draw(stream, "a screen")


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

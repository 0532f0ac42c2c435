"""Keys are read one by one, and the terminal is restored."""

from __future__ import annotations

import os
import signal

import pytest

from monitor.dashboard.keyboard import Keyboard


class TypedTerminal:
    """A terminal whose input a test sets."""

    def __init__(self, works=True):
        self.typed = ""
        self.works = works
        self.calls = []

    def acquire(self):
        """Record the call."""
        self.calls.append("acquire")
        return self.works

    def release(self):
        """Record the call."""
        self.calls.append("release")

    def text(self):
        """Return the input once."""
        typed, self.typed = self.typed, ""
        return typed

    def wait(self, seconds):
        """Go on at once."""

    bits_per_second = None


def test_keys_are_returned_once():
    """Only the keys since the last call are returned."""
    terminal = TypedTerminal()
    with Keyboard(terminal) as keyboard:
        assert keyboard.works
        terminal.typed = "ms"
        assert keyboard.pressed() == ["m", "s"]
        assert keyboard.pressed() == []
    assert terminal.calls == ["acquire", "release"]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_sequence_that_comes_in_parts_is_one_key(cut):
    """However the terminal cuts its input, no part of an arrow is taken for Escape or for another key."""
    text, terminal = "a\x1b[C\x1bOAé", TypedTerminal()
    with Keyboard(terminal) as keyboard:
        terminal.typed = text[:cut]
        keys = keyboard.pressed()
        terminal.typed = text[cut:]
        assert [*keys, *keyboard.pressed()] == ["a", "right", "up", "é"]


LATE = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


@pytest.mark.parametrize("cut", range(6, len(LATE)))
def test_an_answer_that_comes_late_is_no_key(cut):
    """However it is cut and however long its rest takes, nothing of it is a key; keys around it are."""
    terminal = TypedTerminal()
    with Keyboard(terminal) as keyboard:
        terminal.typed = "m" + LATE[:cut]
        assert keyboard.pressed() == ["m"]
        assert keyboard.pressed() == []
        terminal.typed = LATE[cut:] + "s"
        assert keyboard.pressed() == ["s"]


def test_what_was_typed_while_the_terminal_was_asked_comes_next():
    """Keys that are given back are first; a sequence may go on in the next input."""
    terminal = TypedTerminal()
    with Keyboard(terminal) as keyboard:
        terminal.typed = "answer"
        assert keyboard.ask(lambda: None, lambda text: text.endswith("answer"), 1.0) == "answer"
        keyboard.unread("q\x1b")
        terminal.typed = "[C"
        assert keyboard.pressed() == ["q", "right"]
        assert keyboard.pressed() == []


def test_a_question_without_an_answer_ends():
    """After the timeout what came is returned."""
    terminal = TypedTerminal()
    with Keyboard(terminal) as keyboard:
        terminal.typed = "q"
        assert keyboard.ask(lambda: None, lambda text: False, 0.0) == ""
        assert keyboard.pressed() == ["q"]
    assert keyboard.ask(lambda: pytest.fail("asked"), lambda text: True, 1.0) == ""


@pytest.mark.parametrize(("speed", "slow"), [(None, False), (9600, True), (38400, False), (115200, False)])
def test_a_slow_line_is_known(speed, slow):
    """Below 38400 bits a second, which is what a terminal that is no serial line says."""
    terminal = TypedTerminal()
    terminal.bits_per_second = speed
    assert Keyboard(terminal).is_slow_line is slow


def test_escape_is_known_a_look_later():
    """It may be the beginning of an arrow until nothing follows it."""
    terminal = TypedTerminal()
    with Keyboard(terminal) as keyboard:
        terminal.typed = "m\x1b"
        assert keyboard.pressed() == ["m"]
        assert keyboard.pressed() == ["escape"]
        assert keyboard.pressed() == []


def test_without_a_terminal_there_are_no_keys():
    """Nothing is read where there is no terminal."""
    terminal = TypedTerminal(works=False)
    with Keyboard(terminal) as keyboard:
        terminal.typed = "q"
        assert not keyboard.works
        assert keyboard.pressed() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_the_terminal_is_restored_after_every_exception(error):
    """Whatever ends the block, the terminal is restored."""
    terminal = TypedTerminal()
    with pytest.raises(error), Keyboard(terminal):
        raise error
    assert terminal.calls[-1] == "release"


@pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="Windows has no Ctrl+Z of this kind")
def test_a_suspension_sets_a_flag():
    """Ctrl+Z and continuing set flags; the previous signal handlers are restored at the end."""
    before = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
    with Keyboard(TypedTerminal()) as keyboard:
        os.kill(os.getpid(), signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGCONT)
        assert (keyboard.suspending, keyboard.resumed) == (True, True)
        keyboard.resume()
        assert not keyboard.resumed
    assert (signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)) == before


def test_standard_input_that_is_a_pipe_gives_no_keys(monkeypatch):
    """Sound on standard input is not read as keys, and a closed standard input is no error."""
    read, write = os.pipe()
    with os.fdopen(read) as pipe, os.fdopen(write, "w") as other:
        monkeypatch.setattr("sys.stdin", pipe)
        with Keyboard() as keyboard:
            assert not keyboard.works
        other.write("q")
    with Keyboard() as keyboard:
        assert not keyboard.works
    monkeypatch.setattr("sys.stdin", None)
    with Keyboard() as keyboard:
        assert not keyboard.works

"""Keys are read one by one, and the terminal is restored."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.keyboard import SEQUENCES, Keyboard, parse_keys


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


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("q", ["q"]),
        (" m+", [" ", "m", "+"]),
        ("\x1b[C\x1b[D", ["right", "left"]),
        ("\x1bOC\x1bOD", ["right", "left"]),
        ("a\x1b[Ab\x1b[5~c\x1b[1;5Cd", ["a", "up", "b", "pageup", "c", "d"]),
        ("\x1b[H\x1b[1~\x1bOH\x1b[F\x1b[4~\x1b[3~", ["home", "home", "home", "end", "end", "delete"]),
        ("\x1b[B\x1b[6~\x1b[1;2C\x1b[1;2D", ["down", "pagedown", "shift-right", "shift-left"]),
        ("a\x1b[15~b\x1b[2~c", ["a", "b", "c"]),
        ("\x1b", ["escape"]),
        ("\x1bq", []),
        ("\x1b[", []),
        ("\x1bO", []),
    ],
)
def test_parse_keys(text, keys):
    """Arrows in both modes, page keys and their neighbours are keys; other sequences and Alt are dropped."""
    assert parse_keys(text) == keys


@given(st.text(alphabet=st.sampled_from("\x1b[O;~ACDq ?1"), max_size=30))
def test_any_input_gives_keys(text):
    """Any input gives single characters or names of keys."""
    names = {*SEQUENCES.values(), "escape"}
    assert all(len(key) == 1 or key in names for key in parse_keys(text))


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

"""Keys come one by one, and the terminal is given back as it was."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dashboard.keyboard import Keyboard, keys_of


class TypedTerminal:
    """A terminal on which a test types."""

    def __init__(self, works=True):
        self.typed = ""
        self.works = works
        self.calls = []

    def take(self):
        """Note it."""
        self.calls.append("take")
        return self.works

    def give_back(self):
        """Note it."""
        self.calls.append("give back")

    def text(self):
        """Return what the test typed."""
        typed, self.typed = self.typed, ""
        return typed


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("q", ["q"]),
        (" m+", [" ", "m", "+"]),
        ("\x1b[C\x1b[D", ["right", "left"]),
        ("\x1bOC\x1bOD", ["right", "left"]),
        ("a\x1b[Ab\x1b[5~c\x1b[1;5Cd", ["a", "b", "c", "d"]),
        ("\x1b", []),
        ("\x1bq", []),
        ("\x1b[", []),
        ("\x1bO", []),
    ],
)
def test_what_a_terminal_sends(text, keys):
    """Arrows in both modes are keys; other sequences and Alt are none."""
    assert keys_of(text) == keys


@given(st.text(alphabet=st.sampled_from("\x1b[O;~ACDq ?1"), max_size=30))
def test_nothing_that_is_typed_breaks_it(text):
    """Any bytes give keys of one character, or arrows."""
    assert all(len(key) == 1 or key in ("left", "right") for key in keys_of(text))


def test_keys_are_given_once():
    """What was pressed since the last look."""
    terminal = TypedTerminal()
    with Keyboard(terminal) as keyboard:
        assert keyboard.works
        terminal.typed = "ms"
        assert keyboard.pressed() == ["m", "s"]
        assert keyboard.pressed() == []
    assert terminal.calls == ["take", "give back"]


def test_without_a_terminal_there_are_none():
    """Nothing is read from what gives no keys."""
    terminal = TypedTerminal(works=False)
    with Keyboard(terminal) as keyboard:
        terminal.typed = "q"
        assert not keyboard.works
        assert keyboard.pressed() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_the_terminal_is_given_back_on_every_way_out(error):
    """Whatever ends the block."""
    terminal = TypedTerminal()
    with pytest.raises(error), Keyboard(terminal):
        raise error
    assert terminal.calls[-1] == "give back"


@pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="Windows has no Ctrl+Z of this kind")
def test_a_suspension_is_only_noted():
    """Ctrl+Z and going on set flags; the handlers of before return at the end."""
    before = signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)
    with Keyboard(TypedTerminal()) as keyboard:
        os.kill(os.getpid(), signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGCONT)
        assert (keyboard.suspending, keyboard.resumed) == (True, True)
        keyboard.resume()
        assert not keyboard.resumed
    assert (signal.getsignal(signal.SIGTSTP), signal.getsignal(signal.SIGCONT)) == before


def test_standard_input_that_is_a_pipe_gives_no_keys(monkeypatch):
    """Sound on standard input is never taken for keys; nor is a closed one an error."""
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

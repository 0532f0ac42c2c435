"""How a part of the program is started as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from monitor.audio.child_program import SIGNALS, child_command, ignore_signals


def test_the_command_runs_main_of_the_module():
    """With the interpreter that runs, and the import of that module."""
    command = child_command("monitor.audio.wakeup")
    assert command[:2] == [sys.executable, "-c"]
    assert "from monitor.audio.wakeup import main" in command[2]


@pytest.mark.subprocess
def test_a_folder_of_the_same_name_is_not_taken_for_ours(tmp_path):
    """A package `monitor` in the current folder is not imported."""
    (tmp_path / "monitor").mkdir()
    (tmp_path / "monitor" / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    command = child_command("monitor.audio.child_program")
    command[2] = command[2].replace("import main", "import child_command as main").replace("main()", "len(main('x'))")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (3, "")


def test_signals_are_left_to_who_started_it():
    """Those that a terminal sends to every process are ignored."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        ignore_signals()
        assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}
        assert signal.SIGINT in before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

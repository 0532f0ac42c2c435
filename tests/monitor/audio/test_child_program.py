"""How a part of the program is started as a process of its own."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

from monitor.audio.child_program import child_command, start_child


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


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a process is started with."""

    device: str
    rate: int


@pytest.mark.subprocess
def test_a_child_gets_its_setup_and_is_spoken_to():
    """The setup is JSON in its last argument; bytes go both ways at once; what it writes as errors is discarded."""
    code = "import sys; sys.stderr.write('lost'); print(sys.argv[-1], sys.stdin.read(), end='')"
    child = start_child([sys.executable, "-c", code], Setup("steth", 4000))
    said, errors = child.communicate(b"now", timeout=60)
    setup, _, heard = said.decode().rpartition(" ")
    assert json.loads(setup) == {"device": "steth", "rate": 4000}
    assert (heard, errors, child.returncode) == ("now", None, 0)


@pytest.mark.subprocess
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_signals_are_left_to_who_started_it():
    """Those that a terminal sends to every process are ignored, also while it imports what it needs."""
    command = child_command("monitor.audio.wakeup")
    sends = "import os\nfor number in (1, 2, 15): os.kill(os.getpid(), number)\nprint('goes on')\n"
    command[2] = command[2].partition("from monitor")[0] + sends
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")

"""What shells are given to complete the commands."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import COMMANDS, main, whole_parser
from monitor.commands.setup.completion import SCRIPTS

ROOT = Path(__file__).resolve().parents[4]

TRY = """
source "$1"
complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _shtab_auscult; echo "${COMPREPLY[*]}"; }
complete_line auscult re
complete_line auscult replay --sp
complete_line auscult replay --engine ""
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_its_flags_are_in_the_script(shell, capsys):
    """Of our side and of the training side."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)
    assert all(flag in script for flag in ("wait-for-device", "keep-folds"))


@pytest.mark.subprocess
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(tmp_path, capsys):
    """A command, a flag, and the values that a flag may have."""
    main(["completion", "bash"])
    script = tmp_path / "auscult"
    script.write_text(capsys.readouterr().out)
    done = subprocess.run(["bash", "-c", TRY, "bash", str(script)], capture_output=True, text=True)
    first, second, third = done.stdout.splitlines()
    assert sorted(first.split()) == ["replay", "report", "review"]
    assert (second, third.split()) == ("--speed", ["litert", "litert-int8", "onnx", "keras"])


def test_a_shell_that_is_not_known(capsys):
    """One line, exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(["completion", "csh"])
    assert end.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_files_are_completed_where_the_help_names_files(capsys):
    """A recording of replay, not the number of a channel."""
    main(["completion", "bash"])
    lines = capsys.readouterr().out.splitlines()
    of_files = [line for line in lines if "_shtab_compgen_files" in line or "_shtab_auscult_compgen_files" in line]
    assert any("replay_pos_0" in line for line in of_files)
    assert not any("channel" in line for line in of_files)


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_scripts_are_written_from_the_parsers(shell):
    """After a change of an argument: python docs/make/make_manual.py."""
    pytest.importorskip("shtab", reason="it writes the scripts, and is in the extra dev")
    made = runpy.run_path(str(ROOT / "docs" / "make" / "make_manual.py"))["completion"](shell)
    assert SCRIPTS[shell].read_text(encoding="utf-8") == made


@pytest.mark.subprocess
def test_printing_one_imports_no_other_command():
    """Nor what writes them."""
    code = (
        "import sys\nfrom monitor.cli import main\nmain(['completion', 'bash'])\n"
        "print({'shtab', 'numpy', 'monitor.commands.listen'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"


def test_the_whole_parser_knows_every_argument():
    """It parses a line of any command, as the program itself does."""
    options = whole_parser().parse_args(["train", "data", "--out", "models/mine", "--folds", "3"])
    assert (options.folds, options.run.__module__) == (3, "training.commands.train")

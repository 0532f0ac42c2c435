"""The command `auscult`: help, version, and that it imports only what it runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.cli import COMMANDS, main


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_of_every_command(arguments, capsys):
    """Help goes to standard output and ends with exit code 0."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    captured = capsys.readouterr()
    assert end.value.code == 0
    assert captured.out.startswith("usage: auscult")
    assert captured.err == ""


def test_help_names_every_command(capsys):
    """A newcomer sees all there is."""
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    assert "Research use, not for diagnosis" in out


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["--no-such-flag"]])
def test_bad_usage_is_one_line_and_exit_code_2(arguments, capsys):
    """What is wrong and where to read more."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    captured = capsys.readouterr()
    assert end.value.code == 2
    assert len(captured.err.splitlines()) == 1
    assert "--help" in captured.err


def test_version(capsys):
    """`--version` prints one line."""
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("auscult ")


def test_help_imports_nothing_heavy():
    """`auscult --help` needs neither NumPy nor a command's module."""
    code = (
        "import sys\nfrom monitor.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'soxr', 'soundfile', 'rich', 'ai_edge_litert', 'tensorflow', 'monitor.commands'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_python_dash_m_is_the_command():
    """`python -m monitor --version` is `auscult --version`."""
    done = subprocess.run([sys.executable, "-m", "monitor", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("auscult ")

"""The command `auscult`: help, version, and that it imports only what it runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import soundfile

from monitor import _version, cli
from monitor.cli import COMMANDS, DEPENDENCIES, EPILOG, main
from monitor.errors import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[2]
GREETING = """
def add_arguments(parser):
    parser.add_argument("--name", default="you")

def run(options):
    print(f"hello {options.name}")
    return 7
"""


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
    assert all(re.search(rf"^    {name} ", out, re.MULTILINE) for name in COMMANDS)
    assert "AUSCULT_LOG" in out
    assert "Research use, not for diagnosis" in out


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["replay", ""], "the one behind replay"),
        (["replay", "a.wav", "--plain", ""], "the one behind --plain"),
        (["train", "", "--out", "x"], "the one behind train"),
        (["sessions", "erase", ""], "the one behind erase"),
        (["plot", "a.wav", "-o", ""], "the one behind -o"),
        (["replay", "a.wav", "--session-dir="], "--session-dir"),
    ],
)
def test_an_empty_argument_is_named(arguments, place, capsys):
    """Such as a variable without a value; it is not taken for the folder that one happens to be in."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    captured = capsys.readouterr()
    assert (end.value.code, captured.out) == (2, "")
    assert captured.err == (
        f"auscult: an argument is empty, {place}: has a variable of the shell no value?; see: auscult --help\n"
    )


@pytest.mark.parametrize("flags", [["--json"], ["--hop", "0.25"], ["--hop=0.25", "--plain"]])
def test_a_flag_before_the_command_is_told_its_place(flags, capsys):
    """Neither its own name is proposed for it, nor is its value taken for a command."""
    with pytest.raises(SystemExit) as end:
        main([*flags, "replay", "heart.wav"])
    flag = flags[0].partition("=")[0]
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        f"auscult: {flag} stands before the command; write it behind: auscult replay {flag}; see: auscult --help\n"
    )


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["--no-such-flag"]])
def test_bad_usage_is_one_line_and_exit_code_2(arguments, capsys):
    """What is wrong and where to read more."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    captured = capsys.readouterr()
    assert end.value.code == 2
    assert len(captured.err.splitlines()) == 1
    assert "--help" in captured.err


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (["reply"], "no such command: reply; did you mean replay? see: auscult --help"),
        (["xyzzy"], "no such command: xyzzy; see: auscult --help"),
        (["models", "--jsn"], "unrecognized arguments: --jsn; did you mean --json? see: auscult models --help"),
        (
            ["config", "--st=a=b"],
            "unrecognized arguments: --st=a=b; did you mean --set or --unset? see: auscult config --help",
        ),
        (["models", "--colour"], "unrecognized arguments: --colour; see: auscult models --help"),
    ],
)
def test_a_mistyped_command_or_flag_is_asked_about(arguments, question, capsys):
    """The closest names that there are, or none; exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert (end.value.code, capsys.readouterr().err) == (2, f"auscult: {question}\n")


def test_a_mistyped_command_of_another_package_is_asked_about(add_distribution, capsys):
    """Theirs are known as ours are."""
    add_distribution("greetings", "[auscult.commands]\ngreet = greeting_command\n", greeting_command=GREETING)
    with pytest.raises(SystemExit):
        main(["gret"])
    assert "did you mean greet?" in capsys.readouterr().err


def test_version_is_written_once(capsys):
    """`--version`, the metadata of the installed distribution and `_version.py` agree."""
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"auscult {_version.__version__}\n"
    assert metadata.version(DISTRIBUTION) == _version.__version__


def test_help_imports_nothing_heavy():
    """`auscult --help` needs neither NumPy nor a command's module."""
    code = (
        "import sys\nfrom monitor.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'soxr', 'soundfile', 'rich', 'ai_edge_litert', 'tensorflow', 'monitor.commands',\n"
        "         'logging', 'importlib.metadata'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_python_dash_m_is_the_command():
    """`python -m monitor --version` is `auscult --version`."""
    done = subprocess.run([sys.executable, "-m", "monitor", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("auscult ")


@pytest.fixture
def add_distribution(tmp_path, monkeypatch):
    """Return a function that installs a package with entry points, in a folder of its own on the path."""

    def add(name, entry_points, **modules):
        folder = tmp_path / name
        (folder / f"{name}-1.2.dist-info").mkdir(parents=True)
        (folder / f"{name}-1.2.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 1.2\n")
        (folder / f"{name}-1.2.dist-info" / "entry_points.txt").write_text(entry_points)
        for module, code in modules.items():
            (folder / f"{module}.py").write_text(code)
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(folder)

    return add


def test_a_command_of_another_package_runs(add_distribution, capsys):
    """An entry point of the group `auscult.commands` takes arguments and gives an exit code like our own."""
    add_distribution("greetings", "[auscult.commands]\ngreet = greeting_command\n", greeting_command=GREETING)
    assert main(["greet", "--name", "heart"]) == 7
    assert capsys.readouterr().out == "hello heart\n"


def test_help_lists_commands_of_other_packages_without_importing_them(add_distribution, capsys):
    """The name and the distribution are shown; a package that cannot be imported does not hurt."""
    add_distribution("broken", "[auscult.commands]\nbreak = broken_command\n", broken_command="raise OSError('no')")
    with pytest.raises(SystemExit):
        main(["--help"])
    captured = capsys.readouterr()
    assert re.search(r"^    break +a command of broken 1\.2$", captured.out, re.MULTILINE)
    assert captured.err == ""
    assert "broken_command" not in sys.modules


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise OSError('no')", "OSError: no"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def run(options): ...", "broken_command has no add_arguments and run"),
    ],
)
def test_a_broken_command_is_one_line(add_distribution, capsys, code, reason):
    """It names the command, the distribution and the reason; other commands still run."""
    add_distribution("broken", "[auscult.commands]\nbreak = broken_command\n", broken_command=code)
    add_distribution("greetings", "[auscult.commands]\ngreet = greeting_command\n", greeting_command=GREETING)
    assert main(["break"]) == 1
    assert capsys.readouterr().err == (
        f"auscult: the command 'break' of broken 1.2 cannot be loaded: {reason}; update or uninstall that package\n"
    )
    assert main(["greet"]) == 7


def test_malformed_entry_points_are_one_line_and_hurt_no_other(add_distribution, capsys):
    """The file is named, and the command of the other package runs."""
    add_distribution("broken", "[auscult.commands]\nno value\n")
    add_distribution("greetings", "[auscult.commands]\ngreet = greeting_command\n", greeting_command=GREETING)
    assert main(["greet"]) == 7
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "entry_points.txt cannot be read" in err


def test_a_command_of_ours_is_never_replaced(add_distribution, capsys):
    """An entry point with a name of our table is not used, not even listed."""
    add_distribution("greetings", "[auscult.commands]\nconfig = greeting_command\n", greeting_command=GREETING)
    assert main(["config", "--json"]) == 0
    assert "greeting_command" not in sys.modules
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "greetings" not in capsys.readouterr().out


def test_entry_points_are_not_searched_for_a_command_of_ours(add_distribution, monkeypatch, capsys):
    """The installed distributions are not even listed."""
    monkeypatch.setattr("monitor.cli._distributions_with_commands", lambda: pytest.fail("searched"))
    assert main(["config", "--json"]) == 0


@pytest.mark.parametrize("name", ["training.py", "training/__init__.py"])
def test_another_package_called_training_is_named(tmp_path, name):
    """Where it hides ours, `auscult train` ends with one line that names the file, which is not run."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise SystemExit('trained by mistake')\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "monitor", "train", "data", "--out", "models/mine"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"auscult: auscult's own package 'training' is hidden by {path}; run auscult from")
    assert len(done.stderr.splitlines()) == 1


def test_diagnostics_go_where_the_variable_says(tmp_path, monkeypatch, capsys, quiet_loggers):
    """`AUSCULT_LOG=INFO:FILE` fills the file and prints nothing; a bad value is one line and exit code 1."""
    monkeypatch.setenv("AUSCULT_LOG", f"info:{tmp_path / 'auscult.log'}")
    assert main(["config", "--json"]) == 0
    assert capsys.readouterr().err == ""
    assert "monitor.cli: arguments: ['config', '--json']" in (tmp_path / "auscult.log").read_text()
    monkeypatch.setenv("AUSCULT_LOG", "loud")
    assert main(["config", "--json"]) == 1
    assert capsys.readouterr().err.startswith("auscult: AUSCULT_LOG='loud' cannot be used; it must be DEBUG, INFO")


@pytest.mark.parametrize(
    "name", ["\x1b[2J.wav", "\x1b]0;pwned\x07", "\u202egpj.wav", "a\nauscult: b", "\x9b31m", "\udcff.wav"]
)
@pytest.mark.parametrize("words", [["replay"], ["models"], ["config", "--set"], ["data"], ["replay", "x", "--hop"], []])
def test_no_error_line_moves_the_cursor(words, name, capsys):
    """Whatever a word on the command line holds, the error is one printable line."""
    with contextlib.suppress(SystemExit):  # bad usage
        assert main([*words, name]) == 1
    err = capsys.readouterr().err
    assert err.removesuffix("\n").isprintable()


@pytest.mark.parametrize(("others", "ends_at_once"), [([], True), (["auscult-exit"], False)])
def test_a_thread_that_does_not_end_holds_up_nothing(monkeypatch, capsys, others, ends_at_once):
    """The program ends with its exit code; a pipeline that a command left running is closed first."""
    released = threading.Event()
    threads = [threading.Thread(target=released.wait, args=(30,), name=name) for name in ["auscult-watchdog", *others]]
    for thread in threads:
        thread.start()
    codes = []
    monkeypatch.setattr(cli, "reserve_descriptors", lambda: None)
    monkeypatch.setattr(cli, "main", lambda: 130)
    monkeypatch.setattr(os, "_exit", codes.append)
    with pytest.raises(SystemExit) as ended:
        cli.run_and_exit()
    released.set()
    for thread in threads:
        thread.join()
    assert codes == ([130] if ends_at_once else [])
    assert ended.value.code == 130
    assert ("does not answer" in capsys.readouterr().err) is ends_at_once


@pytest.mark.subprocess
@pytest.mark.parametrize("command", ["models", "demo", "data"])
def test_a_missing_dependency_is_one_line(command):
    """Where auscult runs without what it needs, each command says which package is missing, and exits with 1."""
    code = f"import sys; sys.modules['numpy'] = None; from monitor.cli import main; sys.exit(main([{command!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    line = "auscult: the package numpy is not installed; in the folder of auscult: pip install .\n"
    assert (done.returncode, done.stderr) == (1, line)


@pytest.mark.subprocess
@pytest.mark.parametrize("command", [["config"], ["config", "--json"], ["sessions", "kept"]])
def test_what_needs_no_sound_needs_no_numpy(command, tmp_path, monkeypatch):
    """The settings and the list of sessions are there at once, and where nothing else is installed."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "kept" / "2026-01-02_03-04-05"
    folder.mkdir(parents=True)
    session = {"started": "2026-01-02T03:04:05+00:00", "ended": None, "subject": None, "sample_rate": 4000}
    (folder / "session.json").write_text(json.dumps({"type": "session", "lost_samples": 0, **session}))
    code = f"import sys; sys.modules['numpy'] = None; from monitor.cli import main; sys.exit(main({command!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_a_fault_of_our_own_is_no_missing_dependency(monkeypatch):
    """A module that nothing of ours depends on is a fault of the program, and is not hidden."""
    monkeypatch.setitem(COMMANDS, "models", ("monitor.commands.no_such_module", "list"))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        main(["models"])


def test_dependencies_are_those_of_the_distribution():
    """The packages that a missing one is told of are those of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[>=<]", line)[0].replace("-", "_") for line in project["dependencies"]}
    assert names == DEPENDENCIES


def test_a_folder_that_may_not_be_read_hides_no_command(add_distribution, monkeypatch, capsys):
    """A folder on the path that cannot be listed is passed over when the commands of other packages are looked up."""
    add_distribution("greetings", "[auscult.commands]\ngreet = greeting_command\n", greeting_command=GREETING)
    listdir = os.listdir

    def refuse(folder):
        if folder == "/closed":
            raise PermissionError(13, "Permission denied", folder)
        return listdir(folder)

    monkeypatch.setattr(os.path, "isdir", lambda path: True)
    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.syspath_prepend("/closed")
    assert main(["greet"]) == 7
    assert capsys.readouterr().out == "hello you\n"


@pytest.mark.parametrize("arguments", [["sessions"], ["export", "--to", "csv"], ["report", "--text"]])
@pytest.mark.parametrize("name", ["closed/a\x1bb", "a" * 300])
def test_a_path_that_the_system_does_not_look_at_is_one_line(arguments, name, monkeypatch, capsys):
    """In a folder that must not be searched even the question what a path is raises, and so does a name too long."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    if name.startswith("closed"):
        monkeypatch.setattr(Path, "is_dir", refuse)
    assert main([arguments[0], name, *arguments[1:]]) == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("auscult: ")
    assert written.err.count("\n") == 1
    assert "\x1b" not in written.err
    if name.startswith("closed"):
        assert written.err == "auscult: closed/a\\x1bb: Permission denied; check its name and its permissions\n"


def test_where_an_error_of_the_system_came_from_is_in_the_diagnostics(tmp_path, monkeypatch, capsys, quiet_loggers):
    """The line says what and where for a person; the log says where in the program."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    monkeypatch.setenv("AUSCULT_LOG", f"INFO:{tmp_path / 'log'}")
    assert main(["sessions", "closed"]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert "in refuse" in (tmp_path / "log").read_text()


def test_an_error_of_the_system_without_a_path_is_a_fault_of_our_own(monkeypatch):
    """It is not hidden behind a line that names nothing."""

    def fail(path):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(Path, "is_dir", fail)
    with pytest.raises(OSError, match="Bad file descriptor"):
        main(["sessions", "closed"])


def test_the_readme_and_the_help_explain_the_exit_codes_in_the_same_words():
    """One sentence in both places."""
    sentence = EPILOG.partition("Exit codes: ")[2]
    assert sentence in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


IN_THE_OTHERS_PLACE = {
    "config": ({"AUSCULT_CONFIG": "folder"}, "config", "folder cannot be read: it is a folder; name a file with"),
    "config below": (
        {"AUSCULT_CONFIG": "file/a"},
        "config",
        "file/a cannot be read: file is a file, not a folder; name",
    ),
    "setting": ({"AUSCULT_CONFIG": "folder"}, "config --set hop=1", "folder cannot be read: it is a folder; name a"),
    "log": ({"AUSCULT_LOG": "INFO:folder"}, "models", "AUSCULT_LOG: folder cannot be written: it is a folder; name"),
    "erase": ({}, "sessions erase file", "file is no session: it is a file; name a session's folder"),
    "anonymise": ({}, "sessions anonymise file", "file is no session: it is a file; name a session's folder"),
    "session": (
        {},
        "replay a.wav --session --session-dir file",
        "kept there: it is a file, not a folder; name another",
    ),
    "export": ({}, "export a.wav --to csv -o file/a.csv", "file/a.csv cannot be written: file is a file, not a folder"),
    "report": ({}, "report a.wav -o file/a.html", "file/a.html cannot be written: file is a file, not a folder; name"),
    "manifest": ({}, "scan a.wav -o a.csv --manifest folder", "folder cannot be read: it is a folder; name a CSV file"),
    "plot": (
        {},
        "plot a.wav --features file/a.csv",
        "file/a.csv cannot be written: file is a file, not a folder; name",
    ),
    "token": (
        {},
        "replay a.wav --serve --serve-token-file folder",
        "folder cannot be read as a token: it is a folder;",
    ),
    "secret": (
        {},
        "replay a.wav --webhook https://localhost --webhook-secret-file folder",
        "folder cannot be read: it is a folder; see: auscult replay --help",
    ),
}
"""Variables, arguments and a part of the line."""


@pytest.mark.parametrize("name", IN_THE_OTHERS_PLACE)
def test_a_folder_for_a_file_and_a_file_for_a_folder(
    name, tmp_path, monkeypatch, heart_waveform, capsys, quiet_loggers
):
    """One line says which it is and what to name instead; nothing is written into either."""
    variables, arguments, line = IN_THE_OTHERS_PLACE[name]
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("kept")
    soundfile.write("a.wav", heart_waveform, 4000)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    try:
        code = main(arguments.split())
    except SystemExit as end:
        code = end.code
    error = capsys.readouterr().err.splitlines()[-1]
    assert code
    assert line in error
    assert not re.search("permissions|Is a directory|Not a directory|File exists", error)
    assert (list(Path("folder").iterdir()), Path("file").read_text()) == ([], "kept")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("listen --hop 0", "argument --hop: '0.0' must be seconds above 0, at most 5; see: auscult listen --help"),
        ("config --set volume=1", "there are device, channel"),
        ("config --set hop=0", "it must be seconds above 0, at most 5; see: auscult config --help"),
    ],
)
def test_a_usage_error_of_a_command_ends_as_those_of_the_parser_do(arguments, line, tmp_path, monkeypatch, capsys):
    """With where to read more."""
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("AUSCULT_CONFIG", str(tmp_path / "config.toml"))
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.endswith(f"; see: auscult {arguments.split()[0]} --help\n")


@pytest.mark.parametrize("columns", [80, 100])
def test_the_help_fits_the_terminal(columns, monkeypatch, capsys):
    """The lines below the commands too, which stay apart."""
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < columns
    assert [line.split()[0] for line in lines if line.startswith(("AUSCULT_LOG", "Exit"))] == [
        "AUSCULT_LOG=LEVEL",
        "Exit",
    ]

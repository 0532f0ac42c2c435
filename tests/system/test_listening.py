"""The guide to listening is right: its commands parse, its messages exist, its systemd unit matches the program."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest

from monitor.audio.recorder import recorder
from monitor.audio.sources.device import input_diagnosis
from monitor.cli import COMMANDS, _parser
from monitor.commands.options.settings import KEYS

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guides" / "listening.md").read_text(encoding="utf-8")
UNIT = (DOCS / "deploy" / "auscult.service").read_text(encoding="utf-8")
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]
QUOTED = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.MULTILINE)


def parsed(line):
    """Return the parsed arguments of a command line."""
    words = shlex.split(re.split(r"\s+#|\s+[<>|]", line[line.index("auscult ") :])[0])[1:]
    if words[0] not in COMMANDS:
        pytest.fail(f"no such command: {words[0]}")
    return _parser(words[0]).parse_args(words)


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("auscult ")])
def test_every_command_line_parses(line):
    """Every command shown exists and has the flags shown."""
    assert callable(parsed(line).run)


def test_every_flag_of_listening_is_explained():
    """The table has every flag of `auscult listen`."""
    shown = set(re.findall(r"--[a-z-]+", GUIDE))
    listed = {
        word
        for action in _parser("listen")._subparsers._group_actions[0].choices["listen"]._actions
        for word in action.option_strings
    }
    assert listed - {"-h", "--help", "--engine", "--plain"} <= shown


def test_every_setting_is_named():
    """Every key of the config file is in the guide."""
    assert all(f"`{key}`" in GUIDE for key in KEYS)


@pytest.mark.parametrize(
    "sentence", [input_diagnosis.ZEROS["linux"], input_diagnosis.OFFSET_ONLY, input_diagnosis.TOO_QUIET["linux"]]
)
def test_findings_are_quoted_exactly(sentence):
    """A search in the guide for the message on the screen succeeds."""
    assert sentence.partition(":")[0] in QUOTED


def test_clipping_and_hum_are_quoted_exactly():
    """The same for the findings about clipping and mains hum."""
    assert input_diagnosis.CLIPPING["linux"].partition(":")[0] in QUOTED
    assert input_diagnosis.HUM.format(50).partition(":")[0] in QUOTED


@pytest.mark.parametrize("sentence", [recorder.DISK_FULL, recorder.SLOW])
def test_errors_of_the_recorder_are_quoted_exactly(sentence):
    """The whole sentence is in the guide, as on the screen."""
    assert sentence in QUOTED


def unit():
    """Return the systemd unit's sections."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(UNIT)
    return parser


def test_the_unit_starts_a_command_that_parses():
    """Its flags exist, and every start has a new name for the recording."""
    script = shlex.split(unit()["Service"]["ExecStart"])
    assert script[:2] == ["/bin/sh", "-c"]
    options = parsed(script[2].replace("$$(date +%%Y%%m%%dT%%H%%M%%S)", "now"))
    assert options.json
    assert options.wait_for_device
    assert options.record == Path("heart-now.flac")


def test_the_unit_accepts_a_clean_end():
    """Exit code 130 after SIGTERM is a success, and the timeout is longer than the program needs to stop."""
    service = unit()["Service"]
    assert service["KillSignal"] == "SIGTERM"
    assert service["SuccessExitStatus"] == "130"
    assert int(service["TimeoutStopSec"]) > recorder.STOP_TIMEOUT_S + 10

"""What the guide to listening says, holds: its commands parse, its messages exist, its unit says what we do."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest

from monitor.audio.recorder import recorder
from monitor.audio.sources.device import input_diagnosis
from monitor.cli import COMMANDS, _parser
from monitor.commands.settings import KEYS

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "guides" / "listening.md").read_text(encoding="utf-8")
UNIT = (DOCS / "guides" / "auscult.service").read_text(encoding="utf-8")
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]
QUOTED = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.MULTILINE)


def parsed(line):
    """Return what the parser makes of a command line."""
    words = shlex.split(re.split(r"\s+#|\s+[<>|]", line[line.index("auscult ") :])[0])[1:]
    if words[0] not in COMMANDS:
        pytest.fail(f"no such command: {words[0]}")
    return _parser(words[0]).parse_args(words)


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("auscult ")])
def test_every_command_line_parses(line):
    """Every command that is shown exists, with the flags that are shown."""
    assert callable(parsed(line).run)


def test_every_flag_of_listening_is_explained():
    """The table leaves none out that is special to listening."""
    shown = set(re.findall(r"--[a-z-]+", GUIDE))
    listed = {
        word
        for action in _parser("listen")._subparsers._group_actions[0].choices["listen"]._actions
        for word in action.option_strings
    }
    assert listed - {"-h", "--help", "--engine", "--plain"} <= shown


def test_every_setting_is_named():
    """What the config file may hold stands there."""
    assert all(f"`{key}`" in GUIDE for key in KEYS)


@pytest.mark.parametrize(
    "sentence", [input_diagnosis.ZEROS["linux"], input_diagnosis.OFFSET_ONLY, input_diagnosis.TOO_QUIET["linux"]]
)
def test_a_dead_input_is_explained_in_its_own_words(sentence):
    """Who searches the guide for what the screen says finds it."""
    assert sentence.partition(":")[0] in QUOTED


def test_clipping_and_hum_are_explained_in_their_own_words():
    """The two findings about too much of something."""
    assert input_diagnosis.CLIPPING["linux"].partition(":")[0] in QUOTED
    assert input_diagnosis.HUM.format(50).partition(":")[0] in QUOTED


@pytest.mark.parametrize("sentence", [recorder.DISK_FULL, recorder.SLOW])
def test_a_recorder_in_trouble_is_explained_in_its_own_words(sentence):
    """The whole sentence, as it is on screen."""
    assert sentence in QUOTED


def unit():
    """Return the systemd unit's sections."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read_string(UNIT)
    return parser


def test_the_unit_starts_a_command_that_parses():
    """The flags that it uses exist, and the recording's name is new at every start."""
    script = shlex.split(unit()["Service"]["ExecStart"])
    assert script[:2] == ["/bin/sh", "-c"]
    options = parsed(script[2].replace("$$(date +%%Y%%m%%dT%%H%%M%%S)", "now"))
    assert options.json
    assert options.wait_for_device
    assert options.record == Path("heart-now.flac")


def test_the_unit_takes_a_clean_end_for_one():
    """An end by SIGTERM gives 130, which is no failure; there is more time for it than the program ever takes."""
    service = unit()["Service"]
    assert service["KillSignal"] == "SIGTERM"
    assert service["SuccessExitStatus"] == "130"
    assert int(service["TimeoutStopSec"]) > recorder.STOP_TIMEOUT_S + 10

"""Who may follow a run: arguments that need another, what is held while there is a screen, and what is not imported."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.commands.options.feed_options import Teller
from monitor.commands.options.serve_options import PACKAGES
from monitor.serve.feed import Feed
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5)).waveform


@pytest.fixture
def heart(tmp_path):
    """Return a recording of six seconds."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, HEART, 4000)
    return str(path)


def refused(capsys, *arguments):
    """Return the last line of a usage error."""
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("command", [["demo"], ["replay", "a.wav"]])
@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (["--share-subject"], "--share-subject needs --serve or --mqtt or --webhook"),
        (["--serve-token-file", "x"], "--serve-token-file needs --serve"),
        (["--mqtt-password-file", "x", "--serve"], "--mqtt-password-file needs --mqtt"),
        (["--webhook-secret-file", "x"], "--webhook-secret-file needs --webhook"),
        (["--ca-file", "x"], "--ca-file needs --mqtt or --webhook"),
    ],
)
def test_arguments_that_need_another(command, arguments, needs, capsys, heart):
    """They are no use alone."""
    command = [heart if word == "a.wav" else word for word in command]
    assert needs in refused(capsys, *command, *arguments)


@pytest.mark.parametrize("follower", [["--serve", "127.0.0.1:0"], ["--mqtt", "mqtt://b"], ["--webhook", "http://b"]])
def test_several_streams_are_not_followed(capsys, heart, follower):
    """A page, a topic and an address show one."""
    assert follower[0] in refused(capsys, "replay", heart, heart, "--together", *follower)


def test_what_is_told_while_there_is_a_screen(capsys):
    """Is said when it is restored; meanwhile it is the notice, until that trouble is over."""
    feed = Feed()
    teller = Teller(feed, has_screen=True)
    teller.tell("MQTT a:1", "no such host")
    assert capsys.readouterr().err == "auscult: MQTT a:1: no such host\n"
    teller.holding = True
    teller.tell("Webhook b:2", "no answer")
    assert capsys.readouterr().err == ""
    assert feed.notice == "Webhook b:2: no answer; MQTT a:1: no such host"
    teller.tell("MQTT a:1", "connected again", over=True)
    assert feed.notice == "Webhook b:2: no answer"
    teller.release()
    assert capsys.readouterr().err == "auscult: Webhook b:2: no answer\nauscult: MQTT a:1: connected again\n"


def test_without_a_screen_it_is_told_at_once(capsys):
    """Whoever reads the lines."""
    teller = Teller(Feed(), has_screen=False)
    teller.holding = True
    teller.tell("MQTT a:1", "no such host")
    assert "no such host" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["listen", "replay", "demo"])
def test_unless_asked_nothing_of_it_is_imported(command, heart):
    """Neither the packages nor our own, on the way through a whole run."""
    arguments = {"listen": ["--device", "no such device"], "replay": [heart], "demo": ["--speed", "max"]}[command]
    program = (
        "import sys; from monitor.cli import main\n"
        f"main({[command, *arguments, '--json']!r})\n"
        f"theirs = {(*PACKAGES, 'asyncio', 'paho', 'ssl')!r}\n"
        "found = [name for name in sys.modules if name.partition('.')[0] in theirs]\n"
        "found += [name for name in sys.modules if name.startswith('monitor.serve')]\n"
        "print(found, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr.splitlines()[-1] == "[]"

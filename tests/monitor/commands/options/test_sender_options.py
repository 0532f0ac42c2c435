"""--mqtt and --webhook of listen, replay and demo: what is said, and what is refused."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from tests.monitor.serve.senders.conftest import free_port, receiver  # noqa: F401  # a fixture

HEART = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5)).waveform


@pytest.fixture
def replay(tmp_path):
    """Return the start of a command that plays a recording of six seconds whose name is a person's."""
    path = tmp_path / "eva.wav"
    soundfile.write(path, HEART, 4000)
    return ["replay", str(path), "--json", "--speed", "max"]


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch):
    """Take away those of the environment."""
    for name in ("AUSCULT_MQTT_PASSWORD", "AUSCULT_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)


def results(out):
    """Return printed lines without their latencies."""
    lines = [json.loads(line) for line in out.splitlines()]
    return [{key: value for key, value in line.items() if key != "latency_ms"} for line in lines]


def test_a_replay_is_posted(replay, receiver, capsys):  # noqa: F811
    """Every change arrives; the name of the file does not leave; results are those without."""
    assert main(replay) == 0
    alone = results(capsys.readouterr().out)
    assert main([*replay, "--webhook", f"http://127.0.0.1:{receiver.port}/"]) == 0
    out, err = capsys.readouterr()
    assert results(out) == alone
    assert err == ""
    kinds = [json.loads(body)["type"] for _, _, body in receiver.requests]
    assert (kinds[0], kinds[-1], "verdict" in kinds) == ("start", "summary", True)
    assert b"eva" not in b"".join(body for _, _, body in receiver.requests)


def test_no_server_answers(replay, capsys):
    """One line each and the count at the end; judging and exit code are as without."""
    pytest.importorskip("paho.mqtt", reason="MQTT needs its extra")
    assert main(replay) == 0
    alone = results(capsys.readouterr().out)
    port = free_port()
    where = ["--mqtt", f"mqtt://127.0.0.1:{port}?id=x", "--webhook", f"http://127.0.0.1:{port}/"]
    assert main([*replay, *where]) == 0
    out, err = capsys.readouterr()
    assert results(out) == alone
    lines = err.splitlines()
    assert lines[:3] == [
        f"auscult: MQTT 127.0.0.1:{port}: publishing below auscult/x/",
        f"auscult: MQTT 127.0.0.1:{port}: nothing answers there (connection refused)",
        f"auscult: Webhook 127.0.0.1:{port}: nothing answers there (connection refused); trying again",
    ]
    assert len(lines) == 5
    assert all(
        line.startswith(("auscult: MQTT", "auscult: Webhook")) and "0 messages sent" in line for line in lines[3:]
    )


@pytest.mark.parametrize(
    ("flag", "url"), [("--mqtt", "mqtt://eva:geheim@127.0.0.1:{}"), ("--webhook", "http://eva:geheim@127.0.0.1:{}/")]
)
def test_a_password_on_the_command_line(replay, flag, url, capsys):
    """It is used, with a warning that does not repeat it."""
    if flag == "--mqtt":
        pytest.importorskip("paho.mqtt", reason="MQTT needs its extra")
    assert main([*replay, flag, url.format(free_port())]) == 0
    err = capsys.readouterr().err
    assert f"auscult: {flag}: a password in an address stands in the list of processes, for all to read" in err
    assert "geheim" not in err


def test_a_password_in_clear_text(replay, capsys):
    """Over a network it is told."""
    pytest.importorskip("paho.mqtt", reason="MQTT needs its extra")
    assert main([*replay, "--mqtt", "mqtt://eva@no-such-host.invalid"]) == 0
    err = capsys.readouterr().err
    assert "go over the network in clear text; mqtts:// encrypts them" in err
    assert "auscult: MQTT no-such-host.invalid:1883: no such host" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mqtt", "broker"], "--mqtt must be an address such as mqtt://HOST"),
        (["--webhook", "host"], "--webhook must be an address such as https://HOST/PATH"),
        (["--mqtt", "mqtt://a@b", "--mqtt-password-file", "no such file"], "no such file cannot be read"),
        (["--webhook", "https://b/", "--ca-file", "no such file"], "--ca-file: no such file cannot be used"),
    ],
)
def test_what_cannot_be_used(replay, arguments, words, capsys):
    """A usage error in one line, before anything is played."""
    pytest.importorskip("paho.mqtt", reason="MQTT needs its extra")
    with pytest.raises(SystemExit) as end:
        main([*replay, *arguments])
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err.splitlines()[-1]


def test_the_package_that_is_missing(replay, monkeypatch, capsys):
    """One line with the command that installs it."""
    monkeypatch.setitem(sys.modules, "paho", None)
    assert main([*replay, "--mqtt", "mqtt://127.0.0.1"]) == 1
    assert "pip install 'auscult-monitor[mqtt]'" in capsys.readouterr().err

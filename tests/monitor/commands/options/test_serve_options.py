"""--serve of listen, replay and demo: what is said and what is refused."""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import urllib.request

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.commands.options.serve_options import served
from monitor.serve.address import Address, listening_socket
from monitor.serve.feed import Feed
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

pytest.importorskip("uvicorn", reason="serving needs its extra")

HEART = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5)).waveform


@pytest.fixture
def heart(tmp_path):
    """Return a recording of six seconds whose name is a person's."""
    path = tmp_path / "eva.wav"
    soundfile.write(path, HEART, 4000)
    return str(path)


@pytest.fixture
def asked(monkeypatch):
    """Return what a client gets at the end of a run: path to body."""
    answers = {}
    from monitor.serve.process.server_process import ServerProcess

    stop = ServerProcess.stop

    def asked(port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def ask_and_stop(server):
        if not answers:
            pause = threading.Event()
            while not json.loads(asked(server.port, "/api/snapshot")).get("finished"):
                pause.wait(0.02)
            answers.update({path: asked(server.port, path) for path in ("/api/snapshot", "/metrics")})
        stop(server)

    monkeypatch.setattr(ServerProcess, "stop", ask_and_stop)
    return answers


@pytest.mark.subprocess
def test_a_replay_is_served(heart, asked, capsys):
    """The address is told; the name of the file does not leave."""
    assert main(["replay", heart, "--json", "--speed", "max", "--serve", "127.0.0.1:0"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"auscult: serving on http://127\.0\.0\.1:\d+/\n", err)
    lines = [json.loads(line) for line in out.splitlines()]
    last = [line for line in lines if line["type"] == "window"][-1]
    shown = json.loads(asked["/api/snapshot"])
    assert shown["window"] == last
    assert shown["source"] is None
    assert "eva" not in asked["/api/snapshot"] + asked["/metrics"]
    assert re.search(r"^auscult_window_latency_seconds_count 3.0$", asked["/metrics"], re.MULTILINE)


@pytest.mark.subprocess
def test_the_subject_is_shared_on_request(heart, asked, tmp_path, capsys):
    """With the name of the file."""
    session = ["--session", "--session-dir", str(tmp_path / "kept"), "--subject", "P7"]
    serve = ["--serve", "127.0.0.1:0", "--share-subject"]
    assert main(["replay", heart, "--json", "--speed", "max", *session, *serve]) == 0
    shown = json.loads(asked["/api/snapshot"])
    assert shown["subject"] == "P7"
    assert shown["source"].endswith("eva.wav")


@pytest.mark.subprocess
def test_the_same_lines_with_and_without(heart, capsys):
    """Serving changes no result."""
    printed = []
    for serve in ([], ["--serve", "127.0.0.1:0"]):
        assert main(["replay", heart, "--json", "--speed", "max", *serve]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        printed.append([{key: value for key, value in line.items() if key != "latency_ms"} for line in lines])
    assert printed[0] == printed[1]


def refused(capsys, *arguments):
    """Return the last line of a usage error."""
    with pytest.raises(SystemExit) as end:
        main([*arguments])
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_port_in_use(capsys):
    """One line with the next step, as other usage errors; nothing was played."""
    with listening_socket(Address("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(capsys, "demo", "--json", "--serve", f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port} cannot be served: the port is in use; name another, or 127.0.0.1:0" in line


def test_a_file_that_is_taken_for_the_address(capsys, heart):
    """What follows --serve is its address."""
    assert "must be HOST:PORT" in refused(capsys, "replay", heart, "--serve", heart)


def test_the_only_file_that_is_taken_for_the_address(capsys, heart):
    """It is not said that a recording is missing, for there is one; what to write instead is."""
    line = refused(capsys, "replay", "--serve", heart)
    assert "must be HOST:PORT" in line
    assert "write --serve behind the file" in line


@pytest.mark.subprocess
def test_beyond_this_computer_a_token_is_made_and_told(heart, monkeypatch, capsys):
    """With a warning that HTTP is clear text; one from the environment is not printed."""
    monkeypatch.delenv("AUSCULT_SERVE_TOKEN", raising=False)
    replay = ["replay", heart, "--json", "--speed", "max", "--serve", "0.0.0.0:0"]
    assert main(replay) == 0
    err = capsys.readouterr().err
    assert "HTTP is clear text" in err
    assert re.search(r"^auscult: token: [\w-]{32}$", err, re.MULTILINE)
    monkeypatch.setenv("AUSCULT_SERVE_TOKEN", "abcdefghijklmnop")
    assert main(replay) == 0
    err = capsys.readouterr().err
    assert "token is needed" in err
    assert "abcdefghijklmnop" not in err


@pytest.mark.subprocess
def test_the_screen_gets_the_address_without_the_token(monkeypatch):
    """It may be seen by everyone in the room."""
    monkeypatch.setenv("AUSCULT_SERVE_TOKEN", "abcdefghijklmnop")
    options, feed = argparse.Namespace(serve="0.0.0.0:0", serve_token_file=None, usage_error=pytest.fail), Feed()
    with served(options, feed, lambda title, text, over=False: None):
        assert re.fullmatch(r"http://[\d.]+:\d+/", feed.address)


def test_a_package_that_is_missing(heart, monkeypatch, capsys):
    """One line with the command that installs it."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["replay", heart, "--json", "--serve", "127.0.0.1:0"]) == 1
    assert "pip install 'auscult-monitor[serve]'" in capsys.readouterr().err

"""--session of listen, replay and demo: where it goes, and what is refused."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.commands.options.session_options import add_session_arguments, default_session_dir, session_dir, subject
from monitor.sessions.reader import find_sessions
from monitor.synthesis.electrocardiogram import electrocardiogram
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from tests.monitor.sessions.conftest import check_folder

HEART = phonocardiogram(6.0, HeartParameters(), np.random.default_rng(5)).waveform


@pytest.fixture
def heart(tmp_path):
    """Return a recording of six seconds."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, HEART, 4000)
    return str(path)


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    """Return a config file of the test's own, which is empty."""
    path = tmp_path / "config.toml"
    path.write_text("")
    monkeypatch.setenv("AUSCULT_CONFIG", str(path))
    return path


def kept(parent):
    """Return subject, source and command of each session in a folder."""
    return [(session.subject, session.source, session.kind) for session in find_sessions(parent)]


def test_replay_keeps_each_file(heart, tmp_path, capsys):
    """Two files are two sessions, each with its lines; where they are is said."""
    parent = tmp_path / "kept"
    flags = ["--session", "--session-dir", str(parent), "--subject", "P-1", "--speed", "max", "--plain"]
    assert main(["replay", heart, heart, *flags]) == 0
    assert kept(parent) == [("P-1", heart, "replay")] * 2
    said = capsys.readouterr().err
    for session in find_sessions(parent):
        values, events = check_folder(session.folder)
        assert values["samples"] == len(HEART)
        assert values["argv"][:3] == ["auscult", "replay", heart]
        assert [line["index"] for line in events if line["type"] == "window"] == [0, 1, 2]
        assert f"session of 6.0 s: {session.folder}" in said


def test_replay_keeps_nothing_unless_asked(heart, tmp_path, config):
    """Whatever the config file says."""
    config.write_text(f'session = true\nsession_dir = "{tmp_path / "kept"}"\n')
    assert main(["replay", heart, "--speed", "max", "--plain"]) == 0
    assert not (tmp_path / "kept").exists()


def test_the_config_file_says_where(heart, tmp_path, config):
    """Without --session-dir the settings decide."""
    config.write_text(f'session_dir = "{tmp_path / "kept"}"\n')
    assert main(["replay", heart, "--session", "--speed", "max", "--plain"]) == 0
    assert kept(tmp_path / "kept") == [(None, heart, "replay")]


@pytest.mark.parametrize("flags", [["--subject", "P-1"], ["--session-dir", "kept"]])
@pytest.mark.parametrize("command", ["replay", "demo"])
def test_an_argument_of_a_session_needs_one(heart, command, flags, capsys):
    """It would be ignored otherwise."""
    with pytest.raises(SystemExit) as end:
        main([command, *([heart] if command == "replay" else []), *flags])
    assert end.value.code == 2
    assert f"{flags[0]} needs --session" in capsys.readouterr().err


def test_where_no_session_can_be_kept(heart, tmp_path, capsys):
    """It is an error with a next step, before anything is shown."""
    (tmp_path / "kept").write_text("")
    assert main(["replay", heart, "--session", "--session-dir", str(tmp_path / "kept"), "--plain"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "name another --session-dir" in err


def test_a_file_that_is_none_leaves_no_session(tmp_path, capsys):
    """What cannot be read was not heard."""
    (tmp_path / "none.wav").write_text("none")
    assert main(["replay", str(tmp_path / "none.wav"), "--session", "--session-dir", str(tmp_path / "kept")]) == 1
    assert kept(tmp_path / "kept") == []
    capsys.readouterr()


def test_a_subject_is_a_code():
    """A name is refused where it is typed."""
    assert subject("P-017") == "P-017"
    with pytest.raises(argparse.ArgumentTypeError, match="letters, digits"):
        subject("Jane Doe")


def test_a_listener_may_refuse_what_the_settings_ask_for():
    """--no-session is there where session = true may stand in the config file."""
    parser = argparse.ArgumentParser()
    add_session_arguments(parser, in_settings=True)
    assert [parser.parse_args(words).session for words in ([], ["--session"], ["--no-session"])] == [None, True, False]


def test_without_a_word_it_is_the_data_folder(monkeypatch):
    """The user's own, as the system has it."""
    monkeypatch.delenv("AUSCULT_SESSION_DIR", raising=False)
    assert session_dir({}) == default_session_dir()
    assert default_session_dir().name == "sessions"


def test_old_sessions_go_only_if_that_is_asked_for(heart, tmp_path, config, capsys):
    """A limit of no room at all erases what was kept before, and says so; without one everything stays."""
    parent = tmp_path / "kept"
    words = ["replay", heart, "--session", "--session-dir", str(parent), "--speed", "max", "--plain"]
    for number in (1, 2):
        assert main(words) == 0
        assert len(kept(parent)) == number
    before = [session.folder for session in find_sessions(parent)]
    config.write_text('keep = "0.001 MB"\n')
    assert main(words) == 0
    err = capsys.readouterr().err
    assert all(f"erased, beyond 0.001 MB: {folder}" in err for folder in before)
    assert len(kept(parent)) == 1


@pytest.mark.parametrize("value", ["30", "30 weeks", "", "0 GB"])
def test_a_limit_that_is_none_is_refused(heart, tmp_path, config, capsys, value):
    """It is an error before anything is erased or played."""
    config.write_text(f'keep = "{value}"\n')
    assert main(["replay", heart, "--session", "--session-dir", str(tmp_path / "kept"), "--plain"]) == 1
    assert "30 days" in capsys.readouterr().err


def test_an_electrocardiogram_is_kept(tmp_path, capsys):
    """Its file, its channel and its R peaks are in the session, and the same peaks in the lines."""
    rng = np.random.default_rng(5)
    sound = phonocardiogram(8.0, HeartParameters(), rng)
    ecg = electrocardiogram(sound.beats.s1_samples - 120, len(sound.waveform), 4000, rng)
    path = tmp_path / "pair.wav"
    soundfile.write(path, np.stack((sound.waveform, ecg.waveform), axis=1), 4000)
    flags = ["--session", "--session-dir", str(tmp_path / "kept"), "--speed", "max", "--json"]
    assert main(["replay", str(path), "--channel", "1", "--ecg-channel", "2", *flags]) == 0
    (session,) = find_sessions(tmp_path / "kept")
    values, events = check_folder(session.folder)
    assert (values["source"]["ecg_channel"], values["files"]["ecg"]) == (2, "ecg.flac")
    assert session.ecg_path.stat().st_mode & 0o777 == 0o600
    assert len(soundfile.read(session.ecg_path)[0]) == len(sound.waveform)
    peaks = [line for line in events if line["type"] == "r_peak"]
    assert np.abs(np.array([line["sample"] for line in peaks]) - ecg.r_samples).max() < 20
    assert peaks == [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"r_peak"' in line]


def test_without_an_electrocardiogram(heart, tmp_path):
    """There is neither a file of it nor a channel."""
    flags = ["--session", "--session-dir", str(tmp_path / "kept"), "--speed", "max", "--plain"]
    assert main(["replay", heart, *flags]) == 0
    (session,) = find_sessions(tmp_path / "kept")
    assert (session.values["source"]["ecg_channel"], session.values["files"]["ecg"]) == (None, None)
    assert not session.ecg_path.exists()


@pytest.mark.parametrize("command", [["replay", "x.wav", "--channel", "2"], ["listen", "--channel", "2"]])
def test_an_electrocardiogram_on_the_channel_of_the_sound(command, capsys):
    """It is a usage error of one line."""
    with pytest.raises(SystemExit) as end:
        main([*command, "--ecg-channel", "2"])
    assert end.value.code == 2
    assert "--ecg-channel 2 is the channel of the sound: name another with --channel" in capsys.readouterr().err

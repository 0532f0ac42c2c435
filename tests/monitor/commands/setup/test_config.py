"""`auscult config`: prints the settings and their origins, and changes the config file."""

import argparse
import json
import sys

import pytest

from monitor.commands.options.settings import KEYS
from monitor.commands.setup import config
from monitor.errors import AuscultError


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return the path of a config file that does not exist yet, with no variable set."""
    for key in KEYS:
        monkeypatch.delenv(f"AUSCULT_{key.upper()}", raising=False)
    monkeypatch.setenv("AUSCULT_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "config.toml"


def run(*words):
    """Run the command."""
    parser = argparse.ArgumentParser(prog="auscult config")
    config.add_arguments(parser)
    return config.run(parser.parse_args(words))


def test_lines_name_every_setting_its_value_and_origin(file, monkeypatch, capsys):
    """On standard output, the file first."""
    file.write_text('device = "Littmann"\n')
    monkeypatch.setenv("AUSCULT_RATE", "8000")
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(file)
    assert [line.split()[0] for line in lines[1:]] == list(KEYS)
    assert lines[1].split() == ["device", "Littmann", str(file)]
    assert lines[3].split() == ["rate", "8000", "AUSCULT_RATE"]
    assert lines[4].split() == ["latency", "0.2", "default"]


def test_a_setting_without_a_value_is_described(file, capsys):
    """Never an empty cell or `None`."""
    file.write_text("")
    run()
    out = capsys.readouterr().out
    assert "(the system's input)" in out
    assert "(the device's own)" in out
    assert "None" not in out


def test_json_is_one_object(file, monkeypatch, capsys):
    """The same for programs; a setting without a value is null."""
    file.write_text("channel = 2\n")
    assert run("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["exists"]) == (str(file), True)
    assert list(found["settings"]) == list(KEYS)
    assert found["settings"]["channel"] == {"value": 2, "from": str(file)}
    assert found["settings"]["device"] == {"value": None, "from": "default"}


def test_set_writes_a_setting_and_prints_it(file, capsys):
    """Equal signs and quotes belong to the value; the file is created."""
    assert run("--set", 'device=USB = "heart"', "--set", "channel=2") == 0
    assert 'USB = "heart"' in capsys.readouterr().out
    assert run("--unset", "device", "--json") == 0
    found = json.loads(capsys.readouterr().out)["settings"]
    assert (found["device"]["value"], found["channel"]["value"]) == (None, 2)


def test_a_missing_file_is_reported(file, monkeypatch, capsys, tmp_path):
    """Its path is still printed."""
    import platformdirs

    monkeypatch.delenv("AUSCULT_CONFIG")
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name, **rest: str(tmp_path / name))
    assert run() == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("config.toml (does not exist)")
    run("--json")
    assert json.loads(capsys.readouterr().out)["exists"] is False


def test_set_without_an_equal_sign_is_a_usage_error(file, capsys):
    """Exit code 2 and an example."""
    with pytest.raises(SystemExit) as end:
        run("--set", "channel")
    assert end.value.code == 2
    assert "--set channel=2" in capsys.readouterr().err


def test_an_invalid_value_changes_nothing(file):
    """The error names the rule."""
    with pytest.raises(AuscultError, match="it must be a whole number of hertz"):
        run("--set", "rate=fast")
    assert not file.exists()


def test_only_writing_imports_the_toml_writer(file, monkeypatch, capsys):
    """Listing the settings needs no tomlkit."""
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    file.write_text("")
    assert run() == 0
    with pytest.raises(ImportError):
        run("--set", "channel=2")


def test_a_value_with_control_characters_is_escaped(file, monkeypatch, capsys):
    """A setting is one printable line; JSON has the very value."""
    file.write_text("")
    monkeypatch.setenv("AUSCULT_DEVICE", "x\n\x1b[2J")
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(KEYS)
    assert all(line.isprintable() for line in lines)
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["settings"]["device"]["value"] == "x\n\x1b[2J"


def test_the_error_for_a_value_names_the_flag(file):
    """And not the program, whose name is printed before it."""
    with pytest.raises(AuscultError) as raised:
        run("--set", "hop=abc")
    assert str(raised.value) == "--set: hop='abc' cannot be used; it must be seconds above 0, at most 5"


def test_a_mistyped_key_is_asked_about(file):
    """Before all keys that there are."""
    with pytest.raises(AuscultError, match=r"no such setting: chanel; did you mean channel\? there are device"):
        run("--set", "chanel=2")


def test_the_tables_of_several_devices_are_printed(file, capsys):
    """Each on a line, as a list in JSON; what cannot be used is an error here too."""
    file.write_text('[[devices]]\nname = "bed 1"\ndevice = "Littmann"\n[[devices]]\ndevice = 4\nchannel = 2\n')
    assert run() == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "[[devices]]" in line]
    assert lines == ["  [[devices]] device Littmann, name bed 1, channel 1", "  [[devices]] device 4, channel 2"]
    assert run("--json") == 0
    devices = json.loads(capsys.readouterr().out)["devices"]
    assert [device["device"] for device in devices] == ["Littmann", "4"]
    file.write_text("[[devices]]\n")
    with pytest.raises(AuscultError, match="has no device"):
        run()

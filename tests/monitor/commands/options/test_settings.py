"""The settings of `auscult listen`, and where each comes from."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.options.settings import KEYS, Setting, config_path, settings
from monitor.commands.options.settings_file import change_config
from monitor.errors import AuscultError, UsageError

VALUES = {
    "device": st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip),
    "channel": st.integers(1, 1024),
    "rate": st.integers(1000, 192_000),
    "latency": st.floats(1e-3, 5.0),
    "model": st.sampled_from(["heart-sounds", "models/mine", "über"]),
    "engine": st.sampled_from(["litert", "litert-int8", "keras"]),
    "hop": st.floats(1e-3, 5.0),
    "session": st.booleans(),
    "session_dir": st.sampled_from(["kept", "/srv/my sessions", "über"]),
    "keep": st.sampled_from(["30 days", "1 day", "20 GB", "0.5GB"]),
    "ascii": st.booleans(),
    "no_color": st.booleans(),
    "theme": st.sampled_from(["auto", "dark", "light"]),
    "graphics": st.sampled_from(["auto", "kitty", "sixel", "off"]),
}
DEFAULTS = {
    "device": None,
    "channel": 1,
    "rate": None,
    "latency": 0.2,
    "model": "heart-sounds",
    "engine": "litert",
    "hop": None,
    "session": False,
    "session_dir": None,
    "keep": None,
    "ascii": False,
    "no_color": False,
    "theme": "auto",
    "graphics": "auto",
}


@pytest.fixture
def file(tmp_path):
    """Return the path of the config file, which does not exist yet."""
    return tmp_path / "config.toml"


def chosen(file, flags=None, **variables):
    """Return the settings with a config file, flags and variables."""
    return settings(flags or {}, {"AUSCULT_CONFIG": str(file), **variables})


def test_without_any_setting_there_are_defaults(tmp_path, monkeypatch):
    """The config folder need not exist; every value says that it is a default."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name, **rest: str(tmp_path / name))
    found = settings({}, {})
    assert {key: getattr(found, key) for key in KEYS} == {key: Setting(value) for key, value in DEFAULTS.items()}
    assert not found.path.parent.exists()


def test_the_file_is_in_the_config_folder_of_the_user(monkeypatch, tmp_path):
    """As platformdirs gives it, which is not imported where another file is named."""
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name, **rest: str(tmp_path / name))
    assert config_path({}) == tmp_path / "auscult" / "config.toml"
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert config_path({"AUSCULT_CONFIG": str(tmp_path / "mine.toml")}) == tmp_path / "mine.toml"


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own folder")
def test_the_folder_on_linux_is_the_documented_one(monkeypatch, tmp_path):
    """``~/.config/auscult/config.toml``."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert config_path({}) == tmp_path / ".config" / "auscult" / "config.toml"


def test_a_tilde_is_the_home_folder():
    """As in a shell."""
    assert config_path({"AUSCULT_CONFIG": "~/mine.toml"}) == Path.home() / "mine.toml"


origins = st.sets(st.sampled_from(["file", "variable", "flag"]))


@given(data=st.data(), where=st.fixed_dictionaries(dict.fromkeys(KEYS, origins)))
def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path_factory, data, where):
    """For every key and every mixture of origins the first that has a value wins, and is reported."""
    file = tmp_path_factory.mktemp("settings") / "config.toml"
    values = {(key, origin): data.draw(VALUES[key]) for key in KEYS for origin in where[key]}
    change_config(file, {key: str(values[key, "file"]) for key in KEYS if "file" in where[key]})
    variables = {f"AUSCULT_{key.upper()}": str(values[key, "variable"]) for key in KEYS if "variable" in where[key]}
    flags = {key: values[key, "flag"] if "flag" in where[key] else None for key in KEYS}
    found = chosen(file, {**flags, "json": True, "func": print}, **variables)
    names = {"flag": "--{}", "variable": "AUSCULT_{}", "file": str(file)}
    for key in KEYS:
        first = next((origin for origin in ("flag", "variable", "file") if origin in where[key]), None)
        if first is None:
            assert getattr(found, key) == Setting(DEFAULTS[key], "default")
            continue
        named = names[first].format(key.replace("_", "-") if first == "flag" else key.upper())
        assert getattr(found, key) == Setting(values[key, first], named)
    assert found.path == file


def test_an_index_is_a_device(file):
    """A whole number in the file or a variable is the index that `auscult devices` shows, as digits."""
    file.write_text("device = 3\n")
    assert chosen(file).device.value == "3"
    assert chosen(file, AUSCULT_DEVICE="4").device.value == "4"
    assert chosen(file, {"device": 5}).device.value == "5"


def test_whole_numbers_are_seconds_too(file):
    """`latency = 1` is 1.0."""
    file.write_text("latency = 1\nhop = 0.5\n")
    found = chosen(file)
    assert (found.latency.value, found.hop.value) == (1.0, 0.5)
    assert isinstance(found.latency.value, float)


def test_an_empty_variable_counts_as_not_set(file):
    """As shells and unit files leave it."""
    file.write_text("channel = 2\n")
    assert chosen(file, AUSCULT_CHANNEL="").channel == Setting(2, str(file))


@pytest.mark.parametrize(
    "line",
    [
        'channel = "left"',
        "channel = 0",
        "channel = 1.5",
        "channel = true",
        "rate = 44.1",
        "rate = 999",
        "rate = 192001",
        'rate = "fast"',
        "latency = 0",
        "latency = -0.2",
        "latency = nan",
        "latency = inf",
        "latency = true",
        "latency = [0.2]",
        "hop = 0",
        'engine = "int8"',
        "engine = 1",
        "hop = 6",
        "device = true",
        'device = ""',
        'device = "  "',
        "device = 1.5",
        "device = {name = 'x'}",
        "model = false",
        "model = 2020-01-01",
    ],
)
def test_an_invalid_value_is_one_line_with_the_rule(file, line):
    """It names the file, the key, the value and the rule."""
    file.write_text(line)
    with pytest.raises(AuscultError) as caught:
        chosen(file)
    text = str(caught.value)
    assert "\n" not in text
    assert str(file) in text
    assert f"{line.split()[0]}=" in text
    assert "; it must be" in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AUSCULT_CHANNEL", "left"), ("AUSCULT_RATE", "44.1k"), ("AUSCULT_LATENCY", "low"), ("AUSCULT_HOP", "nan")],
)
def test_an_invalid_variable_is_named(file, variable, value):
    """A variable that was forgotten is found by its name."""
    file.write_text("")
    with pytest.raises(AuscultError, match=rf"^{variable}: .*{value}.*; it must be"):
        chosen(file, **{variable: value})


@pytest.mark.parametrize(
    ("flag", "value"), [("latency", 5.1), ("latency", 0.0), ("hop", -1.0), ("hop", 1e99), ("latency", 1e99)]
)
def test_an_invalid_flag_is_a_usage_error(file, flag, value):
    """Exit code 2, as of any other value on the command line that is out of range."""
    file.write_text("")
    with pytest.raises(UsageError, match=rf"^argument --{flag}: '.*' must be seconds above 0, at most 5$") as caught:
        chosen(file, {flag: value})
    assert caught.value.exit_code == 2


def test_an_invalid_value_that_is_overridden_is_still_refused(file):
    """Without the flag it would be used the next time."""
    file.write_text("channel = 0\n")
    with pytest.raises(AuscultError, match="channel=0"):
        chosen(file, {"channel": 2})


@pytest.mark.parametrize("text", ['devise = "x"\n', "[listen]\nchannel = 1\n", "channel = 1\nvolume = 3\n"])
def test_an_unknown_key_is_refused(file, text):
    """A typing error is not ignored; the line lists the settings there are."""
    file.write_text(text)
    with pytest.raises(AuscultError, match=r"no such setting: (devise|listen|volume); it may hold device, channel"):
        chosen(file)


@pytest.mark.parametrize("data", [b"channel = \n", b"channel 1", b"\xff\xfe\x00", b'device = "\xe4"', b"a = 1\na = 2"])
def test_a_file_that_is_not_toml_is_one_line(file, data):
    """The position of the error, and what to do."""
    file.write_bytes(data)
    with pytest.raises(
        AuscultError, match=r"config\.toml is not valid TOML: .*; correct that line, or move the file away"
    ) as caught:
        chosen(file)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_accepted(file):
    """Editors on Windows write one."""
    file.write_bytes(b"\xef\xbb\xbfchannel = 2\r\n")
    assert chosen(file).channel.value == 2


def test_a_named_file_must_exist(file):
    """A missing file is an error only where `AUSCULT_CONFIG` names it."""
    with pytest.raises(
        AuscultError, match=r"no such file; create it with auscult config --set, or unset AUSCULT_CONFIG"
    ):
        chosen(file)


def test_a_folder_instead_of_the_file_is_refused(tmp_path):
    """With the system's reason and the path."""
    with pytest.raises(AuscultError, match="cannot be read"):
        chosen(tmp_path)

"""Changing one setting leaves the rest of the config file as it was."""

import os
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.commands.options.settings_file import change_config
from monitor.errors import AuscultError, UsageError


@pytest.fixture
def file(tmp_path):
    """Return the path of the config file, which does not exist yet."""
    return tmp_path / "auscult" / "config.toml"


def change(file, before, **changes):
    """Return a file's text after changes."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(before.encode())
    change_config(file, changes)
    return file.read_bytes().decode()


def test_a_new_file_is_created_with_its_folder(file):
    """The first setting creates a file that says what it is for."""
    change_config(file, {"device": "Littmann CORE"})
    lines = file.read_text().splitlines()
    assert lines[0].startswith("# Settings of `auscult listen`")
    assert lines[1:] == ['device = "Littmann CORE"']


def test_only_the_value_is_replaced(file):
    """Other lines, comments, indents, blank lines and their order stay, and so does the comment behind the value."""
    before = '# mine\n\nchannel = 2\n  device = "old # one"   # on the desk\n\nrate=4000\n# end'
    after = '# mine\n\nchannel = 2\n  device = "new"   # on the desk\n\nrate=4000\n# end'
    assert change(file, before, device="new") == after


def test_a_new_key_goes_to_the_end(file):
    """After a last line without a line end, too, and before the first table."""
    assert change(file, "channel = 2", rate="4000") == "channel = 2\nrate = 4000\n"
    assert change(file, "", hop="0.25") == "hop = 0.25\n"
    assert change(file, "channel = 2\n\n[more]\nx = 1 # mine\n", rate="4000") == (
        "channel = 2\nrate = 4000\n\n[more]\nx = 1 # mine\n"
    )


def test_a_key_is_removed_with_its_line(file):
    """Removing what is not set changes nothing."""
    assert change(file, "channel = 2 # left\nrate = 4000\n", channel=None) == "rate = 4000\n"
    assert change(file, "rate = 4000\n", channel=None) == "rate = 4000\n"


def test_several_changes_are_one(file):
    """All or none of them: where the second one is refused, the first one is not written."""
    assert change(file, "channel = 2\n", channel=None, rate="8000", hop="1") == "rate = 8000\nhop = 1.0\n"
    with pytest.raises(AuscultError, match="rate='x'"):
        change_config(file, {"channel": "3", "rate": "x"})
    assert file.read_text() == "rate = 8000\nhop = 1.0\n"


def test_line_ends_of_windows_stay(file):
    """No line changes its end."""
    before = "# mine\r\nchannel = 2\r\ndevice = 'a # b'\r\n"
    assert change(file, before, channel="3") == "# mine\r\nchannel = 3\r\ndevice = 'a # b'\r\n"
    assert change(file, before, device="c") == '# mine\r\nchannel = 2\r\ndevice = "c"\r\n'


def test_an_invalid_value_in_the_file_can_be_corrected(file):
    """The command that corrects a file does not refuse what it corrects."""
    assert change(file, "channel = 0\n", channel="1") == "channel = 1\n"
    assert change(file, 'rate = "fast"\nchannel = 1\n', rate=None) == "channel = 1\n"


@given(device=st.text(min_size=1).filter(lambda text: text.strip()))
def test_any_device_name_is_read_back(tmp_path_factory, device):
    """Quotes, backslashes, hashes, other scripts, control characters: written, replaced, read."""
    file = tmp_path_factory.mktemp("settings") / "config.toml"
    change_config(file, {"device": device, "channel": "2"})
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"device": device, "channel": 2}
    change_config(file, {"device": "x"})
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"device": "x", "channel": 2}
    assert len(file.read_text(encoding="utf-8").splitlines()) == 3


def test_a_name_that_is_not_valid_text_is_refused(file):
    """Bytes of a broken terminal do not break the file."""
    with pytest.raises(AuscultError, match="is not valid text"):
        change_config(file, {"device": "\udcff"})
    assert not file.exists()


@pytest.mark.parametrize("before", ['device = """\nchannel = 3\n"""\n', '"device" = "old"\n', "device = '''a'''\n"])
def test_every_spelling_of_a_value_is_replaced(file, before):
    """Strings over several lines and quoted keys, too."""
    change(file, before, device="new", channel="7")
    assert tomllib.loads(file.read_text()) == {"device": "new", "channel": 7}


def test_an_unknown_key_is_refused(file):
    """The line lists the settings there are, and no file is created."""
    with pytest.raises(UsageError, match="no such setting: volume; there are device, channel"):
        change_config(file, {"volume": "3"})
    assert not file.exists()


def test_a_broken_file_is_not_replaced(file):
    """What the user wrote there is never lost."""
    with pytest.raises(AuscultError, match="is not valid TOML"):
        change(file, "channel = = 2\n", rate="4000")
    assert file.read_text() == "channel = = 2\n"


def test_a_full_disk_leaves_the_old_file(file, monkeypatch):
    """The file is replaced in one step or not at all, and nothing is left beside it."""
    change(file, "channel = 2\n", rate="4000")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuscultError, match=r"cannot be written: No space.*; name another file with AUSCULT_CONFIG"):
        change_config(file, {"channel": "3"})
    assert file.read_text() == "channel = 2\nrate = 4000\n"
    assert os.listdir(file.parent) == [file.name]

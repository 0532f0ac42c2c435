"""The inputs that are heard together: from the command line, or from tables of the config file."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from monitor.commands.options.device_tables import DeviceEntry, chosen_devices, file_beside, tables
from monitor.commands.options.settings import settings
from monitor.errors import AuscultError

TWO = """
hop = 1.0

[[devices]]
name = "bed 1"
device = "Littmann"
site = "MV"
subject = "P-1"

[[devices]]
device = 4
channel = 2
rate = 8000
"""


@pytest.fixture
def config(tmp_path):
    """Return a function that writes a config file and gives the environment that names it."""

    def write(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return {"AUSCULT_CONFIG": str(path)}

    return write


def chosen(environment, device=None, **flags):
    """Return the inputs for a command line."""
    values = {"channel": None, "rate": None, "site": None, "subject": None, **flags}
    options = argparse.Namespace(device=device, **values)
    return chosen_devices(options, settings(values, environment), environment)


def test_tables_name_several_inputs(config):
    """Each with what it says; a number is an index, as in the other settings."""
    environment = config(TWO)
    assert tables(environment) == [
        DeviceEntry("Littmann", name="bed 1", site="MV", subject="P-1"),
        DeviceEntry("4", channel=2, rate=8000),
    ]
    assert chosen(environment) == tables(environment)
    assert settings({}, environment).hop.value == 1.0


def test_the_command_line_wins_over_the_tables(config):
    """One or several devices of the command line, or one of the environment, and no table counts."""
    environment = config(TWO)
    assert chosen(environment, device=["USB"]) == []
    assert chosen(environment | {"AUSCULT_DEVICE": "USB"}) == []
    assert chosen(environment, device=["USB", "Littmann"]) == [DeviceEntry("USB"), DeviceEntry("Littmann")]


def test_flags_are_those_of_every_input(config):
    """Channel and rate of the command line win; site and subject fill in where there is none."""
    entries = chosen(config(TWO), channel=1, rate=4000, site="AV", subject="P-9")
    assert [(entry.channel, entry.rate, entry.site, entry.subject) for entry in entries] == [
        (1, 4000, "MV", "P-1"),
        (1, 4000, "AV", "P-9"),
    ]


def test_settings_are_those_of_every_input_without_its_own(config):
    """A rate of the config file, where a table has none."""
    entries = chosen(config("rate = 4000\n" + TWO))
    assert [entry.rate for entry in entries] == [4000, 8000]


def test_one_input_is_no_table(config):
    """Without tables there is nothing to hear together."""
    assert chosen(config("channel = 2")) == []
    assert chosen(config("channel = 2"), device=["USB"]) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("devices = 3", "devices must be tables; write [[devices]] above each"),
        ('[devices]\ndevice = "a"', "devices must be tables"),
        ("[[devices]]\n", "[[devices]] 1: has no device; add device ="),
        (
            '[[devices]]\ndevice = "a"\n[[devices]]\ndevice = "b"\nchanel = 2',
            "[[devices]] 2: no such setting: chanel; ",
        ),
        ('[[devices]]\ndevice = "a"\nchannel = 0', "channel=0 cannot be used; it must be a whole number from 1"),
        ('[[devices]]\ndevice = "a"\nrate = "fast"', "rate='fast' cannot be used"),
        ('[[devices]]\ndevice = "a"\nsite = "XX"', "site='XX' cannot be used; it must be one of AV, PV, TV, MV"),
        ('[[devices]]\ndevice = "a"\nsubject = "John Smith"', "subject='John Smith' cannot be used"),
        ('[[devices]]\ndevice = "a"\nsubject = 3', "subject=3 cannot be used"),
        ('[[devices]]\ndevice = "a"\nname = "two\\nlines"', "cannot be used; it must be a text of one line"),
        ('[[devices]]\ndevice = "a"\n[[devices]]\ndevice = "a"', "a, channel 1: named twice; "),
        (
            '[[devices]]\ndevice = "a"\nname = "x"\n[[devices]]\ndevice = "b"\nname = "x"',
            "two inputs are called 'x'; give each a name of its own",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(config, text, said):
    """With the number of the table and what it must be."""
    with pytest.raises(AuscultError) as error:
        chosen(config(text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_device_named_twice_is_refused(config):
    """On the command line too; two channels of one device are two inputs."""
    with pytest.raises(AuscultError, match="USB, channel 1: named twice"):
        chosen(config(""), device=["USB", "USB"])
    both = '[[devices]]\ndevice = "a"\n[[devices]]\ndevice = "a"\nchannel = 2'
    assert [entry.channel for entry in chosen(config(both))] == [1, 2]


@pytest.mark.parametrize(
    ("name", "others", "file"),
    [
        ("bed 1", (), "visit-bed-1.flac"),
        ("USB Audio: - (hw:2,0)", (), "visit-USB-Audio-hw-2-0.flac"),
        ("../../etc", (), "visit-etc.flac"),
        ("Über/Gerät", (), "visit-Über-Gerät.flac"),
        ("???", (), "visit-device.flac"),
        ("a", ("visit-a.flac", "visit-a-2.flac"), "visit-a-3.flac"),
        ("x" * 300, (), f"visit-{'x' * 60}.flac"),
    ],
)
def test_a_file_is_named_by_its_input(name, others, file):
    """In the folder that was asked for, whatever the name holds; never twice the same."""
    folder = Path("records")
    assert file_beside(folder / "visit.flac", name, [folder / other for other in others]) == folder / file

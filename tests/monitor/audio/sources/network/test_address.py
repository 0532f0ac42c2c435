"""The addresses of network inputs: what each part means, and one line for each that cannot be used."""

from __future__ import annotations

import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.network.address import check_channels, parse_address
from monitor.errors import DeviceError


def test_an_empty_host_is_this_computer():
    """Only 127.0.0.1 is listened on unless another host is written."""
    address = parse_address("tcp://:5000?format=s24le&rate=8000&channels=2")
    assert (address.host, address.port, address.is_loopback) == ("127.0.0.1", 5000, True)
    assert (address.raw.encoding, address.raw.sample_rate, address.raw.channels) == ("s24le", 8000, 2)
    assert not parse_address("tcp://0.0.0.0:5000").is_loopback
    assert parse_address("tcp://[::1]:5000").is_loopback
    assert parse_address("tcp://localhost:5000").is_loopback


def test_the_form_that_is_taken_where_none_is_stated():
    """16 bit at 4000 Hz, one channel."""
    raw = parse_address("ws://stethoscope.local/sound").raw
    assert (raw.encoding, raw.sample_rate, raw.channels) == ("s16le", 4000, 1)


def test_a_rate_from_the_flag():
    """--rate is the rate of the address, and may not contradict it."""
    assert parse_address("tcp://:5000", 8000).raw.sample_rate == 8000
    assert parse_address("tcp://:5000?rate=8000", 8000).raw.sample_rate == 8000
    with pytest.raises(DeviceError, match="contradict each other"):
        parse_address("tcp://:5000?rate=4000", 8000)


def test_a_name_has_no_password():
    """User, password and what follows a question mark are in no name; the server is asked as written."""
    address = parse_address("wss://me:secret@host/a?key=1&rate=2000")
    assert address.name == "wss://host:443/a"
    assert address.url == "wss://me:secret@host/a?key=1&rate=2000"
    assert address.password
    assert not parse_address("ws://host/a").password


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("tcp://", "has no port"),
        ("tcp://:99999", "up to 65535"),
        ("tcp://:x", "up to 65535"),
        ("tcp://:5000/path", "no path"),
        ("tcp://me@:5000", "no user"),
        ("tcp://:5000?fromat=s16le", "did you mean format"),
        ("tcp://:5000?format=s16be", "did you mean s16le"),
        ("tcp://:5000?rate=999", "from 1000 to 192000"),
        ("tcp://:5000?rate=192001", "from 1000 to 192000"),
        ("tcp://:5000?rate=4e3", "from 1000 to 192000"),
        ("tcp://:5000?channels=0", "from 1 to 32"),
        ("ws:///path", "names no computer"),
        ("ws://[::1", "is no address"),
        ("htp://host", "is no live input"),
        ("udp://:5000", "is no live input"),
    ],
)
def test_one_line_says_what_is_wrong(text, line):
    """Every mistake has a line of its own, with an example or the choices."""
    with pytest.raises(DeviceError, match=line) as caught:
        parse_address(text)
    assert caught.value.next_step
    assert "\n" not in str(caught.value)


def test_a_channel_that_is_not_sent():
    """The line names the number of channels and how to state another."""
    device = DeviceInfo(-1, "tcp://127.0.0.1:5000", "TCP", 1, 4000)
    check_channels(device, 1)
    with pytest.raises(DeviceError, match="has 1 channel, there is no channel 2"):
        check_channels(device, 2)

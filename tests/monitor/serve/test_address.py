"""Where a run is served, and the token."""

from __future__ import annotations

import socket

import pytest

from monitor.serve.address import DEFAULT, TOKEN_VARIABLE, Address, listening_socket, parse_address, read_token

TOKEN = "abcdefghijklmnop"
NO_ADDRESSES = ("", "heart.wav", ":80", "a:b", "127.0.0.1:65536", "http://a:80", "[x]:80", "::1:80", "a:-1")


@pytest.mark.parametrize(
    ("text", "shown", "loopback"),
    [
        ("127.0.0.1:8765", "127.0.0.1:8765", True),
        ("8080", "127.0.0.1:8080", True),
        ("localhost:0", "localhost:0", True),
        ("[::1]:9", "[::1]:9", True),
        ("0.0.0.0:8765", "0.0.0.0:8765", False),
        ("[::]:8765", "[::]:8765", False),
        ("ward-3.example:80", "ward-3.example:80", False),
        ("127.0.0.1.evil.test:80", "127.0.0.1.evil.test:80", False),
    ],
)
def test_addresses(text, shown, loopback):
    """Only what is a loopback by its number, or localhost, counts as this computer."""
    address = parse_address(text)
    assert (str(address), address.loopback) == (shown, loopback)


@pytest.mark.parametrize(
    "text", ["", "heart.wav", ":80", "a:b", "127.0.0.1:65536", "http://a:80", "[x]:80", "::1:80", "a:-1"]
)
def test_what_is_no_address(text):
    """A file that follows --serve is taken for its address, and refused."""
    with pytest.raises(ValueError, match="must be HOST:PORT"):
        parse_address(text)


def test_a_port_in_use_is_told_with_the_next_step():
    """One line, and port 0 is any that is free."""
    with listening_socket(Address("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(ValueError, match=rf"127\.0\.0\.1:{port} .* in use; name another, or 127\.0\.0\.1:0"):
            listening_socket(Address("127.0.0.1", port))


def test_an_address_of_another_computer():
    """192.0.2.0/24 is nobody's."""
    with pytest.raises(ValueError, match="no such address"):
        listening_socket(Address("192.0.2.7", 0))


def test_the_token_comes_from_the_file_then_the_environment_then_it_is_made(tmp_path):
    """A new one only where it is needed; it is the only one to be printed."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    environment = {TOKEN_VARIABLE: TOKEN.upper()}
    assert read_token(file, environment, needed=True) == (TOKEN, False)
    assert read_token(None, environment, needed=False) == (TOKEN.upper(), False)
    assert read_token(None, {}, needed=False) == (None, False)
    first, second = (read_token(None, {}, needed=True) for _ in range(2))
    assert first[1]
    assert first != second
    assert len(first[0]) >= 32


@pytest.mark.parametrize("text", ["short", "", TOKEN + " x", TOKEN + "é", TOKEN + ";"])
def test_a_token_that_cannot_be_used(tmp_path, text):
    """Too short to withstand guessing, or no value of a header and a cookie."""
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="at least 16"):
        read_token(file, {}, needed=True)


def test_a_token_file_that_is_missing(tmp_path):
    """Its name and the reason."""
    with pytest.raises(ValueError, match="none cannot be read"):
        read_token(tmp_path / "none", {}, needed=True)


def test_the_default_is_a_loopback():
    """Nothing but this computer unless it is asked for."""
    assert DEFAULT.loopback
    assert socket.inet_aton(DEFAULT.host)[0] == 127


class Way:
    """A datagram socket of a computer with one network, or none."""

    def __init__(self, family, kind):
        if family == socket.AF_INET6:
            raise OSError("no such family")

    def connect(self, address):
        """Choose a way; nothing is sent."""
        assert address == ("192.0.2.1", 9)

    def getsockname(self):
        """Return the address on the way."""
        return "10.1.2.3", 40_000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Close."""


@pytest.mark.parametrize(
    ("text", "reached"),
    [("0.0.0.0:80", "10.1.2.3:80"), ("[::]:80", "[::]:80"), ("10.9.9.9:80", "10.9.9.9:80"), ("8765", "127.0.0.1:8765")],
)
def test_what_other_computers_reach_it_by(monkeypatch, text, reached):
    """Every address is none that a browser can open; without a network it stays."""
    monkeypatch.setattr(socket, "socket", Way)
    assert str(parse_address(text).from_elsewhere) == reached

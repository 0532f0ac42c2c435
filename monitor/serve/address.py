"""Where a run is served: an address as it is typed, its socket, and the token that other computers need."""

from __future__ import annotations

import dataclasses
import errno
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from monitor.errors import reason_of

__all__ = ["DEFAULT", "TOKEN_VARIABLE", "Address", "listening_socket", "parse_address", "read_token"]

TOKEN_VARIABLE = "AUSCULT_SERVE_TOKEN"  # noqa: S105  # its name
MIN_TOKEN = 16
"""Characters; 16 random letters and digits have 95 bits."""
TOKEN_BYTES = 24
BACKLOG = 128


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """A host and a port.

    Attributes
    ----------
    host : str
        An IP address, or a name.
    port : int
        0 for any that is free.
    """

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether this computer alone can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def from_elsewhere(self) -> Address:
        """What other computers reach it by: for one that means every address, that of the way to other networks."""
        ways = {"0.0.0.0": (socket.AF_INET, "192.0.2.1"), "::": (socket.AF_INET6, "2001:db8::1")}  # noqa: S104
        if self.host not in ways:
            return self
        family, anywhere = ways[self.host]  # of documentation; connecting a datagram socket sends nothing
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as way:
                way.connect((anywhere, 9))
                return Address(way.getsockname()[0], self.port)
        except OSError:  # no network, or not of this version
            return self

    def __str__(self) -> str:
        """Return it as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


DEFAULT = Address("127.0.0.1", 8765)


def parse_address(text: str) -> Address:
    """Return the address of a text: ``HOST:PORT``, or a port, which means 127.0.0.1.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> str(parse_address("8080")), parse_address("[::1]:0").loopback, parse_address("0.0.0.0:8765").loopback
    ('127.0.0.1:8080', True, False)
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon:
        host = DEFAULT.host
    elif bracketed:
        host = host[1:-1]
    known = _is_ipv6(host) if bracketed else bool(host) and all(sign.isalnum() or sign in "-." for sign in host)
    if not (known and port.isascii() and port.isdigit() and int(port) < 2**16):
        raise ValueError(f"{text!r} must be HOST:PORT, such as {DEFAULT}")
    return Address(host, int(port))


def _is_ipv6(text: str) -> bool:
    """Return whether a text is an address of version 6."""
    try:
        return bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def listening_socket(address: Address) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    ValueError
        If the address cannot be used, with the reason and the next step.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        free = Address(address.host, 0)
        if error.errno == errno.EADDRINUSE:
            reason, step = "the port is in use", f"name another, or {free} for any that is free"
        elif error.errno == errno.EACCES:
            reason, step = "the system does not allow this port", "name one from 1024 on"
        else:
            reason, step = "this computer has no such address", f"{DEFAULT} is one that it has"
        raise ValueError(f"{address} cannot be served: {reason}; {step}") from error


def read_token(file: Path | None, environment: Mapping[str, str], *, needed: bool) -> tuple[str | None, bool]:
    """Return the token, and whether it was made now and must be printed.

    Parameters
    ----------
    file : Path or None
        Holds it.
    environment : mapping
        Holds it as :data:`TOKEN_VARIABLE`, without a file.
    needed : bool
        Whether to make one where there is none.

    Raises
    ------
    ValueError
        If the file cannot be read, or the token is too short or no plain text.
    """
    if file is not None:
        try:
            token, origin = file.read_text(encoding="utf-8").strip(), str(file)
        except (OSError, UnicodeDecodeError) as error:
            reason = reason_of(error, file) if isinstance(error, OSError) else "no text"
            raise ValueError(f"{file} cannot be read as a token: {reason}") from error
    elif environment.get(TOKEN_VARIABLE):
        token, origin = environment[TOKEN_VARIABLE].strip(), TOKEN_VARIABLE
    else:
        return (secrets.token_urlsafe(TOKEN_BYTES), True) if needed else (None, False)
    plain = token.isascii() and token.isprintable() and not set(token) & set(' ";,\\')
    if len(token) < MIN_TOKEN or not plain:
        raise ValueError(f"{origin}: a token must be at least {MIN_TOKEN} letters and digits, without spaces")
    return token, False

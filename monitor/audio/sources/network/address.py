"""The address of a network input, as ``--device`` takes it. Pure; must not open anything.

``tcp://HOST:PORT`` is listened on, ``ws://`` and ``wss://`` are connected to.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Literal, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

from monitor.audio.limits import MAX_RATE_HZ, MIN_RATE_HZ
from monitor.audio.sources.decoding.pcm import RawFormat
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.network.frame import ENCODINGS, MAX_CHANNELS
from monitor.errors import DeviceError, did_you_mean

__all__ = ["NetworkAddress", "check_channels", "parse_address"]

SCHEMES = ("tcp", "ws", "wss")
KEYS = ("format", "rate", "channels")
LOOPBACK = "127.0.0.1"
DEFAULT_RATE, DEFAULT_ENCODING = 4000, "s16le"
"""What most digital stethoscopes record, and what microcontrollers send."""
EXAMPLE = "tcp://:5000?format=s16le&rate=4000"


@dataclasses.dataclass(frozen=True, slots=True)
class NetworkAddress:
    """Where sound comes from, and in what form.

    Attributes
    ----------
    scheme : {"tcp", "ws", "wss"}
    host : str
        A name or an address; for ``tcp`` the one that is listened on.
    port : int
        0, for ``tcp`` alone, lets the system choose.
    name : str
        Shown to the user: without user, password and what follows a question mark.
    url : str
        As given; what a WebSocket requests.
    raw : RawFormat
        The form of samples without a frame header.
    password : bool
        Whether the address holds one.
    """

    scheme: Literal["tcp", "ws", "wss"]
    host: str
    port: int
    name: str
    url: str
    raw: RawFormat
    password: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this computer reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(text: str, sample_rate: int | None = None) -> NetworkAddress:
    """Return what an address means.

    Parameters
    ----------
    text : str
    sample_rate : int or None
        Hz, from ``--rate``; None for that of the address, or 4000.

    Raises
    ------
    DeviceError
        If it cannot be used.

    Examples
    --------
    >>> address = parse_address("tcp://:5000?format=s24le&rate=8000")
    >>> address.name, address.raw.encoding, address.raw.sample_rate
    ('tcp://127.0.0.1:5000', 's24le', 8000)
    """
    parts = _parts(text.strip())
    scheme = cast('Literal["tcp", "ws", "wss"]', parts.scheme)
    shown = f"{scheme}://{parts.hostname or ''}"
    try:
        port = parts.port
    except ValueError as error:
        raise DeviceError(f"{shown}: the port must be a whole number up to 65535", f"such as {EXAMPLE}") from error
    if scheme == "tcp":
        if port is None:
            raise DeviceError(f"{shown}: has no port to listen on", f"such as {EXAMPLE}")
        if parts.path.strip("/") or parts.username is not None:
            raise DeviceError(f"{shown}: raw TCP has no path and no user", f"such as {EXAMPLE}")
    elif not parts.hostname:
        raise DeviceError(f"{shown}: names no computer to connect to", "such as ws://192.168.1.50:81/sound")
    host = parts.hostname or LOOPBACK
    port = port if port is not None else {"ws": 80, "wss": 443}.get(scheme, 0)
    place = f"[{host}]" if ":" in host else host
    name = f"{scheme}://{place}:{port}{parts.path if scheme != 'tcp' else ''}"
    return NetworkAddress(
        scheme, host, port, name, text.strip(), _raw_format(name, parts, sample_rate), parts.password is not None
    )


def check_channels(device: DeviceInfo, channels: int) -> None:
    """Refuse a channel that a sender does not have.

    Raises
    ------
    DeviceError
        If so.
    """
    if channels > device.channels:
        has = "1 channel" if device.channels == 1 else f"{device.channels} channels"
        raise DeviceError(
            f"{device.name}: has {has}, there is no channel {channels}",
            f"choose another --channel, or add channels={channels} to the address if so many are sent",
        )


def _parts(text: str) -> SplitResult:
    """Return the parts of an address, or raise."""
    try:
        parts = urlsplit(text)
    except ValueError as error:  # such as a bracket that is not closed
        raise DeviceError(f"{text!r} is no address", f"such as {EXAMPLE}") from error
    if parts.scheme not in SCHEMES:
        question = did_you_mean(parts.scheme, SCHEMES)
        raise DeviceError(
            f"{parts.scheme}:// is no live input",
            f"{question}sound comes from tcp:// (listens), ws:// or wss:// (connects)",
        )
    return parts


def _raw_format(name: str, parts: SplitResult, sample_rate: int | None) -> RawFormat:
    """Return the form of the samples that an address states; keys that are not ours are left to a WebSocket server."""
    stated = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(stated) - set(KEYS))
    if unknown and parts.scheme == "tcp":
        question = did_you_mean(unknown[0], KEYS)
        raise DeviceError(f"{name}: {unknown[0]}= means nothing", f"{question}it may have {', '.join(KEYS)}")
    encoding = stated.get("format", DEFAULT_ENCODING).lower()
    if encoding not in ENCODINGS:
        question = did_you_mean(encoding, ENCODINGS)
        raise DeviceError(
            f"{name}: format={encoding} is not read", f"{question}it may be {', '.join(ENCODINGS)} (little-endian)"
        )
    rate = _number(name, "rate", stated.get("rate"), MIN_RATE_HZ, MAX_RATE_HZ)
    if rate is not None and sample_rate is not None and rate != sample_rate:
        raise DeviceError(f"{name}: rate={rate} and --rate {sample_rate} contradict each other", "give one of them")
    channels = _number(name, "channels", stated.get("channels"), 1, MAX_CHANNELS)
    return RawFormat(rate or sample_rate or DEFAULT_RATE, channels or 1, encoding)


def _number(name: str, key: str, text: str | None, low: int, high: int) -> int | None:
    """Return a whole number of an address, None where it has none."""
    if text is None:
        return None
    number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else low - 1
    if not low <= number <= high:
        raise DeviceError(f"{name}: {key}={text} must be a whole number from {low} to {high}", f"such as {EXAMPLE}")
    return number

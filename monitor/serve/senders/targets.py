"""Where a run is sent: addresses as they are typed, and their secrets. Safe on any thread."""

from __future__ import annotations

import dataclasses
import re
import socket
import ssl
import urllib.parse
from collections.abc import Collection, Mapping
from pathlib import Path

from monitor.errors import reason_of

__all__ = [
    "MQTT_VARIABLE",
    "WEBHOOK_VARIABLE",
    "MqttTarget",
    "WebhookTarget",
    "has_password",
    "mqtt_target",
    "read_secret",
    "topic_name",
    "trusting",
    "webhook_target",
]

MQTT_VARIABLE = "AUSCULT_MQTT_PASSWORD"
WEBHOOK_VARIABLE = "AUSCULT_WEBHOOK_SECRET"
DEFAULT_PREFIX = "auscult"
DISCOVERY_PREFIX = "homeassistant"
MQTT_EXAMPLE = "mqtt://HOST, mqtts://USER@HOST:8883/PREFIX or mqtt://HOST?id=NAME"
WEBHOOK_EXAMPLE = "https://HOST/PATH"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True, slots=True)
class MqttTarget:
    """A broker, and the topics of this monitor.

    Attributes
    ----------
    host : str
    port : int
    tls : bool
    user, password : str or None
    prefix : str
        The first parts of every topic.
    name : str
        The part after the prefix, which tells this monitor from others.
    discovery : str
        Prefix of the topics of Home Assistant; empty for none.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None = dataclasses.field(repr=False)
    prefix: str
    name: str
    discovery: str

    def topic(self, last: str) -> str:
        """Return a topic of this monitor."""
        return f"{self.prefix}/{self.name}/{last}"

    def device(self, stream: str, others: Collection[str] = ()) -> MqttTarget:
        """Return the topics of one of several devices: its name is added to that of the monitor.

        Examples
        --------
        >>> mqtt_target("mqtt://broker?id=ward").device("bed 1").topic("state")
        'auscult/ward-bed-1/state'
        """
        name = wanted = f"{self.name}-{topic_name(stream)}"
        number = 1
        while name in others:
            number += 1
            name = f"{wanted}-{number}"
        return dataclasses.replace(self, name=name)

    @property
    def loopback(self) -> bool:
        """Whether the broker is on this computer."""
        return self.host in LOOPBACK

    def __str__(self) -> str:
        """Return host and port, as they may be shown."""
        return _place(self.host, self.port)


@dataclasses.dataclass(frozen=True, slots=True)
class WebhookTarget:
    """An address that takes POST requests.

    Attributes
    ----------
    host : str
    port : int
    tls : bool
    path : str
        With its query.
    user, password : str or None
        For basic authentication.
    """

    host: str
    port: int
    tls: bool
    path: str = dataclasses.field(repr=False)
    user: str | None
    password: str | None = dataclasses.field(repr=False)

    def __str__(self) -> str:
        """Return host and port, as they may be shown; a path may be a secret."""
        return _place(self.host, self.port)


def mqtt_target(url: str, password: str | None = None) -> MqttTarget:
    """Return the broker and the topics of an address.

    Parameters
    ----------
    url : str
        ``mqtt://`` or ``mqtts://``, with a user, a port, a prefix of topics, ``id`` and ``discovery`` where wanted.
    password : str or None
        In place of that of the address.

    Raises
    ------
    ValueError
        If it is no such address.

    Examples
    --------
    >>> mqtt_target("mqtts://ward@broker.example/hospital/icu?id=bed-3").topic("state")
    'hospital/icu/bed-3/state'
    """
    parts, port = _split(url, {"mqtt": 1883, "mqtts": 8883}, "--mqtt", MQTT_EXAMPLE)
    asked = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(asked) - {"id", "discovery"}):
        raise ValueError(f"--mqtt: no such parameter: {unknown[0]}; there are id and discovery")
    prefix = urllib.parse.unquote(parts.path).strip("/") or DEFAULT_PREFIX
    name = asked.get("id") or topic_name(socket.gethostname())
    discovery = asked.get("discovery", DISCOVERY_PREFIX).strip("/")
    if topic_name(name) != name:
        raise ValueError(f"--mqtt: id={name} must be letters, digits, _ and -, such as {topic_name(name)}")
    for topic in (prefix, discovery):
        if set(topic) & set("+#\0") or not topic.isprintable() or topic.startswith("$"):
            raise ValueError(f"--mqtt: {topic!r} must be parts of a topic, without +, # and $")
    user, own_password = _credentials(parts)
    if user is None and password is not None:
        raise ValueError("--mqtt: a password needs a user: mqtt://USER@HOST")
    tls = parts.scheme.lower() == "mqtts"
    return MqttTarget(
        str(parts.hostname),
        port,
        tls,
        user,
        password if password is not None else own_password,
        prefix,
        name,
        discovery,
    )


def webhook_target(url: str) -> WebhookTarget:
    """Return the parts of the address of a webhook.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> str(webhook_target("https://example.org/hooks/T0K3N"))
    'example.org:443'
    """
    parts, port = _split(url, {"http": 80, "https": 443}, "--webhook", WEBHOOK_EXAMPLE)
    path = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{urllib.parse.quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else ""
    return WebhookTarget(str(parts.hostname), port, parts.scheme.lower() == "https", path + query, *_credentials(parts))


def has_password(url: str) -> bool:
    """Return whether an address holds a password, which every program of the computer may read.

    Examples
    --------
    >>> has_password("mqtt://ward:geheim@broker"), has_password("mqtt://ward@broker")
    (True, False)
    """
    return ":" in url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def topic_name(text: str) -> str:
    """Return a text as a part of a topic: letters, digits, ``_`` and ``-``.

    Examples
    --------
    >>> topic_name("USB Audio (2).local")
    'USB-Audio-2-local'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:64] or "monitor"


def read_secret(file: Path | None, environment: Mapping[str, str], variable: str) -> str | None:
    """Return a secret from a file, or else from the environment; None where there is none.

    Raises
    ------
    ValueError
        If the file cannot be read, or holds nothing.
    """
    if file is None:
        return environment.get(variable) or None
    try:
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error, file) if isinstance(error, OSError) else "no text"
        raise ValueError(f"{file} cannot be read: {reason}") from error
    if not secret:
        raise ValueError(f"{file} holds nothing")
    return secret


def trusting(authority: Path | None) -> ssl.SSLContext:
    """Return what checks the certificate and the name of a server.

    Parameters
    ----------
    authority : Path or None
        A certificate (PEM) that is trusted too.

    Raises
    ------
    ValueError
        If the file is no certificate.
    """
    context = ssl.create_default_context()
    context.sslsocket_class = _ClosingSocket
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:  # the second is derived from the first
            reason = "no PEM certificate" if isinstance(error, ssl.SSLError) else (error.strerror or "error").lower()
            raise ValueError(f"--ca-file: {authority} cannot be used: {reason}") from error
    return context


class _ClosingSocket(ssl.SSLSocket):
    """A socket that is closed where the server cannot be trusted; paho-mqtt would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        """Agree on keys; see the base class."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _split(url: str, ports: Mapping[str, int], flag: str, example: str) -> tuple[urllib.parse.SplitResult, int]:
    """Return an address with one of the schemes in its parts, and its port."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    host = parts.hostname
    plain = host is not None and host.isascii() and host.isprintable() and " " not in host
    if parts.scheme.lower() not in ports or not plain or "#" in url or port == 0:
        raise ValueError(f"{flag} must be an address such as {example}")
    return parts, ports[parts.scheme.lower()] if port is None else port


def _credentials(parts: urllib.parse.SplitResult) -> tuple[str | None, str | None]:
    """Return user and password of an address."""
    user, password = (None if text is None else urllib.parse.unquote(text) for text in (parts.username, parts.password))
    return user or None, password


def _place(host: str, port: int) -> str:
    """Return host and port as in an address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

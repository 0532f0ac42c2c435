"""Addresses as they are typed, and their secrets."""

from __future__ import annotations

import socket

import pytest

from monitor.serve.senders.targets import (
    has_password,
    mqtt_target,
    read_secret,
    topic_name,
    trusting,
    webhook_target,
)


def test_a_broker_alone():
    """Its port, the topics and the name are those of everybody; the name is this computer's."""
    target = mqtt_target("mqtt://broker")
    assert (str(target), target.tls, target.user, target.loopback) == ("broker:1883", False, None, False)
    assert target.topic("state") == f"auscult/{topic_name(socket.gethostname())}/state"
    assert target.discovery == "homeassistant"


def test_everything_of_an_address():
    """User, port, prefix, name and the prefix of discovery; a password given otherwise goes first."""
    target = mqtt_target("mqtts://e%40va:old@[::1]:99/a/b/?id=bed_3&discovery=ha", "new")
    assert (str(target), target.tls, target.user, target.password) == ("[::1]:99", True, "e@va", "new")
    assert (target.topic("event"), target.discovery, target.loopback) == ("a/b/bed_3/event", "ha", True)
    assert mqtt_target("mqtts://eva:old@broker").port == 8883
    assert mqtt_target("mqtts://eva:old@broker").password == "old"


def test_a_password_is_not_shown():
    """Neither in a log nor in an error."""
    assert "geheim" not in repr(mqtt_target("mqtt://eva:geheim@broker"))
    assert "geheim" not in repr(webhook_target("http://eva:geheim@host/geheim"))


@pytest.mark.parametrize(
    "url",
    [
        *("", "broker", "http://broker", "mqtt://", "mqtt://b:99999", "mqtt://b:x", "mqtt://b:0", "mqtt://a b"),
        *("mqtt://[::", "mqtt://broker/#", "mqtt://broker/a+", "mqtt://broker?id=a/b", "mqtt://broker?qos=2"),
        *("mqtt://broker/$SYS", "mqtt://broker?discovery=%23", "mqtt://broker#x", "mqtt://broker/%00"),
    ],
)
def test_no_broker(url):
    """One line that names the flag."""
    with pytest.raises(ValueError, match=r"^--mqtt[ :].*") as refused:
        mqtt_target(url)
    assert "\n" not in str(refused.value)


def test_a_password_without_a_user():
    """No broker could use it."""
    with pytest.raises(ValueError, match="needs a user"):
        mqtt_target("mqtt://broker", "geheim")


def test_a_webhook():
    """Letters that no address may hold are escaped."""
    target = webhook_target("https://host/a b/ü?to=x y\r")
    assert target.path == "/a%20b/%C3%BC?to=x%20y"
    assert (webhook_target("http://host").path, webhook_target("http://host").port) == ("/", 80)


@pytest.mark.parametrize("url", ["", "host/path", "ftp://host/", "https:///x", "http://host:99999/", "http://host/#x"])
def test_no_webhook(url):
    """One line that names the flag."""
    with pytest.raises(ValueError, match=r"^--webhook must be an address such as https://HOST/PATH$"):
        webhook_target(url)


@pytest.mark.parametrize(
    ("url", "has"),
    [("mqtt://a:b@h", True), ("mqtt://a@h", False), ("http://h/a:b@c", False), ("http://h:80/", False), ("x", False)],
)
def test_a_password_in_an_address(url, has):
    """A port is none, nor is what stands in a path."""
    assert has_password(url) is has


def test_where_a_secret_stands(tmp_path):
    """In a file, whose last line feed is not part of it, or else in the environment."""
    file = tmp_path / "secret"
    file.write_text(" geheim \n", encoding="utf-8")
    assert read_secret(file, {"NAME": "other"}, "NAME") == " geheim "
    assert read_secret(None, {"NAME": "other"}, "NAME") == "other"
    assert read_secret(None, {"NAME": ""}, "NAME") is None
    for content, reason in ((b"\n", "holds nothing"), (b"\xff\xfe", "no text")):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=reason):
            read_secret(file, {}, "NAME")
    with pytest.raises(ValueError, match="No such file"):
        read_secret(tmp_path / "none", {}, "NAME")


def test_a_certificate_that_is_none(tmp_path):
    """One line."""
    file = tmp_path / "ca.pem"
    with pytest.raises(ValueError, match="no such file"):
        trusting(file)
    file.write_text("-")
    with pytest.raises(ValueError, match="no PEM certificate"):
        trusting(file)


def test_devices_with_the_same_letters_have_topics_of_their_own():
    """A number tells them apart."""
    target = mqtt_target("mqtt://broker?id=ward")
    first = target.device("bed 1")
    assert target.device("bed/1", [first.name]).topic("event") == "auscult/ward-bed-1-2/event"

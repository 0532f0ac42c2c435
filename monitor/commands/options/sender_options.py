"""The arguments of a run that is sent to an MQTT broker or a webhook; see ``feed_options``. Main thread only."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import check_installed
from monitor.output import say

if TYPE_CHECKING:
    from monitor.serve.feed import Feed
    from monitor.serve.senders.sender import Sender, Tell

__all__ = ["add_sender_arguments", "sent"]

SETTLE_S = 2.0
"""Seconds that a run waits for the first answer, so that what is wrong is told before the screen opens."""


def add_sender_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--mqtt",
        metavar="URL",
        help="publish the run on an MQTT broker, for Home Assistant and others: mqtt(s)://USER@HOST:PORT/PREFIX?id=NAME",
    )
    parser.add_argument(
        "--mqtt-password-file",
        type=Path,
        metavar="FILE",
        help="holds the broker's password (default: AUSCULT_MQTT_PASSWORD)",
    )
    parser.add_argument("--webhook", metavar="URL", help="POST every change of verdict or of the input to an address")
    parser.add_argument(
        "--webhook-secret-file",
        type=Path,
        metavar="FILE",
        help="holds what signs the requests (default: AUSCULT_WEBHOOK_SECRET)",
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="a certificate to trust too, for mqtts:// and https:// (PEM)"
    )


@contextlib.contextmanager
def sent(options: argparse.Namespace, feed: Feed, tell: Tell) -> Iterator[None]:
    """Send a feed until the block is left, wherever it is to be sent.

    Ends with a usage error where an address, a secret or a certificate cannot be used.

    Raises
    ------
    MissingExtraError
        If a package is not installed.
    """
    try:
        senders = [make(options, feed, tell) for make in (_mqtt, _webhook)]
    except ValueError as error:
        options.usage_error(str(error))
    running = [sender for sender in senders if sender is not None]
    try:
        for sender in running:
            sender.start(SETTLE_S)
        yield
    finally:
        for sender in running:
            sender.ask_to_stop()
        for sender in running:
            sender.stop()
            if (sentence := sender.sentence()) is not None:
                say(f"auscult: {sentence}")


def _mqtt(options: argparse.Namespace, feed: Feed, tell: Tell) -> Sender | None:
    """Return what publishes the run, if that was asked for."""
    if options.mqtt is None:
        return None
    check_installed("paho", "--mqtt", "mqtt")
    from monitor.serve.senders.mqtt import MqttSender
    from monitor.serve.senders.targets import MQTT_VARIABLE, has_password, mqtt_target, read_secret, trusting

    password = read_secret(options.mqtt_password_file, os.environ, MQTT_VARIABLE)
    target = mqtt_target(options.mqtt, password)
    if has_password(options.mqtt):
        _warn("--mqtt", f"--mqtt-password-file or {MQTT_VARIABLE}")
    if target.user is not None and not target.tls and not target.loopback:
        say("auscult: --mqtt: user and password go over the network in clear text; mqtts:// encrypts them")
    below = f"{target.topic('')[:-1]}-DEVICE/, of each device" if feed.several else target.topic("")
    say(f"auscult: MQTT {target}: publishing below {below}")
    return MqttSender(feed, target, tell, trust=trusting(options.ca_file) if target.tls else None)


def _webhook(options: argparse.Namespace, feed: Feed, tell: Tell) -> Sender | None:
    """Return what posts the run, if that was asked for."""
    if options.webhook is None:
        return None
    from monitor.serve.senders.targets import WEBHOOK_VARIABLE, has_password, read_secret, trusting, webhook_target
    from monitor.serve.senders.webhook import WebhookSender

    secret = read_secret(options.webhook_secret_file, os.environ, WEBHOOK_VARIABLE)
    target = webhook_target(options.webhook)
    if has_password(options.webhook):
        _warn("--webhook", f"a signature instead: --webhook-secret-file or {WEBHOOK_VARIABLE}")
    trust = trusting(options.ca_file) if target.tls else None
    return WebhookSender(feed, target, tell, secret=secret, trust=trust)


def _warn(flag: str, better: str) -> None:
    """Warn of a password on the command line."""
    say(f"auscult: {flag}: a password in an address stands in the list of processes, for all to read; use {better}")

"""Secrets never stand in the command line that a session keeps."""

from __future__ import annotations

import pytest

from monitor.sessions.command_words import without_secrets


@pytest.mark.parametrize(
    "words",
    [
        ["--token", "hunter2"],
        ["--api-key=hunter2"],
        ["--PASSWORD", "hunter2"],
        ["AUTH_SECRET=hunter2"],
        ["https://me:hunter2@host/a.wav"],
        ["rtsp://hunter2@host"],
        ["https://host/a.wav?sig=hunter2"],
        ["https://host/a.wav#hunter2"],
        ["--source=https://me:hunter2@host/"],
    ],
)
def test_no_secret_is_kept(words):
    """Neither as a flag's value, nor in an assignment, nor in an address."""
    assert "hunter2" not in " ".join(without_secrets(["auscult", "listen", *words]))


@pytest.mark.parametrize(
    "words",
    [
        ["replay", "a b.wav", "--speed", "max"],
        ["--device", "USB: me@home"],
        ["--token", "--plain"],
        ["https://host/a.wav"],
    ],
)
def test_everything_else_stays(words):
    """Files, devices and flags are as they were typed."""
    assert without_secrets(words) == words


def test_the_address_of_a_webhook_is_a_secret():
    """Whoever knows its path may post there."""
    shown = without_secrets(
        ["auscult", "listen", "--webhook", "https://host/hooks/hunter2", "--mqtt", "mqtt://a:b@host/x"]
    )
    assert shown == ["auscult", "listen", "--webhook", "***", "--mqtt", "mqtt://***@host/x"]

"""What is refused: counted, told for ten seconds, summed up in one line."""

from __future__ import annotations

from monitor.audio.sources.network.troubles import Troubles


def test_ten_thousand_are_one_line():
    """However often, the summary is one line with the number."""
    now = [0.0]
    troubles = Troubles("tcp://127.0.0.1:5000", lambda: now[0])
    for number in range(10_000):
        troubles.add("malformed", f"{number} was sent away")
    assert troubles.notice == "9999 was sent away"
    assert troubles.summary.endswith("because what came was no sound: 10000")
    assert "\n" not in troubles.summary


def test_a_notice_goes():
    """It is told for ten seconds."""
    now = [0.0]
    troubles = Troubles("tcp://127.0.0.1:5000", lambda: now[0])
    troubles.add("refused", "refused")
    now[0] = 10.1
    assert troubles.notice is None
    assert troubles.count("refused") == 1


def test_nothing_happened():
    """There is no line then; what needs no sentence is counted all the same."""
    troubles = Troubles("ws://host:80")
    assert troubles.summary is None
    troubles.add("repeated", count=200)
    assert troubles.notice is None
    assert troubles.summary == "ws://host:80: samples that came twice or too late left out: 200"

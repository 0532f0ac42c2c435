"""A run is fed while it is shown: the very lines of --json."""

from __future__ import annotations

import json

import numpy as np

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.process.interrupts import Interrupts
from monitor.serve.feed import Feed
from monitor.sessions.session import Session
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from tests.monitor.sessions.conftest import FACTS
from tests.monitor.sessions.test_session_view import MarkingView, without_time

HEART = phonocardiogram(7.0, HeartParameters(), np.random.default_rng(5)).waveform


def test_a_feed_has_the_lines_that_are_printed(plain_bundle, tmp_path, capsys):
    """With the mark that a person sets, beside a session that takes the mark too."""
    feed = Feed(share_subject=True)
    session = Session(tmp_path, FACTS)
    with Interrupts() as interrupts:
        source = ArraySource(HEART, 4000, name="steth")
        play(source, plain_bundle, MarkingView(), interrupts, session=session, feed=feed)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    fed = [json.loads(line.text) for line in feed.after(0)]
    kept = [json.loads(line) for line in (session.folder / "events.jsonl").read_text().splitlines()]
    assert "mark" in {line["type"] for line in fed}
    assert sorted(map(without_time, fed)) == sorted(map(without_time, kept)) == sorted(map(without_time, printed))


def test_the_state_is_the_newest(plain_bundle, capsys):
    """Start, sound and last snapshot; windows are passed on to who counts them."""
    feed, judged = Feed(), []
    feed.follow(lambda: None, judged.append)
    with Interrupts() as interrupts:
        last = play(ArraySource(HEART, 4000, name="a.wav"), plain_bundle, MarkingView(), interrupts, feed=feed)
    assert feed.snapshot == last
    assert feed.playing.start == last.start
    assert feed.playing.ring.end_sample == len(HEART)
    assert [event.index for event in judged] == list(range(5))
    assert "a.wav" not in "".join(line.text for line in feed.after(0))
    assert "a.wav" in capsys.readouterr().out


def test_every_source_has_a_number(plain_bundle):
    """Of several recordings in one run."""
    feed = Feed()
    with Interrupts() as interrupts:
        for number in (1, 2):
            play(ArraySource(HEART, 4000), plain_bundle, MarkingView(), interrupts, feed=feed)
            assert feed.playing.number == number


class NotedView(MarkingView):
    """Keeps the notes and addresses that are shown."""

    def __init__(self):
        super().__init__()
        self.notes, self.served = set(), set()

    def snapshot(self, snapshot):
        """Keep both."""
        self.notes.add(snapshot.note)
        self.served.add(snapshot.served)
        super().snapshot(snapshot)


def test_a_notice_stands_beside_the_note(plain_bundle):
    """What is wrong with those who follow is shown; the state that they get is without it."""
    feed, view = Feed(), NotedView()
    feed.notice = "MQTT a:1: no such host"
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, view, interrupts, feed=feed, note=lambda at_s: "playing: normal")
    assert view.notes == {"MQTT a:1: no such host; playing: normal"}
    assert view.served == {""}
    assert feed.snapshot.note == "playing: normal"


def test_the_address_is_shown(plain_bundle):
    """On the screen alone."""
    feed, view = Feed(), NotedView()
    feed.address = "http://127.0.0.1:8765/"
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, view, interrupts, feed=feed)
    assert view.served == {feed.address}
    assert feed.snapshot.served == ""

"""The feed: numbers, what is kept, what leaves."""

from __future__ import annotations

import json

import pytest

from monitor.messages import Mark, RecordingStatus
from monitor.serve.feed import KEEP_S, MAX_LINES, Feed, SeveralFeed, without_subject
from monitor.text.json_lines import mark_line, recording_line
from tests.monitor.serve.conftest import START, Run


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self):
        return self.now


RECORDING = RecordingStatus("/home/eva/a.wav", 1.0, 0, "/home/eva is full", "/home/eva/a.txt")
LINE = '{"type":"overload","at_s":1.0}'


def test_lines_have_numbers_in_order(run, feed):
    """A follower asks for what comes after the last it knows."""
    for index in range(3):
        run.judge(index)
    assert [line.number for line in feed.after(0)] == [1, 2, 3, 4]
    assert [json.loads(line.text)["index"] for line in feed.after(2)] == [1, 2]
    assert [line.number for line in feed.after(1, limit=2)] == [2, 3]
    assert feed.after(feed.newest) == feed.after(99) == []


def test_ten_minutes_are_kept():
    """What is older goes; the numbers stay."""
    clock = Clock()
    feed = Feed(clock=clock)
    feed.publish(LINE)
    clock.now += KEEP_S - 1.0
    feed.publish(LINE)
    assert [line.number for line in feed.after(0)] == [1, 2]
    assert (feed.since(KEEP_S), feed.since(10.0)) == (0, 1)
    clock.now += 2.0
    feed.publish(LINE)
    assert [line.number for line in feed.after(0)] == [2, 3]


def test_memory_is_bounded():
    """A source that plays as fast as it is read gives many lines in ten minutes."""
    feed = Feed()
    for _ in range(MAX_LINES + 5):
        feed.publish(LINE)
    assert len(feed.after(0)) == MAX_LINES
    assert feed.after(0)[0].number == 6


def test_an_id_is_of_one_run():
    """A client that comes back to another run is not told that it has all lines."""
    feed, other = Feed(), Feed()
    feed.publish(LINE)
    assert feed.number_of(feed.line_id(1)) == 1
    assert feed.number_of(feed.line_id(77)) == 1  # no more than there are
    assert [other.number_of(text) for text in (feed.line_id(1), "", "x", f"{other.run}-", f"{other.run}--1")] == [
        None
    ] * 5


def test_what_a_new_follower_needs(run, feed):
    """The start of the source that plays, and the newest window; not those of the source before."""
    run.judge(0)
    run.begin(live=True)
    assert [line.kind for line in feed.context()] == ["start"]
    run.judge(1)
    run.judge(2)
    assert [json.loads(line.text).get("index") for line in feed.context()] == [None, 2]


def test_followers_are_told(feed):
    """Of every line, on the thread that publishes."""
    told, judged = [], []
    feed.follow(lambda: told.append(feed.newest), judged.append)
    feed.follow(lambda: told.append("second"))
    run = Run(feed)
    run.begin()
    run.judge()
    assert told == [1, "second", 2, "second"]
    assert [event.index for event in judged] == [0]


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (mark_line(Mark(1, 2.0, "/home/eva/P7", 2.0, "/home/eva is gone", sample=8000, text="Eva M.")), "va"),
        (
            recording_line(RecordingStatus("/home/eva/a.wav", 1.0, 0, "/home/eva is full", "/home/eva/a.txt"), 1.0),
            "eva",
        ),
        ('{"type":"start","source":"eva.wav","labels":["normal"]}', "eva"),
        ('{"type":"summary","source":"eva.wav"}', "eva"),
    ],
)
def test_no_subject_leaves(line, secret):
    """Notes, paths, names of files, and errors that name them."""
    shared = without_subject(line, live=False)
    assert secret not in shared
    assert json.loads(shared).keys() == json.loads(line).keys()


def test_a_device_keeps_its_name_and_labels_are_no_path(feed):
    """What names nobody stays as it is."""
    Run(feed).begin(live=True)
    values = json.loads(feed.after(0)[0].text)
    assert (values["source"], values["labels"]) == ("steth", list(START.labels))


def test_the_subject_leaves_where_it_is_shared():
    """Then a line is the very line of --json."""
    feed = Feed(share_subject=True)
    line = mark_line(Mark(1, 2.0, None, None, None, sample=8000, text="Eva"))
    feed.publish(line)
    assert feed.after(0)[0].text == line


def test_a_copy_gives_the_same_numbers(feed):
    """Where it has missed lines of the other feed, those before are no longer kept."""
    for index in range(5):
        feed.publish(f'{{"type":"overload","at_s":{index}}}')
    copy = Feed()
    copy.repeat(feed.after(1, 2))
    assert [(line.number, line.text) for line in copy.after(0)] == [
        (line.number, line.text) for line in feed.after(1, 2)
    ]
    copy.repeat(feed.after(4))
    assert [line.number for line in copy.after(0)] == [line.number for line in copy.after(2)] == [5]
    assert copy.newest == feed.newest


class TestSeveralDevices:
    """One ring of lines, a state of each."""

    def test_every_line_names_its_device(self, several):
        """As in the lines of `listen --json`; numbers go on over all of them."""
        feed, (first, second) = several
        second.judge(0)
        first.judge(0)
        lines = feed.after(0)
        assert [line.number for line in lines] == [1, 2, 3, 4]
        assert [line.stream for line in lines] == ["bed 1", "bed 2", "bed 2", "bed 1"]
        assert [json.loads(line.text)["stream"] for line in lines] == ["bed 1", "bed 2", "bed 2", "bed 1"]
        assert [line.kind for line in lines] == ["start", "start", "window", "window"]

    def test_a_new_follower_gets_what_holds_of_each(self, several):
        """The start and the newest window of both; a device that begins again changes its own alone."""
        feed, (first, second) = several
        for index in range(3):
            first.judge(index)
            second.judge(index)
        second.begin()
        kept = [(line.stream, line.kind) for line in feed.context()]
        assert kept == [("bed 1", "start"), ("bed 1", "window"), ("bed 2", "start")]

    def test_each_keeps_its_own_state(self, several):
        """The whole has none; parts are found by name, the first without one."""
        feed, (first, second) = several
        assert (feed.playing, feed.snapshot) == (None, None)
        assert feed.part("bed 2") is second.feed
        assert feed.part(None) is first.feed
        assert feed.part("bed 3") is None
        assert second.feed.playing.start.source == "Device 2"

    def test_windows_are_counted_with_their_device(self, several):
        """By whoever follows the whole."""
        feed, (first, second) = several
        counted = []
        feed.follow(lambda: None, lambda event, device: counted.append((event.index, device)))
        first.judge(4)
        second.judge(5)
        assert counted == [(4, "bed 1"), (5, "bed 2")]

    def test_the_notice_is_that_of_the_whole(self, several):
        """A broker that is away is told wherever a person looks."""
        feed, (first, second) = several
        feed.notice = "MQTT: no answer"
        assert first.feed.notice == second.feed.notice == "MQTT: no answer"

    def test_no_subject_leaves(self, several):
        """The same as of one device; the name of the device does leave."""
        feed, (first, _) = several
        first.feed.publish('{"type":"note","at_s":1.0,"path":"/home/eva/P7","text":"Eva M."}')
        assert json.loads(feed.after(2)[0].text) == {
            "type": "note",
            "stream": "bed 1",
            "at_s": 1.0,
            "path": None,
            "text": None,
        }

    def test_more_devices_have_room_for_more_lines(self, monkeypatch):
        """So that as many minutes are kept."""
        monkeypatch.setattr("monitor.serve.feed.MAX_LINES", 2)
        feed = SeveralFeed()
        parts = [feed.add(name) for name in "abc"]
        for _ in range(3):
            for part in parts:
                part.publish('{"type":"site","at_s":1.0,"sample":1,"site":"MV"}')
        assert [line.number for line in feed.after(0)] == [4, 5, 6, 7, 8, 9]

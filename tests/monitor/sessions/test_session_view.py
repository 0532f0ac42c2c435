"""A run is kept while it is shown: the very lines of --json, and what was told."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from monitor.audio.sources.array import ArraySource
from monitor.commands.player import play
from monitor.errors import OutputError
from monitor.process.interrupts import Interrupts
from monitor.sessions.reader import read_session
from monitor.sessions.session import Session
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.views.lines import JsonView
from tests.monitor.sessions.conftest import FACTS

HEART = phonocardiogram(7.0, HeartParameters(), np.random.default_rng(5)).waveform


class MarkingView(JsonView):
    """Marks the end of the third window."""

    def attach(self, pipeline, interrupts):
        """Keep the pipeline."""
        super().attach(pipeline, interrupts)
        self.pipeline = pipeline

    def window(self, event):
        """Mark once."""
        super().window(event)
        if event.index == 2:
            self.write(self.mark_line(self.pipeline.mark()))


def test_a_session_holds_the_lines_that_are_printed(plain_bundle, tmp_path, check, capsys):
    """Line by line, times of the wall clock aside; the sound is the one that was played."""
    session = Session(tmp_path, FACTS)
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000, name="steth"), plain_bundle, MarkingView(), interrupts, session=session)
    values, events = check(session.folder)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(map(without_time, events)) == sorted(map(without_time, printed))
    others = [line["type"] for line in events if line["type"] != "window"]
    assert (others[0], others[-2:], sorted(others[1:-2])) == ("start", ["recording", "summary"], ["mark", "recording"])
    mark = next(line for line in events if line["type"] == "mark")
    assert mark["sample"] == round(mark["at_s"] * 4000)
    sound, rate = soundfile.read(session.folder / "sound.flac")
    assert (rate, values["samples"]) == (4000, len(HEART))
    np.testing.assert_allclose(sound, HEART, atol=2**-23)
    assert sorted(path.name for path in session.folder.iterdir()) == ["events.jsonl", "session.json", "sound.flac"]


def without_time(line):
    """Return a line as text, without when it was written."""
    return json.dumps({key: value for key, value in line.items() if key != "time"}, sort_keys=True)


def test_a_view_that_fails_costs_the_session_nothing(plain_bundle, tmp_path, check):
    """Nobody reads standard output: what was judged by then is kept, and the end is written."""

    class Failing(JsonView):
        def window(self, event):
            if event.index == 3:
                raise OutputError("standard output is closed")

    session = Session(tmp_path, FACTS)
    with Interrupts() as interrupts, pytest.raises(OutputError):
        play(ArraySource(HEART, 4000), plain_bundle, Failing(), interrupts, session=session)
    values, events = check(session.folder)
    assert [line["index"] for line in events if line["type"] == "window"] == [0, 1, 2, 3]
    assert values["ended"] is not None


def test_what_was_told_is_kept(plain_bundle, tmp_path, check):
    """A full disk stands in the events, once, when it has room for them."""

    class Full(Session):
        @property
        def status(self):
            import dataclasses

            status = super().status
            return None if status is None else dataclasses.replace(status, error="the disk is full")

    session = Full(tmp_path, FACTS)
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, JsonView(), interrupts, session=session)
    _, events = check(session.folder)
    assert [line["text"] for line in events if line["type"] == "told"] == ["session: the disk is full"]


def test_a_source_that_cannot_be_opened_leaves_no_session(plain_bundle, tmp_path):
    """The error is raised, and the folder is gone."""

    class Broken(ArraySource):
        def start(self, ring):
            raise OSError("no such device")

    session = Session(tmp_path, FACTS)
    with Interrupts() as interrupts, pytest.raises(OSError, match="no such device"):
        play(Broken(HEART, 4000), plain_bundle, JsonView(), interrupts, session=session)
    assert list(tmp_path.iterdir()) == []


def test_two_sessions_of_one_view(plain_bundle, tmp_path):
    """Several files played after each other have a session each, with their own windows."""
    view, folders = JsonView(), []
    with Interrupts() as interrupts:
        for seconds in (5.0, 6.0):
            session = Session(tmp_path, FACTS)
            folders.append(session.folder)
            source = ArraySource(HEART[: round(4000 * seconds)], 4000)
            play(source, plain_bundle, view, interrupts, session=session)
    assert [len(read_session(folder).events().of("window")) for folder in folders] == [1, 3]


def test_notes_and_sites_are_kept(plain_bundle, tmp_path, check):
    """With their samples, in the order in which they came; the site of the beginning stands in the first line."""

    class Entering(JsonView):
        def attach(self, pipeline, interrupts):
            super().attach(pipeline, interrupts)
            self.pipeline = pipeline

        def window(self, event):
            super().window(event)
            if event.index == 1:
                self.pipeline.mark("loud", 8000)
                self.pipeline.change_site("MV")

    session = Session(tmp_path, FACTS)
    with Interrupts() as interrupts:
        play(ArraySource(HEART, 4000), plain_bundle, Entering(), interrupts, session=session, site="AV")
    _, events = check(session.folder)
    assert events[0]["site"] == "AV"
    note, change = (line for line in events if line["type"] in ("note", "site"))
    assert (note["number"], note["at_s"], note["sample"], note["text"]) == (1, 2.0, 8000, "loud")
    assert change["site"] == "MV"
    assert change["sample"] == round(change["at_s"] * 4000)

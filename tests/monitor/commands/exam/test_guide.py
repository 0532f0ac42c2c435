"""The guide: from site to site, by the sound, by keys, and with recordings."""

from __future__ import annotations

import pytest

from monitor.commands.exam.guide import Guide
from monitor.commands.exam.progress import Progress

RATE = 4000


class Recordings:
    """A source of recordings that only notes what it is told."""

    def __init__(self):
        self.waiting = True
        self.told = []
        self.left = 0

    def play(self, site):
        """Note what is to be played."""
        self.waiting = False
        self.told.append(site)

    def leave(self):
        """Count."""
        self.left += 1


class Course:
    """A guide with a clock that the test moves."""

    def __init__(self, guided, decision, snapshot, recordings=None, sites=("AV", "PV")):
        self.pipeline, self._snapshot, self.quits = guided, snapshot, []
        self.guide = Guide(Progress(sites, 10.0, decision), guided, lambda: self.quits.append(True), recordings)

    def at(self, at_s, peak_db=-20.0):
        """Go on at a moment; return what happened, by kind and site."""
        self.pipeline.newest_sample = round(at_s * RATE)
        return [(step.kind, step.site) for step in self.guide.update(self._snapshot(at_s, peak_db))]

    def hear(self, window, start_s, count=11, **changes):
        """Hear windows from a moment on."""
        for index in range(count):
            self.guide.window(window(start_s + index / 2, **changes))


@pytest.fixture
def course(guided, decision, snapshot):
    """Return a live examination of two sites that has begun."""
    course = Course(guided, decision, snapshot)
    course.guide.begin()
    return course


def test_the_first_site_counts_at_once(course):
    """The chest piece may lie there already."""
    assert course.at(0.0) == [("place", "AV"), ("arrived", "AV")]
    assert [change.site for change in course.pipeline.changes] == ["AV"]


def test_it_goes_on_by_itself(course, window):
    """With enough sound the next place is asked for, and nothing counts before the move."""
    course.at(0.0)
    course.hear(window, 0.0)
    assert course.at(10.0) == [("done", "AV"), ("place", "PV")]
    course.hear(window, 6.0, 20)
    assert course.at(20.0) == []
    assert not course.guide.progress.arrived
    assert [change.site for change in course.pipeline.changes] == ["AV"]


def test_a_bump_begins_the_next_site(course, window):
    """From there on, and not with a window that began before."""
    course.at(0.0)
    course.hear(window, 0.0)
    course.at(10.0)
    assert course.at(12.0, peak_db=-2.0) == [("arrived", "PV")]
    assert (course.pipeline.changes[-1].site, course.pipeline.changes[-1].at_s) == ("PV", 12.0)
    course.hear(window, 11.0, 2)
    assert course.guide.progress.judged_s == 0.0
    course.hear(window, 12.0)
    assert course.at(23.0) == [("done", "PV")]
    assert course.quits == [True]
    assert course.guide.progress.site is None


def test_enter_says_that_it_is_there(course, window):
    """For a move that nobody hears."""
    course.at(0.0)
    course.hear(window, 0.0)
    course.at(10.0)
    assert course.guide.key("\n")
    assert course.at(13.0) == [("arrived", "PV")]
    assert course.guide.key("\n")  # once more changes nothing
    assert course.at(13.1) == []


def test_a_site_can_be_skipped(course):
    """It is not judged; after the last one the examination ends."""
    course.at(0.0)
    course.guide.key("s")
    assert course.at(3.0) == [("left", "AV"), ("place", "PV")]
    course.guide.key("s")
    assert course.at(4.0) == [("left", "PV")]
    assert course.quits == [True]
    course.guide.key("s")
    assert course.at(5.0) == []


def test_back_and_again(course, window):
    """Back asks for the site before; again forgets what was collected."""
    course.at(0.0)
    course.hear(window, 0.0, 3)
    course.pipeline.newest_sample = 7 * RATE
    course.guide.key("r")
    assert course.guide.progress.judged_s == 0.0
    course.hear(window, 6.0, 1)  # began before
    assert course.guide.progress.judged_s == 0.0
    course.guide.key("s")
    course.guide.key("b")
    assert course.at(8.0)[-1] == ("place", "AV")
    assert course.guide.progress.site == "AV"


@pytest.mark.parametrize(("key", "known"), [("1", True), ("4", True), ("q", False), ("m", False), ("x", False)])
def test_other_keys(course, key, known):
    """Keys that change the site elsewhere do nothing here; the others are left to the view."""
    course.at(0.0)
    assert course.guide.key(key) is known
    assert course.at(1.0) == []
    assert len(course.pipeline.changes) == 1


def test_the_examination(course, window, decision):
    """What was collected, when it is ended before its end."""
    course.at(0.0)
    course.hear(window, 0.0, 3)
    course.pipeline.newest_sample = 7 * RATE
    examination = course.guide.examination("steth", "P-017", decision)
    assert (examination.source, examination.subject, examination.complete) == ("steth", "P-017", False)
    assert [result.site for result in examination.sites] == ["AV", "PV"]
    assert examination.finding.labels == {"AV": "normal"}
    assert examination.finding.not_judged == ("PV",)


@pytest.fixture
def played(guided, decision, snapshot):
    """Return an examination of recordings that has begun, and the recordings."""
    recordings = Recordings()
    course = Course(guided, decision, snapshot, recordings)
    course.guide.begin()
    guided.caught_up = True
    return course, recordings


def test_a_recording_is_played_when_all_before_is_judged(played):
    """One call later, so that the last results have arrived."""
    course, recordings = played
    assert course.at(0.0) == [("place", "AV")]
    assert recordings.told == []
    assert course.at(0.0) == [("arrived", "AV")]
    assert recordings.told == ["AV"]


def test_a_recording_that_ends_too_early(played, window):
    """The site is left with what there is."""
    course, recordings = played
    course.at(0.0)
    course.at(0.0)
    course.hear(window, 0.0, 5)
    recordings.waiting = True
    course.at(8.0)
    assert course.at(8.0) == [("left", "AV"), ("place", "PV"), ("arrived", "PV")]
    assert course.guide.progress.done["AV"].reason == "the recording ends after 7.0 of 10 s"


def test_enough_of_a_recording(played, window):
    """It is left, and the next one is played only when the source waits."""
    course, recordings = played
    course.at(0.0)
    course.at(0.0)
    course.hear(window, 0.0)
    assert course.at(10.0) == [("done", "AV"), ("place", "PV")]
    assert (recordings.left, recordings.told) == (1, ["AV"])
    course.hear(window, 5.0)  # what still comes counts for nobody
    assert course.guide.progress.judged_s == 0.0
    recordings.waiting = True
    course.at(10.5)
    assert course.at(10.5) == [("arrived", "PV")]
    assert course.pipeline.changes[-1].at_s == 10.5


def test_after_the_last_recording_the_sound_ends(played):
    """The source is told so, and the program is not asked to quit."""
    course, recordings = played
    for _ in range(2):
        course.at(0.0)
    for _ in range(2):
        recordings.waiting = True
        course.at(9.0)
        course.at(9.0)
    assert recordings.told == ["AV", "PV", None]
    assert course.quits == []


def test_a_recording_again(played, window):
    """It is played from its beginning, and what was collected is forgotten."""
    course, recordings = played
    course.at(0.0)
    course.at(0.0)
    course.hear(window, 0.0, 3)
    course.guide.key("r")
    recordings.waiting = True
    course.at(7.0)
    course.at(7.0)
    assert recordings.told == ["AV", "AV"]
    assert (course.guide.progress.judged_s, course.guide.progress.done) == (0.0, {})


def test_enter_has_no_meaning_with_recordings(played):
    """They arrive by themselves."""
    course, _ = played
    course.guide.key("\n")
    assert course.at(0.0) == [("place", "AV")]
    assert "Enter" not in dict(course.guide.keys)

"""The keys of a review, and what the screen shows after them."""

from __future__ import annotations

import pytest

from monitor.archive.session_timeline import session_timeline
from monitor.commands.review.help_page import HELP
from monitor.dashboard.drawing.canvas import TerminalStyle
from monitor.dashboard.drawing.render import render


@pytest.mark.parametrize(
    ("keys", "at_s"),
    [
        (["right"], 5.0),
        (["right", "right", "left"], 5.0),
        (["left"], 0.0),
        (["pagedown"], 60.0),
        (["pagedown", "pagedown"], 90.0),
        (["end", "pageup"], 30.0),
        (["end", "home"], 0.0),
        (["k", "shift-right", "j"], 0.05),
        (["."], 10.0),
        ([".", "."], 20.0),
        (["end", ","], 20.0),
        ([">"], 40.0),
        (["end", "<"], 40.0),
        (["g", *"1:05", "\n"], 65.0),
        (["g", *"12.25", "\n"], 12.25),
        (["g", *"99:00", "\n"], 90.0),
        (["g", "5", "escape"], 0.0),
    ],
)
def test_moves(review, keys, at_s):
    """Each to its place, within the recording; the verdict is that of the place."""
    review.press(*keys)
    assert review.at_s == pytest.approx(at_s)
    snapshot, state = review.controller.compose()
    assert snapshot.elapsed_s == state.timeline.at_s == pytest.approx(at_s)
    assert snapshot.window.rolling.label == ("normal" if at_s <= 40.0 else "murmur")


def test_where_there_is_nothing_further(review):
    """It is told, until the next key; the cursor stays."""
    assert review.press("end", ".").state.notice == "no mark behind 1:30.0"
    assert review.press("home").state.notice == ""
    assert review.press("<").state.notice == "no change of verdict before 0:00.0"
    assert "no time" in review.press("g", "x", "\n").state.notice


def test_zoom_shows_more(review):
    """The waveform, the verdicts and the marks of what is shown."""
    assert [name for _, _, name in review.state.timeline.verdicts] == ["normal"]
    review.press("down", "down", "down", "down")
    view = review.state.timeline
    assert (view.start_s, view.end_s) == (0.0, 90.0)
    assert [name for _, _, name in view.verdicts] == ["normal", "murmur"]
    assert [text for _, text in view.marks] == ["mark 1", "coughs"]
    for _ in range(9):
        review.press("up")
    assert review.state.timeline.end_s == 1.0


def test_marks_notes_and_labels(review, folder):
    """Set, edited and deleted with keys; the session has them at once."""
    review.press("right", "m", "right", "right", "n").type("loud at the apex")
    review.press("right", "[", "right", "]", "l", "2")
    assert [line["type"] for line in review.added()] == ["mark", "note", "label"]
    review.press("e", "1")  # the label, at its end
    review.press("g").type("5")
    review.press("d", "y")
    review.press("g").type("15")
    review.press("e", "!", "\n")
    assert [line["type"] for line in review.added()][3:] == ["edit", "delete", "edit"]
    timeline, _ = session_timeline(folder)
    texts = [span.text for span in timeline.spans if span.kind in ("mark", "note", "label")]
    assert texts == ["mark 1", "loud at the apex!", "coughs", "normal"]
    assert [event.text for event in review.press("end").state.events if event.kind == "mark"][1] == "loud at the apex!"


def test_what_needs_something_says_so(review):
    """A stretch for a label and a loop, an annotation for an edit."""
    assert "select a stretch first" in review.press("l").state.notice
    assert "select a stretch first" in review.press("o").state.notice
    assert "no mark, note or label at the cursor" in review.press("e").state.notice
    assert "no mark, note or label at the cursor" in review.press("d").state.notice
    assert "no heart rate is known here" in review.press("end", "c").state.notice
    assert review.added() == []


def test_a_question_takes_all_keys(review):
    """Also those that would do something else; q is a letter."""
    review.press("n", *"quiet")
    assert review.state.prompt == "note at 0:00.0: quiet_"
    assert review.quits == 0
    review.press("escape", "q")
    assert review.quits == 1
    assert review.added() == []


def test_read_only(review):
    """Every change is refused with the reason, before anything is asked; moving goes on."""
    review.annotations.read_only = "another program is writing this session"
    for keys in (["m"], ["n"], ["g", *"10", "\n", "e"], ["d"], ["[", "right", "]", "l"]):
        review.press(*keys)
        assert review.state.notice == "another program is writing this session"
        assert review.state.prompt == ""
    assert review.added() == []
    assert review.press("home").at_s == 0.0


def test_what_is_not_kept_is_told_until_it_is(review, folder):
    """And comes before anything else that is told."""
    away = folder.with_name("away")
    folder.rename(away)
    review.press("m", "end")
    assert review.state.notice.startswith("not kept yet: ")
    away.rename(folder)
    review.controller.save()
    assert review.state.notice == ""
    assert [line["type"] for line in review.added()] == ["mark"]


class TestPlaying:
    """The sound from a place."""

    def test_space_plays_and_holds(self, review, players):
        """From the cursor; the title and the row of keys say so."""
        review.press("right", " ")
        assert (review.state.hold, dict(review.state.keys)["space"]) == ("playing", "stop")
        assert review.listening.position_s() == 5.0
        review.press(" ")
        assert (review.state.hold, dict(review.state.keys)["space"]) == ("review", "play")
        assert len(players) == 1

    def test_moving_takes_the_sound_along(self, review):
        """A person hears where they are."""
        review.press(" ", "right", "right")
        assert review.listening.position_s() == 10.0
        assert review.listening.playing

    def test_at_the_end_it_begins_again(self, review):
        """Nothing would be heard otherwise."""
        review.press("end", " ")
        assert review.at_s == 0.0

    def test_a_stretch_is_repeated(self, review, players):
        """From its beginning where the cursor is outside; Escape forgets it, and the sound goes on."""
        review.press("right", "[", "right", "]", "right", "o")
        assert (review.at_s, review.state.hold, review.state.timeline.loops) == (5.0, "loop", True)
        assert players[0].source.stretch == (20_000, 40_000)
        review.press("escape")
        assert (players[0].source.stretch, review.state.hold) == (None, "playing")

    def test_a_heart_cycle_is_repeated(self, review, players):
        """One beat around the cursor."""
        review.press("g").type("20").press("c")
        start, end = players[0].source.stretch
        assert (end - start) / 4000 == pytest.approx(60 / 72, rel=0.2)
        assert start <= 80_000
        review.press("o")
        assert review.state.hold == "playing"

    def test_half_speed(self, review, players):
        """A new output; the sound goes on at the place."""
        review.press("right", " ", "h")
        assert review.state.notice == "0.5x, the pitch kept"
        assert review.snapshot.start.speed == 0.5
        assert review.listening.playing
        assert players[1].source.speed == 0.5
        assert review.press("f").state.notice == "sound: bell"

    def test_a_missing_output_is_told_and_review_goes_on(self, review, players):
        """In one line, as in the live dashboard."""
        review.press(" ")
        players[0].state = "failed"
        assert review.snapshot.playback.state == "failed"
        assert review.press("right").at_s == 5.0

    def test_the_cursor_follows_the_sound(self, review, players):
        """Screen by screen."""
        review.press("right", " ")
        players[0].state = "playing"
        while not players[0].source.jumps:
            review.controller.tick()
        players[0].heard = players[0].source.jumps[0][0] + 8000.0
        while players[0].ring.end_sample < players[0].source.jumps[0][0] + 100:
            review.controller.tick()
        assert review.controller.tick()
        assert review.at_s == pytest.approx(7.0)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 10), (200, 60), (60, 16), (20, 5)])
@pytest.mark.parametrize("style", [TerminalStyle(), TerminalStyle(False, False, False)])
def test_every_size_of_screen(review, columns, rows, style):
    """The verdict, and from 60x16 on the axis with marks and verdicts; ASCII where there is nothing else."""
    review.press("[", "right", "right", "m", "]", "l", "2")
    while review.controller.tick():
        pass
    for _ in range(6):
        canvas = render(*reversed_state(review, columns, rows, style))
        assert len(canvas.lines) == rows
        assert all(sum(len(segment.text) for segment in line) == columns for line in canvas.lines)
        assert "ormal" in canvas.text or "NORMAL" in canvas.text or "█" in canvas.text
        if columns >= 60:
            assert "verdict" in canvas.text
            assert "nnnnn" in canvas.text
        assert style.unicode or canvas.text.isascii()
        review.press("down")
    review.press("?")
    if rows >= 10:
        assert "press any key" in render(*reversed_state(review, columns, rows, style)).text


def reversed_state(review, columns, rows, style):
    """Return the arguments of a screen."""
    snapshot, state = review.controller.compose()
    return snapshot, columns, rows, style, state


def test_the_screen_is_saved(review, folder):
    """Under a new name; it is told."""
    review.controller.key("s", render(*reversed_state(review, 80, 24, TerminalStyle())))
    (saved,) = folder.parent.glob("*.svg")
    assert review.state.notice == f"saved {saved}"


def test_display_gain_and_help(review):
    """The gain is limited; any key leaves the help."""
    for _ in range(20):
        review.press("+")
    assert review.state.gain_db == 30.0
    assert review.press("-").state.gain_db == 27.0
    assert review.press("?").state.help
    assert not review.press("right").state.help
    assert review.at_s == 0.0
    review.press("?", "q")
    assert review.quits == 1


def test_the_help_fits_a_small_screen(review):
    """Its first page is the only one: the last line is seen at 80x24."""
    review.press("?")
    text = render(review.snapshot, 80, 24, TerminalStyle(), review.state).text
    assert "heart sounds that are sure" in text
    assert HELP[-1][1] in text

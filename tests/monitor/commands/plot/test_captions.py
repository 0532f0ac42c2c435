"""The text of a figure: caption, verdict."""

from __future__ import annotations

import dataclasses

from monitor.commands.plot.captions import caption, verdict_text
from monitor.errors import RecordingError
from monitor.messages import Verdict


def test_a_caption_names_file_verdict_and_model(run_maker, window_maker):
    """Without the folder; with digest, window, hop and disclaimer."""
    run = run_maker([window_maker()], verdict=Verdict("verdict", "murmur", 0.873), bpm=71.6, source="/x/a.wav")
    title, subtitle = caption(run)
    assert title == "a.wav: murmur 0.87, 72 beats / min"
    for part in ("10.0 s at 4000 Hz", "model plain (01234567)", "window 5 s, hop 0.5 s", "1 of 1 windows judged"):
        assert part in subtitle
    assert subtitle.endswith("research use, not for diagnosis")
    assert "short" not in subtitle
    assert "damaged" not in subtitle


def test_a_caption_names_another_engine(run_maker, window_maker):
    """A figure of the int8 network cannot pass for one of the float network."""
    run = run_maker([window_maker()])
    run = dataclasses.replace(run, start=dataclasses.replace(run.start, engine="litert-int8"))
    assert "model plain (litert-int8) (01234567)" in caption(run)[1]


def test_a_caption_names_what_is_unusual(run_maker, window_maker):
    """A start inside the file, a looped clip, a damaged file, a long one."""
    _, subtitle = caption(run_maker([window_maker(short=True)], error=RecordingError("cut"), duration_s=3750.0), 12.5)
    assert "1:02:30 from 12.5 s on at" in subtitle
    assert "short: looped to one window" in subtitle
    assert "damaged: ends early" in subtitle


def test_a_long_name_is_cut_in_its_middle(run_maker):
    """Start and end of a name of 300 characters stay; control characters are escaped."""
    title, _ = caption(run_maker(source="begin" + "x" * 300 + "\n.wav"))
    assert title.startswith("begin")
    assert "…" in title
    assert r"\n.wav: listening" in title
    assert len(title) < 100


def test_a_caption_says_how_many_windows_were_judged(run_maker, window_maker):
    """One judged window of three is no verdict on the recording."""
    windows = [window_maker(0), window_maker(1, state="poor-signal"), window_maker(2, state="poor-signal")]
    title, subtitle = caption(run_maker(windows, verdict=Verdict("poor-signal")))
    assert title == "a.wav: poor signal (poor-signal)"
    assert "1 of 3 windows judged" in subtitle


def test_a_withheld_recording_shows_the_reason(run_maker, window_maker):
    """The most frequent reason follows the state, and no confidence."""
    windows = [window_maker(index, state="poor-signal", reason=reason) for index, reason in enumerate(["b", "a", "a"])]
    assert verdict_text(run_maker(windows, verdict=Verdict("poor-signal", None, 0.8))) == "poor signal (a)"
    assert verdict_text(run_maker(verdict=Verdict("no-signal"))) == "no signal"
    assert verdict_text(run_maker(verdict=Verdict("uncertain", None, 0.41))) == "uncertain 0.41"


def test_a_title_shows_what_is_heard(run_maker):
    """The number is the acoustic score; one that would give a label beside "uncertain" is explained."""
    scores, heard = {"normal": 0.9, "extrastole": 0.1}, {"normal": 0.99, "extrastole": 0.01}
    assert verdict_text(run_maker(verdict=Verdict("verdict", "normal", 0.9, scores, heard))) == "normal 0.99"
    run = run_maker(verdict=Verdict("uncertain", None, 0.9, scores, heard))
    run = dataclasses.replace(run, summary=dataclasses.replace(run.summary, never_rolling="normal"))
    assert verdict_text(run) == "uncertain 0.99 (rolling verdict never normal)"

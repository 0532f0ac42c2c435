"""A result in a notebook: one line of words, and a picture that is well formed, in scale and legible without colour."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import monitor
from monitor.commands.plot.result_card import SOUND_HEIGHT, STRIP_TOP, WIDTH, result_card, verdict_words
from monitor.messages import Quality, Summary, Verdict, WindowEvent

LABELS = ("normal", "murmur", "extrastole")
MURMUR = Verdict("verdict", "murmur", 0.8, {"normal": 0.2, "murmur": 0.8}, {"normal": 0.1, "murmur": 0.9})
SUMMARY = Summary("a.wav", 4, 0, 0, MURMUR, 77.4, judged=3, withheld={"much <b>noise</b>": 1})
SVG = "{http://www.w3.org/2000/svg}"


def window(index: int, rolling: Verdict, *, gap: bool = False) -> WindowEvent:
    """Return a window of five seconds that ends half a second after the one before it."""
    start_s = index / 2
    return WindowEvent(index, start_s, start_s + 5.0, MURMUR, rolling, Quality(0.9), None, gap, False, 0.0)


def card(windows, peaks=None, duration_s=6.5, summary=SUMMARY):
    """Return the parsed card of windows."""
    peaks = np.full((2, 100), 0.25, np.float32) if peaks is None else peaks
    return ElementTree.fromstring(result_card(summary, windows, LABELS, peaks, duration_s))


def test_the_words_say_what_and_why_not_more():
    """Label and the score that a screen shows, rate, share, and the most frequent reason of the rest."""
    assert verdict_words(SUMMARY) == "murmur 0.90, 77 bpm, 3 of 4 windows judged, 1 withheld: much <b>noise</b>"
    possible = dataclasses.replace(
        SUMMARY, verdict=Verdict("uncertain", None, 0.5, {"normal": 0.5, "murmur": 0.5}, possible="murmur")
    )
    assert verdict_words(possible).startswith("uncertain 0.50, possible murmur, 77 bpm, ")
    silent = Summary("a.wav", 2, 0, 0, Verdict("no-signal"), None, withheld={"no-signal": 2})
    assert verdict_words(silent) == "no-signal, 0 of 2 windows judged, 2 withheld: no-signal"


def test_a_name_in_a_result_is_text():
    """Markup in a label or a reason stays text, and the card is well formed."""
    label = "<script>alert(1)</script>"
    verdict = Verdict("verdict", label, 0.8, {label: 0.8})
    summary = Summary("a.wav", 1, 0, 0, verdict, None, judged=1, withheld={"<i>": 1})
    html = result_card(summary, [window(0, verdict)], (label,), np.ones((2, 10), np.float32), 5.0)
    assert "<script" not in html
    assert label in "".join(ElementTree.fromstring(html).itertext())


def test_runs_lie_where_their_windows_end():
    """Neighbours with one label are one rectangle with its letter and a title; the first reaches back to the start."""
    uncertain = Verdict("uncertain")
    root = card([window(0, uncertain), window(1, MURMUR), window(2, MURMUR), window(3, uncertain)])
    rectangles = list(root.iter(f"{SVG}rect"))
    places = [(float(one.attrib["x"]), float(one.attrib["width"])) for one in rectangles]
    scale = WIDTH / 6.5
    expected = [(0.0, 5.0), (5.0, 1.0), (6.0, 0.5)]
    assert places == [pytest.approx((start * scale, length * scale), abs=0.1) for start, length in expected]
    assert [one.findtext(f"{SVG}title") for one in rectangles] == [
        "uncertain, 0.0 to 5.0 s",
        "murmur, 5.0 to 6.0 s",
        "uncertain, 6.0 to 6.5 s",
    ]
    texts = [one.text for one in root.iter(f"{SVG}text") if float(one.attrib["y"]) < STRIP_TOP + 18]
    assert texts == ["?", "M", "?"]
    assert "? uncertain, M murmur; research use, not for diagnosis" in "".join(root.itertext())


def test_the_sound_fills_its_height_and_no_thump_flattens_it():
    """One column far louder than the rest is cut at the edge, and the others stay visible."""
    peaks = np.full((2, 200), 0.1, np.float32)
    peaks[:, 77] = 1.0
    outline = card([window(0, MURMUR)], peaks, 20.0).find(f".//{SVG}path").attrib["d"]
    points = np.array(re.findall(r"([\d.]+) ([\d.]+)", outline), float)  # (points, 2)
    assert points.shape == (400, 2)
    assert points.min() >= 0.0
    assert points[:, 0].max() == WIDTH
    assert points[:, 1].max() <= SOUND_HEIGHT
    assert np.ptp(points[:, 1]) > 0.9 * SOUND_HEIGHT
    assert np.median(np.abs(points[:, 1] - SOUND_HEIGHT / 2)) > 0.5 * SOUND_HEIGHT / 2


@pytest.mark.parametrize("seconds", [0.01, 0.4, 5.0, 61.0])
def test_sounds_of_any_length_and_silence_have_a_card(plain_bundle, seconds):
    """From a click to a minute, with noise or without, the card is XML without a number that is none."""
    noise = np.random.default_rng(1).uniform(-1, 1, max(1, round(seconds * 4000)))
    for waveform in (noise, np.zeros_like(noise), np.full_like(noise, np.nan)):
        html = monitor.judge(waveform, 4000, plain_bundle)._repr_html_()
        ElementTree.fromstring(html)
        assert not re.search(r"\bnan\b|\binf\b", html)
        assert len(html) < 25_000

"""The page: everything in it, nothing from elsewhere, every text escaped."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import html.parser
import json
import re

import pytest

from monitor.archive.session_timeline import session_timeline
from monitor.commands.report.contents import chapter
from monitor.commands.report.drawings import drawings
from monitor.commands.report.page import ChapterParts, page
from monitor.commands.report.sound import embedded_sound

matplotlib = pytest.importorskip("matplotlib", reason="a page needs the extra report")
pytest.importorskip("jinja2", reason="a page needs the extra report")

MADE = datetime.datetime(2026, 1, 2, 3, 4)
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7 * 7 }} \x1b[2J\u202e'


class Elements(html.parser.HTMLParser):
    """The elements of a page, and its text outside scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self._inside = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def of(self, tag):
        return [attributes for found, attributes in self.elements if found == tag]


def parts_of(contents, card="# card"):
    """Return a chapter with its pictures and sound."""
    drawn = drawings(contents)
    sound = contents.timeline.sound
    return ChapterParts(contents, drawn, sound and embedded_sound(sound, drawn.peak, 10**7), card)


@pytest.fixture
def evil_dir(session_dir):
    """Return a session in which every text is an attack."""
    path = session_dir / "session.json"
    values = json.loads(path.read_text())
    values |= {"device": EVIL, "subject": EVIL, "site": EVIL, "model": EVIL, "model_sha256": EVIL, "version": EVIL}
    values |= {"started": EVIL, "labels": [EVIL], "source": {"kind": "listen", "name": EVIL, "channel": EVIL}}
    values["started"] = "2026-01-02T03:04:05+01:00"
    path.write_text(json.dumps(values))
    lines = [json.loads(line) for line in (session_dir / "events.jsonl").read_text().splitlines()]
    for line in lines:
        kind = line["type"]
        line |= {"note": {"text": EVIL}, "told": {"text": EVIL}, "label": {"label": EVIL}}.get(kind, {})
        if kind == "site":
            line["site"] = EVIL
        if kind == "start":
            line |= {"source": EVIL, "model": EVIL, "model_sha256": EVIL, "version": EVIL, "labels": [EVIL]}
        if kind == "window":
            line["rolling"] = {"state": "verdict", "label": EVIL, "scores": {EVIL: 1.0}}
            line["quality"] = {"score": 1.0, "reason": EVIL}
        if kind == "summary":
            line |= {"label": EVIL, "scores": {EVIL: 1.0}, "acoustic_scores": {EVIL: 1.0}}
    (session_dir / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return session_dir


def test_what_stands_in_it(contents):
    """Verdict, numbers, what was judged and why the rest was not, heart rate, notes, facts, limits, its date."""
    found = Elements(page([parts_of(contents)], MADE))
    for words in (
        *("P7, AV (aortic valve area), 2026-01-02 03:04", "Murmur", "score 0.90", "confidence 0.80", "70 beats/min"),
        *("7.0 of 10.1 s (5 of 11 windows)", "1 window: loud bumps: keep the chest piece and its cable still"),
        *("coughed \u00e9\u5fc3", "0:01.0 to 0:02.5 murmur", "device lost", "ab" * 32, "steth", "# card"),
        *("Research use, not for diagnosis", "names no disease", "Made 2026-01-02 03:04 by auscult"),
    ):
        assert words in found.text, words
    assert not found.of("h2") or "by site" not in found.text


def test_nothing_comes_from_elsewhere(contents):
    """No address but data and places in the page, and a policy that forbids the rest and any script but ours."""
    text = page([parts_of(contents)], MADE)
    found = Elements(text)
    for tag, attributes in found.elements:
        for name in ("src", "href", "xlink:href", "data", "action", "poster"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png;base64,", "data:audio/flac;base64,")), (tag, address[:80])
        assert not [name for name in attributes if name.startswith("on")], tag
    assert not re.search(r"@import|url\((?!#)", text)
    policy = next(meta["content"] for meta in found.of("meta") if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; ")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "unsafe-eval" not in policy


def test_every_text_is_escaped(evil_dir):
    """A session in which every text is an attack gives the elements of a harmless one, and no control character."""
    text = page([parts_of(chapter(*session_timeline(evil_dir)), card=EVIL)], MADE)
    found = Elements(text)
    assert len(found.of("script")) == 1
    assert not [attributes for attributes in found.of("img") if "onerror" in attributes]
    assert not found.of("img")
    assert text.count("&lt;script&gt;alert(1)") > 10
    assert "{{ 7 * 7 }}" in found.text
    controls = {"\x1b", "\u202e"}
    assert not [text[at - 60 : at + 9] for at, letter in enumerate(text) if letter in controls]


def test_several_sites_have_a_table(contents, crashed):
    """A row for each, with a link to its pictures; what belongs to one is not mixed with another."""
    text = page([parts_of(contents), parts_of(chapter(crashed, ["a line is missing"]), card=None)], MADE)
    found = Elements(text)
    assert "Findings by site" in found.text
    assert {"#recording-1", "#recording-2"} <= {one.get("href") for one in found.of("a")}
    assert "a line is missing" in found.text
    assert len(found.of("audio")) == 2
    identifiers = re.findall(r'\bid="([^"]*)"', text)
    assert len(set(identifiers)) == len(identifiers)
    assert "2 recordings" in found.text


def test_a_card_that_is_not_installed_is_said(contents):
    """With the command that prints it elsewhere."""
    assert "auscult models heart-sounds prints it" in Elements(page([parts_of(contents, card=None)], MADE)).text


def test_without_sound_there_is_no_player(contents):
    """And nothing to click; the moments of notes are text."""
    silent = chapter(dataclasses.replace(contents.timeline, sound=None), ["gone"])
    found = Elements(page([parts_of(silent)], MADE))
    assert not found.of("audio")
    assert not found.of("button")
    assert "There is no sound" in found.text

"""The page of a scan: what it says, that it needs nothing else, and that its size does not follow the rows."""

from __future__ import annotations

import datetime
import html.parser
import re
from pathlib import Path

import pytest

from monitor.archive.scans.rows import ScanResult

pytest.importorskip("jinja2", reason="a report needs its extra")

from monitor.commands.report.scans.page import MARK, MAX_GROUPS, scan_page

MADE = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
ATTACK = '<script src="http://attack.test/a.js"></script>.wav'


@pytest.fixture
def page(make_row, make_recording):
    """Return a function that makes the page of rows, each given as a name and its changes."""

    def make(*rows, **changes):
        def read():
            yield from (make_row(make_recording(name), **values) for name, values in rows)

        values = {"head": None, "is_running": False, **changes}
        return scan_page(ScanResult(Path("out.csv"), ("normal", "murmur"), rows=read, **values), MADE)[0]

    return make


def text_of(content):
    """Return the text of a page, without its style."""
    parts = []
    parser = html.parser.HTMLParser()
    parser.handle_data = parts.append
    parser.feed(re.sub(r"<style>.*?</style>", "", content, flags=re.DOTALL))
    return re.sub(r"\s+", " ", " ".join(parts))


def test_figures_are_those_of_the_rows(page):
    """Tiles, shares, tables, reasons."""
    nothing = {"label": None, "state": None, "windows": 0, "judged": 0, "heart_rate_bpm": None, "quality": None}
    nothing |= {"duration_s": None, "confidence": None, "scores": None, "acoustic_scores": None, "withheld": {}}
    text = text_of(
        page(
            ("x/a.wav", {"subject": "p1"}),
            ("x/b.wav", {"subject": "p1", "label": "normal", "heart_rate_bpm": 80.5}),
            ("y/c.wav", {**nothing, "error": "y/c.wav: is empty"}),
        )
    )
    assert "3 recordings 19.0 s of sound 80.0 % of the windows judged 76 bpm median heart rate" in text
    assert "normal 1 33.3 % murmur 1 33.3 % not read 1 33.3 %" in text
    assert "1 of 1 subjects have recordings with different labels" in text
    assert "p1: 1 murmur, 1 normal" in text
    assert "x 2 1 1 0 0 0 80 % 76 0.90" in text
    assert "Errors 1 Reason Recordings Of them is empty 1 y/c.wav" in text
    assert "too loud 4 2 x/a.wav, x/b.wav" in text
    assert "Research use, not for diagnosis" in text


def test_a_damaged_recording_that_was_judged_is_told_apart(page):
    """It has its label, and the errors say that it counts there too."""
    text = text_of(page(("x/a.wav", {"error": "x/a.wav: damaged or cut short"})))
    assert "murmur 1 100.0 %" in text
    assert "Errors 1 1 with an error: damaged, but judged as far as it could be read, and counted by" in text


def test_what_is_known_of_a_murmur(page):
    """A recording that is worth a second look is listed with loudness and timing; one of an earlier scan without."""
    text = text_of(page(("a.wav", {"heart_rate_bpm": 31.0})))
    assert "a.wav murmur, loud, in systole" in text
    assert "a.wav murmur 0" in text_of(page(("a.wav", {"loudness": None, "murmur_timing": None})))


def test_the_page_asks_for_nothing_and_runs_nothing(page):
    """No address, no script, names escaped; the policy forbids both."""
    content = page((ATTACK, {"subject": ATTACK, "error": ATTACK, "withheld": {ATTACK: 1}}))
    assert "<script" not in content
    assert "default-src &#39;none&#39;" in content
    assert "script-src &#39;none&#39;" in content
    assert not re.search(r"""(?:src|href)\s*=\s*["']?http|url\(|@import""", content.replace("src=&#34;http", ""))
    assert "attack.test" in content
    assert MARK in content.encode()[:1000]


def test_of_many_groups_the_largest_are_shown(page):
    """All are counted, and the page stays small."""
    rows = [(f"{n // 2:04}/{n}.wav", {}) for n in range(2 * MAX_GROUPS + 100)]
    content = page(*rows)
    assert "and 50 more, of 100 recordings; the others have the most" in text_of(content)
    assert len(content) < 300_000


def test_how_it_was_made(page):
    """From the journal where it is there; a scan that runs is said."""
    head = {"model": "m", "model_sha256": "ab" * 32, "engine": "litert", "hop_s": 0.5, "channel": 2, "version": "1"}
    text = text_of(page(("a.wav", {}), head=head, is_running=True))
    assert "Model m (sha256 abababababababab...), engine litert Windows one every 0.5 s Channel 2" in text
    assert "The scan was still running" in text
    assert "the journal of the scan is not beside the table" in text_of(page(("a.wav", {})))


def test_no_row_at_all(page):
    """It says so, and has no picture."""
    content = page()
    assert "The table has no recording." in text_of(content)
    assert "<svg" not in content


def test_a_possible_murmur_is_told(page):
    """In the tables and where the recording is named."""
    uncertain = {"label": None, "state": "uncertain", "possible": "murmur"}
    text = text_of(page(("x/a.wav", uncertain), ("x/b.wav", {})))
    assert "1 (1 possible murmur)" in text
    assert "uncertain: possible murmur" in text

"""The page of a run in real browsers: it follows the demo, heals a dropped connection, and asks nobody else."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading

import pytest

from tests.system.browsers import CHROMIUM, FIREFOX, Chromium, Firefox, found_in

pytestmark = pytest.mark.subprocess
pytest.importorskip("uvicorn", reason="serving needs its extra")

LABEL = "document.getElementById('label').textContent"
LINK = "document.getElementById('link').textContent"
PASSAGES = ("normal", "murmur", "extrastole")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
NEEDS_FIREFOX = pytest.mark.skipif(FIREFOX is None, reason="needs Firefox")
BROWSERS = [pytest.param(Chromium, marks=NEEDS_CHROMIUM), pytest.param(Firefox, marks=NEEDS_FIREFOX)]


@contextlib.contextmanager
def demo(folder, *arguments, address="127.0.0.1:0"):
    """Yield the address of a demo that is served, and its program."""
    folder.mkdir(exist_ok=True)
    errors = folder / "errors.txt"
    command = [sys.executable, "-m", "monitor", "demo", "--json", "--serve", address, *arguments]
    with (folder / "lines.jsonl").open("w") as lines, errors.open("w") as told:
        program = subprocess.Popen(command, stdout=lines, stderr=told)
        try:
            yield found_in(errors, r"serving on (http://\S+)").group(1), program
        finally:
            program.terminate()
            program.wait(timeout=20)


def host_of(address):
    """Return host and port of an address."""
    return re.search(r"//([^/]+)/", address).group(1)


def moves(browser, name):
    """Wait until a picture has changed."""
    pixels = f"document.getElementById('{name}').toDataURL().length + ' ' + Math.round(shownTo)"
    before = browser.evaluate(pixels)
    browser.wait_for(f"({pixels}) !== {before!r}")


@pytest.mark.parametrize("browser_type", BROWSERS)
def test_the_page_goes_through_the_passages(browser_type, tmp_path):
    """Every label in turn, with bars, rate, strip and events; no error, and no request but to the monitor."""
    with browser_type(tmp_path) as browser, demo(tmp_path / "demo", "--speed", "4") as (address, _):
        browser.screen(1280, 900)
        browser.visit(address)
        for label in PASSAGES:
            browser.wait_for(f"{LABEL} === '{label}'", timeout_s=60)
            browser.wait_for(
                f"document.querySelector('#scores li:nth-child({PASSAGES.index(label) + 1}) .number').textContent > 0.5"
            )
        browser.wait_for("document.getElementById('rate').textContent.match(/^\\d+ /)")
        moves(browser, "trace")
        moves(browser, "spectrogram")
        assert browser.evaluate("beats.length > 20 && beats.every(([at, name]) => at > 0 && /^S[12]$/.test(name))")
        browser.wait_for("beats.some(([at]) => at * RATE < shownTo && at * RATE > shownTo - SHOWN_S * RATE)")
        assert browser.evaluate(LINK) == "live"
        events = browser.evaluate("document.getElementById('log').textContent")
        assert all(label in events for label in PASSAGES)
        assert browser.evaluate("document.querySelectorAll('#strip span').length") > 20
        assert browser.evaluate("document.getElementById('spoken').textContent")
        assert browser.errors == []
        asked = {request.partition("?")[0].rpartition(f"//{host_of(address)}/")[2] for request in browser.requests}
        assert asked <= {"", "events", "api/snapshot", "ws"}


@NEEDS_CHROMIUM
def test_it_fits_a_telephone_and_the_keyboard(tmp_path):
    """No sideways scrolling at 390 pixels, light and dark; both buttons are reached and pressed by key."""
    with demo(tmp_path / "demo", "--speed", "2") as (address, _), Chromium(tmp_path) as browser:
        browser.screen(390, 844)
        browser.visit(address)
        browser.wait_for(f"{LABEL} === 'normal'", timeout_s=60)
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        light = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.screen(390, 844, dark=True)
        assert browser.evaluate("getComputedStyle(document.body).backgroundColor") != light
        browser.evaluate("document.getElementById('hold').focus()")
        browser.key(" ")
        assert browser.evaluate("document.getElementById('hold').getAttribute('aria-pressed')") == "true"
        held = browser.evaluate("shownTo")
        browser.wait_for(f"head > {held} + 4000")
        assert browser.evaluate("shownTo") == held
        unnamed = "[...document.querySelectorAll('canvas, section, button, [role]')].filter((one) => !(one.ariaLabel"
        unnamed += " || one.getAttribute('aria-labelledby') || one.textContent || one.id === 'alerts')).length"
        assert browser.evaluate(unnamed) == 0


@NEEDS_CHROMIUM
def test_a_dropped_connection_heals(tmp_path):
    """The monitor ends and another begins at the same address: the page says so, and goes on by itself."""
    with Chromium(tmp_path) as browser:
        with demo(tmp_path / "first", "--speed", "4") as (address, _):
            browser.visit(address)
            browser.wait_for(f"{LABEL} === 'normal' && {LINK} === 'live'", timeout_s=60)
            assert browser.errors == []
        browser.wait_for(f"{LINK} === 'connection lost, trying again'")
        with demo(tmp_path / "second", "--speed", "4", "--seed", "5", address=host_of(address)):
            browser.wait_for(f"{LINK} === 'live'", timeout_s=30)
            browser.wait_for("source && source.at_s > 6 && rates.length > 0", timeout_s=30)
            moves(browser, "trace")


@NEEDS_CHROMIUM
def test_the_sound_is_played_with_the_picture(tmp_path):
    """The picture takes its time from what is heard, and what is heard is near what was captured."""
    with demo(tmp_path / "demo") as (address, _), Chromium(tmp_path) as browser:
        browser.visit(f"{address}?sound=1")
        browser.wait_for("ear && ear.state === 'running' && heardTo() !== null", timeout_s=30)
        pause = threading.Event()
        behind = []
        for _ in range(20):
            pause.wait(0.1)
            behind.append(browser.evaluate("heardTo() === null ? null : (head - heardTo()) / RATE"))
        heard = [value for value in behind if value is not None]
        assert len(heard) >= 15
        assert 0.0 < min(heard) < max(heard) < 1.5
        assert browser.evaluate("Math.abs(shownTo - heardTo()) / RATE") < 0.2
        assert browser.errors == []

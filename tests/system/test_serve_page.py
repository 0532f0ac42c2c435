"""The page of a run in real browsers: it follows the demo, heals a dropped connection, and asks nobody else."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest

from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
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
    """Every label in turn, with bars, rate, strip and events; no error, and no request but to the monitor.

    A page that is opened late has the S1 and S2 of minutes, and draws those of which it has the sound.
    """
    with browser_type(tmp_path) as browser, demo(tmp_path / "demo", "--speed", "4") as (address, _):
        browser.screen(1280, 900)
        browser.visit(address)
        for label in PASSAGES:
            browser.wait_for(f"{LABEL} === '{label}'", timeout_s=60)
            browser.wait_for(
                f"document.querySelector('#scores li:nth-child({PASSAGES.index(label) + 1}) .number').textContent > 0.5"
            )
        browser.wait_for("document.getElementById('rate').textContent.match(/^\\d+ /)")
        browser.wait_for("/^quality [01]\\.\\d\\d, level -\\d+ dB/.test(document.getElementById('level').textContent)")
        moves(browser, "trace")
        moves(browser, "spectrogram")
        assert browser.evaluate("beats.length > 20 && beats.every(([at, name]) => at > 0 && /^S[12]$/.test(name))")
        browser.wait_for("beats.some(([at]) => at * RATE < shownTo && at * RATE > shownTo - SHOWN_S * RATE)")
        assert browser.evaluate(LINK) == "live"
        events = browser.evaluate("document.getElementById('log').textContent")
        assert all(label in events for label in PASSAGES)
        assert browser.evaluate("document.querySelectorAll('#strip span').length") > 20
        assert browser.evaluate("document.getElementById('spoken').textContent")
        browser.visit(address)
        browser.wait_for("drawnBeats().length > 2")
        assert browser.evaluate("beats.some(([at]) => at * RATE < first)")
        assert browser.evaluate("drawnBeats().every(([at]) => at * RATE >= first)")
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


# two parts of a new sound, all in one turn of the page, so that none of the run comes between; the mean brightness of
# each column, of the first half loud noise, after each part
FIRST_COLUMNS = """
(() => {
  let state = 1;
  const noise = () => (state = (state * 16807) % 2147483647) / 2147483647 - 0.5;
  const send = (at, level) => {
    const data = new ArrayBuffer(20 + 2 * 1600), view = new DataView(data);
    view.setFloat64(0, at, true); view.setUint32(16, 999, true);
    new Int16Array(data, 20).forEach((_, index, samples) => { samples[index] = level * noise(); });
    part(data); lastFrame = -1e9; draw(performance.now());
    const means = [];
    for (let index = Math.ceil(first / HOP) + 3; index <= transformed; index++) {
      const pixels = columnsPen.getImageData(index % COLUMNS, 0, 1, BAND).data;
      means.push(pixels.reduce((sum, value) => sum + value, 0) / pixels.length);
    }
    return means;
  };
  return [send(1000, 2000), send(1000.4, 20000)];
})()
"""


@NEEDS_CHROMIUM
def test_the_first_columns_are_as_bright_as_those_that_follow(tmp_path):
    """How loud the sound is is known before they are drawn, and they are drawn again where it becomes louder."""
    with demo(tmp_path / "demo") as (address, _), Chromium(tmp_path) as browser:
        browser.visit(address)
        browser.wait_for("transformed > 0", timeout_s=30)
        quiet, both = browser.evaluate(FIRST_COLUMNS)
        assert len(quiet) > 8
        assert max(quiet[:4]) < 1.2 * min(quiet[-4:])
        assert max(both[: len(quiet)]) < min(both[-4:])
        assert browser.errors == []


@contextlib.contextmanager
def two_devices(folder):
    """Yield the address of a run that hears two senders, and a function that ends one of these."""
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        ports = [one.getsockname()[1] for one in taken]
        stack.pop_all().close()
        errors = folder / "errors.txt"
        named = [word for port in ports for word in ("--device", f"tcp://127.0.0.1:{port}")]
        command = [sys.executable, "-m", "monitor", "listen", *named, "--rate", "4000", "--json"]
        with (folder / "lines.jsonl").open("w") as lines, errors.open("w") as told:
            program = subprocess.Popen([*command, "--serve", "127.0.0.1:0"], stdout=lines, stderr=told)
        stack.callback(program.wait, 20)
        stack.callback(program.terminate)
        address = found_in(errors, r"serving on (http://\S+)").group(1)
        found_in(errors, rf"listening on tcp://127.0.0.1:{ports[1]}")
        senders = [stack.enter_context(Sender(port, seed)) for seed, port in enumerate(ports)]
        yield address, [f"tcp://127.0.0.1:{port}" for port in ports], senders


class Sender:
    """Sends a heart to a port in real time, from a thread."""

    def __init__(self, port, seed):
        heart = phonocardiogram(30.0, HeartParameters(), np.random.default_rng(seed)).waveform
        self._sound = np.clip(heart * 32_768, -32_768, 32_767).astype("<i2")
        self._port, self._ended = port, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
            at = 0
            while not self._ended.wait(0.1):
                connection.sendall(np.take(self._sound, range(at, at + 400), mode="wrap").tobytes())
                at += 400

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.end()

    def end(self):
        """Disconnect."""
        self._ended.set()
        self._thread.join(timeout=10)


@NEEDS_CHROMIUM
def test_several_devices_have_a_row_each_and_one_is_looked_into(tmp_path):
    """By keyboard; the choice stands in the address. One that is lost is told while another is looked into."""
    row = "document.querySelector('#rows tr:nth-child({}) {}').textContent"
    with two_devices(tmp_path) as (address, names, senders), Chromium(tmp_path) as browser:
        browser.screen(390, 844)
        browser.visit(address)
        for number, name in enumerate(names, 1):
            browser.wait_for(f"{row.format(number, 'button')} === {name!r}")
            browser.wait_for(f"{row.format(number, 'td')} === 'normal'", timeout_s=60)
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        browser.wait_for(f"{LABEL} === 'normal' && source.stream === {names[0]!r}")
        browser.evaluate("document.querySelectorAll('#rows button')[1].focus()")
        browser.key(" ")
        browser.wait_for(f"source && source.stream === {names[1]!r} && head > first + RATE && rates.length > 0")
        pressed = "[...document.querySelectorAll('#rows button')].map((one) => one.getAttribute('aria-pressed')).join()"
        assert browser.evaluate(pressed) == "false,true"
        assert browser.evaluate("document.getElementById('spoken').textContent") == f"{names[1]}: normal"
        assert browser.evaluate("new URLSearchParams(location.search).get('device')") == names[1]
        moves(browser, "trace")
        senders[0].end()
        alerts = "document.getElementById('alerts').textContent"
        browser.wait_for(f"{alerts}.includes('{names[0]}: input lost')")
        browser.visit(f"{address}?device={names[1].replace(':', '%3A').replace('/', '%2F')}")
        browser.wait_for(f"source && source.stream === {names[1]!r}")
        assert browser.errors == []

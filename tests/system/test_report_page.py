"""A report in real browsers: it asks for nothing, logs no error, plays, and prints on two pages."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from monitor.audio.playback.stretch import TimeStretch
from monitor.cli import main
from tests.system.browsers import CHROMIUM, FIREFOX, Chromium, Firefox

pytestmark = pytest.mark.subprocess
matplotlib = pytest.importorskip("matplotlib", reason="a report needs its extra")
pytest.importorskip("jinja2", reason="a report needs its extra")

RATE = 4000
SECONDS = 24
TONE_HZ = 50.0
"""A heart sound's pitch, at which Chromium's own preservesPitch fails."""
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
NEEDS_FIREFOX = pytest.mark.skipif(FIREFOX is None, reason="needs Firefox")
BROWSERS = [pytest.param(Chromium, marks=NEEDS_CHROMIUM), pytest.param(Firefox, marks=NEEDS_FIREFOX)]
INKED = """document.querySelector('.picture path[style*="stroke: var(--ink)"]')"""
SECOND_OF_CLOCK = "((s) => s.split(':').reduce((sum, part) => 60 * sum + Number(part), 0))"
POSITION = f"{SECOND_OF_CLOCK}(document.querySelector('.clock').textContent.split(' / ')[0])"
PICTURE = "document.querySelectorAll('.picture')[1]"
CURSOR = f"parseFloat({PICTURE}.querySelector('.cursor').style.left)"
PLAYS = "document.querySelector('.play').getAttribute('aria-label') === 'Pause'"
IS_SLOW = """document.querySelector('[data-speed="0.5"]').getAttribute('aria-pressed') === 'true'"""
KEEP_BLOB = """(() => {
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => { window.made = blob; return make.call(URL, blob); };
})()"""
BLOB = """(async () => {
  const bytes = new Uint8Array(await made.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
})()"""
NOTE = '<script>document.title = "broken"</script><img src="http://attack.test/a.png" onerror="alert(1)">'


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return a session of a tone of 50 Hz, so that its pitch can be measured, with a note that attacks the page."""
    folder = tmp_path_factory.mktemp("sessions") / "2026-01-02_03-04-05_P7_AV"
    folder.mkdir()
    waveform = 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(SECONDS * RATE) / RATE)
    soundfile.write(folder / "sound.flac", waveform, RATE, "PCM_24")
    windows = [window(index) for index in range(2 * (SECONDS - 5) + 1)]
    summary = {"type": "summary", "state": "verdict", "label": "murmur", "heart_rate_bpm": 70.0, **scores()}
    lines = [
        {"type": "start", "source": "steth", "sample_rate": RATE, "labels": ["normal", "murmur"], "model": "m"},
        *windows,
        *({"type": "note", "at_s": at_s, "number": at_s, "text": NOTE} for at_s in range(1, 21)),
        summary,
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    values = {"type": "session", "started": "2026-01-02T03:04:05+01:00", "ended": "2026-01-02T03:04:29+01:00"}
    values |= {"subject": "P7", "site": "AV", "sites": [{"site": "AV", "start_s": 0.0}], "device": 'a "steth" <b>'}
    values |= {"sample_rate": RATE, "samples": SECONDS * RATE, "lost_samples": 0, "labels": ["normal", "murmur"]}
    (folder / "session.json").write_text(json.dumps(values))
    return folder


def scores():
    """Return the scores of a murmur."""
    return {"scores": {"normal": 0.1, "murmur": 0.9}, "acoustic_scores": {"normal": 0.05, "murmur": 0.95}}


def window(index):
    """Return a window line."""
    verdict = {"state": "verdict", "label": "murmur", "confidence": 0.9, **scores()}
    times = {"type": "window", "index": index, "start_s": index * 0.5, "end_s": index * 0.5 + 5.0}
    rest = {"quality": {"score": 0.9, "reason": None}, "heart_rate_bpm": 70.0 + index % 3, "gap": False, "short": False}
    return times | verdict | {"rolling": verdict} | rest


@pytest.fixture(scope="module")
def page(session, tmp_path_factory):
    """Return the session's report."""
    path = tmp_path_factory.mktemp("reports") / "report.html"
    assert main(["report", str(session), "-o", str(path)]) == 0
    return path


@pytest.fixture
def opened(request, page, tmp_path):
    """Return a browser that shows the report."""
    with request.param(tmp_path) as browser:
        browser.screen(1280, 900)
        browser.open(page)
        browser.wait_for("document.querySelector('audio').readyState === 4")
        yield browser
        assert browser.errors == []
        assert [address for address in browser.requests if not address.startswith("blob:")] in ([], [page.as_uri()])
        assert browser.evaluate("document.title").startswith("Heart sounds: P7")


in_browsers = pytest.mark.parametrize("opened", BROWSERS, indirect=True)


@in_browsers
def test_it_plays_at_both_speeds(opened):
    """Space plays; clock and cursor run, at half speed half as fast; and space pauses."""
    opened.key(" ")
    opened.wait_for(f"{PLAYS} && {POSITION} > 1")
    opened.wait_for(f"{CURSOR} > {100 * 1 / SECONDS}")
    assert opened.evaluate(f"Math.abs({CURSOR} / 100 * {SECONDS} - {POSITION})") < 0.5
    opened.key("s")
    opened.wait_for(f"{IS_SLOW} && {PLAYS}")
    before = opened.evaluate(f"[{POSITION}, performance.now() / 1000]")
    opened.wait_for(f"{POSITION} > {before[0] + 1}")
    after = opened.evaluate(f"[{POSITION}, performance.now() / 1000]")
    assert (after[0] - before[0]) / (after[1] - before[1]) < 0.75
    opened.key(" ")
    opened.wait_for(f"!({PLAYS})")
    here = opened.evaluate(POSITION)
    opened.key("s")
    opened.wait_for(f"!({IS_SLOW})")
    assert abs(opened.evaluate(POSITION) - here) < 0.3


@in_browsers
def test_half_speed_keeps_the_pitch(opened, page):
    """What is played is twice as long, at 50 Hz still, and the same as from `auscult replay --slow 0.5`."""
    opened.evaluate(KEEP_BLOB)
    opened.key("s")
    opened.wait_for(IS_SLOW)
    slow, rate = soundfile.read(io.BytesIO(base64.b64decode(opened.evaluate(BLOB))))
    assert (rate, len(slow)) == (RATE, 2 * SECONDS * RATE)
    spectrum = np.abs(np.fft.rfft(slow * np.hanning(len(slow))))
    assert np.fft.rfftfreq(len(slow), 1 / rate)[spectrum.argmax()] == pytest.approx(TONE_HZ, abs=0.05)
    embedded = re.search(r"data:audio/flac;base64,([^\"]+)", page.read_text()).group(1)
    sound, _ = soundfile.read(io.BytesIO(base64.b64decode(embedded)))
    half = TimeStretch(RATE, 0.5)
    expected = np.concatenate([half.push(sound), half.push(np.zeros(RATE))])[: len(slow)]
    assert np.sqrt(np.mean((slow - expected) ** 2)) < 0.01 * np.sqrt(np.mean(expected**2))


@in_browsers
def test_a_click_and_keys_move_the_cursor(opened):
    """A click into a picture is its moment, arrows move a second, a note's time is its moment; Tab reaches all."""
    opened.evaluate(f"{PICTURE}.scrollIntoView({{block: 'center'}})")
    left, top, width, height = opened.evaluate(
        f"(({{left, top, width, height}}) => [left, top, width, height])"
        f"({PICTURE}.querySelector('.axis').getBoundingClientRect())"
    )
    opened.click(left + width / 4, top + height / 2)
    opened.wait_for(f"Math.abs({POSITION} - {SECONDS / 4}) < 0.2")
    opened.key("ArrowRight")
    opened.wait_for(f"Math.abs({POSITION} - {SECONDS / 4 + 1}) < 0.2")
    opened.key("ArrowLeft")
    opened.wait_for(f"Math.abs({POSITION} - {SECONDS / 4}) < 0.2")
    x, y = opened.evaluate(
        "((one) => { one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })(document.querySelector('[data-at]'))"
    )
    opened.click(x, y)
    opened.wait_for(f"{PLAYS} && {POSITION} >= 1 && {POSITION} < 3")
    assert opened.evaluate(
        "[...document.querySelectorAll('button, input, a, summary')].every((one) => one.tabIndex === 0)"
    )


@in_browsers
def test_the_close_up_is_looped(opened):
    """Playing begins where the close-up does, and comes back to there from its end."""
    opened.evaluate("document.querySelector('.loop input').click()")
    start, end = opened.evaluate(
        "(({start, end}) => [Number(start), Number(end)])(document.querySelector('.loop input').dataset)"
    )
    opened.evaluate("document.activeElement.blur()")
    opened.key(" ")
    opened.wait_for(f"{PLAYS} && {POSITION} >= {start}")
    opened.evaluate(f"document.querySelector('audio').currentTime = {end - 0.3}")
    opened.wait_for(f"{POSITION} > {end - 0.5}")
    opened.wait_for(f"{POSITION} < {start + 2} && {POSITION} >= {start}")


@in_browsers
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(opened, width):
    """On a phone the pictures scroll in their frames, and the page does not."""
    opened.screen(width, 844)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    shown = "[...document.querySelectorAll('.picture svg')].every((one) => one.getBoundingClientRect().height > 100)"
    assert opened.evaluate(shown)


def num_pages(printed):
    """Return the number of pages of a PDF."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))


@NEEDS_CHROMIUM
@pytest.mark.parametrize("opened", [Chromium], indirect=True)
def test_it_prints_on_two_pages(opened):
    """Also with twenty long notes; without the player."""
    assert num_pages(opened.printed()) == 2


@NEEDS_CHROMIUM
def test_an_examination_prints_on_two_pages(session, tmp_path):
    """Its four sites and the finding too: on paper the table is enough."""
    examined = tmp_path / session.name
    shutil.copytree(session, examined)
    site = {"state": "verdict", "label": "murmur", "confidence": 0.9, "judged_s": 5.0, "windows": 3, **scores()}
    sites = [
        {"site": name, "start_s": 6.0 * index, "end_s": 6.0 * index + 6.0, "heart_rate_bpm": 70.0, "reason": None}
        | site
        for index, name in enumerate(("AV", "PV", "TV", "MV"))
    ]
    finding = {"text": "murmur, score 0.95: murmur at 4 of 4 sites (AV, PV, TV, MV)", **site}
    with (examined / "events.jsonl").open("a") as file:
        file.write(json.dumps({"type": "examination", "sites": sites, "finding": finding}) + "\n")
    path = tmp_path / "report.html"
    assert main(["report", str(examined), "-o", str(path)]) == 0
    with Chromium(tmp_path) as browser:
        browser.open(path)
        assert browser.evaluate("document.querySelectorAll('.verdict').length") == 4
        assert "murmur at 4 of 4 sites" in browser.evaluate("document.body.innerText")
        assert num_pages(browser.printed()) == 2


@NEEDS_CHROMIUM
@pytest.mark.parametrize("opened", [Chromium], indirect=True)
def test_it_is_dark_where_the_system_is(opened):
    """Text and paper change, and so does the ink of the pictures; their contrast is at least 7 to 1 both times."""
    for dark in (False, True):
        opened.screen(1280, 900, dark=dark)
        ink, paper = (
            light(opened.evaluate(f"getComputedStyle({one}).{name}"))
            for one, name in (("document.body", "color"), ("document.body", "backgroundColor"))
        )
        assert (ink > paper) is dark
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 7
        drawn = light(opened.evaluate(f"getComputedStyle({INKED}).stroke"))
        assert (drawn > paper) is dark


def light(colour):
    """Return the relative luminance of ``rgb(r, g, b)``."""
    red, green, blue = ((int(part) / 255) ** 2.2 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.fixture(scope="module")
def scan_page(tmp_path_factory):
    """Return the page of a scan of 300 recordings in two folders, of which the names attack it."""
    folder = tmp_path_factory.mktemp("scan")
    values = {"type": "summary", "state": "verdict", "label": "murmur", "confidence": 0.9, **scores()}
    values |= {"heart_rate_bpm": 70.0, "windows": 9, "judged": 8, "withheld": {NOTE: 1}, "truncated": False}
    values |= {"quality": 0.9, "duration_s": 9.0, "subject": None, "error": None}
    rows = [{**values, "source": f"{NOTE}/{index % 2}/{index}.wav", "path": f"/{index}"} for index in range(300)]
    lines = [{"type": "scan", "labels": ["normal", "murmur"]}, *rows]
    (folder / "out.jsonl").write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    assert main(["report", str(folder / "out.jsonl"), "-o", str(folder / "page.html")]) == 0
    return folder / "page.html"


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_of_a_scan(browser, width, scan_page, tmp_path):
    """It asks for nothing, logs no error, its names are text, and nothing is wider than the page."""
    with browser(tmp_path) as opened:
        opened.screen(width, 900)
        opened.open(scan_page)
        opened.wait_for("document.readyState === 'complete'")
        assert opened.evaluate("document.title") == "Heart sounds: out.jsonl"
        assert opened.evaluate("document.querySelectorAll('script, main img').length") == 0
        assert opened.evaluate("document.querySelectorAll('.charts svg').length") == 5
        assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert opened.errors == []
        assert opened.requests in ([], [scan_page.as_uri()])

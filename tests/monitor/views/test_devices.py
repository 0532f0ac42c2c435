"""What is shown of several live inputs: lines with the name, a table, and a look into each."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

from monitor.audio.sources.base import Source
from monitor.messages import DeviceStatus, PlaybackStatus
from monitor.process.interrupts import Interrupts
from monitor.runtime.ward.live_stream import LiveStream
from monitor.runtime.ward.ward import Ward
from monitor.serve.feed import SeveralFeed
from monitor.serve.feed_view import FeedView
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.views.devices import DeviceLines, DeviceTable, choose_devices_view
from tests.monitor.views.test_ward import Keys

HEART = phonocardiogram(7.0, HeartParameters(), np.random.default_rng(5)).waveform


class Device(Source):
    """A live input that a test feeds itself, without a thread."""

    live = True
    error = None
    ring = None

    def __init__(self, name):
        self.name, self.sample_rate = name, 4000
        self.status = DeviceStatus("open", name, "ALSA", 1, 4000)

    def start(self, ring):
        """Keep the ring."""
        self.ring = ring

    def stop(self):
        """End the sound."""
        if self.ring is not None:
            self.ring.close()

    @property
    def device_status(self):
        """As the test says."""
        return self.status


class Scene:
    """Three inputs of a ward whose scheduler the test turns itself, and a view of them."""

    def __init__(self, bundle):
        self.ward = Ward(bundle, hop_s=1.0)
        self.devices = [Device(f"Device {name}") for name in "ABC"]
        self.lives = [
            LiveStream(self.ward.add(device, f"bed {number}")) for number, device in enumerate(self.devices, 1)
        ]
        self.kept = []
        self.interrupts = Interrupts()

    def keep(self, live, view):
        """Note what asks for a view."""
        self.kept.append((live.stream.name, view))
        return view

    def begin(self, view):
        """Open the view and start the inputs."""
        self.view = view
        view.begin(self.ward.streams, self.interrupts)
        self.ward.begin()

    def hear(self, seconds=6):
        """Give every input a heart, judge it, and show that."""
        for device in self.devices:
            device.ring.push(HEART[: seconds * 4000])
        for _ in range(12):
            if self.ward._requests or self.ward._told or self.ward._timed:
                self.ward.turn()
        self.show()

    def show(self):
        """Show what is delivered, and the newest states."""
        for stream, event in self.ward.drain(0.0):
            if event is None:
                self.view.end(stream)
            else:
                self.view.window(stream, event)
        self.view.update()


@pytest.fixture
def scene(plain_bundle):
    """Return three inputs."""
    scene = Scene(plain_bundle)
    yield scene
    scene.ward.close()


class TestLines:
    """JSON lines and lines of text."""

    def test_device_lines_have_their_stream(self, scene, capsys):
        """The state of the device too, which no recording has; each view is offered for keeping."""
        scene.begin(DeviceLines(scene.lives, scene.keep, json=True))
        scene.hear()
        scene.devices[1].status = DeviceStatus("lost", "Device B", "ALSA", 1, 4000, message="gone: looking for it")
        scene.view.update()
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert all(list(line)[:2] == ["type", "stream"] for line in lines)
        of_b = [line for line in lines if line["stream"] == "bed 2" and line["type"] == "device"]
        assert [(line["state"], line["name"]) for line in of_b] == [("open", "Device B"), ("lost", "Device B")]
        of_a = [line for line in lines if line["stream"] == "bed 1" and line["type"] == "device"]
        assert [line["state"] for line in of_a] == ["open"]
        assert [name for name, _ in scene.kept] == ["bed 1", "bed 2", "bed 3"]

    def test_the_end_of_one_is_its_summary(self, scene, capsys):
        """After its recording has ended."""
        scene.begin(DeviceLines(scene.lives, scene.keep, json=False))
        scene.hear()
        scene.view.end(scene.ward.streams[0])
        out = capsys.readouterr().out.splitlines()
        assert [line[:5] for line in out if "summary" in line] == ["bed 1"]

    def test_lines_where_there_is_no_terminal(self, scene, monkeypatch):
        """A pipe gets lines."""
        monkeypatch.setattr("sys.stdout", io.StringIO())
        view = choose_devices_view(scene.lives, scene.keep, json=False, plain=False)
        assert isinstance(view, DeviceLines)


class TestTable:
    """The table on a terminal, and the dashboard of each."""

    @pytest.fixture
    def shown(self, scene):
        """Return the scene with a table of 80x24."""
        console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system="truecolor")
        scene.begin(DeviceTable(scene.lives, scene.keep, console, Keys()))
        scene.hear()
        yield scene
        scene.view.close()

    @staticmethod
    def text(scene):
        """Return what the screen shows after an update."""
        scene.view.update()
        scene.view._screen.refresh()
        return "\n".join("".join(text for text, _, _ in line) for line in scene.view._screen.canvas.lines)

    def press(self, scene, *keys):
        """Press keys; return what the screen shows then."""
        for key in keys:
            scene.view.press(key)
        return self.text(scene)

    def test_there_is_a_row_for_each(self, shown):
        """With its name and how to look into one."""
        text = self.text(shown)
        assert "3 streams" in text
        assert all(f"bed {number}" in text for number in (1, 2, 3))
        assert "Tab looks into one  q ends" in text

    def test_a_row_tells_what_is_wrong_with_its_device(self, shown):
        """And the others do not."""
        shown.devices[1].status = DeviceStatus("lost", "Device B", "ALSA", 1, 4000, message="gone: looking")
        rows = [line for line in self.text(shown).splitlines() if "bed " in line]
        assert ["gone: looking" in row for row in rows] == [False, True, False]

    def test_what_is_wrong_with_those_that_follow_is_shown(self, scene):
        """Above the rows, until it is over."""
        feed = SeveralFeed()
        console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system="truecolor")
        scene.begin(
            DeviceTable(scene.lives, lambda live, view: FeedView(view, feed.add(live.stream.name)), console, Keys())
        )
        scene.hear()
        feed.notice = "MQTT: no answer"
        assert "MQTT: no answer" in self.text(scene).splitlines()[0]
        feed.notice = ""
        assert "model" in self.text(scene).splitlines()[0]
        feed.address = "http://127.0.0.1:8765/"
        assert feed.address in self.text(scene).splitlines()[0]
        scene.view.close()

    def test_tab_looks_into_one_and_goes_on(self, shown):
        """Its whole dashboard; the arrows go on and back, round the end; Esc shows the rows again, Tab the same one."""
        text = self.press(shown, "\t")
        assert "bed 1  Device A  1 of 3" in text
        assert "heart rate" in text
        assert "Tab next  Esc all" in text
        assert "bed 2  Device B  2 of 3" in self.press(shown, "\t")
        assert "bed 3" in self.press(shown, "right")
        assert "bed 1" in self.press(shown, "down")
        assert "bed 3" in self.press(shown, "left")
        assert "bed 2" in self.press(shown, "up")
        assert "3 streams" in self.press(shown, "escape")
        assert "bed 2  Device B" in self.press(shown, "\t")
        assert [live.stream.looked_into for live in shown.lives] == [False, True, False]

    def test_keys_are_for_the_one_looked_into(self, shown):
        """A mark, a note with a Tab in it, a change of site; the rows have none of these keys."""
        self.press(shown, "m", "1")
        assert all(live.take_entries() == [] for live in shown.lives)
        self.press(shown, "\t", "\t", "m", "n", "a", "\t", "b", "\r", "3")
        mark, note, site = shown.lives[1].take_entries()
        assert (mark.text, site.site) == (None, "TV")
        assert note.text.replace(" ", "") == "ab"
        assert shown.lives[0].take_entries() == []

    def test_any_key_closes_the_help_page(self, shown):
        """Which names Tab and Esc, and no key that does nothing here."""
        text = self.press(shown, "\t", "?")
        assert re.search("Tab +the next input", text)
        assert "seek" not in text
        assert "bed 1  Device A" in self.press(shown, "escape")

    def test_the_newest_window_has_its_image(self, shown):
        """From the next window on after somebody looks."""
        self.press(shown, "\t")
        for device in shown.devices:
            device.ring.push(HEART[:4000])
        shown.hear(0)
        assert shown.lives[0].snapshot().tensor is not None
        assert shown.lives[1].snapshot().tensor is None

    @pytest.mark.parametrize("keys", [("q",), ("\t", "q")])
    def test_q_quits(self, shown, keys):
        """From the rows, and from a dashboard."""
        self.press(shown, *keys)
        assert shown.interrupts.requested

    def test_the_summaries_follow(self, shown, capsys):
        """After the terminal is restored, a line each."""
        shown.view.end(shown.ward.streams[0])
        shown.view.close()
        assert [line[:5] for line in capsys.readouterr().out.splitlines()] == ["bed 1", "bed 2", "bed 3"]


class Ear:
    """Notes what is heard, and stands in for its player."""

    pace = 4000.0

    def __init__(self, lives):
        self.lives, self.heard, self.toggled = lives, [], 0
        self.status = PlaybackStatus("playing", device="phones", sound="wide", volume_db=0.0)

    def hear(self, live):
        """Note it."""
        self.heard.append(live.stream.name)
        for other in self.lives:
            other.player = self if other is live else None

    def toggle(self):
        """Count."""
        self.toggled += 1

    def heard_sample(self):
        """Nothing reaches an ear."""

    def next_sound(self):
        """Not asked for."""

    def change_volume(self, by_db):
        """Not asked for."""


class TestHearing:
    """The one that is looked into is heard."""

    def test_the_table_hears_the_first_then_the_one_looked_into(self, scene):
        """Back in the rows it is still that one; the last line names it, and `a` switches the sound."""
        ear = Ear(scene.lives)
        console = Console(file=io.StringIO(), force_terminal=True, width=100, height=24, color_system=None)
        table = DeviceTable(scene.lives, scene.keep, console, Keys(), hear=ear.hear)
        scene.begin(table)
        scene.hear()
        assert table.hint == "sound of bed 1  Tab looks into one"
        for key in ("\t", "\t", "escape", "a"):
            table.press(key)
        assert ear.heard == ["bed 1", "bed 1", "bed 2"]
        assert ear.toggled == 1
        assert table.hint == "sound of bed 2  Tab looks into one"
        assert scene.lives[1].snapshot().playback.state == "playing"
        assert scene.lives[0].snapshot().playback is None
        table.close()

    def test_lines_hear_the_first(self, scene):
        """There is nothing to look into; `a` switches the sound."""
        ear = Ear(scene.lives)
        view = DeviceLines(scene.lives, scene.keep, Keys("a"), json=True, hear=ear.hear)
        scene.begin(view)
        scene.hear()
        assert ear.heard == ["bed 1"]
        assert ear.toggled == 1

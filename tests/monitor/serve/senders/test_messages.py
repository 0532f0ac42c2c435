"""What is said about a run."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from monitor.messages import Verdict
from monitor.serve.senders.messages import EVENT_TYPES, RunState, discovery
from monitor.serve.senders.targets import mqtt_target
from tests.monitor.serve.conftest import START, device, snapshot, verdict, window

TARGET = mqtt_target("mqtt://broker?id=Bed-3")


def taken(feed, state=None):
    """Return the state after the lines of a feed, and their events."""
    state = RunState() if state is None else state
    return state, [event for line in feed.after(0) for event in state.take(line)]


def test_windows_are_no_events_and_changes_are(run, feed):
    """A change says what held before."""
    for index, label in enumerate(("murmur", "murmur", "normal")):
        run.judge(index, label=label)
    state, events = taken(feed)
    assert [event["type"] for event in events] == ["start", "verdict", "verdict"]
    assert events[-1]["before"] == {"state": "verdict", "label": "murmur"}
    assert events[-1]["label"] == state.values["label"] == state.values["shown"] == "normal"
    assert (state.values["score"], state.values["heart_rate_bpm"], state.values["at_s"]) == (0.9, 72, 6.0)


def test_what_is_known_of_a_murmur(run, feed):
    """The state and the change hold a label that is possible, the loudness and the timing, null where there is none."""
    rolling = dataclasses.replace(verdict("murmur"), loudness="soft", murmur_timing="systolic")
    run.lines.window(dataclasses.replace(window(), rolling=rolling))
    run.lines.window(dataclasses.replace(window(1), rolling=Verdict("uncertain", None, 0.5, possible="murmur")))
    state, (_, change, unsure) = taken(feed)
    assert (change["possible"], change["loudness"], change["murmur_timing"]) == (None, "soft", "systolic")
    assert (unsure["shown"], unsure["possible"], unsure["loudness"]) == ("uncertain", "murmur", None)
    assert state.values["possible"] == "murmur"


def test_a_new_source_begins_again(run, feed):
    """Nothing of the old one is left."""
    run.judge(0)
    run.begin()
    state, _ = taken(feed)
    assert state.values["state"] == "listening"
    assert {state.values[key] for key in ("label", "score", "heart_rate_bpm", "at_s")} == {None}
    assert (state.labels, state.model) == (START.labels, "heart-sounds")


def test_the_device_is_part_of_the_state(run, feed):
    """Also after the next window."""
    run.lines.snapshot(snapshot(device=device("lost")))
    run.judge(0)
    state, events = taken(feed)
    assert state.values["device"] == "lost"
    assert "device" in {event["type"] for event in events}


@pytest.mark.parametrize("kind", ["mark", "note", "site", "overload", "beat", "r_peak", "recording", "playback"])
def test_which_lines_are_events(feed, kind):
    """Beats and the progress of a recording are too many."""
    feed.publish(f'{{"type":"{kind}","at_s":1.0}}')
    assert bool(taken(feed)[1]) is (kind in EVENT_TYPES)


def test_the_discovery_of_home_assistant(run, feed):
    """Every component has what Home Assistant requires, and reads a key that the state has."""
    state, _ = taken(feed)
    topic, text = discovery(TARGET, state)
    payload = json.loads(text)
    assert topic == "homeassistant/device/auscult_Bed-3/config"
    assert payload["dev"]["ids"] == ["auscult_Bed-3"]
    assert payload["o"]["name"] == "auscult"
    assert payload["state_topic"] == TARGET.topic("state")
    assert payload["availability_topic"] == TARGET.topic("availability")
    parts = payload["cmps"].values()
    assert len({part["unique_id"] for part in parts}) == len(parts)
    for part in parts:
        assert "object_id" not in part
        assert re.fullmatch(rf"{part['p']}\.[a-z0-9_]+", part["default_entity_id"])
        (key,) = re.findall(r"value_json\.(\w+)", part["value_template"])
        assert key in {*state.values, "sound"}
    assert set(payload["cmps"]["verdict"]["options"]) >= {*START.labels, "listening", "uncertain"}

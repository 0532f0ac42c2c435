"""What the page shows, and whether the input is well."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from monitor.messages import RecordingStatus, SiteChange, Verdict
from monitor.serve.feed import Feed, SeveralFeed
from monitor.serve.state import STALLED_S, Health, health_of, snapshot_values
from tests.monitor.serve.conftest import RATE, START, Run, device, snapshot, window
from tests.monitor.serve.test_feed import Clock


def test_before_the_first_source():
    """There is nothing to show, and a page can tell."""
    assert snapshot_values(Feed())["playing"] is False


def test_before_the_first_window(run, feed):
    """Labels and their colours are known; there is no verdict."""
    feed.snapshot = snapshot(window=None, tensor=None, history=())
    values = snapshot_values(feed)
    assert values["labels"] == list(START.labels)
    assert values["window"] is None
    assert "shown" not in values


def test_what_is_shown_is_the_rolling_verdict(run, feed):
    """With the scores that the dashboard draws; JSON without NaN."""
    feed.snapshot = snapshot(device=device(lost_s=1.5), site=SiteChange("MV", 1.0, 4000))
    values = json.loads(json.dumps(snapshot_values(feed), allow_nan=False))
    assert (values["shown"]["label"], values["shown"]["score"], values["site"]) == ("murmur", 0.9, "MV")
    assert (values["source"], values["device"]["lost_s"], values["history"]) == ("steth", 1.5, ["murmur"])
    assert values["window"]["heart_rate_bpm"] == 72.0


def test_no_label_says_why(run, feed):
    """As on the dashboard."""
    scores = {"normal": 0.5, "murmur": 0.4, "extrastole": 0.1}
    unsure = Verdict("uncertain", None, 0.5, scores, scores)
    feed.snapshot = snapshot(window=dataclasses.replace(window(), rolling=unsure))
    assert snapshot_values(feed)["shown"]["remark"] == "no label is given"


@pytest.mark.parametrize("share", [False, True])
def test_subject_and_paths(share):
    """The name of a file and an error that names one leave only where they may."""
    feed = Feed(share_subject=share, subject="P7")
    Run(feed).begin(dataclasses.replace(START, source="eva.wav"), live=False)
    recording = RecordingStatus("/home/eva/a.wav", 1.0, 0, "/home/eva is full", None)
    feed.snapshot = snapshot(feed.playing.start, recording=recording)
    text = json.dumps([snapshot_values(feed), Health(feed).values()])
    assert ("eva" in text, "P7" in text) == (share, share)


def test_a_device_that_delivers_is_up(run, feed):
    """Until no sample has come for three seconds."""
    clock = Clock()
    health = Health(feed, clock)
    health.look()
    assert health.up
    clock.now += STALLED_S
    health.look()
    assert not health.up
    assert health.values() | {"lost_s": 0} == {
        "healthy": False, "last_sample_age_s": STALLED_S, "state": "open", "device": "steth", "lost_s": 0,
    }  # fmt: skip
    run.ring.push(np.zeros(10, np.float32))
    health.look()
    assert health.up


def test_zeros_for_lost_sound_are_no_samples(run, feed):
    """The watchdog writes them while a device is away."""
    clock = Clock()
    health = Health(feed, clock)
    health.look()
    feed.snapshot = snapshot(device=device("lost", lost_s=2.0))
    clock.now += 2.0
    run.ring.push_lost(2 * RATE)
    health.look()
    values = health.values()
    assert (values["healthy"], values["state"]) == (False, "lost")
    assert (values["last_sample_age_s"], values["lost_s"]) == (2.0, 2.0)


def test_before_and_after_the_sound():
    """Waiting and ended are not well."""
    feed = Feed()
    assert Health(feed).values()["state"] == "waiting"
    Run(feed).begin(live=False)
    feed.snapshot = snapshot(feed.playing.start, finished=True)
    health = Health(feed)
    health.look()
    assert (health.up, health.values()["state"]) == (False, "ended")


def test_a_snapshot_of_several_has_an_entry_for_each(several):
    """With the keys of one device and its name; asked for one, it has those of one."""
    feed, runs = several
    values = snapshot_values(feed)
    assert list(values) == ["type", "run", "newest", "devices"]
    assert [(one["stream"], one["source"], one["playing"]) for one in values["devices"]] == [
        ("bed 1", "Device 1", True),
        ("bed 2", "Device 2", True),
    ]
    alone = snapshot_values(runs[1].feed)
    assert (alone["stream"], alone["run"], alone["newest"]) == ("bed 2", feed.run, 2)
    assert {key: alone[key] for key in values["devices"][1]} == values["devices"][1]


def test_one_device_down_is_not_healthy_and_is_named(several):
    """The others are up all the same."""
    feed, runs = several
    health = health_of(feed)
    health.look()
    assert health.values()["healthy"]
    assert health.values()["down"] == []
    runs[1].feed.snapshot = snapshot(runs[1].feed.playing.start, device=device("lost", lost_s=2.0))
    values = health.values()
    assert (health.up, values["healthy"], values["down"]) == (False, False, ["bed 2"])
    assert [(one["stream"], one["state"], one["lost_s"]) for one in values["devices"]] == [
        ("bed 1", "open", 0.0),
        ("bed 2", "lost", 2.0),
    ]


def test_several_devices_that_have_not_begun_are_not_healthy():
    """Nothing is heard yet."""
    assert not health_of(SeveralFeed()).up

"""`auscult demo` with the bundle that is shipped: what the dashboard says is what the network says."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from typing import get_args

import pytest

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.cli import main
from monitor.messages import State

SCENES = SyntheticSource().scenes
EVERY_SCENE = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
STILL_S = 3.0
"""Seconds for which a scene's last state must have stood when it ends."""


def played(*arguments):
    """Return the JSON lines of a demo played as fast as possible."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["demo", "--speed", "max", "--json", *arguments]) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def lines():
    """Play the demo once as it is."""
    return played()


@pytest.fixture(scope="module", params=["0.25", "0.5", "1"])
def windows(request, lines):
    """Return the windows of the demo at a hop."""
    found = lines if request.param == "0.5" else played("--hop", request.param)
    return [line for line in found if line["type"] == "window"]


def expected(scene):
    """Return the state and the label that a scene ought to end with."""
    return scene.state, scene.label if scene.state == "verdict" else None


def shown(verdict):
    """Return the state and the label of a judgement."""
    return verdict["state"], verdict["label"]


@EVERY_SCENE
def test_every_scene_ends_as_expected(windows, scene):
    """At every hop what is shown of the last seconds is right when the scene ends, and has been for a while."""
    last = [window for window in windows if scene.end_s - STILL_S < window["end_s"] <= scene.end_s]
    assert len(last) >= 3
    assert {shown(window["rolling"]) for window in last} == {expected(scene)}


@EVERY_SCENE
def test_every_scene_is_recognised_in_its_middle(windows, scene):
    """Of the windows that lie wholly inside a scene, most say by themselves what they should."""
    inside = [window for window in windows if window["start_s"] >= scene.start_s and window["end_s"] <= scene.end_s]
    most, count = Counter(shown(window) for window in inside).most_common(1)[0]
    assert most == expected(scene)
    assert count > len(inside) / 2


def test_all_states_and_labels_occur(windows, lines):
    """Listening before the first window; then each other state, and each label the bundle has."""
    assert windows[0]["end_s"] == lines[0]["window_s"]  # nothing is said before
    states = {window["rolling"]["state"] for window in windows}
    assert states | {"listening"} == set(get_args(State))
    assert {window["rolling"]["label"] for window in windows} == {None, *lines[0]["labels"]}


@pytest.mark.parametrize("hop", ["0.25", "1"])
def test_the_same_is_shown_at_another_hop(lines, hop):
    """Every change of what is shown, of 3 s or longer, comes in the same order at every hop."""
    other = played("--hop", hop)
    assert _course(other, float(hop)) == _course(lines, 0.5)


def _course(lines, hop_s):
    """Return what is shown in turn, without what stands for less than 3 s."""
    course = []
    for window in (line for line in lines if line["type"] == "window"):
        if course and course[-1][0] == shown(window["rolling"]):
            course[-1][1] += hop_s
        else:
            course.append([shown(window["rolling"]), hop_s])
    steady = [what for what, lasted_s in course if lasted_s >= STILL_S]
    return [what for at, what in enumerate(steady) if at == 0 or what != steady[at - 1]]


@pytest.mark.parametrize(
    ("name", "words"),
    [("lost contact", ("chest piece", "keep")), ("input muted", ("muted", "unplugged"))],
)
def test_the_reason_says_what_to_do(windows, name, words):
    """While nothing can be judged, every window's reason names what a person can see to, and no label is given."""
    scene = next(scene for scene in SCENES if scene.name == name)
    last = [window for window in windows if scene.end_s - STILL_S < window["end_s"] <= scene.end_s]
    for window in last:
        assert any(word in window["quality"]["reason"] for word in words)
        assert window["label"] is None
        assert window["heart_rate_bpm"] is None


def test_the_unsure_scene_is_good_enough_to_be_judged(windows):
    """It is the network that is unsure: the sound passes the gate, and two labels share the score."""
    scene = next(scene for scene in SCENES if scene.state == "uncertain")
    inside = [window for window in windows if window["start_s"] >= scene.start_s and window["end_s"] <= scene.end_s]
    assert all(window["state"] in ("uncertain", "verdict") for window in inside)
    ranked = sorted(inside[-1]["rolling"]["scores"].values(), reverse=True)
    assert ranked[0] - ranked[1] < 0.3
    assert ranked[1] > 0.2


def test_no_early_beat_is_heard_before_the_extrasystoles(windows):
    """Neither the plain heart nor the change to the murmur gives one; the scene that has some gives several."""
    before, during = (windows[_last_before(windows, SCENES[number].end_s)]["early_beats"] for number in (1, 2))
    assert before["at_s"] == []
    assert len(during["at_s"]) >= 2
    assert min(during["at_s"]) > SCENES[2].start_s


def _last_before(windows, end_s):
    """Return the number of the last window that ends by a time."""
    return max(number for number, window in enumerate(windows) if window["end_s"] <= end_s)


def test_the_demo_lasts_less_than_two_minutes(lines):
    """Long enough for seven scenes, short enough to watch."""
    assert lines[0]["duration_s"] == 116.0
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["skipped"] == 0


def test_another_seed_is_another_performance():
    """`--seed` makes another heart, and the same one each time."""
    outs = []
    for seed in ("3", "3", "4"):
        outs.append([line["scores"] for line in played("--hop", "2.5", "--seed", seed)[1:-1]])
    assert outs[0] == outs[1]
    assert outs[0] != outs[2]

"""`auscult demo` with the bundle that is shipped: every scene is classified as intended."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
from collections import Counter
from typing import get_args

import pytest

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.cli import main
from monitor.messages import State

SCENES = SyntheticSource().scenes
EVERY_SCENE = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
STEADY_S = 3.0
"""Seconds for which a scene's last state must have been shown when it ends."""
RETURNS_S = 0.5
"""Seconds before its end in which lost contact is found again."""


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
    at_hop = lines if request.param == "0.5" else played("--hop", request.param)
    return [line for line in at_hop if line["type"] == "window"]


def expected(scene):
    """Return the state and the label that a scene should end with."""
    return scene.state, scene.label if scene.state == "verdict" else None


def shown(verdict):
    """Return the state and the label of a verdict."""
    return verdict["state"], verdict["label"]


@EVERY_SCENE
def test_every_scene_ends_as_expected(windows, scene):
    """At every hop the rolling verdict is right when the scene ends, and has been for a while."""
    last = [window for window in windows if scene.end_s - STEADY_S < window["end_s"] <= scene.end_s]
    assert len(last) >= 3
    assert {shown(window["rolling"]) for window in last} == {expected(scene)}


@EVERY_SCENE
def test_every_scene_is_recognised_in_its_middle(windows, scene):
    """Of the windows that lie wholly inside a scene, most have the right verdict by themselves."""
    inside = [window for window in windows if window["start_s"] >= scene.start_s and window["end_s"] <= scene.end_s]
    mode, count = Counter(shown(window) for window in inside).most_common(1)[0]
    assert mode == expected(scene)
    assert count > len(inside) / 2


def test_all_states_and_labels_occur(windows, lines):
    """Listening before the first window; then each other state, and each label the bundle has."""
    assert windows[0]["end_s"] == lines[0]["window_s"]  # none comes earlier
    states = {window["rolling"]["state"] for window in windows}
    assert states | {"listening"} == set(get_args(State))
    assert {window["rolling"]["label"] for window in windows} == {None, *lines[0]["labels"]}


@pytest.mark.parametrize("hop", ["0.25", "1"])
def test_the_same_is_shown_at_another_hop(lines, hop):
    """The rolling verdicts that last longer than 3 s come in the same order at every hop."""
    other = played("--hop", hop)
    assert _steady_verdicts(other, float(hop)) == _steady_verdicts(lines, 0.5)


def _steady_verdicts(lines, hop_s):
    """Return the rolling verdicts in order, without those that last 3 s or less."""
    runs = []
    for window in (line for line in lines if line["type"] == "window"):
        if runs and runs[-1][0] == shown(window["rolling"]):
            runs[-1][1] += hop_s
        else:
            runs.append([shown(window["rolling"]), hop_s])
    steady = [verdict for verdict, lasted_s in runs if lasted_s > STEADY_S]
    return [verdict for verdict, _ in itertools.groupby(steady)]


@pytest.mark.parametrize(
    ("name", "words"),
    [("lost contact", ("chest piece", "keep")), ("input muted", ("muted", "unplugged"))],
)
def test_the_reason_says_what_to_do(windows, name, words):
    """While nothing can be classified, the reason of every window names what the user can do, and there is no label."""
    scene = next(scene for scene in SCENES if scene.name == name)
    last = [window for window in windows if scene.end_s - STEADY_S < window["end_s"] <= scene.end_s - RETURNS_S]
    assert last
    for window in last:
        assert any(word in window["quality"]["reason"] for word in words)
        assert window["label"] is None
        assert window["heart_rate_bpm"] is None


def test_the_uncertain_scene_passes_the_quality_gate(windows):
    """It is the network that is uncertain: two labels share the score."""
    scene = next(scene for scene in SCENES if scene.state == "uncertain")
    inside = [window for window in windows if window["start_s"] >= scene.start_s and window["end_s"] <= scene.end_s]
    assert all(window["state"] in ("uncertain", "verdict") for window in inside)
    ranked = sorted(inside[-1]["rolling"]["scores"].values(), reverse=True)
    assert ranked[0] - ranked[1] < 0.3
    assert ranked[1] > 0.2


def test_early_beats_are_detected_in_their_scene_alone(windows):
    """Neither the normal heart nor the change to the murmur gives one; the scene that has some gives several."""
    before, during = (windows[_last_before(windows, SCENES[index].end_s)]["early_beats"] for index in (1, 2))
    assert before["at_s"] == []
    assert len(during["at_s"]) >= 2
    assert min(during["at_s"]) > SCENES[2].start_s


def _last_before(windows, end_s):
    """Return the index of the last window that ends by a time."""
    return max(index for index, window in enumerate(windows) if window["end_s"] <= end_s)


def test_the_demo_lasts_less_than_two_minutes(lines):
    """Long enough for seven scenes, short enough to watch."""
    assert lines[0]["duration_s"] == 116.0
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["skipped"] == 0


def test_a_seed_repeats_its_sound():
    """`--seed` gives the same sound each time, and another one for another seed."""
    outs = []
    for seed in ("3", "3", "4"):
        lines = played("--hop", "2.5", "--seed", seed)
        outs.append([line["scores"] for line in lines if line["type"] == "window"])
    assert outs[0] == outs[1]
    assert outs[0] != outs[2]

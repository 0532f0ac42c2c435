"""The pictures of the documentation: one of each state, taken where the demo is in that state, all of them shown."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import get_args

import pytest

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle
from monitor.messages import State

ROOT = Path(__file__).resolve().parents[2]
STATES = ROOT / "docs" / "states"
NAMES = sorted({*get_args(State), *load_bundle(DEFAULT_BUNDLE).labels} - {"verdict"})


@pytest.fixture(scope="module")
def maker():
    """Return the program that makes the pictures."""
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs" / "make" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(name):
    """Return the texts in a picture, line after line."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", (STATES / f"{name}.svg").read_text(encoding="utf-8"))


def test_there_is_a_moment_for_every_state_and_label(maker):
    """Each state, each label, and the large picture; one after the other, so that one run draws them all."""
    found = maker.moments(SyntheticSource().scenes)
    assert sorted(found) == sorted([*NAMES, "dashboard"])
    seconds = [at_s for at_s, _ in found.values()]
    assert seconds == sorted(seconds)
    assert 0 < seconds[0] < load_bundle(DEFAULT_BUNDLE).spec.window_s


def test_every_moment_lies_in_the_scene_that_it_shows(maker):
    """Shortly before the end of a scene that is expected to end in just that state."""
    found = maker.moments(SyntheticSource().scenes)
    found.pop("listening")
    for name, (at_s, _) in found.items():
        scene = next(scene for scene in SyntheticSource().scenes if at_s < scene.end_s)
        assert {"dashboard": "murmur"}.get(name, name) == (scene.label if scene.state == "verdict" else scene.state)
        assert scene.end_s - at_s < 5.0


def test_the_program_says_how_to_call_it(maker, capsys):
    """Without a folder it writes nothing, explains itself and ends with the exit code for usage."""
    assert maker.main([]) == 2
    assert "make_pictures.py docs" in capsys.readouterr().err


def test_there_are_no_other_pictures():
    """One picture for each state, and none that is left over."""
    assert sorted(path.stem for path in STATES.glob("*.svg")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_of_this_demo(name):
    """Its scene and its length are those that are played today, and its disclaimer is there."""
    shown = " ".join(texts(name))
    demo = SyntheticSource()
    assert f"/ {int(demo.duration_s) // 60}:{demo.duration_s % 60:04.1f}" in shown
    scene = (
        "normal"
        if name == "listening"
        else next(one.name for one in demo.scenes if name == (one.label if one.state == "verdict" else one.state))
    )
    assert f"playing: {scene}" in shown
    assert "not for diagnosis" in shown


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_shown_in_the_documentation(name):
    """With a text for whom it cannot be shown to."""
    assert re.search(rf"!\[[^\]]+\]\({name}\.svg\)", (STATES / "README.md").read_text(encoding="utf-8"))


def test_the_readme_leads_to_them():
    """From the front page one finds all states."""
    assert "](docs/states/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "words"), [("poor-signal", "move the chest piece"), ("no-signal", "is the input muted or unplugged?")]
)
def test_what_is_withheld_says_why(name, words):
    """What a person can do stands in the picture, at the smallest usual size."""
    assert words in " ".join(texts(name))

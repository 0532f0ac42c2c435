"""The screenshots of the documentation: one of each state, taken from the demo, all of them shown."""

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
    """Return the program that takes the screenshots."""
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs" / "make" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(name):
    """Return the texts in a screenshot, line by line."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", (STATES / f"{name}.svg").read_text(encoding="utf-8"))


def test_there_is_a_moment_for_every_state_and_label(maker):
    """Each state, each label and the large screenshot, in ascending order, so that one run takes them all."""
    moments = maker.moments(SyntheticSource().scenes)
    assert sorted(moments) == sorted([*NAMES, "dashboard"])
    seconds = [at_s for at_s, _ in moments.values()]
    assert seconds == sorted(seconds)
    assert 0 < seconds[0] < load_bundle(DEFAULT_BUNDLE).spec.window_s


def test_every_moment_is_in_the_scene_that_it_shows(maker):
    """Each is shortly before the end of a scene with that state or label."""
    moments = maker.moments(SyntheticSource().scenes)
    moments.pop("listening")
    for name, (at_s, _) in moments.items():
        scene = next(scene for scene in SyntheticSource().scenes if at_s < scene.end_s)
        assert {"dashboard": "murmur"}.get(name, name) == (scene.label if scene.state == "verdict" else scene.state)
        assert scene.end_s - at_s < 5.0


def test_the_program_prints_its_usage(maker, capsys):
    """Without a folder it prints its usage and returns the exit code 2."""
    assert maker.main([]) == 2
    assert "make_pictures.py docs" in capsys.readouterr().err


def test_there_are_no_other_screenshots():
    """One screenshot for each state and label, and no other."""
    assert sorted(path.stem for path in STATES.glob("*.svg")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_screenshot_is_of_the_current_demo(name):
    """Scene and duration are those of the demo, and the disclaimer is shown."""
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
def test_every_screenshot_is_in_the_documentation(name):
    """Each is embedded with an alternative text."""
    assert re.search(rf"!\[[^\]]+\]\({name}\.svg\)", (STATES / "README.md").read_text(encoding="utf-8"))


def test_the_readme_links_to_the_states():
    """The README links to the page of all states."""
    assert "](docs/states/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "words"), [("poor-signal", "move the chest piece"), ("no-signal", "is the input muted or unplugged?")]
)
def test_a_missing_label_has_a_reason(name, words):
    """What a person can do is shown at 80x24, beside the quality; it may go over two lines."""
    svg = (STATES / f"{name}.svg").read_text(encoding="utf-8")
    placed = re.findall(r"<text x=\"([\d.]+)[^>]*>([^<]*)</text>", svg)
    left = next(float(x) for x, text in placed if text == "quality")
    assert words in " ".join(text for x, text in placed if float(x) == left)


def test_the_examination_is_shown() -> None:
    """At its second site: the first is done, where the chest piece goes, how much is collected; nothing else."""
    content = (ROOT / "docs" / "examination.svg").read_text(encoding="utf-8")
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", content))
    for words in ("aortic", "10.0 s judged", "pulmonary", "listening", "of 10 s usable", "not for diagnosis"):
        assert words in shown, words
    assert "examination.svg" in (ROOT / "docs" / "guides" / "examination.md").read_text(encoding="utf-8")


def test_the_review_is_shown_in_its_guide(maker):
    """Its picture is that of the demo, with notes and a label of a person."""
    picture = (ROOT / "docs" / "review.svg").read_text(encoding="utf-8")
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture)).replace("\xa0", " ")
    for words in ("REVIEW", "quiet room", "[murmur", "not for diagnosis"):
        assert words in shown
    assert "](../review.svg)" in (ROOT / "docs" / "guides" / "review.md").read_text(encoding="utf-8")

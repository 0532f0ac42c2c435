"""The verdict strip as values: stretches that touch, runs that join, looks that differ."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from monitor.commands.plot.verdict_track import Run, cells, runs, segment_styles
from monitor.messages import Verdict


def test_each_window_has_what_it_added(window_maker):
    """The first window its whole length, the others their hop; neighbours touch."""
    found = cells([window_maker(index) for index in range(3)], 6.2)
    assert [(cell.start_s, cell.end_s) for cell in found] == [(0.0, 5.0), (5.0, 5.5), (5.5, 6.0)]
    assert [cell.middle_s for cell in found] == [2.5, 5.25, 5.75]


def test_a_looped_clip_ends_where_it_ends(window_maker):
    """The one window of a clip of 2 s is drawn over 2 s."""
    (cell,) = cells([window_maker(short=True)], 2.0)
    assert (cell.start_s, cell.end_s) == (0.0, 2.0)


def test_no_windows():
    """Nothing judged gives no stretch."""
    assert cells([], 3.0) == []
    assert runs([], rolling=True) == []


def test_neighbours_of_one_label_are_one_run(window_maker):
    """Two normals, an uncertain and a murmur are three runs."""
    windows = [
        *(window_maker(0), window_maker(1)),
        *(window_maker(2, state="uncertain"), window_maker(3, label="murmur")),
    ]
    assert runs(cells(windows, 10.0), rolling=False) == [
        *(Run(0.0, 5.5, "normal"), Run(5.5, 6.0, "uncertain"), Run(6.0, 6.5, "murmur")),
    ]


def test_the_rolling_strip_shows_the_rolling_judgements(window_maker):
    """A gap is a gap of the window alone; the rolling label bears with it."""
    steady = Verdict("verdict", "normal", 0.9)
    windows = [window_maker(0), window_maker(1, state="poor-signal", gap=True, rolling=steady), window_maker(2)]
    found = cells(windows, 10.0)
    assert [run.key for run in runs(found, rolling=False)] == ["normal", "gap", "normal"]
    assert runs(found, rolling=True) == [Run(0.0, 6.0, "normal")]


def test_no_two_look_alike():
    """Every label and state has a colour, and a letter of its own; patterns of labels differ."""
    labels = ("normal", "murmur", "extrastole")
    found = segment_styles(labels)
    assert set(found) == {*labels, "listening", "no-signal", "poor-signal", "uncertain", "gap"}
    assert len({look.letter for look in found.values()}) == len(found)
    occurring = [look for name, look in found.items() if name != "listening"]
    assert len({look.hatch for look in occurring}) == len(occurring)
    assert len({found[label].colour for label in labels}) == 3


# What a colour, in linear light, becomes for an eye without red or without green cones.
# Source: F. Viénot, H. Brettel, J. Mollon, "Digital video colourmaps for checking the legibility of displays by
# dichromats" (1999).
SEEN_BY = {
    "all cones": np.eye(3),
    "no red cones": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "no green cones": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
}


@pytest.mark.parametrize("eye", SEEN_BY)
def test_colours_differ_for_a_colour_blind_person(eye):
    """Every two that may stand side by side are a tenth of the way from black to white apart, whoever looks."""
    colours = {name: look.colour for name, look in segment_styles(("normal", "murmur", "extrastole")).items()}
    linear = {name: (np.array(list(bytes.fromhex(colour[1:]))) / 255) ** 2.2 for name, colour in colours.items()}
    seen = {name: np.clip(SEEN_BY[eye] @ light, 0, 1) ** (1 / 2.2) for name, light in linear.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.1, (one, other)


def test_black_letters_are_readable_on_every_colour():
    """Black on each has a contrast of 4.5 to 1 or more."""
    labels = tuple(f"label{number}" for number in range(5))
    for look in segment_styles(("normal", "murmur", "extrastole", *labels)).values():
        light = (np.array(list(bytes.fromhex(look.colour[1:]))) / 255) ** 2.2 @ (0.2126, 0.7152, 0.0722)
        assert (light + 0.05) / 0.05 > 4.5, look


def test_many_labels_have_a_look():
    """More labels than patterns take turns."""
    labels = tuple(f"label{number}" for number in range(9))
    found = segment_styles(labels)
    assert len({found[label].letter for label in labels}) == 9
    assert found[labels[0]].hatch == found[labels[6]].hatch

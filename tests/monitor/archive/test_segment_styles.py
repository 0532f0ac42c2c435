"""Styles that differ, for every eye."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from monitor.archive.segment_styles import segment_styles


def test_no_two_styles_are_alike():
    """Every label and state has a colour and its own letter; patterns of labels differ."""
    labels = ("normal", "murmur", "extrastole")
    styles = segment_styles(labels)
    assert set(styles) == {*labels, "listening", "no-signal", "poor-signal", "uncertain", "gap"}
    assert len({style.letter for style in styles.values()}) == len(styles)
    occurring = [style for name, style in styles.items() if name != "listening"]
    assert len({style.hatch for style in occurring}) == len(occurring)
    assert len({styles[label].colour for label in labels}) == 3


# Linear RGB as seen with all cones, without red cones, and without green cones.
# Source: F. Viénot, H. Brettel, J. Mollon, "Digital video colourmaps for checking the legibility of displays by
# dichromats" (1999).
SEEN_BY = {
    "all cones": np.eye(3),
    "no red cones": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "no green cones": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
}


@pytest.mark.parametrize("eye", SEEN_BY)
def test_colours_differ_for_a_colour_blind_person(eye):
    """Every two are at least a tenth of the distance from black to white apart."""
    colours = {name: style.colour for name, style in segment_styles(("normal", "murmur", "extrastole")).items()}
    linear = {name: (np.array(list(bytes.fromhex(colour[1:]))) / 255) ** 2.2 for name, colour in colours.items()}
    seen = {name: np.clip(SEEN_BY[eye] @ light, 0, 1) ** (1 / 2.2) for name, light in linear.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.1, (one, other)


def test_black_letters_are_readable_on_every_colour():
    """Black on each has a contrast of 4.5 to 1 or more."""
    labels = tuple(f"label{index}" for index in range(5))
    for style in segment_styles(("normal", "murmur", "extrastole", *labels)).values():
        light = (np.array(list(bytes.fromhex(style.colour[1:]))) / 255) ** 2.2 @ (0.2126, 0.7152, 0.0722)
        assert (light + 0.05) / 0.05 > 4.5, style


def test_many_labels_have_styles():
    """More labels than patterns use the patterns in turn."""
    labels = tuple(f"label{index}" for index in range(9))
    styles = segment_styles(labels)
    assert len({styles[label].letter for label in labels}) == 9
    assert styles[labels[0]].hatch == styles[labels[6]].hatch

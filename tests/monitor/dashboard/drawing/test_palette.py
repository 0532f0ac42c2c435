"""The colours can be told apart by every kind of eye, and on every kind of terminal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rich.color import Color

from monitor.dashboard.drawing.palette import AMBER, BLUE, GREEN, GREY, RED, ROSE, SIXTEEN, TEAL, VIOLET, YELLOW

# Source: Machado, Oliveira, Fernandes 2009, severity 1.0, linear RGB
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
LABELS = (GREEN, AMBER, VIOLET)
STATES = (YELLOW, BLUE, GREY, RED)


def lab(colour, eye):
    """Return a colour in CIE L*a*b* as an eye sees it."""
    value = np.array(Color.parse(colour).get_truecolor(), float) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(EYES[eye]) @ linear, 0, 1) / WHITE
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_labels_and_states_are_told_apart(eye):
    """Labels lie at least 30 apart in L*a*b*, and any two of labels and states 15; 2 is just seen."""
    seen = {colour: lab(colour, eye) for colour in (*LABELS, *STATES)}

    def apart(colours):
        return min(float(np.linalg.norm(seen[a] - seen[b])) for a, b in itertools.combinations(colours, 2))

    assert apart(LABELS) > 30
    assert apart((*LABELS, *STATES)) > 15


def test_every_colour_is_seen_on_black():
    """Each is light enough to be read."""
    assert all(lab(colour, "normal")[0] > 40 for colour in SIXTEEN)


def test_each_of_sixteen_stands_for_one():
    """No two colours become one on a terminal of sixteen."""
    assert set(SIXTEEN) == {*LABELS, *STATES, TEAL, ROSE}
    assert len(set(SIXTEEN.values())) == len(SIXTEEN)
    assert all(Color.parse(name).number is not None and Color.parse(name).number < 16 for name in SIXTEEN.values())

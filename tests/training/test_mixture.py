"""The mixture: who is shown in which stage, and how often each label is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.spec import HEART
from training.batches import Share
from training.datasets import NOT_HEART, Recording
from training.mixture import Mixture, drawn_labels, mix
from training.sounds import Frames, Sound

LABELS = ("normal", "murmur", "extrastole")
FRAMES = Frames(np.zeros((198, 64), np.float32), np.zeros((3, 198), np.float32))


def sound(*labels: str, source: str = "all") -> Sound:
    """Return a sound with some labels from a set."""
    return Sound(Recording(Path("absent.wav"), labels, "p", source), FRAMES, 20_000)


PRIMARY = [sound("normal"), sound("murmur"), sound("extrastole")]
SECONDARY = [sound("murmur", source="part"), sound("normal", "extrastole", source="part")]
MADE = [sound(label, source="made") for label in (*LABELS, NOT_HEART)]


def sources(shares: list[Share]) -> set[str]:
    """Return the sets that some shares draw from."""
    return {its.recording.source for share in shares for its in share.sounds}


def mixture(sounds: list[Sound], made: list[Sound]) -> Mixture:
    """Return the mixture where the set "all" tells all."""
    return mix(sounds, made, {"all"}, HEART, 0)


def test_the_set_that_tells_all_comes_last() -> None:
    """It is not shown before the second stage, in which it has half of the batch or more; the rest goes on."""
    mixed = mixture(PRIMARY + SECONDARY, MADE)
    assert sources(mixed.before) == {"part", "made"}
    assert sources(mixed.after) == {"all", "part", "made"}
    total = sum(share.weight for share in mixed.after)
    primary = sum(share.weight for share in mixed.after if sources([share]) == {"all"})
    assert primary >= 0.5 * total


def test_recordings_alone_have_one_stage() -> None:
    """Without made sounds and without sets that tell a part, there is nothing to begin with."""
    mixed = mixture(PRIMARY, [])
    assert mixed.before == []
    assert sources(mixed.after) == {"all"}


@pytest.mark.parametrize("no_heart", [sound(NOT_HEART, source="all"), sound(NOT_HEART, source="noise")])
def test_sounds_that_are_no_heart_are_in_both_stages(no_heart: Sound) -> None:
    """Whatever set they are from, they are drawn together, by their own share."""
    mixed = mixture([*PRIMARY, *SECONDARY, no_heart], MADE)
    for shares in (mixed.before, mixed.after):
        share = [share for share in shares if share.sounds[0].recording.label == NOT_HEART]
        assert len(share) == 1
        assert len(share[0].sounds) == 2


def test_an_extrasystole_recording_may_have_normal_windows() -> None:
    """A window of a recorded extrastole is normal or extrastole; a made one has its beat inside."""
    mixed = mixture(PRIMARY, MADE)
    labels = {(its.recording.source, its.recording.labels) for share in mixed.after for its in share.sounds}
    assert ("all", ("normal", "extrastole")) in labels
    assert ("all", ("extrastole",)) not in labels
    assert ("made", ("extrastole",)) in labels


def test_without_made_sounds_a_recording_is_taken_at_its_word() -> None:
    """With nothing else to show what an extrasystole is, its recordings are certain."""
    labels = {its.recording.labels for share in mixture(PRIMARY, []).after for its in share.sounds}
    assert ("extrastole",) in labels
    assert ("normal", "extrastole") not in labels


def test_drawn_labels() -> None:
    """A share counts for the label that it is certain of; a partial one, and no heart, for none."""
    shares = [
        Share([sound("normal")], 2.0),
        Share([sound("normal", "extrastole")], 1.0),
        Share([sound("extrastole")], 0.5),
        Share([sound("murmur")], 4.0),
        Share([sound(NOT_HEART)], 9.0),
        Share([], 9.0),
    ]
    assert drawn_labels(shares, LABELS) == [2.0, 4.0, 0.5]


def test_every_label_is_drawn() -> None:
    """A label that only partial sounds may have counts with those, so that its calibration is finite."""
    shares = [Share([sound("normal")], 2.0), Share([sound("normal", "extrastole")], 1.0), Share([sound("murmur")], 4.0)]
    assert drawn_labels(shares, LABELS) == [2.0, 4.0, 1.0]
    assert min(drawn_labels(mixture(PRIMARY, []).after, LABELS)) > 0

"""The mixture: who is shown in which stage, and how often each label is drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.features.spec import HEART
from training.data.audio import Frames, Sound
from training.data.recording import NON_CARDIAC, Recording
from training.examples.batches import SamplingGroup
from training.examples.mixture import Mixture, drawn_labels, mix

LABELS = ("normal", "murmur", "extrastole")
FRAMES = Frames(np.zeros((198, 64), np.float32), np.zeros((3, 198), np.float32))


def sound(*labels: str, source: str = "all") -> Sound:
    """Return a sound with some labels from a set."""
    return Sound(Recording(Path("absent.wav"), labels, "p", source), FRAMES, 20_000)


PRIMARY = [sound("normal"), sound("murmur"), sound("extrastole")]
SECONDARY = [sound("murmur", source="part"), sound("normal", "extrastole", source="part")]
MADE = [sound(label, source="made") for label in (*LABELS, NON_CARDIAC)]


def sources(shares: list[SamplingGroup]) -> set[str]:
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


@pytest.mark.parametrize("no_heart", [sound(NON_CARDIAC, source="all"), sound(NON_CARDIAC, source="noise")])
def test_sounds_that_are_no_heart_are_in_both_stages(no_heart: Sound) -> None:
    """Whatever set they are from, they are drawn together, by their own share."""
    mixed = mixture([*PRIMARY, *SECONDARY, no_heart], MADE)
    for shares in (mixed.before, mixed.after):
        share = [share for share in shares if share.sounds[0].recording.label == NON_CARDIAC]
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


def known(sounds: list[Sound], *, early: bool) -> list[Sound]:
    """Return sounds of which it is known whether a beat comes early."""
    return [dataclasses.replace(its, premature=early) for its in sounds]


def test_drawn_labels() -> None:
    """A share counts for the label that it is certain of; an early beat by its odds among the known rhythms."""
    shares = [
        SamplingGroup(known([sound("normal")], early=False), 2.0),
        SamplingGroup([sound("normal", "extrastole")], 1.0),  # normal, were no beat early
        SamplingGroup(known([sound("extrastole")], early=True), 0.5),  # the same
        SamplingGroup([sound("murmur")], 4.0),
        SamplingGroup([sound(NON_CARDIAC)], 9.0),
        SamplingGroup([], 9.0),
    ]
    assert drawn_labels(shares, LABELS) == [3.5, 4.0, 7.5 * 0.5 / 2.0]


def test_a_label_that_is_never_certain() -> None:
    """It counts with all that may have it, so that its calibration is finite."""
    shares = [SamplingGroup([sound("murmur", "normal")], 4.0), SamplingGroup([sound("murmur")], 1.0)]
    assert drawn_labels(shares, ("normal", "murmur")) == [4.0, 1.0]


@pytest.mark.parametrize("made", [[], MADE])
def test_every_label_is_drawn(made: list[Sound]) -> None:
    """With made sounds, which know their rhythm, and without them, every label is drawn."""
    told = [its for its in made if its.recording.label == NON_CARDIAC]
    for label in LABELS:
        its_own = [its for its in made if its.recording.label == label]
        told += known(its_own, early=label == "extrastole")
    assert min(drawn_labels(mixture(PRIMARY, told).after, LABELS)) > 0


def rhythms(mixed: Mixture) -> dict[tuple[str, tuple[str, ...]], bool | None]:
    """Return what is known of the rhythm of each set's labels."""
    sounds = [its for share in mixed.after for its in share.sounds]
    return {(its.recording.source, its.recording.labels): its.premature for its in sounds}


def test_a_recordings_word_for_its_rhythm() -> None:
    """Without made sounds a certain label says what the rhythm is; one that is not certain says nothing."""
    found = rhythms(mixture(PRIMARY + SECONDARY, []))
    assert [found["all", (label,)] for label in LABELS] == [False, False, True]
    assert (found["part", ("murmur",)], found["part", ("normal", "extrastole")]) == (False, None)


def test_a_recordings_word_is_not_enough() -> None:
    """Beside made sounds, which show what an early beat is, no recording's label says anything of its windows."""
    found = rhythms(mixture(PRIMARY + SECONDARY, MADE))
    assert {its for (source, _), its in found.items() if source in ("all", "part")} == {None}

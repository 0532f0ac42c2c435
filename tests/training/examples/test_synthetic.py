"""Synthetic training sounds have their label and depend on the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from monitor.synthesis.parameters import HeartParameters
from training.examples import synthetic
from training.examples.synthetic import SYNTHETIC_LABELS, synthesize_sounds


@pytest.mark.parametrize("label", SYNTHETIC_LABELS)
def test_sounds_are_one_window_long(label: str) -> None:
    """Each sound is one window long, finite, and carries its label and a patient of its own."""
    sounds = synthesize_sounds(label, 3, 0, HEART)
    assert len({sound.recording.patient for sound in sounds}) == 3
    for sound in sounds:
        assert sound.recording.label == label
        assert (len(sound.frames), sound.num_samples) == (HEART.num_frames, HEART.window_samples)
        assert np.isfinite(sound.frames.log_power).all()
        assert np.isfinite(sound.frames.bands).all()


@pytest.mark.parametrize(
    ("label", "ectopic"), [("normal", False), ("murmur", False), ("extrastole", True), (NON_CARDIAC, None)]
)
def test_the_rhythm_is_known(label: str, ectopic: bool | None) -> None:
    """Every extrasystole has an ectopic beat and no other heart; a non-cardiac sound has no rhythm."""
    assert [sound.ectopic for sound in synthesize_sounds(label, 2, 0, HEART)] == [ectopic] * 2


def test_every_label_can_be_synthesized() -> None:
    """There is a generator for each label of the default bundle and for non-cardiac sounds."""
    assert SYNTHETIC_LABELS == ("normal", "murmur", "extrastole", NON_CARDIAC)


def test_a_sound_depends_on_its_index_alone() -> None:
    """The first two of three equal the two of two; no two are equal."""
    two, three = synthesize_sounds("murmur", 2, 5, HEART), synthesize_sounds("murmur", 3, 5, HEART)
    for first, second in zip(two, three, strict=False):
        np.testing.assert_array_equal(first.frames.log_power, second.frames.log_power)
    assert not np.array_equal(three[0].frames.log_power, three[1].frames.log_power)


@pytest.mark.parametrize("label", ["normal", "murmur"])
def test_rare_rates_are_regular(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in eight hearts is slow or fast, and regular: a slow heart is no irregular one. Extrasystoles are not."""
    rhythms = []
    real = synthetic.phonocardiogram

    def noted(duration_s: float, parameters: HeartParameters, *rest: Any) -> Any:
        rhythms.append(parameters.rhythm)
        return real(duration_s, parameters, *rest)

    monkeypatch.setattr(synthetic, "phonocardiogram", noted)
    synthesize_sounds(label, 33, 0, HEART)
    rare = rhythms[::8]
    assert all(not 45 < rhythm.heart_rate_bpm < 160 and rhythm.kind == "regular" for rhythm in rare)
    assert {rhythm.heart_rate_bpm < 100 for rhythm in rare} == {True, False}
    rhythms.clear()
    synthesize_sounds("extrastole", 9, 0, HEART)
    assert all(45 <= rhythm.heart_rate_bpm <= 140 for rhythm in rhythms)


def test_seed_and_label_change_the_sound() -> None:
    """Another seed, or another label, gives another sound."""
    base, seed, label = (
        synthesize_sounds(*args, HEART)[0] for args in (("normal", 1, 0), ("normal", 1, 1), ("murmur", 1, 0))
    )
    assert not np.array_equal(base.frames.log_power, seed.frames.log_power)
    assert not np.array_equal(base.frames.log_power, label.frames.log_power)


def test_a_count_of_0_gives_no_sounds() -> None:
    """An empty list."""
    assert synthesize_sounds("normal", 0, 0, HEART) == []


def test_refuses_an_unknown_label() -> None:
    """A label without a generator is refused."""
    with pytest.raises(ValueError, match="label='artery' must be one of normal, murmur, extrastole, not-heart"):
        synthesize_sounds("artery", 1, 0, HEART)

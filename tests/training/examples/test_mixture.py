"""The mixture: which sounds are drawn in which stage, and how often each label is drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.features.spec import HEART
from monitor.labels import NON_CARDIAC
from training.data.audio import Frames, Sound
from training.data.recording import Recording
from training.examples.batches import SamplingGroup
from training.examples.mixture import Mixture, label_priors, mix, network_priors

LABELS = ("normal", "murmur", "extrastole")
FRAMES = Frames(np.zeros((198, 64), np.float32), np.zeros((3, 198), np.float32))


def sound(*labels: str, source: str = "full") -> Sound:
    """Return a sound with some labels from a set."""
    return Sound(Recording(Path("absent.wav"), labels, "p", source), FRAMES, 20_000)


FULL = [sound("normal"), sound("murmur"), sound("extrastole")]
PARTIAL = [sound("murmur", source="partial"), sound("normal", "extrastole", source="partial")]
SYNTHETIC = [sound(label, source="synthetic") for label in (*LABELS, NON_CARDIAC)]


def sounds_of(groups: list[SamplingGroup]) -> list[Sound]:
    """Return all sounds that some groups draw from."""
    return [each for group in groups for each in group.sounds]


def sources(groups: list[SamplingGroup]) -> set[str]:
    """Return the sets that some groups draw from."""
    return {each.recording.source for each in sounds_of(groups)}


def mixture(sounds: list[Sound], synthetic: list[Sound]) -> Mixture:
    """Return the mixture where the set "full" is fully labelled."""
    return mix(sounds, synthetic, {"full"}, HEART, 0)


def test_fully_labelled_sets_are_for_finetuning() -> None:
    """They are not drawn in pretraining, and are half of the batch or more in fine-tuning; the rest goes on."""
    mixed = mixture(FULL + PARTIAL, SYNTHETIC)
    assert sources(mixed.pretrain) == {"partial", "synthetic"}
    assert sources(mixed.finetune) == {"full", "partial", "synthetic"}
    total = sum(group.weight for group in mixed.finetune)
    full = sum(group.weight for group in mixed.finetune if sources([group]) == {"full"})
    assert full >= 0.5 * total


def test_recordings_of_full_sets_alone_have_one_stage() -> None:
    """Without synthetic sounds and partially labelled sets, there is nothing to pretrain on."""
    mixed = mixture(FULL, [])
    assert mixed.pretrain == []
    assert sources(mixed.finetune) == {"full"}


@pytest.mark.parametrize("cough", [sound(NON_CARDIAC, source="full"), sound(NON_CARDIAC, source="noise")])
def test_half_of_the_non_cardiac_sounds_are_recorded_ones(cough: Sound) -> None:
    """Whatever set they are from, they are drawn as often as the synthetic ones, however many these are."""
    mixed = mixture([*FULL, *PARTIAL, cough], SYNTHETIC)
    for groups in (mixed.pretrain, mixed.finetune):
        recorded, synthetic = [group for group in groups if group.sounds[0].recording.label == NON_CARDIAC]
        assert [each.recording for each in recorded.sounds] == [cough.recording]
        assert recorded.weight == synthetic.weight


def test_synthetic_non_cardiac_sounds_alone_keep_their_share() -> None:
    """Without recorded ones they are drawn as often as both together."""

    def weight(*coughs: Sound) -> float:
        groups = mixture([*FULL, *PARTIAL, *coughs], SYNTHETIC).finetune
        return sum(group.weight for group in groups if group.sounds[0].recording.label == NON_CARDIAC)

    assert weight() == weight(sound(NON_CARDIAC, source="noise")) > 0


def test_an_extrasystole_recording_may_have_normal_windows() -> None:
    """A window of a recorded extrastole is normal or extrastole; a synthetic one has its ectopic beat inside."""
    finetune = sounds_of(mixture(FULL, SYNTHETIC).finetune)
    labels = {(each.recording.source, each.recording.labels) for each in finetune}
    assert ("full", ("normal", "extrastole")) in labels
    assert ("full", ("extrastole",)) not in labels
    assert ("synthetic", ("extrastole",)) in labels


def test_without_synthetic_sounds_labels_hold_for_every_window() -> None:
    """Without other examples of an extrasystole, its recordings are certain."""
    labels = {each.recording.labels for each in sounds_of(mixture(FULL, []).finetune)}
    assert ("extrastole",) in labels
    assert ("normal", "extrastole") not in labels


def with_rhythm(sounds: list[Sound], *, ectopic: bool) -> list[Sound]:
    """Return sounds of known rhythm."""
    return [dataclasses.replace(each, ectopic=ectopic) for each in sounds]


def test_label_priors_by_hand() -> None:
    """A group counts for the label that it is certain of; ectopic beats by their odds among the known rhythms."""
    groups = [
        SamplingGroup(with_rhythm([sound("normal")], ectopic=False), 2.0),
        SamplingGroup([sound("normal", "extrastole")], 1.0),  # normal, were no beat ectopic
        SamplingGroup(with_rhythm([sound("extrastole")], ectopic=True), 0.5),  # the same
        SamplingGroup([sound("murmur")], 4.0),
        SamplingGroup([sound(NON_CARDIAC)], 9.0),
        SamplingGroup([], 9.0),
    ]
    assert label_priors(groups, LABELS) == [3.5, 4.0, 7.5 * 0.5 / 2.0]


def test_a_label_that_is_never_certain_has_a_prior() -> None:
    """It counts with all that may have it, so that its calibration is finite."""
    groups = [SamplingGroup([sound("murmur", "normal")], 4.0), SamplingGroup([sound("murmur")], 1.0)]
    assert label_priors(groups, ("normal", "murmur")) == [4.0, 1.0]


@pytest.mark.parametrize("synthetic", [[], SYNTHETIC])
def test_every_label_is_drawn(synthetic: list[Sound]) -> None:
    """With synthetic sounds, whose rhythm is known, and without them, every label is drawn."""
    sounds = [each for each in synthetic if each.recording.label == NON_CARDIAC]
    for label in LABELS:
        of_label = [each for each in synthetic if each.recording.label == label]
        sounds += with_rhythm(of_label, ectopic=label == "extrastole")
    assert min(label_priors(mixture(FULL, sounds).finetune, LABELS)) > 0


def rhythms(mixed: Mixture) -> dict[tuple[str, tuple[str, ...]], bool | None]:
    """Return what is known of the rhythm of each set's labels."""
    sounds = sounds_of(mixed.finetune)
    return {(each.recording.source, each.recording.labels): each.ectopic for each in sounds}


def test_without_synthetic_sounds_labels_give_the_rhythm() -> None:
    """A certain label gives the rhythm; one that is not certain leaves it unknown."""
    known = rhythms(mixture(FULL + PARTIAL, []))
    assert [known["full", (label,)] for label in LABELS] == [False, False, True]
    assert (known["partial", ("murmur",)], known["partial", ("normal", "extrastole")]) == (False, None)


def test_with_synthetic_sounds_labels_do_not_give_the_rhythm() -> None:
    """Beside synthetic examples of ectopic beats, the rhythm of every recorded window is unknown."""
    known = rhythms(mixture(FULL + PARTIAL, SYNTHETIC))
    assert {value for (source, _), value in known.items() if source in ("full", "partial")} == {None}


def test_priors_of_averaged_weights_are_averaged() -> None:
    """All of one stage gives its priors, as shares; without a first stage there is one; a half lies between."""
    mixed, labels = mixture([*FULL, *PARTIAL], SYNTHETIC), ("normal", "murmur", "extrastole")

    def shares(groups: list[SamplingGroup]) -> np.ndarray:
        priors = np.array(label_priors(groups, labels))
        return priors / priors.sum()

    before, after = shares(mixed.pretrain), shares(mixed.finetune)
    np.testing.assert_allclose(network_priors(mixed, labels, 0.0), before)
    np.testing.assert_allclose(network_priors(mixed, labels, 1.0), after)
    np.testing.assert_allclose(network_priors(mixed, labels, 0.5), np.sqrt(before * after))
    np.testing.assert_allclose(network_priors(Mixture([], mixed.finetune), labels, 0.5), after)

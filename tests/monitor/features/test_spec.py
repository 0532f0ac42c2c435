"""Settings of an input image: sample counts follow from seconds, and impossible settings are refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART, SpectrogramSpec


def test_counts_of_the_default() -> None:
    """At 4000 Hz: 5 s are 20000 samples, a frame 256, a frame hop 100, and 198 frames fit without padding."""
    counts = (HEART.window_samples, HEART.frame_samples, HEART.frame_hop_samples, HEART.num_frames)
    assert counts == (20_000, 256, 100, 198)
    assert HEART.shape == (64, 64, 3)


def test_counts_of_the_article() -> None:
    """``NFFT=2048, noverlap=128`` at 22050 Hz gives 57 segments in 5 s."""
    assert (ARTICLE.frame_samples, ARTICLE.frame_hop_samples, ARTICLE.num_frames) == (2048, 1920, 57)


@given(st.integers(1, 200))
def test_hops_on_the_grid(frames: int) -> None:
    """Every whole number of frame hops up to the window is a hop, of exactly that many samples."""
    assert HEART.hop_samples(frames * 0.025) == frames * 100


@pytest.mark.parametrize("hop_s", [0.01, 0.026, 0.51, 1 / 3])
def test_a_hop_off_the_grid_is_refused(hop_s: float) -> None:
    """A hop between two frames would need frames computed twice, so it is refused with the grid named."""
    with pytest.raises(ValueError, match=r"hop_s=.* must be a multiple of 0\.025 s"):
        HEART.hop_samples(hop_s)


@pytest.mark.parametrize("hop_s", [0.0, -0.5, 5.025, 1e9, float("nan"), float("inf")])
def test_a_hop_out_of_range_is_refused(hop_s: float) -> None:
    """A hop is above 0 and no longer than the window, or sound would be skipped."""
    with pytest.raises(ValueError, match=r"hop_s=.* must be above 0 and at most the window of 5 s"):
        HEART.hop_samples(hop_s)


def test_any_hop_of_the_article() -> None:
    """The windows of the article share no frames, so any whole number of samples is a hop."""
    assert ARTICLE.hop_samples(2.0 / 22_050) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "music"}, "kind='music' must be one of heart, article"),
        ({"sample_rate": 999}, "sample_rate=999 must be from 1000 to 192000 Hz"),
        ({"sample_rate": 192_001}, "sample_rate=192001 must be"),
        ({"window_s": 0.0}, "window_s=0 must be a positive whole number of samples at 4000 Hz"),
        ({"window_s": -5.0}, "window_s=-5 must be"),
        ({"frame_s": 0.0641}, "frame_s=0.0641 must be a positive whole number of samples"),
        ({"frame_hop_s": 0.0}, "frame_hop_s=0 must be"),
        ({"frame_s": 5.0}, "frame_s=5.0 must be shorter than window_s=5.0"),
        ({"hop_s": 0.51}, "hop_s=0.51 must be a multiple"),
    ],
)
def test_refuses(settings: dict[str, Any], message: str) -> None:
    """The message names the setting from which no image can be computed."""
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(HEART, **settings)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["window_s", "frame_s", "frame_hop_s"])
def test_refuses_lengths_that_are_not_finite(name: str, value: float) -> None:
    """NaN and infinity are refused with the message of any other wrong length."""
    with pytest.raises(ValueError, match=f"{name}=.* must be a positive whole number of samples"):
        dataclasses.replace(HEART, **{name: value})


@given(st.sampled_from([1000, 2000, 4000, 8000, 44_000]), st.integers(2, 10), st.integers(1, 20), st.integers(2, 40))
def test_json_round_trip(rate: int, window_s: int, hop_frames: int, frame_ms: int) -> None:
    """Any settings written as JSON text and read again are the same settings."""
    spec = SpectrogramSpec("heart", rate, float(window_s), hop_frames * 0.025, frame_ms / 1000, 0.025)
    assert SpectrogramSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_refuses_an_unknown_key() -> None:
    """A setting that this version does not know might change the image, so it is not ignored."""
    with pytest.raises(ValueError, match="unknown spectrogram settings: mel, zoom"):
        SpectrogramSpec.from_json({"zoom": 1, "mel": 2})


def test_is_frozen() -> None:
    """The settings of a loaded bundle cannot be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        HEART.window_s = 3.0  # type: ignore[misc]


def test_phases_of_a_loop() -> None:
    """Each quarter of a clip, on a frame; fewer where it is shorter than four frames; the article has one."""
    assert HEART.loop_phases(8800) == [0, 22, 44, 66]
    assert HEART.loop_phases(250) == [0, 1]
    assert HEART.loop_phases(1) == [0]
    assert ARTICLE.loop_phases(30_000) == [0]

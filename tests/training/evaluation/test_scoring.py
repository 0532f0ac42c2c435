"""A recording has the scores that the monitor gives it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import monitor
from monitor.errors import RecordingError
from monitor.features.article_image import ARTICLE
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.inference.bundle import Bundle
from monitor.inference.calibration import Calibration
from monitor.inference.quality_gate import DEFAULT_GATE
from monitor.inference.thresholds import DecisionThresholds
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from training.data.recording import Recording
from training.evaluation.scoring import score_recording

LABELS = ("normal", "murmur", "extrastole")


class SumEngine:
    """An engine whose outputs are fixed sums over the image: any change of the image changes them."""

    def __init__(self, non_cardiac: float = -9.0) -> None:
        self._weights = (np.random.default_rng(3).standard_normal((4, 64 * 64 * 3)) / 100).astype(np.float32)
        self._non_cardiac = non_cardiac

    def outputs(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return three sums and a fixed non-cardiac logit."""
        outputs: NDArray[np.float32] = self._weights @ image.ravel()
        outputs[3] = self._non_cardiac
        return outputs

    def copy(self) -> SumEngine:
        """Return this engine, which has no state."""
        return self


def bundle_of(spec: SpectrogramSpec = HEART, non_cardiac: float = -9.0, kind: str = "softmax") -> Bundle:
    """Return a bundle around a plain engine."""
    calibration = Calibration(kind, 1.5, (0.2, 0.0, -0.2) if kind == "softmax" else ())
    decision = DecisionThresholds(uncertain_below=0.0)
    gate = dataclasses.replace(DEFAULT_GATE, odds_weight=5.0)
    return Bundle(
        "plain", Path("plain"), LABELS, spec, calibration, decision, {}, "0" * 64, SumEngine(non_cardiac), gate
    )


def write(path: Path, duration_s: float, sample_rate: int = 4000, channels: int = 1) -> Recording:
    """Write a synthetic heart; the channels differ."""
    heart = phonocardiogram(duration_s, HeartParameters(), np.random.default_rng(5), sample_rate).waveform
    sound = np.stack([heart * (1 - 0.3 * channel) for channel in range(channels)], axis=1)
    soundfile.write(path, sound, sample_rate, subtype="FLOAT")
    return Recording(path, ("normal",), "p", "clinic")


@pytest.mark.parametrize("spec", [HEART, ARTICLE], ids=["heart", "article"])
@pytest.mark.parametrize(
    ("duration_s", "sample_rate", "channels"), [(9.3, 4000, 1), (7.1, 44_100, 2), (2.3, 4000, 1), (3.1, 8000, 2)]
)
def test_the_scores_of_the_monitor(
    tmp_path: Path, spec: SpectrogramSpec, duration_s: float, sample_rate: int, channels: int
) -> None:
    """The mean over the windows of the live pipeline, for any rate, any duration and both images."""
    recording = write(tmp_path / "heart.wav", duration_s, sample_rate, channels)
    bundle = bundle_of(spec)
    scored = score_recording(recording, bundle, 1.0)
    source = monitor.RecordingSource(recording.path, speed=None)
    with monitor.Pipeline(source, bundle, hop_s=1.0) as pipeline:
        events = list(pipeline.windows())
    scores = np.array([list(event.verdict.scores.values()) for event in events if event.verdict.scores])
    assert scored.num_windows == len(events) == len(scores) >= 1
    np.testing.assert_allclose(scored.scores, scores.mean(axis=0), atol=1e-6)
    assert scored.duration_s == pytest.approx(duration_s, abs=1e-3)


def test_scores_are_probabilities(tmp_path: Path) -> None:
    """One per label, and they sum to 1; the recording is the one given."""
    recording = write(tmp_path / "heart.wav", 6.0)
    scored = score_recording(recording, bundle_of(), 0.5)
    assert sum(scored.scores) == pytest.approx(1.0)
    assert len(scored.scores) == len(LABELS)
    assert scored.num_windows == 3
    assert scored.recording is recording


def test_a_part_of_a_file(tmp_path: Path) -> None:
    """A part is scored as if it were a file of its own."""
    whole = write(tmp_path / "long.wav", 20.0)
    sound, rate = soundfile.read(whole.path, dtype="float32")
    soundfile.write(tmp_path / "part.wav", sound[6 * rate : 13 * rate], rate, subtype="FLOAT")
    cut = Recording(whole.path, ("normal",), "p", "clinic", start_s=6.0, end_s=13.0)
    own = Recording(tmp_path / "part.wav", ("normal",), "p", "clinic")
    bundle = bundle_of()
    first, second = (score_recording(recording, bundle, 1.0) for recording in (cut, own))
    assert first.scores == second.scores
    assert first.duration_s == second.duration_s == 7.0


def test_withheld_windows(tmp_path: Path) -> None:
    """Windows that do not pass the gate are counted; without a non-cardiac output the odds withhold nothing."""
    recording = write(tmp_path / "heart.wav", 7.0)
    assert score_recording(recording, bundle_of(non_cardiac=-9.0), 1.0).num_withheld == 0
    other = score_recording(recording, bundle_of(non_cardiac=50.0), 1.0)
    assert other.num_withheld == other.num_windows == 3
    assert other.heart == pytest.approx(0.0, abs=1e-6)
    unknown = score_recording(recording, bundle_of(kind="share"), 1.0)
    assert (unknown.heart, unknown.num_withheld) == (None, 0)


def test_a_truncated_file(tmp_path: Path) -> None:
    """A file that is cut short is scored as far as it decodes; it is known what is missing of it, or of a part."""
    recording = write(tmp_path / "heart.wav", 12.0)
    assert score_recording(recording, bundle_of(), 1.0).missing == ""
    content = recording.path.read_bytes()
    recording.path.write_bytes(content[: len(content) // 2])
    scored = score_recording(recording, bundle_of(), 1.0)
    assert scored.duration_s == pytest.approx(6.0, abs=0.1)
    assert "bytes of sound are missing" in scored.missing
    part = Recording(recording.path, ("normal",), "p", "clinic", end_s=5.5)
    assert score_recording(part, bundle_of(), 1.0).missing == ""
    beyond = Recording(recording.path, ("normal",), "p", "clinic", end_s=9.0)
    assert score_recording(beyond, bundle_of(), 1.0).missing != ""


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", r"is empty \(0 bytes\)"), (b"no sound at all", "not a recording that can be read")],
    ids=["empty", "text"],
)
def test_a_file_that_is_not_audio(tmp_path: Path, content: bytes, words: str) -> None:
    """One line that names the file, and the next step."""
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=rf"broken\.wav: {words}"):
        score_recording(Recording(path, ("normal",), "p", "s"), bundle_of(), 1.0)


def test_a_missing_file(tmp_path: Path) -> None:
    """The message is that of a file that cannot be read."""
    with pytest.raises(RecordingError, match=r"gone\.wav: cannot be read as audio"):
        score_recording(Recording(tmp_path / "gone.wav", ("normal",), "p", "s"), bundle_of(), 1.0)


@pytest.mark.parametrize(
    ("sound", "rate", "reason"),
    [
        (np.zeros(0), 4000, "holds no usable samples"),
        (np.full(9000, np.nan), 4000, "holds NaN or infinite values"),
        (np.full((9000, 2), [np.inf, -np.inf]), 4000, "holds NaN or infinite values"),
        (np.zeros(9000), 500, "has a rate of 500 Hz, not 1000 to 192000"),
    ],
    ids=["empty", "NaN", "infinite", "rate"],
)
def test_sound_that_cannot_be_scored(tmp_path: Path, sound: NDArray[np.float64], rate: int, reason: str) -> None:
    """No samples, values that are not finite, and rates out of range are errors."""
    soundfile.write(tmp_path / "odd.wav", sound, rate, subtype="FLOAT")
    with pytest.raises(RecordingError, match=reason):
        score_recording(Recording(tmp_path / "odd.wav", ("normal",), "p", "s"), bundle_of(), 1.0)


def test_a_part_behind_the_end(tmp_path: Path) -> None:
    """A manifest may name a part that lies behind the end of the file."""
    recording = write(tmp_path / "heart.wav", 6.0)
    late = Recording(recording.path, ("normal",), "p", "s", start_s=60.0)
    with pytest.raises(RecordingError, match="holds no usable samples"):
        score_recording(late, bundle_of(), 1.0)


def test_a_hop_off_the_grid(tmp_path: Path) -> None:
    """Windows start on the frame grid."""
    with pytest.raises(ValueError, match=r"hop_s=0\.33 must be a multiple of 0\.025 s"):
        score_recording(write(tmp_path / "heart.wav", 6.0), bundle_of(), 0.33)


def test_the_article_is_not_gated(tmp_path: Path) -> None:
    """Noise passes with the article's bundle, whose network was published without a gate, and not with the default."""
    noise = 0.1 * np.random.default_rng(2).standard_normal(28_000)
    soundfile.write(tmp_path / "noise.wav", noise, 4000, subtype="FLOAT")
    recording = Recording(tmp_path / "noise.wav", ("normal",), "p", "clinic")
    article, default = (score_recording(recording, bundle_of(spec, 50.0), 1.0) for spec in (ARTICLE, HEART))
    assert (article.num_withheld, article.num_windows) == (0, 3)
    assert default.num_withheld == 3

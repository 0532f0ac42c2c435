"""The frozen settings of an input image: seconds and hertz in, sample counts derived.

A bundle stores its :class:`SpectrogramSpec`. Training and the monitor read the same one, so their settings cannot
differ. Must not import anything of ours; safe on any thread.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

__all__ = ["HEART", "SpectrogramSpec"]

KINDS = ("heart", "article")
LOOP_PHASES = 4
"""Windows that a looped clip is scored by, unless it is too short for as many. Source: docs/decisions/0025."""


@dataclasses.dataclass(frozen=True, slots=True)
class SpectrogramSpec:
    """How a window of sound becomes an image of 64 rows, 64 columns and 3 channels.

    Parameters
    ----------
    kind : {"heart", "article"}
        Which image: that of :mod:`monitor.features.image` or of :mod:`monitor.features.article_image`.
    sample_rate : int
        Hz; the audio is resampled to this first.
    window_s : float
        Seconds of sound in one image.
    hop_s : float
        Default seconds between the starts of two windows.
    frame_s : float
        Seconds in one STFT frame.
    frame_hop_s : float
        Seconds between the starts of two frames; windows start on this grid.
    remove_dc : bool
        Whether the offset of a converter is removed: the first sample from all before they are resampled, and the mean
        of each frame, weighted by the taper, before it is tapered. For ``"heart"`` images; False in bundles that were
        trained before it could be.

    Raises
    ------
    ValueError
        If a value is out of range or does not fall on whole samples.

    Examples
    --------
    >>> spec = SpectrogramSpec(window_s=4.0)
    >>> spec.window_samples, spec.num_frames, spec.shape
    (16000, 158, (64, 64, 3))
    """

    kind: str = "heart"
    sample_rate: int = 4000
    window_s: float = 5.0
    hop_s: float = 0.5
    frame_s: float = 0.064
    frame_hop_s: float = 0.025
    remove_dc: bool = False

    def __post_init__(self) -> None:
        """Refuse settings from which no image can be computed."""
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} must be one of {', '.join(KINDS)}")
        if not 1000 <= self.sample_rate <= 192_000:
            raise ValueError(f"sample_rate={self.sample_rate} must be from 1000 to 192000 Hz")
        for name in ("window_s", "frame_s", "frame_hop_s"):
            whole_samples(getattr(self, name), self.sample_rate, name)
        if not self.frame_s < self.window_s:
            raise ValueError(f"frame_s={self.frame_s} must be shorter than window_s={self.window_s}")
        self.hop_samples(self.hop_s)

    @property
    def window_samples(self) -> int:
        """Samples in one window."""
        return round(self.window_s * self.sample_rate)

    @property
    def frame_samples(self) -> int:
        """Samples in one STFT frame."""
        return round(self.frame_s * self.sample_rate)

    @property
    def frame_hop_samples(self) -> int:
        """Samples between the starts of two frames."""
        return round(self.frame_hop_s * self.sample_rate)

    @property
    def num_frames(self) -> int:
        """Frames that lie wholly inside one window (no padding)."""
        return self.frames_in(self.window_samples)

    def frames_in(self, num_samples: int) -> int:
        """Return how many frames lie wholly inside the first ``num_samples`` of a sound."""
        return max(0, (num_samples - self.frame_samples) // self.frame_hop_samples + 1)

    def loop_phases(self, num_samples: int) -> list[int]:
        """Return the frames at which the windows begin that a clip, looped to fill them, is scored by.

        A window of a loop could begin anywhere in it, and a score changes with that; the mean of a few does so less.

        Parameters
        ----------
        num_samples : int
            Of the clip before it is looped, at the rate of the spec.

        Returns
        -------
        list of int
            Ascending, 0 first; for the image of the article 0 alone, as that recipe scores a clip.

        Examples
        --------
        >>> HEART.loop_phases(8000)  # 2 s of sound, each frame .025 s after the one before
        [0, 20, 40, 60]
        """
        parts = 1 if self.kind == "article" else LOOP_PHASES
        return sorted({num_samples * part // parts // self.frame_hop_samples for part in range(parts)})

    @property
    def num_channels(self) -> int:
        """Channels of the image."""
        return 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the image: rows (frequency, low first), columns (time), channels."""
        return (64, 64, self.num_channels)

    def hop_samples(self, hop_s: float) -> int:
        """Return the samples between the starts of two windows that are ``hop_s`` seconds apart.

        Raises
        ------
        ValueError
            If ``hop_s`` is not positive, longer than the window, or off the frame grid.
        """
        samples = round(hop_s * self.sample_rate) if math.isfinite(hop_s) else 0
        grid = self.frame_hop_samples if self.kind == "heart" else 1
        if not 0 < hop_s <= self.window_s or samples == 0:
            raise ValueError(f"hop_s={hop_s:g} must be above 0 and at most the window of {self.window_s:g} s")
        if abs(samples - hop_s * self.sample_rate) > 1e-6 or samples % grid:
            raise ValueError(
                f"hop_s={hop_s:g} must be a multiple of {grid / self.sample_rate:g} s, the frame grid of the model"
            )
        return samples

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SpectrogramSpec:
        """Return the spec that :meth:`to_json` wrote.

        Raises
        ------
        ValueError
            If a key is unknown or a value is refused.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown spectrogram settings: {', '.join(unknown)}")
        return cls(**values)


def whole_samples(seconds: float, sample_rate: int, name: str) -> int:
    """Return ``seconds`` as a number of samples.

    Raises
    ------
    ValueError
        If it is not a positive whole number of samples.
    """
    samples = round(seconds * sample_rate) if math.isfinite(seconds) else 0
    if samples < 1 or abs(samples - seconds * sample_rate) > 1e-6:
        raise ValueError(f"{name}={seconds:g} must be a positive whole number of samples at {sample_rate} Hz")
    return samples


HEART = SpectrogramSpec(remove_dc=True)
"""The settings of the default bundle."""

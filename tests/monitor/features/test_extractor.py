"""The door to both pictures gives what the settings ask for, and both keep the same contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.features.article_image import ARTICLE, ArticleImage
from monitor.features.extractor import feature_extractor
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import StreamingSpectrogram


@pytest.mark.parametrize(("spec", "kind"), [(HEART, StreamingSpectrogram), (ARTICLE, ArticleImage)])
def test_kind(spec: SpectrogramSpec, kind: type) -> None:
    """The settings' kind chooses the front end, which carries the settings."""
    made = feature_extractor(spec)
    assert type(made) is kind
    assert made.spec == spec  # type: ignore[attr-defined]


@pytest.mark.parametrize("spec", [HEART, ARTICLE], ids=["heart", "article"])
def test_contract(spec: SpectrogramSpec, signals: Any) -> None:
    """Both count the samples pushed, draw a finite picture of the shape promised, and begin anew when cleared."""
    made = feature_extractor(spec)
    made.push(signals.noise(spec.window_samples + 17))
    assert made.end_sample == spec.window_samples + 17
    picture = made.tensor(0)
    assert picture.shape == spec.shape
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    made.clear()
    assert made.end_sample == 0
    with pytest.raises(ValueError, match="must lie in a window that is complete and still held"):
        made.tensor(0)

"""What all readers share: an open recording closes itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.audio.sources.decoding.open_recording import OpenRecording


class Silence(OpenRecording):
    """A recording of zeros."""

    sample_rate, channels, num_samples, missing, closed = 4000, 1, 8, "", 0

    def blocks(self, start_sample: int = 0) -> Iterator[NDArray[np.float32]]:
        """Yield zeros."""
        yield np.zeros((8 - start_sample, 1), np.float32)

    @property
    def can_repeat(self) -> bool:
        """True."""
        return True

    def close(self) -> None:
        """Count the calls."""
        self.closed += 1


def test_it_is_closed_at_the_end_of_the_block_and_after_an_error() -> None:
    """All channels are sound where a file says nothing else."""
    with Silence() as silence:
        assert (silence.closed, silence.sound_channel) == (0, None)
    assert silence.closed == 1
    with pytest.raises(KeyError), silence:
        raise KeyError
    assert silence.closed == 2

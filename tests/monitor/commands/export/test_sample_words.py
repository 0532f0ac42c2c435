"""Samples as whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from monitor.archive.timeline import open_sound
from monitor.commands.export.sample_words import integer_blocks


@pytest.mark.parametrize(("bits", "subtype"), [(16, "PCM_16"), (24, "PCM_24"), (24, "PCM_16")])
def test_what_a_converter_gave_is_exact(tmp_path, bits, subtype):
    """Every sample of 16 or 24 bits, both ends of the range included."""
    stored = int(subtype[-2:])
    samples = np.random.default_rng(0).integers(-(2 ** (stored - 1)), 2 ** (stored - 1), 100_000).astype(np.int32)
    samples[:2] = -(2 ** (stored - 1)), 2 ** (stored - 1) - 1
    soundfile.write(tmp_path / "a.flac", samples << (32 - stored), 4000, subtype)
    read = np.concatenate(list(integer_blocks(open_sound(tmp_path / "a.flac"), bits)))
    np.testing.assert_array_equal(read, samples << (bits - stored))


def test_beyond_full_scale_is_clipped(tmp_path):
    """Float sound may exceed what whole numbers hold; nothing wraps around."""
    soundfile.write(tmp_path / "a.wav", np.array([1.5, 1.0, -1.0, -2.0, 0.25], np.float32), 4000, "FLOAT")
    (block,) = integer_blocks(open_sound(tmp_path / "a.wav"), 16)
    assert block.tolist() == [32_767, 32_767, -32_768, -32_768, 8192]

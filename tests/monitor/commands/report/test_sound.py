"""The sound inside a page."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import soundfile

from monitor.archive.timeline import open_sound
from monitor.commands.report.sound import embedded_sound


@pytest.fixture
def sound_of(tmp_path):
    """Return a function that gives a waveform as a sound."""

    def make(waveform, rate=4000):
        soundfile.write(tmp_path / "a.wav", waveform, rate, "FLOAT")
        return open_sound(tmp_path / "a.wav")

    return make


def decoded(embedded):
    """Return the samples and the rate of embedded sound."""
    head, _, data = embedded.uri.partition(",")
    assert head == "data:audio/flac;base64"
    return soundfile.read(io.BytesIO(base64.b64decode(data)))


def test_loud_sound_is_what_was_recorded(sound_of, signals):
    """To 16 bits, at its own rate."""
    waveform = signals.tone(100.0, 8000, level=0.9)
    embedded = embedded_sound(sound_of(waveform), 0.9, 10**7)
    found, rate = decoded(embedded)
    assert rate == embedded.sample_rate == 4000
    assert np.abs(found - waveform).max() <= 1 / 32_768
    assert "raised" not in embedded.note
    assert embedded.num_bytes == len(embedded.uri)


def test_quiet_sound_is_raised(sound_of, signals):
    """To 1 dB below full scale, at most by 20 dB; the note says how much."""
    quiet = signals.tone(100.0, 8000, level=0.2)
    embedded = embedded_sound(sound_of(quiet), 0.2, 10**7)
    assert np.abs(decoded(embedded)[0]).max() == pytest.approx(0.89, abs=0.001)
    assert "raised by 13 dB" in embedded.note
    faint = embedded_sound(sound_of(0.001 * quiet), 0.0002, 10**7)
    assert np.abs(decoded(faint)[0]).max() == pytest.approx(0.002, abs=0.0001)
    assert "raised by 20 dB" in faint.note


@pytest.mark.parametrize(("rate", "expected"), [(1000, 4000), (2000, 4000), (3000, 3000), (8000, 4000), (44_100, 4000)])
def test_every_browser_plays_the_rate(sound_of, signals, rate, expected):
    """Neither below 3000 Hz nor above 4000 Hz; pitch and length stay."""
    waveform = signals.tone(100.0, 4 * rate, sample_rate=rate)
    found, found_rate = decoded(embedded_sound(sound_of(waveform, rate), 0.5, 10**7))
    assert found_rate == expected
    assert len(found) == 4 * expected
    assert np.abs(np.fft.rfft(found)).argmax() == 400


def test_noise_has_fewer_bits(sound_of, signals):
    """Ten minutes of it stay below 4 MB as long as 12 bits are enough; what is heard is the same within them."""
    waveform = signals.noise(60 * 4000, level=0.05)
    embedded = embedded_sound(sound_of(waveform), 0.25, 10**7)
    assert "12 bit" in embedded.note
    found, _ = decoded(embedded)
    gain = 0.89 / 0.25
    assert np.abs(found - gain * waveform).max() <= 0.5001 / 2**11
    heart = embedded_sound(sound_of(waveform / 60), 0.25, 10**7)
    assert "16 bit" in heart.note
    assert heart.num_bytes < 60 * 6500


def test_sound_above_the_limit_is_left_out(sound_of, signals):
    """The note says so and what allows more."""
    embedded = embedded_sound(sound_of(signals.noise(200_000)), 0.5, 100_000)
    assert embedded.uri == ""
    assert embedded.num_bytes > 100_000
    assert "more than 0.1 MB (--max-sound MB allows more)" in embedded.note


def test_silence(sound_of, signals):
    """Nothing to raise."""
    found, _ = decoded(embedded_sound(sound_of(signals.silence(4000)), 0.0, 10**6))
    assert not found.any()

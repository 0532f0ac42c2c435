"""Whether an input hears anything, and what helps when it does not."""

import itertools

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.device.input_diagnosis import OFFSET_ONLY, InputDiagnosis

RATES = (4000, 44_100)
RATE = 4000


def found(sound, sample_rate=RATE, platform="linux", block=441):
    """Return what is found after all of a sound."""
    dead = InputDiagnosis(sample_rate, platform)
    for start in range(0, len(sound), block):
        dead.push(sound[start : start + block])
    return dead.finding


def findings(sound, sample_rate):
    """Return everything that is ever found while a sound is heard."""
    dead, seen = InputDiagnosis(sample_rate, "linux"), set()
    for start in range(0, len(sound), sample_rate // 4):
        dead.push(sound[start : start + sample_rate // 4])
        seen.add(dead.finding)
    return seen - {None}


def hum(hz, samples, sample_rate, level=0.1):
    """Return mains hum: the line and its odd multiples, falling."""
    time = np.arange(samples) / sample_rate
    lines = sum(np.sin(2 * np.pi * hz * k * time + k) / k for k in (1, 2, 3, 5, 7))
    return (level * lines).astype(np.float32)


@pytest.mark.parametrize("sample_rate", RATES)
def test_a_heart_is_alive(heart_waveform, signals, sample_rate):
    """A made heart, at any usual level and rate, gives no finding at any time."""
    heart = np.repeat(heart_waveform, sample_rate // RATE)
    for gain in (1.0, 0.1, 0.02):
        assert findings(gain * heart, sample_rate) == set()


@pytest.mark.parametrize("sample_rate", RATES)
def test_room_noise_is_alive(signals, sample_rate):
    """A microphone that hears nothing but a quiet room is not dead."""
    assert findings(signals.noise(5 * sample_rate, level=1e-3), sample_rate) == set()


@pytest.mark.parametrize("sample_rate", [1000, 4000, 16_000, 44_100, 48_000, 192_000])
def test_zeros_are_found_within_two_seconds(signals, sample_rate):
    """Two seconds of zeros are enough at every rate, and one second is not."""
    assert found(signals.silence(sample_rate), sample_rate) is None
    assert "digital silence" in found(signals.silence(2 * sample_rate), sample_rate)


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("darwin", "System Settings > Privacy & Security > Microphone"),
        ("win32", "Settings > Privacy & security > Microphone"),
        ("linux", "alsamixer"),
        ("freebsd14", "alsamixer"),
    ],
)
def test_zeros_speak_of_the_settings_of_the_system(signals, platform, words):
    """A missing permission is looked for where the system keeps it."""
    assert words in found(signals.silence(2 * RATE), platform=platform)


@pytest.mark.parametrize("platform", ["darwin", "win32", "linux"])
@pytest.mark.parametrize("kind", ["zeros", "quiet", "clipping", "hum", "offset"])
def test_every_finding_is_one_sentence_to_act_on(signals, platform, kind):
    """What is wrong, a colon, what to do; one line that fits two lines of a terminal or so."""
    sound = {
        "zeros": signals.silence(2 * RATE),
        "quiet": signals.noise(2 * RATE, level=5e-5),
        "clipping": np.clip(signals.noise(2 * RATE, level=5.0), -1, 1),
        "hum": hum(50, 2 * RATE, RATE),
        "offset": np.full(2 * RATE, 0.3, np.float32),
    }[kind]
    sentence = found(sound, platform=platform)
    what, _, helps = sentence.partition(": ")
    assert what.startswith("the input")
    assert len(helps) > 20
    assert "\n" not in sentence
    assert len(sentence) < 180


@pytest.mark.parametrize("offset", [0.5, -0.01, 1.0, 0.002])
def test_a_steady_voltage_is_found(signals, offset):
    """An offset with nothing on it but the converter's last bit is no sound."""
    sound = signals.noise(2 * RATE, level=2e-5) + np.float32(offset)
    assert found(sound) == OFFSET_ONLY
    assert found(np.full(2 * RATE, offset, np.float32)) == OFFSET_ONLY


def test_a_stuck_last_bit_is_silence():
    """A virtual device that gives -1 for 0 is as silent as one that gives 0."""
    assert "digital silence" in found(np.full(2 * RATE, -(2**-15), np.float32))


def test_an_offset_under_a_heart_is_no_fault(heart_waveform):
    """Cheap converters have one; the heart is heard all the same."""
    assert findings(0.1 * heart_waveform + np.float32(0.3), RATE) == set()


def test_far_too_quiet_is_found(signals):
    """Below -70 dB of full scale at the loudest moment."""
    assert "far too quiet" in found(signals.noise(2 * RATE, level=5e-5))
    assert found(signals.noise(2 * RATE, level=6e-4)) is None


def test_a_quiet_pause_between_beats_is_not_quiet(signals):
    """The loudest moment counts: one click in a second and a half is a sign of life."""
    assert findings(0.2 * signals.clicks([0.5, 1.7, 2.9, 4.1], 5 * RATE), RATE) == set()


@pytest.mark.parametrize("sample_rate", RATES)
def test_constant_clipping_is_found(signals, sample_rate):
    """An input turned up far too high, at full scale or flattened below it by an amplifier."""
    loud = np.clip(signals.noise(2 * sample_rate, level=3.0), -1, 1)
    assert "clips all the time" in found(loud, sample_rate)
    assert "clips all the time" in found(0.6 * loud, sample_rate)


def test_a_clipped_beat_now_and_then_is_not_constant(heart_waveform):
    """Single beats at full scale are for the window's quality to tell."""
    loud = np.clip(heart_waveform / np.abs(heart_waveform).max() * 2, -1, 1).astype(np.float32)
    assert findings(loud, RATE) == set()


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("hz", [50, 60])
@pytest.mark.parametrize("strays", [-0.3, 0.0, 0.3])
def test_mains_hum_is_found_and_named(sample_rate, hz, strays):
    """Both mains, also when the network strays a little."""
    assert f"mains hum ({hz} Hz)" in found(hum(hz + strays, 2 * sample_rate, sample_rate), sample_rate)


def test_hum_under_a_louder_heart_is_no_finding(heart_waveform):
    """What does not dominate is left to the gate."""
    heart = heart_waveform / np.sqrt(np.mean(heart_waveform**2)) * np.float32(0.1)
    assert findings(heart + hum(50, len(heart), RATE, level=0.05), RATE) == set()


def test_hum_over_a_faint_heart_is_found(heart_waveform):
    """A loose plug: the heart is there, ten times below the hum."""
    heart = heart_waveform / np.sqrt(np.mean(heart_waveform**2)) * np.float32(0.01)
    assert any("mains hum" in one for one in findings(heart + hum(50, len(heart), RATE), RATE))


@pytest.mark.parametrize("hz", [35.0, 44.0, 73.0, 90.0, 111.0])
def test_other_tones_are_no_hum(signals, hz):
    """A tone off the mains and its multiples is something else."""
    assert findings(signals.tone(hz, 3 * RATE, level=0.1), RATE) == set()


def test_noise_above_the_lines_is_no_hum(signals):
    """Strong noise at high frequencies, averaged away before lines are looked for, still counts."""
    sample_rate = 44_100
    noise = np.diff(signals.noise(3 * sample_rate + 1, level=0.2))
    assert findings(noise + hum(50, 3 * sample_rate, sample_rate, level=0.05), sample_rate) == set()


@pytest.mark.parametrize("kind", ["zeros", "quiet", "clipping", "hum", "offset"])
def test_it_clears_when_the_input_recovers(signals, heart_waveform, kind):
    """Within two seconds of sound the finding is gone, and it comes back with the fault."""
    fault = {
        "zeros": signals.silence(3 * RATE),
        "quiet": signals.noise(3 * RATE, level=5e-5),
        "clipping": np.clip(signals.noise(3 * RATE, level=5.0), -1, 1),
        "hum": hum(60, 3 * RATE, RATE),
        "offset": np.full(3 * RATE, 0.3, np.float32),
    }[kind]
    dead = InputDiagnosis(RATE, "linux")
    for _ in range(2):
        dead.push(fault)
        assert dead.finding is not None
        dead.push(heart_waveform[: 2 * RATE])
        assert dead.finding is None


def test_a_slow_start_of_the_device_is_no_fault(signals, heart_waveform):
    """Many drivers give a second of zeros before the first sound."""
    assert findings(np.concatenate((signals.silence(RATE), heart_waveform)), RATE) == set()


def test_clear_begins_anew(signals):
    """After a reopened stream nothing is known of the one before."""
    dead = InputDiagnosis(RATE, "linux")
    dead.push(signals.silence(3 * RATE))
    assert dead.finding is not None
    dead.clear()
    assert dead.finding is None
    dead.push(signals.silence(RATE))
    assert dead.finding is None


@given(cuts=st.lists(st.integers(0, 6 * RATE), max_size=12))
def test_the_cutting_into_blocks_does_not_matter(cuts):
    """However the sound comes, after all of it the same is found, and nothing depends on who owns the block."""
    rng = np.random.default_rng(1)
    noise = (0.1 * rng.standard_normal(2 * RATE)).astype(np.float32)
    sound = np.concatenate((noise, np.zeros(2 * RATE, np.float32), hum(50, 2 * RATE, RATE)))
    dead = InputDiagnosis(RATE, "linux")
    edges = [0, *sorted(cuts), len(sound)]
    for start, end in itertools.pairwise(edges):
        block = sound[start:end].copy()
        dead.push(block)
        block[:] = 9.0
    assert dead.finding == found(sound, block=len(sound))


def test_a_rate_out_of_range_is_refused():
    """Below 1000 Hz there is no heart to hear."""
    with pytest.raises(ValueError, match="sample_rate=500"):
        InputDiagnosis(500)


@pytest.mark.parametrize(
    ("folder", "pattern", "every"),
    [("pascal/set_b", "*.wav", 3), ("pascal/set_a", "[!a]*.flac", 4), ("circor/training_data", "*.flac", 20)],
)
def test_real_hearts_are_alive(shared_data, folder, pattern, every):
    """Of real recordings of hearts, other than those labelled artifact, none is called dead."""
    paths = sorted((shared_data / folder).glob(pattern))[::every]
    assert len(paths) > 15
    flagged = {}
    for path in paths:
        sound, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
        seen = findings(np.ascontiguousarray(sound[:, 0]), sample_rate)
        if seen:
            flagged[path.name] = seen
    assert flagged == {}

"""The diagnosis of unusable inputs, and the advice for each."""

import itertools

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.device.input_diagnosis import OFFSET_ONLY, InputDiagnosis

RATES = (4000, 44_100)
RATE = 4000


def finding_of(sound, sample_rate=RATE, platform="linux", block=441):
    """Return the finding after all of a sound."""
    dead = InputDiagnosis(sample_rate, platform)
    for start in range(0, len(sound), block):
        dead.push(sound[start : start + block])
    return dead.finding


def findings(sound, sample_rate):
    """Return every finding that occurs during a sound."""
    dead, seen = InputDiagnosis(sample_rate, "linux"), set()
    for start in range(0, len(sound), sample_rate // 4):
        dead.push(sound[start : start + sample_rate // 4])
        seen.add(dead.finding)
    return seen - {None}


def hum(hz, samples, sample_rate, level=0.1):
    """Return mains hum: the fundamental and its odd harmonics, decreasing."""
    time = np.arange(samples) / sample_rate
    lines = sum(np.sin(2 * np.pi * hz * k * time + k) / k for k in (1, 2, 3, 5, 7))
    return (level * lines).astype(np.float32)


@pytest.mark.parametrize("sample_rate", RATES)
def test_a_heart_gives_no_finding(heart_waveform, signals, sample_rate):
    """A synthetic heart, at any usual level and rate, gives no finding at any time."""
    heart = np.repeat(heart_waveform, sample_rate // RATE)
    for gain in (1.0, 0.1, 0.02):
        assert findings(gain * heart, sample_rate) == set()


@pytest.mark.parametrize("sample_rate", RATES)
def test_room_noise_gives_no_finding(signals, sample_rate):
    """A microphone in a quiet room is usable."""
    assert findings(signals.noise(5 * sample_rate, level=1e-3), sample_rate) == set()


@pytest.mark.parametrize("sample_rate", [1000, 4000, 16_000, 44_100, 48_000, 192_000])
def test_zeros_are_detected_within_two_seconds(signals, sample_rate):
    """Two seconds of zeros are enough at every rate, and one second is not."""
    assert finding_of(signals.silence(sample_rate), sample_rate) is None
    assert "digital silence" in finding_of(signals.silence(2 * sample_rate), sample_rate)


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("darwin", "System Settings > Privacy & Security > Microphone"),
        ("win32", "Settings > Privacy & security > Microphone"),
        ("linux", "alsamixer"),
        ("freebsd14", "alsamixer"),
    ],
)
def test_the_advice_for_zeros_depends_on_the_system(signals, platform, words):
    """It names the settings where the operating system has the permission."""
    assert words in finding_of(signals.silence(2 * RATE), platform=platform)


@pytest.mark.parametrize("platform", ["darwin", "win32", "linux", "network"])
@pytest.mark.parametrize("kind", ["zeros", "quiet", "clipping", "hum", "offset"])
def test_every_finding_is_one_sentence_with_advice(signals, platform, kind):
    """The problem, a colon, the remedy; short enough for about two lines of a terminal."""
    sound = {
        "zeros": signals.silence(2 * RATE),
        "quiet": signals.noise(2 * RATE, level=5e-5),
        "clipping": np.clip(signals.noise(2 * RATE, level=5.0), -1, 1),
        "hum": hum(50, 2 * RATE, RATE),
        "offset": np.full(2 * RATE, 0.3, np.float32),
    }[kind]
    sentence = finding_of(sound, platform=platform)
    what, _, helps = sentence.partition(": ")
    assert what.startswith("the input")
    assert len(helps) > 20
    assert "\n" not in sentence
    assert len(sentence) < 180


@pytest.mark.parametrize("offset", [0.5, -0.01, 1.0, 0.002])
def test_a_constant_offset_is_detected(signals, offset):
    """An offset with nothing but the last bit of the converter is no sound."""
    sound = signals.noise(2 * RATE, level=2e-5) + np.float32(offset)
    assert finding_of(sound) == OFFSET_ONLY
    assert finding_of(np.full(2 * RATE, offset, np.float32)) == OFFSET_ONLY


def test_a_stuck_last_bit_is_silence():
    """A virtual device that gives -1 instead of 0 is silent too."""
    assert "digital silence" in finding_of(np.full(2 * RATE, -(2**-15), np.float32))


def test_an_offset_under_a_heart_gives_no_finding(heart_waveform):
    """Cheap converters have an offset; the heart is audible all the same."""
    assert findings(0.1 * heart_waveform + np.float32(0.3), RATE) == set()


def test_a_far_too_quiet_input_is_detected(signals):
    """Below -70 dBFS in the loudest section."""
    assert "far too quiet" in finding_of(signals.noise(2 * RATE, level=5e-5))
    assert finding_of(signals.noise(2 * RATE, level=6e-4)) is None


def test_a_pause_between_beats_is_not_too_quiet(signals):
    """The loudest section counts: one click in 1.5 s is enough."""
    assert findings(0.2 * signals.clicks([0.5, 1.7, 2.9, 4.1], 5 * RATE), RATE) == set()


@pytest.mark.parametrize("sample_rate", RATES)
def test_constant_clipping_is_detected(signals, sample_rate):
    """An input far too loud, at full scale or clipped below it by an amplifier."""
    loud = np.clip(signals.noise(2 * sample_rate, level=3.0), -1, 1)
    assert "clips all the time" in finding_of(loud, sample_rate)
    assert "clips all the time" in finding_of(0.6 * loud, sample_rate)


def test_single_clipped_beats_give_no_finding(heart_waveform):
    """Single beats at full scale are left to the quality of the window."""
    loud = np.clip(heart_waveform / np.abs(heart_waveform).max() * 2, -1, 1).astype(np.float32)
    assert findings(loud, RATE) == set()


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("hz", [50, 60])
@pytest.mark.parametrize("strays", [-0.3, 0.0, 0.3])
def test_mains_hum_is_detected_and_named(sample_rate, hz, strays):
    """At 50 and 60 Hz, also when the mains frequency deviates slightly."""
    assert f"mains hum ({hz} Hz)" in finding_of(hum(hz + strays, 2 * sample_rate, sample_rate), sample_rate)


def test_hum_below_a_louder_heart_gives_no_finding(heart_waveform):
    """Hum that does not dominate is left to the gate."""
    heart = heart_waveform / np.sqrt(np.mean(heart_waveform**2)) * np.float32(0.1)
    assert findings(heart + hum(50, len(heart), RATE, level=0.05), RATE) == set()


def test_hum_above_a_faint_heart_is_detected(heart_waveform):
    """A loose plug: the heart is ten times weaker than the hum."""
    heart = heart_waveform / np.sqrt(np.mean(heart_waveform**2)) * np.float32(0.01)
    assert any("mains hum" in one for one in findings(heart + hum(50, len(heart), RATE), RATE))


@pytest.mark.parametrize("hz", [35.0, 44.0, 73.0, 90.0, 111.0])
def test_other_tones_are_no_hum(signals, hz):
    """A tone away from the mains frequency and its multiples is no hum."""
    assert findings(signals.tone(hz, 3 * RATE, level=0.1), RATE) == set()


def test_noise_above_the_lines_is_no_hum(signals):
    """Strong noise at high frequencies, which averaging removes, still counts as power."""
    sample_rate = 44_100
    noise = np.diff(signals.noise(3 * sample_rate + 1, level=0.2))
    assert findings(noise + hum(50, 3 * sample_rate, sample_rate, level=0.05), sample_rate) == set()


@pytest.mark.parametrize("kind", ["zeros", "quiet", "clipping", "hum", "offset"])
def test_the_finding_disappears_when_the_input_recovers(signals, heart_waveform, kind):
    """Within two seconds of sound the finding is gone, and it returns with the fault."""
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


def test_a_slow_start_of_the_device_gives_no_finding(signals, heart_waveform):
    """Many drivers deliver a second of zeros before the first sound."""
    assert findings(np.concatenate((signals.silence(RATE), heart_waveform)), RATE) == set()


def test_clear_resets_the_diagnosis(signals):
    """After a reopened stream, earlier sound does not count."""
    dead = InputDiagnosis(RATE, "linux")
    dead.push(signals.silence(3 * RATE))
    assert dead.finding is not None
    dead.clear()
    assert dead.finding is None
    dead.push(signals.silence(RATE))
    assert dead.finding is None


@given(cuts=st.lists(st.integers(0, 6 * RATE), max_size=12))
def test_the_block_size_does_not_matter(cuts):
    """The finding is the same for any blocks, and blocks are copied."""
    rng = np.random.default_rng(1)
    noise = (0.1 * rng.standard_normal(2 * RATE)).astype(np.float32)
    sound = np.concatenate((noise, np.zeros(2 * RATE, np.float32), hum(50, 2 * RATE, RATE)))
    dead = InputDiagnosis(RATE, "linux")
    edges = [0, *sorted(cuts), len(sound)]
    for start, end in itertools.pairwise(edges):
        block = sound[start:end].copy()
        dead.push(block)
        block[:] = 9.0
    assert dead.finding == finding_of(sound, block=len(sound))


def test_a_rate_out_of_range_is_refused():
    """Below 1000 Hz heart sounds cannot be analyzed."""
    with pytest.raises(ValueError, match="sample_rate=500"):
        InputDiagnosis(500)


@pytest.mark.parametrize(
    ("folder", "pattern", "every"),
    [("pascal/set_b", "*.wav", 3), ("pascal/set_a", "[!a]*.flac", 4), ("circor/training_data", "*.flac", 20)],
)
def test_real_hearts_give_no_finding(shared_data, folder, pattern, every):
    """No real recording of a heart, other than those labelled artifact, gives a finding."""
    paths = sorted((shared_data / folder).glob(pattern))[::every]
    assert len(paths) > 15
    flagged = {}
    for path in paths:
        sound, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
        seen = findings(np.ascontiguousarray(sound[:, 0]), sample_rate)
        if seen:
            flagged[path.name] = seen
    assert flagged == {}

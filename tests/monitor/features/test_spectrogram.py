"""The streaming spectrogram: however sound is cut, every frame is computed once and the images are the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.features.compiled.library import without_library
from monitor.features.image import FrameWindow
from monitor.features.spec import HEART, SpectrogramSpec
from monitor.features.spectrogram import Scratch, StreamingSpectrogram, input_image
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters

pytestmark = pytest.mark.usefixtures("front_end")

WINDOW, FRAME, ADVANCE = HEART.window_samples, HEART.frame_samples, HEART.frame_hop_samples
ODD_GRID = 700
"""Distance of the windows compared: a multiple of the frame advance that shares no hop with it."""

cuttings = st.lists(
    st.one_of(st.integers(1, 300), st.integers(1, 5000), st.integers(1, 3 * WINDOW)), min_size=1, max_size=30
)


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    """Return 40 s of a synthetic heart, with silence and a full-scale burst inside."""
    rng = np.random.default_rng(11)
    waveform = phonocardiogram(40.0, random_parameters(rng, label="murmur"), rng).waveform
    waveform[60_000:70_000] = 0.0
    waveform[90_000:91_000] = rng.choice((-1.0, 1.0), 1000)
    return waveform


@pytest.fixture(scope="module")
def whole(sound: NDArray[np.float32], front_end: str) -> dict[int, NDArray[np.float32]]:
    """Return the image of every window compared, each computed from its own samples alone."""
    starts = range(0, len(sound) - WINDOW + 1, ODD_GRID)
    return {start: input_image(sound[start : start + WINDOW], HEART) for start in starts}


def frames_in(samples: int) -> int:
    """Return the frames that lie wholly inside some samples."""
    return max(0, (samples - FRAME) // ADVANCE + 1)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(blocks=cuttings)
def test_any_cutting_gives_the_same_images(
    sound: NDArray[np.float32], whole: dict[int, NDArray[np.float32]], blocks: list[int]
) -> None:
    """Cut into blocks of 1 sample to 3 windows, every window held is, bit for bit, the image of its samples."""
    stream = StreamingSpectrogram(HEART)
    pushed = computed = following = 0
    while pushed < len(sound):
        block = sound[pushed : pushed + blocks[0]]
        blocks = [*blocks[1:], max(blocks[0], 500)]  # the last size repeats, but not sample by sample through 40 s
        computed += stream.push(block)
        pushed += len(block)
        assert stream.end_sample == pushed
        assert computed == frames_in(pushed) == stream.end_frame
        newest = (stream.end_frame - HEART.num_frames) * ADVANCE
        for start in range(following, newest + 1, ODD_GRID):
            following = start + ODD_GRID
            if newest - start <= WINDOW:  # a block longer than a window pushes older ones out
                np.testing.assert_array_equal(stream.image(start), whole[start])
    assert following == max(whole) + ODD_GRID


def test_one_sample_at_a_time(sound: NDArray[np.float32], whole: dict[int, NDArray[np.float32]]) -> None:
    """Pushed sample by sample, the image is the same to the last bit."""
    stream = StreamingSpectrogram(HEART)
    frames = [stream.push(sound[index : index + 1]) for index in range(WINDOW + ODD_GRID)]
    assert max(frames) == 1
    np.testing.assert_array_equal(stream.image(0), whole[0])
    np.testing.assert_array_equal(stream.image(ODD_GRID), whole[ODD_GRID])


def test_one_long_push(sound: NDArray[np.float32], whole: dict[int, NDArray[np.float32]]) -> None:
    """A push eight windows long goes through the buffer and leaves the newest window complete."""
    stream = StreamingSpectrogram(HEART)
    assert stream.push(sound) == frames_in(len(sound))
    last = max(whole)
    np.testing.assert_array_equal(stream.image(last), whole[last])


@pytest.mark.parametrize("frame_hop_s", [0.025, 0.1])
@pytest.mark.parametrize("block", [130, 2000, 30_000])
def test_a_long_sound_in_blocks(block: int, frame_hop_s: float) -> None:
    """The newest frames are those of the whole sound, also where there is more time between frames than in one."""
    spec = SpectrogramSpec(frame_hop_s=frame_hop_s)
    sound = np.random.default_rng(block).standard_normal(90_000).astype(np.float32)
    stream, whole = StreamingSpectrogram(spec), StreamingSpectrogram(spec)
    for begin in range(0, len(sound), block):
        stream.push(sound[begin : begin + block])
        assert stream.end_sample == min(begin + block, len(sound))
    whole.push(sound)
    for part, expected in zip(stream.latest(spec.num_frames), whole.latest(spec.num_frames), strict=True):
        np.testing.assert_array_equal(part, expected)


def test_every_frame_is_computed_once(sound: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pushing in hops transforms every frame once; building the images transforms none."""
    transformed = 0
    real = np.fft.rfft

    def counting(frames: Any, *rest: Any, **more: Any) -> Any:
        nonlocal transformed
        transformed += len(frames)
        return real(frames, *rest, **more)

    monkeypatch.setattr(np.fft, "rfft", counting)
    with without_library():
        stream = StreamingSpectrogram(HEART)
    for begin in range(0, len(sound), 2000):
        stream.push(sound[begin : begin + 2000])
        if begin + 2000 >= WINDOW:
            stream.image(begin + 2000 - WINDOW)
    assert transformed == frames_in(len(sound))


def test_nothing_pushed_changes_nothing(sound: NDArray[np.float32], whole: dict[int, NDArray[np.float32]]) -> None:
    """An empty block computes nothing and moves nothing."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[:WINDOW])
    assert stream.push(sound[:0]) == 0
    assert stream.end_sample == WINDOW
    np.testing.assert_array_equal(stream.image(0), whole[0])


def test_the_pushed_block_may_be_reused(sound: NDArray[np.float32], whole: dict[int, NDArray[np.float32]]) -> None:
    """The stream copies: the caller may overwrite a block after the push, and an image never changes."""
    stream = StreamingSpectrogram(HEART)
    block = np.empty(130, np.float32)
    for begin in range(0, WINDOW, len(block)):
        part = sound[begin : min(begin + len(block), WINDOW)]
        block[: len(part)] = part
        stream.push(block[: len(part)])
        block[:] = np.nan
    image = stream.image(0)
    stream.push(sound[:WINDOW])
    np.testing.assert_array_equal(image, whole[0])


def test_an_independent_computation(sound: NDArray[np.float32]) -> None:
    """A double-precision computation from the definition, sharing no code, gives the same image within 1e-4.

    A unit is 17 dB, so that is 0.002 dB, which moves the scores by less than they are rounded to.
    """
    for start in (0, 50_000, 80_000):
        waveform = sound[start : start + WINDOW]
        np.testing.assert_allclose(
            input_image(waveform, HEART), image_by_definition(waveform.astype(np.float64)), atol=1e-4
        )


def image_by_definition(waveform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the image by its definition: an explicit Fourier sum, loops over columns, double precision."""
    time = np.arange(FRAME)
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * time / FRAME)
    turn = np.exp(-2j * np.pi * np.outer(time, np.arange(65)) / FRAME)
    cuts = [waveform[first : first + FRAME] for first in range(0, WINDOW - FRAME + 1, ADVANCE)]
    frames = [(cut - np.average(cut, weights=taper)) * taper for cut in cuts]
    power = np.abs(np.array(frames) @ turn) ** 2
    level = np.log(power[:, 1:] + 1e-20)
    starts = np.round(np.linspace(0, 198 - 4, 64)).astype(int)
    mean = np.array([level[first : first + 4].mean(axis=0) for first in starts]).T
    peak = np.array([level[first : first + 4].max(axis=0) for first in starts]).T
    floor = peak.max() - 8 * np.log(10)
    mean, peak = np.maximum(mean, floor), np.maximum(peak, floor)
    reference = mean.mean()
    envelope = np.log(power[:, 2:13].sum(axis=1) + 1e-20)  # bins of 31 to 188 Hz
    pulse = np.clip((envelope - envelope.mean()) / (envelope.std() + 1e-3), -3, 3)
    before = np.concatenate((np.zeros(100), pulse))
    rhythm = np.empty((64, 64))
    for column, end in enumerate(np.round(np.linspace(12, 198, 64)).astype(int)):
        for row in range(64):
            then = before[100 + end - 12 - 8 - row : 100 + end - 8 - row]
            rhythm[row, column] = (pulse[end - 12 : end] * then).mean()
    return np.stack(((mean - reference) / 4, (peak - reference) / 4, rhythm), axis=2)


@pytest.mark.parametrize("row", [0, 1, 2, 7, 12, 25, 40, 63])
def test_a_tone_lands_in_its_row(row: int, signals: Any) -> None:
    """A tone at the centre of a bin is brightest in that row, in every column, from 15.6 Hz to 1000 Hz."""
    image = input_image(signals.tone((row + 1) * 15.625, WINDOW), HEART)
    for channel in (0, 1):
        assert (image[:, :, channel].argmax(axis=0) == row).all()


@pytest.mark.parametrize("hz", [1200.0, 1900.0])
def test_a_tone_above_the_image_is_not_seen(hz: float, signals: Any) -> None:
    """Power above 1000 Hz leaves no trace next to a tone inside the image, but is in the gate's high band."""
    inside = signals.tone(125.0, WINDOW)
    stream = StreamingSpectrogram(HEART)
    stream.push(inside + signals.tone(hz, WINDOW))
    np.testing.assert_allclose(stream.image(0), input_image(inside, HEART), atol=0.35)
    frames = stream.window(0)
    assert frames.high_power.min() > 0.5 * frames.low_power.max()


@pytest.mark.parametrize("gain", [1e-3, 0.1, 30.0])
def test_gain_does_not_matter(gain: float, heart_waveform: NDArray[np.float32]) -> None:
    """A heart 60 dB softer or 30 dB louder gives the same image within 1e-4."""
    waveform = heart_waveform[:WINDOW]
    louder = input_image((waveform * gain).astype(np.float32), HEART)
    np.testing.assert_allclose(louder, input_image(waveform, HEART), atol=1e-4)


@pytest.mark.parametrize("offset", [0.01, 0.1, -0.3])
def test_the_offset_of_a_converter_does_not_matter(offset: float, heart_waveform: NDArray[np.float32]) -> None:
    """With a constant added the image is the same within .035 dB; with older settings it is not."""
    waveform = 0.1 * heart_waveform[:WINDOW]
    shifted = waveform + np.float32(offset)
    np.testing.assert_allclose(input_image(shifted, HEART), input_image(waveform, HEART), atol=2e-3)
    older = dataclasses.replace(HEART, remove_dc=False)
    assert np.abs(input_image(shifted, older) - input_image(waveform, older)).max() > 0.2


def test_older_settings_keep_their_picture(heart_waveform: NDArray[np.float32]) -> None:
    """Without the removal of the offset only the lowest row differs noticeably."""
    older = dataclasses.replace(HEART, remove_dc=False)
    waveform = heart_waveform[:WINDOW]
    change = np.abs(input_image(waveform, HEART) - input_image(waveform, older))[:, :, :2]
    assert change[4:].max() < 0.05


def test_polarity_does_not_matter(heart_waveform: NDArray[np.float32]) -> None:
    """A stethoscope wired the other way round gives the same image."""
    np.testing.assert_array_equal(
        input_image(-heart_waveform[:WINDOW], HEART), input_image(heart_waveform[:WINDOW], HEART)
    )


@pytest.mark.parametrize("level", [0.0, 1e-30, 0.5, 1.0, -1.0, 1e4])
def test_a_constant_gives_a_finite_image(level: float) -> None:
    """Digital silence, an offset, a stuck converter: finite numbers, no NaN."""
    assert np.isfinite(input_image(np.full(WINDOW, level, np.float32), HEART)).all()


def test_silence_is_all_zeros(signals: Any) -> None:
    """Digital silence has no texture and no rhythm."""
    np.testing.assert_allclose(input_image(signals.silence(WINDOW), HEART), 0.0, atol=1e-4)


def test_silence_before_a_sound_does_not_matter(signals: Any) -> None:
    """Zeros in half a window are clipped at 80 dB under the loudest cell, not at the logarithm's floor."""
    waveform = signals.noise(WINDOW)
    waveform[: WINDOW // 2] = 0.0
    image = input_image(waveform, HEART)
    depth = image[:, :, 1].max() - image[:, :, 1].min()
    assert depth == pytest.approx(8 * np.log(10) / 4, abs=1e-4)


def test_noise_is_flat(signals: Any) -> None:
    """White noise has no bright row, no bright column and no ridge."""
    image = input_image(signals.noise(WINDOW), HEART)
    assert np.abs(image[:, :, 0].mean(axis=1)).max() < 0.2
    assert np.abs(image[:, :, 0].mean(axis=0)).max() < 0.2
    assert np.abs(image[:, :, 2].mean(axis=1)).max() < 0.4


def test_the_maximum_is_never_below_the_mean(heart_waveform: NDArray[np.float32]) -> None:
    """Channel 1 holds the maxima of what channel 0 averages."""
    image = input_image(heart_waveform[:WINDOW], HEART)
    assert (image[:, :, 1] >= image[:, :, 0] - 1e-6).all()
    assert image[:, :, 0].mean() == pytest.approx(0.0, abs=1e-4)


ONE_SECOND = 32
"""The row of a lag of 1 s: (1 - 0.2) / 0.025."""


def test_clicks_every_second_give_a_ridge(signals: Any) -> None:
    """Clicks at 1 Hz: from the second on, the brightest lag of every click's column is 1 s."""
    rhythm = input_image(signals.clicks(np.arange(0.5, 5.0, 1.0), WINDOW), HEART)[:, :, 2]
    clicking = [column for column in range(20, 64) if rhythm[:, column].max() > 1.0]
    assert len(clicking) >= 8
    assert all(abs(rhythm[:, column].argmax() - ONE_SECOND) <= 1 for column in clicking)


def test_an_early_click_breaks_the_ridge(signals: Any) -> None:
    """One click 0.4 s early darkens the ridge at 1 s and lights a lag of 0.6 s."""
    regular = input_image(signals.clicks((0.5, 1.5, 2.5, 3.5, 4.5), WINDOW), HEART)[:, :, 2]
    ectopic = input_image(signals.clicks((0.5, 1.5, 2.5, 3.1, 4.5), WINDOW), HEART)[:, :, 2]
    here = slice(36, 48)  # columns of 3.0 to 3.8 s
    assert regular[ONE_SECOND, here].max() > 1.5
    assert ectopic[ONE_SECOND, here].max() < 0.5
    assert ectopic[16, here].max() > 1.5
    assert regular[16, here].max() < 0.5


def test_frames_of_a_window(signals: Any) -> None:
    """The window's frames come with their shapes, and a low tone has its power in the low band alone."""
    stream = StreamingSpectrogram(HEART)
    stream.push(signals.tone(78.125, WINDOW))
    frames = stream.window(0)
    assert isinstance(frames, FrameWindow)
    assert [part.shape for part in frames] == [(198, 64), (198,), (198,), (198,)]
    np.testing.assert_allclose(frames.envelope, np.log(frames.low_power), rtol=1e-5)
    assert frames.high_power.max() < 1e-6 * frames.low_power.min()


@pytest.mark.parametrize(
    ("inside", "outside", "part"), [(39, 38, "high_power"), (9, 10, "low_power"), (2, 1, "low_power")]
)
def test_the_edges_of_the_bands(inside: int, outside: int, part: str, signals: Any) -> None:
    """At 20, 150 and 600 Hz: of a tone in the first bin outside, a quarter of one side lobe remains."""
    powers = []
    for row in (inside, outside):
        stream = StreamingSpectrogram(HEART)
        stream.push(signals.tone(15.625 * row, WINDOW))
        powers.append(float(getattr(stream.window(0), part).mean()))
    assert powers[0] / powers[1] == pytest.approx(5.0, abs=0.3)


def test_latest_frames(sound: NDArray[np.float32]) -> None:
    """The newest frames are the end of the newest window; asking for 0 gives none."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[:WINDOW])
    np.testing.assert_array_equal(stream.latest(10).log_power, stream.window(0).log_power[-10:])
    assert len(stream.latest(0).log_power) == 0


@pytest.mark.parametrize("count", [-1, 199])
def test_refuses_frames_not_held(count: int, sound: NDArray[np.float32]) -> None:
    """More frames than are held, or fewer than none, are refused."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[:WINDOW])
    with pytest.raises(ValueError, match=f"count={count} must be from 0 to the 198 frames held"):
        stream.latest(count)


@pytest.mark.parametrize("start", [1, 50, 99, -1])
def test_refuses_a_start_off_the_grid(start: int, sound: NDArray[np.float32]) -> None:
    """A window between two frames would need other frames, so it is refused."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[: 2 * WINDOW])
    with pytest.raises(ValueError, match=f"start_sample={start} must be a multiple of 100"):
        stream.image(start)


@pytest.mark.parametrize("pushed", [0, 255, WINDOW - ADVANCE])
def test_refuses_a_window_not_complete(pushed: int, sound: NDArray[np.float32]) -> None:
    """Before its last frame is there, a window is refused and never padded."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound[:pushed])
    with pytest.raises(ValueError, match="start_sample=0 must lie in a window that is complete and still held"):
        stream.image(0)


@pytest.mark.parametrize("start", [0, -ADVANCE])
def test_refuses_a_window_no_longer_held(start: int, sound: NDArray[np.float32]) -> None:
    """A window whose frames have gone, or that lies before the sound, is refused."""
    stream = StreamingSpectrogram(HEART)
    stream.push(sound)
    with pytest.raises(ValueError, match=f"start_sample={start} must lie in a window"):
        stream.image(start)


@pytest.mark.parametrize("shape", [(WINDOW - 1,), (WINDOW + 1,), (WINDOW, 1), (0,)])
def test_input_image_takes_one_window(shape: tuple[int, ...]) -> None:
    """Anything but one mono window is refused, with the shape that was given."""
    with pytest.raises(ValueError, match=r"waveform.shape=.* must be \(20000,\), one window"):
        input_image(np.zeros(shape, np.float32), HEART)


def test_scratch_space_is_for_one_kind_of_settings() -> None:
    """It is shared by sounds with equal settings, and refused for others."""
    first = StreamingSpectrogram(HEART)
    assert StreamingSpectrogram(dataclasses.replace(HEART), first.scratch).scratch is first.scratch
    with pytest.raises(ValueError, match=r"scratch\.spec"):
        StreamingSpectrogram(dataclasses.replace(HEART, remove_dc=not HEART.remove_dc), Scratch(HEART))

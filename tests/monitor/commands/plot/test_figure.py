"""The figure: every panel shows the numbers of the run, in every format."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures need the plot extra")

from matplotlib.figure import Figure

from monitor.commands.plot.figure import (
    FORMATS,
    SIZE_INCHES,
    _draw_panels,
    amplitude_limit,
    check_matplotlib,
    render_figure,
)
from monitor.errors import AuscultError, MissingExtraError
from monitor.messages import EctopicBeat, EctopicBeats, HeartBeat, Verdict

MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def run(run_maker, window_maker):
    """Return 10 s with a gap, a poor and an uncertain window."""
    windows = [window_maker(index, bpm=70.0 + index) for index in range(6)]
    windows[2] = window_maker(2, state="poor-signal", gap=True, bpm=None, rolling=Verdict("verdict", "murmur", 0.6))
    windows[4] = window_maker(4, state="uncertain")
    lost = np.zeros(100, bool)
    lost[59:62] = True
    return run_maker(windows, verdict=Verdict("verdict", "normal", 0.9), bpm=72.0, lost=lost)


def panels(run, offset_s=0.0):
    """Return the five panels of a figure, and the figure."""
    figure = Figure(figsize=SIZE_INCHES)
    _draw_panels(figure, run, offset_s)
    return figure.axes[0:10:2], figure


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_reproducible(run, form):
    """The file has the format's signature, and drawn twice it is the same to the byte: no date, no random id."""
    content = render_figure(run, form)
    assert content.startswith(MAGIC[form])
    assert render_figure(run, form) == content


def test_title_and_legends(run):
    """File, model, verdict, disclaimer, and a name for every state that occurs and no other."""
    content = render_figure(run, "svg").decode()
    for text in ("a.wav: normal 0.90, 72 beats / min", "model plain (01234567)", "research use, not for diagnosis"):
        assert text in content
    for text in ("n  normal", "M  murmur", "-  gap", "?  uncertain", "samples lost", "median 72"):
        assert text in content
    assert "E  extrastole" not in content


def test_all_panels_share_the_time(run):
    """From the start to the end of the sound, in the time of the file."""
    axes, _ = panels(run, offset_s=30.0)
    assert {one.get_xlim() for one in axes} == {(30.0, 40.0)}
    assert axes[1].get_ylim() == (0.0, 1000.0)


def test_the_waveform_keeps_its_extremes(run_maker):
    """The lowest and highest sample are corners of the filled area."""
    low, high = np.full(100, -0.1, np.float32), np.full(100, 0.1, np.float32)
    low[7], high[42] = -0.9, 0.6
    axes, _ = panels(run_maker(low=low, high=high))
    corners = axes[0].collections[0].get_paths()[0].vertices
    assert [4.25, np.float32(0.6)] in corners.tolist()
    assert [0.75, np.float32(-0.9)] in corners.tolist()


def beats(amplitude=0.1):
    """Return 10 s of columns of 0.1 s with a beat of an amplitude every second."""
    return np.where(np.arange(100) % 10 == 3, amplitude, 0.01).astype(np.float32)


def test_one_thump_does_not_flatten_the_waveform(run_maker):
    """The axis stays with the beats; where it is left there is a mark, and the legend says how loud it was."""
    high = beats()
    high[44:47] = 0.84  # over the edge of two half seconds
    axes, _ = panels(run_maker(low=-beats(), high=high))
    assert axes[0].get_ylim() == pytest.approx((-0.162, 0.162))
    (marks,) = (line for line in axes[0].lines if line.get_label().startswith("louder"))
    assert marks.get_xdata() == pytest.approx([4.45, 4.55, 4.65])
    assert marks.get_label() == "louder, to 0.84"


@pytest.mark.parametrize("peaks", [beats(), beats(0.5), np.full(100, 0.2, np.float32), np.zeros(100, np.float32)])
def test_an_even_sound_fills_the_axis(peaks):
    """Where nothing stands out the axis reaches the largest sample, and no further."""
    assert amplitude_limit(peaks, 0.1) == pytest.approx(float(peaks.max()))


def test_a_loud_passage_is_no_thump():
    """Two fifths of the recording at ten times the amplitude are shown whole."""
    peaks = np.concatenate((np.tile(beats(), 3), 10 * np.tile(beats(), 2)))
    assert amplitude_limit(peaks, 0.1) == pytest.approx(1.0)


@pytest.mark.parametrize("num_columns", [0, 1, 3])
def test_a_clip_of_a_few_columns(num_columns):
    """Nothing is too short for an axis."""
    assert amplitude_limit(np.full(num_columns, 0.3, np.float32), 0.1) == pytest.approx(0.3 if num_columns else 0.0)


def test_beats_and_early_beats_are_marked(run_maker, window_maker):
    """In the time of the file, each once, with a legend; what could not be tracked is not marked."""
    early = EctopicBeat(2.5, 0.6, 1.3, 2.0)
    rhythm = EctopicBeats(beat_times_s=(1.0, 2.0, 2.5), detected=(early,), trackable=True)
    windows = [dataclasses.replace(window_maker(index), ectopic=rhythm) for index in range(2)]
    axes, _ = panels(run_maker(windows), offset_s=30.0)
    marked = {line.get_label(): list(line.get_xdata()) for line in axes[0].lines}
    assert marked == {"beat": [31.0, 32.0], "early beat": [32.5]}
    untracked = [
        dataclasses.replace(window, ectopic=dataclasses.replace(rhythm, trackable=False)) for window in windows
    ]
    assert not panels(run_maker(untracked))[0][0].lines


def test_of_a_long_recording_only_early_beats_are_marked(run_maker, window_maker):
    """Ticks that run together say nothing."""
    early = EctopicBeat(2.5, 0.6, 1.3, 2.0)
    rhythm = EctopicBeats(beat_times_s=tuple(np.arange(0.0, 300.0)), detected=(early,), trackable=True)
    axes, _ = panels(run_maker([dataclasses.replace(window_maker(), ectopic=rhythm)]))
    assert [line.get_label() for line in axes[0].lines] == ["early beat"]


def found(run_maker, window_maker, num_beats, duration_s=20.0):
    """Return a run that found S1 and S2 of beats, a second apart, the last one after the last window."""
    beats = [HeartBeat(at + 0.5, None if at == 1 else at + 0.8, 0.9) for at in range(num_beats)]
    run = run_maker([dataclasses.replace(window_maker(), beats=tuple(beats[:-1]))], duration_s=duration_s)
    start = dataclasses.replace(run.start, finds_heart_sounds=True)
    return dataclasses.replace(run, start=start, summary=dataclasses.replace(run.summary, beats=(beats[-1],)))


def test_s1_and_s2_are_marked_by_name(run_maker, window_maker):
    """In the time of the file, long and short ticks with their names; one that is not sure is left out."""
    axes, _ = panels(found(run_maker, window_maker, 4), offset_s=30.0)
    marked = {line.get_label(): list(line.get_xdata()) for line in axes[0].lines}
    assert marked == {"S1": [30.5, 31.5, 32.5, 33.5], "S2": [30.8, 32.8, 33.8]}
    assert len({line.get_markersize() for line in axes[0].lines}) == 2
    names = [(text.get_position()[0], text.get_text()) for text in axes[0].texts]
    assert sorted(names) == [
        (30.5, "S1"), (30.8, "S2"), (31.5, "S1"), (32.5, "S1"), (32.8, "S2"), (33.5, "S1"), (33.8, "S2"),
    ]  # fmt: skip


def test_many_heart_sounds_have_ticks_without_names_and_very_many_none(run_maker, window_maker):
    """Names that run together say nothing, and neither do ticks."""
    axes, _ = panels(found(run_maker, window_maker, 100, 100.0))
    assert [(line.get_label(), len(line.get_xdata())) for line in axes[0].lines] == [("S1", 100), ("S2", 99)]
    assert not axes[0].texts
    assert not panels(found(run_maker, window_maker, 300, 300.0))[0][0].lines


def test_with_a_bundle_that_finds_s1_and_s2_tracked_beats_are_not_marked(run_maker, window_maker):
    """A beat of the rhythm tracker may be S2; the early ones stay, below the names."""
    early = EctopicBeat(2.5, 0.6, 1.3, 2.0)
    rhythm = EctopicBeats(beat_times_s=(1.0, 2.0, 2.5), detected=(early,), trackable=True)
    run = found(run_maker, window_maker, 2)
    run = dataclasses.replace(run, windows=(dataclasses.replace(run.windows[0], ectopic=rhythm),))
    lines = {line.get_label(): line.get_ydata()[0] for line in panels(run)[0][0].lines}
    assert set(lines) == {"S1", "S2", "early beat"}
    assert lines["early beat"] < 0.85


def test_axes_say_what_they_show(run):
    """Quantity and unit."""
    axes, figure = panels(run)
    assert [one.get_ylabel() for one in axes] == [
        "Amplitude",
        "Frequency (Hz)",
        "",
        "Acoustic score",
        "Heart rate (bpm)",
    ]
    assert "Power (dBFS)" in [one.get_ylabel() for one in figure.axes] + [
        one.get_ylabel() for two in figure.axes for one in two.child_axes
    ]


def test_the_spectrogram_is_inferno_over_60_db(run):
    """Lowest row at 15.6 Hz; the top of the scale is a high percentile of the power."""
    axes, _ = panels(run)
    (image,) = axes[1].images
    assert image.cmap.name == "inferno"
    assert np.array_equal(image.get_array(), run.power_db)
    assert image.norm.vmax - image.norm.vmin == pytest.approx(60.0)
    assert image.get_extent()[2] == pytest.approx(15.625 / 2)


def test_the_track_has_colour_pattern_and_letter(run):
    """The runs of both rows, each with the letter of its label or state."""
    axes, _ = panels(run)
    letters = [text.get_text() for text in axes[2].texts]
    assert letters == ["n", "-", "n", "?", "n", "n", "M", "n", "?", "n"]
    gap = axes[2].collections[1]
    assert gap.get_hatch() == "--"
    assert gap.get_paths()[0].vertices[:, 0].min() == 5.5
    assert gap.get_paths()[0].vertices[:, 0].max() == 6.0


def test_one_window_of_an_hour_is_seen(run_maker, window_maker):
    """A single murmur among thousands of normal windows is a line in both rows; the normal ones need none."""
    windows = [window_maker(index) for index in range(7190)]
    windows[4000] = window_maker(4000, label="murmur")
    axes, _ = panels(run_maker(windows, duration_s=3600.0))
    lines = [one for one in axes[2].collections if hasattr(one, "get_segments")]
    assert [line.get_segments()[0][0][0] for line in lines] == [2004.75, 2004.75]


def test_a_withheld_window_has_no_confidence(run):
    """The steps of the windows break at the gap; those of the rolling verdict do not."""
    axes, _ = panels(run)
    raw, rolling = (steps.get_data().values for steps in axes[3].patches)
    assert np.isnan(raw).tolist() == [False, False, True, False, False, False]
    assert rolling.tolist() == [0.8, 0.8, 0.6, 0.8, 0.8, 0.8]


def test_the_scores_drawn_are_the_acoustic_ones(run_maker, window_maker):
    """What is heard, for the windows and for the rolling verdict."""
    heard = Verdict("verdict", "normal", 0.8, {"normal": 0.8, "murmur": 0.2}, {"normal": 0.9, "murmur": 0.1})
    window = dataclasses.replace(window_maker(0), verdict=heard, rolling=heard)
    axes, _ = panels(run_maker([window]))
    assert axes[3].get_ylabel() == "Acoustic score"
    assert [steps.get_data().values.tolist() for steps in axes[3].patches] == [[0.9], [0.9]]


def test_a_line_for_each_threshold(run):
    """Labels with the same threshold share a line; a single threshold needs no letters."""
    axes, _ = panels(run)
    lines = {line.get_label(): set(line.get_ydata()) for line in axes[3].lines}
    assert lines == {"E from 0.50": {0.5}, "n, M from 0.60": {0.6}}
    same = dataclasses.replace(run.start, acoustic_thresholds=dict.fromkeys(run.start.labels, 0.55))
    axes, _ = panels(dataclasses.replace(run, start=same))
    assert [line.get_label() for line in axes[3].lines] == ["label from 0.55"]


def test_heart_rates_are_at_the_times_of_their_windows(run):
    """A point for each window that has one."""
    axes, _ = panels(run)
    points = axes[4].lines[0].get_xydata().tolist()
    assert points == [[2.5, 70.0], [5.25, 71.0], [6.25, 73.0], [6.75, 70.0], [7.25, 75.0]]


def test_heart_rates_of_few_windows_have_no_median(run_maker, window_maker):
    """The points are drawn, the line is not."""
    axes, _ = panels(run_maker([window_maker(0)]))
    assert [line.get_label() for line in axes[4].lines] == ["window"]


def test_an_empty_panel_says_why(run_maker):
    """No window, no frame, no heart rate, silence: each panel says so, and the figure is drawn."""
    empty = run_maker(
        power_db=np.zeros((64, 0), np.float32), low=np.zeros(100, np.float32), high=np.zeros(100, np.float32)
    )
    content = render_figure(empty, "svg").decode()
    for text in ("too short for a spectrogram", "no window was complete", "no heart rate in any window"):
        assert text in content


@pytest.mark.parametrize("name", ["a.wav", "W" * 300 + ".wav"])
def test_a_title_fits_the_figure(run_maker, window_maker, name):
    """Title and caption end before the right edge, however long the name and the reason are."""
    windows = [
        window_maker(state="poor-signal", reason="much noise above 600 Hz: press the chest piece on, keep still")
    ]
    _, figure = panels(run_maker(windows, verdict=Verdict("poor-signal"), source=name))
    figure.draw_without_rendering()
    width = figure.bbox.width
    assert len(figure.texts) == 2
    assert all(0 < text.get_window_extent().x1 < width for text in figure.texts)


def test_a_caption_with_everything_fits_the_figure(run_maker, window_maker):
    """Also of a short and damaged recording at another engine: the disclaimer at its end is never cut."""
    run = run_maker([dataclasses.replace(window_maker(0), short=True)])
    start = dataclasses.replace(run.start, engine="litert-int8", sample_rate=192_000)
    run = dataclasses.replace(run, start=start, error=AuscultError("damaged or cut short"))
    figure = panels(run, offset_s=1234.5)[1]
    figure.draw_without_rendering()
    caption = figure.texts[1]
    assert "short: looped to one window   ·   damaged: ends early   ·   research use" in caption.get_text()
    assert caption.get_window_extent().x1 < figure.bbox.width


def test_no_axis_label_is_cut(run):
    """The labels at the left and the legends at the right lie on the figure."""
    axes, figure = panels(run)
    figure.draw_without_rendering()
    boxes = [one.yaxis.label.get_window_extent() for one in axes]
    boxes += [one.get_legend().get_window_extent() for one in figure.axes[1:10:2] if one.get_legend()]
    assert len(boxes) == 9
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)


def test_names_are_literal_and_in_any_script(run_maker):
    """A name that looks like a formula, or that no font has, is drawn without an error or a warning."""
    content = render_figure(run_maker(source="$x^$ 心音 <&>.wav"), "svg").decode()
    assert "$x^$ 心音 &lt;&amp;&gt;.wav" in content
    assert render_figure(run_maker(source="$x^$ 心音.wav"), "png").startswith(MAGIC["png"])


def test_without_matplotlib(monkeypatch):
    """One line names the extra to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        MissingExtraError, match=r"auscult plot needs matplotlib; pip install 'auscult-monitor\[plot\]'"
    ):
        check_matplotlib()

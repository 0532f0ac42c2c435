"""JSON lines have the documented keys, whatever the values."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.messages import (
    DeviceStatus,
    EctopicBeat,
    EctopicBeats,
    Mark,
    Quality,
    RecordingStatus,
    Start,
    Summary,
    Verdict,
    WindowEvent,
)
from monitor.text.json_lines import (
    device_line,
    mark_line,
    overload_line,
    recording_line,
    start_line,
    summary_line,
    window_line,
)

ROOT = Path(__file__).parents[3]
SCORES = {"normal": 0.09, "murmur": 0.87, "extrastole": 0.04}
ACOUSTIC = {"normal": 0.05, "murmur": 0.95, "extrastole": 0.0}
SURE = Verdict("verdict", "murmur", 0.87, SCORES, ACOUSTIC)
NOTHING = Verdict("poor-signal")
START = Start("a.wav", 4000, "heart-sounds", "ab12", ("normal", "murmur", "extrastole"), 5.0, 0.5, 30.0, 1.0)
WINDOW = WindowEvent(0, 0.0, 5.0, SURE, NOTHING, Quality(0.93), 78.2, False, False, 1.9)
SUMMARY = Summary("a.wav", 41, 0, 0, SURE, 77.5, 38, {"much noise": 2, "no-signal": 1})


def refuse_constant(name: str) -> float:
    """Fail on NaN and Infinity, which JSON does not know."""
    raise AssertionError(f"{name} is not JSON")


def read(line: str) -> dict[str, object]:
    """Return the object of one line, refusing what strict JSON does not know."""
    assert "\n" not in line
    values = json.loads(line, parse_constant=refuse_constant)
    assert isinstance(values, dict)
    return values


class TestStart:
    """The line that opens a source."""

    def test_has_the_documented_keys_in_order(self) -> None:
        """The type comes first, then the schema, then the documented keys."""
        keys = list(read(start_line(START)))
        assert keys[:8] == [
            "type", "schema", "source", "sample_rate", "model", "model_sha256", "window_s", "hop_s",
        ]  # fmt: skip
        assert set(keys[8:]) == {"labels", "duration_s", "speed", "version", "site", "ecg_channel", "engine"}

    def test_carries_the_values(self) -> None:
        """Every value of the message is under its key."""
        assert read(start_line(START, version="1.2")) == {
            "type": "start",
            "schema": 1,
            "source": "a.wav",
            "sample_rate": 4000,
            "model": "heart-sounds",
            "model_sha256": "ab12",
            "window_s": 5.0,
            "hop_s": 0.5,
            "labels": ["normal", "murmur", "extrastole"],
            "duration_s": 30.0,
            "speed": 1.0,
            "version": "1.2",
            "site": None,
            "ecg_channel": None,
            "engine": "litert",
        }

    def test_the_engine_is_named(self) -> None:
        """An int8 run cannot pass for a float one."""
        assert read(start_line(dataclasses.replace(START, engine="litert-int8")))["engine"] == "litert-int8"

    def test_unknown_values_are_null(self) -> None:
        """Unknown duration, speed and version are null, not omitted."""
        values = read(start_line(dataclasses.replace(START, duration_s=None, speed=None)))
        assert values["duration_s"] is None
        assert values["speed"] is None
        assert values["version"] is None

    @pytest.mark.parametrize("name", ["Töne ♥.wav", 'quote".wav', "back\\slash.wav", "new\nline.wav", "\udcff.wav"])
    def test_any_file_name_is_preserved(self, name: str) -> None:
        """A name is read back unchanged, and the line is plain ASCII."""
        line = start_line(dataclasses.replace(START, source=name))
        assert line.isascii()
        assert read(line)["source"] == name


class TestWindow:
    """The line of one window."""

    def test_has_the_documented_keys_in_order(self) -> None:
        """The keys are the documented ones, in order."""
        assert list(read(window_line(WINDOW))) == [
            "type", "index", "start_s", "end_s", "state", "label", "loudness", "confidence", "scores",
            "acoustic_scores", "murmur_timing", "rolling", "quality", "heart_rate_bpm", "heart_rate_confidence",
            "heart_rate_reason",
            "early_beats", "gap", "short", "latency_ms",
        ]  # fmt: skip

    def test_carries_the_values(self) -> None:
        """Every value of the message is under its key."""
        assert read(window_line(WINDOW)) == {
            "type": "window",
            "index": 0,
            "start_s": 0.0,
            "end_s": 5.0,
            "state": "verdict",
            "label": "murmur",
            "loudness": None,
            "confidence": 0.87,
            "scores": SCORES,
            "acoustic_scores": ACOUSTIC,
            "murmur_timing": None,
            "rolling": {
                "state": "poor-signal", "label": None, "loudness": None, "confidence": None, "scores": None,
                "acoustic_scores": None, "murmur_timing": None,
            },
            "quality": {"score": 0.93, "reason": None},
            "heart_rate_bpm": 78.2,
            "heart_rate_confidence": None,
            "heart_rate_reason": None,
            "early_beats": None,
            "gap": False,
            "short": False,
            "latency_ms": 1.9,
        }  # fmt: skip

    def test_ectopic_beats_are_written_where_the_rhythm_is_trackable(self) -> None:
        """Tracked seconds, count of intervals and times of ectopic beats; no beat is an empty list."""
        beats = (EctopicBeat(12.34, 0.7, 1.2, 3.0), EctopicBeat(20.1, 0.68, 1.25, 2.0))
        ectopic = EctopicBeats(28.5, 33, (), beats, trackable=True, evidence=4.0)
        values = read(window_line(dataclasses.replace(WINDOW, ectopic=ectopic, heart_rate_confidence=0.98765)))
        assert values["early_beats"] == {"followed_s": 28.5, "intervals": 33, "at_s": [12.34, 20.1]}
        assert values["heart_rate_confidence"] == pytest.approx(0.98765, abs=1e-4)
        none = dataclasses.replace(ectopic, detected=())
        assert read(window_line(dataclasses.replace(WINDOW, ectopic=none)))["early_beats"]["at_s"] == []

    def test_rolling_has_the_same_keys(self) -> None:
        """The rolling object carries state, label, confidence and both kinds of scores."""
        values = read(window_line(dataclasses.replace(WINDOW, rolling=SURE)))
        assert values["rolling"] == {
            "state": "verdict", "label": "murmur", "loudness": None, "confidence": 0.87, "scores": SCORES,
            "acoustic_scores": ACOUSTIC, "murmur_timing": None,
        }  # fmt: skip

    def test_how_loud_a_murmur_is(self) -> None:
        """The word stands beside the label, of the window and of the last seconds apart."""
        soft = dataclasses.replace(SURE, loudness="soft")
        loud = dataclasses.replace(SURE, loudness="loud")
        values = read(window_line(dataclasses.replace(WINDOW, verdict=soft, rolling=loud)))
        assert (values["loudness"], values["rolling"]["loudness"]) == ("soft", "loud")

    def test_where_a_murmur_lies(self) -> None:
        """In the window, its rolling verdict and the summary."""
        said = dataclasses.replace(SURE, murmur_timing="diastolic")
        values = read(window_line(dataclasses.replace(WINDOW, verdict=SURE, rolling=said)))
        assert values["murmur_timing"] is None
        assert values["rolling"]["murmur_timing"] == "diastolic"
        assert read(summary_line(dataclasses.replace(SUMMARY, verdict=said)))["murmur_timing"] == "diastolic"

    def test_a_possible_label_has_a_key(self) -> None:
        """It is there only where a label is possible: in the window, its rolling verdict and the summary."""
        possible = Verdict("uncertain", None, 0.5, SCORES, possible="murmur")
        values = read(window_line(dataclasses.replace(WINDOW, verdict=possible, rolling=possible)))
        assert values["possible"] == values["rolling"]["possible"] == "murmur"
        assert "possible" not in read(window_line(dataclasses.replace(WINDOW, verdict=SURE)))
        summary = read(summary_line(dataclasses.replace(SUMMARY, verdict=possible)))
        assert (summary["state"], summary["label"], summary["possible"]) == ("uncertain", None, "murmur")

    def test_a_window_without_a_label_has_nulls(self) -> None:
        """What does not apply is null, and the reason is given."""
        window = dataclasses.replace(
            WINDOW, verdict=NOTHING, quality=Quality(0.1, "too loud", "poor-signal"), heart_rate_bpm=None, gap=True
        )
        values = read(window_line(window))
        assert values["state"] == "poor-signal"
        keys = ("label", "confidence", "scores", "acoustic_scores", "heart_rate_bpm")
        assert [values[key] for key in keys] == [None] * 5
        assert values["quality"] == {"score": 0.1, "reason": "too loud"}
        assert values["gap"] is True

    def test_a_looped_clip_is_marked(self) -> None:
        """A window of a looped clip is marked as short."""
        assert read(window_line(dataclasses.replace(WINDOW, short=True)))["short"] is True

    def test_numpy_values_are_written_as_plain_ones(self) -> None:
        """Numbers taken from arrays are written like Python's."""
        scores = {"a": np.float32(0.25), "b": np.float32(0.75)}
        own = Verdict("verdict", "b", np.float32(0.75), scores)  # type: ignore[arg-type]
        window = dataclasses.replace(
            WINDOW, index=np.int64(3), verdict=own, heart_rate_bpm=np.float32(60), gap=np.bool_(True)
        )
        values = read(window_line(window))
        assert values["index"] == 3
        assert values["scores"] == {"a": 0.25, "b": 0.75}
        assert values["heart_rate_bpm"] == 60.0
        assert values["gap"] is True

    def test_numbers_are_rounded(self) -> None:
        """Positions and latency are rounded to microseconds, rates to hundredths."""
        window = dataclasses.replace(WINDOW, end_s=5.1234567891, latency_ms=1.23456, heart_rate_bpm=78.19876)
        values = read(window_line(window))
        assert values["end_s"] == 5.123457
        assert values["latency_ms"] == 1.235
        assert values["heart_rate_bpm"] == 78.2

    @pytest.mark.parametrize("field", ["start_s", "latency_ms", "heart_rate_bpm"])
    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_values_without_json_form_raise(self, field: str, value: float) -> None:
        """NaN and the infinities raise instead of being written."""
        with pytest.raises(ValueError, match="not JSON compliant"):
            window_line(dataclasses.replace(WINDOW, **{field: value}))

    def test_scores_that_are_not_finite_raise(self) -> None:
        """A NaN among the scores raises instead of being written."""
        own = Verdict("verdict", "a", 0.5, {"a": math.nan, "b": 0.5})
        with pytest.raises(ValueError, match="not JSON compliant"):
            window_line(dataclasses.replace(WINDOW, verdict=own))

    @given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=40))
    def test_scores_still_sum_to_one(self, weights: list[float]) -> None:
        """Rounded to six digits, any scores that summed to 1 do so within 1e-5."""
        scores = {f"label {index}": weight / sum(weights) for index, weight in enumerate(weights)}
        written = read(window_line(dataclasses.replace(WINDOW, verdict=Verdict("uncertain", None, 0.5, scores))))
        values = written["scores"]
        assert isinstance(values, dict)
        assert abs(sum(values.values()) - 1) < 1e-5
        assert all(abs(values[label] - score) < 4e-5 for label, score in scores.items())
        assert all(value == round(value, 6) for value in values.values())

    def test_the_largest_score_absorbs_the_rounding_error(self) -> None:
        """Thirty rounded thirtieths sum to 1."""
        scores = {str(number): 1 / 30 for number in range(30)}
        values = read(window_line(dataclasses.replace(WINDOW, verdict=Verdict("uncertain", None, 1 / 30, scores))))
        assert isinstance(values["scores"], dict)
        assert sum(values["scores"].values()) == pytest.approx(1, abs=1e-9)

    def test_no_labels_make_empty_scores(self) -> None:
        """An empty mapping stays an empty object."""
        line = window_line(dataclasses.replace(WINDOW, verdict=Verdict("uncertain", None, None, {})))
        assert read(line)["scores"] == {}


class TestSummary:
    """The line that closes a source."""

    def test_carries_the_values_in_order(self) -> None:
        """Keys and values are the documented ones, in order."""
        values = read(summary_line(SUMMARY))
        assert list(values.items()) == [
            ("type", "summary"),
            ("source", "a.wav"),
            ("windows", 41),
            ("skipped", 0),
            ("overruns", 0),
            ("label", "murmur"),
            ("loudness", None),
            ("confidence", 0.87),
            ("scores", SCORES),
            ("acoustic_scores", ACOUSTIC),
            ("murmur_timing", None),
            ("state", "verdict"),
            ("heart_rate_bpm", 77.5),
            ("heart_rate_variability", None),
            ("judged", 38),
            ("withheld", {"much noise": 2, "no-signal": 1}),
            ("truncated", False),
            ("undelivered", 0),
        ]

    def test_without_scores_values_are_null(self) -> None:
        """A silent recording has only a state."""
        values = read(summary_line(dataclasses.replace(SUMMARY, verdict=Verdict("no-signal"), heart_rate_bpm=None)))
        assert values["state"] == "no-signal"
        keys = ("label", "confidence", "scores", "acoustic_scores", "heart_rate_bpm")
        assert [values[key] for key in keys] == [None] * 5


class TestLive:
    """The lines of a live input."""

    def test_a_device(self) -> None:
        """Every value of the status is under its key; unknown values are null."""
        device = DeviceStatus("lost", "steth", "ALSA", 2, 4000, "gone", None, 3979.91239, -0.005022, 1, 2, 6.06625, 3)
        assert list(read(device_line(device, 14.56475, "2026-01-02T03:04:05.678+00:00")).items()) == [
            ("type", "device"),
            ("at_s", 14.56475),
            ("time", "2026-01-02T03:04:05.678+00:00"),
            ("state", "lost"),
            ("name", "steth"),
            ("host_api", "ALSA"),
            ("channel", 2),
            ("sample_rate", 4000),
            ("message", "gone"),
            ("finding", None),
            ("measured_rate_hz", 3979.912),
            ("drift", -0.005022),
            ("overflows", 1),
            ("reopened", 2),
            ("lost_s", 6.06625),
            ("held_up", 3),
        ]
        assert read(device_line(DeviceStatus("open", "steth", "ALSA", 1, 4000), 0.0))["measured_rate_hz"] is None

    def test_a_recording(self) -> None:
        """Path, seconds, lost samples and error."""
        assert read(recording_line(RecordingStatus(Path("a b.wav"), 12.5, 100, "the disk is full"), 13.0)) == {
            "type": "recording",
            "at_s": 13.0,
            "path": "a b.wav",
            "written_s": 12.5,
            "lost_samples": 100,
            "error": "the disk is full",
            "labels": None,
            "marks": 0,
            "waiting_marks": [],
        }

    def test_the_marks_of_a_recording(self) -> None:
        """The labels file, the marks in it, and the times of those that wait."""
        status = RecordingStatus(Path("a.wav"), 12.5, 0, None, Path("a.labels.txt"), 2, (1.5, 3.0), "the disk is full")
        values = read(recording_line(status, 13.0))
        assert (values["labels"], values["marks"], values["waiting_marks"]) == ("a.labels.txt", 2, [1.5, 3.0])

    def test_an_overload(self) -> None:
        """Whether it lasts, and the windows skipped so far."""
        assert read(overload_line(overloaded=True, skipped=7, at_s=9.5)) == {
            "type": "overload",
            "at_s": 9.5,
            "overloaded": True,
            "skipped": 7,
        }


def test_type_is_written_first() -> None:
    """The first characters of a line identify its type."""
    assert start_line(START).startswith('{"type":"start",')
    assert window_line(WINDOW).startswith('{"type":"window",')
    assert summary_line(SUMMARY).startswith('{"type":"summary",')


def test_needs_neither_numpy_nor_rich() -> None:
    """Importing the modules of lines imports only the standard library."""
    program = (
        "import sys, monitor.text.json_lines, monitor.text.text_lines; print({'numpy', 'rich'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


def test_a_mark_has_number_and_time():
    """Type first, then position, wall-clock time and number, then where it is kept."""
    line = mark_line(Mark(2, 12.5, sample=50_000), "2026-01-02T03:04:05.678+00:00")
    begin = '{"type":"mark","at_s":12.5,"time":"2026-01-02T03:04:05.678+00:00","number":2,'
    assert line == begin + '"path":null,"recorded_s":null,"error":null,"sample":50000}'
    kept = json.loads(mark_line(Mark(2, 12.5, Path("a.labels.txt"), 2.25, "the disk is full")))
    assert (kept["path"], kept["recorded_s"], kept["error"]) == ("a.labels.txt", 2.25, "the disk is full")


def test_the_line_on_the_playback():
    """Every value of the status, the latency to a tenth of a millisecond."""
    from monitor.messages import PlaybackStatus
    from monitor.text.json_lines import playback_line

    status = PlaybackStatus("playing", "Headphones", "bell", 3.0, 102.4449, 1, 15, None)
    assert json.loads(playback_line(status, 12.34567891)) == {
        "type": "playback", "at_s": 12.345679, "state": "playing", "device": "Headphones", "sound": "bell",
        "volume_db": 3.0, "latency_ms": 102.4, "underruns": 1, "skipped_ms": 15, "message": None,
    }  # fmt: skip

"""Odd recordings from the field: the right result for each, as a file, through a pipe and in training."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.errors import RecordingError
from training.data.audio import read_samples

CASES = Path(__file__).parents[3] / "shared" / "cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the odd recordings stand beside the repository")


@dataclasses.dataclass(frozen=True)
class Right:
    """The right result of a case.

    Attributes
    ----------
    seconds : tuple of float
        Least and greatest length that is judged.
    says : str
        In the one line on standard error; empty if nothing is said.
    """

    seconds: tuple[float, float]
    says: str = ""


WHOLE, HALF = Right((11.9, 12.2)), (5.5, 6.1)
TWICE = Right((23.9, 24.3))
MISSING = "damaged or cut short, "

HEARD = {
    "size-data-plus-44.wav": WHOLE,
    "list-size-too-large.wav": WHOLE,
    "size-data-is-a-third.wav": WHOLE,
    "flac-length-half-of-it.flac": WHOLE,
    "mp3-two-joined.mp3": TWICE,
    "ogg-two-joined.ogg": TWICE,
    "chunk-two-files-joined.wav": WHOLE,
    "mp3-cbr-no-xing-with-cover.mp3": WHOLE,
    "vbr-no-xing.mp3": WHOLE,
    "mp3-hole.mp3": Right((11.4, 12.2), MISSING),
    "flac-1khz-cut-half.flac": Right((11.0, 11.4), MISSING),
    "cut-half-browser.ogg": Right((5.0, 6.1), MISSING),
    "cut-half-len-au-right.au": Right(HALF, MISSING),
    "cut-half-len-w64-right.w64": Right(HALF, MISSING),
    "cut-half-sox.sph": Right(HALF, MISSING),
    "cut-half-sox.voc": Right(HALF, MISSING),
    "len-au-zero.au": WHOLE,
    "len-rf64-ds64-ff.wav": WHOLE,
    "len-rf64-ds64-zero.wav": WHOLE,
    "len-ulaw-zero.wav": WHOLE,
    "sox-pipe.aifc": WHOLE,
    "sox-pipe.aiff": WHOLE,
    "sox-pipe.caf": WHOLE,
    "ffmpeg-pipe.caf": WHOLE,
    "ffmpeg-pipe.w64": WHOLE,
    "chunk-odd-list-without-pad.wav": WHOLE,
    "chunk-id3-prepended.wav": WHOLE,
    "fmt-block-align-4-of-mono16.wav": WHOLE,
    "fmt-block-align-zero.wav": WHOLE,
    "fmt-bits-0.wav": WHOLE,
}

HEARD_AS_FILE = {"wfdb.hea": WHOLE, "wfdb.dat": WHOLE}
"""A record is two files: its header in a pipe is refused."""
BY_PYAV = {
    "phone.m4a": WHOLE,
    "phone.aac": WHOLE,
    "browser.webm": WHOLE,
    "webm-named.wav": WHOLE,
}
"""Cases that need an optional package."""

REFUSED = {
    "header-cut-30.wav": "the WAV ends inside its header; copy or record it again",
}


RATES = {
    "level-float-millivolt-units.wav": 72,
    "level-i32-low-16-bits.wav": 72,
    "clean-noise-free.wav": 72,
    "clean-noise-gated.wav": 72,
    "fast-200bpm.wav": 200,
    "fast-220bpm.wav": 220,
}
"""Beats per minute of cases that are judged whole."""
CLIPS = ("clip-1200ms-of-72bpm.wav", "clip-600ms-of-72bpm.wav", "clip-one-thump-800ms.wav")


@pytest.fixture(params=["file", "pipe"])
def replay(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Return a function that replays a case: exit code, JSON lines, lines on standard error."""

    def run(name: str) -> tuple[int, list[dict[str, Any]], list[str]]:
        with contextlib.ExitStack() as stack:
            argument = str(CASES / name)
            if request.param == "pipe":
                stdin = stack.enter_context((CASES / name).open("rb"))
                monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
                argument = "-"
            code = main(["replay", argument, "--json", "--speed", "max"])
        out, err = capfd.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err.splitlines()

    return run


@pytest.mark.parametrize("name", [*HEARD, *BY_PYAV])
def test_what_decodes_is_judged_and_what_is_missing_is_told(replay: Any, name: str) -> None:
    """The windows cover the sound that is there, at 72 bpm; missing sound is one line, a key and exit code 1."""
    if name in BY_PYAV:
        pytest.importorskip("av")
    right = (HEARD | BY_PYAV)[name]
    code, lines, errors = replay(name)
    summary, windows = lines[-1], [line for line in lines if line["type"] == "window"]
    shortest, longest = right.seconds
    assert shortest - 0.51 < windows[-1]["end_s"] <= longest
    assert summary["heart_rate_bpm"] == pytest.approx(72, abs=1)
    assert summary["truncated"] == bool(right.says)
    assert code == bool(right.says)
    assert len(errors) == bool(right.says)
    assert all(right.says in line for line in errors)


@pytest.mark.parametrize("name", RATES)
def test_any_level_and_any_rate_is_judged(replay: Any, name: str) -> None:
    """Very small units, no noise between the beats, a newborn's rate: every window is judged, at the true rate."""
    code, lines, errors = replay(name)
    assert (code, errors) == (0, [])
    assert (lines[-1]["judged"], lines[-1]["withheld"]) == (15, {})
    assert lines[-1]["heart_rate_bpm"] == pytest.approx(RATES[name], abs=3)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_of_fewer_than_two_beats(replay: Any, name: str) -> None:
    """It has neither a heart rate nor a label, and says why."""
    code, lines, _ = replay(name)
    summary = lines[-1]
    assert (code, summary["label"], summary["heart_rate_bpm"]) == (0, None, None)
    assert "no two beats are heard in it" in str(summary["withheld"])


def test_a_stereo_pair_that_cancels(replay: Any) -> None:
    """It is named, with the option that chooses a channel."""
    code, lines, _ = replay("stereo-inverted.wav")
    assert (code, lines[-1]["withheld"]) == (0, {"the channels cancel each other: choose one, --channel 1": 15})


def test_a_slow_regular_heart_has_no_extrasystole(replay: Any) -> None:
    """At 35 bpm no window and no rolling verdict says extrastole, and a rate that is shown is the true one."""
    _, lines, _ = replay("slow-35bpm.wav")
    windows = [line for line in lines if line["type"] == "window"]
    labels = {label for line in windows for label in (line["label"], line["rolling"]["label"])}
    assert "extrastole" not in labels | {lines[-1]["label"]}
    assert all(abs(line["heart_rate_bpm"] - 35) < 3 for line in windows if line["heart_rate_bpm"] is not None)


@pytest.mark.parametrize("name", HEARD_AS_FILE)
def test_a_wfdb_record(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is judged whole by the name of its header or of its samples."""
    assert main(["replay", str(CASES / name), "--json", "--speed", "max"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["heart_rate_bpm"] == pytest.approx(72, abs=1)
    assert summary["truncated"] is False


def test_a_wfdb_header_in_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its samples are in another file: the line says to name it."""
    with (CASES / "wfdb.hea").open("rb") as stdin:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
        assert main(["replay", "-", "--json", "--speed", "max"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "a WFDB header, whose sound is in another file; name it: auscult replay FILE.hea" in err


@pytest.mark.parametrize("name", BY_PYAV)
def test_without_pyav(replay: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One true line on standard error: what to install, or how to convert the file; training says the same."""
    monkeypatch.setitem(sys.modules, "av", None)
    code, lines, errors = replay(name)
    assert (code, lines, len(errors)) == (1, [], 1)
    hint = "which needs PyAV; pip install 'auscult-monitor[formats]', or convert it: ffmpeg -i "
    assert hint in errors[0]
    with pytest.raises(RecordingError) as caught:
        read_samples(CASES / name)
    assert hint in str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named_with_the_next_step(replay: Any, name: str) -> None:
    """One true line on standard error, exit code 1, and nothing else."""
    code, lines, errors = replay(name)
    assert (code, lines, len(errors)) == (1, [], 1)
    assert REFUSED[name] in errors[0]


@pytest.mark.parametrize("name", [*HEARD, *HEARD_AS_FILE, *BY_PYAV])
def test_training_reads_as_much_as_the_monitor(name: str) -> None:
    """The reader of training gives the very length that is judged."""
    if name in BY_PYAV:
        pytest.importorskip("av")
    samples, rate = read_samples(CASES / name)
    right = (HEARD | HEARD_AS_FILE | BY_PYAV)[name]
    assert right.seconds[0] <= len(samples) / rate <= right.seconds[1]


@pytest.mark.parametrize("name", REFUSED)
def test_training_refuses_what_the_monitor_refuses(name: str) -> None:
    """The reason and the command are the same."""
    with pytest.raises(RecordingError) as caught:
        read_samples(CASES / name)
    assert REFUSED[name] in str(caught.value)

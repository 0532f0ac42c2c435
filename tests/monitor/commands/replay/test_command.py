"""`auscult replay`: what it prints, its exit codes, and how it ends."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.features.resample import resampled
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

HEART = phonocardiogram(20.0, HeartParameters(), np.random.default_rng(5)).waveform


@pytest.fixture
def heart_wav(tmp_path):
    """Return a WAV of 20 s of a synthetic heart."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, HEART, 4000)
    return path


@pytest.fixture
def replay(bundle_dir, capsys):
    """Return a call of `auscult replay` that gives exit code, standard output and standard error."""

    def call(*arguments):
        try:
            code = main(["replay", "--model", str(bundle_dir), *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def lines_of(text):
    """Return JSON lines as objects."""
    return [json.loads(line) for line in text.splitlines()]


def windows_of(text):
    """Return the window lines without the latency, which depends on the clock."""
    windows = [line for line in lines_of(text) if line["type"] == "window"]
    for window in windows:
        del window["latency_ms"]
    return windows


def test_json_lines_of_a_recording(replay, heart_wav):
    """Start, one line per window, summary, with the documented keys; scores sum to 1."""
    code, out, err = replay(heart_wav, "--speed", "max", "--json")
    start, *between, summary = lines_of(out)
    windows = [line for line in between if line["type"] == "window"]
    assert (code, err) == (0, "")
    assert {line["type"] for line in between} == {"window", "beat"}
    assert start["type"] == "start"
    assert start["schema"] == 1
    assert (start["source"], start["sample_rate"]) == (str(heart_wav), 4000)
    assert (start["window_s"], start["hop_s"]) == (5.0, 0.5)
    assert [window["index"] for window in windows] == list(range(31))
    assert sum(windows[0]["scores"].values()) == pytest.approx(1.0, abs=1e-5)
    assert set(windows[0]) >= {
        *("type", "index", "start_s", "end_s", "state", "label", "confidence", "scores", "rolling", "quality"),
        *("heart_rate_bpm", "gap", "latency_ms", "short"),
    }
    assert summary["type"] == "summary"
    assert (summary["windows"], summary["skipped"], summary["overruns"]) == (31, 0, 0)


def test_the_int8_network_is_named_in_every_output(replay, heart_wav, bundle_dir):
    """Engine and digest of the start line, and the first text line, are those of the network that ran."""
    float_start, *_ = lines_of(replay(heart_wav, "--speed", "max", "--json")[1])
    code, out, err = replay(heart_wav, "--speed", "max", "--json", "--engine", "litert-int8")
    start, *between, _ = lines_of(out)
    assert (code, err, [line["type"] for line in between].count("window")) == (0, "", 31)
    assert (float_start["engine"], start["engine"]) == ("litert", "litert-int8")
    assert float_start["model_sha256"] == hashlib.sha256((bundle_dir / "model.tflite").read_bytes()).hexdigest()
    assert start["model_sha256"] == hashlib.sha256((bundle_dir / "model-int8.tflite").read_bytes()).hexdigest()
    text = replay(heart_wav, "--speed", "max", "--plain", "--engine", "litert-int8")[1]
    assert "model lenient (litert-int8)" in text.splitlines()[0]


def test_results_are_the_same_at_every_speed(replay, heart_wav):
    """64 times real time and as fast as possible give the same lines, apart from the latency."""
    fast = windows_of(replay(heart_wav, "--speed", "max", "--json")[1])
    assert windows_of(replay(heart_wav, "--speed", "64", "--json")[1]) == fast


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_formats(replay, tmp_path, suffix):
    """Whatever libsndfile reads is played."""
    path = tmp_path / f"heart.{suffix}"
    soundfile.write(path, resampled(HEART, 4000, 44_100), 44_100)
    code, out, _ = replay(path, "--speed", "max", "--json")
    assert code == 0
    assert len(windows_of(out)) in (30, 31)


def test_a_channel_can_be_chosen(replay, tmp_path):
    """`--channel 2` uses the heart in the second channel; the first is silent."""
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([np.zeros_like(HEART), HEART], axis=1), 4000)
    first = windows_of(replay(path, "--channel", "1", "--speed", "max", "--json")[1])
    second = windows_of(replay(path, "--channel", "2", "--speed", "max", "--json")[1])
    assert {window["state"] for window in first} == {"no-signal"}
    assert {window["state"] for window in second} == {"verdict"}


def test_start_and_hop(replay, heart_wav):
    """`--start 10 --hop 1` plays the second half, a window per second."""
    out = replay(heart_wav, "--start", "10", "--hop", "1", "--speed", "max", "--json")[1]
    assert [window["end_s"] for window in windows_of(out)] == [5.0, 6.0, 7.0, 8.0, 9.0, 10.0]


def test_a_short_clip_is_one_window_marked_short(replay, tmp_path):
    """Two seconds are looped to five."""
    path = tmp_path / "short.wav"
    soundfile.write(path, HEART[:8000], 4000)
    windows = windows_of(replay(path, "--speed", "max", "--json")[1])
    assert [(window["index"], window["short"]) for window in windows] == [(0, True)]


def test_plain_lines_where_there_is_no_terminal(replay, heart_wav):
    """Without a terminal and without `--json` there is a line per window and the disclaimer."""
    code, out, _ = replay(heart_wav, "--speed", "max")
    assert code == 0
    assert "research use, not for diagnosis" in out
    assert len(out.splitlines()) == 33
    assert "\x1b" not in out


def test_the_folder_of_a_session_is_its_sound(replay, tmp_path, heart_wav):
    """The lines are those of its sound.flac, also where a folder above it is named."""
    code, out, _ = replay(heart_wav, "--speed", "max", "--json", "--session", "--session-dir", tmp_path / "kept")
    assert code == 0
    (folder,) = (tmp_path / "kept").iterdir()
    again = replay(folder, "--speed", "max", "--json")
    assert again[0] == 0
    assert [window["rolling"]["label"] for window in windows_of(again[1])] == [
        window["rolling"]["label"] for window in windows_of(out)
    ]
    assert lines_of(again[1])[0]["source"] == str(folder / "sound.flac")
    assert lines_of(replay(tmp_path / "kept", "--json", "--speed", "max")[1])[0]["source"] == str(folder / "sound.flac")


def test_the_other_files_are_still_played(replay, tmp_path, heart_wav):
    """A file that cannot be read gets an error line and exit code 1; those around it get start to summary."""
    code, out, err = replay(heart_wav, tmp_path / "missing.wav", heart_wav, "--speed", "max", "--json")
    assert code == 1
    assert [line["type"] for line in lines_of(out) if line["type"] in ("start", "summary")] == ["start", "summary"] * 2
    assert len(err.splitlines()) == 1
    assert "missing.wav" in err


def test_many_recordings_are_one_table(replay, ward):
    """A row for each recording below a folder, in the order of their names, as fast as possible; errors beside it."""
    code, out, err = replay(ward, ward / "missing.wav", "--plain")
    header, *rows = [line.split() for line in out.splitlines()]
    assert header == ["file", "verdict", "confidence", "judged", "bpm"]
    assert [row[0] for row in rows] == [f"{ward}/{name}" for name in ("a.wav", "b.FLAC", "below/c.wav", "quiet.wav")]
    assert rows[0][1] in ("normal", "murmur", "extrastole", "uncertain")
    assert rows[3][1:3] == ["no-signal", "-"]
    assert code == 1
    assert ["z.wav" in err, "missing.wav" in err, len(err.splitlines())] == [True, True, 2]


def test_the_rows_are_the_summaries(replay, ward):
    """Each row says what the last JSON line of its recording says."""
    files = [ward / "a.wav", ward / "b.FLAC"]
    rows = [line.split() for line in replay(*files, "--plain")[1].splitlines()[1:]]
    summaries = [line for line in lines_of(replay(*files, "--speed", "max", "--json")[1]) if line["type"] == "summary"]
    assert [row[0] for row in rows] == [summary["source"] for summary in summaries]
    assert [row[1] for row in rows] == [summary["label"] or summary["state"] for summary in summaries]
    assert [row[2] for row in rows] == [f"{summary['confidence']:.2f}" for summary in summaries]
    assert [row[3] for row in rows] == [f"{summary['judged'] / summary['windows']:.0%}"[:-1] for summary in summaries]


def test_json_lines_of_a_folder(replay, ward):
    """The lines of each recording, as if each had been named."""
    names = [ward / "a.wav", ward / "b.FLAC", ward / "below" / "c.wav", ward / "quiet.wav", ward / "z.wav"]
    of_folder, of_files = (replay(*paths, "--speed", "max", "--json") for paths in ([ward], names))
    assert windows_of(of_folder[1]) == windows_of(of_files[1])
    assert (of_folder[0], of_folder[2]) == (of_files[0], of_files[2])


def test_a_folder_without_a_recording_stops_no_other(replay, tmp_path, heart_wav):
    """One line for it, exit code 1, and the lines of the others."""
    (tmp_path / "empty").mkdir()
    code, out, err = replay(tmp_path / "empty", heart_wav, "--speed", "max", "--json")
    assert (code, len(err.splitlines()), "no recording" in err) == (1, 1, True)
    assert lines_of(out)[-1]["type"] == "summary"


def write_bad(tmp_path, kind):
    """Write a recording that cannot be played and return its path."""
    path = tmp_path / f"{kind}.wav"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("this is not a sound\n" * 50)
    elif kind == "no-samples":
        soundfile.write(path, np.zeros(0, np.float32), 4000)
    elif kind == "nan":
        soundfile.write(path, np.full(24_000, np.nan, np.float32), 4000, subtype="FLOAT")
    elif kind == "truncated":
        soundfile.write(path, HEART, 4000)
        path.write_bytes(path.read_bytes()[:50_000])
    elif kind == "too-slow":
        soundfile.write(path, HEART, 500)
    elif kind == "directory":
        path.mkdir()
    return path


def test_a_truncated_file_is_judged_and_told(replay, tmp_path):
    """What is there is judged; that sound is missing is a key, a line and exit code 1."""
    code, out, err = replay(write_bad(tmp_path, "truncated"), "--speed", "max", "--json")
    assert code == 1
    assert json.loads(out.splitlines()[-1])["truncated"] is True
    assert '"type":"window"' in out
    assert len(err.splitlines()) == 1
    assert "bytes of sound are missing; copy it again" in err


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "no-samples", "nan", "too-slow", "directory"])
def test_bad_files_get_one_clear_line(replay, tmp_path, kind):
    """The file, what is wrong, and the next step; exit code 1, nothing on standard output, no traceback."""
    path = write_bad(tmp_path, kind)
    code, out, err = replay(path, "--speed", "max", "--json")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert path.name in err
    assert ";" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "0.1"],
        ["--speed", "65"],
        ["--speed", "fast"],
        ["--channel", "0"],
        ["--hop", "0"],
        ["--hop", "0.33"],
        ["--hop", "nan"],
        ["--start", "-1"],
        ["--json", "--plain"],
        ["--raw", "s16le"],
        ["--rate", "500"],
        ["--no-such-flag"],
    ],
)
def test_bad_usage_gets_one_line_and_exit_code_2(replay, heart_wav, arguments):
    """The argument, the rule, and where to read more."""
    code, out, err = replay(heart_wav, *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "--help" in err


def test_a_missing_bundle_gets_one_line(heart_wav, capsys):
    """It names the bundle asked for and the command that lists them."""
    assert main(["replay", str(heart_wav), "--model", "no-such-model"]) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "no-such-model" in err
    assert "auscult models" in err


@pytest.fixture
def program(bundle_dir, tmp_path):
    """Return a function that starts `auscult replay` as a process."""
    started = []

    def start(*arguments, **options):
        command = [sys.executable, "-m", "monitor", "replay", "--model", str(bundle_dir), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_standard_input_gives_the_windows_of_the_file(replay, program, heart_wav):
    """A WAV file through a pipe."""
    process = program("-", "--speed", "max", "--json", stdin=subprocess.PIPE)
    out, err = process.communicate(heart_wav.read_bytes(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert windows_of(out.decode()) == windows_of(replay(heart_wav, "--speed", "max", "--json")[1])


def test_headerless_samples_give_the_windows_of_the_file(replay, program, heart_wav):
    """The same samples without a header, with `--raw s16le --rate 4000`."""
    process = program("-", "--raw", "s16le", "--rate", "4000", "--speed", "max", "--json", stdin=subprocess.PIPE)
    samples, _ = soundfile.read(heart_wav, dtype="int16")
    out, _ = process.communicate(samples.tobytes(), timeout=60)
    assert windows_of(out.decode()) == windows_of(replay(heart_wav, "--speed", "max", "--json")[1])


def test_nothing_heavy_is_imported(bundle_dir, heart_wav):
    """Replay needs no training package: none of them is in `sys.modules` afterwards."""
    code = (
        "import sys; from monitor.cli import main; "
        f"code = main(['replay', {str(heart_wav)!r}, '--model', {str(bundle_dir)!r}, '--speed', 'max', '--json']); "
        "heavy = {'tensorflow', 'keras', 'librosa', 'matplotlib', 'sklearn', 'scipy', 'rich'} & set(sys.modules); "
        "print(sorted(heavy), code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[] 0"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send to one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_complete_lines(program, heart_wav, number):
    """Ctrl+C and SIGTERM in the middle: every line is whole, the summary stands, exit code 130, no traceback."""
    process = program(heart_wav, "--speed", "4", "--json", "--loop")
    first = [process.stdout.readline() for _ in range(4)]
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    lines = lines_of((b"".join(first) + out).decode())
    assert process.returncode == 130
    assert err == b""
    assert lines[0]["type"] == "start"
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["windows"] == [line["type"] for line in lines].count("window")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send to one process")
def test_a_signal_ends_a_table_with_whole_rows(program, heart_wav):
    """Ctrl+C between the first row and the last: no half row, no row of what was broken off, exit code 130."""
    process = program(*[heart_wav] * 500, "--plain")
    first = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    lines = (b"".join(first) + out).decode().splitlines()
    assert (process.returncode, err) == (130, b"")
    assert 2 <= len(lines) < 501
    assert len({line.split(maxsplit=1)[1] for line in lines[1:]}) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals to send to one process")
def test_a_signal_ends_a_silent_pipe(program):
    """Ctrl+C also ends the wait for a first byte that never comes."""
    process = program("-", "--json", stdin=subprocess.PIPE)
    sent = threading.Event()
    for _ in range(600):
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGINT)
        sent.wait(0.1)
    assert process.wait(timeout=10) in (130, -signal.SIGINT)


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is told otherwise on Windows")
def test_a_reader_that_goes_away_ends_it_quietly(program, heart_wav):
    """`| head` closes the pipe: no traceback, no message."""
    process = program(heart_wav, "--speed", "16", "--json", "--loop")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    process.stdout = None


class TestTogether:
    """All files at once, as a ward."""

    @pytest.fixture
    def files(self, tmp_path, heart_wav):
        """Return recordings of several rates, one of them a clip, and two with the same name."""
        paths = [heart_wav, tmp_path / "a" / "same.wav", tmp_path / "b" / "same.wav", tmp_path / "clip.flac"]
        sounds = [None, (HEART[:30_000], 4000), (resampled(HEART, 4000, 44_100), 44_100), (HEART[:9000], 4000)]
        for path, sound in zip(paths[1:], sounds[1:], strict=True):
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, *sound)
        return paths

    @pytest.mark.parametrize("options", [(), ("--hop", "0.25"), ("--start", "1", "--channel", "1")])
    def test_each_stream_gives_what_it_gives_alone(self, replay, files, options):
        """Every line is equal but for the stream and the latency."""
        code, out, _ = replay("--together", "--json", "--speed", "max", *options, *files)
        assert code == 0
        for file in files:
            stream = str(file) if file.name == "same.wav" else file.name
            _, alone, _ = replay("--json", "--speed", "max", *options, file)
            expected = lines_of(alone)
            for line in expected:
                line.pop("latency_ms", None)
            assert lines_with(out, stream) == expected

    def test_a_file_that_cannot_be_read_ends_no_other(self, replay, files, tmp_path):
        """One line each, the worst exit code, and the others whole."""
        bad = tmp_path / "bad.wav"
        bad.write_bytes(b"no sound")
        code, out, err = replay("--together", "--json", "--speed", "max", tmp_path / "missing.wav", bad, *files)
        assert code == 1
        assert [line.split(": ")[:2] for line in err.splitlines()] == [
            ["auscult", str(tmp_path / "missing.wav")],
            ["auscult", str(bad)],
        ]
        assert sum(line["type"] == "summary" for line in lines_of(out)) == len(files)

    def test_nothing_to_play_is_an_error(self, replay, tmp_path):
        """Without a readable file there is one line and no output."""
        code, out, err = replay("--together", tmp_path / "missing.wav")
        assert (code, out, len(err.splitlines())) == (1, "", 1)

    @pytest.mark.parametrize(
        "option", [("--session",), ("--site", "AV"), ("--play",), ("--slow", "0.5"), ("--volume", "3")]
    )
    def test_what_is_for_one_file_is_refused(self, replay, files, option):
        """A usage error names the option."""
        code, _, err = replay("--together", *option, *files)
        assert code == 2
        assert f"{option[0]} is for one file at a time" in err


def lines_with(text, stream):
    """Return the JSON lines of one stream, without its name and the latency."""
    lines = [line for line in lines_of(text) if line.pop("stream") == stream]
    for line in lines:
        line.pop("latency_ms", None)
    return lines


def test_beats_are_lines_of_their_own_in_their_order(replay, heart_wav):
    """Each ascending, S1 before S2, behind the first window that ends behind what it needed; alike at every hop."""
    lines = lines_of(replay(heart_wav, "--speed", "max", "--json")[1])
    beats = [line for line in lines if line["type"] == "beat"]
    moments = [beat["s1_s"] or beat["s2_s"] for beat in beats]
    assert len(beats) > 10
    assert moments == sorted(moments)
    assert all(0.5 <= beat["confidence"] <= 1.0 for beat in beats)
    assert all(beat["s1_s"] < beat["s2_s"] for beat in beats if beat["s1_s"] and beat["s2_s"])
    end_s = 0.0
    for line in lines[1:-1]:
        end_s = line.get("end_s", end_s)
        if line["type"] == "beat":
            assert (0.0 if end_s == 5.0 else end_s - 1.2) < (line["s2_s"] or line["s1_s"]) < end_s
    other_hop = lines_of(replay(heart_wav, "--speed", "max", "--json", "--hop", "1")[1])
    assert [line for line in other_hop if line["type"] == "beat"] == beats

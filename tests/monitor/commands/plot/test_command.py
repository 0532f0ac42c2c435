"""`auscult plot`: what it writes, what it refuses, and that it refuses before the work."""

from __future__ import annotations

import contextlib
import csv
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from monitor.cli import main


@pytest.fixture
def heart_wav(tmp_path, heart_waveform):
    """Return a WAV of 10 s of a synthetic heart."""
    path = tmp_path / "heart.wav"
    soundfile.write(path, heart_waveform, 4000)
    return path


@pytest.fixture
def plot(capsys, tmp_path, monkeypatch):
    """Return a call of `auscult plot` that gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        try:
            code = main(["plot", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def no_bundle(monkeypatch):
    """Fail the test that loads a bundle."""

    def load(*_):
        raise RuntimeError("a bundle was loaded")

    monkeypatch.setattr("monitor.commands.plot.command.load_bundle", load)


@pytest.mark.parametrize(("name", "magic"), [("out.png", b"\x89PNG"), ("new/out.svg", b"<?xml"), ("out.PDF", b"%PDF")])
def test_a_figure_is_written(plot, heart_wav, tmp_path, name, magic):
    """In the format of its ending, in a new folder; one line on standard error, none on standard output."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    code, out, err = plot(heart_wav, "-o", name)
    assert (code, out) == (0, "")
    assert err.startswith(f"{name}: ")
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_hop_start_and_channel(plot, tmp_path, heart_waveform):
    """The figure is of the second channel, from 2 s on, at a hop of 1 s."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.stack([np.zeros_like(heart_waveform), heart_waveform], axis=1), 4000)
    code, _, err = plot(path, "-o", "a.svg", "--channel", "1")
    assert (code, "no signal" in err) == (0, True)
    code, _, err = plot(path, "-o", "b.svg", "--channel", "2", "--start", "2", "--hop", "1")
    text = (tmp_path / "b.svg").read_text()
    assert (code, "no signal" in err) == (0, False)
    assert "8.0 s from 2 s on at 4000 Hz" in text
    assert "hop 1 s" in text


def test_several_files_and_one_that_is_missing(plot, tmp_path, heart_wav, heart_waveform):
    """Each gets a figure in the folder; the missing one an error line, and exit code 1."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    soundfile.write(tmp_path / "short.flac", heart_waveform[:8000], 4000)
    code, _, err = plot(heart_wav, "missing.wav", tmp_path / "short.flac", "-o", "seen/")
    assert code == 1
    assert [line.partition(":")[0] for line in err.splitlines()] == ["seen/heart.png", "auscult", "seen/short.png"]
    assert "missing.wav: no such file" in err
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["heart.png", "short.png"]


def test_a_damaged_file_is_drawn_up_to_the_damage(plot, tmp_path, heart_waveform):
    """The figure says so, the error is reported, and the exit code is 1."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.tile(heart_waveform, 4), 4000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    code, _, err = plot(path, "-o", "out.svg")
    assert code == 1
    assert "damaged or cut short" in err
    assert "damaged: ends early" in (tmp_path / "out.svg").read_text()


def test_the_same_recording_gives_the_same_file(plot, heart_wav, tmp_path):
    """Run twice, the figure is the same to the byte."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    contents = []
    for _ in range(2):
        assert plot(heart_wav, "-o", "out.png")[0] == 0
        contents.append((tmp_path / "out.png").read_bytes())
    assert contents[0] == contents[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heart.wav", "out.png"]


@pytest.mark.parametrize(
    "pattern",
    [
        "pascal/set_b/normal_noisynormal*.wav",
        "pascal/set_b/extrastole*.wav",
        "pascal/set_a/artifact*.flac",
        "circor/**/*_AV.flac",
        "not_heart/*.flac",
    ],
)
def test_real_recordings_of_every_kind(plot, shared_data, tmp_path, pattern):
    """Noise, ectopic beats, artifacts, children and lungs are drawn, with their names."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    path = sorted(shared_data.glob(pattern))[0]
    assert plot(path, "-o", "out.svg")[0] == 0
    assert path.name in (tmp_path / "out.svg").read_text(encoding="utf-8")


def test_the_table_joins_with_the_json_lines(plot, tmp_path, heart_wav, capsys):
    """The windows of the table are those of a replay with the same flags: index and times."""
    pytest.importorskip("librosa", reason="the features need the plot extra")
    flags = ["--start", "1", "--hop", "2"]
    assert plot(heart_wav, "--features", "f.csv", *flags)[0] == 0
    main(["replay", str(heart_wav), "--speed", "max", "--json", *flags])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    windows = [(line["index"], line["start_s"], line["end_s"]) for line in lines if line["type"] == "window"]
    with (tmp_path / "f.csv").open(encoding="utf-8") as file:
        rows = [(int(row["index"]), float(row["start_s"]), float(row["end_s"])) for row in csv.DictReader(file)]
    assert rows == windows
    assert rows


def test_an_unknown_model_is_an_error(plot, heart_wav, tmp_path):
    """One line, exit code 1, no figure."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    code, _, err = plot(heart_wav, "-o", "out.png", "--model", "no-such-bundle")
    assert code == 1
    assert "no-such-bundle" in err
    assert not (tmp_path / "out.png").exists()


def test_features_alone_need_no_matplotlib(plot, tmp_path, heart_wav, monkeypatch):
    """A table of all files, without a figure and without matplotlib."""
    pytest.importorskip("librosa", reason="the features need the plot extra")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = plot(heart_wav, heart_wav, "--features", "f.csv", "--per", "file")
    assert (code, out, err) == (0, "", "f.csv: 2 rows\n")
    with (tmp_path / "f.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [str(heart_wav)] * 2
    assert all(float(row["rms"]) > 0 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-o", "out.gif"], "must end in .png, .svg, .pdf"),
        ([], "name a figure with -o, or a table with --features"),
        (["b.wav", "-o", "out.png"], "one figure for 2 files"),
        (["--features", "heart.wav"], "must end in .csv"),
        (["-o", "out.png", "--start", "-1"], "--start must be 0 or more"),
    ],
)
def test_usage_is_checked_before_the_work(plot, no_bundle, heart_wav, arguments, line):
    """One line and exit code 2; the recording is unchanged."""
    before = heart_wav.read_bytes()
    code, _, err = plot(heart_wav, *arguments)
    assert code == 2
    assert line in err
    assert len(err.splitlines()) == 1
    assert heart_wav.read_bytes() == before


@pytest.mark.parametrize(
    ("package", "arguments", "line"),
    [
        ("matplotlib", ["-o", "o.png"], "auscult plot needs matplotlib; pip install 'auscult-monitor[plot]'"),
        ("librosa", ["--features", "f.csv"], "--features needs librosa; pip install 'auscult-monitor[plot]'"),
    ],
)
def test_a_missing_extra_is_named_before_the_work(
    plot, no_bundle, heart_wav, tmp_path, monkeypatch, package, arguments, line
):
    """One line with the command that installs it, exit code 1, nothing written."""
    monkeypatch.setitem(sys.modules, package, None)
    code, _, err = plot(heart_wav, *arguments)
    assert (code, err) == (1, f"auscult: {line}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["heart.wav"]


def test_a_hop_that_does_not_fit_is_a_usage_error(plot, heart_wav):
    """The line names the flag."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    code, _, err = plot(heart_wav, "-o", "o.png", "--hop", "0.33")
    assert code == 2
    assert "--hop 0.33 must be a multiple" in err


def test_an_existing_figure_survives_a_failure(plot, heart_wav, tmp_path, monkeypatch):
    """The old file is whole, and nothing is left beside it."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    (tmp_path / "out.png").write_bytes(b"old")

    def fail(*_):
        raise RuntimeError("scripted failure")

    monkeypatch.setattr("monitor.commands.plot.command.render_figure", fail)
    with pytest.raises(RuntimeError, match="scripted"):
        plot(heart_wav, "-o", "out.png")
    assert (tmp_path / "out.png").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heart.wav", "out.png"]


def test_the_help_imports_neither_package():
    """`auscult plot --help` costs no matplotlib and no librosa."""
    script = (
        "import sys\nfrom monitor.cli import main\n"
        "try:\n    main(['plot', '--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(bool({'matplotlib', 'librosa'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0


def test_a_folder_is_plotted_with_all_that_is_below_it(plot, ward, tmp_path):
    """A figure for each recording; what is none has a line, and exit code 1."""
    pytest.importorskip("matplotlib", reason="figures need the plot extra")
    code, _, err = plot(ward, "-o", "figures/")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["a.png", "b.png", "c.png", "quiet.png"]
    assert (code, "z.wav" in err, len(err.splitlines())) == (1, True, 5)


def test_a_signal_that_a_library_swallows_ends_it_all_the_same(plot, heart_wav, monkeypatch):
    """An exception in a callback is ignored there; the next window, or the next file, sees that a signal came."""

    def render(*_):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return b"figure"

    monkeypatch.setattr("monitor.commands.plot.command.render_figure", render)
    monkeypatch.setattr("monitor.commands.plot.command.check_matplotlib", lambda: None)
    code, out, err = plot(heart_wav, heart_wav.parent / "missing.wav", "-o", "figures/")
    assert (code, out) == (130, "")
    assert "missing.wav" not in err

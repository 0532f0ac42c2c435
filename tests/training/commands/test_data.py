"""``auscult data``: the report, the JSON object, and the errors where nothing can be used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters

LABELS = ("normal", "murmur", "extrastole")


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder per label with five synthetic patients each, in the working folder."""
    monkeypatch.chdir(tmp_path)
    for kind, label in enumerate(LABELS):
        for index in range(5):
            rng = np.random.default_rng([kind, index])
            sound = phonocardiogram(5.5, random_parameters(rng, label=label), rng)
            path = Path("clinic", label, f"p{kind}{index}", "a.wav")
            path.parent.mkdir(parents=True)
            soundfile.write(path, sound.waveform, 4000)
    return Path("clinic")


def report(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> str:
    """Return what ``auscult data`` prints."""
    assert main(["data", *map(str, words)]) == code
    return capsys.readouterr().out


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each row of a table, by label."""
    found = re.findall(r"^ (\S+) +(\d+) +(\S+) +(\S+) +(\d[\d ]*?) {2,}(\S+) +(\d+) +(\S+) $", text, re.MULTILINE)
    return {label: cells for label, *cells in found}


class TestReport:
    """What is printed by default."""

    def test_a_set_that_is_ready(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """There is a row per label, how patients were identified, and the next command."""
        text = report(capsys, clinic)
        assert text.startswith("clinic: clinic\n")
        table = rows(text)
        assert list(table) == [*LABELS, "total"]
        assert table["murmur"] == ["5", "5", "0.46", "4000", "0%", "0", "-"]
        assert table["total"][:2] == ["15", "15"]
        assert "\n  patients are identified by their sub-folders\n" in text
        assert text.splitlines()[-1] == "ready: auscult train clinic --out models/mine"

    def test_problems_are_listed(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Damaged, unlabelled, silent and copied files and patients with two labels have a line; the code stays 0."""
        (clinic / "normal/p00/bad.wav").write_text("no sound", encoding="utf-8")
        (clinic / "loose.wav").touch()
        soundfile.write(clinic / "normal/p00/quiet.wav", np.zeros(30_000), 4000)
        waveform, rate = soundfile.read(clinic / "normal/p01/a.wav")
        (clinic / "murmur/p02").mkdir()
        soundfile.write(clinic / "murmur/p02/copy.wav", waveform / 2, rate)
        text = report(capsys, clinic)
        for line in (
            "  cannot be used: normal/p00/bad.wav: not a recording that can be read",
            "  left out (1), in no label's folder: loose.wav",
            "  silent (1): normal/p00/quiet.wav",
            "  patients with several labels (allowed): clinic/p02",
            "the same sound under two patients, so a split may leak: clinic/murmur/p02/copy.wav and "
            "clinic/normal/p01/a.wav, with different labels",
        ):
            assert f"{line}\n" in text

    def test_the_same_sound_twice(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A copy under the same patient is listed too, and is not called a leak."""
        waveform, rate = soundfile.read(clinic / "normal/p01/a.wav")
        soundfile.write(clinic / "normal/p01/b.wav", waveform, rate)
        text = report(capsys, clinic)
        assert "\nthe same sound twice: clinic/normal/p01/a.wav and clinic/normal/p01/b.wav\n" in text
        assert "leak" not in text

    def test_long_lists_are_cut(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Five of a kind are named, the rest are counted."""
        for index in range(8):
            (clinic / f"loose{index}.wav").touch()
            (clinic / f"normal/p00/bad{index}.wav").touch()
            (clinic / "normal" / f"copy{index}").mkdir()
            soundfile.write(clinic / f"normal/copy{index}/a.wav", np.sin(np.arange(24_000) ** 1.3 / 9) / 2, 4000)
        text = report(capsys, clinic)
        assert "loose3.wav, loose4.wav and 3 more\n" in text
        assert "bad4.wav: is empty (0 bytes)\n  cannot be used: 3 more\n" in text
        assert text.count("so a split may leak: clinic") == 5
        assert "so a split may leak: 23 more pairs\n" in text

    def test_unknown_patients(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """They are counted, and the last line says which choice of --patients allows a training."""
        for label in LABELS:
            for index in range(5):
                (clinic / label / f"p{LABELS.index(label)}{index}").joinpath("a.wav").rename(
                    clinic / label / f"{label}{index}.wav"
                )
        text = report(capsys, clinic)
        assert "\n  patient unknown: 15 recordings\n" in text
        assert rows(text)["normal"][1] == "-"
        last = text.splitlines()[-1]
        assert last.startswith("cannot be trained on yet: 15 recordings have no patient")
        assert "--patients file" in last
        text = report(capsys, clinic, "--patients", "file")
        assert rows(text)["total"][1] == "15"
        assert text.splitlines()[-1] == "ready: auscult train clinic --patients file --out models/mine"
        assert "from patients who are known" in report(capsys, clinic, "--patients", "none").splitlines()[-1]

    def test_set_a(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Its heart sounds are in brackets, with the reason."""
        for name in ("artifact__201012172012.wav", "normal__201101070538.wav"):
            Path("set_a").mkdir(exist_ok=True)
            soundfile.write(Path("set_a", name), np.random.default_rng(len(name)).normal(0, 0.1, 40_000), 44_100)
        text = report(capsys, "set_a", clinic)
        assert list(rows(text))[:2] == ["not-heart", "(normal)"]
        assert "only its artifacts are trained on" in text
        assert "in brackets: not used for training" in text

    def test_a_missing_label(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A label of the default bundle without a recording is named; two labels can be trained on nevertheless."""
        for path in sorted((clinic / "extrastole").glob("*/a.wav")):
            path.unlink()
        text = report(capsys, clinic)
        assert "labels of the default bundle without a recording: extrastole\n" in text
        assert "the folder extrastole holds no recordings" in text
        assert text.splitlines()[-1].startswith("ready: ")

    def test_a_label_in_square_brackets(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Brackets in a label or a path are printed as they are, not read as markup."""
        (clinic / "extrastole").rename(clinic / "[red]odd[-]")
        clinic.rename("my [bold]clinic")
        text = report(capsys, "my [bold]clinic")
        assert text.startswith("my [bold]clinic: my [bold]clinic\n")
        assert "[red]odd[-]" in rows(text)


class TestJson:
    """What ``--json`` prints."""

    def test_one_object(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Standard output holds one line with one object; progress goes to standard error."""
        assert main(["data", str(clinic), "--json"]) == 0
        printed = capsys.readouterr()
        values = json.loads(printed.out)
        assert printed.out.count("\n") == 1
        assert [part["set"] for part in values["sets"]] == ["clinic"]
        assert values["trainable"] is True
        assert printed.err.splitlines() == ["reading recordings (15 steps)"]


class TestErrors:
    """Where there is nothing to read, one line says so and what to do; the exit code is 1."""

    def refused(self, capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
        """Return the last line on standard error."""
        assert main(["data", *map(str, words)]) == 1
        err = capsys.readouterr().err
        assert "Traceback" not in err
        return err.splitlines()[-1]

    @pytest.mark.usefixtures("clinic")
    def test_nothing_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A missing folder, an empty one and a file that is no data set each have their message."""
        Path("empty").mkdir()
        assert "gone: no such folder; name a folder" in self.refused(capsys, "gone")
        assert "empty: no labelled recordings found; put them" in self.refused(capsys, "empty")
        assert "is neither a folder nor a .csv manifest" in self.refused(capsys, "clinic/normal/p00/a.wav")

    def test_one_bad_folder_of_two(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A missing folder is an error even if another folder exists."""
        assert self.refused(capsys, clinic, "gone").startswith("auscult: gone: no such folder")

    def test_a_bad_manifest(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The error names the line of the table."""
        (clinic / "manifest.csv").write_text("path,label,patient\ngone.wav,normal,p1\n", encoding="utf-8")
        line = self.refused(capsys, clinic)
        assert line == f"auscult: {clinic / 'manifest.csv'} line 2: gone.wav is not there; correct that line"

    @pytest.mark.usefixtures("clinic")
    def test_nothing_readable(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Where no file at all can be read, the report is followed by an error."""
        Path("bad/normal/p1").mkdir(parents=True)
        Path("bad/normal/p1/a.wav").touch()
        line = self.refused(capsys, "bad")
        assert line == "auscult: none of the recordings can be read; name a folder with recordings that play"

    def test_usage(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An unknown choice of --patients is a usage error."""
        with pytest.raises(SystemExit) as ended:
            main(["data", str(clinic), "--patients", "all"])
        assert ended.value.code == 2
        assert "--patients" in capsys.readouterr().err


class TestTrainErrors:
    """The same recordings end ``auscult train`` before any work, and nothing is left behind."""

    @pytest.mark.parametrize(
        ("names", "words", "message"),
        [
            (("normal/p1/a.wav", "normal/p2/a.wav"), (), "only the label normal was found; a network needs two labels"),
            (("normal/p1/a.wav", "murmur/p1/a.wav"), (), "has 1 patient, too few for 5 folds; add recordings"),
            (("normal/a.wav", "murmur/b.wav"), (), "2 recordings have no patient"),
            (("normal/a.wav", "murmur/b.wav"), ("--patients", "none"), "from patients who are known; add one that has"),
            (("normal/a.wav", "murmur/b.wav"), ("--patients", "file"), "has 1 patient, too few for 5 folds"),
            (("set_a/artifact__201012172012.wav",), (), "only the label (none) was found"),
        ],
    )
    def test_before_audio_is_read(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        names: tuple[str, ...],
        words: tuple[str, ...],
        message: str,
    ) -> None:
        """One label, one patient, unknown patients: a line with the next step, exit code 1, no folder created."""
        pytest.importorskip("tensorflow", reason="training needs the training extra")
        monkeypatch.chdir(tmp_path)
        for name in names:
            Path("mine", name).parent.mkdir(parents=True, exist_ok=True)
            Path("mine", name).touch()
        assert main(["train", "mine", "--out", "models/mine", *words]) == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.startswith("auscult: ")
        assert message in line
        assert "; " in line
        assert not Path("models").exists()


def test_no_tensorflow_is_needed() -> None:
    """``auscult data`` imports neither TensorFlow nor matplotlib."""
    code = """
import sys, training.commands.data
print([name for name in ("tensorflow", "keras", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_names_of_folders_move_no_cursor(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A label, a patient and a data set whose names hold control characters are shown escaped, on a line each."""
    odd = clinic / "new\x1b[2J\u202elabel"
    (clinic / "murmur").rename(odd)
    whole = clinic.rename("clinic\x1b]0;title\x07")
    assert main(["data", str(whole)]) == 0
    captured = capsys.readouterr()
    assert r"new\x1b[2J" in captured.out
    assert all(line.isprintable() for line in (*captured.out.splitlines(), *captured.err.splitlines()))


class TestEveryFile:
    """Files that are not used are all named, with the reason."""

    @pytest.fixture
    def untidy(self, clinic: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return a folder per label with files that are left out for several reasons; PyAV is not installed."""
        monkeypatch.setitem(sys.modules, "av", None)
        for index in range(7):
            (clinic / f"normal/p00/phone{index}.rec").write_bytes(bytes.fromhex("0000001c66747970") + bytes(50))
        (clinic / "normal/p00/browser.wav").write_bytes(bytes.fromhex("1a45dfa3") + bytes(50))
        (clinic / "normal/p01/._a.wav").write_bytes(b"x")
        (clinic / "notes.txt").write_text("x")
        (clinic / "normal/p01/a.tsv").write_text("0 1 1\n")
        cut = clinic / "normal/p01/a.wav"
        cut.write_bytes(cut.read_bytes()[:-4000])
        return clinic

    def test_the_report(self, untidy: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Reasons have counts, the first few names and the command that converts the first."""
        lines = report(capsys, untidy).splitlines()
        phones = ", ".join(f"clinic/normal/p00/phone{index}.rec" for index in range(5))
        first = "clinic/normal/p00/phone0.rec"
        for line in (
            "files that are left out: 9 of 26",
            f"  an MPEG-4 file (m4a, mp4, 3gp), which needs PyAV (7): {phones} and 2 more; "
            f"pip install 'auscult-monitor[formats]', or convert it: ffmpeg -i {first} -ac 1 {first}.wav",
            "  a text (.txt) (1): clinic/notes.txt",
            "  macOS's shadow of another file, no recording (1): clinic/normal/p01/._a.wav",
            "files read beside the recordings: 1 of 26",
            "  heart sounds annotated, of the recording beside it (1): clinic/normal/p01/a.tsv",
            "  cannot be used: normal/p00/browser.wav: a WebM or Matroska file, which needs PyAV; "
            "pip install 'auscult-monitor[formats]', or convert it: "
            "ffmpeg -i clinic/normal/p00/browser.wav -ac 1 clinic/normal/p00/browser.wav.wav",
            "  damaged or cut short, used as far as it decodes: normal/p01/a.wav: "
            "4000 of 44000 bytes of sound are missing",
        ):
            assert line in lines, line

    def test_verbose(self, untidy: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Every name is printed."""
        for index in range(8):
            (untidy / f"loose{index}.wav").touch()
            (untidy / f"normal/p00/bad{index}.wav").touch()
        text = report(capsys, untidy, "--verbose")
        assert all(f"phone{index}.rec" in text for index in range(7))
        assert all(f"loose{index}.wav" in text and f"bad{index}.wav" in text for index in range(8))
        assert not re.search(r"\d more", text)

    def test_json(self, untidy: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The object names every file, and the counts add up to the files that are there."""
        files = json.loads(report(capsys, untidy, "--json"))["files"]
        there = sum(path.is_file() for path in untidy.rglob("*"))
        counted = sum(group["count"] for kind in ("left_out", "read_beside") for group in files[kind])
        assert files["count"] == there == files["recordings"] + files["dropped"] + counted
        assert len(files["left_out"][0]["files"]) == 7

    def test_a_tidy_folder(self, clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Where every file is used there is nothing to say."""
        assert "files " not in report(capsys, clinic)

    def test_nothing_that_is_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A folder without a labelled recording is an error, after what its files are; with --json the error alone."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setitem(sys.modules, "av", None)
        Path("mine/normal").mkdir(parents=True)
        Path("mine/normal/a.rec").write_bytes(bytes.fromhex("0000001c66747970") + bytes(50))
        assert main(["data", "mine"]) == 1
        printed = capsys.readouterr()
        assert printed.out.splitlines() == [
            "files that are left out: 1 of 1",
            "  an MPEG-4 file (m4a, mp4, 3gp), which needs PyAV (1): mine/normal/a.rec; "
            "pip install 'auscult-monitor[formats]', or convert it: "
            "ffmpeg -i mine/normal/a.rec -ac 1 mine/normal/a.rec.wav",
        ]
        assert printed.err.startswith("auscult: mine: no labelled recordings found")
        assert main(["data", "mine", "--json"]) == 1
        assert capsys.readouterr().out == ""

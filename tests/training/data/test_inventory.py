"""Recordings are counted, and problems are found."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from monitor.errors import RecordingError
from monitor.labels import NON_CARDIAC
from training.data.discovery import read_sets
from training.data.inventory import recording_stats, take_inventory
from training.data.recording import Recording

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, signals: Any) -> Write:
    """Return a writer of recordings, of faint noise by default, below a folder called clinic."""
    count = iter(range(10_000))

    def writes(name: str, seconds: float = 6.0, rate: int = 4000, sound: NDArray[np.float32] | None = None) -> Path:
        path = tmp_path / "clinic" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = signals.noise(round(seconds * rate), seed=next(count)) if sound is None else sound
        soundfile.write(path, samples, rate)
        return path

    return writes


def recording(path: Path, **more: Any) -> Recording:
    """Return a normal heart of one patient."""
    return Recording(path, ("normal",), "p", "set", **more)


class TestOneRecording:
    """Statistics of one recording."""

    def test_rate_and_length(self, write: Write) -> None:
        """Rate and seconds are those of the file."""
        stats = recording_stats(recording(write("a.wav", 2.5, 11_025)))
        assert (stats.sample_rate, stats.seconds) == (11_025, pytest.approx(2.5, abs=1e-3))
        assert not stats.clipped
        assert not stats.silent

    def test_a_part(self, write: Write) -> None:
        """Of a part of a file, only that part is read."""
        assert recording_stats(recording(write("a.wav", 9.0), start_s=2.0, end_s=6.5)).seconds == pytest.approx(4.5)

    @pytest.mark.parametrize(("fraction", "clipped"), [(0.0, False), (0.009, False), (0.02, True), (1.0, True)])
    @pytest.mark.parametrize("level", [1.0, -1.0])
    def test_clipped(self, write: Write, signals: Any, fraction: float, clipped: bool, level: float) -> None:
        """More than one sample in a hundred at full scale, of either sign, is clipped."""
        sound = signals.noise(10_000)
        sound[: round(fraction * 10_000)] = level
        assert recording_stats(recording(write("a.wav", sound=sound))).clipped is clipped

    def test_silence(self, write: Write, signals: Any) -> None:
        """A file of zeros can be read, and is silent."""
        stats = recording_stats(recording(write("a.wav", sound=signals.silence(8000))))
        assert (stats.silent, stats.sounding_s, stats.fingerprint) == (True, 0.0, None)

    def test_damage(self, tmp_path: Path) -> None:
        """A file that cannot be read is an error, as in training."""
        (tmp_path / "a.wav").write_text("no sound", encoding="utf-8")
        with pytest.raises(RecordingError, match=r"a\.wav: not a recording that can be read"):
            recording_stats(recording(tmp_path / "a.wav"))


class TestCounts:
    """The numbers of a set."""

    def test_per_label(self, write: Write) -> None:
        """Recordings, patients, hours, rates and short recordings are counted by label and together."""
        write("normal/p1/a.wav", 6.0)
        write("normal/p1/b.wav", 3.0, 8000)
        write("normal/p2/a.wav", 4.9)
        write("murmur/p3/a.wav", 5.0)
        folder = write("not-heart/cough.wav", 1.0).parents[1]
        (part,) = take_inventory(read_sets([folder]), "auto").sets
        assert list(part.labels) == ["normal", "murmur", NON_CARDIAC]
        normal = part.labels["normal"]
        assert (normal.recordings, normal.patients, normal.short, normal.clipped) == (3, 2, 2, 0)
        assert normal.hours == pytest.approx(13.9 / 3600)
        assert normal.sample_rates == {4000: 2, 8000: 1}
        assert normal.noisy is None
        assert (part.labels["murmur"].short, part.whole.recordings, part.whole.short) == (0, 5, 3)
        assert part.without_patient == 0

    def test_noisy(self, write: Write) -> None:
        """What the data set calls noisy is counted, and a recording without that information is not taken for clean."""
        write("normal__103_1305031931979_B.wav")
        write("murmur__112_1306243000964_A.wav")
        folder = write("murmur_noisymurmur_162_1307101835989_B_1.wav").parent
        (part,) = take_inventory(read_sets([folder]), "auto").sets
        assert (part.whole.noisy, part.labels["murmur"].noisy, part.labels["normal"].noisy) == (1, 1, 0)

    def test_partial_labels(self, write: Write, tmp_path: Path) -> None:
        """A recording that may have several labels is counted under all their names; it makes no label certain."""
        write("a.wav")
        table = tmp_path / "clinic" / "manifest.csv"
        table.write_text("path,label,patient\na.wav,normal|extrastole,p1\n", encoding="utf-8")
        inventory = take_inventory(read_sets([table]), "auto")
        assert list(inventory.sets[0].labels) == ["normal or extrastole"]
        assert inventory.missing_labels == ("normal", "murmur", "extrastole")

    def test_a_patient_in_two_labels(self, write: Write) -> None:
        """Reported, and allowed, for a patient is on one side of a split anyway."""
        for label in ("normal", "murmur"):
            for index in range(6):
                folder = write(f"{label}/p{index if index else label}/a.wav").parents[2]
        inventory = take_inventory(read_sets([folder]), "auto")
        assert inventory.sets[0].several_labels == tuple(f"clinic/p{index}" for index in range(1, 6))
        assert inventory.obstacle is None

    def test_set_a_is_set_aside(self, write: Write) -> None:
        """Its hearts are counted, but neither trained on nor counted for missing labels."""
        write("set_a/normal__201101070538.wav", rate=44_100)
        folder = write("set_a/artifact__201012172012.wav", rate=44_100).parent
        inventory = take_inventory(read_sets([folder]), "auto")
        (part,) = inventory.sets
        assert (list(part.labels), list(part.aside), part.whole.recordings) == ([NON_CARDIAC], ["normal"], 2)
        assert inventory.missing_labels == ("normal", "murmur", "extrastole")
        assert part.without_patient == 0

    def test_a_copy_of_what_is_set_aside_is_no_leak(self, write: Write, heart_waveform: NDArray[np.float32]) -> None:
        """A duplicate counts as trained on only if both recordings are."""
        write("set_a/normal__201101070538.wav", sound=heart_waveform)
        folder = write("set_a/artifact__201012172012.wav", sound=heart_waveform).parent
        (pair,) = take_inventory(read_sets([folder]), "auto").duplicates
        assert not pair.train

    def test_every_file_a_patient(self, write: Write) -> None:
        """With ``file``, unknown patients are counted as one per file."""
        write("normal/a.wav")
        folder = write("normal/b.wav").parents[1]
        assert take_inventory(read_sets([folder]), "auto").sets[0].without_patient == 2
        (part,) = take_inventory(read_sets([folder]), "file").sets
        assert (part.whole.patients, part.without_patient) == (2, 0)

    def test_each_is_read_once(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every recording is opened once, and is one step."""
        for index in range(4):
            folder = write(f"normal/p{index}/a.wav").parents[2]
        opened: list[Path] = []
        monkeypatch.setattr(
            "training.data.inventory.recording_stats", lambda one: opened.append(one.path) or recording_stats(one)
        )
        steps: list[float] = []
        take_inventory(read_sets([folder]), "auto", steps.append)
        assert len(opened) == len(set(opened)) == len(steps) == 4


class TestProblems:
    """Problems are reported, and are no error."""

    def test_unreadable_files(self, write: Write) -> None:
        """Each is listed with the reason, and is in no count; so are files with NaN and empty files."""
        folder = write("normal/p1/good.wav").parents[2]
        write("normal/p1/nan.wav", sound=np.full(8000, np.nan, np.float32))
        soundfile.write(folder / "normal/p1/nan.wav", np.full(8000, np.nan, np.float32), 4000, subtype="FLOAT")
        (folder / "normal/p1/empty.wav").touch()
        (part,) = take_inventory(read_sets([folder]), "auto").sets
        assert part.whole.recordings == part.labels["normal"].recordings == 1
        reasons = {Path(path).name: reason.rpartition(": ")[2] for path, reason in part.unreadable.items()}
        assert reasons == {"nan.wav": "holds NaN or infinite values", "empty.wav": "is empty (0 bytes)"}

    def test_forms_that_need_a_package(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        """A recording of a phone that is named .wav has what it is and the command, beside its error."""
        monkeypatch.setitem(sys.modules, "av", None)
        path = write("normal/p1/good.wav").parents[2] / "normal/p1/phone.wav"
        path.write_bytes(bytes.fromhex("0000001c66747970") + bytes(90))
        (part,) = take_inventory(read_sets([path.parents[2]]), "auto").sets
        assert part.unreadable == {str(path): f"{path}: an MPEG-4 file (m4a, mp4, 3gp), which needs PyAV"}
        form, command = part.foreign[str(path)]
        assert part.to_json()["foreign"] == {str(path): {"form": form, "next_step": command}}
        assert command == f"pip install 'auscult-monitor[formats]', or convert it: ffmpeg -i {path} -ac 1 {path}.wav"

    def test_truncated_files(self, write: Write) -> None:
        """A file that is cut short is counted as far as it decodes, and what is missing is said."""
        path = write("normal/p1/cut.wav")
        path.write_bytes(path.read_bytes()[:-24_000])
        (part,) = take_inventory(read_sets([path.parents[2]]), "auto").sets
        assert (part.whole.recordings, part.unreadable) == (1, {})
        assert part.whole.hours == pytest.approx(3.0 / 3600)
        assert part.truncated == {str(path): "24000 of 48000 bytes of sound are missing"}

    def test_every_file(self, write: Write) -> None:
        """With the folders, every file below them is accounted for."""
        folder = write("normal/p1/a.wav").parents[2]
        (folder / "notes.txt").write_text("x")
        files = take_inventory(read_sets([folder]), "auto", paths=[folder]).files
        assert files is not None
        assert (files.num_files, files.num_recordings, files.left_out[0].reason) == (2, 1, "a text (.txt)")

    def test_silent_files(self, write: Write, signals: Any) -> None:
        """A silent file is listed."""
        path = write("normal/p1/quiet.wav", sound=signals.silence(8000))
        assert take_inventory(read_sets([path.parents[2]]), "auto").sets[0].silent == (str(path),)

    def test_copies(self, write: Write, heart_waveform: NDArray[np.float32]) -> None:
        """The same sound under two patients is a leak; under one patient it is none."""
        write("normal/p1/a.wav", sound=heart_waveform)
        write("normal/p1/copy.wav", sound=heart_waveform * 0.5)
        folder = write("murmur/p2/b.wav", sound=heart_waveform * 0.7).parents[2]
        pairs = take_inventory(read_sets([folder]), "auto").duplicates
        names = {(pair.first.path.name, pair.second.path.name): pair for pair in pairs}
        assert {names_of: pair.across_patients for names_of, pair in names.items()} == {
            ("b.wav", "a.wav"): True,
            ("b.wav", "copy.wav"): True,
            ("a.wav", "copy.wav"): False,
        }
        assert names["b.wav", "a.wav"].across_labels

    @pytest.mark.parametrize(
        ("names", "obstacle"),
        [
            (("normal/p1/a.wav", "normal/p2/a.wav"), "only the label normal was found"),
            (("normal/p1/a.wav", "murmur/p1/b.wav"), "has 1 patient, too few for 5 folds"),
            (("normal/a.wav", "murmur/b.wav"), "2 recordings have no patient"),
            (("not-heart/a.wav", "not_heart/b.wav"), r"only the label (none) was found"),
        ],
    )
    def test_obstacles(self, write: Write, names: tuple[str, ...], obstacle: str) -> None:
        """What would be an error in training is reported, with the next step."""
        for name in names:
            folder = write(name).parents[len(Path(name).parts) - 1]
        message = take_inventory(read_sets([folder]), "auto").obstacle
        assert message is not None
        assert obstacle in message
        assert "; " in message

    def test_missing_labels(self, write: Write) -> None:
        """The labels of the default bundle without a recording are listed; other labels do not matter."""
        write("normal/p1/a.wav")
        folder = write("click/p2/a.wav").parents[2]
        assert take_inventory(read_sets([folder]), "auto").missing_labels == ("murmur", "extrastole")


def test_as_json(write: Write) -> None:
    """Everything is plain JSON: counts, every file that was left out, pairs, and whether it can be trained on."""
    write("normal/p1/a.wav")
    write("loose.wav")
    folder = write("murmur/p1/b.wav", rate=8000).parents[2]
    (folder / "murmur/p1/bad.wav").touch()
    values = json.loads(json.dumps(take_inventory(read_sets([folder]), "auto").to_json()))
    assert set(values) == {"sets", "duplicates", "missing_labels", "trainable", "obstacle", "files"}
    assert values["files"] is None
    (part,) = values["sets"]
    assert (part["set"], part["place"], part["recordings"], part["patients"]) == ("clinic", str(folder), 2, 1)
    assert (part["sample_rates"], part["clipped_share"], part["several_labels"]) == (
        {"4000": 1, "8000": 1},
        0,
        ["clinic/p1"],
    )
    assert part["labels"]["normal"]["recordings"] == 1
    assert list(part["unreadable"]) == [str(folder / "murmur/p1/bad.wav")]
    assert part["dropped"] == {"in no label's folder": [str(folder / "loose.wav")]}
    assert (values["trainable"], values["missing_labels"]) == (False, ["extrastole"])


def test_inventory_of_pascal(shared_data: Path) -> None:
    """Set B: 461 clips, 227 short; set A labels one sound both murmur and extra sound; there is no other duplicate."""
    inventory = take_inventory(read_sets([shared_data / "pascal"]), "auto")
    set_a, set_b = inventory.sets
    assert (set_b.whole.recordings, set_b.whole.patients, set_b.whole.short, set_b.whole.noisy) == (461, 165, 227, 149)
    assert set_b.whole.sample_rates == {4000: 461}
    assert set_a.whole.sample_rates == {11_025: 103, 44_100: 21}
    assert len(set_b.several_labels) == 35
    (pair,) = inventory.duplicates
    assert {pair.first.label, pair.second.label} == {"extrahls", "murmur"}
    assert not pair.across_patients
    assert (inventory.obstacle, inventory.missing_labels) == (None, ())

"""``auscult evaluate``: from a bundle and folders of recordings to metrics."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from monitor.cli import main
from monitor.inference.engine import LiteRTEngine
from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram
from tests.monitor.archive.conftest import write_session


@pytest.fixture(scope="module")
def hearts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder per label: 2 labels, 4 patients each, of 2.5 to 7 s."""
    folder = tmp_path_factory.mktemp("evaluated") / "hearts"
    for kind, label in enumerate(("normal", "murmur")):
        (folder / label).mkdir(parents=True)
        for patient in range(4):
            rng = np.random.default_rng([kind, patient])
            sound = phonocardiogram(2.5 + 1.5 * patient, HeartParameters(), rng).waveform
            soundfile.write(folder / label / f"{label[0]}{patient}_visit_A.wav", sound, 4000)
    return folder


def evaluate_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[dict[str, Any], str]:
    """Run the command with --json; return its object and what it said."""
    assert main(["evaluate", *map(str, arguments), "--repeats", "20", "--json"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    values: dict[str, Any] = json.loads(captured.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return values, captured.err


def test_the_int8_network(hearts: Path, bundle_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--engine` chooses the network; object and table name it."""
    values, _ = evaluate_json(capsys, bundle_dir, hearts, "--engine", "litert-int8")
    assert values["engine"] == "litert-int8"
    assert values["model_sha256"] != evaluate_json(capsys, bundle_dir, hearts)[0]["model_sha256"]
    assert main(["evaluate", str(bundle_dir), str(hearts), "--repeats", "20", "--engine", "litert-int8"]) == 0
    assert "lenient (litert-int8) (" in capsys.readouterr().out


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run the command, which must end with exit code 1 and one line; return the line."""
    assert main(["evaluate", *map(str, arguments)]) == 1
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("auscult: ")]
    assert len(lines) == 1
    assert captured.out == ""
    return lines[0]


def usage(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run the command, which must end with the exit code for usage; return its line."""
    with pytest.raises(SystemExit) as end:
        main(["evaluate", *map(str, arguments)])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_json(bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object has the documented metrics, of all recordings."""
    values, err = evaluate_json(capsys, bundle_dir, hearts)
    assert {"accuracy", "balanced_accuracy", "macro_f1", "auc", "confusion", "calibration_error"} <= set(values)
    assert (values["recordings"], values["patients"]) == (8, 8)
    assert set(values["accuracy"]) == {"value", "low", "high"}
    assert values["confusion"]["labels"] == ["normal", "murmur", "extrastole"]
    assert [sum(row) for row in values["confusion"]["matrix"]] == [4, 4, 0]
    assert values["auc"]["extrastole"]["value"] is None
    assert values["model"] == "lenient"
    assert values["seen_in_training"] is False
    assert list(values["subgroups"]["site"]) == ["A"]
    assert "NOT HELD OUT" not in err


def test_one_engine_scores_all(
    bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is loaded once, not for every recording: recordings are scored one by one, as in an archive."""
    expected, _ = evaluate_json(capsys, bundle_dir, hearts)
    copies: list[LiteRTEngine] = []
    monkeypatch.setattr(LiteRTEngine, "copy", lambda engine: copies.append(engine) or engine)
    values, _ = evaluate_json(capsys, bundle_dir, hearts)
    assert (values, copies) == (expected, [])


def test_sessions(bundle_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labelled stretches are scored, by site too; that sessions have no subject is said beside any output."""
    for kind, label in enumerate(("normal", "murmur")):
        line = {"type": "label", "start_s": 1.0, "end_s": 7.5, "label": label, "source": "manual"}
        folder = write_session(tmp_path / f"session{kind}", [line], subject=None)
        values = json.loads((folder / "session.json").read_text())
        values["sites"] = [{"site": "MV", "start_s": 0.0}]
        (folder / "session.json").write_text(json.dumps(values))
        sound = phonocardiogram(10.0, HeartParameters(), np.random.default_rng(kind)).waveform
        soundfile.write(folder / "sound.flac", sound, 4000)
    values, err = evaluate_json(capsys, bundle_dir, tmp_path)
    assert (values["recordings"], values["patients"], values["windows"]) == (2, 2, 2 * 2)
    assert list(values["subgroups"]["site"]) == ["MV"]
    assert "auscult: 2 sessions have no subject, such as session0; each counts as a patient of its own." in err


def test_the_seed(bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed gives the same object; another seed gives other intervals of the same values."""
    first, _ = evaluate_json(capsys, bundle_dir, hearts, "--seed", 5)
    again, _ = evaluate_json(capsys, bundle_dir, hearts, "--seed", 5)
    other, _ = evaluate_json(capsys, bundle_dir, hearts, "--seed", 6)
    assert first == again
    assert first["auc"]["murmur"]["value"] == other["auc"]["murmur"]["value"]
    assert first["calibration_error"] != other["calibration_error"]


def test_the_hop(bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A shorter hop scores more windows: 2.5, 4, 5.5 and 7 s have 1, 1, 1 and 3 at 1 s, and 1, 1, 2 and 5 at 0.5 s."""
    assert evaluate_json(capsys, bundle_dir, hearts)[0]["windows"] == 2 * 6
    assert evaluate_json(capsys, bundle_dir, hearts, "--hop", "0.5")[0]["windows"] == 2 * 9


def test_tables(bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables go to standard output, progress to standard error."""
    assert main(["evaluate", str(bundle_dir), str(hearts), "--repeats", "20"]) == 0
    captured = capsys.readouterr()
    assert "hearts: 8 recordings of 8 patients (4 murmur, 4 normal)" in captured.out
    assert "balanced accuracy" in captured.out
    assert "Research use, not for diagnosis." in captured.out
    assert "scoring recordings" in captured.err
    assert "scoring" not in captured.out


def test_markdown(bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--markdown`` writes the tables too, into a folder that it creates."""
    path = tmp_path / "new" / "report.md"
    values, err = evaluate_json(capsys, bundle_dir, hearts, "--markdown", path)
    assert f"wrote {path}" in err
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# lenient (")
    assert f"| accuracy | {values['accuracy']['value']:.3f} (" in text


def test_plots(bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--plots`` writes four PNG files."""
    pytest.importorskip("matplotlib", reason="plots need the training extra")
    _, err = evaluate_json(capsys, bundle_dir, hearts, "--plots", tmp_path / "plots")
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "confusion.png",
        "roc.png",
        "reliability.png",
        "coverage.png",
    }
    assert "wrote confusion.png, roc.png" in err


def test_training_data_are_flagged(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A data set named as in the bundle's training data: a flag in JSON, a line on standard error, on every table."""
    seen = shutil.copytree(hearts, tmp_path / "made up")
    values, err = evaluate_json(capsys, bundle_dir, seen)
    assert values["seen_in_training"] is True
    assert "auscult: NOT HELD OUT: lenient was trained on a data set named made up" in err
    assert main(["evaluate", str(bundle_dir), str(seen), "--repeats", "20"]) == 0
    captured = capsys.readouterr()
    assert "NOT HELD OUT" in captured.err
    assert "Overall (not held out)" in captured.out


def test_unreadable_files_are_listed_and_left_out(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken file has its line on standard error, and the others are evaluated."""
    folder = shutil.copytree(hearts, tmp_path / "hearts")
    (folder / "normal" / "n9_broken.wav").write_bytes(b"RIFF")
    soundfile.write(folder / "normal" / "n8_nan.wav", np.full(8000, np.nan), 4000, subtype="FLOAT")
    values, err = evaluate_json(capsys, bundle_dir, folder)
    assert values["recordings"] == 8
    assert len(values["left_out"]["unreadable"]) == 2
    assert "n9_broken.wav: not a recording that can be read" in err
    assert "n8_nan.wav: holds NaN or infinite values" in err
    assert values["left_out"]["truncated"] == {}


def test_truncated_files_are_said(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is cut short is evaluated as far as it decodes, with a line on standard error and a key."""
    folder = shutil.copytree(hearts, tmp_path / "hearts")
    path = next((folder / "normal").glob("*.wav"))
    path.write_bytes(path.read_bytes()[:-8000])
    values, err = evaluate_json(capsys, bundle_dir, folder)
    assert values["recordings"] == 8
    assert list(values["left_out"]["truncated"]) == [str(path)]
    assert f"auscult: damaged or cut short, used as far as it decodes: {path}: 8000 of " in err


def test_no_file_can_be_read(bundle_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a readable file the command ends with one line."""
    for name in ("p1_a.wav", "p2_a.wav"):
        (tmp_path / "x" / "normal").mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / "normal" / name).write_bytes(b"")
    line = fails(capsys, bundle_dir, tmp_path / "x")
    assert "no recording can be read" in line
    assert "and 1 more like it" in line


def test_unknown_labels_are_left_out(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recordings of labels that the bundle does not have are counted by label."""
    folder = shutil.copytree(hearts, tmp_path / "hearts")
    shutil.copytree(folder / "murmur", folder / "gallop")
    values, err = evaluate_json(capsys, bundle_dir, folder)
    assert values["left_out"]["labels"] == {"gallop": 4}
    assert "4 gallop" in err
    assert values["recordings"] == 8


def test_wrong_labels_for_the_bundle(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no label is the bundle's, one line names the labels of both."""
    shutil.copytree(hearts / "normal", tmp_path / "x" / "healthy")
    shutil.copytree(hearts / "murmur", tmp_path / "x" / "ill")
    line = fails(capsys, bundle_dir, tmp_path / "x")
    assert "healthy, ill" in line
    assert "normal, murmur, extrastole" in line


def test_one_label_alone(bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of normal recordings alone, metrics that need both sides are null."""
    shutil.copytree(hearts / "normal", tmp_path / "x" / "normal")
    values, _ = evaluate_json(capsys, bundle_dir, tmp_path / "x")
    assert values["specificity"]["murmur"]["value"] is not None
    assert values["auc"]["murmur"]["value"] is None


def test_non_cardiac_sounds_alone(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of non-cardiac sounds alone, the share of withheld windows is measured."""
    shutil.copytree(hearts / "normal", tmp_path / "not_heart")
    values, _ = evaluate_json(capsys, bundle_dir, tmp_path / "not_heart")
    assert values["no_heart"]["windows_refused"]["value"] is not None
    assert values["accuracy"] == {"value": None, "low": None, "high": None}


def test_the_same_folder_twice_counts_once(bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording that is named twice counts once."""
    assert evaluate_json(capsys, bundle_dir, hearts, hearts)[0]["recordings"] == 8


def test_a_bundle_that_is_not_there(hearts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown bundle ends with one line and the next step."""
    assert "no such model bundle; see what there is with: auscult models" in fails(capsys, "nothing-like-it", hearts)


def test_a_folder_that_is_not_there(bundle_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing folder ends with one line that names it."""
    assert "gone: no such folder" in fails(capsys, bundle_dir, tmp_path / "gone")


def test_paths_that_cannot_be_written(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder in place of a file, or a file in place of a folder, is found before the work."""
    (tmp_path / "file").write_text("kept")
    assert "choose another path with --markdown" in fails(capsys, bundle_dir, hearts, "--markdown", tmp_path)
    under = tmp_path / "file" / "report.md"
    reason = f"{under}: cannot be written ({under.parent} is a file, not a folder)"
    assert reason in fails(capsys, bundle_dir, hearts, "--markdown", under)
    pytest.importorskip("matplotlib", reason="plots need the training extra")
    assert "choose another path with --plots" in fails(capsys, bundle_dir, hearts, "--plots", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_plots_without_matplotlib(
    bundle_dir: Path, hearts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing matplotlib is found before the work, and the line says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = fails(capsys, bundle_dir, hearts, "--plots", tmp_path / "plots")
    assert "--plots needs matplotlib; pip install 'auscult-monitor[train]'" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hop", "0.33"], "--hop 0.33 must be a multiple of 0.025 s"),
        (["--hop", "6"], "--hop 6 must be above 0 and at most the window of 5 s"),
        (["--hop", "nan"], "--hop nan must be a number"),
        (["--repeats", "5"], "--repeats 5 must be 10 or more"),
        (["--seed", "-1"], "--seed -1 must be 0 or more"),
    ],
)
def test_numbers_out_of_range(
    bundle_dir: Path, hearts: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """A number out of range is a usage error that names it."""
    assert words in usage(capsys, bundle_dir, hearts, *arguments)


def test_data_must_be_named(bundle_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without data the command is a usage error."""
    assert "DATA" in usage(capsys, bundle_dir)


def test_no_tensorflow_and_no_matplotlib_are_needed(bundle_dir: Path, hearts: Path) -> None:
    """A bundle is evaluated without the training extra."""
    code = (
        "import sys\n"
        "sys.modules.update({name: None for name in ('tensorflow', 'keras', 'matplotlib', 'sklearn', 'scipy')})\n"
        "from monitor.cli import main\n"
        f"sys.exit(main(['evaluate', {str(bundle_dir)!r}, {str(hearts)!r}, '--repeats', '10', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recordings"] == 8


def test_circor_and_pascal_together(shared_data: Path, bundle_dir: Path, tmp_path: Path, capsys: Any) -> None:
    """Real recordings of both sets, a few of each: the three labels of PASCAL alone, murmurs of both."""
    b = tmp_path / "set_b"
    b.mkdir()
    for path in sorted((shared_data / "pascal" / "set_b").glob("*.wav"))[::40]:
        shutil.copy(path, b)
    children = tmp_path / "circor"
    (children / "training_data").mkdir(parents=True)
    shutil.copy(shared_data / "circor" / "training_data.csv", children)
    for path in sorted((shared_data / "circor" / "training_data").glob("*.flac"))[::60]:
        shutil.copy(path, children / "training_data")
    values, _ = evaluate_json(capsys, bundle_dir, b, children)
    several = sum(sum(row) for row in values["confusion"]["matrix"])
    murmur = values["per_recording"]["murmur"]
    assert several == 12
    assert murmur["positives"] + murmur["negatives"] == values["recordings"] > several
    assert "partially labelled sets" in values["notes"][0]

"""`auscult models pack`, `install`, `pull`, `push` and `export`: as typed, and what they print."""

from __future__ import annotations

import os
import re
import sys

import pytest

from monitor.cli import main
from monitor.inference.bundle import load_bundle


@pytest.fixture
def here(tmp_path, monkeypatch, own_models):
    """Work in an empty folder, with no bundle installed."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return own_models


def lines(capsys):
    """Return what was printed on standard output and on standard error, line by line."""
    out, err = capsys.readouterr()
    return out.splitlines(), err.splitlines()


def test_pack_and_install(here, bundle_dir, capsys):
    """A file is written, and gives a bundle that is used by name."""
    assert main(["models", "pack", str(bundle_dir)]) == 0
    out, (line,) = lines(capsys)
    assert out == []
    assert re.fullmatch(r"lenient\.auscult: \d\.\d MB, for: auscult models install lenient\.auscult", line)
    assert main(["models", "install", "lenient.auscult"]) == 0
    out, (used, without) = lines(capsys)
    assert out == [str(here / "lenient")]
    assert used == "installed; use it with --model lenient, see its card with: auscult models lenient"
    assert without == "without model.keras, which only further training needs: --keras installs it too"
    assert load_bundle("lenient").path == here / "lenient"
    assert main(["models", "lenient"]) == 0
    assert capsys.readouterr().out.startswith("# lenient\n")


def test_nothing_is_replaced_unasked(here, bundle_dir, capsys):
    """Neither a file nor a bundle; --force replaces, --as takes another name, --keras says nothing is missing."""
    assert main(["models", "pack", str(bundle_dir), "-o", "x.auscult"]) == 0
    assert main(["models", "pack", str(bundle_dir), "-o", "x.auscult"]) == 1
    assert "x.auscult exists and is not overwritten; choose another name with -o" in lines(capsys)[1][-1]
    assert main(["models", "pack", str(bundle_dir), "-o", "x.auscult", "--force"]) == 0
    assert main(["models", "install", "x.auscult", "--keras"]) == 0
    assert "without model.keras" not in capsys.readouterr().err
    assert main(["models", "install", "x.auscult"]) == 1
    assert "a bundle lenient is installed already" in capsys.readouterr().err
    assert (
        main(["models", "install", "x.auscult", "--force"])
        == main(["models", "install", "x.auscult", "--as", "b"])
        == 0
    )
    assert sorted(path.name for path in here.iterdir()) == ["b", "lenient"]
    os.mkdir("folder")
    assert main(["models", "pack", str(bundle_dir), "-o", "folder", "--force"]) == 1
    assert "folder is a folder; name a file with -o" in capsys.readouterr().err


def test_the_default_bundle_is_never_hidden(here, capsys):
    """Packed and installed under its own name it is refused, and says what to do."""
    assert main(["models", "pack", "heart-sounds", "-o", "x.auscult"]) == 0
    assert main(["models", "install", "x.auscult", "--force"]) == 1
    assert "came with auscult, which stays; choose another name with --as" in capsys.readouterr().err
    assert main(["models", "install", "x.auscult", "--as", "second"]) == 0
    assert (here / "second" / "plots" / "roc.png").is_file()


def test_push_and_pull(here, bundle_dir, hub, capsys):
    """What is printed is the command that gives exactly this bundle to somebody else."""
    assert main(["models", "push", str(bundle_dir), "hf://clinic/hearts"]) == 0
    (pushed,) = lines(capsys)[1]
    command = pushed.removeprefix("pushed; for others: ").split()
    assert command[:3] == ["auscult", "models", "pull"]
    assert re.fullmatch(r"hf://clinic/hearts@[0-9a-f]{40}", command[3])
    assert main(command[1:]) == 0
    out, said = lines(capsys)
    assert out == [str(here / "lenient")]
    assert said[-1] == f"the same again: {' '.join(command)}"
    assert hub.created[0].get("visibility") == "private" or hub.created[0].get("private") is True


def test_export_is_given_to_the_training_side(here, bundle_dir, monkeypatch, capsys):
    """Without -o the bundle gets the network, with it a file is written; the difference is printed."""
    pytest.importorskip("tensorflow")
    pytest.importorskip("tf2onnx")
    from training.export import onnx_network

    asked = []
    monkeypatch.setattr(onnx_network, "add_onnx", lambda folder: asked.append((folder,)) or 1e-7)
    monkeypatch.setattr(onnx_network, "write_onnx", lambda folder, out: asked.append((folder, out.name)) or 2e-7)
    assert main(["models", "export", str(bundle_dir), "--to", "onnx"]) == 0
    assert main(["models", "export", str(bundle_dir), "--to", "onnx", "-o", "x.onnx"]) == 0
    assert asked == [(bundle_dir,), (bundle_dir, "x.onnx")]
    assert lines(capsys)[1] == [
        f"{bundle_dir / 'model.onnx'}: its scores are within 1.0e-07 of LiteRT's",
        "x.onnx: its scores are within 2.0e-07 of LiteRT's",
    ]
    with open("x.onnx", "w"):
        pass
    assert main(["models", "export", str(bundle_dir), "--to", "onnx", "-o", "x.onnx"]) == 1
    assert "x.onnx exists and is not overwritten" in capsys.readouterr().err


def test_export_without_the_extra(here, bundle_dir, monkeypatch, capsys):
    """One line names what to install."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main(["models", "export", str(bundle_dir), "--to", "onnx"]) == 1
    assert "auscult models export needs onnxruntime; pip install 'auscult-monitor[onnx]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pack", "pack: name the bundle, such as: auscult models pack heart-sounds"),
        ("pack a b", "pack: name the bundle"),
        ("pack a --as b", "pack takes no --as"),
        ("install", "install: name the file, such as: auscult models install NAME.auscult"),
        ("install x -o y", "install takes no -o"),
        ("install x --json", "install takes no --json"),
        ("pull", "pull: name the repository"),
        ("pull hearts", "'hearts' must be hf://owner/name or hf://owner/name@revision"),
        ("pull hf://a/b --public", "pull takes no --public"),
        ("push hf://a/b", "push: say: auscult models push NAME hf://owner/name"),
        ("push a b", "'b' must be hf://owner/name"),
        ("push a hf://a/b --force", "push takes no --force"),
        ("export heart-sounds", "export: name the format with --to onnx"),
        ("export heart-sounds --to onnx --keras", "export takes no --keras"),
    ],
)
def test_wrong_usage(here, words, said, capsys):
    """Exit code 2 and one line that says how it is written."""
    with pytest.raises(SystemExit) as ended:
        main(["models", *words.split()])
    assert ended.value.code == 2
    (line,) = lines(capsys)[1]
    assert line.startswith(f"auscult: {said}")
    assert line.endswith("; see: auscult models --help")


@pytest.mark.parametrize(
    "words", ["pack nothing", "push nothing hf://a/b", "export nothing --to onnx", "install nothing"]
)
def test_what_is_not_there(here, words, capsys):
    """Exit code 1 and one line."""
    assert main(["models", *words.split()]) == 1
    (line,) = lines(capsys)[1]
    assert line.startswith("auscult: nothing: ")

"""`auscult models`: the list of bundles, and their cards."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import types

import pytest

from monitor.cli import main
from monitor.inference.bundle import digest_of_settings, load_bundle, text_of_settings


@pytest.fixture
def own_bundle(bundle_dir, tmp_path, monkeypatch):
    """Return a bundle in ./models of the working folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(bundle_dir, tmp_path / "models" / "lenient")
    return tmp_path / "models" / "lenient"


def test_installed_and_own_bundles_are_listed(own_bundle, capsys):
    """Labels, training data and headline metrics of each; the default is marked."""
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert "heart-sounds (default)" in out
    assert "lenient\n" in out
    assert "normal, murmur, extrastole" in out
    assert out.count("  engines   litert (") == 2
    assert f", litert-int8 ({load_bundle(engine='litert-int8').model_sha256[:8]}), keras (" in out
    assert "PASCAL set B" in out
    assert "balanced accuracy 0." in out


def test_the_card_is_printed(own_bundle, capsys):
    """A name prints the text of `CARD.md`."""
    assert main(["models", "lenient"]) == 0
    assert capsys.readouterr().out == (own_bundle / "CARD.md").read_text(encoding="utf-8")


def test_the_yaml_head_is_not_printed(capsys):
    """The card of the default bundle has a YAML head for model hubs, and its title is the first line printed."""
    assert load_bundle().card.startswith("---\n")
    assert main(["models", "heart-sounds"]) == 0
    assert capsys.readouterr().out.startswith("# heart-sounds\n\nResearch use, not for diagnosis.")


def test_json_is_bundle_json(own_bundle, capsys):
    """`--json` prints an object per bundle."""
    assert main(["models", "--json"]) == 0
    names = [json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()]
    assert names == ["heart-sounds", "lenient"]


def test_an_older_bundle_says_what_it_does_not_tell(older_bundle, tmp_path, monkeypatch, capsys):
    """The whole one has no such line; an older one is listed, and its card printed, like any other."""
    folder = older_bundle("segmentation", "loudness")
    (tmp_path / "models").mkdir()
    folder.rename(tmp_path / "models" / "older")
    monkeypatch.chdir(tmp_path)
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    line = "  not told  S1 and S2, the loudness of a murmur, the timing of a murmur"
    assert [line in part for part in listed.partition("\nolder\n")] == [False, False, True]
    assert main(["models", "older"]) == 0


def test_a_damaged_bundle_is_reported_and_the_others_listed(own_bundle, capsys):
    """One line on standard error, and exit code 1."""
    (own_bundle / "bundle.json").write_text("{", encoding="utf-8")
    assert main(["models"]) == 1
    captured = capsys.readouterr()
    assert "heart-sounds (default)" in captured.out
    assert len(captured.err.splitlines()) == 1


def test_an_unknown_name_is_reported(capsys):
    """One line and exit code 1."""
    assert main(["models", "no-such-model"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_mistyped_name_is_asked_about(capsys):
    """The bundles that there are."""
    assert main(["models", "hart-sound"]) == 1
    assert "no such model bundle; did you mean heart-sounds? see" in capsys.readouterr().err


def test_a_card_moves_no_cursor(monkeypatch, capsys):
    """Line feeds stay, all other control characters are escaped."""
    bundle = types.SimpleNamespace(card="# card\n\x1b]0;title\x07 \u202etext\n")
    monkeypatch.setattr("monitor.commands.setup.models.load_bundle", lambda name: bundle)
    assert main(["models", "odd"]) == 0
    assert capsys.readouterr().out == "# card\n\\x1b]0;title\\x07 \\u202etext\n"


@pytest.mark.parametrize("digests", [None, [], {}, {"model.tflite": None}])
def test_odd_digests_are_listed(digests, monkeypatch, capsys):
    """The list reads no file and refuses no bundle for its digests; loading does."""
    monkeypatch.setattr(
        "monitor.commands.setup.models.read_settings", lambda path: {**load_bundle().settings, "sha256": digests}
    )
    assert main(["models"]) == 0
    assert "  engines   " in capsys.readouterr().out


def test_a_label_adds_no_line_to_the_list(monkeypatch, capsys):
    """Names and labels of a bundle are escaped."""
    settings = load_bundle().settings
    odd = {**settings, "name": "odd\x1b[2J", "labels": ["normal\n  folder    fake", *settings["labels"][1:]]}
    monkeypatch.setattr("monitor.commands.setup.models.read_settings", lambda path: odd)
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    assert len([line for line in out.splitlines() if "folder " in line[:9]]) == 1
    assert all(line.isprintable() for line in out.splitlines())


def listed(change, tmp_path, monkeypatch, capsys):
    """Return exit code, output and error lines of the list, with a changed copy of the default bundle's settings."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models" / "odd"
    folder.mkdir(parents=True)
    settings = dict(load_bundle().settings)
    change(folder, settings)
    if not (folder / "bundle.json").exists():
        settings["settings_sha256"] = digest_of_settings(settings)
        (folder / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
    code = main(["models"])
    captured = capsys.readouterr()
    assert "heart-sounds (default)" in captured.out
    return code, captured.out, captured.err.splitlines()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder, settings: settings.pop("labels"), "(labels is missing)"),
        (lambda folder, settings: settings.update(metrics=[]), "(metrics must be an object)"),
        (lambda folder, settings: settings.update(name=1e308), "(name must be a text"),
        (lambda folder, settings: settings.update(training_data=[{}]), "(training_data.0 must be an object of set"),
        (lambda folder, settings: (folder / "bundle.json").write_text("[" * 100_000), "nested too deeply"),
        (lambda folder, settings: (folder / "bundle.json").write_text('{"format": NaN}'), "must be a finite number"),
        (lambda folder, settings: (folder / "bundle.json").mkdir(), "bundle.json cannot be read"),
        (lambda folder, settings: (folder / "bundle.json").symlink_to("/dev/zero"), "is not a regular file"),
        pytest.param(
            lambda folder, settings: os.mkfifo(folder / "bundle.json"),
            "is not a regular file",
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes"),
        ),
    ],
)
def test_a_bundle_that_cannot_be_used_is_one_line(tmp_path, monkeypatch, capsys, change, words):
    """The line names the key or the cause; the other bundles are listed."""
    code, _, errors = listed(change, tmp_path, monkeypatch, capsys)
    assert code == 1
    assert len(errors) == 1
    assert words in errors[0]


def test_a_bundle_without_metrics_is_listed(tmp_path, monkeypatch, capsys):
    """What only the list shows may be absent; a bundle that calls itself the default is not marked as it."""
    code, out, errors = listed(
        lambda folder, settings: [settings.pop(key) for key in ("metrics", "training_data")],
        tmp_path,
        monkeypatch,
        capsys,
    )
    assert (code, errors) == (0, [])
    assert out.count("(default)") == 1
    assert f"{tmp_path / 'models' / 'odd'}" in out


class Terminal(io.StringIO):
    """Standard output that claims to be a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Return True."""
        return True


def on_terminal(monkeypatch, *arguments):
    """Run auscult on a terminal of 80 columns; return the exit code, and what is shown without its colours."""
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    code = main(arguments)
    return code, re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


def test_on_a_terminal_the_card_is_laid_out(monkeypatch):
    """Headings, tables and lists instead of their marks; no line is wider than the terminal."""
    code, lines = on_terminal(monkeypatch, "models", "heart-sounds")
    assert code == 0
    assert any("heart-sounds" in line for line in lines[:3])  # earlier versions of Rich draw a frame around it
    assert not [line for line in lines if line.startswith(("#", "|", "---"))]
    assert any("PASCAL set B  " in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_card_on_a_terminal_moves_no_cursor(monkeypatch):
    """Nothing but colours: no title, no hyperlink, no direction of writing."""
    card = "# card\n\x1b]0;title\x07 \u202etext [link](https://example.org) `\x1b[2J`\n"
    monkeypatch.setattr("monitor.commands.setup.models.load_bundle", lambda name: types.SimpleNamespace(card=card))
    code, lines = on_terminal(monkeypatch, "models", "odd")
    assert code == 0
    assert all(line.isprintable() for line in lines)
    assert "link" in "".join(lines)


def test_what_a_bundle_lacks(own_bundle, capsys):
    """A bundle that need not have a network, and has not, says so in the list; one that has all says nothing."""
    settings = json.loads((own_bundle / "bundle.json").read_text(encoding="utf-8"))
    for kept, lacks in (
        (("model.tflite",), ["  lacks     int8 network, ONNX network, Keras network, S1 and S2 network"]),
        (("model.tflite", "model-int8.tflite", "model.keras"), ["  lacks     ONNX network, S1 and S2 network"]),
        (("model.tflite", "model-int8.tflite", "model.keras", "model.onnx"), ["  lacks     S1 and S2 network"]),
        (("model.tflite", "model-int8.tflite", "model.keras", "model.onnx", "segmentation.tflite"), []),
    ):
        settings["sha256"] = dict.fromkeys(kept, "0" * 64)
        settings["settings_sha256"] = digest_of_settings(settings)
        (own_bundle / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
        assert main(["models"]) == 0
        mine = capsys.readouterr().out.partition("lenient\n")[2]
        assert [line for line in mine.splitlines() if line.startswith("  lacks")] == lacks


@pytest.mark.parametrize("words", [["a", "b"], ["--keras"], ["heart-sounds", "--to", "onnx"], ["--force"], ["-o", "x"]])
def test_wrong_usage(words, capsys):
    """Two bundles at once, or an option of something that was not asked for: exit code 2, one line."""
    with pytest.raises(SystemExit) as ended:
        main(["models", *words])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("see: auscult models --help")

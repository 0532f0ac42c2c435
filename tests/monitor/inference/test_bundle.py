"""A bundle loads only if every byte is as written and the network reproduces the scores it was shipped with."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import BundleError
from monitor.features.spec import HEART
from monitor.features.spectrogram import input_image
from monitor.inference import bundle as bundle_module
from monitor.inference.bundle import (
    FORMAT,
    INT8_TOLERANCE,
    TOLERANCE,
    Bundle,
    digest_of_settings,
    list_bundles,
    load_bundle,
    read_settings,
    text_of_settings,
)
from monitor.inference.bundle_schema import OPTIONAL_PARTS

FILES = (
    "CARD.md",
    "bundle.json",
    "check.npz",
    "model-int8.tflite",
    "model.keras",
    "model.tflite",
    "segmentation.tflite",
)


@pytest.fixture
def copy(bundle_dir: Path, tmp_path: Path) -> Path:
    """Return the folder of a bundle that the test may damage."""
    return Path(shutil.copytree(bundle_dir, tmp_path / "copy"))


@pytest.fixture(scope="module")
def loaded(bundle_dir: Path) -> Bundle:
    """Return the loaded bundle."""
    return load_bundle(bundle_dir)


def refusal(path: Path, **options: Any) -> str:
    """Return the line that refuses a bundle."""
    with pytest.raises(BundleError) as caught:
        load_bundle(path, **options)
    line = str(caught.value)
    assert "\n" not in line
    assert caught.value.next_step
    return line


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def sign_again(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the settings of a bundle and update all digests, as a forger would."""
    settings = json.loads((path / "bundle.json").read_text(encoding="utf-8"))
    settings["sha256"] = {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in settings["sha256"]}
    change(settings)
    settings["settings_sha256"] = digest_of_settings(settings)
    (path / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")


def test_loads(loaded: Bundle, bundle_dir: Path) -> None:
    """A complete bundle gives name, labels, settings and card."""
    assert (loaded.name, loaded.path) == ("lenient", bundle_dir)
    assert loaded.labels == ("normal", "murmur", "extrastole")
    assert loaded.spec == HEART
    assert loaded.settings["format"] == FORMAT
    assert loaded.model_sha256 == hashlib.sha256((bundle_dir / "model.tflite").read_bytes()).hexdigest()
    assert loaded.card.startswith("# lenient")


@pytest.mark.parametrize("without", [("segmentation",), ("loudness",), ("murmur_timing",), tuple(OPTIONAL_PARTS)])
def test_an_older_bundle_loads(
    older_bundle: Callable[..., Path], heart_waveform: NDArray[np.float32], without: tuple[str, ...]
) -> None:
    """Without the parts that came later it gives the scores of the whole one, and has none in their place."""
    older, whole = load_bundle(older_bundle(*without)), load_bundle()
    parts = {"segmentation": older.segmentation, "loudness": older.loudness, "murmur_timing": older.timing}
    assert {key for key, part in parts.items() if part is None} == set(without)
    image = input_image(heart_waveform[:20_000], HEART)
    assert older.scores(image) == whole.scores(image)
    assert older.finds_heart_sounds is ("segmentation" not in without)


def test_the_files_of_the_format(bundle_dir: Path) -> None:
    """The folder holds the files of the format and nothing else; bundle.json has the digest of each other file."""
    assert sorted(path.name for path in bundle_dir.iterdir()) == sorted(FILES)
    assert sorted(read_settings(bundle_dir)["sha256"]) == sorted(set(FILES) - {"bundle.json"})


def test_scores_are_probabilities_of_the_labels(loaded: Bundle, heart_waveform: NDArray[np.float32]) -> None:
    """One image gives one score per label, in order, and they sum to 1."""
    scores = loaded.scores(input_image(heart_waveform[:20_000], loaded.spec))
    assert tuple(scores) == loaded.labels
    assert sum(scores.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(type(score) is float and 0 <= score <= 1 for score in scores.values())


def test_keras_and_litert_agree(
    bundle_dir: Path, loaded: Bundle, heart_waveform: NDArray[np.float32], signals: Any
) -> None:
    """The two engines give every score within 1e-5 of each other, for a heart, silence, noise and a tone."""
    pytest.importorskip("tensorflow", reason="the Keras engine needs the training extra")
    keras = load_bundle(bundle_dir, engine="keras")
    sounds = (heart_waveform[:20_000], signals.silence(20_000), signals.noise(20_000), signals.tone(100.0, 20_000))
    for sound in sounds:
        image = input_image(sound, HEART)
        assert keras.scores(image) == pytest.approx(loaded.scores(image), abs=1e-5)


@pytest.mark.parametrize("name", [name for name in FILES if name != "bundle.json"])
@pytest.mark.parametrize("where", ["first", "last", *range(4)])
def test_one_bit_of_a_file(copy: Path, name: str, where: str | int) -> None:
    """One bit flipped anywhere in any file: refused in a line that names the file."""
    bits = 8 * (copy / name).stat().st_size
    positions = {"first": 0, "last": bits - 1}
    flip(copy / name, positions.get(str(where), random.Random(f"{name}{where}").randrange(bits)))
    assert f"{name} is damaged" in refusal(copy)


@pytest.mark.slow
def test_one_bit_anywhere_in_the_settings(copy: Path) -> None:
    """One bit flipped anywhere in bundle.json is refused, also where the values stay the same: 1000 positions tried."""
    path = copy / "bundle.json"
    content = path.read_bytes()
    for position in random.Random(1).sample(range(8 * len(content)), 1000):
        flip(path, position)
        with pytest.raises(BundleError, match=r"bundle\.json|bundle format"):
            read_settings(copy)
        path.write_bytes(content)
    assert load_bundle(copy).name == "lenient"


@pytest.mark.parametrize(
    ("old", "new"), [('"window_s": 5.0', '"window_s": 5.00'), ('  "format"', ' "format"'), ("}\n", "}")]
)
def test_the_same_settings_spelled_differently(copy: Path, old: str, new: str) -> None:
    """Another spelling of the same values counts as damaged."""
    path = copy / "bundle.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(new.join(text.rsplit(old, 1)), encoding="utf-8", newline="\n")
    assert "bundle.json is damaged" in refusal(copy)


def test_settings_with_other_line_ends(copy: Path) -> None:
    """Line ends that a checkout on Windows may have changed do not matter in bundle.json."""
    path = copy / "bundle.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_bundle(copy).name == "lenient"


@pytest.mark.parametrize("name", [name for name in FILES if name != "bundle.json"])
def test_a_missing_file(copy: Path, name: str) -> None:
    """The message names the file that is gone."""
    (copy / name).unlink()
    assert f"{name} is missing" in refusal(copy)


@pytest.mark.parametrize("name", [name for name in FILES if name != "bundle.json"])
def test_a_file_cut_short(copy: Path, name: str) -> None:
    """The message names the file whose end is missing."""
    (copy / name).write_bytes((copy / name).read_bytes()[:-1])
    assert f"{name} is damaged" in refusal(copy)


def test_no_such_folder(tmp_path: Path) -> None:
    """The message names the folder, and the command that lists the bundles."""
    line = refusal(tmp_path / "absent")
    assert line == f"{tmp_path / 'absent'}: no such model bundle; see what there is with: auscult models"
    (tmp_path / "file").write_text("")
    assert "file: it is a file, not a folder; see" in refusal(tmp_path / "file")


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    """A folder without bundle.json has a message of its own."""
    assert "that folder holds no bundle.json" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe{}", "cannot be read"),
        (b"not json", "cannot be read"),
        (b"[1, 2]", "is not a bundle's"),
        (b"{}", "is not a bundle's"),
        (b'{"format": 1}', "is damaged"),
        (b'{"format": 2}', "bundle format 2, but this auscult reads format 1"),
        (b'{"format": "1"}', "bundle format '1', but"),
    ],
)
def test_settings_that_cannot_be_read(copy: Path, content: bytes, words: str) -> None:
    """Whatever bundle.json contains, one line says what is wrong with it."""
    (copy / "bundle.json").write_bytes(content)
    assert words in refusal(copy)


def test_another_format_version(copy: Path) -> None:
    """A complete bundle of another format version is refused; the message has both versions."""
    sign_again(copy, lambda settings: settings.update(format=FORMAT + 1))
    assert f"bundle format {FORMAT + 1}, but this auscult reads format {FORMAT}" in refusal(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", None),
        ("labels", 3),
        ("spectrogram", {"kind": "music"}),
        ("spectrogram", None),
        ("spectrogram", {"sample_rate": "4000"}),
        ("calibration", {"kind": "softmax", "temperature": 0, "bias": []}),
        ("calibration", {}),
        ("calibration", "softmax"),
        ("decision", {"certainty": 1}),
        ("decision", [0.5]),
        ("operating_point", 0.3),
        ("operating_point", {"label": "murmur"}),
        ("operating_point", {"label": "murmur", "possible_from": 1.5}),
        ("operating_point", {"label": "", "possible_from": 0.5}),
        ("loudness", {"weight": "much", "bias": 0.0}),
        ("loudness", {"weight": 1.0}),
        ("loudness", []),
    ],
)
def test_a_setting_that_cannot_be_used(copy: Path, key: str, value: object) -> None:
    """An invalid setting is refused when the bundle is loaded, not when it is used."""
    sign_again(copy, lambda settings: settings.update({key: value}))
    assert "bundle.json has a setting that cannot be used" in refusal(copy)


def test_the_operating_point(copy: Path) -> None:
    """A bundle of before it says of nothing that it is possible."""
    sign_again(copy, lambda settings: settings.pop("operating_point", None))
    assert load_bundle(copy).decision.possible is None
    sign_again(copy, lambda settings: settings.update(operating_point={"label": "murmur", "possible_from": 0.3}))
    assert load_bundle(copy).decision.possible == ("murmur", 0.3)


@pytest.mark.parametrize("key", ["name", "labels", "spectrogram", "calibration", "decision"])
def test_a_setting_that_is_missing(copy: Path, key: str) -> None:
    """The message names the missing setting."""
    sign_again(copy, lambda settings: settings.pop(key))
    assert f"bundle.json has a setting that cannot be used ({key} is missing)" in refusal(copy)


@pytest.mark.parametrize("digests", [None, [], "x"])
def test_no_digests(copy: Path, digests: object) -> None:
    """Without digests nothing can be verified."""
    sign_again(copy, lambda settings: settings.update(sha256=digests))
    assert "bundle.json names no files" in refusal(copy)


@pytest.mark.parametrize(
    ("name", "engine"), [("model.tflite", "litert"), ("check.npz", "litert"), ("model.keras", "keras")]
)
def test_a_digest_that_is_missing(copy: Path, name: str, engine: str) -> None:
    """Every file that is read must have a digest."""
    sign_again(copy, lambda settings: settings["sha256"].pop(name))
    words = "this bundle has no Keras network" if engine == "keras" else f"bundle.json does not name {name}"
    assert words in refusal(copy, engine=engine)


def write_check(path: Path, **arrays: NDArray[Any]) -> None:
    """Write another check input with its expected scores."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    (path / "check.npz").write_bytes(buffer.getvalue())


def check_of(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the check input and its expected scores."""
    with np.load(path / "check.npz") as check:
        return check["tensor"], check["scores"]


@pytest.mark.parametrize("off", [3 * TOLERANCE, -0.2, np.nan])
def test_other_scores_than_shipped(copy: Path, off: float) -> None:
    """The self-check refuses a network that gives other scores than those shipped, though every digest matches."""
    tensor, scores = check_of(copy)
    write_check(copy, tensor=tensor, scores=scores + np.array([off, 0.0, 0.0]))
    sign_again(copy, lambda settings: None)
    assert "the self-check failed, the network gives other scores than it was shipped with" in refusal(copy)


def test_scores_within_the_tolerance(copy: Path) -> None:
    """The rounding differences of another machine are accepted."""
    tensor, scores = check_of(copy)
    write_check(copy, tensor=tensor, scores=scores + 0.5 * TOLERANCE)
    sign_again(copy, lambda settings: None)
    assert load_bundle(copy).name == "lenient"


def test_other_labels_than_the_network(copy: Path) -> None:
    """One label fewer than the network was trained with is refused, with a calibration that fits as well."""
    sign_again(copy, lambda settings: settings["labels"].pop())
    assert "calibration.bias must have one item per label, or none" in refusal(copy)
    sign_again(copy, lambda settings: settings["calibration"].update(bias=[], given=[]))
    assert "the self-check could not be run (scores of check.npz must be an array (2,) of float64)" in refusal(copy)


def test_another_calibration(copy: Path) -> None:
    """A temperature other than the one shipped gives other scores, so it does not pass the self-check."""
    sign_again(copy, lambda settings: settings["calibration"].update(temperature=2.0))
    assert "the self-check failed" in refusal(copy)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"text"])
def test_a_check_that_cannot_be_run(copy: Path, content: bytes) -> None:
    """A check input that is no archive is refused, also if the digest matches."""
    (copy / "check.npz").write_bytes(content)
    sign_again(copy, lambda settings: None)
    assert "the self-check could not be run" in refusal(copy)


def test_a_check_image_of_another_shape(copy: Path) -> None:
    """A check input that does not fit the network is refused."""
    _, scores = check_of(copy)
    write_check(copy, tensor=np.zeros((32, 32, 3), np.float32), scores=scores)
    sign_again(copy, lambda settings: None)
    assert "the self-check could not be run" in refusal(copy)


def test_a_network_that_cannot_be_read(copy: Path) -> None:
    """A model.tflite that is no network is refused, also if the digest matches."""
    (copy / "model.tflite").write_bytes(b"no network")
    sign_again(copy, lambda settings: None)
    assert "the network is not one that LiteRT can run" in refusal(copy)


def int8_check_of(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of the check input."""
    with np.load(path / "check.npz") as check:
        return dict(check)


def without_int8(path: Path) -> None:
    """Make a bundle one of those that were written before there was an int8 network."""
    (path / "model-int8.tflite").unlink()
    settings = json.loads((path / "bundle.json").read_text(encoding="utf-8"))
    del settings["sha256"]["model-int8.tflite"]
    (path / "bundle.json").write_text(text_of_settings(settings), encoding="utf-8", newline="\n")
    arrays = int8_check_of(path)
    write_check(path, tensor=arrays["tensor"], scores=arrays["scores"])
    sign_again(path, lambda settings: None)


class TestInt8:
    """The int8 network of a bundle: another file, another digest, nearly the scores of the float one."""

    @pytest.fixture
    def int8(self, bundle_dir: Path) -> Bundle:
        """Return the bundle with its int8 network."""
        return load_bundle(bundle_dir, engine="litert-int8")

    def test_says_what_runs(self, int8: Bundle, loaded: Bundle, bundle_dir: Path) -> None:
        """Engine and digest are those of the int8 file, so that its scores cannot pass for the float network's."""
        assert (int8.engine_name, loaded.engine_name) == ("litert-int8", "litert")
        assert int8.model_sha256 == hashlib.sha256((bundle_dir / "model-int8.tflite").read_bytes()).hexdigest()
        assert int8.model_sha256 != loaded.model_sha256

    def test_scores_are_near_those_of_the_float_network(
        self, int8: Bundle, loaded: Bundle, heart_waveform: NDArray[np.float32]
    ) -> None:
        """Other scores, within the largest difference that was measured on 23687 windows of real recordings."""
        image = input_image(heart_waveform[:20_000], HEART)
        one, other = (np.array(list(bundle.scores(image).values())) for bundle in (loaded, int8))
        assert 0.0 < np.abs(one - other).max() < 0.018

    def test_an_older_bundle(self, copy: Path) -> None:
        """A bundle without int8 and ONNX network loads as ever; asked for one, it says in one line what to do."""
        without_int8(copy)
        assert load_bundle(copy).engine_name == "litert"
        assert refusal(copy, engine="onnx") == (
            f"{copy}: this bundle has no ONNX network; use the engine litert, or add one: "
            f"auscult models export {copy} --to onnx"
        )
        assert refusal(copy, engine="litert-int8") == (
            f"{copy}: this bundle has no int8 network; use the engine litert, or add one: "
            f"python -m training.export.int8 {copy}"
        )

    @pytest.mark.parametrize("off", [3 * INT8_TOLERANCE, -0.2, np.nan])
    def test_other_scores_than_shipped(self, copy: Path, off: float) -> None:
        """Its self-check has scores of its own; those of the float network are not looked at."""
        arrays = int8_check_of(copy)
        write_check(copy, **{**arrays, "scores_int8": arrays["scores_int8"] + np.array([off, 0.0, 0.0])})
        sign_again(copy, lambda settings: None)
        assert load_bundle(copy).engine_name == "litert"
        assert "the self-check failed" in refusal(copy, engine="litert-int8")

    def test_scores_within_the_tolerance(self, copy: Path) -> None:
        """An activation that another machine rounds to the next step of 8 bits is accepted."""
        arrays = int8_check_of(copy)
        write_check(copy, **{**arrays, "scores_int8": arrays["scores_int8"] + 0.5 * INT8_TOLERANCE})
        sign_again(copy, lambda settings: None)
        assert load_bundle(copy, engine="litert-int8").name == "lenient"

    def test_a_check_without_its_scores(self, copy: Path) -> None:
        """A network that cannot be checked does not run."""
        arrays = int8_check_of(copy)
        write_check(copy, tensor=arrays["tensor"], scores=arrays["scores"])
        sign_again(copy, lambda settings: None)
        assert "the self-check could not be run (check.npz holds no scores_int8)" in refusal(copy, engine="litert-int8")


@pytest.mark.parametrize(
    ("file", "other", "engine"),
    [("model-int8.tflite", "model.tflite", "litert-int8"), ("model.tflite", "model-int8.tflite", "litert")],
)
def test_one_network_in_the_place_of_the_other(copy: Path, file: str, other: str, engine: str) -> None:
    """With every digest right, the self-check still tells the two networks apart."""
    shutil.copy(copy / other, copy / file)
    sign_again(copy, lambda settings: None)
    assert "the self-check failed" in refusal(copy, engine=engine)


def test_an_unknown_engine(bundle_dir: Path) -> None:
    """An engine that does not exist is the caller's mistake."""
    with pytest.raises(ValueError, match="engine='torch' must be one of litert, litert-int8, onnx, keras"):
        load_bundle(bundle_dir, engine="torch")


@pytest.mark.parametrize(
    "name", ["/dev/zero", "../../etc/passwd", "a\x00b", "bundle.json", "plots/../../x.png", "notes.txt", "", "plots"]
)
def test_a_file_that_is_none_of_a_bundle(copy: Path, name: str) -> None:
    """Whatever else `sha256` names is never opened."""
    sign_again(copy, lambda settings: settings["sha256"].update({name: "0" * 64}))
    assert "which is no file of a bundle" in refusal(copy)


def test_a_card_that_is_no_text(copy: Path) -> None:
    """Bytes of the card that are no UTF-8 are replaced; a card that is gone is an error in one line."""
    (copy / "CARD.md").write_bytes(b"# caf\xe9\r\n")
    sign_again(copy, lambda settings: None)
    bundle = load_bundle(copy)
    assert bundle.card == "# caf\ufffd\n"
    (copy / "CARD.md").unlink()
    with pytest.raises(BundleError, match=r"CARD\.md is missing"):
        _ = bundle.card


@pytest.mark.parametrize("change", [{"frame_s": 0.01}, {"frame_hop_s": 0.1}])
def test_an_image_that_cannot_be_computed(copy: Path, change: dict[str, float]) -> None:
    """Settings of the image that only its computation can refuse are refused when the bundle is loaded."""
    sign_again(copy, lambda settings: settings["spectrogram"].update(change))
    assert "bundle.json has a setting that cannot be used (spectrogram: " in refusal(copy)


class TestNames:
    """A bundle is found by name, installed or under ``./models``, or by folder."""

    @pytest.fixture(autouse=True)
    def empty_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Work in an empty folder, with another empty one for the installed bundles."""
        (tmp_path / "installed").mkdir()
        (tmp_path / "here").mkdir()
        monkeypatch.setattr(bundle_module, "INSTALLED", tmp_path / "installed")
        monkeypatch.setattr(bundle_module, "own_bundles", lambda: tmp_path / "own")
        monkeypatch.chdir(tmp_path / "here")

    def test_installed(self, bundle_dir: Path, tmp_path: Path) -> None:
        """A name finds the installed bundle of that name."""
        shutil.copytree(bundle_dir, tmp_path / "installed" / "mine")
        assert load_bundle("mine").path == tmp_path / "installed" / "mine"

    def test_under_models_here(self, bundle_dir: Path) -> None:
        """A name finds the bundle under ``./models`` too."""
        shutil.copytree(bundle_dir, "models/mine")
        assert load_bundle("mine").path == Path("models/mine")

    def test_installed_first(self, bundle_dir: Path, tmp_path: Path) -> None:
        """Of two bundles with one name, the installed one is loaded."""
        shutil.copytree(bundle_dir, "models/mine")
        shutil.copytree(bundle_dir, tmp_path / "installed" / "mine")
        assert load_bundle("mine").path == tmp_path / "installed" / "mine"

    def test_of_ones_own(self, bundle_dir: Path, tmp_path: Path) -> None:
        """A bundle that was installed is found from every folder, after those with the same name here."""
        shutil.copytree(bundle_dir, tmp_path / "own" / "mine")
        assert load_bundle("mine").path == tmp_path / "own" / "mine"
        assert list_bundles() == [(tmp_path / "own" / "mine").resolve()]
        shutil.copytree(bundle_dir, "models/mine")
        assert load_bundle("mine").path == Path("models/mine")

    @pytest.mark.parametrize("given", ["some/folder", "./some/folder", Path("some/folder")])
    def test_a_folder(self, bundle_dir: Path, given: str | Path) -> None:
        """A folder is taken as it is given."""
        shutil.copytree(bundle_dir, "some/folder")
        assert load_bundle(given).path == Path("some/folder")

    @pytest.mark.parametrize("given", ["folder", Path("folder")])
    def test_a_folder_right_here(self, bundle_dir: Path, given: str | Path) -> None:
        """A folder without a slash is found too, when it holds a bundle."""
        shutil.copytree(bundle_dir, "folder")
        assert load_bundle(given).path == Path("folder")

    def test_a_path_is_never_a_name(self, bundle_dir: Path, tmp_path: Path) -> None:
        """A Path means that folder, never an installed bundle."""
        shutil.copytree(bundle_dir, tmp_path / "installed" / "mine")
        assert "mine: no such model bundle" in refusal(Path("mine"))

    @pytest.mark.parametrize("given", ["mine", "", ".", "..", "some/folder", "a\nb"])
    def test_no_such_name(self, given: str) -> None:
        """An unknown name is refused in one line, with the command that lists the bundles."""
        with pytest.raises(BundleError, match="auscult models"):
            load_bundle(given)

    def test_the_default_is_missing(self) -> None:
        """Without the default bundle there is an error, never an invented score."""
        with pytest.raises(BundleError, match="heart-sounds: no such model bundle"):
            load_bundle()

    def test_list(self, bundle_dir: Path, tmp_path: Path) -> None:
        """The list has the installed bundles, then those here; folders without a bundle are left out."""
        for folder in (tmp_path / "installed" / "b", tmp_path / "installed" / "a", Path("models/c")):
            shutil.copytree(bundle_dir, folder)
        Path("models/empty").mkdir()
        expected = [tmp_path / "installed" / "a", tmp_path / "installed" / "b", Path("models/c").resolve()]
        assert list_bundles() == [path.resolve() for path in expected]

    def test_list_names_each_once(self, bundle_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If ``./models`` has the installed bundles, as in a checkout, nothing is listed twice."""
        shutil.copytree(bundle_dir, "models/mine")
        monkeypatch.setattr(bundle_module, "INSTALLED", tmp_path / "here" / "models")
        assert list_bundles() == [Path("models/mine").resolve()]

    def test_an_empty_list(self) -> None:
        """Without any bundle the list is empty."""
        assert list_bundles() == []

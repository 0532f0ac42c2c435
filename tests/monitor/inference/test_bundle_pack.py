"""A packed bundle is one file; an archive that holds anything else than a bundle is refused before it is inflated."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.errors import AuscultError, BundleError
from monitor.inference import bundle_pack
from monitor.inference.bundle import DEFAULT_BUNDLE, find_bundle, read_settings
from monitor.inference.bundle_pack import MAX_ENTRIES, MAX_RATIO, open_pack, pack_bundle


@pytest.fixture
def packed(bundle_dir: Path, tmp_path: Path) -> Path:
    """Return a packed bundle."""
    pack_bundle(bundle_dir, tmp_path / "lenient.auscult")
    return tmp_path / "lenient.auscult"


def refusal(path: Path, name: str = "bundle.json") -> str:
    """Return the line that refuses an archive, opened or when a file of it is read."""
    with pytest.raises(BundleError) as caught, open_pack(path) as pack:
        pack.read(name)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    assert caught.value.next_step
    return line


def written(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """Return an archive with these entries."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for entry, content in entries:
            if isinstance(entry, zipfile.ZipInfo):
                entry.compress_type = method
            archive.writestr(entry, content)
    return path


def test_a_bundle_comes_back(bundle_dir: Path, packed: Path) -> None:
    """The archive has bundle.json first, then every file that it names, byte for byte."""
    names = ["bundle.json", *sorted(read_settings(bundle_dir)["sha256"])]
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == names
    with open_pack(packed) as pack:
        assert pack.names == set(names)
        assert all(pack.read(name) == (bundle_dir / name).read_bytes() for name in names)


def test_plots_come_too(tmp_path: Path) -> None:
    """What bundle.json names in a folder, such as the plots of the default bundle, is packed and passes the checks."""
    folder = find_bundle(DEFAULT_BUNDLE)
    pack_bundle(folder, tmp_path / "default.auscult")
    with open_pack(tmp_path / "default.auscult") as pack:
        assert pack.read("plots/roc.png") == (folder / "plots" / "roc.png").read_bytes()


def test_the_same_bytes_every_time(bundle_dir: Path, packed: Path, tmp_path: Path) -> None:
    """Times and access modes of the files leave no trace."""
    copy = Path(shutil.copytree(bundle_dir, tmp_path / "copy"))
    for path in copy.iterdir():
        os.utime(path, (1e9, 1e9))
        path.chmod(0o600)
    assert pack_bundle(copy, tmp_path / "again.auscult") == packed.stat().st_size
    assert (tmp_path / "again.auscult").read_bytes() == packed.read_bytes()


def test_a_damaged_bundle_is_not_packed(bundle_dir: Path, tmp_path: Path) -> None:
    """It is loaded first."""
    copy = Path(shutil.copytree(bundle_dir, tmp_path / "copy"))
    (copy / "CARD.md").write_text("other")
    with pytest.raises(BundleError, match=r"CARD\.md is damaged"):
        pack_bundle(copy, tmp_path / "x.auscult")
    assert not (tmp_path / "x.auscult").exists()


def test_what_cannot_be_written(bundle_dir: Path, tmp_path: Path) -> None:
    """One line names the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(
        AuscultError,
        match=r"x\.auscult: cannot be written \(.*file is a file, not a folder\); choose another path with -o",
    ):
        pack_bundle(bundle_dir, tmp_path / "file" / "x.auscult")


@pytest.mark.parametrize(
    "name", ["../CARD.md", "/etc/passwd", "a/b", "plots/../CARD.md", "plots\\roc.png", "run.py", "x\n"]
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    """Only files of the format may stand in it, each in its place."""
    path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), (name, b"x"))
    assert "which is no file of a bundle" in refusal(path)


def test_a_name_that_ends_early(packed: Path) -> None:
    """A name with a zero byte, which zipfile cuts off, is no regular name."""
    packed.write_bytes(packed.read_bytes().replace(b"check.npz", b"CARD.md\0z"))
    assert "it holds a file twice" in refusal(packed) or "not a regular file" in refusal(packed)


def test_a_link(tmp_path: Path) -> None:
    """A symbolic link, or any entry that is no regular file, is refused."""
    for kind in (stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR):
        entry = zipfile.ZipInfo("CARD.md")
        entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
        path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), (entry, b"/etc/passwd"))
        assert "CARD.md is not a regular file" in refusal(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice(tmp_path: Path) -> None:
    """It would not be clear which of the two counts."""
    path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), ("bundle.json", b"[]"))
    assert "it holds a file twice" in refusal(path)


def test_too_many_files(tmp_path: Path) -> None:
    """The count is read before the list is."""
    entries = [(f"plots/{index}.png", b"") for index in range(MAX_ENTRIES)]
    path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), *entries)
    assert f"it holds more than {MAX_ENTRIES} files" in refusal(path)


def test_a_wrong_count_of_files(tmp_path: Path) -> None:
    """An archive that says it holds one file, but lists more, is refused as well."""
    entries = [(f"plots/{index}.png", b"") for index in range(MAX_ENTRIES)]
    path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), *entries)
    content = bytearray(path.read_bytes())
    struct.pack_into("<2H", content, len(content) - 14, 1, 1)
    path.write_bytes(content)
    assert f"it holds more than {MAX_ENTRIES} files" in refusal(path)


def test_a_list_that_is_too_long(tmp_path: Path) -> None:
    """Comments of entries do not make the list larger than its limit."""
    entries = []
    for index in range(3):
        entry = zipfile.ZipInfo(f"plots/{index}.png")
        entry.comment = b"x" * 60_000
        entries.append((entry, b""))
    path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), *entries)
    assert "it holds more than" in refusal(path)


def test_a_bomb(tmp_path: Path) -> None:
    """What is compressed beyond all measure is refused by its entry; nothing is inflated."""
    path = written(
        tmp_path / "x.auscult", ("bundle.json", b"{}"), ("model.tflite", bytes(1 << 20)), method=zipfile.ZIP_DEFLATED
    )
    assert f"model.tflite is compressed more than {MAX_RATIO} times" in refusal(path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """The limits are those of a bundle's folder."""
    path = written(tmp_path / "x.auscult", ("bundle.json", os.urandom((1 << 20) + 1)))
    assert "bundle.json is larger than 1 MB" in refusal(path)


def test_an_entry_that_lies_about_its_size(tmp_path: Path) -> None:
    """Not more than the stated size is inflated, and then it is refused."""
    content = os.urandom(5000)
    path = written(tmp_path / "x.auscult", ("bundle.json", content), method=zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 5000), struct.pack("<L", 4000)))
    line = refusal(path)
    assert "bundle.json cannot be read" in line or "not as long as the archive says" in line


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(tmp_path: Path, method: int) -> None:
    """Fewer decoders are fewer faults."""
    path = written(tmp_path / "x.auscult", ("bundle.json", b"{}"), method=method)
    assert "compressed in another way" in refusal(path)


def encrypted(content: bytes) -> bytes:
    """Return an archive with the flag of encryption on each entry of its list."""
    data = bytearray(content)
    start = data.find(b"PK\x01\x02")
    while start >= 0:
        data[start + 8] |= 1
        start = data.find(b"PK\x01\x02", start + 4)
    return bytes(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (encrypted, "or encrypted"),
        (lambda content: content[:-1], "does not end as"),
        (lambda content: content + b"\0", "does not end as"),
        (lambda content: content[:30], "it is too short"),
        (lambda content: b"", "it is too short"),
        (lambda content: content[:-42] + b"PK\x06\x07" + content[-38:], "does not end as"),
    ],
)
def test_a_damaged_file(packed: Path, change: Callable[[bytes], bytes], words: str) -> None:
    """One line says what is wrong with it."""
    packed.write_bytes(change(packed.read_bytes()))
    assert words in refusal(packed)


def test_a_damaged_entry(packed: Path) -> None:
    """Its checksum tells, when it is read."""
    data = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        entry = archive.getinfo("model.tflite")
    data[entry.header_offset + entry.compress_size // 2] ^= 0xFF
    packed.write_bytes(data)
    assert "model.tflite cannot be read" in refusal(packed, "model.tflite")


def test_what_is_missing(packed: Path, tmp_path: Path) -> None:
    """A file that the archive lacks, an archive without bundle.json, and no archive at all."""
    assert "plots/roc.png is missing" in refusal(packed, "plots/roc.png")
    assert "it holds no bundle.json" in refusal(written(tmp_path / "x.auscult", ("CARD.md", b"")))
    assert "cannot be read" in refusal(tmp_path / "absent.auscult")
    assert "cannot be read (it is a folder)" in refusal(tmp_path)


def test_no_regular_file(tmp_path: Path) -> None:
    """A folder is refused, and so is a device that never ends."""
    assert "is not a regular file" in refusal(Path("/dev/zero")) or os.name == "nt"
    line = refusal(tmp_path)
    assert "cannot be read" in line or "is not a regular file" in line


def test_a_file_that_is_too_large_as_a_whole(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused by its size."""
    monkeypatch.setattr(bundle_pack, "MAX_PACK_BYTES", 1 << 20)
    with open(packed, "ab") as file:
        file.truncate(2 << 20)
    assert "it is larger than 1 MB" in refusal(packed)

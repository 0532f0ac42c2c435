"""Every file below the folders is accounted for, once, with a true reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from training.data.discovery import read_sets
from training.data.left_out import Account, account_for
from training.data.recording import DataSet, Dropped, Recording

M4A = bytes.fromhex("0000001c66747970") + b"M4A "


def write(folder: Path, *names: str, content: bytes = b"x") -> None:
    """Write small files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def reasons(account: Account) -> dict[str, list[str]]:
    """Return the names of the files that are left out, by reason."""
    return {group.reason: [Path(name).name for name in group.files] for group in account.left_out}


def total(account: Account) -> int:
    """Return the sum of all that is accounted for."""
    groups = (*account.left_out, *account.read_beside)
    return account.num_recordings + account.num_dropped + sum(len(group.files) for group in groups)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("._a.wav", b"x", "macOS's shadow of another file, no recording"),
        ("__MACOSX/a.wav", b"x", "macOS's shadow of another file, no recording"),
        (".DS_Store", b"x", "hidden"),
        (".git/objects/a.wav", b"x", "hidden"),
        ("a.bin", b"", "empty (0 bytes)"),
        ("a.CSV", b"x", "a table that no data set is read from (.csv)"),
        ("licence.txt", b"x", "a text (.txt)"),
        ("a.json", b"{}", "a file of settings or results (.json)"),
        ("a.png", b"x", "a picture (.png)"),
        ("a.zip", b"x", "an archive (.zip)"),
        ("a.m4a", M4A, "a recording without a label, in a folder that is not understood"),
        ("named.wav", M4A, "a recording without a label, in a folder that is not understood"),
        ("a.tmp", M4A, "a recording by its content, but not by its name"),
        ("a.hea", b"a 1 4000 48000\n", "a WFDB header"),
        ("a.edf", b"0       x", "a recording without a label, in a folder that is not understood"),
        ("a.wav", b"RIFF", "a recording without a label, in a folder that is not understood"),
        ("a.tmp", b"fLaC\0", "a recording by its content, but not by its name"),
        ("a.xyz", b"x", "no recording that is known (.xyz)"),
        ("a", b"x", "no recording that is known (no ending)"),
    ],
)
def test_a_reason(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """Each kind of file has its reason, whatever else is there."""
    write(tmp_path, name, content=content)
    account = account_for([tmp_path], [])
    assert reasons(account) == {reason: [Path(name).name]}
    assert (account.num_files, account.num_recordings, total(account)) == (1, 0, 1)


def test_the_samples_of_a_record(tmp_path: Path) -> None:
    """A .dat is a recording where its header lies beside it, and is unknown without."""
    write(tmp_path, "a.dat", "b.dat")
    write(tmp_path, "a.hea", content=b"a 1 4000 48000\n")
    account = account_for([tmp_path], [])
    assert reasons(account)["a recording without a label, in a folder that is not understood"] == ["a.dat"]
    assert reasons(account)["annotations or header of a recording that is left out"] == ["a.hea"]
    assert reasons(account)["no recording that is known (.dat)"] == ["b.dat"]


@pytest.mark.parametrize(
    ("name", "content", "package", "reason"),
    [
        ("a.m4a", M4A, "av", "an MPEG-4 file (m4a, mp4, 3gp), which needs PyAV"),
        ("named.wav", M4A, "av", "an MPEG-4 file (m4a, mp4, 3gp), which needs PyAV"),
        ("a.dcm", bytes(128) + b"DICM", "pydicom", "a DICOM file, which needs pydicom"),
    ],
)
def test_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, package: str, reason: str
) -> None:
    """What needs one is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)
    write(tmp_path, name, content=content)
    (group,) = account_for([tmp_path], []).left_out
    assert group.reason == reason
    assert group.next_step.startswith("pip install 'auscult-monitor[formats]', or convert ")


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
def test_what_is_no_file(tmp_path: Path) -> None:
    """A dead link and a named pipe are told apart and never opened; a link to a folder above ends."""
    (tmp_path / "dead.wav").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    write(tmp_path, "sub/a.txt")
    assert reasons(account_for([tmp_path], [])) == {
        "a link to what is not there": ["dead.wav"],
        "neither a file nor a folder": ["pipe.wav"],
        "a text (.txt)": ["a.txt"],
    }


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without the right to read it is named, and the others are still accounted for."""
    write(tmp_path, "a.bin", "b.txt")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    account = account_for([tmp_path], [])
    monkeypatch.undo()
    assert reasons(account) == {"a text (.txt)": ["b.txt"], "cannot be opened (permission denied)": ["a.bin"]}


def test_a_hidden_folder_above(tmp_path: Path) -> None:
    """Data in a folder whose own path has a hidden part is not hidden."""
    write(tmp_path / ".cache" / "__MACOSX", "a.txt")
    assert reasons(account_for([tmp_path / ".cache" / "__MACOSX"], [])) == {"a text (.txt)": ["a.txt"]}


def test_label_folders(tmp_path: Path) -> None:
    """Recordings, loose files and everything else add up; the largest group comes first, with one next step."""
    write(tmp_path, "normal/p1/a.wav", "murmur/p2/b.wav", "loose.wav", "normal/p1/notes.txt", content=b"RIFF")
    write(tmp_path, "normal/p1/c.rec", "murmur/p2/d.rec", content=M4A)
    account = account_for([tmp_path], read_sets([tmp_path]))
    assert (account.num_files, account.num_recordings, account.num_dropped, total(account)) == (6, 2, 1, 6)
    first = account.left_out[0]
    assert [Path(name).name for name in first.files] == ["d.rec", "c.rec"]
    assert first.next_step == "end its name with .m4a"
    assert reasons(account)["a text (.txt)"] == ["notes.txt"]


def test_a_manifest(tmp_path: Path) -> None:
    """The table is read for labels and patients; a recording that it does not list is left out for that."""
    write(tmp_path, "a.wav", "b.wav", "sub/c.wav")
    write(tmp_path, "manifest.csv", content=b"path,label,patient\na.wav,normal,p1\n")
    account = account_for([tmp_path], read_sets([tmp_path]))
    assert reasons(account) == {"not listed in manifest.csv": ["b.wav", "c.wav"]}
    assert [(group.reason, group.files) for group in account.read_beside] == [
        ("labels and patients", (str(tmp_path / "manifest.csv"),))
    ]
    assert total(account) == account.num_files == 4


def test_a_table_given_by_itself(tmp_path: Path) -> None:
    """Of a manifest that is named itself, the files beside it are nobody's business."""
    write(tmp_path, "a.wav", "b.wav")
    write(tmp_path, "list.csv", content=b"path,label,patient\na.wav,normal,p1\na.wav,,p1\n")
    account = account_for([tmp_path / "list.csv"], read_sets([tmp_path / "list.csv"]))
    assert (account.num_files, account.num_recordings, account.left_out) == (2, 1, ())


def test_circor(tmp_path: Path) -> None:
    """Annotations are used with their recordings; those of a dropped one, and headers, are named as such."""
    head = b"Patient ID,Additional ID,Murmur,Murmur locations\n1,nan,Absent,nan\n2,nan,Unknown,nan\n"
    write(tmp_path, "training_data.csv", content=head)
    write(tmp_path / "training_data", "1_AV.wav", "1_AV.tsv", "1_AV.hea", "2_AV.wav", "2_AV.tsv", "2_AV.hea", "1.txt")
    write(tmp_path / "training_data", "odd.wav")
    (data_set,) = read_sets([tmp_path])
    account = account_for([tmp_path], [data_set])
    assert reasons(account) == {
        "annotations or header of a recording that is left out": ["2_AV.hea", "2_AV.tsv"],
        "the WFDB header of a recording that is read itself": ["1_AV.hea"],
        "a text (.txt)": ["1.txt"],
    }
    assert {group.reason: len(group.files) for group in account.read_beside} == {
        "heart sounds annotated, of the recording beside it": 1,
        "labels and patients": 1,
    }
    assert (account.num_recordings, account.num_dropped, total(account)) == (1, 2, 9)
    assert account.num_files == 9


def test_pascal_tables(tmp_path: Path) -> None:
    """The table of a set beside its folder was compared with the files; another one was not read."""
    write(tmp_path, "set_b/normal__103_1305031931979_B.wav", "set_b/murmur__112_1306243000964_A.wav")
    write(tmp_path, "set_b.csv", "set_a_timing.csv", content=b"dataset,fname,label,sublabel\n")
    account = account_for([tmp_path], read_sets([tmp_path]))
    assert [group.reason for group in account.read_beside] == ["compared with the files that are here"]
    assert list(reasons(account).values()) == [["set_a_timing.csv"]]
    assert total(account) == account.num_files == 4


def test_folders_that_overlap(tmp_path: Path) -> None:
    """A file is counted once, though its folder is named twice or a set lies inside another folder that is named."""
    write(tmp_path, "normal/p1/a.wav", "murmur/p2/b.wav", "notes.txt")
    sets = read_sets([tmp_path])
    account = account_for([tmp_path, tmp_path / "normal", tmp_path], sets)
    assert (account.num_files, total(account)) == (3, 3)


def test_parts_of_a_file_count_once(tmp_path: Path) -> None:
    """A file with several recordings in it is one file; one that another set dropped is still used."""
    path = tmp_path / "a.wav"
    write(tmp_path, "a.wav")
    parts = tuple(Recording(path, ("normal",), "p", "s", None, start, start + 5.0) for start in (0.0, 5.0))
    account = account_for([tmp_path], [DataSet("s", tmp_path, parts, (), (Dropped(path, "named twice"),))])
    assert (account.num_files, account.num_recordings, account.num_dropped) == (1, 1, 0)


def test_json(tmp_path: Path) -> None:
    """The JSON names every file, with a count and the next step or null."""
    write(tmp_path, "a.txt", "b.txt")
    values = account_for([tmp_path], []).to_json()
    assert values == {
        "count": 2,
        "recordings": 0,
        "dropped": 0,
        "left_out": [
            {
                "reason": "a text (.txt)",
                "count": 2,
                "next_step": None,
                "files": [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")],
            }
        ],
        "read_beside": [],
    }

"""Sessions with a person's own labels become recordings with their subjects as patients."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import DataError
from monitor.labels import NON_CARDIAC
from training.data.audio import decode
from training.data.discovery import discover, read_sets
from training.data.left_out import account_for
from training.data.recording import DataSet
from training.data.sessions import is_session, join_sessions, read_session_set

Write = Callable[..., Path]
Windows = Callable[..., dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path, session_writer: Write) -> Write:
    """Return a function that writes a session of 10.1 s with labels, and returns its folder."""

    def make(
        name: str,
        *given: tuple[float, float, str],
        subject: str | None = "P7",
        lines: tuple[Any, ...] = (),
        **more: Any,
    ) -> Path:
        keys = ("start_s", "end_s", "label")
        labels = [{"type": "label", "source": "manual", **dict(zip(keys, one, strict=True))} for one in given]
        (tmp_path / "kept").mkdir(exist_ok=True)
        folder = session_writer(tmp_path / "kept" / name, [*lines, *labels], subject=subject)
        values = json.loads((folder / "session.json").read_text())
        (folder / "session.json").write_text(json.dumps({**values, "samples": 40_400, **more}))
        return folder

    return make


def parts(data_set: DataSet) -> list[tuple[str | None, float, float | None]]:
    """Return label, start and end of each recording."""
    return [(one.label, one.start_s, one.end_s) for one in data_set.recordings]


def left_out(data_set: DataSet) -> dict[str, list[tuple[float, float | None]]]:
    """Return what was dropped, by reason."""
    found: dict[str, list[tuple[float, float | None]]] = {}
    for one in data_set.dropped:
        found.setdefault(one.reason, []).append((round(one.start_s, 6), one.end_s))
    return found


def read_one(folder: Path) -> DataSet:
    """Return the data set of one session."""
    data_set = read_session_set(folder)
    assert data_set is not None
    return data_set


class TestOneSession:
    """The stretches of one session."""

    def test_a_labelled_stretch_is_a_recording(self, write: Write) -> None:
        """Its start and end, the subject as patient; what has no label is left out with its place."""
        data_set = read_one(write("a", (1.0, 4.0, "murmur"), (4.0, 9.5, " Extrasystole ")))
        assert parts(data_set) == [("murmur", 1.0, 4.0), ("extrastole", 4.0, 9.5)]
        assert {(one.patient, one.source) for one in data_set.recordings} == {("sessions/P7", "sessions")}
        assert left_out(data_set) == {"no label": [(0.0, 1.0), (9.5, 10.1)]}
        first = data_set.recordings[0]
        assert len(decode(first.path, first.start_s, first.end_s).samples) == 3 * 4000

    def test_a_label_counts_as_it_was_corrected(self, write: Write) -> None:
        """What was deleted in the review trains nothing, and what was edited trains what it is now."""
        folder = write("a", (0.0, 4.0, "murmur"), (4.0, 10.1, "normal"))
        first, second = ({"type": "label", "label": label} for label in ("murmur", "normal"))
        edits = [{"type": "delete", "target": first}, {"type": "edit", "target": second, "label": "extrastole"}]
        with (folder / "events.jsonl").open("a") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in edits)
        assert parts(read_one(folder)) == [("extrastole", 4.0, 10.1)]

    def test_a_label_that_is_no_class(self, write: Write) -> None:
        """It is reported with its stretch, and what it covers is not said to have none."""
        data_set = read_one(write("a", (0.0, 5.0, "normal"), (5.0, 5.1, "S1")))
        reason = "the label 'S1' is no class of the network (normal, murmur, extrastole, not-heart)"
        assert left_out(data_set) == {reason: [(5.0, 5.1)], "no label": [(5.1, 10.1)]}

    def test_no_sound_counts_twice(self, write: Write) -> None:
        """Stretches of one label that overlap are one recording; those that only touch stay two."""
        data_set = read_one(write("a", (3.0, 6.0, "normal"), (1.0, 4.0, "normal"), (6.0, 7.0, "normal")))
        assert parts(data_set) == [("normal", 1.0, 6.0), ("normal", 6.0, 7.0)]

    def test_labels_that_contradict_each_other(self, write: Write) -> None:
        """Of stretches that overlap with different labels, none is used."""
        data_set = read_one(write("a", (0.0, 6.0, "normal"), (5.0, 7.0, "murmur"), (7.0, 9.0, "murmur")))
        assert parts(data_set) == [("murmur", 7.0, 9.0)]
        assert left_out(data_set)["overlaps a stretch with another label"] == [(0.0, 6.0), (5.0, 7.0)]

    def test_lost_sound_is_cut_out(self, write: Write, window_maker: Windows) -> None:
        """Zeros in place of lost sound are not trained on: the stretch is cut there."""
        lines = tuple(window_maker(index, gap=index >= 2) for index in range(9))
        data_set = read_one(write("a", (1.0, 9.5, "normal"), lines=lines))
        (lost,) = left_out(data_set)["sound was lost"]
        assert parts(data_set) == [("normal", 1.0, lost[0]), ("normal", lost[1], 9.5)]

    def test_the_site(self, write: Write) -> None:
        """A stretch has the site at which it was heard, and none where it spans a change."""
        sites = [{"site": "AV", "start_s": 0.0}, {"site": "MV", "start_s": 4.0}, {"site": "MV", "start_s": 7.0}]
        given = ((1.0, 4.0, "normal"), (4.0, 9.0, "murmur"))
        assert [one.site for one in read_one(write("a", *given, sites=sites)).recordings] == ["AV", "MV"]
        assert [one.site for one in read_one(write("b", (3.0, 5.0, "normal"), sites=sites)).recordings] == [None]
        assert [one.site for one in read_one(write("c", *given, sites=sites[1:])).recordings] == [None, "MV"]

    def test_a_session_without_a_label(self, write: Write) -> None:
        """All of it is left out, for that reason."""
        data_set = read_one(write("a"))
        assert left_out(data_set) == {"no stretch of the session has a label": [(0.0, 10.1)]}

    def test_a_killed_session(self, write: Write, window_maker: Windows) -> None:
        """It is read up to its last window, and a line that was cut off costs nothing."""
        lines = (window_maker(0), window_maker(1))
        folder = write("a", (1.0, 4.0, "normal"), lines=lines, samples=None, ended=None)
        with (folder / "events.jsonl").open("a") as events:
            events.write('{"type":"label","start_s":5.0,"en')
        data_set = read_one(folder)
        assert parts(data_set) == [("normal", 1.0, 4.0)]
        assert left_out(data_set) == {"no label": [(0.0, 1.0), (4.0, 5.5)]}

    def test_a_damaged_session(self, write: Write) -> None:
        """It is dropped, and the note says what is wrong with it."""
        folder = write("a", (1.0, 4.0, "normal"))
        (folder / "session.json").write_text("{")
        data_set = read_one(folder)
        assert [(one.path.name, one.reason) for one in data_set.dropped] == [("session.json", "damaged, as a session")]
        assert "session.json is damaged" in data_set.notes[0]

    def test_another_folder(self, tmp_path: Path) -> None:
        """A folder without session.json is none."""
        assert not is_session(tmp_path)
        assert read_session_set(tmp_path) is None


class TestTogether:
    """All sessions are one data set."""

    def test_one_subject_in_two_folders_is_one_patient(self, write: Write, tmp_path: Path) -> None:
        """A folder of sessions and a session of its own are read as one set, with each session once."""
        first, second = write("a", (1.0, 4.0, "normal")), write("b", (2.0, 8.0, "murmur"))
        (data_set,) = read_sets([tmp_path / "kept", second])
        assert [one.path.parent for one in data_set.recordings] == [first, second]
        assert {one.patient for one in data_set.recordings} == {"sessions/P7"}
        assert (data_set.name, data_set.path, data_set.cautions) == ("sessions", tmp_path / "kept", ())
        assert data_set.notes[1:] == ("0.15 of 0.34 min have a label that is used", "min of each subject: P7 0.15")

    def test_without_a_subject(self, write: Write, tmp_path: Path) -> None:
        """Each session is a patient of its own, which no subject's code can be, and a caution says what that risks."""
        write("a", (1.0, 4.0, "normal"), subject=None)
        write("b", (1.0, 4.0, "murmur"), subject=None)
        write("c", (1.0, 4.0, "not-heart"), subject=None)
        (data_set,) = read_sets([tmp_path / "kept"])
        patients = [one.patient for one in data_set.recordings]
        assert patients == ["sessions/session a", "sessions/session b", "sessions/session c"]
        (caution,) = data_set.cautions
        assert caution.startswith("2 sessions have no subject, such as a; each counts as a patient of its own.")

    def test_relative_and_absolute_paths(self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sessions that are named in both ways have a common folder."""
        write("a", (1.0, 4.0, "normal"))
        second = write("b", (1.0, 4.0, "murmur"))
        monkeypatch.chdir(tmp_path)
        assert read_sets([Path("kept")])[0].path == Path("kept")
        assert read_sets([Path("kept/a"), second])[0].path == tmp_path / "kept"

    def test_beside_other_data_sets(self, write: Write, tmp_path: Path, touch: Callable[..., Path]) -> None:
        """Sessions are mixed with a folder per label, given apart or in one folder; join leaves others as they are."""
        write("a", (1.0, 4.0, "normal"))
        touch(tmp_path, "mine/normal/p1/a.wav", "mine/murmur/p2/b.wav")
        apart, inside = read_sets([tmp_path / "kept", tmp_path / "mine"]), read_sets([tmp_path])
        assert [one.name for one in apart] == [one.name for one in inside] == ["sessions", "mine"]
        assert join_sessions(apart[1:]) == apart[1:]

    def test_the_folder_of_a_label_says_the_label(self, write: Write, tmp_path: Path) -> None:
        """Sessions that a person sorted into label folders are read as such, as before."""
        folder = write("a")
        for label in ("normal", "murmur"):
            (tmp_path / "sorted" / label / "p1").mkdir(parents=True)
        folder.rename(tmp_path / "sorted/normal/p1/a")
        (recording,) = discover([tmp_path / "sorted"])
        assert (recording.label, recording.is_part) == ("normal", False)

    def test_no_label_at_all(self, write: Write, tmp_path: Path) -> None:
        """The error names the reasons and how a stretch is labelled; one labelled session beside it is enough."""
        write("a")
        with pytest.raises(
            DataError, match=r"no labelled stretch .*\(no stretch of the session has a label\); label .*"
        ):
            discover([tmp_path / "kept"])
        labelled = write("b", (1.0, 4.0, NON_CARDIAC))
        assert len(discover([tmp_path / "kept" / "a", labelled])) == 1

    def test_every_file_is_accounted_for(self, write: Write, tmp_path: Path) -> None:
        """Sounds are recordings or dropped, the other files were read for labels and subject."""
        write("a", (1.0, 4.0, "normal"))
        write("b", lines=({"type": "mark", "at_s": 1.0, "number": 1},))
        account = account_for([tmp_path / "kept"], read_sets([tmp_path / "kept"]))
        assert (account.num_files, account.num_recordings, account.num_dropped, account.left_out) == (6, 1, 1, ())
        assert [len(group.files) for group in account.read_beside] == [2, 2]
        (tmp_path / "kept/a/ecg.flac").write_bytes(b"fLaC")
        (ecg,) = account_for([tmp_path / "kept"], read_sets([tmp_path / "kept"])).left_out
        assert (ecg.reason, ecg.next_step) == ("the electrocardiogram of a session", "")
        (tmp_path / "kept/a/ecg.flac").unlink()
        unread = account_for([tmp_path / "kept"], [])
        assert [(one.reason, len(one.files)) for one in unread.left_out] == [
            ("of a session without a label that is used", 6)
        ]

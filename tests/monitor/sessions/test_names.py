"""Session folders: names, and one folder for each."""

from __future__ import annotations

import datetime
import stat

import pytest

from monitor.errors import AuscultError
from monitor.sessions.names import FOLDER_NAME, check_subject, folder_name, new_folder

STARTED = datetime.datetime(2026, 1, 2, 3, 4, 5)


@pytest.mark.parametrize("subject", ["a", "P-017", "x_1", "9" * 64])
def test_a_code_is_a_subject(subject):
    """Letters, digits, _ and - of ASCII."""
    assert check_subject(subject) == subject


@pytest.mark.parametrize("subject", ["", "9" * 65, "Jane Doe", "a/b", "..", "é", "a\n", "a.b"])
def test_anything_else_is_refused(subject):
    """What could leave the folder, or is no plain code, is no subject."""
    with pytest.raises(ValueError, match="subject="):
        check_subject(subject)


@pytest.mark.parametrize(
    ("subject", "site", "name"),
    [
        (None, None, "2026-01-02_03-04-05"),
        ("P-1", None, "2026-01-02_03-04-05_P-1"),
        (None, "AV", "2026-01-02_03-04-05_AV"),
        ("P-1", "AV", "2026-01-02_03-04-05_P-1_AV"),
    ],
)
def test_the_name_says_when_who_and_where(subject, site, name):
    """Date and time first, so that a list is in order."""
    assert folder_name(STARTED, subject, site) == name
    assert FOLDER_NAME.fullmatch(name)


def test_a_taken_name_gets_a_number(tmp_path):
    """Two sessions that begin in the same second have a folder each; nothing is overwritten."""
    made = [new_folder(tmp_path / "kept", "a") for _ in range(3)]
    assert [folder.name for folder in made] == ["a", "a_2", "a_3"]


def test_only_the_owner_may_look(tmp_path):
    """The folder, and the one that it is made in, are closed to others."""
    folder = new_folder(tmp_path / "kept", "a")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder.parent)] == [0o700, 0o700]


def test_where_no_folder_can_be_made(tmp_path):
    """A file in its place is an error with a next step."""
    (tmp_path / "kept").write_text("")
    with pytest.raises(AuscultError, match="no session can be kept there"):
        new_folder(tmp_path / "kept", "a")

"""Where a report is written."""

from __future__ import annotations

import os
import stat

import pytest

from monitor.commands.report.files import check_free, write_report
from monitor.errors import AuscultError


def test_only_its_owner_may_read_it(tmp_path):
    """Whole, in a new folder too."""
    write_report(tmp_path / "new" / "a.html", b"page", force=False)
    assert (tmp_path / "new" / "a.html").read_bytes() == b"page"
    assert stat.S_IMODE(os.stat(tmp_path / "new" / "a.html").st_mode) == 0o600


def test_what_exists_is_replaced_only_when_asked(tmp_path):
    """A link that leads nowhere exists too, and a folder is never replaced."""
    (tmp_path / "a.html").write_text("mine")
    (tmp_path / "link.html").symlink_to("nowhere")
    for name in ("a.html", "link.html"):
        with pytest.raises(AuscultError, match="exists and is not overwritten"):
            write_report(tmp_path / name, b"page", force=False)
        check_free(tmp_path / name, force=True)
    assert (tmp_path / "a.html").read_text() == "mine"
    with pytest.raises(AuscultError, match="is a folder"):
        check_free(tmp_path, force=True)


def test_a_refusal_of_the_system_is_one_line(tmp_path):
    """With the next step."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AuscultError, match=r"cannot be written: .*name another file or folder"):
        write_report(tmp_path / "file" / "a.html", b"page", force=False)

"""A session that was kept, and the schema that its files must match."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from monitor.sessions.session import Facts, Session

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/formats/session.schema.json").read_text(encoding="utf-8"))
STARTED = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
FACTS = Facts("listen", "steth", 4000, "heart-sounds", "0" * 64, ("normal", "murmur"), 5.0, 0.5)

WHOLE = {
    "mark": {"type": "mark", "at_s": 1.0, "number": 1},
    "note": {"type": "note", "at_s": 2.0, "number": 2, "text": "coughs"},
    "label": {"type": "label", "start_s": 1.0, "end_s": 2.0, "label": "murmur", "source": "manual"},
    "told": {"type": "told", "at_s": 3.0, "text": "the disk is full"},
}
"""A line of each type, with what it needs."""


def check_folder(folder, *, killed=False):
    """Check a folder's files against the schema; return session and lines."""
    schemas = pytest.importorskip("jsonschema", reason="jsonschema checks the files of a session")
    draft = schemas.Draft202012Validator
    whole = draft(SCHEMA, format_checker=draft.FORMAT_CHECKER)
    event = draft({**SCHEMA["$defs"]["event"], "$defs": SCHEMA["$defs"]})
    values = json.loads((folder / "session.json").read_text())
    whole.validate(values)
    *lines, rest = (folder / "events.jsonl").read_text().split("\n")
    assert killed or not rest
    events = [json.loads(line) for line in lines]
    for line in events:
        event.validate(line)
    return values, events


@pytest.fixture
def check():
    """Return the check of a folder's files."""
    return check_folder


@pytest.fixture
def session(tmp_path):
    """Return a session that runs, with a clock that stands still; closed after the test."""
    session = Session(tmp_path / "kept", FACTS, now=lambda: STARTED, clock=lambda: 0.0)
    yield session
    session.close()

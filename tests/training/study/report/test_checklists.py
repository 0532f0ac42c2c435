"""The hand-written text of the evidence: complete lists, references that exist, and no measured number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from training.study.report.checklists import CITATIONS, DATA_STATEMENT, LIMITS, NOT_DONE, STARD, STARD_NOTE, TRIPOD

ROOT = Path(__file__).resolve().parents[4]
LICENCES = re.compile(r"CC BY(-SA)? \d\.\d|CC0|PhysioNet [\w-]+ [\d.]+|Med\.|ODC-By \d\.\d")
CUT_OFF = "specificity 0.90"
"""Set beforehand, as the rates of the recordings are; neither was measured."""
NUMBER = re.compile(r"\d+\.\d+|\d+ ?%|[±]")


def numbers_of(items):
    """Return the numbers of a list's items, letters left out: `6-9` is four items, `12a, 12b` one."""
    found = set()
    for item in items:
        for part in item.split(", "):
            first, *last = [int(number) for number in re.findall(r"\d+", part)] or [0]
            found |= set(range(first, (last or [first])[-1] + 1))
    return found - {0}


@pytest.mark.parametrize(("rows", "count"), [(TRIPOD, 27), (STARD, 30)])
def test_every_item_of_a_list_is_answered(rows, count):
    """From the first to the last, with what it asks for and where it is answered."""
    assert numbers_of(item for item, _, _ in rows) == set(range(1, count + 1))
    assert all(len(row) == 3 and all(text.strip() for text in row) for row in rows)


def test_no_measured_number():
    """Those are computed, on the same page; here are only licences, versions and what was set beforehand."""
    texts = [*LIMITS, *CITATIONS, STARD_NOTE, *(text for row in (*DATA_STATEMENT, *TRIPOD, *STARD) for text in row)]
    for text in texts:
        assert not NUMBER.search(LICENCES.sub("", text).replace(CUT_OFF, "")), text


def test_what_is_referred_to_exists():
    """Pages of the decisions and formats, and sections of the evidence."""
    answers = [where for _, _, where in (*TRIPOD, *STARD)]
    for path in re.findall(r"docs/[\w/.-]+\w", " ".join(answers)):
        assert (ROOT / path).exists() or list(ROOT.glob(f"{path}-*.md")), path
    headings = [
        line.lstrip("# ").rpartition(": ")[2]
        for line in (ROOT / "docs" / "EVIDENCE.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("#")
    ]
    for section in ("Targets", "Method", "Ablations", "Robustness", "Subgroups", "Confusion", "Each label", "Limits"):
        assert any(section in answer for answer in answers), section
        assert any(heading.startswith(section) for heading in headings) or section == "Robustness", section
    assert any("Robustness" in line for line in (ROOT / "docs" / "EVIDENCE.md").read_text("utf-8").splitlines())


def test_what_is_not_done_is_said_in_the_same_words():
    """So that it can be searched for."""
    told = [where for _, _, where in (*TRIPOD, *STARD)]
    assert sum(NOT_DONE in where for where in told) >= 5
    assert not any(re.search(r"not (carried out|performed|made)\b", where) for where in told)

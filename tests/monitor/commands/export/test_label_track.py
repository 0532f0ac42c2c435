"""The label track of Audacity."""

from __future__ import annotations

import csv

from monitor.commands.export.label_track import label_track


def test_it_reads_back(timeline):
    """Three fields a line: two times, equal for a moment, and a text of one line."""
    rows = list(csv.reader(label_track(timeline).splitlines(), "excel-tab", quoting=csv.QUOTE_NONE))
    assert [(float(start), float(end)) for start, end, _ in rows] == [(s.start_s, s.end_s) for s in timeline.spans]
    texts = [text for _, _, text in rows]
    assert texts[:2] == ["site: AV", "normal"]
    assert {"mark 1", "label: breath", "lost: lost sound", "told: device lost", "murmur"} <= set(texts)
    assert 'note: she said "cold", then coughed \u00e9\u5fc3' in texts
    assert "withheld: loud bumps: keep the chest piece and its cable still" in texts

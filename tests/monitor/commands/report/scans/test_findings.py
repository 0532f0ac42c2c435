"""What is counted for the page of a scan."""

from __future__ import annotations

import pytest

from monitor.commands.report.scans.findings import LOOKS, MAX_SHOWN, count_rows, error_reason, lead

LABELS = ("normal", "murmur")


@pytest.fixture
def count(make_row, make_recording):
    """Return a function that counts rows, each given as a name and its changes."""

    def counted(*rows):
        return count_rows((make_row(make_recording(name), **changes) for name, changes in rows), LABELS)

    return counted


def looked(findings):
    """Return the names under each reason to look again that applies."""
    pairs = zip(LOOKS, findings.looks, strict=True)
    return {look.title: (count, [row["source"] for row in rows]) for look, (count, rows) in pairs if count}


def test_groups(count):
    """By folder and by subject; those whose recordings have different labels are named."""
    findings = count(
        ("x/a.wav", {"subject": "p1"}), ("x/b.wav", {"subject": "p1", "label": "normal"}), ("c.wav", {"subject": "p2"})
    )
    assert {name: group.files for name, group in findings.folders.items()} == {"x": 2, ".": 1}
    assert {name: group.files for name, group in findings.subjects.items()} == {"p1": 2, "p2": 1}
    assert [(name, dict(labels)) for name, labels in findings.divided] == [("p1", {"murmur": 1, "normal": 1})]
    assert findings.has_subjects
    assert findings.total.seconds == 3 * 9.5
    assert not count(("a.wav", {}), ("b.wav", {"label": "normal"})).has_subjects
    assert not count(("a.wav", {}), ("b.wav", {"label": "normal"})).divided


def test_reasons_are_together_whatever_their_numbers_and_names(count):
    """Errors and withheld windows, with the first few files."""
    rows = [
        (f"{n}.wav", {"error": f"{n}.wav: stops after {n}.5 s", "withheld": {f"clip of {n} s": n}}) for n in range(9)
    ]
    findings = count(*rows)
    ((text, reason),) = findings.errors.items()
    assert (text, reason.recordings, reason.examples) == ("stops after N s", 9, ["0.wav", "1.wav", "2.wav"])
    ((text, reason),) = findings.withheld.items()
    assert (text, reason.recordings, reason.windows) == ("clip of N s", 9, 36)
    assert error_reason({"source": "a", "error": "no such file"}) == "no such file"


def test_distributions_are_by_label_or_state(count):
    """What could not be read is in none."""
    nothing = {"label": None, "state": None, "heart_rate_bpm": None, "quality": None, "duration_s": None, "windows": 0}
    findings = count(
        ("a.wav", {}), ("b.wav", {"label": None, "state": "uncertain", "heart_rate_bpm": 60.0}), ("c.wav", nothing)
    )
    assert {key: list(rates) for key, rates in findings.rates.items()} == {"murmur": [72.5], "uncertain": [60.0]}
    assert {key: list(values) for key, values in findings.confidences.items()} == {"murmur": [0.75]}
    assert {key: list(shares) for key, shares in findings.shares.items()} == {"murmur": [80.0], "uncertain": [80.0]}
    assert sum(map(len, findings.lengths.values())) == sum(map(len, findings.qualities.values())) == 2


def scores(murmur):
    """Return the scores of a verdict."""
    return {key: {"normal": 1 - murmur, "murmur": murmur} for key in ("scores", "acoustic_scores")}


def test_what_is_worth_a_second_look(count):
    """Each reason with its own order and the number of recordings that it applies to."""
    unsure = {"label": None, "state": "uncertain"}
    poor = {"label": None, "state": "poor-signal", **dict.fromkeys(("scores", "acoustic_scores"))}
    findings = count(
        ("clear.wav", {**scores(0.95), "heart_rate_bpm": 150.0}),
        ("close.wav", scores(0.55)),
        ("little.wav", {**scores(0.8), "judged": 2, "heart_rate_bpm": 40.0}),
        ("less.wav", {**scores(0.8), "judged": 1, "heart_rate_bpm": None}),
        ("far.wav", {**unsure, **scores(0.52)}),
        ("near.wav", {**unsure, **scores(0.59)}),
        ("short.wav", {**poor, "duration_s": 5.0}),
        ("long.wav", {**poor, "duration_s": 50.0}),
    )
    assert looked(findings) == {
        "The closest calls": (4, ["close.wav", "little.wav", "less.wav", "clear.wav"]),
        "Uncertain": (2, ["near.wav", "far.wav"]),
        "A label from little sound": (2, ["less.wav", "little.wav"]),
        "Not judged": (2, ["long.wav", "short.wav"]),
        "A label without a heart rate": (1, ["less.wav"]),
        "The lowest heart rates": (3, ["little.wav", "close.wav", "clear.wav"]),
        "The highest heart rates": (3, ["clear.wav", "close.wav", "little.wav"]),
    }


def test_of_many_the_first_are_kept(count):
    """All are counted; the order does not depend on that of the rows."""
    rows = [(f"{n:03}.wav", {"heart_rate_bpm": 50.0 + n}) for n in range(100)]
    for order in (rows, rows[::-1]):
        number, names = looked(count(*order))["The lowest heart rates"]
        assert (number, names) == (100, [f"{n:03}.wav" for n in range(MAX_SHOWN)])


def test_the_lead(make_row, make_recording):
    """That of the scores which are shown; without two scores it is no number."""
    row = make_row(make_recording("a.wav"))
    assert lead(row) == 0.75
    assert lead({**row, "acoustic_scores": None}) == 0.5
    assert lead({**row, "acoustic_scores": None, "scores": None}) == float("inf")
    assert lead({**row, "acoustic_scores": {"murmur": 1.0}, "scores": {"murmur": 1.0}}) == 1.0

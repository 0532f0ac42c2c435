"""The table at the end of a scan."""

from __future__ import annotations

from monitor.archive.scans.overview import MAX_GROUPS, Overview


def test_by_folder(make_row, make_recording):
    """Counts, the share of judged windows, the median rate and the mean quality, and all together."""
    overview = Overview(["normal", "murmur"], "folder")
    overview.add(make_row(make_recording("x/a.wav")))
    overview.add(make_row(make_recording("x/b.wav"), label=None, state="uncertain", heart_rate_bpm=80.5, judged=2))
    overview.add(make_row(make_recording("y/c.wav"), label=None, state="no-signal", heart_rate_bpm=None, judged=0))
    nothing = {"label": None, "state": None, "heart_rate_bpm": None, "windows": 0, "judged": 0, "quality": None}
    overview.add(make_row(make_recording("d.wav"), error="gone", **nothing))
    assert overview.text().splitlines() == [
        "folder  files  normal  murmur  uncertain  withheld  errors  judged  bpm  quality",
        ".           1       0       0          0         0       1       -    -        -",
        "x           2       0       1          1         0       0    50 %   76     0.90",
        "y           1       0       0          0         1       0     0 %    -     0.90",
        "all         4       0       1          1         1       1    33 %   76     0.90",
    ]
    assert (overview.files, overview.errors) == (4, 1)


def test_a_damaged_recording_that_was_judged_is_told_apart(make_row, make_recording):
    """It counts under its verdict and as an error; the words say so, so that the columns are not added up."""
    overview = Overview(["normal", "murmur"], "folder")
    overview.add(make_row(make_recording("a.wav"), error="a.wav: damaged or cut short"))
    assert overview.text().split()[-8:-4] == ["1", "0", "0", "1"]
    assert overview.errors_text == (
        "1 with an error: damaged, but judged as far as it could be read, and counted by its verdict too"
    )
    nothing = {"label": None, "state": None, "heart_rate_bpm": None, "windows": 0, "judged": 0, "quality": None}
    overview.add(make_row(make_recording("b.wav"), error="b.wav: is empty", **nothing))
    assert overview.errors_text.startswith("2 with an error: 1 of them damaged, but judged as far as it could be read")
    overview.add(make_row(make_recording("c.wav"), error="cut short", label=None, state="poor-signal"))
    assert overview.errors_text == (
        "3 with an error: 2 of them damaged, but judged as far as they could be read, and counted by their verdicts too"
    )


def test_by_subject(make_row, make_recording):
    """Files without a subject are together."""
    overview = Overview(["normal", "murmur"], "subject")
    overview.add(make_row(make_recording("x/a.wav"), subject="p1"))
    overview.add(make_row(make_recording("y/b.wav"), subject="p1"))
    overview.add(make_row(make_recording("y/c.wav")))
    assert [line.split()[:2] for line in overview.text().splitlines()] == [
        ["subject", "files"],
        ["(none)", "1"],
        ["p1", "2"],
        ["all", "3"],
    ]


def test_many_groups(make_row, make_recording):
    """Those with the most files, how many more there are, and the total of all; long names keep their end."""
    overview = Overview(["murmur"], "folder")
    for index in range(30):
        for _ in range(index + 1):
            overview.add(make_row(make_recording(f"{'long' * 20}/{index}/a.wav")))
    lines = overview.text().splitlines()
    assert len(lines) == MAX_GROUPS + 3
    assert lines[1].split()[0].endswith("long/29")
    assert lines[1].startswith("...")
    assert lines[-2] == "and 10 more"
    assert lines[-1].split()[:2] == ["all", "465"]


def test_a_narrow_terminal(make_row, make_recording):
    """The name gives way to the numbers, down to twelve letters."""
    overview = Overview(["murmur"], "folder")
    overview.add(make_row(make_recording(f"{'long' * 20}/site/a.wav")))
    for width, letters, longest in ((120, 32, 98), (90, 24, 90), (80, 14, 80), (20, 12, 78)):
        lines = overview.text(width).splitlines()
        assert len(lines[1].split()[0]) == letters
        assert {len(line) for line in lines} == {longest}


def test_a_name_from_elsewhere_is_printable(make_row, make_recording):
    """A folder's name moves no cursor."""
    overview = Overview(["murmur"], "folder")
    overview.add(make_row(make_recording("a\x1b[2J/b.wav")))
    assert "a\\x1b[2J" in overview.text()


def test_a_possible_murmur(make_row, make_recording):
    """Among the uncertain files, those of which a label is possible are counted in words."""
    overview = Overview(["murmur"], "folder")
    for name, more in (("a.wav", {}), ("b.wav", {"possible": "murmur"}), ("c.wav", {"possible": "murmur"})):
        overview.add(make_row(make_recording(f"x/{name}"), label=None, state="uncertain", **more))
    assert "3 (2 possible murmur)" in overview.text().splitlines()[1]

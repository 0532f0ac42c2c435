"""What was found at each site, from a summary or from the windows."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.commands.report.findings import site_findings, subject_finding

SUMMARY = {"type": "summary", "state": "verdict", "label": "murmur", "heart_rate_bpm": 70.5}
SUMMARY |= {"acoustic_scores": {"normal": 0.1, "murmur": 0.9}, "scores": {"normal": 0.2, "murmur": 0.8}}


def test_one_site_has_the_summary(timeline):
    """Verdict, scores and heart rate are the summary's; what was judged is counted from the windows."""
    (finding,) = site_findings(timeline)
    assert (finding.site, finding.is_summary, finding.verdict.label, finding.bpm) == ("AV", True, "murmur", 70.5)
    assert finding.verdict.acoustic_scores == {"normal": 0.1, "murmur": 0.9}
    assert (finding.windows, finding.judged) == (11, 5)
    assert finding.judged_s == 7.0
    assert finding.duration_s == pytest.approx(10.1)
    assert finding.withheld == {"lost sound": 5, "loud bumps: keep the chest piece and its cable still": 1}


def test_a_crash_has_the_last_rolling_verdict(crashed):
    """There is no summary then, and the heart rate is the median of the windows."""
    (finding,) = site_findings(crashed)
    assert (finding.site, finding.is_summary, finding.verdict.label, finding.bpm) == ("AV", False, "murmur", 70.5)


def test_a_change_of_site_divides(of_lines, window_maker):
    """Each site has its own windows and its last rolling verdict; a window that spans the change is in neither."""
    windows = [window_maker(index, rolling="murmur" if index > 4 else "normal") for index in range(11)]
    change = {"type": "site", "at_s": 5.2, "sample": 20_800, "site": "MV"}
    first, second = site_findings(of_lines([*windows, change, SUMMARY]))
    assert (first.site, first.end_s, first.windows, first.verdict.label) == ("AV", 5.2, 1, "normal")
    assert (second.site, second.start_s, second.windows, second.verdict.label) == ("MV", 5.2, 0, None)
    assert second.verdict.state == "listening"
    assert not first.is_summary


def test_the_same_site_again_at_once_is_no_change(of_lines, window_maker):
    """A key that names the site that is heard already divides nothing, and the summary holds."""
    again = {"type": "site", "at_s": 5.2, "sample": 20_800, "site": "AV"}
    (finding,) = site_findings(of_lines([window_maker(0), again, SUMMARY]))
    assert finding.is_summary


def test_a_corrected_site_has_no_row(of_lines, window_maker):
    """A site that was named for no time at all is left out."""
    lines = [{"type": "site", "at_s": 0.0, "sample": 0, "site": "PV"}, window_maker(0), SUMMARY]
    (finding,) = site_findings(of_lines(lines))
    assert finding.site == "PV"


def test_nothing_was_judged(of_lines):
    """No window at all is "listening", with nothing judged."""
    (finding,) = site_findings(of_lines([]))
    assert (finding.verdict.state, finding.windows, finding.judged_s, finding.bpm) == ("listening", 0, 0.0, None)


def test_more_was_judged_than_can_be_read(timeline):
    """Where the sound ends early, the length is that of what was judged."""
    (finding,) = site_findings(dataclasses.replace(timeline, num_samples=8000))
    assert (finding.duration_s, finding.judged_s) == (10.0, 7.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"label": 7},
        {"state": "healthy"},
        {"acoustic_scores": [1]},
        {"acoustic_scores": {"murmur": "high"}},
        {"heart_rate_bpm": "fast"},
        {"heart_rate_bpm": True},
    ],
)
def test_a_summary_that_is_none(of_lines, window_maker, changes):
    """Values of another kind are left out; nothing fails."""
    (finding,) = site_findings(of_lines([window_maker(0), SUMMARY | changes]))
    assert finding.verdict.label in (None, "murmur")
    assert finding.bpm in (None, 70.5)


def test_a_looped_clip_counts(of_lines, window_maker):
    """The one window of a clip reaches beyond its sound, and is in it."""
    window = window_maker(0) | {"short": True, "end_s": 20.0}
    (finding,) = site_findings(of_lines([window, SUMMARY]))
    assert (finding.windows, finding.judged_s) == (1, pytest.approx(10.1))


def examination(**changes):
    """Return the line of an examination of two sites, the second of which was skipped."""
    heard = {"site": "AV", "state": "verdict", "label": "murmur", "confidence": 0.9, "judged_s": 3.5, "windows": 3}
    heard |= {"scores": {"normal": 0.1, "murmur": 0.9}, "heart_rate_bpm": 71.0, "start_s": 0.0, "end_s": 6.2}
    skipped = {"site": "MV", "state": "not-judged", "label": None, "judged_s": 0.0, "start_s": None, "end_s": None}
    skipped |= {"reason": "skipped after 0.0 of 10 s"}
    found = {"state": "verdict", "label": "murmur", "text": "murmur, score 0.90: murmur at AV; MV not judged"}
    return {"type": "examination", "sites": [heard, skipped, None], "finding": found} | changes


def test_an_examination_has_its_own_findings(of_lines, window_maker):
    """A row for each site that was asked for, with the verdict and the reason of the examination."""
    lines = [*(window_maker(index) for index in range(11)), SUMMARY, examination()]
    timeline = of_lines(lines)
    first, second = site_findings(timeline)
    assert (first.site, first.verdict.label, first.judged_s, first.bpm, first.windows) == ("AV", "murmur", 3.5, 71.0, 3)
    assert (second.site, second.verdict.label, second.windows) == ("MV", None, 0)
    assert second.reason == "skipped after 0.0 of 10 s"
    verdict, text = subject_finding(timeline)
    assert (verdict.label, text) == ("murmur", "murmur, score 0.90: murmur at AV; MV not judged")


@pytest.mark.parametrize("changes", [{"finding": {}}, {"finding": {"text": ""}}, {"finding": None}])
def test_an_examination_without_a_finding(of_lines, window_maker, changes):
    """Nothing is made up for a line that somebody else wrote."""
    timeline = of_lines([window_maker(0), SUMMARY, examination(**changes)])
    assert subject_finding(timeline) is None


def test_no_examination_has_no_finding_for_the_subject(timeline):
    """A session at one site says nothing of the person."""
    assert subject_finding(timeline) is None

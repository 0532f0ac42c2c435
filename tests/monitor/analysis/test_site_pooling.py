"""Pooling the scores of sites, and the finding: never more than the sites say."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis.site_pooling import finding, mean_scores
from monitor.inference.thresholds import DecisionThresholds
from monitor.messages import SiteResult, Verdict

DECISION = DecisionThresholds(uncertain_below=0.58)
SITES = ("AV", "PV", "TV", "MV")


def site(name, murmur=None, extrastole=0.0, reason=None):
    """Return a site with a score of a murmur, or one that was not judged."""
    if murmur is None:
        return SiteResult(name, None, 0.0, 0, None, None, None, reason or "skipped")
    scores = {"normal": 1.0 - murmur - extrastole, "murmur": murmur, "extrastole": extrastole}
    label = max(scores, key=scores.get)
    sure = scores[label] >= DECISION.uncertain_below
    verdict = Verdict("verdict" if sure else "uncertain", label if sure else None, scores[label], scores, scores)
    return SiteResult(name, verdict, 10.0, 11, 78.0, 0.0, 10.0)


def found(*murmurs):
    """Return the finding of sites with these scores of a murmur."""
    return finding([site(name, value) for name, value in zip(SITES, murmurs, strict=False)], DECISION)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_the_pool_is_the_mean(murmurs):
    """Every label has the mean of its scores, whatever the number of sites; they still sum to 1."""
    pooled = mean_scores([{"normal": 1.0 - value, "murmur": value} for value in murmurs])
    assert pooled["murmur"] == pytest.approx(sum(murmurs) / len(murmurs))
    assert sum(pooled.values()) == pytest.approx(1.0)


@given(st.permutations([0.1, 0.4, 0.8, 0.95]))
def test_the_order_of_sites_does_not_matter(murmurs):
    """A finding is of the sites, not of the way from one to the next."""
    assert found(*murmurs).verdict.scores == pytest.approx(found(0.1, 0.4, 0.8, 0.95).verdict.scores)


def test_no_site_is_an_error_and_other_labels_too():
    """There is no made-up answer."""
    with pytest.raises(ValueError, match="at least one window or site"):
        mean_scores([])
    with pytest.raises(ValueError, match="same labels"):
        mean_scores([{"a": 1.0}, {"b": 1.0}])


def test_all_sites_normal():
    """The finding is normal, with the mean score."""
    result = found(0.1, 0.1, 0.2, 0.2)
    assert (result.verdict.label, result.verdict.confidence) == ("normal", pytest.approx(0.85))
    assert result.labels == dict.fromkeys(SITES, "normal")
    assert result.not_judged == ()


def test_a_murmur_at_one_site_is_not_averaged_away():
    """The mean says normal and one site says murmur: uncertain, with the pooled scores."""
    result = found(0.05, 0.05, 0.05, 0.95)
    assert (result.verdict.state, result.verdict.label) == ("uncertain", None)
    assert result.verdict.scores["normal"] == pytest.approx(0.725)
    assert result.labels["MV"] == "murmur"


def test_a_normal_site_does_not_withhold_a_murmur():
    """A murmur need not be heard everywhere."""
    assert found(0.95, 0.95, 0.9, 0.3).verdict.label == "murmur"


def test_scores_below_the_threshold_are_uncertain():
    """The pooled scores are held to the bundle's threshold."""
    result = found(0.5, 0.5)
    assert (result.verdict.state, result.verdict.confidence) == ("uncertain", pytest.approx(0.5))
    assert result.labels == {"AV": "uncertain", "PV": "uncertain"}


def test_an_uncertain_site_does_not_withhold_a_clear_pool():
    """Only another label does."""
    assert found(0.05, 0.05, 0.05, 0.45).verdict.label == "normal"


def test_another_label_at_a_site_withholds_a_murmur():
    """Murmur and extrasystole at different sites: neither is given for both."""
    results = [site("AV", 0.95), site("PV", 0.95), site("MV", 0.05, extrastole=0.9)]
    assert finding(results, DECISION).verdict.state == "uncertain"


def test_sites_that_were_not_judged_count_for_nothing():
    """They are named, and change no score."""
    result = finding([site("AV", 0.1), site("PV"), site("MV")], DECISION)
    assert result.verdict.scores == site("AV", 0.1).verdict.scores
    assert result.not_judged == ("PV", "MV")


def test_no_judged_site_is_no_finding():
    """Not even uncertain."""
    result = finding([site("AV"), site("PV")], DECISION)
    assert (result.verdict, result.labels, result.not_judged) == (None, {}, ("AV", "PV"))


def test_acoustic_scores_are_pooled_where_all_are_known():
    """They are shown; without them the scores are."""
    assert found(0.1, 0.3).verdict.acoustic_scores["murmur"] == pytest.approx(0.2)
    verdict = Verdict("verdict", "normal", 0.9, {"normal": 0.9, "murmur": 0.1})
    bare = SiteResult("AV", verdict, 10.0, 11, None, 0.0, 10.0)
    assert finding([bare], DECISION).verdict.acoustic_scores is None


def murmur(name, loudness, timing, label="murmur"):
    """Return a site with a murmur, or with another label."""
    heard = site(name, 0.95 if label == "murmur" else 0.1)
    return dataclasses.replace(
        heard, verdict=dataclasses.replace(heard.verdict, loudness=loudness, murmur_timing=timing)
    )


@pytest.mark.parametrize(
    ("sites", "loudness", "timing"),
    [
        ([("soft", "systolic"), ("loud", "systolic")], "loud", "systolic"),
        ([("soft", None), ("soft", "systolic")], "soft", "systolic"),
        ([("soft", "diastolic"), (None, "systolic")], "soft", None),
        ([(None, None), (None, None)], None, None),
    ],
)
def test_a_murmur_is_as_loud_as_where_it_is_loudest(sites, loudness, timing):
    """And lies where the sites that say so agree."""
    verdict = finding([murmur(name, *said) for name, said in zip(SITES, sites, strict=False)], DECISION).verdict
    assert (verdict.label, verdict.loudness, verdict.murmur_timing) == ("murmur", loudness, timing)


def test_without_a_murmur_nothing_is_said_of_one():
    """Also where a site names one and the finding does not."""
    verdict = finding([murmur("AV", "loud", "systolic"), site("PV", 0.0), site("TV", 0.0)], DECISION).verdict
    assert (verdict.label, verdict.loudness, verdict.murmur_timing) == (None, None, None)
    assert finding([site("AV", 0.1)], DECISION).verdict.loudness is None

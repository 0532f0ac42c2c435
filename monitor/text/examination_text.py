"""A guided examination in words and as a JSON line: where the chest piece goes, what each site gave, the finding.

Pure functions of frozen messages, with the standard library alone; safe on any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.labels import NORMAL
from monitor.messages.rounding import BPM_DIGITS, TIME_DIGITS, rounded
from monitor.output import printable
from monitor.text.json_lines import SCHEMA, json_line
from monitor.text.label_details import label_details, with_details
from monitor.text.shown import possible_text, shown_score
from monitor.text.text_lines import DISCLAIMER

if TYPE_CHECKING:  # for the types alone
    from monitor.messages import Examination, Finding, SiteResult, Verdict

__all__ = ["PLACES", "VALVES", "examination_line", "examination_rows", "finding_text", "place_text", "site_row"]

VALVES = {"AV": "aortic", "PV": "pulmonary", "TV": "tricuspid", "MV": "mitral"}

PLACES = {
    "AV": "right of the breastbone, second space between the ribs",
    "PV": "left of the breastbone, second space between the ribs",
    "TV": "left of the breastbone, fourth space between the ribs",
    "MV": "below the middle of the left collarbone, fifth space between the ribs",
}
"""Where the chest piece goes, left and right as the person who is examined has them. Source: Oliveira et al. 2022, "The
CirCor DigiScope Dataset", on whose recordings the pooling was measured: the four standard sites."""


def place_text(site: str) -> str:
    """Return where the chest piece goes.

    Examples
    --------
    >>> place_text("AV")
    'aortic (AV): right of the breastbone, second space between the ribs'
    """
    return f"{VALVES[site]} ({site}): {PLACES[site]}"


def site_row(result: SiteResult) -> str:
    """Return the row of a site: verdict with the score that is shown, judged seconds, heart rate, what is missing.

    Examples
    --------
    >>> from monitor.messages import SiteResult, Verdict
    >>> heard = Verdict("verdict", "normal", 0.9, {"normal": 0.9, "murmur": 0.1})
    >>> site_row(SiteResult("AV", heard, 10.0, 11, 78.2, 0.0, 10.0))
    'AV  aortic     normal      0.90   10.0 s judged   78 bpm'
    >>> site_row(SiteResult("PV", None, 0.0, 0, None, None, None, "skipped"))
    'PV  pulmonary  not judged          0.0 s judged           skipped'
    >>> loud = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9}, loudness="loud")
    >>> site_row(SiteResult("MV", loud, 10.0, 11, 78.2, 0.0, 10.0))
    'MV  mitral     murmur      0.90   10.0 s judged   78 bpm  loud'
    """
    verdict = result.verdict
    score = None if verdict is None else shown_score(verdict)
    word = "not judged" if verdict is None else printable(verdict.label or verdict.state)
    number = "" if score is None else f"{score:.2f}"
    rate = "" if result.heart_rate_bpm is None else f"{result.heart_rate_bpm:3.0f} bpm"
    row = (
        f"{result.site}  {VALVES[result.site]:<9}  {word:<10}  {number:>4}  {result.judged_s:5.1f} s judged  {rate:<7}"
    )
    remarks = [] if verdict is None else label_details(verdict)
    remarks = remarks if verdict is None or verdict.possible is None else [possible_text(verdict.possible), *remarks]
    return f"{row}  {', '.join(map(printable, [*remarks, *filter(None, [result.reason])]))}".rstrip()


def finding_text(finding: Finding) -> str:
    """Return the finding in a sentence that says what it does not know.

    Examples
    --------
    >>> from monitor.messages import Finding, Verdict
    >>> pooled = Verdict("verdict", "normal", 0.82, {"normal": 0.82, "murmur": 0.18})
    >>> finding_text(Finding(pooled, {"AV": "normal", "PV": "normal", "TV": "normal"}, ("MV",)))
    'normal, score 0.82: normal at 3 of 4 sites (AV, PV, TV); MV not judged'
    >>> unsure = Verdict("uncertain", None, 0.62, {"normal": 0.62, "murmur": 0.38})
    >>> finding_text(Finding(unsure, {"AV": "normal", "PV": "murmur"}))
    'uncertain: murmur at PV; normal at AV'
    >>> heard = Verdict("verdict", "murmur", 0.9, {"normal": 0.1, "murmur": 0.9}, loudness="loud")
    >>> finding_text(Finding(heard, {"AV": "murmur", "PV": "murmur"}))
    'murmur, loud, score 0.90: murmur at AV and PV'
    """
    if finding.verdict is None:
        return "none: no site gave enough usable sound"
    asked = len(finding.labels) + len(finding.not_judged)
    words = _pooled_text(finding.verdict)
    by_label: dict[str, list[str]] = {}
    for site, label in finding.labels.items():
        by_label.setdefault(label, []).append(site)
    parts = [_sites_text(label, by_label[label], asked) for label in sorted(by_label, key=_rank)]
    if finding.not_judged:
        parts.append(f"{_listed(finding.not_judged)} not judged")
    return f"{words}: {'; '.join(parts)}"


def _pooled_text(verdict: Verdict) -> str:
    """Return the pooled verdict and the score that is shown with it."""
    score = shown_score(verdict)
    if verdict.possible is not None:
        return with_details(f"{verdict.state}, {possible_text(verdict.possible)}", verdict)
    if verdict.label is None or score is None:
        return verdict.state
    return f"{with_details(printable(verdict.label), verdict)}, score {score:.2f}"


def _rank(label: str) -> int:
    """Return the order in which labels are named: what was found, what is normal, what is not known."""
    return {NORMAL: 1, "uncertain": 2}.get(label, 0)


def _sites_text(label: str, sites: list[str], asked: int) -> str:
    """Return at which sites there is a label; normal ones are counted, for the others may not be."""
    if label == NORMAL and asked > len(sites) > 1:
        return f"{NORMAL} at {len(sites)} of {asked} sites ({', '.join(sites)})"
    if label == NORMAL and asked == len(sites):
        return f"{NORMAL} at {_all(asked)} ({', '.join(sites)})"
    return f"{printable(label)} at {_listed(sites)}"


def _all(count: int) -> str:
    """Return all of a number of sites."""
    return {1: "the only site", 2: "both sites"}.get(count, f"all {count} sites")


def _listed(names: list[str] | tuple[str, ...]) -> str:
    """Return names with "and" before the last."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def examination_rows(examination: Examination) -> list[str]:
    """Return the lines that close an examination: a row per site, the finding, and what it is not."""
    subject = "" if examination.subject is None else f" of {printable(examination.subject)}"
    rows = [site_row(result) for result in examination.sites]
    remark = "" if examination.complete else " (ended before the last site)"
    return [*rows, f"finding{subject}{remark}: {finding_text(examination.finding)}", DISCLAIMER]


def examination_line(examination: Examination) -> str:
    """Return the line that closes an examination; one JSON object, no line feed.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    finding = examination.finding
    return json_line(
        {
            "type": "examination",
            "schema": SCHEMA,
            "source": examination.source,
            "subject": examination.subject,
            "good_s": rounded(examination.good_s, TIME_DIGITS),
            "complete": examination.complete,
            "sites": [_site_values(result) for result in examination.sites],
            "finding": {
                **_verdict_or_none(finding.verdict),
                "labels": dict(finding.labels),
                "not_judged": list(finding.not_judged),
                "text": finding_text(finding),
            },
        }
    )


def _site_values(result: SiteResult) -> Mapping[str, Any]:
    """Return the keys of a site."""
    return {
        "site": result.site,
        **_verdict_or_none(result.verdict),
        "judged_s": rounded(result.judged_s, TIME_DIGITS),
        "windows": int(result.windows),
        "heart_rate_bpm": rounded(result.heart_rate_bpm, BPM_DIGITS),
        "start_s": rounded(result.start_s, TIME_DIGITS),
        "end_s": rounded(result.end_s, TIME_DIGITS),
        "reason": result.reason,
    }


def _verdict_or_none(verdict: Verdict | None) -> dict[str, Any]:
    """Return the keys of a verdict; those of what was not judged have no value."""
    if verdict is not None:
        return verdict.to_dict()
    nothing = ("label", "loudness", "confidence", "scores", "acoustic_scores", "murmur_timing")
    return {"state": "not-judged", **dict.fromkeys(nothing)}

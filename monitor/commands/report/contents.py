"""What stands in a report, before it has a form: text is plain here, and each form escapes it in its own way."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from monitor._version import __version__
from monitor.archive.beats import timeline_variability
from monitor.archive.timeline import Timeline
from monitor.commands.report.findings import Finding, site_findings, subject_finding
from monitor.commands.report.words import clock, day_and_time, duration, site_title
from monitor.output import printable
from monitor.text.variability_text import variability_text

__all__ = ["VARIABILITY", "Chapter", "Entry", "chapter"]

VARIABILITY = "Heart rate variability"
"""Name of the fact that holds it; a chapter without beats has none."""

WRITTEN = ("mark", "note")
UNNAMED = re.compile(r"mark \d+")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What a person set or was told, or a person's own label.

    Attributes
    ----------
    number : int
        Of marks and notes, from 1: it stands in the picture; 0 for the others.
    start_s, end_s : float
    kind : {"mark", "note", "label", "told"}
    text : str
        Empty for a mark.
    """

    number: int
    start_s: float
    end_s: float
    kind: str
    text: str

    @property
    def when(self) -> str:
        """The moment or the stretch, in words."""
        return clock(self.start_s) + (f" to {clock(self.end_s)}" if self.end_s > self.start_s else "")


@dataclasses.dataclass(frozen=True, slots=True)
class Chapter:
    """A session or a recording in a report.

    Attributes
    ----------
    timeline : Timeline
    findings : tuple of Finding
        One for each site.
    entries : tuple of Entry
    remarks : tuple of str
        What is missing or damaged.
    is_damaged : bool
        Whether something of it could not be read.
    facts : tuple of (str, str)
        What describes it: a name and a value each.
    """

    timeline: Timeline
    findings: tuple[Finding, ...]
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...]
    is_damaged: bool
    facts: tuple[tuple[str, str], ...]

    @property
    def subject(self) -> str | None:
        """The subject's code."""
        return self.timeline.text("subject")

    @property
    def subject_finding(self) -> str:
        """What the sites of an examination say together; empty where there was none."""
        found = subject_finding(self.timeline)
        return "" if found is None else printable(found[1])

    @property
    def name(self) -> str:
        """Name of the folder or the file."""
        return printable(self.timeline.name)

    @property
    def started(self) -> str | None:
        """When it was recorded, in words; None where that is not known."""
        return day_and_time(self.timeline.text("started"))

    @property
    def sites(self) -> str:
        """The sites, in words."""
        return ", ".join(dict.fromkeys(site_title(finding.site) for finding in self.findings))

    @property
    def title(self) -> str:
        """Subject or name, site and time, in one line."""
        named = [printable(self.subject) if self.subject else self.name]
        sites = list(dict.fromkeys(finding.site for finding in self.findings if finding.site))
        named += [", ".join(map(printable, sites)) if len(sites) > 1 else self.sites] if sites else []
        return ", ".join([*named, *([self.started] if self.started else [])])

    @property
    def model_sha256(self) -> str | None:
        """Digest of the network that judged it."""
        found = self.timeline.start.get("model_sha256") or self.timeline.text("model_sha256")
        return found if isinstance(found, str) else None

    @property
    def model(self) -> str | None:
        """Name of the bundle that judged it."""
        found = self.timeline.start.get("model") or self.timeline.text("model")
        return printable(found) if isinstance(found, str) else None


def chapter(timeline: Timeline, remarks: Sequence[str]) -> Chapter:
    """Return the contents of a session or a recording.

    Parameters
    ----------
    timeline : Timeline
    remarks : sequence of str
        What is missing in it.
    """
    findings = site_findings(timeline)
    told = [printable(remark) for remark in remarks]
    if timeline.session and timeline.session.get("ended") is None:
        told.append("The session has no end: the program was killed, or still runs. What it kept until then is here.")
    if timeline.sound is None:
        told.append("There is no sound: the picture and the player are left out.")
    built = Chapter(timeline, findings, _entries(timeline), tuple(told), bool(remarks), ())
    return dataclasses.replace(built, facts=_facts(built))


def _entries(timeline: Timeline) -> tuple[Entry, ...]:
    """Return marks and notes, a person's labels, and what was told, in order."""
    entries, number = [], 0
    for span in timeline.spans:
        if span.kind in WRITTEN:
            number += 1
            text = "" if UNNAMED.fullmatch(span.text) else printable(span.text)
            entries.append(Entry(number, span.start_s, span.end_s, span.kind, text))
        elif span.kind in ("label", "told"):
            entries.append(Entry(0, span.start_s, span.end_s, span.kind, printable(span.text)))
    return tuple(entries)


def _facts(built: Chapter) -> tuple[tuple[str, str], ...]:
    """Return what describes a chapter; what is not known is said."""
    timeline, start = built.timeline, built.timeline.start
    window_s, hop_s = (start.get(key) or timeline.session.get(key) for key in ("window_s", "hop_s"))
    channel = (timeline.session.get("source") or {}).get("channel") if timeline.session else None
    channel = channel or (timeline.sound.channel if timeline.sound else None)
    version = start.get("version") or timeline.text("version") or __version__
    lost = timeline.session.get("lost_samples") or 0
    facts = {
        "Subject": printable(built.subject) if built.subject else "no code given",
        "Recorded": built.started or "not stated in the recording",
        "Device": printable(timeline.text("device") or "") or None,
        "Source": printable(Path(str(start.get("source") or timeline.name)).name),
        "Site": built.sites,
        "Duration": f"{duration(timeline.duration_s)} at {timeline.sample_rate} Hz",
        "Channel": printable(f"{channel}") if channel else "one, or the mean of all",
        "Lost sound": f"{float(lost) / timeline.sample_rate:.2f} s" if isinstance(lost, int) and lost else None,
        VARIABILITY: variability_text(timeline_variability(timeline)) if timeline.beats else None,
        "Windows": f"{window_s:g} s, one every {hop_s:g} s" if _are_numbers(window_s, hop_s) else None,
        "Model": built.model or "unknown",
        "Model sha256": printable(built.model_sha256 or "unknown"),
        "Judged by": f"auscult {printable(str(version))}",
    }
    if facts["Device"] == facts["Source"]:
        facts["Source"] = None
    return tuple((name, value) for name, value in facts.items() if value)


def _are_numbers(*values: object) -> bool:
    """Return whether all are numbers."""
    return all(isinstance(value, int | float) for value in values)

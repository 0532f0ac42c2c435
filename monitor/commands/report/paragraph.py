"""``--text``: a paragraph for each session, in plain sentences, to be pasted into a record. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.commands.report.contents import VARIABILITY, Chapter
from monitor.commands.report.findings import Finding
from monitor.commands.report.words import (
    duration,
    judged_sentence,
    site_title,
    verdict_reason,
    verdict_text,
    withheld_texts,
)
from monitor.output import printable
from monitor.text.text_lines import DISCLAIMER

__all__ = ["paragraphs"]


def paragraphs(chapters: Sequence[Chapter]) -> str:
    """Return a paragraph for each chapter, with an empty line between them and no line feed at the end."""
    return "\n\n".join(_paragraph(one) for one in chapters)


def _paragraph(chapter: Chapter) -> str:
    """Return what a record needs to know of one chapter."""
    timeline, facts = chapter.timeline, dict(chapter.facts)
    who = f"subject {printable(chapter.subject)}" if chapter.subject else chapter.name
    sentences = [f"Heart sounds of {who}", f"recorded {chapter.started or 'at a time not stated'}"]
    if "Device" in facts:
        sentences.append(f"with {facts['Device']}")
    first = ", ".join([*sentences, duration(timeline.duration_s)])
    notes = [f"at {entry.when}: {entry.text}" for entry in chapter.entries if entry.kind == "note"]
    labels = [f"{entry.when}: {entry.text}" for entry in chapter.entries if entry.kind == "label"]
    model = f"{chapter.model or 'unknown'} (sha256 {printable(chapter.model_sha256 or 'unknown')})"
    every = [
        first,
        *([f"Finding: {chapter.subject_finding}"] if chapter.subject_finding else []),
        *(_finding(finding) for finding in chapter.findings),
        *([f"{VARIABILITY}: {facts[VARIABILITY]}"] if VARIABILITY in facts else []),
        *([f"Notes: {'; '.join(notes)}"] if notes else []),
        *([f"Labelled by a person: {'; '.join(labels)}"] if labels else []),
        *chapter.remarks,
        f"Model {model}, {facts['Judged by']}",
        DISCLAIMER[0].upper() + DISCLAIMER[1:],
    ]
    return " ".join(sentence if sentence.endswith((".", "!", "?")) else f"{sentence}." for sentence in every)


def _finding(finding: Finding) -> str:
    """Return what was found at one site."""
    withheld = withheld_texts(finding)
    reason = verdict_reason(finding)
    site = site_title(finding.site)
    parts = [
        f"{site[0].upper()}{site[1:]}: {verdict_text(finding.verdict)}",
        *([reason.removesuffix(".")] if reason else []),
    ]
    parts.append(f"Judged: {judged_sentence(finding)}" + (f"; not judged: {'; '.join(withheld)}" if withheld else ""))
    rate = "Heart rate not found" if finding.bpm is None else f"Heart rate {finding.bpm:.0f} beats per minute"
    return ". ".join([*parts, rate])

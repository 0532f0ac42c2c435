"""The page: one HTML file that needs nothing else. Must not read recordings itself."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from monitor.archive.segment_styles import segment_styles
from monitor.commands.report.contents import Chapter, Entry
from monitor.commands.report.drawings import Drawings, svg_of
from monitor.commands.report.findings import Finding
from monitor.commands.report.html import render, template_text
from monitor.commands.report.sound import EmbeddedSound
from monitor.commands.report.words import (
    LIMITS,
    SCORE_NOTE,
    clock,
    confidence_text,
    judged_sentence,
    score_number,
    score_text,
    site_title,
    verdict_reason,
    verdict_title,
    withheld_texts,
)
from monitor.output import printable, printable_lines
from monitor.text.letters import STATE_LETTERS
from monitor.text.shown import shown_scores

__all__ = [
    "PRINTED_ENTRIES",
    "ChapterParts",
    "entry_texts",
    "legend_text",
    "page",
    "report_title",
]

PRINTED_ENTRIES = 12
"""Marks, notes and labels on paper; page.css hides the others, so that a session stays two pages."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ChapterParts:
    """A chapter with its pictures and its sound.

    Attributes
    ----------
    chapter : Chapter
    drawn : Drawings
    sound : EmbeddedSound or None
    card : str or None
        The model card, where that model is installed.
    """

    chapter: Chapter
    drawn: Drawings
    sound: EmbeddedSound | None
    card: str | None


def page(parts: Sequence[ChapterParts], made: datetime.datetime) -> str:
    """Return the page.

    Parameters
    ----------
    parts : sequence of ChapterParts
    made : datetime
        When.
    """
    from markupsafe import Markup

    style, *scripts = (template_text(name) for name in ("page.css", "stretch.js", "page.js"))
    script = "\n".join(scripts)
    chapters = [_chapter(part, index, Markup) for index, part in enumerate(parts, 1)]
    return render(
        "page.html.jinja",
        script,
        title=report_title([part.chapter for part in parts]),
        style=Markup(style),  # noqa: S704 - a file of ours
        rows=[row for chapter in chapters for row in chapter["rows"]],
        chapters=chapters,
        cards=_cards(parts),
        score_note=SCORE_NOTE,
        limits=LIMITS,
        printed_entries=PRINTED_ENTRIES,
        made=made,
    )


def report_title(chapters: Sequence[Chapter]) -> str:
    """Return what the report is about: the one recording, or the subjects of several."""
    if len(chapters) == 1:
        return chapters[0].title
    subjects = dict.fromkeys(chapter.subject for chapter in chapters if chapter.subject)
    if len(subjects) == 1 and all(chapter.subject for chapter in chapters):
        return f"{next(iter(subjects))}, {len(chapters)} recordings"
    return f"{len(chapters)} recordings" + (f" of {', '.join(subjects)}" if subjects else "")


def _chapter(part: ChapterParts, index: int, markup: Any) -> dict[str, Any]:
    """Return what the template needs of a chapter; only our own drawings are markup."""
    chapter, drawn, sound = part.chapter, part.drawn, part.sound
    timeline, anchor = chapter.timeline, f"recording-{index}"
    close_up = drawn.close_up
    pictures = {"whole": markup(svg_of(chapter, drawn, whole=True, prefix=f"w{index}"))}
    if close_up is not None:
        pictures["close_up"] = markup(svg_of(chapter, drawn, whole=False, prefix=f"c{index}"))
    left_out = [sound.note] if sound is not None and not sound.uri else []
    facts = [*chapter.facts, *([("Sound in this file", sound.note)] if sound is not None and sound.uri else [])]
    labels = [str(label) for label in timeline.start.get("labels") or timeline.session.get("labels") or ()]
    return {
        "close_up": "",
        "close_up_start": 0.0 if close_up is None else round(close_up.start_s, 3),
        "close_up_end": 0.0 if close_up is None else round(close_up.end_s, 3),
        "close_up_title": "" if close_up is None else f"{clock(close_up.start_s)} to {clock(close_up.end_s)}",
        **pictures,
        "anchor": anchor,
        "title": chapter.title,
        "subject_finding": chapter.subject_finding,
        "duration_s": round(timeline.duration_s, 3),
        "rows": [_row(finding, chapter, anchor, labels) for finding in chapter.findings],
        "remarks": [*chapter.remarks, *left_out],
        "sound_rate": sound.sample_rate if sound is not None else 0,
        "sound_uri": markup(sound.uri) if sound is not None else "",
        "whole_title": _whole_title(drawn),
        "legend": legend_text(drawn),
        "entries": entry_texts(chapter.entries),
        "facts": facts,
    }


def _row(finding: Finding, chapter: Chapter, anchor: str, labels: Sequence[str]) -> dict[str, Any]:
    """Return a finding as texts."""
    verdict = finding.verdict
    key = verdict.label or verdict.state
    names = dict.fromkeys([*labels, *([verdict.label] if verdict.label else [])])
    styles = segment_styles(tuple(name for name in names if name not in STATE_LETTERS))
    scores = shown_scores(verdict)
    return {
        "anchor": anchor,
        "site": site_title(finding.site),
        "recorded": chapter.started or chapter.name,
        "verdict": verdict_title(verdict),
        "colour": styles[key].colour if key in styles else "#dddddd",
        "score": score_text(verdict),
        "confidence": confidence_text(verdict),
        "reason": verdict_reason(finding),
        "rate": "" if finding.bpm is None else f"{finding.bpm:.0f} beats/min",
        "judged": judged_sentence(finding),
        "withheld": withheld_texts(finding),
        "scores": [_score_row(name, score) for name, score in (scores or {}).items()],
    }


def _score_row(name: str, score: float) -> tuple[str, str, int]:
    """Return a label, its score as text, and the length of its bar in percent."""
    return printable(name), score_number(score), round(100 * min(1.0, max(0.0, score)))


def _whole_title(drawn: Drawings) -> str:
    """Return what the picture of the whole shows."""
    above = "phonocardiogram, spectrogram, " if drawn.whole is not None else ""
    return f"The whole recording: {above}verdict of the last seconds, heart rate"


def legend_text(drawn: Drawings) -> str:
    """Return what the ticks in the pictures are."""
    parts = ["Short ticks: heart beats found by the rhythm tracker"] if drawn.marked.beats else []
    parts += ["Ticks: S1, and shorter S2, that were found; blank where not sure"] if drawn.marked.sounds else []
    parts += ["long red ticks: early beats"] if drawn.marked.early else []
    parts += ["bars over the spectrogram: S1 and S2 annotated by a person"] if drawn.marked.states else []
    parts += ["dashed lines: marks and notes by number"] if any(one.number for one in drawn.marked.entries) else []
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def entry_texts(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return marks, notes, labels and what was told, as texts."""
    shown, labels = [], 0
    for entry in entries:
        labels += entry.kind == "label"
        badge = {"label": f"label {labels}", "told": "told"}.get(entry.kind, str(entry.number))
        text = entry.text or "mark"
        shown.append(
            {"kind": entry.kind, "badge": badge, "start_s": round(entry.start_s, 3), "when": entry.when, "text": text}
        )
    return shown


def _cards(parts: Sequence[ChapterParts]) -> list[dict[str, Any]]:
    """Return the model cards, each once."""
    found = {(part.chapter.model or "unknown", part.chapter.model_sha256): part.card for part in parts}
    cards = [(name, None if text is None else printable_lines(text)) for (name, _), text in found.items()]
    return [{"index": index, "name": name, "text": text} for index, (name, text) in enumerate(cards, 1)]

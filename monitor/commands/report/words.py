"""What a report says in words. Pure; every text is one line and holds no control character."""

from __future__ import annotations

import datetime

from monitor.commands.report.findings import Finding
from monitor.labels import SITE_TITLES
from monitor.messages import Verdict
from monitor.output import printable
from monitor.text.label_details import with_details
from monitor.text.shown import possible_text, shown_score

__all__ = [
    "LIMITS",
    "SCORE_NOTE",
    "clock",
    "confidence_text",
    "day_and_time",
    "duration",
    "judged_sentence",
    "score_number",
    "score_text",
    "seconds",
    "site_title",
    "size_text",
    "verdict_reason",
    "verdict_text",
    "verdict_title",
    "withheld_texts",
]

NO_VERDICT = {
    "poor-signal": ("No verdict: poor signal", "The signal was too poor to be judged in more than half of the sound."),
    "no-signal": ("No verdict: no signal", "There was no signal in more than half of the sound."),
    "listening": ("No verdict", "No whole window of sound was heard."),
    "uncertain": ("Uncertain", "No label was likely enough, or none lasted."),
}
POSSIBLE = "The score of {label} is higher than in most recordings without it, but too low for the label to be given."
SCORE_NOTE = (
    "The score says how clearly the label is heard in the windows that were judged; it is the number on the screen. "
    "The confidence is the calibrated probability that an annotator would give the recording this label (in the JSON "
    "lines: acoustic_scores, confidence)."
)
LIMITS = (
    "A label says what is heard at one site of the chest while it is listened to. It names no disease and is no "
    "finding about a person.",
    "Normal does not mean healthy: much heart disease makes no sound, and a murmur may be harmless.",
    "The network was trained on few devices and patients; others may sound different. Its model card has its error "
    "rates.",
    "A long tick marks an S1 that was found, a short one an S2; where neither is sure there is none, and some are "
    "wrong. With a model that does not tell them apart, a tick is a beat of the rhythm tracker, at either heart sound.",
    "Heart rate variability is measured from heart sounds, not from an electrocardiogram: each S1 is some "
    "milliseconds off, which adds to RMSSD.",
)


def verdict_title(verdict: Verdict) -> str:
    """Return the verdict in a word or a few.

    Examples
    --------
    >>> verdict_title(Verdict("verdict", "murmur", 0.9)), verdict_title(Verdict("poor-signal"))
    ('Murmur', 'No verdict: poor signal')
    >>> verdict_title(Verdict("verdict", "murmur", 0.9, loudness="loud"))
    'Murmur, loud'
    >>> verdict_title(Verdict("uncertain", possible="murmur"))
    'Uncertain: possible murmur'
    """
    if verdict.label is not None:
        label = printable(verdict.label)
        return with_details(label[:1].upper() + label[1:], verdict)
    title = NO_VERDICT.get(verdict.state, NO_VERDICT["listening"])[0]
    return title if verdict.possible is None else f"{title}: {with_details(possible_text(verdict.possible), verdict)}"


def verdict_reason(finding: Finding) -> str:
    """Return why there is no label, and what an examination says of the site; empty where there is nothing to say.

    Examples
    --------
    >>> verdict_reason(Finding("AV", 0, 9, Verdict("listening"), None, 0, 0, 0.0, {}, False, "skipped"))
    'Skipped.'
    """
    if finding.reason:
        text = printable(finding.reason)
        return f"{text[:1].upper()}{text[1:]}."
    verdict = finding.verdict
    if verdict.possible is not None:
        return POSSIBLE.format(label=printable(verdict.possible))
    return "" if verdict.label is not None else NO_VERDICT.get(verdict.state, NO_VERDICT["listening"])[1]


def score_text(verdict: Verdict) -> str:
    """Return the acoustic score of a label, as on the screen, with two digits; empty where there is no label.

    It never rounds up to a certainty.

    Examples
    --------
    >>> score_text(Verdict("verdict", "murmur", 0.874)), score_text(Verdict("verdict", "murmur", 0.999))
    ('0.87', 'over 0.99')
    """
    score = None if verdict.label is None else shown_score(verdict)
    return "" if score is None else score_number(score)


def confidence_text(verdict: Verdict) -> str:
    """Return the calibrated confidence in a label with two digits; empty where there is no label.

    Examples
    --------
    >>> confidence_text(Verdict("verdict", "murmur", 0.81)), confidence_text(Verdict("uncertain", None, 0.5))
    ('0.81', '')
    """
    return "" if verdict.label is None or verdict.confidence is None else score_number(verdict.confidence)


def verdict_text(verdict: Verdict) -> str:
    """Return the verdict, with score and confidence where it has a label.

    Examples
    --------
    >>> verdict_text(Verdict("verdict", "a", 0.81, {"a": 0.81, "b": 0.19}, {"a": 0.89, "b": 0.11}))
    'A, score 0.89, confidence 0.81'
    """
    numbers = {"score": score_text(verdict), "confidence": confidence_text(verdict)}
    return ", ".join([verdict_title(verdict), *(f"{name} {text}" for name, text in numbers.items() if text)])


def score_number(score: float) -> str:
    """Return a score with two digits, never rounded to 1.

    Examples
    --------
    >>> score_number(0.5), score_number(0.9999)
    ('0.50', 'over 0.99')
    """
    return "over 0.99" if score > 0.99 else f"{score:.2f}"


def size_text(num_bytes: int) -> str:
    """Return the size of a file.

    Examples
    --------
    >>> size_text(4_210_000), size_text(23_400), size_text(12)
    ('4.2 MB', '23 kB', '1 kB')
    """
    return f"{num_bytes / 1e6:.1f} MB" if num_bytes >= 1e5 else f"{max(1, round(num_bytes / 1e3))} kB"


def site_title(site: str | None) -> str:
    """Return a site with its name.

    Examples
    --------
    >>> site_title("AV"), site_title(None)
    ('AV (aortic valve area)', 'site not named')
    """
    if site is None:
        return "site not named"
    title = SITE_TITLES.get(site)
    return printable(site) if title is None else f"{site} ({title})"


def judged_sentence(finding: Finding) -> str:
    """Return how much was judged.

    Examples
    --------
    >>> judged_sentence(Finding("AV", 0, 9, Verdict("listening"), None, 4, 3, 6.5, {}, True))
    '6.5 of 9.0 s (3 of 4 windows)'
    """
    length = f"{seconds(finding.judged_s)} of {seconds(finding.duration_s)} s"
    return f"{length} ({finding.judged} of {_windows(finding.windows)})"


def withheld_texts(finding: Finding) -> list[str]:
    """Return why the rest was not judged, a text for each reason."""
    return [f"{_windows(count)}: {printable(reason)}" for reason, count in finding.withheld.items()]


def _windows(count: int) -> str:
    return f"{count} window" if count == 1 else f"{count} windows"


def seconds(value: float) -> str:
    """Return seconds with a tenth."""
    return f"{value:.1f}"


def duration(value_s: float) -> str:
    """Return a duration, in minutes from two on.

    Examples
    --------
    >>> duration(24.336), duration(600.0), duration(3725.0)
    ('24.3 s', '10 min 0 s', '1 h 2 min 5 s')
    """
    if value_s < 120:
        return f"{value_s:.1f} s"
    minutes, rest = divmod(round(value_s), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours} h " if hours else "") + f"{minutes} min {rest} s"


def clock(value_s: float) -> str:
    """Return a position in the sound.

    Examples
    --------
    >>> clock(7.56), clock(3725.04)
    ('0:07.6', '1:02:05.0')
    """
    minutes, tenths = divmod(round(value_s * 10), 600)
    hours, minutes = divmod(minutes, 60)
    front = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{front}:{tenths / 10:04.1f}"


def day_and_time(text: str | None) -> str | None:
    """Return a time of a session as people write it, as it is where it is none; None for None.

    Examples
    --------
    >>> day_and_time("2026-01-02T03:04:05+01:00")
    '2026-01-02 03:04 (UTC+01:00)'
    """
    if text is None:
        return None
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return printable(text)
    zone = time.tzname() if time.tzinfo is not None else None
    return f"{time:%Y-%m-%d %H:%M}" + (f" ({zone})" if zone else "")

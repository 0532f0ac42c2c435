"""What is said beside a label: how loud a murmur is, and where in the cardiac cycle it lies.

Pure functions of a frozen verdict; safe on any thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for the types alone
    from monitor.messages import Verdict

__all__ = ["detail_words", "label_details", "with_details"]

TIMING_WORDS = {
    "systolic": "in systole",
    "diastolic": "in diastole",
    "systolic and diastolic": "in systole and diastole",
}


def label_details(verdict: Verdict) -> list[str]:
    """Return what is known of the label that is given or possible, each in a few words; nothing where nothing is sure.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> label_details(Verdict("verdict", "murmur", 0.9, murmur_timing="diastolic"))
    ['in diastole']
    >>> label_details(Verdict("verdict", "murmur", 0.9, murmur_timing="systolic", loudness="loud"))
    ['loud', 'in systole']
    """
    return detail_words(verdict.loudness, verdict.murmur_timing)


def detail_words(loudness: str | None, murmur_timing: str | None) -> list[str]:
    """Return the same from the values of a line: ``loudness`` and ``murmur_timing``.

    Examples
    --------
    >>> detail_words(None, "systolic"), detail_words("soft", None)
    (['in systole'], ['soft'])
    """
    timing = TIMING_WORDS.get(murmur_timing or "")
    return [words for words in (loudness, timing) if words is not None]


def with_details(text: str, verdict: Verdict) -> str:
    """Return the words for a verdict, followed by what is known of its label.

    Examples
    --------
    >>> from monitor.messages import Verdict
    >>> with_details("Murmur", Verdict("verdict", "murmur", 0.9, murmur_timing="systolic"))
    'Murmur, in systole'
    """
    return ", ".join([text, *label_details(verdict)])

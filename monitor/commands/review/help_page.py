"""The keys of a review, for its help page and its row of keys."""

from __future__ import annotations

__all__ = ["HELP", "KEYS", "KEYS_PLAYING"]

KEYS = (
    ("q", "quit"),
    ("?", "help"),
    ("space", "play"),
    ("←→", "5 s"),
    ("g", "go to"),
    (",.", "marks"),
    ("<>", "verdicts"),
    ("m", "mark"),
    ("n", "note"),
    ("l", "label"),
    ("[]", "stretch"),
    ("o", "loop"),
    ("h", "half speed"),
)
"""The most important first; a narrow screen shows as many as fit."""

KEYS_PLAYING = tuple((key, "stop" if key == "space" else meaning) for key, meaning in KEYS)

HELP = (
    ("q", "quit; Ctrl+C does the same"),
    ("left right", "5 s; with shift, or j and k: 0.05 s"),
    ("pgup pgdn", "a minute, or a screen where that is longer; home, end"),
    ("up down", "zoom of the time axis, from 1 s to the whole recording"),
    ("g", "go to a time: seconds, m:ss or h:mm:ss"),
    (", . < >", "mark, note or label; change of verdict: before, behind"),
    ("space", "play from here, or stop"),
    ("h", "half speed, the pitch kept, or full speed again"),
    ("[ ]", "begin and end a stretch here; Esc forgets it"),
    ("o", "play the stretch again and again, or no longer"),
    ("c", "the same with the heart cycle around the cursor"),
    ("a f v V", "sound on or off; next sound; softer, louder"),
    ("m n", "set a mark, or a note with a line of text"),
    ("l", "give the stretch a label of your own, apart from the verdicts"),
    ("e d", "edit or delete the mark, note or label at the cursor"),
    ("+ -", "display gain of the waveform"),
    ("s", "save the screen (SVG)"),
    ("S1 S2", "heart sounds that are sure; none where they have no room: zoom in"),
    ("verdict", "rolling verdicts, a letter each; the cursor's is written large"),
)
"""Keys, and parts of the screen, with what they do or mean."""

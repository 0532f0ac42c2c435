"""The pictures of one chapter, read once from its sound and drawn as SVG or into the pages of a PDF."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import re
import warnings
from collections.abc import Iterator
from typing import Any

from monitor.archive.beats import early_beats
from monitor.archive.cardiac_states import annotated_states
from monitor.archive.windows import heart_beat
from monitor.commands.report.contents import Chapter
from monitor.commands.report.excerpt import Excerpt, close_up_span, read_excerpt, read_whole
from monitor.commands.report.picture import FAINT, INK, MARK, Marking, draw

__all__ = ["Drawings", "drawing_settings", "drawings", "svg_of"]

WIDTH_INCHES, CLOSE_UP_INCHES, WHOLE_INCHES = 10.0, 3.1, 4.7
DOTS_PER_INCH = 120
VARIABLES = {INK: "var(--ink)", FAINT: "var(--faint)", MARK: "var(--mark)"}
"""Colours that the page chooses, for light, dark and paper."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Drawings:
    """What the pictures of a chapter are drawn from.

    Attributes
    ----------
    whole, close_up : Excerpt or None
        None without sound, or where the whole is short enough.
    marked : Marking
    peak : float
        Largest sample.
    """

    whole: Excerpt | None
    close_up: Excerpt | None
    marked: Marking
    peak: float


def drawings(chapter: Chapter) -> Drawings:
    """Read the sound of a chapter once for its pictures.

    Raises
    ------
    AuscultError
        If it can no longer be read, or the annotations beside it cannot.
    """
    timeline = chapter.timeline
    early = early_beats(timeline.windows)
    if timeline.sound is None:
        return Drawings(None, None, Marking(early=early, entries=chapter.entries), 0.0)
    sounds = tuple(sound for line in timeline.beats for sound in heart_beat(line).sounds)
    whole, tracked = read_whole(timeline.sound, () if sounds else timeline.windows)
    span = close_up_span(timeline)
    close_up = None if span is None else read_excerpt(timeline.sound, *span)
    marked = Marking(tracked, early, annotated_states(timeline), chapter.entries, sounds)
    peak = max((float(max(high, -low)) for low, high in zip(whole.low, whole.high, strict=True)), default=0.0)
    return Drawings(whole, close_up, marked, peak)


@contextlib.contextmanager
def drawing_settings() -> Iterator[None]:
    """Draw the same everywhere: no formula in a text, no date, and no warning for a letter that no font has."""
    from matplotlib import rc_context

    settings: Any = {
        "text.parse_math": False,
        "svg.hashsalt": "auscult",
        "svg.fonttype": "none",
        "hatch.linewidth": 0.7,
    }
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def svg_of(chapter: Chapter, drawn: Drawings, *, whole: bool, prefix: str) -> str:
    """Return a picture as an SVG element for a page.

    Parameters
    ----------
    chapter : Chapter
    drawn : Drawings
    whole : bool
        The whole recording, or the close-up.
    prefix : str
        Of its identifiers, which must differ from those of all other pictures of the page.
    """
    from matplotlib.figure import Figure

    out = io.StringIO()
    height = WHOLE_INCHES if whole else CLOSE_UP_INCHES
    if drawn.whole is None:
        height /= 2
    with drawing_settings():
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DOTS_PER_INCH)
        figure.patch.set_alpha(0.0)
        edges = {"top": 1 - 0.24 / height, "bottom": 0.46 / height}
        excerpt = drawn.whole if whole else drawn.close_up
        draw(figure, excerpt, chapter.timeline, drawn.marked, whole=whole, **edges)
        figure.savefig(out, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None, "Creator": None})
    return _for_page(out.getvalue(), prefix)


def _for_page(svg: str, prefix: str) -> str:
    """Return an SVG file as an element of a page: no prologue, identifiers of its own, colours of the page."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r' (width|height)="[\d.]+pt"', "", element, count=2)
    element = re.sub(r'\bid="', f'id="{prefix}-', element)
    element = re.sub(r"(data:image/png;base64,)([A-Za-z0-9+/=\s]+)", _with_palette, element)
    element = element.replace("url(#", f"url(#{prefix}-").replace('href="#', f'href="#{prefix}-')
    for colour, variable in VARIABLES.items():
        element = element.replace(colour, variable)
    return element.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _with_palette(found: re.Match[str]) -> str:
    """Return an embedded image with 256 colours, as many as the colour map has: a third of the size."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(found[2]))) as image:
        image.convert("RGB").quantize(256).save(out, "PNG", optimize=True)
    return found[1] + base64.b64encode(out.getvalue()).decode("ascii")

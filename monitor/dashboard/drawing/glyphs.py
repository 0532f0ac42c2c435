"""Numbers to characters: bars, big letters, images, clock times. Nothing here uses a colour.

Every text has exactly the requested width, so nothing moves from one screen to the next.
``unicode=False`` keeps to ASCII, for terminals without block characters.
Pure functions; safe on any thread.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size

__all__ = [
    "bar",
    "big_letters",
    "clock",
    "db_fraction",
    "fit",
    "fit_path",
    "fit_words",
    "pixels",
    "pool",
    "shade_rows",
    "sparkline",
]

Number = TypeVar("Number", np.float32, np.intp)

EIGHTHS = " ▏▎▍▌▋▊▉█"
HEIGHTS, ASCII_HEIGHTS = "▁▂▃▄▅▆▇█", "_.-=^"
SHADES = " ░▒▓█"
ASCII_SHADES = " .:-=+*#%@"

LEVEL_FLOOR_DB = -60.0
"""The left end of the level bar."""

# Five rows of 3 to 5 pixels, top first; each row is one base-32 digit whose bits are the pixels.
GLYPHS = {
    **dict(zip("ABCDEFG", ("25755", "65656", "34443", "65556", "74647", "74644", "34553"), strict=True)),
    **dict(zip("HIJKLMN", ("55755", "72227", "11152", "55655", "44447", "HRLHH", "9DB99"), strict=True)),
    **dict(zip("OPQRSTU", ("75557", "65644", "75571", "65655", "74717", "72222", "55557"), strict=True)),
    **dict(zip("VWXYZ- ", ("55552", "HHLRH", "55255", "55222", "71247", "00700", "00000"), strict=True)),
    **dict(zip("01234", ("75557", "26227", "71747", "71317", "55711"), strict=True)),
    **dict(zip("56789", ("74717", "74757", "71111", "75757", "75717"), strict=True)),
}


def bar(fraction: float, width: int, *, unicode: bool = True) -> str:
    """Return a bar of block characters, without the empty cells behind it.

    Parameters
    ----------
    fraction : float
        0 (empty) to 1 (full); values outside are clipped, values that are not finite give an empty bar.
    width : int
        Cells of a full bar.
    unicode : bool
        Whether eighths of a cell can be drawn.

    Returns
    -------
    str
        0 to ``width`` characters.

    Examples
    --------
    >>> bar(0.5, 8, unicode=False)
    '####'
    """
    full = min(max(fraction, 0.0), 1.0) if math.isfinite(fraction) else 0.0
    if not unicode:
        return "#" * round(full * width)
    whole, eighths = divmod(round(full * width * 8), 8)
    return "█" * whole + (EIGHTHS[eighths] if eighths else "")


def db_fraction(db: float) -> float:
    """Return a level in dB as a fraction from -60 dB (0) to full scale (1)."""
    return min(1.0, max(0.0, 1.0 - db / LEVEL_FLOOR_DB))  # in this order a NaN is 0 too


def clock(seconds: float) -> str:
    """Return minutes, seconds and tenths, and hours where there are any.

    Examples
    --------
    >>> clock(7.56), clock(3600)
    ('0:07.5', '1:00:00.0')
    """
    tenths = max(0, math.floor(seconds * 10 + 1e-6)) if math.isfinite(seconds) else 0
    minutes, rest = divmod(tenths, 600)
    hours, minutes_left = divmod(minutes, 60)
    front = f"{hours}:{minutes_left:02d}" if hours else f"{minutes}"
    return f"{front}:{rest // 10:02d}.{rest % 10}"


def fit(text: str, width: int, *, unicode: bool = True) -> str:
    """Return the text in exactly ``width`` cells: padded, or cut with an ellipsis.

    Control characters, and characters outside ASCII where ``unicode`` is False, become ``?``.

    Examples
    --------
    >>> fit("a long name", 6, unicode=False)
    'a lon~'
    """
    clean = "".join(
        character if character.isprintable() and (unicode or character.isascii()) else "?" for character in text
    )
    if cell_len(clean) <= width:
        return set_cell_size(clean, width)
    mark = "…" if unicode else "~"
    return set_cell_size(clean, width - 1) + mark if width > 0 else ""


def fit_path(path: str, width: int, *, unicode: bool = True) -> str:
    """Return a path in exactly ``width`` cells: its folder is cut before its name is.

    Examples
    --------
    >>> fit_path("/home/someone/recordings/heart.wav", 16, unicode=False)
    '~dings/heart.wav'
    """
    path = "".join(sign if sign.isprintable() else "?" for sign in path)
    over = cell_len(path) - width
    name = path.replace("\\", "/").rpartition("/")[2]
    if over <= 0 or len(name) == len(path) or cell_len(name) > width - 2:
        return fit(path if over <= 0 else name, width, unicode=unicode)
    kept = path
    while cell_len(kept) > width - 1:
        kept = kept[1:]
    return ("…" if unicode else "~") + fit(kept, width - 1, unicode=unicode)


def fit_words(text: str, width: int, lines: int, *, unicode: bool = True) -> list[str]:
    """Return text in at most so many lines, broken between words; the last one ends with ``…`` where more would follow.

    Examples
    --------
    >>> fit_words("hold the chest piece still", 12, 2, unicode=False)
    ['hold the', 'chest ~']
    >>> fit_words("hold still", 12, 2)
    ['hold still']
    """
    if width < 3 or lines < 1:
        return []
    mark = " …" if unicode else " ~"
    wrapped = textwrap.wrap(text, width, max_lines=lines, placeholder=mark)
    return [fit(line, min(width, cell_len(line)), unicode=unicode) for line in wrapped]


def sparkline(values: Sequence[float | None], low: float, high: float, *, unicode: bool = True) -> str:
    """Return one character per value, as high as the value lies between two limits; a space for None.

    Examples
    --------
    >>> sparkline([60, 70, None, 80], 60, 80)
    '▁▅ █'
    """
    ramp = HEIGHTS if unicode else ASCII_HEIGHTS
    scale = (len(ramp) - 1) / (high - low) if high > low else 0.0
    return "".join(
        " " if value is None else ramp[min(len(ramp) - 1, max(0, round((value - low) * scale)))] for value in values
    )


def big_letters(text: str) -> tuple[str, str, str] | None:
    """Return the text in letters three lines high, of half-block characters.

    Returns
    -------
    tuple of three str, or None
        Lines of equal width; None when a character has no big form.
    """
    if not text or not set(text.upper()) <= GLYPHS.keys():
        return None
    rows = ["".join(columns) for columns in zip(*map(_glyph_rows, text.upper()), strict=True)]
    pairs = ((rows[0], rows[1]), (rows[2], rows[3]), (rows[4], " " * len(rows[4])))
    top, middle, bottom = ("".join(map(_half_block, *pair)).removesuffix(" ") for pair in pairs)
    return top, middle, bottom


def _glyph_rows(character: str) -> list[str]:
    """Return the five pixel rows of a character, ``#`` or space, and one empty column."""
    values = [int(digit, 32) for digit in GLYPHS[character]]
    width = 1 if character == " " else max(3, max(values).bit_length())
    return [f"{value:0{width}b} "[-width - 1 :].replace("0", " ").replace("1", "#") for value in values]


def _half_block(top: str, bottom: str) -> str:
    """Return the character for an upper and a lower pixel."""
    return {"  ": " ", "# ": "▀", " #": "▄", "##": "█"}[top + bottom]


def pool(image: NDArray[Number], height: int, width: int) -> NDArray[Number]:
    """Return an image reduced by max pooling.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
    height, width : int
        At least 1; the image is never enlarged.

    Returns
    -------
    ndarray, shape (min(height, rows), min(width, columns))
        A single bright pixel stays as bright as it was.
    """
    rows, columns = image.shape
    if height < rows:
        image = np.maximum.reduceat(image, np.arange(height) * rows // height, axis=0)
    if width < columns:
        image = np.maximum.reduceat(image, np.arange(width) * columns // width, axis=1)
    return image


def pixels(channel: NDArray[np.float32], low: float, high: float, steps: int) -> NDArray[np.intp]:
    """Return the quantized value of each pixel, flipped so that row 0 is at the bottom.

    Parameters
    ----------
    channel : ndarray, shape (rows, columns), float32
        Row 0 is the lowest frequency; NaN and minus infinity count as ``low``, infinity as ``high``.
    low, high : float
        The values of the first and the last step; values outside are clipped.
    steps : int

    Returns
    -------
    ndarray, shape (rows, columns), intp
        0 to ``steps - 1``, top row first.
    """
    scaled = (np.nan_to_num(channel[::-1], nan=low, posinf=high, neginf=low) - low) * (steps / (high - low))
    quantized: NDArray[np.intp] = np.clip(scaled, 0, steps - 1).astype(np.intp)
    return quantized


def shade_rows(steps: NDArray[np.intp], num_steps: int, *, unicode: bool = True) -> list[str]:
    """Return an image without colours, one character per pixel.

    Parameters
    ----------
    steps : ndarray, shape (rows, columns), intp
        0 to ``num_steps - 1``, from :func:`pixels`.
    num_steps : int
    unicode : bool
        Shade characters, or ASCII characters of increasing density.

    Returns
    -------
    list of str
        One per row.
    """
    ramp = SHADES if unicode else ASCII_SHADES
    ink = np.array(list(ramp))[steps * len(ramp) // num_steps]
    return ["".join(row) for row in ink]

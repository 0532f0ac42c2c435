"""Headers of WFDB records: what they state, and lines that are not as the format says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.decoding.medical.wfdb_header import WfdbHeader, WfdbSignal, parse_header


def test_every_field() -> None:
    """Comments and the fields that do not bear on the sound are passed over."""
    text = (
        "# made by hand\n"
        "a_01 2 2000/100(5) 35000 12:00:00 01/02/2020\n"
        "a_01.dat 16x2:3+24 1000(7)/mV 16 5 -3 100 0 PCG at the apex\r\n"
        "a_01.dat 16+24\n"
        "# age: 60\n"
    )
    assert parse_header(text) == WfdbHeader(
        2000.0,
        35_000,
        (WfdbSignal("a_01.dat", 16, 2, 24, 5, "PCG at the apex"), WfdbSignal("a_01.dat", 16, 1, 24, 0, "")),
    )


def test_what_may_be_left_out() -> None:
    """Rate and length have the defaults of the format."""
    assert parse_header("a 1\na.dat 212\n") == WfdbHeader(250.0, None, (WfdbSignal("a.dat", 212, 1, 0, 0, ""),))
    assert parse_header("a 1 4e3 0\na.dat 212\n").num_frames is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "does not begin with the line of a record"),
        ("a\n", "does not begin with the line of a record"),
        ("a 1 4000 48000", "describes 0 of 1 signals"),
        ("a/3 1 4000 48000\nb 100\n", "joins '3' segments; name the header of one of them"),
        ("a 0 4000\n", "states '0' signals, not 1 to 1024"),
        ("a 99999999999999999999 4000\n", "states '99999999999999999999' signals"),
        ("a 1 0 48000\na.dat 16\n", "states no rate above 0"),
        ("a 1 1e999 48000\na.dat 16\n", "states no rate above 0"),
        ("a 1 4000\na.dat sixteen\n", "has a line that is no signal: 'a.dat sixteen'"),
        ("a 1 4000\na.dat\n", "has a line that is no signal"),
        ("a 1 4000\na.dat 16x0\n", "states a signal without samples"),
        ("a 1 4000\na.dat 16x99999\n", "states frames of more than 65536 samples"),
        ("a 1 4000\n../a.dat 16\n", "names no file in its own folder: '../a.dat'"),
        ("a 1 4000\n/etc/passwd 16\n", "names no file in its own folder"),
        ("a 1 4000\nc:\\a.dat 16\n", "names no file in its own folder"),
        ("a 1 4000\n.. 16\n", "names no file in its own folder"),
        ("a 1 4000\n- 16\n", "names no file in its own folder"),
    ],
)
def test_what_is_wrong_is_said(text: str, wrong: str) -> None:
    """The message follows "the header"."""
    with pytest.raises(ValueError, match="^" + wrong.replace("(", r"\(").replace("\\", r"\\").replace(".", r"\.")):
        parse_header(text)


@given(st.text(alphabet="a01 4x+:/(.)\n\t#-~e\0٣", max_size=60))
def test_any_text_is_a_header_or_a_value_error(text: str) -> None:
    """A name never leads out of the folder."""
    try:
        header = parse_header(text)
    except ValueError:
        return
    assert all("/" not in signal.file and signal.file not in ("..", ".", "-", "~") for signal in header.signals)

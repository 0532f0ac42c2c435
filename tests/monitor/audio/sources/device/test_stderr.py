"""Standard error while a device is open: native code is silent, ours is heard."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from monitor.audio.sources.device.stderr import suppress_native_stderr
before = sys.stderr
os.write(2, b"native before\\n")
try:
    with suppress_native_stderr():
        os.write(2, b"native inside\\n")
        print("ours inside", file=sys.stderr)
        {inside}
except KeyError:
    pass
os.write(2, b"native after\\n")
print("ours after", sys.stderr is before, file=sys.stderr)
"""


@pytest.mark.parametrize("inside", ["pass", "raise KeyError"])
def test_only_what_native_code_writes_is_dropped(inside):
    """Inside the block descriptor 2 goes nowhere while print still arrives; afterwards all is as before."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(inside=inside)], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines() == ["native before", "ours inside", "native after", "ours after True"]


def test_without_standard_error():
    """A program that has none runs all the same."""
    code = "import sys\nsys.stderr = None\nfrom monitor.audio.sources.device.stderr import suppress_native_stderr\n"
    code += "with suppress_native_stderr():\n    print('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fine\n"


def test_a_standard_error_that_was_replaced_stays(capsys):
    """Under a program that catches standard error, ours still goes there."""
    from monitor.audio.sources.device.stderr import suppress_native_stderr

    with suppress_native_stderr():
        print("caught", file=sys.stderr)
    assert capsys.readouterr().err == "caught\n"

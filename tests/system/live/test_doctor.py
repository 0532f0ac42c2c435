"""`auscult doctor` on a real sound server."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def plugged(stethoscope):
    """Return the virtual stethoscope, plugged in."""
    stethoscope.plug_in(4000)
    yield stethoscope
    stethoscope.unplug()


def test_a_virtual_stethoscope_is_judged(plugged, heart_files):
    """Sound that plays is captured at its rate and level, without loss; the network takes a synthetic heart for one."""
    plugged.play(heart_files(60))
    code, out, errors = plugged.auscult("doctor", "--device", "stethoscope", "--rate", 4000, "--json")
    checks = {row["check"]: row for row in map(json.loads, out.splitlines())}
    assert checks["synthetic heart"]["state"] == "passed", errors
    assert checks["signal"]["state"] == "passed", out
    assert checks["drop-outs"]["lost_s"] == 0.0, out
    assert checks["rate"]["state"] == "passed", out
    assert checks["voice processing"]["state"] == "passed", out
    assert code == 0


def test_silence_is_judged(plugged):
    """Nothing plays: digital silence, and the next step."""
    code, out, _ = plugged.auscult("doctor", "--device", "stethoscope", "--rate", 4000)
    assert code == 1
    assert "failed   signal            the input is digital silence\n" in out

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


@pytest.mark.parametrize("sample_rate", [4000, 48_000])
def test_a_loop_through_the_sound_server(plugged, sample_rate):
    """A null sink gives back what it is given: bit-exact, without drift; the verdict is that on the heart played."""
    code, out, errors = plugged.auscult(
        "doctor", "--device", "stethoscope", "--rate", sample_rate, "--loop", "default", "--json"
    )
    checks = {row["check"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0, errors + out
    assert checks["loop level"]["gain_db"] == 0.0
    assert checks["loop rate"]["rate_error_ppm"] == 0.0
    assert checks["loop samples"]["bit_exact"] is True
    assert 0.0 < checks["loop latency"]["latency_ms"] < 500.0
    assert checks["loop heart"]["label"] == "normal"


def test_an_output_of_the_sound_server_by_its_own_name(plugged):
    """As it is listed; the sound comes back through its monitor."""
    code, out, errors = plugged.auscult("devices", "--outputs")
    assert code == 0, errors
    names = [line.partition("] ")[2].partition(",")[0] for line in out.splitlines() if ", PulseAudio" in line]
    assert names, out
    code, out, errors = plugged.auscult(
        "doctor", "--device", "stethoscope", "--rate", 4000, "--loop", names[0], "--json"
    )
    checks = {row["check"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0, errors + out
    assert checks["loop samples"]["bit_exact"] is True

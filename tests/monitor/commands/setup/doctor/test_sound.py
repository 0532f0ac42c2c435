"""Inputs, and the signs that one of them alters the sound for speech."""

from __future__ import annotations

import dataclasses

import pytest

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.commands.setup.doctor.sound import check_inputs, check_processing, sound_failed
from monitor.errors import DeviceError

STETHOSCOPE = DeviceInfo(3, "My Stethoscope", "ALSA", 1, 4000)
ROUTER = DeviceInfo(5, "pulse", "ALSA", 32, 44_100, default=True)


class Rates:
    """A library whose inputs take certain rates."""

    def __init__(self, *rates):
        self._rates = rates

    def tested_rates(self, device):
        """Return them."""
        return self._rates


def named(name, source=None):
    """Return an input of a name."""
    return dataclasses.replace(STETHOSCOPE, name=name, source=source)


def test_inputs():
    """The chosen one with its rate, and how many others there are; the facts have no name."""
    check = check_inputs(Rates(4000, 44_100), [STETHOSCOPE, ROUTER], STETHOSCOPE)
    assert (check.state, check.finding) == ("passed", "My Stethoscope, ALSA, 4000 Hz; 1 other input")
    assert check.facts == {
        "inputs": 2,
        "host_apis": ["ALSA"],
        "looks_like": "stethoscope",
        "channels": 1,
        "default_rate_hz": 4000,
        "rates_hz": [4000, 44_100],
    }


def test_inputs_of_no_use():
    """One that takes no rate, and one that records what the computer plays."""
    assert "end the program" in check_inputs(Rates(), [STETHOSCOPE], STETHOSCOPE).next_step
    monitor = named("Monitor of Built-in Audio")
    check = check_inputs(Rates(44_100), [monitor], monitor)
    assert (check.state, check.facts["looks_like"]) == ("warning", "virtual")


@pytest.mark.parametrize(
    "name",
    [
        *("echo-cancel source", "Echo Cancelled Mic (echo_cancel)", "RNNoise", "rnnoise_source", "Krisp Microphone"),
        *("Noise Suppression for Voice", "noisetorch", "Easy Effects Source", "Microphone (NVIDIA Broadcast)"),
        "Mic with AGC",
    ],
)
def test_effects(name):
    """The output of an effect is no input for hearts, whichever name has it."""
    for device in (named(name), named("Source 3", name)):
        check = check_processing([device], device, 0.0)
        assert (check.state, check.facts["processed_by_name"]) == ("failed", True)
        assert "the device itself" in check.next_step


@pytest.mark.parametrize(
    "name", ["Headset (WH-1000 Hands-Free AG Audio)", "bluez_input.00_11.0", "Anna's AirPods", "headset-head-unit"]
)
def test_bluetooth_headsets(name):
    """Their profile for calls takes away what is wanted here; the name stays out of the facts."""
    device = named(name)
    check = check_processing([device], device, 0.0)
    assert (check.state, check.facts["headset"]) == ("failed", True)
    assert name not in str(check.to_json())


@pytest.mark.parametrize(
    "name",
    [
        "My Stethoscope",
        "Eko CORE 500",
        "Thinklabs One",
        "USB Audio CODEC",
        "Built-in Microphone",
        "Magic",
        "Headset Jack",
    ],
)
def test_ordinary_names(name):
    """Nothing is suspected of them."""
    device = named(name)
    assert check_processing([device], device, 0.0).state == "passed"


def test_sound_that_is_cut():
    """Stretches of a constant between sounds are those of a gate."""
    check = check_processing([STETHOSCOPE], STETHOSCOPE, 0.25)
    assert (check.state, check.facts["gated"]) == ("warning", 0.25)
    assert check.finding.startswith("25% of the sound is cut")


def test_an_effect_behind_the_systems_choice():
    """Where the system chooses, it may have chosen the effect; a device that is named has nothing to do with it."""
    effect = named("rnnoise")
    assert check_processing([effect, ROUTER], ROUTER, 0.0).state == "warning"
    assert check_processing([effect, STETHOSCOPE], STETHOSCOPE, 0.0).state == "passed"


def test_without_a_capture():
    """It says that only the names were looked at."""
    check = check_processing([STETHOSCOPE], STETHOSCOPE, None)
    assert (check.state, check.facts["gated"]) == ("passed", None)
    assert "there was no sound to judge" in check.finding


def test_a_sound_system_that_does_not_answer():
    """The error's own words and step."""
    check = sound_failed(DeviceError("the PortAudio library is not installed", "apt install libportaudio2"))
    assert (check.finding, check.next_step) == ("the PortAudio library is not installed", "apt install libportaudio2")
    assert check.state == "failed"

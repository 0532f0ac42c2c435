"""Checks of the sound system: whether it answers, which inputs there are, and whether one alters the sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.microphone import MicrophoneSource
from monitor.commands.setup.doctor.check import Check
from monitor.errors import DeviceError, NoSuchDeviceError

__all__ = ["check_address", "check_inputs", "check_processing", "sound_failed"]

PROCESSED = re.compile(
    r"echo[-_ ]?cancel|\baec\b|noise[-_ ]?(suppress|cancel|reduc|torch)|rn-?noise|de-?nois|deep ?filter|krisp|rtx voice"
    r"|nvidia broadcast|easy ?effects|pulseeffects|voice isolation|voice ?focus|\bagc\b|auto(matic)?[-_ ]?gain|webrtc",
    re.IGNORECASE,
)
"""Words in the names of inputs that a program has put between the microphone and us."""

HEADSET = re.compile(
    r"hands[-_ ]?free|\bhfp\b|\bhsp\b|headset[-_ ]?head|bluez_(?:input|source)|air-?pods|\bbuds\b", re.IGNORECASE
)
"""Words in the names of Bluetooth inputs: their profile for calls is the only one with a microphone."""

HEADSET_STEP = (
    "plug a stethoscope or microphone in by cable: a headset's profile for calls cuts low tones and noise away"
)
LOOP_STEP = "name the input to which a cable leads, or the monitor of the output, as --device: auscult devices"
PROCESSED_STEP = "choose the device itself (auscult devices), or switch the effect off: it takes heart sounds for noise"


class Library(Protocol):
    """Tells which rates an input takes, as :class:`~monitor.audio.sources.device.portaudio.PortAudio` does."""

    def tested_rates(self, device: DeviceInfo) -> tuple[int, ...]:
        """Return the rates in Hz."""


def check_inputs(
    library: Library, devices: Sequence[DeviceInfo], chosen: DeviceInfo, *, of_a_loop: bool = False
) -> Check:
    """Return which inputs there are, and what the chosen one takes; that of a loop may be virtual."""
    rates = library.tested_rates(chosen)
    facts = {
        "inputs": len(devices),
        "host_apis": sorted({device.host_api for device in devices}),
        "looks_like": chosen.kind,
        "channels": chosen.channels,
        "default_rate_hz": chosen.default_rate,
        "rates_hz": list(rates),
    }
    others = len(devices) - 1
    finding = f"{chosen.full_name}, {chosen.default_rate} Hz; {others or 'no'} other input{'' if others == 1 else 's'}"
    if not rates:
        step = "end the program that is using it, or choose another: auscult devices"
        return Check("inputs", "warning", f"{finding}; none of the rates that were tried is taken", step, facts)
    if chosen.kind == "virtual" and not of_a_loop:
        step = "choose a real input with --device: auscult devices"
        return Check(
            "inputs", "warning", f"{finding}; it is virtual: what this computer plays, or nothing", step, facts
        )
    return Check("inputs", "passed", finding, facts=facts)


def check_address(source: MicrophoneSource) -> Check:
    """Return what an input is that is no sound device of this computer; that it can be opened is known."""
    facts = {"kind": source.device_status.host_api, "rate_hz": source.sample_rate}
    return Check("inputs", "passed", f"{source.name}, {source.sample_rate} Hz", facts=facts)


def check_processing(devices: Sequence[DeviceInfo], chosen: DeviceInfo, gated: float | None) -> Check:
    """Return whether there are signs that the sound is altered for speech.

    Parameters
    ----------
    devices : sequence of DeviceInfo
    chosen : DeviceInfo
    gated : float or None
        Fraction of the captured sound, 0 to 1, in which the value never changes although there is sound elsewhere; None
        where there was no sound.
    """
    names = f"{chosen.full_name} {chosen.source or ''}"
    behind = [device for device in devices if PROCESSED.search(f"{device.name} {device.source or ''}")]
    facts = {
        "processed_by_name": bool(PROCESSED.search(names)),
        "headset": bool(HEADSET.search(names)),
        "processed_inputs": len(behind),
        "gated": None if gated is None else round(gated, 3),
    }
    if facts["headset"]:
        return Check("voice processing", "failed", f"{chosen.name} is a Bluetooth headset", HEADSET_STEP, facts)
    if facts["processed_by_name"]:
        return Check("voice processing", "failed", f"{chosen.name} is the output of an effect", PROCESSED_STEP, facts)
    if gated:
        finding = f"{gated:.0%} of the sound is cut to a constant, as by noise suppression or a noise gate"
        return Check("voice processing", "warning", finding, PROCESSED_STEP, facts)
    if behind and chosen.kind == "router":
        finding = f"{chosen.name} is whichever input the system has chosen, and {behind[0].name} is among them"
        return Check("voice processing", "warning", finding, PROCESSED_STEP, facts)
    heard = "" if gated is not None else " in the names; there was no sound to judge"
    return Check("voice processing", "passed", f"no sign of it{heard}", facts=facts)


def sound_failed(error: DeviceError, *, of_a_loop: bool = False) -> Check:
    """Return the check of a sound system that does not answer, or has no such input."""
    step = LOOP_STEP if of_a_loop and isinstance(error, NoSuchDeviceError) else error.next_step
    return Check("inputs", "failed", error.message, step)

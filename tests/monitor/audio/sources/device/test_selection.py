"""Choosing a device: exact matches before partial ones, never a guess, found again by name."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.sources.device.selection import DeviceInfo, choose, find_again
from monitor.errors import DeviceError, NoSuchDeviceError


def device(index, name, host_api="ALSA", *, default=False):
    """Return an input."""
    return DeviceInfo(index, name, host_api, 2, 48_000, default)


DEVICES = [
    device(1, "HDA Intel PCH: ALC257 Analog (hw:0,0)"),
    device(4, "Eko CORE: USB Audio (hw:2,0)"),
    device(5, "pulse"),
    device(6, "default", default=True),
    device(7, "Monitor of HDA"),
    device(8, "Line In", "MME"),
    device(9, "Line In", "Windows WASAPI"),
]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (None, 6),
        (4, 4),
        ("4", 4),
        (" 4 ", 4),
        ("pulse", 5),
        ("PULSE", 5),
        ("eko", 4),
        ("core: usb", 4),
        ("Line In, MME", 8),
        ("line in, windows", 9),
        ("monitor", 7),
    ],
)
def test_exactly_one_device_matches(wanted, index):
    """By default, index, exact name, and a part of name and host API that only one device has."""
    assert choose(DEVICES, wanted).index == index


def test_a_device_comes_before_the_same_one_by_way_of_a_sound_server():
    """A part that both names have means the device; the whole name, or the server's own, the other one."""
    direct = device(2, "Littmann CORE: USB Audio (hw:2,0)")
    served = dataclasses.replace(device(7, "Littmann CORE Mono", "PulseAudio"), source="usb-1", opened_by=5)
    both = [served, direct]
    assert choose(both, "littmann") == direct
    assert choose(both, "Littmann CORE Mono") == choose(both, "usb-1") == choose(both, "pulseaudio") == served


def test_an_exact_name_takes_precedence_over_a_part():
    """A name that is also a part of another name means the former device."""
    assert choose([device(0, "USB"), device(1, "USB Audio")], "USB").index == 0


def test_case_decides_between_otherwise_equal_names():
    """An exact match is case-sensitive."""
    assert choose([device(0, "usb"), device(1, "USB")], "USB").index == 1


def test_a_name_of_digits_takes_precedence_over_an_index():
    """A device whose name is a number is found by it."""
    assert choose([device(1, "a"), device(2, "1")], "1").index == 2


@pytest.mark.parametrize("wanted", ["Line In", "a", "hda"])
def test_several_matches_are_listed(wanted):
    """The error names the matches, and no other device."""
    with pytest.raises(DeviceError, match="could be") as error:
        choose(DEVICES, wanted)
    assert not isinstance(error.value, NoSuchDeviceError)
    small = wanted.casefold()
    for other in DEVICES:
        assert (f"[{other.index}] {other.full_name}" in str(error.value)) == (small in other.full_name.casefold())


@pytest.mark.parametrize("wanted", ["nothing", "99", 99])
def test_without_a_match_all_devices_are_listed(wanted):
    """The error names every input."""
    with pytest.raises(NoSuchDeviceError) as error:
        choose(DEVICES, wanted)
    assert all(f"[{other.index}] {other.full_name}" in str(error.value) for other in DEVICES)


@pytest.mark.parametrize(
    ("wanted", "meant"), [("plse", "pulse"), ("Line Inn", "Line In"), ("Analogue", "Analog"), ("zzzz", None)]
)
def test_a_mistyped_name_is_asked_about(wanted, meant):
    """The closest names, or words of them, come before the list."""
    with pytest.raises(NoSuchDeviceError) as error:
        choose(DEVICES, wanted)
    assert error.value.next_step.startswith("choose" if meant is None else f"did you mean {meant}? choose")


def test_no_device_at_all():
    """Without any input the next step is another."""
    with pytest.raises(NoSuchDeviceError, match="plug the stethoscope in"):
        choose([], None)


def test_no_default_input():
    """The error says that the system has no default input."""
    with pytest.raises(NoSuchDeviceError, match="no input is the system's default"):
        choose(DEVICES[:2], None)


def test_a_number_may_have_any_white_space_around_it():
    """A separator that Python strips from text and not from numbers is one too."""
    assert choose(DEVICES, f" {DEVICES[1].index}\x1f") == DEVICES[1]


@given(st.text(max_size=8), st.lists(st.text(min_size=1, max_size=4), max_size=5))
def test_never_a_guess(wanted, names):
    """For any devices and any wish: a device that matches, or an error."""
    devices = [device(number, name) for number, name in enumerate(names)]
    try:
        chosen = choose(devices, wanted)
    except DeviceError:
        return
    by_number = wanted.strip().isdecimal() and chosen.index == int(wanted.strip())
    assert by_number or wanted.strip().casefold() in chosen.full_name.casefold()


class TestFoundAgain:
    """A device that comes back."""

    @given(st.permutations(range(20)))
    def test_at_another_index(self, order):
        """Indices change; the name stays."""
        moved = [dataclasses.replace(one, index=order[at]) for at, one in enumerate(DEVICES)]
        assert find_again(moved, DEVICES[1]) == moved[1]

    def test_at_another_port(self):
        """Linux writes the card's number into the name, which may change when plugged in again."""
        moved = [DEVICES[0], device(2, "Eko CORE: USB Audio (hw:3,0)")]
        assert find_again(moved, DEVICES[1]) == moved[1]

    def test_on_windows(self):
        """Windows writes the port in front of the name."""
        before = device(1, "Microphone (2- USB Audio)", "MME")
        assert find_again([device(3, "Microphone (4- USB Audio)", "MME")], before).index == 3

    def test_another_device(self):
        """Another device of the same host API does not match."""
        assert find_again([DEVICES[0], *DEVICES[2:]], DEVICES[1]) is None

    def test_not_under_another_host_api(self):
        """The same name at another host API may have other rates and does not match."""
        assert find_again([DEVICES[6]], DEVICES[5]) is None

    def test_two_of_the_same_model(self):
        """Of two devices with equal names the one with the same index matches; otherwise neither."""
        before = device(3, "USB Audio")
        assert find_again([device(2, "USB Audio"), device(3, "USB Audio")], before).index == 3
        assert find_again([device(5, "USB Audio"), device(6, "USB Audio")], before) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Eko CORE 500", "stethoscope"),
        ("3M Littmann CORE", "stethoscope"),
        ("My Stethoscope: USB Audio (hw:1,0)", "stethoscope"),
        ("Thinklabs One", "stethoscope"),
        ("Monitor of Stethoscope", "virtual"),
        ("BlackHole 2ch", "virtual"),
        ("Stereo Mix (Realtek)", "virtual"),
        ("CABLE Output (VB-Audio Virtual Cable)", "virtual"),
        ("pulse", "router"),
        ("default", "router"),
        ("Gekko sound", None),
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", None),
    ],
)
def test_the_kind_by_name(name, kind):
    """Stethoscopes, inputs that record the computer itself, and the system's own choice are distinguished."""
    assert device(0, name).kind == kind


def test_errors_about_outputs_speak_of_outputs():
    """The next step is about outputs, not about the stethoscope."""
    with pytest.raises(
        NoSuchDeviceError, match=r"no output is the system's default: no output is connected; plug head"
    ):
        choose([], None, direction="output")
    outputs = [DeviceInfo(0, "Speaker", "ALSA", 2, 48_000)]
    with pytest.raises(NoSuchDeviceError, match=r"no output is called 'x'; choose another output: \[0\] Speaker, ALSA"):
        choose(outputs, "x", direction="output")


@pytest.mark.parametrize(
    ("name", "private"),
    [("USB Headphones", True), ("Kopfhörer (Realtek)", True), ("AirPods Pro", True), ("Speakers", False)],
)
def test_headphones_are_known_by_name(name, private):
    """Only a name that says so counts: anything else may be a loudspeaker."""
    assert DeviceInfo(0, name, "ALSA", 2, 48_000).headphones is private

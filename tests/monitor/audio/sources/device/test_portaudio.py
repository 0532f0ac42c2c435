"""PortAudio with a scripted sounddevice: names, errors, the install command."""

from __future__ import annotations

import ast
import builtins
import inspect
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from monitor.audio.sources.device import portaudio
from monitor.audio.sources.device.installation import install_command
from monitor.audio.sources.device.portaudio import PortAudio
from monitor.audio.sources.device.selection import DeviceInfo
from monitor.audio.sources.device.sound_server import ServerDevice
from monitor.errors import DeviceError
from monitor.process.native_stderr import discard_native_stderr


class PortAudioError(Exception):
    """As sounddevice's."""


class FakeStream:
    """An input stream that records the calls."""

    latency = 0.21
    active = True

    def __init__(self, library, **options):
        self.library, self.options, self.calls = library, options, []
        if library.open_fails is not None:
            raise library.open_fails

    def start(self):
        """Start, or fail."""
        self.calls.append("start")
        if self.library.start_fails is not None:
            raise self.library.start_fails

    def abort(self, ignore_errors=True):
        """Abort; a device that is gone raises."""
        self.calls.append("abort")
        raise PortAudioError("gone")

    def close(self, ignore_errors=True):
        """Close."""
        self.calls.append("close")


def raw(index, name, channels, hostapi=0):
    """Return a device as sounddevice gives it."""
    return {
        "index": index, "name": name, "hostapi": hostapi, "max_input_channels": channels,
        "max_output_channels": 2 - min(channels, 2), "default_samplerate": 48000.4,
    }  # fmt: skip


@pytest.fixture
def library(monkeypatch):
    """Replace sounddevice by a scripted one."""
    fake = types.ModuleType("sounddevice")
    fake.PortAudioError = PortAudioError
    fake.default = types.SimpleNamespace(device=[2, 3])
    fake.found = [raw(0, "USB\n Audio ", 2), raw(1, "Speaker", 0), raw(2, "default", 32, 1)]
    fake.query_devices = lambda: fake.found
    fake.query_hostapis = lambda: [{"name": "ALSA"}, {"name": "JACK"}]
    fake.rates, fake.open_fails, fake.start_fails, fake.streams = {4000, 44_100}, None, None, []
    fake._initialized, fake.calls = 1, []

    def check_input_settings(device, channels, dtype, samplerate):
        if samplerate not in fake.rates:
            raise PortAudioError("Error checking: Invalid sample rate [PaErrorCode -9997]", -9997)

    def stream(**options):
        fake.streams.append(FakeStream(fake, **options))
        return fake.streams[-1]

    def count(name, step):
        fake.calls.append(name)
        fake._initialized += step

    fake.check_input_settings, fake.InputStream = check_input_settings, stream
    fake.check_output_settings, fake.OutputStream = check_input_settings, stream
    fake._terminate, fake._initialize = lambda: count("terminate", -1), lambda: count("initialize", 1)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


DEVICE = DeviceInfo(0, "USB Audio", "ALSA", 2, 48_000)


def test_inputs_are_listed(library):
    """Outputs are left out; names are normalized, rates rounded, the default is flagged."""
    assert PortAudio().devices() == [DEVICE, DeviceInfo(2, "default", "JACK", 32, 48_000, default=True)]


def test_supported_rates(library):
    """The rates that the device supports are returned, in order."""
    assert PortAudio().tested_rates(DEVICE) == (4000, 44_100)
    assert PortAudio().tested_rates(DEVICE, (8000, 44_100)) == (44_100,)


def test_the_error_for_a_rate_names_the_supported_ones(library):
    """The next step is a command line that works."""
    with pytest.raises(DeviceError, match=r"does not do 8000 Hz; choose --rate 4000, 44100"):
        PortAudio().check(DEVICE, 1, 8000)


def test_a_channel_that_does_not_exist(library):
    """The message has the device's number of channels."""
    with pytest.raises(DeviceError, match=r"has 2 input channels, there is no channel 3; choose --channel 1 to 2"):
        PortAudio().check(DEVICE, 3, 4000)


def test_a_supported_format_passes(library):
    """A channel and a rate that the device has pass."""
    assert PortAudio().check(DEVICE, 2, 4000) is None


def test_the_parameters_of_a_stream(library):
    """Blocks of the device's own size, float32, the given latency; started."""
    stream = PortAudio().open(DEVICE, 2, 4000, 0.2, lambda block, overflow: None)
    options = library.streams[0].options
    del options["callback"]
    assert options == {
        "samplerate": 4000, "blocksize": 0, "device": 0, "channels": 2, "dtype": "float32", "latency": 0.2,
    }  # fmt: skip
    assert library.streams[0].calls == ["start"]
    assert stream.active


@pytest.mark.parametrize(
    ("platform", "latency_s", "block"), [("linux", 0.04, 80), ("linux", 0.1, 0), ("win32", 0.04, 0)]
)
def test_a_short_latency_is_two_blocks_with_alsa(platform, latency_s, block):
    """ALSA would divide it into four; a longer one, and other systems, choose for themselves."""
    assert portaudio._block_samples(latency_s, 4000, platform) == block


@pytest.mark.parametrize("overflow", [True, False])
def test_blocks_and_flags_are_passed_on(library, overflow):
    """The callback gets the block itself and whether samples were dropped before it."""
    taken = []
    PortAudio().open(DEVICE, 1, 4000, 0.2, lambda *arguments: taken.append(arguments))
    block = np.ones((3, 1), np.float32)
    status = types.SimpleNamespace(input_overflow=overflow)
    library.streams[0].options["callback"](block, 3, None, status)
    assert taken == [(block, overflow)]


def test_closing_a_device_that_is_gone(library):
    """Errors of closing are logged, not raised; twice is safe."""
    stream = PortAudio().open(DEVICE, 1, 4000, 0.2, lambda block, overflow: None)
    stream.close()
    stream.close()
    assert library.streams[0].calls == ["start", "abort", "close", "abort", "close"]


HOST = PortAudioError("Error opening InputStream: Unanticipated host error", -9999, (0, -16, "Device or resource busy"))


@pytest.mark.parametrize(
    ("error", "reason", "advice"),
    [
        (HOST, "Device or resource busy", "end the program that is using it"),
        (
            PortAudioError("Error opening InputStream: Device unavailable", -9985),
            "Device unavailable",
            "end the program",
        ),
        (PortAudioError("Error opening InputStream: Invalid sample rate", -9997), "Invalid sample rate", "--rate"),
        (ValueError("no such device"), "no such device", "auscult devices"),
    ],
)
def test_a_device_that_does_not_open(library, error, reason, advice):
    """The error has the host's own reason and the next step."""
    library.open_fails = error
    with pytest.raises(DeviceError, match="USB Audio: cannot be opened") as raised:
        PortAudio().open(DEVICE, 1, 4000, 0.2, lambda block, overflow: None)
    assert f"({reason})" in raised.value.message
    assert advice in raised.value.next_step


def test_a_device_that_does_not_start_is_closed(library):
    """A stream that was opened is not left open."""
    library.start_fails = HOST
    with pytest.raises(DeviceError, match="busy"):
        PortAudio().open(DEVICE, 1, 4000, 0.2, lambda block, overflow: None)
    assert library.streams[0].calls == ["start", "close"]


def test_a_restart_terminates_and_initializes_the_library(library):
    """However often it had been initialized."""
    library._initialized = 2
    PortAudio().restart()
    assert library.calls == ["terminate", "terminate", "initialize"]


@pytest.mark.parametrize("name", ["query_devices", "_initialize"])
def test_a_library_that_fails(library, name):
    """Listing and restarting raise a DeviceError."""

    def fail():
        raise PortAudioError("Internal error")

    setattr(library, name, fail)
    backend = PortAudio()
    with pytest.raises(DeviceError, match="Internal error"):
        backend.devices() if name == "query_devices" else backend.restart()


@pytest.mark.parametrize(
    ("error", "message", "step"),
    [
        (ImportError("no module"), "needs the package sounddevice", "pip install sounddevice"),
        (OSError("PortAudio library not found"), "PortAudio library is not installed", install_command()),
        (RuntimeError("broken"), r"PortAudio does not start \(broken\)", "sound system"),
    ],
)
def test_a_missing_library_names_the_command_that_installs_it(monkeypatch, error, message, step):
    """Package, library, or a library that does not start: one line each."""
    real = builtins.__import__

    def scripted(name, *arguments, **options):
        if name == "sounddevice":
            raise error
        return real(name, *arguments, **options)

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", scripted)
    with pytest.raises(DeviceError, match=message) as raised:
        PortAudio()
    assert step in raised.value.next_step


def test_a_name_that_is_not_utf8_takes_no_other_device_with_it(library, monkeypatch):
    """Sounddevice refuses the whole list for one name; each device is described by itself then."""
    described = {0: raw(0, "USB", 2), 2: raw(2, "default", 32, 1)}

    def query_devices(index=None):
        if index in described:
            return described[index]
        return b"St\xe9thoscope".decode()

    info = types.SimpleNamespace(hostApi=0, maxOutputChannels=0, maxInputChannels=1, defaultSampleRate=4000.0)
    library.query_devices = query_devices
    library.query_hostapis = lambda: [{"name": "ALSA", "devices": [0, 1]}, {"name": "JACK", "devices": [2]}]
    library._lib = types.SimpleNamespace(Pa_GetDeviceInfo=lambda index: info)
    devices = PortAudio().devices()
    assert [(device.index, device.name, device.channels) for device in devices] == [
        (0, "USB", 2), (1, "St\udce9thoscope", 1), (2, "default", 32),
    ]  # fmt: skip
    assert devices[1].default_rate == 4000


OF_THE_FAKE = {"found", "rates", "open_fails", "start_fails", "streams", "calls"}
"""Attributes by which the tests steer the scripted sounddevice; all others imitate the real one."""


@pytest.fixture(scope="module")
def real():
    """Return the installed sounddevice; skip without PortAudio."""
    try:
        with discard_native_stderr():
            import sounddevice
    except (ImportError, OSError) as error:
        pytest.skip(f"sounddevice cannot be imported: {error}")
    return sounddevice


def attributes_used():
    """Return the dotted names that portaudio.py uses of sounddevice, such as `default.device`."""
    names = set()
    for node in ast.walk(ast.parse(Path(portaudio.__file__).read_text(encoding="utf-8"))):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        base = node.id if isinstance(node, ast.Name) else ""
        if parts[-1:] == ["_sounddevice"] and base == "self":
            parts.pop()
        elif base != "library":
            continue
        if parts:
            names.add(".".join(reversed(parts)))
    return names


def test_the_names_that_are_looked_up():
    """The search of the code finds public and private names."""
    expected = {
        "InputStream",
        "PortAudioError",
        "query_devices",
        "default.device",
        "_initialize",
        "_lib.Pa_GetDeviceInfo",
    }
    assert attributes_used() >= expected


@pytest.mark.parametrize("name", sorted(attributes_used()))
def test_the_real_sounddevice_has_what_is_used(real, name):
    """Each name that our code uses, private ones above all, exists in the installed version."""
    found = real
    for part in name.split("."):
        assert hasattr(found, part)
        found = getattr(found, part)


def test_the_real_sounddevice_has_what_the_scripted_one_has(library, real):
    """Functions and the stream of the scripted one exist and take the same arguments."""
    names = {name for name in vars(library) if not name.startswith("__")} - OF_THE_FAKE
    assert {"_initialize", "_terminate", "_initialized", "InputStream"} <= names
    assert names <= set(dir(real))
    inspect.signature(real.check_input_settings).bind(device=0, channels=1, dtype="float32", samplerate=4000)
    inspect.signature(real.query_devices).bind(0)
    for function in (real.query_hostapis, real._initialize, real._terminate):
        inspect.signature(function).bind()
    options = {"samplerate", "blocksize", "device", "channels", "dtype", "latency", "callback"}
    assert options <= set(inspect.signature(real.InputStream.__init__).parameters)
    for name in (name for name in {**vars(FakeStream), "latency": 0} if not name.startswith("__")):
        assert hasattr(real.InputStream, name), name
    for name in ("abort", "close"):
        inspect.signature(getattr(real.InputStream, name)).bind(None, ignore_errors=True)


def test_the_real_values_have_the_fields_that_are_read(real):
    """The counter of starts is a number; a device's native description and the flags of a block have our fields."""
    assert type(real._initialized) is int
    fields = {name for name, _ in real._ffi.typeof("PaDeviceInfo").fields}
    assert {"hostApi", "maxInputChannels", "defaultSampleRate"} <= fields
    assert hasattr(real.CallbackFlags, "input_overflow")
    assert all({"name", "devices"} <= set(api) for api in real.query_hostapis())
    assert all(set(raw(0, "", 1)) <= set(device) for device in real.query_devices())


SPEAKER = DeviceInfo(1, "Speaker", "ALSA", 2, 48_000)


def test_outputs_are_listed(library):
    """Inputs are left out, the default output is flagged."""
    library.default.device = [2, 1]
    assert PortAudio().outputs() == [DeviceInfo(1, "Speaker", "ALSA", 2, 48_000, default=True)]


def test_the_rates_of_an_output(library):
    """A rate is supported or not."""
    assert PortAudio().plays(SPEAKER, 44_100)
    assert not PortAudio().plays(SPEAKER, 48_000)


def play_block(library, current_s=10.0, sounds_at_s=10.05):
    """Call the callback of the newest stream once; return what it was asked for and what it wrote."""
    asked = []
    PortAudio().open_output(
        SPEAKER, 44_100, 0.04, lambda *values: asked.append(values) or np.full(values[0], 0.25, np.float32)
    )
    block = np.zeros((64, 2), np.float32)
    clock = types.SimpleNamespace(currentTime=current_s, outputBufferDacTime=sounds_at_s)
    library.streams[-1].options["callback"](block, 64, clock, types.SimpleNamespace(output_underflow=True))
    return asked[0], block


def test_an_output_plays_on_both_channels(library):
    """Mono goes to two channels; samples, time until they sound and an underflow reach the caller."""
    (samples, latency_s, underflow), block = play_block(library)
    assert (samples, underflow, block.shape) == (64, True, (64, 2))
    assert latency_s == pytest.approx(0.05)
    assert (block == 0.25).all()
    options = library.streams[-1].options
    assert (options["device"], options["channels"], options["samplerate"], options["latency"]) == (1, 2, 44_100, 0.04)
    assert library.streams[-1].calls == ["start"]


@pytest.mark.parametrize("sounds_at_s", [0.0, 10.0, 400.0])
def test_a_host_without_a_clock_counts_as_asked(library, sounds_at_s):
    """Where the host states no time, the latency that was asked for stands in."""
    assert play_block(library, sounds_at_s=sounds_at_s)[0][1] == 0.04


@pytest.mark.parametrize("failing", ["open_fails", "start_fails"])
def test_an_output_that_does_not_open(library, failing):
    """The error names the device and the next step; a stream that did not start is closed."""
    setattr(library, failing, PortAudioError("Error opening OutputStream: Device unavailable", -9985))
    with pytest.raises(DeviceError, match=r"Speaker: cannot be opened as output \(Device unavailable\); plug it in"):
        PortAudio().open_output(SPEAKER, 44_100, 0.04, lambda *values: np.zeros(0, np.float32))
    assert not library.streams or library.streams[-1].calls[-1] == "close"


def test_a_stream_states_its_latency(library):
    """It is that of the library."""
    assert PortAudio().open(DEVICE, 1, 4000, 0.2, lambda block, lost: None).latency_s == 0.21


@pytest.fixture
def server(library, monkeypatch):
    """Give the scripted library ALSA's way to a sound server with two inputs."""
    library.found = [raw(0, "USB Audio", 2), raw(1, "Speaker", 0), raw(2, "default", 32), raw(4, "pulse", 32)]
    usb, out = ("usb-1", "Littmann \n CORE", 1, 4000), ("out.monitor", "Monitor of out", 2, 44_100)
    head = ("usb-2", "USB Headphones", 2, 48_000)
    sources = {"input": [ServerDevice(*usb), ServerDevice(*out)], "output": [ServerDevice(*head)]}
    monkeypatch.setattr(portaudio, "server_devices", sources.__getitem__)
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    monkeypatch.delenv("PULSE_SINK", raising=False)
    return library


def test_the_inputs_of_a_sound_server_have_their_own_names(server):
    """After all others, with the server's name, channels and rate; PortAudio's default stays the default."""
    listed = PortAudio().devices()
    assert [(device.index, device.full_name, device.source) for device in listed] == [
        (0, "USB Audio, ALSA", None),
        (2, "default, ALSA", None),
        (4, "pulse, ALSA", None),
        (5, "Littmann CORE, PulseAudio", "usb-1"),
        (6, "Monitor of out, PulseAudio", "out.monitor"),
    ]
    assert (listed[3].channels, listed[3].default_rate, listed[3].default) == (1, 4000, False)
    assert [device.kind for device in listed[3:]] == ["stethoscope", "virtual"]


def test_the_outputs_of_a_sound_server_have_their_own_names(server, monkeypatch):
    """Played by the device that leads to the server, with the variable set until the stream is started."""
    server.found.append({**raw(5, "pulse", 32), "max_output_channels": 32})
    del server.found[3]
    system, seen = PortAudio(), []
    listed = system.outputs()
    assert [(device.index, device.full_name, device.source) for device in listed][-2:] == [
        (5, "pulse, ALSA", None),
        (6, "USB Headphones, PulseAudio", "usb-2"),
    ]
    monkeypatch.setattr(FakeStream, "start", lambda self: seen.append(os.environ.get("PULSE_SINK")))
    system.open_output(listed[-1], 44_100, 0.1, lambda samples, latency_s, dry: np.zeros(samples, np.float32))
    assert (seen, server.streams[-1].options["device"]) == (["usb-2"], 5)
    assert "PULSE_SINK" not in os.environ
    assert system.played_rates(listed[-1]) == (4000, 44_100)


def test_without_a_way_to_a_sound_server_none_is_asked(library, monkeypatch):
    """Nothing is run where ALSA has no such device, or it is of another host API."""
    monkeypatch.setattr(portaudio, "server_devices", lambda direction: pytest.fail("a server was asked"))
    library.found = [raw(0, "USB Audio", 2), raw(1, "pulse", 2, 1)]
    assert [device.full_name for device in PortAudio().devices()] == ["USB Audio, ALSA", "pulse, JACK"]


def test_an_input_of_a_sound_server_is_opened_by_its_name(server, monkeypatch):
    """By the device that leads to the server, with the variable set until the stream is started, and not after."""
    seen = []
    monkeypatch.setattr(FakeStream, "start", lambda self: seen.append(os.environ.get("PULSE_SOURCE")))
    system = PortAudio()
    device = system.devices()[3]
    system.open(device, 1, 4000, 0.2, lambda block, overflow: None)
    assert (seen, server.streams[-1].options["device"]) == (["usb-1"], 4)
    assert "PULSE_SOURCE" not in os.environ
    system.open(system.devices()[0], 1, 4000, 0.2, lambda block, overflow: None)
    assert (seen[1], server.streams[-1].options["device"]) == (None, 0)
    assert system.tested_rates(device) == (4000, 44_100)


def test_an_input_of_a_sound_server_that_does_not_open(server):
    """The error names it, and the variable is as it was."""
    server.open_fails = PortAudioError("busy")
    system = PortAudio()
    with pytest.raises(DeviceError, match="Littmann CORE: cannot be opened"):
        system.open(system.devices()[3], 1, 4000, 0.2, lambda block, overflow: None)
    assert "PULSE_SOURCE" not in os.environ

"""From the name of an input to its source."""

from __future__ import annotations

import pytest

from monitor.audio.sources.capture_process.source import CaptureProcessSource
from monitor.commands.options import inputs
from monitor.commands.options.inputs import InputOptions, find_device, separate_input
from monitor.errors import DeviceError, NoSuchDeviceError
from tests.monitor.commands.conftest import OTHER, STETH


def test_a_device_is_captured_by_a_process(library):
    """Nothing is opened, here or elsewhere, before the source starts."""
    source = separate_input("steth", InputOptions(rate=8000), library)
    assert isinstance(source, CaptureProcessSource)
    assert (source.name, source.sample_rate, source.pid) == ("My Stethoscope", 8000, None)
    assert library.opened == []


def test_what_the_device_does_not_have_is_refused(library):
    """Before anything starts."""
    with pytest.raises(DeviceError, match="does not do 12345 Hz"):
        separate_input("steth", InputOptions(rate=12_345), library)


def test_a_device_that_is_not_connected(library, monkeypatch, capsys):
    """An error, or, where it is waited for, found as soon as it is there; said once."""
    monkeypatch.setattr(inputs, "RETRY_S", 0.01)
    library.plugged = [OTHER]
    with pytest.raises(NoSuchDeviceError):
        find_device(library, "steth", waiting=False)
    library.after_restarts = {3: [OTHER, STETH]}
    assert find_device(library, "steth", waiting=True) == STETH
    assert capsys.readouterr().err == "auscult: no input is called 'steth': waiting for it\n"


def test_with_a_rate_a_device_that_is_not_connected_holds_up_no_other(library):
    """Its process waits for it; without a rate its sound cannot be judged yet, so it is waited for here."""
    library.plugged = [OTHER]
    with pytest.raises(NoSuchDeviceError):
        separate_input("steth", InputOptions(rate=4000), library)
    source = separate_input("steth", InputOptions(rate=4000, waiting=True), library)
    assert (source.name, source.sample_rate, source.device_status.state) == ("steth", 4000, "opening")
    assert library.restarts == 0

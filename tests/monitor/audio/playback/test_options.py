"""What a person asks of playing, without what plays."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.audio.playback.options import SOUNDS, PlaybackOptions
from monitor.audio.playback.sounds import SoundFilter


@pytest.mark.subprocess
def test_options_import_nothing_that_plays() -> None:
    """A command that is asked to play nothing imports no filter, no process and no list of devices."""
    code = (
        "import sys, monitor.audio.playback.options; "
        "print(sorted(name for name in sys.modules if name.startswith('monitor.audio.') or name == 'subprocess'))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['monitor.audio.playback', 'monitor.audio.playback.options']"


@pytest.mark.parametrize("sound", SOUNDS)
def test_every_sound_can_be_made(sound) -> None:
    """Each name that can be asked for is one that the filter knows; the default is the sound as it is."""
    assert SoundFilter(48_000, sound) is not None
    assert PlaybackOptions().sound == "wide"

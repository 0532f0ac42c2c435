"""Arguments that commands share: values that are parsed or refused, and defaults that are written once."""

from __future__ import annotations

import argparse

import pytest

from monitor.audio.limits import LATENCY_S
from monitor.audio.playback.options import PlaybackOptions
from monitor.commands import demo, listen
from monitor.commands.bench import command as bench
from monitor.commands.options.arguments import (
    add_play_arguments,
    check_hop,
    finite_number,
    playback,
    speed,
    whole_number,
)
from monitor.commands.plot import command as plot
from monitor.commands.replay import command as replay
from monitor.features.spec import HEART
from monitor.inference.bundle import DEFAULT_BUNDLE


def parser_of(add_arguments):
    """Return a parser with some arguments."""
    parser = argparse.ArgumentParser(formatter_class=lambda prog: argparse.HelpFormatter(prog, width=200))
    add_arguments(parser)
    return parser


@pytest.mark.parametrize(("text", "value"), [("0.25", 0.25), ("64", 64.0), ("1", 1.0), ("max", None)])
def test_a_speed_is_a_multiple_of_real_time_or_max(text, value):
    """`max` is None, as sources take it."""
    assert speed(text) == value


@pytest.mark.parametrize("text", ["0.2", "64.1", "0", "-1", "nan", "inf", "fast", ""])
def test_other_speeds_are_refused(text):
    """The line names the range."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"must be from 0\.25 to 64, or max"):
        speed(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "two", ""])
def test_a_number_is_finite(text):
    """What `float` accepts but no duration can be is refused too."""
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number"):
        finite_number(text)


def test_a_finite_number_is_parsed():
    """Signs and exponents are allowed; the command checks the range."""
    assert finite_number("-1.5e1") == -15.0


@pytest.mark.parametrize("text", ["0", "9", "1.0", "x", ""])
def test_a_whole_number_is_within_its_limits(text):
    """The line names both limits."""
    assert (whole_number(1, 8)("1"), whole_number(1, 8)("8")) == (1, 8)
    with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number from 1 to 8"):
        whole_number(1, 8)(text)


def test_play_arguments_have_defaults():
    """Real time, the default bundle, the hop of the bundle, the dashboard, silence."""
    options = parser_of(add_play_arguments).parse_args([])
    assert vars(options) == {
        **{"model": DEFAULT_BUNDLE, "engine": "litert", "hop": None, "speed": 1.0, "json": False, "plain": False},
        **{"play": False, "play_device": None, "sound": None, "volume": None, "slow": None},
    }


@pytest.mark.parametrize("command", [demo, replay, listen, plot, bench])
def test_help_shows_the_defaults_in_force(command):
    """Every command that takes a bundle, a hop or a latency names the default of the module that defines it."""
    text = parser_of(command.add_arguments).format_help()
    assert f"model bundle (default: {DEFAULT_BUNDLE})" in text
    if "--hop" in text:
        assert f"(default: the bundle's, {HEART.hop_s:g})" in text
    if "--latency" in text:
        assert f"(default: {LATENCY_S:g})" in text


@pytest.mark.parametrize("hop", [0.33, 0.0, 5.5])
def test_a_hop_that_does_not_fit_the_bundle_is_a_usage_error(plain_bundle, hop):
    """The message names the flag."""
    errors = []
    check_hop(argparse.Namespace(hop=hop, usage_error=errors.append), plain_bundle)
    assert len(errors) == 1
    assert errors[0].startswith(f"--hop {hop:g} must be")


@pytest.mark.parametrize("hop", [None, 0.5, 1.0, 5.0])
def test_a_hop_that_fits_is_accepted(plain_bundle, hop):
    """None is the bundle's own."""
    check_hop(argparse.Namespace(hop=hop, usage_error=pytest.fail), plain_bundle)


def heard(command, *arguments, microphone=False):
    """Return how a command would play, and its speed."""
    parser = parser_of(command.add_arguments)
    options = parser.parse_args([*(["heart.wav"] if command is replay else []), *arguments])
    if command is replay:
        replay._choose_speed(options, fast=False)  # one recording
    return playback(options, microphone=microphone), getattr(options, "speed", None)


@pytest.mark.parametrize("command", [replay, demo])
def test_nothing_is_played_unless_asked(command):
    """Without a flag there is silence."""
    assert heard(command) == (None, 1.0)
    assert heard(listen, microphone=True) == (None, None)


@pytest.mark.parametrize("command", [replay, demo])
def test_how_a_recording_is_played(command):
    """`--play`, or any flag that only makes sense with it."""
    assert heard(command, "--play") == (PlaybackOptions(), 1.0)
    assert heard(command, "--play-device", "phones") == (PlaybackOptions("phones"), 1.0)
    assert heard(command, "--sound", "bell", "--volume", "6") == (PlaybackOptions(None, "bell", 6.0), 1.0)
    assert heard(command, "--slow", "0.5") == (PlaybackOptions(), 0.5)
    assert heard(command, "--play", "--slow", "0.25") == (PlaybackOptions(), 0.25)


def test_how_an_input_is_heard():
    """`--monitor` is of an input that may hear the output."""
    assert heard(listen, "--monitor", microphone=True)[0] == PlaybackOptions(microphone=True)
    named = heard(listen, "--monitor-device", "phones", "--sound", "speaker", microphone=True)[0]
    assert named == PlaybackOptions("phones", "speaker", 0.0, True)


@pytest.mark.parametrize(
    "arguments",
    [("--play", "--speed", "2"), ("--slow", "0.5", "--speed", "max"), ("--volume", "41"), ("--slow", "0.3")],
)
def test_what_cannot_be_played_is_a_usage_error(arguments):
    """Other speeds have another pitch, and other volumes are out of range."""
    with pytest.raises(SystemExit):
        heard(replay, *arguments)

"""A synthetic heart goes through the real pipeline and the real network."""

from __future__ import annotations

import types

import pytest

from monitor.commands.setup.doctor import heart
from monitor.commands.setup.doctor.heart import check_heart
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle


def test_the_default_bundle():
    """A healthy heart is normal, at its own rate, in every window."""
    check = check_heart(DEFAULT_BUNDLE)
    assert check.state == "passed", check.finding
    assert check.facts["label"] == "normal"
    assert check.facts["heart_rate_bpm"] == pytest.approx(check.facts["true_bpm"], abs=1.0)
    assert check.facts["windows"] == 15
    assert check.facts["network"] == load_bundle().model_sha256


def test_another_rate_fails(monkeypatch):
    """A heart that is told at another rate than it was made with is a fault of the installation."""
    monkeypatch.setattr(heart, "MAX_ERROR_BPM", -1.0)
    check = check_heart(DEFAULT_BUNDLE)
    assert check.state == "failed"
    assert "auscult models" in check.next_step


def test_a_computer_that_is_too_slow(monkeypatch):
    """It took longer than the sound lasts."""
    times = iter((0.0, 100.0))
    monkeypatch.setattr(heart, "time", types.SimpleNamespace(perf_counter=lambda: next(times)))
    check = check_heart(DEFAULT_BUNDLE)
    assert check.state == "failed"
    assert "litert-int8" in check.next_step


def test_no_bundle():
    """The error's own words."""
    check = check_heart("nothing")
    assert (check.state, check.finding) == ("failed", "nothing: no such model bundle")

"""A check is a line for the person here, and an object for somebody else."""

from __future__ import annotations

from monitor.commands.setup.doctor.check import Check


def test_a_line_has_the_next_step() -> None:
    """State and name are columns; the step is a line of its own where there is one."""
    assert Check("rate", "passed", "4000 Hz").lines() == ["passed   rate              4000 Hz"]
    assert Check("rate", "failed", "900 Hz", "choose another").lines() == [
        "failed   rate              900 Hz",
        "                           next: choose another",
    ]


def test_json_has_the_facts_alone() -> None:
    """What a person reads may name a device or a folder, and is left out."""
    check = Check("inputs", "failed", "Anna's AirPods", "use /home/anna", {"inputs": 2})
    assert check.to_json() == {"check": "inputs", "state": "failed", "inputs": 2}

"""What one check of ``auscult doctor`` found. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["Check", "State"]

State = Literal["passed", "warning", "failed", "skipped"]


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """The result of a check.

    Attributes
    ----------
    name : str
    state : {"passed", "warning", "failed", "skipped"}
        Skipped is what could not be checked, because of something that failed before.
    finding : str
        For the person at this computer: may name devices and folders.
    next_step : str
        What to do about it; empty where there is nothing to do.
    facts : mapping
        For a report to somebody else: numbers and names of software, nothing that names a person, a device or a folder.
    """

    name: str
    state: State
    finding: str
    next_step: str = ""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the check as a person reads it; what to do stands on a line of its own."""
        step = [f"{'':8} {'':17} next: {self.next_step}"] if self.next_step else []
        return [f"{self.state:<8} {self.name:<17} {self.finding}", *step]

    def to_json(self) -> dict[str, Any]:
        """Return what may be given to somebody else.

        Examples
        --------
        >>> Check("inputs", "passed", "Anna's AirPods", facts={"inputs": 1}).to_json()
        {'check': 'inputs', 'state': 'passed', 'inputs': 1}
        """
        return {"check": self.name, "state": self.state, **self.facts}

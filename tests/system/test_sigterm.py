"""The first SIGTERM ends the program, whatever does not read, answer or return.

``python benchmarks/speed/sigterm.py`` measures more cases; it is 2 s that are promised, measured there and not here,
where the machine may be busy.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
from pathlib import Path
from typing import Any

import pytest
import soundfile

if os.name == "nt":
    pytest.skip("Windows has no SIGTERM", allow_module_level=True)

pytestmark = pytest.mark.subprocess

ROOT = Path(__file__).resolve().parents[2]
BENCHMARK: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "speed" / "sigterm.py"))
CASES = {case.name: case for case in BENCHMARK["CASES"]}
MOST_S = 10.0
"""Far more than the 2 s that are promised, far less than for ever."""


@pytest.mark.parametrize(
    "name",
    [
        "replay at full speed, reader never reads",
        "replay, both outputs never read",
        "replay -, input stays open",
        "demo, terminal is stopped",
        "listen, device hangs on close",
        "listen --record, disk hangs",
        "loading: 0.2 s",
    ],
)
def test_one_signal_is_enough(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 130, or that of the signal while nothing has begun; a recording can be read."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with contextlib.chdir(tmp_path):
        BENCHMARK["make_recordings"]()
        seconds, code, _ = BENCHMARK["measure"](CASES[name])
        assert seconds < MOST_S
        assert code in ({130, -signal.SIGTERM} if CASES[name].loading else {130})
        if "--record" in CASES[name].words:
            samples, rate = soundfile.read("NEW.wav")
            assert (rate, len(samples) > 0) == (4000, True)

"""How many mutants of the modules that decide the tests find.

    python benchmarks/mutation/run.py [GROUP ...] [--sample N] [--seed S] [--minutes M]

mutmut changes one operator, constant, argument or text at a time inside a function and runs those tests of the module
that call the function. A mutant that fails no test has survived: no test would notice such a mistake. For each group
the program prints the survivors, then how many mutants there are and how many were killed. survivors.md lists survivors
with the reason; those it calls equivalent, which do what the original does, do not count. Exit code 1 if less than 90 %
of a group were killed.

It works on a copy of the tree, with one process at a time, and needs ``pip install -e '.[dev,mutation]'`` and Linux or
macOS. mutmut leaves out code at the top of a module and functions with a decorator, such as properties.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).with_name("survivors.md")
COPIED = ("monitor", "training", "tests", "models", "pyproject.toml")

MIN_KILLED = 0.9
"""Fraction of the mutants of a group that are not equivalent."""

KILLED = {"killed", "timeout", "segfault"}
NOT_RUN = {"not checked", "check was interrupted by user", "skipped"}
PYTEST_OPTIONS = ["-m", "fast", "-p", "no:cacheprovider", "--hypothesis-profile=mutation", "--hypothesis-seed=0"]

EQUIVALENT = "Equivalent"
"""How the reason begins for a mutant that does what the original does."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Modules that are changed, as paths without ``.py``; their mirrored test files decide, and ``tests`` besides."""

    modules: tuple[str, ...]
    tests: tuple[str, ...] = ()

    def test_files(self) -> list[str]:
        """Return the test files."""
        paths = (Path(module) for module in self.modules)
        return [*(f"tests/{path.parent}/test_{path.name}.py" for path in paths), *self.tests]


GROUPS = {
    "verdict": Group(("monitor/analysis/verdict",)),
    "rolling": Group(("monitor/analysis/rolling_verdict", "monitor/analysis/change_detector")),
    "beats": Group(("monitor/analysis/rhythm/beat_path", "monitor/analysis/rhythm/beat_template")),
    "ectopic": Group(("monitor/analysis/rhythm/ectopic", "monitor/analysis/rhythm/evidence")),
    "tracker": Group(("monitor/analysis/rhythm/tracker",)),
    "quality": Group(("monitor/analysis/quality",)),
    "gate": Group(("monitor/inference/quality_gate",)),
    "calibration": Group(("monitor/inference/calibration", "monitor/inference/thresholds")),
    "ring": Group(("monitor/audio/ring_buffer",)),
    "metrics": Group(("training/evaluation/metrics",)),
    "folds": Group(("training/data/folds", "training/data/patient_split")),
    "watchdog": Group(("monitor/audio/sources/device/watchdog",)),
    "fitted": Group(("training/calibration/gate", "training/calibration/scores", "training/calibration/abstention")),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the groups that were asked for and print what became of their mutants; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; all by default")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N mutants of each group, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--minutes", type=float, default=60.0, help="for each group; what is left then is not run")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.groups if name not in GROUPS]
    if unknown:
        parser.error(f"no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    reasons = reasons_in(SURVIVORS.read_text(encoding="utf-8"))
    reports = []
    for name in options.groups or GROUPS:
        reports.append(run_group(name, options.sample, options.seed, 60.0 * options.minutes))
        print_survivors(reports[-1], reasons)
    columns = ("mutants", "run", "killed", "timeouts", "equivalent", "survived", "killed, %")
    print(f"\n{'group':<12}" + "".join(f"{column:>12}" for column in columns))
    for report in reports:
        print(row(report, reasons))
    return 0 if all(is_enough(report, reasons) for report in reports) else 1


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of the mutants of a group.

    Attributes
    ----------
    name : str
    status_of : dict of str to str
        mutmut's word for each mutant.
    survivors : list of str
        As :func:`change_in` writes them; two mutants may have the same line.
    """

    name: str
    status_of: dict[str, str]
    survivors: list[str]

    def count(self, statuses: set[str]) -> int:
        """Return how many mutants have one of these statuses."""
        return sum(status in statuses for status in self.status_of.values())


def num_equivalent(report: Report, reasons: Mapping[str, str]) -> int:
    """Return how many survivors do what the original does."""
    return sum(reasons.get(change, "").startswith(EQUIVALENT) for change in report.survivors)


def fraction_killed(report: Report, reasons: Mapping[str, str]) -> float:
    """Return the fraction killed of the mutants that were run and are not equivalent; 0 if there is none."""
    counted = len(report.status_of) - report.count(NOT_RUN) - num_equivalent(report, reasons)
    return report.count(KILLED) / counted if counted else 0.0


def is_enough(report: Report, reasons: Mapping[str, str]) -> bool:
    """Return whether enough of a group were killed."""
    return fraction_killed(report, reasons) >= MIN_KILLED


def row(report: Report, reasons: Mapping[str, str]) -> str:
    """Return a group's row of the table."""
    mutants, equivalent = len(report.status_of), num_equivalent(report, reasons)
    numbers = (mutants, mutants - report.count(NOT_RUN), report.count(KILLED), report.count({"timeout"}), equivalent)
    survived = len(report.survivors) - equivalent
    cells = "".join(f"{number:>12}" for number in (*numbers, survived))
    return f"{report.name:<12}{cells}{100.0 * fraction_killed(report, reasons):>12.1f}"


def print_survivors(report: Report, reasons: Mapping[str, str]) -> None:
    """Print the survivors of a group; a star marks those that survivors.md does not list."""
    print(f"\n{report.name}: {len(report.survivors)} survivors")
    for change in report.survivors:
        print(f"{' ' if change in reasons else '*'} {change}")
    sys.stdout.flush()


def reasons_in(text: str) -> dict[str, str]:
    r"""Return the reason of each survivor that a document lists: the heading above it.

    Examples
    --------
    >>> reasons_in("## verdict\n### Equivalent: more bins\n- f: `a` -> `b`\n")
    {'f: `a` -> `b`': 'Equivalent: more bins'}
    """
    reasons, reason = {}, ""
    for line in text.splitlines():
        if line.startswith("### "):
            reason = line[4:]
        elif line.startswith("- "):
            reasons[line[2:]] = reason
    return reasons


def run_group(name: str, sample: int | None, seed: int, time_limit_s: float) -> Report:
    """Run the mutants of a group on a copy of the tree."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix=f"mutants-{name}-") as folder:
        copy = Path(folder)
        copy_tree(copy, GROUPS[name])
        chosen: list[str] = []
        if sample is not None:
            mutmut(copy, "run", "--max-children", "1", "only-generate-mutants", check=False)
            names = sorted(statuses(copy))
            chosen = random.Random(seed).sample(names, min(sample, len(names)))
        mutmut(copy, "run", "--max-children", "1", *chosen, time_limit_s=time_limit_s)
        status_of = statuses(copy)
        survived = [mutant for mutant, status in status_of.items() if status not in KILLED | NOT_RUN]
        return Report(name, status_of, sorted(change_in(mutant, mutmut(copy, "show", mutant)) for mutant in survived))


def copy_tree(folder: Path, group: Group) -> None:
    """Copy what the tests need, and tell mutmut what to change and which tests decide."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    settings = {
        "source_paths": ["monitor", "training"],
        "only_mutate": [f"{module}.py" for module in group.modules],
        "also_copy": ["models"],
        "process_isolation": "forkserver",  # Hypothesis refuses to run a test twice in one process
        "pytest_add_cli_args": PYTEST_OPTIONS,
        "timeout_multiplier": 20.0,  # seconds for a second of tests and one more; a busy machine is no kill
        "pytest_add_cli_args_test_selection": group.test_files(),
    }
    lines = "".join(f"{key} = {value!r}\n" for key, value in settings.items())
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as config:
        config.write(f"\n[tool.mutmut]\nuse_git_change_detection = false\n{lines}")


def mutmut(folder: Path, *arguments: str, time_limit_s: float | None = None, check: bool = True) -> str:
    """Return the output of mutmut; after the time limit it is killed, and what it found so far is kept in its files.

    Raises
    ------
    RuntimeError
        If it fails, as it does where a test fails without a mutant.
    """
    with subprocess.Popen(
        [sys.executable, "-c", "from mutmut.__main__ import cli; cli()", *arguments],
        cwd=folder,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its workers too
    if check and process.returncode:
        raise RuntimeError(f"mutmut {arguments[0]} failed:\n{output[-4000:]}")
    return output


def statuses(folder: Path) -> dict[str, str]:
    """Return mutmut's word for each mutant."""
    lines = (line.strip().rpartition(": ") for line in mutmut(folder, "results", "--all", "true").splitlines())
    return {name: status for name, separator, status in lines if separator}


def change_in(mutant: str, diff: str) -> str:
    r"""Return a mutant as one line: module, function, the lines before and after.

    Examples
    --------
    >>> change_in("a.verdict.x_largest__mutmut_1", "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-    a + b\n+    a - b\n")
    'verdict.largest: `a + b` -> `a - b`'
    """
    module, _, function = mutant.rpartition("__mutmut_")[0].rpartition(".")
    function = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    body = [line for line in diff.splitlines() if not line.startswith(("+++", "---"))]
    before, after = (" ".join(line[1:].strip() for line in body if line[:1] == sign) for sign in "-+")
    return f"{module.rpartition('.')[2]}.{function}: `{before}` -> `{after}`"


if __name__ == "__main__":
    sys.exit(main())
